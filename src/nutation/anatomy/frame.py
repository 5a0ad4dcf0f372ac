"""The pelvic frame: axes and named points found on the bones themselves, wherever and however they lie.

x runs to the patient's left, across the plane that mirrors the pelvis onto itself; z upwards along the anterior pelvic
plane (both anterior superior iliac spines, front of the pubis); y backwards. The origin is the point of the median
plane midway between the two sacroiliac joints, which a sacrum cut below S3 leaves where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from nutation.anatomy.frame_landmarks import extreme, iliac_landmarks, notch_landmarks, symphysis
from nutation.anatomy.frame_plane import Touch, touch, upright
from nutation.anatomy.frame_sacrum import SacralLines, sacral_lines
from nutation.anatomy.frame_symmetry import MirrorPlane, Nearest, mirror_plane, spread
from nutation.anatomy.hips import body_axes
from nutation.anatomy.pelvis import HIP_OF, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Frame, unit
from nutation.record.errors import InputError

# Bone this near to the other bone belongs to the joint wholly, and up to the second distance in part: without a sharp
# limit the joint's centre does not follow single voxels. Where a joint is wider, both are taken beyond its least gap.
JOINT_MM = (3.0, 12.0)

# A mirrored pelvis that meets itself no better than this is crooked (or one hip is displaced): worth a look.
CROOKED_MM = 6.0

# Where S2 lies on the sacrum's front, in depths of the S1 endplate below the promontory: its body's middle is that far
# down the wall, and that far behind it. Only the first aim of the outlet view rests on it; the levels give their own.
S2_DOWN, S2_IN = 1.35, 0.3


@runtime_checkable
class KnowsItsEdge(Protocol):
    """Shapes that know where the picture's edge cuts a bone."""

    @property
    def border(self) -> Mapping[int, Floats]:
        """For each bone that is cut, points (n, 3) on the cut in LPS."""
        ...


@dataclass(frozen=True, slots=True)
class FrameFound:
    """The frame with what was found to set it: landmarks (3,) and directions (3,) in the pelvic frame.

    Landmarks, each only where found: asis_, psis_, crest_ (top of the iliac crest), joint_ (centre of the sacroiliac
    joint), notch_ (apex of the greater sciatic notch), ischial_spine_, each with left and right; pubis (centre of the
    symphysis), pubis_top, promontory, s1_endplate_centre. Directions: s1_endplate_normal (upwards), sacral_axis
    (upwards along the anterior wall of S1 and S2), inlet and outlet (the way of the central ray, front to back).
    Angles: sacral_slope (endplate against the frame's horizontal), inlet and outlet (of the ray against y, tilted to
    the feet and to the head), tilt, obliquity, rotation (of the frame against LPS about x, y and z, right-handed: tilt
    is positive where the pelvis's upper end leans forwards).
    """

    frame: Frame
    landmarks: Mapping[str, Floats]
    directions: Mapping[str, Floats]
    angles_deg: Mapping[str, float]
    warnings: tuple[str, ...] = ()


def pelvic_frame(shapes: BoneShapes) -> FrameFound:
    """Find the pelvic frame of bones (sacrum and both hips). Turning or shifting the input changes nothing on the bone.

    Raises `InputError` where a bone is missing, or where left and right are exchanged by the bones' own shape, or
    where the front of the pubis is not in the picture.
    """
    missing = {SACRUM, LEFT_HIP, RIGHT_HIP} - shapes.codes()
    if missing:
        raise InputError(
            "the sacrum and both hips are needed to find the pelvis's axes.",
            file=", ".join(shapes.source.files),
            mend="give labels or surfaces of all three.",
        )
    warnings: list[str] = []
    points = {code: shapes.surface(code) for code in (SACRUM, LEFT_HIP, RIGHT_HIP)}
    plane = _median_plane(points, warnings)
    rough = _rough(points, plane, ", ".join(shapes.source.files))
    frame, touches = _upright(shapes, points, rough, warnings)
    joints = _joint_centres(points)
    middle = (joints["left"] + joints["right"]) / 2.0
    origin = middle - plane.normal * float(plane.height(middle[None])[0])
    frame = Frame(frame.rotation, origin)
    landmarks = {f"joint_{side}": frame.from_lps(centre) for side, centre in joints.items()}
    landmarks |= _hip_landmarks(frame, points, touches)
    lines = sacral_lines(shapes, frame)
    if lines is None:
        warnings.append("The upper end of the sacrum was not found: no promontory, no endplate of S1.")
    else:
        landmarks |= {"promontory": lines.promontory, "s1_endplate_centre": lines.endplate_centre}
        if not lines.sure:
            warnings.append(
                "The endplate of S1 is not clear in this input: look at it; the sacral slope and the inlet and outlet "
                "directions rest on it."
            )
    directions = _directions(lines, landmarks)
    return FrameFound(frame, landmarks, directions, _angles(frame, directions), tuple(warnings))


