"""Reading of one section: what was answered in each of its blocks, and the event that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nutation.record.head import Event, Side
from nutation.record.kinds import KINDS
from nutation.record.native_values import RefusedError
from nutation.record.period import Period
from nutation.web.forms import notes
from nutation.web.forms.answers import TEXT_MAX, UNDATED, Answers, course_told, period_told, value_told
from nutation.web.forms.correct import dates_shown
from nutation.web.forms.sending import Making
from nutation.web.forms.shape import COLUMNS, NOT_KNOWN, Field, Section, is_head

SIDES: tuple[Side, ...] = ("left", "right", "both", "none")
"""Sides that a correction can give an event."""
_WITHIN_THE_VISIT = frozenset({"onset", "trauma", "adverse_event"})
"""Kinds that had happened by the day on which they are told, when their own day is left open."""


@dataclass(slots=True)
class _Told:
    """What was answered in one block of a section."""

    values: dict[str, Any]
    not_known: list[str]
    lines: list[tuple[str, str]]
    told: bool = False


def read_section(making: Making, answers: Answers, section: Section, one: str) -> None:
    """Make the event of one block (a row, or a column) of the section, if anything was told in it."""
    base = f"{section.id}.{one}"
    found = _fields(making, answers, section, one)
    free = _free(making, answers, f"{base}.note")
    happened, dated = _happened(making, answers, section, base)
    if not (found.told or free or dated) or not _of_column(making, answers, section, one):
        return
    for name in section.needs:
        if name not in found.values and not any(mistake.name == f"{base}.{name}" for mistake in making.mistakes):
            field = section.field(name)
            making.wrong(f"{base}.{name}", f"{field.named if field else name}: not answered.", "choose one answer.")
    modality = found.values.get("modality", "actual")
    if modality == "actual":
        at = "day" if section.happened == "form" else f"{base}.{'from' if section.happened == 'course' else 'happened'}"
        not_ahead(making, at, happened)
    values = dict(section.fixed) | found.values
    values["side"] = _side(making, answers, section, one)
    values["asked_not_known"] = tuple(found.not_known)
    values["note"] = notes.written(found.lines, free)
    making.make(section.kind, base, values, happened, _first(section, base, found))


def _of_column(making: Making, answers: Answers, section: Section, one: str) -> bool:
    """Whether the block is to be kept: a column that was answered, or each one shown where only the shared part was."""
    if section.sides != "columns":
        return True
    answered = [side for side in making.form.offered if _own(answers, section, side)]
    shown = [side for side in making.form.offered if answers.ticked(f"{section.id}.{side}")]
    return one in (answered or shown or COLUMNS)


def _own(answers: Answers, section: Section, one: str) -> bool:
    """Whether anything was answered in this column itself."""
    names = [f"{section.id}.{one}.{field.name}" for field in section.fields if not field.once]
    return any(answers.line(name) or answers.ticked(f"{name}.unknown") for name in (*names, f"{section.id}.{one}.note"))


def _first(section: Section, base: str, found: _Told) -> str:
    names = [f.name for f in section.fields if f.name in found.values and f.name not in ("instrument", "role")]
    return f"{base}.{'score_before' if 'score_before' in names else names[0] if names else section.fields[0].name}"


def _fields(making: Making, answers: Answers, section: Section, one: str) -> _Told:
    found = _Told({}, [], [])
    for field in section.fields:
        name = f"{section.id}.{'once' if field.once and section.sides == 'columns' else one}.{field.name}"
        try:
            _field(found, answers, section, field, name, making.corrects)
        except RefusedError as refused:
            making.wrong(name, refused.problem, refused.mend)
            found.told = True
    for field in section.fields:
        if field.name in found.values and (why := _beside(section, field, found)):
            making.wrong(f"{section.id}.{one}.{field.name}", why, "empty one of the two.")
    return found


def _field(found: _Told, answers: Answers, section: Section, field: Field, name: str, corrects: Event | None) -> None:
    raw, unknown = answers.line(name), answers.ticked(f"{name}.unknown")
    if not raw and not unknown:
        return
    found.told = True
    if raw and unknown and raw != NOT_KNOWN:
        raise RefusedError(f"{field.named} has an answer, and 'not known' is ticked.", "keep one of the two.")
    if field.noted:
        text = "not known" if unknown or raw == NOT_KNOWN else str(value_told(section.shape(field), raw))
        unit = f" {field.unit}" if field.unit and text != "not known" else ""
        found.lines.append((field.named, text + unit))
    elif unknown or raw == NOT_KNOWN:
        if is_head(field.name):
            raise RefusedError(f"{field.named} has to be known.", "choose one of the answers.")
        found.not_known.append(field.name)
    else:
        before = None if corrects is None else getattr(corrects, field.name, None)
        if field.answers and raw not in dict(field.answers) and raw != before:
            raise RefusedError(f"{field.named} cannot be {raw!r}.", "choose one of the answers.")
        found.values[field.name] = value_told(section.shape(field), raw)


def _beside(section: Section, field: Field, found: _Told) -> str:
    """Why the answer cannot stand beside that of the question it depends on."""
    if field.when is None or field.when.field not in found.values:
        return ""
    value = found.values[field.when.field]
    told = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    if told in field.when.answers:
        return ""
    other = section.field(field.when.field)
    words = dict(other.answers) if other else {}
    asked = other.named if other else field.when.field
    return f"{field.named} does not go with '{asked}: {words.get(str(told), told)}'."


def _free(making: Making, answers: Answers, name: str) -> str:
    text = answers.text(name)
    if len(text) > TEXT_MAX:
        making.wrong(name, f"The note has {len(text)} characters.", f"keep it under {TEXT_MAX}.")
    return text


def _happened(making: Making, answers: Answers, section: Section, base: str) -> tuple[Period, bool]:
    """The event's days, and whether they were told for it alone."""
    if section.happened == "form":
        return making.day, False
    if section.happened == "course":
        start, end = answers.line(f"{base}.from"), answers.line(f"{base}.to")
        try:
            return course_told(start, end), bool(start or end)
        except RefusedError as refused:
            making.wrong(f"{base}.from", refused.problem, refused.mend)
            return UNDATED, True
    raw = answers.line(f"{base}.happened")
    found = dated(making, f"{base}.happened", raw)
    if found == UNDATED and section.kind in _WITHIN_THE_VISIT and making.day.to is not None:
        found = Period.model_validate({"to": min(making.day.to, making.sending.today)})
    return found, bool(raw)


