"""The gap of a criterion: a smallest set of findings, not yet known, some value of which would make it true."""

from __future__ import annotations

from dataclasses import dataclass

from nutation.criteria.answers import UnknownKind, evaluate
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

    None where it is false: nothing that is not known yet can make it true; only a new happening can.
    """
    return _gap(criterion, view, wanted=True)


def _gap(criterion: Criterion, view: JointView, *, wanted: bool) -> Gap | None:
    match criterion:
        case Test():
            leaf = evaluate(criterion, view).leaves[0]
            if leaf.truth is wanted:
                return Gap(())
            return Gap((Need(criterion, wanted, leaf.range, leaf.unknown_kind),)) if leaf.truth is None else None
        case Opposite(part):
            return _gap(part, view, wanted=not wanted)
        case All(parts):
            return _cheapest(len(parts) if wanted else 1, parts, view, wanted)
        case Either(parts):
            return _cheapest(1 if wanted else len(parts), parts, view, wanted)
        case AtLeastOf(n, parts):
            return _cheapest(n if wanted else len(parts) - n + 1, parts, view, wanted)


def _cheapest(n: int, parts: tuple[Criterion, ...], view: JointView, wanted: bool) -> Gap | None:
    found = [g for part in parts if (g := _gap(part, view, wanted=wanted)) is not None]
    if len(found) < n:
        return None
    chosen = sorted(found, key=lambda g: (g.weight, len(g.needs)))[:n]
    needs = dict.fromkeys(need for g in chosen for need in g.needs)
    return Gap(tuple(needs))
