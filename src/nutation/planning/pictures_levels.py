"""The levels as proposed, to be settled by a person: the sacrum from the front and from the side."""

from __future__ import annotations

from typing import Any

import numpy as np

from nutation.anatomy.pelvis import LevelBand, Pelvis
from nutation.anatomy.space import Floats, unit
from nutation.planning.pictures_slices import Plane, draw_plane
from nutation.planning.pictures_style import (
    INK,
    STRUCTURE_COLOURS,
    STRUCTURE_DASHES,
    WARNING,
    Heading,
    as_png,
    halo,
    scale_bar,
    sheet,
    wrapped,
)
from nutation.planning.plan import STRUCTURES, Structure
from nutation.planning.views_landmarks import midline_x

_BAND_COLOURS = {"s1": "#E69F00", "s2": "#56B4E9"}
_HALF_MM = (80.0, 62.0)


def levels_picture(pelvis: Pelvis, heading: Heading) -> tuple[bytes, str] | None:
    """Bands of S1 and S2 on two slices through the sacrum, as PNG, with the picture in words; None without levels."""
    bands = pelvis.levels.bands
    if not bands:
        return None
    first = bands.get("s1") or next(iter(bands.values()))
    centre = np.mean([band.centre_mm for band in bands.values()], axis=0)
    centre[0] = midline_x(pelvis)
    axis = unit(np.array([0.0, first.axis[1], first.axis[2]]))
    back = np.array([0.0, axis[2], -axis[1]])
    left = np.array([1.0, 0.0, 0.0])
    title = "Sacral levels as proposed: a person settles them before any plan is used"
    figure = sheet(title, "two slices through the sacrum", heading, (14.0, 7.4))
    # From the front the slice follows the sacral axis behind the bodies, where the foramina open.
    planes = (
        ("Along the sacral axis, from the front through the foramina", Plane(centre + 8 * back, left, axis, *_HALF_MM)),
        (
            "In the midline, from the side",
            Plane(centre, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), *_HALF_MM),
        ),
    )
    shown: set[Structure] = set()
    for place, (name, plane) in enumerate(planes):
        axes = figure.add_axes((0.012 + place * 0.494, 0.19, 0.482, 0.69))
        shown.update(draw_plane(axes, pelvis, plane))
        for band in bands.values():
            _band(axes, plane, band)
        _endplate(axes, plane, pelvis)
        axes.set_aspect("equal")
        axes.set_title(name, fontsize=10, color=INK, pad=4)
        scale_bar(axes, 20)
    _legend(figure, shown)
    basis = " ".join(f"{band.level.upper()}: {band.basis}." for band in bands.values())
    warnings = " ".join(pelvis.levels.warnings)
    figure.text(0.012, 0.10, wrapped(f"Read from: {basis}", 170), fontsize=9, color=INK, va="top")
    if warnings:
        figure.text(0.012, 0.065, wrapped(warnings, 150), fontsize=9, color=WARNING, va="top")
    return as_png(figure), f"{title}. {basis} {warnings}".strip()


def _band(axes: Any, plane: Plane, band: LevelBand) -> None:
    colour = _BAND_COLOURS.get(band.level, "#ffffff")
    middle = plane.flat(band.centre_mm[None])[0]
    for along in (band.lower_mm, band.upper_mm):
        height = plane.flat((band.centre_mm + along * band.axis)[None])[0]
        across = _across(plane, band)
        ends = np.stack([height - 52 * across, height + 52 * across])
        axes.plot(ends[:, 0], ends[:, 1], color=colour, lw=1.6, ls=(0, (6, 3)), path_effects=halo("black", 2.8))
    axes.plot([middle[0]], [middle[1]], "+", ms=10, mew=1.8, color=colour, path_effects=halo("black", 2.8))
    label = middle - 44 * _across(plane, band)
    axes.text(
        label[0], label[1], band.level.upper(), fontsize=15, weight="bold", color=colour, va="center", ha="center",
        path_effects=halo("black", 3.0),
    )  # fmt: skip


def _across(plane: Plane, band: LevelBand) -> Floats:
    """The band's own level line in the plane: square to its axis."""
    along = np.array([band.axis @ plane.right, band.axis @ plane.up])
    size = float(np.hypot(*along)) or 1.0
    return np.array([along[1], -along[0]]) / size


def _endplate(axes: Any, plane: Plane, pelvis: Pelvis) -> None:
    centre, normal = pelvis.landmarks.get("s1_endplate_centre"), pelvis.directions.get("s1_endplate_normal")
    if centre is None or normal is None:
        return
    flat = plane.flat(centre[None])[0]
    along = np.array([normal @ plane.up, -(normal @ plane.right)])
    along = along / (float(np.hypot(*along)) or 1.0)
    ends = np.stack([flat - 26 * along, flat + 26 * along])
    axes.plot(ends[:, 0], ends[:, 1], color=STRUCTURE_COLOURS["endplate"], lw=2.2, path_effects=halo("white", 3.4))


def _legend(figure: Any, shown: set[Structure]) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = [
        Line2D([], [], color=_BAND_COLOURS["s1"], lw=2, ls=(0, (6, 3)), label="S1 as proposed"),
        Line2D([], [], color=_BAND_COLOURS["s2"], lw=2, ls=(0, (6, 3)), label="S2 as proposed"),
        Line2D([], [], color=STRUCTURE_COLOURS["endplate"], lw=2.4, label="S1 endplate"),
        Line2D([], [], color="#b9ad00", lw=2, label="sacrum"),
    ]
    handles += [
        Line2D([], [], color=STRUCTURE_COLOURS[name], lw=2.4, ls=STRUCTURE_DASHES.get(name, "-"), label=said)
        for name, said in STRUCTURES.items()
        if name in shown
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.008, 0.115), ncol=len(handles), fontsize=9, frameon=False,
        handlelength=2.8,
    )  # fmt: skip
