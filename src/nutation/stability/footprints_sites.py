"""Where each ligament is attached: weights over the points of a bone's surface, found from the bone's own shape.

A site is a function of one side's bones that gives a weight (n,) from 0 to 1 for every surface point, or says in words
what the image does not show. Which bone carries which site, and on what anatomy that rests, stands in the evidence
(`ligaments.yaml`); the distances below only say how far around such a place the attachment reaches here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import Joint, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, unit
from nutation.stability.footprints_sacrum import SIGN, SacralMeasure, half_width, lateral_border, outermost
from nutation.stability.footprints_surface import BoneSurface, between, fading, nearest, rising

STRIP_MM = 10.0
"""How far from the joint's anterior rim the anterior ligament is attached on each bone."""

RIM_END_MM = 12.0
"""Over what length of the rim the strip thins out at either end."""

RIM_STEP_MM = 1.5
"""Distance between the places of that rim: half the width over which the foremost of the joint's points are found."""

BEHIND_MM = (3.0, 16.0)
"""Gaps across which the rough fields behind the joint face each other: narrower is joint, wider the open groove."""

FIELD_MM = 26.0
"""How far behind the joint the interosseous field reaches at most."""

OBLIQUE_MM = 8.0
"""How much further than the shortest way across an interosseous fibre may run to its other end."""

CREST_SHARE = (0.5, 0.82)
"""Where the lateral sacral crest runs, in shares of the sacrum's half width at its height."""

TUBERCLE_SHARE = 0.35
"""How much of S3 has to be in the image for its transverse tubercle to be."""

CREST_MM = 9.0
SPINE_MM = 9.0
"""How far around the iliac crest's edge, and around a spine, an attachment reaches."""

NEAR_L5_MM = 5.0
"""How much further from L5's process than its nearest point the iliac attachment still lies."""

SPINE_ABOVE_MM = 35.0
"""How far above the tuberosity's end the ischial spine lies at least: lower, a bump is the tuberosity's own."""

SPINE_STEP_MM, SPINE_PROUD_MM = 2.0, 2.0
"""Step of the ischium's outline, and how proud of it a bump stands that counts as the ischial spine."""

BORDER_MM = 7.0
"""How far around the sacrum's lateral border an attachment reaches."""

TUBEROSITY_SHARE = 0.6
"""How far up from its end towards the height of the ischial spine the tuberosity's medial margin runs."""

TUBEROSITY_MM = 40.0
"""How long the tuberosity is taken to be where there is no spine to measure from."""

BEHIND_END_MM = 15.0
"""How far in front of the tuberosity's end its margin is looked for: further in front the ramus begins."""

MARGIN_MM = 7.0
"""How far around the tuberosity's margin the attachment reaches."""

EDGE_PLACES = 15
"""Places along an edge of the ilium or the ischium: closer together than the attachment is wide."""

FLAT_MM2 = 260.0
"""A flat end larger than this at the bone's lowest place is where the image ends: a tuberosity is round."""

TUBEROSITY_DEG = 30.0
"""The tuberosity is the bone's end downwards and this much backwards."""

PROCESS_MM = 30.0
"""A transverse process reaches further from the median plane than this, or the image cuts it off."""


@dataclass(frozen=True, slots=True)
class Bones:
    """One side's bones with all that the sites are found from."""

    pelvis: Pelvis
    side: Side
    sacrum: BoneSurface
    hip: BoneSurface
    joint: Joint
    measure: SacralMeasure
    l5: BoneSurface | None

    @property
    def outward(self) -> Floats:
        """The direction (3,) to this side."""
        return np.array([SIGN[self.side], 0.0, 0.0])

    def of(self, bone: str) -> BoneSurface | None:
        """The surface of "sacrum", "hip" or "L5"."""
        return {"sacrum": self.sacrum, "hip": self.hip, "L5": self.l5}[bone]


@dataclass(frozen=True, slots=True)
class Site:
    """Weights (n,) over a surface's points; or, where `missing` says why, none. `stand_in` says what it stands for."""

    weights: Floats
    missing: str = ""
    stand_in: str = ""


