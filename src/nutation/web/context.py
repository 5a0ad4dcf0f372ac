"""Who asks, and may they: what a page depends on. A page names its rights, and only then gets to know who asks.

``create_app`` keeps the store, the settings and, in tests, a clock in ``app.state``. Every route depends on exactly
one of ``needs(…)``, ``signed_in``, ``half_signed_in`` or ``anyone``; ``web.guard.check_routes`` refuses an app in
which one does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Connection

from nutation.store import Store, accesses, people
from nutation.store import sessions as rows
from nutation.store.people import Person
from nutation.store.sessions import Session
from nutation.web import csrf, keys, rights, sessions
from nutation.web.refusals import NotAllowed, NotFromOurPage, NotSignedIn, SecondFactorNeeded
from nutation.web.rights import Right
from nutation.web.settings import Settings

VISITOR = "nutation-visitor"
"""Cookie that ties the forms before sign-in to one browser."""

PATIENT_PARAMETERS = ("patient", "patient_id")
"""Names that a patient's id has in the paths of pages."""

_PATIENT_ID = re.compile(r"[0-9a-f]{32}")
_MOST_FILES = 5000
"""Files of one upload: a series of images has one file a slice."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Current:
    """The request's person, their rights, and the way to the database."""

    person: Person
    rights: frozenset[Right]
    session: Session
    store: Store
    settings: Settings
    now: datetime
    request_id: str

    def may(self, right: Right) -> bool:
        """Whether the person holds the right: for what a page shows; what it does is held by ``needs``."""
        return right in self.rights

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads."""
        return self.store.read()

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; it is kept before the page answers."""
        return self.store.write()

    def note(
        self,
        conn: Connection,
        what: str,
        *,
        patient: str | None = None,
        about: str | None = None,
        refused: bool = False,
    ) -> None:
        """Add an act to the list of accesses, in the transaction of the act itself."""
        accesses.note(
            conn, what, at=self.now, person=self.person.id, patient=patient, about=about, refused=refused,
            request=self.request_id,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request of whoever it may be: pages before sign-in."""

    store: Store
    settings: Settings
    now: datetime
    request_id: str
    address: str
    token: str | None
    """The session's token that the browser holds, good or not."""


def store_of(request: Request) -> Store:
    """The clinic's database."""
    return request.app.state.store


def settings_of(request: Request) -> Settings:
    """The server's settings."""
    return request.app.state.settings


def now_of(request: Request) -> datetime:
    """The instant of the request, in UTC."""
    clock: Callable[[], datetime] = getattr(request.app.state, "clock", utc_now)
    return clock()


def request_id_of(request: Request) -> str:
    """The id under which the log tells of this request."""
    return getattr(request.state, "request_id", "")


def template_of(request: Request) -> str:
    """Method and path as a pattern, without ids: what logs and the list of accesses tell."""
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', '(no page)')}"


async def sent_token(request: Request) -> str | None:
    """The form's token, from the header or the hidden field; None where the method changes nothing."""
    if request.method not in csrf.CHANGING:
        return None
    if (header := request.headers.get(csrf.HEADER)) is not None:
        return header
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        told = (await request.form(max_files=_MOST_FILES)).get(csrf.FIELD)
        return told if isinstance(told, str) else None
    return None


SentToken = Annotated[str | None, Depends(sent_token)]


def current(request: Request, token: SentToken) -> Current:
    """Who is signed in, with the second factor given; refuses forged forms.

    This alone is no right: a route depends on ``needs`` or ``signed_in`` too. Raises the refusals.
    """
    found = _found(request, token)
    if not found.session.second_factor:
        raise SecondFactorNeeded(enrolled=found.person.second_factor_since is not None)
    return found


class Needs:
    """Dependency: the person holds every one of these rights. It notes whose page was opened."""

    def __init__(self, *needed: Right) -> None:
        self.rights = needed

    def __call__(self, request: Request, token: SentToken) -> Current:
        """The request's person. Raises NotAllowed where a right is missing, and the other refusals.

        It asks ``current`` itself: as a dependency of its own that would be one more change of threads.
        """
        who = current(request, token)
        missing = next((right for right in self.rights if right not in who.rights), None)
        patient = next((request.path_params[name] for name in PATIENT_PARAMETERS if name in request.path_params), None)
        if patient is not None:
            known = str(patient) if _PATIENT_ID.fullmatch(str(patient)) else None
            with who.write() as conn:
                accesses.note(
                    conn, template_of(request), at=who.now, person=who.person.id, patient=known,
                    refused=missing is not None, request=who.request_id,
                )  # fmt: skip
        if missing is not None:
            raise NotAllowed(missing)
        return who


def needs(*needed: Right) -> Needs:
    """The dependency of a page: ``who: Annotated[Current, Depends(needs("write_events"))]``."""
    return Needs(*needed)


signed_in = Needs()
"""Dependency of a page for everybody who is signed in."""


def half_signed_in(request: Request, token: SentToken) -> Current:
    """Dependency of the pages between password and second factor; the person has no right there."""
    return _found(request, token)


def anyone(request: Request, token: SentToken) -> Visitor:
    """Dependency of the pages before sign-in; refuses forged forms there too."""
    settings = settings_of(request)
    cookie = request.cookies.get(visitor_cookie(request))
    request.state.visitor = cookie or keys.new_token()
    request.state.visitor_is_new = cookie is None
    _check_form(request, token, visitor_secret(request) if cookie is not None else None)
    return Visitor(
        store=store_of(request), settings=settings, now=now_of(request), request_id=request_id_of(request),
        address=request.client.host if request.client else "", token=sessions.cookie_token(request, settings),
    )  # fmt: skip


def visitor_cookie(request: Request) -> str:
    """Name of the visitor's cookie."""
    return sessions.cookie_name(request, settings_of(request), VISITOR)


def visitor_secret(request: Request) -> str:
    """The secret of a visitor's forms: not the cookie itself, so that planting a cookie is not enough."""
    return keys.keyed_digest(settings_of(request).secret_key, "visitor", request.state.visitor)


def _found(request: Request, token: str | None) -> Current:
    settings, store, now = settings_of(request), store_of(request), now_of(request)
    cookie = sessions.cookie_token(request, settings)
    if cookie is None:
        raise NotSignedIn
    with store.read() as conn:
        session = rows.find(conn, keys.digest(cookie))
        person = people.by_id(conn, session.person) if session is not None else None
    if session is None or person is None or person.disabled_at is not None:
        raise NotSignedIn
    if not sessions.alive(session, settings=settings, at=now):
        raise NotSignedIn("idle")
    _check_form(request, token, session.csrf_secret)
    if sessions.to_note(session, now):
        with store.write() as conn:
            rows.seen(conn, session.digest, now)
    held = rights.of(person.roles) if session.second_factor else frozenset[Right]()
    found = Current(person, held, session, store, settings, now, request_id_of(request))
    request.state.current = found
    return found


def _check_form(request: Request, token: str | None, secret: str | None) -> None:
    if request.method not in csrf.CHANGING:
        return
    settings = settings_of(request)
    origins = frozenset({settings.origin, f"{request.url.scheme}://{request.url.netloc}"})
    if secret is None or not csrf.same_site(request.headers, origins) or not csrf.fits(secret, token):
        raise NotFromOurPage


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
