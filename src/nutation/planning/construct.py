"""Which implants, where: lines through the joint are scored, kept where they differ, combined, refined, simulated.

A construct is chosen for what is left of it when it is carried out with the error; then for purchase and spacing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats, unit
from nutation.evidence import Evidence
from nutation.planning import construct_kernels as kernels
from nutation.planning import construct_refine as refining
from nutation.planning import construct_sets as sets
from nutation.planning.boundary_threads import shared_out
from nutation.planning.construct_way import Way
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.margin import executed
from nutation.planning.margin_fields import Fields

# Lines that are kept for combining, and how far apart two of them are at least (at the joint, or in direction).
POOL, NEAR_MM, NEAR_DEG = 120, 4.0, 7.0
# Sets that are refined: many, since several lead to one construct and the best need not come from the best of them;
# then so many anew of all their lines. Of what these lead to the best few are simulated.
STARTS, FEWER, FINALISTS = 32, 16, 8
# Two constructs are one where no end of an implant differs by more than a refinement's coarser steps.
SAME_MM = 2.0
# Executions simulated to choose among constructs where the caller does not say: a share of 0.2 then errs by 0.01. A
# plan chooses with as many as it reports, and the same ones, so that both say the same.
TRIALS = 1500
# The search keeps this much of clearance in hand: what its steps along the axis may pass over.
IN_HAND_MM = 0.2
# Step sizes of the refinement, from the pool's own spacing to below what a surgeon can follow.
STEPS = ((2.0, 2.5), (1.0, 1.2), (0.5, 0.6), (0.25, 0.3), (0.12, 0.15))
COARSE_STEPS = STEPS[:3]


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
    at_10_deg_oblique: float
    oblique_from_deg: float
    at_10_deg_apart: float
    per_order_mm: float
    density_low: float
    density_high: float
    least_depth_mm: float


@dataclass(frozen=True, slots=True)
class Found:
    """One construct that the search offers: implants from cranial to caudal and what they are worth together, in mm
    of purchase, with its Monte Carlo error; `over_grade` (n,) the simulated share that breaches by more than the
    limit's grade."""

    implants: tuple[Implant, ...]
    crossings_mm: Floats
    worth: float
    over_grade: tuple[float, ...]
    within: bool
    worth_error: float = 0.0

    def apart_mm(self, other: Found) -> Floats:
        """How far each implant's farther end lies from that of the other's same implant, (n,)."""
        ends = [(one.pose.entry_mm, one.tip_mm) for one in self.implants]
        others = [(one.pose.entry_mm, one.tip_mm) for one in other.implants]
        return np.linalg.norm(np.array(ends) - np.array(others), axis=2).max(axis=1)


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
        at_10_deg_oblique=weights.number("purchase_mm_at_10_degrees_oblique"),
        oblique_from_deg=weights.number("oblique_from_deg"),
        at_10_deg_apart=weights.number("purchase_mm_at_10_degrees_apart"),
        per_order_mm=weights.number("purchase_mm_per_mm_out_of_order"),
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
    judge: Callable[[Implant], float] | None = None,
) -> tuple[Found, ...]:
    """The constructs that the search offers, best first; empty where no line takes the shortest implant.

    `sizes` share a section and a diameter and differ in length. Every offered construct keeps its implants apart;
    whether it keeps the limit under the error, and its clearance by the `judge` (from an implant's true surface, where
    the search takes the cylinder around it), says `within`.
    """
    search = _Search(fields, pelvis, way, sizes, error, wanted)
    targets, directions, results = search.pool()
    if not len(results):
        return ()
    lines = search.climbed(targets, directions, results)
    draws = draw(error, len(way.positions), simulations, seed)

    def simulated(kept: tuple[Floats, Floats, Floats], steps: tuple[tuple[float, float], ...]) -> list[Found]:
        refined = _each(lambda chosen: search.refined(*kept[:2], chosen, steps), search.combine(*kept, FEWER))
        out: list[Found] = []
        for found in _distinct([one for one in refined if one is not None]):
            one = _simulated(fields, pelvis, found, draws, wanted)
            if judge is not None and one.within:
                one = replace(one, within=min(map(judge, one.implants)) >= 0)
            out.append(one)
            if len(out) >= FINALISTS and any(one.within for one in out):
                break
        return out

    offered = simulated(lines, STEPS)
    if judge is not None and not any(one.within for one in offered):
        # Small moves may have lost what the judge asks for: sets of the lines that have it, as they are.
        good = np.array([judge(one) >= 0 for one in search.implants(*lines)], dtype=np.bool_)
        if good.any():
            offered += simulated((lines[0][good], lines[1][good], lines[2][good]), ())
    return tuple(sorted(offered, key=lambda one: (not one.within, -one.worth)))


