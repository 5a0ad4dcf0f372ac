"""An edit in a surgeon's words: which way each word points on either side, the length, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from nutation.anatomy.implants import Pose, Size
from nutation.anatomy.source import Side
from nutation.planning.catalogue import packaged_catalogue
from nutation.planning.edit import Edit, edited_pose, edited_size, read_edit
from nutation.record.errors import InputError

INWARDS = {"left": np.array([-1.0, 0.0, 0.0]), "right": np.array([1.0, 0.0, 0.0])}
"""Straight across: on the left joint towards the patient's right, and the other way round (x points left)."""


def pose(side: Side) -> Pose:
    return Pose(np.array([80.0 if side == "left" else -80.0, 10.0, 20.0]), INWARDS[side])


@pytest.mark.parametrize("side", ["left", "right"])
def test_words_point_the_same_way_for_the_surgeon_on_both_sides(side: Side) -> None:
    """Pelvic frame: x left, y backwards, z to the head. Medial and deeper both lead towards the midline here."""
    start = pose(side)
    after = edited_pose(start, read_edit("2 cranial, 3 anterior, 1 medial, 4 deeper", None, None), side)
    inwards = INWARDS[side][0]
    assert np.allclose(after.entry_mm - start.entry_mm, [5 * inwards, -3, 2])
    back = edited_pose(after, read_edit("2 caudal, 3 posterior, 1 lateral, 4 shallower", None, None), side)
    assert np.allclose(back.entry_mm, start.entry_mm)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_tilt_turns_the_tip_that_way_about_the_entry(side: Side) -> None:
    after = edited_pose(pose(side), read_edit(None, "10° anterior", None), side)
    assert np.allclose(after.entry_mm, pose(side).entry_mm)
    assert np.allclose(after.direction, [np.cos(np.radians(10)) * INWARDS[side][0], -np.sin(np.radians(10)), 0])
    again = edited_pose(after, read_edit(None, "10 posterior", None), side)
    assert np.allclose(again.direction, INWARDS[side])


def test_a_tilt_along_the_implant_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be tilted medial"):
        edited_pose(pose("left"), Edit(tilt=((5.0, "medial"),)), "left")


@pytest.mark.parametrize("text", ["2 up", "cranial", "-2 cranial", "2 cranial 3 caudal", "nan cranial"])
def test_what_is_no_way_is_refused_and_the_ways_are_named(text: str) -> None:
    with pytest.raises(InputError, match="write a number and one of cranial, caudal"):
        read_edit(text, None, None)


def test_deeper_is_no_tilt_and_nothing_is_no_edit() -> None:
    with pytest.raises(InputError, match="--tilt"):
        read_edit(None, "2 deeper", None)
    with pytest.raises(InputError, match="nothing is to be moved"):
        read_edit(None, " ", None)


def test_a_length_comes_from_the_catalogue() -> None:
    catalogue = packaged_catalogue()
    size: Size = catalogue.size("ifuse-7x40")
    assert edited_size(size, Edit(length_mm=45.0), catalogue).id == "ifuse-7x45"
    assert edited_size(size, Edit(), catalogue) is size
    with pytest.raises(InputError, match=r"take one of 30, 35, 40"):
        edited_size(size, Edit(length_mm=42.0), catalogue)


def test_an_edit_in_words() -> None:
    edit = read_edit("2 cranial,5 deeper", "4 anterior", 45.0)
    assert edit.in_words == "2 mm cranial, 5 mm deeper, tip tilted 4° anterior, 45 mm long"
