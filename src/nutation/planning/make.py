"""From a pelvis to a plan: boundary, construct, margin, and everything that the plan must say beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nutation.anatomy.implants import Construct, Size
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.source import Side
from nutation.evidence import Evidence, load
from nutation.planning.approaches import Approach, approach_of
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.catalogue import Catalogue, packaged_catalogue
from nutation.planning.clearance import clearance
from nutation.planning.construct import Found, choose
from nutation.planning.construct_corridor import along_corridors
from nutation.planning.construct_way import POSITIONS, way_across
from nutation.planning.corridors import search
from nutation.planning.execution import ErrorModel, draw, error_model, readings
from nutation.planning.level_told import level_told
from nutation.planning.make_words import (
    basis_of,
    bridging,
    exceeding,
    implant_warnings,
    near_each_other,
    not_seen,
    off_level,
    standing_warnings,
)
from nutation.planning.margin import SIMULATIONS, executed, margins_of, together
from nutation.planning.margin_envelope import envelope
from nutation.planning.margin_fields import Fields, bone_fields, fields_of
from nutation.planning.margin_limit import GradedScrew, Limit, limit_of, zwingmann_check
from nutation.planning.plan import Corridor, Plan, PlannedImplant
from nutation.planning.preferences import Preferences, preferences
from nutation.planning.purchase import purchase
from nutation.record.errors import InputError

# Where no construct keeps the limit at the usual weights, it is looked for once more with margin weighed so much more.
MARGIN_FIRST = 4
# Constructs that differ by less are one to a surgeon, who does not place an implant more exactly.
TOLD_MM = 4.0
# Of such a construct the implants that lie elsewhere by this are named.
TOLD_FROM_MM = 1.0
# Executions simulated for each other reading of the error: its share errs by 0.01.
READING_TRIALS = 1500


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan with what it was made on: the boundary for pictures and edits, distances to bone for margins."""

    plan: Plan
    boundary: Boundary | None
    bone: Fields | None
    error: ErrorModel
    limit: Limit
    graded: GradedScrew | None = None


def make_plan(
    pelvis: Pelvis,
    side: Side,
    *,
    approach: str = "lateral",
    sizes: tuple[Size, ...] | None = None,
    error: ErrorModel | str | Path = "fluoroscopy",
    limit: float | None = None,
    count: int | None = None,
    seed: int = 0,
    catalogue: Catalogue | None = None,
    simulations: int = SIMULATIONS,
    evidence: Evidence | None = None,
) -> PlanMade:
    """The plan for one joint: the construct with the most left of it when it is carried out with the error.

    `sizes` share a section and diameter; without them the catalogue's for this approach. `count` 1 to 3; without it
    the approach's usual number, and fewer where that does not keep the limit. The same input, options and seed give the
    same plan. Raises InputError for options that do not fit; a joint without a plan is an answer, not an error.
    """
    held = evidence or load()
    way = approach_of(approach)
    shelf = catalogue or packaged_catalogue(held)
    chosen = _one_kind(sizes or shelf.for_approach(way.id))
    model = error if isinstance(error, ErrorModel) else error_model(error, evidence=held)
    bound = limit_of(limit, held)
    counts = _counts(way, count)
    if side not in pelvis.joints:
        raise InputError(f"the {side} sacroiliac joint is not in the image.", mend="give an image that shows it.")
    cautions = (*shelf.cautions_for(chosen), *model.warnings)
    bridged = bridging(pelvis, side, held)
    if bridged.refuses:
        return PlanMade(
            _no_plan(side, way, bridged.in_words, model, bound, (*standing_warnings(pelvis, side, held), *cautions)),
            None, None, model, bound,
        )  # fmt: skip
    boundary = forbidden_boundary(pelvis, side, way)
    bone = bone_fields(boundary)
    wanted = preferences(held, bound.share, way.least_depth_mm)
    offered, tried = _offers(boundary, bone, pelvis, side, chosen, model, wanted, counts, seed, simulations)
    warnings = [
        *standing_warnings(pelvis, side, held), *bridged.warnings, *not_seen(boundary.unknown, boundary.restrictions),
        *cautions, *tried,
    ]  # fmt: skip
    corridors = _corridors(pelvis, boundary, way, chosen)
    graded = None
    if way.id == "lateral":
        graded = zwingmann_check(boundary, bone, pelvis, model, seed=seed, evidence=held)
    basis = basis_of(pelvis, way, model, bound, wanted, graded, simulations, held)
    if not offered:
        plan = _no_plan(
            side, way, f"no line by this approach takes even the shortest {chosen[0].system} of "
            f"{chosen[0].diameter_mm:g} mm with its clearance kept", model, bound, tuple(warnings), corridors, basis,
        )  # fmt: skip
        return PlanMade(plan, boundary, bone, model, bound, graded)
    best = offered[0]
    planned, numbers = _told(boundary, bone, pelvis, side, best, model, bound, simulations, seed, held)
    over = exceeding(planned, bound)
    warnings += [*near_each_other(_spacing(best), held), *off_level(planned, way), *_like_worth(offered)]
    plan = Plan(
        side, way.id, "no_plan_within_limit" if over else "planned", over, planned, _spacing(best), corridors,
        model.in_words, bound.in_words, basis, tuple(dict.fromkeys(warnings)),
        tuple(Construct(side, way.id, other.implants) for other in offered[1:4]), numbers,
    )  # fmt: skip
    return PlanMade(plan, boundary, bone, model, bound, graded)


