"""One mesh for the solver and its peers: written once, read by every process of `stability_peers.py`.

A folder holds the mesh of a real pelvis with what couples its bones, its loads, the same matrix assembled, the rows
whose springs make up the couplings (CalculiX has constraints and springs, but no matrix to add), and the bones alone.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import scipy.sparse
from scipy.spatial import cKDTree

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Construct
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.space import Floats, unit
from nutation.evidence import load
from nutation.planning.make import make_plan
from nutation.stability.attach import attach, attach_arm, picked, threefold
from nutation.stability.element import cube_stiffness
from nutation.stability.interface import Layer
from nutation.stability.loads import SUPPORT_REGIONS
from nutation.stability.mesh import CORNERS, Couplings, VoxelMesh
from nutation.stability.model import Model, Parts, parts_of
from nutation.stability.supports import SUPPORT_MM, support_of
from nutation.stability.symphysis import symphysis_layer

sparse = cast("Any", scipy.sparse)

SUPPORT = "ischia"

FLEXION, NMM = 3, 10_000.0
"""The one load of the peers: this unit load, so large (10 Nm in flexion)."""

STEP = 0.01
"""Moduli are rounded to steps of one in a hundred where peers solve, too: CalculiX wants a material for each modulus,
and searches its list for each section."""

RIGID = 1e9
"""N/mm on each unknown of a node that the bones alone are held at; peers take such nodes out of the equations."""

ROUND = [0, 1, 3, 2, 4, 5, 7, 6]
"""CalculiX goes round the lower face of a brick, then round the upper one."""

ARRAYS = ("low_mm", "nodes", "node_body", "elements", "cells", "element_body", "modulus_mpa")


def save(folder: Path, name: str, mesh: VoxelMesh, couplings: dict[str, Couplings], loads: Floats) -> None:
    """A mesh with its loads and one or more couplings by name."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", **{one: getattr(mesh, one) for one in ARRAYS})
    sizes = {"spacing_mm": mesh.spacing_mm, "poisson": mesh.poisson}
    (folder / f"{name}.json").write_text(json.dumps(sizes | {what: one.extra for what, one in couplings.items()}))
    for what, one in couplings.items():
        sparse.save_npz(folder / f"{name}_{what}.npz", one.matrix.tocsr(), compressed=False)
    sparse.save_npz(folder / f"{name}_loads.npz", sparse.csr_matrix(loads), compressed=False)


def read_mesh(folder: Path, name: str) -> VoxelMesh:
    sizes = json.loads((folder / f"{name}.json").read_text())
    with np.load(folder / f"{name}.npz") as held:
        return VoxelMesh(spacing_mm=sizes["spacing_mm"], poisson=sizes["poisson"], **{one: held[one] for one in ARRAYS})


def read_couplings(folder: Path, name: str, what: str = "intact") -> Couplings:
    extra = json.loads((folder / f"{name}.json").read_text())[what]
    return Couplings(sparse.load_npz(folder / f"{name}_{what}.npz"), extra)


def read_loads(folder: Path, name: str, extra: int = 0) -> Floats:
    """Loads (unknowns, r), with zeros for stations."""
    loads = sparse.load_npz(folder / f"{name}_loads.npz").toarray()
    return np.pad(loads, ((0, 3 * extra), (0, 0)))


def prepare(folder: Path, case: str, peers_mm: list[float], growth_mm: list[float]) -> None:
    """Write everything: for each size of the peers `whole` and `welded`, for each size of the growth `exact`."""
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    pelvis = build_pelvis(
        read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right"))), spacing_mm=1.0
    )
    plan = make_plan(pelvis, "left", simulations=500).plan
    implants = tuple(one.implant for one in plan.implants)
    constructs = {"first": Construct("left", "lateral", implants), "second": Construct("left", "lateral", implants[1:])}
    for size in sorted({*peers_mm, *growth_mm}, reverse=True):
        parts = parts_of(pelvis, spacing_mm=size, support=SUPPORT)
        soft = (parts.fixed + parts.joints["left"].matrix + parts.joints["right"].matrix).tocsr()
        at = folder / f"{size:g}"
        if size in growth_mm:
            model = Model(parts)
            couplings, took = {"intact": Couplings(soft, 0)}, {}
            for name, construct in constructs.items():
                started = time.perf_counter()
                placed = model.place(construct)
                took[name] = time.perf_counter() - started
                couplings[name] = Couplings((_widened(soft, placed.extra) + placed.matrix).tocsr(), placed.extra)
            save(at, "exact", parts.mesh, couplings, parts.unit_loads)
            (at / "placing.json").write_text(json.dumps(took))
        if size in peers_mm:
            _for_peers(at, parts, soft)