def _none(why: str) -> Site:
    return Site(np.zeros(0), missing=why)


def anterior_strip(bones: Bones, surface: BoneSurface) -> Site:
    """The strip of one bone's pelvic face along the joint's anterior rim."""
    rim, ahead = _front_rim(bones)
    across = _across(bones, surface)
    away, which = nearest(rim, surface.points_mm)
    weights = fading(away, STRIP_MM) * rising(surface.normals @ across, -0.6, -0.2)
    # Towards both ends the strip thins out: where exactly a joint ends hangs on single voxels.
    along = np.arange(len(rim), dtype=np.float64) * RIM_STEP_MM
    weights *= (rising(along, 0.0, RIM_END_MM) * rising(along[::-1], 0.0, RIM_END_MM))[which]
    if surface is bones.sacrum:
        # The ala's pelvic face stands at right angles to the joint: what faces the ilium is joint.
        weights *= rising(surface.normals @ across, 0.75, 0.45) * rising(surface.normals @ ahead, 0.1, 0.5)
    else:
        # The ilium's pelvic face goes on in line with the joint: what lies before the rim is no joint.
        weights *= rising(np.einsum("nc,c->n", surface.points_mm - rim[which], ahead), 0.5, 2.5)
    return Site(weights)


def interosseous_field(bones: Bones, surface: BoneSurface) -> Site:
    """The rough field behind the joint where the two bones face each other across the ligament."""
    other = bones.hip if surface is bones.sacrum else bones.sacrum
    gap, which = other.nearest(surface.points_mm)
    own, theirs = _field(bones, surface, other, gap, which), _field(bones, other, surface)
    if not (theirs > 0.2).any():
        return Site(np.zeros(len(own)))
    # Only where the bone across has the field too, not much further off than bone: each fibre has two ends.
    away, _ = nearest(other.points_mm[theirs > 0.2], surface.points_mm)
    return Site(own * rising(away - gap, OBLIQUE_MM, OBLIQUE_MM / 2))


def iliac_crest_edge(bones: Bones, surface: BoneSurface) -> Site:
    """The inner lip of the ilium's posterior edge beside S1 and S2, down to the posterior superior spine."""
    edge = _posterior_edge(bones)
    if len(edge) < 3:
        return _none("the posterior edge of the ilium")
    away, _ = nearest(edge, surface.points_mm)
    inwards = rising(-surface.normals @ bones.outward, -0.1, 0.4)
    return Site(fading(away, CREST_MM) * inwards)


def dorsal_crest(bones: Bones, surface: BoneSurface) -> Site:
    """The lateral sacral crest on the back of S1 and S2."""
    measure = bones.measure
    return Site(_crest(bones, surface, -measure.upper_mm + 0.35 * (measure.upper_mm - measure.s2_mm), 0.0))


def third_tubercle(bones: Bones, surface: BoneSurface) -> Site:
    """The lateral crest on the back of S3, where the third transverse tubercle lies."""
    third = bones.measure.levels_mm[0]
    if bones.measure.reach_mm < TUBERCLE_SHARE * third:
        return _none("the third transverse tubercle of the sacrum")
    return Site(_crest(bones, surface, 0.1 * third, 0.9 * third))


def posterior_spine(bones: Bones, surface: BoneSurface) -> Site:
    """The posterior superior iliac spine, its lower and inner side."""
    spine = bones.pelvis.landmarks.get(f"psis_{bones.side}")
    if spine is None:
        return _none("the posterior superior iliac spine")
    away = np.linalg.norm(surface.points_mm - spine, axis=1)
    inner = unit(-bones.outward - np.array([0.0, 0.0, 1.0]))
    return Site(fading(away, SPINE_MM) * rising(surface.normals @ inner, -0.6, 0.0))


def lower_border(bones: Bones, surface: BoneSurface, *, stand_ins: bool) -> Site:
    """The lateral border of S4 and S5, its pelvic side."""
    third, fourth, fifth = bones.measure.levels_mm
    found = _border(bones, surface, (third, fifth), fourth, "the lateral border of S4 and S5", stand_ins)
    return _turned(found, surface, bones.measure.front, -0.5)


