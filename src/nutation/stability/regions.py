"""Where loads enter and where the pelvis is held: S1 endplate, hip sockets, ischial tuberosities, outer ilium.

Surface regions are points with the area that each carries, in the pelvic frame; volume regions are masks on the
pelvis's own grid. A region that the image does not show is missing by name, never put in its usual place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.openings_masks import away_mm
from nutation.anatomy.pelvis import GAP_OF, HIP_OF, SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, unit
from nutation.evidence import load
from nutation.stability.footprints_sites import tuberosity_end
from nutation.stability.footprints_surface import BoneSurface, bone_surface, fading, rising, weighted_centre

SIDES: tuple[Side, ...] = ("left", "right")

ENDPLATE_MM = 3.0
"""How far off the fitted plane a point may lie and still be endplate: its rim is raised, its middle hollow."""

ENDPLATE_HALF_MM = (26.0, 19.0)
"""Half the width and half the depth within which the endplate is looked for, around its centre."""

SOCKET_MM = (15.0, 36.0)
"""Radii between which a hip socket's surface is looked for around its expected centre."""

SOCKET_RADIUS_MM = (19.0, 32.0)
"""Radii that a hip socket can have, bone to bone; outside, the fit met something else."""

ON_SPHERE_MM = 1.5
"""Bone within this of the fitted sphere is the socket's bearing surface; the fossa lies deeper."""

ROOF_DEG = (60.0, 35.0)
"""The roof carries the load from above: none beyond the first angle from upright, wholly within the second."""

ROUNDS = 12
"""Fits of the socket's sphere, each to the points that the one before met; it stands still after about six."""

FEWEST = 12
"""A sphere through fewer points than this is chance."""

LEAST_MM2 = 100.0
"""A region smaller than this carries no load."""

SEAT_MM = 14.0
"""How far around a tuberosity's end it is held where one sits or stands on it."""

NEAR_JOINT_MM = 15.0
"""Bone this near to the joint is taken for the rigid fit of its motion: beyond, the wing's own bending shows."""

OUTER_MM = 25.0
"""Hip bone further from the joint than this is held where one ilium is fixed: a clamp leaves the joint free."""


@dataclass(frozen=True, slots=True)
class Region:
    """A patch of one bone's surface: points (n, 3), outward normals (n, 3) and the area (n,) in mm² of each."""

    name: str
    bone: int
    points_mm: Floats
    normals: Floats
    weights_mm2: Floats

    @property
    def area_mm2(self) -> float:
        """The region's area."""
        return float(self.weights_mm2.sum())

    @property
    def centre_mm(self) -> Floats:
        """Its mean place (3,)."""
        return weighted_centre(self.points_mm, self.weights_mm2)


@dataclass(frozen=True, slots=True)
class Socket:
    """One hip socket as a sphere: centre (3,), radius, the bearing surface and the part of it that is its roof."""

    side: Side
    centre_mm: Floats
    radius_mm: float
    bearing: Region
    roof: Region


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions that the image shows, by name, and the missing ones with the reason.

    Names: s1_endplate, socket_left, socket_right (bearing surfaces), roof_left, roof_right, tuberosity_left,
    tuberosity_right.
    """

    surfaces: Mapping[str, Region]
    sockets: Mapping[Side, Socket]
    missing: Mapping[str, str]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is missing, in words."""
        return tuple(f"No {name.replace('_', ' ')}: {why}." for name, why in self.missing.items())


def find_regions(pelvis: Pelvis) -> Regions:
    """Every region of the pelvis for loads and supports."""
    surfaces: dict[str, Region] = {}
    sockets: dict[Side, Socket] = {}
    missing: dict[str, str] = {}
    endplate = s1_endplate(pelvis)
    if endplate is None:
        missing["s1_endplate"] = "the endplate of S1 was not found on the sacrum"
    else:
        surfaces["s1_endplate"] = endplate
    for side in SIDES:
        hip = bone_surface(pelvis, HIP_OF[side])
        if hip is None:
            missing[f"socket_{side}"] = missing[f"tuberosity_{side}"] = "the image does not show the hip bone"
            continue
        socket = hip_socket(pelvis, side, hip)
        if socket is None:
            missing[f"socket_{side}"] = "no round hip socket was found; the image may cut it off"
        else:
            sockets[side] = socket
            surfaces[f"socket_{side}"], surfaces[f"roof_{side}"] = socket.bearing, socket.roof
        seat = tuberosity_seat(pelvis, side, hip)
        if seat is None:
            missing[f"tuberosity_{side}"] = "the image cuts the ischium off"
        else:
            surfaces[f"tuberosity_{side}"] = seat
    return Regions(surfaces, sockets, missing)


def s1_endplate(pelvis: Pelvis) -> Region | None:
    """The upper endplate of S1: the surface that lies in its plane around its centre and looks along its normal."""
    sacrum = bone_surface(pelvis, SACRUM)
    centre, normal = pelvis.landmarks.get("s1_endplate_centre"), pelvis.directions.get("s1_endplate_normal")
    if sacrum is None or centre is None or normal is None:
        return None
    offset = sacrum.points_mm - centre
    back = unit(np.cross(normal, np.array([1.0, 0.0, 0.0])))
    place = ((offset[:, 0] / ENDPLATE_HALF_MM[0]) ** 2 + (offset @ back / ENDPLATE_HALF_MM[1]) ** 2) ** 0.5
    weights = rising(place, 1.1, 0.9) * rising(np.abs(offset @ normal), 2 * ENDPLATE_MM, ENDPLATE_MM)
    return _region("s1_endplate", sacrum, weights * rising(sacrum.normals @ normal, 0.5, 0.8))


