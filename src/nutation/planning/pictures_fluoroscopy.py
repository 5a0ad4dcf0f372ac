"""One fluoroscopic view as a picture: plain with its lines, with the guide pins, with the implants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from nutation.anatomy.pelvis import Pelvis
from nutation.evidence import MARK_WORDS, Mark, load
from nutation.planning.fluoroscopy import Attenuation, as_seen, guide_pin, shadow, window_of, with_metal
from nutation.planning.pictures_style import (
    COINCIDE,
    IMPLANT,
    INK,
    PIN,
    STRUCTURE_COLOURS,
    STRUCTURE_DASHES,
    WARNING,
    Heading,
    as_png,
    bare,
    edge_letters,
    halo,
    scale_bar,
    sheet,
    wrapped,
)
from nutation.planning.plan import PlannedImplant
from nutation.planning.views import View
from nutation.planning.views_lines import Line
from nutation.planning.views_pins import PinSeen, pin_seen

_MAGNIFIED = " The side nearer to the source is drawn larger, so that its lines spread about the middle."
_PANELS = ("As it must look first: what must coincide", "With the guide pins", "With the implants")
_SECOND = ("right", "S2")  # of two things to coincide, the one that is dashed
_WIDE = 200  # characters in a line of the words below


def view_picture(
    view: View, pelvis: Pelvis, attenuation: Attenuation, planned: Sequence[PlannedImplant], heading: Heading
) -> tuple[bytes, str]:
    """One view, three times side by side, as PNG, with the picture in words."""
    camera = view.camera
    bone = shadow(attenuation, camera)
    window = window_of(bone)
    implants = [one.implant for one in planned]
    images = (
        bone, with_metal(bone, camera, pins=[guide_pin(one) for one in implants]),
        with_metal(bone, camera, implants=implants),
    )  # fmt: skip
    seen = [pin_seen(view, pelvis, one.implant, one.position) for one in planned]
    words = _words(view, seen, attenuation)
    lines = [wrapped(text, _WIDE) for text in words]
    legend_in = 0.24 * (1 + len(view.lines) // 5)
    height = 0.75 + 4.95 + legend_in + 0.17 * sum(text.count("\n") + 1 for text in lines) + 0.25
    figure = sheet(f"{view.title} view", f"{view.seen_from}, simulated X-ray", heading, (14.5, height))
    for place, (image, name) in enumerate(zip(images, _PANELS, strict=True)):
        axes = figure.add_axes((0.01 + place * 0.331, 1 - 5.5 / height, 0.32, 4.65 / height))
        axes.imshow(as_seen(image, window), cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
        axes.set_xlim(-0.5, camera.columns - 0.5)
        axes.set_ylim(camera.rows - 0.5, -0.5)
        bare(axes)
        edge_letters(axes, camera.across, -camera.down, light=True)
        for line in view.lines:
            if line.forbidden or place == 0:
                _draw(axes, line, 1.8 if place == 0 else 1.2)
        if place > 0:
            _number(axes, seen, PIN if place == 1 else "#8a5a00")
        axes.set_title(name, fontsize=10, color=INK, pad=4)
        scale = camera.magnification(_middle(view)) / camera.pixel_mm
        scale_bar(axes, 20, scale, light=True)
    _legend(figure, view, 1 - (5.55 + legend_in) / height, bool(planned))
    y = 1 - (5.62 + legend_in) / height
    for place, text in enumerate(lines):
        ink = WARNING if words[place].startswith(("Fallback", "Note")) else INK
        figure.text(0.012, y, text, fontsize=9, color=ink, va="top", linespacing=1.25)
        y -= 0.17 * (text.count("\n") + 1) / height
    return as_png(figure), f"{view.title} view, {view.seen_from}, {heading.side} joint. " + " ".join(words)


def _middle(view: View) -> Any:
    camera = view.camera
    return camera.source_mm + camera.beam * np.linalg.norm(camera.detector_mm - camera.source_mm) * 0.65


def _words(view: View, seen: list[PinSeen], attenuation: Attenuation) -> list[str]:
    angles = view.angles
    tilt, orbit = angles.on_table_tilt, angles.on_table_orbit
    told = [f"Must coincide: {view.set_by}"]
    apart = "; ".join(f"{one.what} {one.apart_mm:.1f} mm apart" for one in view.coincidences)
    if apart:
        told.append(f"At best in this pelvis: {apart}.{_MAGNIFIED if view.id == 'lateral' else ''}")
    told.append(
        f"Expect on the table: detector {_lean(tilt.low_deg, tilt.high_deg, 'head', 'feet')}, "
        f"{_lean(orbit.low_deg, orbit.high_deg, 'left', 'right')} (as scanned "
        f"{_one(angles.as_scanned_tilt_deg, 'head', 'feet')}, {_one(angles.as_scanned_orbit_deg, 'left', 'right')}; "
        f"against the pelvic plane {_one(angles.pelvic_tilt_deg, 'head', 'feet')})."
        + (f" Beam to the S1 endplate: {angles.endplate_deg:.0f}°." if angles.endplate_deg is not None else "")
    )
    if view.published:
        told[-1] += f" Published: {view.published}."
    first, second = view.numbers.get("s1_alone_deg"), view.numbers.get("s2_alone_deg")
    if first is not None and second is not None:
        told.append(
            f"Along S1's own wall the detector leans {first:.0f}° to the feet, along S2's {second:.0f}° "
            "(against the pelvic plane); an implant's own level counts."
        )
    told.append(f"Not to be crossed: {view.not_to_cross}")
    told += [f"{number}. {one.position}: {one.words}" for number, one in enumerate(seen, 1)]
    if view.fallback:
        told.append(f"Fallback: {view.fallback}.")
    told += [f"Note: {warning}" for warning in view.warnings]
    told.append(f"{attenuation.said} Cone beam; distances of an assumed C-arm. Words of the view: {_basis(view)}.")
    return told


def _basis(view: View) -> str:
    """How far the view's words were checked, and where they stand."""
    told = load().source(view.citation[0]).citation if view.citation and view.basis != "unverified" else ""
    mark = MARK_WORDS[cast(Mark, view.basis)]
    return f"{mark} ({told})" if told else mark


