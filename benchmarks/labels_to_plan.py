"""From a label map at 1 mm to a plan: seconds and peak memory of each stage, in one process.

Writes an atlas pelvis as a label map at each resolution (NUTATION_DATA; without it, the phantom), then measures reading
it, building the pelvis and planning one joint. Baseline of the same run: reading the map alone. The first plan compiles
the kernels where no compiled ones are cached; that time is printed apart.

    NUTATION_DATA=... uv run python benchmarks/labels_to_plan.py [--resolutions 2 1.5 1]
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.labels import read_labels
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.phantom import phantom
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.space import Grid
from nutation.planning.make import make_plan

TOTALSEGMENTATOR = {1: 25, 2: 77, 3: 78}


def write_map(shapes: BoneShapes, spacing_mm: float, path: Path) -> tuple[int, int, int]:
    """The bones as a map with TotalSegmentator's ids; gives its shape."""
    low, high = shapes.bounds()
    shape = tuple(int(n) for n in np.ceil((high - low + 20) / spacing_mm))
    grid = Grid((shape[0], shape[1], shape[2]), np.full(3, spacing_mm), low - 10, np.eye(3))
    labels = shapes.sampled(grid)
    told = np.zeros_like(labels)
    for code, other in TOTALSEGMENTATOR.items():
        told[labels == code] = other
    image = SimpleITK.GetImageFromArray(told.transpose(2, 1, 0))
    image.SetOrigin(grid.origin_mm.tolist())
    image.SetSpacing(grid.spacing_mm.tolist())
    SimpleITK.WriteImage(image, str(path))
    return grid.shape


def peak_mb() -> float:
    """The process's highest memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resolutions", nargs="*", type=float, default=[2.0, 1.5, 1.0])
    asked = parser.parse_args()
    data = os.environ.get("NUTATION_DATA")
    if data:
        atlas = Path(data) / "atlas"
        shapes: BoneShapes = read_meshes(*(atlas / bone / "3.vtp" for bone in ("sacrum", "left", "right")))
    else:
        shapes = phantom().shapes
    print(f"{'from the atlas, pelvis 3' if data else 'the phantom'}; {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.nii.gz"
        for resolution in (asked.resolutions[0], *asked.resolutions):
            shape = write_map(shapes, resolution, path)
            times = [time.perf_counter()]
            read = read_labels(path)
            times.append(time.perf_counter())
            pelvis = build_pelvis(read, spacing_mm=resolution)
            times.append(time.perf_counter())
            plan = make_plan(pelvis, "left", approach="lateral").plan
            times.append(time.perf_counter())
            reading, building, planning = (b - a for a, b in itertools.pairwise(times))
            print(
                f"{resolution:4.1f} mm {shape!s:>16}  read {reading:5.1f} s  build {building:5.1f} s  "
                f"plan {planning:5.1f} s  all {times[-1] - times[0]:5.1f} s  "
                f"({(times[-1] - times[0]) / reading:4.1f} x reading)  peak so far {peak_mb():5.0f} MB  {plan.verdict}",
                flush=True,
            )


if __name__ == "__main__":
    main()
