"""Where an implant's guide pin belongs on each view: start and end against the lines that are seen there, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.views import View
from nutation.planning.views_landmarks import midline_x
from nutation.planning.views_lines import Line

_END_ON_SHARE = 0.35  # a pin that shows less than this share of its length is a dot for the eye
_WORDS = (("to the patient's right of", "to the patient's left of"), ("in front of", "behind"), ("below", "above"))
_DOWNWARDS = {"inlet": ("behind", "in front of"), "outlet": ("above", "below")}
"""What upwards and downwards on the image mean, where surgeons read them so: the inlet shows front and back."""


@dataclass(frozen=True, slots=True)
class PinSeen:
    """One pin on one view: pixels (2,) of its start (at the bone) and end, and where these lie, in words.

    `end_on` where the pin appears as a dot. `least_mm` is the smallest distance, at the pelvis, between the pin's way
    in bone and a line not to be crossed as they appear; `least_to` names that line (empty without one).
    """

    position: str
    start: Floats
    end: Floats
    end_on: bool
    words: str
    least_mm: float | None
    least_to: str


def pin_seen(view: View, pelvis: Pelvis, implant: Implant, position: str) -> PinSeen:
    """Where the pin of one planned implant appears on one view."""
    camera = view.camera
    start3, end3 = implant.pose.entry_mm, implant.tip_mm
    start, end = camera.project(np.stack([start3, end3]))
    scale = camera.pixel_mm / camera.magnification((start3 + end3) / 2)
    shown = float(np.linalg.norm(end - start)) * scale
    end_on = shown < _END_ON_SHARE * implant.size.length_mm
    forbidden = [line for line in view.lines if line.forbidden and len(line.pixels) > 1]
    told: list[str] = []
    if end_on:
        told.append(f"a dot, its start {_beside(view, start, start3, forbidden, scale)}".strip(" ,"))
    else:
        told.append(f"start {_beside(view, start, start3, forbidden, scale)}".strip())
        middle = float(end3[0] - midline_x(pelvis))
        along = f", {abs(middle):.0f} mm to the patient's {'left' if middle > 0 else 'right'} of the midline"
        frontal = abs(float(camera.across[0])) > 0.5
        told.append(f"end {_beside(view, end, end3, forbidden, scale)}{along if frontal else ''}".strip())
    least, least_to = _least(start, end, forbidden, scale)
    return PinSeen(position, start, end, end_on, "; ".join(told) + ".", least, least_to)


def _beside(view: View, at: Floats, point_mm: Floats, lines: list[Line], scale: float) -> str:
    """Where a point lies against the lines: the two nearest of this side, above and below on the image or beside."""
    side = "left" if point_mm[0] > 0 else "right"
    other = "right" if side == "left" else "left"
    own = [line for line in lines if not line.name.endswith(other)]
    words = _DOWNWARDS.get(view.id)
    told = [_level_with(line, at, words, scale) for line in own] if words else []
    if not told:
        told = [_nearest_words(view, line, at, scale) for line in own]
    return " and ".join(text for _, text in sorted(told)[:2])


def _level_with(line: Line, at: Floats, words: tuple[str, str], scale: float) -> tuple[float, str]:
    """How far above or below a line's edge, measured straight up and down the image."""
    name = _plain(line.name)
    if line.closed:
        top, bottom = float(line.pixels[:, 1].min()), float(line.pixels[:, 1].max())
        if top <= at[1] <= bottom:
            return 0.0, f"level with the {name}"
        apart = (top - at[1]) if at[1] < top else (bottom - at[1])
    else:
        columns = np.abs(line.pixels[:, 0] - at[0])
        apart = float(line.pixels[int(columns.argmin()), 1] - at[1])
    way = words[0] if apart > 0 else words[1]
    return abs(apart) * scale, f"{abs(apart) * scale:.0f} mm {way} the {name}"


def _nearest_words(view: View, line: Line, at: Floats, scale: float) -> tuple[float, str]:
    foot, apart = _nearest(line, at)
    if apart * scale < 0.5:
        return 0.0, f"on the {_plain(line.name)}"
    way = at - foot
    space = way[0] * view.camera.across + way[1] * view.camera.down
    axis = int(np.abs(space).argmax())
    return apart * scale, f"{apart * scale:.0f} mm {_WORDS[axis][int(space[axis] > 0)]} the {_plain(line.name)}"


def _plain(name: str) -> str:
    return name.split(" (")[0]


def _nearest(line: Line, at: Floats) -> tuple[Floats, float]:
    first, second = line.pixels[:-1], line.pixels[1:]
    way = second - first
    share = np.clip(((at - first) * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-9), 0, 1)
    feet = first + share[:, None] * way
    apart = np.linalg.norm(feet - at, axis=1)
    best = int(apart.argmin())
    return feet[best], float(apart[best])


def _least(start: Floats, end: Floats, lines: list[Line], scale: float) -> tuple[float | None, str]:
    if not lines:
        return None, ""
    along = start + np.linspace(0, 1, 41)[:, None] * (end - start)
    found = [(min(_nearest(line, at)[1] for at in along) * scale, line.name) for line in lines]
    least, name = min(found)
    return least, name
