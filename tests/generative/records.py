"""Generated records with everything that makes them hard, and rules over them.

All is drawn from one ``Random``. Hypothesis gives its seed, which is quick; with ``NUTATION_SHRINK=1`` it gives every
draw, thirty times slower, and shrinks a failure to its smallest form.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from generative.hints import ANY, AS_OF, Hint, hints_of
from nutation.criteria import Criterion, Fact, parse_rule
from nutation.criteria.language import (
    Best,
    Count,
    Duration,
    Events,
    Latest,
    Required,
    SinceDate,
    SinceEarliest,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.criteria.tree import ParameterType, field_options, parameter_types
from nutation.facts import CATALOGUE
from nutation.record.columns import column_types
from nutation.record.fields import shapes
from nutation.record.head import Event
from nutation.record.kinds import KINDS

SHRINK = os.environ.get("NUTATION_SHRINK", "") not in ("", "0")
RANDOM = st.randoms(use_true_random=False) if SHRINK else st.integers(0, 2**63).map(Random)
RECORDED = datetime(2026, 9, 2, tzinfo=UTC)
HARD = (
    "injection", "examination", "pain_score", "treatment", "diagnosis", "imaging", "onset", "operation", "nicotine",
    "medication", "pregnancy", "symptom", "attestation", "score", "pain_pattern", "function", "trauma", "laboratory",
)  # fmt: skip

Plain = dict[str, Any]
"""An event, a test or a rule as plain data."""


def _more(name: str, expression: Any, unit: str = "") -> Fact:
    return Fact(name, expression, "For the tests alone.", "?", unit=unit, burden="document")


FACTS: dict[str, Fact] = {
    **CATALOGUE,
    **{
        fact.name: fact
        for fact in (
            _more("best_relief", Best(Events("injection", within_days=181), "relief_pct")),
            _more("total_volume", Sum(Events("injection"), "volume_ml")),
            _more("weeks_since_injection", SinceLatest(Events("injection"), "weeks")),
            _more("years_since_first_injection", SinceEarliest(Events("injection"), "years")),
            _more("medication_days", Duration(Events("medication", within_days=181), "days")),
            _more("medication_years", Duration(Events("medication"), "years")),
            _more("treatment_weeks", Duration(Events("treatment", within_days=365, absence_days=40), "weeks")),
            _more("weeks_free", SinceDate(Events("nicotine"), "free_since", "weeks")),
            _more("suspected", Count(Events("diagnosis", certainty=("coded",), modality=("provisional", "actual")))),
        )
    },
}
"""The catalogue, and facts that use what it leaves unused, so that the whole language is tested."""


# ── events ───────────────────────────────────────────────────────────────────────────────────────────

_FEW_DAYS = tuple(AS_OF - timedelta(days=back) for back in (-1, 0, 1, 10, 20, 40, 100, 181, 365))
_SHAPES = (*("day",) * 6, "month", "year", "span", "span", "open_end", "open_start", "vague_span")
_POOLS: dict[type, Sequence[Any]] = {
    bool: (True, False),
    int: range(13),
    float: (0.0, 1.0, 2.0, 4.0, 5.0, 8.0),
    date: _FEW_DAYS,
    str: ("infection", "a", "b"),
}


def one_in(r: Random, n: int) -> bool:
    """True once in ``n`` times."""
    return r.randrange(n) == 0


def a_day(r: Random, days: Sequence[date] = ()) -> date:
    """A day at which something may turn, or any day of the last year."""
    return r.choice(days if days and r.randrange(3) else _FEW_DAYS) if r.randrange(3) else _any_day(r)


def _any_day(r: Random) -> date:
    return AS_OF - timedelta(days=r.randrange(-30, 420))


def a_period(r: Random, days: Sequence[date] = ()) -> Any:
    """A day, a month, a year, a span, or one with an end that is not known."""
    day, shape = a_day(r, days), r.choice(_SHAPES)
    later = r.choice((max(day, AS_OF), day + timedelta(days=r.randrange(200)))) if "span" in shape else day
    return {
        "day": day.isoformat(),
        "month": f"{day:%Y-%m}",
        "year": f"{day:%Y}",
        "span": f"{day}/{later}",
        "open_end": f"{day}/",
        "open_start": {"to": day.isoformat()},
        "vague_span": f"{day:%Y-%m}/{later:%Y-%m}",
    }[shape]


def an_attribute(r: Random, kind: str, name: str) -> Any:
    """A value that the attribute can have, from a small pool so that values meet."""
    return r.choice(sorted(field_options(kind, name) or ()) or _POOLS[column_types(kind)[name]])


def attributes(r: Random, kind: str, asked: Mapping[str, Sequence[Any]]) -> Plain:
    """Attributes of one event: as asked, nearly so, or anything."""
    near = bool(asked) and one_in(r, 4)
    told = {name: r.choice(values) for name, values in asked.items() if not (near and one_in(r, 2))}
    for name in KINDS[kind].attribute_names():
        if told.get(name) is ANY or (name not in told and name != "answers" and one_in(r, 6 if asked else 2)):
            told[name] = an_attribute(r, kind, name)
    if kind == "injection" and told.get("score_before") == 0:
        told["score_before"] = 8.0
    if kind == "score" and "value" in told:  # what every questionnaire's scale has
        told["value"] = min(max(told["value"], 0.0), 100.0 if told.get("instrument") == "odi" else 1.0)
        told["value"] = 1.0 if told.get("instrument") == "pgic" else told["value"]
    return {name: _allowed(kind, name, value) for name, value in told.items()}


def _allowed(kind: str, name: str, value: Any) -> Any:
    shape = shapes(kind)[name]
    if shape.takes not in ("number", "count"):
        return value
    value = value if shape.high is None else min(shape.high, value)
    value = value if shape.low is None else max(shape.low, value)
    return int(value) if shape.takes == "count" else float(value)


def an_event(r: Random, kinds: Sequence[str] = HARD, hints: Sequence[Hint] = ()) -> Plain:
    """Plain data of one event (without id), mostly such as one of the hints asks for."""
    hint = r.choice(hints) if hints and not one_in(r, 6) else None
    kind = hint.kind if hint else r.choice(kinds)
    told = {"kind": kind} | attributes(r, kind, hint.values if hint else {})
    if hint and not one_in(r, 3):
        days = [day for day in (*hint.days, *_FEW_DAYS) if day <= AS_OF]
        return told | {"side": "left", "happened": r.choice(days).isoformat()}
    told |= {
        "side": r.choice([*["left"] * 5, "right", "both", "none", "unknown"]),
        "happened": a_period(r, hint.days if hint else ()),
        "certainty": r.choice(["coded", "inferred"]) if one_in(r, 6) else "stated",
        "modality": r.choice(["intended", "negated", "provisional", "family"]) if one_in(r, 5) else "actual",
        "encounter": r.choice(["e1", "e2"]) if one_in(r, 5) else None,
        "author": r.choice(["Dr One", "Dr Two"]) if one_in(r, 5) else None,
    }
    missing = [name for name in KINDS[kind].attribute_names() if name not in told]
    return told | {"asked_not_known": (r.choice(missing),)} if missing and one_in(r, 6) else told


def a_completeness(r: Random, kinds: Sequence[str] = HARD, hints: Sequence[Hint] = ()) -> Plain:
    """Plain data of a statement that a kind is recorded completely."""
    hint = r.choice(hints) if hints and not one_in(r, 6) else None
    kind = hint.kind if hint else r.choice(kinds)
    topic = KINDS[kind].TOPIC
    topics = [hint.topic] if hint and hint.topic else sorted(field_options(kind, topic) or ()) if topic else []
    told: Plain = {"kind": "completeness", "of": kind, "topic": r.choice([None, *topics]), "up_to": AS_OF}
    if not one_in(r, 3):
        return told | {"side": r.choice(["left", "none", "both"]), "happened": a_day(r).isoformat()}
    return told | {
        "side": r.choice(["left", "left", "both", "none", "right", "unknown"]),
        "happened": a_period(r),
        "certainty": "coded" if one_in(r, 6) else "stated",
        "up_to": r.choice([AS_OF, None, a_day(r)]),
        "expires_on": r.choice([None, None, a_day(r)]),
    }


def a_record(r: Random, kinds: Sequence[str] = HARD, hints: Sequence[Hint] = (), most: int = 7) -> list[Plain]:
    """Plain data of one patient's record, often with statements of completeness and the day of birth."""
    told = [an_event(r, kinds, hints) for _ in range(r.randrange(most + 1))]
    told += [a_completeness(r, kinds, hints) for _ in range(r.choice([0, 1, 1, 2]))]
    return [*told, {"kind": "person", "happened": "1975-06-15", "sex": "female"}][: len(told) + r.randrange(2)]


