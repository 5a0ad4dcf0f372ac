"""The safety gate: what must be asked, what stands, what was looked into; before everything else.

Silence is ``not_screened``, never ``clear``. A sign acts alone, a combination when enough of it is there, a risk
factor leaves a question open and raises no alarm. What stands becomes ``addressed`` only by a clinician's later
statement that names the item and the investigation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, cast

from nutation.criteria import Answer, Criterion, JointView, evaluate
from nutation.evaluation.alarms import warning_view, widened
from nutation.evaluation.answers import Gate, GateItem, GateState, ItemKind, Urgency
from nutation.evaluation.rules import EvidenceKey, bound, keys
from nutation.evidence import Evidence, EvidenceError, Mark, weakest
from nutation.facts import CATALOGUE
from nutation.record.occasions import Occasion

_STANDING: tuple[ItemKind, ...] = ("sign", "combination", "contra_indication", "caution")
_ADDRESSING = ("not_found", "treated", "accepted_by_specialist")


@dataclass(frozen=True, slots=True)
class Rule:
    """One way for an item to stand, or for its question to stay open."""

    kind: ItemKind
    text: str
    criterion: Criterion
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Item:
    """A gate item as the evidence has it."""

    id: str
    label: str
    kind: ItemKind
    urgency: Urgency
    asks: tuple[str, ...]
    screened: Criterion | None
    not_for: Criterion | None
    rules: tuple[Rule, ...]
    expires_days: int
    question: str
    closes: str
    citation: tuple[str, ...]
    verified: Mark


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole gate as the evidence has it."""

    items: tuple[Item, ...]
    not_clinicians: frozenset[str]


@dataclass(frozen=True, slots=True)
class Screen:
    """One dated screen by a clinician that has not expired for some item."""

    on: date
    by: str
    answers: dict[str, Any]
    events: tuple[str, ...]


def plan(evidence: Evidence) -> Plan:
    """The gate's items with their rules bound. Raises EvidenceError naming the item of a rule that cannot be read."""
    return _plan(EvidenceKey(evidence))


@lru_cache(maxsize=4)
def _plan(key: EvidenceKey) -> Plan:
    located = key.evidence.gate
    if located is None:
        raise EvidenceError("the set has no gate.", file="gate.yaml", mend="add gate.yaml.")
    tree = cast("dict[str, Any]", located.plain)
    screen = cast("dict[str, Any]", tree["screen"])
    items = tuple(_item(plain, screen, located.file) for plain in tree["items"])
    return Plan(items, frozenset(str(word).lower() for word in screen["not_clinicians"]))


def _item(plain: dict[str, Any], screen: dict[str, Any], file: str) -> Item:
    def rule_of(name: str) -> Criterion | None:
        return bound(plain[name], CATALOGUE, file=file, item=plain["id"]) if name in plain else None

    return Item(
        id=plain["id"],
        label=plain["label"],
        kind=plain["kind"],
        urgency=plain["urgency"],
        asks=tuple(plain.get("asks", ())),
        screened=rule_of("screened"),
        not_for=rule_of("not_for"),
        rules=tuple(
            Rule(
                rule["kind"],
                rule["text"],
                widened(bound(rule["rule"], CATALOGUE, file=file, item=plain["id"])),
                keys(rule["citation"]),
                rule["verified"],
            )
            for rule in plain["rules"]
        ),
        expires_days=int(plain.get("expires_days", screen["expires_days"])),
        question=plain["question"],
        closes=plain["closes"],
        citation=keys(plain["citation"]),
        verified=plain["verified"],
    )


def screen(view: JointView, evidence: Evidence) -> Gate:
    """The gate at the view's joint and day."""
    asked = plan(evidence)
    worst = warning_view(view)
    screens = _screens(view, asked.not_clinicians)
    items = tuple(_answer(item, view, worst, screens, asked.not_clinicians) for item in asked.items)
    every = [name for item in asked.items for name in item.asks if not _excepted(item, view)]
    whole = next((s for s in screens if all(s.answers.get(name) is not None for name in every)), None)
    states = {item.state for item in items}
    if "standing" in states:
        state: GateState = "standing"
    elif "not_screened" in states or whole is None:
        state = "not_screened"
    else:
        state = "addressed" if "addressed" in states else "clear"
    return Gate(
        state=state,
        items=items,
        screened_on=whole.on if whole else None,
        screened_by=whole.by if whole else None,
        basis=_basis(state, items, whole, screens),
    )


