"""Rules as plain data: what is read from them, and what a person who wrote one wrongly is told."""

from __future__ import annotations

from typing import Any

import pytest

from nutation.criteria import Criterion, RuleError, parse_rule, rule_problems
from nutation.criteria.language import All, AtLeastOf, Either, Opposite
from nutation.criteria.language import Test as Leaf
from nutation.criteria.tree import ParameterType, field_options, parameter_types
from nutation.facts import CATALOGUE

AGE: dict[str, Any] = {"fact": "age_years", "min": 21, "max": 70}
FUSED: dict[str, Any] = {"fact": "joint_fused", "is": False}
BLOCKS: dict[str, Any] = {"fact": "positive_blocks", "with": {"relief_pct_min": 75}, "min": 2}


def read(plain: Any) -> Criterion:
    return parse_rule(plain, CATALOGUE)


def test_a_test_of_a_number() -> None:
    test = read(AGE)
    assert isinstance(test, Leaf)
    assert (test.fact.name, test.minimum, test.maximum, test.expected) == ("age_years", 21, 70, None)
    assert test.bounds() == (21, 70)


def test_a_test_of_a_truth() -> None:
    test = read(FUSED)
    assert isinstance(test, Leaf)
    assert (test.fact.name, test.expected, test.bounds()) == ("joint_fused", False, ())


def test_arguments_fill_the_facts_parameters_and_the_rest_keep_their_defaults() -> None:
    test = read({"fact": "positive_blocks", "with": {"relief_pct_min": 50, "guidance": ["ct"]}, "above": 1})
    assert isinstance(test, Leaf)
    arguments = dict(test.fact.arguments)
    assert (arguments["relief_pct_min"], arguments["guidance"]) == (50, ("ct",))
    assert arguments["contrast_required"] is True
    assert test.fact.text().startswith("positive_blocks (")


def test_every_connective() -> None:
    plain = {"all": [AGE, {"any": [FUSED, {"not": BLOCKS}]}, {"at_least": {"n": 2, "of": [AGE, FUSED, BLOCKS]}}]}
    age, fused, blocks = read(AGE), read(FUSED), read(BLOCKS)
    assert read(plain) == All((age, Either((fused, Opposite(blocks))), AtLeastOf(2, (age, fused, blocks))))


def blocks(**arguments: Any) -> dict[str, Any]:
    return BLOCKS | {"with": {"relief_pct_min": 75} | arguments}


# ── what is wrong, where, and how to mend it ─────────────────────────────────────────────────────────


def deep(levels: int) -> Any:
    plain: Any = AGE
    for _ in range(levels):
        plain = {"not": plain}
    return plain