def _median_plane(points: Mapping[int, Floats], warnings: list[str]) -> MirrorPlane:
    """The plane of symmetry, its normal to the hip named left."""
    across = points[LEFT_HIP].mean(axis=0) - points[RIGHT_HIP].mean(axis=0)
    # As many points of each hip, or the one that is drawn finer would weigh more.
    few = min(len(points[LEFT_HIP]), len(points[RIGHT_HIP]))
    both = [spread(points[LEFT_HIP], few), spread(points[RIGHT_HIP], few), points[SACRUM]]
    plane = mirror_plane(np.concatenate(both), start=across)
    if plane.residual_mm > CROOKED_MM:
        warnings.append(
            f"The two halves of the pelvis differ by {plane.residual_mm:.0f} mm when mirrored: its axes are less sure."
        )
    return plane


def _rough(points: Mapping[int, Floats], plane: MirrorPlane, file: str) -> Frame:
    """Axes within some 30°: the plane's normal to the left, and up as the bones' shape says."""
    hips = np.concatenate([points[LEFT_HIP], points[RIGHT_HIP]])
    axes = body_axes(hips, points[SACRUM], plane)
    if axes.told:
        if float(axes.rotation[:, 0] @ plane.normal) < 0:
            raise InputError(
                "left and right hip are exchanged, by the bones' own shape.",
                file=file,
                place="left and right hip",
                mend="exchange the two.",
            )
        return Frame(axes.rotation, plane.point_mm)
    back = points[SACRUM].mean(axis=0) - hips.mean(axis=0)
    back = unit(back - plane.normal * float(back @ plane.normal))
    return Frame(np.stack([plane.normal, back, np.cross(plane.normal, back)], axis=1), plane.point_mm)


def _upright(
    shapes: BoneShapes, points: Mapping[int, Floats], rough: Frame, warnings: list[str]
) -> tuple[Frame, dict[Side, Touch]]:
    """The frame turned so that z runs along the anterior pelvic plane; where it touches each hip, in LPS."""
    border: Mapping[int, Floats] = shapes.border if isinstance(shapes, KnowsItsEdge) else dict[int, Floats]()
    touches: dict[Side, Touch] = {}
    for side, code in HIP_OF.items():
        cut = border.get(code)
        found = touch(rough.from_lps(points[code]), None if cut is None else rough.from_lps(cut))
        if found is not None:
            touches[side] = found
    if not touches:
        raise InputError(
            "the front of the pubis is not in the picture, and without it the tilt of the pelvis cannot be told.",
            file=shapes.source.files[0] if shapes.source.files else "",
            place="hip bones",
            mend="use a scan that reaches from the iliac crests to the symphysis.",
        )
    up = upright(list(touches.values()))
    if len(touches) == 1:
        warnings.append(f"The anterior pelvic plane is set by the {next(iter(touches))} hip alone.")
    left = rough.rotation[:, 0]
    z_axis = rough.vectors_to_lps(up)
    frame = Frame(np.stack([left, np.cross(z_axis, left), z_axis], axis=1), rough.origin_mm)
    lps: dict[Side, Touch] = {side: Touch(rough.to_lps(t.spine), rough.to_lps(t.pubis)) for side, t in touches.items()}
    return frame, lps


