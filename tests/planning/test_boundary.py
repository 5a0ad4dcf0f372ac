"""The forbidden boundary: exact below a voxel, named by structure, and what it must never promise."""

from __future__ import annotations

import edt
import numpy as np
import pytest

from nutation.anatomy.pelvis import FORAMINA
from nutation.anatomy.space import unit
from nutation.evidence import load
from nutation.planning.approaches import approach_of, approaches
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.boundary_fields import bone_share, depths, distance
from nutation.planning.boundary_zones import ENTRY, EXIT, FORBIDDEN, IN_ILIUM, IN_SACRUM
from nutation.planning.field_kernels import field_at
from nutation.planning.plan import STRUCTURES, Structure
from nutation.record.errors import InputError
from planning.made_pelvis import HALF, TABLE_MM, mirrored, slabs

MARGIN_MM = load().entry("ala_keep_out").number("margin_mm")


WITH_CANAL = forbidden_boundary(slabs(canal=(np.array([0.0, 10.0, 0.0]), 4.0)), "left", "lateral")


def at(boundary: Boundary, structure: Structure, *point: float) -> float:
    index = (np.array(point) - boundary.low_mm) / boundary.spacing_mm
    return float(field_at(boundary.field(structure), *index))


def zone(boundary: Boundary, *point: float) -> int:
    index = np.round((np.array(point) - boundary.low_mm) / boundary.spacing_mm).astype(int)
    return int(boundary.zones[tuple(index)])


def test_without_depths_it_is_the_exact_distance_transform() -> None:
    rng = np.random.default_rng(5)
    seeds = rng.random((23, 31, 19)) < 0.01
    ours = distance(seeds, np.zeros(seeds.shape, np.float32), 1.0)
    assert np.allclose(ours, edt.edt(~seeds), atol=1e-4)


def test_nothing_is_infinitely_far() -> None:
    none = np.zeros((4, 5, 6), dtype=bool)
    assert np.isinf(distance(none, np.zeros(none.shape, np.float32), 1.0)).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_plane_at_any_angle_lies_where_it_is(seed: int) -> None:
    """Distance to a plane is known; a grid that says only in or out has it within 0.3 voxel, everywhere."""
    rng = np.random.default_rng(seed)
    normal = unit(rng.normal(size=3))
    grid = np.indices((40, 40, 40)).reshape(3, -1).T - 19.5
    true = (grid @ normal - rng.uniform(-2, 2)).reshape(40, 40, 40)
    bone = true > 0
    found = distance(~bone, depths(bone_share(bone)), 1.0)
    # Near the crop's edge the nearest point of the plane lies outside the grid; the middle has it inside.
    judged = bone & (true < 10)
    judged &= (np.abs(grid - true.reshape(-1, 1) * normal).max(axis=1) < 18).reshape(bone.shape)
    error = (found - true)[judged]
    assert np.abs(error).max() < 0.4
    assert np.percentile(np.abs(error), 95) < 0.3
    assert abs(error.mean()) < 0.1


@pytest.mark.parametrize("radius", [4.0, 7.3])
def test_a_tube_at_an_angle_lies_where_it_is(radius: float) -> None:
    """As wide as a foramen: its curvature is what smoothing could get wrong."""
    grid = np.indices((48, 48, 48)).reshape(3, -1).T - 23.3
    direction = unit(np.array([0.3, 0.5, 1.0]))
    from_axis = np.linalg.norm(np.cross(grid, direction), axis=1).reshape(48, 48, 48)
    bone = from_axis > radius
    found = distance(~bone, depths(bone_share(bone)), 1.0)
    judged = bone & (from_axis < 16) & (np.abs(grid @ direction).reshape(bone.shape) < 10)
    error = (found - (from_axis - radius))[judged]
    assert np.abs(error).max() < 0.4
    assert np.percentile(np.abs(error), 98) < 0.3
    assert abs(error.mean()) < 0.1


