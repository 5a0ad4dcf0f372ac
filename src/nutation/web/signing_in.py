"""Signing in, step by step, over the store: counted tries, password, second factor, and who comes by a provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nutation.store import Store, accesses, people
from nutation.store import sessions as rows
from nutation.store.people import Person
from nutation.web import identity, keys, sessions
from nutation.web.context import Current, Visitor
from nutation.web.oidc import Claimed
from nutation.web.refusals import TooManyTries
from nutation.web.rights import Right
from nutation.web.settings import Settings

REFUSED = "Name or password is not right."
"""The one answer, whatever was wrong: which names exist here is nobody's business."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whose password was right, or who came from the provider; ``token`` is for the cookie."""

    person: Person
    token: str
    second_factor: bool
    """Whether nothing more is asked for."""


def by_password(visitor: Visitor, name: str, password: str) -> SignedIn | None:
    """Sign in with name and password; None where they do not fit. Raises TooManyTries."""
    settings, store, now = visitor.settings, visitor.store, visitor.now
    name_key = _key(settings, "name", people.sign_in_name(name))
    address_key = _key(settings, "address", visitor.address)
    # Kept before anything is checked: tries that are made at once are counted all the same.
    with store.write() as conn:
        rows.note_try(conn, (name_key, address_key), now)
    _check_tries(store, settings, now, {name_key: settings.tries_per_name, address_key: settings.tries_per_address})
    with store.read() as conn:
        person = people.by_name(conn, name)
        known = people.credentials(conn, person.id).password_hash if person is not None else None
    fits, old_costs = identity.password_fits(known, password, argon2_mib=settings.argon2_mib)
    anew = identity.hash_password(password, argon2_mib=settings.argon2_mib) if old_costs else None
    with store.write() as conn:
        if person is None or not fits or person.disabled_at is not None or not settings.local_accounts:
            accesses.note(
                conn, "sign-in refused", at=now, person=None, about=person.id if person is not None else None,
                refused=True, request=visitor.request_id,
            )  # fmt: skip
            return None
        rows.forget_tries(conn, name_key)
        rows.forget_tries(conn, address_key, at=now)
        if anew is not None:
            people.set_password(conn, person.id, anew)
        whole = person.second_factor_since is None and settings.second_factor == "optional"
        token = sessions.begin(conn, person.id, settings=settings, at=now, second_factor=whole, replaces=visitor.token)
        accesses.note(conn, "password accepted", at=now, person=person.id, request=visitor.request_id)
    return SignedIn(person, token, whole)


def by_provider(visitor: Visitor, claimed: Claimed) -> SignedIn | None:
    """Sign in whom the provider names, who is added at the first time; None where no role is theirs.

    Name and roles are the provider's, each time anew. Nobody is ever joined to a local account by name.
    """
    now = visitor.now
    with visitor.store.write() as conn:
        person = people.by_subject(conn, claimed.issuer, claimed.subject)
        if person is None and claimed.roles:
            made = people.add(
                conn, name=None, shown=claimed.shown, title="", roles=claimed.roles, at=now,
                oidc=(claimed.issuer, claimed.subject),
            )  # fmt: skip
            accesses.note(conn, "added by the provider", at=now, person=None, about=made, request=visitor.request_id)
            person = people.by_id(conn, made)
        elif person is not None and (person.roles != claimed.roles or person.shown != claimed.shown):
            people.change(conn, person.id, shown=claimed.shown, title=person.title, roles=claimed.roles)
            what = f"roles by the provider: {', '.join(claimed.roles) or 'none'}"
            accesses.note(conn, what, at=now, person=None, about=person.id, request=visitor.request_id)
        if person is None or not claimed.roles or person.disabled_at is not None:
            if person is not None:
                rows.end_all(conn, person.id)
            accesses.note(
                conn, "sign-in by the provider refused", at=now, person=None, about=person.id if person else None,
                refused=True, request=visitor.request_id,
            )  # fmt: skip
            return None
        token = sessions.begin(
            conn, person.id, settings=visitor.settings, at=now, second_factor=True, replaces=visitor.token
        )
        accesses.note(conn, "signed in by the provider", at=now, person=person.id, request=visitor.request_id)
    return SignedIn(person, token, True)


