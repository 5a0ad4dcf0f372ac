"""Which implants, where: lines through the joint are scored, kept where they differ, combined, refined, simulated.

A construct is chosen for what is left of it when it is carried out with the error; then for purchase and spacing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.evidence import Evidence
from nutation.planning import construct_kernels as kernels
from nutation.planning import construct_sets as sets
from nutation.planning.construct_way import Way
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.margin import executed
from nutation.planning.margin_fields import Fields

# Lines that are kept for combining, and how far apart two of them are at least (at the joint, or in direction).
POOL, NEAR_MM, NEAR_DEG = 120, 4.0, 7.0
# Constructs that are refined, and executions simulated to choose among them where the caller does not say: a share of
# 0.2 then errs by 0.01. A plan chooses with as many as it reports, and the same ones, so that both say the same.
FINALISTS, TRIALS = 5, 1500
# Step sizes of the refinement, from the pool's own spacing to below what a surgeon can follow.
# The search keeps this much of clearance in hand: what its steps along the axis may pass over.
IN_HAND_MM = 0.2
STEPS = ((2.0, 2.5), (1.0, 1.2), (0.5, 0.6), (0.25, 0.3))


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the choice weighs, from the evidence (`construct_weights` and its neighbours); prices in mm of purchase."""

    limit: float
    grade_mm: float
    proud_mm: float
    inside_mm: float
    gap_mm: float
    spacing_mm: float
    per_percent: float
    purchase_halves_mm: float
    per_spacing_mm: float
    per_level_mm: float
    per_edge_mm: float
    per_degree: float
    oblique_from_deg: float
    density_low: float
    density_high: float
    least_depth_mm: float


@dataclass(frozen=True, slots=True)
class Found:
    """One construct that the search offers: implants from cranial to caudal and what they are worth together, in mm
    of purchase; `over_grade` (n,) the simulated share that breaches by more than the limit's grade."""

    implants: tuple[Implant, ...]
    crossings_mm: Floats
    worth: float
    over_grade: tuple[float, ...]
    within: bool


def preferences(held: Evidence, limit: float, least_depth_mm: float) -> Preferences:
    """The preferences as the evidence has them."""
    weights = held.entry("construct_weights")
    return Preferences(
        limit=limit,
        grade_mm=held.entry("breach_scale").number("grades_mm.1"),
        proud_mm=held.entry("outer_end_proud").number("proud_mm"),
        inside_mm=held.entry("joint_edge").number("inside_mm"),
        gap_mm=held.entry("implant_gap").number("between_surfaces_mm"),
        spacing_mm=held.entry("implant_spacing").number("preferred_mm"),
        per_percent=weights.number("purchase_mm_per_percent_over_2mm"),
        purchase_halves_mm=weights.number("purchase_halves_after_mm"),
        per_spacing_mm=weights.number("purchase_mm_per_mm_of_spacing_short"),
        per_level_mm=weights.number("purchase_mm_per_mm_off_level"),
        per_edge_mm=weights.number("purchase_mm_per_mm_near_edge"),
        per_degree=weights.number("purchase_mm_per_degree_oblique"),
        oblique_from_deg=weights.number("oblique_from_deg"),
        density_low=weights.number("density_factor_low"),
        density_high=weights.number("density_factor_high"),
        least_depth_mm=least_depth_mm,
    )


def choose(
    fields: Fields,
    pelvis: Pelvis,
    way: Way,
    sizes: tuple[Size, ...],
    error: ErrorModel,
    wanted: Preferences,
    *,
    seed: int = 0,
    simulations: int = TRIALS,
) -> tuple[Found, ...]:
    """The constructs that the search offers, best first; empty where no line takes the shortest implant.

    `sizes` share a section and a diameter and differ in length. Every offered construct keeps all clearances at 0 or
    more and its implants apart; whether it keeps the limit under the error says `within`.
    """
    search = _Search(fields, pelvis, way, sizes, error, wanted)
    targets, directions, results = search.pool()
    if not len(results):
        return ()
    offered: list[Found] = []
    for chosen in search.combine(targets, directions, results):
        found = search.refined(targets[chosen], directions[chosen])
        if found is not None:
            offered.append(found)
    if not offered:
        return ()
    draws = draw(error, len(way.positions), simulations, seed)
    simulated = [_simulated(fields, pelvis, one, draws, wanted) for one in offered]
    return tuple(sorted(simulated, key=lambda one: (not one.within, -one.worth)))


