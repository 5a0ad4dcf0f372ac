"""Sign-in by OpenID Connect: authorization code with PKCE, state and nonce; roles from a claim of the provider.

The provider decides who somebody is and how they proved it; the settings say which value of its claim is which role.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from nutation.web import keys
from nutation.web.settings import Settings

FLOW_COOKIE = "nutation-provider"
"""Cookie that ties a browser to the sign-in that it began."""

FLOW_SECONDS = 600
"""How long somebody may take at the provider."""

_LEEWAY_SECONDS = 60
"""By how much the provider's clock may differ from ours."""

_TIMEOUT_SECONDS = 10
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with the provider's own key. None with a shared secret, and never none at all."""


class ProviderError(Exception):
    """The sign-in did not come about; the text says why and holds no token and no claim."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What the provider publishes of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who the provider says this is."""

    issuer: str
    subject: str
    shown: str
    roles: tuple[str, ...]


def discover(settings: Settings) -> Provider:
    """Ask the provider for its addresses. Raises ProviderError where it does not answer as one."""
    url = settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration"
    told = _get(url)
    if told.get("issuer") != settings.oidc_issuer:
        raise ProviderError("The provider calls itself by another name than NUTATION_OIDC_ISSUER.")
    try:
        return Provider(
            issuer=told["issuer"], authorization_endpoint=told["authorization_endpoint"],
            token_endpoint=told["token_endpoint"], jwks_uri=told["jwks_uri"],
            userinfo_endpoint=told.get("userinfo_endpoint"), end_session_endpoint=told.get("end_session_endpoint"),
        )  # fmt: skip
    except KeyError as error:
        raise ProviderError(f"The provider does not say its {error.args[0]}.") from None


def begin(settings: Settings, provider: Provider, *, redirect_uri: str, goes_on: str) -> tuple[str, str]:
    """The provider's address to send the browser to, and the sealed flow for its cookie.

    ``goes_on`` is the page of ours that the person wanted.
    """
    flow = {name: secrets.token_urlsafe(32) for name in ("state", "nonce")}
    flow |= {"verifier": secrets.token_urlsafe(64), "redirect_uri": redirect_uri, "goes_on": goes_on}
    with _client(settings, redirect_uri) as client:
        url, _ = client.create_authorization_url(
            provider.authorization_endpoint, state=flow["state"], nonce=flow["nonce"], code_verifier=flow["verifier"]
        )
    return url, keys.seal(settings.secret_key, FLOW_COOKIE, flow)


def finish(
    settings: Settings, provider: Provider, *, sealed_flow: str | None, answer: Mapping[str, str]
) -> tuple[Claimed, str]:
    """Who came back from the provider, and the page that they wanted.

    ``answer`` is the query that the provider sent the browser back with. Raises ProviderError where anything does
    not fit: another browser, an old flow, a forged answer, a token that is not for us.
    """
    flow = keys.unseal(settings.secret_key, FLOW_COOKIE, sealed_flow or "", lasts_s=FLOW_SECONDS)
    if flow is None:
        raise ProviderError("The sign-in was begun in another window, or too long ago.")
    if "error" in answer:  # which does nothing, so that it need not prove where it comes from
        raise ProviderError("The provider refused.")
    if not hmac.compare_digest(flow["state"].encode(), answer.get("state", "").encode("utf-8", "surrogatepass")):
        raise ProviderError("The answer does not belong to the sign-in that was begun.")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise ProviderError("The answer is from another provider.")
    if not answer.get("code"):
        raise ProviderError("The provider sent no code.")
    token = _exchange(settings, provider, flow, answer["code"])
    claims = _claims(settings, provider, token, flow["nonce"])
    if _at(claims, settings.oidc_role_claim) is None and provider.userinfo_endpoint and token.get("access_token"):
        more = _get(provider.userinfo_endpoint, bearer=token["access_token"])
        if more.get("sub") != claims["sub"]:
            raise ProviderError("The provider told of two different people.")
        claims = {**more, **claims}
    shown = next((str(claims[name]) for name in ("name", "preferred_username", "email") if claims.get(name)), "")
    claimed = Claimed(provider.issuer, str(claims["sub"]), shown or str(claims["sub"]), _roles(settings, claims))
    return claimed, flow["goes_on"]


