"""Criteria in words, for a reader who has no wish to read YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from nutation.criteria.language import All, AtLeastOf, BoundFact, Criterion, Either, Fact, Opposite, Test


def in_words(criterion: Criterion, defaults: Mapping[str, Fact] | None = None, depth: int = 0) -> list[str]:
    """The criterion as indented lines; arguments that equal the fact's own defaults (in ``defaults``) are left out."""
    indent = "  " * depth
    match criterion:
        case Test():
            return [f"{indent}{_test(criterion, defaults or {})}"]
        case Opposite(part):
            return [f"{indent}not:", *in_words(part, defaults, depth + 1)]
        case All(parts):
            head = "all of:"
        case Either(parts):
            head = "any of:"
        case AtLeastOf(n, parts):
            head = f"at least {n} of:"
    return [f"{indent}{head}", *(line for part in parts for line in in_words(part, defaults, depth + 1))]


def _test(test: Test, defaults: Mapping[str, Fact]) -> str:
    name = _fact(test.fact, defaults.get(test.fact.name))
    if test.expected is not None:
        return f"{name} {'holds' if test.expected else 'does not hold'}"
    words = {"at least": test.minimum, "at most": test.maximum, "above": test.above, "below": test.below}
    bounds = " and ".join(f"{word} {number:g}" for word, number in words.items() if number is not None)
    return f"{name} {bounds} {test.fact.unit}".rstrip()


def _fact(fact: BoundFact, declared: Fact | None) -> str:
    own = {} if declared is None else dict(declared.params)
    told = [
        f"{name.replace('_', ' ')} {_value(v)}" for name, v in fact.arguments if v is not None and own.get(name) != v
    ]
    name = fact.name.replace("_", " ")
    return f"{name} ({'; '.join(told)})" if told else name


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(part) for part in cast("tuple[Any, ...]", value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")
