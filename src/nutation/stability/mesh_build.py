"""From a pelvis to the finite-element mesh: each bone its own body, each cell weighed by what the bone fills of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_masks import pieces
from nutation.anatomy.pelvis import BONE_NAMES, LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.space import Floats, Mask
from nutation.record.errors import InputError
from nutation.stability.fill import BoneFill, bone_mask, fill_bone
from nutation.stability.materials import (
    CT_ENTRIES,
    MATERIAL_ENTRIES,
    Attenuated,
    BoneFigures,
    attenuated,
    bone_figures,
    mixed_modulus,
    smeared,
)
from nutation.stability.memory import foretell
from nutation.stability.mesh import CORNERS, VoxelMesh

BONES = (SACRUM, LEFT_HIP, RIGHT_HIP)
"""The bones of the model. L5 is none of them: it only carries the iliolumbar ligament, and no disc would hold it."""

KEPT_SHARE = 0.25
"""A cell counts from this share of bone upwards. Below, cells are so soft beside the others that the equations converge
slowly, and they add little: all that lies in them is a layer of 1/32 of a cell over the surface, and what it would have
carried is handed to the neighbour that is fullest, so that no stiffness is lost and the answer hardly follows it."""

SECOND_SHARE = 0.1
"""A second piece of a bone larger than this share of the first is no crumb: the bone is broken, or the labels are."""

CRUMBS_MM3 = 100.0
"""Loose pieces are told from this volume together on: less is a thin rim that coarse cubes broke off."""

METAL_MM3 = 50.0
"""Metal in a bone is told from this volume on: less is a streak."""

VOID_MM3 = 500.0
"""A hollow inside a bone from this size on is told: marrow that was not labelled, or a hole in the labels."""


@dataclass(frozen=True, slots=True)
class BuiltMesh:
    """The mesh, and what goes with it.

    `filled` (m,): the share of each cube that its bone fills. `volumes_mm3`: by bone what the cubes hold; `bone_mm3`
    what the bone has, before small cells and pieces were left out. `modulus_from` says in words where moduli come from,
    `evidence` names the entries; `warnings` what has to be said.
    """

    mesh: VoxelMesh
    filled: Floats
    volumes_mm3: Mapping[int, float]
    bone_mm3: Mapping[int, float]
    modulus_from: str
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Body:
    """One bone's cubes: position (m, 3), share, modulus; in order of x, y, z."""

    code: int
    cells: NDArray[np.int32]
    filled: NDArray[np.float32]
    modulus: NDArray[np.float32]
    bone_mm3: float
    warnings: tuple[str, ...]


def build_mesh(
    pelvis: Pelvis,
    spacing_mm: float,
    *,
    bones: Sequence[int] = BONES,
    figures: BoneFigures | None = None,
    use_ct: bool = True,
    most_bytes: float | None = None,
) -> BuiltMesh:
    """The mesh of the pelvis's bones in cubes of `spacing_mm`, with moduli from its CT or, without, of shell and core.

    Grid nodes lie at whole multiples of the spacing from the frame's origin, so that a mirrored pelvis has the mirrored
    mesh. Raises InputError where a bone is missing or falls into two, where the CT makes no sense, and where the model
    would not fit into `most_bytes` (left out: the memory that is free), with the resolution that fits.
    """
    foretell(pelvis, spacing_mm, bones=bones, most_bytes=most_bytes)
    used = bone_figures() if figures is None else figures
    ct = attenuated(pelvis, tuple(bones)) if use_ct else None

    def body(code: int) -> _Body:
        return _body(pelvis, code, spacing_mm, used, ct)

    with ThreadPoolExecutor(len(bones)) as pool:
        bodies = list(pool.map(body, bones))
    mesh, order = _joined(bodies, spacing_mm, used.poisson)
    filled = np.concatenate([one.filled for one in bodies])[order].astype(np.float64)
    cube = spacing_mm**3
    warnings = [*(ct.warnings if ct else ()), *(text for one in bodies for text in one.warnings)]
    return BuiltMesh(
        mesh=mesh,
        filled=filled,
        volumes_mm3={one.code: float(one.filled.sum(dtype=np.float64)) * cube for one in bodies},
        bone_mm3={one.code: one.bone_mm3 for one in bodies},
        modulus_from="uncalibrated CT" if ct else "cortical shell and trabecular core, one modulus each",
        evidence=CT_ENTRIES if ct else MATERIAL_ENTRIES,
        warnings=tuple(warnings),
    )


def _body(pelvis: Pelvis, code: int, spacing_mm: float, figures: BoneFigures, ct: Attenuated | None) -> _Body:
    fill = fill_bone(
        pelvis,
        code,
        spacing_mm,
        shell_mm=figures.shell_mm,
        plate_mm=figures.plate_mm(code),
        modulus_mpa=ct.modulus_mpa if ct else None,
    )
    shell = smeared(fill.filled, fill.shell, spacing_mm)
    modulus = fill.stiff_mpa if ct else mixed_modulus(fill.filled, shell, figures)
    kept, warnings = kept_cells(fill)
    warnings += _hollow(kept, fill)
    _, _, metal = bone_mask(pelvis, code)
    if metal >= METAL_MM3:
        warnings += (f"{metal / 1000:.1f} ml of metal in the {BONE_NAMES[code]} count as bone.",)
    handed = handed_on(kept, modulus)
    return _Body(
        code,
        (np.argwhere(kept) + fill.first).astype(np.int32),
        fill.filled[kept],
        handed[kept],
        fill.volume_mm3,
        warnings,
    )


