"""``nutation case RECORD``: one patient's case, on the terminal, as JSON, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nutation.case import build_case, document
from nutation.cli.output import console, day, folder, instant, json_text, print_json, progress, written
from nutation.cli.speaking import UsageError
from nutation.indication import Policy, bind_policy, check_policy, current, policies
from nutation.indication import policy as policy_of
from nutation.record.errors import InputError
from nutation.record.head import JointSide
from nutation.record.reading import read_record

_CODES = ("27279", "27278", "27280")
_PAPERS = ("a4", "us-letter")


def run(
    record: str,
    *,
    side: str | None,
    as_of: str | None,
    known_by: str | None,
    asked: tuple[str, ...],
    procedure: str | None,
    patient: str | None,
    partial: bool,
    seed: int,
    paper: str,
    json: bool,
    out: Path | None,
    quiet: bool,
) -> None:
    """Read, answer, and say or write it."""
    if side is not None and side not in ("left", "right"):
        raise UsageError(f"--side is {side!r}; write left or right.")
    if procedure is not None and procedure not in _CODES:
        raise UsageError(f"--procedure is {procedure!r}; write one of {', '.join(_CODES)}.")
    if paper not in _PAPERS:
        raise UsageError(f"--paper is {paper!r}; write one of {', '.join(_PAPERS)}.")
    on, known = day(as_of, "--as-of"), instant(known_by, "--known-by")
    wanted = _policies(asked, on)
    with progress("Reading the record …", quiet):
        told = read_record(Path(record), patient=patient, partial=partial)
    with progress("Answering …", quiet):
        case = build_case(
            told,
            as_of=on,
            known_by=known,
            sides=(side,) if side else (),
            asked=wanted,
            procedure=procedure,
            seed=seed,
        )
        plain = document(case)
    files, notes = _write(plain, folder(out), asked, paper, quiet) if out is not None else ([], [])
    if json:
        print_json(plain)
    elif not quiet:
        from nutation.report.terminal import render

        page = console()
        render(plain, page)
        for file in files:
            page.print(f"Written: {file}", soft_wrap=True)
        for note in notes:
            page.print(note, soft_wrap=True)


def _policies(asked: tuple[str, ...], on: Any) -> tuple[Policy, ...]:
    """The policies asked for, with the article's conditions first; every current one where none is named."""
    if not asked:
        return current(policies(), on)
    article = policy_of("ARTICLE", on=on)
    named = [_named(name, on) for name in asked]
    return (article, *(p for p in named if p.id != "ARTICLE"))


def _named(name: str, on: Any) -> Policy:
    if name.endswith((".yaml", ".yml")):
        return _own(Path(name))
    return policy_of(name, on=on)


def _own(path: Path) -> Policy:
    """A clinic's own policy file, taken only if nothing is wrong with it."""
    from nutation.evidence.plain_yaml import parse

    errors = [problem for problem in check_policy(path) if problem.severity == "error"]
    if errors:
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InputError(
            f"the policy cannot be used: {errors[0].problem}{more}",
            file=str(path),
            place=f"line {errors[0].line}",
            mend=f"{errors[0].mend} `nutation policy check {path}` lists everything.",
        )
    return bind_policy(parse(path.read_text(encoding="utf-8"), file=str(path)))


def _write(
    plain: dict[str, Any], into: Path, asked: tuple[str, ...], paper: str, quiet: bool
) -> tuple[list[Path], list[str]]:
    """The answer's files, and what is to be known of them. All are made before the first is written."""
    from nutation.report import fhir_out, html, readiness, submission

    notes: list[str] = []
    with progress("Writing the documents …", quiet):
        made: dict[str, bytes | str] = {
            "case.json": json_text(plain),
            "case.html": html.render(plain),
            "readiness.pdf": readiness.pdf(plain, paper=paper),
            "answer.fhir.json": json_text(fhir_out.bundle(plain)),
        }
        for side, policy_id, named in _submissions(plain, asked):
            try:
                made[f"submission-{policy_id}-{side}.pdf"] = submission.pdf(plain, policy_id, side, paper=paper)
            except InputError:
                if named:
                    raise
                continue
            digest = submission.content_sha256(submission.content(plain, policy_id, side))
            notes.append(
                f"{policy_id}, {side}: a draft until a signature event with content_sha256 {digest} is recorded"
            )
        for name in made:
            if (into / name).is_dir():
                raise InputError(
                    "is a folder, and a file is to be written.", file=str(into / name), mend="name another --out."
                )
        return [written(into / name, content) for name, content in made.items()], notes


def _asked_for(plain: dict[str, Any], side: JointSide) -> bool:
    """Whether the case itself comes to asking a payer for this joint; else a draft has to be asked for by policy."""
    told = plain["recommendation"]
    return told["action"] == "request_authorisation" and told["side"] == side


def _submissions(plain: dict[str, Any], asked: tuple[str, ...]) -> list[tuple[JointSide, str, bool]]:
    """Which submissions to draft: for the policies named, else for those that are the patient's own."""
    named = {name.upper() for name in asked}
    found: list[tuple[JointSide, str, bool]] = []
    for joint in plain["joints"]:
        for policy in joint["indication"]["policies"]:
            if policy["kind"] not in ("coverage", "national"):
                continue
            if policy["id"].upper() in named:
                found.append((joint["side"], policy["id"], len(plain["joints"]) == 1))
            elif not named and policy["applicability"] == "applies" and _asked_for(plain, joint["side"]):
                found.append((joint["side"], policy["id"], False))
    return found
