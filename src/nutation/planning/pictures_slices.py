"""Slices along and across one implant: image, bone outlines, structures to be spared, the implant, its clearance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import CANAL, FORAMINA, LEFT_GAP, LEFT_HIP, METAL, RIGHT_GAP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.solids import axes as implant_axes
from nutation.anatomy.solids import section_outline
from nutation.anatomy.space import Floats, unit
from nutation.planning.boundary import Boundary
from nutation.planning.fluoroscopy import section_walls
from nutation.planning.fluoroscopy_filters import sampled
from nutation.planning.pictures_nearest import Nearest, nearest_of
from nutation.planning.pictures_style import (
    BONE,
    HIP,
    IMPLANT,
    INK,
    STRUCTURE_COLOURS,
    STRUCTURE_DASHES,
    Heading,
    as_png,
    bare,
    edge_letters,
    halo,
    scale_bar,
    sheet,
    wrapped,
)
from nutation.planning.plan import STRUCTURES, PlannedImplant, Structure
from nutation.planning.views_landmarks import midline_x

_STEP_MM = 0.5
_BONE_WINDOW_HU = (-250, 1050)  # the usual bone window: trabeculae and cortex both show
_OPENINGS: tuple[tuple[Structure, tuple[int, ...]], ...] = (
    ("canal", (CANAL,)),
    ("s1_foramen", (FORAMINA["s1_foramen_left"], FORAMINA["s1_foramen_right"])),
    ("s2_foramen", (FORAMINA["s2_foramen_left"], FORAMINA["s2_foramen_right"])),
    ("lower_foramina", (FORAMINA["lower_foramina"],)),
)
_FLAT_HU = {SACRUM: 420.0, LEFT_HIP: 520.0, RIGHT_HIP: 520.0, 4: 350.0, LEFT_GAP: 60.0, RIGHT_GAP: 60.0, METAL: 1050.0}


@dataclass(frozen=True, slots=True)
class Plane:
    """A picture plane: its middle (3,), its directions to the right and upwards (3,), its halves in millimetres."""

    centre_mm: Floats
    right: Floats
    up: Floats
    half_width_mm: float
    half_height_mm: float

    def points(self) -> Floats:
        """Points (rows, columns, 3), the lowest row first."""
        x = np.arange(-self.half_width_mm, self.half_width_mm + _STEP_MM / 2, _STEP_MM)
        y = np.arange(-self.half_height_mm, self.half_height_mm + _STEP_MM / 2, _STEP_MM)
        return self.centre_mm + x[None, :, None] * self.right + y[:, None, None] * self.up

    def flat(self, points_mm: Floats) -> Floats:
        """Points (n, 3) as they lie in the plane, (n, 2)."""
        away = points_mm - self.centre_mm
        return np.stack([away @ self.right, away @ self.up], axis=1)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Edges for matplotlib's `imshow`: left, right, bottom, top."""
        w, h = self.half_width_mm + _STEP_MM / 2, self.half_height_mm + _STEP_MM / 2
        return (-w, w, -h, h)


def draw_plane(axes: Any, pelvis: Pelvis, plane: Plane) -> list[Structure]:
    """Image, bone outlines and structures of one plane; gives the structures that it shows."""
    points = plane.points()
    index = pelvis.index(points.reshape(-1, 3))
    shape = points.shape[:2]
    labels = sampled(pelvis.labels, index, 0, 0.0).reshape(shape)
    low, high = _BONE_WINDOW_HU
    bones = {code: _soft(pelvis.labels, (code,), index, shape) for code in _FLAT_HU if (labels == code).any()}
    if pelvis.hu is not None:
        grey = sampled(pelvis.hu, index, 1, -1000.0).reshape(shape)
    else:
        grey = np.full(shape, -120.0)
        for code, soft in bones.items():
            grey[soft >= 0.5] = _FLAT_HU[code]
    axes.imshow(grey, cmap="gray", vmin=low, vmax=high, extent=plane.extent, origin="lower", interpolation="bilinear")
    for code, colour in ((SACRUM, BONE), (LEFT_HIP, HIP), (RIGHT_HIP, HIP)):
        if code in bones:
            _outline(axes, plane, bones[code], colour, 0.9, "-", fill=0.0)
    shown: list[Structure] = []
    openings = sampled(pelvis.openings.labels, index, 0, 0.0).reshape(shape)
    for structure, codes in _OPENINGS:
        if np.isin(openings, codes).any():
            soft = _soft(pelvis.openings.labels, codes, index, shape)
            colour = STRUCTURE_COLOURS[structure]
            _outline(axes, plane, soft, colour, 1.6, STRUCTURE_DASHES.get(structure, "-"), fill=0.28)
            shown.append(structure)
    axes.set_xlim(plane.extent[0], plane.extent[1])
    axes.set_ylim(plane.extent[2], plane.extent[3])
    bare(axes)
    edge_letters(axes, plane.right, plane.up)
    return shown


