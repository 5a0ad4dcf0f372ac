"""What three-valued criteria promise: completions agree, witnesses suffice, copies and silence prove nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import currently_in_test_context, given, note, settings

from generative.completions import COUNTING, Completer, UnsuitableError
from generative.hints import AS_OF, hints_of
from generative.records import (
    FACTS,
    HARD,
    RANDOM,
    RECORDED,
    Plain,
    a_record,
    a_scene,
    a_test,
    an_event,
    built,
    facts_of,
    one_in,
    rule,
)
from nutation.criteria import BoundFact, Criterion, Gap, JointView, Need, Test, Value, evaluate, gap
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.answers import keeps
from nutation.criteria.language import Best, Count, Exists
from nutation.criteria.logic import Range
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions
from nutation.record.standing import standing

ORDER = {False: 0, None: 1, True: 2}
"""From false over not known to true."""
SCENES = 8
"""Scenes an example: Hypothesis costs more than a scene does."""
MANY = settings() if settings().max_examples > 1000 else settings(max_examples=40)


def _show(text: str) -> None:
    """What a failure is about; outside Hypothesis pytest's own account of it must do."""
    if currently_in_test_context():
        note(text)


def view(events: Sequence[Event]) -> JointView:
    return JointView(occasions(events), "left", AS_OF)


def truth(plain: Sequence[Plain], criterion: Criterion) -> bool | None:
    return evaluate(criterion, view(built(plain))).truth


def some_scenes(r: Random, **narrowed: Any) -> Iterator[tuple[list[Plain], Criterion]]:
    for _ in range(SCENES):
        plain, plain_rule = a_scene(r, **narrowed)
        _show(f"{plain_rule}\n{plain}")
        yield plain, rule(plain_rule)


def test_a_good_share_of_generated_criteria_is_decided() -> None:
    """The other properties say little of criteria that are always unknown."""
    r, n = Random(20260901), 600
    told = [truth(plain, rule(plain_rule)) for plain, plain_rule in (a_scene(r) for _ in range(n))]
    assert told.count(True) >= 0.2 * n
    assert told.count(False) >= 0.2 * n
    assert told.count(None) >= 0.2 * n


# ── completions ──────────────────────────────────────────────────────────────────────────────────────


