"""The evaluator for a population: the same facts and criteria as conditional aggregates, through Ibis.

With ``rows`` the only importer of Ibis. SQL's ANY, ALL and SUM over NULL are not Kleene's, so every aggregate runs
over plain booleans: the rows that surely count and those that may. A bound that is not there is NULL. One
aggregation per kind of event, a second one where the latest occasion speaks, and windows only to join the covered
days of courses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any, cast

import ibis as _ibis

from nutation.criteria import rows
from nutation.criteria.language import (
    All,
    AtLeastOf,
    Best,
    BoundFact,
    Count,
    Criterion,
    Duration,
    Either,
    Exists,
    Latest,
    LatestIs,
    Opposite,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    Sum,
    Tally,
    Test,
    tests_of,
)
from nutation.criteria.membership import window_start
from nutation.criteria.rows import Table
from nutation.record.kinds import KINDS

ibis: Any = _ibis
Tables = Mapping[str, Table]
KEYS = ("patient", "joint")
OF_A_FIELD = Sum | Best | Latest | SinceDate
LATEST = Latest | LatestIs | SinceDate | SinceEnd | Tally
"""Reducers in which the occasions that may be the latest speak."""
COUNTING = Count | Exists | Sum | Best | Duration
"""Reducers to which an occasion of unknown side may count; the latest and the earliest speak of this joint alone."""


@dataclass(frozen=True)
class _Plan:
    """One fact being lowered: the columns made for it carry the prefix.

    ``core`` and ``complete`` name columns that facts share: whether a row counts (NULL: it may), and whether the
    record is stated complete.
    """

    prefix: str
    fact: BoundFact
    core: str
    complete: str

    def sure(self, t: Table) -> Any:
        return t[self.core].fill_null(False)

    def some(self, t: Table) -> Any:
        return t[self.core].fill_null(True)

    def named(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {f"{self.prefix}_{name}": column for name, column in columns.items()}


def _rows(plans: Sequence[_Plan], t: Table, as_of: date) -> Table:
    """The kind's table with what its facts ask of a row: each a column, so that it is said once."""
    columns: dict[str, Any] = {}
    for plan in plans:
        expression = plan.fact.expression
        if plan.core not in columns:
            columns[plan.core] = rows.counts(expression.events, t, as_of, unknown_side=isinstance(expression, COUNTING))
        match expression:
            case LatestIs(_, condition):
                columns |= plan.named({"answer": rows.holds(condition, t)})
            case Tally(_, battery, value, negatives):
                tests = cast("tuple[str, ...]", battery)
                counted = {
                    "positive": [t[test] == value for test in tests],
                    "negative": [t[test].isin(list(negatives)) for test in tests],
                    "disputed": [t.contradicted.contains(test) for test in tests],
                }
                columns |= plan.named({name: rows.count_true(told) for name, told in counted.items()})
            case _:
                pass
    fields = [plan.fact.expression.field for plan in plans if isinstance(plan.fact.expression, OF_A_FIELD)]
    kept = dict.fromkeys((*KEYS, "happened_from", "begins_by", "ends_from", "happened_to", *fields))
    return t.select(*kept, **{n: ibis.literal(c) if isinstance(c, bool) else c for n, c in columns.items()})


