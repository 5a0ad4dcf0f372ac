"""Own events as text: what the reader would put back by itself is left out, everything else is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.native_defaults import Ids, digest, last_day, own_source, recorded_by_default
from nutation.record.period import Period
from nutation.record.record import Record

_WIDTH = 108
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.()%+]*(?:[ /-][A-Za-z0-9_.()%+]+)*\Z")
_DAYS = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:/(?:\d{4}-\d{2}(?:-\d{2})?)?)?\Z|/?\d{4}-\d{2}-\d{2}\Z")
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\U0001fffe-\U0001ffff]")


def plain_record(
    record: Record, file_name: str, *, one_source: bool = True
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a document says at its top, and its events as flat mappings of plain values.

    ``one_source``: whether the top may name the source that all events share.
    """
    systems = {event.source.system for event in record.events}
    system = systems.pop() if one_source and len(systems) == 1 else file_name
    top: dict[str, Any] = {"patient": record.patient}
    if record.label:
        top["label"] = record.label
    if system != file_name:
        top["source"] = system
    if record.warnings:
        top["warnings"] = list(record.warnings)
    if record.unmapped:
        top["unmapped"] = [asdict(part) for part in record.unmapped]
    last = last_day((event.kind, event.modality, event.happened) for event in record.events)
    ids = Ids(system)
    return top, [_plain_event(event, n, system, last, ids) for n, event in enumerate(record.events, 1)]


def _plain_event(event: Event, position: int, system: str, last: date | None, ids: Ids) -> dict[str, Any]:
    default = recorded_by_default(event.kind, event.modality, event.happened, last)
    version = digest(event, default)
    told: dict[str, Any] = {"kind": event.kind}
    if event.SIDED or event.side != "none":
        told["side"] = event.side
    told["happened"] = _short(event.happened)
    if event.recorded_at != default:
        told["recorded_at"] = _instant(event.recorded_at)
    own = event.source == own_source(system, position, version)
    for name in ("certainty", "modality", "author", "encounter"):
        if (value := getattr(event, name)) not in (None, type(event).model_fields[name].default):
            told[name] = value
    told |= {name: _value(value) for name, value in event.attributes().items() if value is not None}
    if event.asked_not_known:
        told["asked_not_known"] = list(event.asked_not_known)
    if event.note is not None:
        told["note"] = event.note
    if event.supersedes:
        told["supersedes"] = list(event.supersedes)
    if event.retracted:
        told["retracted"] = True
    if event.id != ids.next_id(event, None if own else event.source, version):
        told["id"] = event.id
    if not own:
        told["source"] = {name: text for name, text in _fields(event.source) if text}
    return told


def _fields(model: BaseModel) -> Iterable[tuple[str, Any]]:
    return ((name, getattr(model, name)) for name in type(model).model_fields)


def _value(value: Any) -> Any:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise InputError(f"{value} is not a measured number and is not written.", mend="leave the field out.")
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value.isoformat() if isinstance(value, date) else value


def _instant(instant: datetime) -> str:
    instant = instant.astimezone(UTC)
    if instant.timetz() == time(tzinfo=UTC):
        return instant.date().isoformat()
    return instant.isoformat().replace("+00:00", "Z")


def _short(period: Period) -> Any:
    """The shortest form that reads back as the same period, else its four parts."""
    first, last = period.from_, period.to
    forms = ["unknown"] if first is None and last is None else []
    if first is not None and last is not None and period.sure_from is None and period.sure_to is None:
        forms = [f"{first}", f"{first:%Y-%m}", f"{first.year:04d}"]
    forms.append(f"{_part(first, period.sure_from)}/{_part(period.sure_to, last)}")
    for form in forms:
        try:
            if Period.model_validate("/" if form == "unknown" else form) == period:
                return form
        except ValidationError:
            continue
    return period.model_dump(mode="json")


def _part(first: date | None, last: date | None) -> str:
    """The start or end of a period as text: the day, the month or the year from ``first`` to ``last``."""
    if first is None or last is None:
        return f"{first or last or ''}"
    if first == last:
        return f"{first}"
    return f"{first:%Y-%m}" if (first.year, first.month) == (last.year, last.month) else f"{first.year:04d}"


def json_text(record: Record, file_name: str) -> str:
    """The record as JSON, one event a line."""
    top, events = plain_record(record, file_name)
    head = "".join(f" {json.dumps(name)}: {_json(value)},\n" for name, value in top.items())
    return "{\n" + head + ' "events": [\n' + ",\n".join(f"  {_json(event)}" for event in events) + "\n ]\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def yaml_text(record: Record, file_name: str) -> str:
    """The record as YAML in the short form, each event a mapping within braces."""
    top, events = plain_record(record, file_name)
    lines: list[str] = []
    for name, value in top.items():
        if isinstance(value, list):
            lines.append(f"{name}:")
            lines += [f"  - {_flow(part)}" for part in cast("list[Any]", value)]
        else:
            lines.append(f"{name}: {_flow(value)}")
    lines.append("events:" if events else "events: []")
    lines += [_wrapped(event) for event in events]
    return "\n".join(lines) + "\n"


def _wrapped(event: Mapping[str, Any]) -> str:
    """One event within braces, broken between fields where the line grows long."""
    lines, line = list[str](), "  - {"
    parts = [f"{name}: {_flow(value)}" for name, value in event.items()]
    for n, part in enumerate(parts):
        part += "," if n + 1 < len(parts) else "}"
        if len(line) + len(part) > _WIDTH and line.strip() not in ("", "- {"):
            lines.append(line.rstrip())
            line = "     "
        line += part + " "
    return "\n".join([*lines, line.rstrip()])


def _flow(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value)
        return "{" + ", ".join(f"{name}: {_flow(part)}" for name, part in told.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in cast("list[Any]", value)) + "]"
    text = str(value)
    if (_PLAIN.match(text) and text.lower() not in _NOT_TEXT) or _DAYS.match(text):
        return text
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
