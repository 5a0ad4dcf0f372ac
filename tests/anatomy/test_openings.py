"""Canal and foramina: on the phantom against its truth, on what fills them in, on real surfaces and maps."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from anatomy.atlas_voxels import CASES, atlas_labels
from anatomy.sacrum_made import Made, made
from nutation.anatomy.labels import read_labels
from nutation.anatomy.openings import find_openings
from nutation.anatomy.openings_box import sacral_box
from nutation.anatomy.openings_fill import enclosed
from nutation.anatomy.openings_measure import doubts, measure_foramina
from nutation.anatomy.pelvis import CANAL, FORAMINA, SACRUM, Openings
from nutation.anatomy.space import Floats, Grid

UPPER = {"canal", "s1_foramen_left", "s1_foramen_right", "s2_foramen_left", "s2_foramen_right"}
CODES = {"canal": CANAL, **FORAMINA}


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


@cache
def shown(spacing_mm: float, tilt_deg: float) -> Openings:
    given = made(spacing_mm, tilt_deg)
    return find_openings(given.labels, given.spacing_mm, given.low_mm)


def filled(given: Made, *names: str) -> NDArray[np.uint8]:
    """The phantom's labels as a map that paints over these openings."""
    labels = given.labels.copy()
    labels[np.isin(given.openings, [CODES[name] for name in names]) & (labels == 0)] = SACRUM
    return labels


def around_sacrum(path: Path, ids: str, tmp_path: Path) -> tuple[NDArray[np.uint8], Floats]:
    """A label map's sacrum with what is beside it, on a 1 mm grid along LPS."""
    mapping = tmp_path / "ids.yaml"
    mapping.write_text(ids)
    shapes = read_labels(path, mapping=mapping)
    points = shapes.surface(SACRUM)
    low, high = points.min(axis=0) - 10.0, points.max(axis=0) + 10.0
    shape = np.ceil(high - low).astype(int)
    grid = Grid((int(shape[0]), int(shape[1]), int(shape[2])), np.ones(3), low, np.eye(3))
    return shapes.sampled(grid), low


# ---- the idea itself


def test_a_ring_of_bone_encloses_what_a_hook_does_not() -> None:
    # In the plane across index 2 a square ring has an inside; the same ring with one side open has none.
    bone = np.zeros((9, 9, 3), dtype=np.bool_)
    bone[2:7, 2:7] = True
    bone[3:6, 3:6] = False
    outside = np.zeros_like(bone)
    assert np.count_nonzero(enclosed(bone, outside, 2, 1, (0.0,))) == 9 * 3
    bone[4, 2, :] = False
    assert not enclosed(bone, outside, 2, 1, (0.0,)).any()


def test_a_slanted_ring_is_found_by_planes_that_lean_as_it_does() -> None:
    # A tube's ring that rises by one voxel per voxel along index 1 is cut open by level planes.
    bone = np.zeros((11, 11, 15), dtype=np.bool_)
    for along in range(2, 9):
        ring = np.ones(7, dtype=np.bool_) if along in (2, 8) else np.array([1, 0, 0, 0, 0, 0, 1], dtype=np.bool_)
        bone[2:9, along, along + 2] = ring
    outside = np.zeros_like(bone)
    assert not enclosed(bone, outside, 2, 1, (0.0,)).any()
    assert np.count_nonzero(enclosed(bone, outside, 2, 1, (1.0,))) == 5 * 5


def test_a_ring_around_the_outside_encloses_nothing() -> None:
    bone = np.zeros((9, 9, 1), dtype=np.bool_)
    bone[2:7, 2:7] = True
    bone[3:6, 3:6] = False
    outside = np.zeros_like(bone)
    outside[4, 4] = True
    assert not enclosed(bone, outside, 2, 1, (0.0,)).any()


# ---- the phantom, whose openings are known


@pytest.mark.parametrize(("spacing_mm", "tilt_deg"), [(1.0, 0.0), (2.0, 15.0)])
def test_the_phantoms_openings_are_found_with_their_names(spacing_mm: float, tilt_deg: float) -> None:
    given = made(spacing_mm, tilt_deg)
    openings = shown(spacing_mm, tilt_deg)
    assert openings.seen == {*UPPER, "lower_foramina"}
    for name in UPPER:
        assert dice(openings.labels == CODES[name], given.openings == CODES[name]) > 0.9, name
    # what is marked is open in the input: never bone, so that bone is not taken from an implant
    assert not given.labels[openings.labels > 0].any()


def test_the_phantoms_foramina_have_the_measures_it_was_made_with() -> None:
    given = made()
    box = sacral_box(given.labels, 1.0, given.low_mm)
    assert box is not None
    foramina = measure_foramina(shown(1.0, 0.0), box, 1.0, given.low_mm)
    assert set(foramina) == {(1, "left"), (1, "right"), (2, "left"), (2, "right")}
    for (number, side), foramen in foramina.items():
        truth = given.phantom.truth.foramina[f"s{number}_foramen_{side}"]
        # the tunnel runs along the truth's line: the middle lies on it
        off = foramen.centre_mm - truth.point_mm
        assert np.linalg.norm(off - (off @ truth.axis) * truth.axis) < 2.0
        assert abs(foramen.height_mm - 2 * truth.half_height_mm) < 2.0
        assert abs(foramen.width_mm - 2 * truth.half_width_mm) < 2.0
    assert not doubts(foramina)


