"""The findings that can be sought, as the evidence has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from nutation.evaluation.answers import GateItem, Stage
from nutation.evaluation.mechanism import differential_tree
from nutation.evaluation.rules import EvidenceKey, keys
from nutation.evidence import Evidence, Mark


@dataclass(frozen=True, slots=True)
class Ask:
    """A finding that can be sought, as the evidence has it."""

    id: str
    label: str
    stage: Stage
    rank: int
    burden: str
    form: str
    invasive: bool
    irradiating: bool
    needs: tuple[str, ...]
    not_while: tuple[str, ...]
    no_thigh_thrust: tuple[str, ...]
    about: tuple[str, ...]
    reason: str
    citation: tuple[str, ...]
    verified: Mark


@lru_cache(maxsize=4)
def _asks(key: EvidenceKey) -> dict[str, Ask]:
    tree = cast("dict[str, Any]", differential_tree(key.evidence).plain)
    return {
        plain["id"]: Ask(
            id=plain["id"],
            label=plain["label"],
            stage=plain["stage"],
            rank=int(plain["rank"]),
            burden=plain["burden"],
            form=plain["form"],
            invasive=bool(plain.get("invasive", False)),
            irradiating=bool(plain.get("irradiating", False)),
            needs=tuple(plain.get("needs", ())),
            not_while=tuple(plain.get("not_while", ())),
            no_thigh_thrust=tuple(plain.get("thigh_thrust_not_in", ())),
            about=tuple(plain.get("about", ())),
            reason=plain.get("reason", ""),
            citation=keys(plain["citation"]),
            verified=plain["verified"],
        )
        for plain in tree["findings"]
    }


def asks(evidence: Evidence) -> dict[str, Ask]:
    """Every finding that can be sought, by id."""
    return _asks(EvidenceKey(evidence))


def closing(item: GateItem) -> Ask:
    """What closes a standing item, or the question that a risk factor left open."""
    return Ask(
        id=f"close:{item.id}",
        label=item.closes,
        stage="safety",
        rank={"emergency": -4, "urgent": -3, "soon": 1, "routine": 2}[item.urgency],
        burden="document" if item.state == "not_screened" else "laboratory",
        form="gate_resolution",
        invasive=False,
        irradiating=False,
        needs=(),
        not_while=(),
        no_thigh_thrust=(),
        about=(item.id,),
        reason=f"{item.label}: {item.basis}. A clinician names the item, the investigation and its result.",
        citation=item.citation,
        verified=item.verified,
    )
