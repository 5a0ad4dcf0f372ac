"""Load cases as data: each is a superposition of six unit loads on the S1 endplate, with the support that holds it.

Signs. The axes lie in the endplate's centre: x to the patient's left, y backwards along the endplate, z along its
normal, upwards. Forces in N and moments in N·mm act on the sacrum; moments are right-handed. So +x is flexion: the
promontory moves forwards and down, which relative to the ilium is nutation; -x is extension. +y bends to the left, +z
turns the front to the left. The six unit loads are solved once; every case is then their sum.

Standing and walking push the hip sockets instead, with S1 held: their unit loads and cases are in `stance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats, unit
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.regions import Regions

UNIT_LOADS = ("force_x", "force_y", "force_z", "moment_x", "moment_y", "moment_z")
"""The unit loads in the order of every array of six: 1 N along, and 1 N·mm about, the endplate's axes."""

Direction = Literal[
    "flexion", "extension", "bending_left", "bending_right", "rotation_left", "rotation_right",
    "compression", "two_legs", "one_leg_left", "one_leg_right", "walking_left", "walking_right",
]  # fmt: skip

DIRECTIONS: Mapping[Direction, str] = {
    "flexion": "flexion",
    "extension": "extension",
    "bending_left": "lateral bending to the left",
    "bending_right": "lateral bending to the right",
    "rotation_left": "axial rotation to the left",
    "rotation_right": "axial rotation to the right",
    "compression": "vertical compression",
    "two_legs": "standing on both legs",
    "one_leg_left": "standing on the left leg",
    "one_leg_right": "standing on the right leg",
    "walking_left": "walking, left leg bears",
    "walking_right": "walking, right leg bears",
}
"""The directions of load in words."""

MOMENT_AXIS: Mapping[Direction, tuple[int, float]] = {
    "flexion": (3, 1.0),
    "extension": (3, -1.0),
    "bending_left": (4, 1.0),
    "bending_right": (4, -1.0),
    "rotation_left": (5, 1.0),
    "rotation_right": (5, -1.0),
}
"""Which unit load each pure moment is made of, with its sign."""

Support = Literal[
    "ischia", "acetabula", "acetabulum_left", "acetabulum_right", "ilium_left", "ilium_right", "s1_endplate",
]  # fmt: skip

SUPPORT_REGIONS: Mapping[Support, tuple[str, ...]] = {
    "ischia": ("tuberosity_left", "tuberosity_right"),
    "acetabula": ("socket_left", "socket_right"),
    "acetabulum_left": ("socket_left",),
    "acetabulum_right": ("socket_right",),
    "ilium_left": (),
    "ilium_right": (),
    "s1_endplate": ("s1_endplate",),
}
"""The surface regions that each support holds; a fixed ilium is a volume (`regions.outer_ilium`). The endplate is held
where the hip sockets are pushed (`stance`): no load of this module goes with it."""

DOWN = np.array([0.0, 0.0, -1.0])
"""Down in the pelvic frame: its z runs along the anterior pelvic plane, which stands about upright in standing."""


@dataclass(frozen=True, slots=True)
class LoadAxes:
    """The endplate's own axes in the pelvic frame: origin (3,) and the axes x, y, z as columns (3, 3)."""

    origin_mm: Floats
    rotation: Floats

    def wrench(self, force: Floats, at_mm: Floats) -> Floats:
        """The six coefficients of a force (3,) in N of the pelvic frame that acts at a place (3,)."""
        moment = np.cross(at_mm - self.origin_mm, force)
        return np.concatenate([force @ self.rotation, moment @ self.rotation])

    def in_frame(self, coefficients: Floats) -> tuple[Floats, Floats]:
        """Force (3,) in N and moment (3,) in N·mm about the origin, in the pelvic frame, of six coefficients."""
        return self.rotation @ coefficients[:3], self.rotation @ coefficients[3:]


@dataclass(frozen=True, slots=True)
class LoadCase:
    """One load case: the coefficients (N, N·mm) of the unit loads, and where the pelvis is held.

    They are six on S1 (`UNIT_LOADS`), and one for each socket in standing (`stance.loaded_sockets`). `id` is unique
    among cases of one support; `evidence` names the entries that its figures stand in.
    """

    id: str
    direction: Direction
    label: str
    coefficients: Floats
    support: Support
    moment_nm: float
    follower_n: float
    evidence: tuple[str, ...]


