"""One joint on the terminal: is it the source of the pain, and is fusion warranted?"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nutation.report import digest, words
from nutation.report import terminal_pieces as pieces
from nutation.report.digest import Plain

_SCALE = 25
_AGAINST = "What speaks against"
_MOST = 8


def source(document: Plain, joint: Plain) -> Iterable[RenderableType]:
    """The probability of the stated target in visible steps, what speaks against it and what is not known."""
    evaluation = joint["evaluation"]
    yield pieces.title(f"{joint['side'].capitalize()} joint: is it the source of the pain?")
    yield pieces.line(("That " + evaluation["target"] + ":", "italic"))
    probability = evaluation["probability"]
    if probability is None:
        yield pieces.line(("No probability is given. ", "bold"), words.dated(evaluation["withheld"] or ""))
    else:
        yield pieces.line(
            (words.percent(probability["median"]), "bold"),
            f", {words.interval(probability)}: {words.of_hundred(probability)}. "
            f"Weakest figure in it: {words.word(words.MARKS, evaluation['verified'])}.",
        )
        if evaluation["decision"]:
            decision = evaluation["decision"]
            yield pieces.line(
                f"Taken alone: {decision['label']} ({words.band(decision)}; threshold "
                f"{words.word(words.MARKS, decision['verified'])})."
            )
        swept = digest.dependence(evaluation)
        if swept:
            yield pieces.line(f"{swept}, as far as results of one joint may err together (swept).")
        yield Padding(Group(*_steps(evaluation)), (1, 0, 0, 2))
    for title, notes, nothing in (
        (_AGAINST, digest.contrary(document, joint), digest.NOTHING_AGAINST),
        ("What is not known", digest.unknown(joint), digest.NOTHING_OPEN),
    ):
        yield pieces.sub(title)
        lines = [f"{n.kind}: {n.text}" for n in notes] or [nothing]
        if title == _AGAINST and len(lines) > _MOST:
            lines = [*lines[:_MOST], f"and {len(lines) - _MOST} more"]
        yield pieces.bullets(lines)
    yield from _why(evaluation)


def _steps(evaluation: Plain) -> Iterable[RenderableType]:
    yield Text("0           50          100 %", style="dim")
    for step in evaluation["steps"]:
        yield Text(words.dated(step["label"]))
        yield _figure(step["interval"], step["verified"], "cyan")
    if evaluation["scenarios"]:
        yield Text("\nSimpler readings of the examination; blocks are not counted in them", style="dim")
    for other in evaluation["scenarios"]:
        yield Text(words.dated(other["label"]), style="dim")
        yield _figure(other["after"], other["verified"], "dim")


def _figure(probability: Plain, mark: str, style: str) -> Text:
    figure, spread = words.percent(probability["median"]), words.span(probability["low"], probability["high"])
    told = words.word(words.MARKS, mark)
    return Text.assemble((bar(probability), style), f"  {figure:>8}  {spread:<16}", (told, "dim"))


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
    yield pieces.sub("Why it may hurt, and what else could")
    yield pieces.line(
        ("Mechanism: ", "dim"), (mechanism["label"], "bold"), f" ({leads}). ", words.dated(mechanism["basis"])
    )
    if evaluation["differential"]:
        yield Padding(pieces.bullets(_alternative(other) for other in evaluation["differential"]), (1, 0, 0, 0))
    if evaluation["notes"]:
        yield Padding(pieces.bullets(evaluation["notes"]), (1, 0, 0, 0))


def _alternative(other: Plain) -> Text:
    text = Text.assemble((other["label"], "bold"), f" ({words.word(words.ALTERNATIVE, other['state']).lower()})")
    for name, reasons in (("For", other["speaks_for"]), ("Against", other["speaks_against"])):
        if reasons:
            text.append(f". {name}: {'; '.join(reason['text'] for reason in reasons)}")
    return text


def warranted(joint: Plain) -> Iterable[RenderableType]:
    """The three conditions, the rule sets that speak of this patient, and where they disagree."""
    yield pieces.title(f"{joint['side'].capitalize()} joint: is fusion warranted?")
    yield pieces.line(("Planned device: ", "dim"), joint["indication"]["device"] or "not recorded")
    article = digest.article(joint)
    if article is not None:
        yield from _conditions(article)
    heard, apart = digest.heard(joint), digest.unheard(joint)
    if heard:
        yield Padding(_policies(heard), (1, 0, 0, 2))
    if apart:
        named = ", ".join(words.said(p["id"]) for p in apart)
        yield Padding(pieces.line((f"Do not speak of this patient: {named}", "dim")), (1, 0, 0, 0))
    if joint["indication"]["disagreements"]:
        yield pieces.sub("Where the rule sets disagree on this patient")
        yield pieces.bullets(_disagreement(found) for found in joint["indication"]["disagreements"])


def _conditions(article: Plain) -> Iterable[RenderableType]:
    table = pieces.table(("the three conditions", 1), ("state", None), ("as documented", None))
    for condition in digest.conditions(article):
        shown = "true" if condition.state == "true" else "false"
        title = Text(f"{condition.number}. {condition.title}", style="bold")
        table.add_row(title, pieces.named(words.STATES, condition.state), words.SHOWN[shown])
        for c in condition.criteria:
            text = Padding(Text(c["text"]), (0, 0, 0, 3))
            table.add_row(text, pieces.named(words.STATES, c["state"]), words.SHOWN[c["as_documented"]])
    yield Padding(table, (1, 0, 0, 2))
    verdict = words.word(words.VERDICTS, article["verdict"])
    basis = f" (basis: {words.MARKS[article['basis']]})"
    yield pieces.line((f"Taken together: {verdict}", pieces.STYLE[article["verdict"]]), basis)


def _policies(policies: list[Plain]) -> Table:
    table = pieces.table(
        ("rule set, applicability, basis", 3),
        ("verdict, as documented", None),
        ("what decides", 5),
    )
    for policy in policies:
        table.add_row(
            Text.assemble(
                f"{words.said(policy['id'])} {policy['version']}\n",
                (f"{words.word(words.APPLICABILITY, policy['applicability'])}; {words.MARKS[policy['basis']]}", "dim"),
            ),
            Text.assemble(
                (words.VERDICTS[policy["verdict"]], pieces.STYLE[policy["verdict"]]),
                (f"\ndocumented: {words.VERDICTS[policy['as_documented']].lower()}", "dim"),
            ),
            Text(_decides(policy)),
        )
    return table


def _decides(policy: Plain) -> str:
    reasons = " ".join(words.dated(reason) for reason in policy["reasons"]) if policy["verdict"] != "met" else ""
    return reasons or f"{words.sentence(digest.in_short(policy))}."


def _disagreement(found: Plain) -> Text:
    text = Text(words.sentence(words.topic(found["topic"])), style="bold")
    for name, positions in (("holds for", found["holds"]), ("does not hold for", found["fails"])):
        for told in positions:
            text.append(f"\n{name} {words.said(told['policy'])}: {words.dated(told['asks'])}", style="not bold")
    if found["silent"]:
        text.append(f"\nnot asked by {', '.join(words.said(p) for p in found['silent'])}", style="not bold")
    return text