def tubercle_border(bones: Bones, surface: BoneSurface, *, stand_ins: bool) -> Site:
    """The lateral border of S3 to S5, its dorsal side."""
    third, fourth, fifth = bones.measure.levels_mm
    found = _border(
        bones, surface, (0.5 * third, (fourth + fifth) / 2), fourth, "the lateral border of S4 and S5", stand_ins
    )
    return _turned(found, surface, -bones.measure.front, -0.5)


def ischial_spine(bones: Bones, surface: BoneSurface) -> Site:
    """The ischial spine."""
    spine = spine_of(bones, surface)
    if spine is None:
        return _none("the ischial spine")
    away = np.linalg.norm(surface.points_mm - spine, axis=1)
    return Site(fading(away, SPINE_MM))


def spine_of(bones: Bones, hip: BoneSurface) -> Floats | None:
    """The ischial spine (3,); None where there is none.

    It is the landmark where that lies clear of the tuberosity, else the bump between notch and tuberosity that stands
    out furthest inwards and backwards.
    """
    from scipy import signal

    marks = bones.pelvis.landmarks
    notch, end = marks.get(f"notch_{bones.side}"), tuberosity_end(bones.pelvis, hip)
    mark = marks.get(f"ischial_spine_{bones.side}")
    if end is None or (mark is not None and mark[2] > end[2] + SPINE_ABOVE_MM):
        return mark
    if notch is None:
        return None
    way = unit(np.array([0.0, 1.0, 0.0]) - bones.outward)
    heights = np.arange(end[2] + SPINE_ABOVE_MM, notch[2], SPINE_STEP_MM)
    out = hip.points_mm @ way
    slices = [np.abs(hip.points_mm[:, 2] - at) < SPINE_STEP_MM for at in heights]
    profile: Floats = np.array([float(out[one].max(initial=-np.inf)) for one in slices], dtype=np.float64)
    found: Any = cast("Any", signal).find_peaks(profile, prominence=SPINE_PROUD_MM)
    peaks, proud = np.asarray(found[0], dtype=np.int64), np.asarray(found[1]["prominences"], dtype=np.float64)
    if not len(peaks):
        return None
    return outermost(hip, slices[int(peaks[np.argmax(proud)])], out)


def tuberosity(bones: Bones, surface: BoneSurface) -> Site:
    """The medial margin of the ischial tuberosity, from its end up towards the lesser sciatic notch."""
    end = tuberosity_end(bones.pelvis, surface)
    if end is None:
        return _none("the ischial tuberosity")
    spine = spine_of(bones, surface)
    long = TUBEROSITY_MM if spine is None else TUBEROSITY_SHARE * max(float(spine[2] - end[2]), TUBEROSITY_MM)
    inner = unit(np.array([0.0, 1.0, 0.0]) - bones.outward)
    behind = surface.points_mm[:, 1] > end[1] - BEHIND_END_MM
    margin = _edge(
        surface,
        surface.points_mm[:, 2],
        np.linspace(float(end[2]) + 4.0, float(end[2]) + long, EDGE_PLACES, dtype=np.float64),
        inner,
        behind,
    )
    if len(margin) < 2:
        return _none("the ischial tuberosity")
    away, _ = nearest(margin, surface.points_mm)
    return Site(fading(away, MARGIN_MM) * rising(surface.normals @ inner, -0.3, 0.2))


def transverse_process(bones: Bones, surface: BoneSurface) -> Site:
    """The end of L5's transverse process."""
    outward = surface.points_mm @ bones.outward
    if float(outward.max()) < PROCESS_MM:
        return _none("the transverse process of L5")
    return Site(rising(outward, float(outward.max()) - 10.0, float(outward.max()) - 4.0))


