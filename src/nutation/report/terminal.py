"""The case as a terminal page: the gate first, then the action, each joint, the list of next steps, what was not read."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from nutation.report import digest, words
from nutation.report.digest import Plain

_STYLE = {
    "standing": "bold red", "not_screened": "bold yellow", "addressed": "bold", "clear": "bold green",
    "met": "bold green", "not_met": "bold red", "undetermined": "bold yellow",
    "true": "green", "false": "red", "unknown": "yellow",
}  # fmt: skip
_SCALE = 25
_WIDEST = 120
_SHOWN = 3
_ASCII = str.maketrans(
    {
        "≥": ">=", "≤": "<=", "–": "-", "—": "-", "·": ".", "’": "'", "“": '"', "”": '"', "×": "x", "→": "->", "…": "...",
        "─": "-", "├": "|", "┤": "|", "●": "O",
    }
)  # fmt: skip


def render(document: Plain, console: Console) -> None:
    """Prints the case document (``nutation.case.document``) on the console, at most 120 columns wide.

    Everything that colour says is said in words too; piped, the page is plain text. Where the console's encoding is
    not Unicode it is ASCII. Control characters of the record never reach the terminal.
    """
    told: Plain = words.cleaned(document)
    width = min(console.width, _WIDEST)
    page = Group(*_page(told))
    ascii_only = console.options.ascii_only
    if console.is_terminal and not ascii_only:
        console.print(page, width=width)
        return
    drawn = StringIO()
    Console(file=drawn, width=width, color_system=None, legacy_windows=False).print(page)
    text = "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())
    if ascii_only:
        text = text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    console.out(text, highlight=False)


def _page(document: Plain) -> Iterable[RenderableType]:
    yield from _head(document)
    yield from _gate(document)
    yield from _action(document)
    for joint in document["joints"]:
        yield from _source(joint)
        yield from _warranted(joint)
    yield from _next(document)
    yield from _rest(document)


def _title(text: str) -> RenderableType:
    return Group(Text(), Rule(Text(text, style="bold"), align="left", style="dim"))


def _sub(text: str) -> RenderableType:
    return Padding(Text(text, style="bold"), (1, 0, 0, 0))


def _line(*parts: str | tuple[str, str], indent: int = 2) -> RenderableType:
    return Padding(Text.assemble(*parts), (0, 0, 0, indent))


def _bullets(lines: Iterable[str | Text], indent: int = 2) -> RenderableType:
    """Lines that hang from a dash, so that what wraps stays under its own text."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("-", line if isinstance(line, Text) else Text(line))
    return Padding(grid, (0, 0, 0, indent))


