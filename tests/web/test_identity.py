"""Passwords, codes and links: what lets somebody in, and what does not."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import select

from nutation.record.errors import InputError
from nutation.store import Store, people
from nutation.store.accesses import access
from nutation.store.sessions import sign_in_try
from nutation.web import identity, links
from nutation.web.settings import Settings
from web.made import KEY, NOW, PASSWORD, Clock, add_person, browser, field, made_app, settings_for, sign_in_as, signs_in

COST = {"argon2_mib": 19}


# ── passwords ────────────────────────────────────────────────────────────────────────────────────────


def test_a_password_is_kept_as_argon2id_alone() -> None:
    hashed = identity.hash_password(PASSWORD, **COST)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=3,p=4$")
    assert PASSWORD not in hashed
    assert PasswordHasher().verify(hashed, PASSWORD)  # the peer's own word
    assert identity.password_fits(hashed, PASSWORD, **COST) == (True, False)
    assert identity.password_fits(hashed, PASSWORD + " ", **COST) == (False, False)
    assert identity.password_fits(hashed, PASSWORD, argon2_mib=20) == (True, True)  # costs were raised since
    assert identity.password_fits(None, PASSWORD, **COST) == (False, False)
    assert identity.password_fits("not a hash", PASSWORD, **COST) == (False, False)


def test_nobody_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name is answered after the same work, so that the time does not tell which names exist."""
    done: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, known: str, password: str) -> bool:
        done.append(known.split("$")[3])
        return verify(self, known, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    identity.password_fits(identity.hash_password(PASSWORD, **COST), "wrong", **COST)
    identity.password_fits(None, "wrong", **COST)
    assert done == ["m=19456,t=3,p=4"] * 2


@pytest.mark.parametrize(
    "password", ["s3cret", "aaaaaaaaaaaaaaaa", "ababababababab", "nutationnutation", "vetch vetch vetch", "x" * 1025]
)
def test_passwords_that_are_refused(password: str) -> None:
    with pytest.raises(InputError, match="password") as caught:
        identity.check_password(password, least=12, name="vetch")
    assert password not in str(caught.value)


def test_passwords_that_are_taken() -> None:
    identity.check_password(PASSWORD, least=12, name="vetch")
    identity.check_password("žlutý kůň pije", least=12, name="")


# ── the second factor ────────────────────────────────────────────────────────────────────────────────


def test_a_code_fits_its_step_and_the_ones_beside_it() -> None:
    secret = identity.new_secret()
    code = pyotp.TOTP(secret).at(NOW)
    step = int(NOW.timestamp()) // 30
    for away in (-30, 0, 30):
        assert identity.step_of(secret, code, NOW + timedelta(seconds=away)) == step
    for away in (-60, 60, 3600):
        assert identity.step_of(secret, code, NOW + timedelta(seconds=away)) is None
    assert identity.step_of(secret, f"{code[:3]} {code[3:]}", NOW) == step
    for wrong in ("", "000000" if code != "000000" else "111111", code + "0", "१२३४५६", "\ud800"):
        assert identity.step_of(secret, wrong, NOW) is None


def test_rfc_6238_test_vector() -> None:
    # Appendix B, SHA-1: the secret is the ASCII text 12345678901234567890, and 59 s is step 1.
    import base64
    from datetime import UTC, datetime

    secret = base64.b32encode(b"12345678901234567890").decode()
    assert identity.step_of(secret, "287082", datetime.fromtimestamp(59, UTC)) == 1


def test_a_secret_is_sealed_for_its_person_and_key() -> None:
    secret = identity.new_secret()
    sealed = identity.seal_secret(KEY, "a", secret)
    assert secret not in sealed
    assert identity.unseal_secret(KEY, "a", sealed) == secret
    assert identity.unseal_secret(KEY, "b", sealed) is None
    assert identity.unseal_secret(settings_for("x", secret_key="o" * 32).secret_key, "a", sealed) is None


def test_recovery_codes_however_they_are_typed() -> None:
    codes = identity.new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", code) for code in codes)
    told = identity.recovery_digest(codes[0])
    assert identity.recovery_digest(f" {codes[0].upper().replace('-', ' ')}") == told
    assert identity.recovery_digest(codes[1]) != told


def test_a_qr_code_is_plain_svg() -> None:
    uri = identity.secret_uri("ABCDEFGH" * 3, name="ä<b>", clinic="Nutation")
    assert uri == f"otpauth://totp/Nutation:%C3%A4%3Cb%3E?secret={'ABCDEFGH' * 3}&issuer=Nutation"
    drawn = identity.qr_svg(uri, title="QR code")
    assert drawn.startswith("<svg")
    assert "style" not in drawn
    assert "<script" not in drawn


# ── the pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["lee", "LEE ", "\uff4c\uff45\uff45"])
def test_signing_in(store: Store, app: FastAPI, name: str) -> None:
    add_person(store, ["administrator"], name="Lee", password=PASSWORD)
    client = browser(app)
    answer = signs_in(client, name, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert client.get("/people").status_code == 200


def test_the_way_in_on_both_databases(database_url: str) -> None:
    store = Store.open(database_url)
    settings = settings_for(database_url)
    link = links.first_start(store, settings, at=NOW)
    assert link is not None
    client = browser(made_app(store, settings))
    place = link.removeprefix(settings.origin)
    told = {"csrf": field(client.get(place).text), "name": "lee", "password": PASSWORD, "again": PASSWORD}
    # What PostgreSQL cannot keep as text is an answer to the sender and no error of the program.
    odd = client.post(place, data={**told, "shown": "Lee", "title": "a\0b"}).status_code
    assert odd == (422 if store.postgresql else 303)
    if store.postgresql:
        assert client.post(place, data={**told, "shown": "Lee"}).status_code == 303
    assert signs_in(client, "le\0e", PASSWORD).status_code == 401
    assert signs_in(client, "lee", PASSWORD).headers["location"] == "/people"
    token = {"csrf": field(client.get("/people").text)}
    assert (
        client.post("/people", data={**token, "name": "new", "shown": "New", "roles": ["surgeon"]}).status_code == 200
    )
    clinic = {"mode": "clinic", "responsible": "A", "validation": "B", "legal_basis": "C"}
    assert client.post("/modes/planning", data={**token, **clinic}).status_code == 303
    assert client.get("/accesses").status_code == 200
    assert client.post("/sign-out", data=token).status_code == 200
    assert client.get("/people").status_code == 303
    store.close()


def test_what_was_wrong_is_not_told(store: Store, app: FastAPI) -> None:
    known = add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    out = add_person(store, ["surgeon"], name="out", password=PASSWORD)
    add_person(store, ["surgeon"], name="invited")
    with store.write() as conn:
        people.disable(conn, out, NOW)
    pages: set[str] = set()
    tries = [("lee", "wrong"), ("nobody", PASSWORD), ("out", PASSWORD), ("invited", ""), ("a\0b", "x"), ("", "")]
    for name, password in tries:
        answer = signs_in(browser(app), name, password)
        assert answer.status_code == 401
        assert "nutation=" not in answer.headers.get("set-cookie", "")
        told = re.sub(r'name="csrf" value="[^"]*"|Number of this request: \w+', "", answer.text)
        pages.add(
            told.replace(f'value="{name}"', 'value=""').replace(" autofocus", "").replace('value="a�b"', 'value=""')
        )
    assert len(pages) == 1, pages
    with store.read() as conn:
        noted = conn.execute(select(access.c.what, access.c.about, access.c.refused)).all()
    assert ("sign-in refused", known, True) in noted


def test_a_limit_by_name_that_is_the_same_for_names_that_do_not_exist(
    store: Store, sqlite_url: str, clock: Clock
) -> None:
    app = made_app(store, settings_for(sqlite_url, tries_per_name=3), clock)
    add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    for name in ("lee", "nobody"):
        client = browser(app)
        assert [signs_in(client, name, "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
        blocked = signs_in(client, name, PASSWORD)
        assert blocked.status_code == 429  # even with the right password
        assert blocked.headers["retry-after"] == "900"
    clock.on(minutes=15, seconds=1)
    assert signs_in(browser(app), "lee", PASSWORD).status_code == 303


def test_a_limit_by_address_over_many_names(store: Store, sqlite_url: str) -> None:
    add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    app = made_app(store, settings_for(sqlite_url, tries_per_address=3))
    client = browser(app)
    assert [signs_in(client, f"name{number}", "x").status_code for number in range(4)] == [401, 401, 401, 429]
    with store.read() as conn:
        kept = conn.execute(select(sign_in_try.c.key)).scalars().all()
    assert all(re.fullmatch(r"[0-9a-f]{64}", key) for key in kept)


def test_signing_in_well_is_not_counted(store: Store, sqlite_url: str) -> None:
    """A clinic behind one address signs in all morning without using up its tries."""
    add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    app = made_app(store, settings_for(sqlite_url, tries_per_address=2, tries_per_name=2))
    assert [signs_in(browser(app), "lee", PASSWORD).status_code for _ in range(5)] == [303] * 5


def test_the_second_factor_from_setting_up_to_a_used_code(store: Store, sqlite_url: str, clock: Clock) -> None:
    app = made_app(store, settings_for(sqlite_url, second_factor="required"), clock)
    whom = add_person(store, ["administrator"], name="lee", password=PASSWORD)
    client = browser(app)
    first = signs_in(client, "lee", PASSWORD, goes_on="/modes")
    assert first.headers["location"] == "/sign-in/enrol?next=/modes"
    # Nothing else opens before the second factor.
    assert client.get("/people").headers["location"] == "/sign-in/enrol"
    page = client.get("/sign-in/enrol?next=/modes")
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    assert client.get("/sign-in/enrol").text.count(found[1]) == 1  # the same until it is proven
    told = {"csrf": field(page.text), "goes_on": "/modes"}
    assert client.post("/sign-in/enrol", data={**told, "code": "12"}).status_code == 401
    before = client.cookies["nutation"]
    done = client.post("/sign-in/enrol", data={**told, "code": pyotp.TOTP(secret).at(clock())})
    assert done.status_code == 200
    assert client.cookies["nutation"] != before  # a new token with the new rights
    codes = re.findall(r"<code>([a-z2-9-]{19})</code>", done.text)
    assert len(codes) == 10
    assert client.get("/modes").status_code == 200
    with store.read() as conn:
        kept = people.credentials(conn, whom)
        assert secret not in (kept.totp_secret or "")

    # The code that set it up was used: it does not let anybody in again.
    again = browser(app)
    assert signs_in(again, "lee", PASSWORD).headers["location"] == "/sign-in/code"
    assert again.get("/people").headers["location"] == "/sign-in/code"
    assert _gives(again, pyotp.TOTP(secret).at(clock())).status_code == 401
    clock.on(seconds=30)
    assert _gives(again, pyotp.TOTP(secret).at(clock())).headers["location"] == "/people"
    assert again.get("/people").status_code == 200
    third = browser(app)
    signs_in(third, "lee", PASSWORD)
    assert _gives(third, pyotp.TOTP(secret).at(clock())).status_code == 401

    # A recovery code works, once, and the secret cannot be replaced without a reset.
    assert _gives(third, codes[3].upper()).status_code == 303
    fourth = browser(app)
    signs_in(fourth, "lee", PASSWORD)
    assert _gives(fourth, codes[3]).status_code == 401
    assert fourth.get("/sign-in/enrol").headers["location"] == "/sign-in/code"


def _gives(client: object, code: str) -> object:
    page = client.get("/sign-in/code")  # pyright: ignore
    return client.post("/sign-in/code", data={"csrf": field(page.text), "code": code})  # pyright: ignore


def test_codes_are_limited_too(store: Store, app: FastAPI, settings: Settings, clock: Clock) -> None:
    whom = add_person(store, ["surgeon"])
    secret = identity.new_secret()
    with store.write() as conn:
        people.begin_second_factor(conn, whom, identity.seal_secret(KEY, whom, secret))
        people.prove_second_factor(conn, whom, NOW)
    client = sign_in_as(app, whom, second_factor=False)
    answers = [client.post("/sign-in/code", data={"code": "1"}).status_code for _ in range(settings.tries_per_name + 1)]
    assert answers == [401] * settings.tries_per_name + [429]
    right = {"code": pyotp.TOTP(secret).at(clock())}
    assert client.post("/sign-in/code", data=right).status_code == 429
    clock.on(minutes=16)
    right = {"code": pyotp.TOTP(secret).at(clock())}
    assert client.post("/sign-in/code", data=right).status_code == 303


def test_two_requests_with_one_code(store: Store) -> None:
    whom = add_person(store, [])
    with store.write() as conn:
        assert [people.use_step(conn, whom, step) for step in (10, 10, 9, 11)] == [True, False, False, True]