@MANY
@given(RANDOM)
def test_every_completion_agrees_with_a_decided_state(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        leaves = leaves_of(criterion)
        before = view(built(plain))
        found = evaluate(criterion, before).truth
        if found is None:
            continue
        try:
            completer = Completer(leaves)
        except UnsuitableError:
            continue
        closed = frozenset(t.fact.expression.events.kind for t in leaves if before.value(t.fact).closing)
        record = [o for o in before.occasions if o.joint in (None, "left")]
        for _ in range(2):
            world = completer.world(r, record, closed)
            completed = evaluate(criterion, JointView(world, "left", AS_OF)).truth
            assert completed in (found, None), world
            if all(isinstance(t.fact.expression, COUNTING) for t in leaves):
                assert completed is found, world


# ── witnesses and gaps ───────────────────────────────────────────────────────────────────────────────


@MANY
@given(RANDOM)
def test_the_deciding_witnesses_alone_give_the_same_answer(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        told = built(plain)
        found = evaluate(criterion, view(told))
        if found.truth is not None:
            named = set(found.witnesses.all())
            alone = [e for e in told if e.id in named or e.kind == "person"]
            assert evaluate(criterion, view(alone)).truth is found.truth, named


class Filled(JointView):
    """A joint of which some facts are settled."""

    def __init__(self, joint: JointView, filled: Mapping[BoundFact, Value]) -> None:
        super().__init__(joint.occasions, joint.side, joint.as_of)
        self.joint, self.filled = joint, filled

    def value(self, fact: BoundFact) -> Value:
        return self.filled.get(fact) or self.joint.value(fact)


def possible(tests: Sequence[Test], known: Value) -> list[Value]:
    """Values, within what is known of a fact, that differ in how its tests come out."""
    if tests[0].expected is not None:
        truths = (True, False) if known.truth is None else (known.truth,)
        return [replace(known, truth=truth) for truth in truths]
    bounds = [bound for test in tests for bound in test.bounds()]
    tried = {*known.range, *bounds, *(bound + step for bound in bounds for step in (-1, -0.5, 0.5, 1))}
    within = [value for value in sorted(tried) if known.range.lo <= value <= known.range.hi]
    return [replace(known, range=Range(value, value)) for value in within]


def given_what_it_wants(need: Need, value: Value) -> bool:
    truth = need.test.expected is value.truth if need.test.expected is not None else keeps(need.test, value.range)
    return truth is need.wanted


@MANY
@given(RANDOM)
def test_some_value_of_the_gaps_findings_makes_the_criterion_true(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        joint = view(built(plain))
        found, state = gap(criterion, joint), evaluate(criterion, joint).truth
        tests: dict[BoundFact, list[Test]] = {}
        for test in leaves_of(criterion):
            tests.setdefault(test.fact, []).append(test)
        values = {fact: possible(told, joint.value(fact)) for fact, told in tests.items()}
        if state is not None:
            assert found == (Gap(()) if state else None)
        elif found is None:  # then no values do
            for chosen in product(*values.values()):
                filled = Filled(joint, dict(zip(values, chosen, strict=True)))
                assert evaluate(criterion, filled).truth is not True
        else:
            needs = {fact: [n for n in found.needs if n.test.fact == fact] for fact in tests}
            filling = {
                fact: next(v for v in values[fact] if all(given_what_it_wants(need, v) for need in told))
                for fact, told in needs.items()
                if told
            }
            assert evaluate(criterion, Filled(joint, filling)).truth is True
            if all(len(told) == 1 for told in tests.values()):  # then every finding of it is needed
                for fact in filling:
                    less = {other: value for other, value in filling.items() if other != fact}
                    assert evaluate(criterion, Filled(joint, less)).truth is not True


# ── copies, splits, and events that must not count ───────────────────────────────────────────────────

HEAD = ("kind", "side", "happened", "certainty", "modality")


@MANY
@given(RANDOM)
def test_a_copy_of_an_event_never_turns_a_criterion_true(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        if plain and truth(plain, criterion) is not True:
            original = r.choice(plain)
            copy = {name: value for name, value in original.items() if name in HEAD or one_in(r, 2)}
            assert truth([*plain, copy], criterion) is not True, copy


@MANY
@given(RANDOM)
def test_splitting_an_event_never_turns_a_criterion_true(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        if plain and truth(plain, criterion) is not True:
            n = r.randrange(len(plain))
            both = {name: value for name, value in plain[n].items() if name in (*HEAD, "encounter", "author")}
            halves: tuple[Plain, Plain] = ({}, {})
            for name, value in plain[n].items():
                r.choice(halves)[name] = value
            split = [both | half for half in halves]
            assert truth([*plain[:n], *split, *plain[n + 1 :]], criterion) is not True, split


SIDED = tuple(fact for fact in facts_of(HARD) if KINDS[fact.expression.events.kind].SIDED)
WINDOWED = tuple(fact for fact in facts_of(HARD) if "within_days" in fact.params)
WAYS = ("unknown side", "intended", "family", "entered in error", "stale")
LONG_AGO = "2024-03"


def within(plain_rule: Any, days: int) -> Any:
    """The rule with a window wherever a fact takes one."""
    if isinstance(plain_rule, list):
        return [within(part, days) for part in plain_rule]
    if not isinstance(plain_rule, dict):
        return plain_rule
    if "fact" in plain_rule:
        return plain_rule | {"with": plain_rule["with"] | {"within_days": days}}
    return {word: within(part, days) for word, part in plain_rule.items()}


@pytest.mark.parametrize("why", WAYS)
@MANY
@given(RANDOM)
def test_events_that_must_not_count_change_no_state(why: str, r: Random) -> None:
    for _ in range(SCENES):
        plain, plain_rule = a_scene(r, WINDOWED if why == "stale" else SIDED if why == "unknown side" else ())
        criterion = rule(within(plain_rule, 365) if why == "stale" else plain_rule)
        if any(why in leaf.fact.expression.events.modality for leaf in leaves_of(criterion)):
            continue  # it does count there
        changed = {"unknown side": {"side": "unknown"}, "stale": {"happened": LONG_AGO}}.get(why, {"modality": why})
        if why == "entered in error":
            changed = {}
        kinds = sorted({leaf.fact.expression.events.kind for leaf in leaves_of(criterion)})
        extra = built([an_event(r, kinds, hints_of(criterion)) | {"modality": "actual", "id": "extra"} | changed])[0]
        before = built(plain)
        if any(e.kind == extra.kind and e.happened.overlaps(extra.happened) for e in before) and why in WAYS[::4]:
            continue  # it may be the same happening: then it tells more of what does count
        after = [*before, extra]
        if why == "entered in error":
            withdrawn = {"id": "error", "supersedes": ("extra",), "retracted": True, "recorded_at": RECORDED}
            after = list(standing([*after, extra.model_copy(update=withdrawn)]))
        _show(f"{plain_rule}\n{plain}\n{extra}")
        was, joint = evaluate(criterion, view(before)).truth, view(after)
        closed = any(joint.value(leaf.fact).closing for leaf in leaves_of(criterion))
        assert evaluate(criterion, joint).truth in ((was, None) if closed else (was,))


COUNTED = tuple(fact for fact in FACTS.values() if isinstance(fact.expression, Count | Exists | Best))


def a_positive_rule(r: Random, depth: int = 2) -> Plain:
    """Counts from below and existence, joined by all, any and at_least."""
    if depth == 0:
        plain = a_test(r, COUNTED)
        if "is" in plain:
            return plain | {"is": True}
        return {"fact": plain["fact"], "with": plain["with"], r.choice(["min", "above"]): r.choice([1, 1, 2])}
    parts = [a_positive_rule(r, r.randrange(depth)) for _ in range(r.randint(1, 3))]
    word = r.choice(["all", "any", "at_least"])
    return {word: {"n": r.randint(1, len(parts)), "of": parts} if word == "at_least" else parts}


@MANY
@given(RANDOM)
def test_removing_events_never_moves_a_count_towards_true(r: Random) -> None:
    for _ in range(SCENES):
        plain_rule = a_positive_rule(r, r.randrange(3))
        criterion = rule(plain_rule)
        if any("stated" not in leaf.fact.expression.events.certainty for leaf in leaves_of(criterion)):
            continue  # there what is said with more certainty counts less
        hints = hints_of(criterion)
        plain = [e for e in a_record(r, sorted({hint.kind for hint in hints}), hints) if e.get("modality") != "negated"]
        before = view(built(plain))
        if any(o.contradicted or o.doubtful or (KINDS[o.kind].COURSE and len(o.events) > 1) for o in before.occasions):
            continue  # of courses that join with a gap between them, only the longest part is claimed
        kept = [e for e in plain if e["kind"] == "completeness" or one_in(r, 2)]
        _show(f"{plain_rule}\n{plain}\n{kept}")
        assert ORDER[truth(kept, criterion)] <= ORDER[evaluate(criterion, before).truth]


PROMISES: dict[str, Any] = {
    "completions": test_every_completion_agrees_with_a_decided_state.hypothesis.inner_test,
    "witnesses": test_the_deciding_witnesses_alone_give_the_same_answer.hypothesis.inner_test,
    "gaps": test_some_value_of_the_gaps_findings_makes_the_criterion_true.hypothesis.inner_test,
    "copies": test_a_copy_of_an_event_never_turns_a_criterion_true.hypothesis.inner_test,
    "splits": test_splitting_an_event_never_turns_a_criterion_true.hypothesis.inner_test,
    "removals": test_removing_events_never_moves_a_count_towards_true.hypothesis.inner_test,
    **{why: partial(test_events_that_must_not_count_change_no_state.hypothesis.inner_test, why) for why in WAYS},
}


@pytest.mark.slow
@pytest.mark.parametrize("promise", PROMISES)
def test_the_promise_holds_at_length(promise: str) -> None:
    for seed in range(150):
        PROMISES[promise](Random(seed))
