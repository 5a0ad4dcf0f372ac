"""What cql-execution makes of the rules whose answers are written down: Kleene's tables, counts, dates, membership.

The expected answers come from the document of meanings (docs/explanation/three-valued.md has the tables), so they
hold the lowering and the engine without our own evaluators.
"""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from generative.records import AS_OF, built
from nutation.criteria import JointView, elm_terms, parse_rule
from nutation.criteria.elm_reducers import CALENDAR_STEPS, time_functions
from nutation.criteria.elm_terms import Node
from nutation.facts import CATALOGUE
from nutation.record.occasions import occasions
from published.elm.engine import Asked, ask, run

INF = float("inf")
Plain = dict[str, Any]
U, T, F = None, True, False


def view(*events: Plain) -> JointView:
    """The left joint on the as-of day."""
    return JointView(occasions(built([{"side": "left", **one} for one in events])), "left", AS_OF)


# ── counts ───────────────────────────────────────────────────────────────────────────────────────────

COMPLETE = {"kind": "completeness", "happened": AS_OF.isoformat(), "of": "injection", "up_to": AS_OF}
BATTERY = ("distraction", "thigh_thrust", "compression", "sacral_thrust", "gaenslen")


def injections(surely: int, possibly: int, *, complete: bool) -> tuple[Plain, ...]:
    """Diagnostic injections, and injections whose role is not recorded."""
    roles = ["diagnostic"] * surely + [None] * possibly
    given = ({"kind": "injection", "happened": f"2026-0{n}-05", "role": role} for n, role in enumerate(roles, 1))
    return (*given, *((COMPLETE,) if complete else ()))


COUNTS: list[tuple[tuple[Plain, ...], tuple[float, float], bool | None, bool | None, bool | None]] = [
    # known true, unknown, complete                  range     ≥ 2 ≤ 1 = 2
    (injections(2, 0, complete=False), (2, INF), T, F, U),
    (injections(2, 0, complete=True), (2, 2), T, F, T),
    (injections(1, 1, complete=True), (1, 2), U, U, U),
    (injections(1, 0, complete=True), (1, 1), F, T, F),
    (injections(1, 0, complete=False), (1, INF), U, U, U),
    ((), (0, INF), U, U, U),
    (injections(0, 0, complete=True), (0, 0), F, T, F),
]


def test_counts(cache_dir: Path) -> None:
    fact = {"fact": "diagnostic_injections"}
    rules = {"≥ 2": fact | {"min": 2}, "≤ 1": fact | {"max": 1}, "= 2": fact | {"min": 2, "max": 2}}
    criteria = {name: parse_rule(plain, CATALOGUE) for name, plain in rules.items()}
    answers = ask([Asked(criteria, tuple(view(*record) for record, *_ in COUNTS))], cache_dir)[0]
    found = [(next(iter(one.facts.values())), *one.states.values()) for one in answers]
    assert found == [tuple(expected) for _, *expected in COUNTS]


def examined(*results: str, happened: str = "2026-08-01", **more: Any) -> Plain:
    """An examination with these results, in the battery's order."""
    return {"kind": "examination", "happened": happened, **dict(zip(BATTERY, results, strict=False)), **more}


POS, NEG = "positive", "negative"
BATTERIES: list[tuple[tuple[Plain, ...], tuple[float, float], bool | None]] = [
    # examinations                                                          range  ≥ 3
    ((examined(POS, POS),), (2, 5), U),
    ((examined(POS, POS, NEG, NEG, NEG),), (2, 2), F),
    ((examined(POS, POS, "unfamiliar", NEG, "not_done"),), (2, 3), U),
    ((examined(POS, POS, POS),), (3, 5), T),
    # two statements of one examination disagree on the last test: it was done, with a result that is not known
    ((examined(POS, POS, POS, NEG, POS), examined(gaenslen=NEG), examined(NEG, happened="2026-08-09")), (3, 4), T),
    # the complete one counts only if its coded source is right: then it speaks, else the later incomplete one
    ((examined(*[POS] * 5, certainty="coded"), examined(NEG, happened="2026-08-09")), (0, 5), U),
]


def test_batteries(cache_dir: Path) -> None:
    rule = {"fact": "provocation_positive", "with": {"battery": list(BATTERY)}, "min": 3}
    views = tuple(view(*record) for record, *_ in BATTERIES)
    answers = ask([Asked({"rule": parse_rule(rule, CATALOGUE)}, views)], cache_dir)[0]
    found = [(*one.facts.values(), one.states["rule"]) for one in answers]
    assert found == [(expected, three) for _, expected, three in BATTERIES]


