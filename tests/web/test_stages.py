"""Where a joint stands and what it waits for: the answer expected of each situation was written down before the rule.

The documents are those of the example patients, asked about on 1 September 2026; what the clinic did is told by
entries, as its pages write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nutation.case import build_case, document
from nutation.record.record import Record
from nutation.report import digest
from nutation.store import Entry
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.store.worklist import Row
from nutation.web.stages import STAGES, StageSettings, rows_of, stage_settings
from report.answered_examples import answered

TODAY = date(2026, 9, 1)
MADE = datetime(2026, 9, 1, 6, tzinfo=UTC)
LAST = datetime(2026, 8, 31, 9, tzinfo=UTC)
PATIENT = Patient(
    "a" * 32, "Anna Berg", None, "1" * 64, "1" * 64, 1, MADE, MADE, None, None, (("clinic", "MRN-17"),)
)  # fmt: skip
SETTINGS = StageSettings(recovery_months=6)


def entries(*told: tuple[str, dict[str, Any]], last: datetime = LAST) -> list[Entry]:
    """Entries in this order, one a day; the first is the referral, the last was made on 31 August."""
    begun = last - timedelta(days=len(told))
    listed = [("patient", {"label": "Anna Berg", "born": None}), *told]
    return [
        Entry("a" * 32, n, kind, begun + timedelta(days=n - 1), "person", body, "", "", "", f"{n:064x}")
        for n, (kind, body) in enumerate(listed, 1)
    ]


def request(state: str, side: str = "left", **more: Any) -> tuple[str, dict[str, Any]]:
    return "request", {"id": "r1", "side": side, "policy": "EVICORE_CMM611", "state": state, **more}


def submission(signed: bool) -> tuple[str, dict[str, Any]]:
    return "submission", {"id": "s1", "request": "r1", "side": "left", "signed": {"by": "Dr"} if signed else None}


def plan(confirmed: bool) -> tuple[str, dict[str, Any]]:
    return "plan", {"id": "p1", "side": "left", "verdict": "planned", "stated": {"by": "Dr"} if confirmed else None}


def conference(outcome: str) -> tuple[str, dict[str, Any]]:
    return "conference", {"on": "2026-08-30", "present": [], "decided": "…", "dissent": "", "outcome": outcome}


EVENTS: tuple[str, dict[str, Any]] = ("events", {"events": []})


def operation(document_: dict[str, Any], day: str, modality: str, side: str = "left") -> None:
    """Add an operation of the joint to a document, as it would be told there."""
    happened = {"from": day, "to": day, "text": day}
    document_["events"].append(
        {
            "id": f"operation-{day}", "kind": "operation", "side": side, "modality": modality, "stands": True,
            "happened": happened, "values": {"target": "si_joint"}, "recorded_at": f"{day}T12:00:00+00:00",
        }
    )  # fmt: skip


def rows(
    name: str | dict[str, Any],
    told: Sequence[tuple[str, dict[str, Any]]] = (),
    settings: StageSettings = SETTINGS,
    last: datetime = LAST,
) -> list[Row]:
    told_of = answered(name) if isinstance(name, str) else name
    answer = Answer("a" * 32, "1" * 64, TODAY, "2" * 64, {}, MADE, False, told_of)
    return list(rows_of(PATIENT, answer, entries(*told, last=last), TODAY, settings))


def one(*told: Any, **more: Any) -> Row:
    found = rows(*told, **more)
    assert len(found) == 1
    return found[0]


def place(row: Row) -> tuple[str, str, str]:
    return row.stage, row.waits_from, row.form


# ── before the gate ─────────────────────────────────────────────────────────────────────────────────


def empty_document() -> dict[str, Any]:
    return document(build_case(Record(patient="a" * 32, events=(), label="Anna Berg"), as_of=TODAY))


def test_a_referral_of_whom_nothing_is_known_is_one_row_without_a_side() -> None:
    # Nobody asked or examined anything: the safety screen is the first thing, a clinician asks it.
    row = one(empty_document())
    assert (row.side, row.gate) == ("unknown", "not_screened")
    assert place(row) == ("referred", "therapist", "safety_screen")
    assert row.due_on is None  # nobody told within how many days a referral is seen
    assert row.probability == ""


def test_the_clinic_may_set_within_how_many_days_a_referral_is_seen() -> None:
    # The referral was entered on 31 August; ten days later it is due.
    row = one(empty_document(), settings=StageSettings(recovery_months=6, first_contact_days=10))
    assert row.due_on == date(2026, 9, 10)


def test_examined_and_not_screened_is_in_evaluation_and_waits_for_the_screen() -> None:
    # Examination and blocks are there, so it is no new referral; the gate stands before their answer, which the
    # list does not show, since a line has no room for the warning that belongs beside it.
    row = one("silent-tumour")
    assert place(row) == ("evaluation", "therapist", "safety_screen")
    assert row.gate == "not_screened"
    assert row.probability == ""


def test_a_standing_emergency_is_due_the_day_it_was_answered_of() -> None:
    row = one("cauda-equina")
    assert place(row) == ("evaluation", "surgeon", "gate_resolution")
    assert (row.gate, row.action, row.due_on) == ("standing", "refer_urgently", TODAY)
    assert "cauda equina" in row.waits_for


def test_a_standing_item_that_is_no_emergency_has_no_day_of_its_own() -> None:
    row = one("hip-mimic")
    assert place(row) == ("evaluation", "surgeon", "gate_resolution")
    assert row.due_on is None


# ── evaluation to decision ──────────────────────────────────────────────────────────────────────────


def test_a_second_block_to_come_is_the_injection_stage() -> None:
    # The recommendation names the block; an attestation for the payer stands before it in the list and is not it.
    row = one("one-block-only")
    assert place(row) == ("injection", "surgeon", "injection")
    assert row.probability.startswith("79 %")


def test_a_case_that_is_ready_waits_for_the_surgeons_decision() -> None:
    # The recommendation is no decision: until somebody decides, nothing is asked of a payer.
    row = one("classic-degenerative")
    assert place(row) == ("decision", "surgeon", "/conference")
    assert row.action == "request_authorisation"
    assert row.probability == "91 % (76 to 97 %)"


def test_decided_for_an_operation_it_waits_for_the_request() -> None:
    row = one("classic-degenerative", [EVENTS, conference("operation")])
    assert place(row) == ("authorisation", "coordinator", "/requests")


def test_a_decision_older_than_the_findings_is_made_again() -> None:
    row = one("classic-degenerative", [conference("operation"), EVENTS])
    assert place(row) == ("decision", "surgeon", "/conference")


def test_a_device_that_no_policy_speaks_of_is_a_question_before_the_decision() -> None:
    # Source supported, conditions hold: what is open is which device is meant.
    row = one("posterior-allograft")
    assert place(row) == ("decision", "coordinator", "operation")


def test_discordant_blocks_go_on_with_care() -> None:
    row = one("discordant-blocks")
    assert place(row) == ("decision", "therapist", "conservative_care")


def test_a_joint_that_is_not_the_source_waits_to_be_let_go() -> None:
    row = one("discogenic-centralisation")
    assert place(row) == ("decision", "surgeon", "/conference")
    assert row.action == "do_not_fuse"


def test_closed_by_the_conference_and_open_again_with_new_events() -> None:
    closed = one("discogenic-centralisation", [EVENTS, conference("closed")])
    assert place(closed) == ("closed", "nobody", "")
    assert closed.expires_on is None
    again = one("discogenic-centralisation", [EVENTS, conference("closed"), EVENTS])
    assert again.stage == "decision"


def test_care_that_works_is_followed_up_by_the_patient() -> None:
    row = one("lasting-injection-relief")
    assert place(row) == ("follow_up", "patient", "conservative_care")


# ── both sides ──────────────────────────────────────────────────────────────────────────────────────


def test_of_two_joints_one_goes_first_and_the_other_waits_for_it() -> None:
    # The recommendation orders the sides: never two operations at once, and nobody has anything to do at the left.
    left, right = rows("bilateral")
    assert (left.side, right.side) == ("left", "right")
    assert place(right) == ("decision", "surgeon", "/conference")
    assert place(left) == ("decision", "nobody", "")
    assert (left.action_other_side, right.action_other_side) == (True, False)
    assert "right joint" in left.waits_for


def test_a_request_for_one_side_says_nothing_of_the_other() -> None:
    left, right = rows("bilateral", [request("sent", "right", due_on="2026-09-15")])
    assert place(right) == ("authorisation", "payer", "/requests")
    assert left.stage == "decision"


# ── the payer ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "stage", "waits_from"),
    [
        ([request("draft")], "authorisation", "coordinator"),  # to be prepared
        ([request("draft"), submission(False)], "authorisation", "surgeon"),  # to be signed
        ([request("draft"), submission(True)], "authorisation", "coordinator"),  # to be sent
        ([request("draft"), submission(True), EVENTS], "authorisation", "surgeon"),  # opened again by a finding
        ([request("sent")], "authorisation", "payer"),
        ([request("more_information")], "authorisation", "coordinator"),
        ([request("peer_to_peer")], "authorisation", "surgeon"),
        ([request("denied")], "authorisation", "coordinator"),  # an appeal, or what the denial names
        ([request("denied"), request("appeal")], "authorisation", "payer"),
        ([request("sent"), request("withdrawn")], "decision", "surgeon"),  # as if it had not been made
        ([request("approved", expires_on="2026-12-01")], "planning", "surgeon"),
    ],
)
def test_each_state_of_a_request(told: list[Any], stage: str, waits_from: str) -> None:
    row = one("classic-degenerative", told)
    assert (row.stage, row.waits_from) == (stage, waits_from)


def test_a_request_brings_its_due_date() -> None:
    assert one("classic-degenerative", [request("peer_to_peer", due_on="2026-09-04")]).due_on == date(2026, 9, 4)


def test_an_approval_that_ran_out_is_asked_for_again() -> None:
    row = one("classic-degenerative", [request("approved", expires_on="2026-08-31")])
    assert place(row) == ("authorisation", "coordinator", "/requests")


def test_while_the_payer_reads_an_old_screen_is_shown_and_does_not_take_its_place() -> None:
    # The screen has to be asked again before the operation; the request goes on meanwhile.
    row = one("silent-tumour", [request("sent", "right")])
    assert (row.stage, row.waits_from, row.gate) == ("authorisation", "payer", "not_screened")
    # Something standing takes the place of everything.
    row = one("cauda-equina", [request("sent")])
    assert (row.stage, row.waits_from, row.gate) == ("authorisation", "surgeon", "standing")


# ── plan and operation ──────────────────────────────────────────────────────────────────────────────

APPROVED = request("approved", expires_on="2026-12-01")


def test_an_approved_joint_is_planned_then_confirmed() -> None:
    row = one("classic-degenerative", [APPROVED])
    assert place(row) == ("planning", "surgeon", "/plan")
    # The approval's own end is later than that of the safety screen, whose last day is 1 October.
    assert row.expires_on == date(2026, 10, 2)
    assert place(one("classic-degenerative", [APPROVED, plan(False)])) == ("planning", "surgeon", "/plan")
    no_way = "plan", {"id": "p1", "side": "left", "verdict": "no_plan_within_limit", "stated": None}
    assert one("classic-degenerative", [APPROVED, no_way]).waits_for == "Plan the operation"
    assert "Confirm" in one("classic-degenerative", [APPROVED, plan(False)]).waits_for


def test_before_an_operation_the_screen_comes_first() -> None:
    row = one("silent-tumour", [request("approved", "right", expires_on="2026-12-01")])
    assert place(row) == ("planning", "therapist", "safety_screen")


def test_a_confirmed_plan_waits_for_its_day_and_then_for_the_record() -> None:
    # The example's intended operation of 1 September is the day of service that was asked about: on that very day
    # the operation is awaited, and the day after it is overdue.
    waits = one("classic-degenerative", [APPROVED, plan(True)])
    assert (waits.stage, waits.waits_from, waits.form) == ("operation", "surgeon", "operation")
    assert waits.due_on == TODAY
    unset = answered("classic-degenerative")
    unset["events"] = [e for e in unset["events"] if e["kind"] != "operation"]
    assert one(unset, [APPROVED, plan(True)]).waits_from == "coordinator"  # somebody sets the day
    for day, waits_for in (("2026-10-05", "Operation on 5 Oct 2026"), ("2026-08-30", "Record the operation")):
        told = {**unset, "events": list(unset["events"])}
        operation(told, day, "intended")
        row = one(told, [APPROVED, plan(True)])
        assert (row.stage, row.due_on) == ("operation", date.fromisoformat(day))
        assert row.waits_for.startswith(waits_for)


# ── after the operation ─────────────────────────────────────────────────────────────────────────────


def operated(day: str) -> dict[str, Any]:
    told = answered("classic-degenerative")
    operation(told, day, "actual")
    told["joints"][0]["fused"] = True
    told["recommendation"] = {"action": "follow_up", "side": "left", "reason": "", "basis": ["joint_fused"]}
    told["next"] = []
    return told


def test_recovery_lasts_as_the_clinic_set_it_and_then_it_is_followed_up() -> None:
    # Six months after 1 April is 1 October: on 1 September the joint recovers still.
    row = one(operated("2026-04-01"), [APPROVED, plan(True)], last=datetime(2026, 3, 20, tzinfo=UTC))
    assert place(row) == ("recovery", "patient", "")
    assert (row.due_on, row.expires_on, row.probability) == (date(2026, 10, 1), None, "")
    assert one(operated("2026-02-01")).stage == "follow_up"
    assert one(operated("2026-04-01"), settings=StageSettings(recovery_months=3)).stage == "follow_up"


def test_a_fused_joint_that_hurts_again_is_worked_up_in_follow_up() -> None:
    row = one("fused-recurrent-pain")
    assert place(row) == ("follow_up", "therapist", "examination")
    assert row.action == "work_up_failed_fusion"


def test_a_request_after_the_operation_begins_another_round() -> None:
    row = one(operated("2026-02-01"), [request("sent")])
    assert (row.stage, row.waits_from) == ("authorisation", "payer")
    row = one(operated("2026-08-31"), [request("sent"), EVENTS])  # of the round that this operation ended
    assert row.stage == "recovery"


# ── the whole ───────────────────────────────────────────────────────────────────────────────────────


def test_what_expires_first_is_named_with_the_first_day_on_which_it_no_longer_counts() -> None:
    # Asked on 1 September; the shortest validity of an item is 30 days, so 1 October is the last that counts. That
    # every injection is recorded was stated up to 1 September: such a statement is made anew with each request, and
    # would stand on every line from the next day on, so it is not told here.
    row = one("classic-degenerative")
    assert row.expires_on == date(2026, 10, 2)
    assert row.expires_what == "Safety screen"


def test_the_default_length_of_recovery_is_a_cited_figure() -> None:
    # recovery_clinic_timeline, normal_months_high
    assert stage_settings(None).recovery_months == 6


@pytest.mark.parametrize("name", ["bilateral", "silent-infection", "septic-sacroiliitis", "fused-recurrent-pain"])
def test_every_row_fits_its_table_and_the_gate_is_the_documents(name: str) -> None:
    told = answered(name)
    for row in rows(name):
        assert row.stage_order == STAGES.index(row.stage)
        assert row.waits_from in ("therapist", "coordinator", "surgeon", "payer", "patient", "nobody")
        assert len(row.form) <= 40
        assert row.gate == digest.gate_state([j for j in told["joints"] if j["side"] == row.side])
        assert (row.patient, row.label, row.search) == (PATIENT.id, "Anna Berg", "anna berg mrn-17")
        assert (row.as_of, row.made_at) == (TODAY, MADE)
