"""Corridors in bones of known shape: found, as wide as they are, and where they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats, unit
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.corridor_kernels import free_radius, least_along
from nutation.planning.corridor_lattice import lattice
from nutation.planning.corridor_way import way_of
from nutation.planning.corridors import scanned, search
from nutation.planning.plan import Corridor
from planning.made_pelvis import GAP_MM, HALF, TABLE_MM, mirrored, slabs

OBLIQUE = unit(np.array([-1.0, 0.12, 0.08]))
ONLY = np.zeros(1, dtype=np.int64)
MIDDLE = np.array([0.0, 3.2, 10.3])


def found(pelvis: Pelvis, approach: str, least_mm: float, **asked: object) -> tuple[Corridor, ...]:
    """Without the ala's margin, so that what is wide follows from the shapes alone."""
    side = asked.pop("side", "left")
    through = bool(asked.get("through", False))
    boundary = forbidden_boundary(pelvis, side, approach, through=through, ala_margin_mm=0.0)  # type: ignore[arg-type]
    return search(pelvis, boundary, approach, asked.pop("level", None), min_diameter_mm=least_mm, **asked)  # type: ignore[arg-type]


def off(corridor: Corridor, point: Floats, direction: Floats) -> tuple[float, float]:
    """Angle in degrees to a line, and the distance of its point from the corridor's axis."""
    angle = float(np.degrees(np.arccos(min(1.0, abs(float(corridor.pose.direction @ direction))))))
    aside = np.cross(point - corridor.pose.entry_mm, corridor.pose.direction)
    return angle, float(np.linalg.norm(aside))


@pytest.mark.parametrize(("radius", "shift"), [(6.0, 0.5), (8.3, 0.1)])
def test_an_oblique_tunnel_is_found_below_a_voxel(radius: float, shift: float) -> None:
    """The only way from hip to hip is a round bar at 8°: its axis is the corridor's, its width the corridor's."""
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, radius)], shift=shift)
    best = found(pelvis, "transsacral", 6.0)[0]
    angle, aside = off(best, MIDDLE, OBLIQUE)
    assert angle < 0.3
    assert aside < 0.35
    # A grid of 1 mm that says in or out errs by a few tenths either way, and of a round wall the worst place counts;
    # on the axis of a thin bar the field between voxels comes out lower than at its peak, too.
    assert 2 * radius - 1.5 < best.diameter_mm < 2 * radius + 0.3
    assert best.through
    assert best.pose.entry_mm[0] == pytest.approx(
        TABLE_MM, abs=0.6
    )  # a face along the grid lies anywhere between two centres
    assert best.length_mm == pytest.approx(2 * TABLE_MM / -OBLIQUE[0], abs=1.0)


def test_two_tunnels_are_two_corridors_and_the_level_chooses() -> None:
    upper, lower = np.array([0.0, 0.0, 14.0]), np.array([0.0, 2.0, -14.0])
    straight = np.array([-1.0, 0.0, 0.0])
    pelvis = slabs(
        tunnels=[(upper, straight, 8.0), (lower, straight, 6.0)], bands={"s1": (0.0, 30.0), "s2": (-30.0, 0.0)}
    )
    both = found(pelvis, "transsacral", 8.0)
    assert [corridor.diameter_mm for corridor in both] == pytest.approx([16, 12], abs=1.7)
    assert [corridor.level for corridor in both] == ["s1", "s2"]
    (second,) = found(pelvis, "transsacral", 8.0, level="s2")
    assert off(second, lower, straight)[1] < 0.7
    assert found(pelvis, "transsacral", 13.0, level="s2") == ()
    with pytest.raises(ValueError, match="not proposed"):
        found(slabs(spacing_mm=2.0), "transsacral", 8.0, level="s2")


def test_between_two_walls_the_wall_decides() -> None:
    """A plate 18 mm high between top and bottom: 18 wide, whatever the entry; the sacrum is 90 wide, so the axis can go
    to its far end less the width's half."""
    pelvis = slabs(half=(HALF[0], HALF[1], 9.0))
    best = found(pelvis, "lateral", 10.0)[0]
    assert best.diameter_mm == pytest.approx(18.0, abs=0.3)
    assert best.pose.entry_mm[2] == pytest.approx(0.0, abs=0.5)
    assert abs(best.pose.direction[2]) < 0.02
    assert not best.through
    assert best.nearest in ("endplate", "posterior_sacrum", "anterior_sacrum", "ilium_wall")
    tip = best.pose.at(best.length_mm)
    assert tip[0] == pytest.approx(-HALF[0] + 9.0, abs=1.5) or abs(tip[1]) == pytest.approx(HALF[1] - 9.0, abs=2.5)


