"""From the phantom's sizes to what its kernels read: maps, rods, foramina, the socket, the lowest lumbar vertebra."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nutation.anatomy.phantom_kernels import Model
from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.phantom_tables import JOINT_LOW, SACRUM_LOW, WING_LOW, tables
from nutation.anatomy.space import Floats, unit

# All points below are invented, in the design frame (x to the bone's own side), placed by eye.
HIP_CENTRE = (87.0, -24.0, -106.0)
"""The middle of the socket and of the femoral head."""
HIP_OPENING = (0.70, -0.28, -0.66)
"""Where the socket looks."""
HEAD_RADIUS = 23.0
ASIS = (118.0, -65.0, -33.0)
PUBIC_TUBERCLE = (22.0, -64.2, -111.0)
TIP_RADIUS = 6.0
"""Of the two prominences above: alike, so that the anterior pelvic plane touches both at one y."""

_HIP_RODS: list[tuple[float, ...]] = [
    (*ASIS, 113, -57, -36, TIP_RADIUS, 7.0),
    (52, 58, -24, 48, 50, -34, 6.0, 7.0),  # posterior spines
    (99, -58, -64, 96, -45, -78, 6.5, 10.0),  # anterior inferior spine
    (73, 0, -84, 84, -20, -84, 9.0, 14.0),  # above the socket's back wall
    (77, 1, -116, 64, 6, -152, 15.0, 11.0),  # ischium
    (64, 6, -152, 61, 2, -170, 12.0, 13.0),  # tuberosity
    (64, 10, -111, 50, 27, -110, 7.5, 2.0),  # ischial spine
    (59, -5, -172, 38, -31, -158, 9.0, 6.0),  # ramus of the ischium
    (38, -31, -158, 13, -51, -141, 6.0, 7.0),  # lower ramus of the pubis
    (70, -45, -103, 42, -62, -106, 12.0, 7.0),  # upper ramus of the pubis
    (42, -62, -106, 17, -61, -117, 7.0, 7.5),
    (17, -59, -119, 11, -52, -139, 8.0, 8.0),  # body of the pubis
    (9, -60, -119, 7, -53, -141, 7.5, 7.0),
    (*PUBIC_TUBERCLE, 20, -62, -114, TIP_RADIUS, 5.0),
    (66, 8, -62, 74, -22, -84, 8.0, 9.0),  # the brim, from the joint to the socket
    (74, -22, -84, 60, -50, -99, 9.0, 9.0),
]

# Sacrum, in (x, a, s): upper articular processes, coccyx.
_SACRAL_RODS: list[tuple[float, ...]] = [
    (21, -29, -6, 20, -27, 8, 5.5, 6.5),
    (0, -2, 104, 0, 2, 119, 7.0, 5.0),
    (0, 2, 119, 0, 4, 136, 5.0, 3.0),
]
# A further segment's side masses, which leave its own foramen open against the ala.
_EXTRA_RODS: list[tuple[float, ...]] = [(24, -9, -16, 44, -7, -12, 7.0, 8.0), (44, -7, -12, 46, -7, 14, 8.0, 9.0)]
_EXTRA_HEIGHT_MM = 29.5

# L5, in (x, forwards, up) from the middle of its body: pedicle, transverse process, lamina, spinous process, lower
# articular process.
_L5_RODS: list[tuple[float, ...]] = [
    (17, -14, 5, 18, -26, 5, 6.0, 5.5),
    (18, -22, 5, 46, -26, 8, 6.0, 4.5),
    (18, -30, 3, 2, -40, -2, 4.5, 4.5),
    (0, -40, -2, 0, -60, -8, 4.5, 5.0),
    (18, -28, 4, 17, -35, -13, 5.0, 5.0),
]
_L5_BODY_MM = 27.0
_DISC_MM = 9.5
_LESS_TILTED_DEG = 12.0
"""How much less L5 is tilted than the sacrum: the wedge of the disc between."""

_FEMUR_RODS: list[tuple[float, ...]] = [
    (*HIP_CENTRE, 118, -18, -128, 13.0, 14.0),  # neck
    (126, -10, -112, 128, -10, -135, 11.0, 13.0),  # greater trochanter
    (122, -14, -135, 114, -14, -260, 17.0, 14.0),  # shaft
    (106, -4, -160, 112, -10, -172, 8.0, 9.0),  # lesser trochanter
]

# Foramina: x at a = 0, and how far outwards they run forwards, by level from S1.
_FORAMEN_X = ((23.0, 0.15), (20.5, 0.12), (17.0, 0.10), (14.0, 0.08))
_LOWER_AT_MM = (79.0, 94.0)
_LOWER_SIZE = (0.72, 0.58)
_S2_SIZE = 0.98


def model(shape: PhantomShape) -> Model:
    """The kernels' input, at scale 1: the gap is that of the shape divided by its scale."""
    shape = replace(shape, gap_mm=shape.gap_mm / shape.scale)
    maps = tables(shape)
    slope = math.radians(shape.sacral_slope_deg)
    rise = _DISC_MM + _L5_BODY_MM / 2 + (_EXTRA_HEIGHT_MM if shape.transitional else 0.0)
    tilt = slope - math.radians(_LESS_TILTED_DEG)
    normal = np.array([0.0, -math.sin(slope), math.cos(slope)])
    up = np.array([0.0, -math.sin(tilt), math.cos(tilt)])
    sacral = [*_SACRAL_RODS, *(_EXTRA_RODS if shape.transitional else ())]
    if shape.transitional:
        sacral[0] = (21, -29, -6 - _EXTRA_HEIGHT_MM, 20, -27, 8, 5.5, 6.5)
    return Model(
        wing=maps.wing,
        sacrum=maps.sacrum,
        joint=maps.joint,
        half_gap=maps.half_gap,
        wing_low=WING_LOW,
        sacrum_low=SACRUM_LOW,
        joint_low=JOINT_LOW,
        sine=math.sin(slope),
        cosine=math.cos(slope),
        straight=float(shape.straight_mm),
        radius=float(shape.curve_radius_mm),
        half_width=shape.endplate_width_mm / 2,
        half_depth=shape.endplate_depth_mm / 2,
        alar_step=float(shape.alar_step_mm),
        alar_slope=math.tan(math.radians(shape.alar_slope_deg)),
        foramina=foramina(shape),
        hip_rods=_rods(_HIP_RODS),
        sacral_rods=_rods(sacral),
        l5_rods=_rods(_L5_RODS),
        femur_rods=_rods(_FEMUR_RODS),
        hip_centre=np.array(HIP_CENTRE),
        hip_opening=unit(np.array(HIP_OPENING)),
        head_radius=HEAD_RADIUS,
        l5_centre=rise * (normal + up) / float(np.linalg.norm(normal + up)),
        l5_up=up,
        has_l5=shape.l5,
        has_femora=shape.femora,
        transitional=shape.transitional,
    )


def foramina(shape: PhantomShape) -> Floats:
    """The sacral foramina from S1 down, (n, 5): s, x at a = 0, dx/da, half height, half width.

    A transitional phantom has a fifth row, last: the foramen between the further segment and S1.
    """
    at = (shape.s1_foramen_mm, shape.s2_foramen_mm, *_LOWER_AT_MM)
    sizes = (1.0, _S2_SIZE, *_LOWER_SIZE)
    half = (shape.foramen_height_mm / 2, shape.foramen_width_mm / 2)
    rows = [
        (s, x, outwards, half[0] * size, half[1] * size)
        for s, (x, outwards), size in zip(at, _FORAMEN_X, sizes, strict=True)
    ]
    if shape.transitional:
        rows.append((1.0, 29.0, 0.1, half[0] * 0.9, half[1] * 0.9))
    return np.array(rows, dtype=np.float64)


def _rods(rods: list[tuple[float, ...]]) -> Floats:
    return np.array(rods, dtype=np.float64)
