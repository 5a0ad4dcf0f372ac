"""The readiness sheet: everything the clinic needs to see before it acts, the safety gate first."""

from __future__ import annotations

import pytest

from docs.words import NEVER_TO_ANYONE, found
from nutation.report import readiness, words
from nutation.report.readiness_joint import probability
from report.answered_examples import NAMES, answered, event_of, page_texts, policy_of, text_of


@pytest.mark.parametrize("name", NAMES)
def test_every_page_names_patient_side_day_purpose_and_number(name: str) -> None:
    told = answered(name)
    pages = page_texts(readiness.pdf(told))
    notice = " ".join(told["notice"].split())
    for number, page in enumerate(pages, 1):
        page = " ".join(page.split())
        assert f"Page {number} of {len(pages)}" in page
        assert told["label"] in page
        assert notice in page
        assert "Not for the patient, not for a payer." in page
        assert "as of 1 September 2026" in page
        for joint in told["joints"]:
            assert f"{joint['side']} sacroiliac joint" in page
    assert found(" ".join(pages), NEVER_TO_ANYONE) == []


def test_action_gate_and_conditions_come_before_policies() -> None:
    told = answered("classic-degenerative")
    text = text_of(readiness.pdf(told))
    said = probability(told["joints"][0]["evaluation"]["probability"])
    order = [
        "Recommended action", "Request authorisation", "At a glance", "Safety gate", "Asked on 1 Sep 2026 by",
        f"Is it the source of the pain? {said} Of: pain arises from this joint, as a controlled block would show",
        "1. The pain is chronic and impairs quality of life", "Policies compared", "Findings that speak against",
        "What is missing, and who closes it", "What expires", "Findings cited", "Sources and versions",
    ]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_standing_item_is_told_with_what_closes_it() -> None:
    told = answered("septic-sacroiliitis")
    text = text_of(readiness.pdf(told))
    item = next(i for i in told["joints"][0]["gate"]["items"] if i["id"] == "infection")
    assert "Refer urgently" in text
    assert text.index("Infection of the joint") < text.index("Policies compared")
    assert " ".join(item["closes"].split()) in text
    assert "It does not lead on to fusion." in text
    assert "no red flags" not in text.lower()


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_with_verdict_basis_and_deciding_criterion(name: str) -> None:
    """Nothing is left out: a rule set stands in the comparison, or among those that do not speak of this patient."""
    told = answered(name)
    model = readiness.model(told)
    for joint, part in zip(told["joints"], model["joints"], strict=True):
        policies = [p for p in joint["indication"]["policies"] if p["kind"] != "article"]
        named = [row["named"] for row in (*part["policies"], *part["silent"])]
        assert sorted(p["id"] for p in policies) == sorted(row.split(",")[0] for row in named)
        for row in part["policies"]:
            policy = policy_of(told, row["named"].split(",")[0], joint["side"])
            assert row["said"] == words.VERDICTS[policy["verdict"]]
            assert row["basis"] == words.MARKS[policy["basis"]]
            for reason in policy["reasons"][:1]:
                assert words.dated(reason).rstrip(".") in row["decided"]


def test_where_policies_part_is_told_with_what_each_asks() -> None:
    text = text_of(readiness.pdf(answered("discordant-policies")))
    for part in ("each with at least 75 % relief", "within 1 year, each with at least 70 % relief", "do not ask: "):
        assert part in text


@pytest.mark.parametrize("name", NAMES)
def test_every_gap_is_there_with_who_closes_it(name: str) -> None:
    """Each question of a criterion that could still be decided is asked, or listed as not offered now."""
    told = answered(name)
    model = readiness.model(told)
    asked = " ".join(
        [step["label"] for step in model["steps"]]
        + [step["label"] for group in model["questions"] for step in group["steps"]]
        + [item["label"] for item in model["held_back"]]
    )
    for joint in told["joints"]:
        for policy in joint["indication"]["policies"]:
            if policy["applicability"] in ("applies", "plan_unknown", "jurisdiction_unknown"):
                for criterion in policy["criteria"]:
                    for need in criterion["gap"] or ():
                        assert need["question"].rstrip("?.") in asked
    assert all(group["who"] for group in model["questions"])
    assert all(step["who"] for step in model["steps"])
    numbers = [s["number"] for s in model["steps"]] + [s["number"] for g in model["questions"] for s in g["steps"]]
    assert sorted(numbers) == list(range(1, len(told["next"]) + 1))