def _for_peers(at: Path, parts: Parts, soft: Any) -> None:
    mesh = parts.mesh
    steps = np.round(np.log(mesh.modulus_mpa) / np.log1p(STEP))
    mesh = replace(mesh, modulus_mpa=np.exp(steps * np.log1p(STEP)))
    save(at, "whole", mesh, {"intact": Couplings(soft, 0)}, parts.unit_loads)
    started = time.perf_counter()
    matrix = (assembled(mesh) + soft).tobsr((3, 3))
    took = time.perf_counter() - started
    sparse.save_npz(at / "assembled.npz", matrix, compressed=False)
    (at / "assembly.json").write_text(json.dumps(took))
    rows = coupling_rows(parts)
    apart = abs(rows.T @ rows - soft).max() / abs(soft).max()
    assert apart < 1e-9, f"the rows of the couplings are not the model's: {apart:.1e}"
    write_calculix(at, mesh, rows, parts.unit_loads[:, FLEXION] * NMM)
    write_welded(at, mesh, parts)


def assembled(mesh: VoxelMesh) -> Any:
    """The cubes' stiffness as a matrix of 3×3 blocks."""
    count, unit_cube = len(mesh.nodes), cube_stiffness(mesh.poisson)
    rows, columns = np.repeat(mesh.elements, 8, axis=1), np.tile(mesh.elements, (1, 8))
    keys, place = np.unique(rows.astype(np.int64).ravel() * count + columns.ravel(), return_inverse=True)
    strength = mesh.modulus_mpa * mesh.spacing_mm
    blocks = np.empty((len(keys), 3, 3))
    pairs = unit_cube.reshape(8, 3, 8, 3).transpose(1, 3, 0, 2).reshape(3, 3, 64)
    for a in range(3):
        for b in range(3):
            each = (strength[:, None] * pairs[a, b]).ravel()
            blocks[:, a, b] = np.bincount(place.ravel(), each, minlength=len(keys))
    starts = np.searchsorted(keys, np.arange(count + 1) * count)
    return sparse.bsr_matrix((blocks, keys % count, starts), shape=(3 * count, 3 * count))


def coupling_rows(parts: Parts) -> Any:
    """CSR rows R (n, unknowns) of the model's joints, symphysis and support, so that its couplings are R' R."""
    mesh = parts.mesh
    front, _ = symphysis_layer(parts.pelvis)
    layers = [joint.layer for joint in parts.joints.values()] + ([] if front is None else [front])
    made = [_layer_rows(mesh, layer) for layer in layers]
    per_mm2 = load().entry("bone_moduli").number("cortical_mpa") / SUPPORT_MM
    for name in SUPPORT_REGIONS[SUPPORT]:
        region = parts.regions.surfaces[name]
        weights = attach(mesh, region.bone, region.points_mm).weights
        made.append(threefold(sparse.diags(np.sqrt(per_mm2 * region.weights_mm2)) @ weights))
    return sparse.vstack(made, format="csr")


def _layer_rows(mesh: VoxelMesh, layer: Layer) -> Any:
    """Three rows a point: across it the root of one modulus, at right angles to that the root of the other."""
    between = (attach_arm(mesh, layer.second, layer.points_mm) - attach_arm(mesh, layer.first, layer.points_mm)).tocsr()
    per_mm, normals = layer.areas_mm2 / layer.thickness_mm, unit(layer.normals)
    across, along = np.sqrt(layer.across_mpa * per_mm), np.sqrt(layer.along_mpa * per_mm)
    root = (across - along)[:, None, None] * normals[:, :, None] * normals[:, None, :]
    root = root + along[:, None, None] * np.eye(3)
    return sparse.vstack([picked(between, root[:, axis]) for axis in range(3)], format="csr")


