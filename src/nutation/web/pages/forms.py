"""The pages of the forms: asked, filled in, saved beside what others entered meanwhile; and corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, cast
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.record.checks import named
from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.report.words import dated, said, sentence
from nutation.store import ConflictError, Draft, answers, events, ledger, patients
from nutation.web import meanwhile
from nutation.web.context import Current, needs
from nutation.web.forms import FORMS, Form, form_named
from nutation.web.forms.answers import Answers, Data, Mistake
from nutation.web.forms.correct import corrected, filled, form_of, withdrawn
from nutation.web.forms.known import Known, fitted, known_of
from nutation.web.forms.read import Letter, Read, read
from nutation.web.forms.sending import SYSTEM, Sending, is_token
from nutation.web.forms.shape import COLUMNS
from nutation.web.forms.viewing import COLUMN_WORDS, rows_by_group, view
from nutation.web.meanwhile import Meanwhile
from nutation.web.papers import letters
from nutation.web.papers.letters import Typeset
from nutation.web.refusals import NotAllowed
from nutation.web.rendering import environment, render

router = APIRouter()
environment().filters["groupby_next"] = cast("Any", rows_by_group)
Writer = Annotated[Current, Depends(needs("see_patient", "write_events"))]
SideAsked = Annotated[str, Query(max_length=10)]
EventAsked = Annotated[str, Query(max_length=200)]

_UNSEEN_HEAD = "0" * 64
"""Stands for a head that the page did not send: nobody has seen it, so what is there is shown first."""


async def sent(request: Request) -> Data:
    """What the browser sent, every text value of every name."""
    form = await request.form()
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}


Sent = Annotated[Data, Depends(sent)]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A form opened for a patient: what it asks now, and on which event."""

    patient: str
    label: str
    form: Form
    known: Known
    side: str
    columns: tuple[str, ...]
    corrects: Event | None
    newer: tuple[str, ...]
    head: str

    @property
    def address(self) -> str:
        """Where the form is sent to."""
        asked = [f"side={self.side}"] if self.side else []
        asked += [f"event={self.corrects.id}"] if self.corrects is not None else []
        return f"/patients/{self.patient}/forms/{self.form.name}" + (f"?{'&'.join(asked)}" if asked else "")


@router.get("/patients/{patient}/forms/{form}")
def ask(
    request: Request, who: Writer, patient: str, form: str, side: SideAsked = "", event: EventAsked = ""
) -> Response:
    """The form, empty, or with what is recorded of the event that it corrects."""
    with who.read() as conn:
        opened = _open(conn, who, patient, form, side, event)
    if isinstance(opened, Response):
        return opened
    return _page(request, who, opened, _begun(who, opened), token=uuid4().hex, head=opened.head)


@router.post("/patients/{patient}/forms/{form}")
def take(
    request: Request, who: Writer, patient: str, form: str, typed: Sent, side: SideAsked = "", event: EventAsked = ""
) -> Response:
    """Save what was sent, or show it again with what is wrong, or with what others entered meanwhile."""
    with who.read() as conn:
        opened = _open(conn, who, patient, form, side, event, typed=True)
    if isinstance(opened, Response):
        return opened
    told = Answers(typed)
    token = told.line("token")
    token = token if is_token(token) else uuid4().hex
    head = told.line("head") or _UNSEEN_HEAD
    sending = Sending(patient, who.person.named, who.now, _today(who.now), token, who.person.shown)
    found = _read(opened, typed, sending, withdraw=told.line("do") == "withdraw")
    if found.mistakes:
        return _page(request, who, opened, typed, token=token, head=head, mistakes=found.mistakes, status=422)
    if found.looks and told.line("do") != "anyway":
        return _page(request, who, opened, typed, token=token, head=head, looks=found.looks, status=422)
    try:
        letter = _typeset(who, patient, found.letter) if found.letter is not None else None
        with who.write() as conn:
            if not _saved_before(conn, patient, found, token):
                _save(conn, who, opened, letter or found, head, token)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
        return _page(request, who, opened, typed, token=token, head=conflict.head, conflict=since, status=409)
    except InputError as error:
        wrong = (Mistake("", error.problem, error.mend),)
        return _page(request, who, opened, typed, token=token, head=head, mistakes=wrong, status=422)
    if letter is not None:
        return RedirectResponse(f"/patients/{patient}/documents/{token}", status_code=303)
    return RedirectResponse(f"/patients/{patient}?saved={opened.form.name}", status_code=303)


