"""What is wrong with a policy that a clinic wrote itself: every fault, with its line, place and mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError

from nutation.criteria import Criterion, parse_rule, rule_problems
from nutation.evidence import Evidence, EvidenceError, Located, load
from nutation.evidence.plain_yaml import parse
from nutation.facts import CATALOGUE
from nutation.indication.devices import fits, implied_device, procedure_codes
from nutation.indication.faults import Fault, nearest, schema_faults
from nutation.indication.numbers import unnamed
from nutation.indication.policy import dotted
from nutation.indication.satisfiable import contradictions, doubts
from nutation.indication.schema import PolicyText

_MAX_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a policy file. A policy with a problem of severity *error* is not used."""

    file: str
    line: int
    place: str
    severity: Literal["error", "warning"]
    problem: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" + (f", {self.place}" if self.place else "")
        return f"{where}: {self.severity}: {self.problem} {self.mend}".rstrip()


def check_policy(path: Path | str, *, evidence: Evidence | None = None) -> list[Problem]:
    """Every fault of the policy file at ``path``, in the order of its lines; empty if it can be used as it is."""
    file = str(path)
    try:
        located = _read(Path(path), file)
    except EvidenceError as error:
        line = int(error.place.removeprefix("line ")) if error.place.removeprefix("line ").isdigit() else 1
        return [Problem(file, line, "", "error", error.problem, _sentence(error.mend))]
    faults = list(_faults(located, evidence or load()))
    found = [
        Problem(file, located.line_of(fault.path), dotted(fault.path), fault.severity, fault.problem, fault.mend)
        for fault in faults
    ]
    return sorted(dict.fromkeys(found), key=lambda p: (p.line, p.severity))


def _read(path: Path, file: str) -> Located:
    if not path.is_file():
        raise EvidenceError("there is no such file.", file=file, mend="check the path.")
    if path.stat().st_size > _MAX_BYTES:
        raise EvidenceError("the file is too long for a policy.", file=file, mend="split it, one policy a file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise EvidenceError("the file is not UTF-8 text.", file=file, mend="save it as UTF-8.") from None
    located = parse(text, file=file)
    if located.plain is None:
        raise EvidenceError("the file is empty.", file=file, mend="`nutation policy ID` shows a packaged one.")
    return located


def _faults(located: Located, evidence: Evidence) -> Iterator[Fault]:
    told: PolicyText | None = None
    try:
        told = PolicyText.model_validate(located.plain)
    except ValidationError as error:
        yield from schema_faults(error)
    if not isinstance(located.plain, dict):
        return
    tree = cast("dict[str, Any]", located.plain)
    rules: list[Criterion] = []
    for path, item in _items(tree):
        yield from _rule_faults(path, item, rules)
    for clash in contradictions(rules) if len(rules) > 1 else ():
        if not any(clash in contradictions([rule]) for rule in rules):
            yield Fault(("criteria",), f"nobody can fulfil all criteria: {clash}.", "Correct one of the two.")
    yield from _repeated(tree)
    yield from _uncited(tree, evidence)
    if told is not None:
        yield from _sense(told, tree, evidence)


def _items(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    for part in ("criteria", "out_of_scope"):
        listed = tree.get(part)
        for i, item in enumerate(cast("list[Any]", listed) if isinstance(listed, list) else []):
            if isinstance(item, dict):
                yield (part, i), cast("dict[str, Any]", item)


def _rule_faults(path: tuple[str, int], item: dict[str, Any], rules: list[Criterion]) -> Iterator[Fault]:
    if "rule" not in item:
        return
    found = rule_problems(item["rule"], CATALOGUE, (*path, "rule"))
    for problem in found:
        yield Fault(problem.place, problem.problem, problem.mend[:1].upper() + problem.mend[1:])
    if found:
        return
    rule = parse_rule(item["rule"], CATALOGUE)
    if path[0] == "criteria" and item.get("required", True) is True:
        rules.append(rule)
    for doubt in doubts(rule):
        yield Fault((*path, "rule"), doubt.problem, doubt.mend, doubt.severity)
    if path[0] == "criteria" and isinstance(item.get("text"), str):
        for name, number in unnamed(item["text"], item["rule"]):
            yield Fault(
                (*path, "text"),
                f"the rule holds {name} {number:g}, and the text does not name it.",
                "Let text and rule say the same.",
                "warning",
            )


def _repeated(tree: dict[str, Any]) -> Iterator[Fault]:
    items = [(path, item) for path, item in _items(tree) if path[0] == "criteria"]
    counts = Counter(str(item.get("id")) for _, item in items)
    seen: set[str] = set()
    for path, item in items:
        name = str(item.get("id"))
        if counts[name] > 1 and name in seen:
            yield Fault((*path, "id"), f"another criterion has the id {name!r} too.", "Rename one of them.")
        seen.add(name)


def _uncited(tree: dict[str, Any], evidence: Evidence) -> Iterator[Fault]:
    own = tree.get("sources")
    known = {*evidence.sources, *(cast("dict[str, Any]", own) if isinstance(own, dict) else {})}
    places: list[tuple[tuple[str | int, ...], Any]] = [((), tree), *((p, item) for p, item in _items(tree))]
    for path, part in places:
        told: Any = part.get("citation", [])
        for key in cast("list[Any]", told) if isinstance(told, list) else [told]:
            if key not in known:
                yield Fault(
                    (*path, "citation"),
                    f"the citation {key!r} is no source that is known.",
                    f"{nearest(key, known) if len(known) < 12 else _close(key, known)}Add it under `sources:` of this "
                    "file, with `citation:` in words and `url:`.",
                )


def _close(key: Any, known: set[str]) -> str:
    told = nearest(key, known)
    return f"{told} " if told.startswith("Did") else ""


def _sense(told: PolicyText, plain: dict[str, Any], evidence: Evidence) -> Iterator[Fault]:
    """What a policy that can be read still gets wrong."""
    for i, code in enumerate(told.procedure):
        if code not in procedure_codes():
            yield Fault(
                ("procedure", i), f"{code} is no code of a fusion of this joint that is known.",
                f"Use {', '.join(procedure_codes())}.", "warning",
            )  # fmt: skip
    if told.procedure and told.covered and all(fits(told.device, implied_device(c)) is False for c in told.procedure):
        yield Fault(
            ("device", "transfixing"), "the device rule fits none of the procedure codes.",
            "27279 is of a transfixing device, 27278 of one that is not.",
        )  # fmt: skip
    marks = [c.verified for c in told.criteria if c.required]
    if told.whole and told.covered and "unverified" in marks:
        yield Fault(
            ("criteria", next(i for i, c in enumerate(told.criteria) if c.required and c.verified == "unverified")),
            "a required criterion is unverified, so the policy can never be met.",
            "Check it against the policy's text and write verified.",
            "warning",
        )
    for located in evidence.policies:
        same = located.plain["id"] == told.id and located.plain["version"] == told.version
        if same and located.plain != plain:
            yield Fault(
                ("id",), f"a packaged policy is {told.id} {told.version} already.",
                "Give this one an id of its own, or a version of its own.", "warning",
            )  # fmt: skip


def _sentence(text: str) -> str:
    told = text[:1].upper() + text[1:]
    return told if told.endswith(".") or not told else f"{told}."