def _offers(
    boundary: Boundary, bone: Fields, pelvis: Pelvis, side: Side, sizes: tuple[Size, ...], model: ErrorModel,
    wanted: Preferences, counts: tuple[int, ...], seed: int, simulations: int,
) -> tuple[tuple[Found, ...], list[str]]:  # fmt: skip
    """Constructs of the first number of implants that keeps the limit, else of the first that is offered at all."""
    way = boundary.approach
    if way.implants == 1:
        single = along_corridors(boundary, bone, pelvis, sizes, model, wanted, seed=seed, simulations=simulations)
        return single, []
    first: tuple[Found, ...] = ()
    said: list[str] = []
    for number in counts:
        lines = way_across(pelvis, side, way, number)
        offered: tuple[Found, ...] = ()
        for heavier in (1, MARGIN_FIRST):
            weighed = replace(wanted, per_percent=heavier * wanted.per_percent)
            found = choose(
                bone, pelvis, lines, sizes, model, weighed, seed=seed, simulations=simulations,
                judge=lambda implant: clearance(boundary, implant).least_mm,
            )  # fmt: skip
            if found and found[0].within:
                if heavier > 1:
                    said.append(
                        f"Margin was weighed {heavier} times as much: at the usual weights nothing kept the limit."
                    )
                if number < counts[0]:
                    said.append(f"{number} implants are planned; fewer hold the joint less (evidence: implant_count).")
                return found, [*lines.warnings, *said]
            offered = min((offered, found), key=_worst) if offered and found else offered or found
        what = "no construct keeps the limit" if offered else "no construct finds room"
        said += [f"{number} implant{'s' if number > 1 else ''}: {what}.", *lines.warnings]
        first = first or offered
    return first, said


def _like_worth(offered: tuple[Found, ...]) -> list[str]:
    """Which other constructs are worth as much as the planned one, as far as the simulation can tell."""
    best = offered[0]
    said: list[str] = []
    for number, other in enumerate(offered[1:4], start=1):
        apart = best.apart_mm(other) if len(other.implants) == len(best.implants) else np.zeros(1)
        error = float(np.hypot(best.worth_error, other.worth_error))
        if other.within != best.within or best.worth - other.worth >= error or apart.max() < TOLD_MM:
            continue
        ends = ", ".join(
            f"{name} {one.size.length_mm:g} mm long, up to {mm:.0f} mm away"
            for name, one, mm in zip(POSITIONS[len(best.implants)], other.implants, apart, strict=True)
            if mm >= TOLD_FROM_MM
        )
        told = f"Alternative {number} is worth as much as this construct, within the simulation's error ({ends})"
        said.append(f"{told}: a small change of the input may exchange the two. A person chooses.")
    return said