def _table(*columns: str | tuple[str, dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, expand=True)
    for column in columns:
        name, how = (column, {}) if isinstance(column, str) else column
        table.add_column(name, **{"overflow": "fold", "ratio": None, **how})
    return table


def _named(table: dict[str, str], code: str) -> Text:
    return Text(words.word(table, code), style=_STYLE.get(code, ""))


def _head(document: Plain) -> Iterable[RenderableType]:
    name = document["label"] or document["patient"]
    known = words.day(document["known_by"]) if document["known_by"] else "all that is recorded"
    yield Text(name, style="bold")
    yield Text(
        f"{document['patient']} · asked about {words.day(document['as_of'])} · as known by {known} · "
        f"joints with findings: {words.word(words.SIDES, document['laterality'])}",
        style="dim",
    )
    yield Text(document["notice"], style="italic")


def _gate(document: Plain) -> Iterable[RenderableType]:
    joints = document["joints"]
    state = digest.gate_state(joints)
    yield _title("Safety gate, before everything")
    told = " ".join(digest.gate_bases(joints))
    led = "" if told.startswith(words.GATE[state]) else f"{words.GATE[state]}. "
    yield _line((led + told, _STYLE[state]))
    rows = digest.gate_rows(joints)
    several = len(joints) > 1
    for row in rows:
        item = row.item
        if item["state"] == "clear":
            continue
        where = f", {row.sides[0]} joint" if several and len(row.sides) == 1 else ""
        head = Text.assemble(
            (words.GATE[item["state"]], _STYLE[item["state"]]), ": ", (item["label"] + where, "bold"),
            f" ({words.word(words.ITEM_KINDS, item['kind'])}, {item['urgency']}; {words.word(words.MARKS, item['verified'])})",
        )  # fmt: skip
        yield Padding(head, (1, 0, 0, 2))
        yield _bullets(_told_of(item), 4)
    clear = [row.item["label"] for row in rows if row.item["state"] == "clear"]
    if clear:
        yield Text()
        yield _line((f"{digest.CLEAR} ({len(clear)}): ", "dim"), (", ".join(clear), "dim"))


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
    yield _title("Recommended action")
    yield _line((f"{digest.action(document)}{where}.", "bold"), " ", words.dated(told["reason"]))


def _source(joint: Plain) -> Iterable[RenderableType]:
    evaluation = joint["evaluation"]
    yield _title(f"{joint['side'].capitalize()} joint: is it the source of the pain?")
    yield _line(("That " + evaluation["target"] + ":", "italic"))
    probability = evaluation["probability"]
    if probability is None:
        yield _line(("No probability is given. ", "bold"), words.dated(evaluation["withheld"] or ""))
    else:
        mark = words.word(words.MARKS, evaluation["verified"])
        yield _line((words.percent(probability["median"]), "bold"), f", {words.interval(probability)}: ", words.of_hundred(probability), f". Weakest basis: {mark}.")  # fmt: skip
        if evaluation["decision"]:
            decision = evaluation["decision"]
            yield _line(
                f"Taken alone: {decision['label']} (from {words.percent(decision['from'])}; threshold "
                f"{words.word(words.MARKS, decision['verified'])})."
            )
        swept = digest.dependence(evaluation)
        if swept:
            yield _line(f"{swept}, as far as results of one joint may err together (swept).")
        yield Padding(Group(*_steps(evaluation)), (1, 0, 0, 2))
    for title, notes in (("Against", digest.contrary(joint)), ("Not known", digest.unknown(joint))):
        yield _sub(title)
        nothing = "No contrary finding is recorded." if title == "Against" else "Nothing that this answer asks for is open."
        yield _bullets([f"{n.kind}: {n.text}" for n in notes] or [nothing])
    yield from _why(evaluation)


def _steps(evaluation: Plain) -> Iterable[RenderableType]:
    yield Text("0           50          100 %", style="dim")
    for step in evaluation["steps"]:
        yield Text(words.dated(step["label"]))
        yield _figure(step["interval"], step["verified"], "cyan")
    if evaluation["scenarios"]:
        yield Text("\nSimpler readings of the examination, beside the model; blocks are not counted in them", style="dim")
    for other in evaluation["scenarios"]:
        yield Text(words.dated(other["label"]), style="dim")
        yield _figure(other["after"], other["verified"], "dim")


def _figure(probability: Plain, mark: str, style: str) -> Text:
    figure, spread = words.percent(probability["median"]), words.span(probability["low"], probability["high"])
    return Text.assemble((bar(probability), style), f"  {figure:>8}  {spread:<16}", (words.word(words.MARKS, mark), "dim"))


def bar(probability: Plain, width: int = _SCALE) -> str:
    """A probability on a scale from 0 to 100 %: the interval as a line, the median as a mark on it."""
    low, mid, high = (round(probability[n] * (width - 1)) for n in ("low", "median", "high"))
    cells = ["·"] * width
    cells[low : high + 1] = ["─"] * (high + 1 - low)
    cells[low], cells[high], cells[mid] = "├", "┤", "●"
    return "".join(cells)


def _why(evaluation: Plain) -> Iterable[RenderableType]:
    mechanism = evaluation["mechanism"]
    leads = "can lead to an indication" if mechanism["leads_to_indication"] else "does not lead to an indication"
    yield _sub("Why it may hurt, and what else could")
    yield _line(("Mechanism: ", "dim"), (mechanism["label"], "bold"), f" ({leads}). ", words.dated(mechanism["basis"]))
    if evaluation["differential"]:
        yield Padding(_bullets(_alternative(other) for other in evaluation["differential"]), (1, 0, 0, 0))
    if evaluation["notes"]:
        yield Padding(_bullets(evaluation["notes"]), (1, 0, 0, 0))


def _alternative(other: Plain) -> Text:
    text = Text.assemble((other["label"], "bold"), f" ({words.word(words.ALTERNATIVE, other['state']).lower()})")
    for name, reasons in (("For", other["speaks_for"]), ("Against", other["speaks_against"])):
        if reasons:
            text.append(f". {name}: {'; '.join(reason['text'] for reason in reasons)}")
    return text


def _warranted(joint: Plain) -> Iterable[RenderableType]:
    yield _title(f"{joint['side'].capitalize()} joint: is fusion warranted?")
    yield _line(("Planned device: ", "dim"), joint["indication"]["device"] or "not recorded")
    article = digest.article(joint)
    if article is not None:
        yield from _conditions(article)
    rules = digest.rules(joint)
    apart = [p for p in rules if p["applicability"] in ("not_in_scope", "not_in_force")]
    heard = [p for p in rules if p not in apart]
    if heard:
        yield Padding(_policies(heard), (1, 0, 0, 2))
    if apart:
        yield Padding(_line(("Do not speak of this patient: ", "dim"), (", ".join(words.said(p["id"]) for p in apart), "dim")), (1, 0, 0, 0))  # fmt: skip
    if joint["indication"]["disagreements"]:
        yield _sub("Where the rule sets disagree on this patient")
        yield _bullets(_disagreement(found) for found in joint["indication"]["disagreements"])


def _conditions(article: Plain) -> Iterable[RenderableType]:
    table = _table(("the three conditions", {"ratio": 1}), ("state", {"no_wrap": True}), ("as documented", {"no_wrap": True}))
    for condition in digest.conditions(article):
        shown = "true" if condition.state == "true" else "false"
        table.add_row(
            Text(f"{condition.number}. {condition.title}", style="bold"), _named(words.STATES, condition.state), words.SHOWN[shown]
        )
        for c in condition.criteria:
            text = Padding(Text(c["text"]), (0, 0, 0, 3))
            table.add_row(text, _named(words.STATES, c["state"]), words.SHOWN[c["as_documented"]])
    yield Padding(table, (1, 0, 0, 2))
    verdict = words.word(words.VERDICTS, article["verdict"])
    yield _line((f"Taken together: {verdict}", _STYLE[article["verdict"]]), f" (basis: {words.MARKS[article['basis']]})")


def _policies(policies: list[Plain]) -> Table:
    table = _table(
        ("rule set, applicability, basis", {"ratio": 3}), ("verdict, as documented", {"no_wrap": True}), ("what decides", {"ratio": 5})
    )
    for policy in policies:
        table.add_row(
            Text.assemble(
                f"{words.said(policy['id'])} {policy['version']}\n",
                (f"{words.word(words.APPLICABILITY, policy['applicability'])}; {words.MARKS[policy['basis']]}", "dim"),
            ),
            Text.assemble(
                (words.VERDICTS[policy["verdict"]], _STYLE[policy["verdict"]]),
                (f"\ndocumented: {words.VERDICTS[policy['as_documented']].lower()}", "dim"),
            ),
            Text(_decides(policy)),
        )
    return table


def _decides(policy: Plain) -> str:
    if policy["verdict"] == "met":
        return f"{words.sentence(digest.in_short(policy))}."
    return " ".join(words.dated(reason) for reason in policy["reasons"]) or f"{words.sentence(digest.in_short(policy))}."


def _disagreement(found: Plain) -> Text:
    text = Text(words.sentence(words.topic(found["topic"])), style="bold")
    for name, positions in (("holds for", found["holds"]), ("does not hold for", found["fails"])):
        for told in positions:
            text.append(f"\n{name} {words.said(told['policy'])}: {words.dated(told['asks'])}", style="not bold")
    if found["silent"]:
        text.append(f"\nnot asked by {', '.join(words.said(p) for p in found['silent'])}", style="not bold")
    return text


def _next(document: Plain) -> Iterable[RenderableType]:
    yield _title("Next steps, in order")
    if not document["next"]:
        yield _line("Nothing that is not known yet could change the answer.")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=3)
    grid.add_column(overflow="fold")
    for place, step in enumerate(document["next"], 1):
        where = f", {words.joint(step['side'])}" if step["side"] else ""
        purpose = " and ".join(words.word(words.PURPOSES, p) for p in step["purpose"])
        grid.add_row(f"{place}.", Text.assemble((step["label"], "bold"), (f"  {step['stage']}{where}; {purpose}; burden: {words.word(words.BURDENS, step['burden'])}", "dim")))  # fmt: skip
        grid.add_row("", Text(_moves(step)))
        for line in _results(step):
            grid.add_row("", Text(line))
    yield Padding(grid, (0, 0, 0, 1))
    for joint in document["joints"]:
        if joint["withheld"]:
            yield _sub(f"Not offered now, {joint['side']} joint")
            yield _bullets(f"{w['label']}. {' '.join(words.dated(r) for r in w['reasons'])}" for w in joint["withheld"])


