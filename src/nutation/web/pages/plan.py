"""The plans of a patient: asked for, looked at in three planes and three dimensions, moved, stated and printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection

from nutation.planning.plan import STRUCTURES
from nutation.record.errors import InputError
from nutation.report import plan_words
from nutation.store import documents, ledger, patients, people, plan_jobs
from nutation.web.context import Current, needs
from nutation.web.planning import images
from nutation.web.planning.benches import Bench, Benches
from nutation.web.planning.commands import bench_command
from nutation.web.planning.entries import PlanEntry, plan_of, plans_of
from nutation.web.planning.surfaces import implant_surfaces
from nutation.web.rendering import form_token, render

router = APIRouter()
Reader = Annotated[Current, Depends(needs("see_patient"))]
Planner = Annotated[Current, Depends(needs("see_patient", "make_plan"))]
Stater = Annotated[Current, Depends(needs("see_patient", "confirm_plan"))]

APPROACHES = ("lateral", "inline", "posterior", "s2ai", "transsacral")
RESOLUTIONS = (1.0, 1.5, 2.0)
"""Edges of the voxels that can be asked for, in millimetres: finer is slower."""
_COMPARED_AT_MM = 3.0
"""Edge of the elements by which constructs are compared from the page: an answer in minutes."""
LEVELS = ("S1", "S2", "S1,S2", "S2,S3", "S1,S2,S3")
_SHOWN = {".glb": "model/gltf-binary", ".stl": "model/stl", ".json": "application/json", ".pdf": "application/pdf"}


def _of(patient: str) -> str:
    return f"/patients/{patient}/plans"


def _benches(request: Request) -> Benches:
    found = getattr(request.app.state, "benches", None)
    if found is None:
        found = request.app.state.benches = Benches()
    return found


@router.get("/patients/{patient}/plans")
def plans(request: Request, who: Reader, patient: str) -> Response:
    """Every plan of the patient, those being made, and the form that asks for another."""
    with who.read() as conn:
        told = patients.get(conn, patient)
        found = plans_of(conn, patient)
        waiting = plan_jobs.unfinished(conn, patient)
        compared = [one.body for one in ledger.entries(conn, patient, ("stability",)) if one.body is not None]
        names = people.shown_names(conn, {plan.by for plan in found})
    offered = images.offered(who.settings.images, patient)
    return render(
        request, "plans.html.j2", told=told, plans=found, waiting=waiting, names=names, compared=compared[::-1],
        images=offered, keeps_images=who.settings.images is not None,
        image_choices=[(one.name, one.name) for one in offered],
        label_choices=[
            ("", "none: the image is a label map"), *((one.name, one.name) for one in offered if not one.slices)
        ],
        approaches=[(code, plan_words.approach(code)) for code in APPROACHES], resolutions=RESOLUTIONS,
    )  # fmt: skip


@router.post("/patients/{patient}/plans/images")
def upload(who: Planner, patient: str, files: Annotated[list[UploadFile], File()]) -> Response:
    """Keep uploaded images for this patient."""
    with who.read() as conn:
        patients.get(conn, patient)
    for file in files:
        images.keep(who.settings.images, patient, file.filename or "", file.file)
    return RedirectResponse(_of(patient), status_code=303)


@router.post("/patients/{patient}/plans")
def ask(
    who: Planner,
    patient: str,
    image: Annotated[str, Form(max_length=300)],
    side: Annotated[str, Form(max_length=10)] = "",
    labels: Annotated[str, Form(max_length=300)] = "",
    approach: Annotated[str, Form(max_length=20)] = "lateral",
    resolution: Annotated[float, Form()] = RESOLUTIONS[0],
    count: Annotated[str, Form(max_length=2)] = "",
) -> Response:
    """Ask for a plan; the worker makes it."""
    _one_of("side", side, ("left", "right"))
    _one_of("approach", approach, APPROACHES)
    _one_of("resolution", resolution, RESOLUTIONS)
    _one_of("count", count, ("", "1", "2", "3"))
    for name in (image, *([labels] if labels else [])):
        images.place(who.settings.images, patient, name)
    options = {
        "image": image, "labels": labels, "side": side, "approach": approach, "resolution": resolution,
        "count": int(count) if count else None, "error": "fluoroscopy",
    }  # fmt: skip
    return _asked(who, patient, "plan", options)


def _one_of(name: str, told: object, among: tuple[object, ...]) -> None:
    if told not in among:
        choices = ", ".join(str(one) or "none" for one in among)
        raise InputError(f"{name} is not one of the choices.", place=name, mend=f"choose one of {choices}.")


def _asked(who: Current, patient: str, kind: plan_jobs.Kind, options: Mapping[str, Any]) -> Response:
    with who.write() as conn:
        patients.get(conn, patient)
        plan_jobs.ask(conn, patient, kind, options, by=who.person.id, at=who.now)
    return RedirectResponse(_of(patient), status_code=303)


@router.get("/patients/{patient}/plans/{plan}")
def one(request: Request, who: Reader, patient: str, plan: str) -> Response:
    """One plan: its numbers, its pictures, its bones in the viewer, and what may be done with it."""
    with who.read() as conn:
        told = patients.get(conn, patient)
        found = _plan(conn, patient, plan)
        document = json.loads(documents.get(conn, patient, found.files["plan.json"]).content)
        statements = [other for other in plans_of(conn, patient) if (other.stated or {}).get("plan") == plan]
        compared = [
            one.body for one in ledger.entries(conn, patient, ("stability",)) if one.body and one.body["plan"] == plan
        ]
        names = people.shown_names(conn, {found.by})
    return render(
        request, "plan.html.j2", wide=True, told=told, plan=found, document=document, statements=statements,
        compared=compared[::-1], names=names, mm=plan_words.mm, share=plan_words.share,
        side_words=plan_words.SIDE[found.side], approach=plan_words.approach(found.approach),
        position=plan_words.position, structures=STRUCTURES, token=form_token(request),
        surfaces=implant_surfaces(document),
        bones=[name for name in found.files if name.startswith("bones/")],
        level_choices=[("", "choose"), *((one, one.replace(",", " and ")) for one in LEVELS)],
        can_open=who.settings.images is not None and who.may("make_plan"),
    )  # fmt: skip


def _plan(conn: Connection, patient: str, plan: str) -> PlanEntry:
    try:
        return plan_of(conn, patient, plan)
    except InputError:
        raise HTTPException(404) from None


@router.get("/patients/{patient}/plans/{plan}/files/{name:path}")
def file(who: Reader, patient: str, plan: str, name: str) -> Response:
    """One of the plan's files, as `nutation plan` wrote it; only those that it wrote are found."""
    with who.read() as conn:
        sha = _plan(conn, patient, plan).files.get(name)
        if sha is None:
            raise HTTPException(404)
        content = documents.get(conn, patient, sha).content
    return _sent(content, name)


