"""Two blocks of bone with a soft joint and one implant: as a beam, and resolved in fine cubes as the reference.

Ilium and sacrum as blocks of trabecular bone with a shell on the faces at the joint, at the entry and at the far end;
between them 2 mm of joint as springs per area, the same in both models. In the reference the implant is bonded titanium
in cubes, each weighed by what the implant fills of it, and the bone in its place is gone. All that differs is the
implant. The shell is as thick as shells are told apart (2 mm, decision 0013), so that all cubes hold the same bone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import numpy as np
import scipy.sparse

from nutation.anatomy.implants import Implant, Pose, Section, Size
from nutation.anatomy.pelvis import LEFT_HIP, SACRUM, Joint, Pelvis
from nutation.anatomy.solids import distance_mm, voxel_fraction
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.stability.attach import attach, threefold
from nutation.stability.beams import cross_matrix
from nutation.stability.implants import Bed, Grip, elastic, place
from nutation.stability.interface import Interface, Layer, confined_mpa, interface_of, shear_mpa
from nutation.stability.materials import RESOLVED_MM, bone_figures
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.motion import resultant
from nutation.stability.solver import Solver
from stability.blocks_made import box, made_pelvis
from stability.meshes_made import mesh_of

sparse = cast("Any", scipy.sparse)

GAP_MM = 2.0
HOLD_N_PER_MM = 1e4
"""Each point of the ilium's sides is held by this: the block of bone is far softer."""

BONDED_MM = 0.3
"""Bone under a millimetre thick between implant and mesh: ties ten times as stiff as the bone that they hold on to."""

LOADS = ("pull", "shear y", "shear z", "twist", "bend y", "bend z")
"""Unit wrenches on the sacrum about the joint's centre: 1 N, and 1 N·mm."""

METAL = 9
"""The code of cubes of the implant that lie in the gap: no bone's."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """How wide both blocks are and how thick each, all even, and how long the implant is. It starts `offset_mm` off the
    middle of the ilium's outer face and runs along -x."""

    width_mm: float = 24.0
    ilium_mm: float = 14.0
    sacrum_mm: float = 22.0
    length_mm: float = 32.0
    section: Section = "triangle"
    diameter_mm: float = 7.0
    offset_mm: tuple[float, float] = (0.0, 0.0)
    roll_deg: float = 0.0

    @property
    def implant(self) -> Implant:
        """The implant."""
        size = Size("made", "made", self.section, self.diameter_mm, self.length_mm, cannulated=False)
        entry = np.array([self.high_mm, *self.offset_mm])
        return Implant(size, Pose(entry, np.array([-1.0, 0.0, 0.0]), self.roll_deg))

    @property
    def high_mm(self) -> float:
        """Where the ilium's outer face lies."""
        return GAP_MM / 2 + self.ilium_mm

    @property
    def low_mm(self) -> Floats:
        """The lowest corner of both."""
        return np.array([-GAP_MM / 2 - self.sacrum_mm, -self.width_mm / 2, -self.width_mm / 2])


@dataclass(frozen=True, slots=True)
class Found:
    """What the six loads do. motion (6, 6): of the sacrum's block against the ilium's at the joint, translation in mm
    and rotation in rad, one column a load. carried (6, 6): the wrench through the implant about the joint's centre."""

    motion: Floats
    carried: Floats
    unknowns: int
    seconds: float
    iterations: int

    def give(self, load: str) -> float:
        """How far the load's own point gives way along it, in mm/N or rad/(N·mm)."""
        at = LOADS.index(load)
        return float(self.motion[at, at])

    def share(self, load: str) -> float:
        """The share of the load that crosses the joint in the implant."""
        at = LOADS.index(load)
        return float(self.carried[at, at])


def intact(blocks: Blocks, spacing_mm: float) -> Found:
    """The blocks without an implant."""
    mesh = _bone(blocks, spacing_mm)
    return _solved(blocks, mesh, mesh, sparse.csr_matrix((mesh.unknowns,) * 2), 0)


def as_beam(blocks: Blocks, spacing_mm: float, grip: Grip) -> Found:
    """The implant as the model has it."""
    pelvis, mesh = _pelvis(blocks), _bone(blocks, spacing_mm)
    placed = place(Bed(pelvis, mesh), "left", pelvis.joints["left"], [blocks.implant], grip, elastic())
    return _solved(blocks, mesh, mesh, placed.matrix, placed.extra)


