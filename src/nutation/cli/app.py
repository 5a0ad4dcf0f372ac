"""The commands and what they have in common: exit statuses, errors, output. Heavy imports wait until needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nutation.cli import clinic_app
from nutation.cli.options import Json, Out, Quiet

app = typer.Typer(
    name="nutation",
    help="Sacroiliac joint fusion, from the first complaint to the proof that it worked. "
    "Decision support; not for unsupervised clinical use.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
clinic_app.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from nutation import __version__

        typer.echo(f"nutation {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command("case", help="Answer one patient's case, or (case new) ask the questions and write a record.")
def case(
    record: Annotated[
        str,
        typer.Argument(
            metavar="RECORD",
            help="FHIR R4 Bundle (JSON), folder of NDJSON, or Nutation's own events (YAML, JSON, CSV); or new.",
        ),
    ],
    side: Annotated[str | None, typer.Option(help="Only this joint: left or right.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="The day asked about (today).")] = None,
    known_by: Annotated[
        str | None, typer.Option("--known-by", metavar="TIME", help="Use only what was recorded by then (now).")
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A policy to ask; may be repeated (all).")
    ] = None,
    procedure: Annotated[
        str | None, typer.Option(metavar="CODE", help="Procedure asked about: 27279, 27278, 27280.")
    ] = None,
    patient: Annotated[
        str | None, typer.Option(metavar="ID", help="The patient, where the input holds several.")
    ] = None,
    partial: Annotated[bool, typer.Option(help="Leave out what cannot be used, and list it.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the sampling of uncertainties.")] = 20260901,
    paper: Annotated[str, typer.Option(help="Paper of the PDFs: a4 or us-letter.")] = "a4",
    json: Json = False,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Answer one patient's case."""
    from nutation.cli import case_command

    if record == "new" and not Path(record).exists():
        from nutation.cli import case_new

        case_new.run(out=out, as_of=as_of)
        return
    case_command.run(
        record,
        side=side,
        as_of=as_of,
        known_by=known_by,
        asked=tuple(policy or ()),
        procedure=procedure,
        patient=patient,
        partial=partial,
        seed=seed,
        paper=paper,
        json=json,
        out=out,
        quiet=quiet,
    )


