"""The picture of the footprints: all bones and ligaments, sides the right way round, words beside it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from nutation.anatomy.pelvis import L5
from nutation.anatomy.source import Side
from nutation.stability.footprints import LIGAMENTS, find_ligaments
from nutation.stability.pictures import COLOURS, ligament_picture, views_of
from stability.pelvises_made import SIDES, phantom_pelvis, without


@pytest.mark.parametrize("side", SIDES)
def test_the_picture_shows_every_ligament_and_says_the_same_in_words(side: Side) -> None:
    pelvis = phantom_pelvis()
    ligaments = find_ligaments(pelvis, side)
    png, words = ligament_picture(pelvis, ligaments)
    image = np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
    assert image.shape[1] > 1200
    for name, colour in COLOURS.items():
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        assert (np.abs(image - wanted).max(axis=2) < 12).sum() > 100, name
    assert f"{side} joint" in words
    assert all(text in words for text in LIGAMENTS.values())


def test_a_missing_ligament_is_told_in_the_picture() -> None:
    pelvis = without(phantom_pelvis(), L5)
    _, words = ligament_picture(pelvis, find_ligaments(pelvis, "left"))
    assert "7, iliolumbar: left out: the image does not show L5" in words


def test_sides_lie_as_a_viewer_sees_them() -> None:
    # In front of the patient his left is on the right of the picture; behind him, on the left. From the left, his
    # front is on the left; from within the left hip (from his right), on the right.
    views = {view.title: view for view in views_of("left")}
    assert views["from the front"].right > 0
    assert views["from behind"].right < 0
    assert views["from the left"].right > 0
    assert views["left hip bone alone, from within"].right < 0
    assert views_of("right")[2].right < 0