# -- opening -----------------------------------------------------------------------------------------


def _open(
    conn: Connection, who: Current, patient: str, name: str, side: str, event_id: str, *, typed: bool = False
) -> _Opened | RedirectResponse:
    form = form_named(name)
    if form is None:
        raise HTTPException(404)
    if not who.may(form.right):
        raise NotAllowed(form.right)
    told = patients.get(conn, patient)
    if told.erased_at is not None:
        raise InputError("This patient's content was erased by law.", mend="open another patient from the worklist.")
    if told.merged_into is not None:
        return RedirectResponse(f"/patients/{patients.surviving(conn, patient)}/forms/{form.name}", status_code=303)
    record = events.record_of(conn, patient)
    latest = answers.latest(conn, patient)
    fresh = latest is not None and latest.events_head == events.events_head(conn, patient)
    side = side if side in form.offered else ""
    columns = (side,) if side else COLUMNS
    known = known_of(
        record.events, latest.document if latest else None, form.name, columns, today=_today(who.now), fresh=fresh
    )
    corrects, newer = None, ()
    if event_id:
        corrects, newer = _to_correct(record.events, event_id, typed=typed)
        form = corrected(form, corrects)
        if not form.parts:
            right_one = form_of(corrects)
            if right_one is not None:
                return RedirectResponse(f"/patients/{patient}/forms/{right_one}?event={event_id}", status_code=303)
    asked = form if corrects is not None and form.name == "examination" else fitted(form, known)
    return _Opened(patient, told.label, asked, known, side, columns, corrects, newer, told.head)


def _to_correct(known: Sequence[Event], event_id: str, *, typed: bool) -> tuple[Event, tuple[str, ...]]:
    """The event, and the standing ones that corrected it meanwhile.

    Where something is ``typed`` already, what it tells has to be kept: it then corrects those newer ones too.
    """
    found = next((event for event in known if event.id == event_id), None)
    if found is None:
        raise InputError("There is no such entry in this record.", mend="open it from the patient's page.")
    later: list[Event] = []
    for event in sorted(known, key=lambda event: event.recorded_at):
        if {event_id, *(one.id for one in later)} & set(event.supersedes):
            later.append(event)
    if later and not typed:
        raise InputError(
            f"The {named(found)} was corrected or withdrawn already.",
            mend="open the newer one from the patient's page.",
        )
    replaced = {one for event in later for one in event.supersedes}
    return found, tuple(event.id for event in later if event.id not in replaced)


def _begun(who: Current, opened: _Opened) -> Data:
    """What a form shows before anybody typed: the event that it corrects, or today and the side it was opened for."""
    if opened.corrects is not None:
        return filled(opened.form, opened.corrects)
    begun: dict[str, list[str]] = {}
    if opened.form.day == "today":
        begun["day"] = [_today(who.now).isoformat()]
    if opened.side and opened.form.sides == "asked":
        begun["side"] = [opened.side]
    return begun


def _today(now: datetime) -> date:
    """The clinic's day: that of the server's own clock and zone."""
    return now.astimezone().date()


# -- saving ------------------------------------------------------------------------------------------


