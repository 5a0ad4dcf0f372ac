"""Pieces that the terminal page is set from: titles, lines, hanging lists, tables, and the styles of states."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
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
