"""A form as its page shows it: values of inputs, rows, blocks and parts, from which the template is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nutation.web.forms.answers import Mistake
from nutation.web.forms.shape import Form

Takes = Literal["choice", "menu", "number", "day", "line", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a choice; ``opens`` numbers the questions that it opens."""

    value: str
    label: str
    id: str
    chosen: bool
    opens: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """One input. ``unknown``: whether the box beside a typed one is ticked; None where there is none."""

    name: str
    id: str
    label: str
    help: str
    unit: str
    takes: Takes
    value: str = ""
    options: tuple[Option, ...] = ()
    unknown: bool | None = None
    mistakes: tuple[Mistake, ...] = ()
    then: tuple[tuple[int, tuple[Input, ...]], ...] = ()
    wide: bool = False

    @property
    def target(self) -> str:
        """The id of what a link to this input leads to."""
        return self.options[0].id if self.takes == "choice" and self.options else self.id

    @property
    def told(self) -> bool:
        """Whether something is typed or wrong here, or in what it opens."""
        chosen = any(option.chosen for option in self.options)
        return bool(self.value or chosen or self.unknown or self.mistakes) or any(
            one.told for _, several in self.then for one in several
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A question with a cell for each column (one without a name, where there are no columns)."""

    label: str
    help: str
    group: str
    cells: tuple[tuple[str, Input], ...]

    @property
    def told(self) -> bool:
        """Whether something is typed or wrong in it."""
        return any(cell.told for _, cell in self.cells)


@dataclass(frozen=True, slots=True)
class Block:
    """What becomes one event (or one for each column): its rows (``first`` before its dates), dates and note."""

    rows: tuple[Row, ...]
    rare: tuple[Row, ...]
    dates: tuple[Input, ...]
    notes: tuple[tuple[str, Input], ...]
    more: bool = False
    when: str = ""
    when_help: str = ""
    first: tuple[Row, ...] = ()

    @property
    def told(self) -> bool:
        """Whether something is typed or wrong in it."""
        return any(row.told for row in (*self.first, *self.rows, *self.rare)) or any(
            one.told for one in (*self.dates, *(note for _, note in self.notes))
        )

    @property
    def rare_told(self) -> bool:
        """Whether something is typed or wrong in the part that is opened."""
        return any(row.told for row in self.rare) or any(note.told for _, note in self.notes)


@dataclass(frozen=True, slots=True)
class PartView:
    """A part of the form as it is shown: ``shape`` names the way in which."""

    shape: Literal["section", "repeated", "items", "map"]
    id: str
    title: str
    help: str = ""
    aside: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    rest: tuple[Row, ...] = ()
    one: str = ""
    line: bool = False
    two: bool = False
    folded: bool = False
    open: bool = True
    recorded: str = ""
    map: MapView | None = None


@dataclass(frozen=True, slots=True)
class MapView:
    """The map of the pain: a row for each region with a box and a score on either side."""

    rows: tuple[tuple[str, str, tuple[tuple[Option, Input | None], ...]], ...]
    elsewhere: Option
    elsewhere_score: Input
    where: Input
    only: Option


@dataclass(frozen=True, slots=True)
class View:
    """The whole form as it is shown."""

    form: Form
    parts: tuple[PartView, ...]
    day: Input | None
    side: Input | None
    signed: Input | None
    letter: tuple[Input, ...]
    mistakes: tuple[tuple[str, Mistake], ...]
