"""Events in words: one line each for a timeline, with the source that it was read from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutation.record.head import Event
from nutation.record.kinds import PROVOCATION_TESTS
from nutation.record.record import Record
from nutation.record.standing import standing

_SKIPPED = ("answers", "code_system")


def told_events(record: Record, known_by: Any = None) -> list[dict[str, Any]]:
    """Every event as plain data for a reader, in order of time; ``stands`` is False for what was superseded."""
    current = {event.id for event in standing(record.events, known_by)}
    seen = [e for e in record.events if known_by is None or e.recorded_at <= known_by]
    once = {event.id: event for event in seen}
    return [_plain(event, event.id in current) for event in sorted(once.values(), key=_order)]


def _order(event: Event) -> tuple[str, str, str]:
    return (str(event.happened.from_ or event.happened.to or ""), event.kind, event.id)


def _plain(event: Event, stands: bool) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "side": event.side,
        "happened": event.happened.model_dump() | {"text": event.happened.text()},
        "recorded_at": event.recorded_at.isoformat(),
        "certainty": event.certainty,
        "modality": event.modality,
        "author": event.author,
        "encounter": event.encounter,
        "source": event.source.text(),
        "note": event.note,
        "stands": stands,
        "text": in_words(event),
        "values": {k: _jsonable(v) for k, v in event.attributes().items() if v is not None},
        "asked_not_known": list(event.asked_not_known),
    }


def _jsonable(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def in_words(event: Event) -> str:
    """The event as one line: what it is, of which side, and what it says."""
    kind = event.kind.replace("_", " ")
    side = f", {event.side}" if event.SIDED and event.side not in ("none",) else ""
    lead = {
        "intended": "planned: ",
        "negated": "denied or not done: ",
        "provisional": "suspected: ",
        "family": "of a relative: ",
    }.get(event.modality, "")
    if event.retracted:
        return f"withdrawn: {kind}"
    said = "; ".join(_said(event))
    return f"{lead}{kind}{side}: {said}" if said else f"{lead}{kind}{side}"


def _said(event: Event) -> Iterable[str]:
    values = {k: v for k, v in event.attributes().items() if v is not None and k not in _SKIPPED}
    if event.kind == "injection" and {"score_before", "score_after"} <= set(values):
        before, after = values.pop("score_before"), values.pop("score_after")
        yield f"pain {before:g} before, {after:g} after"
    if event.kind == "examination":
        for result in ("positive", "negative", "unfamiliar", "not_done"):
            tests = [t.replace("_", " ") for t in PROVOCATION_TESTS if values.get(t) == result]
            if tests:
                yield f"{result.replace('_', ' ')}: {', '.join(tests)}"
        values = {k: v for k, v in values.items() if k not in PROVOCATION_TESTS}
    if event.kind == "safety_screen":
        reported = [k.replace("_", " ") for k, v in values.items() if v == "reported"]
        yield f"{len(values)} items asked; reported: {', '.join(reported) if reported else 'none'}"
        return
    if event.kind == "imaging":
        for finding in ("present", "absent"):
            named = [k.replace("_", " ") for k, v in values.items() if v == finding]
            if named:
                yield f"{finding}: {', '.join(named)}"
        values = {k: v for k, v in values.items() if v not in ("present", "absent")}
    for name, value in values.items():
        yield _pair(name, value)


_UNITS = {"_mg": "mg", "_ml": "ml", "_pct": "%", "_days": "days", "_hours": "hours", "_min": "minutes"}


def _pair(name: str, value: Any) -> str:
    if name == "nrs":
        return f"{value:g} of 10"
    if isinstance(value, bool):
        return name.replace("_", " ") if value else f"not {name.replace('_', ' ')}"
    unit = next((suffix for suffix in _UNITS if name.endswith(suffix)), "")
    label = name.removesuffix(unit).replace("_", " ")
    told = f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
    return f"{label} {told} {_UNITS[unit]}" if unit else f"{label} {told}"
