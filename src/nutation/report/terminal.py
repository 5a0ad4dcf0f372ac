"""The case as a terminal page: the gate first, the action, each joint, the next steps, what was not read."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nutation.report import digest, words
from nutation.report import terminal_pieces as pieces
from nutation.report.digest import Plain
from nutation.report.terminal_joint import source, warranted

_SHOWN = 3
_STEPS = 12


def render(document: Plain, console: Console) -> None:
    """Prints the case document (``nutation.case.document``) on the console, at most 120 columns wide.

    Everything that colour says is said in words too; piped, the page is plain text. Where the console's encoding is
    not Unicode it is ASCII. Control characters of the record never reach the terminal.
    """
    pieces.show(document, _page, console)


def _page(document: Plain) -> Iterable[RenderableType]:
    yield from _head(document)
    yield from _gate(document)
    yield from _action(document)
    for joint in document["joints"]:
        yield from source(document, joint)
        yield from warranted(joint)
    yield from _next(document)
    yield from _rest(document)


def _head(document: Plain) -> Iterable[RenderableType]:
    name = document["label"] or document["patient"]
    yield Text(name, style="bold")
    yield Text(
        f"{document['patient']} · asked about {words.day(document['as_of'])} · {words.known_by(document)} · "
        f"joints with findings: {words.word(words.SIDES, document['laterality'])}",
        style="dim",
    )
    yield Text(document["notice"], style="italic")


def _gate(document: Plain) -> Iterable[RenderableType]:
    joints = document["joints"]
    state = digest.gate_state(joints)
    yield pieces.title("Safety gate, before everything")
    told = " ".join(digest.gate_bases(joints))
    led = "" if told.startswith(words.GATE[state]) else f"{words.GATE[state]}. "
    yield pieces.line((led + told, pieces.STYLE[state]))
    rows = digest.gate_rows(joints)
    several = len(joints) > 1
    for row in rows:
        item = row.item
        if item["state"] == "clear":
            continue
        where = f", {row.sides[0]} joint" if several and len(row.sides) == 1 else ""
        kind, mark = words.word(words.ITEM_KINDS, item["kind"]), words.word(words.MARKS, item["verified"])
        head = Text.assemble(
            (words.GATE[item["state"]], pieces.STYLE[item["state"]]),
            ": ",
            (item["label"] + where, "bold"),
            f" ({kind}, {item['urgency']}; {mark})",
        )
        yield Padding(head, (1, 0, 0, 2))
        yield pieces.bullets(_told_of(item), 4)
    clear = [row.item["label"] for row in rows if row.item["state"] == "clear"]
    if clear:
        yield Text()
        yield pieces.line((f"{digest.CLEAR} ({len(clear)}): ", "dim"), (", ".join(clear), "dim"))


def _told_of(item: Plain) -> Iterable[str]:
    if item["witnesses"] or item["state"] != "not_screened":
        yield words.sentence(words.dated(item["basis"]))
    if item["missing"]:
        yield "To be asked: " + ", ".join(words.word(words.SYMPTOMS, m) for m in item["missing"])
    if item["asked_on"]:
        yield words.sentence(digest.asked(item))
    if item["state"] == "standing" or item["addressed_by"]:
        yield f"{'What closes it' if item['state'] == 'standing' else 'Closed by'}: {item['closes']}"


def _action(document: Plain) -> Iterable[RenderableType]:
    told = document["recommendation"]
    where = f", {words.joint(told['side'])}" if told["side"] else ""
    yield pieces.title("Recommended action")
    yield pieces.line((f"{digest.action(document)}{where}.", "bold"), " ", words.dated(told["reason"]))


def _next(document: Plain) -> Iterable[RenderableType]:
    yield pieces.title("Next steps, in order")
    if not document["next"]:
        yield pieces.line("Nothing that is not known yet could change the answer.")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=3)
    grid.add_column(overflow="fold")
    asked = _asked_once(document["next"])
    for place, steps in enumerate(asked[:_STEPS], 1):
        step = steps[0]
        where = ", both joints" if len(steps) > 1 else f", {words.joint(step['side'])}" if step["side"] else ""
        purpose = " and ".join(words.word(words.PURPOSES, p) for p in step["purpose"])
        how = f"  {step['stage']}{where}; {purpose}; burden: {words.word(words.BURDENS, step['burden'])}"
        grid.add_row(f"{place}.", Text.assemble((step["label"], "bold"), (how, "dim")))
        told = {one["side"]: list(_moves(one)) for one in steps}
        alike = all(lines == told[step["side"]] for lines in told.values())
        for side, lines in told.items() if not alike else ((None, told[step["side"]]),):
            for line in lines:
                grid.add_row("", Text(line if side is None else f"{words.sentence(words.joint(side))}: {line}"))
    if len(asked) > _STEPS:
        grid.add_row("", Text(f"… and {len(asked) - _STEPS} more: --json, or --out DIR for the page"))
    yield Padding(grid, (0, 0, 0, 1))
    for joint in document["joints"]:
        if joint["withheld"]:
            yield pieces.sub(f"Not offered now, {joint['side']} joint")
            yield pieces.bullets(
                f"{w['label']}. {' '.join(words.dated(r) for r in w['reasons'])}" for w in joint["withheld"]
            )


def _asked_once(steps: Iterable[Plain]) -> list[list[Plain]]:
    """The steps in order; the same question of the two joints stands together, where the first of them is."""
    groups: list[list[Plain]] = []
    for step in steps:
        same = next((g for g in groups if len(g) == 1 and _of_other_joint(g[0], step)), None)
        if same is None:
            groups.append([step])
        else:
            same.append(step)
    return groups


def _of_other_joint(one: Plain, other: Plain) -> bool:
    alike = all(one[name] == other[name] for name in ("label", "stage", "purpose", "burden"))
    return alike and {one["side"], other["side"]} == {"left", "right"}


def _moves(step: Plain) -> Iterable[str]:
    """What a step moves and what each result brings; where all results move the same things, those are told once."""
    reason = words.dated(step["reason"])
    common = digest.moved_alike(step)
    if common is not None:
        what = list(dict.fromkeys(common.what))
        more = f" (and {len(what) - _SHOWN} more)" if len(what) > _SHOWN else ""
        how = "; ".join(f"{result}: {ending}" for result, ending in common.how)
        yield f"{reason} {'; '.join(what[:_SHOWN])}{more}. {words.sentence(how)}."
        return
    told = f"{words.worth(step['value'])} " if step["value"] is not None else ""
    moved = digest.moved(step)
    if told or moved or reason:
        yield f"{told}{reason}{' ' if reason and moved else ''}{f'Moves {moved}.' if moved else ''}"
    for result in step["results"]:
        line = words.said(result["result"])
        if result["chance"] is not None:
            line += f" (chance {words.percent(result['chance'])})"
        if result["probability"] is not None:
            after = result["probability"]
            line += f": probability {words.percent(after['median'])} ({words.span(after['low'], after['high'])})"
        yield f"- {line}: {words.said('; '.join(result['changes'])) or 'changes no decision'}"


def _rest(document: Plain) -> Iterable[RenderableType]:
    if document["unmapped"]:
        yield pieces.title("Not read from the record")
        yield pieces.bullets(
            f"{u['label'] or u['code']} ({', '.join(filter(None, (u['resource'], u['system'], u['code'])))}): "
            + u["reason"].rstrip(".")
            + ("; it matters, so nothing is called met." if u["relevant"] else ".")
            for u in sorted(document["unmapped"], key=lambda u: not u["relevant"])
        )
    if document["warnings"]:
        yield pieces.title("Warnings")
        yield pieces.bullets(words.dated(w) for w in document["warnings"])
    yield pieces.title("Basis")
    made = [f"{name} {v}" for name, v in document["versions"].items() if not name.startswith("policy:")]
    kept = sum(name.startswith("policy:") for name in document["versions"])
    counts = (
        words.count(kept, "rule set"),
        words.count(len(document["events"]), "event"),
        words.count(len(document["sources"]), "source"),
    )
    yield pieces.line((f"{', '.join(made)}; {'; '.join(counts)}.", "dim"))
    yield pieces.bullets(
        Text(f"{words.word(words.MARKS, code)}: {words.mark_meaning(code, text)}", style="dim")
        for code, text in document["marks"].items()
    )
