"""Sixty facts of every joint from 5 million generated events, on DuckDB.

Baselines in the same run: DuckDB reading every column of the same tables once (what the data costs to touch),
and the evaluator for one joint on a sample of the same patients (what the population would cost row by row).

    uv run python benchmarks/columnar_facts.py [--events 5000000] [--threads 2]
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nutation.criteria import JointView, bind
from nutation.criteria.language import BoundFact, Required
from nutation.criteria.population import fact_columns
from nutation.criteria.tree import field_options, parameter_types
from nutation.facts import CATALOGUE
from nutation.record.columns import column_types, schema
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

AS_OF = date(2026, 9, 1)
SHARES = {
    "pain_score": 0.22, "treatment": 0.10, "medication": 0.14, "diagnosis": 0.12, "imaging": 0.08, "laboratory": 0.10,
    "score": 0.06, "examination": 0.05, "injection": 0.04, "onset": 0.02, "pain_pattern": 0.02, "function": 0.02,
    "symptom": 0.01, "operation": 0.005, "nicotine": 0.005, "attestation": 0.005, "pregnancy": 0.003, "trauma": 0.002,
}  # fmt: skip
"""How many of a clinic's events are of each kind: a guess, stated so that the run can be repeated."""


def generated(kind: str, rows: int, patients: int, rng: np.random.Generator) -> pa.Table:
    """``rows`` occasions of the kind, spread over the patients and two years."""
    ids = rng.integers(0, patients, rows)
    begins = np.datetime64(AS_OF) - rng.integers(-20, 730, rows).astype("timedelta64[D]")
    ends = begins + rng.integers(0, 120, rows).astype("timedelta64[D]") if KINDS[kind].COURSE else begins
    told: dict[str, Any] = {
        "occasion": pa.array(np.arange(rows).astype(str)),
        "patient": pc.take(pa.array([f"p{n:07d}" for n in range(patients)]), pa.array(ids)),
        "joint": pa.array(np.where(rng.random(rows) < 0.5, "left", "right"), mask=np.full(rows, not KINDS[kind].SIDED)),
        "side_known": pa.array((rng.random(rows) < 0.95) | (not KINDS[kind].SIDED)),
        "happened_from": pa.array(begins), "begins_by": pa.array(begins),
        "ends_from": pa.array(ends), "happened_to": pa.array(ends),
        "recorded_at": pa.array(begins.astype("datetime64[us]")).cast(pa.timestamp("us", tz="UTC")),
        "certainty": pa.array(rng.choice(["stated", "coded"], rows, p=[0.9, 0.1])),
        "modality": pa.array(rng.choice(["actual", "intended", "provisional"], rows, p=[0.92, 0.05, 0.03])),
        "doubtful": pa.array(rng.random(rows) < 0.02),
    }  # fmt: skip
    wanted = schema(kind)
    for name in ("contradicted", "events"):
        told[name] = pa.array([[]] * rows, type=pa.list_(pa.string()))
    for name, of in column_types(kind).items():
        silent = rng.random(rows) < 0.25
        options = field_options(kind, name)
        if options:
            told[name] = pa.array(rng.choice(sorted(options), rows), mask=silent)
        elif of is bool:
            told[name] = pa.array(rng.random(rows) < 0.5, mask=silent)
        elif of is date:
            told[name] = pa.array(begins, mask=silent)
        elif of is str:
            told[name] = pa.array(rng.choice(["operator_trained", "a", "b"], rows), mask=silent)
        else:
            told[name] = pa.array(rng.integers(0, 100, rows).astype(float), mask=silent).cast(wanted.field(name).type)
    return pa.table({field.name: told[field.name].cast(field.type) for field in wanted}, schema=wanted)


def sixty_facts() -> dict[str, BoundFact]:
    """Sixty facts of the catalogue over the generated kinds, with a first choice for every required parameter."""
    found: dict[str, BoundFact] = {}
    for fact in CATALOGUE.values():
        if fact.expression.events.kind not in SHARES or len(found) == 60:
            continue
        types = parameter_types(fact)
        arguments: dict[str, Any] = {}
        for name, default in fact.params.items():
            if isinstance(default, Required):
                options = sorted(types[name].allowed or {"operator_trained"})
                arguments[name] = {
                    "number": 50, "truth": True, "word": {"finding": "tumour", "test": "faber"}.get(name, options[0]),
                    "words": options[:5],
                }[types[name].shape]  # fmt: skip
        found[fact.name] = bind(fact, arguments)
    return found


def occasions_of(tables: dict[str, pa.Table], patients: list[str]) -> dict[str, list[Occasion]]:
    """The sample's occasions as the evaluator for one joint reads them."""
    found: dict[str, list[Occasion]] = {patient: [] for patient in patients}
    wanted = pa.array(patients)
    for kind, table in tables.items():
        for row in table.filter(pc.is_in(table["patient"], wanted)).to_pylist():
            values = {name: row[name] for name in column_types(kind)}
            found[row["patient"]].append(
                Occasion(
                    id=row["occasion"], kind=kind, patient=row["patient"], joint=row["joint"],
                    side_known=row["side_known"],
                    happened_from=row["happened_from"], begins_by=row["begins_by"], ends_from=row["ends_from"],
                    happened_to=row["happened_to"], recorded_at=row["recorded_at"], certainty=row["certainty"],
                    modality=row["modality"], doubtful=row["doubtful"], values=values, contradicted=frozenset(),
                    asked_not_known=frozenset(), events=(row["occasion"],),
                )
            )  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    patients = options.events // 50
    print(f"generating {options.events:,} events of {patients:,} patients", file=sys.stderr)
    tables = {kind: generated(kind, int(options.events * share), patients, rng) for kind, share in SHARES.items()}
    tables |= {kind: schema(kind).empty_table() for kind in KINDS if kind not in tables}
    connection = ibis.duckdb.connect(threads=options.threads)
    columns = {kind: connection.create_table(kind, table) for kind, table in tables.items()}

    began = time.perf_counter()
    for kind, table in columns.items():
        aggregates = [
            table[name].count().name(name) for name in table.columns if name not in ("contradicted", "events")
        ]
        table.aggregate(aggregates).to_pyarrow()
        del kind
    touched = time.perf_counter() - began

    facts = sixty_facts()
    began = time.perf_counter()
    lowered = fact_columns(facts, columns, AS_OF)
    ibis.to_sql(lowered, dialect="duckdb")
    planned = time.perf_counter() - began
    began = time.perf_counter()
    rows = connection.create_table("answer", lowered, temp=True).count().execute()
    answered = time.perf_counter() - began

    sample = [f"p{n:07d}" for n in range(300)]
    told = occasions_of(tables, sample)
    began = time.perf_counter()
    for patient in sample:
        for side in ("left", "right"):
            view = JointView(told[patient], side, AS_OF)
            for fact in facts.values():
                view.value(fact)
    one = (time.perf_counter() - began) / (2 * len(sample))

    joints = 2 * patients
    print(f"{options.events:,} events, {joints:,} joints, {len(facts)} facts, {options.threads} threads, DuckDB")
    print(f"  touch every column once      {touched:8.2f} s   (baseline 1)")
    print(f"  lower the facts to SQL       {planned:8.2f} s")
    print(f"  {len(facts)} facts of all joints      {answered:8.2f} s   {answered / touched:.1f} x baseline 1")
    print(f"  one joint in plain Python    {one * 1000:8.2f} ms  x {joints:,} = {one * joints:.0f} s (baseline 2)")
    print(f"  population against baseline 2: {one * joints / answered:.0f} x faster; rows {rows:,}")


if __name__ == "__main__":
    main()