def _lean(low: float, high: float, plus: str, minus: str) -> str:
    if max(abs(low), abs(high)) < 1:
        return "not turned" if plus == "left" else "not tilted"
    if round(low) == round(high):
        return f"{abs(low):.0f}° towards the {plus if low > 0 else minus}"
    if low >= 0:
        return f"{low:.0f}° to {high:.0f}° towards the {plus}"
    if high <= 0:
        return f"{-high:.0f}° to {-low:.0f}° towards the {minus}"
    return f"{-low:.0f}° towards the {minus} to {high:.0f}° towards the {plus}"


def _one(angle: float, plus: str, minus: str) -> str:
    if abs(angle) < 0.5:
        return "0°"
    return f"{abs(angle):.0f}° {plus if angle >= 0 else minus}"


def _style(line: Line) -> tuple[str, str]:
    if not line.forbidden:
        return COINCIDE, "--" if any(word in line.name for word in _SECOND) else "-"
    if line.structure is None:
        return WARNING, "-"
    return STRUCTURE_COLOURS[line.structure], STRUCTURE_DASHES.get(line.structure, "-")


def _draw(axes: Any, line: Line, width: float) -> None:
    colour, dash = _style(line)
    axes.plot(line.pixels[:, 0], line.pixels[:, 1], color=colour, lw=width, ls=dash, path_effects=halo("white", 3.2))


def _number(axes: Any, seen: list[PinSeen], colour: str) -> None:
    for number, one in enumerate(seen, 1):
        x, y = one.start
        axes.plot([x], [y], "o", ms=5, mfc="white", mec=colour, mew=1.4)
        above = 7 if number % 2 else -15  # neighbours' numbers on opposite sides
        axes.annotate(
            str(number), (x, y), xytext=(7, above), textcoords="offset points", fontsize=10.5, weight="bold",
            color=colour, path_effects=halo("white", 3.0),
        )  # fmt: skip


def _legend(figure: Any, view: View, bottom: float, planned: bool) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    named: set[str] = set()
    for line in view.lines:
        colour, dash = _style(line)
        label = line.name if line.forbidden else f"{line.name} (to coincide)"
        if label not in named:
            handles.append(Line2D([], [], color=colour, lw=2.4, ls=dash, label=label))
        named.add(label)
    if planned:
        handles.append(Line2D([], [], color=IMPLANT, marker="o", mfc="white", mec=PIN, lw=0, label="start at the bone"))
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.008, bottom), ncol=5, fontsize=8.5, frameon=False,
        handlelength=2.6, columnspacing=1.4,
    )  # fmt: skip
