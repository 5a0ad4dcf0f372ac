"""What a finding's result would change among the policies: the result is added to the record and all is asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from nutation.criteria import JointView
from nutation.indication import Policy, PolicyAnswer, Setting, judge
from nutation.record.head import Event
from nutation.record.kinds import KINDS, PROVOCATION_TESTS
from nutation.record.occasions import occasions
from nutation.record.record import Record
from nutation.record.standing import standing

_BLOCK: dict[str, Any] = {
    "role": "diagnostic", "target": "intra_articular", "guidance": "fluoroscopy", "contrast": "intra_articular",
    "volume_ml": 1.0, "anaesthetic": "bupivacaine", "steroid": False, "sedation": "none",
    "other_injections_that_day": False, "familiar_pain_before": True, "score_before": 10.0, "scored_side_pain": True,
    "same_movement": True, "scored_after_hours": 0.5, "relief_hours": 24.0,
}  # fmt: skip
"""A block that every rule can read; its result is the extreme, so that what changes is what could change at all."""


Results = Mapping[str, tuple[str, Mapping[str, Any]]]
_OF_A_BLOCK: Results = {
    "positive": ("injection", {**_BLOCK, "score_after": 0.0}),
    "negative": ("injection", {**_BLOCK, "score_after": 10.0}),
}
_OF_A_BATTERY: Results = {
    result: ("examination", dict.fromkeys((*PROVOCATION_TESTS, "fortin_finger"), result))
    for result in ("positive", "negative")
}
RESULTS: Mapping[str, Results] = {
    "first_block": _OF_A_BLOCK,
    "second_block": _OF_A_BLOCK,
    "provocation_battery": _OF_A_BATTERY,
}
"""Finding → result → the event that would tell of it."""

Changes = dict[str, dict[str, tuple[str, ...]]]


def changes(
    record: Record,
    view: JointView,
    known_by: datetime | None,
    asked: Sequence[Policy],
    planned: Setting,
    now: Sequence[PolicyAnswer],
    findings: Iterable[str],
) -> Changes:
    """For each of the findings and its results: what it would change among the policies that may be the patient's."""
    before = {answer.id: answer for answer in now}
    relevant = [policy for policy in asked if before[policy.id].plan != "other"]
    seen = standing(record.events, known_by)
    found: Changes = {}
    for finding in findings:
        for result, (kind, values) in RESULTS.get(finding, {}).items():
            told = _event(record.patient, view, finding, kind, values)
            after = JointView(occasions((*seen, told)), view.side, view.as_of)
            answers = [judge(policy, after, planned=planned, unmapped=record.unmapped) for policy in relevant]
            texts = tuple(text for answer in answers for text in _differs(before[answer.id], answer))
            found.setdefault(finding, {})[result] = texts
    return found


def _event(patient: str, view: JointView, finding: str, kind: str, values: Mapping[str, Any]) -> Event:
    head = {
        "id": f"what-if-{finding}", "patient": patient, "side": view.side, "happened": view.as_of,
        "recorded_at": datetime.combine(view.as_of, time(), UTC), "source": {"system": "what if"},
        "encounter": "what if", "author": "what if",
    }  # fmt: skip
    return KINDS[kind].model_validate({**head, **values})


def _differs(before: PolicyAnswer, after: PolicyAnswer) -> list[str]:
    """What a result changes: the verdict, or criteria that are settled by it."""
    if before.verdict != after.verdict:
        return [f"{before.id} becomes {after.verdict.replace('_', ' ')}"]
    settled = [
        f"{before.id}: {new.topic.replace('_', ' ')} becomes {new.state}"
        for old, new in zip(before.criteria, after.criteria, strict=True)
        if old.state != new.state and new.state != "unknown"
    ]
    return settled[:1]
