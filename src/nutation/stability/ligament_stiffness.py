"""The base stiffness of the ligaments in this pelvis: a published modulus times section, over each one's own length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nutation.anatomy.space import Floats
from nutation.evidence import Evidence, load
from nutation.stability.footprints import Ligament
from nutation.stability.settings import Setting
from nutation.stability.tension import LigamentState

SHARED = {"short_posterior": "posterior", "long_posterior": "posterior"}
"""Ligaments that the source has as one: each takes half of that section."""


def base_stiffness(ligaments: Sequence[Ligament], evidence: Evidence | None = None) -> Floats:
    """Stiffness (m,) in N/mm: modulus times section over length (evidence: ligament_areas).

    Of the published sets it is the one that says how stiffness follows from a length, so that pelvises differ.
    """
    entry = (evidence or load()).entry("ligament_areas")
    modulus = entry.number("modulus_mpa")
    found: list[float] = []
    for ligament in ligaments:
        shared = SHARED.get(ligament.name)
        area = entry.number(f"{shared or ligament.name}.area_mm2") / (2 if shared else 1)
        found.append(modulus * area / ligament.length_mm)
    return np.array(found)


def state_of(setting: Setting, base_n_per_mm: Floats) -> LigamentState:
    """The ligaments' state in one setting of the sweep, of their base stiffness (m,)."""
    return LigamentState(
        setting.ligaments * base_n_per_mm, np.full(len(base_n_per_mm), setting.pretension_n), setting.slack
    )
