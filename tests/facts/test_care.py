"""Care counts as failed only where a recorded result says so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from nutation.criteria import JointView, bind
from nutation.facts import CATALOGUE
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions


def course(n: int, happened: str, **told: Any) -> Any:
    head = {"id": f"c{n}", "patient": "p", "side": "left", "recorded_at": "2026-08-01", "source": {"system": "s"}}
    return KINDS["treatment"].model_validate(
        {**head, "happened": happened, "care": "physical_therapy", "aim": "si_joint", **told}
    )


def failed(name: str, *courses: Any) -> bool | None:
    view = JointView(occasions(courses), "left", date(2026, 9, 1))
    return view.value(bind(CATALOGUE[name], {"care": ["physical_therapy"]})).truth


@pytest.mark.parametrize("reason", ["cost", "absence"])
def test_stopping_for_cost_is_not_failure(reason: str) -> None:
    """A course that ended because it could not be paid, or attended, says nothing of what it would have done."""
    stopped = course(1, "2026-01-05/2026-02-05", result="none", stopped_because=reason)
    assert failed("care_inadequate", stopped) is not True
    assert failed("care_failed_latest", stopped) is False
    ended = course(1, "2026-01-05/2026-02-05", result="none", stopped_because="no_benefit")
    assert failed("care_inadequate", ended) is True
    assert failed("care_failed_latest", ended) is True


def test_the_latest_known_result_speaks() -> None:
    """A failure of 2025 does not hide the lasting relief of 2026, nor an old success a later failure."""
    early, late = "2025-01-05/2025-03-05", "2026-01-05/2026-03-05"
    ended = {"stopped_because": "completed"}
    assert (
        failed(
            "care_failed_latest", course(1, early, result="none", **ended), course(2, late, result="lasting", **ended)
        )
        is False
    )
    assert (
        failed(
            "care_failed_latest", course(1, early, result="lasting", **ended), course(2, late, result="worse", **ended)
        )
        is True
    )


def test_a_course_without_a_result_neither_failed_nor_helped() -> None:
    assert failed("care_failed_latest", course(1, "2026-01-05/2026-02-05")) is None
    assert failed("care_inadequate", course(1, "2026-01-05/2026-02-05")) is None