EARLIER = {"up_to": date(2026, 8, 1), "expires_on": date(2026, 10, 1)}
STATED: list[tuple[str, tuple[Plain, ...], bool]] = [
    ("up to the as-of day", ({},), True),
    ("up to the day before", ({"up_to": date(2026, 8, 31)},), False),
    ("up to earlier, relied on until later", (EARLIER,), True),
    ("relied on until the as-of day", ({**EARLIER, "expires_on": AS_OF},), True),
    ("relied on until the day before", ({"expires_on": date(2026, 8, 31)},), False),
    ("two disagree whether still", ({"expires_on": date(2026, 8, 31)}, {"expires_on": date(2026, 10, 1)}), False),
    ("of the other joint", ({"side": "right"},), False),
    ("of a side not known", ({"side": "unknown"},), False),
    ("of another kind", ({"of": "treatment"},), False),
    ("coded", ({"certainty": "coded"},), False),
    ("made after the as-of day", ({"happened": "2026-09-02"},), False),
]


def test_statements_of_completeness(cache_dir: Path) -> None:
    """One injection surely counts; the statement bounds the count, or does not."""
    rule = {"one": parse_rule({"fact": "diagnostic_injections", "min": 1}, CATALOGUE)}
    given = injections(1, 0, complete=False)
    views = tuple(view(*given, *({**COMPLETE, **change} for change in changes)) for _, changes, _ in STATED)
    found = [next(iter(one.facts.values())) for one in ask([Asked(rule, views)], cache_dir)[0]]
    assert dict(zip((why for why, *_ in STATED), found, strict=True)) == {
        why: (1, 1 if closed else INF) for why, _, closed in STATED
    }


def test_a_statement_of_one_topic_tells_of_no_other(cache_dir: Path) -> None:
    rules = {
        name: parse_rule({"fact": "diagnosis_active", "with": {"category": name}, "is": True}, CATALOGUE)
        for name in ("infection", "tumour")
    }
    of = {**COMPLETE, "of": "diagnosis"}
    corrections = [{**of, "topic": topic, "supersedes": ("earlier",)} for topic in ("infection", "tumour")]
    records = [[of], [{**of, "topic": "infection"}], corrections]
    found = ask([Asked(rules, tuple(view(*record) for record in records))], cache_dir)[0]
    assert [tuple(one.states.values()) for one in found] == [(F, F), (F, U), (U, U)]


# ── what counts ──────────────────────────────────────────────────────────────────────────────────────

BLOCK: Plain = {
    "kind": "injection", "happened": "2026-05-05", "role": "diagnostic", "target": "intra_articular",
    "guidance": "fluoroscopy", "contrast": "intra_articular", "anaesthetic": "lidocaine", "score_before": 8.0,
    "score_after": 1.0,
}  # fmt: skip
POSITIVE = {"fact": "positive_blocks", "with": {"relief_pct_min": 75}, "min": 1}
RECENT = POSITIVE | {"with": {"relief_pct_min": 75, "within_days": 100}}  # from 24 May 2026 on

ONE_BLOCK: list[tuple[str, Plain, Plain, bool | None]] = [
    ("relief of 87.5 %", POSITIVE, {}, T),
    ("60 % fails whatever the guidance", POSITIVE, {"score_before": 10.0, "score_after": 4.0, "guidance": None}, F),
    ("87.5 %, guidance not recorded", POSITIVE, {"guidance": None}, U),
    ("of the other joint", POSITIVE, {"side": "right"}, F),
    ("of both joints", POSITIVE, {"side": "both"}, T),
    ("of a side not known", POSITIVE, {"side": "unknown"}, U),
    ("ordered", POSITIVE, {"modality": "intended"}, F),
    ("suspected", POSITIVE, {"modality": "provisional"}, U),
    ("a relative's", POSITIVE, {"modality": "family"}, F),
    ("coded, not stated", POSITIVE, {"certainty": "coded"}, U),
    ("after the as-of day", POSITIVE, {"happened": "2026-09-02"}, F),
    ("in the month of the as-of day", POSITIVE, {"happened": "2026-09"}, U),
    ("older than the window", RECENT, {}, F),
    ("on the window's first day", RECENT, {"happened": "2026-05-24"}, T),
    ("the window begins within its month", RECENT, {"happened": "2026-05"}, U),
]


def test_what_counts(cache_dir: Path) -> None:
    """With every injection stated recorded, so that what does not count makes the criterion false."""
    asked = [
        Asked({"rule": parse_rule(rule, CATALOGUE)}, (view({**BLOCK, **change}, {**COMPLETE, "side": "both"}),))
        for _, rule, change, _ in ONE_BLOCK
    ]
    found = {why: one.states["rule"] for (why, *_), (one,) in zip(ONE_BLOCK, ask(asked, cache_dir), strict=True)}
    assert found == {why: expected for why, _, _, expected in ONE_BLOCK}