@pytest.mark.parametrize(
    ("plain", "place", "told"),
    [
        ("age over 21", "", "a rule is a mapping. Write {fact: …} or one of all, any, at_least, not."),
        ({}, "", "a rule is a mapping."),
        ([AGE], "", "a rule is a mapping."),
        ({"every": [AGE]}, "", "every does not make a rule."),
        ({"all": [AGE], "any": [FUSED]}, "", "all, any does not make a rule."),
        ({"all": []}, "all", "a list of rules is needed here."),
        ({"all": AGE}, "all", "a list of rules is needed here."),
        ({"any": [AGE, 3]}, "any.1", "a rule is a mapping."),
        ({"not": [AGE]}, "not", "a rule is a mapping."),
        ({"at_least": [AGE]}, "at_least", "Write at_least: {n: 2, of: [...]}."),
        ({"at_least": {"n": 1, "of": [AGE], "from": 2}}, "at_least", "needs n and of, and nothing else."),
        ({"at_least": {"n": 3, "of": [AGE, FUSED]}}, "at_least.n", "n is 3 of 2 rules. Write a whole number"),
        ({"at_least": {"n": 0, "of": [AGE, FUSED]}}, "at_least.n", "Write a whole number from 1 to 2."),
        ({"at_least": {"n": 1.5, "of": [AGE, FUSED]}}, "at_least.n", "Write a whole number"),
        ({"at_least": {"n": True, "of": [AGE, FUSED]}}, "at_least.n", "Write a whole number"),
        ({"fact": "age_yaers", "min": 21}, "fact", "there is no fact 'age_yaers'; did you mean 'age_years'?"),
        ({"fact": ["age_years"], "min": 21}, "fact", "there is no fact ['age_years'];"),
        ({"fact": "age_years"}, "", "age_years is a number (years). Hold it against min, max, above or below."),
        ({"fact": "age_years", "is": True}, "", "age_years is a number (years)."),
        ({"fact": "joint_fused"}, "", "joint_fused is true or false. Write is: true or is: false"),
        ({"fact": "joint_fused", "is": "yes"}, "", "Write is: true or is: false"),
        ({"fact": "joint_fused", "is": True, "min": 1}, "", "no min, max, above, below."),
        ({"fact": "age_years", "min": "21"}, "min", "min is '21'. Write a number of years."),
        ({"fact": "age_years", "min": True}, "min", "Write a number of years."),
        ({"fact": "age_years", "min": float("nan")}, "min", "Write a number of years."),
        ({"fact": "age_years", "max": float("inf")}, "max", "Write a number of years."),
        ({"fact": "age_years", "mni": 21, "max": 70}, "mni", "'mni' has no meaning in a test; did you mean 'min'?"),
        ({"fact": "age_years", "min": 70, "max": 21}, "", "no value keeps these bounds."),
        ({"fact": "age_years", "above": 70, "max": 70}, "", "no value keeps these bounds."),
        ({"fact": "age_years", "min": 70, "below": 70}, "", "no value keeps these bounds."),
        (BLOCKS | {"with": {}}, "with", "positive_blocks needs the parameter relief_pct_min. Add relief_pct_min"),
        (blocks(relief_pct_min=None), "with", "positive_blocks needs the parameter relief_pct_min."),
        (BLOCKS | {"with": [75]}, "with", "'with' is a mapping of parameters."),
        (blocks(guidence=["ct"]), "with.guidence", "did you mean 'guidance'?"),
        (blocks(relief_pct_min="75 %"), "with.relief_pct_min", "Write a number that is not negative."),
        (blocks(relief_pct_min=-5), "with.relief_pct_min", "Write a number that is not negative."),
        (blocks(guidance="ct"), "with.guidance", "Write a list"),
        (blocks(guidance=[]), "with.guidance", "at least one word"),
        (blocks(guidance=["xray"]), "with.guidance", "'xray' is not one of them;"),
        (blocks(guidance=[{}]), "with.guidance", "{} is not a word;"),
        (blocks(contrast_required="yes"), "with.contrast_required", "Write true or false."),
        (blocks(within_days=1e9), "with.within_days", "at most 73000, or null for any."),
        ({"fact": "score_latest", "with": {"instrument": ["odi"]}, "min": 40}, "with.instrument", "is not a word;"),
        ({"fact": "age_years", "with": {"unit": 1}, "min": 1}, "with.unit", "no parameter 'unit'; it takes none."),
        (deep(3000), "not.not.not.not", "the rule is nested too deeply."),
    ],
)  # fmt: skip
def test_a_faulty_rule_is_told_with_its_place_and_its_mend(plain: Any, place: str, told: str) -> None:
    problems = rule_problems(plain, CATALOGUE)
    assert ".".join(map(str, problems[0].place)) == place
    assert told in f"{problems[0].problem} {problems[0].mend}"
    with pytest.raises(RuleError):
        read(plain)


def test_every_fault_is_told_at_once() -> None:
    plain = {"all": [{"fact": "age_yaers", "min": 21}, {"not": {"fact": "joint_fused"}}, BLOCKS | {"min": "two"}]}
    with pytest.raises(RuleError) as raised:
        read(plain)
    places = [".".join(map(str, problem.place)) for problem in raised.value.problems]
    assert places == ["all.0.fact", "all.1.not", "all.2.min"]
    assert "all.0.fact: there is no fact 'age_yaers'; did you mean 'age_years'?" in str(raised.value)


def test_places_begin_where_the_rule_stands_in_its_file() -> None:
    (problem,) = rule_problems({"all": [{"fact": "joint_fused"}]}, CATALOGUE, ("criteria", 2, "rule"))
    assert problem.place == ("criteria", 2, "rule", "all", 0)


def test_a_good_rule_has_no_problems() -> None:
    assert rule_problems({"all": [AGE, FUSED, BLOCKS]}, CATALOGUE) == ()
    assert rule_problems(deep(40), CATALOGUE) == ()


# ── what parameters take, read off the places where the fact uses them ───────────────────────────────


def test_what_parameters_take() -> None:
    blocks = parameter_types(CATALOGUE["positive_blocks"])
    assert blocks["relief_pct_min"] == ParameterType("number")
    assert blocks["accept_stated_pct"] == ParameterType("truth")
    assert blocks["guidance"] == ParameterType("words", frozenset({"fluoroscopy", "ct", "ultrasound", "none"}))
    assert parameter_types(CATALOGUE["score_latest"])["instrument"].allowed == field_options("score", "instrument")
    assert "faber" in (parameter_types(CATALOGUE["provocation_positive"])["battery"].allowed or ())
    assert parameter_types(CATALOGUE["attested"])["statement"] == ParameterType("word")  # open: any word


def test_every_parameter_of_the_catalogue_is_used_by_its_fact() -> None:
    """A parameter that the expression does not use would be taken and ignored."""
    for fact in CATALOGUE.values():
        assert set(parameter_types(fact)) == set(fact.params)
        used = repr(fact.expression)
        for name in fact.params:
            assert f"Param(name='{name}')" in used, (fact.name, name)


def test_closed_and_open_attributes() -> None:
    assert field_options("injection", "steroid") is None
    assert field_options("injection", "relief_pct") is None  # derived
    assert field_options("examination", "faber") == {"positive", "negative", "unfamiliar", "not_done"}