def _soft(labels: Any, codes: tuple[int, ...], index: Floats, shape: tuple[int, ...]) -> Floats:
    """A mask between voxels: linear where the codes end, so that outlines have no stairs."""
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 2, labels.shape)
    block = labels[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    mask = np.isin(block, codes).astype(np.float32)
    return sampled(mask, index - low, 1, 0.0).reshape(shape)


def _outline(axes: Any, plane: Plane, soft: Floats, colour: str, width: float, dash: str, *, fill: float) -> None:
    if soft.max() <= 0.5:
        return
    x = np.linspace(-plane.half_width_mm, plane.half_width_mm, soft.shape[1])
    y = np.linspace(-plane.half_height_mm, plane.half_height_mm, soft.shape[0])
    if fill:
        axes.contourf(x, y, soft, levels=[0.5, 2.0], colors=[colour], alpha=fill)
    axes.contour(x, y, soft, levels=[0.5], colors=[colour], linewidths=[width], linestyles=[dash])


def draw_implant(axes: Any, implant: Implant, plane: Plane) -> None:
    """The implant's cut through a plane that contains its axis, or its section where the plane lies across it."""
    direction = implant.pose.direction
    if abs(float(plane.right @ direction)) < 0.5:
        own = implant_axes(implant.pose)
        ring = section_outline(implant.size, 48)
        corners = implant.pose.entry_mm + ring @ own[:2]
        corners = corners + ((plane.centre_mm - corners) @ direction)[:, None] * direction
    else:
        up = unit(plane.up - (plane.up @ direction) * direction)
        above, below = _reach(implant, up), _reach(implant, -up)
        ends = [implant.pose.entry_mm, implant.tip_mm, implant.tip_mm, implant.pose.entry_mm]
        corners = np.array(ends) + np.array([above, above, -below, -below])[:, None] * up
    flat = plane.flat(np.concatenate([corners, corners[:1]]))
    axes.fill(flat[:, 0], flat[:, 1], color=IMPLANT, alpha=0.22, lw=0)
    axes.plot(flat[:, 0], flat[:, 1], color=IMPLANT, lw=1.8, path_effects=halo("black", 3.0))


def _reach(implant: Implant, way: Floats) -> float:
    """How far the section reaches from the axis in one direction across it."""
    if implant.size.section == "circle":
        return implant.size.diameter_mm / 2
    normals, offsets = section_walls(implant)
    speed = normals @ way
    return float((offsets[speed > 1e-9] / speed[speed > 1e-9]).min())


def implant_picture(
    planned: PlannedImplant, pelvis: Pelvis, heading: Heading, boundary: Boundary | None
) -> tuple[bytes, str]:
    """One implant's two long-axis slices and its cross sections, as PNG, with the picture in words."""
    implant = planned.implant
    direction = implant.pose.direction
    first, second = _across(direction)
    nearest = nearest_of(planned, pelvis, boundary)
    cuts = _cuts(planned, pelvis, nearest)
    along = direction * (1.0 if _shown_right(direction) else -1.0)
    middle = implant.pose.at(implant.size.length_mm / 2)
    half = max(48.0, implant.size.length_mm / 2 + 22.0)
    planes = (
        ("Along the implant, head upwards", Plane(middle, along, first, half, 40.0)),
        ("Along the implant, turned by 90°", Plane(middle, along, second, half, 40.0)),
    )
    title = f"{planned.position[:1].upper()}{planned.position[1:]} implant: {_size(implant)}"
    figure = sheet(title, "slices along the implant, and across it seen from its entry", heading, (14.0, 9.4))
    shown: set[Structure] = set()
    for place, (name, plane) in enumerate(planes):
        axes = figure.add_axes((0.012 + place * 0.494, 0.43, 0.482, 0.475))
        shown.update(draw_plane(axes, pelvis, plane))
        draw_implant(axes, implant, plane)
        _mark_depths(axes, implant, cuts, plane)
        if nearest is not None and abs(float(nearest.away @ plane.up)) > 0.6:
            _mark_nearest(axes, plane, nearest)
        axes.set_aspect("equal")
        axes.set_title(name, fontsize=10, color=INK, pad=4)
        scale_bar(axes, 20)
    width = 0.976 / len(cuts)
    for place, (name, depth) in enumerate(cuts):
        axes = figure.add_axes((0.012 + place * width, 0.135, width - 0.01, 0.235))
        plane = Plane(implant.pose.at(depth), np.cross(direction, first), first, 26.0, 22.0)
        shown.update(draw_plane(axes, pelvis, plane))
        draw_implant(axes, implant, plane)
        if nearest is not None and name.startswith("Nearest"):
            _mark_nearest(axes, plane, nearest)
        axes.set_aspect("equal")
        axes.set_title(f"{name}, {depth:.0f} mm deep", fontsize=9, color=INK, pad=3)
        scale_bar(axes, 10)
    _legend(figure, shown)
    words = _in_words(planned)
    figure.text(0.012, 0.03, wrapped(words, 195), fontsize=8.8, color=INK, va="bottom")
    return as_png(figure), f"{title}. Slices along and across the implant, {heading.side} joint. {words}"


def _shown_right(direction: Floats) -> bool:
    main = int(np.abs(direction).argmax())
    return bool(direction[main] > 0)


def _across(direction: Floats) -> tuple[Floats, Floats]:
    """Upwards on the picture: towards the head, and (at right angles) towards the front."""
    up = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.95 else np.array([0.0, -1.0, 0.0])
    first = unit(up - (up @ direction) * direction)
    second = np.cross(direction, first)
    main = int(np.abs(second).argmax())
    front = second[1] if abs(second[1]) > 0.3 else -second[main]
    return first, second * (-1.0 if front > 0 else 1.0)


def _cuts(planned: PlannedImplant, pelvis: Pelvis, nearest: Nearest | None) -> list[tuple[str, float]]:
    implant = planned.implant
    length = implant.size.length_mm
    cuts: list[tuple[str, float]] = [("Entry", 0.0)]
    joint = _joint_depth(planned)
    if joint is not None:
        cuts.append(("Joint crossing", joint))
    inward = float(implant.pose.direction[0])
    to_middle = (midline_x(pelvis) - float(implant.pose.entry_mm[0])) / inward if abs(inward) > 1e-6 else -1.0
    if 0 < to_middle < length - 4:
        cuts.append(("Middle of the sacrum", to_middle))
    elif joint is not None:
        cuts.append(("Halfway to the tip", (joint + length) / 2))
    cuts.append(("Tip", length))
    if nearest is not None:
        cuts.append(("Nearest", nearest.depth_mm))
    return cuts


def _joint_depth(planned: PlannedImplant) -> float | None:
    crossing = planned.purchase.crossing_mm
    if crossing is None:
        return None
    pose = planned.implant.pose
    return float(np.clip((crossing - pose.entry_mm) @ pose.direction, 0.0, planned.implant.size.length_mm))


def _mark_depths(axes: Any, implant: Implant, cuts: list[tuple[str, float]], plane: Plane) -> None:
    for _, depth in cuts:
        x, y = plane.flat(implant.pose.at(depth)[None])[0]
        axes.plot([x, x], [y - 8, y + 8], color="white", lw=0.8, ls=(0, (2, 2)), path_effects=halo("black", 1.6))


def _mark_nearest(axes: Any, plane: Plane, nearest: Nearest) -> None:
    ends = plane.flat(np.stack([nearest.on_implant_mm, nearest.on_structure_mm]))
    if np.abs(ends[1]).max() > min(plane.half_height_mm, plane.half_width_mm):
        return
    colour = STRUCTURE_COLOURS[nearest.structure]
    axes.plot(ends[:, 0], ends[:, 1], color=colour, lw=2.2, path_effects=halo("white", 3.6))
    way = ends[1] - ends[0]
    size = float(np.hypot(*way)) or 1.0
    at = ends[1] + way / size * 2.5
    axes.annotate(
        f"{nearest.clearance_mm:.1f} mm", ends.mean(axis=0), xytext=at + np.array([3.0, 0.0]), fontsize=9.5,
        weight="bold", color="white", path_effects=halo("black", 3.0), va="center", annotation_clip=True,
    )  # fmt: skip


def _legend(figure: Any, shown: set[Structure]) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = [
        Line2D([], [], color=IMPLANT, lw=2.5, label="implant"),
        Line2D([], [], color="#b9ad00", lw=2, label="sacrum"),
        Line2D([], [], color="#bbbbbb", lw=2, label="hip bones"),
    ]
    handles += [
        Line2D([], [], color=STRUCTURE_COLOURS[name], lw=2.5, ls=STRUCTURE_DASHES.get(name, "-"), label=said)
        for name, said in STRUCTURES.items()
        if name in shown
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.008, 0.078), ncol=len(handles), fontsize=9,
        frameon=False, handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip


def _size(implant: Implant) -> str:
    size = implant.size
    return f"{size.system} {size.diameter_mm:g} × {size.length_mm:g} mm"


def _in_words(planned: PlannedImplant) -> str:
    clearance = planned.clearance
    told = [f"{STRUCTURES[name]} {mm:.1f} mm" for name, mm in sorted(clearance.by_structure_mm.items(), key=_by_mm)]
    text = "Clearance: " + (", ".join(told[:5]) if told else "unknown") + "."
    if clearance.unknown:
        text += " Not shown by the input, so unknown: " + ", ".join(sorted(STRUCTURES[n] for n in clearance.unknown))
        text += "."
    purchase = planned.purchase
    text += f" In bone: ilium {purchase.ilium_mm:.0f} mm, sacrum {purchase.sacrum_mm:.0f} mm."
    return text


def _by_mm(item: tuple[Structure, float]) -> float:
    return item[1]