def load_axes(pelvis: Pelvis) -> LoadAxes:
    """The S1 endplate's axes. Raises InputError where the endplate was not found: nothing could then be loaded."""
    centre, normal = pelvis.landmarks.get("s1_endplate_centre"), pelvis.directions.get("s1_endplate_normal")
    if centre is None or normal is None:
        raise InputError(
            "the endplate of S1 was not found, and every load enters there",
            place="S1 endplate",
            mend="give an image or surfaces that show the upper end of the sacrum",
        )
    left = np.array([1.0, 0.0, 0.0])
    up = unit(normal)
    back = unit(np.cross(up, left))
    return LoadAxes(np.asarray(centre, dtype=np.float64), np.stack([np.cross(back, up), back, up], axis=1))


def moment_cases(
    *,
    moments_nm: Sequence[float] | None = None,
    followers_n: Sequence[float] | None = None,
    support: Support = "ischia",
) -> tuple[LoadCase, ...]:
    """Pure moments in the six directions at each size, with each follower load (along the endplate's normal, down).

    Left out, sizes and follower loads are the published ones.
    """
    entry = load().entry("published_moments")
    sizes = [entry.number(name) for name in ("low_nm", "middle_nm", "high_nm")] if moments_nm is None else moments_nm
    followers = (0.0, load().entry("follower_load").number()) if followers_n is None else followers_n
    cases: list[LoadCase] = []
    for size in sizes:
        for follower in followers:
            for direction, (axis, sign) in MOMENT_AXIS.items():
                coefficients = np.zeros(6)
                coefficients[axis] = sign * 1000.0 * size
                coefficients[2] = -follower
                also = f" with {follower:g} N along the endplate's normal" if follower else ""
                named = f"_{follower:g}N" if follower else ""
                cases.append(
                    LoadCase(
                        f"{direction}_{size:g}Nm{named}",
                        direction,
                        f"{DIRECTIONS[direction]}, {size:g} Nm{also}",
                        coefficients,
                        support,
                        size,
                        follower,
                        ("published_moments", "follower_load"),
                    )
                )
    return tuple(cases)


def compression_cases(axes: LoadAxes, *, support: Support = "ischia") -> tuple[LoadCase, ...]:
    """Vertical compression through the endplate's centre, at the published sizes."""
    entry = load().entry("vertical_compression")
    return tuple(
        LoadCase(
            f"compression_{size:g}N",
            "compression",
            f"vertical compression, {size:g} N",
            axes.wrench(size * DOWN, axes.origin_mm),
            support,
            0.0,
            0.0,
            ("vertical_compression",),
        )
        for size in (entry.number("low_n"), entry.number("high_n"))
    )


def unit_coefficients(cases: Sequence[LoadCase]) -> Floats:
    """The coefficients of cases as a matrix (cases, unit loads): displacements are `unit displacements @ matrix.T`."""
    return np.array([case.coefficients for case in cases]) if cases else np.zeros((0, len(UNIT_LOADS)))


def missing_support(support: Support, regions: Regions) -> str:
    """Why a support cannot hold this pelvis, in words; empty where it can."""
    lacking = [name for name in SUPPORT_REGIONS[support] if name not in regions.surfaces]
    return "; ".join(f"no {name.replace('_', ' ')}: {regions.missing[name]}" for name in lacking)


def spread_wrench(points_mm: Floats, weights: Floats, origin_mm: Floats, force: Floats, moment: Floats) -> Floats:
    """Forces (n, 3) on points (n, 3) that sum to a force (3,) and a moment (3,) about the origin.

    The least forces by the weights (n,), as a load-spreading element has them: `w (f + t x r)` about the points'
    centre. Raises InputError where the points lie on a line, which cannot carry a moment about itself.
    """
    share = weights / weights.sum()
    centre = share @ points_mm
    arms = points_mm - centre
    about = moment + np.cross(origin_mm - centre, force)
    squared = np.einsum("n,nc,nc->", share, arms, arms)
    inertia = squared * np.eye(3) - np.einsum("n,na,nb->ab", share, arms, arms)
    if float(np.linalg.eigvalsh(inertia)[0]) < 1e-6 * max(squared, 1e-12):
        raise InputError("the points lie on one line and cannot carry a moment", mend="load a region with an area")
    turn: Floats = np.asarray(np.linalg.solve(inertia, about), dtype=np.float64)
    return share[:, None] * (force + np.cross(turn, arms))
