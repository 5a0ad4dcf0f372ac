"""Facts as ELM: every reducer to a tuple of bounds (``lo``, ``hi``; null is no bound), truth facts to a boolean."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from nutation.criteria.elm_members import (
    AS_OF,
    OCCASION,
    Statements,
    complete,
    disagree,
    holds,
    open_,
    sure,
    window_start,
)
from nutation.criteria.elm_terms import (
    LEAST,
    NULL,
    DatePart,
    Node,
    aggregate,
    alias,
    among,
    binary,
    call,
    cases,
    coalesce,
    days,
    each,
    either,
    every,
    exists,
    field,
    function,
    if_,
    interval,
    is_null,
    let,
    list_,
    literal,
    named,
    not_,
    on_or_after,
    on_or_before,
    operand,
    parameter,
    part_of_date,
    query,
    those,
    together,
    total,
    tuple_,
    unary,
    whole,
)
from nutation.criteria.language import (
    Best,
    BoundFact,
    Condition,
    Count,
    Duration,
    Exists,
    Latest,
    LatestIs,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.criteria.logic import STEPS

DAYS_BETWEEN, CALENDAR_STEPS = "Days between", "Calendar steps between"
COUNTING = Count | Exists | Sum | Best | Duration
"""Reducers to which an occasion of unknown side may count."""


def bounds(lo: Node, hi: Node) -> Node:
    """A range of decimals; null where nothing bounds it."""
    return tuple_(lo=lo, hi=hi)


def decimal(integer: Node) -> Node:
    """The same number as the type that bounds have."""
    return unary("ToDecimal", integer)


def anything() -> Node:
    """The range of what is not known at all."""
    return bounds(NULL, NULL)


class Selection:
    """What a fact is made of: the occasions that count, those that may, and whether there can be more."""

    def __init__(self, statements: Statements, fact: BoundFact) -> None:
        events, scope = fact.expression.events, fact.scope
        self.sure = sure(statements, events, scope)
        self.open = open_(statements, events, scope, unknown_side=isinstance(fact.expression, COUNTING))
        self.all = together(self.sure, self.open)
        self.complete = complete(statements, events, scope)
        self.statements = statements

    def latest(self) -> tuple[Node, Node]:
        """The occasions that may be the latest, those that count and those that may: none surely began after."""
        late = _late(self.sure)
        return those(self.sure, OCCASION, late), those(self.open, OCCASION, late)


def _late(sure_: Node) -> Node:
    """Of an occasion, whether it may be later than all of those that count: none of them surely began after it."""
    cut = aggregate("Max", each(sure_, "happened_from"))
    begins_by = field(OCCASION, "begins_by")
    return either([is_null(cut), is_null(begins_by), on_or_after(begins_by, cut)])


def fact_value(statements: Statements, fact: BoundFact) -> Node:
    """The fact at the joint: a tuple of bounds, or a boolean for truth facts."""
    told = Selection(statements, fact)
    match fact.expression:
        case Count():
            lo, hi = (decimal(aggregate("Count", some)) for some in (told.sure, told.all))
            return bounds(lo, if_(told.complete, hi, NULL))
        case Exists():
            none = every([told.complete, not_(exists(told.open))])
            return cases((exists(told.sure), literal(True)), (none, literal(False)), otherwise=NULL)
        case Sum(_, name):
            return _bounded(told, name, *(total(each(some, name), literal(0)) for some in (told.sure, told.all)))
        case Best(_, name):
            greatest = coalesce(aggregate("Max", each(told.all, name)), LEAST)
            return _bounded(told, name, aggregate("Max", each(told.sure, name)), greatest)
        case Duration() as duration:
            return _duration(told, duration)
        case SinceEarliest(_, unit):
            return _since_earliest(told, unit)
        case SinceLatest(_, unit):
            return _since_latest(told, unit)
        case SinceEnd(_, unit):
            return _since_end(told, unit)
        case SinceDate(_, name, unit):
            return _since_date(told, name, unit)
        case Latest(_, name):
            return _latest(told, name)
        case LatestIs(_, condition):
            return _latest_is(told, condition)
        case Tally() as tally:
            return _tally(told, tally)


def _silent(source: Node, name: str) -> Node:
    return exists(those(source, OCCASION, is_null(field(OCCASION, name))))


def _bounded(told: Selection, name: str, lo: Node, hi: Node) -> Node:
    return bounds(lo, if_(every([told.complete, not_(_silent(told.all, name))]), hi, NULL))


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────


def time_functions() -> list[Node]:
    """Functions of two days that the library brings: days between, and steps of a calendar of 31-day months."""
    first, last = operand("first"), operand("last")

    def apart(part: DatePart) -> Node:
        return binary("Subtract", part_of_date(last, part), part_of_date(first, part))

    months = binary("Add", binary("Multiply", apart("Year"), whole(12)), apart("Month"))
    steps = binary("Add", binary("Multiply", months, whole(STEPS["months"])), apart("Day"))
    two = {"first": named("Date"), "last": named("Date")}
    return [
        function(DAYS_BETWEEN, two, binary("DifferenceBetween", first, last, precision="Day")),
        function(CALENDAR_STEPS, two, steps),
    ]


def _steps(first: Node, last: Node, unit: str) -> Node:
    return call(DAYS_BETWEEN if unit in ("days", "weeks") else CALENDAR_STEPS, first, last)


def _in_unit(counted: Node, unit: str) -> Node:
    told = binary("Divide", decimal(counted), literal(STEPS[unit]))
    return decimal(unary("Floor", told)) if unit == "years" else told


def _elapsed(first: Node, unit: str) -> Node:
    return _in_unit(_steps(first, parameter(AS_OF), unit), unit)


def _least(one: Node, other: Node) -> Node:
    return aggregate("Min", list_(one, other))


def _since_earliest(told: Selection, unit: str) -> Node:
    near = _elapsed(aggregate("Min", each(told.sure, "begins_by")), unit)
    far = _elapsed(aggregate("Min", each(told.all, "happened_from")), unit)
    known = bounds(near, if_(_silent(told.all, "happened_from"), NULL, far))
    return if_(exists(told.sure), known, bounds(literal(0), NULL))


def _since_latest(told: Selection, unit: str) -> Node:
    day = parameter(AS_OF)
    ends = query(told.all, OCCASION, result=_least(coalesce(field(OCCASION, "begins_by"), day), day))
    far = _elapsed(aggregate("Max", each(told.sure, "happened_from")), unit)
    return if_(exists(told.sure), bounds(_elapsed(aggregate("Max", ends), unit), far), bounds(literal(0), NULL))


def _since_end(told: Selection, unit: str) -> Node:
    sure_, may = told.latest()
    spoken = together(sure_, may)

    def end(name: str, extreme: str) -> Node:
        at = _elapsed(aggregate(extreme, each(spoken, name)), unit)
        return if_(_silent(spoken, name), NULL, at)

    return if_(exists(sure_), bounds(end("happened_to", "Max"), end("ends_from", "Min")), anything())


def _since_date(told: Selection, name: str, unit: str) -> Node:
    sure_, may = told.latest()
    spoken = together(sure_, may)
    dates = each(spoken, name)
    known = bounds(_elapsed(aggregate("Max", dates), unit), _elapsed(aggregate("Min", dates), unit))
    return if_(every([exists(sure_), not_(_silent(spoken, name))]), known, bounds(literal(0), NULL))


def _duration(told: Selection, duration: Duration) -> Node:
    since, unit = window_start(duration.events), duration.unit
    begins_by, ends_from = field(OCCASION, "begins_by"), field(OCCASION, "ends_from")
    earliest, latest = field(OCCASION, "happened_from"), field(OCCASION, "happened_to")
    surely = _covered(told.sure, begins_by, ends_from, since, unit)
    widest = earliest if since is None else coalesce(earliest, since)
    possibly = _covered(told.all, widest, coalesce(latest, parameter(AS_OF)), since, unit)
    bounded = [told.complete] if since is not None else [told.complete, not_(_silent(told.all, "happened_from"))]
    return bounds(surely, if_(every(bounded), possibly, NULL))


def _covered(source: Node, first: Node, last: Node, since: Node | None, unit: str) -> Node:
    """Time that the occasions' spans cover together within the window, each day once; vague spans left out."""
    start = first if since is None else if_(binary("Before", first, since, precision="Day"), since, first)
    end = if_(binary("After", last, parameter(AS_OF), precision="Day"), parameter(AS_OF), last)
    spans = query(
        source,
        OCCASION,
        lets={"start": start, "end": end},
        where=on_or_before(let("start"), let("end")),
        result=interval(let("start"), let("end")),
    )
    islands = binary("Collapse", spans, days(1))
    island = alias("I")
    after = binary("Add", unary("End", island), days(1))
    return _in_unit(total(query(islands, "I", result=_steps(unary("Start", island), after, unit)), whole(0)), unit)


