"""Submissions in the browser: what is in them, who signs, when they open again, and what a payer never sees."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pypdf import PdfReader

from docs.words import NEVER_TO_A_PAYER, NEVER_TO_ANYONE, found
from nutation.evidence import load
from nutation.record.head import Source
from nutation.record.kinds import Coverage, Injection, SymptomReport
from nutation.record.period import Period
from nutation.store import Store, answers, events, ledger
from nutation.web.papers import compared
from nutation.web.settings import Settings
from web.made import NOW, Clock, add_person, sign_in_as
from web.papers_made import (
    DAY,
    PASSWORD,
    added,
    answer_again,
    append,
    as_role,
    example,
    kept,
    papers_app,
    pdf_of,
    picture_of,
    read_texts_of,
    text_of,
    texts_of,
    upload,
    with_field,
    writer_of,
    written,
)

NEGATIVE = "injection-2e71a2ceddf0be69"
"""The second block of the twin: 7 before, 6.5 after."""
POSITIVE = "injection-ea9c86f42a9bf9f0"
EVICORE = "EVICORE_CMM611"
SEND = {"seen": "1", "on": "2026-09-01", "due_on": "2026-09-15"}


@pytest.fixture
def app(store: Store, settings: Settings, clock: Clock) -> FastAPI:
    return papers_app(store, settings, clock)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return as_role(app, "surgeon", "coordinator", shown="Dr R. Halvorsen", password=PASSWORD)


def begun(client: TestClient, patient: str, policy: str = EVICORE, side: str = "left") -> str:
    answer = client.post(f"/patients/{patient}/requests", data={"choice": f"{side}:{policy}"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def sha_of(client: TestClient, place: str, paper: str = "submission") -> str:
    told = re.search(r'name="sha" value="(\w+)"', client.get(f"{place}/{paper}").text)
    assert told is not None
    return told[1]


def sign(client: TestClient, place: str, paper: str = "submission", **told: str) -> Any:
    sent = {"sha": told.pop("sha", "") or sha_of(client, place, paper), "read": "yes", "password": PASSWORD, **told}
    return client.post(f"{place}/{paper}/sign", data=sent)


def draft(client: TestClient, place: str, paper: str = "submission") -> bytes:
    answer = client.get(f"{place}/{paper}/draft.pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def signed_pdf(client: TestClient, place: str, paper: str = "submission") -> bytes:
    page = client.get(f"{place}/{paper}").text
    path = re.search(rf'href="{place}(/{paper}/signed/\w+\.pdf)"', page)
    assert path is not None, page
    return client.get(f"{place}{path[1]}").content


# ── what is in it ────────────────────────────────────────────────────────────────────────────────────


def test_the_twin_has_both_blocks_in_it(client: TestClient, store: Store) -> None:
    """The second block is negative: it stands in the letter, among the contrary findings, with its exhibit and page."""
    patient = added(store, "discordant-blocks")
    record = with_field(writer_of("first block", "second block", "not pinned"), "written into a field")
    kept(store, patient, written(record), {1: [POSITIVE], 2: [NEGATIVE]}, title="Block record")
    place = begun(client, patient)
    page = client.get(f"{place}/submission").text
    assert "not documented" in page
    assert "Less than full response" in page
    pages = texts_of(draft(client, place))
    text = " ".join(" ".join(pages).split())
    assert "pain 7 of 10 before and 1 of 10 after" in text
    assert text.count("pain 7 of 10 before and 6.5 of 10 after") >= 2
    assert "Contrary and negative findings" in text
    number = re.search(r"Exhibit (\d+), page 1 of 3", text)
    assert number is not None
    document = number[1]
    first, second = pages[-2:]
    assert f"Exhibit {document}, page 1 of 3" in first
    assert "first block" in first
    assert "written into a field" in first
    assert f"Exhibit {document}, page 2 of 3" in second
    assert "second block" in second
    assert "not pinned" not in text
    assert f"1, 2 of 3 {len(pages) - 1}" in text  # the index: pages shown, and where they stand
    told = f"source: {document}, page 1 (p. {len(pages) - 1}); {document}, page 2 (p. {len(pages)})"
    assert told in text  # the criterion's line leads to the pages
    for n, one in enumerate(pages, 1):
        assert "DRAFT" in one.replace(" ", "").replace("\n", ""), n
        assert f"Page {n} of {len(pages)}" in one


def test_pictures_become_pages(client: TestClient, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    place = upload(client, patient, ("p.jpg", picture_of("JPEG", (600, 300)))).headers["location"].partition("?")[0]
    client.post(f"{place}/pins", data={"events": NEGATIVE, "page": "1"})
    request = begun(client, patient)
    last = PdfReader(io.BytesIO(draft(client, request))).pages[-1]
    assert "page 1 of 1" in last.extract_text()
    assert len(last.images) == 1
    assert "is a picture: look at it yourself" in client.get(f"{request}/submission").text


def test_the_readers_links_lead_to_the_exhibits(client: TestClient, store: Store) -> None:
    """A line "19 (p. 7)" is true with uploaded pages behind, too."""
    patient = added(store, "discordant-blocks")
    kept(store, patient, pdf_of("a page"), {1: [NEGATIVE, POSITIVE]})
    pages = texts_of(draft(client, begun(client, patient)))
    cited = set(re.findall(r"(?<!page )(?<!\d)(\d+) \(p\.\s(\d+)\)", " ".join(" ".join(pages).split())))
    assert len(cited) > 20
    for number, page in cited:
        assert f"Exhibit {number}" in " ".join(pages[int(page) - 1].split()), (number, page)


@pytest.mark.parametrize("name", ["discordant-blocks", "classic-degenerative"])
def test_what_a_payer_never_sees(client: TestClient, store: Store, name: str) -> None:
    """No probability, no verdict, no gap, no other payer's rule, no relief in percent, in any of the papers."""
    patient = added(store, name)
    policy = EVICORE if name == "discordant-blocks" else "AETNA_CPB0016"
    place = begun(client, patient, policy)
    assert sign(client, place).status_code == 303
    early = client.post(f"{place}/moves/send", data={**SEND, "on": "2026-08-31"})
    assert early.status_code == 422
    assert "when it was signed" in early.text  # nothing goes out before it is signed
    assert client.post(f"{place}/moves/send", data=SEND).status_code == 303
    denial = {
        "seen": "2", "on": "2026-09-01", "due_on": "2026-10-15", "reason": "blocks", "note": "Criterion not shown.",
    }  # fmt: skip
    assert client.post(f"{place}/moves/deny", data=denial).status_code == 303
    made = {"signed": signed_pdf(client, place)}
    made["peer-to-peer"] = draft(client, place, "peer-to-peer")
    if name == "discordant-blocks":
        made["appeal"] = draft(client, place, "appeal")
    with store.read() as conn:
        told = answers.latest(conn, patient)
    assert told is not None
    joint = told.document["joints"][0]
    own = next(one for one in joint["indication"]["policies"] if one["id"] == policy)
    own_names = {own["publisher"], *_payers(policy)}
    plans = " ".join(str(e["values"]) for e in told.document["events"] if e["kind"] == "coverage")
    for which, pdf in made.items():
        text = " ".join(" ".join(read_texts_of(pdf)).split())
        for criterion in own["criteria"]:
            text = text.replace(" ".join(criterion["text"].split()), " ")
        assert found(text, (*NEVER_TO_A_PAYER, *NEVER_TO_ANYONE)) == [], which
        assert found(text, ("undetermined", "interval", "gap", "next step", "mechanics", "verdict", "not met")) == []
        assert f"{joint['evaluation']['probability']['median']:.2f}" not in text
        assert not re.search(r"\d\s*%", text), (which, re.findall(r".{30}\d\s*%.{10}", text))
        for other in joint["indication"]["policies"]:
            if other["id"] == policy:
                continue
            assert other["id"] not in text, which
            for payer in _payers(other["id"]) if other["kind"] in ("coverage", "national") else ():
                if payer not in " ".join(own_names) and payer not in plans:
                    assert not re.search(rf"\b{re.escape(payer)}\b", text), (which, payer)


