"""What holds the pelvis: as named, else the first usual support that the image shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side
from nutation.cli.stability_command import ONE_ILIUM
from nutation.stability.loads import Support, missing_support
from nutation.stability.regions import find_regions

_USUAL: tuple[Support, ...] = ("ischia", "acetabula")
_WORDS: Mapping[Support, str] = {
    "acetabula": "in both hip sockets", "ilium_left": "at the left ilium", "ilium_right": "at the right ilium",
}  # fmt: skip


def held_at(pelvis: Pelvis, side: Side, named: str | None) -> tuple[Support, tuple[str, ...]]:
    """The support, and what has to be said of it; ``side`` is that of the joint that is asked about."""
    one_ilium: Support = "ilium_left" if side == "left" else "ilium_right"
    if named is not None:
        return one_ilium if named == ONE_ILIUM else cast("Support", named), ()
    regions = find_regions(pelvis)
    shown: list[Support] = [one for one in _USUAL if not missing_support(one, regions)]
    chosen = shown[0] if shown else one_ilium
    if chosen == _USUAL[0]:
        return chosen, ()
    lacking = missing_support("ischia", regions)
    said = (
        f"The pelvis is held {_WORDS[chosen]}, since the ischia cannot hold it ({lacking}). "
        "Published motion is of other supports too; --support names another."
    )
    return chosen, (said,)
