"""A second opinion: every policy lowered to ELM and run by cql-execution, which knows nothing of our evaluators.

The engine gets the occasions and the day; conditions, membership, ranges and criteria are its own arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from indication.patient import AS_OF, view_of, with_events
from nutation.criteria import Criterion, JointView, evaluate
from nutation.criteria.elm import fact_names, library, parameters
from nutation.indication import policies, policy
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions
from nutation.record.reading import read_record
from nutation.record.standing import standing
from published.elm.engine import Asked, Told, ask, ours
from published.test_policies import CASES

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/expected.yaml"))
CRITERIA: dict[str, Criterion] = {
    **{f"{p.id} {p.version} {c.told.id}": c.rule for p in policies() for c in p.criteria},
    **{f"{p.id} {p.version} not of {n}": s.rule for p in policies() for n, s in enumerate(p.out_of_scope)},
}
STATES = {"true": True, "false": False, "unknown": None}
Case = tuple[str, str, str, tuple[Any, ...], tuple[str, ...], str]


def joints(name: str) -> tuple[JointView, JointView]:
    """Both joints of an example, on the day of its expected answers."""
    expected = YAML(typ="safe").load((EXAMPLES / name / "expected.yaml").read_text(encoding="utf-8"))
    day = date.fromisoformat(str(expected["as_of"]))
    found = occasions(standing(read_record(EXAMPLES / name).events))
    return JointView(found, "left", day), JointView(found, "right", day)


def criterion_of(case: Case) -> dict[str, Criterion]:
    """The one criterion that a hand-written case asks."""
    return {c.told.id: c.rule for c in policy(case[0], on=AS_OF).criteria if c.told.id == case[1]}


def view_of_case(case: Case) -> JointView:
    *_, change, without, _ = case
    return view_of(with_events(*(one for one in change if isinstance(one, Event)), without=without))


@pytest.fixture(scope="module")
def examples_told(cache_dir: Path) -> dict[str, list[tuple[JointView, Told]]]:
    """What the engine answers at both joints of every example."""
    views = {name: joints(name) for name in NAMES}
    asked = Asked(CRITERIA, tuple(view for both in views.values() for view in both))
    told = iter(ask([asked], cache_dir)[0])
    return {name: [(view, next(told)) for view in both] for name, both in views.items()}


@pytest.mark.parametrize("name", NAMES)
def test_states_agree_on_the_examples(examples_told: Mapping[str, list[tuple[JointView, Told]]], name: str) -> None:
    for view, told in examples_told[name]:
        differ = {key: (evaluate(criterion, view).truth, told.states[key]) for key, criterion in CRITERIA.items()}
        assert {key: pair for key, pair in differ.items() if pair[0] is not pair[1]} == {}, view.side


@pytest.mark.parametrize("name", NAMES)
def test_values_of_facts_agree_on_the_examples(
    examples_told: Mapping[str, list[tuple[JointView, Told]]], name: str
) -> None:
    for view, told in examples_told[name]:
        differ = {fact.text(): (ours(fact, view), value) for fact, value in told.facts.items()}
        assert {text: pair for text, pair in differ.items() if pair[0] != pair[1]} == {}, view.side


def test_the_examples_decide_often_enough_for_agreement_to_mean_something(
    examples_told: Mapping[str, list[tuple[JointView, Told]]],
) -> None:
    states = [state for both in examples_told.values() for _, told in both for state in told.states.values()]
    assert {state: states.count(state) > len(states) / 20 for state in (True, False, None)} == {
        True: True, False: True, None: True
    }  # fmt: skip


def test_hand_written_cases_come_out_as_their_words_say(cache_dir: Path) -> None:
    """The expected states were written from the policies' text, so neither evaluator of ours is asked here."""
    asked = [Asked(criterion_of(case), (view_of_case(case),)) for case in CASES]
    told = [one.states for (one,) in ask(asked, cache_dir)]
    assert [dict(states) for states in told] == [{case[1]: STATES[case[-1]]} for case in CASES]


def test_nothing_that_we_evaluated_goes_in() -> None:
    """All facts of all policies are lowered: what a library takes is the day, the joint and occasions."""
    made = library(CRITERIA)["library"]
    taken = {one["name"] for one in made["parameters"]["def"]}
    assert taken <= {"As of", "Joint", *KINDS}
    assert set(parameters(joints(NAMES[0])[0])) == {"As of", "Joint", *KINDS}
    defined = {one["name"] for one in made["statements"]["def"]}
    assert defined >= {*CRITERIA, *fact_names(CRITERIA).values()}
