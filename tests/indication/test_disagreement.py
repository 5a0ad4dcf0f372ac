"""Where rule sets disagree on one patient: which, on what, with both thresholds."""

from __future__ import annotations

from indication.patient import answer_of, block, event, with_events
from indication.test_applicability import ALLOGRAFT, insured, planned
from nutation.indication import Disagreement, disagreements


def topics(found: tuple[Disagreement, ...]) -> dict[str, Disagreement]:
    return {one.topic: one for one in found}


def test_blocks_of_72_percent_pass_at_aetna_and_not_at_carelon() -> None:
    """Aetna asks for 70 %, Carelon for 75 %: 10 → 2.8 is 72 %."""
    events = with_events(block("block_1", "2026-01-12", 10, 2.8), block("block_2", "2026-02-16", 10, 2.8))
    found = topics(disagreements(answer_of(p, events) for p in ("AETNA_CPB0016", "CARELON_MSK05")))
    assert set(found) == {"blocks"}
    blocks = found["blocks"]
    assert [p.policy for p in blocks.holds] == ["AETNA_CPB0016"]
    assert [p.policy for p in blocks.fails] == ["CARELON_MSK05"]
    assert "70 %" in blocks.text
    assert "75 %" in blocks.text
    assert blocks.fails[0].citation == ("GH1",)


def test_one_block_passes_in_the_trials_and_not_at_payers() -> None:
    events = with_events(without=("block_2",))
    found = topics(
        disagreements(answer_of(p, events) for p in ("TRIAL_INSITE_SIFI", "EVICORE_CMM611", "AETNA_CPB0016"))
    )
    assert [p.policy for p in found["blocks"].holds] == ["TRIAL_INSITE_SIFI"]
    assert {p.policy for p in found["blocks"].fails} == {"EVICORE_CMM611", "AETNA_CPB0016"}


def test_a_rule_set_that_does_not_ask_is_named_as_silent() -> None:
    """Somebody who smokes: Aetna asks for a year without nicotine; the trials did not ask."""
    smoker = event("nicotine", "nicotine", "2026-06-01", side="none", status="current")
    answers = [answer_of(p, with_events(smoker)) for p in ("AETNA_CPB0016", "TRIAL_INSITE_SIFI")]
    found = topics(disagreements(answers))
    assert found["nicotine"].silent == ("TRIAL_INSITE_SIFI",)
    assert "TRIAL_INSITE_SIFI does not ask for it." in found["nicotine"].text


def test_the_device_is_a_disagreement_of_its_own() -> None:
    events = with_events(insured("Aetna"), planned(ALLOGRAFT))
    found = disagreements(answer_of(p, events) for p in ("AETNA_CPB0016", "ARTICLE"))
    assert found[0].topic == "device"
    assert [p.policy for p in found[0].fails] == ["AETNA_CPB0016"]
    assert [p.policy for p in found[0].holds] == ["ARTICLE"]


def test_where_all_agree_nothing_is_said() -> None:
    assert disagreements(answer_of(p, with_events()) for p in ("AETNA_CPB0016", "CARELON_MSK05")) == ()


def test_what_is_not_known_is_no_disagreement() -> None:
    events = with_events(without=("block_1", "block_2", "complete_injection"))
    assert disagreements(answer_of(p, events) for p in ("TRIAL_INSITE_SIFI", "AETNA_CPB0016")) == ()


def test_rules_for_the_injection_take_no_part() -> None:
    answers = [answer_of(p, with_events()) for p in ("MEDICARE_INJECTION", "AETNA_CPB0016")]
    assert answers[0].verdict == "not_met"
    assert disagreements(answers) == ()
