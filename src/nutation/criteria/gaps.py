"""The gap of a criterion: a smallest set of findings, not yet known, some value of which would make it true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from nutation.criteria.answers import UnknownKind, evaluate, keeps
from nutation.criteria.joint import JointView
from nutation.criteria.language import All, AtLeastOf, Burden, Criterion, Either, Opposite, Test
from nutation.criteria.logic import Range

_WEIGHT: dict[Burden, int] = {
    "none": 0, "question": 1, "document": 2, "examination": 2, "laboratory": 3, "imaging": 5, "injection": 20,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """One finding that a gap asks for: the test, and whether it is to come out true or false."""

    test: Test
    wanted: bool
    known: Range
    unknown_kind: UnknownKind | None

    @property
    def question(self) -> str:
        """The question that asks for it."""
        return self.test.fact.question

    @property
    def burden(self) -> Burden:
        """What asking costs the patient."""
        return self.test.fact.burden


@dataclass(frozen=True, slots=True)
class Gap:
    """Findings that together would make the criterion true."""

    needs: tuple[Need, ...]

    @property
    def weight(self) -> int:
        """The burden of all the findings together, for choosing among gaps."""
        return sum(_WEIGHT[need.burden] for need in self.needs)


def gap(criterion: Criterion, view: JointView) -> Gap | None:
    """The cheapest gap of a criterion that is not known; empty where it is true.

    None where it is false, or where no values of its facts would make it true: only a new happening can.
    """
    return next((Gap(needs) for needs in _ways(criterion, view, wanted=True, taken=())), None)


def _ways(
    criterion: Criterion, view: JointView, *, wanted: bool, taken: tuple[Need, ...]
) -> Iterator[tuple[Need, ...]]:
    """Findings that give the criterion the wanted truth and agree with those ``taken``; the cheapest part first."""
    match criterion:
        case Test():
            leaf = evaluate(criterion, view).leaves[0]
            need = Need(criterion, wanted, leaf.range, leaf.unknown_kind)
            if leaf.truth is wanted:
                yield ()
            elif leaf.truth is None and _agree(need, taken):
                yield (need,)
        case Opposite(part):
            yield from _ways(part, view, wanted=not wanted, taken=taken)
        case All(parts) | Either(parts) | AtLeastOf(_, parts):
            costs = [(cost, n) for n, part in enumerate(parts) if (cost := _cost(part, view, wanted)) is not None]
            for chosen in combinations([parts[n] for _, n in sorted(costs)], _needed(criterion, wanted)):
                yield from _together(chosen, view, wanted, taken)


def _together(
    parts: tuple[Criterion, ...], view: JointView, wanted: bool, taken: tuple[Need, ...]
) -> Iterator[tuple[Need, ...]]:
    if not parts:
        yield ()
        return
    for first in _ways(parts[0], view, wanted=wanted, taken=taken):
        for rest in _together(parts[1:], view, wanted, (*taken, *first)):
            yield tuple(dict.fromkeys((*first, *rest)))


def _needed(criterion: All | Either | AtLeastOf, wanted: bool) -> int:
    """How many parts must have the wanted truth."""
    match criterion:
        case All(parts):
            return len(parts) if wanted else 1
        case Either(parts):
            return 1 if wanted else len(parts)
        case AtLeastOf(n, parts):
            return n if wanted else len(parts) - n + 1


def _cost(criterion: Criterion, view: JointView, wanted: bool) -> int | None:
    """The least burden, if its findings agree; None where the criterion surely has the other truth."""
    match criterion:
        case Test():
            truth = evaluate(criterion, view).truth
            return 0 if truth is wanted else None if truth is not None else _WEIGHT[criterion.fact.burden]
        case Opposite(part):
            return _cost(part, view, not wanted)
        case All(parts) | Either(parts) | AtLeastOf(_, parts):
            costs = sorted(cost for part in parts if (cost := _cost(part, view, wanted)) is not None)
            n = _needed(criterion, wanted)
            return sum(costs[:n]) if len(costs) >= n else None


def _agree(need: Need, taken: tuple[Need, ...]) -> bool:
    """Whether some value, within what is known of the fact, gives it and every one taken what they want."""
    same = [need, *(other for other in taken if other.test.fact == need.test.fact)]
    if need.test.expected is not None:
        return len({other.test.expected is other.wanted for other in same}) == 1
    turns = sorted({bound for other in same for bound in other.test.bounds()})
    between = [(low + high) / 2 for low, high in pairwise(turns)]
    tried = (*need.known, turns[0] - 1, *turns, *between, turns[-1] + 1)
    return any(
        need.known.lo <= value <= need.known.hi
        and all(keeps(other.test, Range(value, value)) is other.wanted for other in same)
        for value in tried
    )
