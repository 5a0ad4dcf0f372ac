"""What to find out next: safety first, then the cheapest that could change the answer.

Nothing invasive or irradiating is offered while the gate is shut or its own contra-indications are not known; no
provocation while an infection, a fracture or a tumour is open; no injection that could change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nutation.criteria import JointView, Test, bind, evaluate
from nutation.evaluation.alarms import warning_view, widened
from nutation.evaluation.answers import STAGES, Gate, GateItem, NextFinding, Result, Withheld
from nutation.evaluation.asking import truth
from nutation.evaluation.asking import value as fact_value
from nutation.evaluation.asks import Ask, asks, closing
from nutation.evaluation.belief import Belief, believe
from nutation.evaluation.findings import JointFindings, joint_findings
from nutation.evaluation.gate import plan
from nutation.evaluation.mechanism import mechanism
from nutation.evaluation.parameters import SEED
from nutation.evaluation.population import BELOW_L5, NOT_BELOW_L5, WITHOUT_PATTERN, population
from nutation.evaluation.worth import Changes, enumerated, value
from nutation.evidence import Evidence
from nutation.facts import CATALOGUE

_GRAVE = ("infection", "tumour", "sacral_fracture", "axial_spondyloarthritis")
_ENOUGH_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class _Offer:
    """A finding with its possible results, before it is known whether it may be offered."""

    ask: Ask
    results: tuple[Result, ...]
    tests: tuple[str, ...] = ()


def next_findings(
    view: JointView,
    other_view: JointView,
    gate: Gate,
    evidence: Evidence,
    *,
    seed: int = SEED,
    changes: Changes | None = None,
) -> tuple[tuple[NextFinding, ...], tuple[Withheld, ...]]:
    """Findings to seek at the view's joint, in order; and those that are not offered now, with the reasons."""
    assert other_view.side != view.side
    elsewhere = changes or {}
    found = joint_findings(view, evidence)
    offers = list(_safety(gate, evidence))
    if not found.fused and found.laterality != "other_side":
        people = population(view)
        split = found.laterality in ("both_sides", "not_known")
        belief = believe(evidence, people, found.known, split=split, seed=seed)
        offers.extend(_history(view, gate, evidence, belief, split, seed))
        offers.extend(_examination(view, gate, evidence, found, belief, elsewhere))
        offers.extend(_documents(evidence, found, belief))
        offers.extend(_images(view, gate, evidence))
        offers.extend(_injection(evidence, found, belief, elsewhere))
    return _sorted(offers, gate)


def _sorted(offers: Iterable[_Offer], gate: Gate) -> tuple[tuple[NextFinding, ...], tuple[Withheld, ...]]:
    shown: list[tuple[tuple[int, int, float], NextFinding]] = []
    withheld: list[Withheld] = []
    for offer in offers:
        ask, worth = offer.ask, value(offer.results)
        if against := _against(ask, gate, worth):
            withheld.append(Withheld(ask.id, ask.label, ask.stage, against))
        elif worth is None or worth > 0:
            shown.append(((STAGES.index(ask.stage), ask.rank, -(worth or 0.0)), _next(offer, gate, worth)))
    return tuple(finding for _, finding in sorted(shown, key=lambda pair: pair[0])), tuple(withheld)


def _next(offer: _Offer, gate: Gate, worth: float | None) -> NextFinding:
    ask = offer.ask
    open_items = {item.id for item in gate.items if item.state in ("standing", "not_screened")}
    safety = ask.stage == "safety" or bool(open_items & set(ask.about))
    moves = tuple(f"gate: {item}" for item in ask.about if item in open_items)
    if any(result.probability is not None for result in offer.results):
        moves = ("probability", *moves)
    return NextFinding(
        id=ask.id,
        label=ask.label,
        stage=ask.stage,
        purpose="safety" if safety else "diagnosis",
        burden=ask.burden,
        form=ask.form,
        value=worth,
        results=offer.results,
        moves=moves,
        about=ask.about,
        tests=offer.tests,
        reason=ask.reason,
        citation=ask.citation,
        verified=ask.verified,
    )


