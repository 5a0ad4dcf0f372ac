"""A design search as a terminal page: the choice and its reasons first, then every construct, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from nutation.report import terminal_pieces as pieces
from nutation.report import words
from nutation.report.search_told import Plain


def render(told: Plain, console: Console) -> None:
    """Prints the search as told (``search_told.told``), at most 120 columns wide; plain text in a pipe."""
    pieces.show(told, _page, console)


def _page(told: Plain) -> Iterable[RenderableType]:
    yield Text(told["line"], style="bold")
    yield Text(told["notice"], style="italic")
    yield pieces.title("Answer")
    yield pieces.line((f"{told['answer']['said']}. ", "bold green"))
    yield pieces.bullets(told["answer"]["reasons"])
    yield pieces.bullets(f"{row['what']}: {row['said']}" for row in told["answer"]["facts"])
    identity = {row["what"]: row["said"] for row in told["identity"]}
    yield pieces.line(("Left and right: ", "dim"), identity["Left and right"])
    yield pieces.title("Constructs, from the most margin to the least")
    yield _table(told)
    for text in (told["margin_is"], told["front_is"], told["range_is"], told["percent_is"]):
        yield pieces.line((text, "dim"))
    if told["refused"]:
        yield pieces.title("Over the limit, not solved")
        yield pieces.bullets(f"{row['name']} ({row['metal']}): {row['reason']}." for row in told["refused"])
    yield pieces.title("Published reductions, to read it by")
    yield pieces.line((told["published"]["device"], "dim"))
    yield pieces.bullets(
        f"{row['what']} ({row['kind']}): " + "; ".join(f"{cell['motion']} {cell['said']}" for cell in row["cells"])
        for row in told["published"]["reduction"]
    )
    if told["warnings"]:
        yield pieces.title("Warnings")
        yield pieces.bullets(told["warnings"])
    yield pieces.title("The rule")
    yield pieces.bullets([told["rule"], f"{told['limit']}.", f"{told['error']}."])
    yield pieces.title("What it does not say")
    yield pieces.bullets(told["not_said"])
    yield pieces.title("Basis")
    if told["unverified"]:
        yield pieces.line("Unverified figures that it rests on:")
        yield pieces.bullets(told["unverified"])
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    yield pieces.line((f"{versions}; {words.count(len(told['basis']), 'figure')} of the evidence.", "dim"))


def _table(told: Plain) -> RenderableType:
    table = pieces.table(
        ("", None), ("Construct", 5), ("Margin", 2), ("Motion less", 3), ("Front", 2), ("Not told apart from", 3)
    )
    for row in told["constructs"]:
        name = Text.assemble((row["name"], "bold" if row["chosen"] else ""), f"\n{row['metal']}")
        held = f"{row['held']}\n({row['range']})"
        front = "chosen, " * row["chosen"] + ("on it" if row["front"] else "not on it")
        table.add_row(row["mark"], name, row["margin"], held, front, row["untold"])
    return table
