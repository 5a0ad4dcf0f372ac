"""A plan in words, section by section, as plain data: the page, the PDF and the terminal print the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nutation.anatomy.pelvis import Pelvis
from nutation.evidence import MARK_WORDS, Evidence, load
from nutation.planning.pictures import Picture as Drawn
from nutation.planning.plan import STRUCTURES, Plan, PlannedImplant, Structure
from nutation.report import plan_numbers, plan_words, words
from nutation.report.confirmation import Confirmation, levels_used, missing, outside_levels, still_open

Plain = dict[str, Any]

_LONGEST_VALUE = 160
"""An entry whose figures take more signs than this is named alone; `nutation evidence ID` shows it."""
_FUSED_UNKNOWN = ("bridging of the joint was not judged.", "whether bone bridges it, are not known.")
"""How warnings end that say so (`planning.make_words`)."""
_WORTH_A_LINE = 0.0025
"""A structure that fewer simulated executions than this reach is left out of the table by structure."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a plan as pages show it.

    `group` is where it stands: "levels", "margin", "view <id>", or a name of its own, under which slices are shown.
    """

    name: str
    group: str
    title: str
    caption: str
    alt: str
    png: bytes
    notes: tuple[str, ...] = ()


def pictures_of(drawn: Iterable[Drawn], plan: Plan) -> tuple[Picture, ...]:
    """The plan's pictures (``planning.pictures.plan_pictures``) with the places where pages show them."""
    return tuple(Picture(p.name, _group(p.name, plan), p.title, "", p.alt, p.png) for p in drawn)


def _group(name: str, plan: Plan) -> str:
    kind, _, rest = name.partition("-")
    if kind == "implant" and rest.isdigit() and int(rest) <= len(plan.implants):
        return f"{rest}. {plan_words.place(plan.implants[int(rest) - 1])}"
    if kind == "view":
        return f"view {rest.replace('-', '_')}"
    return {"levels": "levels", "margins": "margin"}.get(name, words.sentence(words.said(name)))


def told(
    plan: Plan,
    pelvis: Pelvis,
    *,
    made_on: date,
    confirmed: Confirmation | None = None,
    record: Plain | None = None,
    views: Sequence[Plain] = (),
    seed: int | None = None,
    rough_bones: bool = False,
    warnings: Iterable[str] = (),
) -> Plain:
    """Everything that a reader sees of a plan but the pictures."""
    source, evidence = pelvis.source, load()
    named = str(record["label"]) if record is not None else ""
    structures = _structures(plan)
    basis = [_basis(name, evidence) for name in _entries(plan, evidence)]
    lacking = missing(plan, source, confirmed, rough_bones=rough_bones)
    said = _once([*plan.warnings, *pelvis.warnings, *source.warnings, *pelvis.levels.warnings, *warnings])
    return {
        "title": f"Plan for the {plan.side} sacroiliac joint",
        "notice": plan_words.NOTICE,
        "line": plan_words.line(source, plan.side, named),
        "identity": _identity(plan, pelvis, made_on, named),
        "record": record,
        "answer": {
            # What rough outlines allow is no plan, whatever the search found in them.
            "verdict": "first_look" if rough_bones else plan.verdict,
            "said": plan_words.FIRST_LOOK if rough_bones else plan_words.VERDICT[plan.verdict],
            "reason": plan_words.FIRST_LOOK_REASON if rough_bones else plan_words.reason(plan),
            "facts": _glance(plan, pelvis),
        },
        "sheet": {
            "missing": list(lacking),
            "stated": f"{confirmed.by}, {words.day(confirmed.on)}" if confirmed is not None else "",
        },
        "structures": [STRUCTURES[name] for name in structures],
        "implants": [_implant(n, planned, plan, pelvis, structures) for n, planned in enumerate(plan.implants, 1)],
        "spacing": [plan_words.mm(gap) for gap in plan.spacing_mm],
        "error": plan.error,
        "limit": plan.limit,
        "corridors": [
            {
                "name": plan_words.position(name),
                "diameter": plan_words.mm(corridor.diameter_mm),
                "length": plan_words.mm(corridor.length_mm),
                "nearest": STRUCTURES[corridor.nearest],
                "through": "to the other side" if corridor.through else "ends in the sacrum",
            }
            for name, corridor in plan.corridors.items()
        ],
        "levels": [
            {"name": name.upper(), "basis": band.basis, "used": name.upper() in levels_used(plan)}
            for name, band in pelvis.levels.bands.items()
        ],
        "joint": _joint(plan, pelvis),
        "views": list(views),
        "construct": plan_numbers.construct(plan),
        "readings": plan_numbers.readings(plan),
        "numbers": plan_numbers.others(plan),
        "rests_on": list(plan.basis),
        "warnings": still_open(said, settled=confirmed is not None and not lacking),
        "basis": basis,
        "sources": {
            key: {"citation": evidence.source(key).citation, "link": evidence.source(key).link}
            for key in _cited(basis, views)
        },
        "marks": {mark: MARK_WORDS[mark] for mark in dict.fromkeys(row["mark"] for row in basis) if mark},
        "versions": _versions(evidence, seed),
    }


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _structures(plan: Plan) -> list[Structure]:
    """The structures that any implant has a clearance to, or that are unknown, in the order of the list of all."""
    met = {name for p in plan.implants for name in (*p.clearance.by_structure_mm, *p.clearance.unknown)}
    return [name for name in STRUCTURES if name in met]


