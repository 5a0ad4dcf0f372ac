"""What a verdict may say, and what forbids *met*."""

from __future__ import annotations

import json

import pytest

from docs.words import NEVER_TO_A_PAYER, NEVER_TO_ANYONE, found
from indication.patient import (
    answer_of,
    block,
    course,
    criterion_of,
    event,
    examination,
    view_of,
    whole_patient,
    with_events,
)
from nutation.indication import Policy, judge, plain, policies, policy, setting
from nutation.indication.verdict import SECONDARY, UNVERIFIED
from nutation.record.record import Unmapped


def test_a_secondary_source_may_be_met_and_says_so() -> None:
    """Every criterion of Aetna's bulletin holds; it was read in one secondary source."""
    answer = answer_of("AETNA_CPB0016", with_events())
    assert (answer.verdict, answer.as_documented, answer.basis) == ("met", "met", "secondary")
    assert SECONDARY in answer.cautions
    assert all(c.state == "true" for c in answer.criteria)


def test_an_unverified_figure_never_makes_a_verdict_met() -> None:
    """Every criterion of the society's recommendations holds; the block's figures were never read."""
    answer = answer_of("NASS_2015", with_events())
    assert {c.state for c in answer.criteria} == {"true"}
    assert (answer.verdict, answer.as_documented, answer.basis) == ("undetermined", "not_met", "unverified")
    assert UNVERIFIED in answer.cautions
    assert any("unverified" in reason for reason in answer.reasons)


def test_a_refusal_rests_on_its_best_mark() -> None:
    """Pain of 4 refuses by a figure that was read, whatever else is unverified."""
    mild = event("pain", "pain_score", "2026-06-01", nrs=4, site="si_region", rates="average")
    answer = answer_of("BCBS_AL_MP555", with_events(mild))
    assert (answer.verdict, answer.basis) == ("not_met", "verified")
    assert answer.reasons == ("Does not hold: Pain of at least 5 on the scale from 0 to 10.",)


def test_a_refusal_on_an_unverified_figure_alone_says_so() -> None:
    weak = (block("block_1", "2026-01-12", 10, 5), block("block_2", "2026-02-16", 10, 5))
    answer = answer_of("NASS_2015", with_events(*weak))
    assert (answer.verdict, answer.basis) == ("not_met", "unverified")
    assert UNVERIFIED in answer.cautions


def test_what_is_not_known_leaves_the_verdict_open_and_names_the_gap() -> None:
    answer = answer_of("AETNA_CPB0016", with_events(without=("cotinine",)))
    assert (answer.verdict, answer.as_documented) == ("undetermined", "not_met")
    cotinine = criterion_of(answer, "cotinine")
    assert (cotinine.state, cotinine.as_documented) == ("unknown", "false")
    told = next(c for c in plain(answer)["criteria"] if c["id"] == "cotinine")
    assert [need["fact"] for need in told["gap"]] == ["cotinine_latest_ng_ml"]
    assert told["gap"][0]["unknown_kind"] == "never_asked"
    assert told["gap"][0]["burden"] == "laboratory"


def test_witnesses_name_the_events_that_decided() -> None:
    answer = answer_of("AETNA_CPB0016", with_events(block("block_2", "2026-02-16", 10, 5)))
    blocks = criterion_of(answer, "blocks")
    assert blocks.state == "false"
    assert "complete_injection" in blocks.witnesses.against


def test_advice_is_shown_and_does_not_decide() -> None:
    """Carelon recommends to stop tobacco six weeks before; a smoker is not refused for it."""
    smoker = event("nicotine", "nicotine", "2026-06-01", side="none", status="current")
    answer = answer_of("CARELON_MSK05", with_events(smoker))
    assert criterion_of(answer, "tobacco").state == "false"
    assert not criterion_of(answer, "tobacco").required
    assert answer.verdict == "met"


@pytest.mark.parametrize(
    "policy_id", ["HIGHMARK_S230", "BCBS_TN", "PREMERA_6.01.527", "ISASS_2015", "MEDICARE_2025_ARTHRODESIS"]
)
def test_a_rule_set_that_was_read_in_part_never_grants(policy_id: str) -> None:
    answer = answer_of(policy_id, with_events())
    assert (answer.verdict, answer.basis) == ("undetermined", "unverified")
    assert any("was not read" in reason for reason in answer.reasons)


