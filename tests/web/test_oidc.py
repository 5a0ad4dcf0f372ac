"""Sign-in by a real OpenID Connect provider on loopback, and every way in which its answer may not fit."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Generator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.store import Store, people
from nutation.web import oidc
from nutation.web.settings import Settings
from web.made import NOW, add_person, browser, made_app, settings_for

ROLES = {"spine-surgeons": "surgeon", "it": "administrator"}
SURGEON = {"name": "Dr. O. Brandt", "realm_access": {"roles": ["staff", "spine-surgeons"]}}


@pytest.fixture(scope="module")
def issuer() -> Generator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def settings(sqlite_url: str, issuer: str) -> Settings:
    return settings_for(
        sqlite_url, public_url="http://testserver", oidc_issuer=issuer, oidc_client_id="nutation",
        oidc_client_secret="s3cret", oidc_roles=ROLES, oidc_role_claim="realm_access.roles",
        second_factor="required",
    )  # fmt: skip


@pytest.fixture
def app(store: Store, settings: Settings) -> FastAPI:
    return made_app(store, settings)


def tell(issuer: str, subject: str, claims: dict[str, Any]) -> None:
    assert httpx.put(f"{issuer}/users/{subject}", json=claims).status_code == 204


def at_the_provider(url: str, subject: str, *, deny: bool = False) -> str:
    """What a person does at the provider; where it sends the browser back to, without our host."""
    data = {"action": "deny"} if deny else {"sub": subject}
    back = urlsplit(httpx.post(url, data=data).headers["location"])
    return f"{back.path}?{back.query}"


def to_the_provider(client: TestClient, goes_on: str = "") -> str:
    answer = client.get(f"/sign-in/provider?next={goes_on}")
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_surgeon_comes_in_with_name_and_role(store: Store, app: FastAPI, issuer: str) -> None:
    tell(issuer, "brandt", SURGEON)
    client = browser(app)
    url = to_the_provider(client, "/account?x=1")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid profile"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://testserver/sign-in/provider/back"
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    answer = client.get(at_the_provider(url, "brandt"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?x=1")
    page = client.get("/account")
    assert "Dr. O. Brandt" in page.text
    with store.read() as conn:
        person = people.by_subject(conn, issuer, "brandt")
        assert person is not None
        assert (person.roles, person.name, person.has_password) == (("surgeon",), None, False)


def test_roles_are_the_providers_at_every_sign_in(store: Store, app: FastAPI, issuer: str) -> None:
    tell(issuer, "ruiz", {"name": "P. Ruiz", "realm_access": {"roles": ["it"]}})
    client = browser(app)
    client.get(at_the_provider(to_the_provider(client), "ruiz"))
    assert client.get("/people").status_code == 200
    tell(issuer, "ruiz", {"name": "P. Ruiz-Lee", "realm_access": {"roles": ["spine-surgeons"]}})
    again = browser(app)
    again.get(at_the_provider(to_the_provider(again), "ruiz"))
    assert client.get("/people").status_code == 403  # also where they signed in before
    tell(issuer, "ruiz", {"name": "P. Ruiz-Lee", "realm_access": {"roles": []}})
    third = browser(app)
    refused = third.get(at_the_provider(to_the_provider(third), "ruiz"))
    assert refused.status_code == 403
    assert "no role here is given" in refused.text
    assert client.get("/account").status_code == 303
    with store.read() as conn:
        person = people.by_subject(conn, issuer, "ruiz")
        assert person is not None
        assert (person.shown, person.roles) == ("P. Ruiz-Lee", ())


def test_nobody_without_a_role_is_added(store: Store, app: FastAPI, issuer: str) -> None:
    tell(issuer, "stranger", {"name": "A Stranger", "realm_access": {"roles": ["staff"]}})
    client = browser(app)
    assert client.get(at_the_provider(to_the_provider(client), "stranger")).status_code == 403
    with store.read() as conn:
        assert people.by_subject(conn, issuer, "stranger") is None


def test_a_local_account_of_the_same_name_is_not_taken_over(store: Store, app: FastAPI, issuer: str) -> None:
    local = add_person(store, ["administrator"], name="brandt", shown="Dr. O. Brandt")
    tell(issuer, "brandt", {**SURGEON, "preferred_username": "brandt", "email": "brandt"})
    client = browser(app)
    client.get(at_the_provider(to_the_provider(client), "brandt"))
    assert client.get("/account").status_code == 200
    assert client.get("/people").status_code == 403
    with store.read() as conn:
        person = people.by_subject(conn, issuer, "brandt")
        assert person is not None
        assert person.id != local


def test_somebody_kept_out_stays_out(store: Store, app: FastAPI, issuer: str) -> None:
    tell(issuer, "out", SURGEON)
    client = browser(app)
    client.get(at_the_provider(to_the_provider(client), "out"))
    with store.write() as conn:
        person = people.by_subject(conn, issuer, "out")
        assert person is not None
        people.disable(conn, person.id, NOW)
    again = browser(app)
    assert again.get(at_the_provider(to_the_provider(again), "out")).status_code == 403
    assert client.get("/account").status_code == 303


# ── what does not fit ────────────────────────────────────────────────────────────────────────────────


def refused(client: TestClient, back: str, words: str) -> None:
    answer = client.get(back)
    assert answer.status_code == 502, answer.text
    assert words in answer.text
    assert client.get("/account").status_code == 303


def test_an_answer_that_belongs_to_no_sign_in_of_this_browser(app: FastAPI, issuer: str) -> None:
    tell(issuer, "brandt", SURGEON)
    attacker, victim = browser(app), browser(app)
    back = at_the_provider(to_the_provider(attacker), "brandt")
    refused(victim, back, "begun in another window")  # no flow at all
    to_the_provider(victim)
    refused(victim, back, "does not belong to the sign-in")  # another state
    assert attacker.get(back).status_code == 303
    assert attacker.get("/account").status_code == 200


def test_a_code_does_not_work_twice(app: FastAPI, issuer: str) -> None:
    tell(issuer, "brandt", SURGEON)
    client = browser(app)
    to = to_the_provider(client)
    back = at_the_provider(to, "brandt")
    flow = client.cookies["nutation-provider"]
    assert client.get(back).status_code == 303
    other = browser(app)
    other.cookies.set("nutation-provider", flow)
    refused(other, back, "did not take the code")


def test_the_code_is_exchanged_with_its_verifier(
    settings: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKCE: who intercepts a code cannot use it. The provider here checks none, so what it is sent is looked at."""
    sent: list[Any] = []
    client = oidc._http().Client  # pyright: ignore[reportPrivateUsage]
    send = client.send

    def noted(self: Any, request: Any, **options: Any) -> Any:
        sent.append(request)
        return send(self, request, **options)

    monkeypatch.setattr(client, "send", noted)
    provider = oidc.discover(settings)
    tell(issuer, "brandt", SURGEON)
    url, sealed = oidc.begin(settings, provider, redirect_uri="http://testserver/sign-in/provider/back", goes_on="")
    answer = {name: values[0] for name, values in parse_qs(urlsplit(at_the_provider(url, "brandt")).query).items()}
    middle = len(sealed) // 2
    forged = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(oidc.ProviderError, match="begun in another window"):
        oidc.finish(settings, provider, sealed_flow=forged, answer=answer)
    with pytest.raises(oidc.ProviderError, match="another provider"):
        oidc.finish(settings, provider, sealed_flow=sealed, answer={**answer, "iss": "https://evil.example"})
    sent.clear()
    claimed, _ = oidc.finish(settings, provider, sealed_flow=sealed, answer={**answer, "iss": issuer})
    assert claimed.roles == ("surgeon",)
    exchange = next(request for request in sent if str(request.url) == provider.token_endpoint)
    told = {name: values[0] for name, values in parse_qs(exchange.content.decode()).items()}
    verifier = told["code_verifier"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert parse_qs(urlsplit(url).query)["code_challenge"] == [challenge]
    assert 43 <= len(verifier) <= 128
    assert told["redirect_uri"] == "http://testserver/sign-in/provider/back"
    assert exchange.headers["authorization"] == "Basic " + base64.b64encode(b"nutation:s3cret").decode()


def test_the_person_refuses_at_the_provider(app: FastAPI, issuer: str) -> None:
    client = browser(app)
    refused(client, at_the_provider(to_the_provider(client), "brandt", deny=True), "The provider refused.")


def test_a_sign_in_that_took_too_long(app: FastAPI, issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(issuer, "brandt", SURGEON)
    client = browser(app)
    back = at_the_provider(to_the_provider(client), "brandt")
    monkeypatch.setattr(oidc, "FLOW_SECONDS", -1)
    refused(client, back, "too long ago")


class Signer:
    """A provider's key of the test's own, and what the provider would publish of it."""

    def __init__(self) -> None:
        from joserfc.jwk import RSAKey

        self._key = RSAKey.generate_key(2048, {"kid": "test"}, private=True)

    def published(self, url: str) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def signed(self, claims: dict[str, Any]) -> str:
        from joserfc import jwt

        return jwt.encode({"alg": "RS256", "kid": "test"}, claims, self._key)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def _none(claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"iss": "https://evil.example"}, "InvalidClaimError"),
        ({"aud": "another"}, "InvalidClaimError"),
        ({"aud": ["nutation", "another"]}, "MissingClaimError"),  # for several, it has to say who asked
        ({"azp": "another"}, "InvalidClaimError"),
        ({"exp": 1}, "ExpiredTokenError"),
        ({"exp": None}, "MissingClaimError"),
        ({"nonce": "replayed"}, "InvalidClaimError"),
        ({"nonce": None}, "MissingClaimError"),
        ({"at_hash": "forged"}, "InvalidClaimError"),
        ({"sub": None}, "MissingClaimError"),
    ],
)
def test_the_claims_of_an_identity_token(
    settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], problem: str | None
) -> None:
    now = int(datetime.now().timestamp())  # noqa: DTZ005 - seconds since the epoch
    provider = oidc.Provider(settings.oidc_issuer, "", "", "jwks", None, None)
    claims = {
        "iss": settings.oidc_issuer, "aud": "nutation", "sub": "x", "exp": now + 60, "iat": now, "nonce": "n", **change,
    }  # fmt: skip
    token = {"id_token": signer.signed({k: v for k, v in claims.items() if v is not None}), "access_token": "a"}
    monkeypatch.setattr(oidc, "_get", signer.published)
    check = oidc._claims  # pyright: ignore[reportPrivateUsage]
    if problem is None:
        assert check(settings, provider, token, "n")["sub"] == "x"
    else:
        with pytest.raises(oidc.ProviderError, match=problem):
            check(settings, provider, token, "n")


