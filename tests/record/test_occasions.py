"""Occasions: the events that tell of one happening count once, and what is in doubt counts as doubt."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from nutation.record.head import Event, JointSide
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion, occasions
from nutation.record.standing import standing

RECORDED = datetime(2026, 9, 1, tzinfo=UTC)


def event(kind: str, happened: Any, **told: Any) -> Event:
    head = {"patient": "p", "side": "left", "recorded_at": RECORDED, "source": {"system": "clinic"}}
    return KINDS[kind].model_validate(head | {"happened": happened} | told)


def injection(happened: Any, **told: Any) -> Event:
    return event("injection", happened, **told)


def at(side: JointSide | None, *events: Event) -> list[Occasion]:
    """The occasions at one joint (None: of the person) of events named a, b, c, … in the order told."""
    named = [e if e.id else e.model_copy(update={"id": "abcdefgh"[n]}) for n, e in enumerate(events)]
    return [o for o in occasions(named) if o.joint == side]


def members(*events: Event, side: JointSide | None = "left") -> list[str]:
    """Which events make an occasion together, and which are in doubt (``?``)."""
    return sorted("".join(o.events) + ("?" if o.doubtful else "") for o in at(side, *events))


# ── what joins ───────────────────────────────────────────────────────────────────────────────────────

PROCEDURE = injection("2026-03-03", id="a", guidance="fluoroscopy", source={"system": "hospital"}, encounter="enc-1")
OBSERVATION = injection("2026-03-03", id="b", score_before=8, score_after=2, source={"system": "hospital"})
REPORT = injection("2026-03", id="c", contrast="intra_articular", source={"system": "radiology"})
FORM = injection("2026-03-03", id="d", role="diagnostic", guidance="fluoroscopy", source={"system": "form"})
ONE_BLOCK = (PROCEDURE, OBSERVATION, REPORT, FORM)


@pytest.mark.parametrize("order", list(permutations(ONE_BLOCK)))
def test_procedure_observation_report_and_form_are_one_injection(order: tuple[Event, ...]) -> None:
    """Told four times, once of them only as March: one occasion that knows what each of them says."""
    (found,) = at("left", *order)
    assert found.events == ("a", "b", "c", "d")
    assert (found.happened_from, found.happened_to) == (date(2026, 3, 3), date(2026, 3, 3))
    told = {"guidance": "fluoroscopy", "contrast": "intra_articular", "role": "diagnostic", "relief_pct": 75.0}
    assert told.items() <= dict(found.values).items()
    assert found.contradicted == frozenset()
    assert not found.doubtful


def test_importing_twice_adds_nothing() -> None:
    assert members(*standing((*ONE_BLOCK, *ONE_BLOCK))) == ["abcd"]


def test_days_apart_are_occasions_apart() -> None:
    assert members(injection("2026-03-03"), injection("2026-03-04")) == ["a", "b"]


def test_two_encounters_that_a_source_keeps_apart_are_two_occasions() -> None:
    told = injection("2026-03-03", encounter="enc-1"), injection("2026-03-03", encounter="enc-2")
    assert members(*told) == ["a", "b"]


def test_encounters_of_two_sources_are_not_comparable() -> None:
    """The hospital's encounter 1 may be the clinic's encounter 7."""
    told = (
        injection("2026-03-03", encounter="enc-1"),
        injection("2026-03-03", encounter="7", source={"system": "hospital"}),
    )
    assert members(*told) == ["ab"]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("imaging", {"method": "mri", "region": "si_joint"}, {"method": "mri", "region": "lumbar"}),
        ("imaging", {"method": "mri", "region": "pelvis"}, {"method": "ct", "region": "pelvis"}),
        ("treatment", {"care": "physical_therapy"}, {"care": "bracing"}),
        ("treatment", {"care": "physical_therapy", "aim": "si_joint"}, {"care": "physical_therapy", "aim": "hip"}),
        ("pain_score", {"site": "si_region", "rates": "worst"}, {"site": "si_region", "rates": "average"}),
        ("diagnosis", {"category": "disc"}, {"category": "scoliosis"}),
        ("operation", {"target": "si_joint"}, {"target": "lumbar_fusion"}),
    ],
)
def test_what_tells_happenings_of_a_kind_apart(kind: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert members(event(kind, "2026-03-03", **one), event(kind, "2026-03-03", **other)) == ["a", "b"]
    assert members(event(kind, "2026-03-03", **one), event(kind, "2026-03-03", **one)) == ["ab"]
    assert members(event(kind, "2026-03-03", **one), event(kind, "2026-03-03")) == ["ab"]  # what is not said fits


def test_results_of_two_analytes_on_one_day_are_two_of_the_person() -> None:
    told = event("laboratory", "2026-03-03", analyte="crp"), event("laboratory", "2026-03-03", analyte="esr")
    assert members(*told, side=None) == ["a", "b"]


def test_two_examiners_on_one_day_are_two_examinations() -> None:
    told = event("examination", "2026-03-03", author="Dr One"), event("examination", "2026-03-03", author="Dr Two")
    assert members(*told) == ["a", "b"]
    assert members(told[0], event("examination", "2026-03-03")) == ["ab"]


def test_two_who_wrote_of_one_injection_wrote_of_one_injection() -> None:
    assert members(injection("2026-03-03", author="Dr One"), injection("2026-03-03", author="Nurse Two")) == ["ab"]


def test_patients_never_join() -> None:
    assert members(injection("2026-03-03"), injection("2026-03-03", patient="q")) == ["a", "b"]


# ── vague dates ──────────────────────────────────────────────────────────────────────────────────────


def test_a_vague_date_joins_the_one_occasion_that_it_fits() -> None:
    (found,) = at("left", injection("2026-03-12"), injection("2026-03", volume_ml=1.5))
    assert (found.events, found.happened_from, found.values["volume_ml"]) == (("a", "b"), date(2026, 3, 12), 1.5)


def test_one_that_fits_two_joins_neither_and_adds_none() -> None:
    told = injection("2026-03-12"), injection("2026-03-26"), injection("2026-03", volume_ml=1.5)
    assert members(*told) == ["a", "b", "c?"]
    (doubtful,) = (o for o in at("left", *told) if o.doubtful)
    assert doubtful.may_be_of == ("a", "b")
    assert doubtful.disputed_by == ()


def test_vague_dates_that_overlap_narrow_each_other() -> None:
    """Between 10 February and 10 March, and in March: on 1 to 10 March."""
    (found,) = at("left", injection({"from": "2026-02-10", "to": "2026-03-10"}), injection("2026-03"))
    assert (found.happened_from, found.happened_to) == (date(2026, 3, 1), date(2026, 3, 10))


def test_a_part_that_fits_two_once_all_are_known_joins_neither() -> None:
    """An image of the hip (method not said) and an X-ray (region not said) beside a CT of the hip: the first may be
    either's, however the events are ordered or named."""
    ct = event("imaging", "2026-03-03", id="ct", method="ct", region="hip", tumour="absent")
    hip = event("imaging", "2026-03-03", region="hip", bridging="present")
    xray = event("imaging", "2026-03-03", method="xray")
    for one, other in (("a", "b"), ("b", "a")):
        told = ct, hip.model_copy(update={"id": one}), xray.model_copy(update={"id": other})
        assert members(*told) == sorted(["ct", f"{one}?", other])


