"""One's own account: password, second factor, other browsers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from nutation.record.errors import InputError
from nutation.store import people
from nutation.store import sessions as rows
from nutation.web import identity
from nutation.web.context import Current, signed_in
from nutation.web.rendering import render
from nutation.web.rights import MEANING

router = APIRouter()
Me = Annotated[Current, Depends(signed_in)]
Password = Annotated[str, Form(max_length=identity.PASSWORD_MOST)]


@router.get("/account")
def account_page(request: Request, who: Me) -> Response:
    """Who I am here, and what I may do."""
    return _account(request, who)


@router.post("/account/password")
def password(request: Request, who: Me, old: Password = "", new: Password = "", again: Password = "") -> Response:
    """Another password; every other browser is signed out."""
    settings = who.settings
    with who.read() as conn:
        known = people.credentials(conn, who.person.id).password_hash
    fits, _ = identity.password_fits(known, old, argon2_mib=settings.argon2_mib)
    try:
        if not fits:
            raise InputError("The password of today is not right.", place="password")
        if new != again:
            raise InputError("The two new passwords differ.", place="password", mend="enter it twice the same.")
        identity.check_password(new, least=settings.password_length, name=who.person.name or "")
    except InputError as error:
        return _account(request, who, problem=str(error))
    hashed = identity.hash_password(new, argon2_mib=settings.argon2_mib)
    with who.write() as conn:
        people.set_password(conn, who.person.id, hashed)
        rows.end_all(conn, who.person.id, but=who.session.digest)
        who.note(conn, "password changed", about=who.person.id)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/recovery-codes")
def recovery_codes(request: Request, who: Me) -> Response:
    """New recovery codes, shown once; the old ones no longer work."""
    if who.person.second_factor_since is None:
        return RedirectResponse("/account", status_code=303)
    codes = identity.new_recovery_codes()
    with who.write() as conn:
        people.keep_recovery_codes(conn, who.person.id, map(identity.recovery_digest, codes))
        who.note(conn, "new recovery codes", about=who.person.id)
    return render(request, "recovery_codes.html.j2", codes=codes, goes_on="/account")


@router.post("/account/other-sessions")
def other_sessions(who: Me) -> Response:
    """Sign out every other browser."""
    with who.write() as conn:
        rows.end_all(conn, who.person.id, but=who.session.digest)
        who.note(conn, "other sessions ended", about=who.person.id)
    return RedirectResponse("/account", status_code=303)


def _account(request: Request, who: Current, *, problem: str = "") -> Response:
    with who.read() as conn:
        codes_left = people.recovery_codes_left(conn, who.person.id)
    allowed = [meaning for right, meaning in MEANING.items() if right in who.rights]
    return render(
        request, "account.html.j2", status=422 if problem else 200, problem=problem, codes_left=codes_left,
        allowed=allowed, least=who.settings.password_length,
    )  # fmt: skip
