"""Pelvises for the tests of stability: the phantom, its mirror image, and pelvises of the atlas, built once each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import LEFT_GAP, LEFT_HIP, RIGHT_GAP, RIGHT_HIP, Joint, LevelBand, Levels, Pelvis
from nutation.anatomy.phantom import phantom
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Frame, Grid

OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
ACROSS = np.array([-1.0, 1.0, 1.0])
SIDES: tuple[Side, Side] = ("left", "right")


@cache
def phantom_pelvis(spacing_mm: float = 2.0) -> Pelvis:
    """The default phantom as a pelvis."""
    return build_pelvis(phantom().shapes, spacing_mm=spacing_mm)


def without(pelvis: Pelvis, code: int) -> Pelvis:
    """The pelvis as an image that lacks one bone would show it."""
    return replace(pelvis, labels=np.where(pelvis.labels == code, 0, pelvis.labels).astype(np.uint8))


@cache
def atlas_pelvis(data_dir: Path, case: str, spacing_mm: float = 2.0) -> Pelvis:
    """One pelvis of the atlas."""
    atlas = data_dir / "atlas"
    shapes = read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")))
    return build_pelvis(shapes, spacing_mm=spacing_mm)


def mirrored(pelvis: Pelvis) -> Pelvis:
    """The pelvis reflected in its median plane: left is right."""
    labels = pelvis.labels[::-1].copy()
    swapped = labels.copy()
    for one, other in ((LEFT_HIP, RIGHT_HIP), (LEFT_GAP, RIGHT_GAP)):
        swapped[labels == one], swapped[labels == other] = other, one
    high = pelvis.low_mm + (np.array(labels.shape) - 1) * pelvis.spacing_mm
    low = np.array([-high[0], pelvis.low_mm[1], pelvis.low_mm[2]])
    frame = Frame(np.eye(3), np.zeros(3))
    return replace(
        pelvis,
        frame=frame,
        grid=Grid(pelvis.grid.shape, pelvis.grid.spacing_mm, low, np.eye(3)),
        labels=swapped,
        joints={OTHER[side]: _joint(joint) for side, joint in pelvis.joints.items()},
        levels=Levels({name: _band(band) for name, band in pelvis.levels.bands.items()}),
        landmarks={_named(name): place * ACROSS for name, place in pelvis.landmarks.items()},
        directions={name: way * ACROSS for name, way in pelvis.directions.items()},
    )


def without_below(pelvis: Pelvis, code: int, z_mm: float) -> Pelvis:
    """The pelvis as an image that ends at this height would show one bone."""
    labels = pelvis.labels.copy()
    heights = pelvis.low_mm[2] + np.arange(labels.shape[2]) * pelvis.spacing_mm
    below = labels[:, :, heights < z_mm]
    below[below == code] = 0
    labels[:, :, heights < z_mm] = below
    return replace(pelvis, labels=labels)


def _named(name: str) -> str:
    for side, other in OTHER.items():
        if name.endswith(f"_{side}"):
            return name.removesuffix(side) + other
    return name


def _joint(joint: Joint) -> Joint:
    points: Floats = joint.points_mm * ACROSS
    return replace(
        joint, side=OTHER[joint.side], points_mm=points, normals=joint.normals * ACROSS,
        centre_mm=joint.centre_mm * ACROSS, normal=joint.normal * ACROSS,
    )  # fmt: skip


def _band(band: LevelBand) -> LevelBand:
    return replace(band, centre_mm=band.centre_mm * ACROSS, axis=band.axis * ACROSS)