def test_no_way_is_an_answer() -> None:
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 5.0)])
    assert found(pelvis, "transsacral", 12.0) == ()
    pelvis.labels[pelvis.labels == 5] = 0  # no joint to cross
    assert found(pelvis, "lateral", 4.0) == ()


def test_the_canal_is_kept_out_of() -> None:
    """With a canal of radius 9 about y = 2 the widest way hip to hip is before it: 20 − 7 = 13."""
    pelvis = slabs(canal=(np.array([0.0, 2.0, 0.0]), 9.0))
    for corridor in found(pelvis, "transsacral", 6.0):
        at_middle = corridor.pose.at(float(corridor.pose.entry_mm[0] / -corridor.pose.direction[0]))
        assert abs(at_middle[1] - 2.0) > 9.0
        assert corridor.diameter_mm < 13.5


def test_metal_is_gone_round() -> None:
    metal = (np.array([30.0, 0.0, 10.0]), np.array([0.0, 1.0, 0.0]), 5.0)
    for corridor in found(slabs(metal=metal, spacing_mm=1.5), "lateral", 8.0):
        t = (30.0 - corridor.pose.entry_mm[0]) / corridor.pose.direction[0]
        if t > corridor.length_mm:
            continue
        z = corridor.pose.entry_mm[2] + t * corridor.pose.direction[2]
        assert abs(z - 10.0) * np.hypot(*corridor.pose.direction[[0, 2]]) > 5.0 + corridor.diameter_mm / 2 - 1.5


def test_where_the_canal_is_not_seen_the_search_stays_out_of_the_middle() -> None:
    bands = {"s1": (5.0, 30.0), "s2": (-20.0, 5.0)}
    for corridor in found(slabs(seen=frozenset(), bands=bands, spacing_mm=2.0), "lateral", 6.0, level="s1"):
        assert corridor.pose.at(corridor.length_mm)[0] > 10.0


def test_the_mirror_image_has_the_mirrored_corridor() -> None:
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 7.0)])
    for approach in ("transsacral", "lateral"):
        left = found(pelvis, approach, 6.0)
        right = found(mirrored(pelvis), approach, 6.0, side="right")
        assert len(left) == len(right) >= 1
        turn = np.array([-1.0, 1.0, 1.0])
        assert left[0].diameter_mm == pytest.approx(right[0].diameter_mm, abs=0.2)
        assert np.allclose(left[0].pose.direction, right[0].pose.direction * turn, atol=0.01)
        assert np.allclose(left[0].pose.entry_mm, right[0].pose.entry_mm * turn, atol=0.5)


def test_it_is_the_same_every_time() -> None:
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 7.0)])
    one, two = found(pelvis, "lateral", 6.0), found(pelvis, "lateral", 6.0)
    assert [(c.diameter_mm, c.length_mm, c.pose.entry_mm.tolist()) for c in one] == [
        (c.diameter_mm, c.length_mm, c.pose.entry_mm.tolist()) for c in two
    ]


@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_resolution_changes_little(spacing: float) -> None:
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 7.0)], spacing_mm=spacing)
    best = found(pelvis, "transsacral", 6.0)[0]
    angle, aside = off(best, MIDDLE, OBLIQUE)
    assert 14.0 - 1.2 * spacing < best.diameter_mm < 14.0 + 0.3 * spacing
    assert angle < 0.3 * spacing
    assert aside < 0.3 * spacing


def test_no_line_of_the_cone_is_wider_than_what_is_found() -> None:
    """Against chance: thousands of random lines from the table, none of which beats the corridor."""
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 7.0)])
    boundary = forbidden_boundary(pelvis, "left", "lateral", ala_margin_mm=0.0)
    way = way_of(pelvis, boundary, None)
    best = search(pelvis, boundary, "lateral", None, min_diameter_mm=6.0)[0]
    rng = np.random.default_rng(3)
    widest = 0.0
    for _ in range(20000):
        entry = np.array([TABLE_MM - 0.5, rng.uniform(-20, 20), rng.uniform(-10, 25)])
        direction = unit(OBLIQUE + rng.normal(scale=0.15, size=3))
        e = (entry - boundary.low_mm) / boundary.spacing_mm
        radius = free_radius(
            boundary.search[None], ONLY, boundary.skins, boundary.zones, e, direction, way.stages, way.limits, way.band,
            boundary.spacing_mm, 0.0,
        )  # fmt: skip
        widest = max(widest, float(radius))
    assert 2 * widest <= best.diameter_mm + 0.05
    assert 2 * widest > best.diameter_mm - 2.5  # chance comes near; and an axis's own distance reads low


