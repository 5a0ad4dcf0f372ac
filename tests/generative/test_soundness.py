"""What three-valued criteria promise: completions agree, witnesses suffice, copies and silence prove nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from generative.records import AS_OF, HARD, RECORDED, attribute, built, events, facts_of, plain_rules, rule, scenes
from nutation.criteria import JointView, evaluate
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.language import Known
from nutation.record.columns import column_types
from nutation.record.derived import DERIVED, derive
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion, occasions

QUICK = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
)
COMPLETABLE = tuple(kind for kind in HARD if kind not in ("examination", "pregnancy", "onset"))
LATEST_SPEAKS_OF_THE_RECORD = ("SinceEarliest", "SinceLatest", "SinceDate", "Latest", "LatestIs", "Tally")


def answer(plain: list[dict[str, Any]], criterion: Any) -> bool | None:
    return evaluate(criterion, JointView(occasions(built(plain)), "left", AS_OF)).truth


# ── completions ──────────────────────────────────────────────────────────────────────────────────────


def known_fields(node: Any) -> set[str]:
    """Fields of which a criterion asks only whether they are recorded: silence is an answer there."""
    if isinstance(node, Known):
        return {str(node.field)}
    parts = node if isinstance(node, tuple) else [getattr(node, f) for f in getattr(node, "__dataclass_fields__", ())]
    return {name for part in parts for name in known_fields(part)}


@st.composite
def completions(draw: st.DrawFn, occasion: Occasion, fixed: set[str]) -> Occasion | None:
    """One way that all not known of an occasion may turn out; None where it turns out to be no happening."""
    undecided = occasion.doubtful or occasion.certainty != "stated" or occasion.modality == "provisional"
    if undecided and draw(st.booleans()):
        return None
    values = dict(occasion.values)
    for name in column_types(occasion.kind):
        if values.get(name) is None and name not in fixed and name not in DERIVED.get(occasion.kind, {}):
            values[name] = draw(attribute(occasion.kind, name))
    if occasion.kind == "injection" and not values["score_before"]:
        values["score_before"] = 8.0
    values |= derive(occasion.kind, values)
    begins, ends = _dates(draw, occasion)
    return replace(
        occasion,
        doubtful=False,
        certainty="stated",
        modality="actual" if occasion.modality == "provisional" else occasion.modality,
        values=values,
        contradicted=frozenset(),
        happened_from=begins,
        begins_by=begins,
        ends_from=ends,
        happened_to=ends,
    )


def _dates(draw: Any, o: Occasion) -> tuple[date, date]:
    far = timedelta(days=500)
    latest = o.begins_by or (o.happened_to or AS_OF + far)
    earliest = o.happened_from or min(latest, AS_OF) - far
    begins = draw(st.dates(earliest, max(earliest, latest)))
    if not KINDS[o.kind].COURSE:
        return begins, begins
    first_end = max(begins, o.ends_from or begins)
    return begins, draw(st.dates(first_end, max(first_end, o.happened_to or first_end + far)))


@QUICK
@given(st.data(), scenes(COMPLETABLE))
def test_every_completion_agrees_with_a_decided_state(data: st.DataObject, scene: Any) -> None:
    plain, plain_rule = scene
    criterion = rule(plain_rule)
    before = [o for o in occasions(built(plain)) if o.joint in (None, "left")]
    truth = evaluate(criterion, JointView(before, "left", AS_OF)).truth
    assume(truth is not None)
    fixed = set().union(*(known_fields(test.fact.expression) for test in leaves_of(criterion)))
    told = [o for o in before if o.kind != "completeness"]
    completed = [data.draw(completions(o, fixed)) for o in told]
    world = [o for o in completed if o is not None and (o.side_known or data.draw(st.booleans()))]
    counting = {type(t.fact.expression).__name__ for t in leaves_of(criterion)}.isdisjoint(LATEST_SPEAKS_OF_THE_RECORD)
    if counting:  # an event whose side was not known turns out to be of this joint, or not
        world = [replace(o, side_known=True) for o in world]
    closed = [
        replace(o, kind="completeness", id=f"all-{kind}", values={"of": kind, "topic": None, "up_to": AS_OF, "expires_on": None},
                joint=None, side_known=True, modality="actual", certainty="stated", doubtful=False, contradicted=frozenset(),
                happened_from=AS_OF, begins_by=AS_OF, ends_from=AS_OF, happened_to=AS_OF)
        for kind in KINDS for o in occasions(built([{"kind": "function", "happened": "2026-08-01"}]))
    ]  # fmt: skip
    two_valued = evaluate(criterion, JointView([*world, *closed], "left", AS_OF)).truth
    assert two_valued in (truth, None), (plain_rule, truth, two_valued)
    if counting:
        assert two_valued is truth


BATTERY = ["distraction", "thigh_thrust", "compression", "faber", "gaenslen"]
RESULTS = st.sampled_from(["positive", "negative", "unfamiliar", "not_done", None])


@QUICK
@given(
    st.fixed_dictionaries(dict.fromkeys(BATTERY, RESULTS)),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.integers(0, 6),
)
def test_a_battery_completed_any_way_agrees(tests: dict[str, Any], turn_out: list[bool], bound: int) -> None:
    criterion = rule({"fact": "provocation_positive", "with": {"battery": BATTERY}, "min": bound})
    head = {"kind": "examination", "side": "left", "happened": "2026-08-01"}
    truth = answer([head | tests], criterion)
    filled = {
        name: told if told in ("positive", "negative", "unfamiliar") else "positive" if turns else "negative"
        for (name, told), turns in zip(tests.items(), turn_out, strict=True)
    }
    assert truth in (None, answer([head | filled], criterion))


# ── witnesses ────────────────────────────────────────────────────────────────────────────────────────


@QUICK
@given(scenes())
def test_the_deciding_witnesses_alone_give_the_same_answer(scene: Any) -> None:
    plain, plain_rule = scene
    criterion = rule(plain_rule)
    told = built(plain)
    found = evaluate(criterion, JointView(occasions(told), "left", AS_OF))
    assume(found.truth is not None)
    named = set(found.witnesses.all())
    alone = [e for e in told if e.id in named or e.kind == "person"]
    assert evaluate(criterion, JointView(occasions(alone), "left", AS_OF)).truth is found.truth


# ── copies, splits, and events that must not count ──────────────────────────────────────────────────


@QUICK
@given(st.data(), scenes())
def test_a_copy_of_an_event_never_turns_a_criterion_true(data: st.DataObject, scene: Any) -> None:
    plain, plain_rule = scene
    assume(plain)
    criterion = rule(plain_rule)
    before = answer(plain, criterion)
    assume(before is not True)
    original = data.draw(st.sampled_from(plain))
    kept = {
        name: value
        for name, value in original.items()
        if name in ("kind", "side", "happened", "certainty", "modality") or data.draw(st.booleans())
    }
    assert answer([*plain, kept], criterion) is not True


@QUICK
@given(st.data(), scenes())
def test_splitting_an_event_never_turns_a_criterion_true(data: st.DataObject, scene: Any) -> None:
    plain, plain_rule = scene
    assume(plain)
    criterion = rule(plain_rule)
    assume(answer(plain, criterion) is not True)
    n = data.draw(st.integers(0, len(plain) - 1))
    head = {
        k: v
        for k, v in plain[n].items()
        if k in ("kind", "side", "happened", "certainty", "modality", "encounter", "author")
    }
    rest = {k: v for k, v in plain[n].items() if k not in head}
    left = {k: v for k, v in rest.items() if data.draw(st.booleans())}
    right = {k: v for k, v in rest.items() if k not in left}
    assert answer([*plain[:n], head | left, head | right, *plain[n + 1 :]], criterion) is not True


SIDED = tuple(kind for kind in HARD if KINDS[kind].SIDED)
NOT_OF_PLANS = tuple(fact for fact in facts_of(SIDED) if not fact.name.startswith("planned_"))


@QUICK
@given(
    st.data(),
    st.lists(events(SIDED), max_size=8),
    plain_rules(NOT_OF_PLANS),
    st.sampled_from(["unknown side", "intended", "of a relative", "entered in error"]),
)
def test_events_that_must_not_count_change_no_state(data: st.DataObject, plain: Any, plain_rule: Any, why: str) -> None:
    criterion = rule(plain_rule)
    before = answer(plain, criterion)
    extra = data.draw(events(SIDED)) | {"modality": "actual", "id": "extra"}
    if why == "unknown side":
        extra["side"] = "unknown"
    elif why in ("intended", "of a relative"):
        extra["modality"] = "intended" if why == "intended" else "family"
    more = built([*plain, extra])
    if why == "entered in error":
        from nutation.record.standing import standing

        error = more[-1].model_copy(
            update={"id": "error", "supersedes": ("extra",), "retracted": True, "recorded_at": RECORDED}
        )
        more = list(standing([*more, error]))
    after = evaluate(criterion, JointView(occasions(more), "left", AS_OF)).truth
    assert after is before, (why, extra)


@QUICK
@given(st.data(), st.lists(events(("injection",)), max_size=6))
def test_a_stale_event_changes_no_state(data: st.DataObject, plain: Any) -> None:
    criterion = rule(
        {
            "fact": "positive_blocks",
            "with": {"relief_pct_min": 50, "within_days": 90},
            "min": data.draw(st.integers(1, 3)),
        }
    )
    stale = data.draw(events(("injection",))) | {"happened": "2025-03", "modality": "actual", "encounter": None}
    recent = [told for told in plain if not str(told["happened"]).startswith(("2025", "{"))]
    recent = [
        told
        for told in recent
        if isinstance(told["happened"], str) and "/" not in told["happened"] and len(told["happened"]) > 4
    ]
    assert answer([*recent, stale], criterion) is answer(recent, criterion)


COUNTED = tuple(
    kind for kind in HARD if any(type(f.expression).__name__ in ("Count", "Exists") for f in facts_of((kind,)))
)


@QUICK
@given(st.data(), scenes(COUNTED))
def test_removing_events_never_moves_a_count_towards_true(data: st.DataObject, scene: Any) -> None:
    plain, plain_rule = scene
    assume({type(t.fact.expression).__name__ for t in leaves_of(rule(plain_rule))} <= {"Count", "Exists", "Best"})

    def positive(node: Any) -> bool:
        told = node if isinstance(node, list) else list(node.values()) if isinstance(node, dict) else []
        fine = not (
            isinstance(node, dict) and ("not" in node or node.get("is") is False or "max" in node or "below" in node)
        )
        return fine and all(positive(part) for part in told)

    assume(positive(plain_rule))
    plain = [e for e in plain if e["modality"] != "negated"]
    criterion = rule(plain_rule)
    before = answer(plain, criterion)
    kept = [e for e in plain if data.draw(st.booleans())]
    view = JointView(occasions(built(plain)), "left", AS_OF)
    assume(not any(o.contradicted or o.doubtful for o in view.occasions))
    after = answer(kept, criterion)
    order = {False: 0, None: 1, True: 2}
    assert order[after] <= order[before]
