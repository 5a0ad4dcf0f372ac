"""cql-execution agrees with the evaluator for one joint on generated records and rules: states and values."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from generative.records import AS_OF, FACTS, Plain, a_scene, built, rule
from nutation.criteria import JointView, evaluate
from nutation.criteria.language import Best, Duration, SinceEarliest, Sum, Tally
from nutation.record.occasions import occasions
from nutation.record.standing import standing
from published.elm.engine import Asked, ask, ours

RARE = tuple(f for f in FACTS.values() if isinstance(f.expression, Best | Duration | SinceEarliest | Sum | Tally))
"""Facts by reducers that the catalogue uses little."""


def differences(scenes: list[tuple[list[Plain], Plain]], cache: Path) -> list[str]:
    asked: list[Asked] = []
    for record, plain in scenes:
        found = occasions(standing(built(record)))
        views = tuple(JointView(found, side, AS_OF) for side in ("left", "right"))
        asked.append(Asked({"rule": rule(plain)}, views))
    differ: list[str] = []
    for (record, plain), one, answers in zip(scenes, asked, ask(asked, cache), strict=True):
        for view, told in zip(one.views, answers, strict=True):
            truth = evaluate(one.criteria["rule"], view).truth
            if truth is not told.states["rule"]:
                differ.append(f"{plain} at {view.side}: {truth}, ELM {told.states['rule']}\n{record}")
            for fact, value in told.facts.items():
                if value != ours(fact, view):
                    differ.append(f"{fact.text()} at {view.side}: {ours(fact, view)}, ELM {value}\n{record}")
    return differ


def test_generated_rules_agree(cache_dir: Path) -> None:
    r = Random(2)
    scenes = [a_scene(r) for _ in range(120)] + [a_scene(r, facts=RARE) for _ in range(80)]
    assert differences(scenes, cache_dir) == []


@pytest.mark.slow
def test_generated_rules_agree_at_length(cache_dir: Path) -> None:
    r = Random(3)
    scenes = [a_scene(r, most=14) for _ in range(300)] + [a_scene(r, facts=RARE, most=14) for _ in range(150)]
    assert differences(scenes, cache_dir) == []
