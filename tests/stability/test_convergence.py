"""The joint's motion by size of cube, on an atlas pelvis: it hardly changes, intact and with implants.

Cubes of 3 and 2 mm, so that it fits into CI; benchmarks/stability_convergence.py goes to 1 mm.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from nutation.anatomy.implants import Construct, Implant, Pose, Size
from nutation.anatomy.pelvis import Joint
from nutation.anatomy.space import Floats, unit
from nutation.stability.mesh import Couplings
from nutation.stability.model import Model, parts_of
from nutation.stability.solver import Solver
from stability.pelvises_made import atlas_pelvis

pytestmark = pytest.mark.slow

MOST = 0.03
"""The goal is 5 % from 2 to 1 mm. What a cube of 3 mm gets wrong is larger than that; intact and with implants it was
under 1 % when this was written, and 2.5 % with ties that hung on where cubes lay."""


def three(joint: Joint) -> Construct:
    """Three 7 mm triangles at right angles through the left joint, 14 mm apart, half in each bone."""
    size = Size("made", "made", "triangle", 7.0, 45.0, cannulated=False)
    inwards = -joint.normal * np.sign(joint.normal[0] * joint.centre_mm[0])
    apart = unit(np.cross(inwards, [0.0, 1.0, 0.0]))
    places = [joint.centre_mm + at * apart - 25.0 * inwards for at in (-14.0, 0.0, 14.0)]
    return Construct("left", "lateral", tuple(Implant(size, Pose(place, inwards)) for place in places))


@cache
def turned(folder: Path, spacing_mm: float) -> Floats:
    """How far the left joint turns about each axis under a moment about it, (intact and held, 3), without ligaments,
    so that only joints and implants hold."""
    parts = parts_of(atlas_pelvis(folder, "3", 1.0), spacing_mm=spacing_mm)
    soft = (parts.fixed + parts.joints["left"].matrix + parts.joints["right"].matrix).tocoo()
    placed = Model(parts).place(three(parts.pelvis.joints["left"]))
    solver: Solver | None = None
    found: list[Floats] = []
    for more, extra in ((sparse.csr_matrix((parts.mesh.unknowns,) * 2), 0), (placed.matrix, placed.extra)):
        size = more.shape[0]
        matrix = sparse.csr_matrix((soft.data, (soft.row, soft.col)), shape=(size, size)) + more
        solver = Solver(parts.mesh, Couplings(matrix.tocsr(), extra), reuse=solver)
        solution = solver.solve(np.pad(parts.unit_loads, ((0, 3 * extra), (0, 0))))
        assert solution.converged
        motion = parts.motions["left"] @ solution.displacements[: parts.mesh.unknowns]
        found.append(np.diag(parts.axes.rotation.T @ motion[3:, 3:]))
    return np.array(found)


def test_from_3_to_2_mm_the_joint_s_motion_hardly_changes(data_dir: Path) -> None:
    coarse, fine = turned(data_dir, 3.0), turned(data_dir, 2.0)
    assert np.all(fine[1] < 0.7 * fine[0]), "implants hold, so that what is compared hangs on them"
    assert coarse[0] == pytest.approx(fine[0], rel=MOST)
    assert coarse[1] == pytest.approx(fine[1], rel=MOST)
