"""Events as Observations: a main code and value where LOINC has one, and Nutation's own components."""

from __future__ import annotations

from typing import Any

from nutation.record.fhir import build
from nutation.record.fhir.node import JsonObject
from nutation.record.head import Event

_STATUS = {"actual": "final", "negated": "cancelled", "provisional": "preliminary"}
_CATEGORY = {
    "laboratory": "laboratory", "pain_score": "survey", "score": "survey", "examination": "exam",
    "nicotine": "social-history",
}  # fmt: skip
_LAB = {
    "crp": ("1988-5", "mg/L", "mg/L"), "esr": ("30341-2", "mm/h", "mm/h"), "leucocytes": ("6690-2", "10*9/L", "10*9/L"),
    "hba1c": ("4548-4", "%", "%"), "vitamin_d": ("1989-3", "ng/mL", "ng/mL"), "urate": ("3084-1", "mg/dL", "mg/dL"),
    "cotinine": ("", "ng/mL", "ng/mL"), "blood_culture": ("600-7", "", ""),
}  # fmt: skip
_SCORES = {"odi": ("97909-6", "%", "%"), "phq2": ("55758-7", "score", "{score}")}
_MAIN = {"pain_score": "nrs", "laboratory": "value", "score": "value", "nicotine": "status"}
"""The field that the value tells, of the kinds whose value has a code of its own."""
_SMOKING = {"never": "266919005", "former": "8517006", "current": "77176002"}
_PAIN_SITES = {
    "si_region": ("39723000", "sacroiliac joint"), "low_back": ("37822005", "lower back"),
    "buttock": ("46862004", "buttock"), "groin": ("26893007", "groin"), "leg": ("61685007", "lower limb"),
}  # fmt: skip


def observation(event: Event) -> JsonObject:
    """The Observation of an event of any kind."""
    loinc, main = _main(event)
    told = _MAIN.get(event.kind) if main else None
    if told == "value" and "valueCodeableConcept" in main:
        told = "positive"
    codings = [build.coding(build.LOINC, loinc)] if loinc else []
    codings += build.own_code(event.kind)["coding"]
    status = "entered-in-error" if event.retracted else _STATUS[event.modality]
    resource: JsonObject = {
        **build.head(event, "Observation"), "status": status,
        "code": build.concept(*codings, text=event.kind.replace("_", " ")),
        "subject": build.patient_reference(event), **build.encounter(event), **build.dates(event.happened, "effective"),
        "issued": build.instant_text(event.recorded_at), **build.by_name(event, "performer", listed=True),
        **main, **build.notes(event),
    }  # fmt: skip
    if category := _CATEGORY.get(event.kind):
        resource["category"] = [build.concept(build.coding(f"{build.HL7}observation-category", category))]
    site = _PAIN_SITES.get(str(getattr(event, "site", None)), ("39723000", "sacroiliac joint"))
    if type(event).SIDED and (where := build.body_site(event, *site)):
        resource["bodySite"] = where
    components = _components(event, told)
    if components:
        resource["component"] = components
    if event.asked_not_known and not main and not components:
        resource.update(build.asked_unknown())
    return resource


def _main(event: Event) -> tuple[str, JsonObject]:
    """The LOINC code and the value[x] of the kinds that have them."""
    told = event.attributes()
    if event.kind == "pain_score":
        nrs = told["nrs"]
        return "72514-3", {} if nrs is None else {"valueQuantity": build.quantity(nrs, "score", "{score}")}
    if event.kind == "laboratory":
        loinc, unit, code = _LAB.get(str(told["analyte"]), ("", "", ""))
        if told["value"] is not None and unit:
            return loinc, {"valueQuantity": build.quantity(told["value"], unit, code)}
        if told["positive"] is not None:
            return loinc, {"valueCodeableConcept": _positive(told["positive"])}
        return loinc, {}
    if event.kind == "score":
        loinc, unit, code = _SCORES.get(str(told["instrument"]), ("", "score", "{score}"))
        value = told["value"]
        return loinc, {} if value is None else {"valueQuantity": build.quantity(value, unit, code)}
    if event.kind == "nicotine":
        code = _SMOKING.get(str(told["status"]))
        return "72166-2", {"valueCodeableConcept": build.concept(build.coding(build.SCT, code))} if code else {}
    if event.kind == "pregnancy":
        pregnant = {"actual": "77386006", "negated": "60001007"}.get(event.modality)
        told_so = told["outcome"] == "ongoing" or event.modality == "negated"
        value = (
            {"valueCodeableConcept": build.concept(build.coding(build.SCT, pregnant))} if pregnant and told_so else {}
        )
        return "82810-3", value
    return "", {}


def _positive(positive: bool) -> JsonObject:
    return build.concept(build.coding(build.SCT, "10828004" if positive else "260385009"))


def _components(event: Event, told: str | None) -> list[JsonObject]:
    """A component for each field but ``told``, which the value tells."""
    parts: list[JsonObject] = []
    for name, value in event.attributes().items():
        if name == told:
            continue
        element: dict[str, Any] = build.value_element(name, value) if value is not None else {}
        if not element and name in event.asked_not_known:
            element = build.asked_unknown()
        if element:
            parts.append({"code": build.own_code(f"{event.kind}.{name}"), **element})
    return parts
