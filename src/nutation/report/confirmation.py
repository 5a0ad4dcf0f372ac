"""Who confirmed side and levels of a plan, and what is missing before an operation sheet may be made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from nutation.anatomy.source import Side, Source
from nutation.planning.plan import Plan

_ASKS = ("a person has to confirm them.", "a person has to confirm the side.")
"""How warnings end that a person's word for side and levels answers (`planning.make_words`)."""

_TOLD_APART = frozenset({"S1", "S2"})
"""The levels that the software proposes."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A person's word for the side and for the levels, after looking at the pictures."""

    side: Side
    levels: frozenset[str]
    by: str
    on: date


def levels_used(plan: Plan) -> tuple[str, ...]:
    """The sacral levels that the plan's implants are planned in, as written ("S1", "S2"), in order."""
    return tuple(sorted({planned.level.upper() for planned in plan.implants if planned.level is not None}))


def outside_levels(plan: Plan) -> tuple[str, ...]:
    """The positions of implants that end in no level that was told apart, while others do: in S3, say."""
    if not levels_used(plan):
        return ()
    return tuple(planned.position for planned in plan.implants if planned.level is None)


def missing(
    plan: Plan, source: Source, confirmed: Confirmation | None, *, rough_bones: bool = False
) -> tuple[str, ...]:
    """What keeps an operation sheet from being made, in sentences; empty where it may be made.

    `rough_bones`: the bones were found in the CT by Nutation's own segmentation, which is a first look only.
    """
    found: list[str] = []
    if rough_bones:
        found.append("The bones were found in the CT without labels: too coarse to operate by. Give their label map.")
    if plan.verdict != "planned":
        found.append("There is no plan within the limit: what is shown here is not to be carried out.")
    elif not levels_used(plan):
        found.append("The levels of the implants were not told apart, so nobody can have looked at them.")
    if confirmed is None or not confirmed.by.strip():
        found.append(f"No named person has stated that the side is the {plan.side} one.")
        if source.orientation == "unverified":
            found.append("The input does not say which side is left: look at the image it was made from.")
        if levels_used(plan):
            found.append(f"No named person has stated the levels {' and '.join(levels_used(plan))}.")
        found.extend(_outside(plan))
        return tuple(found)
    if confirmed.side != plan.side:
        found.append(f"The plan is for the {plan.side} side, and {confirmed.by} named the {confirmed.side} one.")
    open_levels = [level for level in levels_used(plan) if level not in confirmed.levels]
    if open_levels:
        found.append(f"No named person has stated the level {' and '.join(open_levels)}.")
    # A level that was told apart says nothing of an implant elsewhere: a person has to have seen where that one ends.
    if not confirmed.levels - _TOLD_APART:
        found.extend(_outside(plan))
    return tuple(found)


def _outside(plan: Plan) -> list[str]:
    return [
        f"The {position.replace('_', ' ')} implant ends outside S1 and S2 as proposed: look where, and state "
        "that level too (S3)."
        for position in outside_levels(plan)
    ]


def still_open(warnings: Iterable[str], *, settled: bool) -> list[str]:
    """The warnings that stand: those that ask for a person's word fall away where it was given (`settled`)."""
    return [text for text in warnings if not (settled and text.endswith(_ASKS))]
