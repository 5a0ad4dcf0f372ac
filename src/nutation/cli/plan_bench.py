"""``nutation plan bench PLAN IMAGE``: a plan kept open for another program, which asks by lines of JSON.

The clinic's page of a plan asks here while an implant is dragged. One line in is one question, one line out its answer:

- ``{"ask": "move", "implant": 1, "shift": "2 cranial", "tilt": "", "length_mm": null}``: everything that a plan says
  of the implant at its new place, beside what it said before, and its surface;
- ``{"ask": "views", …}`` with the same fields: the fluoroscopic views with the implant there, as PNG.

A question that cannot be answered gets ``{"error": …}`` and the next is waited for.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nutation.cli.output import day
from nutation.cli.plan_command import Options
from nutation.cli.plan_move import index_of, size_of
from nutation.cli.plan_reopen import Opened, reopen
from nutation.planning.edit import Edit, edited_pose, read_edit
from nutation.planning.exports import overlays, surfaces
from nutation.planning.plan import Plan
from nutation.record.errors import InputError
from nutation.report import plan_change

VIEWER_CT = "viewer_ct.nii.gz"
VIEWER_BONES = "viewer_bones.nii.gz"
"""Written into ``--out`` when the bench is open: the voxels that the plan was made on, for a viewer."""


def run(file: Path, image: Path | None, options: Options) -> None:
    """Open the plan, say so with a first line, and answer until standard input ends."""
    opened = reopen(file, image, options, day(options.as_of, "--as-of"))
    if options.out is not None:
        _write_viewer(opened, options.out)
    _say({"ready": True, "implants": len(opened.plan.implants), "ct": opened.pelvis.hu is not None})
    for line in sys.stdin:
        if line.strip():
            try:
                _say(_answer(opened, json.loads(line), options))
            except InputError as error:
                _say({"error": str(error)})
            except (ValueError, TypeError, KeyError):
                _say({"error": "The question was not understood."})


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _answer(opened: Opened, asked: dict[str, Any], options: Options) -> dict[str, Any]:
    index = index_of(int(asked["implant"]), {"implants": opened.plan.implants})
    before = opened.plan.implants[index]
    edit = _edit(asked)
    pose, size = before.implant.pose, before.implant.size
    if edit is not None:
        pose = edited_pose(pose, edit, opened.plan.side)
        size = size_of(size, edit, options)
    moved = opened.bench.move(opened.plan, index, pose, size, seed=options.seed)
    implants = (*opened.plan.implants[:index], moved, *opened.plan.implants[index + 1 :])
    plan = replace(opened.plan, implants=implants)
    if asked["ask"] == "views":
        return {"views": _views(opened, plan)}
    there = opened.bench.move(opened.plan, index, before.implant.pose, seed=options.seed)
    return {
        "implant": index + 1,
        "change": plan_change.plain(there, plan, index, edit or Edit()),
        "told": plan_change.told(there, plan, index, edit or Edit(), opened.pelvis),
        "surface": _surface(plan, opened, index),
    }


def _edit(asked: dict[str, Any]) -> Edit | None:
    """The edit asked for; None where nothing is to be moved, which asks for the implant as it is planned."""
    shift, tilt, length = (asked.get(name) or None for name in ("shift", "tilt", "length_mm"))
    if shift is None and tilt is None and length is None:
        return None
    return read_edit(shift, tilt, float(length) if length is not None else None)


def _surface(plan: Plan, opened: Opened, index: int) -> dict[str, Any]:
    """Vertices (n, 3) in LPS millimetres and triangles of the implant."""
    surface = surfaces.implants(plan, opened.pelvis)[index]
    return {"vertices": np.round(surface.vertices, 3).tolist(), "faces": surface.faces.tolist()}


def _views(opened: Opened, plan: Plan) -> list[dict[str, str]]:
    from nutation.planning.fluoroscopy import attenuation_of
    from nutation.planning.pictures_fluoroscopy import view_picture
    from nutation.planning.pictures_style import heading_of
    from nutation.planning.views import views_of

    pelvis, heading = opened.pelvis, heading_of(opened.pelvis, plan.side)
    implants = tuple(planned.implant for planned in plan.implants)
    attenuation = attenuation_of(pelvis)
    found: list[dict[str, str]] = []
    for view in views_of(pelvis, plan.side, plan.approach, implants=implants):
        png, alt = view_picture(view, pelvis, attenuation, plan.implants, heading)
        found.append({"title": view.title, "alt": alt, "png": base64.b64encode(png).decode("ascii")})
    return found


def _write_viewer(opened: Opened, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pelvis = opened.pelvis
    (folder / VIEWER_BONES).write_bytes(overlays.nifti(pelvis.labels, pelvis.grid))
    if pelvis.hu is not None:
        hu = np.clip(pelvis.hu, -1024, 3071).astype(np.int16)
        (folder / VIEWER_CT).write_bytes(overlays.nifti(hu, pelvis.grid))