@router.get("/patients/{patient}/comparisons/{comparison}/{name:path}")
def compared_file(who: Reader, patient: str, comparison: str, name: str) -> Response:
    """One of the files of a comparison of constructs."""
    with who.read() as conn:
        entries = ledger.entries(conn, patient, ("stability",))
        body = next((one.body for one in entries if one.body is not None and one.body["id"] == comparison), None)
        if body is None or name not in body["files"]:
            raise HTTPException(404)
        content = documents.get(conn, patient, body["files"][name]).content
    return _sent(content, name)


def _sent(content: bytes, name: str) -> Response:
    """A file to be saved, but for what the viewer and the browser show; a page of ours is never shown as a page."""
    kind = _SHOWN.get(Path(name).suffix, "application/octet-stream")
    how = "inline" if kind == "application/pdf" else "attachment"
    return Response(
        content, media_type=kind,
        headers={"content-disposition": f'{how}; filename="{Path(name).name}"', "x-content-type-options": "nosniff"},
    )  # fmt: skip


# -- a plan kept open ----------------------------------------------------------------------------------


@router.post("/patients/{patient}/plans/{plan}/open")
def open_bench(request: Request, who: Planner, patient: str, plan: str) -> Response:
    """Open the plan for moves, or say how far that is."""
    with who.read() as conn:
        found = _plan(conn, patient, plan)

    def command(work: Path) -> list[str]:
        with who.store.read() as reading:
            return bench_command(reading, patient, found, who.settings.images, work)

    return JSONResponse(_state(_benches(request).open(patient, plan, command)))


