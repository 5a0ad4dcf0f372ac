"""The catalogue as a whole: every fact is well made, and silence decides none of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from nutation.criteria import BoundFact, Fact, JointView, bind
from nutation.criteria.language import (
    REQUIRED,
    Best,
    Count,
    Duration,
    Events,
    Latest,
    LatestIs,
    Param,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.criteria.membership import fields_of
from nutation.criteria.tree import parameter_types
from nutation.facts import CATALOGUE
from nutation.record.columns import column_types
from nutation.record.kinds import KINDS

FACTS = list(CATALOGUE.values())
NAMES = list(CATALOGUE)
NEVER = re.compile(r"\b(safe|confirmed|ruled out|optimal|no red flags|candidate)\b", re.IGNORECASE)


def some_binding(fact: Fact) -> BoundFact:
    """The fact with every required parameter given some value that fits."""
    types = parameter_types(fact)
    arguments: dict[str, Any] = {}
    for name, default in fact.params.items():
        if default is REQUIRED:
            word = {"finding": "tumour", "test": "faber"}.get(name) or min(types[name].allowed or {"something"})
            arguments[name] = {"number": 50, "truth": True, "word": word, "words": [word]}[types[name].shape]
    return bind(fact, arguments)


def read_by(bound: BoundFact) -> set[str]:
    """Attributes that the bound fact reads."""
    expression = bound.expression
    names = set(fields_of(expression.events.where))
    match expression:
        case Sum(_, field) | Best(_, field) | Latest(_, field) | SinceDate(_, field, _):
            names.add(field)
        case LatestIs(_, condition):
            names |= fields_of(condition)
        case Tally(_, battery) if isinstance(battery, tuple):
            names |= set(battery)
        case _:
            pass
    return names


@pytest.mark.parametrize("fact", FACTS, ids=NAMES)
def test_a_fact_says_what_it_is_and_how_it_is_asked(fact: Fact) -> None:
    assert fact.name.isidentifier()
    assert fact.definition.endswith(".")
    assert fact.question.endswith((".", "?"))
    assert not NEVER.search(f"{fact.definition} {fact.question}")
    needs_unit = (SinceEarliest, SinceLatest, SinceEnd, SinceDate, Duration, Count, Tally, Sum)
    assert bool(fact.unit) is not fact.is_truth or isinstance(fact.expression, Latest)
    assert fact.unit or not isinstance(fact.expression, needs_unit)


@pytest.mark.parametrize("fact", FACTS, ids=NAMES)
def test_a_fact_reads_attributes_that_its_kind_has(fact: Fact) -> None:
    bound = some_binding(fact)
    kind = bound.expression.events.kind
    assert read_by(bound) <= set(column_types(kind))
    assert bound.expression.events.topic is None or KINDS[kind].TOPIC is not None
    assert "Param(" not in repr(bound.expression)


@pytest.mark.parametrize("fact", FACTS, ids=NAMES)
def test_a_number_is_taken_of_a_number_and_a_day_of_a_day(fact: Fact) -> None:
    types = column_types(fact.expression.events.kind)
    match fact.expression:
        case Sum(_, field) | Best(_, field) | Latest(_, field):
            assert types[field] in (int, float)
        case SinceDate(_, field, _):
            assert types[field] is date
        case _:
            pass


@pytest.mark.parametrize("fact", FACTS, ids=NAMES)
def test_silence_decides_nothing(fact: Fact) -> None:
    """Of a record in which nothing stands no fact is true, false or bounded, but by what it counts over."""
    bound = some_binding(fact)
    found = JointView((), "left", date(2026, 9, 1)).value(bound)
    assert found.truth is None
    lo, hi = found.range
    assert lo <= 0
    assert hi == (len(bound.expression.battery) if isinstance(bound.expression, Tally) else float("inf"))
    assert (found.sure, found.open, found.stale, found.closing) == ((), (), (), ())


def test_only_what_was_stated_and_happened_satisfies_by_default() -> None:
    """Codes, suspicions and orders count only where a fact, or who binds it, asks for them by name."""
    other = {
        name: (events.certainty, events.modality)
        for name, fact in CATALOGUE.items()
        if ((events := some_binding(fact).expression.events).certainty, events.modality) != (("stated",), ("actual",))
    }
    intended = {name for name, (_, modality) in other.items() if modality == ("intended",)}
    assert intended == {"planned_bilateral_same_day", "planned_device_is"}
    warnings = set(other) - intended
    assert all(other[name] == (("stated", "coded", "inferred"), ("actual",)) for name in warnings), other
    assert "symptom_reported" in warnings


def test_every_fact_is_filed_under_its_name() -> None:
    assert all(name == fact.name for name, fact in CATALOGUE.items())
    with pytest.raises(TypeError):
        CATALOGUE["other"] = FACTS[0]


def test_windows_are_named_alike() -> None:
    """Policies bind ``within_days`` everywhere; a fact that called it otherwise would be missed."""
    for fact in FACTS:
        events: Events = fact.expression.events
        assert events.within_days in (None, Param("within_days")) or isinstance(events.within_days, int)
