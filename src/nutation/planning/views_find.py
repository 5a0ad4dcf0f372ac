"""Where the C-arm must stand for one pelvis: the direction in which what must coincide, coincides.

Each finder turns the beam until the named landmarks fall together on the detector of the given C-arm (a cone beam),
and says how far apart they still are, in millimetres at the pelvis. Directions run from source to detector; the
detector is behind the patient (above the back, prone), in the lateral view on the operated side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from scipy import optimize

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, unit
from nutation.planning.fluoroscopy import Camera, CArm, aimed
from nutation.planning.views_landmarks import alar_line, column_front, hip_normal, notch_roof, s2_height_mm, sacral_wall

UP: Floats = np.array([0.0, 0.0, 1.0])
BACKWARDS: Floats = np.array([0.0, 1.0, 0.0])
_STEEPEST_RAD = np.deg2rad(80.0)  # a C-arm cannot go further before it meets table or patient


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Two things that must fall together on the image, and how far apart they still are at the pelvis."""

    what: str
    apart_mm: float


@dataclass(frozen=True, slots=True)
class Found:
    """A camera in its place. `fallback` says, in words, what stood in for a landmark that is missing."""

    camera: Camera
    coincidences: tuple[Coincidence, ...]
    fallback: str = ""
    warnings: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])


def beam_from(tilt_deg: float, orbit_deg: float) -> Floats:
    """The beam (3,) of a detector tilted towards the head (+) or feet (-) and swung round to the left (+) or right.

    Both zero: from front to back, the detector straight behind the patient.
    """
    tilt, orbit = np.deg2rad(tilt_deg), np.deg2rad(orbit_deg)
    return np.array([np.cos(tilt) * np.sin(orbit), np.cos(tilt) * np.cos(orbit), np.sin(tilt)])


def tilt_and_orbit_deg(beam: Floats) -> tuple[float, float]:
    """The two angles of `beam_from`, of a beam (3,)."""
    return float(np.rad2deg(np.arcsin(np.clip(beam[2], -1, 1)))), float(np.rad2deg(np.arctan2(beam[0], beam[1])))


def lateral(pelvis: Pelvis, side: Side, arm: CArm) -> Found | None:
    """The true lateral: the notches' roofs and the alar lines of both sides, one on the other.

    The beam is the direction along which left and right differ most, that is, across which they differ least. It is
    aimed at the middle of all of them: the cone beam then draws the farther side smaller about that middle, without
    moving it. How far they are apart is told without that magnification: what is left is the pelvis's own asymmetry.
    """
    pairs = {
        "the roofs of the greater sciatic notches": _pair(notch_roof(pelvis, "left"), notch_roof(pelvis, "right")),
        "the alar lines (iliac cortical density)": _pair(alar_line(pelvis, "left"), alar_line(pelvis, "right")),
    }
    seen = {what: pair for what, pair in pairs.items() if pair is not None}
    if not seen:
        return None
    # Each pair counts alike, however many points it has.
    middles = [(left.mean(axis=0) + right.mean(axis=0)) / 2 for left, right in seen.values()]
    target = np.asarray(np.mean(middles, axis=0), dtype=np.float64)
    apart = np.concatenate([(left - right) / np.sqrt(len(left)) for left, right in seen.values()])
    axis = np.linalg.svd(apart, full_matrices=False)[2][0]
    beam = axis * np.sign(axis[0]) * (1.0 if side == "left" else -1.0)
    camera = aimed(target, beam, BACKWARDS, arm)
    told = tuple(Coincidence(what, _apart_mm(camera, *pair)) for what, pair in seen.items())
    missing = [what for what in pairs if what not in seen]
    said = f"{' and '.join(missing)} were not found; the view rests on the rest" if missing else ""
    return Found(camera, told, said)


