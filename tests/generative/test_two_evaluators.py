"""The two evaluators agree: value, range and state of every fact and criterion, on generated records."""

from __future__ import annotations

from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generative.records import AS_OF, bound, built, facts_of, hints_of, plain_rules, plain_tests, records, rule
from nutation.criteria import Criterion, JointView, evaluate
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.population import fact_columns, population
from nutation.record.columns import tables
from nutation.record.occasions import Occasion, occasions

SLOW = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def told(patients: list[list[dict[str, Any]]]) -> tuple[list[Occasion], dict[str, Any]]:
    found = [o for n, plain in enumerate(patients) for o in occasions(built(plain, f"p{n}"))]
    connection = ibis.duckdb.connect(threads=1)
    return found, {kind: connection.create_table(kind, table) for kind, table in tables(found).items()}


def populations(*criteria: Criterion) -> st.SearchStrategy[list[list[dict[str, Any]]]]:
    """Records of several patients, of the kinds that the criteria read and often with what they ask for."""
    kinds = tuple(sorted({test.fact.expression.events.kind for c in criteria for test in leaves_of(c)}))
    return st.lists(records(kinds, 20, hints_of(*criteria)), min_size=5, max_size=10)


def views(found: list[Occasion]) -> dict[tuple[str, str], JointView]:
    patients = sorted({o.patient for o in found})
    return {
        (patient, side): JointView([o for o in found if o.patient == patient], side, AS_OF)
        for patient in patients
        for side in ("left", "right")
    }


def same(lo: float | None, expected: float, unbounded: float) -> bool:
    lo = unbounded if lo is None else lo
    return lo == expected or lo == pytest.approx(expected, abs=1e-9)


@SLOW
@given(st.data(), st.lists(plain_tests(facts_of()), min_size=10, max_size=16))
def test_facts_agree(data: st.DataObject, tests: list[dict[str, Any]]) -> None:
    patients = data.draw(populations(*(rule(plain) for plain in tests)))
    found, columns = told(patients)
    facts = {f"f{n}": bound(plain) for n, plain in enumerate(tests)}
    rows = fact_columns(facts, columns, AS_OF).execute()
    answers = {(row.patient, row.joint): row for row in rows.itertuples()}
    for key, view in views(found).items():
        for name, fact in facts.items():
            value, row = view.value(fact), answers[key]
            if hasattr(row, f"{name}_yes"):
                yes, no = bool(getattr(row, f"{name}_yes")), bool(getattr(row, f"{name}_no"))
                assert (yes, no) == (value.truth is True, value.truth is False), (key, fact)
                continue
            lo, hi = getattr(row, f"{name}_at_least"), getattr(row, f"{name}_at_most")
            lo, hi = (None if bound_ != bound_ else bound_ for bound_ in (lo, hi))
            assert same(lo, value.range.lo, float("-inf")), (key, fact, lo, value.range)
            assert same(hi, value.range.hi, float("inf")), (key, fact, hi, value.range)


@SLOW
@given(st.data(), st.lists(plain_rules(facts_of()), min_size=4, max_size=8))
def test_criteria_agree(data: st.DataObject, plain: list[dict[str, Any]]) -> None:
    patients = data.draw(populations(*(rule(told_) for told_ in plain)))
    found, columns = told(patients)
    criteria = {f"c{n}": rule(told_) for n, told_ in enumerate(plain)}
    rows = population(criteria, columns, AS_OF).execute()
    answers = {(row.patient, row.joint): row for row in rows.itertuples()}
    for key, view in views(found).items():
        for name, criterion in criteria.items():
            state = getattr(answers[key], name)
            state = None if state is None or state != state else bool(state)
            assert state is evaluate(criterion, view).truth, (key, plain[int(name[1:])])
