"""Events as what was done and taken: Procedure, MedicationStatement, DiagnosticReport, AdverseEvent."""

from __future__ import annotations

from typing import Any

from nutation.record.fhir import build
from nutation.record.fhir.node import JsonObject
from nutation.record.head import Event

_DONE = {"actual": "completed", "negated": "not-done", "provisional": "unknown"}
_REPORT = {"actual": "final", "negated": "cancelled", "provisional": "preliminary"}
_TAKEN = {"negated": "not-taken", "provisional": "unknown"}
_JOINT = ("39723000", "sacroiliac joint")
_REGIONS = {
    "si_joint": _JOINT, "pelvis": ("12921003", "pelvis"), "hip": ("29836001", "hip"),
    "lumbar": ("122496007", "lumbar spine"),
}  # fmt: skip
_TARGETS = {"si_joint": _JOINT, "hip": ("24136001", "hip joint"), "pelvis": ("12921003", "pelvis")}
_LUMBAR = ("122496007", "lumbar spine")


def procedure_code(event: Event) -> JsonObject:
    """The code of an injection, a course of care or an operation: its standard code where certain, and our own."""
    told = event.attributes()
    codings: list[JsonObject] = []
    bare = build.plain_code(str(told.get("procedure_code") or ""))
    if bare:
        codings.append(build.coding(build.CPT, bare))
    if told.get("care") == "physical_therapy":
        codings.append(build.coding(build.SCT, "91251008", "physiotherapy"))
    codings += build.own_code(event.kind)["coding"]
    words = [event.kind, *(str(told[name]) for name in ("care", "target", "role") if told.get(name))]
    return build.concept(*codings, text=": ".join(words).replace("_", " "))


def procedure(event: Event) -> JsonObject:
    """The Procedure of an injection, a course of care or an operation."""
    resource: JsonObject = {
        **build.head(event, "Procedure"),
        "status": "entered-in-error" if event.retracted else _DONE[event.modality],
        "code": procedure_code(event), "subject": build.patient_reference(event), **build.encounter(event),
        **build.dates(event.happened, "performed"), **build.by_name(event, "asserter"), **build.notes(event),
    }  # fmt: skip
    site = sites(event)
    if site is not None:
        resource["bodySite"] = [site]
    agents = [str(told) for name in ("anaesthetic",) if (told := event.attributes().get(name)) not in (None, "none")]
    if event.attributes().get("steroid"):
        agents.append("steroid")
    agents += [
        build.shown(told) for name in ("maker", "implant_lots", "graft_lot") if (told := event.attributes().get(name))
    ]
    if agents:
        resource["usedCode"] = [build.concept(text=agent) for agent in agents]
    return resource


def sites(event: Event) -> JsonObject | None:
    """The body site of something done: the joint, or the target of an operation, or the region of an image."""
    told: dict[str, Any] = event.attributes()
    if event.kind == "operation":
        target = str(told["target"])
        known = _LUMBAR if target.startswith("lumbar") else _TARGETS.get(target, ("", ""))
        return build.body_site(event, *known)
    if event.kind == "imaging":
        return build.body_site(event, *_REGIONS.get(str(told["region"]), ("", "")))
    if event.kind == "treatment" and told["aim"] != "si_joint":
        return build.body_site(event)
    return build.body_site(event, *_JOINT)


def medicine(event: Event) -> JsonObject:
    """The concept of a medicine: its name, and its class as our own value."""
    told = event.attributes()
    codings: list[JsonObject] = build.own_value(told["drug_class"])["coding"] if told["drug_class"] else []
    text = build.shown(told["drug"]) or (told["drug_class"] or "medicine").replace("_", " ")
    return build.concept(*codings, text=text)


def dosage(event: Event) -> list[JsonObject]:
    """The dosage, where a dose or a whole number of doses a day is told."""
    told = event.attributes()
    found: JsonObject = {}
    often = told["doses_per_day"]
    if often is not None and float(often).is_integer() and 0 < often < 1000:
        found["timing"] = {"repeat": {"frequency": int(often), "period": 1, "periodUnit": "d"}}
    if told["dose_mg"] is not None:
        found["doseAndRate"] = [{"doseQuantity": build.quantity(told["dose_mg"], "mg", "mg")}]
    return [found] if found else []


def medication_statement(event: Event) -> JsonObject:
    """The MedicationStatement of a medicine that was taken, or not."""
    stopped = event.attributes()["stopped_because"]
    status = _TAKEN.get(event.modality)
    if event.retracted:
        status = "entered-in-error"
    elif status is None and stopped not in (None, "ongoing", "completed"):
        status = "stopped"
    elif status is None:
        status = "active" if event.happened.to is None else "completed"
    doses = dosage(event)
    return {
        **build.head(event, "MedicationStatement"), "status": status, "medicationCodeableConcept": medicine(event),
        "subject": build.patient_reference(event), **build.dates(event.happened, "effective"),
        "dateAsserted": build.instant_text(event.recorded_at), **build.by_name(event, "informationSource"),
        **({"context": build.encounter(event)["encounter"]} if build.encounter(event) else {}),
        **build.notes(event), **({"dosage": doses} if doses else {}),
    }  # fmt: skip


def image_code(event: Event) -> JsonObject:
    """The code of an image."""
    told = event.attributes()
    words = [str(told[name]).replace("_", " ") for name in ("method", "region") if told[name]]
    return build.concept(*build.own_code("imaging")["coding"], text=" of ".join(words) or "imaging")


def report(event: Event) -> JsonObject:
    """The DiagnosticReport of an image; its findings stand in words in the conclusion."""
    told = event.attributes()
    findings = [f"{name.replace('_', ' ')}: {value}" for name, value in told.items()
                if value is not None and name not in ("method", "region")]  # fmt: skip
    side = "" if event.side in ("none", "unknown") else f" ({event.side})"
    return {
        **build.head(event, "DiagnosticReport"),
        "status": "entered-in-error" if event.retracted else _REPORT[event.modality],
        "category": [build.concept(build.coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology"))],
        "code": {**image_code(event), "text": image_code(event)["text"] + side},
        "subject": build.patient_reference(event), **build.encounter(event), **build.dates(event.happened, "effective"),
        "issued": build.instant_text(event.recorded_at), **build.by_name(event, "performer", listed=True),
        **({"conclusion": "; ".join(findings)} if findings else {}),
    }  # fmt: skip


def adverse_event(event: Event) -> JsonObject:
    """The AdverseEvent of something that went wrong, or may have."""
    told = event.attributes()
    name = f"adverse_event.{told['category']}" if told["category"] else "adverse_event"
    day = event.happened.from_
    resource: JsonObject = {
        **build.head(event, "AdverseEvent"), "actuality": "potential" if event.modality == "provisional" else "actual",
        "event": build.own_code(name), "subject": build.patient_reference(event), **build.encounter(event),
        **({"date": day.isoformat()} if day is not None else {}), "recordedDate": build.instant_text(event.recorded_at),
        **build.by_name(event, "recorder"),
    }  # fmt: skip
    if told["severe"] is not None:
        grave = ("serious", "Serious") if told["severe"] else ("non-serious", "Non-serious")
        system = f"{build.HL7}adverse-event-seriousness"
        resource["seriousness"] = build.concept(build.coding(system, *grave))
    return resource