def inlet(pelvis: Pelvis, arm: CArm) -> Found | None:
    """The inlet: the anterior walls of the S1 and S2 bodies in one line, the beam along them."""
    bands = pelvis.levels.bands
    walls = {level: sacral_wall(pelvis, band) for level, band in bands.items()}
    first, second = walls.get("s1"), walls.get("s2")
    if first is None:
        return _by_direction(pelvis, "inlet", arm)
    target = bands["s1"].centre_mm
    alone = _along(first)
    numbers = {"s1_alone_deg": alone}
    if second is None:
        camera = aimed(target, beam_from(-alone, 0.0), UP, arm)
        said = "the anterior wall of S2 was not found; the beam runs along that of S1 alone"
        return Found(camera, (), said, numbers=numbers)
    numbers["s2_alone_deg"] = _along(second)

    def off(angle: float) -> float:
        """S1's most anterior point less S2's, downwards on the image (towards the patient's front)."""
        camera = aimed(target, beam_from(-np.rad2deg(angle), 0.0), UP, arm)
        return float(_lowest(camera, first) - _lowest(camera, second)) * camera.pixel_mm

    angle, said = _root(off), ""
    if angle is None:
        angle = float(np.deg2rad((alone + numbers["s2_alone_deg"]) / 2))
        said = "no beam brings the walls of S1 and S2 into one line; the mean of both is shown"
    camera = aimed(target, beam_from(-np.rad2deg(angle), 0.0), UP, arm)
    gap = abs(_lowest(camera, first) - _lowest(camera, second)) * camera.pixel_mm / camera.magnification(target)
    bend = _lowest(camera, first) - min(_lowest(camera, wall) for wall in (first[len(first) // 2 :], second))
    numbers["bend_mm"] = float(abs(bend)) * camera.pixel_mm / camera.magnification(target)
    return Found(camera, (Coincidence("the anterior walls of the S1 and S2 bodies", float(gap)),), said, (), numbers)


def on_each_other(pelvis: Pelvis) -> dict[str, Floats]:
    """The points (3,) that the outlet view brings onto each other, by name; only those that were found."""
    found: dict[str, Floats] = {}
    pubis = pelvis.landmarks.get("pubis_top", pelvis.landmarks.get("pubis"))
    if pubis is not None:
        found["upper symphysis"] = pubis
    lower = s2_height_mm(pelvis)
    if lower is not None:
        found["middle of S2"] = lower[0]
    return found


def outlet(pelvis: Pelvis, arm: CArm) -> Found | None:
    """The outlet: the upper symphysis on S2. Without a symphysis, square to the sacral bodies."""
    band = pelvis.levels.bands.get("s1")
    lower = s2_height_mm(pelvis)
    pubis = pelvis.landmarks.get("pubis_top", pelvis.landmarks.get("pubis"))
    if band is None or lower is None:
        return _by_direction(pelvis, "outlet", arm)
    s2, read_from = lower
    target = (band.centre_mm + s2) / 2
    axis = unit(band.centre_mm - s2)
    square = float(np.rad2deg(np.arctan2(-axis[1], axis[2])))
    numbers = {"square_to_s1_s2_deg": square}
    if pubis is not None:

        def off(angle: float) -> float:
            camera = aimed(target, beam_from(np.rad2deg(angle), 0.0), UP, arm)
            both = camera.project(np.stack([pubis, s2]))
            return float(both[0, 1] - both[1, 1])

        angle = _root(off)
        if angle is not None:
            camera = aimed(target, beam_from(np.rad2deg(angle), 0.0), UP, arm)
            both = camera.project(np.stack([pubis, s2]))
            apart = float(np.linalg.norm(both[0] - both[1])) * camera.pixel_mm / camera.magnification(target)
            return Found(camera, (Coincidence(f"the upper symphysis and {read_from}", apart),), "", (), numbers)
    camera = aimed(target, beam_from(square, 0.0), UP, arm)
    said = "the symphysis is not in the image; the beam stands square to the S1 and S2 bodies instead"
    return Found(camera, (), said, (), numbers)


def down_the_axis(pelvis: Pelvis, side: Side, arm: CArm, axis: Floats | None) -> Found | None:
    """The teardrop: the beam along the column of bone above the notch, from the posterior spine to the front.

    `axis` (3,) is a planned implant's direction; without one, the way from the bone above the notch to the column in
    front of it is taken from the outline of the hip.
    """
    roof = notch_roof(pelvis, side)
    if axis is None:
        if roof is None:
            return None
        axis = unit(column_front(pelvis, side, roof[0]) - roof[-1])
        said = "no implant is planned; the beam runs from the bone above the notch to the front of the ilium"
    else:
        said = ""
    beam = -unit(axis)  # the implant runs forwards, and the detector is behind
    target = roof[0] if roof is not None else pelvis.joints[side].centre_mm
    return Found(aimed(target, beam, UP, arm), (), said)


def across_the_wing(pelvis: Pelvis, side: Side, arm: CArm, axis: Floats | None) -> Found | None:
    """The iliac oblique: the beam across the iliac wing, so that the notch is seen full on."""
    roof = notch_roof(pelvis, side)
    if roof is None:
        return None
    normal = hip_normal(pelvis, side)
    if axis is not None:
        normal = unit(normal - (normal @ axis) * axis)
    beam = normal * (1.0 if normal[1] >= 0 else -1.0)
    return Found(aimed(roof[0], beam, UP, arm), ())


def along_the_joint(pelvis: Pelvis, side: Side, arm: CArm) -> Found | None:
    """The joint line: the front and the back edge of the joint, one on the other, level with the table."""
    joint = pelvis.joints.get(side)
    if joint is None or len(joint.points_mm) < 20:
        return None
    low = joint.points_mm[:, 2] < np.median(joint.points_mm[:, 2])
    normals = joint.normals[low]
    axial = normals[:, :2].T @ normals[:, :2]
    beam2 = np.linalg.eigh(axial)[1][:, 0]
    beam = unit(np.array([*(beam2 * (1.0 if beam2[1] >= 0 else -1.0)), 0.0]))
    target = joint.points_mm[low].mean(axis=0)
    camera = aimed(target, beam, UP, arm)
    spread = (joint.points_mm[low] - target) @ camera.across
    heights = np.round(joint.points_mm[low][:, 2] / 4.0)
    within = [float(spread[heights == h].std()) for h in np.unique(heights) if (heights == h).sum() > 5]
    apart = float(np.mean(within)) if within else float(spread.std())
    return Found(camera, (Coincidence("the front and the back edge of the joint", apart),))


def _by_direction(pelvis: Pelvis, name: str, arm: CArm) -> Found | None:
    """The frame's own inlet or outlet direction, where the levels are not known."""
    found = pelvis.directions.get(name)
    target = pelvis.landmarks.get("s1_endplate_centre", pelvis.landmarks.get("promontory"))
    if found is None or target is None:
        return None
    beam = found * (1.0 if found[1] >= 0 else -1.0)
    return Found(aimed(target, beam, UP, arm), (), "the sacral levels were not found; the sacrum's own axis is used")


def _along(wall: Floats) -> float:
    """The angle of a wall from the front-to-back direction, degrees, positive where its upper end lies in front."""
    way = np.linalg.svd(wall[:, 1:] - wall[:, 1:].mean(axis=0), full_matrices=False)[2][0]
    return float(np.rad2deg(np.arctan2(abs(way[1]), abs(way[0])))) if way[0] * way[1] < 0 else 0.0


def _lowest(camera: Camera, wall: Floats) -> float:
    return float(camera.project(wall)[:, 1].max())


def _root(off: Callable[[float], float]) -> float | None:
    """The angle in reach at which two things coincide, radians, None where they never do."""
    if off(0.0) * off(_STEEPEST_RAD) > 0:
        return None
    return float(cast("Any", optimize).brentq(off, 0.0, _STEEPEST_RAD, xtol=1e-4))


def _pair(left: Floats | None, right: Floats | None) -> tuple[Floats, Floats] | None:
    if left is None or right is None:
        return None
    count = min(len(left), len(right))
    return (left[:count], right[:count]) if count >= 3 else None


def _apart_mm(camera: Camera, left: Floats, right: Floats) -> float:
    """How far two lines are apart across the beam, on average, each point from the nearest of the other line."""
    plane = np.stack([camera.across, camera.down], axis=1)
    apart = np.linalg.norm((left @ plane)[:, None] - (right @ plane)[None], axis=2)
    return float((apart.min(axis=0).mean() + apart.min(axis=1).mean()) / 2)
