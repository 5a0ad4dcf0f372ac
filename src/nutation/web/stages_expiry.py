"""What runs out first of what counts today: findings in the windows of the rules, the safety screen, an approval."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from nutation.report import words
from nutation.report.counting import last_days
from nutation.report.words import parse_day
from nutation.web.stages_ledger import Request

Plain = dict[str, Any]
_NEXT = timedelta(days=1)
SCREEN = "Safety screen"


def first_expiry(document: Plain, joint: Plain, request: Request | None) -> tuple[date | None, str]:
    """The first day on which something that counts at this joint today no longer does, and what; None where nothing.

    What had run out by the day asked about is not named: it does not count any more, and the answer says so.
    """
    found = [(day, what) for day, what in _all(document, joint, request) if day > date.fromisoformat(document["as_of"])]
    return min(found, default=(None, ""))


def _all(document: Plain, joint: Plain, request: Request | None) -> list[tuple[date, str]]:
    found = [
        (last + _NEXT, SCREEN)
        for item in joint["gate"]["items"]
        if item["state"] in ("clear", "addressed") and (last := parse_day(item["expires_on"])) is not None
    ]
    if request is not None and request.state == "approved" and request.expires_on is not None:
        found.append((request.expires_on + _NEXT, f"Approval ({words.said(request.policy)})"))
    events = {event["id"]: event for event in document["events"]}
    found += [
        (last + _NEXT, _what(event))
        for event in events.values()
        if event["kind"] == "completeness" and event["stands"]
        and (last := parse_day(event["values"].get("expires_on"))) is not None
    ]  # fmt: skip
    for last_day, name in last_days({**document, "joints": [joint]}):
        # That all is recorded up to a day is stated anew with each request: it would expire on every line, at once.
        told = events.get(name)
        if told is not None and told["kind"] != "completeness" and (last := parse_day(last_day)) is not None:
            found.append((last + _NEXT, _what(told)))
    return found


def _what(event: Plain) -> str:
    if event["kind"] == "completeness":
        return f"Statement that every {words.said(event['values'].get('of') or 'record')} is recorded"
    return words.sentence(words.event_label(event))