def _first_pass(plan: _Plan, t: Table, as_of: date) -> dict[str, Any]:
    sure, some = plan.sure(t), plan.some(t)
    match plan.fact.expression:
        case Count() | Exists():
            return plan.named({"sure": sure.sum(), "some": some.sum()})
        case Sum(_, field):
            told = t[field]
            return plan.named(
                {"lo": told.sum(where=sure), "hi": told.sum(where=some), "silent": (some & told.isnull()).sum()}
            )
        case Best(_, field):
            told = t[field]
            return plan.named(
                {"lo": told.max(where=sure), "hi": told.max(where=some), "silent": (some & told.isnull()).sum()}
            )
        case SinceEarliest():
            return plan.named(
                {
                    "by": t.begins_by.min(where=sure),
                    "from": t.happened_from.min(where=some),
                    "vague": (some & t.happened_from.isnull()).sum(),
                }
            )
        case SinceLatest():
            day = ibis.literal(as_of)
            latest = ibis.least(t.begins_by.fill_null(day), day)
            return plan.named(
                {"sure": sure.sum(), "by": latest.max(where=some), "from": t.happened_from.max(where=sure)}
            )
        case Tally():
            part, whole = _done(plan, t)
            return plan.named(
                {
                    "part": (sure & part).sum(),
                    "whole": (sure & whole).sum(),
                    "cut_part": t.happened_from.max(where=sure & part),
                    "cut_whole": t.happened_from.max(where=sure & whole),
                }
            )
        case Latest() | LatestIs() | SinceDate() | SinceEnd():
            return plan.named({"sure": sure.sum(), "cut": t.happened_from.max(where=sure)})
        case Duration():
            return plan.named({"vague": (some & t.happened_from.isnull()).sum()})


def _done(plan: _Plan, t: Table) -> tuple[Any, Any]:
    """Whether a test of the battery, and whether every one, was done."""
    done = rows.total([t[f"{plan.prefix}_{name}"] for name in ("positive", "negative", "disputed")])
    return done > 0, done == len(cast("Tally", plan.fact.expression).battery)  # pyright: ignore[reportArgumentType]


def _second_pass(plan: _Plan, t: Table) -> dict[str, Any]:
    """Aggregates over the occasions that may be the latest; ``t`` carries the first pass's cut-offs."""
    expression, p = plan.fact.expression, plan.prefix

    def late(cut: str) -> Any:
        return t[cut].isnull() | t.begins_by.isnull() | (t.begins_by >= t[cut]).fill_null(False)

    if isinstance(expression, Tally):
        part, whole = _done(plan, t)
        complete = (t[f"{p}_whole"] > 0).fill_null(False)
        latest = ibis.ifelse(complete, whole & late(f"{p}_cut_whole"), part & late(f"{p}_cut_part") | whole)
        speaks = plan.some(t) & latest
        positive, negative = t[f"{p}_positive"], t[f"{p}_negative"]
        return plan.named({"lo": positive.min(where=speaks), "least_negative": negative.min(where=speaks)})
    speaks = plan.some(t) & late(f"{p}_cut")
    if isinstance(expression, LatestIs):
        answer = t[f"{p}_answer"]
        return plan.named(
            {"nay": (speaks & ~answer.fill_null(False)).sum(), "yea": (speaks & answer.fill_null(True)).sum()}
        )
    if isinstance(expression, SinceEnd):
        ended = {"first": t.ends_from.min(where=speaks), "last": t.happened_to.max(where=speaks)}
        vague = {"no_first": t.ends_from.isnull(), "no_last": t.happened_to.isnull()}
        return plan.named(ended | {name: (speaks & column).sum() for name, column in vague.items()})
    told = t[cast("Latest | SinceDate", expression).field]
    return plan.named(
        {"lo": told.min(where=speaks), "hi": told.max(where=speaks), "silent": (speaks & told.isnull()).sum()}
    )


def _covered(t: Table, keys: list[str], kept: Any, first: Any, last: Any, unit: str, name: str) -> Table:
    """Steps that the kept rows' spans cover together per key, each day once: overlapping spans are joined first."""
    spans = t.select(*keys, keep=kept, first=first, last=last)
    spans = spans.filter(spans.keep & (spans["last"] >= spans["first"]))
    before = ibis.window(group_by=keys, order_by=[spans["first"], spans["last"]], preceding=(None, 1))
    spans = spans.mutate(reached=spans["last"].max().over(before))
    apart = spans.reached.isnull() | (spans["first"].delta(spans.reached, unit="day") > 1)
    spans = spans.mutate(begins=apart.cast("int64"))
    upto = ibis.window(group_by=keys, order_by=[spans["first"], spans["last"]], preceding=(None, 0))
    spans = spans.mutate(island=spans.begins.sum().over(upto))
    islands = spans.group_by([*keys, "island"]).aggregate(first=spans["first"].min(), last=spans["last"].max())
    after = (islands["last"] + ibis.interval(days=1)).cast("date")
    islands = islands.mutate(span=rows.steps(islands["first"], after, unit))
    return islands.group_by(keys).aggregate(**{name: islands.span.sum()})


