"""The fluoroscopic views that an approach needs, worked out for one pelvis.

A view is defined by what must coincide on the image; the angles follow, as ranges, because the patient is scanned
supine and operated prone. Words come from the evidence document `planning/views.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.planning import views_find as find
from nutation.planning import views_lines as lines
from nutation.planning.fluoroscopy import Camera, CArm, c_arm
from nutation.planning.views_find import Coincidence, Found, tilt_and_orbit_deg
from nutation.planning.views_lines import Line

DOCUMENT = "planning/views.yaml"
_LYING = 0.7  # the image's upward direction is mostly backwards: the patient lies as on the table


@dataclass(frozen=True, slots=True)
class Span:
    """A range of degrees."""

    low_deg: float
    high_deg: float


@dataclass(frozen=True, slots=True)
class Angles:
    """Where the detector stands. Tilt: towards the head (+) or feet (-). Orbit: towards the patient's left (+).

    `pelvic` against the anterior pelvic plane, exactly; `as_scanned` against the scanner's table; `on_table` the range
    to expect at operation; `endplate_deg` the beam's angle to the S1 endplate (0: the endplate is seen on edge),
    None where that was not found. Both angles zero: the beam runs straight from front to back.
    """

    pelvic_tilt_deg: float
    pelvic_orbit_deg: float
    as_scanned_tilt_deg: float
    as_scanned_orbit_deg: float
    on_table_tilt: Span
    on_table_orbit: Span
    endplate_deg: float | None


@dataclass(frozen=True, slots=True)
class View:
    """One view of one pelvis: its words, its camera, its angles, its lines, and how well it comes out.

    `fallback` says what stood in for a missing landmark (empty: nothing had to); `numbers` are angles and distances
    worth printing beside it; `published` the angles of a series, for comparison. `basis` is the mark of its words and
    `citation` their sources, by key.
    """

    id: str
    title: str
    side: Side
    set_by: str
    off: tuple[str, ...]
    pin: str
    not_to_cross: str
    seen_from: str
    camera: Camera
    angles: Angles
    coincidences: tuple[Coincidence, ...]
    lines: tuple[Line, ...]
    basis: str
    citation: tuple[str, ...] = ()
    fallback: str = ""
    warnings: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    published: str = ""


def views_of(
    pelvis: Pelvis, side: Side, approach: str, *, arm: CArm | None = None, implants: tuple[Implant, ...] = ()
) -> tuple[View, ...]:
    """The views for one approach to one joint. Views that this pelvis cannot give are left out: see `missing_views`."""
    arm = arm or c_arm()
    axis = implants[-1].pose.direction if implants else None
    made: list[View] = []
    for words in _wanted(approach):
        found = _find(str(words["id"]), pelvis, side, arm, axis)
        if found is not None:
            made.append(_view(words, found, pelvis, side))
    return tuple(made)


def missing_views(pelvis: Pelvis, side: Side, approach: str) -> tuple[str, ...]:
    """The titles of views that the approach needs and this pelvis cannot give."""
    there = {view.id for view in views_of(pelvis, side, approach)}
    return tuple(str(words["title"]) for words in _wanted(approach) if words["id"] not in there)


def _document() -> dict[str, Any]:
    return cast("dict[str, Any]", load().document(DOCUMENT).plain)


def _wanted(approach: str) -> list[dict[str, Any]]:
    plain = _document()
    listed = cast("dict[str, Any]", plain["approaches"]).get(approach, {"views": plain["default"]})
    by_id = {str(words["id"]): words for words in cast("list[dict[str, Any]]", plain["views"])}
    return [by_id[name] for name in cast("list[str]", listed["views"])]


def _find(name: str, pelvis: Pelvis, side: Side, arm: CArm, axis: Floats | None) -> Found | None:
    if name == "lateral":
        return find.lateral(pelvis, side, arm)
    if name == "inlet":
        return find.inlet(pelvis, arm)
    if name == "outlet":
        return find.outlet(pelvis, arm)
    if name == "teardrop":
        return find.down_the_axis(pelvis, side, arm, axis)
    if name == "iliac_oblique":
        return find.across_the_wing(pelvis, side, arm, axis)
    return find.along_the_joint(pelvis, side, arm)


def _lines(name: str, pelvis: Pelvis, side: Side, camera: Camera) -> list[Line]:
    both: tuple[Side, ...] = ("left", "right")
    levels: tuple[Level, ...] = ("s1", "s2")
    if name == "lateral":
        return [
            *lines.alar_lines(pelvis, side, camera), *lines.notch_lines(pelvis, both, camera),
            *lines.ala_front(pelvis, side, camera), *lines.body_front(pelvis, camera),
            *lines.canal(pelvis, camera, "s1"),
        ]  # fmt: skip
    if name == "inlet":
        return [
            *lines.body_edges(pelvis, camera), *lines.sacrum_front(pelvis, camera, "s1"),
            *lines.canal(pelvis, camera, "s1"),
        ]  # fmt: skip
    if name == "outlet":
        crosses = [lines.cross(told, point, camera) for told, point in find.on_each_other(pelvis).items()]
        return [*crosses, *lines.top_of_sacrum(pelvis, camera), *lines.openings(pelvis, camera, levels, both)]
    if name in ("teardrop", "iliac_oblique"):
        return [
            *lines.notch_lines(pelvis, (side,), camera, forbidden=True),
            *lines.openings(pelvis, camera, levels, (side,)),
        ]
    return lines.openings(pelvis, camera, levels, (side,))


def _view(words: dict[str, Any], found: Found, pelvis: Pelvis, side: Side) -> View:
    name = str(words["id"])
    drawn = tuple(_lines(name, pelvis, side, found.camera))
    warnings = list(found.warnings)
    if pelvis.source.orientation == "unverified":
        warnings.append("Left and right are not known from the input; a person has to settle the side.")
    unseen = _unseen(name, pelvis)
    if unseen:
        warnings.append(f"The input does not show {unseen}; no line is drawn there, and nothing is known of it.")
    return View(
        id=name, title=str(words["title"]), side=side, set_by=str(words["set_by"]),
        off=tuple(str(line) for line in cast("list[Any]", words["off"])), pin=str(words["pin"]),
        not_to_cross=str(words["not_to_cross"]), seen_from=_seen_from(found.camera),
        camera=found.camera, angles=angles_of(found.camera.beam, pelvis), coincidences=found.coincidences,
        lines=drawn, basis=str(words["verified"]), citation=(str(words["citation"]),), fallback=found.fallback,
        warnings=tuple(warnings),
        numbers=found.numbers, published=_published(name),
    )  # fmt: skip


def _published(name: str) -> str:
    if name not in ("inlet", "outlet"):
        return ""
    entry = load().entry("view_angles_published")
    mean, low, high = (entry.number(f"{name}_{which}_deg") for which in ("mean", "low", "high"))
    way = "feet" if name == "inlet" else "head"
    return f"{mean:.0f}° towards the {way}, {low:.0f}° to {high:.0f}°, in {entry.n} patients supine"


def _unseen(name: str, pelvis: Pelvis) -> str:
    wanted = {
        "lateral": {"canal"},
        "inlet": {"canal"},
        "outlet": {"s1_foramen_left", "s1_foramen_right", "s2_foramen_left", "s2_foramen_right"},
    }.get(name, set[str]())
    lacking = wanted - pelvis.openings.seen
    if not lacking:
        return ""
    if lacking == {"canal"}:
        return "the sacral canal"
    told = [f"the {key[:2].upper()} foramen {key.rsplit('_', 1)[1]}" for key in sorted(lacking)]
    return "the S1 and S2 foramina" if len(told) == 4 else " and ".join(told)


def _seen_from(camera: Camera) -> str:
    tilt, orbit = tilt_and_orbit_deg(camera.beam)
    side = "left" if orbit > 0 else "right"
    if camera.down[1] < -_LYING:
        return f"seen from the patient's {side}, the patient lying face down"
    turned = "" if abs(orbit) < 5 else f", turned {abs(orbit):.0f}° to the patient's {side}"
    lean = "" if abs(tilt) < 3 else f", detector leaning {abs(tilt):.0f}° to the {'head' if tilt > 0 else 'feet'}"
    return f"seen from behind{turned}{lean}"


def angles_of(beam: Floats, pelvis: Pelvis) -> Angles:
    """A beam's (3,) angles against pelvic plane, scanner table and S1 endplate, with the range to expect prone."""
    half = float(np.deg2rad(load().entry("prone_tilt_change").number("range_deg")))
    pelvic = tilt_and_orbit_deg(beam)
    scanned = pelvis.frame.vectors_to_lps(beam)
    turned = [tilt_and_orbit_deg(_pitched(scanned, share * half)) for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    normal = pelvis.directions.get("s1_endplate_normal")
    endplate = None if normal is None else float(np.rad2deg(np.arcsin(min(1.0, abs(float(beam @ normal))))))
    return Angles(
        pelvic[0], pelvic[1], *tilt_and_orbit_deg(scanned),
        Span(min(t for t, _ in turned), max(t for t, _ in turned)),
        Span(min(o for _, o in turned), max(o for _, o in turned)), endplate,
    )  # fmt: skip


def _pitched(vector: Floats, angle: float) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([vector[0], c * vector[1] - s * vector[2], s * vector[1] + c * vector[2]])


def with_pixels(view: View, pixels: int) -> View:
    """The same view on a detector of fewer, larger pixels; its lines follow."""
    times = pixels / view.camera.columns
    moved = tuple(replace(line, pixels=(line.pixels + 0.5) * times - 0.5) for line in view.lines)
    return replace(view, camera=view.camera.coarser(pixels), lines=moved)
