"""How every picture looks: its frame with patient, side and warnings, colours, letters at the edges, the scale bar.

Colours are Okabe and Ito's, told apart by people who do not see red from green; lines differ in their dashes too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.planning.plan import Structure

DPI = 100
INK = "#1a1a1a"
PAPER = "#ffffff"
WARNING = "#a02c00"
IMPLANT = "#E69F00"
PIN = "#0072B2"
COINCIDE = "#006d50"
BONE = "#F0E442"
HIP = "#ffffff"

STRUCTURE_COLOURS: Mapping[Structure, str] = {
    "s1_foramen": "#D55E00",
    "s2_foramen": "#CC79A7",
    "lower_foramina": "#8a5a9e",
    "canal": "#56B4E9",
    "anterior_sacrum": "#D55E00",
    "posterior_sacrum": "#999999",
    "endplate": "#0072B2",
    "notch": "#009E73",
    "ilium_wall": "#777777",
    "far_side": "#777777",
    "metal": "#000000",
}
"""One colour a structure, the same on every picture."""

STRUCTURE_DASHES: Mapping[Structure, str] = {"s2_foramen": "--", "lower_foramina": ":", "canal": "-.", "endplate": "--"}

_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands on a picture besides the picture: of whom, which side, from when, and what must be known first."""

    patient: str
    side: Side
    image_date: str
    warnings: tuple[str, ...]


def heading_of(pelvis: Pelvis, side: Side) -> Heading:
    """The heading of every picture of one joint."""
    source = pelvis.source
    named = ", ".join(part for part in (source.patient_name, source.patient_id) if part)
    warnings: list[str] = []
    if source.orientation == "unverified":
        warnings.append("ORIENTATION UNVERIFIED: a person has to settle left and right")
    return Heading(
        f"Patient: {named}" if named else "Patient: not named in the input",
        side,
        f"image of {source.image_date.isoformat()}" if source.image_date else "image date not given",
        tuple(warnings),
    )


def sheet(title: str, viewpoint: str, heading: Heading, size_in: tuple[float, float]) -> Any:
    """A figure with its heading at the top and its warning at the foot; draw between 0.07 and 0.9 of its height."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=size_in, dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    inch = 1 / size_in[1]
    figure.text(0.012, 1 - 0.10 * inch, title, fontsize=14, weight="bold", color=INK, va="top")
    told = f"{heading.patient}  ·  {heading.side.upper()} joint  ·  {heading.image_date}  ·  {viewpoint}"
    figure.text(0.012, 1 - 0.37 * inch, told, fontsize=9.5, color=INK, va="top")
    foot = "Not for unsupervised clinical use"
    figure.text(0.988, 0.08 * inch, foot, fontsize=9, weight="bold", color=WARNING, va="bottom", ha="right")
    if heading.warnings:
        told = "; ".join(heading.warnings)
        figure.text(0.012, 0.08 * inch, told, fontsize=9, weight="bold", color=WARNING, va="bottom")
    return figure


def as_png(figure: Any) -> bytes:
    """The figure as PNG."""
    out = BytesIO()
    figure.savefig(out, format="png", dpi=DPI, facecolor=PAPER, pil_kwargs={"compress_level": 3})
    return out.getvalue()


def halo(colour: str = "black", width: float = 2.2) -> list[Any]:
    """A rim around lines and letters, so that they are legible on dark and on light."""
    from matplotlib import patheffects

    effects: Any = patheffects
    return [effects.withStroke(linewidth=width, foreground=colour)]


def letter_of(direction: Floats) -> str:
    """The letters towards which a direction (3,) of the pelvic frame points: L R A P H F, the main one first."""
    size = np.abs(direction) / np.linalg.norm(direction)
    order = [int(axis) for axis in np.argsort(-size) if size[axis] > 0.38]
    return "".join(_LETTERS[axis][0 if direction[axis] > 0 else 1] for axis in order[:2])


def edge_letters(axes: Any, right: Floats, up: Floats, *, light: bool = False) -> None:
    """Letters in the middle of the four edges: what lies towards them."""
    ink, rim = (INK, "white") if light else ("white", "black")
    for x, y, way, ha, va in (
        (0.99, 0.5, right, "right", "center"), (0.01, 0.5, -right, "left", "center"),
        (0.5, 0.99, up, "center", "top"), (0.5, 0.01, -up, "center", "bottom"),
    ):  # fmt: skip
        axes.text(
            x, y, letter_of(way), transform=axes.transAxes, ha=ha, va=va, fontsize=11, weight="bold", color=ink,
            path_effects=halo(rim),
        )  # fmt: skip


def scale_bar(axes: Any, length_mm: float, units_per_mm: float = 1.0, *, light: bool = False) -> None:
    """A bar of this length at the lower left; `units_per_mm` where the axes are not in millimetres."""
    ink, rim = (INK, "white") if light else ("white", "black")
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    start, height = left + 0.04 * (right - left), bottom + 0.05 * (top - bottom)
    axes.plot(
        [start, start + length_mm * units_per_mm * np.sign(right - left)], [height, height], color=ink, lw=2.5,
        path_effects=halo(rim, 4.5), solid_capstyle="butt",
    )  # fmt: skip
    axes.text(
        start, height + 0.02 * (top - bottom), f"{length_mm:.0f} mm", color=ink, fontsize=8.5, ha="left", va="bottom",
        path_effects=halo(rim),
    )  # fmt: skip


def bare(axes: Any) -> None:
    """Axes without ticks, with a thin frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#888888")
        spine.set_linewidth(0.6)


def wrapped(text: str, width: int) -> str:
    """Text broken into lines of at most this many characters, its own breaks kept."""
    return "\n".join("\n".join(textwrap.wrap(part, width)) for part in text.split("\n"))
