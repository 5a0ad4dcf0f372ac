"""The case as one plain JSON document: what ``nutation case --json`` prints and every report is made from."""

from __future__ import annotations

from typing import Any

from nutation.case.answer import Case, JointAnswer, NextStep
from nutation.case.telling import told_events
from nutation.evaluation import plain
from nutation.evidence import MARK_WORDS, Evidence, load
from nutation.indication import Disagreement
from nutation.indication import plain as plain_policy

NOTICE = (
    "Decision support in research mode: every answer shows its basis and what is missing. It supports a clinician's "
    "judgement, does not replace it, and is not for unsupervised clinical use."
)


def document(case: Case, evidence: Evidence | None = None) -> dict[str, Any]:
    """The case as plain data with the keys that DESIGN names; ids of events and sources resolve within it."""
    evidence = evidence or load()
    told = {
        "notice": NOTICE,
        "mode": "research",
        "patient": case.record.patient,
        "label": case.record.label,
        "as_of": case.as_of.isoformat(),
        "known_by": case.known_by.isoformat() if case.known_by is not None else None,
        "laterality": case.laterality,
        "recommendation": {
            "action": case.recommendation.action,
            "side": case.recommendation.side,
            "reason": case.recommendation.reason,
            "basis": list(case.recommendation.basis),
        },
        "joints": [_joint(joint) for joint in case.joints],
        "next": [_step(step) for step in case.next],
        "unmapped": [plain(item) for item in case.record.unmapped],
        "warnings": list(case.warnings),
        "versions": dict(case.versions),
        "events": told_events(case.record, case.known_by),
    }
    return told | {"sources": _sources(told, evidence), "marks": dict(MARK_WORDS)}


def _joint(joint: JointAnswer) -> dict[str, Any]:
    return {
        "side": joint.side,
        "gate": plain(joint.gate),
        "evaluation": plain(joint.evaluation),
        "indication": {
            "device": joint.device,
            "policies": [plain_policy(policy) for policy in joint.policies],
            "disagreements": [_disagreement(found) for found in joint.disagreements],
        },
        "fused": joint.fused,
        "withheld": [plain(item) for item in joint.withheld],
    }


def _disagreement(found: Disagreement) -> dict[str, Any]:
    return plain(found)


def _step(step: NextStep) -> dict[str, Any]:
    told = plain(step)
    told["moves"] = {
        "probability": "diagnosis" in step.purpose,
        "gate": list(step.gate_items),
        "policies": list(step.policies),
    }
    return told


def _sources(told: Any, evidence: Evidence) -> dict[str, dict[str, Any]]:
    """The sources that the document cites, resolved."""
    keys: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():  # pyright: ignore[reportUnknownVariableType]
                if key == "citation":
                    keys.update([value] if isinstance(value, str) else value)  # pyright: ignore
                else:
                    walk(value)
        elif isinstance(node, list):
            for part in node:  # pyright: ignore[reportUnknownVariableType]
                walk(part)

    walk(told)
    return {
        key: {"citation": source.citation, "link": source.link}
        for key in sorted(keys)
        if (source := evidence.sources.get(key)) is not None
    }
