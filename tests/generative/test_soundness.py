"""What three-valued criteria promise: completions agree, witnesses suffice, copies and silence prove nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, note, settings

from generative.completions import COUNTING, Completer, Unsuitable
from generative.hints import AS_OF, hints_of
from generative.records import (
    FACTS,
    HARD,
    RANDOM,
    RECORDED,
    Plain,
    a_record,
    a_rule,
    a_scene,
    an_event,
    built,
    facts_of,
    one_in,
    rule,
)
from nutation.criteria import Criterion, JointView, evaluate
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.language import Best, Count, Exists
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.occasions import occasions
from nutation.record.standing import standing

ORDER = {False: 0, None: 1, True: 2}
"""From false over not known to true."""
SCENES = 8
"""Scenes an example: Hypothesis costs more than a scene does."""
MANY = settings(max_examples=60)


def view(events: Sequence[Event]) -> JointView:
    return JointView(occasions(events), "left", AS_OF)


def truth(plain: Sequence[Plain], criterion: Criterion) -> bool | None:
    return evaluate(criterion, view(built(plain))).truth


def some_scenes(r: Random, **narrowed: Any) -> Iterator[tuple[list[Plain], Criterion]]:
    for _ in range(SCENES):
        plain, plain_rule = a_scene(r, **narrowed)
        note(f"{plain_rule}\n{plain}")
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
        except Unsuitable:
            continue
        closed = frozenset(t.fact.expression.events.kind for t in leaves if before.value(t.fact).closing)
        record = [o for o in before.occasions if o.joint in (None, "left")]
        for _ in range(3):
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


def settled(needs: Sequence[Need]) -> Value:
    """One value, within what is known of the fact, that gives every need of it what it wants."""
    known, first = needs[0].known, needs[0].test
    if first.expected is not None:
        truth = first.expected is needs[0].wanted
        assert all((need.test.expected is need.wanted) is truth for need in needs)
        return Value(known, truth, (), (), (), ())
    bounds = [bound for need in needs for bound in need.test.bounds()]
    tried = [*known, *bounds, *(bound + step for bound in bounds for step in (-1, -0.5, 0.5, 1))]
    right = [
        v for v in tried if known.lo <= v <= known.hi and all(keeps(n.test, Range(v, v)) is n.wanted for n in needs)
    ]
    assert right, needs
    return Value(Range(right[0], right[0]), None, (), (), (), ())


@MANY
@given(RANDOM)
def test_some_value_of_the_gaps_findings_makes_the_criterion_true(r: Random) -> None:
    for plain, criterion in some_scenes(r):
        joint = view(built(plain))
        found, state = gap(criterion, joint), evaluate(criterion, joint).truth
        if state is not None:
            assert found == (Gap(()) if state else None)
        elif found is not None:
            by_fact: dict[BoundFact, list[Need]] = {}
            for need in found.needs:
                by_fact.setdefault(need.test.fact, []).append(need)
            for left_out in (None, *by_fact) if len(found.needs) == len(by_fact) else (None,):
                filled = {fact: settled(needs) for fact, needs in by_fact.items() if fact is not left_out}
                becomes = evaluate(criterion, Filled(joint, filled)).truth
                assert becomes is True if left_out is None else becomes is not True
        else:
            assert contradicts_itself(criterion, joint)
