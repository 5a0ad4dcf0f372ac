"""Templates become pages: with the person who asks, what they may do, and the hidden field of every form.

Each template gets ``current`` (``web.context.Current`` or None), ``may(right)``, ``csrf()``, ``settings`` and
``request_id`` beside its own values; a value that is missing is an error, not an empty place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from nutation.web import csrf, sessions
from nutation.web.context import (
    Current,
    request_id_of,
    settings_of,
    visitor_cookie,
    visitor_secret,
)
from nutation.web.rights import Right

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

_NOT_SHOWN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Marks that reorder what is read, so that a side or a name would seem to be another, and what is no character."""


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page from ``templates/``. The request's person is known to it without being handed over."""
    who: Current | None = getattr(request.state, "current", None)
    text = environment().get_template(template).render(
        current=who, may=partial(_may, who), csrf=partial(hidden_field, request),
        settings=settings_of(request), request_id=request_id_of(request), **values,
    )  # fmt: skip
    if not text.isascii():
        text = _NOT_SHOWN.sub("", text)
    response = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
    if getattr(request.state, "visitor_is_new", False):
        settings = settings_of(request)
        response.set_cookie(
            visitor_cookie(request), request.state.visitor, path="/", httponly=True, samesite="lax",
            secure=sessions.secure(request, settings),
        )  # fmt: skip
    return response


def form_token(request: Request) -> str:
    """A token for a form of this request's person or visitor; empty where the page has no form to send."""
    who: Current | None = getattr(request.state, "current", None)
    if who is not None:
        return csrf.token(who.session.csrf_secret)
    return csrf.token(visitor_secret(request)) if getattr(request.state, "visitor", None) else ""


def hidden_field(request: Request) -> Markup:
    """The hidden field that every form which changes something carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, escape(form_token(request)))


def _may(who: Current | None, right: Right) -> bool:
    return who is not None and who.may(right)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates' environment; filters and globals may be added to it when a module is imported."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
