"""A request's papers as they stand today: made from the stored answer, compared with what was signed, as PDF.

A signed paper stays signed while nothing is entered that changes what it says. A new day alone (windows that run back
from it) or a newer version of the evidence does not open it again: it says how things stood on its day. Both are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from nutation.case.telling import told_events
from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.record import Record
from nutation.report import appeal, peer_to_peer, submission
from nutation.report.appeal import Denial
from nutation.report.submission_sources import SourceDocument
from nutation.store import answers, events, ledger, patients
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.web import modes
from nutation.web.papers import chart_documents, chart_papers, compared, denials
from nutation.web.papers.chart_documents import Document
from nutation.web.papers.chart_papers import PAPERS, Kept, PaperName, Signed
from nutation.web.papers.chart_requests import Request
from nutation.web.papers.exhibit_pages import SourcePage, merged
from nutation.web.papers.request_life import standing

Standing = Literal["draft", "signed", "reopened", "being_made"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What the papers of a patient are made from."""

    patient: Patient
    answer: Answer | None
    settled: frozenset[str]
    """Heads of the events after which nothing but signatures was entered: what rests on one of them is of today."""
    documents: tuple[Document, ...]
    sources: tuple[SourceDocument, ...]
    record: Record
    mode: str
    """Research or clinic: the mode of the function ``submission``."""

    @property
    def fresh(self) -> bool:
        """Whether the stored answer rests on all that is entered, signatures aside: no paper tells of those."""
        return self.answer is not None and self.answer.events_head in self.settled

    def told(self) -> list[dict[str, Any]]:
        """Every event in words, in the order of time, as ``case.telling`` tells it."""
        return told_events(self.record)

    def answered(self) -> Answer:
        """The stored answer. Raises InputError where there is none yet."""
        if self.answer is None:
            raise InputError("No answer is stored yet.", mend="wait a moment, and open the page again.")
        return self.answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """One paper of a request: its content today (None with the ``problem`` why not), and how its signature stands."""

    paper: PaperName
    content: Mapping[str, Any] | None
    sha: str
    problem: str
    kept: Kept
    standing: Standing
    why: tuple[str, ...] = ()
    """Why it is a draft again."""
    drift: tuple[str, ...] = ()
    """What would read otherwise today although nothing was entered."""

    @property
    def signed(self) -> Signed | None:
        """The last signature, whether or not it still stands."""
        return self.kept.signatures[0] if self.kept.signatures else None


def chart_of(conn: Connection, patient_id: str) -> Chart:
    """Read what papers are made from. Raises InputError where there is no such patient."""
    record = events.record_of(conn, patient_id)
    documents = tuple(chart_documents.every(conn, patient_id))
    return Chart(
        patient=patients.get(conn, patient_id),
        answer=answers.latest(conn, patient_id),
        settled=_settled(conn, patient_id),
        documents=documents,
        sources=tuple(chart_documents.sources(documents, chart_documents.heirs(record.events))),
        record=record,
        mode=modes.mode_of(conn, "submission").mode,
    )


def _settled(conn: Connection, patient_id: str) -> frozenset[str]:
    found = {events.events_head(conn, patient_id)}
    if patients.merged_in(conn, patient_id):  # the head is of several chains
        return frozenset(found)
    for entry in reversed(ledger.entries(conn, patient_id, tuple(ledger.CHANGES_EVENTS))):
        found.add(entry.hash)
        told = entry.body["events"] if entry.kind == "events" and entry.body is not None else [{"kind": entry.kind}]
        if any(event["kind"] != "signature" for event in told):
            break
    return frozenset(found)


def denial_of(request: Request) -> Denial | None:
    """The last denial that holds, as papers quote it."""
    told = request.last("denied")
    if told is None:
        return None
    reason = denials.REASONS[told.reason]
    return Denial(told.on, told.number, reason.label, told.note, reason.topics)


def papers_of(conn: Connection, chart: Chart, request: Request) -> dict[PaperName, Prepared]:
    """Every paper of a request: as it would be made today, and as it was signed."""
    kept = chart_papers.of_request(conn, chart.patient.id, request)
    first = _prepared(chart, request, "submission", kept)
    named = first.signed.sha if first.standing == "signed" and first.signed is not None else ""
    made: dict[PaperName, Prepared] = {"submission": first}
    for paper in PAPERS[1:]:
        made[paper] = _prepared(chart, request, paper, kept, named)
    return made


