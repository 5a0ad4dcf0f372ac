"""Which events stand: known by an instant, less what was corrected or withdrawn by then."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions
from nutation.record.standing import standing


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def injection(name: str, recorded: str, **told: Any) -> Event:
    head = {"patient": "p", "side": "left", "source": {"system": "clinic"}, "happened": "2026-03-01"}
    return KINDS["injection"].model_validate({**head, "id": name, "recorded_at": recorded, **told})


def ids(events: tuple[Event, ...]) -> list[str]:
    return sorted(event.id for event in events)


def test_an_injection_of_1_march_recorded_on_20_march() -> None:
    """Asked about 10 March it counts; known by 10 March it does not."""
    told = [injection("a", "2026-03-20")]
    (occasion,) = (o for o in occasions(standing(told)) if o.joint == "left")
    assert occasion.happened_to == date(2026, 3, 1)
    assert standing(told, at("2026-03-10")) == ()
    assert ids(standing(told, at("2026-03-20"))) == ["a"]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    told = [injection("a", "2026-03-02"), injection("b", "2026-03-05", supersedes=("a",))]
    assert ids(standing(told)) == ["b"]
    assert ids(standing(reversed(told))) == ["b"]


def test_a_correction_that_was_not_yet_recorded_corrects_nothing() -> None:
    told = [injection("a", "2026-03-02"), injection("b", "2026-03-05", supersedes=("a",))]
    assert ids(standing(told, at("2026-03-04"))) == ["a"]


def test_a_retraction_leaves_nothing() -> None:
    told = [injection("a", "2026-03-02"), injection("b", "2026-03-05", supersedes=("a",), retracted=True)]
    assert standing(told) == ()
    assert ids(standing(told, at("2026-03-04"))) == ["a"]


def test_a_chain_of_corrections_leaves_the_last() -> None:
    told = [
        injection("a", "2026-03-02"),
        injection("b", "2026-03-05", supersedes=("a",)),
        injection("c", "2026-03-07", supersedes=("b",)),
    ]
    assert ids(standing(told)) == ["c"]
    assert ids(standing(told, at("2026-03-06"))) == ["b"]


def test_a_retracted_correction_does_not_bring_the_first_back() -> None:
    """The correction said that the first was wrong; to withdraw it is not to say that the first was right."""
    told = [
        injection("a", "2026-03-02"),
        injection("b", "2026-03-05", supersedes=("a",)),
        injection("c", "2026-03-07", supersedes=("b",), retracted=True),
    ]
    assert standing(told) == ()


def test_two_corrections_of_one_event_both_stand() -> None:
    told = [
        injection("a", "2026-03-02"),
        injection("b", "2026-03-05", supersedes=("a",), score_after=2),
        injection("c", "2026-03-06", supersedes=("a",), score_after=6),
    ]
    assert ids(standing(told)) == ["b", "c"]


def test_the_same_event_read_twice_counts_once() -> None:
    told = injection("a", "2026-03-02")
    assert standing([told, told]) == (told,)


def test_a_correction_of_nothing_that_is_seen_stands() -> None:
    assert ids(standing([injection("b", "2026-03-05", supersedes=("elsewhere",))])) == ["b"]
