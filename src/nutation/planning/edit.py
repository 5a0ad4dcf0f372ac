"""An edit of one implant in a surgeon's words: so far cranial, so much deeper, the tip tilted so; as a pose."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Pose, Size
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.planning.catalogue import Catalogue
from nutation.record.errors import InputError

# The pelvic frame has x to the left, y backwards, z to the head.
_WAYS = {
    "cranial": (0, 0, 1), "caudal": (0, 0, -1), "anterior": (0, -1, 0), "posterior": (0, 1, 0),
    "lateral": (1, 0, 0), "medial": (-1, 0, 0),
}  # fmt: skip
_ALONG = {"deeper": 1.0, "shallower": -1.0}
_PART = re.compile(r"(?P<much>\d+(?:\.\d+)?)\s*(?:mm|°|deg)?\s+(?P<way>[a-z]+)")
# Below this part of a direction across the implant there is no telling which way the tip would go.
_LEAST_ACROSS = 0.2


@dataclass(frozen=True, slots=True)
class Edit:
    """How one implant is to be placed otherwise: the whole moved, then the tip tilted about the entry, another length.

    `shift` holds (millimetres, way), `tilt` (degrees, way); `length_mm` None keeps the length.
    """

    shift: tuple[tuple[float, str], ...] = ()
    tilt: tuple[tuple[float, str], ...] = ()
    length_mm: float | None = None

    @property
    def in_words(self) -> str:
        """The edit as one line."""
        parts = [f"{much:g} mm {way}" for much, way in self.shift]
        parts += [f"tip tilted {much:g}° {way}" for much, way in self.tilt]
        return ", ".join([*parts, *([f"{self.length_mm:g} mm long"] if self.length_mm is not None else [])])


def read_edit(shift: str | None, tilt: str | None, length_mm: float | None) -> Edit:
    """An edit from text such as ``2 cranial, 5 deeper`` and ``4 anterior``. Raises InputError for anything else."""
    edit = Edit(_parts(shift, "--shift", (*_WAYS, *_ALONG)), _parts(tilt, "--tilt", tuple(_WAYS)), length_mm)
    if not edit.shift and not edit.tilt and length_mm is None:
        raise InputError("nothing is to be moved.", mend='give --shift "2 cranial, 5 deeper", --tilt "4 anterior" '
                                                         "or --length MM.")  # fmt: skip
    return edit


def _parts(text: str | None, option: str, ways: tuple[str, ...]) -> tuple[tuple[float, str], ...]:
    found: list[tuple[float, str]] = []
    for part in (text or "").lower().split(","):
        if not part.strip():
            continue
        match = _PART.fullmatch(part.strip())
        if match is None or match["way"] not in ways:
            raise InputError(
                f"{part.strip()!r} is no way to move an implant.", place=option,
                mend=f"write a number and one of {', '.join(ways)}; several with commas between.",
            )  # fmt: skip
        found.append((float(match["much"]), match["way"]))
    return tuple(found)


def edited_pose(pose: Pose, edit: Edit, side: Side) -> Pose:
    """The pose after the edit, pelvic frame. Raises InputError where an implant runs the way it is to be tilted."""
    entry, direction = np.asarray(pose.entry_mm, dtype=np.float64), np.asarray(pose.direction, dtype=np.float64)
    for much, way in edit.shift:
        entry = entry + much * (_ALONG[way] * direction if way in _ALONG else _towards(way, side))
    for much, way in edit.tilt:
        across = _towards(way, side)
        across = across - float(across @ direction) * direction
        size = float(np.linalg.norm(across))
        if size < _LEAST_ACROSS:
            raise InputError(
                f"the implant runs nearly along this way, so its tip cannot be tilted {way}.", place="--tilt",
                mend="tilt it across its own axis.",
            )  # fmt: skip
        angle = math.radians(much)
        direction = math.cos(angle) * direction + math.sin(angle) * across / size
    return Pose(entry, direction, pose.roll_deg)


def _towards(way: str, side: Side) -> Floats:
    x, y, z = _WAYS[way]
    return np.array([x if side == "left" else -x, y, z], dtype=np.float64)


def edited_size(size: Size, edit: Edit, catalogue: Catalogue) -> Size:
    """The same implant in the length asked for. Raises InputError with the lengths that the catalogue has."""
    if edit.length_mm is None or edit.length_mm == size.length_mm:
        return size
    same = [one for one in catalogue.of_system(size.system, size.diameter_mm) if one.section == size.section]
    for one in same:
        if one.length_mm == edit.length_mm:
            return one
    lengths = ", ".join(f"{one.length_mm:g}" for one in same)
    raise InputError(
        f"{size.system} of {size.diameter_mm:g} mm is not in the catalogue in {edit.length_mm:g} mm.", place="--length",
        mend=f"take one of {lengths} mm, or name your own sizes with --implants.",
    )  # fmt: skip