def _durations(plan: _Plan, t: Table, keys: list[str], as_of: date) -> list[Table]:
    expression = cast("Duration", plan.fact.expression)
    since, day = window_start(expression.events, as_of), ibis.literal(as_of)

    def clipped(first: Any, last: Any) -> tuple[Any, Any]:
        return (ibis.greatest(first, ibis.literal(since)) if since else first), ibis.least(last, day)

    certain = plan.sure(t) & t.begins_by.notnull() & t.ends_from.notnull()
    begin = t.happened_from if since is None else t.happened_from.fill_null(ibis.literal(since))
    widest = clipped(begin, t.happened_to.fill_null(day))
    return [
        _covered(t, keys, certain, *clipped(t.begins_by, t.ends_from), expression.unit, f"{plan.prefix}_lo"),
        _covered(t, keys, plan.some(t) & begin.notnull(), *widest, expression.unit, f"{plan.prefix}_hi"),
    ]


def _finished(plan: _Plan, t: Table, as_of: date) -> dict[str, Any]:
    """The fact's columns: ``NAME_at_least`` and ``NAME_at_most`` (NULL: unbounded), or a nullable ``NAME``."""
    p, expression, day = plan.prefix, plan.fact.expression, ibis.literal(as_of)
    complete = t[plan.complete].fill_null(False)

    def count(name: str) -> Any:
        return t[f"{p}_{name}"].fill_null(0)

    def bounds(lo: Any, hi: Any, bounded: Any) -> dict[str, Any]:
        return {
            f"{p}_at_least": lo.cast("float64"),
            f"{p}_at_most": ibis.ifelse(bounded, hi.cast("float64"), ibis.null("float64")),
        }

    def since(near: Any, far: Any, unit: str, known: Any, bounded: Any) -> dict[str, Any]:
        return bounds(ibis.ifelse(known, rows.elapsed(near, day, unit), 0.0), rows.elapsed(far, day, unit), bounded)

    match expression:
        case Count():
            return bounds(count("sure"), count("some"), complete)
        case Exists():
            none = complete & (count("some") == 0)
            return {p: rows.cases((count("sure") > 0, True), (none, False), otherwise=None)}
        case Sum():
            return bounds(count("lo"), count("hi"), complete & (count("silent") == 0))
        case Best():
            return bounds(t[f"{p}_lo"], t[f"{p}_hi"].fill_null(float("-inf")), complete & (count("silent") == 0))
        case SinceEarliest(_, unit):
            known = t[f"{p}_by"].notnull()
            return since(t[f"{p}_by"], t[f"{p}_from"], unit, known, known & (count("vague") == 0))
        case SinceLatest(_, unit):
            known = count("sure") > 0
            return since(t[f"{p}_by"], t[f"{p}_from"], unit, known, known)
        case SinceEnd(_, unit):
            spoken = count("sure") > 0
            lo, hi = (rows.elapsed(t[f"{p}_{name}"], day, unit) for name in ("last", "first"))
            lo = ibis.ifelse(spoken & (count("no_last") == 0), lo, ibis.null("float64"))
            return bounds(lo, hi, spoken & (count("no_first") == 0))
        case SinceDate(_, _, unit):
            told = (count("sure") > 0) & (count("silent") == 0)
            return since(t[f"{p}_hi"], t[f"{p}_lo"], unit, told, told)
        case Latest():
            told = (count("sure") > 0) & (count("silent") == 0)
            return bounds(ibis.ifelse(told, t[f"{p}_lo"], None), t[f"{p}_hi"], told)
        case LatestIs():
            spoken = count("sure") > 0
            yes, no = spoken & (count("nay") == 0), spoken & (count("yea") == 0)
            return {p: rows.cases((yes, True), (no, False), otherwise=None)}
        case Tally(_, battery):
            spoken, whole = count("part") > 0, len(cast("tuple[str, ...]", battery))
            lo = ibis.ifelse(spoken, t[f"{p}_lo"], 0)
            return bounds(lo, ibis.ifelse(spoken, whole - t[f"{p}_least_negative"], whole), ibis.literal(True))
        case Duration(events, unit):  # a window bounds what has no beginning
            bounded = complete & (count("vague") == 0) if events.within_days is None else complete
            return bounds(rows.in_unit(count("lo"), unit), rows.in_unit(count("hi"), unit), bounded)