@app.command("evidence", help="Browse every figure with its source; or: evidence diff OLD NEW --records …")
def evidence(
    what: Annotated[list[str] | None, typer.Argument(metavar="[ID]", help="An id, a topic; or diff OLD NEW.")] = None,
    words: Annotated[str | None, typer.Option(help="Only entries that hold these words.")] = None,
    records: Annotated[list[Path] | None, typer.Option(help="For diff: records whose answers are compared.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="For diff: the day asked about.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Browse the evidence."""
    from nutation.cli import evidence_command

    evidence_command.run(
        tuple(what or ()), words=words, records=tuple(records or ()), as_of=as_of, json=json, quiet=quiet
    )


@app.command("policy", help="Browse the policies; or: policy check FILE says line by line what is wrong with one.")
def policy(
    what: Annotated[list[str] | None, typer.Argument(metavar="[ID]", help="A policy's id; or check FILE.")] = None,
    version: Annotated[str | None, typer.Option(help="One version of the policy.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Browse and check policies."""
    from nutation.cli import policy_command

    policy_command.run(tuple(what or ()), version=version, json=json, quiet=quiet)


@app.command(
    "plan",
    help="Plan implants in the bones of an image; or: plan move PLAN IMAGE, plan compare PLAN POSTOP_CT, "
    "plan phantom DIR (to try it on).",
)
def plan(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGE]",
            help="A CT (DICOM folder, NIfTI, NRRD) or a label map of the bones; or move PLAN IMAGE; "
            "or compare PLAN POSTOP_CT; or phantom DIR.",
        ),
    ] = None,
    side: Annotated[str | None, typer.Option(help="The joint: left or right.")] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="MAP", help="The CT's bones as a label map (NIfTI, NRRD).")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which label is which bone (TotalSegmentator's ids).")
    ] = None,
    sacrum: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Surface of the sacrum, in place of IMAGE.")
    ] = None,
    left_hip: Annotated[
        Path | None, typer.Option("--left-hip", metavar="FILE", help="Surface of the left hip.")
    ] = None,
    right_hip: Annotated[
        Path | None, typer.Option("--right-hip", metavar="FILE", help="Surface of the right hip.")
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="UID", help="The DICOM series, where there are several.")
    ] = None,
    first_look: Annotated[
        bool,
        typer.Option("--first-look", help="Of a CT without labels: outline the bones roughly, to look at only."),
    ] = False,
    approach: Annotated[str, typer.Option(help="lateral, inline, posterior, s2ai or transsacral.")] = "lateral",
    implants: Annotated[
        str | None,
        typer.Option(metavar="CATALOG", help='Own sizes (YAML, CSV), or a packaged system, as "iFuse TORQ 12".'),
    ] = None,
    error: Annotated[
        str, typer.Option(help="Execution error: fluoroscopy, robot, or a clinic's own records (FILE).")
    ] = "fluoroscopy",
    limit: Annotated[
        float | None, typer.Option(help="Largest share of executions that may breach by over 2 mm, 0 to 1.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="How many implants (the approach's usual).")] = None,
    resolution: Annotated[float, typer.Option(metavar="MM", help="Edge of the voxels that are planned on.")] = 1.0,
    record: Annotated[
        Path | None, typer.Option(metavar="RECORD", help="The patient's record: identity and what is to be known.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="The day of planning (today).")] = None,
    confirm_side: Annotated[
        str | None, typer.Option("--confirm-side", metavar="SIDE", help="The side, as a person found it on the image.")
    ] = None,
    confirm_levels: Annotated[
        str | None,
        typer.Option("--confirm-levels", metavar="LEVELS", help="The levels a person looked at: S1,S2."),
    ] = None,
    confirmed_by: Annotated[
        str | None, typer.Option("--confirmed-by", metavar="NAME", help="Who looked; needed for an operation sheet.")
    ] = None,
    deidentify: Annotated[bool, typer.Option(help="Write nothing that tells whose image it is.")] = False,
    append: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For compare: add what was found to the clinic's own records.")
    ] = None,
    placed: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="For phantom: write its CT after an operation by this plan, with an error."),
    ] = None,
    implant: Annotated[
        int | None, typer.Option(metavar="N", help="For move: which implant, 1 the most cranial.")
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(metavar="WAYS", help='For move: mm, as "2 cranial, 3 posterior, 5 deeper".'),
    ] = None,
    tilt: Annotated[
        str | None, typer.Option(metavar="WAYS", help='For move: degrees of the tip, as "4 anterior, 2 caudal".')
    ] = None,
    length: Annotated[float | None, typer.Option(metavar="MM", help="For move: another length.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated executions.")] = 20260901,
    paper: Annotated[str, typer.Option(help="Paper of the PDFs: a4 or us-letter.")] = "a4",
    json: Json = False,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Plan one joint."""
    from nutation.cli import plan_command

    plan_command.run(
        tuple(what or ()),
        plan_command.Options(
            side=side,
            labels=labels,
            mapping=mapping,
            sacrum=sacrum,
            left_hip=left_hip,
            right_hip=right_hip,
            series=series,
            first_look=first_look,
            approach=approach,
            implants=implants,
            error=error,
            limit=limit,
            count=count,
            resolution=resolution,
            record=record,
            as_of=as_of,
            confirm_side=confirm_side,
            confirm_levels=confirm_levels,
            confirmed_by=confirmed_by,
            deidentify=deidentify,
            append=append,
            placed=placed,
            seed=seed,
            paper=paper,
            implant=implant,
            shift=shift,
            tilt=tilt,
            length=length,
            json=json,
            out=out,
            quiet=quiet,
        ),
    )


@app.command(
    "stability",
    help="Which construct holds this joint better, by finite elements: a plan against its alternatives; or the intact "
    "joints of a label map.",
)
def stability(
    what: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PLAN] [LABELS]",
            help="A plan (plan.json), the label map or CT of its bones, or both. Of a plan alone the bones are those "
            "that `nutation plan --out` left beside it; of a label map alone the intact joints are asked about.",
        ),
    ] = None,
    ct: Annotated[
        Path | None, typer.Option(metavar="CT", help="The CT of the bones: moduli then come from it.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="MAP", help="The CT's bones as a label map (NIfTI, NRRD).")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which label is which bone (TotalSegmentator's ids).")
    ] = None,
    sacrum: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Surface of the sacrum, in place of a label map.")
    ] = None,
    left_hip: Annotated[
        Path | None, typer.Option("--left-hip", metavar="FILE", help="Surface of the left hip.")
    ] = None,
    right_hip: Annotated[
        Path | None, typer.Option("--right-hip", metavar="FILE", help="Surface of the right hip.")
    ] = None,
    side: Annotated[
        str | None, typer.Option(help="The joint: left or right (the plan's; without a plan both).")
    ] = None,
    compare: Annotated[
        list[Path] | None, typer.Option(metavar="PLAN2", help="Another plan of the same joint; may be repeated.")
    ] = None,
    fewer: Annotated[bool, typer.Option("--fewer", help="The plan with each implant left out in turn, too.")] = False,
    search: Annotated[
        bool,
        typer.Option(
            "--search", help="Of constructs around the plan: which holds as well with margin and least metal."
        ),
    ] = False,
    constructs: Annotated[
        int | None, typer.Option(metavar="N", help="For --search: at most so many are solved (14).")
    ] = None,
    error: Annotated[
        str | None, typer.Option(metavar="ERROR", help="For --search: the plan's own records of errors (FILE).")
    ] = None,
    limit: Annotated[float | None, typer.Option(help="For --search: the limit that the plan was made with.")] = None,
    resolution: Annotated[
        float | None, typer.Option(metavar="MM", help="Edge of the elements, 0.5 to 4 (2; for --search 4).")
    ] = None,
    support: Annotated[
        str | None,
        typer.Option(
            help="What is held: ischia, acetabula, one-ilium (of the joint asked about), or acetabulum_left, "
            "acetabulum_right, ilium_left, ilium_right (the first of these three that the image shows)."
        ),
    ] = None,
    moment: Annotated[
        float | None, typer.Option(metavar="NM", help="Moment on S1, of the published sizes (the middle one).")
    ] = None,
    follower: Annotated[
        float | None,
        typer.Option(metavar="N", help="Load along the spine with it: the published one (so if left out) or 0."),
    ] = None,
    stance: Annotated[
        bool,
        typer.Option("--stance", help="Standing too: compression of S1, both legs, one leg, walking."),
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Base values only: no sweep, and so no order.")] = False,
    json: Json = False,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Ask how still constructs hold a joint."""
    from nutation.cli import stability_command

    stability_command.run(
        tuple(what or ()),
        stability_command.Options(
            ct=ct,
            labels=labels,
            mapping=mapping,
            sacrum=sacrum,
            left_hip=left_hip,
            right_hip=right_hip,
            side=side,
            compare=tuple(compare or ()),
            fewer=fewer,
            resolution=stability_command.resolution_mm(resolution, search=search),
            support=support,
            moment=moment,
            follower=follower,
            quick=quick,
            json=json,
            out=out,
            quiet=quiet,
            stance=stance,
            search=stability_command.search_options(error, limit, constructs, search=search),
        ),
    )


def main() -> None:
    """Run the command line. Exit status: 0 answered, 1 the input is in error, 2 wrong usage."""
    try:
        app()
    except Exception as error:
        sys.exit(_status_of(error))


def _status_of(error: Exception) -> int:
    """The exit status of an error; one that is not the user's is raised again, since it is ours to mend."""
    from nutation.cli.speaking import UsageError, complain
    from nutation.evidence import EvidenceError
    from nutation.record.errors import InputError

    if isinstance(error, UsageError):
        complain(str(error))
        return 2
    if isinstance(error, InputError | EvidenceError):
        complain(str(error))
        return 1
    if isinstance(error, OSError):
        complain(f"{error.filename or 'file'}: {error.strerror or error}. To mend it: check the path and its rights.")
        return 1
    raise error
