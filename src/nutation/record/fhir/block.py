"""Scores around an injection: observations, and agents given, that say they are part of it.

They become events of the injection itself, on its day, side and encounter, so that they join it. A pain
score is *before* or *after* by the words of its code, else by the time of day of both; where neither tells,
it is listed and not guessed. A score told as after the injection but dated before it is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from nutation.record.fhir.index import Held
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Malformed, Node
from nutation.record.fhir.painscore import pain_value
from nutation.record.fhir.procedure import procedure_row, procedure_side
from nutation.record.fhir.tables import concept_at, has_word, table
from nutation.record.fhir.values import number
from nutation.record.fhir.when import happened, instant_of
from nutation.record.period import Period

_WORDS: dict[str, tuple[str, ...]] = {
    "before": ("before", "pre", "baseline", "prior", "preprocedure", "pre-procedure", "pre-injection", "preinjection"),
    "after": ("after", "post", "following", "postprocedure", "post-procedure", "post-injection", "postinjection"),
}


def injection_of(item: Item) -> Held | None:
    """The injection that the resource says it is part of."""
    value = item.node.value.get("partOf")
    if not isinstance(value, list):
        return None
    for node in item.node.children("partOf"):
        held = item.target(node)
        if held is not None and held.type == "Procedure":
            row = procedure_row(held.node)
            if row is not None and row["kind"] == "injection":
                return held
    return None


def belongs_to_injection(item: Item) -> bool:
    """Whether the resource is part of an injection."""
    return injection_of(item) is not None


def emit_on_injection(item: Item, injection: Held, path: str, **fields: Any) -> None:
    """An event of the injection, with its day, side and encounter."""
    host = Item(injection, injection.node, item.shared, item.system, "", item.recorded_at)
    item.emit(
        "injection", path, host.happened("performed"), side=procedure_side(host),
        encounter=host.encounter() or item.encounter(), author=item.author() or host.author(), **fields,
    )  # fmt: skip


def read_block_score(item: Item, node: Node, code: Concept | None, path: str) -> bool:
    """A pain score, or a stated relief, of an injection; False where it is neither."""
    injection = injection_of(item)
    if injection is None or code is None:
        return False
    own = next((c.code for c in code.codings if c.system == "nutation"), "")
    if own == "injection.relief_stated_pct":
        _not_before(item, injection, "relief")
        emit_on_injection(item, injection, path, relief_stated_pct=number(node))
        return True
    found = table("observations").find(code)
    if found is None or found[0]["kind"] != "pain_score":
        return False
    value = pain_value(item, node, path, visual=found[0]["how"] == "vas")
    if value is None:
        return True
    order = _order(item, injection, code)
    if order is None:
        item.leave(path or "code", code, "a pain score of an injection, before or after is not told.", matters=True)
        item.warn(path, "is a pain score of an injection and does not say whether before or after it.")
    elif order == "before":
        emit_on_injection(item, injection, path, score_before=value, familiar_pain_before=None)
    else:
        _not_before(item, injection, "score after the injection")
        emit_on_injection(item, injection, path, score_after=value, scored_after_hours=_hours(item, injection))
    return True


def _times(item: Item, injection: Held) -> tuple[datetime | None, datetime | None]:
    scored = instant_of(_raw(item.node, "effective"))
    return scored, instant_of(_raw(injection.node, "performed"))


def _raw(node: Node, stem: str) -> str | None:
    for name in (f"{stem}DateTime", f"{stem}Instant"):
        if found := node.text(name):
            return found
    period = node.child(f"{stem}Period")
    return (period.text("end") or period.text("start")) if period is not None else None


def _order(item: Item, injection: Held, code: Concept) -> Literal["before", "after"] | None:
    method = concept_at(item.node, "method")
    text = f"{code.words} {method.words if method else ''} {(item.notes() or '').lower()}"
    before, after = has_word(text, _WORDS["before"]), has_word(text, _WORDS["after"])
    if before != after:
        return "before" if before else "after"
    scored, given = _times(item, injection)
    if scored is not None and given is not None:
        return "before" if scored <= given else "after"
    day, given_day = happened(item.node, "effective", course=False), happened(injection.node, "performed", course=False)
    if day and given_day and day.to and given_day.from_ and day.to < given_day.from_:
        return "before"
    return "after" if day and given_day and day.from_ and given_day.to and day.from_ > given_day.to else None


def _hours(item: Item, injection: Held) -> float | None:
    scored, given = _times(item, injection)
    if scored is None or given is None:
        return None
    return round((scored - given).total_seconds() / 3600, 4)


def _not_before(item: Item, injection: Held, what: str) -> None:
    scored, given = _times(item, injection)
    day: Period | None = happened(item.node, "effective", course=False)
    given_day = happened(injection.node, "performed", course=False)
    early = bool(day and given_day and day.to and given_day.from_ and day.to < given_day.from_)
    if early or (scored is not None and given is not None and scored < given):
        raise Malformed(
            "effectiveDateTime",
            f"is earlier than {injection.key}, but tells of a {what}.",
            "correct the date of the score or of the injection, or which score it is.",
        )
