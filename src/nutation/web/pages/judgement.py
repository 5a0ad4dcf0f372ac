"""The clinician's own judgement: before the answer where the clinic asks for it, then beside the stored answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.store import ConflictError, Draft, answers, events, ledger, patients, people
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.web import judged_first, judging, meanwhile, which_patient
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed, new_token, saved_before, token_of
from nutation.web.judging import Asked
from nutation.web.look import moment
from nutation.web.meanwhile import Meanwhile
from nutation.web.rendering import render

router = APIRouter()
Judge = Annotated[Current, Depends(needs("see_patient", "record_judgement"))]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the page rests on: the stored answer, and the sides whose probability waits for a judgement."""

    answer: Answer | None
    kept_back: frozenset[str]
    fresh: bool

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The questions that are asked."""
        return judging.asked(judging.sides_of(self.answer.document if self.answer else None))

    def before(self, question: str, side: str) -> bool:
        """Whether a judgement of it comes before the answer is shown."""
        return self.answer is None or (question == judged_first.SOURCE and side in self.kept_back)


@dataclass(frozen=True, slots=True)
class _Line:
    """A judgement as the page tells it, with the answer that stood then and the one that stands now."""

    question: str
    side: str
    judged: str
    words: str
    before: bool
    by: str
    at: str
    then: str
    now: str


@router.get("/patients/{patient}/judgement")
def ask(request: Request, who: Judge, patient: str, done: str = "") -> Response:
    """The questions, and what was judged so far."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/judgement")
        if isinstance(told, RedirectResponse):
            return told
        known, lines = _known(conn, told.id), _lines(conn, told.id)
    return _page(request, told, known, lines, Typed(), head=told.head, token=new_token(), done=bool(done))


@router.post("/patients/{patient}/judgement")
def take(request: Request, who: Judge, patient: str, data: Sent) -> Response:
    """Keep what was judged. It changes no answer."""
    reading, token = Reading(data), token_of(data)
    with who.read() as conn:
        told, head = which_patient.written_to(conn, patient, reading.line("head", "The head"))
        known, lines = _known(conn, told.id), _lines(conn, told.id)
    bodies = _bodies(reading, known, token)
    if reading.mistakes:
        return _page(request, told, known, lines, reading.typed(), head=head, token=token)
    try:
        with who.write() as conn:
            if not saved_before(conn, told.id, "judgement", token):
                resting = {"events_head": events.events_head(conn, told.id), "answer": _cited(conn, known.answer)}
                drafts = [Draft("judgement", body | resting) for body in bodies]
                ledger.append(conn, told.id, drafts, by=who.person.id, at=who.now, expected_head=head)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
        return _page(
            request, told, known, lines, reading.typed(), head=conflict.head, token=token, conflict=since
        )  # fmt: skip
    return RedirectResponse(f"/patients/{told.id}/judgement?done=1", status_code=303)


def _known(conn: Connection, patient: str) -> _Known:
    answer = answers.latest(conn, patient)
    if answer is None:
        return _Known(None, frozenset(), fresh=True)
    back = frozenset[str]()
    if judged_first.asked_for(conn):
        back = judged_first.kept_back(answer.document, ledger.entries(conn, patient), answer.events_head)
    return _Known(answer, back, answer.events_head == events.events_head(conn, patient))


def _bodies(reading: Reading, known: _Known, token: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for one in known.asked:
        code = reading.one_of(one.name, "The answer", one.choices)
        text = reading.text(one.words, "The words", most=judging.WORDS_MOST)
        if text and not code:
            reading.wrong(one.name, "There are words and no answer.", "choose the answer that comes nearest.")
        if code:
            made.append(
                {
                    "id": token, "side": one.side, "question": one.question, "judgement": code, "words": text,
                    "before_answer": known.before(one.question, one.side),
                }
            )  # fmt: skip
    if not made and not reading.mistakes:
        reading.wrong(known.asked[0].name, "Nothing was judged.", "answer at least one question, or leave the page.")
    return made


def _cited(conn: Connection, answer: Answer | None) -> dict[str, str] | None:
    if answer is None:
        return None
    answers.cite(conn, answer)
    return answer.key


def _lines(conn: Connection, patient: str) -> list[_Line]:
    """Every judgement, the latest first, beside the answer that it was made with and the one of today."""
    known = _known(conn, patient)
    owners = (patient, *patients.merged_in(conn, patient))
    told = [entry for one in owners for entry in ledger.entries(conn, one, ("judgement",))]
    names = people.shown_names(conn, {entry.by for entry in told})
    made: list[_Line] = []
    for entry in sorted(told, key=lambda one: (one.at, one.seq), reverse=True):
        body = entry.body or {}
        if not body.get("question"):
            continue
        question, side = str(body["question"]), str(body.get("side") or "")
        then = answers.stored(conn, entry.patient, body["answer"]) if body.get("answer") else None
        made.append(
            _Line(
                judging.QUESTIONS.get(question, question), side, judging.judged_as(question, str(body["judgement"])),
                str(body.get("words") or ""), bool(body.get("before_answer")), names.get(entry.by, entry.by),
                moment(entry.at), judging.answer_told(then, question, side, known.kept_back),
                judging.answer_told(known.answer, question, side, known.kept_back),
            )
        )  # fmt: skip
    return made


def _page(
    request: Request,
    told: Patient,
    known: _Known,
    lines: Sequence[_Line],
    typed: Typed,
    *,
    head: str,
    token: str,
    conflict: Sequence[Meanwhile] = (),
    done: bool = False,
) -> Response:
    document = known.answer.document if known.answer is not None else None
    return render(
        request, "judgement.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, patient=told,
        typed=typed, head=head, token=token, conflict=conflict, done=done, known=known, lines=lines,
        joints=document["joints"] if document else (), gate_told=judging.gate_told,
    )  # fmt: skip
