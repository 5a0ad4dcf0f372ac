"""Where each joint under care stands on the pathway, and what it waits for: the worklist's rows. Pure.

The document tells what is known and recommended, the ledger what the clinic did about it. A recommendation alone
moves no joint past *decision*: a person decides, and the request, the plan and the operation are that person's acts.
In this order, the first that fits:

1. **Operated** (an operation of the joint that was carried out, or a joint found fused): *recovery* until the length
   that the clinic set, then *follow_up*; a request begun after the operation opens another round. A fused joint that
   hurts again is worked up in the stage that it is in. Nothing that was found before an operation expires any more.
2. **Closed** by a conference, until findings are entered again.
3. **A request** stands where its payer left it: *authorisation*, and with an approval that has not run out *planning*,
   then *operation* once the plan is confirmed. An intended operation in the record alone is an intention and moves
   nothing; with a confirmed plan its day is the day of the operation.
4. **Decided** for an operation by a conference, with no findings entered since: *authorisation*, or *planning* where
   the recommendation knows of no payer to be asked.
5. Else **the recommendation**: of whom nothing is known but a referral is *referred*; a step of evaluation is
   *evaluation*, a block *injection*; where the source is supported and the conditions hold, or where the answer is to
   treat, not to fuse or to operate, it is *decision*.

The gate stands before all of them: something standing takes the place of whatever the joint waits for, and a screen
that is missing does so as well, except while a request is with the payer, where the screen comes before the operation
and the request goes on. The stage stays, so that one sees how far the joint had come.

What is expected of whom: a screen, an examination and care from a therapist, documents and requests from a
coordinator, decisions, blocks, signatures, plans and operations from a surgeon. No figure is held here: the length of
recovery is the clinic's setting, whose default is cited (``recovery_clinic_timeline``); the days within which a
referral is seen are a setting of the clinic's organisation, with none unless it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from nutation.evidence import Evidence, load
from nutation.report import digest, words
from nutation.report.words import parse_day
from nutation.store import settings as kept
from nutation.store.answers import Answer
from nutation.store.ledger import Entry
from nutation.store.patients import Patient
from nutation.store.worklist import Row
from nutation.web.stages_document import days_of, known, mine, months_later, operated_on, ready, step_of, who
from nutation.web.stages_expiry import first_expiry
from nutation.web.stages_ledger import CLOSED, OPERATION, Done, Request, done_for, referred_on

Plain = dict[str, Any]
STAGES = (
    "referred", "evaluation", "injection", "decision", "authorisation", "planning", "operation", "recovery",
    "follow_up", "closed",
)  # fmt: skip
"""The pathway's stages in order; a joint stands at one."""

RECOVERY_MONTHS, FIRST_CONTACT_DAYS = "stages:recovery_months", "stages:first_contact_days"
"""Names of the clinic's settings."""

REQUESTS, PLAN, CONFERENCE = "/requests", "/plan", "/conference"
"""Pages of a patient that a row may name in place of a form."""

_TOMORROW = timedelta(days=1)
_STAGE_OF_ACTION = {"ask": "evaluation", "examine": "evaluation", "image": "evaluation", "inject": "injection"}


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What the clinic set: months that recovery lasts; days within which a referral is seen, None for no due date."""

    recovery_months: int
    first_contact_days: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    stage: str
    waits_for: str
    waits_from: str
    form: str = ""
    due_on: date | None = None


def stage_settings(conn: Connection | None, evidence: Evidence | None = None) -> StageSettings:
    """The clinic's settings; those that were not made have their defaults (all of them, without a connection)."""
    default = int((evidence or load()).entry("recovery_clinic_timeline").number("normal_months_high"))
    if conn is None:
        return StageSettings(default)
    return StageSettings(kept.get(conn, RECOVERY_MONTHS, default), kept.get(conn, FIRST_CONTACT_DAYS))


def rows_of(
    patient: Patient, answer: Answer, entries: Sequence[Entry], today: date, settings: StageSettings | None = None
) -> tuple[Row, ...]:
    """The patient's rows: one a joint with findings; one of side unknown where no joint has any.

    ``answer`` is the stored answer that the rows are made with, ``entries`` the patient's chain in order; ``settings``
    are the defaults unless told.
    """
    settings = settings or stage_settings(None)
    document = answer.document
    unsided = document["laterality"] == "unknown"
    return tuple(
        _row(patient, answer, joint, "unknown" if unsided else joint["side"], entries, today, settings)
        for joint in (document["joints"][:1] if unsided else document["joints"])
    )


