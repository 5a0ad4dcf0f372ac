"""A peer for the solver: the same mesh written for CalculiX, run, and its displacements read back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from nutation.anatomy.space import Floats
from nutation.stability.mesh import VoxelMesh

ROUND = [0, 1, 3, 2, 4, 5, 7, 6]
"""CalculiX goes round the lower face, then round the upper one."""


def displacements(program: str, folder: Path, mesh: VoxelMesh, held: Any, loads: Floats) -> Floats:
    """Displacements (n, 3) under loads (n, 3), the nodes `held` not moving: plain bricks (C3D8), direct solver."""
    lines = ["*NODE, NSET=ALL"]
    lines += [f"{i + 1}, {x:.9g}, {y:.9g}, {z:.9g}" for i, (x, y, z) in enumerate(mesh.places_mm)]
    for number, modulus in enumerate(np.unique(mesh.modulus_mpa)):
        lines.append(f"*ELEMENT, TYPE=C3D8, ELSET=E{number}")
        for e in np.flatnonzero(mesh.modulus_mpa == modulus):
            lines.append(", ".join(str(n + 1) for n in [e, *mesh.elements[e][ROUND]]))
        lines += [
            f"*MATERIAL, NAME=M{number}", "*ELASTIC", f"{modulus:.12g}, {mesh.poisson:.12g}",
            f"*SOLID SECTION, ELSET=E{number}, MATERIAL=M{number}",
        ]  # fmt: skip
    lines += ["*BOUNDARY", *(f"{n + 1}, 1, 3" for n in held), "*STEP", "*STATIC, SOLVER=SPOOLES", "*CLOAD"]
    lines += [f"{n + 1}, {axis + 1}, {loads[n, axis]:.12g}" for n, axis in np.argwhere(loads != 0)]
    lines += ["*NODE PRINT, NSET=ALL", "U", "*END STEP"]
    (folder / "job.inp").write_text("\n".join(lines) + "\n")
    ran = subprocess.run([program, "-i", "job"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    found = np.full(loads.shape, np.nan)
    for line in (folder / "job.dat").read_text().splitlines():
        if re.match(r"\s*\d+\s+[-+\d]", line):
            node, *values = line.split()
            found[int(node) - 1] = [float(value) for value in values]
    assert not np.isnan(found).any(), ran.stdout[-2000:]
    return found
