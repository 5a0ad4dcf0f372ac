"""The linear solver on a CUDA device: `uv run --extra gpu python benchmarks/stability_gpu.py [CASE [VOXEL_MM ...]]`.

Reads the surfaces where NUTATION_DATA points (see README.md). For each size of cube: unknowns, set-up with the copy to
the device, solve of six loads at once to 1e-6 with the CPU's check of it, iterations, peak memory of the device, and
the same on the CPU in the same run. Kernels are compiled before anything is timed. Without a CUDA device it says so;
`--warp-cpu` runs the same code on Warp's CPU device, which tells nothing of speed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.meshes import read_meshes
from nutation.stability.backend import VARIABLE, cuda_device, devices, quiet_warp
from nutation.stability.checked import device_bytes
from nutation.stability.mesh import Couplings
from nutation.stability.model import parts_of
from nutation.stability.solver import Solver

LOADS = 6


def peak_bytes(device: str) -> float:
    """The most that this process has held on the device; nan where it is not told."""
    try:
        return float(quiet_warp().get_mempool_used_mem_high(device))
    except Exception:
        return float("nan")


def row(parts: Any, size: float, device: str) -> str:
    mesh = parts.mesh
    soft = (parts.fixed + parts.joints["left"].matrix + parts.joints["right"].matrix).tocsr()
    couplings, loads = Couplings(soft, 0), parts.unit_loads[:, :LOADS]
    there = Solver(mesh, couplings, device=device)
    found = there.solve(loads)
    here = Solver(mesh, couplings)
    truth = here.solve(loads)
    apart = np.abs(found.displacements - truth.displacements).max() / np.abs(truth.displacements).max()
    said = "".join(f"\n    {text}" for text in found.warnings)
    return (
        f"{size:g} mm: {there.unknowns / 1e6:.2f} M unknowns; {found.backend}: set-up {there.seconds:.2f} s, "
        f"{LOADS} loads {found.seconds:.2f} s, {found.iterations} iterations, residual {found.residuals.max():.1e}, "
        f"peak {peak_bytes(device) / 1e9:.2f} GB (foretold {device_bytes(there.bones, there.cycle) / 1e9:.2f} GB); "
        f"{truth.backend}: set-up {here.seconds:.2f} s, {truth.seconds:.2f} s, {truth.iterations} iterations; "
        f"ratio of the solves {truth.seconds / found.seconds:.1f}; displacements apart by {apart:.1e}{said}"
    )


def main() -> None:
    given = [text for text in sys.argv[1:] if text != "--warp-cpu"]
    os.environ[VARIABLE] = "cpu"  # for solvers that name no device
    if "--warp-cpu" in sys.argv:
        device = "cpu"
    elif devices():
        device = cuda_device()
    else:
        print("no CUDA device")
        return
    case = given[0] if given else "3"
    sizes = [float(text) for text in given[1:]] or [3.0, 2.0, 1.5, 1.0]
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    pelvis = build_pelvis(
        read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right"))), spacing_mm=1.0
    )
    started = time.perf_counter()
    coarse = parts_of(pelvis, spacing_mm=4.0)
    row(coarse, 4.0, device)
    took = time.perf_counter() - started
    print(f"device: {quiet_warp().get_device(device).name}; first use, with compilation: {took:.0f} s")
    for size in sizes:
        print(row(parts_of(pelvis, spacing_mm=size), size, device), flush=True)


if __name__ == "__main__":
    main()
