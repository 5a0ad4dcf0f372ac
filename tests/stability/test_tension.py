"""Ligaments that pull and never push: against springs solved whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nutation.anatomy.space import Floats
from nutation.stability.tension import LigamentState, tensions


def whole(stiffness: Floats, pairs: Floats, state: LigamentState, load: Floats) -> Floats:
    """Displacement with every ligament's spring in the matrix, slack ones found by trying all sets; changes only."""

    def settled(force: Floats) -> Floats:
        count = pairs.shape[1]
        for chosen in range(2**count):
            taut = np.array([bool(chosen >> one & 1) for one in range(count)])
            if not state.slack and not taut.all():
                continue
            springs = (pairs[:, taut] * state.stiffness_n_per_mm[taut]) @ pairs[:, taut].T
            moved = np.linalg.solve(stiffness + springs, force - pairs[:, taut] @ state.pretension_n[taut])
            pull = state.pretension_n + state.stiffness_n_per_mm * (pairs.T @ moved)
            if not state.slack or (np.all(pull[taut] >= -1e-9) and np.all(pull[~taut] <= 1e-9)):
                return moved
        raise AssertionError("no set of taut ligaments is in balance")

    return settled(load) - settled(np.zeros_like(load))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 5),
    pretension=st.sampled_from([0.0, 5.0, 100.0]),
    slack=st.booleans(),
)
def test_the_answer_is_that_of_a_whole_solution(seed: int, count: int, pretension: float, slack: bool) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(9, 9))
    stiffness = root @ root.T * 100 + np.eye(9)
    pairs = random.normal(size=(9, count))
    load = random.normal(size=9) * 500
    state = LigamentState(random.uniform(50, 3000, count), random.uniform(0, 1, count) * pretension, slack)
    free = np.linalg.solve(stiffness, np.column_stack([load, pairs]))
    elongation, flexibility = pairs.T @ free[:, :1], pairs.T @ free[:, 1:]
    pull = tensions(state, elongation, flexibility)[:, 0]
    found = free[:, 0] - free[:, 1:] @ pull
    expected = whole(stiffness, pairs, state, load)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6 * float(np.abs(expected).max()))


def test_one_spring_pulls_and_does_not_push() -> None:
    # A body on a spring of 100 N/mm with a ligament of 300 N/mm: 400 N moves it 1 mm away and 4 mm back.
    state = LigamentState(np.array([300.0]), np.array([0.0]))
    both = tensions(state, np.array([[4.0, -4.0]]), np.array([[0.01]]))
    assert both[0] == pytest.approx([300.0, 0.0])


def test_pretension_lets_it_push_back_until_it_is_slack() -> None:
    # Pulled tight by 40 N (10 N of which the joint's spring gives back), it holds against a push of up to that.
    state = LigamentState(np.array([300.0]), np.array([40.0]))
    small, large = tensions(state, np.array([[-0.1, -4.0]]), np.array([[0.01]]))[0]
    assert small == pytest.approx(-0.1 / (0.01 + 1 / 300))
    assert large == pytest.approx(-10.0)


def test_never_slack_is_the_bound_of_much_pretension() -> None:
    tight = LigamentState(np.array([300.0]), np.array([1e6]))
    bound = LigamentState(np.array([300.0]), np.array([0.0]), slack=False)
    load, flexibility = np.array([[3.0, -5.0]]), np.array([[0.01]])
    assert tensions(tight, load, flexibility) == pytest.approx(tensions(bound, load, flexibility))


def test_a_ligament_without_stiffness_is_none() -> None:
    state = LigamentState(np.array([0.0, 300.0]), np.array([20.0, 0.0]))
    found = tensions(state, np.array([[4.0], [4.0]]), np.diag([0.01, 0.01]))
    assert found[:, 0] == pytest.approx([0.0, 300.0])