def _payers(policy: str) -> set[str]:
    return {
        str(name) for located in load().policies if located.plain["id"] == policy
        for name in (*located.plain.get("payers", ()), located.plain["publisher"])
    }  # fmt: skip


def test_the_signer_is_told_what_a_payer_should_not_get(client: TestClient, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    kept(store, patient, pdf_of("Carelon wrote that the pain was 80 % better"), {1: [NEGATIVE]})
    place = begun(client, patient)
    own = {"seen": "0", "why_now": "It is medically necessary; relief was 90 %.", "contrary": "Weighed."}
    assert client.post(f"{place}/submission/words", data=own).status_code == 303
    page = client.get(f"{place}/submission").text
    assert "say “medically necessary”" in page
    assert "it states a percentage without its two scores" in page
    assert re.search(r"Exhibit \d+, page 1: it names a payer who is not addressed", page)
    assert "It is medically necessary; relief was 90 %." in text_of(
        draft(client, place)
    )  # the words stay the clinician's


# ── the signature ────────────────────────────────────────────────────────────────────────────────────


def test_signed_by_a_named_clinician_and_kept(client: TestClient, store: Store) -> None:
    """The PDF loses its mark, is kept byte for byte, the answer it rests on is cited, and both are in the ledger."""
    patient = added(store, "discordant-blocks")
    kept(store, patient, pdf_of("a page"), {1: [NEGATIVE]})
    place = begun(client, patient)
    client.post(f"{place}/submission/words", data={"seen": "0", "why_now": "She can no longer lift crates."})
    sha = sha_of(client, place)
    assert sign(client, place).status_code == 303
    pdf = signed_pdf(client, place)
    assert signed_pdf(client, place) == pdf
    pages = texts_of(pdf)
    assert not any("DRAFT" in page.replace(" ", "") or "Draft" in page for page in pages)
    assert all("Signed by Dr R. Halvorsen, 2026-09-01" in page for page in pages)
    assert "She can no longer lift crates." in " ".join(pages)
    assert sha in "".join(pages)
    with store.read() as conn:
        told = answers.latest(conn, patient)
        assert told is not None
        assert told.cited
        (signature,) = [e for e in events.record_of(conn, patient).events if e.kind == "signature"]
        assert signature.author == "Dr R. Halvorsen"
        assert signature.attributes()["content_sha256"] == sha
        last = ledger.entries(conn, patient, ("submission",))[-1].body
        assert last is not None
        assert last["sha"] == sha
        assert last["signed"] == {"author": "Dr R. Halvorsen", "signed_as": "", "on": "2026-09-01"}
        assert last["answer"] == told.key
        assert last["content"]["form"] == "nutation.submission.1"
    assert "PDF/UA" not in str(PdfReader(io.BytesIO(pdf)).metadata)
    answer_again(store, patient)
    assert sign(client, place, sha=sha).status_code == 303  # twice is once
    with store.read() as conn:
        assert len([e for e in events.record_of(conn, patient).events if e.kind == "signature"]) == 1


def test_who_may_sign_and_how(app: FastAPI, client: TestClient, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    place = begun(client, patient)
    sha = sha_of(client, place)
    for role in ("coordinator", "therapist", "researcher", "administrator"):
        answer = as_role(app, role, password=PASSWORD).post(
            f"{place}/submission/sign", data={"sha": sha, "read": "yes", "password": PASSWORD}
        )
        assert answer.status_code == 403, role
    for told, says in (
        ({"password": "wrong"}, "password is not right"), ({"password": ""}, "Nothing was entered"),
        ({"read": ""}, "Nobody said that it was read"), ({"sha": "0" * 64}, "says something else by now"),
        ({"code": "123456", "password": ""}, "code is not right"),
    ):  # fmt: skip
        answer = sign(client, place, **{"sha": sha, **told})
        assert answer.status_code == 422, told
        assert says in answer.text
    assert "draft" in client.get(f"{place}/submission").text
    nobody = sign_in_as(app, add_person(store, ["surgeon"], shown="Software", password=PASSWORD))
    assert "bears no name that can sign" in sign(nobody, place, sha=sha).text
    with store.read() as conn:
        assert not [e for e in events.record_of(conn, patient).events if e.kind == "signature"]


def test_a_signature_cannot_be_guessed(store: Store, settings: Settings, clock: Clock) -> None:
    app = papers_app(store, settings.model_copy(update={"tries_per_name": 2}), clock)
    client = as_role(app, "surgeon", "coordinator", shown="Dr Moss", password=PASSWORD)
    place = begun(client, added(store, "discordant-blocks"))
    sha = sha_of(client, place)
    answers_ = [sign(client, place, sha=sha, password="wrong").status_code for _ in range(3)]
    assert answers_ == [422, 422, 429]
    assert sign(client, place, sha=sha).status_code == 429  # the right one, too, until the window is over
    clock.on(minutes=16)
    assert sign(client, place, sha=sha).status_code == 303


def test_a_code_of_the_second_factor_signs_too(app: FastAPI, store: Store, settings: Settings, clock: Clock) -> None:
    from nutation.store import people
    from nutation.web import identity

    person, secret = add_person(store, ["surgeon", "coordinator"], shown="Dr Moss"), identity.new_secret()
    with store.write() as conn:
        people.begin_second_factor(conn, person, identity.seal_secret(settings.secret_key, person, secret))
        people.prove_second_factor(conn, person, NOW)
    client = sign_in_as(app, person)
    patient = added(store, "discordant-blocks")
    place = begun(client, patient)
    import pyotp

    code = pyotp.TOTP(secret).at(clock.now)
    assert sign(client, place, password="", code=code).status_code == 303
    assert "Signed by Dr Moss" in text_of(signed_pdf(client, place))


# ── opening again ────────────────────────────────────────────────────────────────────────────────────


def _later(name: str, **told: Any) -> dict[str, Any]:
    return {
        "id": name, "patient": "x", "happened": Period.model_validate("2026-09-01"), "recorded_at": NOW,
        "source": Source(system="desk", path=name), **told,
    }  # fmt: skip


def test_a_later_event_that_changes_it_makes_it_a_draft_again(client: TestClient, store: Store) -> None:
    """Not the day, not an event that it does not tell of: only what changes what was signed, and it says what."""
    patient = added(store, "discordant-blocks")
    place = begun(client, patient)
    assert sign(client, place).status_code == 303
    pdf = signed_pdf(client, place)
    assert 'chip-true">signed<' in client.get(place).text  # before the answer is made anew, too
    answer_again(store, patient)
    assert 'chip-true">signed<' in client.get(place).text
    append(store, patient, Coverage(**_later("c1", payer="Cigna", plan="Open Access Plus")))
    assert "being looked at again" in client.get(place).text
    assert (
        client.post(f"{place}/moves/send", data={"seen": "1", "on": "2026-09-01", "due_on": "2026-09-09"}).status_code
        == 422
    )
    answer_again(store, patient)
    assert 'chip-true">signed<' in client.get(place).text
    append(
        store, patient,
        Injection(**_later("i9", side="left", role="diagnostic", target="intra_articular", guidance="fluoroscopy",
                           contrast="intra_articular", score_before=7.0, score_after=6.0)),
    )  # fmt: skip
    answer_again(store, patient)
    page = client.get(place).text
    assert "a draft again" in page
    assert "New record: Injection, left, 2026-09-01" in page
    assert "New contrary finding" in page
    assert "Submission: to be signed first." in page
    assert signed_pdf(client, place) == pdf  # what was signed stays as it was
    assert "pain 7 of 10 before and 6 of 10 after" in text_of(draft(client, place))
    assert sign(client, place).status_code == 303
    assert 'chip-true">signed<' in client.get(place).text
    assert client.get(f"{place}/submission").text.count("As signed on") == 2


def test_a_new_day_alone_opens_nothing(client: TestClient, store: Store) -> None:
    """A year on the images are too old: what was signed still says how it stood, and the page tells of it."""
    patient = added(store, "discordant-blocks")
    place = begun(client, patient)
    assert sign(client, place).status_code == 303
    answer_again(store, patient, DAY + timedelta(days=400))
    page = client.get(place).text
    assert 'chip-true">signed<' in page
    assert "Asked today it would read otherwise, although nothing was entered" in page


def test_pins_and_words_open_it_too(client: TestClient, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    document = kept(store, patient, pdf_of("a", "b"), {1: [NEGATIVE]})
    place = begun(client, patient)
    assert sign(client, place).status_code == 303
    answer_again(store, patient)
    client.post(f"{document}/pins", data={"events": NEGATIVE, "page": "2"})
    page = client.get(place).text
    assert "a draft again" in page
    assert "Source document told or shown otherwise" in page
    client.post(f"{document}/unpin", data={"event": NEGATIVE, "page": "2"})
    assert 'chip-true">signed<' in client.get(place).text
    seen = re.search(r'name="seen" value="(\d+)"', client.get(f"{place}/submission").text)
    assert seen is not None
    client.post(f"{place}/submission/words", data={"seen": seen[1], "why_now": "Now."})
    assert "own words were changed" in client.get(place).text
    answer = client.post(f"{place}/submission/words", data={"seen": seen[1], "why_now": "Mine."})
    assert answer.status_code == 422
    assert "Meanwhile somebody else changed these words" in answer.text
    assert "Mine." in answer.text


def test_saddle_numbness_opens_it_and_holds_it(client: TestClient, store: Store) -> None:
    """A sign that stops everything: what was signed is a draft again, and no paper is made until it is looked into."""
    patient = added(store, "discordant-blocks")
    place = begun(client, patient)
    assert sign(client, place).status_code == 303
    append(store, patient, SymptomReport(**_later("s9", symptom="saddle_numbness", answer="reported", side="none")))
    answer_again(store, patient)
    page = client.get(place).text
    assert "a draft again" in page
    assert "The safety gate comes first and is standing" in page
    assert (
        client.post(f"{place}/moves/send", data={"seen": "1", "on": "2026-09-01", "due_on": "2026-09-09"}).status_code
        == 422
    )
    assert client.get(f"{place}/submission/draft.pdf").status_code == 422


def test_differences_are_told_in_words() -> None:
    told = {
        "as_of": "2026-09-01", "patient": {"label": "A"}, "criteria": [
            {"text": "one", "documented": True, "contrary": []}, {"text": "two", "documented": False, "contrary": []}],
        "contrary": [{"text": "c"}], "exhibits": [{"id": "e", "number": 1, "title": "Score", "happened": "2026"}],
    }  # fmt: skip
    assert compared.differences(told, {**told, "as_of": "2027-01-01", "evidence": "x", "submission_sha": "y"}) == []
    changed = {
        **told, "patient": {"label": "B"}, "contrary": [], "exhibits": [{**told["exhibits"][0], "happened": "2027"}],
        "criteria": [{**told["criteria"][0], "documented": False}, {**told["criteria"][1], "contrary": [1]}],
    }  # fmt: skip
    assert compared.differences(told, changed) == [
        "The patient's name, day of birth or sex is another.", "Now no longer documented: one",
        "A record speaks against it now: two", "No longer a contrary finding: c", "Changed record: Score, 2027",
    ]  # fmt: skip


# ── the talk and the appeal ──────────────────────────────────────────────────────────────────────────


def test_the_talk_and_the_appeal_come_from_the_same_record(client: TestClient, store: Store) -> None:
    patient = added(store, "discordant-blocks", without=[NEGATIVE])
    place = begun(client, patient)
    assert "no denial to appeal against" in client.get(f"{place}/appeal").text
    assert sign(client, place).status_code == 303
    client.post(f"{place}/moves/send", data=SEND)
    told = {
        "seen": "2", "on": "2026-09-01", "due_on": "2026-10-15", "reason": "blocks", "number": "PA-1",
        "note": "A control was not shown; <sic> #1 *at all*.",
    }  # fmt: skip
    assert client.post(f"{place}/moves/deny", data=told).status_code == 303
    (negative,) = [event for event in example("discordant-blocks").events if event.id == NEGATIVE]
    append(store, patient, negative.model_copy(update={"recorded_at": NOW}))
    answer_again(store, patient)
    appeal = draft(client, place, "appeal")
    text = text_of(appeal)
    assert "“A control was not shown; <sic> #1 *at all*.”" in text
    assert "the diagnostic injections do not meet the policy" in text
    since = text.partition("Recorded since")[2].partition("Criteria of the policy")[0]
    assert "pain 7 of 10 before and 6.5 of 10 after" in since
    assert "pain 7 of 10 before and 1 of 10 after" not in since
    assert all("DRAFT" in page.replace(" ", "").replace("\n", "") for page in texts_of(appeal))
    talk = draft(client, place, "peer-to-peer")
    (page,) = texts_of(talk)
    flat = " ".join(page.split())
    for part in (
        "Peer-to-peer sheet", "Leonard Voss", "Strongest by the record", "Weakest by the record",
        "Denied on 1 Sep 2026",
        "At least 2 blocks under fluoroscopy", "The record speaks against it", "6.5 of 10 after",
    ):  # fmt: skip
        assert part in flat, part
    strong = flat.partition("Strongest by the record")[2]
    assert "At least 6 months of conservative care." in strong
    assert client.post(
        f"{place}/moves/appeal", data={"seen": "3", "on": "2026-09-01", "due_on": "2026-11-01"}
    ).status_code == 422  # fmt: skip
    client.post(f"{place}/appeal/words", data={"seen": "0", "answer": "The control did not help; it is said so."})
    assert sign(client, place, "appeal").status_code == 303
    assert sign(client, place, "peer-to-peer").status_code == 303
    assert "it is said so" in text_of(signed_pdf(client, place, "appeal"))
    assert "Signed by Dr R. Halvorsen" in text_of(signed_pdf(client, place, "peer-to-peer"))
    answer = client.post(f"{place}/moves/appeal", data={"seen": "3", "on": "2026-09-01", "due_on": "2026-11-01"})
    assert answer.status_code == 303
    with store.read() as conn:
        kinds = [entry.kind for entry in ledger.entries(conn, patient) if entry.kind in ("submission", "paper")]
        assert kinds == ["submission", "paper", "paper", "paper"]  # the worklist follows the submission alone
