"""What every request passes before any page: an id and a line in the log without patient data, and limits of size."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nutation.web.security_headers import STATIC
from nutation.web.settings import Settings

LOG = logging.getLogger("nutation.web")
"""Told: method, path as a pattern, status, time, request id. Never: ids, names, addresses, queries, bodies."""

FORM_LIMIT_BYTES = 2 * 1024 * 1024
"""The largest body that is no upload: the longest form is a fraction of it."""

_MEGABYTE = 1_000_000
_LENGTH_DIGITS = 18
"""More digits than any body has bytes; ``int`` raises where there are thousands of them."""
_IN_UTF_8 = re.compile(r';[ \t]*charset[ \t]*=[ \t]*("?)utf-8\1[ \t]*(?=;|\Z)')
_KEEP_ALIVE_S = 75
"""How long a connection stays open unused: longer than a page is read, and than most proxies keep their own.

A connection that is closed in the moment in which a form is sent loses the form.
"""


class RequestLog:
    """Gives each request an id, tells the log of it, and answers what was not foreseen with that id alone.

    The text of an unforeseen error can hold what is in the database: only its kind and where it arose are logged,
    unless ``show_errors`` (for developers) lets it through.
    """

    def __init__(self, app: ASGIApp, *, show_errors: bool = False) -> None:
        self.app, self.show_errors = app, show_errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        begun, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            if self.show_errors:
                raise
            LOG.error("%s %s failed: %s", request_id, _template(scope), _without_text(error))
            if status == 0:
                text = f"Something went wrong in the program. Nothing of this request was kept. Number: {request_id}"
                await PlainTextResponse(text, status_code=500)(scope, receive, noted)
        finally:
            took_ms = (time.perf_counter() - begun) * 1000
            LOG.info("%s %s %s %.0f ms", request_id, _template(scope), status, took_ms)


class BodyLimit:
    """Refuses bodies that are too large; a large upload is only read for somebody who is signed in."""

    def __init__(self, app: ASGIApp, *, upload_limit_mb: int, may_upload: Callable[[Scope], bool]) -> None:
        self.app, self.upload_limit, self.may_upload = app, upload_limit_mb * _MEGABYTE, may_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        told = headers.get("content-length")
        if told is not None and "transfer-encoding" in headers:
            # Two words on where the body ends: a proxy may believe the other, and take its rest for a request.
            refused = PlainTextResponse("The length is told twice.", 400, headers={"connection": "close"})
            await refused(scope, receive, send)
            return
        size = _length(told)
        limit = FORM_LIMIT_BYTES
        upload = headers.get("content-type", "").lower().startswith("multipart/form-data")
        if upload and (size is None or size > limit) and await anyio.to_thread.run_sync(self.may_upload, scope):
            limit = self.upload_limit
        if size is not None and size > limit:
            await PlainTextResponse(_too_large(limit), status_code=413)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise HTTPException(413, _too_large(limit))
            return message

        await self.app(scope, counted, send)


class BodiesInUtf8:
    """Refuses bodies whose header names another character set than UTF-8, in whatever way.

    The form parser would read them with any codec that Python has: some of those raise errors, or yield what is no
    character. Browsers send the forms of our pages in UTF-8, without a word on it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and any(map(_in_another_charset, Headers(scope=scope).getlist("content-type"))):
            refused = PlainTextResponse("Text is taken in UTF-8 alone.", 415, headers={"connection": "close"})
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """How the web server is run: where it listens, and without its own log of paths and queries as they are."""
    return {
        "host": settings.host, "port": settings.port, "access_log": False, "log_config": None,
        "server_header": False, "proxy_headers": False, "timeout_keep_alive": _KEEP_ALIVE_S,
    }  # fmt: skip


def configure_log() -> None:
    """Send the server's log to standard error, one line a request; for `serve` and `demo`.

    The web server's own log of requests has to be off, since it writes paths and queries as they are.
    """
    if not LOG.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False


def _template(scope: Scope) -> str:
    if scope["path"].startswith(STATIC):
        return f"{scope['method']} {STATIC}"
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '(no page)')}"


def _length(told: str | None) -> int | None:
    """The length that a header tells, at most what ``_LENGTH_DIGITS`` nines are; None where it tells no number."""
    if told is None or not (told.isascii() and told.isdecimal()):
        return None
    return int(told) if len(told) <= _LENGTH_DIGITS else 10**_LENGTH_DIGITS - 1


def _in_another_charset(content_type: str) -> bool:
    """Whether the word charset is in the header otherwise than as a plain parameter that says utf-8."""
    return "charset" in _IN_UTF_8.sub("", content_type.lower())


def _too_large(limit: int) -> str:
    return f"This is too large: at most {limit / _MEGABYTE:.0f} MB are taken."


def _without_text(error: BaseException) -> str:
    """Kinds of the error and its causes, and the places in the code; no message, no value."""
    told: list[str] = []
    at: BaseException | None = error
    while at is not None:
        frames = traceback.extract_tb(at.__traceback__)[-6:]
        places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
        told.append(f"{type(at).__module__}.{type(at).__qualname__} at {places}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "; from ".join(told)
