"""What an entry of a patient's chain says, in one line for the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nutation.report import words
from nutation.store.ledger import Entry

Body = Mapping[str, Any]
ERASED = "content erased by law"


def what(entry: Entry) -> str:
    """The entry in words: its kind, and of its content what tells it from others."""
    if entry.body is None:
        return f"{words.sentence(words.said(entry.kind))}: {ERASED}"
    return _WHAT.get(entry.kind, _other(entry.kind))(entry.body)


def _other(kind: str) -> Callable[[Body], str]:
    return lambda body: words.sentence(words.said(kind)) + _side(body)


def _side(body: Body) -> str:
    return f", {body['side']}" if body.get("side") in ("left", "right", "both") else ""


def _events(body: Body) -> str:
    told: dict[str, int] = {}
    corrected = sum(bool(event.get("supersedes")) for event in body["events"])
    for event in body["events"]:
        name = words.said(event["kind"])
        told[name] = told.get(name, 0) + 1
    listed = ", ".join(f"{name}{f' ({number})' if number > 1 else ''}" for name, number in told.items())
    again = f"; {words.count(corrected, 'correction')}" if corrected else ""
    return f"Entered: {listed or 'nothing new'}{again}"


def _document(body: Body) -> str:
    return f"Document: {body.get('title') or words.said(body.get('type') or 'untitled')}"


def _pin(_: Body) -> str:
    return "Pinned an event to a page of a document"


def _request(body: Body) -> str:
    number = f", number {body['number']}" if body.get("number") else ""
    return f"Request to {words.said(body.get('policy') or '?')}{_side(body)}: {words.said(body.get('state'))}{number}"


def _submission(body: Body) -> str:
    state = "signed" if body.get("signed") else "draft"
    return f"Submission for {words.said(body.get('policy') or '?')}{_side(body)}: {state}"


def _judgement(body: Body) -> str:
    before = ", before the answer was shown" if body.get("before_answer") else ""
    asked, judged = words.said(body.get("question") or ""), words.said(body.get("judgement") or "")
    return f"Own judgement{_side(body)}, {asked}: {judged}{before}"


def _override(body: Body) -> str:
    return f"Acted against the answer: {body.get('what') or ''}. Reason: {body.get('reason') or ''}"


def _conference(body: Body) -> str:
    dissent = f" Dissent: {body['dissent']}" if body.get("dissent") else ""
    follows: dict[str, str] = body.get("follow_up") or {}
    task = ", ".join(part for part in (follows.get("what"), follows.get("who")) if part)
    until = f", until {follows['on']}" if follows.get("on") else ""
    told = f" Follows: {task}{until}." if task else ""
    return f"Case conference{_side(body)}: {body.get('decided') or ''}{dissent}{told}"


def _plan(body: Body) -> str:
    if body.get("verdict") == "no_plan_within_limit":
        return f"Planning{_side(body)}: no plan within the limit"
    return f"Plan{_side(body)}: {'side and levels stated' if body.get('stated') else 'made'}"


def _patient(body: Body) -> str:
    born = f", born {words.dated(body['born'])}" if body.get("born") else ""
    reason = f". Reason: {body['reason']}" if body.get("reason") else ""
    return f"Name: {body.get('label') or ''}{born}{reason}"


def _identifier(body: Body) -> str:
    told = f"{body.get('value') or ''} ({body.get('system') or ''})"
    if body.get("withdrawn"):
        return f"Identifier taken off: {told}. Reason: {body.get('reason') or ''}"
    return f"Identifier: {told}"


def _import(body: Body) -> str:
    left_out = f", {words.count(body['left_out'], 'part')} left out" if body.get("left_out") else ""
    return f"Taken from a file: {body.get('file') or ''}, {words.count(body.get('events') or 0, 'event')}{left_out}"


def _snapshot(body: Body) -> str:
    if "what" not in body:
        return f"Report of a wrong or harmful answer: {body.get('state') or ''}"
    return "Reported: this answer was wrong or harmful"


def _merge(body: Body) -> str:
    return f"Found to be one person with another record. Reason: {body.get('reason') or ''}"


def _split(body: Body) -> str:
    return f"Parted again from another record. Reason: {body.get('reason') or ''}"


def _erasure(body: Body) -> str:
    return f"Erased by law: {body.get('basis') or ''}"


_WHAT: dict[str, Callable[[Body], str]] = {
    "events": _events,
    "document": _document,
    "pin": _pin,
    "request": _request,
    "submission": _submission,
    "judgement": _judgement,
    "override": _override,
    "conference": _conference,
    "plan": _plan,
    "patient": _patient,
    "identifier": _identifier,
    "merge": _merge,
    "split": _split,
    "erasure": _erasure,
    "snapshot": _snapshot,
    "import": _import,
}