# ── the latest occasion ──────────────────────────────────────────────────────────────────────────────


def _latest(told: Selection, name: str) -> Node:
    sure_, may = told.latest()
    spoken = together(sure_, may)
    values = each(spoken, name)
    known = bounds(aggregate("Min", values), aggregate("Max", values))
    return if_(every([exists(sure_), not_(_silent(spoken, name))]), known, anything())


def _latest_is(told: Selection, condition: Condition) -> Node:
    sure_, may = told.latest()
    answers = query(together(sure_, may), OCCASION, result=tuple_(answer=holds(condition)))

    def all_are(test: str) -> Node:
        return aggregate("AllTrue", query(answers, "A", result=unary(test, field("A", "answer"))))

    known = cases((all_are("IsTrue"), literal(True)), (all_are("IsFalse"), literal(False)), otherwise=NULL)
    return if_(exists(sure_), known, NULL)


def _tally(told: Selection, tally: Tally) -> Node:
    battery = cast("tuple[str, ...]", tally.battery)

    def tests(are: Callable[[str], Node]) -> Node:
        return total(list_(*(if_(are(test), whole(1), whole(0)) for test in battery)), whole(0))

    def examined(source: Node, label: str) -> Node:
        dates = {name: field(OCCASION, name) for name in ("happened_from", "begins_by")}
        counted = {
            "positive": tests(lambda test: binary("Equal", field(OCCASION, test), literal(tally.value))),
            "negative": tests(lambda test: among(field(OCCASION, test), tally.negatives)),
            "disputed": tests(lambda test: disagree(OCCASION, test)),
        }
        made = query(source, OCCASION, result=tuple_(**dates, **counted))
        return told.statements.once((tally, label, source["name"]), f"battery {label}", lambda: made)

    sure_, may = examined(told.sure, "that counts"), examined(told.open, "that may count")
    counted = [field(OCCASION, name) for name in ("positive", "negative", "disputed")]
    done = binary("Add", binary("Add", counted[0], counted[1]), counted[2])  # a test in dispute was done
    all_done, some_done = binary("Equal", done, whole(len(battery))), binary("Greater", done, whole(0))
    full, part = those(sure_, OCCASION, all_done), those(sure_, OCCASION, some_done)
    latest_full = those(together(full, those(may, OCCASION, all_done)), OCCASION, _late(full))
    # Where none that counts is complete, one that may count and is complete speaks besides, however old.
    open_part = those(may, OCCASION, either([all_done, every([some_done, _late(part)])]))
    latest_part = together(those(part, OCCASION, _late(part)), open_part)

    def read(speakers: Node) -> Node:
        most = binary("Subtract", whole(len(battery)), aggregate("Min", each(speakers, "negative")))
        return bounds(decimal(aggregate("Min", each(speakers, "positive"))), decimal(most))

    return cases(
        (exists(full), read(latest_full)),
        (exists(part), read(latest_part)),
        otherwise=bounds(literal(0), literal(len(battery))),
    )
