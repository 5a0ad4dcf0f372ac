"""Meshes for the tests of the solver: blocks, bars, bones with a soft joint, beams; couplings made of springs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sparse

from nutation.anatomy.space import Floats
from nutation.stability.element import cube_stiffness
from nutation.stability.mesh import CORNERS, Couplings, VoxelMesh


def mesh_of(moduli: dict[int, Floats], spacing_mm: float = 1.0, poisson: float = 0.3) -> VoxelMesh:
    """Bodies by code, each a volume of moduli (x, y, z) on one grid; 0 is no cube."""
    codes = sorted(moduli)
    shape = moduli[codes[0]].shape
    cells = np.concatenate([np.argwhere(moduli[code] > 0) for code in codes])
    body = np.concatenate([np.full((moduli[code] > 0).sum(), code) for code in codes])
    values = np.concatenate([moduli[code][moduli[code] > 0] for code in codes])
    order = np.lexsort((body, cells[:, 2], cells[:, 1], cells[:, 0]))
    cells, body, values = cells[order], body[order], values[order]
    grid = (*(np.array(shape) + 1), max(codes) + 1)
    corners = cells[:, None, :] + CORNERS[None]
    flat = np.ravel_multi_index((*np.moveaxis(corners, -1, 0), np.broadcast_to(body[:, None], corners.shape[:2])), grid)
    keys, numbers = np.unique(flat, return_inverse=True)
    x, y, z, which = np.unravel_index(keys, grid)
    return VoxelMesh(
        spacing_mm, np.zeros(3), np.stack([x, y, z], axis=1).astype(np.int32), which.astype(np.uint8),
        numbers.reshape(-1, 8).astype(np.int32), cells.astype(np.int32), body.astype(np.uint8),
        values.astype(np.float64), poisson,
    )  # fmt: skip


def block(shape: tuple[int, int, int], modulus: float = 1000.0, **more: Any) -> VoxelMesh:
    return mesh_of({1: np.full(shape, modulus)}, **more)


def random_block(shape: tuple[int, int, int], seed: int = 1, holes: float = 0.2, **more: Any) -> VoxelMesh:
    """Moduli from 10 to 17000 MPa at random, and holes; one corner's cubes are kept so that it is one piece mostly."""
    rng = np.random.default_rng(seed)
    moduli = np.exp(rng.uniform(np.log(10.0), np.log(17000.0), shape))
    moduli[rng.random(shape) < holes] = 0.0
    return mesh_of({1: moduli}, **more)


def bones_apart(side: int = 8, gap: int = 1, soft: float = 100.0, hard: float = 17000.0, **more: Any) -> VoxelMesh:
    """Two shells of cortical bone with a soft core, a gap of cubes between them along x."""
    one = np.zeros((2 * side + gap, side, side))
    other = one.copy()
    for volume, low in ((one, 0), (other, side + gap)):
        volume[low : low + side] = hard
        volume[low + 1 : low + side - 1, 1:-1, 1:-1] = soft
    return mesh_of({1: one, 2: other}, **more)


@dataclass
class Springs:
    """Collects springs and beams into couplings."""

    nodes: int
    extra: int = 0
    rows: list[Any] = field(default_factory=list)
    columns: list[Any] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, unknowns: Any, block: Floats) -> None:
        at = np.asarray(unknowns)
        self.rows.append(np.repeat(at, len(at)))
        self.columns.append(np.tile(at, len(at)))
        self.values.append(block.ravel())

    def hold(self, nodes: Any, stiffness: float, axes: tuple[int, ...] = (0, 1, 2)) -> Springs:
        """Springs to the ground."""
        at = (3 * np.asarray(nodes)[:, None] + np.array(axes)).ravel()
        self.rows.append(at)
        self.columns.append(at)
        self.values.append(np.full(len(at), stiffness))
        return self

    def join(self, first: Any, second: Any, stiffness: Any) -> Springs:
        """Springs between pairs of nodes, the same along each axis."""
        a = (3 * np.asarray(first)[:, None] + np.arange(3)).ravel()
        b = (3 * np.asarray(second)[:, None] + np.arange(3)).ravel()
        k = np.repeat(np.broadcast_to(np.asarray(stiffness, dtype=float), len(first)), 3)
        self.rows += [a, b, a, b]
        self.columns += [a, b, b, a]
        self.values += [k, k, -k, -k]
        return self

    def couplings(self) -> Couplings:
        size = 3 * (self.nodes + self.extra)
        if not self.rows:
            return Couplings(sparse.csr_matrix((size, size)), self.extra)
        entries = (np.concatenate(self.values), (np.concatenate(self.rows), np.concatenate(self.columns)))
        return Couplings(sparse.coo_matrix(entries, shape=(size, size)).tocsr(), self.extra)


