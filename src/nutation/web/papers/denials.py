"""Why a payer denied: a closed list of reasons, the criteria each speaks of, and what would close the gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nutation.facts import CATALOGUE
from nutation.report.appeal import contested
from nutation.report.submission import joint_of, policy_of


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in words, and the topics of the criteria that it speaks of; none where no criterion is meant."""

    label: str
    topics: frozenset[str] = frozenset()


def _of(label: str, *topics: str) -> Reason:
    return Reason(label, frozenset(topics))


REASONS: Mapping[str, Reason] = {
    "duration": _of("the pain is not shown to have lasted long enough", "duration"),
    "severity": _of(
        "pain or loss of function is not shown to be severe enough", "pain", "function", "disability", "age"
    ),
    "site": _of("site or kind of the pain do not fit", "pain_site", "tender_elsewhere", "fortin", "joint"),
    "conservative_care": _of(
        "conservative care is not shown, too short, or not shown to have failed", "conservative_care",
        "physical_therapy", "medication", "therapeutic_injection", "activity_modification", "bracing",
        "complementary_care", "injection_limit",
    ),
    "examination": _of("the examination does not meet the policy", "examination", "fortin", "tender_elsewhere"),
    "blocks": _of(
        "the diagnostic injections do not meet the policy", "blocks", "block_duration", "block_movements",
    ),
    "imaging": _of(
        "images are missing, too old, or show something else", "imaging", "imaging_joint", "imaging_lumbar",
        "imaging_hip",
    ),
    "other_cause": _of(
        "another cause of the pain is not excluded", "diagnosis", "exclusion_other_cause", "exclusion_generalised_pain",
        "exclusion_inflammatory", "exclusion_infection", "exclusion_tumour", "exclusion_fracture", "exclusion_trauma",
        "exclusion_crystal", "exclusion_dysplasia", "exclusion_rest", "imaging_lumbar", "imaging_hip",
    ),
    "behaviour": _of(
        "a behavioural or substance disorder is not shown to be absent or managed", "exclusion_behavioural",
        "exclusion_substance", "exclusion_pain_behaviour",
    ),
    "risk": _of("nicotine or blood sugar do not meet the policy", "nicotine", "cotinine", "hba1c"),
    "operator": _of("the operator's qualification is not shown", "operator"),
    "both_sides": _of("both joints are asked for together", "both_sides"),
    "device": _of("the device or procedure is not covered"),
    "plan": _of("the patient's plan does not cover the service"),
    "formal": _of("something formal: a form, a code, a deadline"),
    "other": _of("another reason"),
}  # fmt: skip
"""Every reason by name. Each topic that a policy's criterion has belongs to one or more of them."""

LABELS: Mapping[str, str] = {name: reason.label for name, reason in REASONS.items()}


@dataclass(frozen=True, slots=True)
class Gap:
    """A criterion that a denial speaks of: how it stands today, and what to do about it."""

    number: int
    text: str
    required: bool
    documented: bool
    steps: tuple[tuple[str, str, str], ...]
    """What closes it: label, form, side (empty for the patient). The case's own next steps, then what is not known."""
    contrary: int
    """How many records speak against it."""


def gaps(document: Mapping[str, Any], policy_id: str, side: str, reason: str) -> list[Gap]:
    """The criteria that the reason speaks of, those not documented first. Raises InputError as a submission does."""
    policy = policy_of(joint_of(document, side), policy_id)
    found: list[Gap] = []
    for number in contested(policy, REASONS[reason].topics):
        one = policy["criteria"][number - 1]
        found.append(
            Gap(
                number=number, text=one["text"], required=one["required"],
                documented=one["as_documented"] == "true",
                steps=_steps(document, policy["id"], side, one), contrary=len(one["witnesses"]["against"]),
            )
        )  # fmt: skip
    return sorted(found, key=lambda gap: (gap.documented, not gap.required, gap.number))


def _steps(
    document: Mapping[str, Any], policy_id: str, side: str, criterion: Mapping[str, Any]
) -> tuple[tuple[str, str, str], ...]:
    """Steps of the one list that can make this criterion true, then questions of its gap that none of them asks."""
    changed: list[str] = []
    if criterion["as_documented"] != "true":
        # What makes the whole policy met makes each of its required criteria true.
        changed = [
            f"{policy_id}: {criterion['text']}",
            *([f"{policy_id} becomes met"] if criterion["required"] else ()),
        ]
    found: list[tuple[str, str, str]] = []
    for one in document["next"]:
        changes = [change for result in one["results"] for change in result["changes"]]
        asked = any(need["question"].rstrip("?.") in one["label"] for need in criterion["gap"] or ())
        if one["side"] in (None, side) and (asked or any(change.startswith(tuple(changed)) for change in changes)):
            found.append((one["label"], one["form"] or "", one["side"] or ""))
    for need in criterion["gap"] or ():
        if not any(need["question"].rstrip("?.") in label for label, _, _ in found):
            found.append((need["question"], _form_of(need["fact"]), side))
    return tuple(dict.fromkeys(found))


def _form_of(fact: str) -> str:
    """The form in which what a fact counts is entered; that a disease is not there is stated."""
    known = CATALOGUE.get(fact)
    kind = "" if known is None else known.expression.events.kind
    return "attestation" if kind == "diagnosis" else kind
