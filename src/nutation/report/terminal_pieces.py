"""What terminal pages are set from: titles, lines, hanging lists, tables, styles of states; and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import StringIO
from typing import Any, cast

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from nutation.report import words

STYLE = {
    "standing": "bold red", "not_screened": "bold yellow", "addressed": "bold", "clear": "bold green",
    "met": "bold green", "not_met": "bold red", "undetermined": "bold yellow",
    "true": "green", "false": "red", "unknown": "yellow",
}  # fmt: skip
"""Colours of states; each stands beside its word."""

_WIDEST = 120
_ASCII = str.maketrans(
    {
        "≥": ">=", "≤": "<=", "–": "-", "—": "-", "·": ".", "’": "'", "“": '"', "”": '"', "×": "x", "→": "->",
        "…": "...", "─": "-", "├": "|", "┤": "|", "●": "O", "−": "-", "±": "+-", "°": " deg", "²": "2",
    }
)  # fmt: skip


def show(told: dict[str, Any], page_of: Callable[[dict[str, Any]], Iterable[RenderableType]], console: Console) -> None:
    """Prints a page of what is told on the console, at most 120 columns wide; in a pipe it is plain text.

    Control characters never reach the terminal. Where the console's encoding is not Unicode the page is ASCII: each
    text is made so before the page is set, since that makes texts longer, and the page's own lines after.
    """
    clean: dict[str, Any] = words.cleaned(told)
    width = min(console.width, _WIDEST)
    ascii_only = console.options.ascii_only
    page = Group(*page_of(_plainer(clean) if ascii_only else clean))
    if console.is_terminal and not ascii_only:
        console.print(page, width=width)
        return
    drawn = StringIO()
    Console(file=drawn, width=width, color_system=None, legacy_windows=False).print(page)
    text = "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())
    if ascii_only:
        text = text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    console.out(text, highlight=False)


def _plainer(part: Any) -> Any:
    """Every text within plain data with ASCII in place of the field's own signs."""
    if isinstance(part, str):
        return part.translate(_ASCII)
    if isinstance(part, dict):
        return {key: _plainer(value) for key, value in cast("dict[str, Any]", part).items()}
    return [_plainer(value) for value in cast("list[Any]", part)] if isinstance(part, list) else part


def title(text: str) -> RenderableType:
    """A section's title with a rule, after an empty line."""
    return Group(Text(), Rule(Text(text, style="bold"), align="left", style="dim"))


def sub(text: str) -> RenderableType:
    """A title within a section."""
    return Padding(Text(text, style="bold"), (1, 0, 0, 0))


def line(*parts: str | tuple[str, str], indent: int = 2) -> RenderableType:
    """Text with styled parts, indented."""
    return Padding(Text.assemble(*parts), (0, 0, 0, indent))


def bullets(lines: Iterable[str | Text], indent: int = 2) -> RenderableType:
    """Lines that hang from a dash, so that what wraps stays under its own text."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("-", line if isinstance(line, Text) else Text(line))
    return Padding(grid, (0, 0, 0, indent))


def table(*columns: tuple[str, int | None]) -> Table:
    """A table without borders. A column is its title and its share of the width; None for as wide as its text."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, expand=True)
    for name, ratio in columns:
        made.add_column(name, overflow="fold", ratio=ratio, no_wrap=ratio is None)
    return made


def named(table: dict[str, str], code: str) -> Text:
    """A code's word in its state's style."""
    return Text(words.word(table, code), style=STYLE.get(code, ""))