def _basis(state: GateState, items: tuple[GateItem, ...], whole: Screen | None, screens: tuple[Screen, ...]) -> str:
    def named(wanted: GateState) -> str:
        return ", ".join(item.label for item in items if item.state == wanted)

    if state == "standing":
        return f"Standing: {named('standing')}."
    if state == "not_screened":
        if whole is not None:
            return f"Every item of the form was asked on {whole.on} by {whole.by}; still open: {named('not_screened')}."
        some = f" The latest screen, of {screens[0].on}, did not ask every item." if screens else ""
        return f"Not asked, or not by a clinician: {named('not_screened') or 'every item in one screen'}.{some}"
    assert whole is not None
    asked = f"Asked on {whole.on} by {whole.by}"
    if state == "clear":
        return f"{asked}, none reported."
    return f"{asked}; looked into and addressed: {named('addressed')}."


def _authors(occasion: Occasion, not_clinicians: frozenset[str]) -> tuple[str, ...]:
    no = {*not_clinicians, occasion.patient.lower()}
    return tuple(name for name in occasion.authors if name.strip().lower() not in no)


def _usable(occasion: Occasion, as_of: date) -> bool:
    return (
        occasion.modality == "actual"
        and occasion.certainty == "stated"
        and not occasion.doubtful
        and occasion.side_known
        and occasion.happened_from is not None
        and occasion.begins_by is not None
        and occasion.begins_by <= as_of
    )


def _screens(view: JointView, not_clinicians: frozenset[str]) -> tuple[Screen, ...]:
    """Dated screens by clinicians, the latest first; a vague date counts from its first day."""
    found: list[Screen] = []
    for occasion in view.of_kind("safety_screen"):
        by = _authors(occasion, not_clinicians)
        if by and _usable(occasion, view.as_of) and occasion.happened_from is not None:
            found.append(Screen(occasion.happened_from, ", ".join(by), dict(occasion.values), occasion.events))
    return tuple(sorted(found, key=lambda s: s.on, reverse=True))


def _excepted(item: Item, view: JointView) -> bool:
    return item.not_for is not None and evaluate(item.not_for, view).truth is True


def _answer(
    item: Item, view: JointView, worst: JointView, screens: tuple[Screen, ...], not_clinicians: frozenset[str]
) -> GateItem:
    fired = [(rule, answer) for rule in item.rules if (answer := evaluate(rule.criterion, worst)).truth is True]
    alarms = [(rule, answer) for rule, answer in fired if rule.kind in _STANDING]
    chosen = alarms or fired
    seen = found_by_investigation(item.id, worst)
    witnesses = tuple(dict.fromkeys((*seen, *(e for _, answer in chosen for e in answer.witnesses.for_))))
    screened = _screened(item, view, screens)
    addressing = _addressing(item, view, witnesses, not_clinicians) if chosen or seen else ()
    missing: tuple[str, ...] = ()
    state: GateState
    if chosen or seen:
        state = "addressed" if addressing else "standing" if alarms or seen else "not_screened"
        if state == "not_screened":
            missing = (item.question,)
        elif state == "addressed" and screened.unasked:  # one warning was looked into; the others were not asked about
            state, missing = "not_screened", screened.unasked
    elif _excepted(item, view):
        state = "clear"
    else:
        missing = screened.missing
        state = "not_screened" if missing else "clear"
    rules = [rule for rule, _ in chosen]
    return GateItem(
        id=item.id,
        label=item.label,
        state=state,
        kind=rules[0].kind if rules else item.kind,
        urgency=item.urgency,
        witnesses=witnesses or screened.witnesses,
        asked_on=screened.on,
        asked_by=screened.by,
        expires_on=screened.on + timedelta(days=item.expires_days) if screened.on else None,
        missing=missing,
        question=item.question if (chosen or seen) and not addressing else None,
        closes=item.closes,
        addressed_by=addressing,
        citation=tuple(dict.fromkeys(key for rule in rules for key in rule.citation)) or item.citation,
        verified=weakest(rule.verified for rule in rules) if rules else item.verified,
        basis="; ".join((*(["Found by an investigation"] if seen else []), *(rule.text for rule in rules)))
        or _clear_basis(item, view, state, screened),
    )


