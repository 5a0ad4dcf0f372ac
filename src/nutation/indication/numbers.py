"""The figures of a rule, and whether its words name them: text and data of a criterion must agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

_BOUNDS = ("min", "max", "above", "below")
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_DAYS = {"day": (1, 1), "week": (7, 7), "month": (28, 31), "year": (365, 366)}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s+(day|week|month|year)s?\b")


def figures(rule: Any) -> Iterator[tuple[str, float]]:
    """(name, number) of every bound and numeric parameter in a plain rule, in order."""
    if isinstance(rule, list):
        for part in cast("list[Any]", rule):
            yield from figures(part)
    if not isinstance(rule, dict):
        return
    plain = cast("dict[str, Any]", rule)
    if "fact" not in plain:
        for part in plain.values():
            yield from figures(part)
        return
    given = plain.get("with")
    arguments = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    for name, value in (*arguments.items(), *((bound, plain.get(bound)) for bound in _BOUNDS)):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)


def named(text: str, name: str, number: float) -> bool:
    """Whether the words name the figure. Zero may be said as "no"; days also as weeks, months or years."""
    told = _spelled(text)
    if number == 0 and re.search(r"\b(no|none|not)\b", told):
        return True
    if any(float(found) == number for found in re.findall(r"\d+(?:\.\d+)?", told)):
        return True
    if "days" not in name and number < 28:
        return False
    return any(_spans(float(count), unit, number) for count, unit in _SPAN.findall(told))


def unnamed(text: str, rule: Any) -> tuple[tuple[str, float], ...]:
    """Figures of the rule that its words do not name."""
    return tuple((name, number) for name, number in figures(rule) if not named(text, name, number))


def _spelled(text: str) -> str:
    words = text.lower().replace("once", "1").replace("last year", "1 year")
    return re.sub(r"[a-z]+", lambda m: str(_WORDS.get(m[0], m[0])), words)


def _spans(count: float, unit: str, days: float) -> bool:
    if count >= 12 and unit == "month" and count % 12 == 0:
        low, high = 365 * count / 12, 366 * count / 12
    else:
        low, high = _DAYS[unit][0] * count, _DAYS[unit][1] * count
    return low <= days <= high
