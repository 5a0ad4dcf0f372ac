"""What a model was asked: its solutions, each made once, and the motion of a joint in them under single loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.stability.ligament_stiffness import state_of
from nutation.stability.loads import LoadAxes, LoadCase
from nutation.stability.model import Model
from nutation.stability.response import Response, answer
from nutation.stability.settings import Setting

INTACT = "intact joint"
"""The name under which the joint without a construct is asked about."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One load case in the base setting: the sacrum against the ilium at the joint.

    rotation_deg (3,) about the endplate's axes (nutation, bending to the left, turning to the left), translation_mm
    (3,) along them.
    """

    case: LoadCase
    rotation_deg: Floats
    translation_mm: Floats


def moved_in(
    response: Response, cases: Sequence[LoadCase], base: Floats, side: Side, setting: Setting, axes: LoadAxes
) -> tuple[Moved, ...]:
    """Load cases in one setting, the operated joint's motion in the endplate's axes."""
    motion = answer(response, cases, state_of(setting, base)).motion[side]
    shifts, turns = axes.rotation.T @ motion[:3], np.degrees(axes.rotation.T @ motion[3:])
    return tuple(Moved(case, turns[:, n], shifts[:, n]) for n, case in enumerate(cases))


class Asked:
    """Solutions of one model, each made once; how many they were, the most iterations and the largest residual; where
    they were solved and what was said of that.

    `told` is called with words before each of them.
    """

    def __init__(self, model: Model, told: Callable[[str], None]) -> None:
        self.parts = model.parts
        self._model, self._told = model, told
        self._kept: dict[tuple[str, tuple[float, ...]], Response] = {}
        self.count, self.iterations, self.residual = 0, 0, 0.0
        self.backends: set[str] = set()
        self.warnings: list[str] = []

    def response(self, name: str, construct: Construct | None, setting: Setting) -> Response:
        """The response with a construct of this name (None: intact) in a setting. Raises as `Model.response` does."""
        normal, shear, along = setting.solution
        key = (name, (normal, shear) if construct is None else (normal, shear, along))
        if key not in self._kept:
            self._told(f"{name}: {setting.label} …")
            found = self._model.response(construct, normal=normal, shear=shear, along_share=along)
            self._kept[key] = found
            self.count += 1
            self.iterations = max(self.iterations, found.iterations)
            self.residual = max(self.residual, found.residual)
            self.backends.add(found.backend)
            self.warnings += found.warnings
        return self._kept[key]
