"""What a form is: a frozen value that names kinds of event, their fields in the order of asking, and plain words.

Pages and the reading of what was sent are both made from these values alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from nutation.record.fields import HEAD, Shape, shapes
from nutation.record.head import JointSide, Side
from nutation.web.rights import Right

NOTE = "note."
"""Fields of this name are no fields of the event: they become labelled lines of its note."""
NOT_KNOWN = "?"
"""What stands for an answer that was asked for and is not known."""

Fold = Literal["open", "if_recorded", "closed"]
"""Whether a section stands open: always, while nothing of its kind is recorded, or only when it is opened."""


@dataclass(frozen=True, slots=True)
class When:
    """Asked only where another field of the same section has one of these answers."""

    field: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One question: a field of the event, or (``note.x``) a labelled line of its note.

    ``answers`` are values and their words, in the order of asking; empty where a value is typed. ``label`` asks,
    ``line`` names it in a note. ``rare`` ones stand in a part that is opened; ``once`` ones are asked once for both
    sides of a section that has a column for each.
    """

    name: str
    label: str
    help: str = ""
    unit: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    when: When | None = None
    rare: bool = False
    once: bool = False
    menu: bool = False
    wide: bool = False
    group: str = ""
    line: str = ""

    @property
    def noted(self) -> bool:
        """Whether the answer becomes a line of the note."""
        return self.name.startswith(NOTE)

    @property
    def named(self) -> str:
        """How the answer is named in a note and in a fault."""
        return self.line or self.label.rstrip("?")


@dataclass(frozen=True, slots=True)
class Section:
    """A kind of event with the fields that a form asks of it.

    ``happened``: the day is the form's (``form``), its own (``day``), or a beginning and an end (``course``).
    ``sides``: the form's side, a column for each joint, of the person, or a fixed side. ``fixed`` values hold for
    every event of the section. ``rows`` blank ones are offered, and ``more`` in a part that is opened. Its own dates
    are asked after ``when_after`` of its fields.
    """

    id: str
    kind: str
    title: str
    fields: tuple[Field, ...]
    help: str = ""
    happened: Literal["form", "day", "course"] = "form"
    when: str = "When"
    when_help: str = ""
    when_after: int = 0
    sides: Literal["form", "columns", "person"] | Side = "form"
    fixed: tuple[tuple[str, Any], ...] = ()
    rows: int = 1
    more: int = 0
    one: str = ""
    fold: Fold = "open"
    layout: Literal["questions", "rows", "line"] = "questions"
    needs: tuple[str, ...] = ()
    remark: bool = True
    aside: str = ""

    def shape(self, field: Field) -> Shape:
        """What the field takes; a labelled line takes text, or one of its answers."""
        if field.noted:
            words = tuple(value for value, _ in field.answers)
            return Shape(field.named, "word" if words else "text", words=words)
        return replace(shapes(self.kind)[field.name], name=field.named)

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Made:
    """The event that an answer of a list makes; ``day_in`` names a field that takes the form's day."""

    kind: str
    values: tuple[tuple[str, Any], ...]
    side: Side = "none"
    not_known: tuple[str, ...] = ()
    day_in: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list that is answered item by item; ``topic`` is the name under which a next step asks for it."""

    name: str
    label: str
    answers: tuple[tuple[str, str, Made | None], ...]
    help: str = ""
    topic: str = ""

    def made(self, value: str) -> Made | None:
        """What the answer makes."""
        return next((made for answer, _, made in self.answers if answer == value), None)


@dataclass(frozen=True, slots=True)
class Items:
    """A list that is answered item by item, each answer an event of its own.

    ``today``: it holds on the day of sending, whatever day the form is about.
    """

    id: str
    title: str
    items: tuple[Item, ...]
    help: str = ""
    rest: tuple[Item, ...] = ()
    fold: Fold = "open"
    aside: str = ""
    today: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the pain map: which ``site`` of a pain score it is, and the field of the pattern that it answers."""

    name: str
    label: str
    site: str
    pattern: str = ""
    scored: bool = True


@dataclass(frozen=True, slots=True)
class PainMap:
    """Where it hurts and how much, region by region and side by side."""

    id: str
    title: str
    regions: tuple[Region, ...]
    help: str = ""
    aside: str = ""
    fold: Fold = "open"


Part = Section | Items | PainMap


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its parts in the order of asking, and the right of whoever fills it in.

    ``day``: the form's own day begins as today, is asked, or does not exist. ``sides``: how the side is chosen:
    not at all, one of ``offered`` within the form, or as columns. ``visit``: what it tells of was seen or heard on
    that day in one encounter. ``signed``: nothing is kept without the name of who fills it in.
    """

    name: str
    title: str
    parts: tuple[Part, ...]
    lead: str = ""
    day: Literal["today", "asked", "none"] = "today"
    day_label: str = "Day"
    sides: Literal["none", "asked", "columns"] = "none"
    offered: tuple[Side, ...] = ()
    visit: bool = False
    signed: bool = False
    right: Right = "write_events"
    beside: tuple[str, ...] = ()
    letter: bool = False

    def sections(self) -> tuple[Section, ...]:
        """The parts that are sections."""
        return tuple(part for part in self.parts if isinstance(part, Section))


COLUMNS: tuple[JointSide, ...] = ("left", "right")


def is_head(name: str) -> bool:
    """Whether every event has a field of this name."""
    return name in HEAD


YES_NO: tuple[tuple[str, str], ...] = (("yes", "yes"), ("no", "no"))


def in_full(id_: str, kind: str, several: str, label: str, *, side: Side = "both") -> Items:
    """The closing question whether all of a kind is recorded, up to the day of sending."""
    made = Made("completeness", (("of", kind),), side=side, day_in="up_to")
    return Items(
        id_,
        f"Are all {several} recorded?",
        (Item(kind, label, (("yes", "yes, all", made),), topic=f"completeness {kind}"),),
        help="Also where there was none. Without it nobody can tell that there was no other.",
        fold="closed",
        today=True,
    )


def truth(name: str, label: str, **more: Any) -> Field:
    """A question that yes or no answers."""
    return Field(name, label, answers=YES_NO, **more)


def choice(name: str, label: str, *answers: tuple[str, str], **more: Any) -> Field:
    """A question with a few answers, each a value and its words."""
    return Field(name, label, answers=answers, **more)
