"""The life of a request: moves as data, histories that only grow, and what a page shows of them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.store import Store, ledger, patients
from nutation.web.papers import chart_requests, denials, request_life
from nutation.web.papers.request_life import MOVES, STATES, Step, possible, standing, step
from nutation.web.settings import Settings
from web.made import NOW, Clock
from web.papers_made import DAY, PASSWORD, added, answer_again, answer_of, as_role, example, papers_app

PAPERS = frozenset({"submission", "appeal"})
BEGUN = Step(move="begin", state="draft", on="2026-08-01")
TOLD = {
    "on": "2026-08-10", "due_on": "2026-08-20", "number": "PA 1", "expires_on": "2026-12-01", "reason": "blocks",
    "note": "As the letter says.",
}  # fmt: skip
SEND = {"on": "2026-09-01", "due_on": "2026-09-15"}


def moved(*names: str, steps: tuple[Step, ...] = (BEGUN,), **told: str) -> tuple[Step, ...]:
    for name in names:
        made = step(steps, name, {**TOLD, **told}, today=DAY, reasons=denials.LABELS, papers=PAPERS)
        steps = (*steps, made)
    return steps


# ── the table of states and moves ────────────────────────────────────────────────────────────────────


def test_the_table_is_whole() -> None:
    """Every state can be reached and, but for the end, left; who waits is told with a due date to ask for."""
    reached = {"draft"} | {move.to for move in MOVES.values()}
    assert reached >= set(STATES)
    for name, state in STATES.items():
        leaving = [move for move in MOVES.values() if name in move.origins]
        assert leaving or name == "withdrawn"
        assert bool(state.waits_from) == bool(state.waits_for)
        if state.due:
            into = [move for move in MOVES.values() if move.to == name]
            assert all("due_on" in move.needs for move in into), name
        assert not state.due or state.waits_from
    for move in MOVES.values():
        assert not set(move.needs) & set(move.may)
        assert move.origins <= set(STATES)
        assert "on" in move.needs or move is MOVES["take_back"]


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ([], "draft"),
        (["send"], "sent"),
        (["send", "ask_more"], "more_information"),
        (["send", "ask_more", "answer_more"], "sent"),
        (["send", "set_talk"], "peer_to_peer"),
        (["send", "set_talk", "hold_talk"], "sent"),
        (["send", "approve"], "approved"),
        (["send", "approve", "extend"], "approved"),
        (["send", "approve", "deny"], "denied"),
        (["send", "deny", "set_talk", "hold_talk"], "sent"),
        (["send", "deny", "appeal"], "appeal"),
        (["send", "deny", "appeal", "ask_more", "answer_more"], "appeal"),
        (["send", "deny", "appeal", "set_talk", "hold_talk", "approve"], "approved"),
        (["send", "deny", "appeal", "deny", "appeal", "deny", "withdraw"], "withdrawn"),
        (["withdraw"], "withdrawn"),
        (["send", "approve", "take_back"], "sent"),
        (["send", "deny", "take_back", "take_back"], "draft"),
        (["send", "withdraw", "take_back", "approve"], "approved"),
    ],
)
def test_ways_through_the_life(path: list[str], state: str) -> None:
    steps = moved(*path)
    assert steps[-1].state == state
    assert standing(steps)[-1].state == state


@pytest.mark.parametrize(
    ("path", "move"),
    [
        ([], "approve"), ([], "deny"), ([], "appeal"), ([], "take_back"), (["send"], "send"), (["send"], "appeal"),
        (["send"], "hold_talk"), (["send", "approve"], "approve"), (["send", "approve"], "appeal"),
        (["send", "deny"], "approve"), (["withdraw"], "send"), (["send", "withdraw"], "approve"), (["send"], "no_move"),
    ],
)  # fmt: skip
def test_a_wrong_move_is_refused_with_what_is_possible(path: list[str], move: str) -> None:
    steps = moved(*path)
    with pytest.raises(InputError, match="is not possible") as caught:
        moved(move, steps=steps)
    for name in possible(steps):
        assert MOVES[name].label.lower() in caught.value.mend


@pytest.mark.parametrize(
    ("move", "told", "says"),
    [
        ("send", {"due_on": ""}, "Missing: answer expected by"), ("send", {"on": ""}, "Missing: day"),
        ("send", {"on": "2026-09-02"}, "lies ahead"), ("send", {"on": "soon"}, "is not a day"),
        ("send", {"due_on": "2026-08-09"}, "before 2026-08-10"), ("send", {"on": "20260810x"}, "is not a day"),
        ("approve", {"number": " "}, "Missing: number of the approval"),
        ("approve", {"expires_on": ""}, "Missing: expires on"), ("approve", {"expires_on": "2026-08-01"}, "before"),
        ("deny", {"reason": ""}, "Missing: reason"), ("deny", {"reason": "mood"}, "not one of the reasons"),
        ("deny", {"note": ""}, "Missing: the reason as the payer wrote it"),
        ("deny", {"due_on": ""}, "Missing: appeal possible until"),
        ("ask_more", {"note": ""}, "Missing: what the payer asks for"),
        ("set_talk", {"due_on": ""}, "Missing: day of the talk"), ("approve", {"number": "1" * 81}, "longer than 80"),
        ("withdraw", {"note": "x" * 4001}, "longer than 4000"), ("take_back", {"note": ""}, "Missing: what was wrong"),
        ("approve", {"on": "2026-08-09"}, "before the last step"),
    ],
)  # fmt: skip
def test_what_a_move_needs(move: str, told: dict[str, str], says: str) -> None:
    before = (BEGUN,) if move == "send" else moved("send")
    with pytest.raises(InputError, match=says) as caught:
        moved(move, steps=before, **told)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("path", "move", "paper"), [([], "send", "submission"), (["send", "deny"], "appeal", "appeal")]
)
def test_nothing_goes_out_unsigned(path: list[str], move: str, paper: str) -> None:
    with pytest.raises(InputError, match=f"The {paper} is not signed"):
        step(moved(*path), move, TOLD, today=DAY, reasons=denials.LABELS, papers=PAPERS - {paper})


FIELDS = st.fixed_dictionaries(
    {
        "on": st.dates(date(2026, 8, 1), DAY + timedelta(days=3)).map(str) | st.sampled_from(["", "x"]),
        "due_on": st.dates(date(2026, 8, 1), date(2027, 1, 1)).map(str) | st.just(""),
        "expires_on": st.dates(date(2026, 8, 1), date(2027, 1, 1)).map(str) | st.just(""),
        "number": st.text(max_size=5), "reason": st.sampled_from([*denials.REASONS, "", "mood"]),
        "note": st.text(max_size=5),
    }
)  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from([*MOVES, "no_move"]), FIELDS), max_size=12),
    st.sets(st.sampled_from(sorted(PAPERS))),
)
def test_whatever_is_tried_the_history_only_grows_and_stays_lawful(
    tries: list[tuple[str, dict[str, str]]], papers: set[str]
) -> None:
    """A move is taken only from where it may start, with all that it needs, and leads where the table says.

    What was taken is never changed by what follows, and the last entry alone tells what holds.
    """
    steps: tuple[Step, ...] = (BEGUN,)
    for name, told in tries:
        can, held, mend = possible(steps), standing(steps), ""
        try:
            made = step(steps, name, told, today=DAY, reasons=denials.LABELS, papers=frozenset(papers))
        except InputError as error:
            mend = error.mend
            made = None
        if made is None:
            assert mend
            assert name in can or all(MOVES[one].label.lower() in mend for one in can)
            continue
        move = MOVES[name]
        assert name in can
        assert held[-1].state in move.origins
        assert move.signed is None or move.signed in papers
        assert made.state == request_life.leads_to(steps, name)
        if name == "take_back":
            assert made.note.strip()
            assert made.state == held[-2].state
        else:
            assert all(getattr(made, need) for need in move.needs)
            assert made.on <= DAY.isoformat()
            assert not STATES[made.state].due or made.due_on >= made.on
            assert made.state != "approved" or (made.number and made.expires_on >= made.on)
            assert made.state != "denied" or made.reason in denials.REASONS
        before = steps
        steps = (*steps, made)
        assert steps[: len(before)] == before
        now = standing(steps)[-1]
        assert (now.state, now.due_on, now.expires_on) == (made.state, made.due_on, made.expires_on)
        assert len(standing(steps)) >= 1


def test_many_of_the_tried_moves_are_taken() -> None:
    """The property above is no empty one: with all fields told, a random walk goes far."""
    import random

    rng, seen = random.Random(5), set[str]()
    for _ in range(60):
        steps: tuple[Step, ...] = (BEGUN,)
        for _ in range(8):
            can = possible(steps)
            if not can:
                break
            steps = moved(rng.choice(can), steps=steps)
        seen |= {one.move for one in steps}
    assert seen == {"begin", *MOVES}


# ── denial reasons ───────────────────────────────────────────────────────────────────────────────────


def test_every_criterion_has_a_reason_that_speaks_of_it() -> None:
    topics = {
        str(criterion["topic"])
        for located in load().policies
        if located.plain.get("kind") in ("coverage", "national", "society")
        for criterion in located.plain.get("criteria") or ()
    }
    assert len(topics) > 20
    spoken = {topic for reason in denials.REASONS.values() for topic in reason.topics}
    assert topics <= spoken, topics - spoken
    assert "other" in denials.REASONS


def test_a_denial_maps_to_the_gap_and_to_what_closes_it() -> None:
    """The negative second block is no gap that a paper closes; the missing attestation is one, with its form."""
    document = answer_of("discordant-blocks")
    first, second = denials.gaps(document, "EVICORE_CMM611", "left", "blocks")
    assert first.text.startswith("At least 2 blocks under fluoroscopy")
    assert (first.documented, first.contrary > 0, first.steps) == (False, True, ())
    assert second.text.startswith("The relief lasted")
    assert second.steps == (("Will the clinician attest: relief lasted as anaesthetic?", "attestation", "left"),)
    assert denials.gaps(document, "EVICORE_CMM611", "left", "device") == []
    shown = denials.gaps(document, "EVICORE_CMM611", "left", "conservative_care")
    assert len(shown) >= 4
    assert all(one.documented for one in shown)
    one = answer_of("one-block-only")
    steps = [told for gap in denials.gaps(one, "AETNA_CPB0016", "right", "blocks") for told in gap.steps]
    assert any(form == "injection" for _, form, _ in steps)


# ── kept on both databases ───────────────────────────────────────────────────────────────────────────


def _take(conn: Any, patient: str, request: str, move: str, *, seen: int, **told: str) -> chart_requests.Request:
    return chart_requests.take_step(
        conn, patient, request, move, {**TOLD, **told}, seen=seen, papers={"submission": "f" * 64}, today=DAY, by="dr",
        at=NOW,
    )  # fmt: skip


def test_requests_on_both_databases(database_url: str) -> None:
    store = Store.open(database_url)
    try:
        with store.write() as conn:
            patient = patients.add(conn, "Anna Berg", by="dr", at=NOW)
            made = chart_requests.begin(
                conn, patient, side="left", policy="P", policy_version="1", today=DAY, by="dr", at=NOW
            )
            with pytest.raises(InputError, match="is open already"):
                chart_requests.begin(
                    conn, patient, side="left", policy="P", policy_version="1", today=DAY, by="dr", at=NOW
                )
        with store.write() as conn:
            _take(conn, patient, made, "send", seen=1, on="2026-09-01", due_on="2026-09-15")
        with pytest.raises(InputError, match="Meanwhile somebody entered “Sent”"), store.write() as conn:
            _take(conn, patient, made, "withdraw", seen=1, on="2026-09-01")
        with store.write() as conn:
            told = _take(conn, patient, made, "approve", seen=2, on="2026-09-01", number="A 7", expires_on="2026-10-01")
            assert told.now.state == "approved"
            assert not told.open
            assert not told.overdue(DAY)
            assert told.overdue(date(2026, 10, 2))
            entries = ledger.entries(conn, patient, ("request",))
            assert [entry.body["state"] for entry in entries if entry.body] == ["draft", "sent", "approved"]
            last = entries[-1].body
            assert last is not None
            # what the worklist reads
            assert {name: last[name] for name in ("id", "side", "policy", "number", "expires_on", "due_on")} == {
                "id": made, "side": "left", "policy": "P", "number": "A 7", "expires_on": "2026-10-01", "due_on": None,
            }  # fmt: skip
            sent = entries[1].body
            assert sent is not None
            assert (sent["due_on"], sent["pdf_sha256"]) == ("2026-09-15", "f" * 64)
            again = chart_requests.begin(
                conn, patient, side="left", policy="P", policy_version="1", today=DAY, by="dr", at=NOW
            )
            assert {one.id for one in chart_requests.every(conn, patient)} == {made, again}
            chart_requests.keep_due_days(conn, {"sent": "14", "appeal": ""}, by="dr", at=NOW)
            assert chart_requests.due_days(conn) == {"sent": 14}
            for wrong in ("0", "-1", "x", "9999"):
                with pytest.raises(InputError, match="no number of days"):
                    chart_requests.keep_due_days(conn, {"sent": wrong}, by="dr", at=NOW)
    finally:
        store.close()


# ── the pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def app(store: Store, settings: Settings, clock: Clock) -> FastAPI:
    return papers_app(store, settings, clock)


@pytest.fixture
def patient(store: Store) -> str:
    return added(store, "discordant-blocks")


def begun(client: TestClient, patient: str, policy: str = "EVICORE_CMM611") -> str:
    answer = client.post(f"/patients/{patient}/requests", data={"choice": f"left:{policy}"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def signed(client: TestClient, place: str, paper: str = "submission") -> Any:
    sha = re.search(r'name="sha" value="(\w+)"', client.get(f"{place}/{paper}").text)
    assert sha is not None
    return client.post(f"{place}/{paper}/sign", data={"sha": sha[1], "read": "yes", "password": PASSWORD})


def test_a_request_is_begun_for_a_policy_of_the_answer(app: FastAPI, patient: str) -> None:
    client = as_role(app, "coordinator")
    page = client.get(f"/patients/{patient}/requests?side=left").text
    assert 'value="left:EVICORE_CMM611"' in page
    assert "the patient&#39;s own plan" in page or "the patient's own plan" in page
    assert 'value="left:AETNA_CPB0016"' not in page  # another payer's: said with its reason
    assert "No submission is drafted for AETNA_CPB0016" in page
    place = begun(client, patient)
    page = client.get(place).text
    assert "Draft" in page
    assert "Submission: to be signed first." in page
    for choice in ("left:AETNA_CPB0016", "right:EVICORE_CMM611", "", "left:NONE"):
        answer = client.post(f"/patients/{patient}/requests", data={"choice": choice})
        assert answer.status_code == 422
        assert "To mend it" in answer.text
    assert "is open already" in client.post(
        f"/patients/{patient}/requests", data={"choice": "left:EVICORE_CMM611"}
    ).text  # fmt: skip


def test_the_whole_life_on_its_page(app: FastAPI, store: Store, patient: str) -> None:
    client = as_role(app, "surgeon", "coordinator", shown="Dr R. Halvorsen", password=PASSWORD)
    place = begun(client, patient)
    answer = client.post(f"{place}/moves/send", data={"seen": "1", **SEND, "note": "Sent by <b>fax</b>"})
    assert answer.status_code == 422
    assert "The submission is not signed" in answer.text
    assert "Sent by &lt;b&gt;fax&lt;/b&gt;" in answer.text  # what was entered is not lost
    assert signed(client, place).status_code == 303
    answer_again(store, patient)
    assert client.post(f"{place}/moves/send", data={"seen": "1", **SEND}).status_code == 303
    page = client.get(place).text
    assert "15 Sep 2026" in page
    assert "What was sent" in page
    told = {
        "seen": "2", "on": "2026-09-01", "due_on": "2026-10-15", "reason": "blocks", "number": "PA-1",
        "note": "Two injections were not <shown>.",
    }  # fmt: skip
    assert client.post(f"{place}/moves/deny", data=told).status_code == 303
    page = client.get(place).text
    for part in (
        "What the denial speaks of", "the diagnostic injections do not meet the policy", "records speak against it",
        "Two injections were not &lt;shown&gt;.", "Will the clinician attest: relief lasted as anaesthetic?", "PA-1",
        "15 Oct 2026", "Dr R. Halvorsen", "Appeal",
    ):  # fmt: skip
        assert part in page, part
    stale = {"seen": "2", "on": "2026-09-01", "note": "no"}
    assert "Meanwhile somebody entered “Denied”" in client.post(f"{place}/moves/withdraw", data=stale).text
    wrong = client.post(f"{place}/moves/approve", data={"seen": "3"})
    assert wrong.status_code == 422
    assert "choose what is possible from there: a peer-to-peer talk is arranged; the appeal is sent" in wrong.text
    assert client.post(f"{place}/moves/take_back", data={"seen": "3", "note": "another patient"}).status_code == 303
    page = client.get(place).text
    assert "taken back" in page
    assert "What the denial speaks of" not in page
    listed = client.get(f"/patients/{patient}/requests").text
    assert "Sent" in listed
    assert client.post(f"{place}/moves/no_move", data={"seen": "4"}).status_code == 422


def test_days_are_the_clinics_own(app: FastAPI, patient: str) -> None:
    client = as_role(app, "coordinator")
    place = begun(client, patient)
    assert 'name="due_on" type="date" value=""' in client.get(place).text
    assert client.post("/request-days", data={"sent": "no"}).status_code == 422
    assert client.post("/request-days", data={"sent": "14"}).status_code == 303
    assert 'name="due_on" type="date" value="2026-09-15"' in client.get(place).text


def test_who_may_carry_a_request(app: FastAPI, patient: str) -> None:
    place = begun(as_role(app, "coordinator"), patient)
    therapist = as_role(app, "therapist")
    page = therapist.get(place)
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2]
    assert therapist.post(f"/patients/{patient}/requests", data={"choice": "left:NASS_2015"}).status_code == 403
    assert therapist.post(f"{place}/moves/withdraw", data={"seen": "1"}).status_code == 403
    assert therapist.post("/request-days", data={"sent": "1"}).status_code == 403
    for role in ("researcher", "administrator"):
        assert as_role(app, role).get(place).status_code == 403
    assert therapist.get(f"{place}x").status_code == 404
    assert therapist.get(f"{place}/no-paper").status_code == 404


def test_nothing_to_ask_while_the_gate_stands(app: FastAPI, store: Store) -> None:
    patient = added(store, "cauda-equina")
    client = as_role(app, "coordinator")
    page = client.get(f"/patients/{patient}/requests").text
    assert "The safety gate comes first" in page
    assert 'name="choice"' not in page
    assert example("cauda-equina").label