def test_structures_lie_where_they_are() -> None:
    """The block's faces are 20 mm before and behind the middle, its ends 30 above and below, the canal's wall 4 mm
    from its axis at y = 10. The front beside the body carries the ala's margin."""
    boundary = WITH_CANAL
    assert boundary.unknown == frozenset()
    assert at(boundary, "canal", 12.0, 10.0, 0.0) == pytest.approx(8.0, abs=0.3)
    assert at(boundary, "anterior_sacrum", 0.0, -5.0, 0.0) == pytest.approx(15.0, abs=0.3)
    assert at(boundary, "anterior_sacrum", 40.0, -5.0, 0.0) == pytest.approx(15.0 - MARGIN_MM, abs=0.3)
    assert at(boundary, "posterior_sacrum", 30.0, 15.0, 0.0) == pytest.approx(5.0, abs=0.3)
    assert at(boundary, "endplate", 0.0, 0.0, 20.0) == pytest.approx(10.0, abs=0.3)
    assert at(boundary, "canal", 0.5, 10.5, 0.5) == pytest.approx(np.hypot(0.5, 0.5) - 4.0, abs=0.3)


def test_every_forbidden_voxel_belongs_to_one_structure() -> None:
    boundary = WITH_CANAL
    forbidden = boundary.zones == FORBIDDEN
    without_margin = [name for name in boundary.names if name != "anterior_sacrum"]
    inside = sum((boundary.field(name) <= 0).astype(int) for name in without_margin)
    assert (boundary.least[forbidden] <= 0).all()
    assert inside[forbidden].max() == 1
    bone = (boundary.zones >= IN_ILIUM) & (boundary.zones <= IN_SACRUM)
    assert all((boundary.field(name)[bone] > 0).all() for name in without_margin)


def test_the_outer_table_may_be_entered_and_its_rim_not() -> None:
    """Lateral to the ilium nothing is forbidden; beyond its edge (40 mm back, 50 up) everything is."""
    boundary = WITH_CANAL
    outside = TABLE_MM + 3
    assert zone(boundary, outside, 0.0, 0.0) == ENTRY
    assert zone(boundary, outside, 0.0, 53.0) == FORBIDDEN
    assert zone(boundary, TABLE_MM - 5, 0.0, 0.0) == IN_ILIUM
    assert boundary.least[boundary.zones == ENTRY].min() > 0
    # In the ilium's middle the rim above is nearer than the sacrum's ends are.
    assert at(boundary, "ilium_wall", TABLE_MM - 5, 0.0, 44.0) == pytest.approx(6.0, abs=0.4)
    # Between the bones but above the joint the ilium's inner wall is forbidden.
    assert zone(boundary, HALF[0] + 1, 0.0, 35.0) == FORBIDDEN


def test_a_way_through_opens_the_other_side_and_tells_of_the_surface_crossed() -> None:
    pelvis = slabs(spacing_mm=1.5, shift=0.5)
    boundary = forbidden_boundary(pelvis, "left", "transsacral")
    assert boundary.through
    assert zone(boundary, -TABLE_MM - 3, 0.0, 0.0) == EXIT
    assert "far_side" not in boundary.names, "what is crossed on purpose is no breach"
    index = np.round((np.array([-TABLE_MM + 10, 0.0, 0.0]) - boundary.low_mm) / 1.5)
    off_mm = float((boundary.low_mm + index * 1.5)[0] + TABLE_MM)
    assert boundary.skins[1][tuple(index.astype(int))] == pytest.approx(off_mm, abs=0.8)
    near = np.round((np.array([-TABLE_MM + 2, 0.0, 0.0]) - boundary.low_mm) / 1.5).astype(int)
    assert boundary.least[tuple(near)] > 5
    ends_in_sacrum = forbidden_boundary(pelvis, "left", "lateral")
    assert at(ends_in_sacrum, "far_side", -HALF[0] + 10, 0.0, 0.0) == pytest.approx(10.0, abs=0.8)


def test_what_is_not_shown_is_unknown_and_only_bounds_the_search() -> None:
    """A map that fills canal and foramina in: no clearance to them is told, and the search stays out of the middle."""
    bands = {"s1": (5.0, 30.0), "s2": (-20.0, 5.0)}
    boundary = forbidden_boundary(slabs(seen=frozenset(), bands=bands, spacing_mm=2.0), "left", "lateral")
    assert boundary.unknown == {"canal", "s1_foramen", "s2_foramen", "lower_foramina"}
    assert not boundary.unknown & set(boundary.names)
    assert len(boundary.restrictions) >= 3
    middle = np.round((np.array([0.0, 0.0, 10.0]) - boundary.low_mm) / 2.0).astype(int)
    assert boundary.search[tuple(middle)] < 0 < boundary.least[tuple(middle)]
    shown = forbidden_boundary(slabs(bands=bands, spacing_mm=2.0), "left", "lateral")
    assert shown.restrictions == ()
    assert shown.search is shown.least


