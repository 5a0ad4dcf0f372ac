"""The submission: what a payer sees, what a payer never sees, and when it stops being a draft."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from docs.words import NEVER_TO_A_PAYER, NEVER_TO_ANYONE, found
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.record.head import Source
from nutation.record.kinds import Signature
from nutation.record.period import Period
from nutation.report import submission
from report.answered_examples import NAMES, answered, drafts, event_of, page_texts, policy_of, text_of

CLASSIC, AETNA = "classic-degenerative", "AETNA_CPB0016"


def payers(policy_id: str) -> set[str]:
    return {
        str(name)
        for located in load().policies
        if located.plain["id"] == policy_id
        for name in (*located.plain.get("payers", ()), located.plain["publisher"])
    }


def signed(told: dict[str, Any], sha: str, **changes: Any) -> dict[str, Any]:
    """The document with a signature event as it would hold it."""
    event = {
        **event_of(told, "safety_screen"), "id": "signature-1", "kind": "signature", "author": "Dr R. Halvorsen",
        "values": {"content_sha256": sha, "signed_as": "orthopaedic surgeon"}, "text": "signature",
    }  # fmt: skip
    return {**told, "events": [*told["events"], event | changes]}


def test_there_are_drafts_of_met_not_met_and_undetermined() -> None:
    """A policy that is not met may be drafted too: it then says honestly what is not documented."""
    verdicts = {policy_of(answered(name), policy, side)["verdict"] for name, side, policy in drafts()}
    assert verdicts == {"met", "not_met", "undetermined"}
    assert len(drafts()) >= 20


@pytest.mark.parametrize(("name", "side", "policy_id"), drafts())
def test_what_a_payer_does_not_see(name: str, side: str, policy_id: str) -> None:
    """No verdict, no probability, no gap, no mechanics, no other payer, no relief in percent; DRAFT on each page."""
    told = answered(name)
    pdf = submission.pdf(told, policy_id, side)
    pages = page_texts(pdf)
    text = " ".join(" ".join(pages).split())
    assert all("DRAFT" in page.replace(" ", "").replace("\n", "") for page in pages)
    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert all(f"{side} sacroiliac joint" in page and told["label"] in page for page in pages)
    assert all("research mode" in page for page in pages)
    assert found(text, (*NEVER_TO_A_PAYER, *NEVER_TO_ANYONE)) == []
    assert found(text, ("undetermined", "interval", "gap", "next step", "mechanics", "range of motion", "breach")) == []
    joint = next(j for j in told["joints"] if j["side"] == side)
    median = joint["evaluation"]["probability"]
    if median is not None:
        assert f"{median['median']:.2f}" not in text
    own = policy_of(told, policy_id, side)
    own_names = payers(policy_id)
    addressed = " ".join(own_names) + " ".join(
        str(e["values"].get(key)) for e in told["events"] if e["kind"] == "coverage" for key in ("payer", "plan")
        if own["applicability"] == "applies"
    )  # fmt: skip
    for other in joint["indication"]["policies"]:
        if other["id"] != policy_id:
            assert other["id"] not in text
            assert other["title"] not in text or other["title"] in own["title"]
            for payer in payers(other["id"]) if other["kind"] in ("coverage", "national") else ():
                assert payer in addressed or not re.search(rf"\b{re.escape(payer)}\b", text), payer
    for criterion in own["criteria"]:
        text = text.replace(" ".join(criterion["text"].split()), " ")
        for need in criterion["gap"] or ():
            assert need["question"] not in text
    assert not re.search(r"\d\s*%", text), re.findall(r".{30}\d\s*%.{10}", text)


def test_a_percentage_without_its_scores_stays_out() -> None:
    """Told without scores, in a field or in a note: the record is named, and the figure is not printed."""
    told = answered(CLASSIC)
    block = event_of(told, "injection", role="diagnostic")
    for score in ("score_before", "score_after"):
        del block["values"][score]
    block["values"]["relief_stated_pct"] = 83.7
    block["note"] = "Patient reports 83.7% relief, better than ever."
    text = text_of(submission.pdf(told, AETNA))
    assert "83.7" not in text
    assert "a percentage was recorded without its two scores; it is not reproduced" in text
    assert "not reproduced: it states a percentage without its two scores" in text
    assert "the two scores are not in the record" in text


def test_another_payer_named_in_a_note_stays_out() -> None:
    told = answered(CLASSIC)
    event_of(told, "treatment", care="physical_therapy")["note"] = "Carelon refused this course."
    text = text_of(submission.pdf(told, AETNA))
    assert "Carelon" not in text
    assert "not reproduced: it names a payer who is not addressed" in text


def test_criteria_point_to_pages_that_hold_the_exhibit() -> None:
    """A line "19 (p. 7)" is true: exhibit 19 stands on page 7."""
    told = answered("discordant-blocks")
    pages = page_texts(submission.pdf(told, "EVICORE_CMM611", "left"))
    cited = set(re.findall(r"(\d+) \(p\.\s+(\d+)\)", " ".join(" ".join(pages).split())))
    assert len(cited) > 20
    for number, page in cited:
        assert f"Exhibit {number} " in " ".join(pages[int(page) - 1].split()), (number, page)


def test_criteria_are_told_as_documented_or_not() -> None:
    """Three readings inside, two for a payer: what is not known is as little shown as what is false."""
    told = answered("discordant-blocks")
    criteria = policy_of(told, "EVICORE_CMM611")["criteria"]
    assert {c["state"] for c in criteria} == {"true", "false", "unknown"}
    content = submission.content(told, "EVICORE_CMM611")
    assert [c["documented"] for c in content["criteria"]] == [c["state"] == "true" for c in criteria]


def test_contrary_findings_are_in_it() -> None:
    """A control block that did not help, negative tests, lasting relief, another source: each is told and exhibited."""
    told = answered("discordant-blocks")
    content = submission.content(told, "EVICORE_CMM611", "left")
    lines = " ".join(line["text"] for line in content["contrary"])
    assert "pain 7 of 10 before and 6.5 of 10 after" in lines
    assert "negative provocation tests: compression, ASLR" in lines
    assert "The record speaks against: At least 2 blocks" in lines
    text = text_of(submission.pdf(told, "EVICORE_CMM611", "left"))
    for line in content["contrary"]:
        assert " ".join(line["text"].split()) in text

    lasting = submission.content(answered("lasting-injection-relief"), AETNA)
    assert "the relief lasted" in " ".join(line["text"] for line in lasting["contrary"])
    centralising = submission.content(answered("discogenic-centralisation"), "EVICORE_CMM611")
    assert "centralisation present" in " ".join(line["text"] for line in centralising["contrary"])


@pytest.mark.parametrize(("name", "side", "policy_id"), drafts())
def test_no_record_is_picked_out_of_several(name: str, side: str, policy_id: str) -> None:
    """Every standing examination, injection, course, medicine, image and score of the joint is an exhibit."""
    told = answered(name)
    shown = {exhibit["id"] for exhibit in submission.content(told, policy_id, side)["exhibits"]}
    for event in told["events"]:
        if event["kind"] in ("examination", "injection", "treatment", "medication", "imaging", "pain_score"):
            of_joint = event["side"] in (side, "both", "none", "unknown")
            assert (event["id"] in shown) == (of_joint and event["stands"]), event["text"]
    other = "right" if side == "left" else "left"
    sides = {event["id"]: event["side"] for event in told["events"]}
    assert all(sides[shown_id] != other or "operation" in shown_id for shown_id in shown)


def test_exhibits_print_the_record() -> None:
    """Every field of an exhibited record stands on its page, with source, author, day and what was asked in vain."""
    told = answered(CLASSIC)
    event = event_of(told, "injection", role="diagnostic")
    event["asked_not_known"] = ["relief_days"]
    event["note"] = "Lay on the table for an hour."
    text = text_of(submission.pdf(told, AETNA))
    for name, value in event["values"].items():
        said = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        said = f"{said:g}" if isinstance(said, float) else str(said)
        assert f"{name}{said}".replace("_", "") in text.replace(" ", "")
    for part in (event["source"], event["author"], event["recorded_at"], event["id"], "Lay on the table for an hour."):
        assert part in text
    assert "Asked and not known: relief days." in text


def test_draft_until_signed() -> None:
    """A standing signature of this content by a named person takes the watermark away; nothing else does."""
    told = answered(CLASSIC)
    sha = submission.content_sha256(submission.content(told, AETNA))
    draft = page_texts(submission.pdf(told, AETNA))
    assert all("Draft, not signed" in page for page in draft)
    assert sha in "".join(draft)

    done = signed(told, sha)
    pages = page_texts(submission.pdf(done, AETNA))
    assert not any("draft" in page.lower().replace(" ", "").replace("\n", "") for page in pages)
    assert all("Signed by Dr R. Halvorsen, 2026-09-01" in page for page in pages)
    assert "orthopaedic surgeon Signed on 2026-09-01" in " ".join(" ".join(pages).split())
    assert sha in "".join(pages)

    for change in (
        {"author": None}, {"author": "  "}, {"author": "Software"}, {"author": told["patient"]}, {"stands": False},
        {"modality": "intended"}, {"certainty": "inferred"}, {"values": {"content_sha256": "0" * 64}},
        {"values": {}},
    ):  # fmt: skip
        assert submission.model(signed(told, sha, **change), AETNA)["draft"], change


def test_any_change_makes_it_a_draft_again() -> None:
    """The hash covers every word that is signed: a score, a note, the clinician's words, the day asked about."""
    told = answered(CLASSIC)
    sha = submission.content_sha256(submission.content(told, AETNA))
    done = signed(told, sha)
    assert not submission.model(done, AETNA)["draft"]
    assert submission.model(done, AETNA, own_words={"why_now": "She cannot work."})["draft"]
    for change in ("score", "note", "as_of", "other_policy"):
        changed = signed(answered(CLASSIC), sha)
        if change == "score":
            event_of(changed, "injection", role="diagnostic")["values"]["score_after"] = 2.0
        elif change == "note":
            event_of(changed, "examination")["note"] = "Seen again."
        elif change == "as_of":
            changed["as_of"] = "2026-09-02"
        policy = "CARELON_MSK05" if change == "other_policy" else AETNA
        assert submission.model(changed, policy)["draft"], change


