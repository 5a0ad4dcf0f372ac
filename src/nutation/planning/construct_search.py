"""The search for a construct: lines of the joint, sets of them, and where these come to rest."""

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
from nutation.planning import construct_kernels as kernels
from nutation.planning import construct_seat as seating
from nutation.planning import construct_sets as sets
from nutation.planning import construct_settle as settling
from nutation.planning.boundary_threads import shared_out
from nutation.planning.construct_way import Way
from nutation.planning.execution import ErrorModel, evenly
from nutation.planning.margin_fields import Fields
from nutation.planning.preferences import Preferences

# Lines that are kept for combining, and how far apart two of them are at least (at the joint, or in direction).
POOL, NEAR_MM, NEAR_DEG = 120, 4.0, 7.0
# The search keeps this much of clearance in hand: what its steps along the axis may pass over.
IN_HAND_MM = 0.2
# Lines that differ by less in what their crossings, and their ends half an implant further, are apart are one.
ALIKE_MM, HALF_WAY_MM, LENGTH_SHARE = 1.5, 25.0, 0.3


@dataclass(frozen=True, slots=True)
class Effort:
    """How finely sets are settled: executions that are simulated for each implant (a power of two), and step sizes in
    mm and degrees, from the pool's own spacing to below what a surgeon can follow."""

    executions: int
    steps: tuple[tuple[float, float], ...]


COARSE = Effort(128, ((2.0, 2.5), (1.0, 1.2), (0.5, 0.6)))
FINE = Effort(512, ((1.0, 1.2), (0.5, 0.6), (0.25, 0.3), (0.12, 0.15), (0.06, 0.07)))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines with an implant on each: `targets` (n, 3) where they cross the joint, `directions` (n, 3) inwards,
    `lengths` (n,); where the implant starts on it from there, `starts` (n,); what it is worth alone, `worths` (n,)."""

    targets: Floats
    directions: Floats
    lengths: Floats
    starts: Floats
    worths: Floats

    def __len__(self) -> int:
        return len(self.targets)

    def of(self, rows: NDArray[Any]) -> Lines:
        """Some of the lines, by index or mask."""
        return Lines(
            self.targets[rows], self.directions[rows], self.lengths[rows], self.starts[rows], self.worths[rows]
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """A set of lines as it came to rest, from cranial to caudal: what it is worth together, each one's risk (n,)."""

    lines: Lines
    risks: Floats
    worth: float

    def only(self, kept: NDArray[Any]) -> Settled:
        """Those of its lines; what they are worth together is left open."""
        return Settled(self.lines.of(kept), self.risks[kept], sets.NONE)