def _worst(offered: tuple[Found, ...]) -> float:
    """The largest share over the limit's grade in the best of the constructs offered."""
    return max(offered[0].over_grade)


def _told(
    boundary: Boundary, bone: Fields, pelvis: Pelvis, side: Side, found: Found, model: ErrorModel, bound: Limit,
    simulations: int, seed: int, held: Evidence,
) -> tuple[tuple[PlannedImplant, ...], dict[str, float]]:  # fmt: skip
    """Everything said of each implant, and of them together."""
    count = len(found.implants)
    depth, missed = executed(bone, pelvis, found.implants, draw(model, count, simulations, seed))
    judged = margins_of(bone, depth, missed)
    around = fields_of(boundary)
    planned: list[PlannedImplant] = []
    numbers: dict[str, float] = {f"construct_{name}": share for name, share in together(depth, missed).items()}
    for i, implant in enumerate(found.implants):
        free = envelope(around, implant)
        numbers[f"tilt_envelope_{i + 1}_deg"] = free.tilt_deg
        numbers[f"deeper_envelope_{i + 1}_mm"] = free.deeper_mm
        kept = clearance(boundary, implant)
        planned.append(
            PlannedImplant(
                POSITIONS[count][i], level_told(pelvis, boundary.approach, implant), implant, kept,
                purchase(pelvis, side, implant), judged[i], free.shift_mm, implant_warnings(kept, held),
            )
        )  # fmt: skip
    for name, other in readings(model, held).items():
        there, off = executed(bone, pelvis, found.implants, draw(other, count, READING_TRIALS, seed))
        numbers[f"reading_{name}_construct_over_2mm"] = together(there, off)["over_2mm"]
        numbers[f"reading_{name}_worst_over_2mm"] = float((there.max(axis=2) > bound.grade_mm).mean(axis=0).max())
    return tuple(planned), numbers


def _one_kind(sizes: tuple[Size, ...]) -> tuple[Size, ...]:
    kinds = {(size.section, size.diameter_mm) for size in sizes}
    if not sizes or len(kinds) != 1:
        raise InputError(
            "the sizes to choose from differ in section or diameter.", mend="name one system and one diameter."
        )
    return tuple(sorted(sizes, key=lambda size: size.length_mm))


def _counts(way: Approach, count: int | None) -> tuple[int, ...]:
    if count is not None:
        if not 1 <= count <= max(way.implants, 1):
            raise InputError(
                f"{count} implants are not planned by the approach {way.id!r}.", mend=f"ask for 1 to {way.implants}."
            )
        return (count,)
    return tuple(range(way.implants, 1, -1)) or (1,)


def _spacing(found: Found) -> tuple[float, ...]:
    return tuple(float(one) for one in np.linalg.norm(np.diff(found.crossings_mm, axis=0), axis=1))


def _corridors(pelvis: Pelvis, boundary: Boundary, way: Approach, sizes: tuple[Size, ...]) -> dict[str, Corridor]:
    """The widest corridor of each level for this approach, if one takes the implant's width."""
    found: dict[str, Corridor] = {}
    levels: tuple[Level, ...] = ("s1", "s2")
    for level in levels:
        if level in pelvis.levels.bands and level in way.levels:
            wide = search(pelvis, boundary, way, level, min_diameter_mm=sizes[0].diameter_mm, through=boundary.through)
            if wide:
                found[level] = wide[0]
    return found


def _no_plan(
    side: Side, way: Approach, reason: str, model: ErrorModel, bound: Limit, warnings: tuple[str, ...],
    corridors: Mapping[str, Corridor] | None = None, basis: tuple[str, ...] = (),
) -> Plan:  # fmt: skip
    return Plan(
        side, way.id, "no_plan_within_limit", reason, (), (), dict(corridors or {}), model.in_words, bound.in_words,
        basis, tuple(dict.fromkeys(warnings)),
    )  # fmt: skip
