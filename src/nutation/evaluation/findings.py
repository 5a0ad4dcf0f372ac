"""From a joint's facts to the few values that the model reads, and what it leaves untouched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from nutation.criteria import JointView
from nutation.criteria.logic import Truth
from nutation.evaluation.answers import BlockAnswer, Untouched
from nutation.evaluation.asking import truth, value, witnesses
from nutation.evaluation.block_validity import read_block, technique
from nutation.evaluation.known import Findings
from nutation.evidence import Evidence
from nutation.record.occasions import Occasion

Laterality = Literal["this_side", "both_sides", "other_side", "not_known"]
_PAIN = ("onset", "pain_pattern", "pain_score")
_ACTS = ("examination", "injection")


@dataclass(frozen=True, slots=True)
class BatteryAnswer:
    """One battery at the joint: how many tests are positive (at least, at most) and what that makes it."""

    name: str
    tests: tuple[str, ...]
    at_least: int
    low: int
    high: int
    positive: Truth
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JointFindings:
    """What is known of one joint, with the witnesses of each part."""

    known: Findings
    batteries: tuple[BatteryAnswer, ...]
    centralisation_witnesses: tuple[str, ...]
    blocks: tuple[BlockAnswer, ...]
    untouched: tuple[Untouched, ...]
    laterality: Laterality
    fused: bool
    stale_since: date | None

    @property
    def battery(self) -> BatteryAnswer | None:
        """The battery that speaks: the first that is decided."""
        return next((battery for battery in self.batteries if battery.positive is not None), None)

    @property
    def valid_blocks(self) -> tuple[BlockAnswer, ...]:
        """Blocks that can be read and whose relief is known, in order."""
        return tuple(b for b in self.blocks if b.validity == "valid" and b.weight is not None)


def joint_findings(view: JointView, evidence: Evidence) -> JointFindings:
    """What is known of the view's joint at its day."""
    stale_since = last_fusion(view)
    within = None if stale_since is None else (view.as_of - stale_since).days
    batteries = _batteries(view, evidence, within)
    centralises = truth(view, "centralisation", within_days=within)
    blocks = _blocks(view, evidence, stale_since)
    known = Findings(next((b.positive for b in batteries if b.positive is not None), None), centralises)
    for block in blocks:
        if block.validity == "valid" and block.weight is not None:
            known = known.with_block(block.weight)
    return JointFindings(
        known=known,
        batteries=batteries,
        centralisation_witnesses=witnesses(view, "centralisation", within_days=within),
        blocks=blocks,
        untouched=tuple(_untouched(view, batteries, centralises, blocks, within)),
        laterality=laterality(view),
        fused=truth(view, "joint_fused") is True,
        stale_since=stale_since,
    )


def last_fusion(view: JointView) -> date | None:
    """The day on which either joint was last fused: findings from before it speak of another pelvis."""
    days = [
        operation.begins_by
        for joint in (view, view.other)
        for operation in joint.of_kind("operation")
        if operation.values.get("target") == "si_joint"
        and operation.modality == "actual"
        and operation.side_known
        and operation.begins_by is not None
        and operation.begins_by <= view.as_of
    ]
    return max(days, default=None)


def _batteries(view: JointView, evidence: Evidence, within: int | None) -> tuple[BatteryAnswer, ...]:
    entry = evidence.entry("latent_batteries")
    told = cast("dict[str, Any]", entry.value)
    at_least = int(entry.number("at_least"))
    found: list[BatteryAnswer] = []
    for name, tests in told.items():
        if not isinstance(tests, list):
            continue
        battery = tuple(str(test) for test in cast("list[Any]", tests))
        counted = value(view, "provocation_positive", battery=battery, within_days=within)
        low, high = int(counted.range.lo), int(counted.range.hi)
        positive = True if low >= at_least else False if high < at_least else None
        told_by = witnesses(view, "provocation_positive", battery=battery, within_days=within)
        found.append(BatteryAnswer(name, battery, at_least, low, high, positive, told_by))
    return tuple(found)


def _blocks(view: JointView, evidence: Evidence, stale_since: date | None) -> tuple[BlockAnswer, ...]:
    asked = technique(evidence)
    done = [
        o
        for o in view.of_kind("injection")
        if o.modality == "actual"
        and o.values.get("role") in ("diagnostic", "both")
        and o.happened_from is not None
        and o.happened_from <= view.as_of
        and (stale_since is None or (o.begins_by is not None and o.begins_by > stale_since))
    ]
    return tuple(read_block(o, asked) for o in sorted(done, key=lambda o: (str(o.happened_from), o.id)))


def _untouched(
    view: JointView,
    batteries: tuple[BatteryAnswer, ...],
    centralises: Truth,
    blocks: tuple[BlockAnswer, ...],
    within: int | None,
) -> Iterable[Untouched]:
    if all(battery.positive is None for battery in batteries):
        done = "; ".join(f"{b.name}: {b.low} to {b.high} of {len(b.tests)} positive" for b in batteries)
        yield Untouched("provocation battery", f"not decided ({done})", batteries[0].witnesses if batteries else ())
    if centralises is None:
        yield Untouched("centralisation", "not examined, or not known")
    for block in blocks:
        if block.validity == "uninterpretable":
            why = f"of {block.happened}, not interpretable: " + "; ".join(block.reasons)
            yield Untouched("block", why, block.witnesses)
        elif block.validity == "unknown":
            why = f"of {block.happened}, not known: " + "; ".join(block.missing)
            yield Untouched("block", why, block.witnesses)
    if not any(block.validity == "valid" for block in blocks):
        yield Untouched("blocks", "none that can be read")
    for fact, name, why in (
        ("fortin_positive", "pointing with one finger", "its study allows no sensitivity or specificity"),
        ("hip_screen_positive", "hip screen", "it speaks of the hip; no figure against blocks of this joint is held"),
    ):
        if truth(view, fact, within_days=within) is not None:
            yield Untouched(name, why, witnesses(view, fact, within_days=within))
    if any(truth(view, "imaging_shows", finding=finding) for finding in ("degeneration", "disruption")):
        yield Untouched("imaging of the joint", "frequent without pain; it names the mechanism, not the source")


def laterality(view: JointView) -> Laterality:
    """Whose side the pain is of, from statements that name a side; examined or injected sides where none does."""
    for kinds in (_PAIN, _ACTS):
        here, there = _sided(view, kinds), _sided(view.other, kinds)
        if shared := here & there:
            here, there = here - shared, there - shared
        if here and there:
            return "both_sides"
        if here or there:
            return "this_side" if here else "other_side"
        if shared and kinds is _PAIN and truth(view, "pain_unilateral") is False:
            return "both_sides"
    return "not_known"


def _sided(view: JointView, kinds: tuple[str, ...]) -> frozenset[str]:
    """Events of the kinds that tell of pain at this joint by name of its side."""
    return frozenset(
        event
        for kind in kinds
        for o in view.of_kind(kind)
        if o.joint == view.side and o.side_known and o.modality == "actual" and _begun(o, view.as_of) and _hurts(o)
        for event in o.events
    )


def _begun(occasion: Occasion, as_of: date) -> bool:
    return occasion.happened_from is None or occasion.happened_from <= as_of


def _hurts(occasion: Occasion) -> bool:
    return occasion.kind != "pain_score" or occasion.values.get("nrs") != 0
