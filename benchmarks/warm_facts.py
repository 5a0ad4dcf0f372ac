"""Every fact and six policies for one joint, warm; against the relational evaluator on the same joint.

uv run python benchmarks/warm_facts.py [--runs 50]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import ibis

from nutation.criteria import JointView, bind, tests_of
from nutation.criteria.language import Required
from nutation.criteria.population import fact_columns
from nutation.facts import CATALOGUE
from nutation.indication import judge, policy
from nutation.record.columns import tables
from nutation.record.occasions import occasions
from nutation.record.reading import read_record
from nutation.record.standing import standing

AS_OF = date(2026, 9, 1)
SIX = ("AETNA_CPB0016", "CARELON_MSK05", "EVICORE_CMM611", "NASS_2015", "TRIAL_INSITE_SIFI", "ARTICLE")
ROOT = Path(__file__).resolve().parent.parent


def median_ms(task: Callable[[], object], runs: int) -> float:
    """Median time of the task in milliseconds, the first run left out."""
    times: list[float] = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        task()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    record = read_record(ROOT / "examples" / "classic-degenerative")
    six = [policy(name, on=AS_OF) for name in SIX]
    used = {test.fact for p in six for c in p.criteria for test in tests_of(c.rule)}
    plain = {
        bind(fact, {}) for fact in CATALOGUE.values() if not any(isinstance(v, Required) for v in fact.params.values())
    }
    facts = sorted(used | plain, key=repr)

    def one_joint() -> None:
        view = JointView(occasions(standing(record.events)), "left", AS_OF)
        for fact in facts:
            view.value(fact)
        for rules in six:
            judge(rules, view)

    connection = ibis.duckdb.connect(threads=2)
    columns = {
        kind: connection.create_table(kind, table) for kind, table in tables(occasions(standing(record.events))).items()
    }

    def relational() -> None:
        fact_columns({f"f{n}": fact for n, fact in enumerate(facts)}, columns, AS_OF).to_pyarrow()

    warm, other = median_ms(one_joint, runs), median_ms(relational, 3)
    print(f"{len(record.events)} events, {len(facts)} facts, {len(six)} policies, one joint, occasions anew each time")
    print(f"  evaluator for one joint   {warm:9.1f} ms")
    print(f"  relational evaluator      {other:9.1f} ms  (baseline: the same facts through Ibis on DuckDB)")
    print(f"  ratio                     {other / warm:9.0f} x")


if __name__ == "__main__":
    main()