def standing_papers(papers: Mapping[PaperName, Prepared]) -> dict[str, str]:
    """Papers that are signed, stand, and could be made today (the gate is open), with the hash of their PDF."""
    return {
        name: one.signed.pdf_sha256
        for name, one in papers.items()
        if one.standing == "signed" and one.signed is not None and one.content is not None
    }  # fmt: skip


def pdf(
    chart: Chart, request: Request, made: Prepared, pages: Sequence[SourcePage], *, signature: Sequence[Event] = ()
) -> bytes:
    """The paper as PDF with its uploaded ``pages``; a draft unless ``signature`` signs its content.

    Raises InputError where the paper cannot be made.
    """
    document, told = {**chart.answered().document, "mode": chart.mode}, made.content
    if told is None:
        raise InputError(made.problem)
    if made.paper == "peer_to_peer":
        return peer_to_peer.pdf(document, told, request.side, events=signature)
    if made.paper == "appeal":
        return merged(appeal.pdf(document, told, request.side, events=signature), pages)
    paper = submission.pdf(
        document, request.policy, request.side, events=signature, own_words=told["own_words"], sources=chart.sources
    )
    return merged(paper, pages)


def pages_of(conn: Connection, chart: Chart, request: Request, paper: PaperName) -> list[SourcePage]:
    """The uploaded pages that stand behind the paper, read from the database. Raises InputError."""
    if paper == "peer_to_peer":
        return []
    order = submission.source_pages(chart.answered().document, request.policy, request.side, sources=chart.sources)
    by_id = {one.id: one for one in chart.documents}
    contents = {name: chart_documents.content(conn, by_id[name]) for name in dict.fromkeys(name for name, _ in order)}
    return [SourcePage(contents[name], by_id[name].media_type, page) for name, page in order]


def _content(
    chart: Chart, request: Request, paper: PaperName, kept: Mapping[PaperName, Kept], submission_sha: str
) -> dict[str, Any]:
    document, words = chart.answered().document, kept[paper].own_words
    denial = denial_of(request)
    if paper == "submission":
        return submission.content(document, request.policy, request.side, own_words=words, sources=chart.sources)
    if paper == "peer_to_peer":
        return peer_to_peer.content(
            document, request.policy, request.side, denial=denial, own_words=kept["submission"].own_words,
            submission_sha=submission_sha, sources=chart.sources,
        )  # fmt: skip
    if denial is None:
        raise InputError("There is no denial to appeal against.", mend="enter the payer's denial first.")
    before = _sent_content(request, kept["submission"])
    return appeal.content(
        document, request.policy, request.side, denial, before=before, own_words=words, sources=chart.sources
    )


def _sent_content(request: Request, kept: Kept) -> Mapping[str, Any] | None:
    """The content that was sent: of the signature whose PDF went out; None where nothing was sent."""
    sent = next((one for one in reversed(standing(request.steps)) if one.move == "send"), None)
    found = [one.content for one in kept.signatures if sent is not None and one.pdf_sha256 == sent.pdf_sha256]
    return found[0] if found else None


def _prepared(
    chart: Chart, request: Request, paper: PaperName, kept: Mapping[PaperName, Kept], submission_sha: str = ""
) -> Prepared:
    content, sha, problem = None, "", ""
    try:
        content = _content(chart, request, paper, kept, submission_sha)
        sha = submission.content_sha256(content)
    except InputError as error:
        problem = str(error)
    mine = kept[paper]
    signed = mine.signatures[0] if mine.signatures else None
    if signed is None:
        return Prepared(paper, content, sha, problem, mine, "draft")
    if not chart.fresh and signed.events_head not in chart.settled:
        return Prepared(paper, content, sha, problem, mine, "being_made")
    if content is None and signed.events_head in chart.settled:
        return Prepared(paper, content, sha, problem, mine, "signed", drift=(problem,))
    if content is None:
        return Prepared(paper, content, sha, problem, mine, "reopened", (problem,))
    differs = tuple(compared.differences(signed.content, content))
    if not differs:
        return Prepared(paper, content, sha, problem, mine, "signed")
    if _entered_since(chart, signed, content):
        return Prepared(paper, content, sha, problem, mine, "reopened", differs)
    return Prepared(paper, content, sha, problem, mine, "signed", drift=differs)


def _entered_since(chart: Chart, signed: Signed, today: Mapping[str, Any]) -> bool:
    """Whether somebody entered something since: events, pins, own words, or a denial."""
    if signed.events_head not in chart.settled:
        return True
    if any(signed.content.get(name) != today.get(name) for name in ("own_words", "documents", "denial")):
        return True
    pins = [[exhibit.get("sources") for exhibit in told.get("exhibits", ())] for told in (signed.content, today)]
    return pins[0] != pins[1]