def sign_out_url(settings: Settings, provider: Provider) -> str | None:
    """Where one signs out of the provider too; None where it has no such page."""
    if provider.end_session_endpoint is None:
        return None
    asked = {"client_id": settings.oidc_client_id, "post_logout_redirect_uri": f"{settings.origin}/sign-in"}
    return f"{provider.end_session_endpoint}?{urlencode(asked)}"


def _exchange(settings: Settings, provider: Provider, flow: Mapping[str, str], code: str) -> Mapping[str, Any]:
    from authlib.common.errors import AuthlibBaseError

    try:
        with _client(settings, flow["redirect_uri"]) as client:
            return client.fetch_token(
                provider.token_endpoint, grant_type="authorization_code", code=code, code_verifier=flow["verifier"]
            )
    except AuthlibBaseError as error:
        raise ProviderError(f"The provider did not take the code ({error.error}).") from None
    except (_http().HTTPError, ValueError):
        raise ProviderError("The provider did not answer.") from None


def _claims(settings: Settings, provider: Provider, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
    """The claims of the identity token, once its signature, issuer, audience, times and nonce are checked."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    if not isinstance(token.get("id_token"), str):
        raise ProviderError("The provider sent no identity token.")
    try:
        known = KeySet.import_key_set(cast("Any", _get(provider.jwks_uri)))
        told = jwt.decode(token["id_token"], known, algorithms=list(_ALGORITHMS))
        options = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": settings.oidc_client_id},
        }
        params = {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")}
        claims: Any = cast("Any", CodeIDToken)(told.claims, told.header, options, params)
        claims.validate(now=int(time.time()), leeway=_LEEWAY_SECONDS)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"The identity token is not good ({type(error).__name__}).") from None
    return dict(claims)


def _roles(settings: Settings, claims: Mapping[str, Any]) -> tuple[str, ...]:
    told = _at(claims, settings.oidc_role_claim)
    values: list[Any] = cast("list[Any]", told) if isinstance(told, list) else [told]
    return tuple(
        sorted({settings.oidc_roles[one] for one in values if isinstance(one, str) and one in settings.oidc_roles})
    )


def _at(claims: Mapping[str, Any], place: str) -> Any:
    """A claim by its name, or by the way inwards: ``realm_access.roles``."""
    if place in claims:
        return claims[place]
    at: Any = claims
    for step in place.split("."):
        if not isinstance(at, Mapping) or step not in at:
            return None
        at = cast("Mapping[str, Any]", at)[step]
    return at


def _client(settings: Settings, redirect_uri: str) -> Any:
    from authlib.integrations import httpx_client

    secret = settings.oidc_client_secret.get_secret_value()
    return cast("Any", httpx_client).OAuth2Client(
        settings.oidc_client_id, secret or None, scope=" ".join(settings.oidc_scopes), redirect_uri=redirect_uri,
        token_endpoint_auth_method="client_secret_basic" if secret else "none", code_challenge_method="S256",
        timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip


def _get(url: str, *, bearer: str | None = None) -> dict[str, Any]:
    http = _http()
    try:
        answer = http.get(
            url, timeout=_TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {bearer}"} if bearer else {}
        )
        answer.raise_for_status()
        told = answer.json()
    except (http.HTTPError, json.JSONDecodeError, UnicodeError):
        raise ProviderError("The provider did not answer.") from None
    if not isinstance(told, dict):
        raise ProviderError("The provider answered something else.")
    return cast("dict[str, Any]", told)


def _http() -> Any:
    """The client that Authlib speaks with: httpx2 where it is installed, httpx before it."""
    try:
        import httpx2 as http  # pyright: ignore[reportMissingImports]
    except ImportError:
        import httpx as http
    return cast("Any", http)
