"""Observations: pain, laboratory, scores, nicotine, pregnancy, examination findings, Nutation's own codes.

The status says what is asserted: registered is intended, preliminary provisional, cancelled negated. A side
comes from the body site; "bilateral" on an observation may only mean that both sides were asked, so it is
unknown. A member of a panel that lacks a date, site or encounter has its panel's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nutation.record.fhir.block import belongs_to_injection, read_block_score
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Node
from nutation.record.fhir.painscore import pain_site, pain_value
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import (
    Row,
    concept_at,
    concepts_at,
    examination,
    table,
)
from nutation.record.fhir.values import (
    absent,
    answer,
    asked_not_known,
    number,
    presence,
    quantity,
    typed,
    value_concept,
)
from nutation.record.head import Modality, Side
from nutation.record.kinds import KINDS
from nutation.record.period import Period

MODALITY: dict[str, Modality] = {"registered": "intended", "preliminary": "provisional", "cancelled": "negated"}


@dataclass(slots=True)
class Part:
    """An observation, or one component of it, with what it shares with its whole."""

    item: Item
    node: Node
    code: Concept | None
    path: str
    when: Period | None
    side: Side
    sites: list[Concept]
    modality: Modality
    encounter: str | None

    def emit(
        self, kind: str, *, asked: tuple[str, ...] = (), note: str | None = None, fields: dict[str, Any] | None = None
    ) -> None:
        """Make an event of this part."""
        self.item.emit(
            kind, self.path, self.when, side=self.side, modality=self.modality, asked=asked,
            note=note or self.item.notes(), encounter=self.encounter, **(fields or {}),
        )  # fmt: skip


def read_observation(item: Item) -> None:
    """The events of one Observation and its components."""
    node = item.node
    code = concept_at(node, "code")
    if code is None:
        item.refuse("code", "is missing.", "say what was observed, by a code or in words.")
    panel = item.shared.parents.get(item.key)
    whole = panel.node if panel is not None else None
    sites = item.sites() or ([site] if whole is not None and (site := concept_at(whole, "bodySite")) else [])
    when = item.happened("effective")
    if when is None and panel is not None:
        when = Item(panel, panel.node, item.shared, item.system, "", item.recorded_at).happened("effective")
    encounter = item.encounter()
    if encounter is None and whole is not None:
        encounter = item.reference_key(whole.child("encounter"))
    side = observed_side(item, [*sites, code])
    modality = MODALITY.get(node.text("status") or "", "actual")
    if node.text("status") == "registered" and when is None:
        when = Period.model_validate({"from": item.recorded_at.date()})
    part = Part(item, node, code, "", when, side, sites, modality, encounter)
    if _own(part):
        return
    components = node.children("component")
    if node.choice("value") or not (components or node.has("hasMember")):
        _read(part)
    for component in components:
        own = concept_at(component, "code")
        at = side_of([own]) if side == "unknown" else side
        _read(Part(item, component, own, component.path, when, at, sites, modality, encounter))


def observed_side(item: Item, concepts: list[Concept]) -> Side:
    """The side of something observed; both sides at once is unknown, with a warning."""
    side = side_of(concepts)
    if side == "both":
        item.warn("bodySite", "says both sides, which may only mean that both were asked; its side is unknown.")
        return "unknown"
    return side


def _read(part: Part) -> None:
    if belongs_to_injection(part.item) and read_block_score(part.item, part.node, part.code, part.path):
        return
    found = table("observations").find(part.code)
    if found is not None:
        _mapped(part, found[0])
    elif tested := examination(part.code):
        _examined(part, *tested)
    elif part.code is not None and any(coding.system == "nutation" for coding in part.code.codings):
        _own(part)
    else:
        part.item.leave(part.path or "code", part.code, "no event is made of this code.")


def _mapped(part: Part, row: Row) -> None:
    kind, field, how = row["kind"], row["field"], row["how"]
    says, node, item = row.pairs("says"), part.node, part.item
    reason = absent(node)
    if how == "panel":
        if not (node.has("hasMember") or node.has("component")) and node.choice("value"):
            item.leave(part.path or "code", part.code, "a panel's own value is not read.", matters=True)
        return
    if part.modality in ("intended", "negated") and not node.choice("value"):
        part.emit(kind, fields=says)
        return
    if kind == "pregnancy":
        _pregnancy(part)
        return
    if reason is not None and not node.choice("value"):
        if asked_not_known(reason):
            part.emit(kind, asked=(field,), fields=says)
        return
    told = _main(part, row)
    if told is not None:
        part.emit(kind, asked=told.asked, note=told.note, fields={**says, **told.fields})


@dataclass(frozen=True, slots=True)
class _Told:
    """What the value of an observation tells."""

    fields: dict[str, Any]
    asked: tuple[str, ...] = ()
    note: str | None = None


def _main(part: Part, row: Row) -> _Told | None:
    """What the value tells of the row's field; None, and listed, where it cannot be read."""
    kind, field, how = row["kind"], row["field"], row["how"]
    item, node = part.item, part.node
    value: Any = None
    note: str | None = None
    if how in ("nrs", "vas"):
        value = pain_value(item, node, part.path, visual=how == "vas")
        return None if value is None else _Told({"nrs": value, "site": pain_site(part.sites)})
    if how.startswith("quantity "):
        value, note = quantity(item, node, how.removeprefix("quantity "))
        if note is not None and value is None:
            return None
        if value is None and "positive" in KINDS[kind].model_fields:
            field, how = "positive", "presence"
    elif how.startswith("answer "):
        value = answer(how.removeprefix("answer "), value_concept(node))
        if value == "":
            return _Told({}, asked=(field,))
    elif how == "number":
        value = number(node)
    if how == "presence":
        seen = presence(node)
        value = None if seen not in ("positive", "negative") else seen == "positive"
    if value is None:
        item.leave(part.path or "value[x]", part.code, "its value is not one that is read.", matters=True)
        return None
    return _Told({field: value}, note=note)