def search_text(patient: Patient) -> str:
    """What the worklist's search looks in: the name and the identifiers, in small letters."""
    return " ".join((patient.label, *(value for _, value in patient.identifiers))).casefold()


def _row(
    patient: Patient,
    answer: Answer,
    joint: Plain,
    side: str,
    entries: Sequence[Entry],
    today: date,
    settings: StageSettings,
) -> Row:
    document, action = answer.document, answer.document["recommendation"]
    operated = operated_on(document, joint["side"])
    done = done_for(entries, side, operated)
    place = _place(document, joint, done, operated, entries, today, settings)
    after = place.stage == "closed" or (place.stage in ("recovery", "follow_up") and bool(joint["fused"] or operated))
    expires_on, what = (None, "") if after else first_expiry(document, joint, done.request)
    return Row(
        patient=patient.id, side=side, label=patient.label, search=search_text(patient), stage=place.stage,
        stage_order=STAGES.index(place.stage), gate=joint["gate"]["state"], action=action["action"],
        action_other_side=action["side"] not in (None, joint["side"]), waits_for=place.waits_for,
        waits_from=place.waits_from, form=place.form, due_on=place.due_on, expires_on=expires_on, expires_what=what,
        probability=_probability(joint, after), as_of=answer.as_of, made_at=answer.made_at,
    )  # fmt: skip


def _probability(joint: Plain, after: bool) -> str:
    """The probability with its interval; nothing beside a gate that is shut, where its warning would be missing."""
    told = joint["evaluation"]["probability"]
    if told is None or after or joint["fused"] or joint["gate"]["state"] not in ("clear", "addressed"):
        return ""
    return f"{words.percent(told['median'])} ({words.span(told['low'], told['high'])})"


# ── the rules, in the order of the docstring ────────────────────────────────────────────────────────


def _place(
    document: Plain,
    joint: Plain,
    done: Done,
    operated: date | None,
    entries: Sequence[Entry],
    today: date,
    settings: StageSettings,
) -> _Place:
    if done.request is not None:
        place = _requested(document, joint, done, done.request, today)
        with_payer = place.waits_from == "payer"
        return _behind_gate(document, joint, place, before_screen=not with_payer)
    if done.outcome == CLOSED:
        return _Place("closed", "Nothing: closed by the conference", "nobody")
    if operated is not None or joint["fused"]:
        return _behind_gate(document, joint, _operated(document, joint, operated, today, settings), before_screen=False)
    if done.outcome == OPERATION:
        if document["recommendation"]["action"] == "plan_operation":
            return _behind_gate(document, joint, _planned(document, joint, done, today))
        return _behind_gate(
            document, joint, _Place("authorisation", "Prepare the request to the payer", "coordinator", REQUESTS)
        )
    place = _recommended(document, joint)
    if place.stage == "evaluation" and not known(document, joint):
        due = referred_on(entries)
        days = settings.first_contact_days
        due = due + timedelta(days=days) if due is not None and days is not None else None
        place = replace(place, stage="referred", due_on=due)
    return _behind_gate(document, joint, place)


def _behind_gate(document: Plain, joint: Plain, place: _Place, *, before_screen: bool = True) -> _Place:
    gate = joint["gate"]
    if gate["state"] == "standing":
        items = [item for item in gate["items"] if item["state"] == "standing"]
        names = ", ".join(item["label"][:1].lower() + item["label"][1:] for item in items)
        due = {"emergency": parse_day(document["as_of"]), "urgent": parse_day(document["as_of"])}
        urgency = min((item["urgency"] for item in items), key=("emergency", "urgent", "soon", "routine").index)
        day = due.get(urgency)
        if day is not None and urgency == "urgent":  # "today or tomorrow", as the recommendation says it
            day += _TOMORROW
        days = [one for one in (day, place.due_on) if one is not None]
        return _Place(
            place.stage, f"Look into what stands: {names}", "surgeon", "gate_resolution", min(days, default=None)
        )
    if gate["state"] == "not_screened" and before_screen:
        what = "Ask the safety screen"
        if place.stage in ("authorisation", "planning", "operation"):
            what += f"; then: {place.waits_for}"
        return _Place(place.stage, what, "therapist", "safety_screen", place.due_on)
    return place