def iliac_near_l5(bones: Bones, surface: BoneSurface) -> Site:
    """The inner lip of the iliac crest where it is nearest to the end of L5's transverse process."""
    if bones.l5 is None:
        return _none("L5")
    process = transverse_process(bones, bones.l5)
    if process.missing:
        return _none(process.missing)
    share = process.weights * bones.l5.areas_mm2
    tip = (share[:, None] * bones.l5.points_mm).sum(axis=0) / share.sum()
    away = np.linalg.norm(surface.points_mm - tip, axis=1)
    inwards = rising(-surface.normals @ bones.outward, -0.2, 0.3)
    return Site(fading(away - float(away.min()), NEAR_L5_MM) * inwards)


def tuberosity_end(pelvis: Pelvis, hip: BoneSurface) -> Floats | None:
    """The end (3,) of the ischial tuberosity downwards and backwards; None where the image cuts the ischium off."""
    turn = np.radians(TUBEROSITY_DEG)
    direction = np.array([0.0, np.sin(turn), -np.cos(turn)])
    # Behind the pubis: its lower end may lie lower than the tuberosity where the pelvis is tilted back.
    behind = hip.points_mm[:, 1] > float(np.median(hip.points_mm[:, 1])) - 20.0
    if cut_off(pelvis, hip):
        return None
    height = np.where(behind, hip.points_mm @ direction, -np.inf)
    lowest = height > height.max() - 3.0
    return np.asarray(np.average(hip.points_mm[lowest], axis=0, weights=hip.areas_mm2[lowest]), dtype=np.float64)


def cut_off(pelvis: Pelvis, hip: BoneSurface) -> bool:
    """Whether the image ends within the hip bone: its lower end is flat, along the image's axis or the pelvis's."""
    for down in (-np.asarray(pelvis.frame.rotation[2], dtype=np.float64), np.array([0.0, 0.0, -1.0])):
        depth = hip.points_mm @ down
        flat = (depth > depth.max() - 2.0) & (hip.normals @ down > 0.95)
        if float(hip.areas_mm2[flat].sum()) > FLAT_MM2:
            return True
    return False


def _across(bones: Bones, surface: BoneSurface) -> Floats:
    """From this bone to the other across the joint, (3,)."""
    return bones.joint.normal if surface is bones.sacrum else -bones.joint.normal


def _field(
    bones: Bones,
    surface: BoneSurface,
    other: BoneSurface,
    gap: Floats | None = None,
    which: NDArray[np.intp] | None = None,
) -> Floats:
    """How far a surface faces the other bone behind the joint across the ligament's gap, (n,)."""
    if gap is None or which is None:
        gap, which = other.nearest(surface.points_mm)
    way = unit(other.points_mm[which] - surface.points_mm + 1e-9)
    facing = rising(np.einsum("nc,nc->n", surface.normals, way), 0.0, 0.6)
    facing *= rising(np.einsum("nc,nc->n", surface.normals, other.normals[which]), 0.3, -0.4)
    beyond, ahead = _beyond_joint(bones, surface)
    rim, front = _front_rim(bones)
    _, place = nearest(rim, surface.points_mm)
    depth = np.einsum("nc,c->n", surface.points_mm - rim[place], front)
    behind = rising(ahead, 0.1, -0.3) * between(beyond, 3.5, FIELD_MM, edge=4.0) * rising(depth, -4.0, -10.0)
    return between(gap, *BEHIND_MM, edge=5.0) * facing * behind


def _beyond_joint(bones: Bones, surface: BoneSurface) -> tuple[Floats, Floats]:
    """How far surface points lie beyond the joint in its plane (n,), and how much of that is forward (-1 to 1)."""
    joint = bones.joint
    _, which = nearest(joint.points_mm, surface.points_mm)
    offset = surface.points_mm - joint.points_mm[which]
    normal = np.einsum("nc,nc->n", offset, joint.normals[which])
    within = offset - normal[:, None] * joint.normals[which]
    beyond = np.linalg.norm(within, axis=1)
    return beyond, (within @ _ahead(bones)) / np.maximum(beyond, 1e-6)


def _ahead(bones: Bones) -> Floats:
    """The direction (3,) within the joint's plane towards the pelvic cavity."""
    front, normal = bones.measure.front, bones.joint.normal
    return unit(front - normal * float(front @ normal))


