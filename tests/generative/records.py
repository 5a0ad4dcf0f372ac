"""Hypothesis strategies: records with everything that makes them hard, and rules over them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from nutation.criteria import Criterion, Fact, bind, parse_rule
from nutation.criteria.language import BoundFact, Required
from nutation.criteria.tree import ParameterType, field_options, parameter_types
from nutation.facts import CATALOGUE
from nutation.record.columns import column_types
from nutation.record.head import Event
from nutation.record.kinds import KINDS

AS_OF = date(2026, 9, 1)
RECORDED = datetime(2026, 9, 2, tzinfo=UTC)
HARD = (
    "injection", "examination", "pain_score", "treatment", "diagnosis", "imaging", "onset", "operation", "nicotine",
    "medication", "pregnancy", "symptom", "attestation", "score", "pain_pattern", "function", "trauma", "laboratory",
)  # fmt: skip

DAYS = st.integers(-30, 420).map(lambda back: AS_OF - timedelta(days=back))
FEW_DAYS = st.sampled_from([AS_OF - timedelta(days=back) for back in (-1, 0, 1, 10, 40, 41, 180, 181, 364, 365, 366)])
DAY = st.one_of(FEW_DAYS, DAYS)


@st.composite
def periods(draw: st.DrawFn) -> Any:
    """A day, a month, a year, a span, or one with an end that is not known."""
    day = draw(DAY)
    shape = draw(
        st.sampled_from(["day", "day", "day", "month", "year", "span", "open_end", "open_start", "vague_span"])
    )
    later = day + timedelta(days=draw(st.integers(0, 200)))
    return {
        "day": day.isoformat(),
        "month": f"{day:%Y-%m}",
        "year": f"{day:%Y}",
        "span": f"{day}/{later}",
        "open_end": f"{day}/",
        "open_start": {"to": day.isoformat()},
        "vague_span": f"{day:%Y-%m}/{later:%Y-%m}",
    }[shape]


def attribute(kind: str, name: str) -> st.SearchStrategy[Any]:
    """A value that the attribute can have, from a small pool so that values meet."""
    told = column_types(kind)[name]
    if options := field_options(kind, name):
        return st.sampled_from(sorted(options))
    pools: dict[type, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(0, 12),
        float: st.sampled_from([0.0, 1.0, 2.0, 4.0, 5.0, 8.0]),
        date: DAY,
        str: st.sampled_from(["infection", "a", "b"]),
    }
    return pools[told]


@st.composite
def events(draw: st.DrawFn, kinds: tuple[str, ...] = HARD) -> dict[str, Any]:
    """Plain data of one event (without id)."""
    kind = draw(st.sampled_from(kinds))
    model = KINDS[kind]
    told = {
        name: draw(attribute(kind, name))
        for name in model.attribute_names()
        if name != "answers" and draw(st.integers(0, 3))
    }
    if kind == "injection" and told.get("score_before") == 0:
        told["score_before"] = 8.0
    if kind == "score":
        told.pop("value", None)
        told |= {"value": draw(st.sampled_from([0.0, 1.0]))} if draw(st.booleans()) else {}
    rare = st.integers(0, 5).map(lambda n: n == 0)
    head: dict[str, Any] = {
        "kind": kind,
        "side": draw(st.sampled_from(["left", "left", "left", "right", "both", "none", "unknown"])),
        "happened": draw(periods()),
        "certainty": draw(st.sampled_from(["coded", "inferred"])) if draw(rare) else "stated",
        "modality": draw(st.sampled_from(["intended", "negated", "provisional", "family"])) if draw(rare) else "actual",
        "encounter": draw(st.sampled_from(["e1", "e2"])) if draw(rare) else None,
        "author": draw(st.sampled_from(["Dr One", "Dr Two"])) if draw(rare) else None,
    }
    return head | told


def _fits(kind: str, name: str, value: Any) -> bool:
    try:
        KINDS[kind].model_validate(
            {"patient": "p", "happened": "2026", "recorded_at": RECORDED, "source": {"system": "s"}, name: value}
        )
    except ValueError:
        return False
    return True


@st.composite
def completeness(draw: st.DrawFn, kinds: tuple[str, ...] = HARD) -> dict[str, Any]:
    """Plain data of a statement that a kind is recorded completely."""
    kind = draw(st.sampled_from(kinds))
    topic_field = KINDS[kind].TOPIC
    options = sorted(field_options(kind, topic_field) or ()) if topic_field else []
    return {
        "kind": "completeness",
        "side": draw(st.sampled_from(["left", "both", "none", "none", "unknown"])),
        "happened": draw(DAY).isoformat(),
        "of": kind,
        "topic": draw(st.sampled_from(options)) if options and draw(st.booleans()) else None,
        "up_to": draw(st.one_of(st.just(AS_OF), st.just(AS_OF), st.none(), DAY)),
        "expires_on": draw(st.one_of(st.none(), st.none(), DAY)),
    }


def built(plain: list[dict[str, Any]], patient: str = "p") -> list[Event]:
    """The events of plain data, with ids by position (``id`` in the data wins)."""
    base = {"patient": patient, "recorded_at": RECORDED, "source": {"system": "generated"}}
    return [
        KINDS[told["kind"]].model_validate({"id": f"{patient}-{n:03d}", **base, **told}) for n, told in enumerate(plain)
    ]


def records(
    kinds: tuple[str, ...] = HARD, most: int = 14, hints: Hints | None = None
) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Plain data of one patient's record, with statements of completeness among the events."""
    person = st.just({"kind": "person", "happened": "1975-06-15", "sex": "female"})
    parts = st.tuples(
        st.lists(events(kinds, hints), max_size=most),
        st.lists(completeness(kinds), max_size=3),
        st.lists(person, max_size=1),
    )
    return parts.map(lambda p: [*p[0], *p[1], *p[2]])