def _moves(step: Plain) -> str:
    moved = (["the probability"] if step["moves"]["probability"] else []) + [words.said(p) for p in dict.fromkeys(step["moves"]["policies"])]
    told = f"Moves {', '.join(moved)}. " if moved else ""
    if step["value"] is not None:
        told += f"Its result would change a decision with a chance of {words.percent(step['value'])}. "
    return told + words.dated(step["reason"])


def _results(step: Plain) -> Iterable[str]:
    """What every result brings; where the results move the same things, those once and then how each moves them."""
    common = digest.moved_alike(step)
    if common:
        more = f" (and {len(common.what) - _SHOWN} more)" if len(common.what) > _SHOWN else ""
        yield "- " + "; ".join(common.what[:_SHOWN]) + more
        yield "- " + "; ".join(f"{result}: {how}" for result, how in common.how)
        return
    for result in step["results"]:
        told = words.said(result["result"])
        if result["chance"] is not None:
            told += f" (chance {words.percent(result['chance'])})"
        if result["probability"] is not None:
            after = result["probability"]
            told += f": probability {words.percent(after['median'])} ({words.span(after['low'], after['high'])})"
        yield f"- {told}: {'; '.join(result['changes']) or 'changes no decision'}"


def _rest(document: Plain) -> Iterable[RenderableType]:
    if document["unmapped"]:
        yield _title("Not read from the record")
        yield _bullets(
            f"{u['label'] or u['code']} ({u['resource']}, {u['system']} {u['code']}): {u['reason']}"
            + ("; it matters, so nothing is called met" if u["relevant"] else "")
            for u in sorted(document["unmapped"], key=lambda u: not u["relevant"])
        )
    if document["warnings"]:
        yield _title("Warnings")
        yield _bullets(words.dated(w) for w in document["warnings"])
    yield _title("Basis")
    made = [f"{name} {v}" for name, v in document["versions"].items() if not name.startswith("policy:")]
    kept = sum(name.startswith("policy:") for name in document["versions"])
    yield _line((f"{', '.join(made)}; {words.count(kept, 'rule set')}; {words.count(len(document['events']), 'event')}; {words.count(len(document['sources']), 'source')}.", "dim"))  # fmt: skip
    yield _bullets(Text(f"{words.MARKS[m]}: {text.removeprefix(f'{m}: ')}", style="dim") for m, text in document["marks"].items())
