"""Reading of what is answered line by line: lists of statements, and the map of the pain."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from nutation.record.fields import shapes
from nutation.record.head import Side
from nutation.record.native_values import RefusedError
from nutation.record.period import Period
from nutation.web.forms.answers import Answers, value_told
from nutation.web.forms.sending import Making
from nutation.web.forms.shape import COLUMNS, Items, Made, PainMap, Section

ELSEWHERE = "elsewhere"
"""The site that is on no side of the map."""


def read_items(making: Making, answers: Answers, part: Items) -> None:
    """An event for each line that was answered."""
    for item in (*part.items, *part.rest):
        name = f"{part.id}.{item.name}"
        raw = answers.line(name)
        if not raw:
            continue
        made = item.made(raw)
        if made is None:
            making.wrong(name, f"{item.label}: {raw!r} is none of the answers.", "choose one of the answers.")
        else:
            _make(making, made, name, Period.on(making.sending.today) if part.today else making.day)


def _make(making: Making, made: Made, name: str, happened: Period) -> None:
    values: dict[str, Any] = dict(made.values)
    if made.day_in:
        day = _exact(happened)
        if day is None:
            making.wrong("day", "The day up to which it holds is not exact.", "write it as 2026-03-14.")
            return
        values[made.day_in] = day
    if happened.from_ is not None and happened.from_ > making.sending.today:
        making.wrong("day", f"{happened.text()} is still to come.", "correct the date.")
        return
    if made.kind == "diagnosis" and happened.from_ is not None:
        # It is there on that day; when it began and whether it ends is not said.
        happened = Period.model_validate({"sure_from": happened.from_, "sure_to": happened.to})
    values |= {"side": made.side, "asked_not_known": made.not_known}
    making.make(made.kind, name, values, happened, name)


def _exact(happened: Period) -> date | None:
    return happened.from_ if happened.from_ == happened.to else None


def read_map(making: Making, answers: Answers, part: PainMap) -> None:
    """A pain score for each site that is ticked or scored, and what the map tells of the pain's pattern."""
    only = answers.ticked(f"{part.id}.only")
    for side in COLUMNS:
        ticked = {region.name for region in part.regions if answers.ticked(f"{part.id}.{side}.{region.name}")}
        sites: dict[str, list[str]] = {}
        for region in part.regions:
            scored = region.scored and answers.line(f"{part.id}.{side}.{region.site}.nrs")
            if region.name in ticked or scored:
                sites.setdefault(region.site, []).append(region.label.partition(",")[0].lower())
        for site, where in sites.items():
            _score(making, answers, part, side, site, where)
        _pattern(making, answers, part, side, {*ticked} | _scored(answers, part, side), only=only)
    where = answers.line(f"{part.id}.none.where")
    if answers.ticked(f"{part.id}.none.{ELSEWHERE}") or answers.line(f"{part.id}.none.{ELSEWHERE}.nrs") or where:
        _score(making, answers, part, "none", ELSEWHERE, [where] if where else [])


def _scored(answers: Answers, part: PainMap, side: str) -> set[str]:
    return {r.name for r in part.regions if r.scored and answers.line(f"{part.id}.{side}.{r.site}.nrs")}


def _score(making: Making, answers: Answers, part: PainMap, side: Side, site: str, where: list[str]) -> None:
    path = f"{part.id}.{side}.{site}"
    values: dict[str, Any] = {"site": site, "side": side}
    if raw := answers.line(f"{path}.nrs"):
        try:
            values["nrs"] = value_told(replace(shapes("pain_score")["nrs"], name=_said(part, side, site)), raw)
        except RefusedError as refused:
            making.wrong(f"{path}.nrs", refused.problem, refused.mend)
            return
        values["rates"] = "average"
    if site in ("leg", ELSEWHERE) and where:
        values["note"] = f"Where: {', '.join(where)}"[:500]
    _told_today(making)
    making.make("pain_score", path, values, making.day, f"{path}.nrs")


def _said(part: PainMap, side: Side, site: str) -> str:
    label = next((region.label.partition(",")[0] for region in part.regions if region.site == site), "Somewhere else")
    return label if side == "none" else f"{label}, {side},"


def _told_today(making: Making) -> None:
    if making.day.from_ is not None and making.day.from_ > making.sending.today:
        making.wrong("day", f"{making.day.text()} is still to come.", "correct the date.")


def _pattern(making: Making, answers: Answers, part: PainMap, side: Side, ticked: set[str], *, only: bool) -> None:
    """What a tick says of the pattern; an empty region says nothing, unless it hurts nowhere else."""
    values: dict[str, Any] = {
        region.pattern: region.name in ticked
        for region in part.regions
        if region.pattern and (region.name in ticked or (only and ticked))
    }
    if not values:
        return
    said = answers.line("side")
    for section in making.form.sections():
        if section.kind == "pain_pattern" and said in (side, "both"):
            _beside(making, answers, section, values)
    making.make("pain_pattern", f"{part.id}.{side}.pattern", {**values, "side": side}, making.day, f"{part.id}.only")


def _beside(making: Making, answers: Answers, section: Section, values: dict[str, Any]) -> None:
    for name, value in values.items():
        told = answers.line(f"{section.id}.0.{name}")
        field = section.field(name)
        if field is not None and told in ("yes", "no") and (told == "yes") is not value:
            making.wrong(
                f"{section.id}.0.{name}",
                f"{field.named}: {told}, and the map says the opposite.",
                "keep one of the two.",
            )
