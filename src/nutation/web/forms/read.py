"""What was sent becomes events, or mistakes in plain words at the fields where they are.

Everything may stay empty; only what is told becomes an event. Nothing typed is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nutation.record.head import Event
from nutation.record.period import Period
from nutation.web.forms.answers import TEXT_MAX, UNDATED, Answers, Data, Mistake
from nutation.web.forms.correct import section_of
from nutation.web.forms.read_lists import read_items, read_map
from nutation.web.forms.read_section import dated, not_ahead, read_correction, read_section
from nutation.web.forms.sending import Making, Sending
from nutation.web.forms.shape import Form, Items, Section


@dataclass(frozen=True, slots=True)
class Letter:
    """A free text with its title, who it is of or to, and its day."""

    title: str
    correspondent: str
    dated: Period
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a form gave: events to append (or a letter), mistakes, and what to look at before it is saved."""

    events: tuple[Event, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    looks: tuple[str, ...] = ()
    letter: Letter | None = None


def read(form: Form, data: Data, sending: Sending, *, corrects: Event | None = None) -> Read:
    """The events that ``data`` makes, in the order of the form, or the mistakes in it.

    ``corrects`` is the event that the form (narrowed by ``correct.corrected``) was opened on: what it makes
    supersedes that one.
    """
    answers = Answers(data)
    making = Making(form, sending, corrects)
    making.day = _day(making, answers)
    if form.letter:
        return _letter(making, answers)
    if corrects is not None:
        _corrected(making, answers, corrects)
    else:
        for part in making.form.parts:
            if isinstance(part, Section):
                for one in blocks(part, making.form):
                    read_section(making, answers, part, one)
            elif isinstance(part, Items):
                read_items(making, answers, part)
            else:
                read_map(making, answers, part)
    _signed(making, answers)
    if making.mistakes:
        return Read(mistakes=tuple(making.mistakes))
    if not making.events:
        nothing = Mistake("", "Nothing was entered.", "answer at least one question, or leave the form.")
        return Read(mistakes=(nothing,))
    return Read(tuple(making.events), looks=tuple(_looks(making)))


def blocks(section: Section, form: Form) -> tuple[str, ...]:
    """The blocks of a section that its data can have: rows, or columns."""
    return form.offered if section.sides == "columns" else tuple(map(str, range(section.rows + section.more)))


# -- the whole form ----------------------------------------------------------------------------------


def _day(making: Making, answers: Answers) -> Period:
    if making.form.day == "none":
        return Period.on(making.sending.today) if making.corrects is None else UNDATED
    return dated(making, "day", answers.line("day"), ahead=True)


def _signed(making: Making, answers: Answers) -> None:
    if not making.form.signed or making.corrects is not None or not (making.events or making.mistakes):
        return
    name = answers.line("signed")
    if not name:
        making.wrong("signed", "It is not signed.", "write your name under your statements.")
        return
    own = making.sending.signer or making.sending.author
    if name.casefold() not in {" ".join(told.split()).casefold() for told in (own, making.sending.author)}:
        making.wrong("signed", "The name is not the one of this account.", f"write {own}.")


def _looks(making: Making) -> Iterable[str]:
    if any(event.side == "unknown" and event.SIDED for event in making.events):
        yield "No side is given: it counts for neither joint until it is."
    if any(event.happened == UNDATED and event.kind != "person" for event in making.events):
        yield "No date is given: it counts nowhere where it matters when it was."
    if _too_early(making):
        yield "The complication was noticed before the day of the operation: one of the two days may be wrong."


def _too_early(making: Making) -> bool:
    """Whether a complication was noticed before the operation that the same form tells of."""
    done = [e.happened.from_ for e in making.events if e.kind == "operation" and e.modality == "actual"]
    noticed = [e.happened.to for e in making.events if e.kind == "adverse_event"]
    return any(n is not None and d is not None and n < d for n in noticed for d in done)


def _letter(making: Making, answers: Answers) -> Read:
    text = answers.text("letter.text")
    title, who = answers.line("letter.title"), answers.line("letter.correspondent")
    not_ahead(making, "day", making.day)
    if not text:
        making.wrong("letter.text", "The letter is empty.", "write or paste its text.")
    if len(text) > TEXT_MAX:
        making.wrong("letter.text", f"The text has {len(text)} characters.", f"keep it under {TEXT_MAX}, or upload it.")
    for name, told in (("letter.title", title), ("letter.correspondent", who)):
        if len(told) > 200:
            making.wrong(name, f"It has {len(told)} characters.", "keep it to one line.")
    if making.mistakes:
        return Read(mistakes=tuple(making.mistakes))
    return Read(letter=Letter(title, who, making.day, text))


# -- a correction ------------------------------------------------------------------------------------


def _corrected(making: Making, answers: Answers, corrects: Event) -> None:
    found = section_of(making.form, corrects)
    if isinstance(found, Items):
        read_items(making, answers, found)
    elif isinstance(found, Section):
        read_correction(making, answers, found, corrects)
    if not making.mistakes and making.events:
        event = making.events[-1]
        same = {"id": "", "source": corrects.source, "recorded_at": corrects.recorded_at, "supersedes": ()}
        before = corrects.model_copy(update=same | {"author": None})
        if event.model_copy(update=same | {"author": None}) == before:
            making.wrong("", "Nothing was changed.", "change what is wrong, or leave the form.")
