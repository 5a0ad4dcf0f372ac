"""The corridor search against a plain NumPy one, and how it grows: `uv run python benchmarks/corridor_search.py`.

On the phantom (a parametric pelvis; no patient's data), or with a case of the atlas where NUTATION_DATA points:
`… corridor_search.py 3`. The NumPy version does the same for each line, vectorised over lines: zones and distances at
every step of the way. Both scan the same lattice on the same boundary in the same run; they have to agree on which
lines are free.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from expert_corridors import pelvis_of
from scipy.ndimage import map_coordinates

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.phantom import phantom
from nutation.anatomy.space import Floats
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.boundary_zones import ENTRY
from nutation.planning.corridor_kernels import ZONE_STEP
from nutation.planning.corridor_lattice import Lattice, lattice
from nutation.planning.corridor_way import Way, way_of
from nutation.planning.corridors import scanned, search

LEAST_MM = 7.0
BOUND_MM = LEAST_MM / 2
PLAIN_LINES = 60_000
SPACINGS_MM = (2.0, 1.5, 1.0)


def plain(boundary: Boundary, way: Way, lines: Lattice, chosen: np.ndarray) -> Floats:
    """Free radius of the chosen (entry, direction) pairs, -1 below the bound: a step at a time, all lines at once."""
    e, d = lines.entries[chosen[:, 0]], lines.directions[chosen[:, 1]]
    stage = np.full(len(e), -1)
    inside = np.zeros(len(e))
    least = np.full(len(e), np.inf)
    done = np.zeros(len(e), dtype=bool)
    alive = np.ones(len(e), dtype=bool)
    last = len(way.stages) - 1
    for step in range(int(way.limits[1] / ZONE_STEP)):
        now = np.flatnonzero(alive & ~done)
        if not len(now):
            break
        at = e[now] + step * ZONE_STEP * d[now]
        index = np.floor(at + 0.5).astype(int)
        within = ((index >= 0) & (index < boundary.zones.shape)).all(axis=1)
        zone = np.zeros(len(now), dtype=int)
        zone[within] = boundary.zones[tuple(index[within].T)]
        least[now] = np.minimum(least[now], map_coordinates(boundary.search, at.T, order=1, mode="nearest"))
        ahead = (stage[now] < last) & (zone == way.stages[np.minimum(stage[now] + 1, last)])
        stage[now[ahead]] += 1
        same = (stage[now] >= 0) & (zone == way.stages[stage[now]])
        before = (stage[now] > 0) & (zone == way.stages[stage[now] - 1])
        air = (zone == ENTRY) & (stage[now] <= 0)
        alive[now[~(same | before | air) | (least[now] < BOUND_MM)]] = False
        counted = now[(stage[now] == last) & ~air]
        inside[counted] += ZONE_STEP
        done[counted[inside[counted] >= way.limits[0]]] = True
    return np.where(done & alive, least, -1.0)


def pelvis_at(spacing_mm: float) -> Pelvis:
    if len(sys.argv) > 1:
        return pelvis_of(Path(os.environ["NUTATION_DATA"]) / "atlas", sys.argv[1], spacing_mm)
    return build_pelvis(phantom().shapes, spacing_mm=spacing_mm)


def main() -> None:
    print(f"lateral, left, lines of at least {LEAST_MM:g} mm; {os.cpu_count()} cores")
    for turn, spacing_mm in enumerate(SPACINGS_MM):
        pelvis = pelvis_at(spacing_mm)
        if turn == 0:  # compile
            search(pelvis, forbidden_boundary(pelvis, "left", "lateral"), "lateral", None, min_diameter_mm=LEAST_MM)
        started = time.perf_counter()
        boundary = forbidden_boundary(pelvis, "left", "lateral")
        boundary_s = time.perf_counter() - started
        started = time.perf_counter()
        found = search(pelvis, boundary, "lateral", None, min_diameter_mm=LEAST_MM)
        search_s = time.perf_counter() - started
        way, lines = way_of(pelvis, boundary, None), lattice(boundary)
        started = time.perf_counter()
        ours = scanned(boundary, way, lines, BOUND_MM)
        scan_s = time.perf_counter() - started
        print(
            f"{spacing_mm:3.1f} mm: {boundary.zones.size / 1e6:4.1f} M voxels, boundary {boundary_s:5.2f} s;"
            f" {ours.size / 1e6:.2f} M lines in {scan_s:5.2f} s = {ours.size / scan_s / 1e6:5.2f} M/s;"
            f" whole search {search_s:5.2f} s, {len(found)} corridors, widest {found[0].diameter_mm:.1f} mm"
        )
    rng = np.random.default_rng(0)
    n, m = ours.shape
    chosen = np.stack([rng.integers(0, n, PLAIN_LINES), rng.integers(0, m, PLAIN_LINES)], axis=1)
    started = time.perf_counter()
    theirs = plain(boundary, way, lines, chosen)
    plain_s = time.perf_counter() - started
    same = ((theirs > 0) == (ours[chosen[:, 0], chosen[:, 1]] > 0)).mean()
    ratio = (ours.size / scan_s) / (PLAIN_LINES / plain_s)
    print(
        f"plain NumPy at {SPACINGS_MM[-1]:g} mm: {PLAIN_LINES / 1e6:.2f} M lines in {plain_s:.2f} s ="
        f" {PLAIN_LINES / plain_s / 1e6:.3f} M/s; ours is {ratio:.0f} x; they agree on {same:.2%} of lines"
    )
    print(f"peak memory of the whole run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