def beam(springs: Springs, mesh: VoxelMesh, stations_mm: Floats, times: float = 10.0, radius_mm: float = 3.5) -> None:
    """A straight titanium beam along x through stations (s, 3): translation and rotation (times `radius_mm`) each.

    Nodes within the radius of a station, in its plane, are tied to the beam's section there by springs, `times` as
    stiff as a cube of the bone around.
    """
    local = np.bincount(mesh.elements.ravel(), np.repeat(mesh.modulus_mpa, 8)) / np.bincount(mesh.elements.ravel())
    modulus, shear = 110000.0, 110000.0 / 2.6
    area, second = np.pi * radius_mm**2, np.pi * radius_mm**4 / 4
    first = springs.nodes + springs.extra
    springs.extra += 2 * len(stations_mm)
    scale = np.array([1.0] * 3 + [1.0 / radius_mm] * 3)
    scale = np.concatenate([scale, scale])
    for i in range(len(stations_mm) - 1):
        length = float(np.linalg.norm(stations_mm[i + 1] - stations_mm[i]))
        k = np.zeros((12, 12))
        k[np.ix_([0, 6], [0, 6])] += modulus * area / length * np.array([[1, -1], [-1, 1]])
        k[np.ix_([3, 9], [3, 9])] += 2 * shear * second / length * np.array([[1, -1], [-1, 1]])
        bend = modulus * second / length**3
        for across, turn, sign in ((1, 5, 1.0), (2, 4, -1.0)):
            at = [across, turn, across + 6, turn + 6]
            t = sign * length
            k[np.ix_(at, at)] += bend * np.array(
                [[12, 6 * t, -12, 6 * t], [6 * t, 4 * t * t, -6 * t, 2 * t * t],
                 [-12, -6 * t, 12, -6 * t], [6 * t, 2 * t * t, -6 * t, 4 * t * t]]
            )  # fmt: skip
        springs.add(3 * (first + 2 * i) + np.arange(12), k * np.outer(scale, scale))
    places = mesh.places_mm
    for i, station in enumerate(stations_mm):
        away = places - station
        for node in np.flatnonzero((np.abs(away[:, 0]) < 1e-6) & (np.linalg.norm(away, axis=1) <= radius_mm)):
            x, y, z = away[node] / radius_mm
            turned = np.array([[0, z, -y], [-z, 0, x], [y, -x, 0]])
            apart = np.concatenate([np.eye(3), -np.eye(3), -turned], axis=1)
            at = np.concatenate([3 * node + np.arange(3), 3 * (first + 2 * i) + np.arange(6)])
            springs.add(at, times * local[node] * mesh.spacing_mm * apart.T @ apart)


def assembled(mesh: VoxelMesh, couplings: Couplings) -> Any:
    """The whole stiffness as a scipy matrix, assembled the plain way."""
    unit = cube_stiffness(mesh.poisson)
    at = (3 * mesh.elements[:, :, None] + np.arange(3)).reshape(-1, 24)
    values = (mesh.modulus_mpa * mesh.spacing_mm)[:, None, None] * unit
    rows, columns = np.repeat(at, 24, axis=1).ravel(), np.tile(at, (1, 24)).ravel()
    size = couplings.matrix.shape[0]
    return (sparse.coo_matrix((values.ravel(), (rows, columns)), shape=(size, size)) + couplings.matrix).tocsc()
