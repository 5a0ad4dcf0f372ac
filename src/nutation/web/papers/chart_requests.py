"""A patient's requests to payers, as the chain of entries tells them: each step one entry, none ever changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import ledger, patients
from nutation.store import settings as kept
from nutation.store.ledger import Draft, Entry
from nutation.web.papers import denials, request_life
from nutation.web.papers.request_life import STATES, State, Step

DUE_DAYS = "request_due_days"
"""The clinic's setting: days that a state usually takes, by its name; what a form's due date begins with."""
DUE_DAYS_MOST = 365


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one joint under one policy: its steps, those taken back too, and what holds today."""

    id: str
    owner: str
    side: str
    policy: str
    policy_version: str
    submission: str
    steps: tuple[Step, ...]

    @property
    def now(self) -> Step:
        """The step that holds."""
        return request_life.standing(self.steps)[-1]

    @property
    def state(self) -> State:
        """The state that it is in."""
        return STATES[self.now.state]

    @property
    def open(self) -> bool:
        """Whether anybody still waits."""
        return bool(self.state.waits_from)

    def last(self, state: str) -> Step | None:
        """The last step that holds and led to this state."""
        held = request_life.standing(self.steps)
        return next((one for one in reversed(held) if one.state == state), None)

    def overdue(self, today: date) -> bool:
        """Whether its due day is past, or its approval expired."""
        day = self.now.due_on or self.now.expires_on
        return bool(day) and day < today.isoformat()


def every(conn: Connection, patient_id: str) -> list[Request]:
    """The patient's requests, the one last changed first."""
    found: list[Request] = []
    for owner in (patient_id, *patients.merged_in(conn, patient_id)):
        found += _of_chain(owner, ledger.entries(conn, owner, ("request",)))
    return sorted(found, key=lambda one: one.steps[-1].at, reverse=True)


def get(conn: Connection, patient_id: str, request: str) -> Request:
    """The request of that id. Raises InputError where the patient has none."""
    found = next((one for one in every(conn, patient_id) if one.id == request), None)
    if found is None:
        raise InputError("There is no such request.", mend="open it from the patient's requests.")
    return found


def begin(
    conn: Connection, patient_id: str, *, side: str, policy: str, policy_version: str, today: date, by: str,
    at: datetime,
) -> str:  # fmt: skip
    """Begin a request as a draft and return its id. Raises InputError where one of the same kind is open."""
    ledger.lock(conn, patient_id)
    same = [one for one in every(conn, patient_id) if (one.side, one.policy) == (side, policy) and one.open]
    if same:
        raise InputError(
            f"A request for this joint under {policy} is open already.", mend="go on with it, or withdraw it first."
        )
    made = uuid4().hex
    first = Step(move="begin", state="draft", on=today.isoformat(), by=by)
    named = {"id": made, "side": side, "policy": policy, "policy_version": policy_version, "submission": uuid4().hex}
    ledger.append(conn, patient_id, [Draft("request", request_life.body(named, first))], by=by, at=at)
    return made


def take_step(
    conn: Connection,
    patient_id: str,
    request: str,
    move: str,
    told: Mapping[str, str],
    *,
    seen: int,
    papers: Mapping[str, str],
    today: date,
    by: str,
    at: datetime,
) -> Request:
    """Make a move and return the request after it.

    ``seen`` is the number of steps that the writer saw: InputError where there are more by now. ``papers`` are the
    papers that are signed and stand, with the hash of their PDF. Raises InputError as ``request_life.step`` does.
    """
    ledger.lock(conn, patient_id)
    here = get(conn, patient_id, request)
    if len(here.steps) != seen:
        raise InputError(
            f"Meanwhile somebody entered “{here.state.label}”. Yours is not kept.",
            mend="look at the request as it is now, and enter yours again if it still fits.",
        )
    made = request_life.step(here.steps, move, told, today=today, reasons=denials.LABELS, papers=frozenset(papers))
    signed = request_life.MOVES[move].signed
    made = replace(made, by=by, pdf_sha256=papers[signed] if signed is not None else made.pdf_sha256)
    named = {
        "id": here.id, "side": here.side, "policy": here.policy, "policy_version": here.policy_version,
        "submission": here.submission,
    }  # fmt: skip
    ledger.append(conn, here.owner, [Draft("request", request_life.body(named, made))], by=by, at=at)
    return get(conn, patient_id, request)


def due_days(conn: Connection) -> dict[str, int]:
    """Days that the clinic allows for each state; empty until somebody says so."""
    return dict(kept.get(conn, DUE_DAYS, {}))


def keep_due_days(conn: Connection, told: Mapping[str, str], *, by: str, at: datetime) -> None:
    """Keep the days by state; an empty text keeps none. Raises InputError for what is no number of days."""
    found: dict[str, int] = {}
    for name, state in STATES.items():
        raw = told.get(name, "").strip()
        if not raw or not state.due:
            continue
        if not raw.isdecimal() or not 1 <= int(raw) <= DUE_DAYS_MOST:
            raise InputError(
                f"{raw!r} is no number of days.", place=state.due, mend=f"write 1 to {DUE_DAYS_MOST}, or nothing."
            )
        found[name] = int(raw)
    kept.put(conn, DUE_DAYS, found, by=by, at=at)


def _of_chain(owner: str, entries: Sequence[Entry]) -> list[Request]:
    found: dict[str, tuple[dict[str, Any], list[Step]]] = {}
    for entry in entries:
        if entry.body is None:  # erased by law
            continue
        told = entry.body
        _, steps = found.setdefault(told["id"], (told, []))
        steps.append(
            Step(
                move=told.get("move", told["state"]), state=told["state"], on=told["on"] or "",
                note=told.get("note") or "", number=told.get("number") or "", expires_on=told.get("expires_on") or "",
                reason=told.get("reason") or "", due_on=told.get("due_on") or "",
                at=entry.at.isoformat(), by=entry.by, pdf_sha256=told.get("pdf_sha256") or "",
            )
        )  # fmt: skip
    return [
        Request(
            id=name, owner=owner, side=told["side"], policy=told["policy"],
            policy_version=told.get("policy_version") or "", submission=told.get("submission") or "",
            steps=tuple(steps),
        )
        for name, (told, steps) in found.items()
    ]  # fmt: skip