def _requested(document: Plain, joint: Plain, done: Done, request: Request, today: date) -> _Place:
    due, of = request.due_on, f" ({words.said(request.policy)})" if request.policy else ""
    match request.state:
        case "sent" | "appeal":
            what = "Answer to the appeal" if request.state == "appeal" else "Answer to the request"
            return _Place("authorisation", f"{what}{of}", "payer", REQUESTS, due)
        case "more_information":
            return _Place("authorisation", f"Give the payer what it asks for{of}", "coordinator", REQUESTS, due)
        case "peer_to_peer":
            return _Place("authorisation", f"Peer-to-peer call{of}", "surgeon", REQUESTS, due)
        case "denied":
            return _Place("authorisation", f"Denied{of}: close its gap, or appeal", "coordinator", REQUESTS, due)
        case "approved" if request.expires_on is None or request.expires_on >= today:
            return _planned(document, joint, done, today)
        case "approved":
            return _Place("authorisation", f"The approval ran out{of}: ask again", "coordinator", REQUESTS, due)
        case _:
            return _drafted(done, of, due)


def _drafted(done: Done, of: str, due: date | None) -> _Place:
    match done.submission:
        case "signed":
            return _Place("authorisation", f"Send the request{of}", "coordinator", REQUESTS, due)
        case "unsigned":
            return _Place("authorisation", f"Sign the submission{of}", "surgeon", REQUESTS, due)
        case "reopened":
            what = f"Findings came after the signature{of}: look at them, sign again"
            return _Place("authorisation", what, "surgeon", REQUESTS, due)
        case _:
            return _Place("authorisation", f"Prepare the submission{of}", "coordinator", REQUESTS, due)


def _planned(document: Plain, joint: Plain, done: Done, today: date) -> _Place:
    if done.plan == "none":
        return _Place("planning", "Plan the operation", "surgeon", PLAN)
    if done.plan == "made":
        return _Place("planning", "Confirm side, level and plan", "surgeon", PLAN)
    days = days_of(document, joint["side"], "intended")
    ahead = [day for day in days if day >= today]
    if ahead:
        day = min(ahead)
        return _Place("operation", f"Operation on {words.dated(day.isoformat())}", "surgeon", "operation", day)
    if days:
        return _Place("operation", "Record the operation, or its new day", "surgeon", "operation", max(days))
    return _Place("operation", "Set the day of the operation", "coordinator", "operation")


def _operated(document: Plain, joint: Plain, operated: date | None, today: date, settings: StageSettings) -> _Place:
    ends = months_later(operated, settings.recovery_months) if operated is not None else None
    stage = "recovery" if ends is not None and today < ends else "follow_up"
    if document["recommendation"]["action"] == "work_up_failed_fusion" and mine(document, joint):
        step = step_of(document, joint)
        what = "Work up the fusion that hurts again"
        return _Place(stage, f"{what}: {step['label']}" if step else what, *who(step))
    if stage == "recovery":
        assert ends is not None
        return _Place(stage, f"Recovery, until {words.dated(ends.isoformat())}", "patient", "", ends)
    return _Place(stage, "The next look at how it is", "patient")


def _recommended(document: Plain, joint: Plain) -> _Place:
    told = document["recommendation"]
    if told["side"] not in (None, joint["side"]):
        return _other_side(document, joint)
    match told["action"]:
        case "refer_urgently":
            return _Place("evaluation", "Refer", "surgeon", "gate_resolution")
        case "request_authorisation":
            return _Place("decision", "Decide; then ask the payer", "surgeon", CONFERENCE)
        case "plan_operation":
            return _Place("decision", "Decide; then plan the operation", "surgeon", CONFERENCE)
        case "do_not_fuse":
            return _Place("decision", "Decide against a fusion; treat what is found", "surgeon", CONFERENCE)
        case "treat_conservatively":
            return _Place("decision", "Conservative care; then look again", "therapist", "conservative_care")
        case "follow_up" | "work_up_failed_fusion":
            return _Place("follow_up", "Care goes on as it helps; then look again", "patient", "conservative_care")
        case action:
            step = step_of(document, joint)
            stage = "decision" if ready(joint) and action != "inject" else _STAGE_OF_ACTION.get(action, "evaluation")
            what = step["label"] if step else digest.action(document)
            return _Place(stage, what, *who(step))


def _other_side(document: Plain, joint: Plain) -> _Place:
    """The recommendation is about the other joint: this one waits for it, or goes on with its own evaluation."""
    first = document["recommendation"]["side"]
    waits = f"The {first} joint comes first"
    if ready(joint):
        return _Place("decision", waits, "nobody")
    step = next((s for s in document["next"] if s["side"] == joint["side"] and "payer" not in s["purpose"]), None)
    if step is None:
        return _Place("evaluation", waits, "nobody")
    stage = "injection" if step["stage"] == "injection" else "evaluation"
    return _Place(stage, step["label"], *who(step))
