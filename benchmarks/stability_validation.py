"""The joint's motion beside published motion: `uv run python benchmarks/stability_validation.py [CUBE_MM [CASE ...]]`.

Reads the atlas where NUTATION_DATA points. For each pelvis, left joint, base setting, 10 Nm with 400 N along the spine:
the intact ranges of motion, nutation under compression, and what constructs take away that differ in one thing. The
same constructs as in tests/published/test_stability.py, which holds their order.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from nutation.stability.loads import compression_cases
from nutation.stability.settings import settings
from nutation.stability.stance import stance_cases
from nutation.stability.study import moved_in
from published import constructs_made as made
from published import test_stability as held

PUBLISHED = """
published, intact (degrees):        flexion-extension 0.9-2.4 | lateral bending 0.4-0.9 | axial rotation 0.5-1.3
published, compression:             nutation 1.38 at 600 N, 2.80 at 1000 N (one calibrated model)
published, standing:                rotation 0.81-1.11 on both legs, 1.77-2.29 on one (models); 0.5 on one (living)
published, three implants (%):      models 73 | 42 | 72 and 57-60 | 28 | 53; cadavers 27-41 (24-31) | 28 (26) | 32 (21)
published, two and one for three:   2 to 39 % and 29 to 133 % more motion
published, upper and lower alone:   62.5 and 15.6 % less local displacement
published, across for behind:       9 to 18 % less motion; ending mid-sacrum for mid-ala 8 to 14 % less
"""


def main() -> None:
    held.CUBES_MM = float(sys.argv[1]) if len(sys.argv) > 1 else held.CUBES_MM
    folder = Path(os.environ["NUTATION_DATA"])
    for case in sys.argv[2:] or held.CASES:
        one = held.Pelvis3D(folder, case)
        joint, plan = one.pelvis.joints["left"], one.plan
        print(f"pelvis {case}: gap {np.median(joint.gap_mm):.1f} mm, area {joint.area_mm2:.0f} mm2")
        row("intact, degrees", one.motion("intact"), "6.2f")
        axes = one.model.parts.axes
        pressed = moved_in(one.model.response(), compression_cases(axes), one.base, "left", settings()[0], axes)
        print("  nutation at 600 and 1000 N:", *(f"{float(at.rotation_deg[0]):.2f}°" for at in pressed))
        standing, cases = one.model.standing(), stance_cases(one.model.parts.regions)
        stood = moved_in(standing.response(), cases, one.base, "left", settings()[0], axes)
        turned = (f"{at.case.id} {float(np.linalg.norm(at.rotation_deg)):.2f}°" for at in stood)
        print("  standing, rotation:", *turned)
        constructs = {
            "three": plan,
            "two, 1 and 2": made.only(plan, 0, 1),
            "two, 1 and 3": made.only(plan, 0, len(plan.implants) - 1),
            "upper alone": made.only(plan, 0),
            "lower alone": made.only(plan, len(plan.implants) - 1),
            "two, 22 mm apart": made.spaced(plan, joint, made.WIDE_MM, count=2),
            "two, 13 mm apart": made.spaced(plan, joint, made.NARROW_MM, count=2),
            "8 mm behind": made.moved_back(plan, joint, 8.0),
            "upper ends mid-sacrum": made.ended(plan, one.pelvis, 1.0),
            "upper ends mid-ala": made.ended(plan, one.pelvis, 0.5),
        }
        for name, construct in constructs.items():
            row(name, one.reduction_pct(name, construct), "6.1f")
    print(PUBLISHED)


def row(name: str, values: np.ndarray, form: str) -> None:
    print(f"  {name:24s}", " | ".join(format(float(value), form) for value in values), flush=True)


if __name__ == "__main__":
    main()