def _read(opened: _Opened, typed: Data, sending: Sending, *, withdraw: bool) -> Read:
    if opened.corrects is None:
        return read(opened.form, typed, sending)
    if not withdraw:
        found = read(opened.form, typed, sending, corrects=opened.corrects)
    else:
        made = withdrawn(opened.corrects, typed, sending)
        found = Read(mistakes=(made,)) if isinstance(made, Mistake) else Read((made,))
    own = {event.id for event in found.events}
    over = [one for one in opened.newer if one not in own]  # sent twice, it does not correct itself
    events_ = tuple(e.model_copy(update={"supersedes": (*e.supersedes, *over)}) for e in found.events)
    return replace(found, events=events_)


def _saved_before(conn: Connection, patient: str, found: Read, token: str) -> bool:
    """Whether this very form was sent before: then nothing is to be added. Raises InputError if it told otherwise."""
    if found.letter is not None:
        kept = ledger.entries(conn, patient, ("document",))
        return any(entry.body is not None and entry.body.get("id") == token for entry in kept)
    before = {event.id: event for event in events.record_of(conn, patient).events}
    sources = {event.source.resource for event in before.values() if event.source.system == SYSTEM}
    same = [
        (earlier := before.get(event.id)) is not None
        and earlier == event.model_copy(update={"recorded_at": earlier.recorded_at})
        for event in found.events
    ]
    if all(same):
        return True
    if any(event.source.resource in sources for event in found.events):
        raise InputError(
            "This form was saved already, with other answers.",
            mend="open what it saved from the patient's page and correct it there.",
        )
    return False


def _typeset(who: Current, patient: str, letter: Letter) -> Typeset:
    with who.read() as conn:
        about = patients.get(conn, patient)
    return letters.typeset(letter, who.person.named, about)


def _save(conn: Connection, who: Current, opened: _Opened, made: Read | Typeset, head: str, token: str) -> None:
    if isinstance(made, Read):
        events.append_events(
            conn, opened.patient, made.events, by=who.person.id, at=who.now, expected_head=head
        )  # fmt: skip
    else:
        kept = Draft("document", letters.keep(conn, opened.patient, made, token))
        ledger.append(conn, opened.patient, [kept], by=who.person.id, at=who.now, expected_head=head)


# -- showing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with its words; ``here`` where it leads to the page it stands on."""

    label: str
    href: str
    here: bool = False

    @property
    def title(self) -> str:
        """The words of the link."""
        return self.label


def _page(
    request: Request,
    who: Current,
    opened: _Opened,
    typed: Data,
    *,
    token: str,
    head: str,
    mistakes: Sequence[Mistake] = (),
    looks: Sequence[str] = (),
    conflict: Sequence[Meanwhile] = (),
    status: int = 200,
) -> Response:
    made = view(opened.form, opened.known, typed, mistakes, opened.columns)
    base = f"/patients/{opened.patient}"
    return render(
        request, "form.html.j2", status=status, view=made.view, withdraw=made.withdraw if opened.corrects else None,
        label=opened.label, back=base, action=opened.address, token=token, head=head, looks=looks, conflict=conflict,
        steps=opened.known.steps if opened.corrects is None else (), tabs=_tabs(opened), dated=dated,
        corrects=_described(opened.corrects) if opened.corrects is not None else "",
        beside=[
            _Link(FORMS[name].title, f"{base}/forms/{name}")
            for name in opened.form.beside
            if opened.corrects is None and who.may(FORMS[name].right)
        ],
    )  # fmt: skip


def _tabs(opened: _Opened) -> list[_Link]:
    if opened.form.sides != "columns" or opened.corrects is not None:
        return []
    base = f"/patients/{opened.patient}/forms/{opened.form.name}"
    tabs = [_Link("Both joints", base, not opened.side)]
    return tabs + [
        _Link(COLUMN_WORDS[side], f"{base}?side={side}", opened.side == side) for side in opened.form.offered
    ]


def _described(event: Event) -> str:
    by = f" by {event.author}" if event.author else ""
    return f"{sentence(dated(said(named(event))))}, recorded on {dated(event.recorded_at.date().isoformat())}{by}."
