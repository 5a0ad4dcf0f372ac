"""What an edit of one implant changes: the same numbers before and after, judged by the same simulated errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from nutation.anatomy.pelvis import Pelvis
from nutation.planning.edit import Edit
from nutation.planning.plan import STRUCTURES, Plan, PlannedImplant
from nutation.report import plan_words
from nutation.report import terminal_pieces as pieces
from nutation.report.plan_told import Plain

_GRADES = ("any breach", "breach over 2 mm", "breach over 4 mm")
_MOVED_MM = 0.05
"""A clearance that changes by less is printed as the same number before and after, and left out."""


def told(before: PlannedImplant, plan: Plan, index: int, edit: Edit, pelvis: Pelvis) -> Plain:
    """The change in words. `before` is the implant where it was, `plan` the edited plan."""
    after, source = plan.implants[index], pelvis.source
    return {
        "line": plan_words.line(source, plan.side),
        "notice": plan_words.NOTICE,
        "what": f"{index + 1}. {plan_words.place(before)}: {edit.in_words}",
        "said": plan_words.VERDICT[plan.verdict],
        "verdict": plan.verdict,
        "reason": plan_words.reason(plan),
        "rows": list(_rows(before, after)),
        "unknown": [STRUCTURES[name] for name in STRUCTURES if name in after.clearance.unknown],
        "spacing": ", ".join(plan_words.mm(gap) for gap in plan.spacing_mm),
        "warnings": list(after.warnings),
        "levels": _levels(before, after),
        "error": plan.error.split(" (")[0],
    }


def _rows(before: PlannedImplant, after: PlannedImplant) -> Iterable[dict[str, str]]:
    def row(what: str, one: str, two: str, change: str = "") -> dict[str, str]:
        return {"what": what, "before": one, "after": two, "change": change}

    def lengths(what: str, one: float, two: float) -> dict[str, str]:
        return row(what, plan_words.mm(one), plan_words.mm(two), _signed(two - one))

    yield lengths("least clearance", before.clearance.least_mm, after.clearance.least_mm)
    yield row("nearest structure", STRUCTURES[before.clearance.nearest], STRUCTURES[after.clearance.nearest])
    for name in STRUCTURES:
        one, two = before.clearance.by_structure_mm.get(name), after.clearance.by_structure_mm.get(name)
        if one is not None and two is not None and abs(two - one) >= _MOVED_MM:
            yield lengths(f"to the {STRUCTURES[name]}", one, two)
    yield lengths("in the ilium", before.purchase.ilium_mm, after.purchase.ilium_mm)
    yield lengths("in the sacrum", before.purchase.sacrum_mm, after.purchase.sacrum_mm)
    one, two = (plan_words.breach(p.margin.overall) for p in (before, after))
    for what, share, now in zip(_GRADES, one, two, strict=True):
        yield row(what, share, now)
    missed = [plan_words.share(p.margin.joint_missed) for p in (before, after)]
    yield row("joint missed", missed[0], missed[1])
    yield lengths("room aside before the boundary", before.envelope_mm, after.envelope_mm)
    ways = [plan_words.heading(p.implant.pose.direction) for p in (before, after)]
    yield row("direction inwards", ways[0], ways[1])


def _signed(change: float) -> str:
    rounded = round(change, 1)
    return "as before" if rounded == 0 else f"{'+' if rounded > 0 else '−'}{abs(rounded):.1f} mm"


def _levels(before: PlannedImplant, after: PlannedImplant) -> str:
    """What is to be said where the edit carries the tip into another level."""
    if before.level == after.level:
        return ""
    one, two = ((p.level or "no level told apart").upper() for p in (before, after))
    return f"Its tip was in {one} and is now in {two}: a person has to look at the level again."


def plain(before: PlannedImplant, plan: Plan, index: int, edit: Edit) -> Plain:
    """The change as numbers, for plan.json: millimetres and shares, before and after."""
    after = plan.implants[index]
    return {
        "implant": index + 1,
        "position": after.position,
        "shift_mm": [{"way": way, "by": much} for much, way in edit.shift],
        "tilt_deg": [{"way": way, "by": much} for much, way in edit.tilt],
        "length_mm": edit.length_mm,
        "before": _numbers(before),
        "after": _numbers(after),
    }


def _numbers(one: PlannedImplant) -> dict[str, Any]:
    overall = one.margin.overall
    return {
        "clearance_mm": round(one.clearance.least_mm, 3),
        "nearest": one.clearance.nearest,
        "clearance_by_structure_mm": {name: round(mm, 3) for name, mm in one.clearance.by_structure_mm.items()},
        "purchase_mm": {"ilium": round(one.purchase.ilium_mm, 3), "sacrum": round(one.purchase.sacrum_mm, 3)},
        "breach_probability": {"any": overall.any, "over_2mm": overall.over_2mm, "over_4mm": overall.over_4mm},
        "joint_missed": one.margin.joint_missed,
        "simulations": one.margin.simulations,
    }


def render(told: Plain, console: Console) -> None:
    """Prints the change as told."""
    pieces.show(told, _page, console)


def _page(told: Plain) -> Iterable[RenderableType]:
    yield Text(told["line"], style="bold")
    yield Text(told["notice"], style="italic")
    yield pieces.title("Edit")
    yield pieces.line(told["what"])
    table = pieces.table(("", None), ("before", 1), ("after", 1), ("change", None))
    for row in told["rows"]:
        table.add_row(row["what"], row["before"], row["after"], row["change"])
    yield table
    if told["unknown"]:
        yield pieces.line(f"Clearance unknown, since the input does not show it: {', '.join(told['unknown'])}.")
    yield pieces.title("The plan with this edit")
    style = "bold green" if told["verdict"] == "planned" else "bold red"
    yield pieces.line((f"{told['said']}. ", style), told["reason"])
    if told["spacing"]:
        yield pieces.line(f"Between neighbouring axes: {told['spacing']}.")
    yield pieces.bullets(text for text in (*told["warnings"], told["levels"]) if text)
    under = f"Error: {told['error']}. Shares compare plans of this pelvis; they are not a patient's risk."
    yield pieces.line((under, "dim"))
