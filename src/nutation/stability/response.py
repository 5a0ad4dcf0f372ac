"""What one model answers to unit loads and to unit pulls of its ligaments: everything else follows by superposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.stability.loads import LoadCase, unit_coefficients
from nutation.stability.tension import LigamentState, tensions


@dataclass(frozen=True, slots=True)
class Response:
    """Small arrays of one solved model: a construct (or none), a joint's stiffness, a support.

    Columns are the u unit loads (six on S1; one a socket in standing), then a unit pull (1 N, drawing its two
    footprints together) of each of m ligaments. ligaments (m) names as (side, name). elongation_mm (m, u + m). motion
    by side (6, u + m): the sacrum against the ilium at the joint's centre, translation in mm and rotation in rad,
    pelvic frame. carried (implants, 6, u + m): force in N and moment in N·mm that crosses the joint in each implant,
    which its inner part puts on its outer. through by side (6, u + m): the same of the joint's own springs, from sacrum
    to ilium, about its centre. fields (unknowns, u + m) float32: displacements in mm. backend, warnings: see
    `solver.Solution`.
    """

    ligaments: tuple[tuple[Side, str], ...]
    elongation_mm: Floats
    motion: Mapping[Side, Floats]
    carried: Floats
    through: Mapping[Side, Floats]
    fields: NDArray[np.float32]
    iterations: int
    residual: float
    seconds: float
    backend: str = "cpu"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One response under load cases with a state of the ligaments, one column a case.

    weights (u + m, cases): the superposition. tension_n (m, cases): the change in each ligament's pull. motion by side
    (6, cases) as in `Response`.
    """

    cases: tuple[LoadCase, ...]
    weights: Floats
    tension_n: Floats
    motion: Mapping[Side, Floats]


def answer(response: Response, cases: Sequence[LoadCase], state: LigamentState) -> Answer:
    """The motion of both joints and the ligaments' tensions under cases of the model's own support."""
    loads = unit_coefficients(cases).T
    units = len(loads)
    pull = tensions(state, response.elongation_mm[:, :units] @ loads, -response.elongation_mm[:, units:])
    weights = np.concatenate([loads, pull])
    return Answer(tuple(cases), weights, pull, {side: by_unit @ weights for side, by_unit in response.motion.items()})
