"""The published experiment on isolated left joints with one ilium fixed: forces to 294 N, moments to 42 Nm.

Eight cadavers aged 59 to 74 (evidence: one_ilium_fixed). Model: sacrum and left hip bone alone, the outer ilium held.
Rotations do **not** come out: a linear model that moves as measured at 10 Nm turns 1.5 to 2.3 times too far at 42 Nm,
where ligaments have stiffened. The test holds how far off it is, so that a change for better or worse is seen.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_HIP, SACRUM
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.stability.footprints import find_ligaments
from nutation.stability.interface import interface_of, joint_layer
from nutation.stability.ligament_stiffness import base_stiffness, state_of
from nutation.stability.loads import load_axes
from nutation.stability.mesh import Couplings
from nutation.stability.mesh_build import build_mesh
from nutation.stability.model import CARTILAGE, pull
from nutation.stability.motion import joint_motion
from nutation.stability.regions import find_regions
from nutation.stability.settings import settings
from nutation.stability.solver import Solver
from nutation.stability.supports import support_of, unit_loads
from nutation.stability.tension import tensions
from stability.pelvises_made import atlas_pelvis

pytestmark = pytest.mark.slow


@cache
def flexibility(folder: Path, case: str) -> tuple[Floats, Floats, Floats]:
    """Motion (6, 6) of the joint under unit loads in the endplate's axes, and what ligaments need to be added."""
    pelvis = atlas_pelvis(folder, case, 1.0)
    mesh = build_mesh(pelvis, 4.0, bones=(SACRUM, LEFT_HIP)).mesh
    axes, regions = load_axes(pelvis), find_regions(pelvis)
    joint = interface_of(mesh, joint_layer(pelvis.joints["left"], cartilage=CARTILAGE))
    held = support_of(mesh, pelvis, regions, "ilium_left")
    found = [one for one in find_ligaments(pelvis, "left", stand_ins=True).found.values() if one.origin.bone == SACRUM]
    pulls = np.stack([pull(mesh, one) for one in found], axis=1)
    solver = Solver(mesh, Couplings((joint.matrix + held.matrix).tocsr(), 0))
    solved = solver.solve(np.concatenate([unit_loads(mesh, regions, axes), -pulls], axis=1))
    assert solved.converged
    motion = np.asarray(joint_motion(mesh, pelvis.joints["left"]) @ solved.displacements)
    turned = np.concatenate([axes.rotation.T @ motion[:3], axes.rotation.T @ motion[3:]])
    return turned, pulls.T @ solved.displacements, base_stiffness(found)


def moved(folder: Path, case: str, load_number: int, size: float) -> Floats:
    """Translation in mm and rotation in degrees, (6,), under one unit load times its size."""
    motion, elongation, base = flexibility(folder, case)
    weight = np.zeros((6, 1))
    weight[load_number] = size
    tension = tensions(state_of(settings()[0], base), elongation[:, :6] @ weight, -elongation[:, 6:])
    found = (motion @ np.concatenate([weight, tension]))[:, 0]
    found[3:] = np.degrees(found[3:])
    return found


@pytest.mark.parametrize("case", ["3", "17"])
def test_moments_turn_the_joint_up_to_two_and_a_half_times_too_far(data_dir: Path, case: str) -> None:
    size = 1000.0 * load().entry("one_ilium_fixed").number("moment_nm")
    bands = load().entry("intact_bands")
    low, high = bands.number("miller_rotation.low_deg"), bands.number("miller_rotation.high_deg")
    turned = [abs(moved(data_dir, case, 3 + axis, sign * size)[3 + axis]) for axis in range(3) for sign in (1, -1)]
    print(case, "rotations in degrees:", np.round(turned, 2))
    # The means of the experiment run from 1.40° to 6.21°, with standard deviations of half of each.
    assert low <= min(turned)
    assert high < max(turned) < 2.5 * high


@pytest.mark.parametrize("case", ["3", "17"])
def test_forces_shift_the_joint_as_far_as_in_the_cadavers(data_dir: Path, case: str) -> None:
    size = load().entry("one_ilium_fixed").number("force_n")
    bands = load().entry("intact_bands")
    low, high = bands.number("miller_translation.low_mm"), bands.number("miller_translation.high_mm")
    shifted = [np.linalg.norm(moved(data_dir, case, axis, sign * size)[:3]) for axis in range(3) for sign in (1, -1)]
    print(case, "translations in mm:", np.round(shifted, 2))
    assert max(shifted) <= high * 1.5
    assert low / 3 <= max(shifted)
