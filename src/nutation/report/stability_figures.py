"""Figures of a study: motion by construct with its sensitivity range, and differences between constructs about zero.

A withheld motion is an empty panel that says so. Ranges are drawn as lines without caps, so that they do not look like
confidence intervals.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from nutation.report import stability_words as said
from nutation.report import words

Plain = dict[str, Any]

DPI = 110
INK, SOFT, PAPER, WARNING = "#1a1a1a", "#5b6870", "#ffffff", "#a02c00"
INTACT, BAND, CONSTRUCT, BETTER, UNTOLD = "#7d8c95", "#e6ebee", "#0072B2", "#009E73", "#D55E00"
"""Okabe and Ito's colours, told apart without red from green; markers differ too."""

NAME_SIGNS = 24
"""Names of constructs are broken after this many signs."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as PNG, with its title and itself in words."""

    title: str
    png: bytes
    alt: str


def figures(document: Plain) -> tuple[Figure, ...]:
    """Motion by construct of each joint, and the differences where an order is given."""
    other: Plain | None = document.get("other_joint")
    made: list[Figure] = []
    for one in (document, *([other] if other else [])):
        made.append(motion_figure(one))
        if one["order"]["given"]:
            made.append(difference_figure(one))
    return tuple(made)


def motion_figure(document: Plain) -> Figure:
    """Range of motion by construct, a panel a motion: a dot for base values, a line over the settings."""
    names = ["intact joint", *(str(one["name"]) for one in document["constructs"])]
    figure = _new(1.3 + 0.45 * len(names))
    title = f"Range of motion of the {document['side']} joint"
    told: list[str] = []
    for number, (name, text) in enumerate(said.MOTION.items()):
        axes: Any = figure.add_subplot(1, 3, number + 1)
        low, high = document["bands"][name]
        rows = [document["intact"]["rom_deg"][name]]
        rows += [one["directions"][name]["rom_deg"] for one in document["constructs"]]
        _frame(axes, words.sentence(text), names if number == 0 else [""] * len(names))
        if rows[0] is None:
            _withheld(axes)
            told.append(f"{text}: withheld")
            continue
        axes.axvspan(low, high, color=BAND, lw=0, label="published band of the intact joint")
        for place, by_setting in enumerate(rows):
            values = list(by_setting.values())
            colour = CONSTRUCT if place else INTACT
            axes.plot([min(values), max(values)], [place, place], color=colour, lw=5, alpha=0.35, solid_capstyle="butt")
            axes.plot([values[0]], [place], "o" if place else "s", color=colour, ms=7)
            told.append(f"{text}, {names[place]}: {values[0]:.2f}°, from {min(values):.2f} to {max(values):.2f}°")
        axes.set_xlim(left=0)
        axes.set_xlabel("degrees", color=SOFT)
    swept = "line: sensitivity range over the settings" if len(document["settings"]) > 1 else "nothing was swept"
    _foot(figure, f"Dot: base values; {swept}; no confidence interval. Grey: published band of the intact joint.")
    return Figure(title, _png(figure), f"{title}. {'; '.join(told)}.")


def difference_figure(document: Plain) -> Figure:
    """Differences of reduction between constructs, by pair and motion, about a zero line."""
    pairs = document["order"]["pairs"]
    columns = {**said.MOTION, "mean": "mean of the three"}
    names = [f"{said.named(one['first'])} against {said.named(one['second'])}" for one in pairs]
    figure = _new(1.3 + 0.55 * len(names))
    title = f"Differences between constructs, {document['side']} joint"
    told: list[str] = []
    for number, (name, text) in enumerate(columns.items()):
        axes: Any = figure.add_subplot(1, 4, number + 1)
        _frame(axes, words.sentence(text), names if number == 0 else [""] * len(names))
        axes.axvline(0, color=INK, lw=1.2)
        if all(one["difference_pct"][name] is None for one in pairs):
            _withheld(axes)
            told.append(f"{text}: withheld")
            continue
        for place, one in enumerate(pairs):
            low, high = one["difference_pct"][name]
            verdict = one["overall"] if name == "mean" else one["by_motion"][name]
            clear = verdict != "not_distinguishable"
            colour = BETTER if clear else UNTOLD
            axes.plot([low, high], [place, place], color=colour, lw=6, solid_capstyle="butt")
            axes.plot([low, high], [place, place], "|" if clear else "x", color=colour, ms=9)
            told.append(f"{text}, {names[place]}: {said.points([low, high])}, {said.VERDICT[verdict]}")
        axes.set_xlabel("points of reduction", color=SOFT)
    doubt = f"{100 * document['order']['mesh_doubt_share']:g} %"
    _foot(
        figure,
        f"Right of zero the first holds better. Green: in every setting, by more than the mesh leaves open ({doubt} of "
        "the motion). Orange, ended by crosses: not distinguishable.",
    )
    return Figure(title, _png(figure), f"{title}. {'; '.join(told)}.")


def _new(height_in: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawn

    figure: Any = Drawn(figsize=(11.0, max(height_in, 2.4)), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def _frame(axes: Any, title: str, names: list[str]) -> None:
    axes.set_title(title, fontsize=10.5, color=INK, loc="left")
    axes.set_yticks(range(len(names)), [textwrap.fill(name, NAME_SIGNS) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(colors=INK, labelsize=9, left=False)
    axes.grid(axis="x", color=BAND, lw=0.8)
    axes.set_axisbelow(True)
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)


def _withheld(axes: Any) -> None:
    axes.set_xticks([])
    axes.text(
        0.5, 0.5, "withheld", transform=axes.transAxes, ha="center", va="center", color=WARNING, fontsize=11,
        weight="bold",
    )  # fmt: skip


def _foot(figure: Any, text: str) -> None:
    figure.text(0.01, 0.012, text, fontsize=8.5, color=SOFT, va="bottom")
    figure.tight_layout(rect=(0, 0.06 + 0.12 / figure.get_figheight(), 1, 1))


def _png(figure: Any) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", dpi=DPI, facecolor=PAPER)
    return out.getvalue()
