"""Signing in and out: password, second factor, the provider, links that work once."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import accesses, people
from nutation.store import sessions as rows
from nutation.web import identity, keys, oidc, rights, sessions, signing_in
from nutation.web.context import Current, Visitor, anyone, half_signed_in
from nutation.web.rendering import render
from nutation.web.signing_in import SignedIn

router = APIRouter()
LOG = logging.getLogger("nutation.web")

Anyone = Annotated[Visitor, Depends(anyone)]
Half = Annotated[Current, Depends(half_signed_in)]
Text = Annotated[str, Form(max_length=2000)]

BACK = "/sign-in/provider/back"
"""Where the provider sends the browser back to; the provider has to be told this address of ours."""

CLINIC = "Nutation"
"""What an authenticator shows beside the name."""


# ── password ─────────────────────────────────────────────────────────────────────────────────────────


@router.get("/sign-in")
def sign_in_page(request: Request, visitor: Anyone, next: str = "", idle: bool = False) -> Response:  # noqa: A002 - the form's own name
    """The page to sign in on."""
    return _sign_in(request, visitor, goes_on=next, idle=idle)


@router.post("/sign-in")
def sign_in(
    request: Request,
    visitor: Anyone,
    name: Text = "",
    password: Annotated[str, Form(max_length=identity.PASSWORD_MOST)] = "",
    goes_on: Text = "",
) -> Response:
    """Name and password."""
    done = signing_in.by_password(visitor, name, password) if visitor.settings.local_accounts else None
    if done is None:
        return _sign_in(request, visitor, goes_on=goes_on, name=name, problem=signing_in.REFUSED, status=401)
    return _into(request, visitor, done, goes_on)


def _sign_in(
    request: Request,
    visitor: Visitor,
    *,
    goes_on: str = "",
    name: str = "",
    problem: str = "",
    idle: bool = False,
    status: int = 200,
) -> Response:
    return render(
        request, "sign_in.html.j2", status=status, goes_on=signing_in.local_path(goes_on) or "", name=name,
        problem=problem, idle=idle, local=visitor.settings.local_accounts,
        provider=visitor.settings.oidc_label if visitor.settings.oidc_issuer else "",
    )  # fmt: skip


def _into(request: Request, visitor: Visitor, done: SignedIn, goes_on: str) -> Response:
    """To the page that was wanted, or first to the second factor."""
    wanted = signing_in.local_path(goes_on)
    if not done.second_factor:
        place = "/sign-in/code" if done.person.second_factor_since is not None else "/sign-in/enrol"
        wanted = f"{place}?next={wanted}" if wanted else place
    answer = RedirectResponse(wanted or signing_in.home_of(rights.of(done.person.roles)), status_code=303)
    sessions.set_cookie(answer, request, visitor.settings, done.token)
    return answer


# ── second factor ────────────────────────────────────────────────────────────────────────────────────


@router.get("/sign-in/code")
def code_page(request: Request, who: Half, next: str = "") -> Response:  # noqa: A002 - the form's own name
    """The page that asks for the code of the second factor."""
    if who.session.second_factor or who.person.second_factor_since is None:
        return RedirectResponse("/" if who.session.second_factor else "/sign-in/enrol", status_code=303)
    return render(request, "sign_in_code.html.j2", goes_on=signing_in.local_path(next) or "", problem="")


@router.post("/sign-in/code")
def code(request: Request, who: Half, code: Text = "", goes_on: Text = "") -> Response:
    """The code, or a recovery code."""
    token = signing_in.by_code(who, _token(request, who), code)
    goes_on = signing_in.local_path(goes_on) or ""
    if token is None:
        problem = "This code does not fit, or was used already. Wait for the next one."
        return render(request, "sign_in_code.html.j2", status=401, goes_on=goes_on, problem=problem)
    answer = RedirectResponse(goes_on or signing_in.home_of(rights.of(who.person.roles)), status_code=303)
    sessions.set_cookie(answer, request, who.settings, token)
    return answer


@router.get("/sign-in/enrol")
def enrol_page(request: Request, who: Half, next: str = "") -> Response:  # noqa: A002 - the form's own name
    """The page to set up a second factor on: a QR code, the same as text, and a field for the first code."""
    return _enrol(request, who, goes_on=next)


@router.post("/sign-in/enrol")
def enrol(request: Request, who: Half, code: Text = "", goes_on: Text = "") -> Response:
    """The first code: proves that the second factor works, and shows the recovery codes once."""
    done = signing_in.enrol(who, _token(request, who), code)
    if done is None:
        problem = "This code does not fit. Check the telephone's clock and try the next one."
        return _enrol(request, who, goes_on=goes_on, problem=problem)
    token, codes = done
    goes_on = signing_in.local_path(goes_on) or signing_in.home_of(rights.of(who.person.roles))
    answer = render(request, "recovery_codes.html.j2", codes=codes, goes_on=goes_on)
    sessions.set_cookie(answer, request, who.settings, token)
    return answer


def _enrol(request: Request, who: Current, *, goes_on: str, problem: str = "") -> Response:
    secret = signing_in.pending_secret(who)
    if secret is None:
        return RedirectResponse("/account" if who.session.second_factor else "/sign-in/code", status_code=303)
    uri = identity.secret_uri(secret, name=who.person.name or who.person.shown, clinic=CLINIC)
    drawn = identity.qr_svg(uri, title="QR code for an authenticator")
    return render(
        request, "enrol.html.j2", status=401 if problem else 200, problem=problem,
        goes_on=signing_in.local_path(goes_on) or "", qr=Markup(drawn),  # noqa: S704 - our own drawing
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )  # fmt: skip


def _token(request: Request, who: Current) -> str:
    token = sessions.cookie_token(request, who.settings)
    assert token is not None  # or nobody would be signed in
    return token


# ── out ──────────────────────────────────────────────────────────────────────────────────────────────


@router.post("/sign-out")
def sign_out(request: Request, who: Half) -> Response:
    """End the session."""
    with who.write() as conn:
        rows.end(conn, who.session.digest)
        who.note(conn, "signed out")
    provider = None
    if who.person.oidc_issuer is not None and who.settings.oidc_issuer == who.person.oidc_issuer:
        try:
            provider = oidc.sign_out_url(who.settings, oidc.discover(who.settings))
        except oidc.ProviderError:
            LOG.warning("%s the provider cannot be asked where to sign out", who.request_id)
    request.state.current = None
    answer = render(request, "signed_out.html.j2", provider=provider)
    sessions.clear_cookie(answer, request, who.settings)
    return answer


# ── provider ─────────────────────────────────────────────────────────────────────────────────────────


@router.get("/sign-in/provider")
def to_provider(request: Request, visitor: Anyone, next: str = "") -> Response:  # noqa: A002 - the form's own name
    """On to the identity provider."""
    settings = visitor.settings
    if not settings.oidc_issuer:
        raise HTTPException(404)
    try:
        url, flow = oidc.begin(
            settings, oidc.discover(settings), redirect_uri=settings.origin + BACK,
            goes_on=signing_in.local_path(next) or "",
        )  # fmt: skip
    except oidc.ProviderError as error:
        return _failed(request, visitor, error)
    answer = RedirectResponse(url, status_code=303)
    answer.set_cookie(
        sessions.cookie_name(request, settings, oidc.FLOW_COOKIE), flow, max_age=oidc.FLOW_SECONDS, path="/",
        httponly=True, samesite="lax", secure=sessions.secure(request, settings),
    )  # fmt: skip
    return answer


@router.get(BACK)
def from_provider(request: Request, visitor: Anyone) -> Response:
    """Back from the identity provider."""
    settings = visitor.settings
    if not settings.oidc_issuer:
        raise HTTPException(404)
    cookie = sessions.cookie_name(request, settings, oidc.FLOW_COOKIE)
    try:
        claimed, goes_on = oidc.finish(
            settings, oidc.discover(settings), sealed_flow=request.cookies.get(cookie),
            answer=dict(request.query_params),
        )  # fmt: skip
    except oidc.ProviderError as error:
        return _failed(request, visitor, error)
    done = signing_in.by_provider(visitor, claimed)
    if done is None:
        problem = "The clinic's account was recognised, and no role here is given to it. Ask an administrator."
        return _sign_in(request, visitor, problem=problem, status=403)
    answer = _into(request, visitor, done, goes_on)
    answer.delete_cookie(cookie, path="/", secure=sessions.secure(request, settings), httponly=True, samesite="lax")
    return answer


def _failed(request: Request, visitor: Visitor, error: oidc.ProviderError) -> Response:
    LOG.warning("%s sign-in by the provider: %s", visitor.request_id, error)
    return _sign_in(request, visitor, problem=f"{error} Try again.", status=502)


# ── links that work once ─────────────────────────────────────────────────────────────────────────────

_GONE = "This link was used, was replaced by a later one, or is too old."


@router.get("/welcome/{token}")
def welcome_page(request: Request, visitor: Anyone, token: str) -> Response:
    """The page behind a link: the first administrator names themselves, or somebody chooses a password."""
    return _welcome(request, visitor, token, told={})


@router.post("/welcome/{token}")
def welcome(
    request: Request,
    visitor: Anyone,
    token: str,
    name: Text = "",
    shown: Text = "",
    title: Text = "",
    password: Text = "",
    again: Text = "",
) -> Response:
    """The link is used up when everything fits, and only then."""
    settings, now = visitor.settings, visitor.now
    try:
        with visitor.store.read() as conn:
            link = rows.link(conn, keys.digest(token), at=now)
            person = people.by_id(conn, link.person) if link is not None and link.person is not None else None
        if link is None or link.purpose not in ("administrator", "invitation"):
            return _welcome(request, visitor, token, told={})
        if password != again:
            raise InputError("The two passwords differ.", place="password", mend="enter it twice the same.")
        known_as = name if person is None else person.name or ""
        identity.check_password(password, least=settings.password_length, name=people.sign_in_name(known_as))
        hashed = identity.hash_password(password, argon2_mib=settings.argon2_mib)
        with visitor.store.write() as conn:
            if rows.use_link(conn, link.digest, at=now) is None:
                raise InputError(_GONE, mend="ask for another.")
            whose = (
                person.id
                if person is not None
                else people.add(conn, name=name, shown=shown, title=title, roles=["administrator"], at=now)
            )
            people.set_password(conn, whose, hashed)
            rows.end_all(conn, whose)
            rows.drop_links(conn, whose)
            what = "first password" if person is not None else "administrator made by the server's link"
            accesses.note(conn, what, at=now, person=whose, about=whose, request=visitor.request_id)
    except InputError as error:
        return _welcome(
            request, visitor, token, told={"name": name, "shown": shown, "title": title}, problem=str(error)
        )
    return RedirectResponse("/sign-in", status_code=303)


def _welcome(request: Request, visitor: Visitor, token: str, *, told: dict[str, str], problem: str = "") -> Response:
    with visitor.store.read() as conn:
        link = rows.link(conn, keys.digest(token), at=visitor.now)
        person = people.by_id(conn, link.person) if link is not None and link.person is not None else None
    if link is None or link.purpose not in ("administrator", "invitation"):
        return render(
            request, "refusal.html.j2", status=404, heading="This link does not work", text=f"{_GONE} Ask for another."
        )
    return render(
        request, "welcome.html.j2", status=422 if problem else 200, person=person, token=token, problem=problem,
        name=told.get("name", ""), shown=told.get("shown", ""), title=told.get("title", ""),
        least=visitor.settings.password_length,
    )  # fmt: skip


@router.get("/enter/{token}")
def enter(request: Request, visitor: Anyone, token: str) -> Response:
    """The way into the demonstration, without a password: made-up patients, this machine alone."""
    if not visitor.settings.demo:
        raise HTTPException(404)
    with visitor.store.write() as conn:
        link = rows.use_link(conn, keys.digest(token), at=visitor.now)
        person = people.by_id(conn, link.person) if link is not None and link.person is not None else None
        if link is None or link.purpose != "demonstration" or person is None:
            return RedirectResponse("/sign-in", status_code=303)
        made = sessions.begin(
            conn, person.id, settings=visitor.settings, at=visitor.now, second_factor=True, replaces=visitor.token
        )
    return _into(request, visitor, SignedIn(person, made, True), "")
