"""Words of ELM, the machine form of HL7's Clinical Quality Language, as plain JSON data.

Release 1 of the schema ``urn:hl7-org:elm``. Nothing here knows what a criterion is: see ``elm``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Literal

Node = dict[str, Any]
"""One node of an ELM tree."""

SYSTEM = "{urn:hl7-org:elm-types:r1}"
NULL: Node = {"type": "Null"}
LEAST: Node = {"type": "MinValue", "valueType": f"{SYSTEM}Decimal"}
"""Below every decimal that a record can hold."""

DatePart = Literal["Year", "Month", "Day"]


# ── types ────────────────────────────────────────────────────────────────────────────────────────────


def named(name: str) -> Node:
    """A type of ELM's own: String, Boolean, Decimal, Integer, Date."""
    return {"type": "NamedTypeSpecifier", "name": SYSTEM + name}


def list_of(element: Node) -> Node:
    """The type of lists of another."""
    return {"type": "ListTypeSpecifier", "elementType": element}


def tuple_of(elements: Mapping[str, Node]) -> Node:
    """The type of tuples with these elements; any may be null."""
    return {
        "type": "TupleTypeSpecifier",
        "element": [{"name": name, "elementType": told} for name, told in elements.items()],
    }


# ── values and references ────────────────────────────────────────────────────────────────────────────


def literal(value: str | bool | float) -> Node:
    """A constant; every number is a Decimal, as the numbers of occasions are."""
    name, text = (
        ("Boolean", str(value).lower())
        if isinstance(value, bool)
        else ("String", value)
        if isinstance(value, str)
        else ("Decimal", repr(float(value)))
    )
    return {"type": "Literal", "valueType": SYSTEM + name, "value": text}


def whole(value: int) -> Node:
    """A constant Integer."""
    return {"type": "Literal", "valueType": f"{SYSTEM}Integer", "value": str(value)}


def days(number: int) -> Node:
    """A length of time."""
    return {"type": "Quantity", "value": number, "unit": "day"}


def parameter(name: str) -> Node:
    """What was handed in under the name."""
    return {"type": "ParameterRef", "name": name}


def expression(name: str) -> Node:
    """What the library defines under the name."""
    return {"type": "ExpressionRef", "name": name}


def alias(name: str) -> Node:
    """The element that a query is at."""
    return {"type": "AliasRef", "name": name}


def let(name: str) -> Node:
    """What a query has named."""
    return {"type": "QueryLetRef", "name": name}


def operand(name: str) -> Node:
    """What the function was given."""
    return {"type": "OperandRef", "name": name}


def field(of: str, path: str) -> Node:
    """An element of the tuple that the query with alias ``of`` is at."""
    return {"type": "Property", "scope": of, "path": path}


def element(of: Node, path: str) -> Node:
    """An element of a tuple."""
    return {"type": "Property", "source": of, "path": path}


def tuple_(**elements: Node) -> Node:
    """A tuple."""
    return {"type": "Tuple", "element": [{"name": name, "value": value} for name, value in elements.items()]}


def list_(*elements: Node) -> Node:
    """A list."""
    return {"type": "List", "element": list(elements)}


# ── operators ────────────────────────────────────────────────────────────────────────────────────────


def unary(name: str, one: Node, **more: Any) -> Node:
    """An operator on one operand."""
    return {"type": name, "operand": one, **more}


def binary(name: str, one: Node, other: Node, **more: Any) -> Node:
    """An operator on two operands."""
    return {"type": name, "operand": [one, other], **more}


def not_(one: Node) -> Node:
    """Kleene's not."""
    return unary("Not", one)


def is_null(one: Node) -> Node:
    """Whether it is not known: true or false."""
    return unary("IsNull", one)


def every(parts: Sequence[Node]) -> Node:
    """Kleene's and, over any number."""
    return reduce(lambda one, other: binary("And", one, other), parts) if parts else literal(True)


def either(parts: Sequence[Node]) -> Node:
    """Kleene's or, over any number."""
    return reduce(lambda one, other: binary("Or", one, other), parts) if parts else literal(False)


def if_(condition: Node, then: Node, otherwise: Node) -> Node:
    """``then`` where the condition is true; where it is false or null, ``otherwise``."""
    return {"type": "If", "condition": condition, "then": then, "else": otherwise}


def cases(*branches: tuple[Node, Node], otherwise: Node) -> Node:
    """The value of the first branch whose condition is true."""
    items = [{"when": when, "then": then} for when, then in branches]
    return {"type": "Case", "caseItem": items, "else": otherwise}


def coalesce(*parts: Node) -> Node:
    """The first that is not null."""
    return {"type": "Coalesce", "operand": list(parts)}


def among(one: Node, words: Iterable[str | bool | float]) -> Node:
    """Whether it is one of the constants; false of null, so guard it where null means not known."""
    return binary("In", one, list_(*(literal(word) for word in words)))


def on_or_before(one: Node, other: Node) -> Node:
    """Whether a day is not after another."""
    return binary("SameOrBefore", one, other, precision="Day")


def on_or_after(one: Node, other: Node) -> Node:
    """Whether a day is not before another."""
    return binary("SameOrAfter", one, other, precision="Day")


def part_of_date(day: Node, precision: DatePart) -> Node:
    """The day's year, month or day of the month."""
    return unary("DateTimeComponentFrom", day, precision=precision)


def interval(first: Node, last: Node) -> Node:
    """From one to the other, both included."""
    return {"type": "Interval", "low": first, "high": last, "lowClosed": True, "highClosed": True}


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────


def query(
    source: Node, name: str, *, result: Node, where: Node | None = None, lets: Mapping[str, Node] | None = None
) -> Node:
    """``result`` for every element (called ``name``) that fulfils ``where``, in order, repetitions kept."""
    told: Node = {
        "type": "Query",
        "source": [{"alias": name, "expression": source}],
        "let": [{"identifier": one, "expression": value} for one, value in (lets or {}).items()],
        "relationship": [],
        "return": {"distinct": False, "expression": result},
    }
    return told | ({"where": where} if where is not None else {})


def those(source: Node, name: str, where: Node) -> Node:
    """The elements of a list that fulfil the condition."""
    return query(source, name, where=where, result=alias(name))


def each(source: Node, path: str) -> Node:
    """An element of every tuple of a list, nulls kept."""
    return query(source, "E", result=field("E", path))


def aggregate(name: str, source: Node) -> Node:
    """Count, Sum, Min, Max, AllTrue of a list, nulls left out; of none, null (Count: 0, AllTrue: true)."""
    return {"type": name, "source": source}


def total(source: Node, nought: Node) -> Node:
    """Sum of a list; of none, nought, of the type that its numbers have."""
    return coalesce(aggregate("Sum", source), nought)


def together(*lists: Node) -> Node:
    """Lists one after the other, repetitions kept."""
    return unary("Flatten", list_(*lists))


def exists(source: Node) -> Node:
    """Whether the list has an element."""
    return unary("Exists", source)


# ── statements ───────────────────────────────────────────────────────────────────────────────────────


def definition(name: str, value: Node) -> Node:
    """A named expression of a library."""
    return {"name": name, "context": "Patient", "accessLevel": "Public", "expression": value}


def function(name: str, operands: Mapping[str, Node], value: Node) -> Node:
    """A named function of a library."""
    told = [{"name": one, "operandTypeSpecifier": type_} for one, type_ in operands.items()]
    return {**definition(name, value), "type": "FunctionDef", "operand": told}


def call(name: str, *arguments: Node) -> Node:
    """A function of the library applied."""
    return {"type": "FunctionRef", "name": name, "operand": list(arguments)}