@st.composite
def _value(draw: st.DrawFn, wanted: ParameterType) -> Any:
    if wanted.shape == "number":
        return draw(st.sampled_from([0, 1, 5, 40, 50, 75, 180, 365]))
    if wanted.shape == "truth":
        return draw(st.booleans())
    options = sorted(wanted.allowed or ("a", "b", "infection"))
    if wanted.shape == "word":
        return draw(st.sampled_from(options))
    return draw(st.lists(st.sampled_from(options), min_size=1, max_size=5, unique=True))


@st.composite
def plain_tests(draw: st.DrawFn, facts: tuple[Fact, ...]) -> dict[str, Any]:
    """Plain data of a test of one fact with arguments."""
    fact = draw(st.sampled_from(facts))
    types = parameter_types(fact)
    arguments: dict[str, Any] = {}
    for name, default in fact.params.items():
        if isinstance(default, Required) or draw(st.integers(0, 2)) == 0:
            arguments[name] = draw(_value(types[name]))
    if fact.name.startswith("imaging_shows"):
        arguments["finding"] = draw(st.sampled_from(["tumour", "degeneration"]))
    if fact.name == "test_positive":
        arguments["test"] = draw(st.sampled_from(["faber", "gaenslen"]))
    plain: dict[str, Any] = {"fact": fact.name, "with": arguments}
    if fact.is_truth:
        return plain | {"is": draw(st.booleans())}
    bound = draw(st.sampled_from([0, 1, 2, 3, 5, 6, 12, 50, 180]))
    return plain | {draw(st.sampled_from(["min", "max", "above", "below"])): bound}


def facts_of(kinds: tuple[str, ...] = HARD) -> tuple[Fact, ...]:
    """The catalogue's facts over the kinds."""
    return tuple(fact for fact in CATALOGUE.values() if fact.expression.events.kind in kinds)


def plain_rules(facts: tuple[Fact, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Plain data of a rule: tests joined by every connective."""
    return st.recursive(
        plain_tests(facts),
        lambda rule: st.one_of(
            st.lists(rule, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(rule, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            rule.map(lambda part: {"not": part}),
            st.lists(rule, min_size=2, max_size=4).flatmap(
                lambda parts: st.integers(1, len(parts)).map(lambda n: {"at_least": {"n": n, "of": parts}})
            ),
        ),
        max_leaves=5,
    )


def rule(plain: dict[str, Any]) -> Criterion:
    """The criterion of plain data."""
    return parse_rule(plain, CATALOGUE)


def bound(plain: dict[str, Any]) -> BoundFact:
    """The bound fact of a test's plain data."""
    return bind(CATALOGUE[plain["fact"]], plain["with"])


@st.composite
def scenes(
    draw: st.DrawFn, kinds: tuple[str, ...] = HARD, most: int = 8
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A record and a rule that speak of the same few kinds, so that rules are often decided."""
    few = tuple(draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2, unique=True)))
    plain = draw(plain_rules(facts_of(few)))
    return draw(records(few, most, hints_of(rule(plain)))), plain