def test_signatures_that_prove_nothing(settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    now = int(datetime.now().timestamp())  # noqa: DTZ005
    provider = oidc.Provider(settings.oidc_issuer, "", "", "jwks", None, None)
    claims = {"iss": settings.oidc_issuer, "aud": "nutation", "sub": "x", "exp": now + 60, "iat": now, "nonce": "n"}
    good = signer.signed(claims)
    head, body, signature = good.split(".")
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "y"}).encode()).rstrip(b"=").decode()
    shared = OctKey.import_key("s3cret" * 6)  # the client's secret, which others may know
    tokens = [
        _none(claims), Signer().signed(claims), f"{head}.{changed}.{signature}", f"{head}.{body}.", "", "a.b.c",
        jwt.encode({"alg": "HS256"}, claims, shared),
    ]  # fmt: skip
    monkeypatch.setattr(oidc, "_get", signer.published)
    check = oidc._claims  # pyright: ignore[reportPrivateUsage]
    assert check(settings, provider, {"id_token": good}, "n")["sub"] == "x"
    for token in tokens:
        with pytest.raises(oidc.ProviderError):
            check(settings, provider, {"id_token": token}, "n")


def test_a_provider_of_another_name_or_none(settings: Settings, issuer: str) -> None:
    with pytest.raises(oidc.ProviderError, match="another name"):
        oidc.discover(settings.model_copy(update={"oidc_issuer": f"{issuer}/"}))
    with pytest.raises(oidc.ProviderError, match="did not answer"):
        oidc.discover(settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:1"}))
    with pytest.raises(oidc.ProviderError, match="did not answer"):
        oidc.discover(settings.model_copy(update={"oidc_issuer": f"{issuer}/jwks"}))


def test_without_a_provider_its_pages_are_not_there(store: Store, sqlite_url: str) -> None:
    client = browser(made_app(store, settings_for(sqlite_url)))
    assert client.get("/sign-in/provider").status_code == 404
    assert client.get("/sign-in/provider/back?code=x").status_code == 404


def test_without_local_accounts_no_password_is_asked_for(store: Store, settings: Settings) -> None:
    client = browser(made_app(store, settings.model_copy(update={"local_accounts": False})))
    page = client.get("/sign-in?next=/account")
    assert 'type="password"' not in page.text
    assert 'href="/sign-in/provider?next=/account"' in page.text


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"groups": ["spine-surgeons", "it"]}, ("administrator", "surgeon")),
        ({"groups": "it"}, ("administrator",)),
        ({"groups": [["it"], 3, None]}, ()),
        ({"a": {"groups": ["it"]}}, ()),
        ({}, ()),
    ],
)
def test_roles_of_claims(settings: Settings, claims: dict[str, Any], roles: tuple[str, ...]) -> None:
    told = settings.model_copy(update={"oidc_role_claim": "groups"})
    assert oidc._roles(told, claims) == roles  # pyright: ignore[reportPrivateUsage]
    inner = settings.model_copy(update={"oidc_role_claim": "https://x.example/r.o.les"})
    assert oidc._roles(inner, {"https://x.example/r.o.les": ["it"]}) == ("administrator",)  # pyright: ignore
