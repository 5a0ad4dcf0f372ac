"""Clearance as planned and margin under execution error, by implant and structure, as a chart."""

from __future__ import annotations

from typing import Any

import numpy as np

from nutation.planning.pictures_style import INK, STRUCTURE_COLOURS, WARNING, Heading, as_png, sheet, wrapped
from nutation.planning.plan import STRUCTURES, Breach, Plan, PlannedImplant, Structure

_GRADES = (("any", "#c6dbef", "any"), ("over_2mm", "#6baed6", "over 2 mm"), ("over_4mm", "#08519c", "over 4 mm"))
_ROW_IN = 0.26
_FAR_MM = 20.0  # bars end here: what lies further counts for nothing, and would make the near ones short


def margin_picture(plan: Plan, heading: Heading) -> tuple[bytes, str] | None:
    """The chart as PNG, with the picture in words; None for a plan without implants."""
    if not plan.implants:
        return None
    rows = [_structures(one) for one in plan.implants]
    count = sum(len(names) + 1.6 for names in rows)
    told = wrapped(
        "Margin under execution error, for comparing plans of this pelvis; it is not this patient's risk. "
        f"Error: {plan.error}. Limit: {plan.limit}. Whiskers: twice the simulation's own error.", 165,
    )  # fmt: skip
    below = 0.85 + 0.16 * (told.count("\n") + 1)
    height = 0.95 + _ROW_IN * count + below
    title = "Clearance as planned, and what is left of it when carried out with the error"
    figure = sheet(title, f"error: {plan.error.split(':')[0]}", heading, (13.0, height))
    body = (below / height, _ROW_IN * count / height)
    left = figure.add_axes((0.24, body[0], 0.33, body[1]))
    right = figure.add_axes((0.60, body[0], 0.375, body[1]))
    y, ticks, names = 0.0, list[float](), list[str]()
    for one, structures in zip(plan.implants, rows, strict=True):
        figure_y = y
        left.text(-0.69, figure_y, one.position, transform=_mixed(left), fontsize=10.5, weight="bold", color=INK,
                  va="center")  # fmt: skip
        y += 1
        for structure in structures:
            _clearance(left, one, structure, y)
            _breach(right, one, structure, y)
            ticks.append(y)
            names.append(STRUCTURES[structure])
            y += 1
        y += 0.6
    for axes in (left, right):
        axes.set_ylim(y - 0.4, -0.6)
        axes.grid(axis="x", color="#dddddd", lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(axis="both", labelsize=9, length=0)
        for name in ("top", "right", "left"):
            axes.spines[name].set_visible(False)
    left.set_yticks(ticks, names)
    left.axvline(0, color=INK, lw=1)
    right.set_yticks([])
    left.set_xlabel("Clearance as planned, mm (below 0: beyond the boundary)", fontsize=9)
    right.set_xlabel("Share of simulated executions that breach, %", fontsize=9)
    right.set_xlim(0, max(5.0, 1.28 * right.get_xlim()[1]))
    left.set_xlim(left.get_xlim()[0], min(1.12 * left.get_xlim()[1], 1.1 * _FAR_MM))
    _legend(figure, height)
    figure.text(0.012, 0.34 / height, told, fontsize=8.8, color=INK, va="bottom")
    if plan.verdict != "planned":
        figure.text(0.012, 1 - 0.74 / height, "NO PLAN WITHIN THE LIMIT: shown for the reason, not to be carried out",
                    fontsize=10, weight="bold", color=WARNING, va="center")  # fmt: skip
    words = "; ".join(_in_words(one) for one in plan.implants)
    return as_png(figure), f"{title}, {heading.side} joint. {words}. {' '.join(told.split())}"


def _structures(one: PlannedImplant) -> list[Structure]:
    known = {*one.clearance.by_structure_mm, *one.margin.by_structure}
    unknown = one.clearance.unknown | one.margin.unknown
    return [name for name in STRUCTURES if name in known or name in unknown]


def _clearance(axes: Any, one: PlannedImplant, structure: Structure, y: float) -> None:
    value = one.clearance.by_structure_mm.get(structure)
    if value is None:
        axes.text(
            0.3, y, "unknown: the input does not show it", fontsize=8.5, style="italic", color=WARNING, va="center"
        )
        return
    shown = min(value, _FAR_MM)
    axes.barh(y, shown, height=0.66, color=STRUCTURE_COLOURS[structure], alpha=0.85)
    further = " →" if value > _FAR_MM else ""
    axes.text(max(shown, 0) + 0.2, y, f"{value:.1f}{further}", fontsize=8.5, color=INK, va="center")


def _breach(axes: Any, one: PlannedImplant, structure: Structure, y: float) -> None:
    breach = one.margin.by_structure.get(structure)
    if breach is None:
        unknown = structure in one.margin.unknown or structure in one.clearance.unknown
        axes.text(0.1, y, "unknown" if unknown else "", fontsize=8.5, style="italic", color=WARNING, va="center")
        return
    for name, colour, _ in _GRADES:
        axes.barh(y, 100 * getattr(breach, name), height=0.66, color=colour)
    axes.errorbar(100 * breach.any, y, xerr=200 * breach.se_any, color=INK, lw=1, capsize=2)
    axes.text(100 * (breach.any + 2 * breach.se_any) + 0.3, y, _shares(breach), fontsize=8, color=INK, va="center")


def _shares(breach: Breach) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in (breach.any, breach.over_2mm, breach.over_4mm))


def _mixed(axes: Any) -> Any:
    from matplotlib import transforms

    blended: Any = transforms.blended_transform_factory
    return blended(axes.transAxes, axes.transData)


def _legend(figure: Any, height: float) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=f"breach {name}") for _, colour, name in _GRADES]
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.985, 1 - 0.55 / height), ncol=3, fontsize=9,
                  frameon=False)  # fmt: skip


def _in_words(one: PlannedImplant) -> str:
    if not one.clearance.by_structure_mm:
        return f"{one.position}: clearance unknown"
    least = f"{one.clearance.least_mm:.1f} mm to the {STRUCTURES[one.clearance.nearest]}"
    any_share = float(np.round(100 * one.margin.overall.any, 1))
    return f"{one.position}: least clearance {least}, {any_share} % of simulations breach"