class Search:
    """The arrays that the compiled loops take, kept together for one search."""

    def __init__(
        self, fields: Fields, pelvis: Pelvis, way: Way, sizes: tuple[Size, ...], error: ErrorModel, wanted: Preferences
    ) -> None:
        self.way, self.wanted, self.error = way, wanted, error
        self.sizes = tuple(sorted(sizes, key=lambda size: size.length_mm))
        self.lengths = np.array([size.length_mm for size in self.sizes])
        self.radius = self.sizes[0].diameter_mm / 2
        hu, median = _attenuation(pelvis, way.second)
        bound = fields.least if fields.search is None else fields.search
        labels = (pelvis.labels, hu, median, pelvis.low_mm, pelvis.spacing_mm, way.first, way.gap, way.second)
        self._pool_world: tuple[Any, ...] = (*labels, fields.values, bound, fields.low_mm, fields.spacing_mm)
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
            wanted.at_10_deg_off_usual / seating.away(_TEN_DEG, seating.FAR_RAD),
            wanted.at_5_mm_off_usual / seating.away(5.0, seating.FAR_MM),
        ])  # fmt: skip
        nowhere = np.zeros((2, 2, 2), np.float32)
        self._world: tuple[Any, ...] = (
            *labels, fields.least, bound, nowhere if fields.skin is None else fields.skin, fields.low_mm,
            fields.spacing_mm, self.radius, way.normal, way.usual, self.choice, way.joint, way.edge_mm, self.prices,
        )  # fmt: skip
        self._place: tuple[Any, ...] = (self.radius, way.origin, way.axis, way.bands, way.usual_places, self.prices)

    def pool(self) -> Lines:
        """Good lines that differ, cranial to caudal."""
        way = self.way
        none = Lines(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), np.empty(0), np.empty(0))
        inside = way.targets[_edge_of(way, way.targets) >= 0.5 * self.edge_wanted]
        if not len(inside):
            return none
        normals = np.repeat(way.normal[None], len(inside), axis=0)
        scored: Any = kernels.pool(
            *self._pool_world, inside, normals, way.directions, self.lengths, self.radius, self.choice
        )
        flat = scored.reshape(-1, kernels.RESULT)
        good = np.flatnonzero(flat[:, kernels.UTILITY] > sets.NONE)
        if not len(good):
            return none
        directions = way.directions[good % len(way.directions)]
        results = flat[good]
        crossings = inside[good // len(way.directions)] + results[:, [kernels.CROSSING]] * directions
        value = results[:, kernels.UTILITY] - self.wanted.per_edge_mm * np.maximum(
            0.0, self.edge_wanted - _edge_of(way, crossings)
        )
        kept = self._diverse(crossings, directions, value)
        kept = kept[self._from_cranial(crossings[kept])]
        starts = results[kept, kernels.ENTRY] - results[kept, kernels.CROSSING]
        return Lines(crossings[kept], directions[kept], results[kept, kernels.LENGTH], starts, value[kept])

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

    def sets_of_lines(self, lines: Lines, keep: int) -> list[Lines]:
        """The sets of lines worth settling, each from cranial to caudal."""
        wanted, way = self.wanted, self.way
        entries = lines.targets + lines.starts[:, None] * lines.directions
        tips = entries + lines.lengths[:, None] * lines.directions
        height = (tips - way.origin) @ way.axis
        cost: Any = sets.pairs(
            entries, lines.directions, lines.lengths, lines.targets, height, self.radius, self.prices
        )
        slot = wanted.per_level_mm * np.maximum(
            0.0, np.maximum(way.bands[:, 0] - height[:, None], height[:, None] - way.bands[:, 1])
        )
        for position, place in enumerate(way.usual_places):
            off = np.linalg.norm(lines.targets - place, axis=1)
            slot[:, position] += self.prices[10] * off**2 / (1 + off / seating.FAR_MM)
        best: Any = sets.combine(lines.worths, cost, slot, len(way.positions), keep)
        return [lines.of(np.array([i for i in row if i >= 0])) for row in best if row[0] >= 0]

    def sets_anew(self, settled: list[Settled], keep: int) -> list[Lines]:
        """The best sets of all lines that sets came to rest on, each with its own length and its neighbours."""
        rested = [one.lines for one in settled if len(one.lines)]
        if not rested:
            return []
        targets, directions, lengths = (
            np.concatenate([getattr(one, name) for one in rested]) for name in ("targets", "directions", "lengths")
        )
        kept: list[int] = []
        for i in range(len(targets)):
            apart = (
                np.linalg.norm(targets[kept] - targets[i], axis=1)
                + HALF_WAY_MM * np.linalg.norm(directions[kept] - directions[i], axis=1)
                + LENGTH_SHARE * np.abs(lengths[kept] - lengths[i])
            )
            if not (apart < ALIKE_MM).any():
                kept.append(i)
        place = np.array([int(np.argmin(np.abs(self.lengths - lengths[i]))) for i in kept])
        rows: list[NDArray[np.int64]] = []
        shelf: list[Floats] = []
        for step in (0, -1, 1):
            there = (place + step >= 0) & (place + step < len(self.lengths))
            rows.append(np.array(kept, dtype=np.int64)[there])
            shelf.append(self.lengths[place[there] + step])
        chosen = np.concatenate(rows)
        lines = self._seated(targets[chosen], directions[chosen], np.concatenate(shelf))
        return self.sets_of_lines(lines, keep) if len(lines) else []

    def resized(self, one: Settled, which: int, by: int) -> Lines | None:
        """The set with one of its implants so many sizes longer; None where there is no such size."""
        lengths = one.lines.lengths.copy()
        place = int(np.argmin(np.abs(self.lengths - lengths[which]))) + by
        if not 0 <= place < len(self.lengths):
            return None
        lengths[which] = self.lengths[place]
        return replace(one.lines, lengths=lengths)

    def other_lengths(self, one: Settled) -> list[Lines]:
        """The set with one of its implants a size shorter or longer."""
        found = [self.resized(one, i, by) for i in range(len(one.lines)) for by in (-1, 1)]
        return [lines for lines in found if lines is not None]

    def settled(self, starts: list[Lines], effort: Effort | None, *, keep_lengths: bool = False) -> list[Settled]:
        """What these sets come to, in their order, those left out that cannot be built; as they are without effort."""
        world = self._with_executions(effort or FINE)
        shelf = self.lengths[:0] if keep_lengths else self.lengths
        taken = effort.steps if effort else ()
        steps = np.array([(mm, math.radians(deg)) for mm, deg in taken], dtype=np.float64).reshape(-1, 2)

        def one(lines: Lines) -> Settled | None:
            c, d, lengths = lines.targets.copy(), lines.directions.copy(), lines.lengths.copy()
            seats = np.empty((len(lines), seating.SEAT))
            worth: Any = settling.settle(world, self._place, shelf, steps, c, d, lengths, seats)
            if worth <= sets.NONE:
                return None
            order = self._from_cranial(c)
            if (order != np.arange(len(order))).any():
                return None
            rested = Lines(c, d, lengths, seats[:, seating.START], seats[:, seating.WORTH])
            return Settled(rested, seats[:, seating.RISK], float(worth))

        return [found for found in _each(one, starts) if found is not None]

    def implants(self, one: Settled) -> tuple[Implant, ...]:
        """The implants of a settled set: sizes of the catalogue in their poses."""
        lines = one.lines
        return tuple(
            Implant(
                self.sizes[int(np.argmin(np.abs(self.lengths - lines.lengths[i])))],
                Pose(lines.targets[i] + lines.starts[i] * lines.directions[i], unit(lines.directions[i])),
            )
            for i in range(len(lines))
        )

    def _seated(self, targets: Floats, directions: Floats, lengths: Floats) -> Lines:
        """The lines that take their implant, with what it is worth there alone, from cranial to caudal."""
        world = self._with_executions(COARSE)
        seats = np.empty((len(targets), seating.SEAT))
        shared_out(
            len(targets),
            lambda a, b: settling.seats_of(world, targets[a:b], directions[a:b], lengths[a:b], seats[a:b]),
        )
        # Lines without a seat have none of these numbers; they are left out below.
        with np.errstate(invalid="ignore"):
            crossings = targets + seats[:, [seating.CROSS]] * directions
            starts = seats[:, seating.START] - seats[:, seating.CROSS]
        lines = Lines(crossings, directions, lengths, starts, seats[:, seating.WORTH])
        lines = lines.of(seats[:, seating.WORTH] > sets.NONE)
        return lines.of(self._from_cranial(lines.targets))

    def _with_executions(self, effort: Effort) -> tuple[Any, ...]:
        return (*self._world, evenly(self.error, effort.executions), self.error.pivot == "tip")

    def _from_cranial(self, points: Floats) -> NDArray[np.int64]:
        return np.argsort(-((points - self.way.origin) @ self.way.axis), kind="stable")


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
