"""Whether an occasion belongs to a selection: yes, no, or not known; as of 1 September 2026."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from criteria.told import AS_OF, event, joined, numbered
from nutation.criteria.language import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Events,
    IfAsked,
    Is,
    Known,
    Not,
    OneOf,
    When,
    all_of,
    any_of,
)
from nutation.criteria.membership import fields_of, holds, member
from nutation.record.head import Event

# ── conditions ───────────────────────────────────────────────────────────────────────────────────────

BLOCK = joined(
    event("injection", "2026-08-01", role="diagnostic", guidance="ct", score_before=8, score_after=2, steroid=False)
)[0]
"""Relief is (8 - 2) / 8 = 75 %; contrast and volume are not recorded."""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Is("guidance", "ct"), True),
        (Is("guidance", "fluoroscopy"), False),
        (Is("contrast", "not_used"), None),  # not recorded: neither yes nor no
        (Is("steroid", False), True),  # a recorded no is not silence
        (OneOf("guidance", ("ct", "fluoroscopy")), True),
        (OneOf("guidance", ("fluoroscopy",)), False),
        (OneOf("contrast", ("intra_articular",)), None),
        (OneOf("contrast", None), True),  # any, recorded or not
        (AtLeast("relief_pct", 75), True),  # the threshold itself is enough
        (AtLeast("relief_pct", 75.1), False),
        (AtLeast("volume_ml", 1), None),
        (AtLeast("volume_ml", None), True),
        (AtMost("score_after", 2), True),
        (AtMost("score_after", 1.9), False),
        (AtMost("volume_ml", 2), None),
        (AtMost("volume_ml", None), True),
        (Known("guidance"), True),
        (Known("contrast"), False),  # two-valued: silence is a plain no here
        (IfAsked(True, Is("contrast", "not_used")), None),
        (IfAsked(False, Is("contrast", "not_used")), True),
        (When(True, Is("guidance", "ct")), True),
        (When(False, Is("guidance", "ct")), False),
        (Not(Is("guidance", "ct")), False),
        (Not(Is("contrast", "not_used")), None),
        (all_of(Is("guidance", "ct"), Is("contrast", "not_used")), None),
        (all_of(Is("guidance", "none"), Is("contrast", "not_used")), False),  # one no decides
        (any_of(Is("guidance", "ct"), Is("contrast", "not_used")), True),  # one yes decides
        (any_of(Is("guidance", "none"), Is("contrast", "not_used")), None),
        (AllOf(()), True),
        (AnyOf(()), False),
    ],
)
def test_a_condition_on_one_block(condition: Condition, expected: bool | None) -> None:
    assert holds(condition, BLOCK) is expected


def test_what_two_statements_disagree_about_is_not_silence() -> None:
    """The examination's neurology was told twice and differently: an older one must not speak in its place."""
    told = joined(
        event("examination", "2026-08-01", neurology="normal"),
        event("examination", "2026-08-01", neurology="progressive_deficit"),
    )
    assert [o.contradicted for o in told] == [{"neurology"}]
    assert holds(Known("neurology"), told[0]) is None
    assert holds(Is("neurology", "normal"), told[0]) is None


def test_the_fields_that_a_condition_reads() -> None:
    condition = all_of(
        Is("role", "both"),
        Not(Known("steroid")),
        IfAsked(False, Is("contrast", "x")),
        When(True, AtMost("volume_ml", 2)),
    )
    assert fields_of(condition) == {"role", "steroid", "volume_ml"}
    assert fields_of(None) == frozenset()


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────


