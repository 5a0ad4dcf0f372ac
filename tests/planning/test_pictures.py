"""The pictures of a plan: which there are, what stands on them, and that things are drawn where they lie."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import FORAMINA, Levels, Pelvis
from nutation.anatomy.source import Side, Source
from nutation.anatomy.space import Floats
from nutation.planning.fluoroscopy import CArm
from nutation.planning.pictures import Picture, plan_pictures
from nutation.planning.pictures_nearest import nearest_of
from nutation.planning.pictures_slices import Plane
from nutation.planning.pictures_style import (
    STRUCTURE_COLOURS,
    as_png,
    edge_letters,
    heading_of,
    letter_of,
    sheet,
    wrapped,
)
from nutation.planning.plan import STRUCTURES, Breach, Clearance, Margin, Plan, PlannedImplant, Purchase
from nutation.planning.views import views_of
from nutation.planning.views_landmarks import points_of
from planning.seen_pelvis import seen_pelvis

ARM = CArm(source_detector_mm=1000, source_object_mm=650, detector_mm=300, pixels=128)


def planned(pelvis: Pelvis, position: str, at_mm: Floats, side: Side = "left") -> PlannedImplant:
    """A 45 mm triangle straight across, its tip at a point."""
    inward = np.array([-1.0 if side == "left" else 1.0, 0.0, 0.0])
    size = Size("triangle-7-45", "iFuse", "triangle", 7.0, 45.0, pin_diameter_mm=3.2)
    implant = Implant(size, Pose(at_mm - 45 * inward, inward))
    breach = Breach(0.08, 0.03, 0.01, 0.004, 0.003, 0.002)
    return PlannedImplant(
        position, "s1", implant, Clearance({"s1_foramen": 3.5, "endplate": 6.0}, frozenset({"canal"})),
        Purchase(18.0, 20.0, None, implant.pose.at(20.0), 80.0),
        Margin(breach, {"s1_foramen": breach}, frozenset({"canal"}), 0.0, 1000), 2.0,
    )  # fmt: skip


def plan_of(pelvis: Pelvis, implants: int = 1) -> Plan:
    centre = pelvis.levels.bands["s1"].centre_mm
    made = tuple(
        planned(pelvis, f"S1, number {n}", centre + np.array([20.0, 0.0, -12.0 * (n - 1)]))
        for n in range(1, implants + 1)
    )
    return Plan("left", "lateral", "planned", "", made, (12.0,), {}, "fluoroscopy, 4.9 mm and 4.0°", "none set", ())


def pixels(png: bytes) -> NDArray[Any]:
    from matplotlib import image

    return np.asarray(image.imread(BytesIO(png), format="png"))


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    pelvis = seen_pelvis()
    return {picture.name: picture for picture in plan_pictures(plan_of(pelvis), pelvis, arm=ARM)}


def test_a_plan_has_all_its_pictures(pictures: dict[str, Picture]) -> None:
    assert list(pictures) == ["implant-1", "view-lateral", "view-inlet", "view-outlet", "levels", "margins"]
    for picture in pictures.values():
        seen = pixels(picture.png)
        assert seen.shape[0] >= 300
        assert seen.shape[1] >= 1000
        assert len(np.unique((seen[::4, ::4, 0] * 255).astype(np.uint8))) > 30  # drawn on, not blank
        assert picture.alt
        assert "left joint" in picture.alt or picture.name == "levels"


def test_every_picture_carries_its_warning_where_the_side_is_not_known(pictures: dict[str, Picture]) -> None:
    """The phantom's labels have no image behind them; the warning's own ink stands at the foot of every picture."""
    rust = np.array([0xA0, 0x2C, 0x00]) / 255
    for picture in pictures.values():
        foot = pixels(picture.png)[-40:, :, :3]
        inked = np.abs(foot - rust).max(axis=2) < 0.02
        assert inked[:, : foot.shape[1] // 2].any(), picture.name
        assert inked[:, foot.shape[1] // 2 :].any(), picture.name


def test_the_heading_names_patient_side_date_and_what_is_not_known() -> None:
    pelvis = seen_pelvis()
    heading = heading_of(pelvis, "left")
    assert heading.patient == "Patient: PHANTOM"
    assert heading.image_date == "image date not given"
    assert any("ORIENTATION UNVERIFIED" in warning for warning in heading.warnings)
    known = Source(
        (), "dicom", patient_id="7", patient_name="Doe^Jane", image_date=date(2026, 2, 1)
    )  # fmt: skip
    told = heading_of(replace(pelvis, source=known), "right")
    assert told.patient == "Patient: Doe^Jane, 7"
    assert told.side == "right"
    assert told.image_date == "image of 2026-02-01"
    assert told.warnings == ()
    nobody = heading_of(replace(pelvis, source=Source((), "nifti")), "left")
    assert nobody.patient == "Patient: not named in the input"


def test_the_words_on_a_sheet() -> None:
    heading = heading_of(seen_pelvis(), "left")
    figure = sheet("A title", "seen from behind", heading, (10.0, 5.0))
    words = " ".join(text.get_text() for text in figure.texts)
    for part in ("A title", "LEFT joint", "PHANTOM", "image date not given", "seen from behind",
                 "Not for unsupervised clinical use", "ORIENTATION UNVERIFIED"):  # fmt: skip
        assert part in words
    assert pixels(as_png(figure)).shape[:2] == (500, 1000)


def test_letters_at_the_edges() -> None:
    """x is to the left, y backwards, z upwards; an oblique direction has two letters, the larger first."""
    assert letter_of(np.array([1.0, 0, 0])) == "L"
    assert letter_of(np.array([0.0, -2, 0.1])) == "A"
    assert letter_of(np.array([0.0, 0.6, 0.8])) == "HP"
    assert letter_of(np.array([0.0, -0.8, -0.6])) == "AF"
    figure = sheet("A title", "x", heading_of(seen_pelvis(), "left"), (10.0, 5.0))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.7))
    edge_letters(axes, np.array([-1.0, 0, 0]), np.array([0.0, 0, 1]))
    placed = {text.get_text(): text.get_position() for text in axes.texts}
    assert placed["R"][0] > 0.9
    assert placed["L"][0] < 0.1
    assert placed["H"][1] > 0.9
    assert placed["F"][1] < 0.1


def test_a_plane_knows_where_points_lie() -> None:
    plane = Plane(np.array([1.0, 2, 3]), np.array([0.0, 1, 0]), np.array([0.0, 0, 1]), 30.0, 20.0)
    assert plane.flat(np.array([[9.0, 7, -1]])) == pytest.approx(np.array([[5.0, -4.0]]))
    points = plane.points()
    assert points.shape == (81, 121, 3)
    assert points[0, 0] == pytest.approx([1, -28, -17])


def test_the_smallest_clearance_is_shown_where_it_is() -> None:
    """An implant whose side passes the left S1 foramen: the place is on the foramen, at the foramen's depth."""
    pelvis = seen_pelvis()
    foramen = points_of(pelvis, pelvis.openings.labels == FORAMINA["s1_foramen_left"])
    top = foramen[foramen[:, 2].argmax()]
    # The triangle points up; its lower side lies 1.75 mm below the axis.
    one = planned(pelvis, "S1", top + np.array([-10.0, 0, 1.75 + 3.5]))
    found = nearest_of(one, pelvis, None)
    assert found is not None
    assert found.structure == "s1_foramen"
    assert found.clearance_mm == 3.5
    assert np.linalg.norm(found.on_structure_mm - found.on_implant_mm) <= 3.6
    assert found.depth_mm == pytest.approx(one.implant.pose.entry_mm[0] - found.on_structure_mm[0], abs=1.5)
    assert found.away[2] < 0


