"""A form opened on an event that is recorded: what it shows, and the withdrawal of an event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nutation.record.head import Event
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS
from nutation.web.forms import notes
from nutation.web.forms.answers import TEXT_MAX, Answers, Data, Mistake, shown, shown_ends
from nutation.web.forms.sending import Sending
from nutation.web.forms.shape import NOT_KNOWN, Form, Item, Items, Made, Section


def section_of(form: Form, event: Event) -> Section | Items | None:
    """The part of the form that can correct the event: a section of its kind, or the one line that made it."""
    alike = [section for section in form.sections() if section.kind == event.kind]
    for section in sorted(alike, key=lambda section: len(section.fixed)):
        if all(getattr(event, name) == value for name, value in section.fixed):
            return section
    for part in form.parts:
        if isinstance(part, Items) and (found := line_of(part, event)) is not None:
            return replace(part, items=(found[0],), rest=(), fold="open")
    return None


def line_of(part: Items, event: Event) -> tuple[Item, str] | None:
    """The line of a list that made the event, and the answer that did."""
    for item in (*part.items, *part.rest):
        for answer, _, made in item.answers:
            if made is not None and _made(made, event):
                return item, answer
    return None


def _made(made: Made, event: Event) -> bool:
    told = dict(made.values)
    names = set(KINDS[made.kind].attribute_names()) - {made.day_in, "expires_on"}
    return (
        event.kind == made.kind
        and not event.retracted
        and all(getattr(event, name) == told.get(name) for name in names)
        and set(event.asked_not_known) == set(made.not_known)
    )


def form_of(event: Event) -> str | None:
    """The form that can be opened on the event; None where it can only be withdrawn."""
    from nutation.web.forms import FORMS

    return next((form.name for form in FORMS.values() if section_of(form, event) is not None), None)


def corrected(form: Form, event: Event) -> Form:
    """The form with nothing but the part that corrects the event, everything of it in view."""
    part = section_of(form, event)
    if part is None:
        return replace(form, parts=())
    if isinstance(part, Items):
        part = replace(part, today=False)
    else:
        part = replace(
            part, sides="form" if KINDS[part.kind].SIDED else "person", rows=1, more=0, fold="open", aside="",
            layout="rows" if part.layout == "line" else part.layout,
        )  # fmt: skip
    sides = "asked" if isinstance(part, Section) and KINDS[part.kind].SIDED else "none"
    own_day = isinstance(part, Section) and part.happened != "form"
    return replace(
        form, parts=(part,), sides=sides, offered=("left", "right", "both", "none"), signed=False,
        day="none" if own_day else "asked", lead="",
    )  # fmt: skip


def filled(form: Form, event: Event) -> dict[str, tuple[str, ...]]:
    """What the form shows of the event, under the names of its inputs."""
    part = section_of(form, event)
    if isinstance(part, Items):
        item, answer = line_of(part, event) or (part.items[0], "")
        return {f"{part.id}.{item.name}": (answer,), "day": (shown(event.happened),)}
    if part is None:
        return {}
    told: dict[str, str] = dates_shown(part, event)
    if event.side in ("left", "right", "both", "none") and KINDS[event.kind].SIDED:
        told["side"] = event.side
    lines, free = notes.parted(event.note, part)
    for field in part.fields:
        name = f"{part.id}.0.{field.name}"
        if field.noted:
            told[name] = lines.get(field.name, "")
        elif field.name in event.asked_not_known:
            told[name if field.answers else f"{name}.unknown"] = NOT_KNOWN
        elif (value := getattr(event, field.name)) is not None:
            told[name] = _text(value)
    told[f"{part.id}.0.note"] = free
    return {name: (text,) for name, text in told.items() if text}


def dates_shown(section: Section, event: Event) -> dict[str, str]:
    """The dates of the event under the names of their inputs, as they are typed."""
    if section.happened == "form":
        return {"day": shown(event.happened)}
    base = f"{section.id}.0"
    if section.happened == "course":
        start, end = shown_ends(event.happened)
        return {f"{base}.from": start, f"{base}.to": end}
    return {f"{base}.happened": shown(event.happened)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) and value == round(value, 4) else str(value)


def withdrawn(event: Event, data: Data, sending: Sending) -> Event | Mistake:
    """The event that withdraws ``event`` for the reason typed under ``reason``; a reason is needed."""
    reason = Answers(data).text("reason")
    if not reason:
        return Mistake("reason", "No reason is given.", "say why the entry is withdrawn.")
    if len(reason) > TEXT_MAX:
        return Mistake("reason", f"The reason has {len(reason)} characters.", f"keep it under {TEXT_MAX}.")
    source = sending.source("withdrawal", event.id)
    return KINDS[event.kind].model_validate(
        {
            "id": event_id(source, event.kind),
            "kind": event.kind,
            "patient": sending.patient,
            "side": event.side,
            "happened": event.happened,
            "recorded_at": sending.at,
            "source": source,
            "author": sending.author or None,
            "supersedes": (event.id,),
            "retracted": True,
            "note": reason,
        }
    )