def test_contrary_findings_are_named_with_what_they_are_against() -> None:
    """A control that did not help speaks against, and so do both blocks where a policy asks for more relief."""
    rows = readiness.model(answered("discordant-blocks"))["joints"][0]["contrary"]
    assert any("pain 7 before, 6.5 after" in row["text"] for row in rows)
    rows = readiness.model(answered("discordant-policies"))["joints"][0]["contrary"]
    blocks = [row for row in rows if row["text"].startswith("injection") and "role diagnostic" in row["text"]]
    assert len(blocks) == 2
    assert all(any("75 % relief" in against for against in row["against"]) for row in blocks)


def test_what_expires_is_listed_with_its_day() -> None:
    told = answered("classic-degenerative")
    completeness = event_of(told, "completeness", of="injection")
    completeness["values"]["expires_on"] = "2026-08-15"
    rows = readiness.model(told)["expiries"]
    days = {row["day"]: row for row in rows if row["what"] in ("Safety screen", "Statement that all is recorded")}
    assert "Compression of the cauda equina" in days["1 Oct 2026"]["of"]
    assert days["15 Aug 2026"]["past"]
    assert days["15 Aug 2026"]["of"] == ["injection"]
    assert not days["1 Oct 2026"]["past"]


def test_a_finding_counts_until_the_day_that_a_rule_gives_it() -> None:
    """Aetna counts blocks of one year: that of 3 April 2026 last counts on 3 April 2027, that of 14 May on 14 May."""
    rows = readiness.model(answered("classic-degenerative"))["expiries"]
    aetna = {(row["what"], row["day"]) for row in rows if "AETNA_CPB0016" in " ".join(row["of"])}
    assert ("Injection of 3 Apr 2026", "3 Apr 2027") in aetna
    assert ("Injection of 14 May 2026", "14 May 2027") in aetna
    block = next(row for row in rows if (row["what"], row["day"]) == ("Injection of 3 Apr 2026", "3 Apr 2027"))
    assert block["findings"]
    assert not block["past"]


def test_older_than_allowed_is_listed_and_not_counted() -> None:
    told = answered("classic-degenerative")
    block = event_of(told, "injection", role="diagnostic")
    policy = policy_of(told, "AETNA_CPB0016")
    next(c for c in policy["criteria"] if c["id"] == "blocks")["stale"] = [block["id"]]
    row = readiness.model(told)["expiries"][-1]
    assert row["what"].startswith("Older than allowed: injection, left")
    assert row["of"] == ["AETNA_CPB0016"]
    assert row["past"]


def test_every_number_of_a_finding_leads_to_its_record() -> None:
    told = answered("bilateral")
    model = readiness.model(told)
    numbers = {finding["number"] for finding in model["findings"]}
    assert numbers == set(range(1, len(numbers) + 1))
    cited = {
        number
        for part in model["joints"]
        for policy in part["own"]
        for criterion in policy["criteria"]
        for number in (*criterion["for"], *criterion["against"], *criterion["undecided"])
    }
    assert cited
    assert cited <= numbers


def test_warnings_and_what_was_not_read_are_on_the_first_page() -> None:
    told = answered("classic-degenerative")
    told["warnings"] = ["Contradicted: pain score of 2026-09-01 disagrees on nrs."]
    told["unmapped"] = [
        {"resource": "Procedure/p9", "path": "code", "code": "64999", "system": "cpt", "label": "", "relevant": True,
         "reason": "no map for the code"},
    ]  # fmt: skip
    first = " ".join(page_texts(readiness.pdf(told))[0].split())
    assert "Contradicted: pain score of 2026-09-01 disagrees on nrs." in first
    assert "Relevant and not read: 64999 (Procedure/p9 code): no map for the code" in first


def test_an_empty_case_has_a_sheet() -> None:
    """Nothing recorded: the sheet says what to ask, and claims nothing."""
    told = answered("silent-infection")
    told["events"] = []
    text = text_of(readiness.pdf(told))
    assert "day not recorded, sex not recorded" in text