def courses(*spans: str) -> tuple[Plain, ...]:
    given = [{"kind": "treatment", "care": "physical_therapy", "aim": "si_joint", "happened": span} for span in spans]
    told_apart = [one | {"encounter": f"e{n}"} for n, one in enumerate(given)]
    return (*told_apart, {**COMPLETE, "of": "treatment"})


MONTHS: list[tuple[tuple[str, ...], tuple[float, float]]] = [
    (("2026-01-01/2026-06-30",), (6, 6)),
    (("2026-01-01/2026-03-31", "2026-03-01/2026-04-30"), (4, 4)),  # overlapping days count once
    (("2026-01-01/2026-01-31", "2026-02-01/2026-02-28"), (2, 2)),  # day after day
    (("2026-01-01/2026-01-31", "2026-03-01/2026-03-31"), (2, 2)),  # a month without care does not count
    (("2026-08-02/2026-12-31",), (1, 1)),  # what comes after the as-of day does not count; that day does
    (("2026-01/2026-03",), (1 + 2 / 31, 3)),  # surely from 31 January to 1 March: a month and two days
]


def test_months_of_care(cache_dir: Path) -> None:
    rule = {"fact": "care_delivered_months", "with": {"care": ["physical_therapy"]}, "min": 1}
    views = tuple(view(*courses(*spans)) for spans, _ in MONTHS)
    answers = ask([Asked({"rule": parse_rule(rule, CATALOGUE)}, views)], cache_dir)[0]
    found = [(spans, *one.facts.values()) for (spans, _), one in zip(MONTHS, answers, strict=True)]
    assert found == [(spans, pytest.approx(months)) for spans, months in MONTHS]


# ── the engine itself ────────────────────────────────────────────────────────────────────────────────


def values_of(expressions: dict[str, Node], cache: Path) -> dict[str, Any]:
    statements = [*time_functions(), *(elm_terms.definition(name, told) for name, told in expressions.items())]
    made = {"identifier": {"id": "Terms"}, "parameters": {"def": []}, "statements": {"def": statements}}
    return run([{"library": {"library": made}, "wanted": list(expressions), "views": [{}]}], cache)[0][0]


def test_the_null_logic_is_kleenes(cache_dir: Path) -> None:
    def truth(value: bool | None) -> Node:
        return elm_terms.NULL if value is None else elm_terms.literal(value)

    order = (F, U, T)  # and is the lesser of two in this order, or the greater, not the mirror image
    pairs = {f"{a} {b}": (order.index(a), order.index(b)) for a, b in product(order, order)}
    asked = {f"and {k}": elm_terms.every([truth(order[a]), truth(order[b])]) for k, (a, b) in pairs.items()}
    asked |= {f"or {k}": elm_terms.either([truth(order[a]), truth(order[b])]) for k, (a, b) in pairs.items()}
    asked |= {f"not {a}": elm_terms.not_(truth(a)) for a in order}
    expected = {f"and {k}": order[min(pair)] for k, pair in pairs.items()}
    expected |= {f"or {k}": order[max(pair)] for k, pair in pairs.items()}
    expected |= {f"not {a}": order[2 - order.index(a)] for a in order}
    assert values_of(asked, cache_dir) == expected


def a_date(day: date) -> Node:
    parts = {name: elm_terms.whole(getattr(day, name)) for name in ("year", "month", "day")}
    return {"type": "Date", **parts}


PAIRS = [
    (date(2025, 1, 15), date(2026, 1, 15)),
    (date(2025, 1, 15), date(2026, 1, 14)),
    (date(2024, 2, 28), date(2026, 9, 1)),
    (date(1975, 6, 15), date(2026, 6, 14)),
    (date(1975, 6, 15), date(2026, 6, 15)),
    (date(2025, 12, 1), date(2026, 3, 28)),
    (date(2025, 8, 28), date(2026, 2, 27)),
]


def test_whole_months_and_years_are_those_of_elms_own_calendar(cache_dir: Path) -> None:
    """Where both days are at most the 28th; at the ends of months calendars differ, so the steps are our own."""
    asked: dict[str, Node] = {}
    for n, (first, last) in enumerate(PAIRS):
        days = a_date(first), a_date(last)
        asked[f"steps {n}"] = elm_terms.call(CALENDAR_STEPS, *days)
        asked[f"months {n}"] = elm_terms.binary("DurationBetween", *days, precision="Month")
        asked[f"years {n}"] = elm_terms.binary("DurationBetween", *days, precision="Year")
    asked["end of January"] = elm_terms.binary(
        "DurationBetween", a_date(date(2026, 1, 31)), a_date(date(2026, 2, 28)), precision="Month"
    )
    found = values_of(asked, cache_dir)
    for n in range(len(PAIRS)):
        assert (found[f"steps {n}"] // 31, found[f"steps {n}"] // 372) == (found[f"months {n}"], found[f"years {n}"])
    assert found["end of January"] == 1  # 28 of 31 steps by ours: no whole month before 1 March