def test_what_the_map_fills_in_is_not_seen() -> None:
    given = made()
    everything = filled(given, "canal", *FORAMINA)
    openings = find_openings(everything, 1.0, given.low_mm)
    assert openings.seen == frozenset()
    assert not openings.labels.any()


def test_a_foramen_filled_on_one_side_does_not_lend_its_name_to_the_next() -> None:
    given = made()
    labels = filled(given, "s1_foramen_left")
    openings = find_openings(labels, 1.0, given.low_mm)
    assert openings.seen == {*UPPER, "lower_foramina"} - {"s1_foramen_left"}
    box = sacral_box(labels, 1.0, given.low_mm)
    assert box is not None
    said = doubts(measure_foramina(openings, box, 1.0, given.low_mm))
    assert any("S1 foramen is shown on the right only" in each for each in said)


def test_s2s_foramina_are_not_called_s1s_where_s1s_are_filled_in() -> None:
    given = made()
    labels = filled(given, "s1_foramen_left", "s1_foramen_right")
    openings = find_openings(labels, 1.0, given.low_mm)
    assert openings.seen == {"canal", "s2_foramen_left", "s2_foramen_right", "lower_foramina"}
    assert dice(openings.labels == FORAMINA["s2_foramen_left"], given.openings == FORAMINA["s2_foramen_left"]) > 0.9
    box = sacral_box(labels, 1.0, given.low_mm)
    assert box is not None
    assert any("S1's are not shown" in each for each in doubts(measure_foramina(openings, box, 1.0, given.low_mm)))


def test_a_bifid_arch_hides_nothing() -> None:
    # The arch of S1 open behind in the midline, 8 mm wide: the canal and S1's foramina are still shown.
    given = made()
    labels = given.labels.copy()
    index = np.argwhere((given.openings == CANAL) & (labels == 0))
    points = given.low_mm + index
    top = points[:, 2].max()
    middle = np.abs(points[:, 0]) < 1
    back = {z: points[middle & (points[:, 2] == z), 1].max() for z in np.unique(points[middle, 2]) if z > top - 35}
    for z, y in back.items():
        i, k = round(-given.low_mm[0]), round(z - given.low_mm[2])
        column = labels[i - 4 : i + 5, round(y - given.low_mm[1]) :, k]
        column[column == SACRUM] = 0
    openings = find_openings(labels, 1.0, given.low_mm)
    assert openings.seen >= UPPER
    for name in UPPER - {"canal"}:
        assert dice(openings.labels == CODES[name], given.openings == CODES[name]) > 0.85, name
    # most of the canal, whatever of the slit is taken for it
    assert np.count_nonzero((openings.labels == CANAL) & (given.openings == CANAL)) > 0.85 * np.count_nonzero(
        given.openings == CANAL
    )


def test_no_sacrum_no_openings() -> None:
    openings = find_openings(np.zeros((20, 20, 20), dtype=np.uint8), 1.0, np.zeros(3))
    assert openings.seen == frozenset()
    block = np.zeros((20, 20, 20), dtype=np.uint8)
    block[8:12, 8:12, 8:12] = SACRUM
    assert find_openings(block, 1.0, np.zeros(3)).seen == frozenset()


# ---- real anatomy


@pytest.mark.slow
@pytest.mark.parametrize(("spacing_mm", "cases"), [(1.0, CASES[::7]), (2.0, CASES)])
def test_all_atlas_pelvises_show_the_canal_and_the_upper_foramina(
    data_dir: Path, spacing_mm: float, cases: tuple[int, ...]
) -> None:
    below: dict[int, list[float]] = {1: [], 2: []}
    for case in cases:
        labels, low = atlas_labels(data_dir, case, spacing_mm)
        openings = find_openings(labels, spacing_mm, low)
        assert openings.seen >= UPPER, case
        assert not labels[openings.labels > 0].any()
        box = sacral_box(labels, spacing_mm, low)
        assert box is not None
        foramina = measure_foramina(openings, box, spacing_mm, low)
        assert not doubts(foramina), case
        for (number, side), foramen in foramina.items():
            below[number].append(foramen.below_mm)
            # named by side as the patient has it, and as wide as a nerve root's way is
            assert (foramen.centre_mm[0] > box.points(np.array([[box.middle, 0, 0]]))[0, 0]) == (side == "left")
            assert foramen.throat_mm2 > 50
    assert max(below[1]) < min(below[2])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["001", "004"])
def test_maps_that_fill_the_openings_show_none(data_dir: Path, tmp_path: Path, name: str) -> None:
    ids = "{sacrum: 3, hips: 1, spine: 4}"
    labels, low = around_sacrum(data_dir / "labels" / f"{name}_bones.nii.gz", ids, tmp_path)
    assert find_openings(labels, 1.0, low).seen == frozenset()


@pytest.mark.slow
def test_the_3_mm_map_shows_the_canal_and_both_upper_foramina(data_dir: Path, tmp_path: Path) -> None:
    # Looked at slice by slice: all four tunnels and the canal down to S2 are open in the map, the canal below is not.
    ids = "{sacrum: 1, left_hip: 2, right_hip: 3, l5: 4}"
    labels, low = around_sacrum(data_dir / "ct" / "pelvis_3mm_labels.nii.gz", ids, tmp_path)
    openings = find_openings(labels, 1.0, low)
    assert openings.seen >= UPPER