def _simulated(fields: Fields, pelvis: Pelvis, found: Found, draws: Any, wanted: Preferences) -> Found:
    """The construct with the simulated shares in place of the foreseen ones."""
    depth, _ = executed(fields, pelvis, found.implants, draws)
    shares = (depth.max(axis=2) > wanted.grade_mm).mean(axis=0)
    foreseen = np.array(found.over_grade)
    worth = found.worth - float(_price(shares, wanted).sum() - _price(foreseen, wanted).sum())
    return replace(
        found, worth=worth, over_grade=tuple(float(one) for one in shares), within=bool((shares <= wanted.limit).all())
    )


def _price(shares: NDArray[Any], wanted: Preferences) -> NDArray[Any]:
    over = np.maximum(0.0, shares - wanted.limit)
    return np.asarray(wanted.per_percent * 100 * (shares + kernels.OVER_LIMIT * over))


class _Search:
    """The arrays that the compiled loops take, kept together for one search."""

    def __init__(
        self, fields: Fields, pelvis: Pelvis, way: Way, sizes: tuple[Size, ...], error: ErrorModel, wanted: Preferences
    ) -> None:
        self.way, self.wanted, self.sizes = way, wanted, tuple(sorted(sizes, key=lambda size: size.length_mm))
        self.lengths = np.array([size.length_mm for size in self.sizes])
        self.radius = self.sizes[0].diameter_mm / 2
        hu, median = _attenuation(pelvis, way.second)
        self.bones: tuple[Any, ...] = (
            pelvis.labels, hu, median, pelvis.low_mm, pelvis.spacing_mm, way.first, way.gap, way.second,
            fields.values, fields.least if fields.search is None else fields.search, fields.low_mm, fields.spacing_mm,
        )  # fmt: skip
        bias_p, bias_a = error.position_bias_mm / math.sqrt(3), error.angle_bias_deg / math.sqrt(2)
        self.choice = np.array([
            wanted.proud_mm, math.hypot(error.position_sigma_mm, bias_p),
            math.radians(math.hypot(error.angle_sigma_deg, bias_a)), wanted.grade_mm, wanted.per_percent,
            wanted.limit, wanted.least_depth_mm, math.radians(wanted.oblique_from_deg),
            math.degrees(wanted.per_degree), wanted.density_low, wanted.density_high, IN_HAND_MM,
            wanted.purchase_halves_mm / math.log(2),
        ])  # fmt: skip
        self.edge_wanted = self.radius + wanted.inside_mm

    def pool(self) -> tuple[Floats, Floats, Floats]:
        """Good lines that differ: targets (n, 3), directions (n, 3), results (n, RESULT), cranial to caudal."""
        way = self.way
        inside = way.targets[_edge_of(way, way.targets) >= 0.5 * self.edge_wanted]
        if not len(inside):
            return np.empty((0, 3)), np.empty((0, 3)), np.empty((0, kernels.RESULT))
        normals = np.repeat(way.normal[None], len(inside), axis=0)
        scored: Any = kernels.pool(*self.bones, inside, normals, way.directions, self.lengths, self.radius, self.choice)
        flat = scored.reshape(-1, kernels.RESULT)
        good = np.flatnonzero(flat[:, kernels.UTILITY] > sets.NONE)
        if not len(good):
            return np.empty((0, 3)), np.empty((0, 3)), np.empty((0, kernels.RESULT))
        targets = inside[good // len(way.directions)]
        directions = way.directions[good % len(way.directions)]
        results = flat[good]
        crossings = targets + results[:, [kernels.CROSSING]] * directions
        value = results[:, kernels.UTILITY] - self.wanted.per_edge_mm * np.maximum(
            0.0, self.edge_wanted - _edge_of(way, crossings)
        )
        kept = self._diverse(crossings, directions, value)
        height = (crossings[kept] - way.origin) @ way.axis
        kept = kept[np.argsort(-height, kind="stable")]
        results = results[kept]
        results[:, kernels.UTILITY] = value[kept]
        return targets[kept], directions[kept], results

    def _diverse(self, crossings: Floats, directions: Floats, value: Floats) -> NDArray[np.int64]:
        """The best lines, each at least `NEAR_MM` or `NEAR_DEG` from those kept, in equal parts along the joint."""
        height = (crossings - self.way.origin) @ self.way.axis
        parts = np.clip(((height - height.min()) / max(1e-6, np.ptp(height)) * _PARTS).astype(int), 0, _PARTS - 1)
        cosine = math.cos(math.radians(NEAR_DEG))
        kept: list[int] = []
        for part in range(_PARTS):
            mine: list[int] = []
            rows = np.flatnonzero(parts == part)
            for row in rows[np.argsort(-value[rows], kind="stable")][:_LOOKED_AT]:
                if len(mine) >= POOL // _PARTS:
                    break
                near = (np.linalg.norm(crossings[mine] - crossings[row], axis=1) < NEAR_MM) & (
                    directions[mine] @ directions[row] > cosine
                )
                if not near.any():
                    mine.append(int(row))
            kept += mine
        return np.array(kept, dtype=np.int64)

    def combine(self, targets: Floats, directions: Floats, results: Floats) -> list[NDArray[np.int64]]:
        """The sets of lines worth refining, as indices from cranial to caudal."""
        wanted, way = self.wanted, self.way
        entries = targets + results[:, [kernels.ENTRY]] * directions
        crossings = targets + results[:, [kernels.CROSSING]] * directions
        tips = entries + results[:, [kernels.LENGTH]] * directions
        cost: Any = sets.pairs(
            entries, directions, results[:, kernels.LENGTH], crossings, self.radius, wanted.gap_mm, wanted.spacing_mm,
            wanted.per_spacing_mm,
        )  # fmt: skip
        height = (tips - way.origin) @ way.axis
        slot = wanted.per_level_mm * np.maximum(
            0.0, np.maximum(way.bands[:, 0] - height[:, None], height[:, None] - way.bands[:, 1])
        )
        best: Any = sets.combine(results[:, kernels.UTILITY], cost, slot, len(way.positions), FINALISTS)
        return [np.array([i for i in row if i >= 0]) for row in best if row[0] >= 0]

    def refined(self, targets: Floats, directions: Floats) -> Found | None:
        """The set after small moves of each implant; None where one of them cannot be built from the catalogue."""
        wanted, way = self.wanted, self.way
        c, d = targets.copy(), directions.copy()
        prices = np.array([
            self.edge_wanted, wanted.per_edge_mm, wanted.per_level_mm, wanted.gap_mm, wanted.spacing_mm,
            wanted.per_spacing_mm,
        ])  # fmt: skip
        steps = np.array([(mm, math.radians(deg)) for mm, deg in STEPS])
        results: Any = kernels.refine(
            *self.bones, c, d, way.normal, self.lengths, self.radius, self.choice, way.joint, way.edge_mm,
            way.origin, way.axis, way.bands, prices, steps,
        )  # fmt: skip
        if (results[:, kernels.UTILITY] <= sets.NONE).any():
            return None
        implants: tuple[Implant, ...] = tuple(
            Implant(
                self.sizes[int(np.argmin(np.abs(self.lengths - results[i, kernels.LENGTH])))],
                Pose(c[i] + results[i, kernels.ENTRY] * d[i], d[i] / np.linalg.norm(d[i])),
            )
            for i in range(len(results))
        )
        crossings = c + results[:, [kernels.CROSSING]] * d
        order = [int(i) for i in np.argsort(-((crossings - way.origin) @ way.axis), kind="stable")]
        implants, crossings, results = tuple(implants[i] for i in order), crossings[order], results[order]
        worth = float(results[:, kernels.UTILITY].sum())
        worth -= wanted.per_edge_mm * float(np.maximum(0.0, self.edge_wanted - _edge_of(way, crossings)).sum())
        apart = np.array([np.linalg.norm(one - other) for one, other in combinations(crossings, 2)])
        worth -= wanted.per_spacing_mm * float(np.maximum(0.0, wanted.spacing_mm - apart).sum())
        height = (np.array([one.tip_mm for one in implants]) - way.origin) @ way.axis
        off = np.maximum(0.0, np.maximum(way.bands[:, 0] - height, height - way.bands[:, 1]))
        worth -= wanted.per_level_mm * float(off.sum())
        return Found(implants, crossings, worth, tuple(float(risk) for risk in results[:, kernels.RISK]), False)


# Lines are kept in this many parts of the joint's height, so that every position has its choice.
_PARTS = 12
# Of each part only so many lines are compared with those kept: the rest is worse than all of them.
_LOOKED_AT = 400


def _edge_of(way: Way, points: Floats) -> Floats:
    """The distance to the joint's edge at points (n, 3) near the joint: that of the nearest of its points."""
    from scipy.spatial import KDTree

    tree: Any = cast("Any", KDTree)(way.joint)
    _, nearest = tree.query(points)
    return np.asarray(way.edge_mm[nearest], dtype=np.float64)


def _attenuation(pelvis: Pelvis, code: int) -> tuple[NDArray[np.float32], float]:
    """The attenuation, and the bone's median of it; an empty array and 0 without a CT."""
    if pelvis.hu is None:
        return np.zeros((1, 1, 1), np.float32), 0.0
    values = pelvis.hu[pelvis.labels == code]
    return pelvis.hu, max(1.0, float(np.median(values))) if len(values) else 0.0
