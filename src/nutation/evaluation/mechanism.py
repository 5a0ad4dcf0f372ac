"""Why this joint may hurt. Never multiplied with whether it is the source, nor with what a fusion would bring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nutation.criteria import JointView
from nutation.evaluation.answers import Gate, Mechanism, Reason
from nutation.evaluation.asking import truth, witnesses
from nutation.evaluation.gate import found_by_investigation
from nutation.evaluation.rules import EvidenceKey, Sign, reasons, sign
from nutation.evidence import Evidence, EvidenceError, Located
from nutation.facts import CATALOGUE

_AFTER_FUSION = ("nonunion", "loosening", "malposition")


@dataclass(frozen=True, slots=True)
class Kind:
    """A mechanism as the evidence has it; ``gate`` is the gate item that keeps it open."""

    id: str
    label: str
    leads_on: bool
    gate: str | None
    established: tuple[Sign, ...]


def differential_tree(evidence: Evidence) -> Located:
    """The differential file of the evidence. Raises EvidenceError where the set has none."""
    if evidence.differential is None:
        raise EvidenceError("the set has no differential.", file="differential.yaml", mend="add differential.yaml.")
    return evidence.differential


@lru_cache(maxsize=4)
def _kinds(key: EvidenceKey) -> tuple[Kind, ...]:
    located = differential_tree(key.evidence)
    tree = cast("dict[str, Any]", located.plain)
    return tuple(
        Kind(
            plain["id"],
            plain["label"],
            bool(plain["leads_on"]),
            plain.get("gate"),
            tuple(sign(rule, CATALOGUE, file=located.file, item=plain["id"]) for rule in plain["established"]),
        )
        for plain in tree["mechanisms"]
    )


def mechanism(view: JointView, gate: Gate, evidence: Evidence) -> Mechanism:
    """The first mechanism that is established, in the evidence's order; unknown while a graver one is open."""
    if truth(view, "joint_fused") is True:
        return _fused(view)
    states = {item.id: item.state for item in gate.items}
    addressed = {item.id for item in gate.items if item.addressed_by}
    kinds = _kinds(EvidenceKey(evidence))
    still_open = [kind for kind in kinds if kind.gate and states.get(kind.gate) in ("standing", "not_screened")]
    standing = [kind for kind in still_open if kind.gate and states.get(kind.gate) == "standing"]
    for kind in kinds:
        if kind.gate in addressed:
            continue
        found = (*_investigated(kind, view), *reasons(kind.established, view))
        if not found:
            continue
        if kind.leads_on and standing:
            break
        others = tuple(other.label for other in still_open if other is not kind)
        return _mechanism(kind, found, others)
    return Mechanism(
        "unknown",
        "Not known",
        False,
        (),
        tuple(kind.label for kind in still_open),
        "A graver cause stands open." if standing else "Nothing recorded names why the joint hurts.",
    )


def _investigated(kind: Kind, view: JointView) -> tuple[Reason, ...]:
    seen = found_by_investigation(kind.gate, view) if kind.gate else ()
    return (Reason("Found by an investigation", seen, ("GENERAL",), "unverified"),) if seen else ()


def _mechanism(kind: Kind, found: tuple[Reason, ...], still_open: tuple[str, ...]) -> Mechanism:
    return Mechanism(
        kind=cast("Any", kind.id),
        label=kind.label,
        leads_to_indication=kind.leads_on,
        reasons=found,
        also_open=still_open,
        basis="; ".join(reason.text for reason in found) + ".",
    )


def _fused(view: JointView) -> Mechanism:
    found = tuple(
        Reason(f"An image shows {name}", witnesses(view, "imaging_shows", finding=name), ("IJS23",), "verified")
        for name in _AFTER_FUSION
        if truth(view, "imaging_shows", finding=name) is True
    )
    return Mechanism(
        "unknown",
        "Fused joint",
        False,
        found,
        ("non-union", "loosening", "malposition", "infection", "the other joint"),
        "This joint was fused; what is recorded from before the operation does not speak of it any more.",
    )
