"""What evaluation answers with: frozen values that turn into plain data for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, Literal

from nutation.evidence import Mark

TARGET = "pain arises from this joint, as a controlled block would show"
"""What every probability here is the probability of; said beside each of them."""

GateState = Literal["clear", "standing", "addressed", "not_screened"]
ItemKind = Literal["sign", "combination", "risk_factor", "contra_indication", "caution"]
Urgency = Literal["emergency", "urgent", "soon", "routine"]
Stage = Literal["safety", "history", "examination", "document", "laboratory", "imaging", "injection"]

STAGES: tuple[Stage, ...] = (
    "safety", "history", "examination", "document", "laboratory", "imaging", "injection",
)  # fmt: skip
"""The order in which findings are sought."""
URGENCIES: tuple[Urgency, ...] = ("routine", "soon", "urgent", "emergency")
"""From the least to the most urgent."""


@dataclass(frozen=True, slots=True)
class Probability:
    """A probability as the median of its draws with an interval of ``level`` (both ends shares of 1)."""

    median: float
    low: float
    high: float
    level: float = 0.9


@dataclass(frozen=True, slots=True)
class Step:
    """One step from prior to answer: what was learned, and the probability before and after it."""

    id: str
    label: str
    before: float | None
    after: float
    interval: Probability
    citation: tuple[str, ...]
    verified: Mark
    basis: str
    witnesses: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named, simpler reading of the same examination: a plain chain of likelihood ratios, or one assumption
    of the model changed."""

    id: str
    label: str
    before: float
    after: Probability
    citation: tuple[str, ...]
    verified: Mark
    basis: str
    value: float | None = None
    default: bool = False


@dataclass(frozen=True, slots=True)
class Untouched:
    """A finding that left the probability where it was, and why."""

    finding: str
    reason: str
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """One block: whether it can be read, why not, and what it showed.

    ``weight``: the chance that the series behind the model would have called it positive.
    """

    occasion: str
    happened: str
    validity: Literal["valid", "uninterpretable", "unknown"]
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    relief_pct: float | None
    result: Literal["positive", "intermediate", "negative", "unknown"]
    weight: float | None
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateItem:
    """One item of the safety gate at one joint and day."""

    id: str
    label: str
    state: GateState
    kind: ItemKind
    urgency: Urgency
    witnesses: tuple[str, ...]
    asked_on: date | None
    asked_by: str | None
    expires_on: date | None
    missing: tuple[str, ...]
    question: str | None
    closes: str
    addressed_by: tuple[str, ...]
    citation: tuple[str, ...]
    verified: Mark
    basis: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The safety gate: before everything. Silence is ``not_screened``, never ``clear``."""

    state: GateState
    items: tuple[GateItem, ...]
    screened_on: date | None
    screened_by: str | None
    basis: str

    @property
    def open(self) -> bool:
        """Whether anything beyond asking, examining, investigating and referring may be offered."""
        return self.state in ("clear", "addressed")

    @property
    def urgency(self) -> Urgency | None:
        """The greatest urgency among standing items."""
        standing = {item.urgency for item in self.items if item.state == "standing"}
        return next((urgency for urgency in reversed(URGENCIES) if urgency in standing), None)

    def item(self, item_id: str) -> GateItem:
        """The item of that id. Raises KeyError."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise KeyError(item_id)


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding that speaks for or against something, with its source."""

    text: str
    witnesses: tuple[str, ...]
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Why this joint may hurt; never multiplied with whether it is the source."""

    kind: Literal[
        "mechanical", "degenerative", "disruption", "inflammatory", "infectious", "fracture", "tumour",
        "dorsal_ligaments", "unknown",
    ]  # fmt: skip
    label: str
    leads_to_indication: bool
    reasons: tuple[Reason, ...]
    also_open: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another source of the pain, and what speaks for and against it."""

    id: str
    label: str
    state: Literal["for", "against", "mixed", "not_asked"]
    speaks_for: tuple[Reason, ...]
    speaks_against: tuple[Reason, ...]
    not_asked: tuple[str, ...]
    share: float | None
    citation: tuple[str, ...]
    verified: Mark
    note: str


@dataclass(frozen=True, slots=True)
class Result:
    """One result that a finding can have: its chance (None where no figure is held), the probability after
    it, and whether it changes the decision."""

    result: str
    chance: float | None
    probability: Probability | None
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextFinding:
    """A finding that could be sought next.

    ``value`` is the chance that its result changes a decision; None where the chance of some result is not known.
    ``about`` names gate items and topics; ``tests`` the provocation tests that may be done.
    """

    id: str
    label: str
    stage: Stage
    purpose: Literal["safety", "diagnosis"]
    burden: str
    form: str
    value: float | None
    results: tuple[Result, ...]
    moves: tuple[str, ...]
    about: tuple[str, ...]
    tests: tuple[str, ...]
    reason: str
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Withheld:
    """A finding that is not offered now, and why."""

    id: str
    label: str
    stage: Stage
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the probability alone would have one do next, between two thresholds from data."""

    id: str
    label: str
    from_: float
    below: float
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether one joint is the source of the pain, step by step; ``probability`` is None where none is given."""

    side: Literal["left", "right"]
    target: str
    probability: Probability | None
    withheld: str | None
    laterality: str
    steps: tuple[Step, ...]
    scenarios: tuple[Scenario, ...]
    sensitivity: tuple[Scenario, ...]
    dependence_range: tuple[float, float] | None
    untouched: tuple[Untouched, ...]
    blocks: tuple[BlockAnswer, ...]
    decision: Decision | None
    mechanism: Mechanism
    differential: tuple[Alternative, ...]
    notes: tuple[str, ...]
    citation: tuple[str, ...]
    verified: Mark


def plain(value: Any) -> Any:
    """The value as dicts, lists, text, numbers, truth and None; a trailing underscore of a name is dropped."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name.rstrip("_"): plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, tuple | list | frozenset):
        return [plain(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value.isoformat() if isinstance(value, date) else value