def test_one_that_fits_two_makes_contradicted_what_it_disagrees_with() -> None:
    """Three accounts of therapy in 2026: two courses without a result that lasts, and one that says it lasted, of
    either. It adds to neither, and neither's result can be relied on."""
    told = (
        event("treatment", "2026-01-01/2026-03-01", care="physical_therapy", result="none", in_person=True),
        event("treatment", "2026-05-01/2026-07-01", care="physical_therapy", result="none"),
        event("treatment", "2026", care="physical_therapy", result="lasting", supervised=True),
    )
    found = {o.events: o for o in at("left", *told)}
    assert set(found) == {("a", "c"), ("b", "c"), ("c",)}
    assert [o.contradicted for o in found.values() if not o.doubtful] == [{"result"}, {"result"}]
    assert [o.values["supervised"] for o in found.values() if not o.doubtful] == [None, None]
    assert [o.may_be_of for o in found.values()] == [("a", "b")] * 3


def test_a_code_that_fits_two_contests_nothing_that_was_said() -> None:
    told = (
        injection("2026-03-12", volume_ml=1),
        injection("2026-03-26"),
        injection("2026-03", volume_ml=2, certainty="coded"),
    )
    assert [o.contradicted for o in at("left", *told)] == [frozenset()] * 3


# ── courses ──────────────────────────────────────────────────────────────────────────────────────────


