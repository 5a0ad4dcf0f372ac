"""Whether a model is held: found before solving, and what floats or is loaded in vain is named.

Every body is moved as a rigid one, on its own; what the couplings make of that is a small matrix (six a body). A motion
that costs nothing is one that nothing holds. Ligaments are not counted: they may go slack.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nutation.anatomy.pelvis import BONE_NAMES
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability.mesh import VoxelMesh

LOOSE = 1e-9
"""A motion that costs less than this share of the stiffest one is held by rounding alone."""

MOVES = 0.05
"""A body that takes part in a free motion with less than this share of the largest part is not named."""


def rigid_motions(mesh: VoxelMesh, codes: tuple[int, ...]) -> Any:
    """The rigid motions of the bodies, six each, as a CSC matrix (unknowns, 6 bodies).

    Three translations by 1 mm and three rotations about the body's middle, scaled so that they move it as far.
    """
    from scipy import sparse

    library: Any = sparse
    blocks: list[Any] = []
    places = mesh.places_mm
    for code in codes:
        mine = np.flatnonzero(mesh.node_body == code)
        arms = places[mine] - places[mine].mean(axis=0)
        reach = max(float(np.sqrt((arms**2).sum(axis=1).mean())), mesh.spacing_mm)
        motions: Floats = np.zeros((len(mine), 3, 6))
        motions[:, range(3), range(3)] = 1.0
        for axis in range(3):
            about = np.zeros(3)
            about[axis] = 1.0 / reach
            motions[:, :, 3 + axis] = np.cross(about, arms)
        rows = (3 * mine[:, None] + np.arange(3)).ravel()
        block = library.coo_matrix(
            (motions.reshape(-1, 6).ravel(), (np.repeat(rows, 6), np.tile(np.arange(6), len(rows)))),
            shape=(mesh.unknowns, 6),
        )
        blocks.append(block)
    return library.hstack(blocks, format="csc")


def check_held(mesh: VoxelMesh, coupling: Any, loads: Floats | None = None) -> None:
    """Raises InputError where a body can move without cost, naming what floats, or where a load acts on nothing.

    `coupling` is a matrix of at least the mesh's unknowns (more: those of implants, which count as no body here);
    `loads` (unknowns, cases) are nodal forces.
    """
    codes = tuple(int(code) for code in np.unique(mesh.node_body))
    motions = rigid_motions(mesh, codes)
    own = coupling.tocsr()[: mesh.unknowns, : mesh.unknowns]
    small: Floats = np.asarray((motions.T @ (own @ motions)).toarray(), dtype=np.float64)
    if not np.isfinite(small).all():
        raise InputError("the couplings hold values that are no numbers", place="couplings")
    values, ways = np.linalg.eigh((small + small.T) / 2)
    most = float(values[-1])
    if most <= 0:
        raise InputError("nothing holds the pelvis", place="support", mend="choose a support")
    loose = ways[:, values < LOOSE * most]
    if loose.shape[1]:
        part = np.linalg.norm(loose.reshape(len(codes), 6, -1), axis=(1, 2))
        names = [BONE_NAMES.get(code, str(code)) for code, one in zip(codes, part, strict=True) if one > MOVES]
        raise InputError(
            f"nothing holds the {' and the '.join(names)}: {loose.shape[1]} of its motions meet no resistance",
            place="support",
            mend="choose a support that holds it, or give an image that shows the joint",
        )
    if loads is not None:
        _check_loads(loads)


def _check_loads(loads: Floats) -> None:
    if not np.isfinite(loads).all():
        raise InputError("a load holds values that are no numbers", place="loads")
    empty = np.flatnonzero(~loads.any(axis=0))
    if len(empty):
        raise InputError(
            f"load {int(empty[0]) + 1} acts on nothing", place="loads", mend="load a region that lies on a bone"
        )
