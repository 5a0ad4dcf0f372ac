"""Three-implant lateral constructs for both joints of every pelvis of the atlas: what was planned, and what was not.

Reads the surfaces where NUTATION_DATA points (see README.md). Prints one line a joint: the verdict, clearance of each
implant with the nearest structure, spacing, the share of simulated executions that breach by more than 2 mm, seconds.
No line is left out: a pelvis that cannot be built prints its error.

    NUTATION_DATA=... uv run python benchmarks/atlas_plans.py [--error fluoroscopy] [--resolution 1.0] [--case 3 ...]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.source import Side
from nutation.planning.make import make_plan
from nutation.planning.plan import Plan
from nutation.record.errors import InputError

SIDES: tuple[Side, Side] = ("left", "right")


def line(case: str, side: Side, plan: Plan, seconds: float) -> str:
    """One joint in one line."""
    implants = "  ".join(
        f"{placed.implant.size.length_mm:3.0f} mm {placed.clearance.least_mm:5.1f} {placed.clearance.nearest:<16}"
        f"{100 * placed.margin.overall.over_2mm:5.1f} %"
        for placed in plan.implants
    )
    spacing = "/".join(f"{gap:.0f}" for gap in plan.spacing_mm)
    return f"{case:>4} {side:<5} {plan.verdict:<21} {implants}  spacing {spacing:<6} {seconds:5.1f} s"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--error", default="fluoroscopy")
    parser.add_argument("--resolution", type=float, default=1.0)
    parser.add_argument("--case", nargs="*")
    asked = parser.parse_args()
    if "NUTATION_DATA" not in os.environ:
        sys.exit("NUTATION_DATA is not set: it names the folder that holds atlas/sacrum, atlas/left and atlas/right.")
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    cases = asked.case or sorted((path.stem for path in (atlas / "sacrum").glob("*.vtp")), key=int)
    answers: Counter[str] = Counter()
    for case in cases:
        begun = time.perf_counter()
        try:
            shapes = read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")))
            pelvis = build_pelvis(shapes, spacing_mm=asked.resolution)
        except InputError as error:
            print(f"{case:>4} not built: {error}")
            answers["not built"] += 2
            continue
        print(
            f"{case:>4} built in {time.perf_counter() - begun:.1f} s; seen: {', '.join(sorted(pelvis.openings.seen))}"
        )
        for side in SIDES:
            begun = time.perf_counter()
            try:
                plan = make_plan(pelvis, side, approach="lateral", error=asked.error, count=3).plan
            except InputError as error:
                print(f"{case:>4} {side:<5} not planned: {error}")
                answers["not planned"] += 1
                continue
            answers[plan.verdict] += 1
            print(line(case, side, plan, time.perf_counter() - begun), flush=True)
            if plan.verdict != "planned":
                print(f"           {plan.reason}")
    print(", ".join(f"{count} {answer}" for answer, count in answers.most_common()))


if __name__ == "__main__":
    main()
