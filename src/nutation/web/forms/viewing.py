"""Makes the view of a form: every input with its name, its words, what was typed into it and what is wrong there.

Nothing is ticked that nobody ticked: a value comes from what was typed, or from the event that is corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from nutation.report.words import said
from nutation.web.forms.answers import Answers, Data, Mistake
from nutation.web.forms.known import Known
from nutation.web.forms.read import blocks
from nutation.web.forms.read_lists import ELSEWHERE
from nutation.web.forms.shape import COLUMNS, NOT_KNOWN, Field, Fold, Form, Item, Items, PainMap, Part, Section, is_head
from nutation.web.forms.view import Block, Input, MapView, Option, PartView, Row, Takes, View

NOT_KNOWN_WORDS = "not known"
SIDE_WORDS = {"left": "left", "right": "right", "both": "both", "none": "no side"}
COLUMN_WORDS = {"left": "Left", "right": "Right", "none": "Spine or bone density"}


@dataclass(frozen=True, slots=True)
class Made:
    """The view of a form, and the input of the reason for which an entry is withdrawn."""

    view: View
    withdraw: Input


def view(
    form: Form, known: Known, typed: Data, mistakes: Iterable[Mistake] = (), columns: Sequence[str] = COLUMNS
) -> Made:
    """The page's view of a form (already fitted): what was typed stays in it, each mistake at its input."""
    viewer = _Viewer(form, known, Answers(typed), tuple(mistakes), tuple(columns))
    withdraw = viewer.typed("reason", "Why it is withdrawn", "text", wide=True)
    return Made(viewer.view(), withdraw)