@dataclass(frozen=True, slots=True)
class _Screened:
    on: date | None
    by: str | None
    unasked: tuple[str, ...]
    unexamined: tuple[str, ...]
    witnesses: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return (*self.unasked, *self.unexamined)


def _screened(item: Item, view: JointView, screens: tuple[Screen, ...]) -> _Screened:
    """When and by whom the item was last asked, and what of it is still to be asked."""
    oldest = view.as_of - timedelta(days=item.expires_days)
    unasked: tuple[str, ...] = ()
    unexamined: tuple[str, ...] = ()
    on: date | None = None
    by: str | None = None
    told: tuple[str, ...] = ()
    if item.asks:
        fresh = [s for s in screens if s.on >= oldest]
        full = next((s for s in fresh if all(s.answers.get(name) is not None for name in item.asks)), None)
        if full is not None:
            on, by, told = full.on, full.by, full.events
        else:
            seen = fresh[0].answers if fresh else {}
            unasked = tuple(name for name in item.asks if seen.get(name) is None)
    if item.screened is not None:
        answer = evaluate(item.screened, view)
        if answer.truth is True:
            told = (*told, *answer.witnesses.for_)
            on, by = (on, by) if on else _latest(view, answer)
        else:
            unexamined = _open_questions(answer)
    return _Screened(on, by, unasked, unexamined, tuple(dict.fromkeys(told)))


def _open_questions(answer: Answer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.test.fact.question for leaf in answer.leaves if leaf.truth is None))


def _latest(view: JointView, answer: Answer) -> tuple[date | None, str | None]:
    """The latest day of the answer's witnesses, and who recorded them then."""
    told = set(answer.witnesses.for_)
    days = {
        o.begins_by: ", ".join(o.authors)
        for o in view.occasions
        if o.begins_by is not None and o.begins_by <= view.as_of and told & set(o.events)
    }
    last = max(days, default=None)
    return last, (days[last] or None) if last else None


def found_by_investigation(item_id: str, view: JointView) -> tuple[str, ...]:
    """Statements that an investigation of the item found it, whoever made them."""
    return tuple(
        event
        for o in view.of_kind("gate_resolution")
        if o.values.get("item") == item_id
        and o.values.get("outcome") == "found"
        and o.modality in ("actual", "provisional")
        and (o.happened_from is None or o.happened_from <= view.as_of)
        for event in o.events
    )


def _addressing(
    item: Item, view: JointView, witnesses: tuple[str, ...], not_clinicians: frozenset[str]
) -> tuple[str, ...]:
    """Resolutions of the item, by a clinician, that name an investigation and are later than every witness."""
    known = _known_days(view, witnesses)
    found: list[str] = []
    for o in view.of_kind("gate_resolution"):
        told = o.values
        if (
            told.get("item") == item.id
            and told.get("investigation")
            and told.get("outcome") in _ADDRESSING
            and _authors(o, not_clinicians)
            and _usable(o, view.as_of)
            and o.happened_from is not None
            and all(day is not None and day <= o.happened_from for day in known)
        ):
            found.extend(o.events)
    return tuple(dict.fromkeys(found))


def _known_days(view: JointView, witnesses: tuple[str, ...]) -> list[date | None]:
    """The latest day on which each witness can have begun; a vague one reaches to the day that is asked about."""
    told = set(witnesses)
    return [
        None if o.begins_by is None else min(o.begins_by, view.as_of)
        for o in view.occasions
        if o.joint in (None, view.side) and told & set(o.events) and o.kind not in ("person", "operation")
    ]


def _clear_basis(item: Item, view: JointView, state: GateState, screened: _Screened) -> str:
    if state == "clear":
        if _excepted(item, view):
            return "Does not apply to this patient."
        by = f" by {screened.by}" if screened.by else ""
        how = "Asked" if item.asks else "Asked or examined"
        return f"{how} on {screened.on}{by}, none reported." if screened.on else "Asked, none reported."
    return "Not asked, or longer ago than counts."
