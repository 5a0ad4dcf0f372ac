"""A form is only taken from our own page: a token in it that another site cannot know, and the browser's own word.

The token is an HMAC under a secret of the session (or, before sign-in, of the visitor's cookie), salted anew each
time. Where the browser tells from which site a request comes, that has to be ours too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

FIELD = "csrf"
"""Name of the hidden field."""

HEADER = "x-csrf-token"
"""Name of the header, for requests of our scripts that are no form."""

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that change something and need a token. All others change nothing."""

_SALT_BYTES = 16


def token(secret: str) -> str:
    """A token for one form."""
    salt = secrets.token_urlsafe(_SALT_BYTES)
    return f"{salt}.{_mac(secret, salt)}"


def fits(secret: str, told: str | None) -> bool:
    """Whether the token was made with this secret."""
    salt, point, mac = (told or "").partition(".")
    return bool(point) and hmac.compare_digest(_mac(secret, salt).encode(), mac.encode("utf-8", "surrogatepass"))


def same_site(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether the browser's own word on where the request comes from, if it gave any, names one of ``origins``."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin in origins


def _mac(secret: str, salt: str) -> str:
    return hmac.new(secret.encode(), salt.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