def tuberosity_seat(pelvis: Pelvis, side: Side, hip: BoneSurface | None = None) -> Region | None:
    """The end of one ischial tuberosity."""
    hip = hip or bone_surface(pelvis, HIP_OF[side])
    end = None if hip is None else tuberosity_end(pelvis, hip)
    if hip is None or end is None:
        return None
    return _region(f"tuberosity_{side}", hip, fading(np.linalg.norm(hip.points_mm - end, axis=1), SEAT_MM))


def hip_socket(pelvis: Pelvis, side: Side, hip: BoneSurface | None = None) -> Socket | None:
    """One hip socket: a sphere fitted to the hollow that looks at its expected centre; None where there is none."""
    hip = hip or bone_surface(pelvis, HIP_OF[side])
    guess = _expected_centre(pelvis, side)
    if hip is None or guess is None:
        return None
    centre, radius = guess, sum(SOCKET_MM) / 2
    for turn in range(ROUNDS):
        away = np.linalg.norm(hip.points_mm - centre, axis=1)
        inwards = np.einsum("nc,nc->n", hip.normals, centre - hip.points_mm) / np.maximum(away, 1e-6)
        first = turn < 2
        # From a centre that is a radius off the hollow looks further away and less straight at it.
        reach, facing = (1.5 * SOCKET_MM[1], 0.6) if first else (SOCKET_MM[1], 0.75)
        hollow = (away > SOCKET_MM[0]) & (away < reach) & (inwards > facing)
        if turn > 3:
            # The rim and the fossa leave the sphere: what stays is the bearing surface.
            hollow &= np.abs(away - radius) < 2 * ON_SPHERE_MM
        # The first centre may lie a radius off, and then sees little of the hollow; the fits walk to its middle.
        if hollow.sum() < FEWEST or (turn > 3 and float(hip.areas_mm2[hollow].sum()) < 4 * LEAST_MM2):
            return None
        centre, radius = _sphere(hip.points_mm[hollow], hip.areas_mm2[hollow])
    if not SOCKET_RADIUS_MM[0] < radius < SOCKET_RADIUS_MM[1]:
        return None
    way = (hip.points_mm - centre) / np.maximum(np.linalg.norm(hip.points_mm - centre, axis=1, keepdims=True), 1e-6)
    off = np.abs(np.linalg.norm(hip.points_mm - centre, axis=1) - radius)
    weights = rising(off, 2 * ON_SPHERE_MM, ON_SPHERE_MM) * rising(-np.einsum("nc,nc->n", way, hip.normals), 0.7, 0.9)
    low, high = np.cos(np.radians(ROOF_DEG))
    bearing = _region(f"socket_{side}", hip, weights)
    roof = _region(f"roof_{side}", hip, weights * rising(way[:, 2], float(low), float(high)))
    if bearing is None or roof is None:
        return None
    return Socket(side, centre, radius, bearing, roof)


def near_joint(pelvis: Pelvis, side: Side, reach_mm: float = NEAR_JOINT_MM) -> dict[int, Mask]:
    """Sacrum and hip bone within reach of one joint, by code: masks on the pelvis's grid, for the rigid fit."""
    close = away_mm(pelvis.labels == GAP_OF[side], pelvis.spacing_mm) <= reach_mm
    return {code: close & (pelvis.labels == code) for code in (SACRUM, HIP_OF[side])}


def outer_ilium(pelvis: Pelvis, side: Side, beyond_mm: float = OUTER_MM) -> Mask:
    """The part of one hip bone that is held where its ilium is fixed: a mask on the pelvis's grid."""
    far = away_mm(pelvis.labels == GAP_OF[side], pelvis.spacing_mm) > beyond_mm
    return far & (pelvis.labels == HIP_OF[side])


def _region(name: str, surface: BoneSurface, weights: Floats) -> Region | None:
    kept = weights > 0.02
    area = weights[kept] * surface.areas_mm2[kept]
    if float(area.sum()) < LEAST_MM2:
        return None
    return Region(name, surface.code, surface.points_mm[kept], surface.normals[kept], area)


def _expected_centre(pelvis: Pelvis, side: Side) -> Floats | None:
    """Where a hip joint's centre lies by the distance between the anterior superior spines: where the fit begins."""
    left, right = pelvis.landmarks.get("asis_left"), pelvis.landmarks.get("asis_right")
    if left is None or right is None:
        return None
    entry = load().entry("hip_centre_guess")
    apart = float(left[0] - right[0])
    middle = (left + right) / 2
    outwards = 1.0 if side == "left" else -1.0
    share = np.array([outwards * entry.number("lateral"), entry.number("behind"), -entry.number("below")])
    return np.asarray(middle + apart * share, dtype=np.float64)


def _sphere(points: Floats, weights: Floats) -> tuple[Floats, float]:
    """Centre (3,) and radius of the sphere through points (n, 3), by linear least squares."""
    middle = np.average(points, axis=0, weights=weights)
    offset = points - middle
    root = np.sqrt(weights)[:, None]
    matrix = np.concatenate([2 * offset, np.ones((len(points), 1))], axis=1) * root
    found = cast("Any", np.linalg).lstsq(matrix, (offset**2).sum(axis=1) * root[:, 0], rcond=None)
    solved: Floats = np.asarray(found[0], dtype=np.float64)
    centre = solved[:3]
    return middle + centre, float(np.sqrt(max(solved[3] + centre @ centre, 0.0)))
