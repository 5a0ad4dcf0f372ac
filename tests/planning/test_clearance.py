"""Clearance of an implant's own surface, in bone whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.clearance import clearance
from nutation.planning.plan import STRUCTURES
from planning.made_pelvis import HALF, TABLE_MM, slabs

MEDIAL = np.array([-1.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def boundary() -> Boundary:
    """A block 40 deep and 60 high with a canal of radius 4 about x = 0, y = 10."""
    return forbidden_boundary(slabs(canal=(np.array([0.0, 10.0, 0.0]), 4.0)), "left", "lateral")


def lateral(
    *, y: float = 0.0, z: float = 0.0, length: float = 50.0, diameter: float = 8.0, section: str = "circle",
    proud: float = 0.0, roll: float = 0.0,
) -> Implant:  # fmt: skip
    size = Size("made", "made", section, diameter, length)  # type: ignore[arg-type]
    return Implant(size, Pose(np.array([TABLE_MM + proud, y, z]), MEDIAL, roll))


def test_it_is_the_distance_from_the_surface(boundary: Boundary) -> None:
    """Axis at y = 5, z = 12, radius 4, tip at x = 12: 15 − 4 to the back, 18 − 4 to the top, canal from its rim: the
    nearest points of tip and canal are (12, 9) and the circle about (0, 10) of radius 4."""
    found = clearance(boundary, lateral(y=5.0, z=12.0))
    assert found.by_structure_mm["posterior_sacrum"] == pytest.approx(11.0, abs=0.3)
    assert found.by_structure_mm["endplate"] == pytest.approx(14.0, abs=0.3)
    assert found.by_structure_mm["canal"] == pytest.approx(np.hypot(12, 1) - 4, abs=0.3)
    assert found.least_mm == min(found.by_structure_mm.values())
    assert found.unknown == frozenset()
    assert set(found.by_structure_mm) <= set(STRUCTURES)


def test_beyond_the_surface_it_is_negative_by_the_depth(boundary: Boundary) -> None:
    """Axis 2 mm under the back: with a radius of 4 it stands 2 mm out."""
    found = clearance(boundary, lateral(y=HALF[1] - 2))
    assert found.nearest == "posterior_sacrum"
    assert found.least_mm == pytest.approx(-2.0, abs=0.3)


def test_into_the_canal_is_a_breach_of_the_canal(boundary: Boundary) -> None:
    found = clearance(boundary, lateral(y=10.0, length=TABLE_MM))
    assert found.nearest == "canal"
    assert found.least_mm < -3


def test_what_stands_out_before_the_table_is_not_judged(boundary: Boundary) -> None:
    flush = clearance(boundary, lateral(length=40.0))
    proud = clearance(boundary, lateral(length=46.0, proud=6.0))
    assert proud.by_structure_mm == pytest.approx(flush.by_structure_mm, abs=0.05)


def test_the_section_counts_and_its_roll(boundary: Boundary) -> None:
    """A triangle's flat side is half a radius from the axis, its corner a whole one."""
    up = clearance(boundary, lateral(z=20.0, section="triangle"))
    down = clearance(boundary, lateral(z=20.0, section="triangle", roll=180.0))
    assert up.by_structure_mm["endplate"] == pytest.approx(10.0 - 4.0, abs=0.3)
    assert down.by_structure_mm["endplate"] == pytest.approx(10.0 - 2.0, abs=0.3)


def into_the_table(boundary: Boundary, degrees: float) -> float:
    """Clearance to the ilium's wall of an implant that enters the flat table so many degrees off its upright."""
    turn = np.radians(degrees)
    direction = np.array([-np.cos(turn), 0.0, np.sin(turn)])
    entry = np.array([TABLE_MM, 0.0, -25.0]) - 3.0 * direction
    size = Size("made", "made", "circle", 4.0, 22.0)
    return clearance(boundary, Implant(size, Pose(entry, direction))).by_structure_mm.get("ilium_wall", np.inf)


def test_the_surface_that_is_entered_counts_where_an_implant_runs_along_under_it(boundary: Boundary) -> None:
    """Upright nothing of the table is near behind the entry. Nearly along it, an implant of 2 mm radius stays just
    under it; and from one to the other there is no jump, however the voxels fall."""
    assert into_the_table(boundary, 20) > 6
    assert into_the_table(boundary, 80) < 2
    found = np.array([into_the_table(boundary, degrees) for degrees in np.arange(60, 80, 0.5)])
    assert np.abs(np.diff(found)).max() < 1.0, found.round(1)


def test_what_is_not_seen_is_unknown_never_far() -> None:
    seen = frozenset({"s1_foramen_left", "s2_foramen_left", "lower_foramina"})
    found = clearance(forbidden_boundary(slabs(seen=seen, spacing_mm=2.0), "left", "lateral"), lateral())
    assert found.unknown == {"canal"}
    assert "canal" not in found.by_structure_mm


def test_it_agrees_with_arithmetic_wherever_the_implant_lies() -> None:
    """Of a rod along x in a solid block the nearest wall is a face, or the far end; without the ala's margin."""
    boundary = forbidden_boundary(slabs(), "left", "lateral", ala_margin_mm=0.0)
    rng = np.random.default_rng(1)
    for _ in range(20):
        y, z, length = rng.uniform(-14, 14), rng.uniform(-24, 24), rng.uniform(30, 100)
        expected = min(HALF[1] - abs(y) - 4, HALF[2] - abs(z) - 4, TABLE_MM - length + HALF[0])
        assert clearance(boundary, lateral(y=y, z=z, length=length)).least_mm == pytest.approx(expected, abs=0.3)
