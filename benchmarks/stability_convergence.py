"""The joint's motion by size of cube: `uv run python benchmarks/stability_convergence.py [CASE [CUBE_MM ...]]`.

Reads the atlas where NUTATION_DATA points. Left joint, base setting, 10 Nm with 400 N along the spine: ranges of motion
intact and with the plan's three 7 mm triangular implants, what these take away, and how much each size of cube differs
from the finest that was asked for. The goal is under 5 % from 2 to 1 mm in every direction. 1 mm takes about a minute
and 5 GB.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Construct
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.make import make_plan
from nutation.record.errors import InputError
from nutation.stability.ligament_stiffness import base_stiffness
from nutation.stability.loads import moment_cases
from nutation.stability.model import Model, parts_of
from nutation.stability.settings import settings
from nutation.stability.study import rom_deg

CUBES_MM = (4.0, 3.0, 2.0, 1.5, 1.0)


def main() -> None:
    case = sys.argv[1] if len(sys.argv) > 1 else "3"
    sizes = sorted((float(text) for text in sys.argv[2:]), reverse=True) or list(CUBES_MM)
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    pelvis = build_pelvis(
        read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right"))), spacing_mm=1.0
    )
    plan = make_plan(pelvis, "left", simulations=500).plan
    construct = Construct("left", "lateral", tuple(one.implant for one in plan.implants))
    print(f"pelvis {case}, {len(construct.implants)} implants; flexion-extension, lateral bending, axial rotation")
    print("cubes     unknowns    intact, degrees           with implants, degrees    taken away, %         seconds")
    found: dict[float, Floats] = {}
    for size in sizes:
        started = time.perf_counter()
        try:
            degrees, unknowns = moved(pelvis, construct, size)
        except InputError as error:
            print(f"{size:3g} mm   {error}", flush=True)
            continue
        found[size] = np.concatenate([degrees, 100.0 * (1.0 - degrees[1:] / degrees[:1])])
        print(
            f"{size:3g} mm  {unknowns / 1e6:7.2f} M   ",
            "      ".join(
                "  ".join(format(value, form) for value in row)
                for row, form in zip(found[size], ("6.3f", "6.3f", "5.1f"), strict=True)
            ),
            f"  {time.perf_counter() - started:8.0f}",
            flush=True,
        )
    finest = min(found)
    print(f"from each size to {finest:g} mm: motion in % of the size's own, what is taken away in percentage points")
    for size, values in found.items():
        if size == finest:
            continue
        changes = 100.0 * (found[finest][:2] / values[:2] - 1.0)
        points = found[finest][2] - values[2]
        print(
            f"{size:3g} mm                ",
            "      ".join("  ".join(format(value, "+6.1f") for value in row) for row in (*changes, points)),
        )


def moved(pelvis: Pelvis, construct: Construct, size_mm: float) -> tuple[Floats, int]:
    """Ranges of motion in degrees, (intact and held, 3), and how many unknowns it took."""
    parts = parts_of(pelvis, spacing_mm=size_mm)
    model, base = Model(parts), base_stiffness(parts.ligaments)
    cases = moment_cases(moments_nm=[10.0], followers_n=[400.0])
    both = (model.response(held) for held in (None, construct))
    degrees = [rom_deg(one, cases, settings()[0], base, "left", parts.axes) for one in both]
    return np.array(degrees), parts.mesh.unknowns


if __name__ == "__main__":
    main()
