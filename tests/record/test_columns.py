"""The columnar form: one typed table per kind of occasion, made from the event types alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nutation.record.columns import HEAD, column_types, schema, tables
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions

BASE = {"patient": "p", "recorded_at": "2026-09-01", "source": {"system": "clinic"}}


def event(kind: str, **told: object) -> Event:
    return KINDS[kind].model_validate({**BASE, "id": kind, **told})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_typed_table_with_the_common_head(kind: str) -> None:
    made = schema(kind)
    assert tuple(made.names[: len(HEAD)]) == HEAD
    assert made.names[len(HEAD) :] == list(column_types(kind))
    assert set(KINDS[kind].attribute_names()) <= set(made.names)
    assert not any(pa.types.is_null(column.type) for column in made)


def test_the_types_follow_from_the_events() -> None:
    types = column_types("injection")
    assert (types["role"], types["volume_ml"], types["steroid"], types["relief_pct"]) == (str, float, bool, float)
    assert column_types("nicotine")["free_since"] is date
    assert column_types("treatment")["attended_sessions"] is int
    assert column_types("operation")["bilateral"] is bool


def test_a_row_tells_its_occasion() -> None:
    told = event("injection", side="left", happened="2026-03", score_before=8, score_after=2, role="diagnostic")
    (row,) = tables(occasions([told]))["injection"].to_pylist()
    assert {name: row[name] for name in HEAD} == {
        "occasion": "injection@left",
        "patient": "p",
        "joint": "left",
        "side_known": True,
        "happened_from": date(2026, 3, 1),
        "begins_by": date(2026, 3, 31),
        "ends_from": date(2026, 3, 1),
        "happened_to": date(2026, 3, 31),
        "recorded_at": datetime(2026, 9, 1, tzinfo=UTC),
        "certainty": "stated",
        "modality": "actual",
        "doubtful": False,
        "contradicted": [],
        "events": ["injection"],
    }
    assert (row["relief_pct"], row["role"], row["guidance"]) == (75.0, "diagnostic", None)


def test_one_table_a_kind_those_without_an_occasion_empty() -> None:
    told = event("injection", side="both", happened="2026-03-03"), event("function", happened="2026-03-03")
    made = tables(occasions(told))
    assert set(made) == set(KINDS)
    assert {kind: table.num_rows for kind, table in made.items() if table.num_rows} == {"injection": 2, "function": 1}
    assert made["function"].column("joint").to_pylist() == [None]
    assert all(table.schema == schema(kind) for kind, table in made.items())


def test_disagreement_and_doubt_are_told() -> None:
    told = [
        event("injection", side="left", happened="2026-03-03", volume_ml=1),
        event("injection", side="left", happened="2026-03-03", volume_ml=2).model_copy(update={"id": "other"}),
        event("injection", side="left", happened="2026-03-03", modality="negated").model_copy(update={"id": "no"}),
    ]
    rows = {row["modality"]: row for row in tables(occasions(told))["injection"].to_pylist()}
    assert (rows["actual"]["contradicted"], rows["actual"]["volume_ml"]) == (["volume_ml"], None)
    assert (rows["actual"]["doubtful"], rows["negated"]["doubtful"]) == (True, False)


def test_a_table_survives_parquet(tmp_path: Path) -> None:
    told = event("nicotine", happened="2026-03-03", status="former", free_since="2025-01-01")
    made = tables(occasions([told]))["nicotine"]
    pq.write_table(made, tmp_path / "nicotine.parquet")
    assert pq.read_table(tmp_path / "nicotine.parquet").equals(made)
