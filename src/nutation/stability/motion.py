"""How bones move against each other: rigid motions fitted to the nodes of each bone near a joint."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import HIP_OF, SACRUM, Joint
from nutation.anatomy.space import Floats
from nutation.stability.beams import cross_matrix
from nutation.stability.mesh import VoxelMesh
from nutation.stability.regions import NEAR_JOINT_MM


def rigid_fit(mesh: VoxelMesh, nodes: NDArray[np.intp], about_mm: Floats) -> Any:
    """The rigid motion nearest to the displacements of some nodes, as a sparse matrix (6, unknowns).

    Its product with displacements is translation (mm) of the place `about_mm` (3,) and rotation (rad), in the pelvic
    frame; each node counts the same.
    """
    from scipy import sparse

    places = mesh.places_mm[nodes]
    middle = places.mean(axis=0)
    arms = places - middle
    crossed: Floats = cross_matrix(arms)
    inertia: Floats = np.einsum("nab,ncb->ac", crossed, crossed)
    turns: Floats = np.einsum("ab,nbc->nac", np.asarray(np.linalg.inv(inertia), dtype=np.float64), crossed)
    shifts = np.broadcast_to(np.eye(3) / len(places), turns.shape)
    # The place asked about moves with the middle, and with the turn about it.
    shifts = shifts + np.einsum("ab,nbc->nac", cross_matrix((middle - about_mm)[None])[0], turns)
    rows = np.concatenate([shifts, turns], axis=1)
    columns = (3 * nodes[:, None] + np.arange(3)).astype(np.int64)
    shape = (6, mesh.unknowns)
    at = (
        np.broadcast_to(np.arange(6)[None, :, None], rows.shape).ravel(),
        np.broadcast_to(columns[:, None, :], rows.shape).ravel(),
    )
    return cast("Any", sparse).csr_matrix((rows.ravel(), at), shape=shape)


def joint_motion(mesh: VoxelMesh, joint: Joint) -> Any:
    """The motion of the sacrum against the ilium at a joint's centre, as a sparse matrix (6, unknowns): translation in
    mm, rotation in rad, fitted to the bone of each within `NEAR_JOINT_MM` of the joint."""
    from scipy import spatial

    tree = cast("Any", spatial).cKDTree(joint.points_mm)
    away = np.asarray(tree.query(mesh.places_mm, distance_upper_bound=NEAR_JOINT_MM)[0])
    near = np.isfinite(away)
    sacrum, ilium = (
        rigid_fit(mesh, np.flatnonzero(near & (mesh.node_body == code)), joint.centre_mm)
        for code in (SACRUM, HIP_OF[joint.side])
    )
    return sacrum - ilium


def resultant(mesh: VoxelMesh, body: int, about_mm: Floats) -> Any:
    """Force (N) and moment about a place (N·mm) of the forces on one body's nodes, as a sparse matrix (6, unknowns)."""
    from scipy import sparse

    nodes = np.flatnonzero(mesh.node_body == body)
    turned = cross_matrix(mesh.places_mm[nodes] - about_mm)
    rows = np.concatenate([np.broadcast_to(np.eye(3), turned.shape), turned], axis=1)
    columns = np.broadcast_to((3 * nodes[:, None] + np.arange(3))[:, None, :], rows.shape)
    which = np.broadcast_to(np.arange(6)[None, :, None], rows.shape)
    return cast("Any", sparse).csr_matrix((rows.ravel(), (which.ravel(), columns.ravel())), shape=(6, mesh.unknowns))