def test_only_the_openings_on_the_way_are_unknown() -> None:
    seen = frozenset({"canal", "s1_foramen_left", "s2_foramen_left", "lower_foramina"})
    pelvis = slabs(seen=seen, spacing_mm=2.0)
    assert forbidden_boundary(pelvis, "left", "lateral").unknown == frozenset()
    assert forbidden_boundary(pelvis, "right", "lateral").unknown == {"s1_foramen", "s2_foramen"}
    assert forbidden_boundary(pelvis, "left", "transsacral").unknown == {"s1_foramen", "s2_foramen"}


def test_metal_is_an_obstacle() -> None:
    metal = (np.array([30.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), 4.0)
    boundary = forbidden_boundary(slabs(metal=metal), "left", "lateral")
    assert at(boundary, "metal", 30.0, 0.0, 10.0) == pytest.approx(6.0, abs=0.3)
    assert "metal" not in WITH_CANAL.names


def test_the_mirror_image_has_the_mirrored_boundary() -> None:
    pelvis = slabs(
        canal=(np.array([0.0, 10.0, 0.0]), 4.0),
        metal=(np.array([30.0, 0, 0]), np.array([0.0, 1, 0]), 4.0),
        spacing_mm=1.5,
    )
    left = forbidden_boundary(pelvis, "left", "lateral")
    right = forbidden_boundary(mirrored(pelvis), "right", "lateral")
    assert left.names == right.names
    assert np.array_equal(left.zones, right.zones[::-1])
    # A handful of voxels lie as near to two structures, or face both ways: which is named is a matter of rounding.
    differs = np.abs(left.values - right.values[:, ::-1])
    assert (differs > 1e-3).mean() < 1e-4
    assert np.allclose(left.search, right.search[::-1], atol=0.5)


def test_the_other_sides_foramen_does_not_stand_for_one_that_is_not_seen() -> None:
    """Only the right S1 foramen is shown. On the left the clearance to S1's is unknown: that to the right one, 30 mm
    further, would be large. What is shown stays forbidden."""
    pelvis = slabs(spacing_mm=2.0, seen=frozenset({"canal", "s1_foramen_right"}))
    x, y, z = np.round((np.array([-20.0, 0.0, 0.0]) - pelvis.low_mm) / 2).astype(int)
    pelvis.openings.labels[x - 1 : x + 2, y - 1 : y + 2, z - 1 : z + 2] = FORAMINA["s1_foramen_right"]
    left, right = (forbidden_boundary(pelvis, side, "lateral") for side in ("left", "right"))
    assert "s1_foramen" in left.unknown
    assert "s1_foramen" not in left.names
    assert zone(left, -20.0, 0.0, 0.0) == FORBIDDEN
    assert left.least[tuple(np.round((np.array([-20.0, 0.0, 0.0]) - left.low_mm) / 2).astype(int))] < 0
    assert "s1_foramen" in right.names
    for boundary in (left, right):
        assert not boundary.unknown & set(boundary.names), "a structure is known or unknown, never both"


def test_a_pelvis_without_the_hip_is_refused() -> None:
    pelvis = slabs(spacing_mm=2.0)
    pelvis.labels[pelvis.labels == 2] = 0
    with pytest.raises(ValueError, match="left hip"):
        forbidden_boundary(pelvis, "left", "lateral")


def test_approaches_are_data_and_point_the_right_way() -> None:
    """On the left side lateral implants go to the right (x falls), S2-alar-iliac ones outwards, forwards and down."""
    assert {"lateral", "inline", "posterior", "s2ai", "transsacral"} <= set(approaches())
    for approach in approaches().values():
        assert np.linalg.norm(approach.inwards) == pytest.approx(1)
        assert set(approach.structures) <= set(STRUCTURES)
        left, right = approach.direction("left"), approach.direction("right")
        assert left[0] == -right[0]
        assert (left[1:] == right[1:]).all()
    assert approach_of("lateral").direction("left")[0] < -0.9
    s2ai = approach_of("s2ai").direction("left")
    assert s2ai[0] > 0 > s2ai[1]
    assert s2ai[2] < 0
    assert np.degrees(np.arctan2(s2ai[0], -s2ai[1])) == pytest.approx(42.4)
    with pytest.raises(InputError, match="no approach"):
        approach_of("sideways")