def _stated_complete(plans: Sequence[_Plan], t: Table, as_of: date) -> Table:
    """Per patient and joint, one column per distinct scope: whether all such occasions are stated recorded."""
    day = ibis.literal(as_of)

    def agreed(name: str) -> Any:
        return ~t.contradicted.contains(name)

    stands = (t.modality == "actual") & (t.certainty == "stated") & t.side_known & ~t.doubtful & (t.begins_by <= day)
    columns: dict[str, Any] = {}
    for plan in plans:
        events = plan.fact.expression.events
        relied_from = ibis.literal(as_of - timedelta(days=cast("float", events.absence_days)))
        lasts = agreed("expires_on") & ibis.ifelse(t.expires_on.notnull(), t.expires_on >= day, t.up_to >= relied_from)
        covers = t.topic.isnull() & agreed("topic")
        if events.topic is not None:
            covers = covers | (t.topic == str(events.topic))
        holds = stands & (t["of"] == events.kind) & covers & t.up_to.notnull() & lasts
        columns.setdefault(plan.complete, holds.fill_null(False).any())
    return t.group_by(list(KEYS)).aggregate(**columns)


def _joined(base: Table, extras: Sequence[tuple[Table, Sequence[str]]]) -> Table:
    """All in one chain of joins; the extras' keys stay behind under other names."""
    for n, (extra, keys) in enumerate(extras):
        base = base.left_join(extra, list(keys), rname=f"{{name}}_again{n}")
    return base


def _base(tables: Tables) -> Table:
    patients = reduce(lambda a, b: a.union(b), [t.select("patient") for t in tables.values()]).distinct()
    return patients.mutate(joint=ibis.array(["left", "right"]).unnest())


def _seen_from(scope: str, t: Table) -> Table:
    """The table as a joint sees it: for a fact of the other joint with the sides exchanged."""
    if scope == "joint":
        return t
    return t.mutate(joint=ibis.cases((t.joint == "left", "right"), (t.joint == "right", "left"), else_=None))


def _of_kind(plans: Sequence[_Plan], table: Table, kind: str, as_of: date) -> list[tuple[Table, Sequence[str]]]:
    """What the kind's facts need of a joint (or a person), as tables with the keys to join them on."""
    keys: list[str] = list(KEYS) if KINDS[kind].SIDED else ["patient"]
    t = _rows(plans, table, as_of)
    found: list[Table] = []
    first: dict[str, Any] = {}
    for plan in plans:
        first |= _first_pass(plan, t, as_of)
        if isinstance(plan.fact.expression, Duration):
            found.extend(_durations(plan, t, keys, as_of))
    aggregated = t.group_by(keys).aggregate(**first)
    found.append(aggregated)
    if latest := [p for p in plans if isinstance(p.fact.expression, LATEST)]:
        beside = _joined(t, [(aggregated, keys)])
        second = {name: column for plan in latest for name, column in _second_pass(plan, beside).items()}
        found.append(beside.group_by(keys).aggregate(**second))
    return [(one, keys) for one in found]


