"""The plan as a terminal page: the answer and whose it is first, warnings, implants, clearance, margin, views."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from nutation.report import terminal_pieces as pieces
from nutation.report import words
from nutation.report.plan_told import Plain


def render(told: Plain, console: Console) -> None:
    """Prints the plan as told (``plan_told.told``), at most 120 columns wide; plain text in a pipe."""
    pieces.show(told, _page, console)


def _page(told: Plain) -> Iterable[RenderableType]:
    yield Text(told["line"], style="bold")
    yield Text(told["notice"], style="italic")
    yield pieces.title("Answer")
    style = "bold green" if told["answer"]["verdict"] == "planned" else "bold red"
    yield pieces.line((f"{told['answer']['said']}. ", style), told["answer"]["reason"])
    yield pieces.bullets(f"{row['what']}: {row['said']}" for row in told["answer"]["facts"])
    identity = {row["what"]: row["said"] for row in told["identity"]}
    yield pieces.line(("Left and right: ", "dim"), identity["Left and right"])
    if told["warnings"]:
        yield pieces.title("Warnings")
        yield pieces.bullets(told["warnings"])
    if told["record"] is not None:
        yield pieces.title("Patient's record")
        record = told["record"]
        yield pieces.line(f"{record['label']} ({record['patient']}). Recommended action there: {record['action']}.")
        yield pieces.bullets(f"{row['what']}: {row['said']}" for row in record["facts"])
    if told["implants"]:
        yield from _implants(told)
    if told["views"]:
        yield pieces.title("Fluoroscopic views")
        yield pieces.bullets(
            f"{view['title']}: {view['angles'][1]}. Not to cross: {view['line']}" for view in told["views"]
        )
    yield pieces.title("Operation sheet")
    if told["sheet"]["missing"]:
        yield pieces.line("Not made yet. What is missing:")
        yield pieces.bullets(told["sheet"]["missing"])
        yield pieces.line("The levels as proposed, to look at on the image:")
        yield pieces.bullets(f"{level['name']}: {level['basis']}" for level in told["levels"])
    else:
        yield pieces.line(f"Side and levels stated by {told['sheet']['stated']}; --out DIR writes it.")
    yield pieces.title("Basis")
    marks = [row["mark"] for row in told["basis"] if row["mark"]]
    counts = ", ".join(f"{marks.count(mark)} {words.word(words.MARKS, mark)}" for mark in dict.fromkeys(marks))
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    yield pieces.line(
        (f"{versions}; {words.count(len(told['basis']), 'figure')}{f': {counts}' if counts else ''}.", "dim")
    )


def _implants(told: Plain) -> Iterable[RenderableType]:
    yield pieces.title("Implants, from cranial to caudal")
    for row in told["implants"]:
        yield pieces.line((f"{row['number']}. {row['position']}: ", "bold"), f"{row['system']} {row['dimensions']}")
        breaches = row["margin"]
        over = f"over 2 mm in {breaches['over_2mm']}, over 4 mm in {breaches['over_4mm']}"
        yield pieces.bullets(
            (
                f"{row['heading']}; {row['ilium']} in the ilium, {row['sacrum']} in the sacrum",
                f"least clearance {row['least']}, to the {row['nearest']}",
                f"breaches in {breaches['any']} of executions, {over}",
            ),
            5,
        )
    under = f"Error: {told['error']}. Limit: {told['limit']}. Margins compare plans of this pelvis"
    yield pieces.line((f"{under}; they are not a patient's risk.", "dim"))
    if told["construct"]:
        whole = "; ".join(f"{row['what']} {row['said']}" for row in told["construct"])
        yield pieces.line(f"One implant or more of the construct: {whole}.")
    notes = [f"{row['position']}: {text}" for row in told["implants"] for text in row["warnings"]]
    unknown = list(dict.fromkeys(c["structure"] for row in told["implants"] for c in row["clearances"] if c["unknown"]))
    if unknown:
        notes.append(f"Clearance unknown, since the input does not show it: {', '.join(unknown)}.")
    if notes:
        yield pieces.bullets(notes)