def _identity(plan: Plan, pelvis: Pelvis, made_on: date, named: str) -> list[dict[str, str]]:
    source = pelvis.source
    rows = {
        "Patient": plan_words.who(source, named),
        "Identifier": source.patient_id or "none in the input",
        "Born": words.day(source.birth_date) if source.birth_date else "not in the input",
        "Side": plan_words.SIDE[plan.side],
        "Image": plan_words.image(source),
        "Left and right": plan_words.ORIENTATION[source.orientation],
        "Approach": plan_words.approach(plan.approach),
        "Planned on": words.day(made_on),
    }
    return [{"what": what, "said": said} for what, said in rows.items()]


def _glance(plan: Plan, pelvis: Pelvis) -> list[dict[str, str]]:
    """The answer in a few figures: the least clearance, the largest share of breaches, the spacing."""
    if not plan.implants:
        return []
    least = min(plan.implants, key=lambda p: p.clearance.least_mm)
    worst = max(plan.implants, key=lambda p: p.margin.overall.over_2mm)
    rows = {
        "Implants": f"{len(plan.implants)}, {plan_words.approach(plan.approach)}",
        "Levels": _levels(plan),
        "Least clearance": f"{plan_words.mm(least.clearance.least_mm)} to the {STRUCTURES[least.clearance.nearest]} "
        f"({plan_words.place(least)})",
        "Breach over 2 mm under execution error": f"{plan_words.breach(worst.margin.overall)[1]} at most "
        f"({plan_words.place(worst)})",
        "Between axes": " and ".join(plan_words.mm(gap) for gap in plan.spacing_mm) or "one implant",
    }
    unseen = [STRUCTURES[name] for name in _unseen(plan)]
    if pelvis.hu is None or any(text.endswith(_FUSED_UNKNOWN) for text in plan.warnings):
        unseen.append("whether the joint is fused already")
    if unseen:
        rows["Not shown by the input, so not judged"] = ", ".join(unseen)
    return [{"what": what, "said": said} for what, said in rows.items()]


def _levels(plan: Plan) -> str:
    beside = [plan_words.position(name).lower() for name in outside_levels(plan)]
    return ", ".join([*levels_used(plan), *(f"{name} implant outside these" for name in beside)]) or "not told apart"


def _unseen(plan: Plan) -> list[Structure]:
    """The structures that the answer says nothing of: no clearance to them, no share of breaches."""
    found = {name for p in plan.implants for name in (*p.clearance.unknown, *p.margin.unknown)}
    return [name for name in STRUCTURES if name in found]


def _implant(
    number: int, planned: PlannedImplant, plan: Plan, pelvis: Pelvis, structures: Sequence[Structure]
) -> Plain:
    implant, clearance, bone, margin = planned.implant, planned.clearance, planned.purchase, planned.margin
    share_hu = "; ".join(f"{words.said(where)} {value:.0f}" for where, value in (bone.mean_hu or {}).items())
    return {
        "number": number,
        "position": plan_words.place(planned),
        "level": planned.level.upper() if planned.level else "not told apart",
        "size": implant.size.id,
        "system": implant.size.system,
        "dimensions": f"{implant.size.diameter_mm:g} × {implant.size.length_mm:g} mm, {implant.size.section}",
        "entry": plan_words.point(pelvis.frame.to_lps(implant.pose.entry_mm)),
        "tip": plan_words.point(pelvis.frame.to_lps(implant.tip_mm)),
        "heading": plan_words.heading(implant.pose.direction),
        "least": plan_words.mm(clearance.least_mm) if clearance.by_structure_mm else "unknown",
        "nearest": STRUCTURES[clearance.nearest] if clearance.by_structure_mm else "unknown",
        "clearances": [_clearance(planned, name) for name in structures],
        "ilium": plan_words.mm(bone.ilium_mm),
        "sacrum": plan_words.mm(bone.sacrum_mm),
        "hu": share_hu or "no CT",
        "crossing": _crossing(bone.crossing_angle_deg),
        "margin": dict(zip(("any", "over_2mm", "over_4mm"), plan_words.breach(margin.overall), strict=True)),
        "margins": [
            {
                "structure": STRUCTURES[name],
                **dict(zip(("any", "over_2mm", "over_4mm"), plan_words.breach(told_of), strict=True)),
            }
            for name, told_of in margin.by_structure.items()
            if name not in margin.unknown and told_of.any >= _WORTH_A_LINE
        ],
        "margin_unknown": [STRUCTURES[name] for name in STRUCTURES if name in margin.unknown],
        "joint_missed": plan_words.share(margin.joint_missed),
        "simulations": f"{margin.simulations:,}",
        "envelope": plan_numbers.envelope(number, planned, plan),
        "warnings": list(planned.warnings),
    }