def course(happened: Any, **told: Any) -> Event:
    return event("treatment", happened, care="physical_therapy", **told)


@pytest.mark.parametrize(
    ("told", "bounds"),
    [
        (["2026-01-10/2026-03-20"], ("2026-01-10", "2026-01-10", "2026-03-20", "2026-03-20")),
        (["2026-01/2026-03"], ("2026-01-01", "2026-01-31", "2026-03-01", "2026-03-31")),
        (["2026-01-10/"], ("2026-01-10", "2026-01-10", "2026-01-10", None)),
        (["2026-01-10/2026-02-10", "2026-02-01/2026-03-20"], ("2026-01-10", "2026-01-10", "2026-03-20", "2026-03-20")),
        (["2026-01-10/", "2026-01/2026-03"], ("2026-01-01", "2026-01-31", "2026-03-01", None)),  # see the gap below
    ],
)
def test_between_which_days_a_course_began_and_ended(told: list[str], bounds: tuple[str | None, ...]) -> None:
    (found,) = at("left", *(course(happened) for happened in told))
    days = (found.happened_from, found.begins_by, found.ends_from, found.happened_to)
    assert days == tuple(None if text is None else date.fromisoformat(text) for text in bounds)


def test_parts_of_a_course_with_a_gap_between_claim_the_longest_alone() -> None:
    """One day in March, an end not recorded, and three weeks in August: nobody said that it ran all summer."""
    (found,) = at("left", course("2026-03-16/"), course("2026-08-01/2026-08-21"))
    assert (found.begins_by, found.ends_from) == (date(2026, 8, 1), date(2026, 8, 21))
    assert (found.happened_from, found.happened_to) == (date(2026, 3, 16), None)


def test_a_course_that_goes_on_ran_until_that_was_recorded() -> None:
    (found,) = at("left", course("2026-03-16/", stopped_because="ongoing", recorded_at="2026-06-01"))
    assert (found.begins_by, found.ends_from) == (date(2026, 3, 16), date(2026, 6, 1))


def test_that_it_goes_on_yields_to_a_later_account_of_its_end() -> None:
    """In June it went on, in August it had stopped for no benefit: these do not contradict each other."""
    june = course("2026-03-16/", stopped_because="ongoing", recorded_at="2026-06-01")
    august = course("2026-03-16/2026-08-01", stopped_because="no_benefit", recorded_at="2026-08-02")
    (found,) = at("left", june, august)
    assert (found.values["stopped_because"], found.contradicted) == ("no_benefit", frozenset())
    (again,) = at("left", june.model_copy(update={"recorded_at": RECORDED}), august)
    assert (again.values["stopped_because"], again.contradicted) == (None, {"stopped_because"})


# ── disagreement ─────────────────────────────────────────────────────────────────────────────────────


def test_what_two_events_disagree_about_is_known_of_neither() -> None:
    (found,) = at("left", injection("2026-03-03", score_before=8, score_after=2, volume_ml=1.5),
                  injection("2026-03-03", score_after=6))  # fmt: skip
    assert found.contradicted == {"score_after"}
    assert (found.values["score_after"], found.values["relief_pct"], found.values["volume_ml"]) == (None, None, 1.5)
    assert found.events == ("a", "b")  # both are witnesses


def test_contradicted_scores_are_not_mended_by_a_stated_percentage() -> None:
    told = (
        injection("2026-03-03", score_before=8, score_after=2, relief_stated_pct=75),
        injection("2026-03-03", score_after=6),
    )
    assert at("left", *told)[0].values["relief_any_pct"] is None


