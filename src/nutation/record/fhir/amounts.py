"""Quantities in Nutation's own units, converted exactly (in decimals) or refused; never rescaled by a guess."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, cast

from nutation.record.fhir.node import Malformed, Node
from nutation.record.fhir.tables import Row, table


@cache
def _units(quantity: str) -> dict[str, Row]:
    return {row["unit"]: row for row in table("units").rows if row["quantity"] == quantity}


def _convert(value: float, row: Row) -> float:
    exact = Decimal(repr(value)) * Decimal(row["times"]) + Decimal(row["plus"])
    return float(exact / Decimal(row["over"]))


def in_own_unit(node: Node, quantity: str) -> float | None:
    """The value of a FHIR Quantity in the unit that ``quantity`` names (``crp``, ``pain``, ``volume_ml`` …).

    None where it has no value. Raises Malformed for a unit that is not of this quantity.
    """
    value = node.number("value")
    if value is None:
        return None
    known = _units(quantity)
    code, unit = node.text("code"), node.text("unit")
    for sent in (code, unit):
        if sent is not None and sent in known:
            return _convert(value, known[sent])
    if code is None and unit is None and "" in known:
        return _convert(value, known[""])
    shown = code or unit
    units = ", ".join(unit for unit in known if unit)
    problem = f"is in {shown}, which is not a unit of it." if shown else f"is {value:g} without a unit."
    raise Malformed(node.path, problem, f"send it in one of {units}.")


def pain(node: Node, *, visual: bool, high: float | None) -> float | None:
    """A pain rating on 0 to 10; None where a visual analogue score without unit fits 0–10 and 0–100 alike.

    ``high`` is the upper end of the reference range, where one is sent. Raises Malformed where a 0–10
    rating lies outside 0 to 10.
    """
    scale = cast("dict[str, float]", table("units").extra["pain_scale"])
    short, long = float(scale["short"]), float(scale["long"])
    raw = node.number("value")
    if raw is None:
        return None
    value = in_own_unit(node, "pain")
    assert value is not None
    plain = (node.text("code") or node.text("unit") or "") in ("", "1", "{score}", "score", "points", "{number}")
    if plain and high == long:
        value = float(Decimal(repr(raw)) * Decimal(repr(short)) / Decimal(repr(long)))
    elif plain and visual and high != short:
        if not short < raw <= long:
            return None if 0 <= raw <= short else _refused(node, raw, short)
        value = float(Decimal(repr(raw)) * Decimal(repr(short)) / Decimal(repr(long)))
    if not 0 <= value <= short:
        return _refused(node, raw, short)
    return value


def _refused(node: Node, raw: float, short: float) -> float:
    raise Malformed(
        node.path,
        f"is {raw:g} on a scale of 0 to {short:g}.",
        "send it on 0 to 10, or name the scale in the unit: mm or /100 for 0 to 100.",
    )


def reference_high(node: Node) -> float | None:
    """Upper end of the first reference range of an Observation."""
    for entry in node.children("referenceRange"):
        high = entry.child("high")
        if high is not None:
            return high.number("value")
    return None


def own_unit(quantity: str) -> str:
    """Name of the unit in which ``quantity`` is kept."""
    return str(cast("dict[str, Any]", table("units").extra["own"]).get(quantity, ""))