def _against(ask: Ask, gate: Gate, worth: float | None) -> tuple[str, ...]:
    """Why the finding is not offered now; nothing speaks against asking."""
    items = {item.id: item for item in gate.items}
    found: list[str] = []
    if (ask.invasive or ask.irradiating) and not gate.open:
        found.append("The safety gate is neither clear nor addressed.")
    needed = [items[name] for name in ask.needs]
    found.extend(f"Not asked or not addressed: {i.label}." for i in needed if i.state not in ("clear", "addressed"))
    found.extend(f"Open: {items[name].label}." for name in ask.not_while if _is_open(items[name]))
    if not found and ask.invasive and worth == 0:
        found.append("Neither result would change what is done.")
    return tuple(dict.fromkeys(found))


def _is_open(item: GateItem) -> bool:
    """Whether the item stands, or a risk factor has left its question open."""
    return item.state == "standing" or item.question is not None


def _safety(gate: Gate, evidence: Evidence) -> Iterable[_Offer]:
    known_asks = asks(evidence)
    by_form = {item.id for item in plan(evidence).items if item.asks}
    unasked = tuple(i for i in gate.items if i.state == "not_screened" and i.question is None and i.id in by_form)
    if unasked or (gate.screened_on is None and gate.state != "standing"):
        reason = "Not asked yet: " + "; ".join(f"{i.label} ({', '.join(i.missing)})" for i in unasked) + "."
        reason = reason.replace("_", " ") if unasked else "No single screen asked every item."
        ask = replace(known_asks["safety_screen"], about=tuple(i.id for i in unasked), reason=reason)
        yield _Offer(ask, _two("nothing reported: the items are clear", "something reported: an item stands"))
    for item in gate.items:
        if _is_open(item):
            yield _Offer(closing(item), _two("not found: addressed", "found: the mechanism is another"))


def _two(*told: str) -> tuple[Result, ...]:
    """Results written ``result: what it changes``, of which no chance is known."""
    return tuple(Result(result, None, None, (change,)) for result, _, change in (text.partition(": ") for text in told))


def _history(
    view: JointView, gate: Gate, evidence: Evidence, belief: Belief, split: bool, seed: int
) -> Iterable[_Offer]:
    ask = asks(evidence)["pain_pattern"]
    unasked = [i.id for i in gate.items if i.id == "axial_spondyloarthritis" and i.state == "not_screened"]
    if population(view) is WITHOUT_PATTERN:
        results = tuple(
            Result(name, None, believe(evidence, people, belief.known, split=split, seed=seed).probability(), ())
            for name, people in (("strongest below L5", BELOW_L5), ("strongest elsewhere", NOT_BELOW_L5))
        )
        yield _Offer(replace(ask, about=tuple(unasked)), results)
    elif unasked:
        results = _two("inflammatory: rheumatology first", "not inflammatory: the item is clear")
        yield _Offer(replace(ask, about=tuple(unasked)), results)


def _examination(
    view: JointView, gate: Gate, evidence: Evidence, found: JointFindings, belief: Belief, elsewhere: Changes
) -> Iterable[_Offer]:
    known_asks = asks(evidence)
    within = None if found.stale_since is None else (view.as_of - found.stale_since).days
    if truth(view, "hip_screen_positive", within_days=within) is None or _unscreened(gate, "hip_disease"):
        yield _Offer(known_asks["hip_screen"], _two("positive: the hip is imaged first", "negative: the item is clear"))
    if _unscreened(gate, "lumbar_radiculopathy"):
        results = _two("deficit or positive: the lumbar spine is imaged first", "normal: the item is clear")
        yield _Offer(known_asks["neurology"], results)
    known = belief.known
    if known.centralises is None:
        options = {"present": replace(known, centralises=True), "absent": replace(known, centralises=False)}
        ask = known_asks["centralisation"]
        yield _Offer(ask, enumerated(belief, evidence, options, elsewhere.get(ask.id, {})))
    if known.battery is None:
        ask = known_asks["provocation_battery"]
        options = {"positive": replace(known, battery=True), "negative": replace(known, battery=False)}
        tests, why = _tests(view, gate, found, ask)
        ask = replace(ask, reason=f"{ask.reason} {why}".strip())
        yield _Offer(ask, enumerated(belief, evidence, options, elsewhere.get(ask.id, {})), tests)