def _side(making: Making, answers: Answers, section: Section, one: str) -> Side:
    """The side of the event; unknown where the form's side was not told."""
    if not KINDS[section.kind].SIDED or section.sides == "person":
        return "none"
    if section.sides == "columns":
        return "left" if one == "left" else "right" if one == "right" else "none"
    if section.sides != "form":
        return section.sides
    told = answers.line("side")
    offered = SIDES if making.corrects is not None else making.form.offered
    chosen: Side | None = next((side for side in offered if side == told), None)
    if told and chosen is None and not any(mistake.name == "side" for mistake in making.mistakes):
        making.wrong("side", "This side cannot be chosen here.", "choose one of the sides.")
    return "unknown" if chosen is None else chosen


def dated(making: Making, name: str, raw: str, *, ahead: bool = False) -> Period:
    """The period typed at ``name``; one that is still to come is a mistake unless it may lie ``ahead``."""
    try:
        found = period_told(raw)
    except RefusedError as refused:
        making.wrong(name, refused.problem, refused.mend)
        return UNDATED
    if not ahead:
        not_ahead(making, name, found)
    return found


def not_ahead(making: Making, name: str, happened: Period) -> bool:
    """Whether it lies behind; a mistake at ``name`` where it is still to come."""
    if happened.from_ is None or happened.from_ <= making.sending.today:
        return True
    if not any(mistake.name == name for mistake in making.mistakes):
        text = happened.text().removeprefix("from ")
        making.wrong(name, f"{text} is still to come.", "correct the date.")
    return False


def read_correction(making: Making, answers: Answers, section: Section, corrects: Event) -> None:
    """The section's answers over the event's: what the form does not ask stays as it was."""
    base = f"{section.id}.0"
    found = _fields(making, answers, replace(section, sides="form"), "0")
    asked = {field.name for field in section.fields}
    happened, _ = _happened(making, answers, section, base)
    if _unchanged_dates(answers, section, corrects):
        happened = corrects.happened
    kept = {name: value for name, value in corrects.attributes().items() if name not in asked}
    values: dict[str, Any] = {**kept, "modality": corrects.modality, **found.values}
    values["side"] = _side(making, answers, replace(section, sides="form"), "0")
    left = [name for name in corrects.asked_not_known if name not in asked]
    values["asked_not_known"] = (*left, *found.not_known)
    values["note"] = notes.written(found.lines, _free(making, answers, f"{base}.note"))
    if values["modality"] == "actual":
        at = "day" if section.happened == "form" else f"{base}.{'from' if section.happened == 'course' else 'happened'}"
        not_ahead(making, at, happened)
    nothing = not (found.values or found.not_known or found.lines or values["note"] or left)
    if nothing and all(value is None for value in kept.values()) and not making.mistakes:
        making.wrong("", "Nothing is left of the entry.", "withdraw it instead, with the reason.")
        return
    making.make(section.kind, base, values, happened, _first(section, base, found))


def _unchanged_dates(answers: Answers, section: Section, corrects: Event) -> bool:
    """Whether the dates are typed as the form showed them: then they stay as exact, or as vague, as they were."""
    return all(answers.line(name) == text for name, text in dates_shown(section, corrects).items())
