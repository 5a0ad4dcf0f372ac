"""The phantom as a pelvis whose every landmark is known from its formulas, for tests of views and pictures."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np

from nutation.anatomy.pelvis import CANAL, FORAMINA, GAP_OF, HIP_OF, SACRUM, Levels, Openings, Pelvis
from nutation.anatomy.phantom import phantom, tilted
from nutation.anatomy.source import Source
from nutation.anatomy.space import Frame, Grid
from nutation.planning.fluoroscopy_filters import grown


@cache
def seen_pelvis(spacing_mm: float = 2.0, *, ct: bool = False, turn_deg: float = 0.0) -> Pelvis:
    """The default phantom on an isotropic grid, openings and levels as they truly are.

    `turn_deg` turns the frame about the upright axis against the bones, as a frame that was found askew would be.
    """
    made = phantom()
    truth = made.truth
    turn = tilted(turn_deg=turn_deg).rotation
    low, high = made.bounds()
    low, high = low - 12, high + 12
    shape = np.ceil((high - low) / spacing_mm).astype(int)
    grid = Grid((int(shape[0]), int(shape[1]), int(shape[2])), np.full(3, spacing_mm), turn @ low, turn)
    labels = made.shapes.sampled(grid)
    layers = math.ceil(2.0 / spacing_mm)
    for side, hip in HIP_OF.items():
        between = grown(labels == SACRUM, layers) & grown(labels == hip, layers) & (labels == 0)
        labels[between] = GAP_OF[side]
    openings = Openings(made.openings(grid), frozenset({"canal", *FORAMINA}))
    assert (openings.labels == CANAL).any()
    hu = made.ct((spacing_mm,) * 3, covering=(tuple(low), tuple(high))).values if ct else None
    source = Source(
        ("phantom",), "dicom" if ct else "unverified", patient_id="PHANTOM", image_date=date(2026, 3, 9) if ct else None
    )
    bands = {
        level: replace(band, centre_mm=band.centre_mm @ turn, axis=band.axis @ turn)
        for level, band in truth.levels.bands.items()
    }
    joints = {
        side: replace(
            joint, points_mm=joint.points_mm @ turn, normals=joint.normals @ turn, centre_mm=joint.centre_mm @ turn,
            normal=joint.normal @ turn,
        )
        for side, joint in truth.joints.items()
    }  # fmt: skip
    return Pelvis(
        Frame(turn, np.zeros(3)), grid, labels, None if hu is None else hu[tuple(slice(0, n) for n in grid.shape)],
        openings, Levels(bands), joints, {name: point @ turn for name, point in truth.landmarks.items()},
        {name: way @ turn for name, way in truth.directions.items()}, truth.angles_deg, source,
    )  # fmt: skip


def without(pelvis: Pelvis, *landmarks: str) -> Pelvis:
    """The same pelvis, some landmarks not found."""
    kept = {name: point for name, point in pelvis.landmarks.items() if name not in landmarks}
    return replace(pelvis, landmarks=kept)
