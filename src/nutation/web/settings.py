"""What the server is told from outside: environment variables ``NUTATION_…``, read once and frozen.

Secrets come from here alone, are never printed, and may be kept in files: ``NUTATION_SECRET_KEY_FILE=PATH``.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from nutation.record.errors import InputError
from nutation.web.rights import Role

PREFIX = "NUTATION_"
SECRETS = ("database", "secret_key", "oidc_client_secret")
"""Settings that may stand in a file instead, named by the variable with ``_FILE`` behind it."""

_KEY_LENGTH = 32
"""Shortest secret key, in characters: what 32 characters of hexadecimal hold cannot be guessed."""


def _words(told: object) -> object:
    return tuple(told.replace(",", " ").split()) if isinstance(told, str) else told


def _json(told: object) -> object:
    return json.loads(told) if isinstance(told, str) else told


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Several words in one variable, with commas or spaces between them."""


class Settings(BaseModel):
    """The server's settings; each is the variable ``NUTATION_`` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database: SecretStr = Field(description="The database as a URL: sqlite:///FILE or postgresql://USER@HOST/NAME.")
    secret_key: SecretStr = Field(
        min_length=_KEY_LENGTH,
        description="Seals second factors: with another key only recovery codes and a reset by an administrator help.",
    )
    host: str = Field("127.0.0.1", description="The address that is listened on; this machine alone unless told.")
    port: int = Field(8000, ge=0, le=65535, description="The port; 0 takes a free one.")
    public_url: str = Field(
        "", description="The address that browsers use, where it differs: https://nutation.example.org behind a proxy."
    )
    plain_http: bool = Field(
        False, description="Serve other machines without encryption: only for a network that encrypts by itself."
    )
    allowed_hosts: Words = Field(
        (), description="More names that the server answers to, beside its own address and that of public_url."
    )
    trusted_proxies: Words = Field(
        (), description="Addresses of proxies whose word on the browser's address and protocol is taken."
    )
    idle_minutes: int = Field(30, ge=1, le=24 * 60, description="Minutes without a request after which one is out.")
    session_hours: int = Field(12, ge=1, le=24 * 7, description="Hours after which one signs in again, used or not.")
    second_factor: Literal["required", "optional"] = Field(
        "required", description="Whether a local account needs a second factor."
    )
    password_length: int = Field(12, ge=8, le=128, description="Fewest characters of a password.")
    argon2_mib: int = Field(64, ge=19, le=1024, description="Memory that one check of a password takes, in MiB.")
    tries_window_minutes: int = Field(15, ge=1, description="The window in which tries to sign in are counted.")
    tries_per_name: int = Field(10, ge=1, description="Tries to sign in with one name within the window.")
    tries_per_address: int = Field(50, ge=1, description="Tries to sign in from one address within the window.")
    link_hours: int = Field(72, ge=1, description="Hours for which an invitation works.")
    images: Path | None = Field(
        None, description="A folder of images that plans are made from; uploads are kept in it, outside the database."
    )
    upload_limit_mb: int = Field(1024, ge=1, description="The largest upload, a series of images, in megabytes.")
    document_limit_mb: int = Field(50, ge=1, description="The largest source document, in megabytes.")
    document_pages: int = Field(300, ge=1, le=5000, description="Most pages of one source document.")
    documents_at_once: int = Field(20, ge=1, le=200, description="Most source documents of one upload.")
    oidc_issuer: str = Field("", description="The identity provider's issuer: turns on sign-in by OpenID Connect.")
    oidc_client_id: str = Field("", description="What the provider calls this server.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="The secret that proves it, unless public.")
    oidc_scopes: Words = Field(("openid", "profile"), description="Scopes that are asked for.")
    oidc_role_claim: str = Field("groups", description="The claim that holds roles; points lead inwards: a.b.")
    oidc_roles: Annotated[dict[str, Role], BeforeValidator(_json)] = Field(
        default_factory=dict[str, Role], description='Role by value of that claim, as JSON: {"spine": "surgeon"}.'
    )
    oidc_label: str = Field("Sign in with the clinic's account", description="What the provider's button says.")
    local_accounts: bool = Field(True, description="Whether accounts with a password of this server may sign in.")
    show_errors: bool = Field(
        False, description="Show unforeseen errors with their text: only with made-up patients, for developers."
    )
    demo: bool = Field(False, description="Made-up patients; set by `nutation demo` alone.")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **told: Any) -> Self:
        """The settings of the environment; ``told`` (from the command line) goes before it where it is not None.

        Raises InputError that names the variable and never shows its value.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for name in cls.model_fields:
            variable = PREFIX + name.upper()
            if variable in environ:
                values[name] = environ[variable]
            elif name in SECRETS and f"{variable}_FILE" in environ:
                values[name] = _from_file(f"{variable}_FILE", environ[f"{variable}_FILE"])
        values.pop("demo", None)
        values |= {name: value for name, value in told.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            raise _refused(error) from None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.public_url:
            parts = urlsplit(self.public_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
                raise ValueError("public_url: It has to be like https://nutation.example.org, without a path.")
        if not loopback(self.host) and not self.https and not self.plain_http:
            raise ValueError(
                "host: Other machines could reach this server, and passwords would travel in clear; put a proxy with "
                "https before it and set NUTATION_PUBLIC_URL to its https address, or set NUTATION_PLAIN_HTTP."
            )
        if self.oidc_issuer:
            _check_issuer(self.oidc_issuer)
            if not self.oidc_client_id:
                raise ValueError("oidc_client_id: It is needed with NUTATION_OIDC_ISSUER.")
            if not self.oidc_roles:
                raise ValueError("oidc_roles: Nobody could do anything; say which value of the claim is which role.")
        elif not self.local_accounts:
            raise ValueError("local_accounts: Without them and without NUTATION_OIDC_ISSUER nobody could sign in.")
        return self

    @property
    def database_url(self) -> str:
        """The database's URL, with its password: for opening it, never for showing."""
        return self.database.get_secret_value()

    @property
    def https(self) -> bool:
        """Whether browsers reach the server by https, whoever ends it."""
        return self.public_url.startswith("https:")

    @property
    def origin(self) -> str:
        """The address that browsers use, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name that a request may name."""
        own = {"localhost", "127.0.0.1", "[::1]"} if loopback(self.host) else set[str]()
        named = {urlsplit(self.origin).hostname or ""}
        return tuple(sorted({*own, *named, *(host.lower() for host in self.allowed_hosts)} - {""}))

    @property
    def idle(self) -> timedelta:
        """How long a session lasts without a request."""
        return timedelta(minutes=self.idle_minutes)

    @property
    def session(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.session_hours)


def kept_key(folder: Path) -> SecretStr:
    """The secret key kept in the data folder, made at the first call; for `nutation demo`, which is told none."""
    file = folder / "secret_key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return SecretStr(file.read_text("ascii").strip())
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        key = secrets.token_hex(_KEY_LENGTH)
        out.write(key + "\n")
    return SecretStr(key)


def loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_issuer(issuer: str) -> None:
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback(parts.hostname or "")):
        raise ValueError("oidc_issuer: It has to begin with https://.")


def _from_file(variable: str, place: str) -> str:
    try:
        return Path(place).read_text("utf-8").strip()
    except (OSError, UnicodeError):
        raise InputError("The file cannot be read.", place=variable, mend="name a text file that exists.") from None


def _refused(error: ValidationError) -> InputError:
    """The first thing that is wrong, under the variable's name; pydantic's own text could show a value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    text = first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][0]) if first["loc"] else text.partition(":")[0]
    variable = PREFIX + name.upper()
    if first["type"] == "missing":
        return InputError("It is not set.", place=variable, mend=Settings.model_fields[name].description or "set it.")
    if first["loc"]:
        return InputError(f"{text}.", place=variable, mend="set it anew, or leave it out.")
    return InputError(text.partition(":")[2].strip(), place=variable)
