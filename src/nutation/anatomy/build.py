"""From bones as given to the `Pelvis` that everything later works on: frame, voxels, openings, levels, joints."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.frame import FrameFound, pelvic_frame
from nutation.anatomy.joint import CutGap, cut_gap, joint_of
from nutation.anatomy.labels_field import resampled, to_sitk
from nutation.anatomy.levels import propose_levels
from nutation.anatomy.openings import find_openings
from nutation.anatomy.pelvis import BACKGROUND, LEFT_HIP, METAL, RIGHT_HIP, SACRUM, Joint, Levels, Pelvis
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.source import Side
from nutation.anatomy.space import Frame, Grid, Mask, Volume
from nutation.evidence import load
from nutation.record.errors import InputError

# Space around the bones: room for an implant that stands proud of the ilium, and for distances to settle.
MARGIN_MM = 10.0

# Metal counts as an obstacle of this operation where it lies this near to bone: screws stand out of it, a bed does not.
METAL_NEAR_MM = 10.0

# What the CT does not cover counts as air.
OUTSIDE_HU = -1024.0

# Finer voxels than this would need more memory than a plan has use for: their number grows with the third power.
FINEST_MM, COARSEST_MM = 0.4, 3.0

SIDES: tuple[Side, ...] = ("left", "right")


def build_pelvis(shapes: BoneShapes, *, hu: Volume | None = None, spacing_mm: float = 1.0) -> Pelvis:
    """The pelvis on an isotropic grid of its own frame, from bones in LPS and, where there is one, the CT in HU.

    Warnings gather what the input, the frame, the levels and the joints have to say. Raises `InputError` where bones
    are missing or a joint is not found, and for a spacing that no plan can use.
    """
    if not FINEST_MM <= spacing_mm <= COARSEST_MM:
        raise InputError(
            f"voxels of {spacing_mm:g} mm were asked for.",
            mend=f"ask for {FINEST_MM:g} to {COARSEST_MM:g} mm; 1 mm is usual.",
        )
    found = pelvic_frame(shapes)
    grid = pelvic_grid(shapes, found.frame, spacing_mm)
    low = found.frame.from_lps(grid.origin_mm)
    given = shapes.sampled(grid)
    gap = cut_gap(given, spacing_mm)
    openings = find_openings(gap.labels, spacing_mm, low)
    levels = propose_levels(gap.labels, openings, spacing_mm, low, found.landmarks)
    _check_upper_end(found, levels)
    joints: dict[Side, Joint] = {
        side: joint_of(
            side, gap.labels, spacing_mm, low, gap.synthesised[side], gap.fused_share[side], uncut=given
        )
        for side in SIDES
    }  # fmt: skip
    labels = gap.labels
    attenuation, metal = _attenuation(hu, grid, labels, spacing_mm)
    warnings = _warnings(shapes, found, joints, gap, spacing_mm, metal)
    return Pelvis(
        frame=found.frame,
        grid=grid,
        labels=labels,
        hu=attenuation,
        openings=openings,
        levels=levels,
        joints=joints,
        landmarks=found.landmarks,
        directions=found.directions,
        angles_deg=found.angles_deg,
        source=shapes.source,
        warnings=tuple(dict.fromkeys((*warnings, *levels.warnings))),
        notes={"bones": shapes.source.described, "metal_ml": f"{metal:.1f}"},
    )


def _check_upper_end(found: FrameFound, levels: Levels) -> None:
    """Raises InputError where neither the sacrum's upper end was found nor its levels can be counted without doubt."""
    if "s1_endplate_centre" in found.landmarks:
        return
    doubts = [text for text in levels.warnings if "in doubt" in text or "not found" in text]
    if doubts:
        raise InputError(
            f"the upper end of the sacrum was not found (no promontory, no endplate of S1). {doubts[0]}",
            place="upper end of the sacrum",
            mend="give a map or surfaces of the whole sacrum, S1 with its endplate too.",
        )


def pelvic_grid(shapes: BoneShapes, frame: Frame, spacing_mm: float) -> Grid:
    """The grid along the frame's axes that holds sacrum and hips with a margin; the origin lies on a voxel's centre."""
    points = np.concatenate([frame.from_lps(shapes.surface(code)) for code in (SACRUM, LEFT_HIP, RIGHT_HIP)])
    low = np.floor((points.min(axis=0) - MARGIN_MM) / spacing_mm)
    high = np.ceil((points.max(axis=0) + MARGIN_MM) / spacing_mm)
    shape = [int(n) for n in high - low + 1]
    return Grid((shape[0], shape[1], shape[2]), np.full(3, spacing_mm), frame.to_lps(low * spacing_mm), frame.rotation)


def _attenuation(
    hu: Volume | None, grid: Grid, labels: NDArray[np.uint8], spacing_mm: float
) -> tuple[NDArray[np.float32] | None, float]:
    """The CT on the grid, and existing metal written into the labels; with the metal's volume in ml."""
    if hu is None:
        return None, 0.0
    values = np.asarray(hu.values, dtype=np.float32)
    attenuation = resampled(to_sitk(values, hu.grid), grid, OUTSIDE_HU)
    threshold = load().entry("metal_on_ct").number("metal_hu")
    dense = attenuation >= threshold
    if not dense.any():
        return attenuation, 0.0
    metal = dense & _near(labels != BACKGROUND, spacing_mm)
    labels[metal] = METAL
    return attenuation, float(metal.sum()) * spacing_mm**3 / 1000.0


def _near(bone: Mask, spacing_mm: float) -> Mask:
    """The voxels within reach of bone."""
    import edt

    library = cast("Any", edt)
    away = library.edt(np.ascontiguousarray(~bone), anisotropy=(spacing_mm,) * 3, black_border=False, parallel=0)
    return np.asarray(away, dtype=np.float32) <= METAL_NEAR_MM


def _warnings(
    shapes: BoneShapes, found: FrameFound, joints: dict[Side, Joint], gap: CutGap, spacing_mm: float, metal_ml: float
) -> list[str]:
    told = [*shapes.source.warnings, *found.warnings]
    # An image's own reader says already that its voxels are coarse.
    if shapes.finest_mm > spacing_mm + 1e-6 and not any("no finer" in text for text in told):
        told.append(
            f"The input is no finer than {shapes.finest_mm:.1f} mm: distances below that are interpolated, not seen."
        )
    for side, joint in joints.items():
        if joint.synthesised:
            told.append(
                f"The {side} sacroiliac joint has no gap in the input on {gap.fused_share[side]:.0%} of its surface: a "
                "gap was cut there. The input alone does not tell bones that are labelled without a gap from a joint "
                "that is fused."
            )
    if metal_ml > 0:
        told.append(f"{metal_ml:.1f} ml of metal lie in or near the bones: it counts as an obstacle.")
    return told
