"""The pubic symphysis as a soft layer, found where the two hip bones face each other in front."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.joint_mesh import middle_patch
from nutation.anatomy.joint_surfaces import surface_of
from nutation.anatomy.openings_masks import Part, away_mm, part_of
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, Pelvis
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.stability.interface import Layer, confined_mpa, shear_mpa

LEAST_MM2 = 100.0
"""Facing surfaces smaller than this are no symphysis: an image that ends above it, or corners that come near."""

MIDDLE_VOXELS = 5.0
"""Voxels this much nearer to one bone than to the other are still looked at for the middle: across a cube of eight the
difference changes by up to 3.5 voxels."""


def symphysis_layer(pelvis: Pelvis, *, figures: str = "symphysis") -> tuple[Layer | None, tuple[str, ...]]:
    """The pubic disc as a layer from the right to the left hip bone, its moduli those of an entry of the evidence.

    Its thickness is the gap between the bones, but no less than the entry `symphysis_width` says. None, with a warning,
    where the image does not show the two bones near each other.
    """
    evidence = load()
    width, entry = evidence.entry("symphysis_width"), evidence.entry(figures)
    least, most = width.number("least_mm"), width.number("most_mm")
    lacking = ("The image does not show the pubic symphysis: the hip bones are held together at the sacrum alone.",)
    part = _near_both(pelvis, most)
    if part is None:
        return None, lacking
    labels = pelvis.labels[part]
    spacing = pelvis.spacing_mm
    low: Floats = pelvis.low_mm + np.array([one.start for one in part]) * spacing
    right, left = labels == RIGHT_HIP, labels == LEFT_HIP
    if not (right.any() and left.any()):
        return None, lacking
    to_right, to_left = away_mm(right, spacing), away_mm(left, spacing)
    band = (to_right + to_left - spacing < most) & (np.abs(to_right - to_left) < MIDDLE_VOXELS * spacing)
    first, second = surface_of(right, spacing, low), surface_of(left, spacing, low)
    if first is None or second is None or not band.any():
        return None, lacking
    patch = middle_patch(first, second, band, spacing, low, most)
    if patch is None or float(patch.areas_mm2.sum()) < LEAST_MM2:
        return None, lacking
    modulus, poisson = entry.number("modulus_mpa"), entry.number("poisson")
    narrow = float(patch.areas_mm2[patch.gap_mm < least].sum() / patch.areas_mm2.sum())
    warnings: tuple[str, ...] = ()
    if narrow > 0.5:
        told = f"{least:g} mm of disc are taken for it there."
        warnings = (f"The pubic symphysis is narrower than {least:g} mm on {narrow:.0%} of its surface: {told}",)
    layer = Layer(
        name="pubic symphysis",
        first=RIGHT_HIP,
        second=LEFT_HIP,
        points_mm=patch.points_mm,
        normals=patch.normals,
        thickness_mm=np.maximum(patch.gap_mm, least),
        areas_mm2=patch.areas_mm2,
        across_mpa=confined_mpa(modulus, poisson),
        along_mpa=shear_mpa(modulus, poisson),
        evidence=(figures, "symphysis_width"),
        warnings=warnings,
    )
    return layer, warnings


def _near_both(pelvis: Pelvis, most_mm: float) -> Part | None:
    """The part of the grid that both hip bones come near."""
    first, second = part_of(pelvis.labels, LEFT_HIP), part_of(pelvis.labels, RIGHT_HIP)
    if first is None or second is None:
        return None
    reach = int(np.ceil(most_mm / pelvis.spacing_mm)) + 4
    made: list[slice] = []
    for one, other, size in zip(first, second, pelvis.labels.shape, strict=True):
        low, high = max(one.start, other.start) - reach, min(one.stop, other.stop) + reach
        if low >= high:
            return None
        made.append(slice(max(low, 0), min(high, size)))
    return made[0], made[1], made[2]
