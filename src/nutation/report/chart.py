"""Small inline SVG charts for the page: probabilities on a scale from 0 to 100 %, drawn row by row.

Horizontal places are percentages of whatever width the page gives, so the charts follow it without scaling their
text or strokes. They repeat figures that stand beside them in words, and are hidden from screen readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_Y = 20
_TICKS = (0, 25, 50, 75, 100)


def axis() -> str:
    """The scale above the rows: 0, 25, 50, 75, 100 %."""
    anchors = {0: "start", 100: "end"}
    names = {100: "100 %"}
    ticks = "".join(
        f'<text x="{tick}%" y="12" text-anchor="{anchors.get(tick, "middle")}">{names.get(tick, tick)}</text>'
        for tick in _TICKS
    )
    return _svg("axis", ticks)


def rung(before: float | None, after: Mapping[str, Any], *, last: bool) -> str:
    """One step: where the probability was, where it went, and its interval.

    ``before`` is a share of 1 or None at the first step; ``after`` has median, low and high.
    """
    parts = [_grid(), _range(after)]
    if before is not None:
        parts.append(f'<line class="link" x1="{_x(before)}" x2="{_x(before)}" y1="0" y2="{_Y}"/>')
        parts.append(f'<line class="move" x1="{_x(before)}" x2="{_x(after["median"])}" y1="{_Y}" y2="{_Y}"/>')
        parts.append(f'<circle class="from" cx="{_x(before)}" cy="{_Y}" r="3.5"/>')
    if not last:
        parts.append(f'<line class="link" x1="{_x(after["median"])}" x2="{_x(after["median"])}" y1="{_Y}" y2="100%"/>')
    parts.append(f'<circle class="dot" cx="{_x(after["median"])}" cy="{_Y}" r="6"/>')
    return _svg("track", "".join(parts))


def whisker(after: Mapping[str, Any], reference: float | None) -> str:
    """Another reading of the same findings: its interval and median, with the answer's median as a dashed line."""
    parts = [_grid(), _range(after)]
    if reference is not None:
        parts.append(f'<line class="reference" x1="{_x(reference)}" x2="{_x(reference)}" y1="0" y2="100%"/>')
    parts.append(f'<circle class="other" cx="{_x(after["median"])}" cy="{_Y}" r="5"/>')
    return _svg("track", "".join(parts))


def _svg(kind: str, inside: str) -> str:
    return f'<svg class="{kind}" width="100%" height="100%" aria-hidden="true" focusable="false">{inside}</svg>'


def _grid() -> str:
    return "".join(f'<line class="grid" x1="{t}%" x2="{t}%" y1="0" y2="100%"/>' for t in _TICKS)


def _range(probability: Mapping[str, Any]) -> str:
    low, high = _x(probability["low"]), _x(probability["high"])
    return f'<line class="range" x1="{low}" x2="{high}" y1="{_Y}" y2="{_Y}"/>'


def _x(share: float) -> str:
    return f"{min(1.0, max(0.0, float(share))) * 100:.2f}%"
