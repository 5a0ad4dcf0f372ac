"""Signing a paper: the clinician proves anew who they are, and signs the hash of the content that they saw.

The signature is an event of the patient and an entry of the request; the PDF is made once, kept, and given out as is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from nutation.record.errors import InputError
from nutation.record.head import Source
from nutation.record.identity import event_id
from nutation.record.kinds import Signature
from nutation.record.period import Period
from nutation.store import answers, events, ledger, people
from nutation.store import documents as blobs
from nutation.store import sessions as rows
from nutation.store.ledger import ConflictError
from nutation.web import identity, keys
from nutation.web.context import Current
from nutation.web.papers import chart_papers, chart_requests, prepared
from nutation.web.papers.chart_papers import PaperName, Signed
from nutation.web.refusals import TooManyTries

SYSTEM = "nutation clinic"
_TRIES = 3
"""How often a signature is tried again where somebody else wrote at the same moment."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the signer gave to prove who they are: today's password, or a code of the second factor."""

    password: str = ""
    code: str = ""


def asks(who: Current) -> tuple[str, ...]:
    """What proves this person: ``password``, ``code``; nothing for who is signed in by the clinic's own provider."""
    with_code = ("code",) if who.person.second_factor_since is not None else ()
    return (*(("password",) if who.person.has_password else ()), *with_code)


def prove(who: Current, proof: Proof) -> None:
    """Check the proof; each try is counted as one to sign in. Raises InputError, TooManyTries."""
    wanted = asks(who)
    if not wanted:
        return
    key = keys.keyed_digest(who.settings.secret_key, "tries by signature", who.person.id)
    window = timedelta(minutes=who.settings.tries_window_minutes)
    with who.write() as conn:
        rows.note_try(conn, (key,), who.now)
        over = rows.tries(conn, key, since=who.now - window) > who.settings.tries_per_name
        known = people.credentials(conn, who.person.id)
    if over:
        raise TooManyTries(retry_after_s=int(window.total_seconds()))
    fits = False
    if proof.password and "password" in wanted:
        fits, _ = identity.password_fits(known.password_hash, proof.password, argon2_mib=who.settings.argon2_mib)
    elif proof.code and "code" in wanted and known.totp_secret is not None:
        secret = identity.unseal_secret(who.settings.secret_key, who.person.id, known.totp_secret)
        step = identity.step_of(secret, proof.code, who.now) if secret is not None else None
        if step is not None:
            with who.write() as conn:
                fits = people.use_step(conn, who.person.id, step)
    if not fits:
        with who.write() as conn:
            who.note(conn, "signature refused", refused=True)
        told = " or ".join({"password": "your password", "code": "a code of your second factor"}[one] for one in wanted)
        wrong = "The password is not right." if proof.password else "The code is not right, or was used already."
        nothing = "Nothing was entered that shows who you are."
        raise InputError(wrong if proof.password or proof.code else nothing, place="Signature", mend=f"enter {told}.")
    with who.write() as conn:
        rows.forget_tries(conn, key)


def sign(who: Current, patient_id: str, request_id: str, paper: PaperName, sha: str) -> Signed:
    """Sign the content of this hash with the person's name, and keep its PDF.

    Raises InputError where the paper says something else by now, rests on an answer that is being made anew, or the
    person has no name that a signature can bear.
    """
    for _ in range(_TRIES):
        try:
            return _sign(who, patient_id, request_id, paper, sha)
        except ConflictError:
            continue
    raise InputError("Others are writing to this patient just now.", mend="sign again.")


def _sign(who: Current, patient_id: str, request_id: str, paper: PaperName, sha: str) -> Signed:
    with who.read() as conn:
        head = ledger.head(conn, patient_id)
        request = chart_requests.get(conn, patient_id, request_id)
        chart = prepared.chart_of(conn, patient_id)
        made = prepared.papers_of(conn, chart, request)[paper]
        if made.content is None:
            raise InputError(made.problem)
        if not chart.fresh:
            raise InputError(
                "Something was entered, and the answer is being made anew.", mend="wait a moment, and look again."
            )
        if made.sha != sha:
            raise InputError(
                "It says something else by now than what you saw. Nothing was signed.", mend="read it again, then sign."
            )
        if made.standing == "signed" and made.signed is not None and made.signed.sha == sha:
            return made.signed
        pages = prepared.pages_of(conn, chart, request, paper)
    event = _event(who, patient_id, request.submission, paper, sha, head)
    pdf = prepared.pdf(chart, request, made, pages, signature=(event,))
    answer = chart.answered()
    with who.write() as conn:
        if answers.stored(conn, patient_id, answer.key) is None:
            raise ConflictError(head, ())
        answers.cite(conn, answer)
        blob = blobs.put(conn, request.owner, pdf, "application/pdf")
        after = events.append_events(conn, patient_id, [event], by=who.person.id, at=who.now, expected_head=head)
        told = Signed(
            author=event.author or "", signed_as=event.signed_as or "", on=event.happened.text(), by=who.person.id,
            at=who.now, sha=sha, content=made.content, answer=answer.key,
            events_head=events.events_head(conn, patient_id), pdf_sha256=blob, owner=request.owner,
        )  # fmt: skip
        chart_papers.keep_signed(conn, request, paper, made.kept.own_words, told, head=after, at=who.now)
        who.note(conn, f"signed: {paper}", patient=patient_id)
    return told


def _event(who: Current, patient_id: str, submission: str, paper: str, sha: str, head: str) -> Signature:
    author = who.person.shown.strip()
    if not author or author.lower() in ("patient", "self", "relative", "software", "nutation"):
        raise InputError("Your account bears no name that can sign.", mend="have an administrator enter your own name.")
    source = Source(system=SYSTEM, resource=f"{paper}/{submission}", path=f"{sha[:16]}/{head[:16]}")
    return Signature(
        id=event_id(source, "signature"), patient=patient_id, side="none", recorded_at=who.now, source=source,
        happened=Period.model_validate(who.now.astimezone().date().isoformat()), author=author,
        content_sha256=sha, signed_as=who.person.title or None,
    )  # fmt: skip
