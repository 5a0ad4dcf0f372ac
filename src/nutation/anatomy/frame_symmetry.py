"""The plane that mirrors a pelvis onto itself, from points on its bones, without knowing which way it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from nutation.anatomy.space import Floats

# Points that are mirrored and matched, and points that they are matched to: more change the plane by under 0.05°.
MIRRORED, MATCHED = 4000, 30000

# Share of the pairs that set the plane: what only one side has (a cut crest, a spur) stays out.
KEPT = 0.8

ROUNDS = 80

# A few points come near quickly: how many, and for how many rounds at most.
ROUGHLY = (1000, 40)


@dataclass(frozen=True, slots=True)
class MirrorPlane:
    """A plane by unit normal (3,) and a point (3,); `residual_mm` the RMS distance of mirrored to met points."""

    normal: Floats
    point_mm: Floats
    residual_mm: float

    def mirrored(self, points: Floats) -> Floats:
        """Points (n, 3) on the other side of the plane."""
        return points - 2.0 * self.height(points)[:, None] * self.normal

    def height(self, points: Floats) -> Floats:
        """Signed distance of points (n, 3) along the normal."""
        return np.asarray((points - self.point_mm) @ self.normal, dtype=np.float64)


class Nearest:
    """The nearest of a set of points (n, 3), found fast."""

    def __init__(self, points: Floats) -> None:
        self._tree = cast("Any", spatial).cKDTree(points)

    def of(self, points: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """For each of the points (m, 3) the distance in mm to the nearest of the set, and which it is."""
        distance, which = self._tree.query(points)
        return np.asarray(distance, dtype=np.float64), np.asarray(which, dtype=np.intp)


def spread(points: Floats, count: int) -> Floats:
    """At most `count` of the points, drawn the same way each time."""
    if len(points) <= count:
        return points
    chosen = np.random.default_rng(0).permutation(len(points))[:count]
    return points[np.sort(chosen)]


def mirror_plane(points: Floats, start: Floats | None = None) -> MirrorPlane:
    """The plane of mirror symmetry of points (n, 3), by iterated matching of the mirrored points to the nearest ones.

    `start` is a first guess of the normal; without one the three principal axes are tried and the best match wins.
    """
    if start is not None:
        rough = [_matched(points, start, *ROUGHLY)]
    else:
        _, axes = np.linalg.eigh(np.cov(points.T))
        rough = [_matched(points, np.asarray(axes[:, axis]), *ROUGHLY) for axis in range(3)]
    best = min(rough, key=lambda plane: plane.residual_mm)
    return _matched(points, best.normal, MIRRORED, ROUNDS, best.point_mm)


def _matched(points: Floats, normal: Floats, count: int, rounds: int, point: Floats | None = None) -> MirrorPlane:
    target = spread(points, MATCHED)
    tree = Nearest(target)
    moving = spread(points, count)
    plane = MirrorPlane(normal / np.linalg.norm(normal), target.mean(axis=0) if point is None else point, np.inf)
    for _ in range(rounds):
        mirrored = plane.mirrored(moving)
        distance, nearest = tree.of(mirrored)
        kept = distance <= np.quantile(distance, KEPT)
        here, there = moving[kept], target[nearest[kept]]
        middle = (here.mean(axis=0) + there.mean(axis=0)) / 2.0
        # The reflection nearest to mapping one set onto the other: its normal is the axis in which the two differ
        # most in sign, the lowest eigenvector of their symmetrised covariance.
        product = (here - middle).T @ (there - middle)
        _, axes = np.linalg.eigh(product + product.T)
        turned = axes[:, 0] * np.sign(axes[:, 0] @ plane.normal)
        still = np.abs(turned - plane.normal).max() < 1e-6 and abs((middle - plane.point_mm) @ turned) < 1e-3
        plane = MirrorPlane(np.asarray(turned), middle, float(np.sqrt(np.mean(distance[kept] ** 2))))
        if still:
            break
    return plane