def test_a_rule_set_that_was_read_in_part_can_refuse() -> None:
    """Highmark's six months were read: three months refuse, whatever the part that broke off says."""
    short = course("therapy", "physical_therapy", "2025-01-01/2025-03-31")
    answer = answer_of("HIGHMARK_S230", with_events(short, without=("home", "activity", "belt", "manual")))
    assert (answer.verdict, answer.basis) == ("not_met", "verified")


def test_an_item_that_could_not_be_read_and_matters_forbids_met() -> None:
    relevant = Unmapped("Procedure/9", "code", "27096", "cpt", "an injection", relevant=True, reason="code not mapped")
    answer = answer_of("AETNA_CPB0016", with_events(), unmapped=(relevant,))
    assert (answer.verdict, answer.as_documented) == ("undetermined", "not_met")
    assert any("Procedure/9" in reason for reason in answer.reasons)
    harmless = Unmapped("Observation/1", "code", "x", "loinc", "eye colour", relevant=False, reason="not mapped")
    assert answer_of("AETNA_CPB0016", with_events(), unmapped=(harmless,)).verdict == "met"


def test_an_item_that_could_not_be_read_does_not_undo_a_refusal() -> None:
    relevant = Unmapped("Procedure/9", "code", "27096", "cpt", "an injection", relevant=True, reason="code not mapped")
    weak = with_events(examination(positive=0))
    assert answer_of("AETNA_CPB0016", weak, unmapped=(relevant,)).verdict == "not_met"


def test_silence_is_met_nowhere() -> None:
    """A record that holds a date of birth alone: no rule set is met, and none refuses for silence."""
    silent = {"person": whole_patient()["person"]}
    verdicts = {one.id: answer_of(one.id, silent, version=one.version) for one in policies() if one.told.covered}
    assert {a.verdict for a in verdicts.values()} == {"undetermined"}
    assert {a.as_documented for a in verdicts.values()} == {"not_met"}


def test_orders_and_codes_alone_fulfil_nothing() -> None:
    """Every finding only ordered, or only coded: no required criterion of a payer comes out true by them."""
    ordered = {
        name: one.model_copy(update={"modality": "intended"} if name != "person" else {})
        for name, one in whole_patient().items()
    }
    for one in policies():
        answer = answer_of(one.id, ordered, version=one.version)
        held = [
            c.id for c in answer.criteria if c.required and c.state == "true" and c.id not in ("age", "one_side_a_day")
        ]
        assert (one.id, held) == (one.id, [])


def test_taking_away_an_event_that_speaks_for_fusion_grants_nothing() -> None:
    """From a patient whom Aetna refuses for weak blocks, no event's absence makes the verdict met."""
    weak = with_events(block("block_1", "2026-01-12", 10, 5), block("block_2", "2026-02-16", 10, 5))
    assert answer_of("AETNA_CPB0016", weak).verdict == "not_met"
    for name in weak:
        left = {other: one for other, one in weak.items() if other != name}
        assert answer_of("AETNA_CPB0016", left).verdict != "met", name


def test_the_answer_is_plain_data_with_the_keys_of_the_contract() -> None:
    view = view_of(with_events())
    told = plain(judge(policy("CARELON_MSK05"), view, planned=setting(view)))
    assert json.loads(json.dumps(told)) == told
    assert set(told) >= {
        "id", "version", "procedure", "applicability", "basis", "verdict", "as_documented", "criteria",
    }  # fmt: skip
    assert set(told["criteria"][0]) >= {"id", "state", "as_documented", "witnesses", "gap", "citation", "verified"}
    assert set(told["criteria"][0]["witnesses"]) == {"for", "against", "undecided"}


@pytest.mark.parametrize("one", policies(), ids=lambda p: f"{p.id} {p.version}")
def test_an_answer_says_no_word_that_is_never_said(one: Policy) -> None:
    told = json.dumps(plain(answer_of(one.id, with_events(), version=one.version)))
    assert found(told, (*NEVER_TO_ANYONE, *NEVER_TO_A_PAYER)) == []
