"""What is known of the patient before a form is asked, and the form that matters then.

Provocation is offered only where the gate lets it be: the tests come from the answer's next step, or else from the
gate's items by the same evidence. What is not offered can still be recorded where it was done elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from nutation.record.head import Event
from nutation.record.kinds import PROVOCATION_TESTS, Person
from nutation.record.standing import standing
from nutation.web.forms.shape import NOTE, Form, Item, Items, Part, Section

_BATTERY = "provocation_battery"
_SPINE = "centralisation"
_THRUST = "thigh_thrust"
_ABOUT_THE_GATE = ("examination", "gate_resolution")
_MAY_BE = ("actual", "provisional")


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item of the safety gate as a form shows it; ``open``: it stands, or a risk has left its question."""

    id: str
    label: str
    open: bool
    closes: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a form takes into account; ``held_back``: findings of an examination that are not offered, and why.

    ``recorded``: for each kind of event the day told last. ``asked`` and ``kinds``: the topics and the kinds of event
    that the answer's next steps ask this form for.
    """

    sex: str | None = None
    recorded: Mapping[str, str] | None = None
    held_back: Mapping[str, str] | None = None
    items: tuple[OpenItem, ...] = ()
    asked: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    steps: tuple[str, ...] = ()


def known_of(
    events: Iterable[Event],
    document: Mapping[str, Any] | None,
    form: str,
    sides: Sequence[str],
    *,
    today: date,
    fresh: bool = True,
) -> Known:
    """What ``form`` needs to know for the joints of ``sides``.

    ``document`` is the stored answer; one that is missing or not ``fresh`` (made before the latest entry) does not
    speak for the gate, which is then screened anew from ``events``.
    """
    stand = standing(events)
    told: dict[str, Any] = dict(document or {})
    joints = [joint for joint in told.get("joints", []) if joint["side"] in sides] or told.get("joints", [])
    gates: list[list[dict[str, Any]]] = []
    if form in _ABOUT_THE_GATE:
        gates = [joint["gate"]["items"] for joint in joints] if fresh and joints else _gates(stand, today)
    steps = [step for step in told.get("next", []) if step["form"] == form]
    return Known(
        sex=next((e.sex for e in reversed(stand) if isinstance(e, Person) and e.sex), None),
        recorded=_recorded(stand),
        held_back=_held_back(gates, stand, steps, fresh) if form == "examination" else None,
        items=_items(gates),
        asked=frozenset(str(step["id"]).split(":")[-1] for step in steps),
        kinds=frozenset(_kinds(steps)),
        steps=tuple(dict.fromkeys(str(step["label"]) for step in steps if step["side"] in (None, *sides))),
    )


def _kinds(steps: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The kinds of event behind the facts that a payer lacks (``payer:FACT`` and a topic)."""
    from nutation.facts import CATALOGUE

    for step in steps:
        purpose, _, rest = str(step["id"]).partition(":")
        if purpose == "payer" and (fact := CATALOGUE.get(rest.partition(":")[0])) is not None:
            yield fact.expression.events.kind


def _gates(stand: Sequence[Event], today: date) -> list[list[dict[str, Any]]]:
    """The gate's items at both joints on the day, from the events alone."""
    from nutation.criteria import JointView
    from nutation.evaluation import plain, screen
    from nutation.evidence import load
    from nutation.record.occasions import occasions

    told, evidence = occasions(stand), load()
    gates = [plain(screen(JointView(told, side, today), evidence)) for side in ("left", "right")]
    return [gate["items"] for gate in gates]


def _is_open(item: Mapping[str, Any]) -> bool:
    return item["state"] == "standing" or item["question"] is not None


