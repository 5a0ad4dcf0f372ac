"""Words, numbers and dates as the faces write them."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from nutation.case import Action
from nutation.criteria.answers import UnknownKind
from nutation.criteria.language import Burden
from nutation.evaluation.answers import GateState, ItemKind, Urgency
from nutation.evidence import MARKS
from nutation.indication import Applicability
from nutation.indication.schema import PolicyKind
from nutation.indication.verdict import Verdict
from nutation.record.head import Certainty, Modality, Side
from nutation.record.kinds import KINDS, Symptom
from nutation.report import contrary, digest, readiness, timeline, words
from nutation.report.submission_contrary import contrary_lines
from nutation.report.submission_exhibits import Exhibits
from nutation.report.submission_names import Unfit
from report.answered_examples import answered


def test_every_code_of_the_rooms_below_has_its_word() -> None:
    assert set(words.ACTIONS) == set(get_args(Action))
    assert set(words.GATE) == set(get_args(GateState))
    assert set(words.ITEM_KINDS) == set(get_args(ItemKind))
    assert set(words.URGENCY) == set(get_args(Urgency))
    assert set(words.VERDICTS) == set(get_args(Verdict))
    assert set(words.APPLICABILITY) == set(get_args(Applicability))
    assert set(words.KINDS) == set(get_args(PolicyKind))
    assert set(words.MARKS) == set(MARKS)
    assert set(words.UNKNOWN) == set(get_args(UnknownKind))
    assert set(words.BURDENS) == set(get_args(Burden))
    assert set(words.SIDES) == set(get_args(Side))
    assert set(words.CERTAINTY) | {"stated"} == set(get_args(Certainty))
    assert set(words.MODALITY) | {"actual"} == set(get_args(Modality))
    assert set(words.SYMPTOMS) <= set(get_args(Symptom))


def test_every_kind_of_event_has_one_lane() -> None:
    # A person and a coverage span the whole story and would say nothing on it.
    lanes = [kind for _, kinds in timeline.LANES for kind in kinds]
    assert sorted(lanes) == sorted(set(KINDS) - {"person", "coverage"})


def test_percentages_never_say_that_something_is_certain() -> None:
    assert words.percent(0.913) == "91 %"
    assert words.percent(0.0) == "under 1 %"
    assert words.percent(0.004) == "under 1 %"
    assert words.percent(0.996) == "over 99 %"
    assert words.percent(1.0) == "over 99 %"


@given(st.floats(0, 1))
def test_no_share_reads_as_nothing_or_as_all(share: float) -> None:
    assert words.percent(share) not in ("0 %", "100 %")


def test_spans_name_the_unit_once() -> None:
    assert words.span(0.75, 0.97) == "75 to 97 %"
    assert words.span(0.001, 0.05) == "under 1 % to 5 %"
    assert words.span(0.8, 0.999) == "80 % to over 99 %"


def test_an_interval_says_its_level() -> None:
    assert words.interval({"low": 0.75, "high": 0.97, "median": 0.9, "level": 0.9}) == "90 % interval 75 to 97 %"


def test_a_probability_is_told_as_a_count_of_patients() -> None:
    told = words.of_hundred({"low": 0.0, "median": 0.5, "high": 1.0, "level": 0.9})
    assert told == "of 100 patients with these findings, about 50 (between fewer than 1 and more than 99)"


def test_very_small_and_very_large_probabilities_read_as_such() -> None:
    few = {"low": 0.0, "median": 0.002, "high": 0.02, "level": 0.9}
    assert words.of_hundred(few) == "fewer than 1 of 100 patients with these findings (up to 2)"
    assert words.of_hundred(few | {"high": 0.004}) == "fewer than 1 of 100 patients with these findings"
    most = {"low": 0.97, "median": 0.998, "high": 1.0, "level": 0.9}
    assert words.of_hundred(most) == "more than 99 of 100 patients with these findings (at least 97)"
    assert words.span(0.0, 0.004) == "under 1 %"
    assert words.band({"from": 0.0, "below": 0.1}) == "below 10 %"
    assert words.band({"from": 0.85, "below": 1.0}) == "from 85 %"


def test_contrary_findings_of_the_record_are_told_latest_first_and_alike_on_every_page() -> None:
    told = answered("discogenic-centralisation")
    joint = told["joints"][0]
    found = contrary.findings(told, joint["side"])
    assert [f.day for f in found] == sorted((f.day for f in found), reverse=True)
    assert any("centralisation present" in f.text for f in found)
    listed = " ".join(note.text for note in digest.contrary(told, joint))
    sheet = readiness.model(told)["joints"][0]["contrary"]
    policy = next(p for p in joint["indication"]["policies"] if p["applicability"] == "applies")
    sent = " ".join(line["text"] for line in contrary_lines(told, joint, policy, _exhibits(told, joint, policy)))
    for finding in found:
        assert finding.text in listed
        assert any(finding.text in row["against"] for row in sheet)
        assert finding.text in sent


def test_a_contrary_finding_must_stand_be_actual_and_of_this_joint() -> None:
    told = answered("hip-mimic")
    side = told["joints"][0]["side"]
    image = next(e for e in told["events"] if e["kind"] == "imaging" and e["values"].get("hip_disease") == "present")
    assert image["id"] in {f.event for f in contrary.findings(told, side)}
    other = {"right": "left", "left": "right"}[side]
    for change in ({"stands": False}, {"modality": "provisional"}, {"side": other}):
        events = [event | change if event is image else event for event in told["events"]]
        assert image["id"] not in {f.event for f in contrary.findings({**told, "events": events}, side)}, change
    events = [event | {"side": "unknown"} if event is image else event for event in told["events"]]
    found = next(f for f in contrary.findings({**told, "events": events}, side) if f.event == image["id"])
    assert found.text == "image shows hip disease, side not recorded"


def test_another_plans_rule_set_does_not_speak_of_this_patient() -> None:
    told = answered("classic-degenerative")
    joint = told["joints"][0]
    policy = digest.heard(joint)[0]
    policy["plan"] = "other"
    assert policy not in digest.heard(joint)
    assert policy in digest.unheard(joint)
    part = readiness.model(told)["joints"][0]
    assert not any(row["named"].startswith(f"{policy['id']}, ") for row in part["policies"])
    assert any(row["named"].startswith(f"{policy['id']}, ") for row in part["silent"])


def _exhibits(told: digest.Plain, joint: digest.Plain, policy: digest.Plain) -> Exhibits:
    return Exhibits(told, joint, policy, Unfit(told, policy))


def test_dates_are_written_as_a_clinic_writes_them() -> None:
    assert words.day("2026-09-01") == "1 September 2026"
    assert words.day("2026-09-01T10:00:00+00:00") == "1 September 2026"
    assert words.day("2026-09") == "September 2026"
    assert words.day("date not known") == "date not known"
    assert words.dated("from 2026-03-14, again 2026-05") == "from 14 Mar 2026, again May 2026"
    assert words.dated("code 2026-99-01") == "code 2026-99-01"


def test_a_referral_is_called_urgent_only_where_something_standing_is() -> None:
    item = {"state": "standing", "urgency": "soon"}
    told = {"recommendation": {"action": "refer_urgently"}, "joints": [{"gate": {"items": [item]}}]}
    assert digest.action(told) == "Refer"
    item["urgency"] = "urgent"
    assert digest.action(told) == "Refer urgently"


def criterion(topic: str, state: str, required: bool = True) -> dict[str, object]:
    return {"topic": topic, "state": state, "required": required}


def test_a_condition_holds_only_where_all_that_is_required_holds() -> None:
    # Kleene's "and": one false makes false, else one unknown makes unknown; what is not required decides nothing;
    # a condition without criteria is not known.
    made = digest.conditions(
        {
            "criteria": [
                criterion("duration", "true"),
                criterion("function", "unknown"),
                criterion("physical_therapy", "unknown"),
                criterion("medication", "false"),
                criterion("blocks", "true"),
                criterion("examination", "false", required=False),
                criterion("age", "true"),
            ]
        }
    )
    assert [c.state for c in made] == ["unknown", "false", "true", "true"]
    assert digest.conditions({"criteria": []})[0].state == "unknown"


def test_results_that_move_the_same_things_are_told_once() -> None:
    step = {
        "results": [
            {"result": "shown", "probability": None, "changes": ["A_1: No fracture. becomes true"]},
            {"result": "not_shown", "probability": None, "changes": ["A_1: No fracture. becomes false or stays open"]},
        ]
    }
    alike = digest.moved_alike(step)
    assert alike is not None
    assert alike.what == ("A 1: No fracture",)
    assert alike.how == (("shown", "becomes true"), ("not shown", "becomes false or stays open"))


def test_results_that_move_different_things_are_told_each() -> None:
    step = {
        "results": [
            {"result": "positive", "probability": None, "changes": ["AETNA becomes met"]},
            {"result": "negative", "probability": None, "changes": ["ARTICLE becomes not met"]},
        ]
    }
    assert digest.moved_alike(step) is None