def test_a_place_that_does_not_fit_the_number_is_not_shown() -> None:
    pelvis = seen_pelvis()
    far = planned(pelvis, "S1", np.array([20.0, -10, 60]))
    assert nearest_of(far, pelvis, None) is None
    unknown = replace(far, clearance=Clearance({}, frozenset({"canal"})))
    assert nearest_of(unknown, pelvis, None) is None


def test_a_plan_without_implants_still_shows_views_and_levels() -> None:
    pelvis = seen_pelvis()
    none = replace(plan_of(pelvis), implants=(), verdict="no_plan_within_limit", reason="no corridor")
    names = [picture.name for picture in plan_pictures(none, pelvis, arm=ARM)]
    assert names == ["view-lateral", "view-inlet", "view-outlet", "levels"]


def test_without_levels_there_is_no_picture_of_them() -> None:
    pelvis = replace(seen_pelvis(), levels=Levels({}))
    none = replace(plan_of(seen_pelvis()), implants=())
    assert "levels" not in [picture.name for picture in plan_pictures(none, pelvis, views=())]


def test_words_say_what_is_unknown_and_never_that_it_is_far(pictures: dict[str, Picture]) -> None:
    assert "unknown: sacral canal" in pictures["implant-1"].alt.replace("so unknown", "unknown")
    assert "not this patient's risk" in pictures["margins"].alt
    for picture in pictures.values():
        assert not {"safe", "confirmed", "optimal", "candidate"} & set(picture.alt.lower().split())


def test_every_structure_has_a_colour_of_its_own_where_they_meet() -> None:
    assert set(STRUCTURE_COLOURS) == set(STRUCTURES)
    openings = [STRUCTURE_COLOURS[name] for name in ("s1_foramen", "s2_foramen", "canal", "lower_foramina")]
    assert len(set(openings)) == 4


def test_long_words_are_wrapped() -> None:
    assert max(len(line) for line in wrapped("one two three " * 20, 40).split("\n")) <= 40


@pytest.mark.slow
def test_pictures_of_a_ct_show_the_ct() -> None:
    """With a CT the slices and views are drawn from it, and say so; three implants have three pictures."""
    pelvis = seen_pelvis(3.0, ct=True)
    outlet = views_of(pelvis, "left", "lateral", arm=ARM)[2:]
    made = {picture.name: picture for picture in plan_pictures(plan_of(pelvis, 3), pelvis, views=outlet)}
    assert [name for name in made if name.startswith("implant")] == ["implant-1", "implant-2", "implant-3"]
    assert "Drawn from the CT" in made["view-outlet"].alt
    assert "1. S1, number 1" in made["view-outlet"].alt
    assert "3. S1, number 3" in made["view-outlet"].alt
