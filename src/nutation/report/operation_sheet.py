"""The operation sheet: what is read aloud and followed in the operating room, on two or three pages.

It is made of the plan's own numbers and of the lines of ``evidence/data/planning/operation_sheet.yaml``. Without a
person's word for side and levels it is a watermarked draft, which the command line does not write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import numpy as np

from nutation.anatomy.pelvis import Pelvis
from nutation.evidence import Mark, load
from nutation.evidence.schema import GENERAL_KNOWLEDGE
from nutation.planning.plan import STRUCTURES, Plan, PlannedImplant
from nutation.report import plan_words, words
from nutation.report.confirmation import Confirmation, levels_used, missing, still_open
from nutation.report.plan_told import Picture, Plain

DOCUMENT = "planning/operation_sheet.yaml"
TITLE = "Operation sheet"
_SECTIONS = ("preparation", "anaesthesia", "positioning", "access", "stop", "graft", "closure", "monitoring")
_LANDMARKS = {"psis": "posterior superior iliac spine", "asis": "anterior superior iliac spine"}


def pdf(
    plan: Plan,
    pelvis: Pelvis,
    *,
    made_on: date,
    confirmed: Confirmation | None,
    views: Sequence[Plain] = (),
    pictures: Sequence[Picture] = (),
    views_missing: Sequence[str] = (),
    record: Plain | None = None,
    paper: str = "a4",
) -> bytes:
    """The sheet as PDF/UA-1. ``views`` are those of ``plan_views.told``; one picture of each view is printed."""
    from nutation.report.pdf import picture, render

    chosen = _pictures(views, pictures)
    data = model(plan, pelvis, made_on=made_on, confirmed=confirmed, views=views,
                 views_missing=views_missing, record=record)  # fmt: skip
    data["pictures"] = [
        {"file": f"picture-{n}.svg", "title": p.title, "alt": p.alt, "caption": p.caption} for n, p in enumerate(chosen)
    ]
    return render(
        "operation_sheet", data, paper=paper, files={f"picture-{n}.svg": picture(p.png) for n, p in enumerate(chosen)}
    )


def model(
    plan: Plan,
    pelvis: Pelvis,
    *,
    made_on: date,
    confirmed: Confirmation | None,
    views: Sequence[Plain] = (),
    views_missing: Sequence[str] = (),
    record: Plain | None = None,
) -> Plain:
    """What the sheet prints, as plain data in words."""
    source = pelvis.source
    named = str(record["label"]) if record is not None else ""
    levels = " and ".join(levels_used(plan)) or "levels not told apart"
    filled = {
        "side": plan.side, "side_words": plan_words.SIDE[plan.side], "levels_words": levels,
        "image_date": words.day(source.image_date) if source.image_date else "unknown date",
    }  # fmt: skip
    numbers, draft = _numbers(plan), _draft(plan, pelvis, confirmed)
    lines = {name: _lines(name, plan, filled, numbers) for name in _SECTIONS}
    return {
        "title": TITLE,
        "side": plan.side.upper(),
        "side_words": plan_words.SIDE[plan.side],
        "line": plan_words.line(source, plan.side, named),
        "patient": plan_words.who(source, named),
        "id": source.patient_id or "no identifier in the image",
        "born": words.day(source.birth_date) if source.birth_date else "not in the image",
        "image": plan_words.image(source),
        "orientation": f"left and right {plan_words.ORIENTATION[source.orientation]}",
        "approach": plan_words.approach(plan.approach),
        "levels": levels,
        "made_on": words.day(made_on),
        "draft": draft,
        "stated": f"Side and levels stated by {confirmed.by} on {words.day(confirmed.on)}" if confirmed else "",
        "notice": plan_words.NOTICE,
        "facts": record["facts"] if record is not None else [],
        "warnings": still_open(
            dict.fromkeys([*plan.warnings, *pelvis.warnings, *source.warnings]),
            settled=confirmed is not None and not draft,
        ),
        "entries": [_entry(n, planned, pelvis, plan) for n, planned in enumerate(plan.implants, 1)],
        "landmarks": _landmarks(pelvis, plan),
        "spacing": ", ".join(plan_words.mm(gap) for gap in plan.spacing_mm),
        "steps": [_steps(planned, plan, numbers) for planned in plan.implants],
        "step_names": [row["step"] for row in _document("each_implant", plan)],
        "views": [_view(view) for view in views],
        "views_missing": list(views_missing),
        **lines,
        "marks": _marks(lines, plan, views),
        "sources": [{"number": n, "citation": load().source(key).citation} for key, n in numbers.items()],
        "pictures": [],
    }


def _draft(plan: Plan, pelvis: Pelvis, confirmed: Confirmation | None) -> list[str]:
    """Why the sheet is a draft; empty where it is not."""
    open_points = list(missing(plan, pelvis.source, confirmed))
    if not pelvis.source.patient_id and not pelvis.source.patient_name:
        open_points.append("The image does not say whose it is.")
    return open_points


def _document(section: str, plan: Plan) -> list[Plain]:
    """The lines of one section that hold for the approach."""
    plain = cast("dict[str, Any]", load().document(DOCUMENT).plain)
    return [row for row in plain[section] if plan.approach in row.get("approaches", (plan.approach,))]


def _lines(section: str, plan: Plan, filled: Mapping[str, str], numbers: Mapping[str, int]) -> list[Plain]:
    return [
        {
            "text": str(row["text"]).format(**filled),
            "mark": row["verified"],
            "said": _said(row["verified"]),
            "refs": [numbers[key] for key in row["citation"] if key in numbers],
        }
        for row in _document(section, plan)
    ]


def _said(mark: str) -> str:
    """The mark as it is printed beside a line: nothing where it was read at the source."""
    return "" if mark == "verified" else words.word(words.MARKS, mark)


def _entry(number: int, planned: PlannedImplant, pelvis: Pelvis, plan: Plan) -> Plain:
    implant = planned.implant
    psis = pelvis.landmarks.get(f"psis_{plan.side}")
    nearest = STRUCTURES[planned.clearance.nearest] if planned.clearance.by_structure_mm else "unknown"
    return {
        "number": number,
        "position": plan_words.place(planned),
        "size": f"{implant.size.system} {implant.size.diameter_mm:g} × {implant.size.length_mm:g} mm",
        "id": implant.size.id,
        "pin": f"{implant.size.pin_diameter_mm:g} mm" if implant.size.pin_diameter_mm else "as the system's own",
        "from_psis": plan_words.offset(implant.pose.entry_mm - psis) if psis is not None else "spine not found",
        "heading": plan_words.heading(implant.pose.direction),
        "depth": f"{implant.size.length_mm:g} mm",
        "joint_at": _joint_depth(planned),
        "clearance": f"{plan_words.mm(planned.clearance.least_mm)}, {nearest}"
        if planned.clearance.by_structure_mm
        else "unknown",
        "unknown": ", ".join(STRUCTURES[name] for name in STRUCTURES if name in planned.clearance.unknown),
        "warnings": list(planned.warnings),
    }


def _joint_depth(planned: PlannedImplant) -> str:
    crossing = planned.purchase.crossing_mm
    if crossing is None:
        return "not found"
    along = float(np.dot(crossing - planned.implant.pose.entry_mm, planned.implant.pose.direction))
    return f"{along:.0f} mm deep"


def _landmarks(pelvis: Pelvis, plan: Plan) -> list[str]:
    """Distances between landmarks that can be felt, so that the pelvis on the table is known again."""
    found: list[str] = []
    psis, asis = (pelvis.landmarks.get(f"{name}_{plan.side}") for name in ("psis", "asis"))
    if psis is not None and asis is not None:
        told = f"From the {plan.side} {_LANDMARKS['psis']} (PSIS) to the {plan.side} {_LANDMARKS['asis']} (ASIS)"
        found.append(f"{told}: {np.linalg.norm(psis - asis):.0f} mm.")
    both = [pelvis.landmarks.get(f"psis_{side}") for side in ("left", "right")]
    if both[0] is not None and both[1] is not None:
        found.append(f"Between both PSIS: {np.linalg.norm(both[0] - both[1]):.0f} mm.")
    return found


def _steps(planned: PlannedImplant, plan: Plan, numbers: Mapping[str, int]) -> Plain:
    size = planned.implant.size
    rows = [row for row in _document("each_implant", plan) if size.section in row.get("sections", (size.section,))]
    return {
        "implant": f"{plan_words.place(planned)}: {size.diameter_mm:g} × {size.length_mm:g} mm",
        "rows": [
            {
                "step": row["step"],
                "text": row["text"],
                "check": row["check"],
                "said": _said(row["verified"]),
                "refs": [numbers[key] for key in row["citation"] if key in numbers],
                "check_said": _said(row.get("marks", {}).get("check", row["verified"])),
            }
            for row in rows
        ],
    }


def _view(view: Plain) -> Plain:
    return {
        "title": view["title"],
        "set_by": view["set_by"],
        "angles": view["angles"][:2],
        "pin": view["pin"],
        "line": view["line"],
        "said": _said(view["mark"]),
        "notes": view["notes"],
    }


def _pictures(views: Sequence[Plain], pictures: Sequence[Picture]) -> list[Picture]:
    """The last picture of each view: the one that shows most (with pins and implants)."""
    last = {picture.group: picture for picture in pictures}
    return [last[f"view {view['id']}"] for view in views if f"view {view['id']}" in last]


def _marks(lines: Mapping[str, list[Plain]], plan: Plan, views: Sequence[Plain]) -> list[str]:
    """What the marks beside lines mean, as far as they stand on the sheet."""
    from nutation.evidence import MARK_WORDS

    steps = [row["verified"] for row in _document("each_implant", plan)]
    used = dict.fromkeys(
        [*(row["mark"] for rows in lines.values() for row in rows), *steps, *(v["mark"] for v in views)]
    )
    return [
        f"{words.MARKS[mark]}: {words.mark_meaning(mark, MARK_WORDS[cast(Mark, mark)])}"
        for mark in used
        if mark != "verified"
    ]


def _numbers(plan: Plan) -> dict[str, int]:
    """The sources of the sheet's lines, numbered in the order in which they come."""
    rows = (row for section in (*_SECTIONS, "each_implant") for row in _document(section, plan))
    keys = dict.fromkeys(key for row in rows for key in row["citation"] if key != GENERAL_KNOWLEDGE)
    return {key: number for number, key in enumerate(keys, 1)}
