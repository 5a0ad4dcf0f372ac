"""Who confirmed side and levels of a plan, and what is missing before an operation sheet may be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nutation.anatomy.source import Side, Source
from nutation.planning.plan import Plan


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
        return tuple(found)
    if confirmed.side != plan.side:
        found.append(f"The plan is for the {plan.side} side, and {confirmed.by} named the {confirmed.side} one.")
    open_levels = [level for level in levels_used(plan) if level not in confirmed.levels]
    if open_levels:
        found.append(f"No named person has stated the level {' and '.join(open_levels)}.")
    return tuple(found)
