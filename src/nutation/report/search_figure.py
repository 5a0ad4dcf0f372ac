"""The trade-off curve of a design search as a picture: margin across, held motion upwards, every construct a point.

It is drawn once, as SVG for print and as PNG. Where a motion is withheld there is no percent to draw: constructs then
stand at their places in the order. Ranges are lines without caps, so that they do not look like confidence intervals.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import numpy as np

from nutation.report import stability_words as said
from nutation.report import words
from nutation.report.search_told import margin
from nutation.report.stability_figures import BAND, CONSTRUCT, INK, PAPER, SOFT, UNTOLD, WARNING

Plain = dict[str, Any]

WIDE_IN, HIGH_IN = 7.4, 5.4
"""As wide as a printed page's text."""
PRINT_DPI = 200
SHAPES = {1: "o", 2: "s", 3: "^"}
"""Markers by the number of implants."""
LINE_SIGNS = 112
"""Signs of a line of small print across the picture."""
AWAY_PT = 14.0
"""How far a letter stands from its point, in points of print."""
CLEAR_OF = 1.6
"""A letter that stands so many times as far from every other point reads as its own point's."""
WAYS = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 0), (-1, 1), (-1, -1))
"""Where a letter may stand beside its point, the first free one is taken."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The picture, with its title and itself in words."""

    title: str
    svg: bytes
    png: bytes
    alt: str


def curve(document: Plain, told: Plain) -> Curve:
    """The picture of a search, of its document (``stability --search --json``) and its words (``search_told.told``):
    a picture that is printed alone still says whose joint it is."""
    import matplotlib

    found: Plain = document["search"]
    library = cast("Any", matplotlib)
    # Letters as outlines: the file then prints alike everywhere. The salt keeps the same search the same file.
    with library.rc_context({"svg.fonttype": "path", "svg.hashsalt": "nutation"}):
        figure = _drawn(document, found, words.cleaned(told["line"]), words.cleaned(told["notice"]))
        svg = _saved(figure, "svg", metadata={"Date": None, "Creator": None})
        png = _saved(figure, "png", dpi=PRINT_DPI)
    title = f"Margin against held motion, {document['side']} joint"
    return Curve(title, svg, png, f"{title}. {_in_words(found)}")


def _drawn(document: Plain, found: Plain, line: str, notice: str) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(WIDE_IN, HIGH_IN), facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0.1, 0.225, 0.87, 0.645))
    figure.text(0.1, 0.96, f"Margin against held motion, {said.JOINT[document['side']]}", fontsize=11, color=INK)
    figure.text(0.1, 0.945, textwrap.fill(line, LINE_SIGNS), fontsize=8, color=SOFT, va="top")
    figure.text(0.02, 0.012, notice, fontsize=7, color=SOFT)
    percent = not found["rests_on_withheld"]
    _frame(axes, document, found, percent=percent)
    points = {one["name"]: (100 * one["margin"]["worst_share"], _height(one, percent)) for one in found["candidates"]}
    for first, second in found["not_distinguishable"]:
        (x, y), (across, up) = points[first], points[second]
        axes.plot([x, across], [y, up], color=UNTOLD, lw=1.0, ls=(0, (1, 2)), alpha=0.8, zorder=1)
    front = [points[name] for name in found["front"]]
    axes.plot([x for x, _ in front], [y for _, y in front], color=CONSTRUCT, lw=1.2, alpha=0.45, zorder=1.5)
    for one in found["candidates"]:
        _point(axes, one, points[one["name"]], chosen=one["name"] == found["chosen"]["name"], percent=percent)
    _refused(axes, found)
    _letters(figure, axes, [(one["mark"], points[one["name"]]) for one in found["candidates"]])
    _key(figure, found, percent=percent)
    return figure


def _height(one: Plain, percent: bool) -> float:
    return float(one["reduction_pct"]["mean"]["base"]) if percent else -float(one["place"])


def _frame(axes: Any, document: Plain, found: Plain, *, percent: bool) -> None:
    limit = 100 * found["limit"]["share"]
    over = found["limit"]["over_mm"]
    shares = [100 * one["margin"]["worst_share"] for one in (*found["candidates"], *found["refused"])]
    axes.set_xlim(0, max(1.12 * max(*shares, limit), limit + 1))
    axes.axvspan(limit, axes.get_xlim()[1], color=BAND, lw=0, zorder=0)
    axes.text(
        (limit + axes.get_xlim()[1]) / 2, 0.5, f"over the limit of {limit:g} %", transform=axes.get_xaxis_transform(),
        ha="center", va="center", rotation=90, fontsize=8.5, color=SOFT,
    )  # fmt: skip
    axes.set_xlabel(
        f"executions in which the worst implant breaches by over {over:g} mm, %   (more margin to the left)",
        color=INK, fontsize=9.5,
    )  # fmt: skip
    if percent:
        axes.set_ylabel("motion less than intact, mean of the three, %", color=INK, fontsize=9.5)
    else:
        count = len(found["candidates"])
        axes.set_ylabel("place in the order (percent is withheld)", color=WARNING, fontsize=9.5)
        axes.set_yticks([-place for place in range(1, count + 1)], [str(place) for place in range(1, count + 1)])
        axes.set_ylim(-count - 0.7, -0.3)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(color=BAND, lw=0.8)
    axes.set_axisbelow(True)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)