def built(plain: Sequence[Plain], patient: str = "p") -> list[Event]:
    """The events of plain data, with ids by position (``id`` in the data wins)."""
    base = {"patient": patient, "recorded_at": RECORDED, "source": {"system": "generated"}}
    return [
        KINDS[told["kind"]].model_validate({"id": f"{patient}-{n:03d}", **base, **told}) for n, told in enumerate(plain)
    ]


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────


def _argument(r: Random, name: str, wanted: ParameterType) -> Any:
    if wanted.shape == "number":
        return r.choice([40, 181, 365] if "days" in name else [50, 75] if "pct" in name else [1, 2, 5])
    if wanted.shape == "truth":
        return one_in(r, 2)
    options = sorted(wanted.allowed or ("a", "b", "infection"))
    return r.choice(options) if wanted.shape == "word" else r.sample(options, r.randint(1, min(5, len(options))))


def _turning_points(fact: Fact) -> list[float]:
    """Numbers at which a test of the fact may turn."""
    match fact.expression:
        case Count():
            return [1, 1, 2]
        case Tally():
            return [1, 2, 3]
        case SinceEarliest() | SinceLatest() | SinceDate() | Duration() as since:
            return {"days": [40, 100], "weeks": [2, 6], "months": [1, 3, 12], "years": [0, 1, 51]}[since.unit]
        case Latest() | Sum() | Best():
            return [1, 5, 8, 50]
        case _:
            return [1]


