"""Everything that stands before the pages, put around an app in one call; and the proof that no page stands open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Mount
from starlette.types import Scope

from nutation.record.errors import InputError
from nutation.store import Store
from nutation.store import sessions as rows
from nutation.web import context, keys, sessions
from nutation.web.context import Needs
from nutation.web.middleware import BodiesInUtf8, BodyLimit, RequestLog
from nutation.web.refusals import NotAllowed, NotFromOurPage, NotSignedIn, SecondFactorNeeded, TooManyTries
from nutation.web.rendering import render
from nutation.web.rights import MEANING, Right
from nutation.web.security_headers import SecurityHeaders
from nutation.web.settings import Settings

OPEN_MOUNTS = frozenset({"/static"})
"""Mounted folders that everybody may read: styles and scripts."""

_STATUS = {
    400: "The request could not be understood.",
    404: "There is no such page.",
    405: "This page does not take that.",
    413: "This is too large.",
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A route and what it asks for: rights, or the name of the weaker dependency it has."""

    method: str
    path: str
    rights: tuple[Right, ...]
    by: str
    """``needs``, ``signed_in``, ``half_signed_in`` or ``anyone``; empty where nothing stands before the route."""


def guard(app: FastAPI, store: Store, settings: Settings) -> None:
    """Put store and settings into the app, and headers, limits, log and the pages of refusals around its pages."""
    app.state.store, app.state.settings = store, settings

    def may_upload(scope: Scope) -> bool:
        token = sessions.cookie_token(HTTPConnection(scope), settings)
        clock: Callable[[], Any] = getattr(app.state, "clock", context.utc_now)
        with store.read() as conn:
            found = rows.find(conn, keys.digest(token)) if token else None
        return found is not None and found.second_factor and sessions.alive(found, settings=settings, at=clock())

    # The last that is added is the first that a request meets.
    app.add_middleware(BodiesInUtf8)
    app.add_middleware(BodyLimit, upload_limit_mb=settings.upload_limit_mb, may_upload=may_upload)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False)
    app.add_middleware(RequestLog, show_errors=settings.show_errors)
    app.add_middleware(SecurityHeaders, https=settings.https)
    if settings.trusted_proxies:
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))  # pyright: ignore[reportArgumentType]
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)


def check_routes(app: FastAPI) -> None:
    """Refuse an app with a route that asks for no right. Raises RuntimeError, so that it never starts."""
    bare = [f"{one.method} {one.path}" for one in guarded(app) if not one.by]
    if bare:
        raise RuntimeError(f"These routes say not who may open them: {', '.join(bare)}")


def guarded(app: FastAPI) -> list[Guarded]:
    """Every route of the app, by method, with what stands before it."""
    found: list[Guarded] = []
    for path, route, around in _routes(app.router.routes, "", ()):
        if isinstance(route, Mount) and route.path in OPEN_MOUNTS:
            continue
        calls = [*around, *(_calls(route.dependant) if isinstance(route, APIRoute) else ())]
        by, rights = _by(calls)
        methods: set[str] = getattr(route, "methods", None) or {"*"}
        found += [Guarded(method, path, rights, by) for method in sorted(methods - {"HEAD"})]
    return sorted(found, key=lambda one: (one.path, one.method))


def _by(calls: list[Callable[..., Any]]) -> tuple[str, tuple[Right, ...]]:
    needs = [call for call in calls if isinstance(call, Needs)]
    rights: tuple[Right, ...] = tuple(dict.fromkeys(right for call in needs for right in call.rights))
    if rights:
        return "needs", rights
    if needs:
        return "signed_in", ()
    names = {context.half_signed_in: "half_signed_in", context.anyone: "anyone"}
    return next((names[call] for call in calls if call in names), ""), ()


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from _calls(inner)


def _routes(
    routes: list[BaseRoute], prefix: str, around: tuple[Callable[..., Any], ...]
) -> Iterator[tuple[str, BaseRoute, tuple[Callable[..., Any], ...]]]:
    """All routes, those of included routers too, which newer versions of FastAPI keep as routers of their own."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield prefix + getattr(route, "path", ""), route, around
            continue
        told: Any = getattr(route, "include_context", None)
        depends = tuple(one.dependency for one in getattr(told, "dependencies", ()) if one.dependency is not None)
        yield from _routes(inner.routes, prefix + getattr(told, "prefix", ""), around + depends)


# ── pages of refusals ────────────────────────────────────────────────────────────────────────────────


def _page(request: Request, status: int, heading: str, text: str, **headers: str) -> Response:
    return render(request, "refusal.html.j2", status=status, headers=headers, heading=heading, text=text)


def _not_signed_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotSignedIn)
    idle = "&idle=1" if error.why == "idle" else ""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/sign-in?next={quote(request.url.path, safe='/')}{idle}", status_code=303)
    return _page(
        request, 401, "You are not signed in",
        "Nothing was kept. Sign in in another window, come back here with the browser's Back button, and send the form "
        "again: what you entered is still in it.",
    )  # fmt: skip


def _second_factor(request: Request, error: Exception) -> Response:
    assert isinstance(error, SecondFactorNeeded)
    return RedirectResponse("/sign-in/code" if error.enrolled else "/sign-in/enrol", status_code=303)


def _not_allowed(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotAllowed)
    meaning = next((told for right, told in MEANING.items() if right == error.right), error.right)
    text = f"Your roles do not allow: {meaning[0].lower()}{meaning[1:]} An administrator gives roles."
    return _page(request, 403, "You may not do this", text)


def _forged(request: Request, error: Exception) -> Response:
    text = "Nothing was kept. The form was not from a page of this session: open the page again and send it from there."
    return _page(request, 403, "The form was not taken", text)


def _too_many(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooManyTries)
    minutes = -(-error.retry_after_s // 60)
    text = f"There were too many tries to sign in. Wait {minutes} minutes, or ask an administrator."
    return _page(request, 429, "Too many tries", text, **{"Retry-After": str(error.retry_after_s)})


def _input(request: Request, error: Exception) -> Response:
    return _page(request, 422, "This was not taken", f"Nothing was kept. {error}")


def _invalid(request: Request, error: Exception) -> Response:
    # FastAPI's own answer repeats what was sent.
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in one["loc"] if isinstance(part, str)) for one in error.errors()})
    return _page(request, 422, "This was not taken", f"Nothing was kept. Wrong or missing: {', '.join(places)}.")


def _cannot_be_kept(request: Request, error: Exception) -> Response:
    # The database's own text would repeat what was sent.
    return _page(request, 422, "This was not taken", "Nothing was kept. Something in it cannot be stored as text.")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = error.detail if error.status_code == 413 else _STATUS.get(error.status_code, "")
    heading = _STATUS.get(error.status_code, "This did not work.").rstrip(".")
    return _page(request, error.status_code, heading, text, **dict(error.headers or {}))


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    NotSignedIn: _not_signed_in,
    SecondFactorNeeded: _second_factor,
    NotAllowed: _not_allowed,
    NotFromOurPage: _forged,
    TooManyTries: _too_many,
    InputError: _input,
    RequestValidationError: _invalid,
    DataError: _cannot_be_kept,
    HTTPException: _http,
}
