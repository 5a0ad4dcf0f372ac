"""Standing: forces through the hip centres with S1 held; by statics the same as held sockets under a load on S1."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np
import pytest

from nutation.anatomy.implants import Construct
from nutation.anatomy.pelvis import HIP_OF, SACRUM
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.asked import Asked, moved_in
from nutation.stability.ligament_stiffness import base_stiffness
from nutation.stability.loads import DOWN, LoadCase
from nutation.stability.model import Model, Parts, parts_of
from nutation.stability.regions import Regions, find_regions
from nutation.stability.response import Response
from nutation.stability.settings import settings
from nutation.stability.stance import (
    BEARING,
    loaded_sockets,
    published_turn_deg,
    stance_cases,
    stance_loads,
    stance_warnings,
)
from nutation.stability.stance_study import stances
from stability.pelvises_made import phantom_pelvis, without_below

CUBES_MM = 4.0


@cache
def model() -> Model:
    """The phantom with its left socket held: one leg stands."""
    return Model(parts_of(phantom_pelvis(), spacing_mm=CUBES_MM, support="acetabulum_left"))


@cache
def responses() -> tuple[Response, Response]:
    return model().response(), model().standing().response()


def motion(response: Response, case: LoadCase, side: Side) -> Floats:
    """Rotation in degrees and translation in mm of one joint, (6,)."""
    parts = model().parts
    moved = moved_in(response, [case], base_stiffness(parts.ligaments), side, settings()[0], parts.axes)[0]
    return np.concatenate([moved.rotation_deg, moved.translation_mm])


def test_cases_are_the_published_forces_on_the_sockets() -> None:
    cases = {case.direction: case for case in stance_cases(find_regions(phantom_pelvis()))}
    assert list(cases) == list(BEARING)
    stance, share = load().entry("stance_forces"), load().entry("hip_contact_force").number("walking_share")
    both, one = stance.number("two_legs_n"), stance.number("one_leg_n")
    assert cases["two_legs"].coefficients == pytest.approx([both, both])
    assert cases["one_leg_right"].coefficients == pytest.approx([0, one])
    walking = share * load().entry("body_weight").number()
    assert cases["walking_left"].coefficients == pytest.approx([walking, 0])
    assert cases["walking_left"].evidence == ("hip_contact_force", "body_weight", "stance_forces")
    heavier = {case.direction: case for case in stance_cases(find_regions(phantom_pelvis()), body_weight_n=1000)}
    assert heavier["walking_left"].coefficients[0] == pytest.approx(1000 * share)
    assert "body_weight" not in heavier["walking_left"].evidence


def test_unit_loads_are_a_newton_upwards_through_each_hip_centre() -> None:
    parts = model().parts
    loads, mesh = stance_loads(parts.mesh, parts.regions), parts.mesh
    for number, side in enumerate(("left", "right")):
        forces = loads[:, number].reshape(-1, 3)
        assert not forces[mesh.node_body != HIP_OF[side]].any()
        assert forces.sum(axis=0) == pytest.approx([0, 0, 1], abs=1e-9)
        arms = mesh.places_mm - parts.regions.sockets[side].centre_mm
        assert np.cross(arms, forces).sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-7)


def test_a_pushed_socket_is_a_held_one_under_the_load_of_s1() -> None:
    # One leg: the held socket's reaction has to be the push, by balance. What differs is how it is spread.
    held, pushed = responses()
    parts = model().parts
    one_leg = next(case for case in stance_cases(parts.regions) if case.direction == "one_leg_left")
    wrench = parts.axes.wrench(one_leg.coefficients[0] * DOWN, parts.regions.sockets["left"].centre_mm)
    on_s1 = replace(one_leg, coefficients=wrench, support="acetabulum_left")
    for side in ("left", "right"):
        expected = motion(held, on_s1, side)
        assert np.linalg.norm(motion(pushed, one_leg, side) - expected) < 0.03 * np.linalg.norm(expected)


def test_one_leg_is_the_mirror_image_of_the_other_and_the_leg_that_bears_moves_more() -> None:
    _, pushed = responses()
    cases = {case.direction: case for case in stance_cases(model().parts.regions)}
    left, right = motion(pushed, cases["one_leg_left"], "left"), motion(pushed, cases["one_leg_right"], "right")
    # Mirrored: nutation, backward and upward shift stay; bending, turning and the shift to the left change sign.
    mirror = np.array([1, -1, -1, -1, 1, 1])
    assert np.linalg.norm(left - mirror * right) < 0.05 * np.linalg.norm(left), (
        "the phantom is built alike, to its voxels"
    )
    assert left[0] > 0, "weight nutates"
    assert np.linalg.norm(left[:3]) > np.linalg.norm(motion(pushed, cases["one_leg_left"], "right")[:3])
    both = motion(pushed, cases["two_legs"], "left")
    assert np.linalg.norm(both[:3]) < np.linalg.norm(left[:3])


def test_the_standing_model_shares_the_mesh_and_has_its_own_unit_loads() -> None:
    standing = model().standing()
    assert standing is model().standing()
    assert standing.parts.mesh is model().parts.mesh
    _, pushed = responses()
    assert pushed.elongation_mm.shape[1] == 2 + len(pushed.ligaments)
    assert pushed.residual <= 1e-6
    # S1 is held, and the hips move by what the joints let them.
    sacrum = np.repeat(standing.parts.mesh.node_body == SACRUM, 3)
    assert np.abs(pushed.fields[sacrum, 0]).max() < np.abs(pushed.fields[~sacrum, 0]).max()


def test_a_socket_that_is_cut_off_leaves_its_leg_out() -> None:
    regions = find_regions(without_below(phantom_pelvis(), HIP_OF["right"], 0.0))
    assert loaded_sockets(regions) == ("left",)
    assert [case.direction for case in stance_cases(regions)] == ["one_leg_left", "walking_left"]
    assert all(len(case.coefficients) == 1 for case in stance_cases(regions))
    said = stance_warnings(regions)
    assert len(said) == 1
    assert "right leg" in said[0]
    with pytest.raises(InputError, match="none is shown") as caught:
        loaded_sockets(Regions({}, {}, {"socket_left": "cut off"}))
    assert "--stance" in caught.value.mend


class Stub:
    """Answers as a solved model whose joint turns by a share of intact and by the joint's softness: no solver."""

    def __init__(self, parts: Parts, turn_rad: float) -> None:
        self.parts, self._turn = parts, turn_rad
        self.asked: list[tuple[Construct | None, float]] = []

    def response(
        self, construct: Construct | None = None, *, normal: float, shear: float, along_share: float
    ) -> Response:
        self.asked.append((construct, shear))
        units, count = self.parts.unit_loads.shape[1], len(self.parts.ligaments)
        share = {None: 1.0, "strong": 0.2, "weak": 0.5}[construct.approach if construct else None]
        motion = np.zeros((6, units + count))
        motion[3, :units] = self._turn * share / shear
        names = tuple((one.side, one.name) for one in self.parts.ligaments)
        flexible = np.concatenate([np.zeros((count, units)), -np.eye(count)], axis=1)
        return Response(
            names, flexible, {"left": motion, "right": motion}, np.zeros((0, 6, units + count)), {},
            np.zeros((0, units + count), dtype=np.float32), 1, 1e-7, 0.0,
        )  # fmt: skip


