"""Rules of the gate and of the differential, read from the evidence once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nutation.criteria import Criterion, Fact, JointView, RuleError, evaluate, parse_rule
from nutation.evaluation.answers import Reason
from nutation.evidence import Evidence, EvidenceError, Mark


class EvidenceKey:
    """Evidence as a key of a cache: two readings of the same files are the same."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    def __hash__(self) -> int:
        return hash(self.evidence.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EvidenceKey) and other.evidence.digest == self.evidence.digest


@dataclass(frozen=True, slots=True)
class Sign:
    """A rule with the words that are said when it holds, and its source."""

    text: str
    criterion: Criterion
    citation: tuple[str, ...]
    verified: Mark


def bound(plain: Any, facts: Mapping[str, Fact], *, file: str, item: str) -> Criterion:
    """The criterion that a rule describes. Raises EvidenceError naming file, item and mend."""
    try:
        return parse_rule(plain, facts)
    except RuleError as error:
        first = error.problems[0]
        place = ".".join(map(str, first.place))
        raise EvidenceError(first.problem, file=file, place=f"item {item}, {place}", mend=first.mend) from None


def keys(citation: Any) -> tuple[str, ...]:
    """The source keys of a ``citation`` field: one key, or a list of keys."""
    return (citation,) if isinstance(citation, str) else tuple(citation)


def sign(plain: Mapping[str, Any], facts: Mapping[str, Fact], *, file: str, item: str) -> Sign:
    """A rule with its words and source."""
    criterion = bound(plain["rule"], facts, file=file, item=item)
    return Sign(plain["text"], criterion, keys(plain["citation"]), plain["verified"])


def reasons(signs: tuple[Sign, ...], view: JointView) -> tuple[Reason, ...]:
    """The signs that hold at the joint, with their witnesses."""
    found: list[Reason] = []
    for one in signs:
        answer = evaluate(one.criterion, view)
        if answer.truth is True:
            found.append(Reason(one.text, answer.witnesses.for_, one.citation, one.verified))
    return tuple(found)


def open_questions(signs: tuple[Sign, ...], view: JointView) -> tuple[str, ...]:
    """What would have to be asked to decide the signs that are not decided."""
    return tuple(
        dict.fromkeys(
            leaf.test.fact.question
            for one in signs
            if (answer := evaluate(one.criterion, view)).truth is None
            for leaf in answer.leaves
            if leaf.truth is None
        )
    )
