"""What is left of a plan when it is carried out with an error: breaches by structure, by Monte Carlo.

It compares plans of one pelvis; it is no patient's risk. Structures that the input does not show stay unknown.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, across
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats, Mask
from nutation.planning.boundary import Boundary
from nutation.planning.execution import Draws, ErrorModel, draw
from nutation.planning.margin_fields import Fields, arrays, bone_fields
from nutation.planning.margin_kernels import simulate
from nutation.planning.plan import Breach, Margin

SIMULATIONS = 4000
"""Executions that are simulated for a plan: a share near 0.2 then has a Monte Carlo error of 0.006."""


def margin(
    boundary: Boundary,
    pelvis: Pelvis,
    implants: tuple[Implant, ...],
    error: ErrorModel,
    *,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> tuple[Margin, ...]:
    """The margin of each implant inside one boundary: how often, and how far, executions with this error leave bone."""
    return margins(bone_fields(boundary), pelvis, implants, error, simulations=simulations, seed=seed)


def margins(
    fields: Fields,
    pelvis: Pelvis,
    implants: tuple[Implant, ...],
    error: ErrorModel,
    *,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> tuple[Margin, ...]:
    """The margin of each implant of one joint under an execution error; the same for the same seed."""
    depth, missed = executed(fields, pelvis, implants, draw(error, len(implants), simulations, seed))
    return margins_of(fields, depth, missed)


def margins_of(fields: Fields, depth: NDArray[np.float32], missed: Mask) -> tuple[Margin, ...]:
    """The margin of each implant from simulated executions (see `executed`)."""
    return tuple(_margin(fields, depth[:, j], missed[:, j]) for j in range(depth.shape[1]))


def executed(
    fields: Fields, pelvis: Pelvis, implants: tuple[Implant, ...], draws: Draws
) -> tuple[NDArray[np.float32], Mask]:
    """Breach depths in mm (simulations, implants, structures), 0 for none; joints missed (simulations, implants)."""
    return executed_in(fields, pelvis.labels, pelvis.low_mm, pelvis.spacing_mm, implants, draws)


def executed_in(
    fields: Fields,
    labels: NDArray[np.uint8],
    low_mm: Floats,
    spacing_mm: float,
    implants: tuple[Implant, ...],
    draws: Draws,
) -> tuple[NDArray[np.float32], Mask]:
    """As `executed`, on labels of their own grid: voxel (0, 0, 0) at `low_mm`."""
    entries, directions, lengths, radii = arrays(implants)
    axes = [across(direction) for direction in directions]
    first = np.array([one for one, _ in axes]).reshape(-1, 3)
    second = np.array([other for _, other in axes]).reshape(-1, 3)
    simulations = draws.displacement_mm.shape[0]
    depth = np.zeros((simulations, len(implants), len(fields.names)), np.float32)
    missed = np.zeros((simulations, len(implants)), np.bool_)
    simulate(
        fields.values, fields.least, fields.low_mm, fields.spacing_mm, entries, directions, lengths, radii,
        first, second, draws.displacement_mm, draws.tilt_rad, draws.pivot == "tip",
        labels, low_mm, spacing_mm, np.array(fields.bones), depth, missed,
    )  # fmt: skip
    return depth, missed


def breach(depth: NDArray[Any], grades_mm: tuple[float, float, float] = (0.0, 2.0, 4.0)) -> Breach:
    """Shares of simulated executions (n,) whose breach is deeper than each grade, with their Monte Carlo errors."""
    count = len(depth)
    shares = [float((depth > grade).mean()) for grade in grades_mm]
    errors = [math.sqrt(share * (1 - share) / count) for share in shares]
    return Breach(*shares, *errors)


def together(depth: NDArray[Any], missed: Mask) -> dict[str, float]:
    """Of the construct as a whole: the share of executions in which at least one implant breaches, misses the joint."""
    worst = depth.max(axis=(1, 2)) if depth.size else np.zeros(len(depth))
    whole = breach(worst)
    return {
        "any": whole.any,
        "over_2mm": whole.over_2mm,
        "over_4mm": whole.over_4mm,
        "joint_missed": float(missed.any(axis=1).mean()),
    }


def _margin(fields: Fields, depth: NDArray[np.float32], missed: Mask) -> Margin:
    return Margin(
        breach(depth.max(axis=1)),
        {name: breach(depth[:, s]) for s, name in enumerate(fields.names)},
        fields.unknown,
        float(missed.mean()),
        len(depth),
    )
