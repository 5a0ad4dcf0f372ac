"""The demonstration: a clinic of fictional patients and staff in an empty database, on this machine alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from nutation.record.kinds import Person
from nutation.store import Draft, Store, audit, events, ledger, patients, people
from nutation.web import identity, links
from nutation.web.answering import answer_all, local_day
from nutation.web.demo_patients import PATIENTS, MadeUp, record_of
from nutation.web.settings import Settings

PASSWORD = "a-made-up-clinic"  # noqa: S105 - printed for everybody who opens the demonstration
"""The password of every account of the demonstration."""

STAFF = (
    ("halvorsen", "Dr R. Halvorsen", "orthopaedic surgeon", ("surgeon",)),
    ("okafor", "C. Okafor", "coordinator", ("coordinator",)),
    ("dube", "K. Dube", "physiotherapist", ("therapist",)),
    ("researcher", "A. Researcher", "registry", ("researcher",)),
    ("admin", "Administrator", "keeps the accounts", ("administrator",)),
)
"""Name to sign in, name shown, title, roles."""

_DENIAL = "conservative_care"


def fill(store: Store, now: datetime) -> None:
    """Make staff and patients, unless the database has any, and answer every case."""
    with store.read() as conn:
        if people.everyone(conn):
            return
    with store.write() as conn:
        hashed = identity.hash_password(PASSWORD, argon2_mib=19)
        staff = [
            people.add(conn, name=name, shown=shown, title=title, roles=roles, at=now)
            for name, shown, title, roles in STAFF
        ]
        for person in staff:
            people.set_password(conn, person, hashed)
        for number, told in enumerate(PATIENTS, 1):
            _add(conn, told, number, staff[1], now)
        audit.roll(conn, now)
    answer_all(store, lambda: now)


def _add(conn: Connection, told: MadeUp, number: int, by: str, now: datetime) -> None:
    record = record_of(told, local_day(now))
    born = next((event.happened.from_ for event in record.events if isinstance(event, Person)), None)
    visit = now - timedelta(days=told.visit_days_ago)
    number_of = [("demonstration", f"D-{number:04d}"), *([("image", told.image_id)] if told.image_id else [])]
    one = patients.add(conn, told.name, by=by, at=visit, born=born, identifiers=number_of)
    events.append_events(conn, one, record.events, by=by, at=visit, unmapped=record.unmapped, warnings=record.warnings)
    request = uuid4().hex
    side = next((e.side for e in record.events if e.kind == "operation" and e.side in ("left", "right")), "left")
    for state, days_ago in told.requests:
        body = _request(request, side, told.policy, state, now - timedelta(days=days_ago), by)
        ledger.append(conn, one, [Draft("request", body)], by=by, at=_morning(now, days_ago))


def _request(request: str, side: str, policy: str, state: str, on: datetime, by: str) -> dict[str, object]:
    day = local_day(on)
    due = {"sent": 30, "more_information": 14, "peer_to_peer": 7, "denied": 60}.get(state)
    return {
        "id": request, "side": side, "policy": policy, "policy_version": "", "state": state, "on": day.isoformat(),
        "by": by, "number": "A-20417" if state == "approved" else "",
        "expires_on": (day + timedelta(days=90)).isoformat() if state == "approved" else None,
        "reason": _DENIAL if state == "denied" else "", "note": "",
        "due_on": (day + timedelta(days=due)).isoformat() if due else None, "submission": "",
    }  # fmt: skip


def _morning(now: datetime, days_ago: int) -> datetime:
    day: date = (now - timedelta(days=days_ago)).date()
    return datetime.combine(day, time(9), tzinfo=UTC)


def ways_in(store: Store, settings: Settings, now: datetime) -> list[tuple[str, str]]:
    """A link for each of the staff that signs them in once; refused unless the settings are the demonstration's."""
    assert settings.demo
    with store.write() as conn:
        by_name = {person.name: person for person in people.everyone(conn)}
        return [
            (
                f"{shown}, {title} ({name}@)",
                links.make(conn, settings, "demonstration", person=by_name[name].id, by=None, at=now),
            )
            for name, shown, title, _ in STAFF
        ]