def _distinct(found: list[Found]) -> list[Found]:
    """Those that differ, the best first."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: -one.worth):
        if all(one.apart_mm(other).max() > SAME_MM for other in kept):
            kept.append(one)
    return kept


def _simulated(fields: Fields, pelvis: Pelvis, found: Found, draws: Any, wanted: Preferences) -> Found:
    """The construct with the simulated shares in place of the foreseen ones."""
    depth, _ = executed(fields, pelvis, found.implants, draws)
    shares = (depth.max(axis=2) > wanted.grade_mm).mean(axis=0)
    foreseen = np.array(found.over_grade)
    worth = found.worth - float(_price(shares, wanted).sum() - _price(foreseen, wanted).sum())
    slopes = wanted.per_percent * 100 * (1 + kernels.OVER_LIMIT * (shares > wanted.limit))
    return replace(
        found, worth=worth, over_grade=tuple(float(one) for one in shares), within=bool((shares <= wanted.limit).all()),
        worth_error=float(np.sqrt((slopes**2 * shares * (1 - shares) / len(depth)).sum())),
    )  # fmt: skip


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
            wanted.at_10_deg_oblique / _TEN_DEG**2, wanted.density_low, wanted.density_high, IN_HAND_MM,
            wanted.purchase_halves_mm / math.log(2),
        ])  # fmt: skip
        self.edge_wanted = self.radius + wanted.inside_mm
        self.prices = np.array([
            self.edge_wanted, wanted.per_edge_mm, wanted.per_level_mm, wanted.gap_mm, wanted.spacing_mm,
            wanted.per_spacing_mm, wanted.at_10_deg_apart / _TEN_DEG**2, 2 * self.radius, wanted.per_order_mm,
        ])  # fmt: skip

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
        value = results[:, kernels.UTILITY] - self._near_edge(crossings)
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

    def combine(
        self, targets: Floats, directions: Floats, results: Floats, keep: int = STARTS
    ) -> list[NDArray[np.int64]]:
        """The sets of lines worth refining, as indices from cranial to caudal."""
        wanted, way = self.wanted, self.way
        entries = targets + results[:, [kernels.ENTRY]] * directions
        crossings = targets + results[:, [kernels.CROSSING]] * directions
        tips = entries + results[:, [kernels.LENGTH]] * directions
        height = (tips - way.origin) @ way.axis
        cost: Any = sets.pairs(
            entries, directions, results[:, kernels.LENGTH], crossings, height, self.radius, self.prices
        )
        slot = wanted.per_level_mm * np.maximum(
            0.0, np.maximum(way.bands[:, 0] - height[:, None], height[:, None] - way.bands[:, 1])
        )
        best: Any = sets.combine(results[:, kernels.UTILITY], cost, slot, len(way.positions), keep)
        return [np.array([i for i in row if i >= 0]) for row in best if row[0] >= 0]

    def climbed(self, targets: Floats, directions: Floats, results: Floats) -> tuple[Floats, Floats, Floats]:
        """The lines of the best sets after small moves, cranial to caudal: what better sets are made of."""
        none = np.empty((0, 3))
        found = _each(
            lambda chosen: self._refine(targets[chosen], directions[chosen], none, none, COARSE_STEPS),
            self.combine(targets, directions, results),
        )
        if not found:
            return none, none, np.empty((0, kernels.RESULT))
        c, d, r = (np.concatenate([one[part] for one in found]) for part in range(3))
        built = r[:, kernels.UTILITY] > sets.NONE
        c, d, r = c[built], d[built], r[built]
        crossings = c + r[:, [kernels.CROSSING]] * d
        r[:, kernels.UTILITY] -= self._near_edge(crossings)
        order = np.argsort(-((crossings - self.way.origin) @ self.way.axis), kind="stable")
        return c[order], d[order], r[order]

    def implants(self, targets: Floats, directions: Floats, results: Floats) -> tuple[Implant, ...]:
        """The implants of lines: sizes of the catalogue in their poses."""
        return tuple(
            Implant(
                self.sizes[int(np.argmin(np.abs(self.lengths - results[i, kernels.LENGTH])))],
                Pose(targets[i] + results[i, kernels.ENTRY] * directions[i], unit(directions[i])),
            )
            for i in range(len(results))
        )

    def refined(
        self, targets: Floats, directions: Floats, chosen: NDArray[np.int64], steps: tuple[tuple[float, float], ...]
    ) -> Found | None:
        """The set of these lines after moves by `steps`, and in exchange for the other lines where there are any;
        None where one cannot be built of the catalogue."""
        way = self.way
        others = (targets, directions) if steps else (targets[:0], directions[:0])
        c, d, results = self._refine(targets[chosen], directions[chosen], *others, steps)
        beside = (way.joint, way.edge_mm, way.origin, way.axis, way.bands, self.prices)
        worth: Any = refining.total_worth(c, d, results, self.radius, *beside)
        if worth <= sets.NONE:
            return None
        implants = self.implants(c, d, results)
        crossings = c + results[:, [kernels.CROSSING]] * d
        order = [int(i) for i in np.argsort(-((crossings - way.origin) @ way.axis), kind="stable")]
        over = tuple(float(results[i, kernels.RISK]) for i in order)
        return Found(tuple(implants[i] for i in order), crossings[order], float(worth), over, False)

    def _refine(
        self, targets: Floats, directions: Floats, others: Floats, along: Floats, steps: tuple[tuple[float, float], ...]
    ) -> tuple[Floats, Floats, Floats]:
        """Lines after small moves by steps of these sizes (mm, degrees), with their results; `others`, `along` are
        lines that may take their places."""
        way, c, d = self.way, targets.copy(), directions.copy()
        results: Any = refining.refine(
            *self.bones, c, d, others, along, way.normal, self.lengths, self.radius, self.choice, way.joint,
            way.edge_mm, way.origin, way.axis, way.bands, self.prices,
            np.array([(mm, math.radians(deg)) for mm, deg in steps], dtype=np.float64).reshape(-1, 2), refining.MOVES,
        )  # fmt: skip
        return c, d, results

    def _near_edge(self, crossings: Floats) -> Floats:
        """What lines cost that cross the joint too near to its edge."""
        return self.wanted.per_edge_mm * np.maximum(0.0, self.edge_wanted - _edge_of(self.way, crossings))


_One = TypeVar("_One")
_Other = TypeVar("_Other")
_TEN_DEG = math.radians(10)
# Lines are kept in this many parts of the joint's height, so that every position has its choice.
_PARTS = 12
# Of each part only so many lines are compared with those kept: the rest is worse than all of them.
_LOOKED_AT = 400


def _each(work: Callable[[_One], _Other], items: Sequence[_One]) -> list[_Other]:
    """`work` done on each item, in threads, in the items' order."""
    done: dict[int, _Other] = {}

    def part(first: int, last: int) -> None:
        done.update({i: work(items[i]) for i in range(first, last)})

    shared_out(len(items), part)
    return [done[i] for i in range(len(items))]


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
