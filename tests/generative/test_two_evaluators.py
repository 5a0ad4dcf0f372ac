"""The two evaluators agree: value, range and state of every fact and criterion, on generated records.

What costs time in the relational evaluator is the query and not its rows, so a whole batch of records and rules
goes into one query, and every rule is asked of every record.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import ibis
import pytest
from hypothesis import Phase, given, settings

from generative.records import AS_OF, HARD, RANDOM, Plain, a_scene, built, facts_of, rule
from nutation.criteria import BoundFact, JointView, Value, evaluate
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.population import criterion_column, fact_columns, population
from nutation.record.columns import tables
from nutation.record.occasions import Occasion, occasions

Key = tuple[str, str]
Scene = tuple[list[Plain], Plain]


@pytest.fixture(scope="module")
def connection() -> Any:
    return ibis.duckdb.connect(threads=1)


def at_every_joint(connection: Any, expression: Any) -> dict[Key, dict[str, Any]]:
    rows = connection.to_pyarrow(expression).to_pylist()
    return {(row["patient"], row["joint"]): row for row in rows}


def columnar(found: list[Occasion], facts: Iterable[BoundFact]) -> dict[str, Any]:
    kinds = {"completeness", *(fact.expression.events.kind for fact in facts)}
    return {kind: ibis.memtable(table) for kind, table in tables(found).items() if kind in kinds}


def views(found: list[Occasion]) -> dict[Key, JointView]:
    by_patient: dict[str, list[Occasion]] = {}
    for occasion in found:
        by_patient.setdefault(occasion.patient, []).append(occasion)
    return {(p, side): JointView(told, side, AS_OF) for p, told in by_patient.items() for side in ("left", "right")}


def same(name: str, value: Value, row: dict[str, Any]) -> bool:
    if name in row:
        return row[name] is value.truth
    lo, hi = row[f"{name}_at_least"], row[f"{name}_at_most"]
    told = (float("-inf") if lo is None else lo, float("inf") if hi is None else hi)
    return told == tuple(value.range)


def differences(connection: Any, scenes: list[Scene]) -> list[str]:
    """Where the evaluators differ, over every record of the scenes and every rule of them; with what it shows."""
    records = {f"p{n}": plain for n, (plain, _) in enumerate(scenes)}
    criteria = {f"c{n}": rule(plain) for n, (_, plain) in enumerate(scenes)}
    bound = dict.fromkeys(test.fact for criterion in criteria.values() for test in leaves_of(criterion))
    names = {fact: f"f{n}" for n, fact in enumerate(bound)}
    found = [o for patient, plain in records.items() for o in occasions(built(plain, patient))]
    t = fact_columns({name: fact for fact, name in names.items()}, columnar(found, bound), AS_OF)
    rows = at_every_joint(connection, t.mutate(**{n: criterion_column(c, t, names) for n, c in criteria.items()}))
    differ: list[str] = []
    for key, view in views(found).items():
        if key not in rows:  # a record of nothing that is asked
            continue
        for fact, name in names.items():
            if not same(name, value := view.value(fact), rows[key]):
                row = {column: told for column, told in rows[key].items() if column.split("_")[0] == name}
                differ.append(f"{fact.text()} at {key}: {value.range} {value.truth}, {row}\n{records[key[0]]}")
        for name, criterion in criteria.items():
            if (truth := evaluate(criterion, view).truth) is not rows[key][name]:
                plain = scenes[int(name[1:])][1]
                differ.append(f"{plain} at {key}: {truth}, {rows[key][name]}\n{records[key[0]]}")
    return differ


def test_population_gives_the_states_alone(connection: Any) -> None:
    criterion = rule({"fact": "joint_fused", "is": True})
    found = list(
        occasions(built([{"kind": "operation", "side": "left", "target": "si_joint", "happened": "2026-01-05"}]))
    )
    t = population({"fused": criterion}, columnar(found, [test.fact for test in leaves_of(criterion)]), AS_OF)
    assert at_every_joint(connection, t) == {
        ("p", "left"): {"patient": "p", "joint": "left", "fused": True},
        ("p", "right"): {"patient": "p", "joint": "right", "fused": None},
    }


def batches(r: Random, n: int) -> list[list[Scene]]:
    """Three batches of ``n`` scenes, each of a third of the kinds, so that most rules bear on most records."""
    kinds = r.sample(HARD, len(HARD))
    return [[a_scene(r, facts_of(kinds[part::3])) for _ in range(n)] for part in range(3)]


QUICK = settings(max_examples=2, phases=(Phase.explicit, Phase.generate))


@QUICK
@given(RANDOM)
def test_facts_and_criteria_agree(connection: Any, r: Random) -> None:
    for scenes in batches(r, 25):
        assert differences(connection, scenes) == []


@pytest.mark.slow
@settings(QUICK, max_examples=4)
@given(RANDOM)
def test_facts_and_criteria_agree_at_length(connection: Any, r: Random) -> None:
    for scenes in batches(r, 50):
        assert differences(connection, scenes) == []