def counts(told: Event, **selected: Any) -> bool | None:
    (occasion,) = joined(told)
    return member(Events(told.kind, **selected), occasion, AS_OF).sure


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ("2026-09-01", True),  # the as-of day itself
        ("2026-09-02", False),  # the day after
        ("2026-09", None),  # some day of September: perhaps the 1st, perhaps later
        ("2026", None),
        ("2026-08", True),
        ({"to": "2026-08-31"}, True),  # some day up to August: begun, whenever it was
        ({"from": "2026-08-01"}, None),  # since August, no end: perhaps still to come
        ({"from": "2026-09-02"}, False),
        ({}, None),
    ],
)
def test_an_event_counts_once_it_has_begun(happened: Any, expected: bool | None) -> None:
    assert counts(event("injection", happened)) is expected


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ("2026-06-03", True),  # 90 days before 1 September: the window's first day counts
        ("2026-06-02", False),  # 91 days before
        ("2026-06", None),  # the edge lies inside the month
        ("2026-05", False),
        ("2026-07", True),
        ("2025", False),
        ("2026", None),
        ({"to": "2026-08-31"}, None),  # begun, perhaps long ago
        ({"to": "2026-06-02"}, False),
    ],
)
def test_a_window_of_ninety_days(happened: Any, expected: bool | None) -> None:
    assert counts(event("injection", happened), within_days=90) is expected


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ("2026-01-01/2026-06-03", True),  # a course counts if it reaches into the window
        ("2026-01-01/2026-06-02", False),
        ("2026-01/2026-06", None),  # ended on some day of June: 1 June is outside, 30 June inside
        ("2026-01-01/", None),  # no end: it may have stopped long ago
        ("/2026-06-03", True),
        ("2026-07-01/", True),
        ("2026-08-20/2026-10-10", True),  # begun, and still running after the as-of day
    ],
)
def test_a_course_belongs_to_the_window_that_it_reaches(happened: Any, expected: bool | None) -> None:
    assert counts(event("treatment", happened), within_days=90) is expected


def test_a_course_that_is_said_to_go_on_ran_at_least_until_that_was_recorded() -> None:
    told = event("treatment", "2026-01-01/", stopped_because="ongoing", recorded_at="2026-08-20")
    assert counts(told, within_days=90) is True


def test_stale_is_what_would_count_were_it_younger() -> None:
    (old,) = joined(event("injection", "2026-01-01", role="diagnostic"))
    assert member(Events("injection", where=Is("role", "diagnostic"), within_days=90), old, AS_OF).stale
    assert not member(Events("injection", where=Is("role", "therapeutic"), within_days=90), old, AS_OF).stale
    assert not member(Events("injection", where=Is("role", "diagnostic")), old, AS_OF).stale


# ── how it is known ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "selected", "expected"),
    [
        ({"certainty": "coded"}, {}, None),  # an imported code satisfies nothing by itself, and excludes nothing
        ({"certainty": "inferred"}, {}, None),
        ({"certainty": "coded"}, {"certainty": ("stated", "coded")}, True),
        ({"modality": "intended"}, {}, False),  # an order is not a happening
        ({"modality": "family"}, {}, False),  # a relative's
        ({"modality": "negated"}, {}, False),
        ({"modality": "provisional"}, {}, None),  # suspected: keeps the question open
        ({"modality": "provisional"}, {"modality": ("actual", "provisional")}, True),
        ({"modality": "provisional"}, {"modality": ("intended",)}, False),
        ({"modality": "intended"}, {"modality": ("intended",)}, True),
        ({"side": "unknown"}, {}, None),
        ({"side": "both"}, {}, True),
        ({"side": "none"}, {}, True),
        ({"category": None}, {"topic": "infection"}, None),
        ({"category": "infection"}, {"topic": "infection"}, True),
        ({"category": "tumour"}, {"topic": "infection"}, False),
    ],
)
def test_what_counts_of_a_diagnosis(told: dict[str, Any], selected: dict[str, Any], expected: bool | None) -> None:
    assert counts(event("diagnosis", "2026-01-01/", **told), **selected) is expected


def test_the_core_leaves_the_side_out_of_account() -> None:
    (occasion,) = joined(event("injection", "2026-08-01", side="unknown"))
    found = member(Events("injection"), occasion, AS_OF)
    assert (found.core, found.sure) == (True, None)


def test_a_denied_happening_is_not_known() -> None:
    """One source says that the joint was injected, another that it was not done: neither is believed alone."""
    told = joined(*numbered(event("injection", "2026-08-01"), event("injection", "2026-08-01", modality="negated")))
    sure = [member(Events("injection"), o, AS_OF).sure for o in told]
    assert sorted(sure, key=str) == [False, None]


def test_as_of_runs_the_windows_back_from_another_day() -> None:
    (occasion,) = joined(event("injection", "2026-08-01"))
    assert member(Events("injection"), occasion, date(2026, 7, 31)).sure is False
    assert member(Events("injection", within_days=30), occasion, date(2026, 8, 31)).sure is True
    assert member(Events("injection", within_days=30), occasion, date(2026, 9, 1)).sure is False
