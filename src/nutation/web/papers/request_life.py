"""The life of a request to a payer as data: its states, the moves between them, and what each move needs.

``step`` is the only way on: from the steps so far it makes the next one, or says what is wrong and what is possible.
Who waits for whom, and until when, follows from the state; how many days are usual is the clinic's to say, never ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from nutation.record.errors import InputError

StateName = Literal[
    "draft", "sent", "more_information", "peer_to_peer", "approved", "denied", "appeal", "withdrawn"
]  # fmt: skip
Need = Literal["on", "due_on", "number", "expires_on", "reason", "note"]
Paper = Literal["submission", "appeal"]


@dataclass(frozen=True, slots=True)
class State:
    """A state: who waits for what from whom, and what its due date says; no due date where nobody waits."""

    label: str
    waits_for: str = ""
    waits_from: Literal["", "payer", "coordinator", "surgeon"] = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A step between states. ``to`` is None where it leads back to where the payer was waited for."""

    label: str
    origins: frozenset[StateName]
    to: StateName | None
    needs: tuple[Need, ...]
    may: tuple[Need, ...] = ()
    signed: Paper | None = None
    """The paper that has to be signed, and to stand as it was signed."""
    words: Mapping[Need, str] = field(default_factory=dict[Need, str])
    """What a field means in this move, where its usual words do not say it."""


STATES: Mapping[StateName, State] = {
    "draft": State("Draft", "the submission, signed and sent", "surgeon"),
    "sent": State("Sent", "the payer's answer", "payer", "Answer expected by"),
    "more_information": State(
        "More information asked for", "what the payer asked for", "coordinator", "To be answered by"
    ),
    "peer_to_peer": State("Peer-to-peer", "the talk with the payer's reviewer", "surgeon", "Talk on"),
    "approved": State("Approved"),
    "denied": State("Denied", "an appeal, or an end", "surgeon", "Appeal possible until"),
    "appeal": State("Appeal sent", "the payer's answer to the appeal", "payer", "Answer expected by"),
    "withdrawn": State("Withdrawn"),
}  # fmt: skip

_OPEN: frozenset[StateName] = frozenset({"sent", "more_information", "peer_to_peer", "appeal"})
_BEGUN: frozenset[StateName] = _OPEN | frozenset[StateName]({"approved", "denied", "withdrawn"})
_NOT_ENDED: frozenset[StateName] = _OPEN | frozenset[StateName]({"draft", "approved", "denied"})
_DENIABLE: frozenset[StateName] = _OPEN | frozenset[StateName]({"approved"})
_WITH_PAYER: tuple[StateName, ...] = ("sent", "appeal")

MOVES: Mapping[str, Move] = {
    "send": Move(
        "Sent to the payer", frozenset({"draft"}), "sent", ("on", "due_on"), ("number", "note"), signed="submission",
        words={"number": "Number of the request, if the payer gave one"},
    ),
    "ask_more": Move(
        "The payer asks for more", frozenset({"sent", "peer_to_peer", "appeal"}), "more_information",
        ("on", "note", "due_on"), words={"note": "What the payer asks for"},
    ),
    "answer_more": Move(
        "What was asked for is sent", frozenset({"more_information"}), None, ("on", "due_on"), ("note",),
        words={"note": "What was sent"},
    ),
    "set_talk": Move(
        "A peer-to-peer talk is arranged", frozenset({"sent", "more_information", "denied", "appeal"}), "peer_to_peer",
        ("on", "due_on"), ("note",),
        words={"on": "Arranged on", "due_on": "Day of the talk", "note": "Hour, telephone, reviewer"},
    ),
    "hold_talk": Move(
        "The talk was held", frozenset({"peer_to_peer"}), None, ("on", "note", "due_on"),
        words={"note": "What was said, and with whom"},
    ),
    "approve": Move(
        "Approved", _OPEN, "approved", ("on", "number", "expires_on"), ("note",),
        words={"number": "Number of the approval", "note": "Conditions, if the letter has any"},
    ),
    "deny": Move(
        "Denied", _DENIABLE, "denied", ("on", "reason", "note", "due_on"), ("number",),
        words={"note": "The reason as the payer wrote it", "number": "Number of the request or letter"},
    ),
    "appeal": Move("The appeal is sent", frozenset({"denied"}), "appeal", ("on", "due_on"), ("note",), signed="appeal"),
    "extend": Move(
        "New number or expiry", frozenset({"approved"}), "approved", ("on", "number", "expires_on"), ("note",),
        words={"number": "Number of the approval"},
    ),
    "withdraw": Move(
        "Withdrawn", _NOT_ENDED, "withdrawn", ("on", "note"),
        words={"note": "Why it is withdrawn"},
    ),
    "take_back": Move(
        "Take the last step back", _BEGUN, None, ("note",),
        words={"note": "What was wrong with it"},
    ),
}  # fmt: skip
"""Every move by name. ``take_back`` is for a step entered in error: both it and the error stay in the history."""

