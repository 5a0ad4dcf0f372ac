"""Criteria written as plain data (in policy and gate files) turned into criteria, with every fault named.

The grammar: ``all: [...]``, ``any: [...]``, ``at_least: {n, of: [...]}``, ``not: RULE`` or a test
``{fact: NAME, with: {parameter: value}, min|max|above|below: NUMBER}`` or ``{fact: NAME, is: true|false}``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, cast, get_args, get_origin

from nutation.criteria.language import (
    All,
    AtLeast,
    AtLeastOf,
    AtMost,
    Criterion,
    Either,
    Events,
    Fact,
    IfAsked,
    Is,
    OneOf,
    Opposite,
    Param,
    Required,
    Tally,
    Test,
    When,
    bind,
)
from nutation.record.head import Certainty, Modality
from nutation.record.kinds import KINDS, PROVOCATION_TESTS

Place = tuple[str | int, ...]
_BOUNDS = {"min": "minimum", "max": "maximum", "above": "above", "below": "below"}
_DEEPEST = 100
"""Steps into a rule, beyond which it is a mistake or an attack."""
_LONGEST_DAYS = 73000
"""Two hundred years: a longer window means all time, and no calendar reaches far beyond."""
_CONNECTIVES = ("all", "any", "at_least", "not")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong at one place of a rule, and the mend."""

    place: Place
    problem: str
    mend: str