def fact_columns(facts: Mapping[str, BoundFact], tables: Tables, as_of: date) -> Table:
    """Every fact of every joint: ``patient``, ``joint`` and per fact ``NAME_at_least`` and ``NAME_at_most``.

    NULL is no bound; a truth fact is one nullable column ``NAME`` instead. ``tables`` holds the columnar form
    (``record.columns``) on any backend that Ibis reaches, at least the kinds that the facts read and completeness;
    a patient in none of them has no row. The names of facts must be identifiers.
    """
    shared: dict[tuple[Any, ...], str] = {}
    plans: dict[str, list[_Plan]] = defaultdict(list)
    for name, fact in facts.items():
        events, scope = fact.expression.events, fact.scope
        core = shared.setdefault((events, scope, isinstance(fact.expression, COUNTING)), f"core_{len(shared)}")
        complete = (events.kind, events.topic, events.absence_days, scope)
        complete = shared.setdefault(complete, f"complete_{len(shared)}")
        plans[scope].append(_Plan(name, fact, core, complete))
    found: list[tuple[Table, Sequence[str]]] = []
    for scope, told in plans.items():
        found.append((_stated_complete(told, _seen_from(scope, tables["completeness"]), as_of), KEYS))
        for kind in dict.fromkeys(plan.fact.expression.events.kind for plan in told):
            of_kind = [plan for plan in told if plan.fact.expression.events.kind == kind]
            found.extend(_of_kind(of_kind, _seen_from(scope, tables[kind]), kind, as_of))
    wide = _joined(_base(tables), found)
    columns = [_finished(plan, wide, as_of) for told in plans.values() for plan in told]
    return wide.select(*KEYS, **{name: column for told in columns for name, column in told.items()})


def population(criteria: Mapping[str, Criterion], tables: Tables, as_of: date) -> Table:
    """Every criterion at every joint: ``patient``, ``joint`` and one column each, NULL where it is not known."""
    names: dict[BoundFact, str] = {}
    for criterion in criteria.values():
        for test in tests_of(criterion):
            names.setdefault(test.fact, f"f{len(names)}")
    t = fact_columns({name: fact for fact, name in names.items()}, tables, as_of)
    return t.select(*KEYS, **{name: criterion_column(c, t, names) for name, c in criteria.items()})


def criterion_column(criterion: Criterion, t: Table, names: Mapping[BoundFact, str]) -> Any:
    """The criterion over a table of ``fact_columns`` in which its facts have these names; NULL is not known."""
    match criterion:
        case Test():
            return _test(criterion, t, names[criterion.fact])
        case Opposite(part):
            return ~criterion_column(part, t, names)
        case All(parts):
            return rows.every([criterion_column(part, t, names) for part in parts])
        case Either(parts):
            return rows.either([criterion_column(part, t, names) for part in parts])
        case AtLeastOf(n, parts):
            told = [criterion_column(part, t, names) for part in parts]
            surely, possibly = rows.count_true(told), rows.count_true(told, unknown=True)
            return rows.cases((surely >= n, True), (possibly < n, False), otherwise=None)


def _test(test: Test, t: Table, name: str) -> Any:
    if test.expected is not None:
        return t[name] if test.expected else ~t[name]
    lo, hi = t[f"{name}_at_least"], t[f"{name}_at_most"]
    parts: list[Any] = []
    if test.minimum is not None:
        parts.append(rows.cases((lo >= test.minimum, True), (hi < test.minimum, False), otherwise=None))
    if test.above is not None:
        parts.append(rows.cases((lo > test.above, True), (hi <= test.above, False), otherwise=None))
    if test.maximum is not None:
        parts.append(rows.cases((hi <= test.maximum, True), (lo > test.maximum, False), otherwise=None))
    if test.below is not None:
        parts.append(rows.cases((hi < test.below, True), (lo >= test.below, False), otherwise=None))
    return rows.every(parts)