def test_stepping_by_the_distance_misses_nothing() -> None:
    """The least along a line, stepped by what is in hand, against every fifth of a voxel."""
    pelvis = slabs(canal=(np.array([0.0, 4.0, 0.0]), 5.0), spacing_mm=1.5)
    boundary = forbidden_boundary(pelvis, "left", "lateral")
    rng = np.random.default_rng(2)
    e = (np.array([TABLE_MM, 0.0, 0.0]) - boundary.low_mm) / boundary.spacing_mm
    for _ in range(200):
        d = unit(np.array([-1.0, *rng.uniform(-0.4, 0.4, 2)]))
        end = rng.uniform(30, 70)
        stepped = least_along(boundary.search[None], ONLY, boundary.skins[:0], e, d, end, -np.inf, boundary.spacing_mm)
        dense = e + np.append(np.arange(0, end, 0.2), end)[:, None] * d
        plain = map_coordinates(boundary.search, dense.T, order=1, mode="nearest").min()
        assert stepped == pytest.approx(plain, abs=0.15)
        assert stepped >= plain - 0.05


def test_the_scan_covers_the_cone_and_keeps_to_it() -> None:
    pelvis = slabs(spacing_mm=2.0)
    boundary = forbidden_boundary(pelvis, "left", "lateral")
    lines = lattice(boundary)
    nominal = boundary.approach.direction("left")
    angles = np.degrees(np.arccos(np.clip(lines.directions @ nominal, -1, 1)))
    assert angles.max() <= boundary.approach.cone_deg + 1e-6
    assert angles.max() > boundary.approach.cone_deg - 3
    assert np.allclose(np.linalg.norm(lines.directions, axis=1), 1)
    entries = boundary.low_mm + lines.entries * boundary.spacing_mm
    assert np.abs(entries[:, 0] - TABLE_MM).max() < 2.0
    values = scanned(boundary, way_of(pelvis, boundary, None), lines, 3.0)
    assert values.shape == (len(lines.entries), len(lines.directions))
    assert ((values == -1) | (values >= 3.0)).all()


def test_another_approach_s_boundary_is_refused() -> None:
    pelvis = slabs(spacing_mm=2.0)
    boundary = forbidden_boundary(pelvis, "left", "lateral")
    with pytest.raises(ValueError, match="another approach"):
        search(pelvis, boundary, "inline", None, min_diameter_mm=5.0)
    with pytest.raises(ValueError, match="another approach"):
        search(pelvis, boundary, "lateral", None, min_diameter_mm=5.0, through=True)


def test_lateral_through_goes_to_the_other_table() -> None:
    pelvis = slabs(tunnels=[(MIDDLE, OBLIQUE, 7.0)])
    best = found(pelvis, "lateral", 6.0, through=True)[0]
    assert best.through
    assert best.length_mm == pytest.approx(2 * TABLE_MM, abs=2.0)


def test_from_behind_it_runs_in_the_joint() -> None:
    """Between the bones the graft's axis stays within a few millimetres of the gap and goes forwards."""
    pelvis = slabs(spacing_mm=1.5)
    corridors = found(pelvis, "posterior", 4.0)
    assert corridors
    for corridor in corridors:
        assert corridor.pose.direction[1] < -0.8
        middle = HALF[0] + GAP_MM / 2
        for depth in (1.0, 10.0, 20.0):
            assert abs(corridor.pose.at(depth)[0] - middle) < 7.5


def test_a_level_that_the_axis_does_not_pass_is_left_out() -> None:
    pelvis = slabs(bands={"s1": (12.0, 28.0), "s2": (-28.0, -12.0)}, spacing_mm=2.0)
    for level, (low, high) in (("s1", (12.0, 28.0)), ("s2", (-28.0, -12.0))):
        for corridor in found(pelvis, "transsacral", 10.0, level=level):
            at_middle = corridor.pose.at(float(corridor.pose.entry_mm[0] / -corridor.pose.direction[0]))
            assert low - 0.1 <= at_middle[2] <= high + 0.1
            assert corridor.level == level