def write_calculix(at: Path, mesh: VoxelMesh, rows: Any, load_n: Floats) -> None:
    """`direct.inp` and `iterative.inp`: bricks, and for each three rows a node of its own that a constraint ties to
    the bones' nodes and that a spring of 1 N/mm on each axis holds: together exactly R' R."""
    count, cubes = len(mesh.nodes), len(mesh.elements)
    rows = sparse.vstack([rows, sparse.csr_matrix((-rows.shape[0] % 3, rows.shape[1]))], format="csr")
    rows.sum_duplicates()
    filled = np.flatnonzero(np.diff(rows.indptr))
    points = rows.shape[0] // 3
    lines = ["*NODE, NSET=BONES"]
    lines += [f"{i + 1}, {x:.9g}, {y:.9g}, {z:.9g}" for i, (x, y, z) in enumerate(mesh.places_mm)]
    lines += ["*NODE, NSET=TIES", *(f"{count + 1 + i}, 0, 0, 0" for i in range(points))]
    for number, modulus in enumerate(np.unique(mesh.modulus_mpa)):
        lines.append(f"*ELEMENT, TYPE=C3D8, ELSET=E{number}")
        for e in np.flatnonzero(mesh.modulus_mpa == modulus):
            lines.append(", ".join(str(n + 1) for n in [e, *mesh.elements[e][ROUND]]))
        lines += [
            f"*MATERIAL, NAME=M{number}", "*ELASTIC", f"{modulus:.12g}, {mesh.poisson:.12g}",
            f"*SOLID SECTION, ELSET=E{number}, MATERIAL=M{number}",
        ]  # fmt: skip
    for axis in range(3):
        mine = filled[filled % 3 == axis] // 3
        lines.append(f"*ELEMENT, TYPE=SPRING1, ELSET=S{axis}")
        lines += [f"{cubes + 1 + 3 * i + axis}, {count + 1 + i}" for i in mine]
        lines += [f"*SPRING, ELSET=S{axis}", f"{axis + 1}", "1."]
    for row in filled:
        some = slice(rows.indptr[row], rows.indptr[row + 1])
        terms = [f"{count + 1 + row // 3}, {row % 3 + 1}, -1."]
        terms += [
            f"{k // 3 + 1}, {k % 3 + 1}, {v:.13g}" for k, v in zip(rows.indices[some], rows.data[some], strict=True)
        ]
        lines += ["*EQUATION", str(len(terms)), *(", ".join(terms[k : k + 4]) for k in range(0, len(terms), 4))]
    for name, solver in (("direct", "SPOOLES"), ("iterative", "ITERATIVE CHOLESKY")):
        step = ["*STEP", f"*STATIC, SOLVER={solver}", "*CLOAD"]
        step += [f"{k // 3 + 1}, {k % 3 + 1}, {load_n[k]:.13g}" for k in np.flatnonzero(load_n)]
        step += ["*NODE PRINT, NSET=BONES", "U", "*END STEP"]
        (at / f"{name}.inp").write_text("\n".join(lines + step) + "\n")


def read_calculix(path: Path, nodes: int) -> Floats:
    """Displacements (unknowns,) as CalculiX printed them, with seven digits."""
    found = np.full((nodes, 3), np.nan)
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) == 4 and words[0].isdigit():
            found[int(words[0]) - 1] = [float(word) for word in words[1:]]
    assert not np.isnan(found).any(), f"{path.name} lacks displacements"
    return found.ravel()


def write_welded(at: Path, mesh: VoxelMesh, parts: Parts) -> None:
    """The same cubes as one body, without joint and symphysis, held rigidly where the support touches: what a solver
    of voxel images can express. `held` and `loaded` nodes are kept beside it."""
    cells, place = np.unique(mesh.cells, axis=0, return_inverse=True)
    modulus = np.bincount(place.ravel(), mesh.modulus_mpa)
    nodes, number = np.unique((cells[:, None, :] + CORNERS).reshape(-1, 3), axis=0, return_inverse=True)
    welded = replace(
        mesh, nodes=nodes.astype(np.int32), node_body=np.ones(len(nodes), np.uint8), cells=cells.astype(np.int32),
        elements=number.reshape(-1, 8).astype(np.int32), element_body=np.ones(len(cells), np.uint8),
        modulus_mpa=modulus,
    )  # fmt: skip
    _, same = cKDTree(nodes).query(mesh.nodes)
    touched = np.unique(support_of(mesh, parts.pelvis, parts.regions, SUPPORT).matrix.indices // 3)
    held = np.unique(same[touched])
    loads = np.zeros((len(nodes), 3, parts.unit_loads.shape[1]))
    np.add.at(loads, same, parts.unit_loads.reshape(len(mesh.nodes), 3, -1))
    loads[held] = 0.0
    stiff = np.zeros(3 * len(nodes))
    stiff[(3 * held[:, None] + np.arange(3)).ravel()] = RIGID
    flat = loads.reshape(3 * len(nodes), -1)
    save(at, "welded", welded, {"intact": Couplings(sparse.diags(stiff, format="csr"), 0)}, flat)
    image = np.zeros(nodes.max(axis=0), dtype=np.float32)
    image[tuple(cells.T)] = modulus / 1000.0
    loaded = np.flatnonzero(flat[:, FLEXION])
    np.savez(
        at / "image.npz", image_gpa=image, spacing_mm=mesh.spacing_mm, poisson=mesh.poisson, nodes=nodes,
        held=np.column_stack([np.repeat(nodes[held], 3, axis=0), np.tile(np.arange(3), len(held))]),
        loaded=np.column_stack([nodes[loaded // 3], loaded % 3]), force_n=flat[loaded, FLEXION] * NMM,
    )  # fmt: skip


def _widened(matrix: Any, extra: int) -> Any:
    total = matrix.shape[0] + 3 * extra
    starts = np.pad(matrix.indptr, (0, 3 * extra), mode="edge")
    return sparse.csr_matrix((matrix.data, matrix.indices, starts), shape=(total, total))
