"""``nutation plan phantom DIR --placed PLAN``: the phantom after an operation, to practise comparing on."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from nutation.anatomy.implants import Implant, Pose, across
from nutation.anatomy.metal_made import with_implants
from nutation.anatomy.phantom import phantom, tilted
from nutation.anatomy.space import Frame, unit
from nutation.cli.output import console, folder, json_text, print_json, progress, written
from nutation.cli.plan_command import Options
from nutation.cli.plan_phantom import NOISE_HU, PATIENT, SLICE_SHARE, placed_as_scanned
from nutation.evidence import load
from nutation.planning.document import implants_of, read_plan
from nutation.planning.execution import ErrorModel, draw, error_model
from nutation.planning.exports.ct_series import ct_series
from nutation.record.errors import InputError

# Nobody lies in the scanner twice alike.
_AGAIN = {"tilt_deg": 11.0, "turn_deg": -4.0, "roll_deg": 2.0}
_MOVED_MM = (12.0, -18.0, 30.0)
_ON = date(2026, 3, 2)


def run(into: Path, plan: Path, options: Options) -> None:
    """Write `ct/`, the phantom with the plan's implants put in with an error drawn from `--error` by `--seed`, and
    `placed.json`, which says where they lie and how far that is from the plan.

    Raises InputError for a plan that is not of the phantom, or that has no implants.
    """
    document = read_plan(plan)
    patient = str(document.get("patient", {}).get("id") or "")
    if patient not in ("", PATIENT[0]):
        raise InputError(
            f"the plan is of the patient {patient}, not of the phantom.", file=str(plan),
            mend="make a plan of the phantom first: nutation plan phantom DIR says how.",
        )  # fmt: skip
    planned = implants_of(document)
    if not planned:
        raise InputError("the plan has no implants to put in.", file=str(plan), mend="give a plan that has some.")
    model = error_model(options.error)
    placed = tuple(_executed(planned, model, options.seed))
    folder(into)
    with progress("Making the phantom after the operation …", options.quiet):
        before = placed_as_scanned()
        after = tilted(**_AGAIN, shift_mm=np.array(_MOVED_MM))
        pixel_mm = options.resolution
        made = phantom(pose=after)
        volume = made.ct((pixel_mm, pixel_mm, SLICE_SHARE * pixel_mm), noise_hu=NOISE_HU, seed=options.seed + 1)
        there = [_carried(one, before, after) for one in placed]
        volume = with_implants(volume, there, load().entry("drr_bone").number("metal_hu"))
        folder(into / "ct")
        slices = ct_series(
            volume, patient_id=PATIENT[0], patient_name=PATIENT[1], on=_ON,
            described="Phantom after an operation, made by code, no patient",
        )  # fmt: skip
        files = [written(into / "ct" / name, content) for name, content in slices]
    told = {
        "error": model.in_words,
        "seed": options.seed,
        "implants": [_told(i, one, other) for i, (one, other) in enumerate(zip(planned, placed, strict=True), 1)],
    }
    files.append(written(into / "placed.json", json_text(told)))
    if options.json:
        print_json(told)
    elif not options.quiet:
        page = console()
        page.print(f"Written: {len(files)} files in {into}", soft_wrap=True, markup=False)
        page.print(f"Next: nutation plan compare {plan} {into / 'ct'}", soft_wrap=True, markup=False)


def _executed(planned: tuple[Implant, ...], model: ErrorModel, seed: int) -> list[Implant]:
    """The implants of one operation carried out with the error, LPS of the plan."""
    draws = draw(model, len(planned), 1, seed)
    found: list[Implant] = []
    for one, shift, tilt in zip(planned, draws.displacement_mm[0], draws.tilt_rad[0], strict=True):
        first, second = across(one.pose.direction)
        turned = unit(one.pose.direction + math.tan(tilt[0]) * first + math.tan(tilt[1]) * second)
        entry = one.pose.entry_mm + shift
        if draws.pivot == "tip":
            entry = one.tip_mm + shift - one.size.length_mm * turned
        found.append(replace(one, pose=Pose(entry, turned, one.pose.roll_deg)))
    return found


def _carried(implant: Implant, before: Frame, after: Frame) -> Implant:
    """The implant where the bones have gone: from the pose of the first scan to that of the second."""
    entry = after.to_lps(before.from_lps(implant.pose.entry_mm))
    direction = after.vectors_to_lps(before.vectors_from_lps(implant.pose.direction))
    return replace(implant, pose=Pose(entry, direction, implant.pose.roll_deg))


def _told(number: int, planned: Implant, placed: Implant) -> dict[str, Any]:
    cosine = float(np.clip(planned.pose.direction @ placed.pose.direction, -1.0, 1.0))
    return {
        "implant": number,
        "catalogue": planned.size.id,
        "entry_mm": [round(float(x), 2) for x in placed.pose.entry_mm],
        "tip_mm": [round(float(x), 2) for x in placed.tip_mm],
        "entry_error_mm": round(float(np.linalg.norm(placed.pose.entry_mm - planned.pose.entry_mm)), 2),
        "tip_error_mm": round(float(np.linalg.norm(placed.tip_mm - planned.tip_mm)), 2),
        "angle_error_deg": round(math.degrees(math.acos(cosine)), 2),
    }