class _Viewer:
    """Makes the inputs of one form, and keeps where each mistake can be seen."""

    def __init__(
        self, form: Form, known: Known, answers: Answers, mistakes: tuple[Mistake, ...], columns: tuple[str, ...]
    ) -> None:
        self.form, self.known, self.answers, self.columns = form, known, answers, columns
        self.at: dict[str, list[Mistake]] = {}
        for mistake in mistakes:
            self.at.setdefault(mistake.name, []).append(mistake)
        self.targets: dict[str, str] = {}

    def view(self) -> View:
        form = self.form
        day = None if form.day == "none" else self.typed("day", form.day_label, "day")
        offered = tuple((side, SIDE_WORDS[side]) for side in form.offered)
        side = self.choice("side", "Side", offered, unknown=False) if form.sides == "asked" else None
        parts = tuple(self.parts(form.parts))
        signed = self.typed("signed", "Signed", "line", help_="Your name, as in this account.") if form.signed else None
        letter: tuple[Input, ...] = ()
        if form.letter:
            letter = (
                self.typed("letter.title", "Title", "line", wide=True),
                self.typed("letter.correspondent", "From or to", "line", wide=True),
                self.typed("letter.text", "Text", "text", wide=True),
            )
        order = {name: n for n, name in enumerate(self.targets)}
        listed = sorted((m for several in self.at.values() for m in several), key=lambda m: order.get(m.name, -1))
        told = tuple((self.targets.get(m.name, ""), m) for m in listed)
        return View(form, parts, day, side, signed, letter, told)

    # -- parts -----------------------------------------------------------------------------------------

    def parts(self, several: Sequence[Part]) -> Iterable[PartView]:
        """The parts; sections of one line each that stand side by side become one."""
        for together, group in groupby(several, key=_is_line):
            if together:
                lines = [self.section(part) for part in group if isinstance(part, Section)]
                rows = tuple(row for line in lines for row in line.blocks[0].rows)
                yield PartView("section", lines[0].id, "Results", blocks=(Block(rows, (), (), ()),), two=True)
            else:
                yield from (self.part(part) for part in group)

    def part(self, part: Part) -> PartView:
        if isinstance(part, Section):
            return self.section(part)
        return self.items(part) if isinstance(part, Items) else self.map(part)

    def section(self, section: Section) -> PartView:
        columns: tuple[tuple[str, str], ...] = ()
        if section.sides == "columns":
            columns = tuple((side, COLUMN_WORDS[side]) for side in self.columns)
            made = (self.block(section, self.columns),)
        else:
            names = blocks(section, self.form)
            made = tuple(self.block(section, (one,), more=n >= section.rows) for n, one in enumerate(names))
        recorded = (self.known.recorded or {}).get(section.kind, "")
        told = any(block.told for block in made) or section.kind in self.known.kinds
        folded, is_open = _fold(section.fold, bool(recorded), told)
        return PartView(
            "repeated" if len(made) > 1 or section.one else "section", section.id, section.title, section.help,
            section.aside, columns, made, one=section.one, line=section.layout == "line", folded=folded, open=is_open,
            recorded=recorded, two=section.layout == "rows" and len(columns) < 2,
        )  # fmt: skip

    def block(self, section: Section, parts: Sequence[str], *, more: bool = False) -> Block:
        dependent: dict[str, list[Field]] = {}
        for field in section.fields:
            if field.when is not None:
                dependent.setdefault(field.when.field, []).append(field)
        asked = [field for field in section.fields if field.when is None or not section.field(field.when.field)]
        rows = [(field, self.row(section, field, parts, dependent)) for field in asked]
        several = section.sides == "columns"
        dates = () if several else self.dates(section, parts[0])
        notes: tuple[tuple[str, Input], ...] = ()
        if section.remark:
            notes = tuple(
                (COLUMN_WORDS.get(one, ""), self.typed(f"{section.id}.{one}.note", "Note", "text", wide=True))
                for one in parts
            )
        often = tuple(row for field, row in rows if not field.rare)
        first, rest = often[: section.when_after], often[section.when_after :]
        rare = tuple(row for field, row in rows if field.rare)
        return Block(rest, rare, dates, notes, more, section.when, section.when_help, first)

    def dates(self, section: Section, one: str) -> tuple[Input, ...]:
        base = f"{section.id}.{one}"
        if section.happened == "course":
            return (self.typed(f"{base}.from", "From", "day"), self.typed(f"{base}.to", "Until", "day"))
        if section.happened == "day":
            return (self.typed(f"{base}.happened", section.when, "day"),)
        return ()

    def row(self, section: Section, field: Field, parts: Sequence[str], dependent: dict[str, list[Field]]) -> Row:
        several = section.sides == "columns"
        where = ("once",) if field.once and several else parts
        cells = tuple(
            (COLUMN_WORDS.get(one, "") if several else "", self.field(section, field, one, dependent)) for one in where
        )
        return Row(field.label, field.help, field.group, cells)

    def items(self, part: Items) -> PartView:
        rows, rest = (tuple(self.item(part, item) for item in items) for items in (part.items, part.rest))
        told = any(row.told for row in (*rows, *rest))
        folded, is_open = _fold(part.fold, False, told)
        return PartView(
            "items", part.id, part.title, part.help, part.aside, (), (Block(rows, (), (), ()),), rest,
            folded=folded, open=is_open, two=len(part.items) > 3,
        )  # fmt: skip

    def item(self, part: Items, item: Item) -> Row:
        answers = tuple((value, label) for value, label, _ in item.answers)
        made = self.choice(f"{part.id}.{item.name}", item.label, answers, unknown=False)
        return Row(item.label, item.help, "", (("", made),))

    def map(self, part: PainMap) -> PartView:
        rows: list[tuple[str, str, tuple[tuple[Option, Input | None], ...]]] = []
        for region in part.regions:
            cells: list[tuple[Option, Input | None]] = []
            for side in COLUMNS:
                box = self.box(f"{part.id}.{side}.{region.name}", f"{region.label}, {side}")
                name = f"{part.id}.{side}.{region.site}.nrs"
                cells.append((box, self.typed(name, f"{region.label}, {side}, 0 to 10", "number")
                              if region.scored else None))  # fmt: skip
            rows.append((region.name, region.label, tuple(cells)))
        base = f"{part.id}.none"
        made = MapView(
            tuple(rows),
            self.box(f"{base}.{ELSEWHERE}", "Somewhere else"),
            self.typed(f"{base}.{ELSEWHERE}.nrs", "Somewhere else, 0 to 10", "number"),
            self.typed(f"{base}.where", "Where else", "line"),
            self.box(f"{part.id}.only", "It hurts nowhere else"),
        )
        recorded = (self.known.recorded or {}).get("pain_score", "")
        return PartView("map", part.id, part.title, part.help, part.aside, map=made, recorded=recorded)

    # -- inputs ----------------------------------------------------------------------------------------

    def field(self, section: Section, field: Field, one: str, dependent: Mapping[str, list[Field]]) -> Input:
        name = f"{section.id}.{one}.{field.name}"
        opened = dependent.get(field.name, [])
        groups: dict[tuple[str, ...], list[Field]] = {}
        for child in opened:
            if child.when is not None:
                groups.setdefault(child.when.answers, []).append(child)
        opens = {answer: str(n) for n, answers in enumerate(groups, 1) for answer in answers}
        then = tuple(
            (n, tuple(self.field(section, child, one, dependent) for child in several))
            for n, several in enumerate(groups.values(), 1)
        )
        if field.answers or field.menu:
            return self.choice(
                name, field.label, field.answers, unknown=_may_be_unknown(field), menu=field.menu,
                opens=opens, then=then, help_=field.help,
            )  # fmt: skip
        takes = ("number" if field.unit else "line") if field.noted else section.shape(field).takes
        kind: Takes = "number" if takes in ("number", "count") else "day" if takes == "date" else "line"
        return self.typed(name, field.label, kind, help_=field.help, unit=field.unit, wide=field.wide,
                          unknown=not field.noted and kind != "line", then=then)  # fmt: skip

    def choice(
        self,
        name: str,
        label: str,
        answers: Sequence[tuple[str, str]],
        *,
        unknown: bool,
        menu: bool = False,
        opens: Mapping[str, str] | None = None,
        then: tuple[tuple[int, tuple[Input, ...]], ...] = (),
        help_: str = "",
    ) -> Input:
        told = self.answers.line(name)
        listed = (*answers, (NOT_KNOWN, NOT_KNOWN_WORDS)) if unknown else tuple(answers)
        if told and told not in dict(listed):  # of an event from elsewhere, or sent by another program: shown, not lost
            listed = (*listed, (told, said(told)))
        options = tuple(
            Option(value, words, f"{_id(name)}-{n}", told == value, (opens or {}).get(value, ""))
            for n, (value, words) in enumerate(listed)
        )
        made = Input(name, _id(name), label, help_, "", "menu" if menu else "choice", options=options,
                     mistakes=tuple(self.at.get(name, ())), then=then)  # fmt: skip
        self.targets[name] = made.target
        return made

    def typed(
        self,
        name: str,
        label: str,
        takes: Takes,
        *,
        help_: str = "",
        unit: str = "",
        wide: bool = False,
        unknown: bool = False,
        then: tuple[tuple[int, tuple[Input, ...]], ...] = (),
    ) -> Input:
        value = self.answers.text(name) if takes == "text" else self.answers.line(name)
        ticked = self.answers.ticked(f"{name}.unknown") if unknown else None
        self.targets[name] = _id(name)
        return Input(name, _id(name), label, help_, unit, takes, value, unknown=ticked,
                     mistakes=tuple(self.at.get(name, ())), then=then, wide=wide)  # fmt: skip

    def box(self, name: str, label: str) -> Option:
        self.targets[name] = _id(name)
        return Option("yes", label, _id(name), self.answers.ticked(name), name)


def _may_be_unknown(field: Field) -> bool:
    """Whether 'not known' is offered: not where 'not done' says so, nor where the event cannot hold it."""
    return not is_head(field.name) and not field.noted and "not_done" not in dict(field.answers)


def _is_line(part: Part) -> bool:
    return isinstance(part, Section) and part.layout == "line" and bool(part.fixed)


def rows_by_group(rows: Iterable[Row], name: str = "group") -> list[tuple[str, list[Row]]]:
    """Rows that stand side by side under one heading, in their order."""
    return [(group, list(several)) for group, several in groupby(rows, key=attrgetter(name))]


def _fold(fold: Fold, recorded: bool, told: bool) -> tuple[bool, bool]:
    """Whether a part can be folded, and whether it stands open."""
    folded = fold == "closed" or (fold == "if_recorded" and recorded)
    return folded, told or not folded


def _id(name: str) -> str:
    return "f-" + name.replace(".", "-").replace("_", "-")
