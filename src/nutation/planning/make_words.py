"""What a plan says in words: what it rests on, what is unsure, why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.pelvis import Joint, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import MARK_WORDS, Evidence
from nutation.planning.approaches import Approach
from nutation.planning.execution import ErrorModel
from nutation.planning.margin_limit import GradedScrew, Limit
from nutation.planning.plan import STRUCTURES, Clearance, PlannedImplant, Structure
from nutation.planning.preferences import Preferences

# Slices further apart than this blur a joint of 1 to 4 mm: its attenuation then says nothing of bridging.
COARSE_MM = 2.0
# How far into both bones attenuation is followed: past the subchondral plate, however blurred.
PLATE_MM = 4.0
# A gap so many voxels wide shows its own attenuation in its middle, whatever lies beside it.
SEEN_VOXELS = 2.0
# Of less of the joint than this nothing is said.
SEEN_SHARE = 0.2
# Places along each such line, an odd number: less than half a millimetre apart.
_SAMPLES = 41


@dataclass(frozen=True, slots=True)
class Bridging:
    """Whether bone already bridges the joint: `refuses` with its reason, or warnings."""

    refuses: bool
    in_words: str
    warnings: tuple[str, ...]


def bridging(pelvis: Pelvis, side: Side, held: Evidence) -> Bridging:
    """Bone across the joint, by labels that touch or by attenuation in the gap.

    Labels that touch because the gap was cut between them say nothing; then the CT, if it is fine enough, is asked.
    """
    joint = pelvis.joints[side]
    entry = held.entry("joint_bridged")
    most = entry.number("share")
    share = None if joint.synthesised else joint.fused_share
    seen = "in the bones as given"
    if pelvis.hu is not None and not _coarse(pelvis):
        on_ct = bone_in_gap(pelvis, joint, entry.number("bone_hu"), entry.number("no_dip_share"))
        share = on_ct if share is None else max(share, on_ct)
        seen = f"on CT (attenuation over {entry.number('bone_hu'):g} HU through the gap, without a dip)"
    if share is None:
        unsure = "The gap was cut between touching bones: its width, and whether bone bridges it, are not known."
        return Bridging(False, "", (unsure,))
    told = f"bone bridges {share:.0%} of the {side} joint {seen}"
    if share >= most:
        mark = MARK_WORDS[entry.verified]
        why = (
            f"it may be fused already. A person looks at the image before anything is planned (from {most:.0%}; {mark})"
        )
        return Bridging(True, f"{told}: {why}", ())
    warnings = (f"{told[0].upper()}{told[1:]}.",) if share >= most / 10 else ()
    filled = filled_gap(pelvis, joint, entry.number("bone_hu"))
    if filled is not None and filled >= most:
        said = (
            f"The middle of the {side} joint's gap is brighter than soft tissue (over {entry.number('bone_hu'):g} HU) "
            f"on {filled:.0%} of where it is wide enough to be seen: bone less dense than the plates beside it may "
            "bridge the joint. A person has to look at the image before this plan is used."
        )
        warnings = (*warnings, said)
    return Bridging(False, "", warnings)


def filled_gap(pelvis: Pelvis, joint: Joint, bone_hu: float) -> float | None:
    """The share of the joint on which the gap's middle is brighter than `bone_hu`, where the gap is `SEEN_VOXELS` wide.

    There the plates do not blur into it, so that soft tissue and cartilage read as such, and bone as bone however much
    brighter the plates are. None where the voxels' size is not known, or too little of the gap is wide enough.
    """
    voxel_mm = pelvis.source.slice_spacing_mm
    if pelvis.hu is None or voxel_mm is None:
        return None
    wide = joint.gap_mm >= SEEN_VOXELS * voxel_mm
    if wide.mean() < SEEN_SHARE:
        return None
    from scipy import ndimage

    index: Floats = pelvis.index(joint.points_mm[wide])
    middle: Any = cast("Any", ndimage).map_coordinates(pelvis.hu, index.T, order=1, mode="nearest")
    return float((np.asarray(middle) > bone_hu).mean())


def bone_in_gap(pelvis: Pelvis, joint: Joint, bone_hu: float, no_dip: float) -> float:
    """The share of the joint's surface on which attenuation runs through from bone to bone.

    At each point it is followed along the normal through the gap and `PLATE_MM` into both bones. Where voxels are not
    much finer than the gap, a healthy one reads as bright as bone by their blur alone, yet darker than the plates on
    both sides. Bone runs through where the least in the gap is over `bone_hu` and at least `no_dip` of the dimmer
    plate.
    """
    from scipy import ndimage

    along = np.linspace(-1.0, 1.0, _SAMPLES)
    offset = (0.5 * joint.gap_mm + PLATE_MM)[:, None] * along
    points = joint.points_mm[:, None] + offset[..., None] * joint.normals[:, None]
    index: Floats = pelvis.index(points.reshape(-1, 3))
    values: Any = cast("Any", ndimage).map_coordinates(pelvis.hu, index.T, order=1, mode="nearest")
    values = np.asarray(values).reshape(offset.shape)
    within = np.abs(offset) <= 0.5 * joint.gap_mm[:, None]
    within[:, _SAMPLES // 2] = True
    least = np.where(within, values, np.inf).min(axis=1)
    plates = [np.where(side, values, -np.inf).max(axis=1) for side in (offset < 0, offset > 0)]
    return float(((least > bone_hu) & (least >= no_dip * np.minimum(*plates))).mean())


def _coarse(pelvis: Pelvis) -> bool:
    spacing = pelvis.source.slice_spacing_mm
    return spacing is not None and spacing > COARSE_MM


def standing_warnings(pelvis: Pelvis, side: Side, held: Evidence) -> tuple[str, ...]:
    """What the pelvis itself gives reason to say."""
    other = "right" if side == "left" else "left"
    said = [
        text
        for text in (*pelvis.source.warnings, *pelvis.warnings, *pelvis.levels.warnings)
        if not text.startswith(f"The {other} sacroiliac joint ")
    ]
    said.append("Levels S1 and S2 are proposed by the software; a person has to confirm them.")
    if pelvis.source.orientation == "unverified":
        said.append("Left and right come from no image header; a person has to confirm the side.")
    if _coarse(pelvis):
        apart = pelvis.source.slice_spacing_mm
        said.append(f"Slices are {apart:g} mm apart: bridging of the joint was not judged.")
    if pelvis.hu is None:
        said.append("No CT: attenuation of bone is unknown, and nothing was weighed by it.")
    return tuple(dict.fromkeys(said))


def implant_warnings(kept: Clearance, held: Evidence) -> tuple[str, ...]:
    """What is to be said of one implant: a clearance that another planner would not call excellent."""
    entry = held.entry("planner_acceptance")
    excellent = entry.number("excellent_mm")
    if kept.least_mm < 0:
        return (f"It lies beyond the boundary by {-kept.least_mm:.1f} mm ({STRUCTURES[kept.nearest]}).",)
    if kept.least_mm < excellent:
        source = held.source(entry.citation[0]).citation
        where = f"{kept.least_mm:.1f} mm ({STRUCTURES[kept.nearest]})"
        return (f"Its clearance of {where} is below the {excellent:g} mm that {source} calls excellent.",)
    return ()


def not_seen(unknown: frozenset[Structure], restrictions: tuple[str, ...]) -> list[str]:
    """What the input does not show, and what the search did about it."""
    if not unknown:
        return [f"{text[0].upper()}{text[1:]}." for text in restrictions]
    named = ", ".join(STRUCTURES[name] for name in STRUCTURES if name in unknown)
    return [
        f"The input does not show: {named}. Clearance and margin there are unknown, never large.",
        *(f"{text[0].upper()}{text[1:]}." for text in restrictions),
    ]


def near_each_other(spacing_mm: tuple[float, ...], held: Evidence) -> list[str]:
    """Implants that cross the joint nearer to each other than any that were tested."""
    entry = held.entry("implant_spacing")
    closest = entry.number("closest_tested_mm")
    if not spacing_mm or min(spacing_mm) >= closest:
        return []
    apart = f"Two implants cross the joint {min(spacing_mm):.0f} mm apart"
    preferred = entry.number("preferred_mm")
    return [f"{apart}; the closest that was tested is {closest:g} mm, and at {preferred:g} mm less motion was left."]


def off_level(planned: tuple[PlannedImplant, ...], way: Approach) -> list[str]:
    """That the superior implant of several ends elsewhere than in S1."""
    if len(planned) < 2 or "s1" not in way.levels or planned[0].level == "s1":
        return []
    ends = f"in {planned[0].level.upper()}" if planned[0].level else "between or beyond the levels"
    return [f"The superior implant ends {ends}, not in S1: no implant there was worth more."]


def exceeding(planned: tuple[PlannedImplant, ...], bound: Limit) -> str:
    """Why a construct is not within the limit; empty where it is."""
    parts: list[str] = []
    for one in planned:
        if one.clearance.least_mm < 0:
            parts.append(
                f"the {one.position} implant ({one.implant.size.id}) lies {-one.clearance.least_mm:.1f} mm beyond the "
                f"{STRUCTURES[one.clearance.nearest]} as planned"
            )
        share = one.margin.overall.over_2mm
        if share > bound.share:
            worst = max(one.margin.by_structure, key=lambda name: one.margin.by_structure[name].over_2mm)
            parts.append(
                f"the {one.position} implant ({one.implant.size.id}) breaches by more than {bound.grade_mm:g} mm in "
                f"{share:.0%} of simulated executions, {100 * (share - bound.share):.0f} points over the limit of "
                f"{bound.share:.0%}, most often at the {STRUCTURES[worst]} "
                f"({one.margin.by_structure[worst].over_2mm:.0%})"
            )
    return "; ".join(parts)


def basis_of(
    pelvis: Pelvis, way: Approach, model: ErrorModel, bound: Limit, wanted: Preferences,
    graded: GradedScrew | None, simulations: int, held: Evidence,
) -> tuple[str, ...]:  # fmt: skip
    """What the plan rests on, in sentences."""
    weights = held.entry("construct_weights")
    acceptance = held.entry("planner_acceptance")
    gao = held.source(acceptance.citation[0]).citation
    excellent = acceptance.number("excellent_mm")
    prices = (
        f"a percentage point of breaches over {wanted.grade_mm:g} mm counts as {wanted.per_percent:g} mm of purchase, "
        f"1 mm short of {wanted.spacing_mm:g} mm between implants as {wanted.per_spacing_mm:g} mm, an angle of 10° "
        f"between two implants as {wanted.at_10_deg_apart:g} mm; 10° off the approach's own direction as "
        f"{wanted.at_10_deg_off_usual:g} mm, 5 mm off the usual place to cross the joint as "
        f"{wanted.at_5_mm_off_usual:g} mm"
    )
    said = [
        f"Approach: {way.label}; {MARK_WORDS[way.evidence.verified]}.",
        f"Execution error: {model.in_words}; {MARK_WORDS[model.mark]}.",
        f"Margin: {simulations} simulated executions; it compares plans of this pelvis and is not a patient's risk.",
        f"Limit: {bound.in_words}.",
        f"Clearance: none below 0 as planned; {gao} call {excellent:g} mm excellent.",
        f"Choice: margin, purchase and spacing weighed; {prices} ({MARK_WORDS[weights.verified]}).",
    ]
    if graded is not None:
        said.append(graded.in_words)
    said += [f"{name.upper()}: {band.basis}." for name, band in pelvis.levels.bands.items()]
    return tuple(said)