def test_the_hash_is_of_the_content_and_the_same_every_time() -> None:
    told = answered(CLASSIC)
    first = submission.content(told, AETNA)
    assert first == submission.content(told, AETNA.lower(), "left")
    assert re.fullmatch(r"[0-9a-f]{64}", submission.content_sha256(first))
    assert submission.content_sha256(first) == submission.content_sha256(dict(reversed(first.items())))
    assert submission.pdf(told, AETNA) == submission.pdf(told, AETNA)


def test_a_signature_may_come_as_an_event() -> None:
    told = answered(CLASSIC)
    sha = submission.content_sha256(submission.content(told, AETNA))

    def event(patient: str) -> Signature:
        return Signature(
            id="s1", patient=patient, happened=Period.model_validate("2026-09-03"), author="Dr Moss",
            recorded_at=datetime(2026, 9, 3, tzinfo=UTC), source=Source(system="desk"), content_sha256=sha,
        )  # fmt: skip

    assert submission.model(told, AETNA, events=[event(told["patient"])])["signature"] == {
        "author": "Dr Moss", "signed_as": "", "on": "2026-09-03",
    }  # fmt: skip
    assert submission.model(told, AETNA, events=[event("somebody else")])["draft"]


def test_own_words_are_printed_and_places_that_are_not_there_refused() -> None:
    told = answered(CLASSIC)
    text = text_of(submission.pdf(told, AETNA, own_words={"why_now": "She can no longer lift #1 crates *at all*."}))
    assert "She can no longer lift #1 crates *at all*." in text
    assert "[ In your own words: why this operation" not in text
    assert "[ In your own words: what was considered" in text
    with pytest.raises(InputError, match=r"no place 'why'.*use why_now"):
        submission.content(told, AETNA, own_words={"why": "x"})


