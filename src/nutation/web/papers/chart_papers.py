"""The papers of a request as the chain of entries tells them: the clinician's own words, and what was signed.

An entry ``submission`` holds the submission of one request, an entry ``paper`` another paper of it (the peer-to-peer
sheet, the appeal): whoever follows the submission alone need not know the others. Saved words are one
with ``signed`` empty; a signature is one with the content that was signed, its hash, the answer it rests on, and the
hash of its PDF, which is kept and never made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.report import appeal, submission
from nutation.store import ledger, patients
from nutation.store.ledger import Draft
from nutation.web.papers.chart_requests import Request

PaperName = Literal["submission", "peer_to_peer", "appeal"]
PAPERS: tuple[PaperName, ...] = get_args(PaperName)
TITLES: Mapping[PaperName, str] = {
    "submission": "Submission", "peer_to_peer": "Peer-to-peer sheet", "appeal": "Appeal",
}  # fmt: skip
PLACES: Mapping[PaperName, Mapping[str, str]] = {
    "submission": submission.OWN_WORDS, "peer_to_peer": {}, "appeal": appeal.OWN_WORDS,
}  # fmt: skip
"""Places for the clinician's own words in each paper."""
WORDS_MOST = 6000
KINDS = ("submission", "paper")


def kind_of(paper: PaperName) -> str:
    """The kind of entry that keeps a paper."""
    return "submission" if paper == "submission" else "paper"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature of a paper, and what was signed."""

    author: str
    signed_as: str
    on: str
    by: str
    at: datetime
    sha: str
    content: Mapping[str, Any]
    answer: Mapping[str, str]
    events_head: str
    pdf_sha256: str
    owner: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one paper: its own words, its signatures (the last first), and how many entries there are."""

    own_words: Mapping[str, str] = field(default_factory=dict[str, str])
    signatures: tuple[Signed, ...] = ()
    entries: int = 0


def of_request(conn: Connection, patient_id: str, request: Request) -> dict[PaperName, Kept]:
    """What is kept of each paper of the request."""
    words: dict[str, dict[str, str]] = {}
    signatures: dict[str, list[Signed]] = {}
    counts: dict[str, int] = {}
    for owner in (patient_id, *patients.merged_in(conn, patient_id)):
        for entry in ledger.entries(conn, owner, KINDS):
            told = entry.body
            if told is None or told["request"] != request.id:
                continue
            paper = told.get("paper", "submission")
            words[paper] = told.get("own_words") or {}
            counts[paper] = counts.get(paper, 0) + 1
            if (by := told["signed"]) is not None:
                signatures.setdefault(paper, []).append(
                    Signed(
                        author=by["author"], signed_as=by["signed_as"], on=by["on"], by=entry.by, at=entry.at,
                        sha=told["sha"], content=told["content"], answer=told["answer"],
                        events_head=told["events_head"], pdf_sha256=told["pdf_sha256"], owner=owner,
                    )
                )  # fmt: skip
    return {
        paper: Kept(words.get(paper, {}), tuple(reversed(signatures.get(paper, []))), counts.get(paper, 0))
        for paper in PAPERS
    }


def keep_words(
    conn: Connection,
    patient_id: str,
    request: Request,
    paper: PaperName,
    own_words: Mapping[str, str],
    *,
    seen: int,
    head: str,
    by: str,
    at: datetime,
) -> None:
    """Save the clinician's own words; what was signed before stays as it was signed.

    ``seen`` is the number of entries of the paper that the writer saw: InputError where somebody saved since.
    """
    ledger.lock(conn, patient_id)
    before = of_request(conn, patient_id, request)[paper]
    told = {place: own_words.get(place, "").replace("\r\n", "\n").strip() for place in PLACES[paper]}
    if told == {place: before.own_words.get(place, "") for place in PLACES[paper]}:
        return
    if before.entries != seen:
        raise InputError(
            "Meanwhile somebody else changed these words. Yours are not kept.",
            mend="copy yours, open the page anew, and put both together.",
        )
    for place, text in told.items():
        if len(text) > WORDS_MOST:
            raise InputError(
                f"It is longer than {WORDS_MOST} characters.", place=PLACES[paper][place], mend="write it shorter."
            )
    body = {**_named(request, paper), "own_words": told, "sha": None, "content": None, "head": head,
            "answer": None, "events_head": None, "signed": None, "pdf_sha256": None}  # fmt: skip
    ledger.append(conn, request.owner, [Draft(kind_of(paper), body)], by=by, at=at)


def keep_signed(conn: Connection, request: Request, paper: PaperName, own_words: Mapping[str, str], told: Signed,
                *, head: str, at: datetime) -> None:  # fmt: skip
    """Keep a signature with what was signed, behind whatever the same transaction appended before."""
    body = {
        **_named(request, paper), "own_words": dict(own_words), "sha": told.sha, "content": dict(told.content),
        "head": head, "answer": dict(told.answer), "events_head": told.events_head,
        "signed": {"author": told.author, "signed_as": told.signed_as, "on": told.on},
        "pdf_sha256": told.pdf_sha256,
    }  # fmt: skip
    ledger.append(conn, request.owner, [Draft(kind_of(paper), body)], by=told.by, at=at)


def _named(request: Request, paper: PaperName) -> dict[str, Any]:
    return {
        "id": request.submission, "request": request.id, "paper": paper, "policy": request.policy,
        "side": request.side,
    }  # fmt: skip