def a_test(r: Random, facts: Sequence[Fact]) -> Plain:
    """Plain data of a test of one fact with arguments."""
    fact = r.choice(facts)
    types = parameter_types(fact)
    arguments = {
        name: _argument(r, name, types[name])
        for name, default in fact.params.items()
        if isinstance(default, Required) or one_in(r, 4)
    }
    if fact.name.startswith("imaging_shows"):
        arguments["finding"] = r.choice(["tumour", "degeneration"])
    if fact.name == "test_positive":
        arguments["test"] = r.choice(["faber", "gaenslen"])
    plain: Plain = {"fact": fact.name, "with": arguments}
    if fact.is_truth:
        return plain | {"is": one_in(r, 2)}
    points = _turning_points(fact)
    if one_in(r, 6):
        return plain | {"min": points[0], r.choice(["max", "below"]): points[-1] + 1}
    return plain | {r.choice(["min", "max", "above", "below"]): r.choice(points)}


def facts_of(kinds: Sequence[str] = HARD) -> tuple[Fact, ...]:
    """The facts over the kinds."""
    return tuple(fact for fact in FACTS.values() if fact.expression.events.kind in kinds)


def a_rule(r: Random, facts: Sequence[Fact], depth: int = 2) -> Plain:
    """Plain data of a rule: tests joined by every connective."""
    if depth == 0 or one_in(r, 3):
        return a_test(r, facts)
    word = r.choice(["all", "any", "at_least", "not"])
    if word == "not":
        return {"not": a_rule(r, facts, depth - 1)}
    parts = [a_rule(r, facts, depth - 1) for _ in range(r.randint(1, 3))]
    return {word: {"n": r.randint(1, len(parts)), "of": parts} if word == "at_least" else parts}


def rule(plain: Plain) -> Criterion:
    """The criterion of plain data."""
    return parse_rule(plain, FACTS)


def a_scene(r: Random, facts: Sequence[Fact] = (), most: int = 7) -> tuple[list[Plain], Plain]:
    """A record and a rule that speak of the same one or two kinds, so that rules are often decided.

    ``facts`` narrows what the rule may ask to these.
    """
    kinds = sorted({fact.expression.events.kind for fact in facts} & set(HARD)) if facts else HARD
    few = r.sample(kinds, min(len(kinds), r.randint(1, 2)))
    asked = [fact for fact in facts_of(few) if not facts or fact in facts]
    plain = a_rule(r, asked, r.choice([0, 1, 1, 2]))
    return a_record(r, few, hints_of(rule(plain)), most), plain