def _crossing(angle_deg: float | None) -> str:
    """The angle between the axis and the joint's normal, in words."""
    if angle_deg is None:
        return "not found"
    return "square" if round(angle_deg) == 0 else f"{plan_words.degrees(angle_deg)} off square"


def _clearance(planned: PlannedImplant, name: Structure) -> Plain:
    value = planned.clearance.by_structure_mm.get(name)
    unknown = name in planned.clearance.unknown
    return {
        "structure": STRUCTURES[name],
        "said": "unknown" if unknown else plan_words.mm(value) if value is not None else "none near",
        "unknown": unknown,
        "negative": not unknown and value is not None and value < 0,
        "least": not unknown and value is not None and name == planned.clearance.nearest,
    }


def _joint(plan: Plan, pelvis: Pelvis) -> list[dict[str, str]]:
    joint = pelvis.joints.get(plan.side)
    if joint is None:
        return []
    gap = float(joint.gap_mm.mean()) if len(joint.gap_mm) else 0.0
    rows = {
        "Joint's area": f"{joint.area_mm2 / 100:.1f} cm²",
        "Gap": "made by the software where the bones touch; its width says nothing"
        if joint.synthesised
        else plan_words.mm(gap),
        "Bones touch over": plan_words.share(joint.fused_share) if joint.fused_share > 0 else "none of the surface",
        **{words.sentence(words.said(name)): f"{round(value)}°" for name, value in pelvis.angles_deg.items()},
        "Bones": pelvis.notes.get("bones", ""),
        "Metal near them": f"{pelvis.notes.get('metal_ml', '0.0')} ml" if pelvis.hu is not None else "no CT shows it",
    }
    return [{"what": what, "said": said} for what, said in rows.items()]


_RESTS_ON = (
    "breach_limit", "construct_weights", "joint_bridged", "breach_scale", "zwingmann_grades", "planner_acceptance",
    "implant_count", "implant_spacing", "superior_implant_length", "placement_dangers", "foramen_distance_published",
)  # fmt: skip
"""Entries of the evidence that speak of every plan, beside those of its approach and of its error."""


def _entries(plan: Plan, evidence: Evidence) -> list[str]:
    """Ids of the evidence that the plan rests on, as far as the evidence has them."""
    named = [f"approach_{plan.approach}", f"execution_{plan.error.split(':')[0].strip()}", *_RESTS_ON]
    known = {entry.id for entry in evidence.entries}
    return [name for name in named if name in known]


def _basis(name: str, evidence: Evidence) -> Plain:
    """A figure that the plan rests on, by the id of its entry."""
    entry = evidence.entry(name)
    value = _value(entry.value, entry.unit)
    return {
        "label": entry.label,
        "value": value if len(value) <= _LONGEST_VALUE else "",
        "population": entry.population,
        "note": entry.note,
        "citation": list(entry.citation),
        "mark": entry.verified,
    }


def _value(value: Any, unit: str | None) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{words.said(k)} {_value(v, None)}" for k, v in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return ", ".join(_value(part, None) for part in value)  # pyright: ignore[reportUnknownVariableType]
    return f"{value} {unit}" if unit else str(value)


def _cited(basis: Iterable[Plain], views: Iterable[Plain]) -> list[str]:
    return list(dict.fromkeys(key for row in (*basis, *views) for key in row.get("citation", ())))


def _versions(evidence: Evidence, seed: int | None) -> dict[str, str]:
    from nutation import __version__

    told = {"nutation": __version__, "evidence": evidence.version}
    return told if seed is None else {**told, "seed": str(seed)}