def _state(bench: Bench) -> dict[str, Any]:
    return {"state": bench.state, "message": bench.message, "ct": bench.has_ct}


@router.get("/patients/{patient}/plans/{plan}/viewer/{name}")
def viewer_file(request: Request, who: Planner, patient: str, plan: str, name: str) -> Response:
    """The voxels that the plan was made on, for the viewer, while the plan is open."""
    bench = _benches(request).get(patient, plan)
    if bench is None or bench.state != "ready" or name not in ("ct.nii.gz", "bones.nii.gz"):
        raise HTTPException(404)
    try:
        content = (bench.work / "viewer" / f"viewer_{name}").read_bytes()
    except FileNotFoundError:
        raise HTTPException(404) from None
    return Response(content, media_type="application/gzip")


@router.post("/patients/{patient}/plans/{plan}/check")
def check(
    request: Request, who: Planner, patient: str, plan: str, asked: Annotated[dict[str, Any], Body()]
) -> Response:
    """What a moved implant would be like: clearance, margin, purchase, its surface; or the views with it there."""
    bench = _benches(request).get(patient, plan)
    if bench is None:
        return JSONResponse({"error": "The plan is not open: open it first."}, status_code=409)
    question = {name: asked.get(name) for name in ("ask", "implant", "shift", "tilt", "length_mm")}
    if question["ask"] not in ("move", "views"):
        return JSONResponse({"error": "Ask for move or views."}, status_code=422)
    return JSONResponse(bench.ask(question))


# -- what is kept --------------------------------------------------------------------------------------


@router.post("/patients/{patient}/plans/{plan}/move")
def move(
    who: Planner,
    patient: str,
    plan: str,
    implant: Annotated[int, Form(ge=1, le=9)],
    shift: Annotated[str, Form(max_length=200)] = "",
    tilt: Annotated[str, Form(max_length=200)] = "",
    length: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Keep a moved implant as a plan of its own, judged by the program that made the first."""
    from nutation.planning.edit import read_edit

    with who.read() as conn:
        found = _plan(conn, patient, plan)
    try:
        length_mm = float(length) if length.strip() else None
    except ValueError:
        raise InputError("The length is no number.", place="length", mend="write millimetres, as 45.") from None
    read_edit(shift or None, tilt or None, length_mm)
    options = {"plan": found.id, "implant": implant, "shift": shift, "tilt": tilt, "length_mm": length_mm}
    return _asked(who, patient, "move", options)


@router.post("/patients/{patient}/plans/{plan}/state")
def state(
    who: Stater,
    patient: str,
    plan: str,
    side: Annotated[str, Form(max_length=10)] = "",
    levels: Annotated[str, Form(max_length=20)] = "",
    looked: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """State side and levels under one's own name; the operation sheet is made by that."""
    with who.read() as conn:
        found = _plan(conn, patient, plan)
    _one_of("side", side, ("left", "right"))
    _one_of("levels", levels, LEVELS)
    if looked != "yes":
        raise InputError("Nothing is stated.", place="looked", mend="tick that you looked at the image yourself.")
    named = f"{who.person.shown}, {who.person.title}".rstrip(", ")
    return _asked(who, patient, "state", {"plan": found.id, "side": side, "levels": levels, "by": named})


@router.post("/patients/{patient}/plans/{plan}/compare")
def compare(who: Planner, patient: str, plan: str) -> Response:
    """Ask how still this construct holds the joint beside one with fewer implants."""
    with who.read() as conn:
        found = _plan(conn, patient, plan)
    if found.verdict != "planned":
        raise InputError("There is no plan within the limit to compare.", mend="plan anew.")
    return _asked(who, patient, "compare", {"plan": found.id, "resolution": _COMPARED_AT_MM})
