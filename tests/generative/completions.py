"""Ways in which all that is not known of a record may turn out: two-valued worlds for a three-valued answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from generative.hints import AS_OF
from generative.records import an_attribute, an_event, built, one_in
from nutation.criteria import Test
from nutation.criteria.language import Count, Duration, Events, Exists, Known, Sum, Tally
from nutation.record.columns import column_types
from nutation.record.derived import DERIVED, derive
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion, occasions

COUNTING = (Count, Exists, Sum, Duration)
"""Reducers that speak of the world; the others speak of the record: of its latest or earliest account."""
FAR = timedelta(days=500)


class UnsuitableError(Exception):
    """The tests read one kind in ways that no single world of one joint settles."""


class Completer:
    """Completes the occasions that some tests read; each kind by how the tests select it."""

    def __init__(self, tests: Iterable[Test]) -> None:
        self.selections: dict[str, Events] = {}
        self.counting: dict[str, bool] = {}
        self.only_if_recorded: dict[str, set[str]] = {}
        for test in tests:
            expression, events = test.fact.expression, test.fact.expression.events
            seen = self.selections.setdefault(events.kind, events)
            alike = (seen.certainty, seen.modality) == (events.certainty, events.modality)
            if not alike or test.fact.scope == "other_joint":
                raise UnsuitableError
            counts = isinstance(expression, COUNTING)
            self.counting[events.kind] = self.counting.get(events.kind, True) and counts
            fixed = self.only_if_recorded.setdefault(events.kind, set())
            fixed |= _only_if_recorded(expression)

    def world(self, r: Random, record: Sequence[Occasion], closed: frozenset[str]) -> list[Occasion]:
        """One world: every occasion settled, unrecorded ones added unless the kind is stated complete."""
        settled = [done for o in record if o.kind != "completeness" and (done := self._settled(r, o)) is not None]
        return [*settled, *self._unrecorded(r, closed), *_everything_stated_complete()]

    def _settled(self, r: Random, o: Occasion) -> Occasion | None:
        events = self.selections.get(o.kind)
        if events is None:
            return o
        certainty, modality = o.certainty, o.modality
        doubt = o.doubtful
        if certainty not in events.certainty:
            doubt, certainty = True, r.choice(list(events.certainty))
        if modality == "provisional" and modality not in events.modality and "actual" in events.modality:
            doubt, modality = True, "actual"
        if self.counting[o.kind]:
            doubt = doubt or not o.side_known
        if doubt and one_in(r, 2):
            return None
        values = self._values(r, o)
        begins, ends = _days(r, o)
        return replace(
            o,
            doubtful=False,
            side_known=o.side_known or self.counting[o.kind],
            certainty=certainty,
            modality=modality,
            values=values,
            contradicted=frozenset(),
            happened_from=begins,
            begins_by=begins,
            ends_from=ends,
            happened_to=ends,
        )

    def _values(self, r: Random, o: Occasion) -> dict[str, Any]:
        values = dict(o.values)
        if o.kind == "injection":
            values |= _scores(values, o.contradicted)
        for name in column_types(o.kind):
            told = values.get(name) is not None or name in DERIVED.get(o.kind, {})
            if not told and (name not in self.only_if_recorded[o.kind] or name in o.contradicted):
                values[name] = an_attribute(r, o.kind, name)
        if o.kind == "injection":
            values["score_before"] = values["score_before"] or 8.0
            values |= derive(o.kind, values)
        return values

    def _unrecorded(self, r: Random, closed: frozenset[str]) -> tuple[Occasion, ...]:
        kinds = [kind for kind, counts in self.counting.items() if counts and kind not in closed]
        plain = [an_event(r, kinds) | {"side": "left", "id": f"more-{n}"} for n in range(r.randrange(3)) if kinds]
        found = [o for o in occasions(built(plain)) if o.joint in (None, "left")]
        return tuple(done for o in found if (done := self._settled(r, o)) is not None)


def _only_if_recorded(node: Any) -> set[str]:
    """Fields in which silence is an answer: of which it is asked whether they are recorded, and a battery's tests."""
    if isinstance(node, Known):
        return {str(node.field)}
    if isinstance(node, Tally):
        return _only_if_recorded(node.events) | set(node.battery)
    parts = node if isinstance(node, tuple) else [getattr(node, f) for f in getattr(node, "__dataclass_fields__", ())]
    return {name for part in parts for name in _only_if_recorded(part)}


def _scores(values: dict[str, Any], contradicted: frozenset[str]) -> dict[str, Any]:
    """Scores that agree with a percentage told without them."""
    before, after, stated = values["score_before"], values["score_after"], values["relief_stated_pct"]
    if stated is None or contradicted & {"score_before", "score_after"} or None not in (before, after):
        return {}
    left = 1 - stated / 100
    before = before if before is not None else after / left if after and left else 8.0
    return {"score_before": before, "score_after": before * left if after is None else after}


def _days(r: Random, o: Occasion) -> tuple[date, date]:
    latest = o.begins_by or o.happened_to or AS_OF + FAR
    earliest = o.happened_from or min(latest, AS_OF) - FAR
    begins = _between(r, earliest, latest)
    if not KINDS[o.kind].COURSE:
        return begins, begins
    first_end = max(begins, o.ends_from or begins)
    return begins, _between(r, first_end, o.happened_to or first_end + FAR)


def _between(r: Random, first: date, last: date) -> date:
    days = max(0, (last - first).days)
    return first + timedelta(days=r.choice([0, days, r.randint(0, days)]))


def _everything_stated_complete() -> list[Occasion]:
    plain = [{"kind": "completeness", "of": k, "side": "left", "happened": AS_OF, "up_to": AS_OF} for k in KINDS]
    return [o for told in plain for o in occasions(built([told | {"id": f"all-{told['of']}"}]))]
