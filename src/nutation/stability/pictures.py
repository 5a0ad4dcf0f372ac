"""Pictures of a joint's ligaments: bones from the front, the back, the side and from within, with every footprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import numpy as np
from scipy import ndimage

from nutation.anatomy.pelvis import HIP_OF, L5, LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.stability.footprints import LIGAMENTS, Footprint, LigamentName, Ligaments

DPI = 100
INK, PAPER, WARNING = "#1a1a1a", "#ffffff", "#a02c00"

COLOURS: Mapping[LigamentName, str] = {
    "anterior_sacroiliac": "#0072B2",
    "interosseous": "#D55E00",
    "short_posterior": "#E69F00",
    "long_posterior": "#009E73",
    "sacrospinous": "#CC79A7",
    "sacrotuberous": "#8a5a9e",
    "iliolumbar": "#56B4E9",
}
"""One colour a ligament (Okabe and Ito's, told apart without red from green)."""

HIDDEN_MM = 4.0
"""A footprint's point this far behind the foremost bone is hidden in the view."""

SHADE_MM = 1.2
"""Smoothing of the bones before they are shaded: a map's steps would look like ridges."""

_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking: along `axis` of the pelvic frame, towards `sign`; `right` is +1 where the other horizontal
    axis grows to the right of the picture."""

    title: str
    axis: int
    sign: float
    right: float
    codes: tuple[int, ...]


def views_of(side: Side) -> tuple[View, ...]:
    """The four views of one side's ligaments."""
    hip = HIP_OF[side]
    outer = -1.0 if side == "left" else 1.0
    whole = (SACRUM, LEFT_HIP, RIGHT_HIP, L5)
    return (
        View("from the front", 1, 1.0, 1.0, whole),
        View("from behind", 1, -1.0, -1.0, whole),
        View(f"from the {side}", 0, outer, -outer, (SACRUM, hip, L5)),
        View(f"{side} hip bone alone, from within", 0, -outer, outer, (hip,)),
    )


def ligament_picture(pelvis: Pelvis, ligaments: Ligaments) -> tuple[bytes, str]:
    """The footprints of one side's ligaments on the bones as PNG, with the picture in words."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    title = "Ligament footprints used by the stability model"
    figure: Any = Figure(figsize=(17.0, 12.6), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.text(0.012, 0.992, title, fontsize=14, weight="bold", color=INK, va="top")
    figure.text(0.012, 0.970, _heading(pelvis, ligaments.side), fontsize=9.5, color=INK, va="top")
    places = ((0.01, 0.50, 0.40, 0.44), (0.01, 0.04, 0.40, 0.44), (0.42, 0.50, 0.285, 0.44), (0.42, 0.04, 0.285, 0.44))
    for view, place in zip(views_of(ligaments.side), places, strict=True):
        _draw(figure.add_axes(place), view, pelvis, ligaments)
    words = _legend(figure, ligaments)
    _foot(figure, pelvis)
    out = BytesIO()
    figure.savefig(out, format="png", dpi=DPI, facecolor=PAPER, pil_kwargs={"compress_level": 3})
    return out.getvalue(), f"{title}, {ligaments.side} joint, in four views. {words}"


def _heading(pelvis: Pelvis, side: Side) -> str:
    source = pelvis.source
    named = ", ".join(part for part in (source.patient_name, source.patient_id) if part)
    patient = f"Patient: {named}" if named else "Patient: not named in the input"
    dated = f"image of {source.image_date.isoformat()}" if source.image_date else "image date not given"
    return f"{patient}  ·  {side.upper()} joint  ·  {dated}  ·  along the axes of the pelvic frame"


def _foot(figure: Any, pelvis: Pelvis) -> None:
    foot = "Not for unsupervised clinical use"
    figure.text(0.988, 0.008, foot, fontsize=9, weight="bold", color=WARNING, va="bottom", ha="right")
    if pelvis.source.orientation == "unverified":
        told = "ORIENTATION UNVERIFIED: a person has to settle left and right"
        figure.text(0.012, 0.008, told, fontsize=9, weight="bold", color=WARNING, va="bottom")


def _draw(axes: Any, view: View, pelvis: Pelvis, ligaments: Ligaments) -> None:
    """The bones in one view, shaded, and the footprints on them: full where they are seen, faint where hidden."""
    across = 1 - view.axis
    depth, shade, low, high = _relief(view, pelvis)
    axes.imshow(
        shade.T, origin="lower", cmap="gray", vmin=-0.25, vmax=1.15, interpolation="bilinear",
        extent=(low[across], high[across], low[2], high[2]),
    )  # fmt: skip
    for name, ligament in ligaments.found.items():
        both = (ligament.origin, ligament.insertion)
        for one in both:
            if one.bone in view.codes:
                _points(axes, view, pelvis, one, depth, COLOURS[name])
        if all(one.bone in view.codes for one in both):
            ends = np.stack([one.centre_mm for one in both])
            axes.plot(ends[:, across], ends[:, 2], color=COLOURS[name], lw=2.2, alpha=0.9, solid_capstyle="round")
        for one in both:
            if one.bone in view.codes:
                axes.plot(one.centre_mm[across], one.centre_mm[2], "o", ms=6, mfc="white", mec=COLOURS[name], mew=1.8)
        named = ligament.insertion.centre_mm
        _label(axes, str(list(LIGAMENTS).index(name) + 1), named[across], named[2], COLOURS[name])
    if view.right < 0:
        axes.invert_xaxis()
    _edges(axes, view)
    axes.set_title(view.title, fontsize=11, color=INK, loc="left", pad=3)
    axes.set_xticks([])
    axes.set_yticks([])
    _bar(axes)


def _relief(view: View, pelvis: Pelvis) -> tuple[Floats, Floats, Floats, Floats]:
    """Depth (n, m) of the foremost bone along the view, its shading, and the picture's lower and upper corners (mm)."""
    bone = pelvis.bone(*view.codes)
    spacing = pelvis.spacing_mm
    turned = np.moveaxis(bone, view.axis, 0)
    if view.sign < 0:
        turned = turned[::-1]
    depth = np.where(turned.any(axis=0), turned.argmax(axis=0), np.nan).astype(np.float64) * spacing
    far = float(np.nanmax(depth))
    filled = np.where(np.isnan(depth), far, depth)
    smooth = np.asarray(cast("Any", ndimage).gaussian_filter(filled, SHADE_MM / spacing), dtype=np.float64)
    first, second = np.gradient(smooth, spacing)
    shade = (1.0 - 0.25 * first + 0.35 * second) / np.sqrt(1.0 + first**2 + second**2) - 0.18 * filled / max(far, 1.0)
    shade = np.where(np.isnan(depth), 1.15, np.clip(shade, -0.1, 1.05))
    low = pelvis.low_mm - spacing / 2
    return depth, shade, low, low + np.array(bone.shape) * spacing


def _points(axes: Any, view: View, pelvis: Pelvis, one: Footprint, depth: Floats, colour: str) -> None:
    across = 1 - view.axis
    index = np.clip(np.round(pelvis.index(one.points_mm)).astype(np.int64), 0, np.array(pelvis.labels.shape) - 1)
    along = index[:, view.axis] if view.sign > 0 else pelvis.labels.shape[view.axis] - 1 - index[:, view.axis]
    front = depth[index[:, across], index[:, 2]]
    seen = along * pelvis.spacing_mm - np.where(np.isnan(front), np.inf, front) < HIDDEN_MM
    strength = one.weights_mm2 / one.weights_mm2.max()
    for chosen, most in ((~seen, 0.10), (seen, 0.75)):
        if not chosen.any():
            continue
        axes.scatter(
            one.points_mm[chosen, across], one.points_mm[chosen, 2], s=5, c=colour, linewidths=0,
            alpha=most * np.sqrt(strength[chosen]),
        )  # fmt: skip


def _label(axes: Any, text: str, x: float, z: float, colour: str) -> None:
    from matplotlib import patheffects

    effects: Any = patheffects
    rim = [effects.withStroke(linewidth=2.5, foreground="white")]
    axes.annotate(
        text, (x, z), xytext=(7, 5), textcoords="offset points", fontsize=11, weight="bold", color=colour,
        path_effects=rim,
    )  # fmt: skip


def _edges(axes: Any, view: View) -> None:
    """Letters at the edges: what lies towards them."""
    across = _LETTERS[1 - view.axis]
    right, left = across if view.right > 0 else across[::-1]
    for x, y, letter, ha, va in (
        (0.99, 0.5, right, "right", "center"), (0.01, 0.5, left, "left", "center"),
        (0.5, 0.99, "H", "center", "top"), (0.5, 0.01, "F", "center", "bottom"),
    ):  # fmt: skip
        axes.text(x, y, letter, transform=axes.transAxes, ha=ha, va=va, fontsize=11, weight="bold", color=INK)


def _bar(axes: Any, length_mm: float = 50.0) -> None:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    start, height = left + 0.03 * (right - left), bottom + 0.03 * (top - bottom)
    axes.plot([start, start + length_mm * np.sign(right - left)], [height, height], color=INK, lw=2.5)
    axes.text(start, height + 0.012 * (top - bottom), f"{length_mm:.0f} mm", fontsize=8.5, color=INK)


def _legend(figure: Any, ligaments: Ligaments) -> str:
    """The ligaments by number with length and areas; those left out, and why. Returns the same as one text."""
    import textwrap

    told: list[str] = []
    y = 0.93
    for number, (name, words) in enumerate(LIGAMENTS.items(), 1):
        found = ligaments.found.get(name)
        if found is None:
            text = f"left out: {ligaments.missing[name]}"
        else:
            text = (
                f"{found.length_mm:.0f} mm between the middles; footprints {found.origin.area_mm2:.0f} and "
                f"{found.insertion.area_mm2:.0f} mm²"
            )
            text += f"; attached to {found.stand_in}" if found.stand_in else ""
            text += "".join(f"; {doubt}" for doubt in found.doubts)
        colour = COLOURS[name] if found else "#777777"
        figure.text(0.725, y, f"{number}  {words}", fontsize=11.5, weight="bold", color=colour, va="top")
        lines = textwrap.wrap(text, 46)
        figure.text(0.742, y - 0.019, "\n".join(lines), fontsize=9.5, color=INK, va="top")
        y -= 0.040 + 0.0155 * len(lines)
        told.append(f"{number}, {words}: {text}")
    note = (
        "Coloured points: the footprint on the bone's surface, faint where bone hides it. Lines: from middle to "
        "middle; each ligament pulls between the mean displacements of its two footprints."
    )
    figure.text(0.725, y - 0.01, "\n".join(textwrap.wrap(note, 50)), fontsize=9, color=INK, va="top")
    return ". ".join(told) + "."