LABELS: Mapping[Need, str] = {
    "on": "Day", "due_on": "Due on", "number": "Number", "expires_on": "Expires on", "reason": "Reason", "note": "Note",
}  # fmt: skip
NUMBER_MOST, NOTE_MOST = 80, 4000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a request as its entry tells it."""

    move: str
    state: StateName
    on: str
    note: str = ""
    number: str = ""
    expires_on: str = ""
    reason: str = ""
    due_on: str = ""
    at: str = ""
    by: str = ""
    pdf_sha256: str = ""


def standing(steps: Sequence[Step]) -> list[Step]:
    """The steps without those that were taken back: the last of them is what holds."""
    held: list[Step] = []
    for one in steps:
        if one.move == "take_back":
            if len(held) > 1:
                held.pop()
        else:
            held.append(one)
    return held


def possible(steps: Sequence[Step]) -> list[str]:
    """Names of the moves that can be made now, in the order of ``MOVES``."""
    state = standing(steps)[-1].state
    return [name for name, move in MOVES.items() if state in move.origins]


def leads_to(steps: Sequence[Step], name: str) -> StateName:
    """The state after a move that is possible."""
    held = standing(steps)
    move = MOVES[name]
    if move.to is not None:
        return move.to
    if name == "take_back":
        return held[-2].state
    return next(one.state for one in reversed(held) if one.state in _WITH_PAYER)


def due_label(steps: Sequence[Step], name: str) -> str:
    """What the due date of a move says."""
    move = MOVES[name]
    return move.words.get("due_on") or STATES[leads_to(steps, name)].due


def step(
    steps: Sequence[Step], name: str, told: Mapping[str, str], *, today: date, reasons: Mapping[str, str],
    papers: frozenset[str] = frozenset(),
) -> Step:  # fmt: skip
    """The next step, made from what was told (ISO days). ``papers`` are those that are signed and stand.

    Raises InputError: what is wrong, where, and what is possible instead.
    """
    held = standing(steps)
    here = held[-1]
    can = possible(steps)
    if name not in can:
        asked = MOVES[name].label if name in MOVES else "That"
        instead = "; ".join(MOVES[one].label.lower() for one in can)
        raise InputError(
            f"“{asked}” is not possible: the request stands at “{STATES[here.state].label}”.",
            mend=f"choose what is possible from there: {instead}." if can else "begin a new request.",
        )
    move = MOVES[name]
    if move.signed is not None and move.signed not in papers:
        raise InputError(
            f"The {move.signed} is not signed, or does not stand as it was signed.",
            place=move.label,
            mend="look at it, and have it signed by a named clinician.",
        )
    values = {need: _value(need, told.get(need, ""), move, reasons) for need in (*move.needs, *move.may)}
    missing = [_named(steps, name, need) for need in move.needs if not values[need]]
    if missing:
        raise InputError(f"Missing: {', '.join(missing)}.", place=move.label, mend="fill in what is missing.")
    if name == "take_back":
        return _taken_back(held, str(values["note"]))
    _check_days(held, values, name, today)
    kept = {"number": here.number, "expires_on": "", "reason": "", "due_on": ""}
    return Step(move=name, state=leads_to(steps, name), **{**kept, **{k: v for k, v in values.items() if v}})


def body(request: Mapping[str, Any], made: Step) -> dict[str, Any]:
    """The step as the entry ``request`` keeps it, beside what names the request."""
    told = {
        "state": made.state, "move": made.move, "on": made.on or None, "by": made.by, "number": made.number or None,
        "expires_on": made.expires_on or None, "reason": made.reason or None, "note": made.note,
        "due_on": made.due_on or None, "pdf_sha256": made.pdf_sha256 or None,
    }  # fmt: skip
    return {**request, **told}


def _taken_back(held: Sequence[Step], note: str) -> Step:
    """What held before, said again: whoever reads the last entry reads what holds."""
    before = held[-2]
    return Step(
        move="take_back", state=before.state, on=before.on, note=note, number=before.number,
        expires_on=before.expires_on, reason=before.reason, due_on=before.due_on, pdf_sha256=before.pdf_sha256,
    )  # fmt: skip


def _value(need: Need, raw: str, move: Move, reasons: Mapping[str, str]) -> str:
    told = raw.strip()
    if not told:
        return ""
    label = move.words.get(need, LABELS[need])
    if need in ("on", "due_on", "expires_on"):
        try:
            return date.fromisoformat(told).isoformat()
        except ValueError:
            raise InputError(f"{told!r} is not a day.", place=label, mend="write it as YYYY-MM-DD.") from None
    if need == "reason" and told not in reasons:
        raise InputError("This is not one of the reasons.", place=label, mend="choose one of the list.")
    most = NUMBER_MOST if need == "number" else NOTE_MOST
    if len(told) > most:
        raise InputError(f"It is longer than {most} characters.", place=label, mend="write it shorter.")
    return " ".join(told.split()) if need == "number" else told


def _check_days(held: Sequence[Step], values: Mapping[str, str], name: str, today: date) -> None:
    on, move = values.get("on", ""), MOVES[name]
    label = move.words.get("on", LABELS["on"])
    if on > today.isoformat():
        raise InputError("This day lies ahead.", place=label, mend="enter a step once it was made.")
    if on < held[-1].on and held[-1].state != "draft":
        raise InputError(f"This is before the last step, of {held[-1].on}.", place=label, mend="correct the day.")
    for need in ("due_on", "expires_on"):
        if values.get(need) and values[need] < on:
            raise InputError(f"This is before {on}, the day of the step.", place=LABELS[need], mend="correct the day.")


def _named(steps: Sequence[Step], name: str, need: Need) -> str:
    told = due_label(steps, name) if need == "due_on" else MOVES[name].words.get(need, LABELS[need])
    return told[:1].lower() + told[1:]
