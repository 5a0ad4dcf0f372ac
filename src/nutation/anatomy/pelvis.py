"""The pelvis as data: bones on a grid in the pelvis's own frame, with what is known of frame, levels and joints.

Everything in a `Pelvis` is in the *pelvic frame*: x to the patient's left, y backwards, z upwards (as in LPS, but
along the pelvis's own axes), millimetres from the frame's origin. `pelvis.frame.to_lps` leads back to the input's
space. The grid is isotropic and its axes are the frame's, so a rotated and shifted image gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.source import Side, Source
from nutation.anatomy.space import Floats, Frame, Grid, Mask

BACKGROUND, SACRUM, LEFT_HIP, RIGHT_HIP, L5 = 0, 1, 2, 3, 4
LEFT_GAP, RIGHT_GAP = 5, 6
METAL = 7

BONE_NAMES: Mapping[int, str] = {SACRUM: "sacrum", LEFT_HIP: "left hip", RIGHT_HIP: "right hip", L5: "L5"}

HIP_OF: Mapping[Side, int] = {"left": LEFT_HIP, "right": RIGHT_HIP}
GAP_OF: Mapping[Side, int] = {"left": LEFT_GAP, "right": RIGHT_GAP}

# Openings of the sacrum, as codes in `Openings.labels`.
CANAL = 1
FORAMINA: Mapping[str, int] = {
    "s1_foramen_left": 2,
    "s1_foramen_right": 3,
    "s2_foramen_left": 4,
    "s2_foramen_right": 5,
    "lower_foramina": 6,
}

Level = Literal["s1", "s2"]


@dataclass(frozen=True, slots=True)
class Openings:
    """Sacral canal and foramina as voxels: uint8 codes of this module on the pelvis's grid, 0 elsewhere.

    `seen` names those that the input shows ("canal", "s1_foramen_left" …). What is not in it is unknown, never absent:
    a map that fills them in says nothing of where they are.
    """

    labels: NDArray[np.uint8]
    seen: frozenset[str]


@dataclass(frozen=True, slots=True)
class LevelBand:
    """One sacral level as proposed: where its body and its way to the ala lie (pelvic frame).

    `centre_mm` (3,) is the middle of the body; `lower_mm` and `upper_mm` bound it along `axis` (3,), the sacral axis
    at that level (pointing cranially), measured from `centre_mm`; `basis` says what it was read from, in words.
    """

    level: Level
    centre_mm: Floats
    axis: Floats
    lower_mm: float
    upper_mm: float
    basis: str


@dataclass(frozen=True, slots=True)
class Levels:
    """S1 and S2 as proposed, to be confirmed by a person."""

    bands: Mapping[Level, LevelBand]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Joint:
    """One sacroiliac joint: its mid-surface as points (n, 3) with normals (n, 3) towards the ilium, gap and area.

    `gap_mm` (n,) is the distance from sacrum to ilium at each point; `synthesised` where the input let the bones touch
    and the gap was cut between them: its width then says nothing. `fused_share` is the share of the surface on which
    the two bones touch in the input. `areas_mm2` (n,) is the area that each point stands for, where it is known.
    """

    side: Side
    points_mm: Floats
    normals: Floats
    gap_mm: Floats
    area_mm2: float
    centre_mm: Floats
    normal: Floats
    synthesised: bool
    fused_share: float
    areas_mm2: Floats | None = None


@dataclass(frozen=True, slots=True)
class Pelvis:
    """The pelvis that everything later works on.

    `labels` (uint8, codes above) and `hu` (float32, or None without a CT) share `grid`, whose direction is
    `frame.rotation`; a point p of the pelvic frame has index `(p - low_mm) / spacing_mm`. `landmarks` are named points
    (3,) of the pelvic frame ("asis_left", "pubis", "promontory", "s1_endplate_centre" …), only those that were found;
    `directions` named unit vectors ("s1_endplate_normal", "sacral_axis", "inlet", "outlet" …).
    """

    frame: Frame
    grid: Grid
    labels: NDArray[np.uint8]
    hu: NDArray[np.float32] | None
    openings: Openings
    levels: Levels
    joints: Mapping[Side, Joint]
    landmarks: Mapping[str, Floats]
    directions: Mapping[str, Floats]
    angles_deg: Mapping[str, float]
    source: Source
    warnings: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def spacing_mm(self) -> float:
        """The voxel's edge."""
        return float(self.grid.spacing_mm[0])

    @property
    def low_mm(self) -> Floats:
        """The centre of voxel (0, 0, 0) in the pelvic frame, (3,)."""
        return self.frame.from_lps(self.grid.origin_mm)

    def index(self, points_mm: Floats) -> Floats:
        """Fractional indices of points (n, 3) of the pelvic frame."""
        return (points_mm - self.low_mm) / self.spacing_mm

    def bone(self, *codes: int) -> Mask:
        """The voxels that carry any of these codes."""
        return np.isin(self.labels, codes)
