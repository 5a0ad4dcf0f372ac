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
    for joint in told["joints"]:
        if joint["standing"]:
            yield pieces.title(f"Standing and walking, {joint['title'].lower()}")
            yield from _standing(joint["standing"])
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
                f"({_swept(row['range'])}); {row['share']} of the moment through its implants; "
                f"other joint {row['other']}"
                for row in motion["rows"]
            ),
            5,
        )


def _standing(standing: Plain) -> Iterable[RenderableType]:
    """Who holds better under which load, then the figures of each load or the reason why there are none."""
    yield pieces.line((standing["says"], "dim"))
    if standing["no_order"]:
        yield pieces.line(standing["no_order"])
    for pair in standing["pairs"]:
        yield pieces.line((f"{pair['names']}: ", "bold"))
        yield pieces.bullets(
            (f"{row['what']}: {row['loads']}" for row in pair["verdicts"] if row["loads"] != "none"), 5
        )
    if standing["doubt"]:
        yield pieces.line((standing["doubt"], "dim"))
    for case in standing["cases"]:
        yield pieces.line((f"{case['label']}:", "bold"))
        yield pieces.bullets((_stood(row) for row in case["rows"]), 5)
    if standing["withheld"]:
        yield pieces.line("Figures withheld:")
        yield pieces.bullets(standing["withheld"], 5)
    yield pieces.line("Published, to read it by:")
    yield pieces.bullets((row["said"] + _marked(row) for row in standing["published"]), 5)


def _stood(row: dict[str, str]) -> str:
    text = f"{row['name']}: turns {row['turn']} (nutation {row['nutation']}), slides {row['slide']}"
    return f"{text}; {row['reduction']} less than intact ({_swept(row['range'])})" if row["reduction"] else text


def _published(told: Plain) -> Iterable[RenderableType]:
    for what, rows in (("Motion of intact joints", "intact"), ("Reduction against intact", "reduction")):
        table = pieces.table((what, 3), *((words.sentence(motion), 2) for motion in said.MOTION.values()))
        for row in told["published"][rows]:
            table.add_row(f"{row['what']} ({row['kind']}){_marked(row)}", *(cell["said"] for cell in row["cells"]))
        yield table


def _marked(row: Plain) -> str:
    """How far a published figure can be trusted, where that is not as read at its source."""
    return "" if row["mark"] == "verified" else f" [{words.word(words.MARKS, row['mark'])}]"


def _swept(told: str) -> str:
    return told if told == said.NOT_SWEPT else f"{said.RANGE_IS} {told}"
