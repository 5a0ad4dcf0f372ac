"""Links that work once: the first administrator's, invitations, and the way into the demonstration."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from nutation.store import Store, people, sessions
from nutation.web import keys
from nutation.web.settings import Settings

Purpose = Literal["administrator", "invitation", "demonstration"]
"""What a link is for: to make an administrator, to choose a password, or to come in without one (demo only)."""

PATHS: dict[Purpose, str] = {"administrator": "/welcome", "invitation": "/welcome", "demonstration": "/enter"}


def make(
    conn: Connection, settings: Settings, purpose: Purpose, *, person: str | None, by: str | None, at: datetime
) -> str:
    """Make a link and return its whole address. It is shown once: the database keeps only a digest."""
    token = keys.new_token()
    lasts = timedelta(hours=settings.link_hours)
    sessions.make_link(conn, keys.digest(token), purpose, person=person, by=by, at=at, lasts=lasts)
    return f"{settings.origin}{PATHS[purpose]}/{token}"


def first_start(store: Store, settings: Settings, *, at: datetime, anyway: bool = False) -> str | None:
    """The link that makes an administrator, where there is none; for the server's standard output, and only there.

    ``anyway`` makes one although there is an administrator, for whoever runs the server and is locked out.
    """
    with store.write() as conn:
        if not anyway and people.with_role(conn, "administrator"):
            return None
        return make(conn, settings, "administrator", person=None, by=None, at=at)
