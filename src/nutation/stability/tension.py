"""Ligaments that pull and never push: their tensions under a load, exactly, from a few numbers a model.

A model is solved once for unit loads and once for a unit pull of each ligament, without any ligament's stiffness. What
stiffness, pre-tension and slackness do then follows from the ligaments' own few unknowns (Woodbury's identity with an
active set): the tension t of each is `max(0, t0 + k e)`, and its elongation e depends on all tensions. The answer is
unique, as the least of a convex function over tensions that are not negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.space import Floats


@dataclass(frozen=True, slots=True)
class LigamentState:
    """Stiffness (m,) in N/mm and pre-tension (m,) in N of each ligament; `slack` False holds all of them taut, as if
    pre-tension were without end: the other bound of what is not known of it."""

    stiffness_n_per_mm: Floats
    pretension_n: Floats
    slack: bool = True


def tensions(state: LigamentState, elongation_mm: Floats, flexibility: Floats) -> Floats:
    """The change in tension (m, cases) of each ligament against the unloaded state, in N.

    `elongation_mm` (m, cases): what the load alone would lengthen each; `flexibility` (m, m) in mm/N: how much a unit
    pull of one shortens another. A ligament with no stiffness has no tension. Where ligaments may go slack, pre-tension
    counts from the position of the image, before it has moved the bones.
    """
    used = state.stiffness_n_per_mm > 0
    changed = np.zeros_like(elongation_mm)
    if not used.any():
        return changed
    stiff = state.stiffness_n_per_mm[used]
    matrix = flexibility[np.ix_(used, used)] + np.diag(1.0 / stiff)
    load = elongation_mm[used]
    if not state.slack:
        changed[used] = np.linalg.solve(matrix, load)
        return changed
    at_rest = state.pretension_n[used] / stiff
    resting = _taut(matrix, at_rest)
    for case in range(load.shape[1]):
        changed[used, case] = _taut(matrix, at_rest + load[:, case]) - resting
    return changed


def _taut(matrix: Floats, wanted: Floats) -> Floats:
    """The tensions (m,) >= 0 with `matrix @ t >= wanted` and equal where t > 0."""
    from scipy import linalg, optimize

    root = np.asarray(cast("Any", linalg).cholesky(matrix), dtype=np.float64)
    target = np.linalg.solve(root.T, wanted)
    found, _ = cast("Any", optimize).nnls(root, target, maxiter=50 * len(wanted))
    return np.asarray(found, dtype=np.float64)