def _joint_centres(points: Mapping[int, Floats]) -> dict[Side, Floats]:
    """The middle of each sacroiliac joint's facing surfaces, LPS."""
    centres: dict[Side, Floats] = {}
    for side, code in HIP_OF.items():
        faces = [_facing(points[one], points[other]) for one, other in ((code, SACRUM), (SACRUM, code))]
        centres[side] = (faces[0] + faces[1]) / 2.0
    return centres


def _facing(points: Floats, others: Floats) -> Floats:
    """The middle (3,) of the points that lie near the other bone."""
    gap, _ = Nearest(others).of(points)
    wholly, partly = JOINT_MM
    beyond = max(0.0, float(gap.min()) - wholly)
    weight = np.clip((partly + beyond - gap) / (partly - wholly), 0.0, 1.0)
    return np.asarray(weight @ points / weight.sum(), dtype=np.float64)


def _hip_landmarks(frame: Frame, points: Mapping[int, Floats], touches: Mapping[Side, Touch]) -> dict[str, Floats]:
    hips: dict[Side, Floats] = {side: frame.from_lps(points[code]) for side, code in HIP_OF.items()}
    found: dict[str, Floats] = {}
    for side, hip in hips.items():
        if side in touches:
            found[f"asis_{side}"] = frame.from_lps(touches[side].spine)
        else:
            found[f"asis_{side}"] = extreme(hip[hip[:, 2] > 0], np.array([0.0, -1.0, 0.0]))
        found |= iliac_landmarks(hip, side)
    pubis = symphysis(hips["left"], hips["right"]) if touches else None
    if pubis is not None:
        found |= {"pubis": pubis[0], "pubis_top": pubis[1]}
        for side, hip in hips.items():
            found |= notch_landmarks(hip, side, float(pubis[1][2]), float(found[f"psis_{side}"][2]))
    return found


def _directions(lines: SacralLines | None, landmarks: Mapping[str, Floats]) -> dict[str, Floats]:
    """The sacrum's directions, and the central rays of the inlet and outlet views that follow from them.

    Inlet: along the anterior wall, so that the fronts of S1 and S2 fall on one line. Outlet: through the top of the
    symphysis and the body of S2; at right angles to the anterior wall where the symphysis is not seen.
    """
    if lines is None:
        return {}
    inlet = lines.wall
    through = lines.promontory + lines.endplate_depth_mm * (S2_DOWN * lines.wall + S2_IN * _behind(lines.wall))
    outlet = _behind(lines.wall)
    if "pubis_top" in landmarks:
        ray = through - landmarks["pubis_top"]
        ray[0] = 0.0
        outlet = unit(ray)
    return {
        "s1_endplate_normal": lines.endplate_normal,
        "sacral_axis": -lines.wall,
        "inlet": inlet,
        "outlet": outlet,
    }


def _behind(wall: Floats) -> Floats:
    """Into the sacrum, at right angles to its anterior wall, within the median plane."""
    return np.array([0.0, -wall[2], wall[1]])


def _angles(frame: Frame, directions: Mapping[str, Floats]) -> dict[str, float]:
    rotation = frame.rotation
    angles = {
        "tilt": float(np.degrees(np.arctan2(-rotation[1, 2], rotation[2, 2]))),
        "obliquity": float(np.degrees(np.arctan2(-rotation[2, 0], rotation[0, 0]))),
        "rotation": float(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))),
    }
    if directions:
        normal = directions["s1_endplate_normal"]
        angles["sacral_slope"] = float(np.degrees(np.arctan2(-normal[1], normal[2])))
        angles["inlet"] = float(np.degrees(np.arctan2(-directions["inlet"][2], directions["inlet"][1])))
        angles["outlet"] = float(np.degrees(np.arctan2(directions["outlet"][2], directions["outlet"][1])))
    return angles