def by_code(who: Current, token: str, code: str) -> str | None:
    """Give the second factor, or a recovery code; the new token, or None where it does not fit. Raises TooManyTries."""
    settings, store, now = who.settings, who.store, who.now
    key = _key(settings, "code", who.person.id)
    with store.write() as conn:
        rows.note_try(conn, (key,), now)
    _check_tries(store, settings, now, {key: settings.tries_per_name})
    with store.write() as conn:
        known = people.credentials(conn, who.person.id)
        step = None
        if known.totp_since is not None and known.totp_secret is not None:
            secret = identity.unseal_secret(settings.secret_key, who.person.id, known.totp_secret)
            step = identity.step_of(secret, code, now) if secret is not None else None
        if step is not None and people.use_step(conn, who.person.id, step):
            what = "signed in"
        elif people.use_recovery_code(conn, who.person.id, identity.recovery_digest(code)):
            what = "signed in with a recovery code"
        else:
            who.note(conn, "second factor refused", refused=True)
            return None
        rows.forget_tries(conn, key)
        who.note(conn, what)
        return sessions.begin(conn, who.person.id, settings=settings, at=now, second_factor=True, replaces=token)


def pending_secret(who: Current) -> str | None:
    """The secret of a second factor that is being set up, made at the first call; None where one is proven."""
    with who.write() as conn:
        known = people.credentials(conn, who.person.id)
        if known.totp_since is not None:
            return None
        key, mine = who.settings.secret_key, who.person.id
        secret = identity.unseal_secret(key, mine, known.totp_secret) if known.totp_secret is not None else None
        if secret is None:
            secret = identity.new_secret()
            people.begin_second_factor(conn, mine, identity.seal_secret(key, mine, secret))
        return secret


def enrol(who: Current, token: str, code: str) -> tuple[str, list[str]] | None:
    """Prove the new second factor by its first code: the new token and the recovery codes, or None.

    Raises TooManyTries.
    """
    settings, now = who.settings, who.now
    key = _key(settings, "code", who.person.id)
    with who.write() as conn:
        rows.note_try(conn, (key,), now)
    _check_tries(who.store, settings, now, {key: settings.tries_per_name})
    with who.write() as conn:
        known = people.credentials(conn, who.person.id)
        if known.totp_since is not None or known.totp_secret is None:
            return None
        secret = identity.unseal_secret(settings.secret_key, who.person.id, known.totp_secret)
        step = identity.step_of(secret, code, now) if secret is not None else None
        if step is None or not people.use_step(conn, who.person.id, step):
            return None
        people.prove_second_factor(conn, who.person.id, now)
        codes = identity.new_recovery_codes()
        people.keep_recovery_codes(conn, who.person.id, map(identity.recovery_digest, codes))
        rows.forget_tries(conn, key)
        who.note(conn, "second factor set up", about=who.person.id)
        made = sessions.begin(conn, who.person.id, settings=settings, at=now, second_factor=True, replaces=token)
        rows.end_all(conn, who.person.id, but=keys.digest(made))
    return made, codes


def local_path(told: str | None) -> str | None:
    """The page of ours that somebody wanted; None for anything that a browser could take elsewhere."""
    if not told or not told.startswith("/") or told.startswith(("//", "/\\", "/sign-in", "/sign-out")):
        return None
    return told if told.isprintable() and "\\" not in told else None


def home_of(rights: frozenset[Right]) -> str:
    """The first page of somebody with these rights."""
    first: dict[Right, str] = {
        "see_worklist": "/",
        "manage_people": "/people",
        "see_without_names": "/research/worklist",
    }
    return next((place for right, place in first.items() if right in rights), "/account")


def _key(settings: Settings, kind: str, text: str) -> str:
    return keys.keyed_digest(settings.secret_key, f"tries by {kind}", text)


def _check_tries(store: Store, settings: Settings, now: datetime, most: dict[str, int]) -> None:
    window = timedelta(minutes=settings.tries_window_minutes)
    with store.read() as conn:
        over = any(rows.tries(conn, key, since=now - window) > limit for key, limit in most.items())
    if over:
        raise TooManyTries(retry_after_s=int(window.total_seconds()))