def _pregnancy(part: Part) -> None:
    told = answer("pregnancy", value_concept(part.node))
    if told == "" or (told is None and asked_not_known(absent(part.node))):
        part.emit("pregnancy", asked=("outcome",))
    elif told == "negated":
        part.modality = "negated"
        part.emit("pregnancy")
    elif told == "ongoing":
        if part.when is not None and part.when.from_ is not None:  # seen on a day; it began earlier
            day = part.when.from_
            part.when = Period.model_validate({"sure_from": day, "sure_to": day})
        part.emit("pregnancy", fields={"outcome": "ongoing"})
    else:
        part.item.leave(part.path or "value[x]", part.code, "its value is not one that is read.", matters=True)


def _examined(part: Part, field: str, wanted: str) -> None:
    reason = absent(part.node)
    if part.modality == "negated" or reason == "not-performed":
        if wanted == "test":
            part.modality = "actual"
            part.emit("examination", fields={field: "not_done"})
        return
    if asked_not_known(reason):
        part.emit("examination", asked=(field,))
        return
    told = presence(part.node)
    if told is None:
        part.item.leave(part.path or "value[x]", part.code, "its result is not one that is read.", matters=True)
    elif wanted == "test":
        part.emit("examination", fields={field: told})
    elif told != "not_done":
        part.emit("examination", fields={field: "present" if told == "positive" else "absent"})


def _own(part: Part) -> bool:
    """Nutation's own codes: ``kind`` with components ``kind.field``, or one ``kind.field`` with a value."""
    own = next((c.code for c in (part.code.codings if part.code else ()) if c.system == "nutation"), None)
    if own is None:
        return False
    kind, _, field = own.partition(".")
    if kind not in KINDS or (field and field not in KINDS[kind].attribute_names()):
        part.item.refuse(part.node.at("code"), f"{own!r} is not one of Nutation's codes.", "correct the code.")
    if KINDS[kind].SIDED and part.side == "unknown":
        part.side = side_of([*part.sites, *concepts_at(part.node, "category")])
    main = table("observations").find(part.code)
    told = _Told({field: typed(part.node)} if field else {})
    if main is not None and main[0]["kind"] == kind != "pregnancy" and part.node.choice("value"):
        told = _main(part, main[0])
        if told is None:
            return True
    fields = dict(told.fields)
    asked = [field] if field and asked_not_known(absent(part.node)) else []
    for component in part.node.children("component"):
        code = concept_at(component, "code")
        name = next((c.code for c in (code.codings if code else ()) if c.system == "nutation"), "")
        if name.startswith(f"{kind}."):
            fields.setdefault(name.partition(".")[2], typed(component))
            if asked_not_known(absent(component)):
                asked.append(name.partition(".")[2])
    fields = {name: value for name, value in fields.items() if name in KINDS[kind].attribute_names()}
    part.emit(kind, asked=tuple(asked), fields=fields)
    return True
