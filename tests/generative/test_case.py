"""What a whole case promises, on records made from the examples by taking away, adding and withdrawing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from generative.records import HARD, RANDOM, RECORDED, an_event
from nutation.case import build_case
from nutation.criteria import JointView
from nutation.indication import current, judge, policies, setting
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.record.standing import standing

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/events.yaml"))
AS_OF = date(2026, 9, 1)
SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
INVASIVE = ("inject", "request_authorisation", "plan_operation")
TOWARDS_MET = ["not_met", "undetermined", "met"]


@cache
def record_of(name: str) -> Record:
    return read_record(EXAMPLES / name)


def verdicts(record: Record) -> dict[tuple[str, str], str]:
    told = occasions(standing(record.events))
    found: dict[tuple[str, str], str] = {}
    for side in ("left", "right"):
        view = JointView(told, side, AS_OF)
        planned = setting(view)
        found |= {(side, p.id): judge(p, view, planned=planned).verdict for p in current(policies(), AS_OF)}
    return found


@cache
def verdicts_of(name: str) -> dict[tuple[str, str], str]:
    return verdicts(record_of(name))


def events(kinds: tuple[str, ...] = HARD) -> st.SearchStrategy[dict[str, Any]]:
    return RANDOM.map(lambda r: an_event(r, kinds))


def added(record: Record, plain: dict[str, Any]) -> Record:
    head = {"id": "added", "patient": record.patient, "recorded_at": RECORDED, "source": {"system": "generated"}}
    return replace(record, events=(*record.events, KINDS[plain["kind"]].model_validate(head | plain)))


@SETTINGS
@given(st.sampled_from(NAMES), st.data())
def test_nothing_invasive_while_the_gate_is_not_clear_or_addressed(name: str, data: st.DataObject) -> None:
    """Any part of any example's record, with anything added: the gate goes before all."""
    record = record_of(name)
    kept = tuple(event for event in record.events if data.draw(st.integers(0, 6)))
    record = replace(record, events=kept)
    for plain in data.draw(st.lists(events(), max_size=3)):
        record = added(record, plain | {"id": f"added-{len(record.events)}"})
    case = build_case(record, as_of=AS_OF)
    shut = [joint for joint in case.joints if joint.gate.state not in ("clear", "addressed")]
    assume(shut)
    assert case.recommendation.action not in INVASIVE
    sides = {joint.side for joint in shut}
    assert not [
        s for s in case.next if s.stage in ("imaging", "injection") and s.side in sides and "safety" not in s.purpose
    ]
    assert not [s for s in case.next if s.stage == "injection" and (s.side is None or s.side in sides)]


SIDED = tuple(
    kind for kind in KINDS if KINDS[kind].SIDED and kind not in ("completeness", "gate_resolution", "operation")
)


@SETTINGS
@given(
    st.sampled_from(NAMES), events(tuple(k for k in SIDED if k != "person")), st.sampled_from(["intended", "family"])
)
def test_what_is_only_ordered_or_of_a_relative_changes_no_verdict(name: str, plain: dict[str, Any], how: str) -> None:
    assert verdicts(added(record_of(name), plain | {"modality": how})) == verdicts_of(name)


@SETTINGS
@given(st.sampled_from(NAMES), events(SIDED))
def test_what_was_entered_in_error_changes_no_verdict(name: str, plain: dict[str, Any]) -> None:
    record = added(record_of(name), plain | {"modality": "actual", "id": "added"})
    error: Event = record.events[-1].model_copy(
        update={"id": "error", "supersedes": ("added",), "retracted": True, "recorded_at": RECORDED}
    )
    assert verdicts(replace(record, events=(*record.events, error))) == verdicts_of(name)


@SETTINGS
@given(st.sampled_from(NAMES), events(SIDED))
def test_an_event_of_unknown_side_never_moves_a_verdict_towards_met(name: str, plain: dict[str, Any]) -> None:
    """Unchanged, save where the record says that it is complete: there the side may matter, and the verdict opens."""
    before = verdicts_of(name)
    after = verdicts(added(record_of(name), plain | {"side": "unknown", "modality": "actual"}))
    for key, verdict in after.items():
        if verdict != before[key]:
            assert verdict == "undetermined", (key, before[key], verdict)
            assert before[key] == "not_met" or any(e.kind == "completeness" for e in record_of(name).events)
            assert TOWARDS_MET.index(verdict) <= TOWARDS_MET.index("undetermined")


@SETTINGS
@given(st.sampled_from(NAMES), st.data())
def test_a_withdrawal_that_helps_is_said(name: str, data: st.DataObject) -> None:
    """Taking back a contrary finding may turn a verdict or open the gate, and never without a warning."""
    record = record_of(name)
    withdrawn = data.draw(st.sampled_from(record.events))
    error = withdrawn.model_copy(
        update={"id": "error", "supersedes": (withdrawn.id,), "retracted": True, "recorded_at": RECORDED}
    )
    case = build_case(replace(record, events=(*record.events, error)), as_of=AS_OF)
    assert any(warning.startswith("Withdrawn") for warning in case.warnings)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_case(name: str) -> None:
    first, second = (build_case(record_of(name), as_of=AS_OF, seed=7) for _ in range(2))
    assert first == second
