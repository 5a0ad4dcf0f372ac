"""Small pieces of Markdown that the made pages share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MADE = "*This page is made from {source} when the documentation is built.*\n"


def cell(text: Any) -> str:
    """Text that can stand in a table's cell, on one line."""
    return " ".join(str(text).replace("|", "\\|").split())


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table; no rows give no table."""
    body = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    if not body:
        return ""
    names = list(head)
    return "\n".join([f"| {' | '.join(names)} |", "|" + "---|" * len(names), *body]) + "\n"


def number(value: float) -> str:
    """A number without needless digits."""
    return f"{value:g}"


def value_text(value: Any) -> str:
    """A figure, or a mapping of figures, for a reader."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {value_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
