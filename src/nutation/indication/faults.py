"""Faults of a policy file in words: what pydantic found, with the place, the mend and the word that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import BaseModel, ValidationError

from nutation.evidence import Source
from nutation.indication.schema import (
    CriterionText,
    DevicePattern,
    DeviceRule,
    Effective,
    Exclusion,
    OutOfScope,
    PolicyText,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a policy file, and the mend."""

    path: Path
    problem: str
    mend: str
    severity: Literal["error", "warning"] = "error"


_PARTS: dict[str, type[BaseModel]] = {
    "criteria": CriterionText,
    "effective": Effective,
    "device": DeviceRule,
    "excluded": Exclusion,
    "when": DevicePattern,
    "out_of_scope": OutOfScope,
    "sources": Source,
}
_FORMS = {
    "id": "Write letters, digits, '_', '-' and '.', without blanks.",
    "topic": "Write letters, digits, '_', '-' and '.', without blanks.",
    "procedure": 'Write codes of five characters in quotes: ["27279"].',
    "jurisdiction": "Write the two-letter code of a state or country in capitals, or leave it out.",
    "from": 'Write a day in quotes: "2026-01-01".',
    "to": 'Write a day in quotes: "2026-01-01".',
    "dated": 'Write a day in quotes: "2026-01-01".',
    "citation": "Name its source by a key, or by a list of keys.",
    "transfixing": "Write true, false or any.",
    "rule": "Write a rule: {fact: …} or one of all, any, at_least, not.",
    "version": 'Write it in quotes: "2026-01-01".',
}


def schema_faults(error: ValidationError) -> tuple[Fault, ...]:
    """Every fault that the schema found, in the file's order."""
    return tuple(_fault(cast("dict[str, Any]", one)) for one in error.errors(include_url=False))


def _fault(one: dict[str, Any]) -> Fault:
    path: Path = tuple(one["loc"])
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "the file")
    kind: str = one["type"]
    if kind == "missing":
        return Fault(path[:-1], f"{_whose(path[:-1])} has no {name}.", _add(name))
    if kind == "extra_forbidden":
        return Fault(path, f"the field {name!r} is not known.", _field_meant(path, name))
    if kind == "too_short" and name == "citation":
        return Fault(path, f"{_whose(path[:-1])} has no citation.", _add("citation"))
    if kind == "literal_error":
        options = [word.strip(" '") for word in str(one["ctx"]["expected"]).replace(" or ", ", ").split(",")]
        return Fault(path, f"{name} is {one['input']!r}.", nearest(one["input"], options))
    if kind == "value_error":
        words = str(one["ctx"]["error"])
        first, _, mend = words.partition("; ")
        if not path and (word := first.split(" ")[0]) in PolicyText.model_fields:
            path = (word,)
        return Fault(path, f"{first}.", f"{mend[:1].upper()}{mend[1:]}." if mend else "Correct it against the source.")
    if kind == "model_type" and not path:
        return Fault(
            path, "this is not a policy.", "Write `name: value` lines; `nutation policy ID` shows a packaged one."
        )
    told = one["input"]
    shown = f" is {told!r}" if isinstance(told, str | int | float | bool) or told is None else " does not fit"
    message = str(one["msg"])
    mend = _FORMS.get(name, "Write it as the packaged policies do.")
    return Fault(path, f"{name}{shown}: {message[:1].lower()}{message[1:]}.", mend)


def _whose(path: Path) -> str:
    if "criteria" in path and len(path) == 2:
        return "this criterion"
    part = next((step for step in reversed(path) if isinstance(step, str)), None)
    return f"this part ({part})" if part is not None else "the policy"


def _add(name: str) -> str:
    if name == "citation":
        return "Add `citation:` with a key of the evidence's sources, or of a `sources:` part of this file."
    if name == "version":
        return 'Add `version: "…"`, the date that the publisher gives it.'
    if name == "verified":
        return "Add `verified:` with verified, derived, secondary or unverified."
    return f"Add `{name}:`."


def _field_meant(path: Path, name: str) -> str:
    model: type[BaseModel] = PolicyText
    for step in path[:-1]:
        if isinstance(step, str):
            model = _PARTS.get(step, model)
    return nearest(name, (field.alias or key for key, field in model.model_fields.items()))


def nearest(word: Any, known: Iterable[str]) -> str:
    """The known word that was probably meant, or all of them."""
    names = sorted(set(known))
    close = difflib.get_close_matches(str(word), names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Use one of {', '.join(names)}."
