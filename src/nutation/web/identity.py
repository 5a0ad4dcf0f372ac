"""What proves who somebody is: passwords (Argon2id), codes of a second factor (TOTP), recovery codes.

Pure but for the random numbers; the rows are kept by ``store.people``.
"""

from __future__ import annotations

import hmac
import io
import secrets
import threading
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretStr

from nutation.record.errors import InputError
from nutation.web import keys

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_MOST = 1024
"""Longest password that is looked at, in characters: hashing takes longer with length."""

CODE_SECONDS = 30
"""A code's time step, RFC 6238's default, which every authenticator knows."""

CODE_STEPS = 1
"""Steps by which a telephone's clock may differ either way."""

RECOVERY_CODES = 10
"""How many recovery codes are given out together."""

_DIFFERENT = 5
"""Fewest different characters of a password: fewer is a key held down."""

_RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that are not taken for each other when they are copied by hand."""

_RECOVERY_LENGTH = 16
"""About 79 random bits a code, so that a plain digest of it is enough in the database."""

_AT_ONCE = threading.BoundedSemaphore(4)
"""Checks that run at the same time; each takes ``argon2_mib`` of memory."""


def check_password(password: str, *, least: int, name: str) -> None:
    """Refuse a password that is too short, or too near to the name. Raises InputError with the mend."""
    mend = f"take at least {least} characters: several words that only you would put together."
    if len(password) < least:
        raise InputError("The password is too short.", place="password", mend=mend)
    if len(password) > PASSWORD_MOST:
        mend = f"take at most {PASSWORD_MOST} characters."
        raise InputError("The password is too long.", place="password", mend=mend)
    told = password.casefold()
    for part in (part for part in (name.casefold(), "nutation") if part):
        told = told.replace(part, "")
    if len(set(told)) < _DIFFERENT:
        raise InputError("The password can be guessed.", place="password", mend=mend)


def hash_password(password: str, *, argon2_mib: int) -> str:
    """Argon2id of the password, with its salt and costs in the text."""
    with _AT_ONCE:
        return _hasher(argon2_mib).hash(password)


def password_fits(known: str | None, password: str, *, argon2_mib: int) -> tuple[bool, bool]:
    """Whether the password is the one that was hashed, and whether the hash should be made anew (costs changed).

    Without a known hash (no such person, no password) it takes as long, and the answer is no.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = _hasher(argon2_mib)
    with _AT_ONCE:
        try:
            fits = hasher.verify(known or _nobody(argon2_mib), password[: PASSWORD_MOST + 1])
        except (VerificationError, InvalidHashError):
            fits = False
    fits = fits and known is not None
    return fits, fits and hasher.check_needs_rehash(cast("str", known))


def new_secret() -> str:
    """A new secret of a second factor, in base 32."""
    import pyotp

    return pyotp.random_base32()


def secret_uri(secret: str, *, name: str, clinic: str) -> str:
    """The secret as an authenticator reads it from the QR code."""
    import pyotp

    return cast("Any", pyotp).TOTP(secret, interval=CODE_SECONDS).provisioning_uri(name=name, issuer_name=clinic)


def qr_svg(text: str, *, title: str) -> str:
    """A QR code as an SVG element for a page: dark on its own white ground, also on a dark page."""
    import segno

    out = io.BytesIO()
    code = cast("Any", segno).make(text, error="m")
    code.save(
        out, kind="svg", xmldecl=False, svgns=True, nl=False, scale=4, border=4, dark="#000", light="#fff", title=title,
        svgclass="qr", lineclass=None, omitsize=False,
    )  # fmt: skip
    return out.getvalue().decode("utf-8")


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step whose code this is, looking ``CODE_STEPS`` to either side of now; None where it is none's.

    The caller takes the step (``people.use_step``), so that a code which somebody saw does not work again.
    """
    import pyotp

    told = "".join(code.split())
    now = int(at.timestamp()) // CODE_SECONDS
    made = cast("Any", pyotp).TOTP(secret, interval=CODE_SECONDS)
    found = None
    for step in range(now - CODE_STEPS, now + CODE_STEPS + 1):
        if hmac.compare_digest(made.at(step * CODE_SECONDS).encode(), told.encode("utf-8", "surrogatepass")):
            found = step
    return found


def seal_secret(key: SecretStr, person: str, secret: str) -> str:
    """The secret as the database keeps it: of use only with the server's key, and only for this person."""
    return keys.seal(key, f"second factor of {person}", secret)


def unseal_secret(key: SecretStr, person: str, sealed: str) -> str | None:
    """The secret; None where the server's key is another than the one it was sealed with."""
    return keys.unseal(key, f"second factor of {person}", sealed)


def new_recovery_codes() -> list[str]:
    """Codes for a day without the telephone, each to be used once, as four groups of four."""
    codes: list[str] = []
    for _ in range(RECOVERY_CODES):
        text = "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_LENGTH))
        codes.append("-".join(text[place : place + 4] for place in range(0, _RECOVERY_LENGTH, 4)))
    return codes


def recovery_digest(code: str) -> str:
    """What the database keeps of a recovery code; however it is spaced and cased when it is typed in."""
    return keys.digest("".join(c for c in code.casefold() if c.isalnum()))


@lru_cache
def _hasher(argon2_mib: int) -> PasswordHasher:
    from argon2 import PasswordHasher, Type

    # RFC 9106, second recommended option, but for the memory: three passes, four lanes.
    return PasswordHasher(time_cost=3, memory_cost=argon2_mib * 1024, parallelism=4, type=Type.ID)


@lru_cache
def _nobody(argon2_mib: int) -> str:
    return _hasher(argon2_mib).hash(keys.new_token())
