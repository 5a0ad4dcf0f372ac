"""Case conferences: read from what was typed, kept as one entry for each joint that was talked about, told again.

An entry for each joint lets the worklist see what was decided of it; they share the id of the conference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from nutation.report import words
from nutation.store import ledger, patients
from nutation.store.answers import Answer
from nutation.store.ledger import Entry
from nutation.web import judging
from nutation.web.entering import Reading, Typed
from nutation.web.stages_ledger import CLOSED, OPERATION

Plain = dict[str, Any]

SIDES = ("left", "right")
PRESENT, PRESENT_MORE = 4, 8
"""Rows for who was there: those shown, and those in a part that is opened."""
DISSENTS = 3
OPERATES = frozenset({"request_authorisation", "plan_operation"})
"""Decisions that lead on towards an operation."""
INVASIVE = OPERATES | {"inject"}
"""Decisions that nothing may come of while the safety gate is not clear or looked into."""

ROLES = (
    "Surgeon", "Physiotherapist", "Physician assistant", "Coordinator", "Radiologist", "Pain physician",
    "Rheumatologist", "Psychologist", "Nurse", "The patient",
)  # fmt: skip
"""Suggested words for what somebody is; others may be written."""

_WITHDRAWN = "Taken back by a correction: nothing was decided for this joint."


@dataclass(frozen=True, slots=True)
class Part:
    """What was asked and decided of one joint."""

    side: str
    question: str
    action: str
    words: str
    closes: bool

    @property
    def decided(self) -> str:
        """The decision in words."""
        label = words.word(words.ACTIONS, self.action) if self.action else ""
        told = ". ".join(one for one in (label, "Care of this joint ends here" if self.closes else "") if one)
        return f"{told}: {self.words}" if told and self.words else told or self.words

    @property
    def outcome(self) -> str:
        """What the worklist makes of it."""
        return CLOSED if self.closes else OPERATION if self.action in OPERATES else ""


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference as it was recorded."""

    id: str
    owner: str
    on: str
    present: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    dissents: tuple[tuple[str, str], ...]
    follow_up: Mapping[str, str]
    answer: Mapping[str, str] | None
    corrects: str
    by: str
    at: datetime
    replaced: bool = False


# -- reading what was typed --------------------------------------------------------------------------


def read(reading: Reading, *, today: date, answer: Answer | None, token: str) -> list[Plain]:
    """The body of an entry for each joint that was talked about; mistakes go to ``reading``."""
    on = reading.day("on", "The day", needed="write the day of the conference.", latest=today)
    present = _pairs(reading, "present", PRESENT + PRESENT_MORE, ("name", "role"), ("The name", "What they are"))
    if not present and not reading.mistakes:
        reading.wrong("present.0.name", "Nobody was there.", "write the names of those who decided.")
    parts = [part for side in SIDES if (part := _part(reading, side, answer)) is not None]
    if not parts and not reading.mistakes:
        reading.wrong("action.left", "Nothing was decided.", "choose what was decided for a joint.")
    dissents = _pairs(reading, "dissent", DISSENTS, ("who", "why"), ("Who dissents", "Why"), both=True)
    told = {
        "id": token, "on": on.isoformat() if on else "",
        "present": [{"name": name, "role": role} for name, role in present],
        "dissent": "; ".join(f"{who}: {why}" for who, why in dissents),
        "dissents": [{"who": who, "why": why} for who, why in dissents],
        "follow_up": _follow_up(reading), "corrects": reading.line("corrects", "The corrected one"),
        "answer": answer.key if answer is not None else None,
        "recommended": answer.document["recommendation"]["action"] if answer is not None else "",
    }  # fmt: skip
    return [told | _plain(part) for part in parts]


def taken_back(before: Conference, bodies: Sequence[Plain]) -> list[Plain]:
    """Entries for the joints of which a correction does not speak any more, so that they are decided no longer."""
    still = {body["side"] for body in bodies}
    return [
        bodies[0] | {"side": part.side, "question": part.question, "action": "", "words": "", "outcome": "",
                     "decided": _WITHDRAWN}
        for part in before.parts if part.side not in still
    ]  # fmt: skip


def gate_warnings(bodies: Sequence[Plain], answer: Answer | None) -> list[str]:
    """What has to be looked at before it is kept: something invasive was decided and the gate is not clear."""
    joints = {joint["side"]: joint for joint in answer.document["joints"]} if answer is not None else {}
    found: list[str] = []
    for body in bodies:
        joint = joints.get(body["side"])
        if body["action"] in INVASIVE and joint and joint["gate"]["state"] in ("standing", "not_screened"):
            found.append(
                f"The safety gate of the {body['side']} joint: {judging.gate_told(joint)}. It comes before whatever is "
                "decided, and the worklist goes on asking for it."
            )
    return found


