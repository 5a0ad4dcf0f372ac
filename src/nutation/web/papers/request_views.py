"""A request as its pages show it: what a new one can be begun for, the forms of the moves, and the history in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from nutation.record.errors import InputError
from nutation.report import submission, words
from nutation.web.papers import denials, request_life
from nutation.web.papers.chart_papers import TITLES
from nutation.web.papers.chart_requests import Request
from nutation.web.papers.prepared import Chart
from nutation.web.papers.request_life import MOVES, STATES, Need

ENDED: Mapping[str, str] = {"approved": "met", "denied": "not_met", "withdrawn": "neutral", "draft": "neutral"}
"""How a state's chip is coloured; what waits is open."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A policy of one joint that a request can be begun for, or why not."""

    side: str
    policy: str
    title: str
    publisher: str
    version: str
    own: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FieldOfMove:
    """A field of a move's form."""

    name: Need
    label: str
    needed: bool
    value: str


@dataclass(frozen=True, slots=True)
class FormOfMove:
    """A move that is possible, with its fields and what is missing before it can be made."""

    name: str
    label: str
    fields: tuple[FieldOfMove, ...]
    missing: str
    open: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A step of the history in words."""

    label: str
    day: str
    by: str
    at: datetime
    details: tuple[tuple[str, str], ...]
    taken_back: bool
    sent: str = ""
    """The address, below the request's, of the paper that went out with it."""


def choices(chart: Chart, side: str) -> list[Choice]:
    """Every policy of the answer that a payer could be asked under, the patient's own first; others with the reason."""
    if chart.answer is None:
        return []
    document, found = chart.answer.document, list[Choice]()
    for joint in document["joints"]:
        if side in ("left", "right") and joint["side"] != side:
            continue
        for policy in joint["indication"]["policies"]:
            if policy["kind"] not in ("coverage", "national", "society"):
                continue
            problem = ""
            try:
                submission.content(document, policy["id"], joint["side"])
            except InputError as error:
                problem = str(error)
            found.append(
                Choice(
                    joint["side"], policy["id"], policy["title"], policy["publisher"], policy["version"],
                    policy["applicability"] == "applies" and policy["kind"] != "society", problem,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (bool(one.problem), one.side, not one.own, one.publisher))


def moves(
    here: Request, standing: frozenset[str], day: date, days: Mapping[str, int], move: str,
    entered: Mapping[str, str],
) -> list[FormOfMove]:  # fmt: skip
    """The forms of what is possible now; the one of ``move`` holds what was entered and was not taken.

    ``standing`` are the papers that are signed and stand, ``days`` what the clinic allows for each state.
    """
    found: list[FormOfMove] = []
    for name in request_life.possible(here.steps):
        told = MOVES[name]
        fields: list[FieldOfMove] = []
        for need in (*told.needs, *told.may):
            label = told.words.get(need, request_life.LABELS[need])
            if need == "due_on":
                label = request_life.due_label(here.steps, name)
            value = entered.get(need, "") if name == move else _begun(here, name, need, day, days)
            fields.append(FieldOfMove(need, label, need in told.needs, value))
        missing = f"{TITLES[told.signed]}: to be signed first." if told.signed and told.signed not in standing else ""
        found.append(FormOfMove(name, told.label, tuple(fields), missing, name == move))
    return found


def _begun(here: Request, name: str, need: Need, day: date, days: Mapping[str, int]) -> str:
    """What a field begins with: today, the clinic's usual days from today, the number that is known."""
    if need == "on":
        return day.isoformat()
    if need == "due_on" and (allowed := days.get(request_life.leads_to(here.steps, name))) is not None:
        return (day + timedelta(days=allowed)).isoformat()
    if need == "number" and name in ("send", "extend"):
        return here.now.number
    return ""


def history(here: Request, names: Mapping[str, str]) -> list[Told]:
    """Every step, the last first; those taken back are marked."""
    held = {id(one) for one in request_life.standing(here.steps)}
    told: list[Told] = []
    for one in reversed(here.steps):
        begun = one.move == "begin"
        label = "Begun" if begun else MOVES[one.move].label if one.move in MOVES else STATES[one.state].label
        details = [
            ("due", words.dated(one.due_on)), ("number", one.number), ("expires", words.dated(one.expires_on)),
            ("reason", denials.LABELS.get(one.reason, one.reason)), ("note", one.note),
        ]  # fmt: skip
        back = one.move == "take_back"
        paper = MOVES[one.move].signed if one.move in MOVES else None
        told.append(
            Told(
                label=label,
                day="" if back else words.dated(one.on),
                by=names.get(one.by, one.by),
                at=datetime.fromisoformat(one.at),
                details=tuple((name, text) for name, text in details if text and (not back or name == "note")),
                taken_back=id(one) not in held and not back,
                sent=f"{paper}/signed/{one.pdf_sha256}.pdf" if paper and one.pdf_sha256 else "",
            )
        )
    return told
