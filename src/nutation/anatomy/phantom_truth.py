"""What is known of a phantom without looking: landmarks, joints, levels, canal and foramina, in its pelvic frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nutation.anatomy import phantom_kernels as kernels
from nutation.anatomy.pelvis import LEFT_HIP, Joint, Level, LevelBand, Levels
from nutation.anatomy.phantom_kernels import Model
from nutation.anatomy.phantom_model import HIP_CENTRE
from nutation.anatomy.phantom_sampling import surface
from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.phantom_tables import JOINT_LOW, JOINT_SIZE, nodes
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Frame, Mask, unit

ABOVE_FORAMEN_MM = 3.0
"""The border between two sacral bodies lies this far above the foramen's middle."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One foramen: a straight tunnel through `point_mm` (3,) along `axis` (3,), backwards to forwards.

    Half sizes are those of its back part; in front it widens by the kernel's flare.
    """

    point_mm: Floats
    axis: Floats
    half_height_mm: float
    half_width_mm: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What a plan of the phantom should find. Points and directions are in the pelvic frame; `frame` leads to LPS.

    `canal_mm` (n, 3) is the canal's middle line. `foramina` are named as in `anatomy.pelvis.FORAMINA`, with
    "s3_foramen_left" and so on for the lower ones.
    """

    frame: Frame
    landmarks: Mapping[str, Floats]
    directions: Mapping[str, Floats]
    angles_deg: Mapping[str, float]
    joints: Mapping[Side, Joint]
    levels: Levels
    canal_mm: Floats
    foramina: Mapping[str, Tunnel]


def truth(shape: PhantomShape, model: Model, pose: Frame) -> Truth:
    """Everything that follows from the phantom's sizes and formulas."""
    slope = math.radians(shape.sacral_slope_deg)
    normal = np.array([0.0, -math.sin(slope), math.cos(slope)])
    joints: dict[Side, Joint] = {"left": _joint("left", shape, model), "right": _joint("right", shape, model)}
    landmarks = {name: point * shape.scale for name, point in _landmarks(shape, model).items()}
    landmarks["joint_left"], landmarks["joint_right"] = joints["left"].centre_mm, joints["right"].centre_mm
    return Truth(
        frame=pose,
        landmarks=landmarks,
        directions={"s1_endplate_normal": normal, "sacral_axis": normal},
        angles_deg={"sacral_slope": shape.sacral_slope_deg},
        joints=joints,
        levels=_levels(shape, model, normal),
        canal_mm=_canal(shape, model),
        foramina=_foramina(shape, model),
    )


def placed(points: Floats, model: Model) -> Floats:
    """Points (n, 3) of the sacrum's own coordinates (x, a forwards, s down) in the design frame, scale 1."""
    x, a, s = points[:, 0], points[:, 1], points[:, 2]
    on_arc = np.maximum(s - model.straight, 0.0) / model.radius
    straight = np.minimum(s, model.straight)
    # Down the straight part, then round the arc's centre, which lies before the sacrum.
    down = np.where(on_arc > 0, straight + (model.radius - a) * np.sin(on_arc), straight)
    ahead = np.where(on_arc > 0, model.radius - (model.radius - a) * np.cos(on_arc), a)
    y = down * model.sine - ahead * model.cosine
    z = -down * model.cosine - ahead * model.sine
    return np.stack([x, y, z], axis=1)


def _joint(side: Side, shape: PhantomShape, model: Model) -> Joint:
    """The auricular surface from the joint's map: one point a node, weighted by the surface that it stands for."""
    at = nodes(JOINT_LOW, JOINT_SIZE)
    mid, factor, edge = (layer.ravel() for layer in model.joint)
    on = edge < 0
    sign = 1.0 if side == "left" else -1.0
    worth = np.where(at[:, 1] > model.straight, np.maximum((model.radius - at[:, 0]) / model.radius, 0.2), 1.0)
    weights = (factor * worth)[on]
    own = np.stack([mid, at[:, 0], at[:, 1]], axis=1)
    points = placed(own, model)
    along = [np.asarray(np.gradient(points.reshape(*JOINT_SIZE, 3), axis=axis)).reshape(-1, 3) for axis in (0, 1)]
    normals = unit(np.cross(along[0], along[1])[on])
    normals = normals * np.sign(normals[:, :1])
    mirror = np.array([sign, 1.0, 1.0])
    points, normals = points[on] * mirror * shape.scale, normals * mirror
    fused = shape.fused_left if side == "left" else shape.fused_right
    half = model.half_gap[0 if side == "left" else 1].ravel()[on]
    return Joint(
        side=side,
        points_mm=points,
        normals=normals,
        gap_mm=2 * half / factor[on] * shape.scale,
        area_mm2=float(weights.sum()) * shape.scale**2,
        centre_mm=np.average(points, axis=0, weights=weights),
        normal=unit(np.average(normals, axis=0, weights=weights)),
        synthesised=False,
        fused_share=fused,
    )


