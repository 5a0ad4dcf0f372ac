"""The columnar form: one typed Arrow table per kind of occasion, with a common head.

Made from the event types alone; Parquet and SQL schemas follow from it. Arrow comes with the extra ``registry``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from nutation.record.derived import DERIVED
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

ArrowSchema = Any
ArrowTable = Any
"""Arrow ships no types."""

HEAD = (
    "occasion", "patient", "joint", "side_known", "happened_from", "begins_by", "ends_from", "happened_to",
    "recorded_at", "certainty", "modality", "doubtful", "contradicted", "events",
)  # fmt: skip
"""Columns that every table begins with; ``joint`` is null where a kind has no side."""


def column_types(kind: str) -> dict[str, type]:
    """Python type of every column that the kind adds to the head: str, float, int, bool or date."""
    model = KINDS[kind]
    told = {name: _plain_type(model.model_fields[name].annotation) for name in model.attribute_names()}
    return told | DERIVED.get(kind, {})


def _plain_type(annotation: Any) -> type:
    if get_origin(annotation) is Literal:
        return str
    if get_origin(annotation) in (Union, UnionType):
        return _plain_type(next(part for part in get_args(annotation) if part is not type(None)))
    if hasattr(annotation, "__metadata__"):
        return _plain_type(get_args(annotation)[0])
    return annotation


def _arrow() -> Any:
    import pyarrow

    return pyarrow


def schema(kind: str) -> ArrowSchema:
    """Arrow schema of the kind's table."""
    pa = _arrow()
    types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_(), date: pa.date32()}
    head = {
        "side_known": pa.bool_(), "doubtful": pa.bool_(), "happened_from": pa.date32(), "begins_by": pa.date32(),
        "ends_from": pa.date32(), "happened_to": pa.date32(), "recorded_at": pa.timestamp("us", tz="UTC"),
        "contradicted": pa.list_(pa.string()), "events": pa.list_(pa.string()),
    }  # fmt: skip
    fields = [pa.field(name, head.get(name, pa.string())) for name in HEAD]
    return pa.schema([*fields, *(pa.field(name, types[kind]) for name, kind in column_types(kind).items())])


def tables(occasions: Iterable[Occasion]) -> dict[str, ArrowTable]:
    """One table per kind, kinds without an occasion included (empty)."""
    table = _arrow().Table
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for o in occasions:
        head = {name: getattr(o, name) for name in HEAD if name not in ("occasion", "contradicted", "events")}
        head |= {"occasion": o.id, "contradicted": sorted(o.contradicted), "events": list(o.events)}
        rows[o.kind].append(head | dict(o.values))
    return {kind: table.from_pylist(told, schema=schema(kind)) for kind, told in rows.items()}
