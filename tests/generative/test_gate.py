"""Laws of the safety gate, for records put together at random from warnings, denials and statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.patients import AS_OF, SCREENED, battery, block, event, examined, history, screen_event, view_of
from nutation.evaluation import Gate, next_findings, screen
from nutation.evaluation.gate import plan
from nutation.evidence import load
from nutation.record.head import Event

EVIDENCE = load()
ITEMS = tuple(item.id for item in plan(EVIDENCE).items)
DAYS = st.integers(0, 40).map(lambda back: (AS_OF - timedelta(days=back)).isoformat())
TOWARDS_CLEAR = ("standing", "not_screened", "addressed", "clear")

WARNINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("symptom", {"symptom": "fever", "answer": "reported"}),
    ("symptom", {"symptom": "acute_severe_onset", "answer": "reported"}),
    ("symptom", {"symptom": "cancer_history", "answer": "reported"}),
    ("symptom", {"symptom": "saddle_numbness", "answer": "reported"}),
    ("diagnosis", {"category": "infection"}),
    ("diagnosis", {"category": "osteoporosis", "certainty": "coded"}),
    ("diagnosis", {"category": "tumour", "modality": "provisional"}),
    ("imaging", {"method": "mri", "region": "si_joint", "fracture": "present"}),
    ("imaging", {"method": "ct", "region": "pelvis", "destruction": "present", "side": "unknown"}),
    ("laboratory", {"analyte": "crp", "value": 90.0}),
    ("pregnancy", {"outcome": "ongoing"}),
    ("examination", {"hip_screen": "positive", "neurology": "stable_deficit"}),
)
REASSURING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("symptom", {"symptom": "fever", "answer": "denied"}),
    (
        "imaging",
        {"method": "mri", "region": "si_joint", "fracture": "absent", "infection": "absent", "tumour": "absent"},
    ),
    ("diagnosis", {"category": "infection", "modality": "negated"}),
    ("completeness", {"of": "diagnosis", "up_to": AS_OF.isoformat()}),
    ("laboratory", {"analyte": "crp", "value": 1.0}),
    ("examination", {"hip_screen": "negative", "neurology": "normal", "straight_leg_raise": "negative"}),
)


@st.composite
def records(draw: st.DrawFn) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """A record, and the names of those of its events that could only reassure."""
    told: list[Event] = [*history(), examined(happened=draw(DAYS)), block("block", "2026-06-01")]
    reassuring: list[str] = ["examination"]
    for i, (kind, fields) in enumerate(draw(st.lists(st.sampled_from(WARNINGS), max_size=3))):
        told.append(event(f"warning-{i}", kind, draw(DAYS), **fields))
    for i, (kind, fields) in enumerate(draw(st.lists(st.sampled_from(REASSURING), max_size=3))):
        told.append(event(f"reassuring-{i}", kind, draw(DAYS), **fields))
        reassuring.append(f"reassuring-{i}")
    for i in range(draw(st.integers(0, 2))):
        left_out = dict.fromkeys(draw(st.lists(st.sampled_from(SCREENED), max_size=2)))
        told.append(screen_event(f"screen-{i}", draw(DAYS), **left_out))
        reassuring.append(f"screen-{i}")
    for i, item in enumerate(draw(st.lists(st.sampled_from(ITEMS), max_size=3))):
        outcome = draw(st.sampled_from(["not_found", "treated", "accepted_by_specialist"]))
        told.append(
            event(f"resolved-{i}", "gate_resolution", draw(DAYS), item=item, investigation="MRI", outcome=outcome)
        )
        reassuring.append(f"resolved-{i}")
    return tuple(told), tuple(reassuring)


def gate(events: tuple[Event, ...]) -> Gate:
    return screen(view_of(events), EVIDENCE)


@settings(max_examples=60)
@given(records())
def test_nothing_invasive_while_the_gate_is_open(record: tuple[tuple[Event, ...], tuple[str, ...]]) -> None:
    """Unless it is clear or addressed, no injection and no radiation is among what could be done next."""
    events, _ = record
    view = view_of(events)
    told = screen(view, EVIDENCE)
    found, withheld = next_findings(view, view.other, told, EVIDENCE)
    offered = {f.id for f in found}
    if told.state not in ("clear", "addressed"):
        assert not [f for f in found if f.stage == "injection"]
        assert "joint_ct" not in offered
    if any(
        told.item(i).state == "standing" or told.item(i).question for i in ("infection", "tumour", "sacral_fracture")
    ):
        assert "provocation_battery" not in offered
    assert not offered & {w.id for w in withheld}


@settings(max_examples=60)
@given(records(), st.data())
def test_removing_an_event_never_clears_the_gate(
    record: tuple[tuple[Event, ...], tuple[str, ...]], data: st.DataObject
) -> None:
    """What denies, excludes, addresses or screens can be taken away; the gate and its items stay or get stricter."""
    events, reassuring = record
    removed = data.draw(st.sampled_from(reassuring))
    before, after = gate(events), gate(tuple(e for e in events if e.id != removed))
    assert TOWARDS_CLEAR.index(after.state) <= TOWARDS_CLEAR.index(before.state)
    for item in before.items:
        assert TOWARDS_CLEAR.index(after.item(item.id).state) <= TOWARDS_CLEAR.index(item.state), item.id


@settings(max_examples=60)
@given(records(), st.sampled_from(WARNINGS), DAYS)
def test_a_warning_never_clears_anything(
    record: tuple[tuple[Event, ...], tuple[str, ...]], warning: tuple[str, dict[str, Any]], day: str
) -> None:
    """One more warning, whatever is known, leaves no item nearer to clear (an examination also answers questions)."""
    kind, fields = warning
    if kind == "examination":
        return
    events, _ = record
    before, after = gate(events), gate((*events, event("more", kind, day, **fields)))
    for item in before.items:
        assert TOWARDS_CLEAR.index(after.item(item.id).state) <= TOWARDS_CLEAR.index(item.state), item.id


@settings(max_examples=40)
@given(st.sets(st.sampled_from(SCREENED), min_size=1, max_size=4))
def test_clear_needs_every_question(left_out: set[str]) -> None:
    events = (*history(), examined(**battery(3)))
    assert gate((*events, screen_event())).state == "clear"
    assert gate((*events, screen_event(**dict.fromkeys(left_out)))).state == "not_screened"