def kept_cells(fill: BoneFill) -> tuple[Mask, tuple[str, ...]]:
    """The cells of the bone that become cubes: full enough, and of one piece that hangs together by faces.

    Raises InputError naming the bone where nothing is left or a second piece is of comparable size.
    """
    name = BONE_NAMES[fill.code]
    kept = fill.filled >= KEPT_SHARE
    numbers, count = pieces(kept)
    if count == 0:
        raise InputError(
            f"the {name} is thinner than the cubes of {fill.spacing_mm:g} mm everywhere",
            place=name,
            mend="ask for a finer resolution",
        )
    if count == 1:
        return kept, ()
    held = np.bincount(numbers.ravel(), weights=fill.filled.ravel())
    held[0] = 0.0
    first, second = (float(one) for one in np.sort(held)[::-1][:2])
    cube = fill.spacing_mm**3
    if second > SECOND_SHARE * first:
        raise InputError(
            f"the {name} falls into {count} pieces, the largest of {first * cube / 1000:.1f} and "
            f"{second * cube / 1000:.1f} ml",
            place=name,
            mend="mend the labels so that it is of one piece; a fractured bone cannot be modelled",
        )
    largest = np.asarray(numbers == int(held.argmax()), dtype=np.bool_)
    lost = (held.sum() - first) * cube
    told = f"{count - 1} loose pieces of the {name}, {lost / 1000:.2f} ml together, were left out."
    return largest, (told,) if lost >= CRUMBS_MM3 else ()


def handed_on(kept: Mask, modulus: NDArray[np.float32]) -> NDArray[np.float32]:
    """The modulus (nx, ny, nz), with that of cells that were left out added to the stiffest kept one beside each."""
    out = modulus.astype(np.float32, copy=True)
    loose = (modulus > 0) & ~kept
    best = np.zeros(modulus.shape, np.float32)
    for here, there in _sides():
        best[here] = np.maximum(best[here], np.where(kept[there], modulus[there], 0))
    # equals share, so that mirrored bones stay mirrored
    ties = np.zeros(modulus.shape, np.float32)
    for here, there in _sides():
        ties[here] += kept[there] & (modulus[there] == best[here]) & (best[here] > 0)
    given = np.where(loose & (ties > 0), modulus / np.maximum(ties, 1), 0).astype(np.float32)
    for here, there in _sides():
        takes = kept[there] & (modulus[there] == best[here])
        out[there] += np.where(takes, given[here], 0)
    return out


def _sides() -> list[tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]]:
    """For each of the six neighbours, the slices of the cells and of that neighbour."""
    every = slice(None)
    made: list[tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]] = []
    for axis in range(3):
        for here, there in ((slice(0, -1), slice(1, None)), (slice(1, None), slice(0, -1))):
            one, other = [every] * 3, [every] * 3
            one[axis], other[axis] = here, there
            made.append(((one[0], one[1], one[2]), (other[0], other[1], other[2])))
    return made


def _hollow(kept: Mask, fill: BoneFill) -> tuple[str, ...]:
    """A warning where the bone shuts in a void; an opening that goes through it is none."""
    numbers, _ = pieces(~np.pad(kept, 1))
    sizes = np.bincount(numbers.ravel())
    sizes[[0, int(numbers[0, 0, 0])]] = 0
    volume = float(sizes.max()) * fill.spacing_mm**3
    if volume < VOID_MM3:
        return ()
    where = (np.argwhere(numbers == int(sizes.argmax())).mean(axis=0) - 0.5 + fill.first) * fill.spacing_mm
    place = ", ".join(f"{value:.0f}" for value in where)
    name = BONE_NAMES[fill.code]
    return (f"The {name} has a hollow of {volume / 1000:.1f} ml around ({place}) mm that counts as empty.",)


def _joined(bodies: Sequence[_Body], spacing_mm: float, poisson: float) -> tuple[VoxelMesh, NDArray[np.int64]]:
    """All bodies as one mesh, and the order of its cubes among the bodies' ones in turn."""
    cells = np.concatenate([one.cells for one in bodies])
    codes = np.concatenate([np.full(len(one.cells), one.code, np.uint8) for one in bodies])
    low = cells.min(axis=0)
    cells = cells - low
    size = cells.max(axis=0).astype(np.int64) + 2
    order = np.argsort(cells[:, 0], kind="stable")
    cells, codes = cells[order], codes[order]
    # a node's key sorts by x, then body, y, z
    rank = np.zeros(256, np.int64)
    rank[[one.code for one in bodies]] = np.arange(len(bodies))
    body = rank[codes]
    corners = np.empty((len(cells), 8), np.int64)
    for corner, (x, y, z) in enumerate(CORNERS):
        along = (cells[:, 0] + int(x)) * len(bodies) + body
        corners[:, corner] = (along * size[1] + cells[:, 1] + int(y)) * size[2] + cells[:, 2] + int(z)
    table = np.zeros(int(size[0]) * len(bodies) * int(size[1]) * int(size[2]), np.int32)
    table[corners.ravel()] = 1
    keys = np.flatnonzero(table)
    table[keys] = np.arange(len(keys), dtype=np.int32)
    elements = table[corners]
    rest, z_at = np.divmod(keys, size[2])
    rest, y_at = np.divmod(rest, size[1])
    x_at, which = np.divmod(rest, len(bodies))
    mesh = VoxelMesh(
        spacing_mm=spacing_mm,
        low_mm=low.astype(np.float64) * spacing_mm,
        nodes=np.stack([x_at, y_at, z_at], axis=1).astype(np.int32),
        node_body=np.array([one.code for one in bodies], np.uint8)[which],
        elements=elements,
        cells=cells.astype(np.int32),
        element_body=codes,
        modulus_mpa=np.concatenate([one.modulus for one in bodies])[order].astype(np.float64),
        poisson=poisson,
    )
    return mesh, order
