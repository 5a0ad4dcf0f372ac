"""What the ledger says the clinic did for one joint: decision, request, submission, plan. Pure; entries in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nutation.report.words import parse_day
from nutation.store.ledger import CHANGES_EVENTS, Entry

OPERATION, CLOSED = "operation", "closed"
"""Outcomes of a conference (``outcome`` in its body) that move a joint: on towards an operation, or out of care."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a payer as its last entry left it."""

    id: str
    state: str
    policy: str
    due_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for one joint in this round.

    ``outcome`` is what the last conference decided, empty where findings were entered since: they are to be looked
    at first. ``submission`` is none, unsigned, signed, or reopened (signed before the last findings). ``plan`` is
    none, made, or confirmed (a named person stated its side and levels).
    """

    outcome: str = ""
    request: Request | None = None
    submission: str = "none"
    plan: str = "none"


def done_for(entries: Sequence[Entry], side: str, since: date | None) -> Done:
    """What the entries tell of the joint at ``side``; after an operation on ``since`` only what was begun later."""
    told = [entry for entry in entries if entry.body is not None and _of(entry.body, side)]
    last_events = max((entry.seq for entry in entries if entry.kind in CHANGES_EVENTS), default=0)
    request = _request(told, since)
    plans = [entry for entry in told if _is_plan(entry) and _later(entry, since)]
    plan = "none" if not plans else "confirmed" if (plans[-1].body or {}).get("stated") else "made"
    decided = [entry for entry in told if entry.kind == "conference" and _later(entry, since)]
    outcome = str((decided[-1].body or {}).get("outcome") or "") if decided else ""
    if decided and decided[-1].seq < last_events:
        outcome = ""
    return Done(outcome, request, _submission(told, request, last_events), plan)


def referred_on(entries: Sequence[Entry]) -> date | None:
    """The day on which the patient came into the clinic's list."""
    return entries[0].at.astimezone().date() if entries else None


def _of(body: dict[str, Any], side: str) -> bool:
    return body.get("side") in (None, "", "both", side) or side == "unknown"


def _is_plan(entry: Entry) -> bool:
    """Whether the entry is a plan that came out; one that found no way within the limit is none."""
    return entry.kind == "plan" and (entry.body or {}).get("verdict") != "no_plan_within_limit"


def _later(entry: Entry, since: date | None) -> bool:
    return since is None or entry.at.astimezone().date() > since


def _request(told: Sequence[Entry], since: date | None) -> Request | None:
    """The request that changed last, of those begun in this round and not withdrawn."""
    begun: dict[str, Entry] = {}
    last: dict[str, Entry] = {}
    for entry in told:
        if entry.kind == "request" and entry.body is not None:
            name = str(entry.body.get("id"))
            begun.setdefault(name, entry)
            last[name] = entry
    live = [
        entry
        for name, entry in last.items()
        if _later(begun[name], since) and (entry.body or {}).get("state") != "withdrawn"
    ]
    if not live:
        return None
    body = max(live, key=lambda entry: entry.seq).body or {}
    return Request(
        id=str(body.get("id")),
        state=str(body.get("state")),
        policy=str(body.get("policy") or ""),
        due_on=parse_day(body.get("due_on")),
        expires_on=parse_day(body.get("expires_on")),
    )


def _submission(told: Sequence[Entry], request: Request | None, last_events: int) -> str:
    if request is None:
        return "none"
    mine = [e for e in told if e.kind == "submission" and e.body is not None and e.body.get("request") == request.id]
    if not mine:
        return "none"
    if not (mine[-1].body or {}).get("signed"):
        return "unsigned"
    return "reopened" if mine[-1].seq < last_events else "signed"
