"""Graded screws: 7.3 mm screws in each pelvis's widest corridor to mid S1, carried out with an error, and Zwingmann's.

    NUTATION_DATA=… uv run python benchmarks/graded_screws.py [--error fluoroscopy|robot|FILE] [CASE …]

One line a joint, then the mean over joints and the published shares. The published screws were placed in other pelvises
by other hands: nearness is a check of plausibility, not of truth.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.meshes import read_meshes
from nutation.evidence import load
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.execution import error_model
from nutation.planning.margin_fields import bone_fields
from nutation.planning.margin_limit import GRADES, zwingmann_check
from nutation.record.errors import InputError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--error", default="fluoroscopy")
    parser.add_argument("cases", nargs="*")
    asked = parser.parse_args()
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    held, error = load(), error_model(asked.error)
    screw = held.entry("iliosacral_screw").number("diameter_mm")
    lateral = approach_of("lateral")
    rows: list[list[float]] = []
    print(f"{error.in_words}\n")
    print(f"{'joint':10} {'corridor':>9} {'length':>7}   none  <2 mm  2-4 mm  >4 mm")
    cases = asked.cases or sorted((path.stem for path in (atlas / "sacrum").glob("*.vtp")), key=int)
    for case in cases:
        try:
            pelvis = build_pelvis(read_meshes(*(atlas / part / f"{case}.vtp" for part in ("sacrum", "left", "right"))))
        except InputError as refused:
            print(f"{case:10} {refused}")
            continue
        for side in ("left", "right"):
            boundary = forbidden_boundary(pelvis, side, lateral)
            found = zwingmann_check(boundary, bone_fields(boundary), pelvis, error)
            if found is None:
                print(f"{case + ' ' + side:10} no S1 corridor of {screw:g} mm")
                continue
            shares = [found.simulated[grade] for grade in GRADES]
            rows.append(shares)
            told = "  ".join(f"{100 * share:5.1f}" for share in shares)
            print(f"{case + ' ' + side:10} {found.corridor_mm:6.1f} mm {found.length_mm:4.0f} mm  {told}", flush=True)
    entry = held.entry("zwingmann_grades")
    print()
    for name, shares in (
        ("mean of the simulated", list(np.mean(rows, axis=0)) if rows else []),
        ("published, fluoroscopy", [entry.number(f"fluoroscopic.{grade}") for grade in GRADES]),
        ("published, navigated", [entry.number(f"navigated.{grade}") for grade in GRADES]),
    ):
        print(f"{name:28}  " + "  ".join(f"{100 * share:5.1f}" for share in shares))


if __name__ == "__main__":
    main()