def _point(axes: Any, one: Plain, place: tuple[float, float], *, chosen: bool, percent: bool) -> None:
    x, y = place
    colour = CONSTRUCT if one["on_front"] else SOFT
    if percent:
        low, high = one["reduction_pct"]["mean"]["sensitivity_range"]
        axes.plot([x, x], [low, high], color=colour, lw=4, alpha=0.22, solid_capstyle="butt", zorder=1.2)
    shape = SHAPES.get(len(one["implants"]), "D")
    if chosen:
        axes.plot([x], [y], "o", ms=17, mfc="none", mec=INK, mew=1.6, zorder=2.5)
    axes.plot([x], [y], shape, ms=8, mfc=colour if one["on_front"] else PAPER, mec=colour, mew=1.5, zorder=3)


def _refused(axes: Any, found: Plain) -> None:
    """Constructs over the limit stand on the lower edge: nobody asked how they hold."""
    for one in found["refused"]:
        axes.plot(
            [100 * one["margin"]["worst_share"]], [0.03], "x", transform=axes.get_xaxis_transform(), color=WARNING,
            ms=7, mew=1.6, zorder=3,
        )  # fmt: skip


def _letters(figure: Any, axes: Any, points: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """Each letter beside its point, where no other point or letter stands."""
    axes.autoscale_view()  # else the axes' ends, and with them all places, are settled only when it is drawn
    pixels = axes.transData.transform([place for _, place in points])
    step = AWAY_PT * figure.dpi / 72
    taken = [tuple(float(value) for value in place) for place in pixels]
    low, high = axes.transAxes.transform([(0, 0), (1, 1)])
    for number, ((mark, place), (x, y)) in enumerate(zip(points, pixels, strict=True)):
        others = [*taken[:number], *taken[number + 1 :]]
        free = max(WAYS, key=lambda way: _room((x + way[0] * step, y + way[1] * step), others, low, high, step))
        at = (float(x + free[0] * step), float(y + free[1] * step))
        taken.append(at)
        axes.annotate(
            mark, place, xytext=(free[0] * AWAY_PT, free[1] * AWAY_PT), textcoords="offset points", ha="center",
            va="center", fontsize=9.5, weight="bold", color=INK, zorder=4,
        )  # fmt: skip


def _room(at: tuple[float, float], taken: Sequence[tuple[float, ...]], low: Any, high: Any, step: float) -> float:
    """How far a place is from what is taken, as far as it matters; none outside the axes."""
    x, y = at
    if not (low[0] < x < high[0] and low[1] < y < high[1]):
        return -1.0
    nearest = min((((x - other[0]) ** 2 + (y - other[1]) ** 2) ** 0.5 for other in taken), default=np.inf)
    return float(min(nearest, CLEAR_OF * step))


def _key(figure: Any, found: Plain, *, percent: bool) -> None:
    from matplotlib.lines import Line2D

    line: Any = Line2D
    shapes = sorted({len(one["implants"]) for one in found["candidates"]})
    entries: list[tuple[Any, str]] = [
        (line([], [], ls="", marker="o", ms=13, mfc="none", mec=INK, mew=1.6), "chosen"),
        (line([], [], ls="-", color=CONSTRUCT, marker="o", ms=7), "on the front"),
        (line([], [], ls="", marker="o", ms=7, mfc=PAPER, mec=SOFT, mew=1.5), "not on it"),
        (line([], [], color=UNTOLD, lw=1.2, ls=(0, (1, 2))), "cannot be told apart"),
    ]
    if percent:
        entries.append((line([], [], color=SOFT, lw=4, alpha=0.4), "sensitivity range"))
    if found["refused"]:
        entries.append((line([], [], ls="", marker="x", ms=7, mew=1.6, color=WARNING), "over the limit, not solved"))
    entries += [
        (line([], [], ls="", marker=SHAPES.get(count, "D"), ms=7, color=SOFT), words.count(count, "implant"))
        for count in shapes
    ]
    figure.legend(
        [handle for handle, _ in entries], [text for _, text in entries], loc="lower left",
        bbox_to_anchor=(0.01, 0.028), ncols=4, fontsize=8.5, frameon=False, labelcolor=INK, columnspacing=1.6,
        handletextpad=0.6,
    )  # fmt: skip


def _in_words(found: Plain) -> str:
    told: list[str] = []
    for one in found["candidates"]:
        mean = one["reduction_pct"]["mean"]
        held = f"place {one['place']}" if mean is None else f"{said.pct(mean['base'])} less motion than intact"
        marks = ", chosen" if one["name"] == found["chosen"]["name"] else ""
        marks += ", on the front" if one["on_front"] else ""
        told.append(f"{one['mark']}, {one['name']}: {margin(one)} over the grade, {held}{marks}")
    refused = "".join(f"; {one['name']}: {margin(one)}, over the limit, not solved" for one in found["refused"])
    return "; ".join(told) + refused + "."


def _saved(figure: Any, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    figure.savefig(out, format=kind, facecolor=PAPER, **options)
    return out.getvalue()
