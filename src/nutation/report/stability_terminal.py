"""A study as a terminal page: the order and whose joint it is first, then what it rests on, then degrees as detail."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from nutation.report import stability_words as said
from nutation.report import terminal_pieces as pieces
from nutation.report import words
from nutation.report.stability_told import Plain


def render(told: Plain, console: Console) -> None:
    """Prints the study as told (``stability_told.told``), at most 120 columns wide; plain text in a pipe."""
    pieces.show(told, _page, console)


def _page(told: Plain) -> Iterable[RenderableType]:
    yield Text(told["line"], style="bold")
    yield Text(told["notice"], style="italic")
    several = len(told["joints"]) > 1
    for joint in told["joints"]:
        yield pieces.title(f"Answer, {joint['title'].lower()}" if several else "Answer")
        answer = joint["answer"]
        style = "bold green" if answer["kind"] == "planned" else "bold yellow"
        yield pieces.line((f"{answer['said']}. ", style), answer["reason"])
        yield pieces.bullets(f"{row['what']}: {row['said']}" for row in answer["facts"])
    identity = {row["what"]: row["said"] for row in told["identity"]}
    yield pieces.line(("Left and right: ", "dim"), identity["Left and right"])
    if told["warnings"]:
        yield pieces.title("Warnings")
        yield pieces.bullets(told["warnings"])
    for joint in told["joints"]:
        if joint["pairs"]:
            yield pieces.title("Constructs against each other")
            yield from _pairs(joint)
            yield pieces.line((told["overlap"], "dim"))
    for joint in told["joints"]:
        yield pieces.title(f"Model detail, {joint['title'].lower()}: degrees and percent")
        yield from _motions(joint)
    yield pieces.line((told["range_is"], "dim"))
    yield pieces.title("Published, to read it by")
    yield pieces.line((told["published"]["device"], "dim"))
    yield from _published(told)
    yield pieces.title("What it does not say")
    yield pieces.bullets(told["not_said"])
    yield pieces.title("What it assumes")
    yield pieces.bullets(told["assumes"])
    yield pieces.title("Basis")
    if told["unverified"]:
        yield pieces.line("Unverified figures that it rests on:")
        yield pieces.bullets(told["unverified"])
    model = {row["what"]: row["said"] for row in told["model"]}
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    figures = words.count(len(told["basis"]), "figure")
    solved = f"solved {model['Solved']}, residual {model['Largest residual']}, {model['Time']}"
    yield pieces.line((f"{versions}; {figures} of the evidence; {solved}.", "dim"))


def _pairs(joint: Plain) -> Iterable[RenderableType]:
    for pair in joint["pairs"]:
        yield pieces.line((f"{pair['names']}: ", "bold"), f"{pair['overall']} (mean of the motions {pair['mean']})")
        yield pieces.bullets((f"{row['motion']}: {row['said']}, {row['range']}" for row in pair["motions"]), 5)


def _motions(joint: Plain) -> Iterable[RenderableType]:
    for motion in joint["motions"]:
        beside = "; ".join(part for part in (motion["intact_range"], f"published band {motion['band']}") if part)
        yield pieces.line((f"{motion['name']}: ", "bold"), f"intact {motion['intact']} ({beside})")
        if motion["withheld"]:
            yield pieces.bullets([motion["withheld"]], 5)
            continue
        yield pieces.bullets(
            (
                f"{row['name']}: {row['deg']}, {row['reduction']} less than intact "
                f"({said.RANGE_IS} {row['range']}); {row['share']} of the moment through its implants; "
                f"other joint {row['other']}"
                for row in motion["rows"]
            ),
            5,
        )


def _published(told: Plain) -> Iterable[RenderableType]:
    for what, rows in (("Motion of intact joints", "intact"), ("Reduction against intact", "reduction")):
        table = pieces.table((what, 3), *((words.sentence(motion), 2) for motion in said.MOTION.values()))
        for row in told["published"][rows]:
            mark = "" if row["mark"] == "verified" else f" [{words.word(words.MARKS, row['mark'])}]"
            table.add_row(f"{row['what']} ({row['kind']}){mark}", *(cell["said"] for cell in row["cells"]))
        yield table