def stood(turn_rad: float) -> tuple[Any, Stub, Stub]:
    constructs = {name: Construct("left", name, ()) for name in ("strong", "weak")}
    stubs = Stub(model().parts, 1e-5), Stub(model().standing().parts, turn_rad)
    asked, standing = (Asked(cast("Any", stub), lambda _: None) for stub in stubs)
    return stances(asked, standing, "left", constructs, settings()), *stubs


def test_every_setting_is_asked_and_every_load_ordered() -> None:
    low, high = published_turn_deg("one_leg_left")
    turn = np.radians((low + high) / 2) / load().entry("stance_forces").number("one_leg_n")
    found, pressed, pushed = stood(float(turn))
    at = {one.case.direction: one for one in found}
    assert len(found) == 2 + len(BEARING), "two compressions, and standing"
    one_leg = at["one_leg_left"]
    assert one_leg.withheld == at["walking_left"].withheld == ""
    assert one_leg.intact.turned_deg[0] == pytest.approx((low + high) / 2)
    # Half the shear stiffness turns every joint twice as far, and leaves the shares as they are.
    assert one_leg.intact.turned_deg.max() == pytest.approx(2 * one_leg.intact.turned_deg[0])
    assert one_leg.constructs[0].reduction_pct == pytest.approx(np.full(len(settings()), 80.0))
    assert one_leg.constructs[1].range_pct == pytest.approx([50.0, 50.0])
    assert [pair.verdict for pair in one_leg.pairs] == ["holds_better"]
    assert one_leg.pairs[0].difference_pct == pytest.approx([30.0, 30.0])
    # One solution a construct for every stiffness of the joint, whatever the number of loads.
    solutions = {one.solution for one in settings()}
    assert len(pushed.asked) == len(pressed.asked) == len({one[:2] for one in solutions}) + 2 * len(solutions)


def test_a_joint_that_turns_too_far_has_its_figures_withheld_and_its_order_told() -> None:
    found, _, _ = stood(1e-3)
    at = {one.case.direction: one for one in found}
    for name in BEARING:
        assert "outside the published range" in at[name].withheld
        assert at[name].pairs[0].verdict == "holds_better"
    assert at["walking_left"].withheld.startswith("no motion of the joint in walking was published")
    assert at["compression"].withheld == "", "compression has a band of its own"