def _part(reading: Reading, side: str, answer: Answer | None) -> Part | None:
    question = reading.text(f"question.{side}", "The question", most=judging.WORDS_MOST)
    action = reading.one_of(f"action.{side}", "What was decided", words.ACTIONS)
    told = reading.text(f"words.{side}", "The words", most=judging.WORDS_MOST)
    closes = reading.ticked(f"closes.{side}")
    if not (question or action or told or closes):
        return None
    if not action and not closes:
        reading.wrong(f"action.{side}", "It is not said what was decided.", "choose what comes nearest.")
    if closes and action in OPERATES:
        reading.wrong(f"closes.{side}", "Care ends, and an operation is decided.", "keep one of the two.")
    if action and not told and answer is not None and departs(answer, side, action):
        reading.wrong(f"words.{side}", "This is not what the answer recommends.", "write why it was decided so.")
    return Part(side, question, action, told, closes)


def departs(answer: Answer, side: str, action: str) -> bool:
    """Whether a decision for a joint is another than the answer's recommendation."""
    told = answer.document["recommendation"]
    if told["side"] in (None, side):
        return action != told["action"]
    return action in OPERATES  # the other joint comes first


def _plain(part: Part) -> Plain:
    return {
        "side": part.side, "question": part.question, "action": part.action, "words": part.words,
        "closes": part.closes, "decided": part.decided, "outcome": part.outcome,
    }  # fmt: skip


def _pairs(
    reading: Reading, name: str, rows: int, fields: tuple[str, str], called: tuple[str, str], *, both: bool = False
) -> list[tuple[str, str]]:
    """Rows of two fields; a row needs its first, and where ``both`` is told its second too."""
    found: list[tuple[str, str]] = []
    for row in range(rows):
        names = [f"{name}.{row}.{one}" for one in fields]
        first = reading.line(names[0], called[0], most=200)
        second = reading.line(names[1], called[1], most=judging.WORDS_MOST if both else 200)
        if second and not first:
            reading.wrong(names[0], f"{called[0]} is missing.", "write it, or leave the row empty.")
        if both and first and not second:
            reading.wrong(names[1], f"{called[1]} is missing.", "write it in a few words.")
        if first:
            found.append((first, second))
    return found


def _follow_up(reading: Reading) -> dict[str, str]:
    what = reading.line("follow.what", "What follows")
    who = reading.line("follow.who", "Who does it", most=200)
    on = reading.day("follow.on", "Until when")
    if (who or on) and not what:
        reading.wrong("follow.what", "It is not said what follows.", "write it, or leave all three empty.")
    return {"what": what, "who": who, "on": on.isoformat() if on else ""} if what else {}


# -- telling them again ------------------------------------------------------------------------------


def every(conn: Connection, patient: str) -> list[Conference]:
    """The patient's conferences, the latest first, those of records merged into theirs too."""
    owners = (patient, *patients.merged_in(conn, patient))
    told = [entry for one in owners for entry in ledger.entries(conn, one, ("conference",)) if entry.body is not None]
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(told, key=lambda one: (one.at, one.seq)):
        groups.setdefault(str((entry.body or {}).get("id") or entry.hash), []).append(entry)
    replaced = {str((several[0].body or {}).get("corrects") or "") for several in groups.values()}
    found = [_conference(name, several, replaced=name in replaced) for name, several in groups.items()]
    return sorted(found, key=lambda one: (one.on, one.at), reverse=True)


def typed_again(told: Conference) -> Typed:
    """A recorded conference as it was typed, to be corrected."""
    data: dict[str, list[str]] = {"on": [told.on], "corrects": [told.id]}
    for row, (name, role) in enumerate(told.present):
        data |= {f"present.{row}.name": [name], f"present.{row}.role": [role]}
    for row, (who, why) in enumerate(told.dissents):
        data |= {f"dissent.{row}.who": [who], f"dissent.{row}.why": [why]}
    for part in told.parts:
        data |= {
            f"question.{part.side}": [part.question], f"action.{part.side}": [part.action],
            f"words.{part.side}": [part.words], f"closes.{part.side}": ["yes"] if part.closes else [],
        }  # fmt: skip
    data |= {f"follow.{name}": [value] for name, value in told.follow_up.items()}
    return Typed(data)


def _conference(name: str, several: Sequence[Entry], *, replaced: bool) -> Conference:
    body, first = several[0].body or {}, several[0]
    parts = [
        Part(
            str(one.get("side") or ""), str(one.get("question") or ""), str(one.get("action") or ""),
            str(one.get("words") or ("" if one.get("action") else one.get("decided") or "")), bool(one.get("closes")),
        )
        for entry in several if (one := entry.body or {}).get("decided") != _WITHDRAWN
    ]  # fmt: skip
    return Conference(
        name, first.patient, str(body.get("on") or ""),
        tuple((str(one.get("name", "")), str(one.get("role", ""))) for one in body.get("present", [])),
        tuple(parts), tuple((str(one.get("who", "")), str(one.get("why", ""))) for one in body.get("dissents", [])),
        body.get("follow_up") or {}, body.get("answer"), str(body.get("corrects") or ""), first.by, first.at,
        replaced=replaced,
    )  # fmt: skip
