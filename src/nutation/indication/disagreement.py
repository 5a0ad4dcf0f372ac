"""Where rule sets disagree on this patient: which, on what, and what each of them asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nutation.evidence import Mark
from nutation.indication.verdict import CriterionAnswer, PolicyAnswer

_REFUSES_DEVICE = ("not_this_device", "not_covered")


@dataclass(frozen=True, slots=True)
class Position:
    """What one rule set asks on a topic, and whether this patient fulfils it."""

    policy: str
    version: str
    criterion: str
    asks: str
    holds: bool
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A topic on which rule sets come out differently for this patient.

    ``silent`` names rule sets that do not fail on it because they do not ask for it.
    """

    topic: str
    holds: tuple[Position, ...]
    fails: tuple[Position, ...]
    silent: tuple[str, ...]

    @property
    def text(self) -> str:
        """The disagreement in one line, with what each side asks."""
        parts = [f"{p.policy} does not hold: {p.asks}" for p in self.fails]
        parts += [f"{p.policy} holds: {p.asks}" for p in self.holds]
        if self.silent:
            parts.append(f"{', '.join(self.silent)} {'do' if len(self.silent) > 1 else 'does'} not ask for it.")
        return " ".join(part if part.endswith(".") else f"{part}." for part in parts)

    def plain(self) -> dict[str, Any]:
        """The disagreement as plain data."""
        return {
            "topic": self.topic,
            "text": self.text,
            "holds": [_plain(p) for p in self.holds],
            "fails": [_plain(p) for p in self.fails],
            "silent": list(self.silent),
        }


def disagreements(answers: Iterable[PolicyAnswer]) -> tuple[Disagreement, ...]:
    """Topics on which one rule set fails and another does not, the device first.

    Rules for the injection alone, and rule sets that do not speak of this patient (another plan's, one that is
    not in force, a situation left out), take no part.
    """
    heard = [
        a
        for a in answers
        if a.kind != "injection" and a.plan != "other" and a.applicability not in ("not_in_force", "not_in_scope")
    ]
    found: list[Disagreement] = []
    device = _on_device(heard)
    if device is not None:
        found.append(device)
    judged = [a for a in heard if a.applicability not in _REFUSES_DEVICE]
    topics = dict.fromkeys(c.topic for a in judged for c in a.criteria if c.required)
    found.extend(d for topic in topics if (d := _on_topic(topic, judged)) is not None)
    return tuple(found)


def _on_device(answers: list[PolicyAnswer]) -> Disagreement | None:
    def position(a: PolicyAnswer, holds: bool) -> Position:
        asks = a.applicability_reason if not holds else f"it speaks of {a.procedure}."
        return Position(a.id, a.version, "device", asks, holds, a.citation, a.basis)

    refusing = tuple(position(a, False) for a in answers if a.applicability in _REFUSES_DEVICE)
    speaking = tuple(position(a, True) for a in answers if a.applicability not in _REFUSES_DEVICE)
    return Disagreement("device", speaking, refusing, ()) if refusing and speaking else None


def _on_topic(topic: str, answers: list[PolicyAnswer]) -> Disagreement | None:
    holds: list[Position] = []
    fails: list[Position] = []
    silent: list[str] = []
    for answer in answers:
        asked = [c for c in answer.criteria if c.topic == topic and c.required]
        failing = [c for c in asked if c.answer.truth is False]
        if failing:
            fails.extend(_position(answer, c) for c in failing)
        elif asked and all(c.answer.truth is True for c in asked):
            holds.extend(_position(answer, c) for c in asked)
        elif not asked and answer.criteria:
            silent.append(answer.id)
    if not fails or not (holds or silent):
        return None
    return Disagreement(topic, tuple(holds), tuple(fails), tuple(silent))


def _position(answer: PolicyAnswer, criterion: CriterionAnswer) -> Position:
    return Position(
        answer.id,
        answer.version,
        criterion.id,
        criterion.text,
        criterion.answer.truth is True,
        criterion.citation,
        criterion.verified,
    )


def _plain(position: Position) -> dict[str, Any]:
    return {
        "policy": position.policy,
        "version": position.version,
        "criterion": position.criterion,
        "asks": position.asks,
        "citation": list(position.citation),
        "verified": position.verified,
    }