@pytest.mark.parametrize(
    ("name", "policy_id", "side", "says"),
    [
        # the planned device is an allograft that does not transfix: that payer's policy is of another device
        ("posterior-allograft", AETNA, "left", "No submission is drafted for AETNA_CPB0016"),
        # the recorded plan is Aetna's, so Highmark's policy does not speak of this patient
        (CLASSIC, "HIGHMARK_S230", "left", "the recorded plan is Aetna"),
        (CLASSIC, "ARTICLE", "left", "there is no payer to submit it to"),
        (CLASSIC, "IFUSE_LABEL", "left", "there is no payer to submit it to"),
        (CLASSIC, "ASIPP_2009", "left", "there is no payer to submit it to"),
        (CLASSIC, "NO_SUCH", "left", "was not asked about policy 'NO_SUCH'"),
        # two joints, or the joint that is not planned
        ("bilateral", "EVICORE_CMM611", None, "a submission is for one"),
        ("bilateral", "EVICORE_CMM611", "left", "planned operation is recorded as: side right"),
        (CLASSIC, AETNA, "right", "holds no right joint"),
        # the gate comes first
        ("cauda-equina", AETNA, "left", "safety gate comes first and is standing"),
        ("silent-infection", AETNA, "right", "safety gate comes first and is not screened"),
    ],
)
def test_refused_with_its_mend(name: str, policy_id: str, side: str | None, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        submission.pdf(answered(name), policy_id, side)
    assert caught.value.mend


@pytest.mark.parametrize("side", ["both", "unknown"])
def test_a_planned_operation_of_no_one_side_is_refused(side: str) -> None:
    told = answered(CLASSIC)
    event_of(told, "operation")["side"] = side
    with pytest.raises(InputError, match="planned operation"):
        submission.content(told, AETNA, "left")


def test_every_example_is_drafted_or_refused_with_a_mend() -> None:
    for name in NAMES:
        told = answered(name)
        for joint in told["joints"]:
            for policy in joint["indication"]["policies"]:
                if (name, joint["side"], policy["id"]) not in drafts():
                    with pytest.raises(InputError) as caught:
                        submission.content(told, policy["id"], joint["side"])
                    assert caught.value.mend