def _levels(shape: PhantomShape, model: Model, normal: Floats) -> Levels:
    border = shape.s1_foramen_mm - ABOVE_FORAMEN_MM
    last = shape.s2_foramen_mm - ABOVE_FORAMEN_MM
    bands: dict[Level, LevelBand] = {}
    spans: tuple[tuple[Level, float, float], ...] = (("s1", 0.0, border), ("s2", border, last))
    for level, top, bottom in spans:
        middle = (top + bottom) / 2
        half = (bottom - top) / 2 * shape.scale
        centre = placed(np.array([[0.0, 0.0, middle]]), model)[0] * shape.scale
        bent = max(middle - model.straight, 0.0) / model.radius
        axis = np.array([0.0, -math.sin(math.asin(model.sine) - bent), math.cos(math.asin(model.sine) - bent)])
        bands[level] = LevelBand(level, centre, axis if bent else normal, -half, half, "the phantom's own sizes")
    further = ("a further segment is fused on top of S1",) if shape.transitional else ()
    return Levels(bands, further)


def _canal(shape: PhantomShape, model: Model) -> Floats:
    heights = np.arange(0.0, 95.0, 2.0)
    own = np.array([(0.0, kernels.canal_middle(float(s)), s) for s in heights], dtype=np.float64)
    return placed(own, model) * shape.scale


def _foramina(shape: PhantomShape, model: Model) -> dict[str, Tunnel]:
    found: dict[str, Tunnel] = {}
    for row, (s, x, outwards, half_height, half_width) in enumerate(model.foramina):
        level = f"s{row + 1}" if row < 4 else "further"
        for side, sign in (("left", 1.0), ("right", -1.0)):
            ends = placed(np.array([(x - 10 * outwards, -10.0, s), (x, 0.0, s)]), model) * np.array([sign, 1, 1])
            found[f"{level}_foramen_{side}"] = Tunnel(
                ends[1] * shape.scale,
                unit(ends[1] - ends[0]),
                float(half_height) * shape.scale,
                float(half_width) * shape.scale,
            )
    return found


def _landmarks(shape: PhantomShape, model: Model) -> dict[str, Floats]:
    """Named points at scale 1: by formula where there is one, else the bone's own extreme points."""
    hip, _ = surface(LEFT_HIP, model, 1.0, 1.0)
    y, z = hip[:, 1], hip[:, 2]
    upper, behind = z > -60, y > 20
    left = {
        "asis": hip[upper][np.argmin(y[upper])],
        "psis": hip[upper & behind][np.argmax(y[upper & behind])],
        "crest": hip[np.argmax(z)],
        "pubic_tubercle": hip[~upper][np.argmin(y[~upper])],
        "ischial_tuberosity": hip[np.argmin(z)],
        "notch": _notch(hip),
        "ischial_spine": _extreme(hip, (z < -100) & (z > -125) & behind, (-0.7, 0.7, 0.0)),
        "acetabulum": np.array(HIP_CENTRE),
    }
    symphysis = hip[(hip[:, 0] < 3.5) & (z < -80)]
    named = {f"{name}_left": point for name, point in left.items()}
    named |= {f"{name}_right": point * np.array([-1.0, 1.0, 1.0]) for name, point in left.items()}
    middle = np.array([0.0, 1.0, 1.0])
    named["pubis"] = (symphysis.min(axis=0) + symphysis.max(axis=0)) / 2 * middle
    named["pubis_top"] = symphysis[np.argmax(symphysis[:, 2])] * middle
    named["s1_endplate_centre"] = np.zeros(3)
    named["promontory"] = placed(np.array([[0.0, shape.endplate_depth_mm / 2 - 1.0, 1.0]]), model)[0]
    return named


def _notch(hip: Floats) -> Floats:
    """The apex of the greater sciatic notch: where the hip's back border, height by height, comes furthest forwards."""
    heights = np.arange(-100.0, -64.0, 1.0)
    border = [_extreme(hip, np.abs(hip[:, 2] - height) < 1.0, (0.0, 1.0, 0.0)) for height in heights]
    return min(border, key=lambda point: float(point[1]))


def _extreme(points: Floats, among: Mask, way: tuple[float, float, float]) -> Floats:
    chosen = points[among]
    return chosen[np.argmax(chosen @ np.array(way))]