def _unscreened(gate: Gate, item_id: str) -> bool:
    return gate.item(item_id).state == "not_screened" and gate.item(item_id).question is None


def _tests(view: JointView, gate: Gate, found: JointFindings, ask: Ask) -> tuple[tuple[str, ...], str]:
    """Provocation tests that may be done: the thigh thrust not in pregnancy nor in connective-tissue disease."""
    tests = tuple(dict.fromkeys(test for battery in found.batteries for test in battery.tests))
    barred = [gate.item(name).label for name in ask.no_thigh_thrust if gate.item(name).state != "clear"]
    if _connective_tissue(view):
        barred.append("connective-tissue disease")
    if not barred:
        return tests, ""
    why = f"Without the thigh thrust ({', '.join(barred)}: present, addressed or not asked)."
    return tuple(test for test in tests if test != "thigh_thrust"), why


def _connective_tissue(view: JointView) -> bool:
    fact = bind(CATALOGUE["diagnosis_active"], {"category": "connective_tissue"})
    return evaluate(widened(Test(fact, expected=True)), warning_view(view)).truth is True


def _documents(evidence: Evidence, found: JointFindings, belief: Belief) -> Iterable[_Offer]:
    ask = asks(evidence)["block_record"]
    for block in found.blocks:
        if block.validity != "unknown":
            continue
        results: tuple[Result, ...] = (Result("not interpretable", None, belief.probability(), ()),)
        if block.weight is not None:
            after = belief.known.with_block(block.weight)
            counted = Result(f"valid, {block.result}", None, belief.probability(after), ("one more block counts",))
            results = (counted, *results)
        why = f"Missing of the injection of {block.happened}: {', '.join(block.missing)}."
        yield _Offer(replace(ask, id=f"{ask.id}:{block.occasion}", reason=why), results)


def _images(view: JointView, gate: Gate, evidence: Evidence) -> Iterable[_Offer]:
    known_asks = asks(evidence)
    grave = {name for name in _GRAVE if _is_open(gate.item(name))}
    measured = any(_measured(view, analyte) for analyte in ("crp", "esr"))
    if "infection" in grave and not measured:
        yield _Offer(known_asks["infection_laboratory"], _two("raised: infection stands", "normal: one sign less"))
    joint = ("si_joint", "pelvis")
    if grave and truth(view, "imaging_done", regions=joint, methods=("mri",)) is not True:
        ask = known_asks["joint_mri"]
        ask = replace(ask, about=tuple(name for name in ask.about if name in grave))
        yield _Offer(ask, _two("shows another cause: the mechanism is another", "does not: one sign less"))
    done = truth(view, "imaging_done", regions=joint, methods=("ct", "xray"))
    if done is not True and mechanism(view, gate, evidence).kind == "unknown":
        ask = known_asks["joint_ct"]
        results = _two("degeneration or disruption: the mechanism has a name", "neither: the mechanism stays open")
        yield _Offer(ask, results)


def _measured(view: JointView, analyte: str) -> bool:
    found = fact_value(view, "laboratory_latest", analyte=analyte, within_days=90)
    return bool(found.sure)


def _injection(evidence: Evidence, found: JointFindings, belief: Belief, elsewhere: Changes) -> Iterable[_Offer]:
    done = len(found.known.blocks)
    if done >= _ENOUGH_BLOCKS:
        return
    ask = asks(evidence)["block"]
    name = "first_block" if done == 0 else "second_block"
    label = "First block inside the joint" if done == 0 else "Second block inside the joint, with another anaesthetic"
    options = {"positive": belief.known.with_block(1.0), "negative": belief.known.with_block(0.0)}
    results = enumerated(belief, evidence, options, elsewhere.get(name, {}))
    yield _Offer(replace(ask, id=name, label=label), results)
