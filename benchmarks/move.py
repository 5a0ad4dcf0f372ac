"""A surgeon's edit: from a moved implant to its answer (goal: under 100 ms a move), on the phantom at 1 mm.

uv run python benchmarks/move.py [MOVES]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Pose
from nutation.anatomy.phantom import phantom
from nutation.planning.make import make_plan
from nutation.planning.move import SIMULATIONS, bench


def main() -> None:
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    pelvis = build_pelvis(phantom().shapes)
    made = make_plan(pelvis, "left")
    start = time.perf_counter()
    made = make_plan(pelvis, "left")
    planned = time.perf_counter() - start
    table = bench(made, pelvis)
    generator = np.random.default_rng(0)
    first = made.plan.implants[0].implant.pose
    table.move(made.plan, 0, first)
    took: list[float] = []
    for i in range(moves):
        index = i % len(made.plan.implants)
        pose = made.plan.implants[index].implant.pose
        moved = Pose(pose.entry_mm + generator.normal(0, 2, 3), pose.direction + generator.normal(0, 0.03, 3))
        start = time.perf_counter()
        table.move(made.plan, index, moved)
        took.append(1000 * (time.perf_counter() - start))
    low, middle, high = np.percentile(took, [5, 50, 95])
    print(f"plan (boundary, construct, margin) {planned:.1f} s, warm")
    print(
        f"{moves} moves, {SIMULATIONS} executions each: median {middle:.0f} ms (5 to 95 %: {low:.0f} to {high:.0f} ms)"
    )
    print(f"one move against one plan: 1 to {planned * 1000 / middle:.0f}")


if __name__ == "__main__":
    main()