class RuleError(Exception):
    """A rule that cannot be read; ``problems`` names every fault in it."""

    def __init__(self, problems: Iterable[RuleProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{'.'.join(map(str, p.place))}: {p.problem} {p.mend}" for p in self.problems))


def parse_rule(plain: Any, facts: Mapping[str, Fact], place: Place = ()) -> Criterion:
    """The criterion that plain data describes. Raises RuleError naming all that is wrong with it."""
    problems: list[RuleProblem] = []
    criterion = _parse(plain, facts, place, problems)
    if criterion is None or problems:
        raise RuleError(problems)
    return criterion


def rule_problems(plain: Any, facts: Mapping[str, Fact], place: Place = ()) -> tuple[RuleProblem, ...]:
    """Everything wrong with a rule; empty if nothing is."""
    problems: list[RuleProblem] = []
    _parse(plain, facts, place, problems)
    return tuple(problems)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _nearest(word: Any, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(str(word), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(names)}."


def _parse(plain: Any, facts: Mapping[str, Fact], place: Place, problems: list[RuleProblem]) -> Criterion | None:
    def fault(at: Place, problem: str, mend: str) -> None:
        problems.append(RuleProblem(at, problem, mend))

    if len(place) > _DEEPEST:
        fault(place[:4], "the rule is nested too deeply.", "Write it with fewer levels.")
        return None
    if not isinstance(plain, dict) or not plain:
        fault(place, "a rule is a mapping.", "Write {fact: …} or one of all, any, at_least, not.")
        return None
    mapping = cast("dict[Any, Any]", plain)
    keys = set(mapping)
    if "fact" in keys:
        return _parse_test(mapping, facts, place, problems)
    word = next((w for w in _CONNECTIVES if w in keys), None)
    if word is None or len(keys) != 1:
        odd = sorted(map(str, keys - set(_CONNECTIVES))) or sorted(map(str, keys))
        fault(
            place,
            f"{', '.join(odd)} does not make a rule.",
            "A rule has either fact, or exactly one of all, any, at_least, not.",
        )
        return None
    body: Any = mapping[word]
    if word == "not":
        part = _parse(body, facts, (*place, "not"), problems)
        return Opposite(part) if part else None
    n: Any = 1
    inner: Place = (*place, word)
    if word == "at_least":
        if not isinstance(body, dict) or set(cast("dict[Any, Any]", body)) != {"n", "of"}:
            fault(inner, "at_least needs n and of, and nothing else.", "Write at_least: {n: 2, of: [...]}.")
            return None
        counted = cast("dict[str, Any]", body)
        n, body, inner = counted["n"], counted["of"], (*inner, "of")
    if not isinstance(body, list) or not body:
        fault(
            inner,
            "a list of rules is needed here.",
            "Give at least one rule, each on a line that begins with '-'.",
        )
        return None
    items = cast("list[Any]", body)
    parts = [_parse(item, facts, (*inner, i), problems) for i, item in enumerate(items)]
    if word == "at_least" and (not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= len(parts)):
        fault(
            (*place, word, "n"),
            f"n is {n!r} of {len(parts)} rules.",
            f"Write a whole number from 1 to {len(parts)}.",
        )
        return None
    told = tuple(part for part in parts if part is not None)
    if len(told) < len(parts):
        return None
    return All(told) if word == "all" else Either(told) if word == "any" else AtLeastOf(n, told)


def _parse_test(
    plain: dict[Any, Any], facts: Mapping[str, Fact], place: Place, problems: list[RuleProblem]
) -> Test | None:
    before = len(problems)

    def fault(at: Place, problem: str, mend: str) -> None:
        problems.append(RuleProblem(at, problem, mend))

    name = plain["fact"]
    fact = facts.get(name) if isinstance(name, str) else None
    if fact is None:
        fault((*place, "fact"), f"there is no fact {name!r};", _nearest(name, facts))
        return None
    for key in set(plain) - {"fact", "with", "is", *_BOUNDS}:
        fault((*place, key), f"{key!r} has no meaning in a test;", _nearest(key, ("with", "is", *_BOUNDS)))
    arguments = _arguments(plain.get("with", {}), fact, (*place, "with"), problems)
    bounds: dict[str, float] = {}
    for key, attribute in _BOUNDS.items():
        if key not in plain:
            continue
        number = plain[key]
        if not _is_number(number):
            fault(
                (*place, key),
                f"{key} is {number!r}.",
                f"Write a number{f' of {fact.unit}' if fact.unit else ''}.",
            )
        else:
            bounds[attribute] = number
    if fact.is_truth:
        if not isinstance(plain.get("is"), bool) or any(key in plain for key in _BOUNDS):
            fault(
                place,
                f"{name} is true or false.",
                "Write is: true or is: false, and no min, max, above, below.",
            )
    elif "is" in plain or not any(key in plain for key in _BOUNDS):
        fault(
            place,
            f"{name} is a number{f' ({fact.unit})' if fact.unit else ''}.",
            "Hold it against min, max, above or below.",
        )
    least, above = bounds.get("minimum", -math.inf), bounds.get("above", -math.inf)
    most, below = bounds.get("maximum", math.inf), bounds.get("below", math.inf)
    if least > most or least >= below or above >= most or above >= below:
        fault(place, "no value keeps these bounds.", "Exchange or correct min/above and max/below.")
    if len(problems) > before:
        return None
    return Test(bind(fact, arguments), **bounds, expected=plain.get("is"))


def _arguments(given: Any, fact: Fact, place: Place, problems: list[RuleProblem]) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.append(RuleProblem(place, "'with' is a mapping of parameters.", "Write with: {name: value}."))
        return {}
    arguments = dict(cast("dict[Any, Any]", given))
    for name in set(arguments) - set(fact.params):
        mend = _nearest(name, fact.params) if fact.params else "it takes none."
        problems.append(RuleProblem((*place, name), f"{fact.name} has no parameter {name!r};", mend))
        arguments.pop(name)
    for name, default in fact.params.items():
        if isinstance(default, Required) and arguments.get(name) is None:
            problems.append(RuleProblem(place, f"{fact.name} needs the parameter {name}.", f"Add {name} under with."))
    takes = parameter_types(fact)
    for name, value in arguments.items():
        if value is None and fact.params[name] is not None and takes[name].shape in ("word", "truth"):
            problems.append(RuleProblem((*place, name), f"{name} is empty.", "Write a value, or leave the line out."))
        elif fault := takes[name].fault(value):
            problems.append(RuleProblem((*place, name), f"{name} is {value!r}.", fault))
    return arguments


@dataclass(frozen=True, slots=True)
class ParameterType:
    """What a fact's parameter takes: a number, true/false, or words of a closed (or open) list."""

    shape: Literal["number", "truth", "word", "words"]
    allowed: frozenset[str] | None = None
    most: float = math.inf

    def fault(self, value: Any) -> str | None:
        """What to write instead, or None if the value fits."""
        if value is None:
            return None
        if self.shape == "number":
            if not _is_number(value) or value < 0:
                return "Write a number that is not negative."
            return None if value <= self.most else f"Write at most {self.most:g}, or null for any."
        if self.shape == "truth":
            return None if isinstance(value, bool) else "Write true or false."
        if self.shape == "words" and (not isinstance(value, list | tuple) or not value):
            return "Write a list with at least one word: [one, two]."
        words = cast("list[Any]", value if self.shape == "words" else [value])
        for word in words:
            if not isinstance(word, str):
                return f"{word!r} is not a word; write it in quotes if it is meant as one."
            if self.allowed is not None and word not in self.allowed:
                return f"{word!r} is not one of them; {_nearest(word, self.allowed)}"
        return None


@cache
def parameter_types(fact: Fact) -> dict[str, ParameterType]:
    """What each parameter of the fact takes, read off the places where its expression uses it."""
    found: dict[str, ParameterType] = {}
    kind = fact.expression.events.kind

    def note(param: Any, shape: ParameterType) -> None:
        if isinstance(param, Param):
            found[param.name] = shape

    def walk(node: Any) -> None:
        match node:
            case Is(field, value):
                note(value, ParameterType("word", field_options(kind, field)))
                note(field, ParameterType("word", frozenset(KINDS[kind].attribute_names())))
            case OneOf(field, values):
                note(values, ParameterType("words", field_options(kind, field)))
            case AtLeast(_, number) | AtMost(_, number):
                note(number, ParameterType("number"))
            case IfAsked(asked, _) | When(asked, _):
                note(asked, ParameterType("truth"))
            case Tally(_, battery):
                note(battery, ParameterType("words", frozenset((*PROVOCATION_TESTS, "psis_tenderness"))))
            case Events():
                topic_field = KINDS[kind].TOPIC
                note(node.topic, ParameterType("word", field_options(kind, topic_field) if topic_field else None))
                note(node.within_days, ParameterType("number", most=_LONGEST_DAYS))
                note(node.absence_days, ParameterType("number", most=_LONGEST_DAYS))
                note(node.certainty, ParameterType("words", frozenset(get_args(Certainty))))
                note(node.modality, ParameterType("words", frozenset(get_args(Modality))))
            case _:
                pass
        if isinstance(node, tuple):
            for part in cast("tuple[Any, ...]", node):
                walk(part)
        elif is_dataclass(node) and not isinstance(node, type):
            for part in fields(node):
                walk(getattr(node, part.name))

    walk(fact.expression)
    return {name: found.get(name, ParameterType("word")) for name in fact.params}


def field_options(kind: str, field: str | Param) -> frozenset[str] | None:
    """The closed list of words that an attribute takes, or None if it is open."""
    if isinstance(field, Param) or field not in KINDS[kind].model_fields:
        return None
    return frozenset(_literals(KINDS[kind].model_fields[field].annotation)) or None


def _literals(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(word for part in get_args(annotation) for word in _literals(part))