def _front_rim(bones: Bones) -> tuple[Floats, Floats]:
    """The joint's anterior rim from its upper to its lower end as places (k, 3), and the direction (3,) ahead of it."""
    ahead = _ahead(bones)
    # Downwards on either side, so that left and right are found alike.
    along = np.cross(bones.joint.normal, ahead)
    along *= -np.sign(float(along @ bones.measure.up))
    points = bones.joint.points_mm
    height, depth = points @ along, points @ ahead
    # The two ends of the joint are no front.
    low, high = (float(x) for x in np.quantile(height, (0.04, 0.96)))
    rim: list[Floats] = []
    for at in np.arange(low, high, RIM_STEP_MM):
        here = np.abs(height - at) < 2 * RIM_STEP_MM
        if here.any():
            rim.append(points[here & (depth > depth[here].max() - 1.5)].mean(axis=0))
    return np.array(rim).reshape(-1, 3), ahead


def _posterior_edge(bones: Bones) -> Floats:
    """Places (k, 3) of the ilium's posterior edge from the posterior superior spine up to the height of S1."""
    spine = bones.pelvis.landmarks.get(f"psis_{bones.side}")
    if spine is None:
        return np.zeros((0, 3))
    measure, hip = bones.measure, bones.hip
    back = -measure.front
    height = hip.points_mm @ measure.up
    low = float(spine @ measure.up)
    # Up to the joint's upper end: above it the crest leaves the sacrum. Where the spine lies as high, a little further.
    high = max(float(np.quantile(bones.joint.points_mm @ measure.up, 0.9)), low + 15.0)
    return _edge(hip, height, np.linspace(low, high, EDGE_PLACES), back, np.ones(len(height), dtype=np.bool_))


def _edge(surface: BoneSurface, height: Floats, places: Floats, direction: Floats, of: Mask) -> Floats:
    """Of the surface points chosen by `of`, the outermost in a direction at each of the heights: places (k, 3)."""
    depth = surface.points_mm @ direction
    found: list[Floats] = []
    for at in places:
        here = of & (np.abs(height - at) < 3.0)
        if not here.any():
            continue
        found.append(outermost(surface, here, depth))
    return np.array(found).reshape(-1, 3)


def _crest(bones: Bones, surface: BoneSurface, low: float, high: float) -> Floats:
    """Weights of the lateral sacral crest between two places down the sacrum."""
    measure = bones.measure
    down = measure.down(surface.points_mm)
    share = (surface.points_mm @ bones.outward) / np.maximum(half_width(surface, measure, bones.side, down), 1.0)
    dorsal = rising(surface.normals @ -measure.front, 0.3, 0.6)
    return between(down, low, high, edge=4.0) * between(share, *CREST_SHARE, edge=0.2) * dorsal


def _border(
    bones: Bones, surface: BoneSurface, wanted: tuple[float, float], needed: float, name: str, stand_ins: bool
) -> Site:
    """The lateral border between two places down the sacrum; where the image ends before `needed`, its lowest part."""
    measure = bones.measure
    low, high = wanted
    stand_in = ""
    if measure.reach_mm < needed:
        third = measure.levels_mm[0]
        if not stand_ins or measure.reach_mm < TUBERCLE_SHARE * third:
            return _none(name)
        low, high = 0.0, 0.5 * third
        stand_in = f"the lateral border of S3, the lowest that the image shows, in place of {name}"
    border = lateral_border(surface, measure, bones.side, low, high)
    if len(border) < 2:
        return _none(name)
    away, _ = nearest(border, surface.points_mm)
    return Site(fading(away, BORDER_MM), stand_in=stand_in)


def _turned(site: Site, surface: BoneSurface, direction: Floats, low: float) -> Site:
    """The part of a site whose surface does not look away from a direction (3,)."""
    if site.missing:
        return site
    return Site(site.weights * rising(surface.normals @ direction, low, low + 0.5), stand_in=site.stand_in)
