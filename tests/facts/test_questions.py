"""Questions ask for a finding; they never show which value would pass."""

from __future__ import annotations

import re

import pytest

from nutation.criteria import Fact
from nutation.criteria import tests_of as leaves_of
from nutation.facts import CATALOGUE
from nutation.indication import policies

SCALES = {"from 0 to 10", "HbA1c", "below L5"}
"""Where a number names a scale, an analyte or a vertebra, and no bound."""


@pytest.mark.parametrize("fact", CATALOGUE.values(), ids=lambda fact: fact.name)
def test_a_question_names_only_parameters_that_the_fact_has(fact: Fact) -> None:
    assert set(re.findall(r"\{(\w+)\}", fact.question)) <= set(fact.params)


def test_questions_name_no_threshold() -> None:
    """Bound by every policy: whatever figure it holds a finding against, the question that asks shows none."""
    asked = {test.fact for policy in policies() for bound in policy.criteria for test in leaves_of(bound.rule)}
    assert len(asked) > 50
    for fact in asked:
        question = fact.question
        for scale in SCALES:
            question = question.replace(scale, "")
        assert not re.search(r"\d", question), fact.question
        assert "{" not in question
        assert not re.search(r"at least|at most|more than|less than|threshold", question)


def test_a_question_says_what_the_policy_bound() -> None:
    fact = next(
        test.fact
        for policy in policies()
        for bound in policy.criteria
        for test in leaves_of(bound.rule)
        if test.fact.name == "diagnosis_active" and dict(test.fact.arguments)["category"] == "infection"
    )
    assert "a diagnosis of infection" in fact.question
