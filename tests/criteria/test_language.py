"""Declared facts: parameters, binding, and what it costs to import them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from nutation.criteria import Fact, bind, parse_rule
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.language import (
    REQUIRED,
    AtLeast,
    Count,
    Events,
    Exists,
    Latest,
    LatestIs,
    OneOf,
    Param,
    all_of,
)
from nutation.facts import CATALOGUE

BLOCKS = Fact(
    "blocks",
    Count(
        Events(
            "injection",
            where=all_of(AtLeast("relief_pct", Param("least")), OneOf("guidance", Param("guidance"))),
            within_days=Param("within_days"),
        )
    ),
    "Blocks with relief.",
    "Which blocks?",
    unit="blocks",
    params={"least": REQUIRED, "guidance": ("ct",), "within_days": None},
)


def test_binding_puts_every_argument_in_its_place() -> None:
    bound = bind(BLOCKS, {"least": 50, "guidance": ["ct", "fluoroscopy"], "within_days": 365})
    assert bound.expression == Count(
        Events(
            "injection",
            where=all_of(AtLeast("relief_pct", 50), OneOf("guidance", ("ct", "fluoroscopy"))),
            within_days=365,
        )
    )
    assert (bound.unit, bound.question, bound.scope) == ("blocks", "Which blocks?", "joint")


def test_two_bindings_with_the_same_arguments_are_one_fact() -> None:
    """Six policies that ask the same are answered once."""
    assert bind(BLOCKS, {"least": 50}) == bind(BLOCKS, {"guidance": ["ct"], "least": 50})
    assert hash(bind(BLOCKS, {"least": 50})) == hash(bind(BLOCKS, {"least": 50, "within_days": None}))
    assert bind(BLOCKS, {"least": 50}) != bind(BLOCKS, {"least": 75})


def test_a_parameter_that_is_missing_or_that_nobody_declared() -> None:
    with pytest.raises(LookupError, match="least"):
        bind(BLOCKS, {})
    with pytest.raises(KeyError, match="lest"):
        bind(BLOCKS, {"lest": 50})


def test_the_text_names_the_arguments_that_say_something() -> None:
    assert bind(BLOCKS, {"least": 50}).text() == "blocks (guidance ('ct',), least 50)"
    assert bind(CATALOGUE["age_years"], {}).text() == "age_years"


def test_facts_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        BLOCKS.name = "others"
    assert repr(REQUIRED) == "required"


def test_which_facts_are_truths() -> None:
    assert Fact("f", Exists(Events("injection")), "", "").is_truth
    assert Fact("f", LatestIs(Events("injection"), OneOf("role", None)), "", "").is_truth
    assert not Fact("f", Latest(Events("injection"), "relief_pct"), "", "").is_truth


def test_the_tests_of_a_criterion_stand_in_the_order_of_the_rule() -> None:
    names = ("age_years", "pain_nrs_latest", "care_sessions", "pain_duration_months")
    one, two, three, four = ({"fact": n, "with": {"care": ["other"]} if "care" in n else {}, "min": 1} for n in names)
    criterion = parse_rule(
        {"all": [one, {"any": [two, {"not": three}]}, {"at_least": {"n": 1, "of": [four]}}]}, CATALOGUE
    )
    assert tuple(test.fact.name for test in leaves_of(criterion)) == names


@pytest.mark.parametrize("room", ["nutation.criteria", "nutation.facts", "nutation.record.occasions"])
def test_a_case_needs_no_engine_for_populations(room: str) -> None:
    """The evaluator for one joint answers in milliseconds because none of these is imported."""
    heavy = ("ibis", "duckdb", "pyarrow", "pandas", "numpy", "sqlglot")
    code = f"import sys, {room}; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
