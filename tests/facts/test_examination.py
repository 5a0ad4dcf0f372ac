"""Provocation tests count within one examination."""

from __future__ import annotations

from datetime import date
from typing import Any

from nutation.criteria import JointView, bind
from nutation.facts import CATALOGUE
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions

BATTERY = ["distraction", "thigh_thrust", "compression", "gaenslen", "faber"]


def examination(n: int, happened: str, **told: Any) -> Any:
    head = {"id": f"e{n}", "patient": "p", "side": "left", "recorded_at": "2026-08-01", "source": {"system": "s"}}
    return KINDS["examination"].model_validate({**head, "happened": happened, **told})


def positive(*examinations: Any) -> tuple[float, float]:
    view = JointView(occasions(examinations), "left", date(2026, 9, 1))
    return tuple(view.value(bind(CATALOGUE["provocation_positive"], {"battery": BATTERY})).range)  # type: ignore[return-value]


def test_tests_of_two_examinations_are_not_added_up() -> None:
    """Two positive in May and two others in June are two of five, with one to three open, and never four."""
    may = examination(1, "2026-05-04", distraction="positive", thigh_thrust="positive", compression="negative")
    june = examination(2, "2026-06-08", gaenslen="positive", faber="positive", compression="negative")
    assert positive(may, june) == (2, 4)


def test_two_examiners_of_one_day_are_two_examinations() -> None:
    one = examination(1, "2026-05-04", author="Dr One", **dict.fromkeys(BATTERY, "positive"))
    two = examination(2, "2026-05-04", author="Dr Two", **dict.fromkeys(BATTERY, "negative"))
    assert positive(one, two) == (0, 5)


def test_pain_that_is_not_the_familiar_one_is_negative() -> None:
    told = dict.fromkeys(BATTERY, "positive") | {"faber": "unfamiliar", "gaenslen": "not_done"}
    assert positive(examination(1, "2026-05-04", **told)) == (3, 4)
