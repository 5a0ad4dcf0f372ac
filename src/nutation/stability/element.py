"""The trilinear cube: its stiffness, and the form in which it costs a twelfth.

For a cube of edge h and modulus E the stiffness is `E * h * cube_stiffness(poisson)`. Taking sums and differences over
the corners in each direction (a Hadamard transform of the eight corners) turns displacements into modes: mode 0 is the
mean, 1, 2 and 4 vary along x, y and z, 3, 5 and 6 along two axes, 7 along all three. Between modes only 45 of 576
numbers are not zero, and only eight differ.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from nutation.anatomy.space import Floats
from nutation.stability.mesh import CORNERS

SIGNS = np.array([[(-1.0) ** int((CORNERS[mode] * corner).sum()) for corner in CORNERS] for mode in range(8)])
"""The transform (modes, corners): row m has a minus where an odd number of the axes in m are at their upper end."""


def cube_stiffness(poisson: float) -> Floats:
    """The stiffness (24, 24) of a unit cube of modulus 1: corners in the order of `CORNERS`, x, y, z in each.

    Full 2×2×2 Gauss integration, which is exact for a cube.
    """
    lame, shear = _lame(poisson)
    elasticity = np.diag([2 * shear] * 3 + [shear] * 3)
    elasticity[:3, :3] += lame
    ends = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3.0)
    stiffness = np.zeros((24, 24))
    slopes = 2.0 * CORNERS - 1.0
    for place in ends[CORNERS]:
        values = cast("Floats", np.where(CORNERS == 1, place, 1.0 - place))
        strain = np.zeros((6, 8, 3))
        for axis in range(3):
            others = [other for other in range(3) if other != axis]
            gradient: Floats = slopes[:, axis] * values[:, others[0]] * values[:, others[1]]
            strain[axis, :, axis] = gradient
            for row, (one, two) in enumerate(((0, 1), (1, 2), (2, 0))):
                if axis == one:
                    strain[3 + row, :, two] = gradient
                elif axis == two:
                    strain[3 + row, :, one] = gradient
        flat = strain.reshape(6, 24)
        stiffness += flat.T @ elasticity @ flat / 8.0
    return 0.5 * (stiffness + stiffness.T)


def factors(poisson: float) -> Floats:
    """The eight different numbers (8,) of the stiffness between modes, for a unit cube of modulus 1.

    In order: stretch, cross stretch and shear of the modes along one axis; stretch with shear, cross stretch, twice the
    shear and shear of those along two; the mode along three.
    """
    lame, shear = _lame(poisson)
    stretch = lame + 2.0 * shear
    return np.array(
        [stretch, lame, shear, (stretch + shear) / 3, lame / 3, 2 * shear / 3, shear / 3, (stretch + 2 * shear) / 9]
    ) / 16.0  # fmt: skip


def between_modes(poisson: float) -> Floats:
    """The stiffness between modes (24, 24), from its eight numbers: `T.T @ between_modes @ T` is `cube_stiffness`.

    T is the Kronecker product of `SIGNS` and the unit matrix of 3.
    """
    stretch, cross, shear, both, cross2, twice, shear2, last = factors(poisson)
    modes = np.zeros((8, 3, 8, 3))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        for other in (j, k):
            modes[1 << i, i, 1 << other, other] = cross
            modes[1 << i, other, 1 << other, i] = shear
            modes[1 << i, other, 1 << i, other] = shear
        modes[1 << i, i, 1 << i, i] = stretch
        pair, with_j, with_k = (1 << j) | (1 << k), (1 << i) | (1 << j), (1 << i) | (1 << k)
        modes[pair, i, pair, i] = twice
        modes[with_j, i, with_j, i] = modes[with_k, i, with_k, i] = both
        # stretch along i and stretch along j, both changing along k
        modes[with_k, i, pair, j] = modes[pair, j, with_k, i] = cross2
        # shear of the modes along two axes whose third component bends
        modes[pair, i, with_k, j] = modes[with_k, j, pair, i] = shear2
        modes[7, i, 7, i] = last
    return modes.reshape(24, 24)


def _lame(poisson: float) -> tuple[float, float]:
    """Lamé's numbers for modulus 1."""
    return poisson / ((1 + poisson) * (1 - 2 * poisson)), 0.5 / (1 + poisson)
