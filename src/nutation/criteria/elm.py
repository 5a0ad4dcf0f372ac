"""Criteria lowered to ELM, HL7's form of clinical rules, so that an engine that is not ours can read them.

ELM's null logic is Kleene's, so a criterion is one nullable boolean: null where it is not known. Everything from
the condition on one occasion to the criterion is computed by ELM itself, every reducer included; nothing that this
package evaluated goes in. What goes in (``parameters``) are the patient's occasions, which the room ``record`` makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from nutation.criteria.elm_members import AS_OF, JOINT, OTHER_JOINT, Statements, other_joint
from nutation.criteria.elm_reducers import fact_value, time_functions
from nutation.criteria.elm_terms import (
    NULL,
    Node,
    aggregate,
    alias,
    binary,
    cases,
    either,
    element,
    every,
    expression,
    list_,
    list_of,
    literal,
    named,
    not_,
    query,
    tuple_of,
    unary,
    whole,
)
from nutation.criteria.joint import JointView
from nutation.criteria.language import All, AtLeastOf, BoundFact, Criterion, Either, Opposite, Test, tests_of
from nutation.record.columns import column_types
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

_TYPES: dict[type, str] = {str: "String", bool: "Boolean", int: "Decimal", float: "Decimal", date: "Date"}
_HEAD: dict[str, Node] = {
    **dict.fromkeys(("id", "joint", "certainty", "modality"), named("String")),
    **dict.fromkeys(("side_known", "doubtful"), named("Boolean")),
    **dict.fromkeys(("happened_from", "begins_by", "ends_from", "happened_to"), named("Date")),
    "contradicted": list_of(named("String")),
}
_LIBRARY, _SCHEMA = "urn:hl7-org:elm-types:r1", {"id": "urn:hl7-org:elm", "version": "r1"}


def fact_names(criteria: Mapping[str, Criterion]) -> dict[BoundFact, str]:
    """The name under which ``library`` defines each fact that the criteria ask."""
    names: dict[BoundFact, str] = {}
    for criterion in criteria.values():
        for test in tests_of(criterion):
            names.setdefault(test.fact, f"{test.fact.name} [{len(names) + 1}]")
    return names


def library(criteria: Mapping[str, Criterion], *, name: str = "Nutation", version: str = "1") -> dict[str, Any]:
    """An ELM library, as JSON data, that defines every criterion under its name: a nullable boolean.

    Beside them stand their facts (``fact_names``): a tuple of ``lo`` and ``hi`` (null is no bound), or a nullable
    boolean for truth facts. It takes ``As of`` (a date), ``Joint`` (``left`` or ``right``) and, per kind of event
    read, that kind's occasions as a list of tuples.
    """
    names = fact_names(criteria)
    statements = Statements()
    if any(fact.scope == "other_joint" for fact in names):
        statements.add(OTHER_JOINT, other_joint())
    for fact, label in names.items():
        statements.add(label, fact_value(statements, fact))
    for label, criterion in criteria.items():
        statements.add(label, _criterion(criterion, statements, names))
    kinds = sorted({fact.expression.events.kind for fact in names} | {"completeness"})
    taken = {AS_OF: named("Date"), JOINT: named("String"), **{kind: list_of(_occasion_type(kind)) for kind in kinds}}
    return {
        "library": {
            "identifier": {"id": name, "version": version},
            "schemaIdentifier": _SCHEMA,
            "usings": {"def": [{"localIdentifier": "System", "uri": _LIBRARY}]},
            "parameters": {
                "def": [
                    {"name": one, "accessLevel": "Public", "parameterTypeSpecifier": told}
                    for one, told in taken.items()
                ]
            },
            "contexts": {"def": [{"name": "Patient"}]},
            "statements": {"def": [*time_functions(), *statements.told]},
        }
    }


def parameters(view: JointView) -> dict[str, Any]:
    """What a library takes of one joint at one day, as JSON data: dates as ``YYYY-MM-DD``, unrecorded values left out.

    The occasions are all of the patient's, of either joint: ELM itself finds those of the joint.
    """
    told: dict[str, Any] = {AS_OF: view.as_of.isoformat(), JOINT: view.side, **{kind: [] for kind in KINDS}}
    for occasion in view.occasions:
        told[occasion.kind].append(_occasion(occasion))
    return told


def _occasion_type(kind: str) -> Node:
    attributes = {name: named(_TYPES[type_]) for name, type_ in column_types(kind).items()}
    return tuple_of({**_HEAD, **attributes})


def _occasion(occasion: Occasion) -> dict[str, Any]:
    head = {name: getattr(occasion, name) for name in _HEAD}
    values = {name: occasion.values.get(name) for name in column_types(occasion.kind)}
    told = {**head, **values, "contradicted": sorted(occasion.contradicted)}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in told.items()
        if value is not None
    }


def _criterion(criterion: Criterion, statements: Statements, names: Mapping[BoundFact, str]) -> Node:
    match criterion:
        case Test():
            return _test(criterion, expression(names[criterion.fact]))
        case Opposite(part):
            return not_(_criterion(part, statements, names))
        case All(parts):
            return every([_criterion(part, statements, names) for part in parts])
        case Either(parts):
            return either([_criterion(part, statements, names) for part in parts])
        case AtLeastOf(n, parts):
            told = list_(*(_criterion(part, statements, names) for part in parts))
            states = statements.once(criterion, "states", lambda: told)
            so = _how_many(states, unary("IsTrue", alias("S")))
            possibly = _how_many(states, not_(unary("IsFalse", alias("S"))))
            return cases(
                (binary("GreaterOrEqual", so, whole(n)), literal(True)),
                (binary("Less", possibly, whole(n)), literal(False)),
                otherwise=NULL,
            )


def _how_many(states: Node, where: Node) -> Node:
    return aggregate("Count", query(states, "S", where=where, result=whole(1)))


def _test(test: Test, fact: Node) -> Node:
    if test.expected is not None:
        return fact if test.expected else not_(fact)
    lo, hi = element(fact, "lo"), element(fact, "hi")

    def holds(told: float | None, near: tuple[str, Node], far: tuple[str, Node]) -> list[Node]:
        """True where the near end keeps the bound, false where the far one does not: a null end decides nothing."""
        if told is None:
            return []
        kept, broken = (binary(name, end, literal(told)) for name, end in (near, far))
        return [cases((kept, literal(True)), (broken, literal(False)), otherwise=NULL)]

    return every(
        [
            *holds(test.minimum, ("GreaterOrEqual", lo), ("Less", hi)),
            *holds(test.above, ("Greater", lo), ("LessOrEqual", hi)),
            *holds(test.maximum, ("LessOrEqual", hi), ("Greater", lo)),
            *holds(test.below, ("Less", hi), ("GreaterOrEqual", lo)),
        ]
    )
