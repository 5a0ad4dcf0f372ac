"""A model that keeps what faces show of it beside the study: the intact responses, and one displacement a construct."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.space import Floats
from nutation.stability.ligament_stiffness import base_stiffness, state_of
from nutation.stability.loads import LoadCase
from nutation.stability.model import Model, Parts
from nutation.stability.response import Response, answer
from nutation.stability.settings import Setting

SHOWN = 2
"""The intact joint and the first construct: those whose displacements in standing are written to files."""


class KeptModel(Model):
    """Solves the intact joint once for both sides, and lets go of displacements that nobody reads.

    The first response that is asked for of each construct is that of the base setting: its displacements are kept
    (strain and files read them). Those of the sweep are as large and read by nobody, so they are dropped: memory then
    does not grow with the settings. The standing model keeps those of the intact joint and of the first construct.
    """

    def __init__(self, parts: Parts, *, of: Model | None = None) -> None:
        super().__init__(parts, of=of)
        self._most = None if of is None else SHOWN
        self._intact: dict[tuple[float, float], Response] = {}
        self._first: list[tuple[Construct | None, Response]] = []

    def response(
        self,
        construct: Construct | None = None,
        *,
        normal: float = 1.0,
        shear: float = 1.0,
        along_share: float | None = None,
    ) -> Response:
        """As `Model.response`; the displacements of all but each construct's first response are left out."""
        if construct is None and (normal, shear) in self._intact:
            return self._intact[(normal, shear)]
        found = super().response(construct, normal=normal, shear=shear, along_share=along_share)
        if self.first(construct) is None and (self._most is None or len(self._first) < self._most):
            self._first.append((construct, found))
        else:
            found = replace(found, fields=np.zeros((0, found.fields.shape[1]), dtype=np.float32))
        if construct is None:
            self._intact[(normal, shear)] = found
        return found

    def first(self, construct: Construct | None) -> Response | None:
        """The first response that was asked for with this construct (None: intact), if one was."""
        return next((kept for one, kept in self._first if one is construct), None)

    def displacement(self, construct: Construct | None, case: LoadCase, setting: Setting) -> Floats | None:
        """Displacements (unknowns,) in mm under one load case in a setting of the same solution as the first response;
        None where the construct was never asked for, or its displacements were let go of."""
        found = self.first(construct)
        if found is None:
            return None
        weights = answer(found, [case], state_of(setting, base_stiffness(self.parts.ligaments))).weights[:, 0]
        return np.asarray(found.fields @ weights, dtype=np.float64)