def test_words_that_only_describe_do_not_contradict() -> None:
    told = (
        event("diagnosis", "2026-03-03/", category="disc", code="M51.26", label="disc displacement"),
        event("diagnosis", "2026-03-03/", category="disc", label="herniated disc"),
    )
    (found,) = at("left", *told)
    assert (found.contradicted, found.values["label"]) == (frozenset(), "disc displacement")


def test_what_was_said_weighs_more_than_a_code() -> None:
    """The stated event alone gives the values: a code adds no scores to what a clinician said."""
    told = (
        injection("2026-03-03", role="diagnostic"),
        injection("2026-03-03", certainty="coded", role="therapeutic", volume_ml=2),
    )
    (found,) = at("left", *told)
    assert (found.certainty, found.values["role"], found.values["volume_ml"]) == ("stated", "diagnostic", None)
    assert found.contradicted == frozenset()


def test_two_corrections_of_one_event_conflict() -> None:
    """Each takes the first one's place, with another day and another score: one occasion, of which neither is known."""
    first = injection("2026-03-03", id="a", score_before=8, score_after=3)
    corrections = (
        injection("2026-03-04", id="b", score_before=8, score_after=2, supersedes=("a",)),
        injection("2026-03-06", id="c", score_before=8, score_after=6, supersedes=("a",)),
    )
    (found,) = at("left", *standing((first, *corrections)))
    assert found.events == ("b", "c")
    assert found.contradicted == {"score_after"}
    assert (found.happened_from, found.happened_to) == (date(2026, 3, 4), date(2026, 3, 6))


def test_a_denial_puts_in_doubt_and_does_not_delete() -> None:
    (actual,) = [o for o in at("left", injection("2026-03-03"), injection("2026-03-03", modality="negated"))
                 if o.modality == "actual"]  # fmt: skip
    assert actual.doubtful
    assert actual.disputed_by == ("b",)


def test_a_denial_reaches_only_what_it_speaks_of() -> None:
    infection = event("diagnosis", "2026-03-03/", category="infection")
    tumour = event("diagnosis", "2026-03-03/", category="tumour", modality="negated")
    nothing_named = event("diagnosis", "2026-03-03/", modality="negated")
    assert members(infection, tumour) == ["a", "b"]
    assert members(infection, nothing_named) == ["a", "b"]
    assert members(infection, tumour.model_copy(update={"category": "infection"})) == ["a?", "b"]
    assert members(injection("2026-03-03"), injection("2026-03-04", modality="negated")) == ["a", "b"]


@pytest.mark.parametrize("modality", ["intended", "provisional", "family", "negated"])
def test_what_was_not_so_never_joins_what_was(modality: str) -> None:
    told = injection("2026-03-03"), injection("2026-03-20", modality=modality, guidance="ct")
    assert members(*told) == ["a", "b"]
    ordered = at("left", told[0], told[1].model_copy(update={"happened": told[0].happened}))
    assert {o.modality: o.values["guidance"] for o in ordered} == {"actual": None, modality: "ct"}


def test_asked_and_not_known_yields_to_an_answer() -> None:
    asked = injection("2026-03-03", asked_not_known=("volume_ml", "contrast"))
    assert at("left", asked)[0].asked_not_known == {"volume_ml", "contrast"}
    assert at("left", asked, injection("2026-03-03", volume_ml=1))[0].asked_not_known == {"contrast"}


# ── sides ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("side", "left", "right"),
    [
        ("left", [True], []),
        ("right", [], [True]),
        ("both", [True], [True]),
        ("none", [True], [True]),
        ("unknown", [False], [False]),  # at each joint, of a side that is not known
    ],
)
def test_at_which_joint_an_event_stands(side: str, left: list[bool], right: list[bool]) -> None:
    told = injection("2026-03-03", side=side)
    assert [o.side_known for o in at("left", told)] == left
    assert [o.side_known for o in at("right", told)] == right


def test_a_kind_without_sides_is_of_the_person() -> None:
    assert members(event("medication", "2026-03-03/", side="left"), side=None) == ["a"]
    assert members(event("medication", "2026-03-03/", side="left")) == []