def _items(gates: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[OpenItem, ...]:
    found: dict[str, OpenItem] = {}
    for items in gates:
        for item in items:
            before = found.get(item["id"])
            is_open = _is_open(item) or (before is not None and before.open)
            found[item["id"]] = OpenItem(item["id"], item["label"], is_open, item["closes"])
    return tuple(sorted(found.values(), key=lambda item: not item.open))


def _held_back(
    gates: Sequence[Sequence[Mapping[str, Any]]],
    stand: Sequence[Event],
    steps: Sequence[Mapping[str, Any]],
    fresh: bool,
) -> dict[str, str]:
    """Findings that are not offered, each with the reason."""
    from nutation.evaluation.asks import asks
    from nutation.evidence import load

    battery, spine = asks(load())[_BATTERY], asks(load())[_SPINE]
    held: dict[str, str] = {}
    if why := _named(gates, spine.not_while, _is_open):
        held[_SPINE] = f"Open: {why}"
    if why := _named(gates, battery.not_while, _is_open):
        return held | dict.fromkeys(map(str, PROVOCATION_TESTS), f"Open: {why}")
    if why := _named(gates, battery.no_thigh_thrust, lambda item: item["state"] != "clear"):
        held[_THRUST] = f"{why}: there, looked into or not asked"
    elif any(getattr(e, "category", None) == "connective_tissue" and e.modality in _MAY_BE for e in stand):
        held[_THRUST] = "Connective-tissue disease"
    offered = [cast("list[str]", step["tests"]) for step in steps if step.get("tests")]
    if fresh and offered and not all(_THRUST in tests for tests in offered):
        held.setdefault(_THRUST, "Not among the tests of the next step")
    return held


def _named(
    gates: Sequence[Sequence[Mapping[str, Any]]], ids: Sequence[str], holds: Callable[[Mapping[str, Any]], bool]
) -> str:
    """The labels of the items of ``ids`` of which it holds at some joint."""
    found = [item["label"] for items in gates for item in items if item["id"] in ids and holds(item)]
    return ", ".join(dict.fromkeys(found))


def _recorded(stand: Iterable[Event]) -> dict[str, str]:
    days: dict[str, tuple[date, str]] = {}
    for event in stand:
        day = event.happened.from_ or event.happened.to or date.min
        if event.modality == "actual" and day >= days.get(event.kind, (date.min, ""))[0]:
            days[event.kind] = (day, event.happened.text())
    return {kind: text for kind, (_, text) in days.items()}


def fitted(form: Form, known: Known) -> Form:
    """The form without what does not matter, with what is not offered set aside and what is asked for put first."""
    return replace(form, parts=tuple(_fitted(part, known) for part in form.parts))


def _fitted(part: Part, known: Known) -> Part:
    if isinstance(part, Items):
        first = tuple(item for item in part.items if item.topic in known.asked)
        rest = tuple(item for item in part.items if item not in first)
        return replace(part, items=first, rest=rest, fold="open") if first else part
    if not isinstance(part, Section):
        return part
    match part.kind:
        case "safety_screen" if known.sex == "male":
            return replace(part, fields=tuple(field for field in part.fields if field.name != "pregnant"))
        case "gate_resolution":
            answers = tuple((item.id, item.label + (" (open)" if item.open else "")) for item in known.items)
            fields = tuple(replace(f, answers=answers) if f.name == "item" else f for f in part.fields)
            return replace(part, fields=fields)
        case "examination":
            return _examination(part, known)
        case _:
            return part


def _examination(part: Section, known: Known) -> Section:
    held = known.held_back or {}
    if not held:
        return part

    def aside(name: str) -> bool:
        return name.removeprefix(NOTE) in held

    offered = tuple(field for field in part.fields if not aside(field.name))
    kept = tuple(replace(field, rare=True) for field in part.fields if aside(field.name))
    return replace(part, fields=(*offered, *kept), aside=_said(held))


def _said(held: Mapping[str, str]) -> str:
    names = {_SPINE: "repeated movements of the spine", _THRUST: "the thigh thrust"}
    if set(PROVOCATION_TESTS) <= set(held):
        names = dict.fromkeys(PROVOCATION_TESTS, "provocation tests") | {_SPINE: names[_SPINE]}
    told: dict[str, list[str]] = {}
    for name, why in held.items():
        if names[name] not in told.setdefault(why, []):
            told[why].append(names[name])
    return " ".join(f"Not offered now: {' and '.join(what)}. {why}." for why, what in told.items())


def items_of(part: Items) -> tuple[Item, ...]:
    """All lines of a list, those asked for first."""
    return (*part.items, *part.rest)
