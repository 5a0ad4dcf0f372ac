"""The session's cookie: made anew at each sign-in, ended by idleness and by age; ``store.sessions`` keeps the rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import HTTPConnection
from starlette.responses import Response

from nutation.store import sessions
from nutation.store.sessions import Session
from nutation.web import keys
from nutation.web.settings import Settings

_NAME = "nutation"
_HOST_PREFIX = "__Host-"
"""Browsers take a cookie of this prefix only by https and for this very host: no neighbour can plant one."""

_SEEN_EVERY = timedelta(minutes=1)
"""How exactly idleness is measured: one write a minute, not one a page."""

_KEPT_AFTER_END = timedelta(days=1)
"""How long rows that ran out are kept, so that a form begun before can still be sent after signing in again."""


def secure(request: HTTPConnection, settings: Settings) -> bool:
    """Whether the browser reached the server by https."""
    return settings.https or request.url.scheme == "https"


def cookie_name(request: HTTPConnection, settings: Settings, name: str = _NAME) -> str:
    """The cookie's name, with the browser's own guard where there is https."""
    return f"{_HOST_PREFIX}{name}" if secure(request, settings) else name


def cookie_token(request: HTTPConnection, settings: Settings) -> str | None:
    """The token that the browser sent."""
    return request.cookies.get(cookie_name(request, settings))


def begin(
    conn: Connection,
    person: str,
    *,
    settings: Settings,
    at: datetime,
    second_factor: bool,
    replaces: str | None,
) -> str:
    """Begin a session and return its token; ``replaces`` is the token that the browser held before, which ends.

    A new token each time: whoever knew the old one, or planted it, is not signed in. The same person's forms from
    before an idle log-out stay good: the secret of their tokens, which no page and no cookie holds, goes over.
    """
    sessions.forget_before(conn, at - max(settings.session, timedelta(minutes=settings.tries_window_minutes))
                           - _KEPT_AFTER_END)  # fmt: skip
    csrf_secret = keys.new_token()
    if replaces is not None:
        old = sessions.find(conn, keys.digest(replaces))
        if old is not None:
            sessions.end(conn, old.digest)
            if old.person == person:
                csrf_secret = old.csrf_secret
    token = keys.new_token()
    sessions.begin(conn, keys.digest(token), person, at=at, csrf_secret=csrf_secret, second_factor=second_factor)
    return token


def alive(session: Session, *, settings: Settings, at: datetime) -> bool:
    """Whether neither idleness nor age has ended the session."""
    return at - session.seen_at < settings.idle and at - session.created_at < settings.session


def to_note(session: Session, at: datetime) -> bool:
    """Whether the session's use is to be noted again."""
    return at - session.seen_at >= _SEEN_EVERY


def set_cookie(response: Response, request: HTTPConnection, settings: Settings, token: str) -> None:
    """Give the browser its token; it forgets it when it is closed."""
    response.set_cookie(
        cookie_name(request, settings), token, path="/", httponly=True, samesite="lax", secure=secure(request, settings)
    )


def clear_cookie(response: Response, request: HTTPConnection, settings: Settings) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(
        cookie_name(request, settings), path="/", httponly=True, samesite="lax", secure=secure(request, settings)
    )