def test_both_joins_the_one_side_and_stands_alone_at_the_other() -> None:
    told = injection("2026-03-03", side="both"), injection("2026-03-03", side="left")
    assert members(*told) == ["ab"]
    assert members(*told, side="right") == ["a"]


def test_an_unknown_side_joins_neither_joint() -> None:
    told = injection("2026-03-03", guidance="ct"), injection("2026-03-03", side="unknown", volume_ml=1)
    assert members(*told) == ["a", "b"]
    assert [o.values["volume_ml"] for o in at("left", *told) if o.side_known] == [None]


@pytest.mark.parametrize(
    ("left", "right", "bilateral"),
    [
        ("2026-03-03", "2026-03-03", True),  # told joint by joint
        ("2026-03-03", "2026-03-10", False),
        ("2026-03-03", None, False),
    ],
)
def test_operations_of_both_joints_on_one_day(left: str, right: str | None, bilateral: bool) -> None:
    told = [event("operation", left, target="si_joint")]
    told += [event("operation", right, target="si_joint", side="right")] if right else []
    assert [o.values["bilateral"] for o in at("left", *told)] == [bilateral]
    assert [o.values["bilateral"] for o in at("left", event("operation", left, target="si_joint", side="both"))] == [
        True
    ]


# ── what follows from other events ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scores", "relief", "any_relief"),
    [
        ({"score_before": 8, "score_after": 2}, 75, 75),
        ({"score_before": 7.6, "score_after": 1.9}, 75, 75),  # exactly 75, whatever binary fractions make of it
        ({"score_before": 8, "score_after": 10}, -25, -25),
        ({"score_before": 8, "score_after": 0}, 100, 100),
        ({"score_before": 0, "score_after": 0}, None, None),  # of no pain there is no share
        ({"score_before": 8}, None, None),
        ({"relief_stated_pct": 80}, None, 80),
        ({"score_before": 8, "score_after": 4, "relief_stated_pct": 80}, 50, 50),  # scores go first
    ],
)
def test_relief_comes_from_the_scores(scores: dict[str, float], relief: float | None, any_relief: float | None) -> None:
    (found,) = at("left", injection("2026-03-03", **scores))
    assert (found.values["relief_pct"], found.values["relief_any_pct"]) == (relief, any_relief)


@pytest.mark.parametrize(
    ("born", "began", "age"),
    [
        ("1986-05-10", "2026-05-10", 40),
        ("1986-05-10", "2026-05-09", 39),
        ("1986-05", "2026-07", 40),
        ("1986-05", "2026-05", None),  # 39 or 40
        ("1986", "2026-03", None),
    ],
)
def test_age_at_onset(born: str, began: str, age: int | None) -> None:
    onset = at("left", event("onset", began), event("person", born, side="none"))
    assert [o.values["age_years"] for o in onset] == [age]


def test_age_at_onset_without_a_day_of_birth_is_not_known() -> None:
    assert [o.values["age_years"] for o in at("left", event("onset", "2026-05-10"))] == [None]


def test_two_days_of_birth_are_one_birth_that_is_not_known() -> None:
    births = event("person", "1986-05-10", side="none"), event("person", "1968-05-10", side="none")
    (found,) = at(None, *births)
    assert (found.happened_from, found.happened_to) == (date(1968, 5, 10), date(1986, 5, 10))
    assert [o.values["age_years"] for o in at("left", *births, event("onset", "2026-06-01"))] == [None]


def test_a_screen_reports_symptoms_too() -> None:
    told = event(
        "safety_screen", "2026-03-03", side="none", id="s", fever="denied", weight_loss="reported", author="Dr One"
    )
    found = {o.kind: o for o in at(None, told) if o.kind == "safety_screen"}
    symptoms = {o.values["symptom"]: o.values["answer"] for o in at(None, told) if o.kind == "symptom"}
    assert symptoms == {"fever": "denied", "weight_loss": "reported"}
    assert {o.events for o in at(None, told)} == {("s",)}  # the screen is the witness of each
    assert found["safety_screen"].authors == ("Dr One",)


def test_ids_name_the_joint() -> None:
    ids = {o.id for o in occasions([injection("2026-03-03", id="a", side="both")])}
    assert ids == {"a@left", "a@right"}