def resolved(blocks: Blocks, spacing_mm: float) -> Found:
    """The implant in cubes of titanium. The cubes must fit into the gap a whole number of times."""
    metal = load().entry("titanium").number("modulus_mpa")
    volumes = _moduli(blocks, spacing_mm)
    whole = volumes[SACRUM] + volumes[LEFT_HIP]
    middle = blocks.low_mm + spacing_mm / 2
    share = voxel_fraction(blocks.implant, middle, spacing_mm, cast("Any", whole.shape)).astype(np.float64)
    whole = share * metal + (1.0 - share) * whole
    # of one body, so that bone and implant share their nodes; then told apart for what takes hold of bone
    solved = replace(mesh_of({SACRUM: whole}, spacing_mm), low_mm=blocks.low_mm)
    x = solved.low_mm[0] + (solved.cells[:, 0] + 0.5) * spacing_mm
    codes = np.where(x < -GAP_MM / 2, SACRUM, np.where(x > GAP_MM / 2, LEFT_HIP, METAL)).astype(np.uint8)
    node_x = solved.places_mm[:, 0]
    node_codes = np.where(node_x < 0, SACRUM, LEFT_HIP).astype(np.uint8)
    named = replace(solved, element_body=codes, node_body=node_codes)
    return _solved(blocks, solved, named, sparse.csr_matrix((solved.unknowns,) * 2), 0)


def _solved(blocks: Blocks, mesh: VoxelMesh, named: VoxelMesh, more: Any, extra: int) -> Found:
    """The loads on a mesh; `named` is the same mesh with bodies told apart."""
    joint = _joint(blocks, named)
    held = threefold(attach(named, LEFT_HIP, _sides(blocks)).weights)
    soft = (joint.matrix + HOLD_N_PER_MM * held.T @ held).tocoo()
    size = mesh.unknowns + 3 * extra
    matrix = sparse.csr_matrix((soft.data, (soft.row, soft.col)), shape=(size, size)) + more
    solver = Solver(mesh, Couplings(matrix.tocsr(), extra))
    loads = np.zeros((size, 6))
    loads[: mesh.unknowns] = _wrenches(blocks, named)
    found = solver.solve(loads, tolerance=1e-7)
    assert found.converged
    moved = found.displacements[: mesh.unknowns]
    motion = _fitted(named, SACRUM, _near(blocks, -4.0), moved) - _fitted(named, LEFT_HIP, _near(blocks, 4.0), moved)
    springs = resultant(named, SACRUM, np.zeros(3)) @ (joint.matrix @ moved)
    return Found(motion, np.eye(6) - springs, size, solver.seconds + found.seconds, found.iterations)


def _moduli(blocks: Blocks, spacing_mm: float) -> dict[int, Floats]:
    """Moduli of both blocks on one grid, (x, y, z): a shell on the faces across x, of half its modulus in 2 mm."""
    figures = bone_figures()
    shell = (
        figures.cortical_mpa * figures.shell_mm + figures.trabecular_mpa * (RESOLVED_MM - figures.shell_mm)
    ) / RESOLVED_MM
    length = blocks.sacrum_mm + GAP_MM + blocks.ilium_mm
    count = [round(edge / spacing_mm) for edge in (length, blocks.width_mm, blocks.width_mm)]
    x = blocks.low_mm[0] + (np.arange(count[0]) + 0.5) * spacing_mm
    volumes: dict[int, Floats] = {}
    ends = {SACRUM: (blocks.low_mm[0], -GAP_MM / 2), LEFT_HIP: (GAP_MM / 2, blocks.high_mm)}
    for code, (low, high) in ends.items():
        along = np.where((x > low) & (x < high), figures.trabecular_mpa, 0.0)
        along[(along > 0) & ((x < low + RESOLVED_MM) | (x > high - RESOLVED_MM))] = shell
        volumes[code] = np.broadcast_to(along[:, None, None], count).copy()
    return volumes


@cache
def _bone(blocks: Blocks, spacing_mm: float) -> VoxelMesh:
    return replace(mesh_of(_moduli(blocks, spacing_mm), spacing_mm), low_mm=blocks.low_mm)


