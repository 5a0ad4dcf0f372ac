"""The evaluator for a population: what its engine must be, and small answers beside those for one joint.

That both evaluators agree on everything is shown in ``generative/test_two_evaluators.py``.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from packaging.specifiers import SpecifierSet

from criteria.told import AS_OF, complete, event, fact, numbered
from nutation.criteria import Test
from nutation.criteria.language import All, Count, Duration, Events, Exists, Is, Latest, Opposite, Tally
from nutation.criteria.population import fact_columns, population
from nutation.record.columns import tables
from nutation.record.head import Event
from nutation.record.occasions import occasions


@pytest.fixture(scope="module")
def duck() -> Any:
    return ibis.duckdb.connect(threads=1)


def columnar(*events: Event) -> dict[str, Any]:
    return {kind: ibis.memtable(table) for kind, table in tables(occasions(numbered(*events))).items()}


def rows(duck: Any, table: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row.pop("patient"), row.pop("joint")): row for row in duck.to_pyarrow(table).to_pylist()}


def test_the_installed_sqlglot_keeps_the_pin(root: Path) -> None:
    """sqlglot 30.30 breaks Ibis 12's create_table; the pin goes when this test passes without it."""
    pin = SpecifierSet("<=30.10")
    assert pin.contains(version("sqlglot"))
    assert '"sqlglot<=30.10"' in (root / "pyproject.toml").read_text()


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # Ibis's own, of DuckDB 2
def test_create_table_works_with_the_installed_versions(duck: Any) -> None:
    made = duck.create_table("proof", pa.table({"a": [1, 2]}), overwrite=True)
    assert duck.to_pyarrow(made.a.sum()).as_py() == 3


def test_the_rows_of_fact_columns(duck: Any) -> None:
    """One row a joint of everybody of whom anything is recorded; NULL is no bound, or not known."""
    facts = {
        "blocks": fact(Count(Events("injection", where=Is("role", "diagnostic")))),
        "fused": fact(Exists(Events("operation", topic="si_joint"))),
        "pain": fact(Latest(Events("pain_score"), "nrs")),
        "tests": fact(Tally(Events("examination"), ("faber", "gaenslen"))),
        "care": fact(Duration(Events("treatment"), "months")),
        "other_fused": fact(Exists(Events("operation", topic="si_joint")), scope="other_joint"),
    }
    told = columnar(
        event("injection", "2026-03-01", role="diagnostic"),
        event("injection", "2026-04-01", side="unknown", role="diagnostic"),
        event("operation", "2025-01-10", side="right", target="si_joint"),
        complete("operation", side="both"),
        event("pain_score", "2026-08-01", nrs=6),
        event("examination", "2026-08-01", faber="positive"),
        event("treatment", "2026-01-01/2026-06-30", side="right"),
        event("function", "2026-08-01", patient="q", work_limited=True),
    )
    found = rows(duck, fact_columns(facts, told, AS_OF))
    nothing = {
        f"{name}_{side}": None for name in ("blocks", "pain", "tests", "care") for side in ("at_least", "at_most")
    }
    nothing |= {"blocks_at_least": 0, "tests_at_least": 0, "tests_at_most": 2, "care_at_least": 0}
    nothing |= {"fused": None, "other_fused": None}
    left = {"blocks_at_least": 1, "pain_at_least": 6, "pain_at_most": 6, "tests_at_least": 1}
    assert found == {
        ("p", "left"): nothing | left | {"fused": False, "other_fused": True},
        ("p", "right"): nothing | {"care_at_least": 6, "fused": True, "other_fused": False},
        ("q", "left"): nothing,
        ("q", "right"): nothing,
    }


def test_a_population_asked_two_criteria(duck: Any) -> None:
    fused = Test(fact(Exists(Events("operation", topic="si_joint"))), expected=True)
    in_pain = Test(fact(Latest(Events("pain_score"), "nrs")), minimum=5)
    told = columnar(
        event("pain_score", "2026-08-01", nrs=6),
        complete("operation"),
        event("pain_score", "2026-08-01", patient="q", nrs=3),
        event("pain_score", "2026-08-01", patient="r", nrs=8),
    )
    asked = {"in_pain": in_pain, "not_yet_fused": All((in_pain, Opposite(fused)))}
    found = rows(duck, population(asked, told, AS_OF))
    assert {patient: found[patient, "left"] for patient in "pqr"} == {
        "p": {"in_pain": True, "not_yet_fused": True},
        "q": {"in_pain": False, "not_yet_fused": False},
        "r": {"in_pain": True, "not_yet_fused": None},  # whether fused was never asked
    }


def test_only_the_tables_that_are_asked_need_to_be_there(duck: Any) -> None:
    told = columnar(event("pain_score", "2026-08-01", nrs=6))
    few = {kind: told[kind] for kind in ("pain_score", "completeness")}
    found = rows(duck, fact_columns({"pain": fact(Latest(Events("pain_score"), "nrs"))}, few, AS_OF))
    assert found["p", "left"] == {"pain_at_least": 6, "pain_at_most": 6}
