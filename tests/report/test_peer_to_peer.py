"""The one-page sheet and the appeal: one page whatever the record holds, points by a stated rule, true sources."""

from __future__ import annotations

import pytest

from docs.words import NEVER_TO_A_PAYER, NEVER_TO_ANYONE, found
from nutation.record.errors import InputError
from nutation.report import appeal, peer_to_peer, submission
from nutation.report.appeal import Denial
from nutation.report.submission_sources import SourceDocument
from report.answered_examples import answered, drafts, event_of, page_texts, policy_of

DENIAL = Denial("2026-09-20", "PA-1", "the diagnostic injections do not meet the policy", "Not shown.",
                frozenset({"blocks", "block_duration"}))  # fmt: skip
TWIN, EVICORE = "discordant-blocks", "EVICORE_CMM611"


@pytest.mark.parametrize(("name", "side", "policy_id"), drafts()[::4])
def test_the_sheet_is_one_page(name: str, side: str, policy_id: str) -> None:
    told = answered(name)
    content = peer_to_peer.content(told, policy_id, side, denial=DENIAL)
    (page,) = page_texts(peer_to_peer.pdf(told, content, side))
    assert "DRAFT" in page.replace(" ", "").replace("\n", "")
    assert "Page 1 of 1" in page
    for criterion in policy_of(told, policy_id, side)["criteria"]:
        page = page.replace(criterion["text"], "")
    assert found(page, (*NEVER_TO_A_PAYER, *NEVER_TO_ANYONE)) == []


def test_long_records_and_reasons_stay_on_the_page() -> None:
    told = answered(TWIN)
    event_of(told, "injection", role="diagnostic")["author"] = "Dr " + "x" * 2000
    content = peer_to_peer.content(
        told, EVICORE, "left", denial=Denial("2026-09-20", "1", "another reason", "word " * 2000, DENIAL.topics)
    )
    assert len(page_texts(peer_to_peer.pdf(told, content, "left"))) == 1


def test_points_come_from_the_record_by_the_stated_rule() -> None:
    """Strong: documented and uncontradicted. Weak: what a record speaks against comes before what is only missing."""
    told = answered(TWIN)
    content = peer_to_peer.content(told, EVICORE, "left")
    by_text = {criterion["text"]: criterion for criterion in content["criteria"]}
    assert len(content["strong"]) == 3
    for point in content["strong"]:
        assert by_text[point["text"]]["documented"]
        assert not by_text[point["text"]]["contrary"]
        assert point["exhibits"]
    assert [point["why"] for point in content["weak"]] == [
        "The record speaks against it", "Not documented", "Contrary finding",
    ]  # fmt: skip
    assert "6.5 of 10 after" in content["weak"][2]["text"]
    most = max(len(c["for"]) for c in content["criteria"] if c["documented"] and not c["contrary"])
    assert len(content["strong"][0]["exhibits"]) == most
    assert content["submission_sha"] == submission.content_sha256(submission.content(told, EVICORE, "left"))


def test_sources_are_numbered_behind_the_records_and_only_where_pinned() -> None:
    told = answered(TWIN)
    blocks = [event["id"] for event in told["events"] if event["kind"] == "injection"]
    plain = submission.content(told, EVICORE, "left")
    pinned = SourceDocument("a", "Carelon's letter", "Other", "2026", 9, "f" * 64, {blocks[1]: (7, 2), blocks[0]: (2,)})
    unpinned = SourceDocument("b", "B", "Other", "2026", 3, "e" * 64, {"no-such-event": (1,)})
    content = submission.content(told, EVICORE, "left", sources=[unpinned, pinned])
    assert submission.source_pages(told, EVICORE, "left", sources=[unpinned, pinned]) == [("a", 2), ("a", 7)]
    (document,) = content["documents"]
    assert document["number"] == len(plain["exhibits"]) + 1
    assert document["shown"] == [2, 7]
    assert document["title"] == "[not reproduced: it names a payer who is not addressed]"
    by_id = {exhibit["id"]: exhibit for exhibit in content["exhibits"]}
    assert by_id[blocks[1]]["sources"] == [{"exhibit": document["number"], "page": n} for n in (2, 7)]
    assert by_id[blocks[0]]["sources"] == [{"exhibit": document["number"], "page": 2}]
    # without a pinned page the content, and so its hash, is what it is without documents
    assert submission.content(told, EVICORE, "left", sources=[unpinned]) == plain
    pages = page_texts(submission.pdf(told, EVICORE, "left", sources=[pinned]))
    assert f"Exhibit {document['number']}, page 2 of 9" in pages[-2]
    assert f"Exhibit {document['number']}, page 7 of 9" in pages[-1]


def test_an_appeal_quotes_and_answers() -> None:
    told = answered(TWIN)
    before = submission.content(told, EVICORE, "left")
    same = appeal.content(told, EVICORE, "left", DENIAL, before=before)
    assert same["since"] == []
    assert [same["criteria"][n - 1]["documented"] for n in same["contested"]] == [False, False]
    assert "letter" not in same
    event_of(told, "injection", role="diagnostic")["note"] = "Seen again."
    changed = appeal.content(told, EVICORE, "left", DENIAL, before=before, own_words={"answer": "So it is."})
    assert len(changed["since"]) == 1
    assert "injection" in changed["since"][0]["text"]
    text = " ".join(" ".join(page_texts(appeal.pdf(told, changed, "left"))).split())
    for part in ("“Not shown.”", "number PA-1", "So it is.", "20 Sep 2026", "Contrary and negative findings"):
        assert part in text
    with pytest.raises(InputError, match="no place 'why_now'"):
        appeal.content(told, EVICORE, "left", DENIAL, own_words={"why_now": "x"})
