"""What else could hurt, and what speaks for and against each; shown beside the probability, never mixed into it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nutation.criteria import JointView
from nutation.evaluation.answers import Alternative
from nutation.evaluation.mechanism import differential_tree
from nutation.evaluation.rules import EvidenceKey, Sign, keys, open_questions, reasons, sign
from nutation.evidence import Evidence, Mark
from nutation.facts import CATALOGUE


@dataclass(frozen=True, slots=True)
class Other:
    """Another source of the pain as the evidence has it."""

    id: str
    label: str
    speaks_for: tuple[Sign, ...]
    speaks_against: tuple[Sign, ...]
    share: float | None
    citation: tuple[str, ...]
    verified: Mark
    note: str


@lru_cache(maxsize=4)
def _others(key: EvidenceKey) -> tuple[Other, ...]:
    located = differential_tree(key.evidence)
    tree = cast("dict[str, Any]", located.plain)
    return tuple(_other(plain, key.evidence, located.file) for plain in tree["alternatives"])


def _other(plain: dict[str, Any], evidence: Evidence, file: str) -> Other:
    def signs(name: str) -> tuple[Sign, ...]:
        return tuple(sign(rule, CATALOGUE, file=file, item=plain["id"]) for rule in plain[name])

    share = plain.get("share")
    return Other(
        id=plain["id"],
        label=plain["label"],
        speaks_for=signs("for"),
        speaks_against=signs("against"),
        share=evidence.entry(share["entry"]).number(share.get("place", "")) if share else None,
        citation=keys(plain["citation"]),
        verified=plain["verified"],
        note=plain.get("note", ""),
    )


def differential(view: JointView, evidence: Evidence) -> tuple[Alternative, ...]:
    """The alternatives, those that something speaks for first; ``share`` is how often each was found in a series."""
    found = [_alternative(other, view) for other in _others(EvidenceKey(evidence))]
    order = ("for", "mixed", "not_asked", "against")
    return tuple(sorted(found, key=lambda alternative: order.index(alternative.state)))


def _alternative(other: Other, view: JointView) -> Alternative:
    speaks_for, against = reasons(other.speaks_for, view), reasons(other.speaks_against, view)
    return Alternative(
        id=other.id,
        label=other.label,
        state="mixed" if speaks_for and against else "for" if speaks_for else "against" if against else "not_asked",
        speaks_for=speaks_for,
        speaks_against=against,
        not_asked=open_questions((*other.speaks_for, *other.speaks_against), view),
        share=other.share,
        citation=other.citation,
        verified=other.verified,
        note=other.note,
    )
