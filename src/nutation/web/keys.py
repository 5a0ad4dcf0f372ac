"""Tokens, and keys derived from the server's one secret key, each for one purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

_TOKEN_BYTES = 32
"""256 random bits: a token cannot be guessed, so a plain digest of it is enough in the database."""


def new_token() -> str:
    """A token for a cookie or a link, of letters, digits, - and _."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> str:
    """SHA-256 of a token as 64 hexadecimal digits: what the database keeps."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def keyed_digest(key: SecretStr, purpose: str, text: str) -> str:
    """A digest that nobody without the key can compare with a guess, as 64 hexadecimal digits."""
    return hmac.new(_derived(key, purpose), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def seal(key: SecretStr, purpose: str, plain: Any) -> str:
    """Plain data, encrypted and authenticated, as text that may stand in a cookie."""
    return _box(key, purpose).encrypt(json.dumps(plain).encode()).decode("ascii")


def unseal(key: SecretStr, purpose: str, sealed: str, *, lasts_s: int | None = None) -> Any:
    """What was sealed; None where it was not by this key for this purpose, or longer than ``lasts_s`` seconds ago."""
    try:
        return json.loads(_box(key, purpose).decrypt(sealed.encode("utf-8", "surrogatepass"), ttl=lasts_s))
    except InvalidToken:
        return None


def _derived(key: SecretStr, purpose: str) -> bytes:
    return hmac.new(key.get_secret_value().encode(), purpose.encode(), hashlib.sha256).digest()


def _box(key: SecretStr, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(key, purpose)))