@cache
def _pelvis(blocks: Blocks) -> Pelvis:
    """The blocks as labels, voxels of 1 mm whose faces are the blocks' faces."""
    half = blocks.width_mm / 2
    low, high = float(blocks.low_mm[0]), blocks.high_mm
    bones = {
        SACRUM: box((low, -half, -half), (-GAP_MM / 2, half, half)),
        LEFT_HIP: box((GAP_MM / 2, -half, -half), (high, half, half)),
    }
    points = _across(blocks, 0.0, 1.0)
    joint = Joint(
        "left", points, np.tile([1.0, 0.0, 0.0], (len(points), 1)), np.full(len(points), GAP_MM),
        blocks.width_mm**2, np.zeros(3), np.array([1.0, 0.0, 0.0]), False, 0.0,
    )  # fmt: skip
    return made_pelvis(
        bones, (low - 4.5, -half - 4.5, -half - 4.5), (high + 4.5, half + 4.5, half + 4.5), joints={"left": joint}
    )


def _joint(blocks: Blocks, named: VoxelMesh) -> Interface:
    """The joint's springs, none where the implant passes."""
    soft = load().entry("si_cartilage_population")
    modulus, poisson = soft.number("modulus_mpa"), soft.number("poisson")
    points = _across(blocks, 0.0, 1.0)
    points = points[distance_mm(blocks.implant, points) > 0]
    count = len(points)
    return interface_of(
        named,
        Layer(
            "joint", SACRUM, LEFT_HIP, points, np.tile([1.0, 0.0, 0.0], (count, 1)), np.full(count, GAP_MM),
            np.ones(count), confined_mpa(modulus, poisson), shear_mpa(modulus, poisson), (),
        ),
    )  # fmt: skip


def _across(blocks: Blocks, x_mm: float, step_mm: float) -> Floats:
    """Middles of squares over the blocks' width in one plane, (n, 3)."""
    half = blocks.width_mm / 2
    at = np.arange(-half + step_mm / 2, half, step_mm)
    y, z = np.meshgrid(at, at, indexing="ij")
    return np.stack([np.full(y.size, x_mm), y.ravel(), z.ravel()], axis=1)


def _near(blocks: Blocks, x_mm: float) -> Floats:
    """Where motion is read: points of a plane beside the joint, none within 3 mm of the implant."""
    points = _across(blocks, x_mm, 2.0)
    return points[distance_mm(blocks.implant, points) > 3.0]


def _sides(blocks: Blocks) -> Floats:
    """Points on the four sides of the ilium's block, where it is held."""
    half = blocks.width_mm / 2
    deep = np.arange(GAP_MM / 2 + 1.0, blocks.high_mm, 2.0)
    along = np.arange(-half + 1.0, half, 2.0)
    x, other = (one.ravel() for one in np.meshgrid(deep, along, indexing="ij"))
    edge = np.full(len(x), half)
    faces = [np.stack([x, sign * edge, other], axis=1) for sign in (-1, 1)]
    faces += [np.stack([x, other, sign * edge], axis=1) for sign in (-1, 1)]
    return np.concatenate(faces)


def _wrenches(blocks: Blocks, named: VoxelMesh) -> Floats:
    """The loads (unknowns, 6): least forces on the sacrum's far face that come to each wrench."""
    points = _across(blocks, float(blocks.low_mm[0]), 2.0)
    arms = np.concatenate([np.broadcast_to(np.eye(3), (len(points), 3, 3)), cross_matrix(points)], axis=1)
    rows = arms.transpose(1, 0, 2).reshape(6, -1)
    forces = rows.T @ np.linalg.inv(rows @ rows.T)
    return np.asarray(threefold(attach(named, SACRUM, points).weights).T @ forces, dtype=np.float64)


def _fitted(named: VoxelMesh, body: int, points: Floats, moved: Floats) -> Floats:
    """The rigid motion (6, r) at the joint's centre nearest to that of points of one body."""
    there = threefold(attach(named, body, points).weights) @ moved
    rigid = np.concatenate([np.broadcast_to(np.eye(3), (len(points), 3, 3)), -cross_matrix(points)], axis=2)
    return np.asarray(np.linalg.lstsq(rigid.reshape(-1, 6), there, rcond=None)[0], dtype=np.float64)
