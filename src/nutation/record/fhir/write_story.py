"""Events as diagnoses, relatives' diagnoses, orders, forms, cover and signatures."""

from __future__ import annotations

import json
from typing import Any, cast

from nutation.record.fhir import build
from nutation.record.fhir.node import JsonObject
from nutation.record.fhir.write_care import dosage, image_code, medicine, procedure_code, sites
from nutation.record.head import Event

_ENDED = frozenset({"resolved", "inactive", "remission"})
_FORMS = {"odi": ("97908-8", "97909-6"), "phq2": ("55757-9", "55758-7")}
_FORM_STATUS = {"actual": "completed", "provisional": "in-progress", "negated": "stopped"}
_DONE_KINDS = frozenset({"injection", "treatment", "operation"})


def told_code(event: Event) -> JsonObject:
    """What an event is about, as one concept."""
    if event.kind in _DONE_KINDS:
        return procedure_code(event)
    if event.kind == "imaging":
        return image_code(event)
    if event.kind == "medication":
        return medicine(event)
    if event.kind == "diagnosis":
        return _diagnosis_code(event)
    return build.concept(*build.own_code(event.kind)["coding"], text=event.kind.replace("_", " "))


def _diagnosis_code(event: Event) -> JsonObject:
    told = event.attributes()
    code = build.plain_code(told["code"] or "")
    system = build.plain_code(told["code_system"] or "")
    codings: list[JsonObject] = []
    if code:
        codings.append({**({"system": system} if ":" in system and " " not in system else {}), "code": code})
    if told["category"]:
        codings += build.own_value(told["category"])["coding"]
    codings += build.own_code(event.kind)["coding"]
    return build.concept(*codings, text=build.shown(told["label"]))


def condition(event: Event) -> JsonObject:
    """The Condition of a diagnosis or an injury."""
    told = event.attributes()
    clinical = told.get("clinical_status")
    verification = {"negated": "refuted", "provisional": "provisional"}.get(event.modality)
    if verification is None and event.certainty == "stated":
        verification = "confirmed"
    if event.retracted:
        verification, clinical = "entered-in-error", None
    resource: JsonObject = {
        **build.head(event, "Condition"), "code": told_code(event), "subject": build.patient_reference(event),
        **build.encounter(event), **_begun(event), **_ended(event, clinical),
        "recordedDate": build.instant_text(event.recorded_at), **build.by_name(event, "asserter"), **build.notes(event),
    }  # fmt: skip
    if clinical is not None:
        resource["clinicalStatus"] = build.concept(build.coding(f"{build.HL7}condition-clinical", clinical))
    if verification is not None:
        resource["verificationStatus"] = build.concept(build.coding(f"{build.HL7}condition-ver-status", verification))
    category = "encounter-diagnosis" if event.certainty == "coded" else "problem-list-item" if clinical else None
    if category is not None:
        resource["category"] = [build.concept(build.coding(f"{build.HL7}condition-category", category))]
    code = ("39723000", "sacroiliac joint") if str(told.get("category") or "").startswith("sij_") else ("", "")
    if site := build.body_site(event, *code):
        resource["bodySite"] = [site]
    return resource


def _begun(event: Event) -> JsonObject:
    """The onset: the first day that is told; for a course, between its widest and its surest beginning."""
    period = event.happened
    last = period.sure_from or (None if type(event).COURSE else period.to)
    if period.from_ is None:
        return {}
    if last is None or last < period.from_:
        return {"onsetDateTime": period.from_.isoformat()}
    text = build.one_date(period.from_, last)
    return {"onsetDateTime": text} if text else {"onsetPeriod": build.span_of(period.from_, last)}


def _ended(event: Event, clinical: str | None) -> JsonObject:
    period = event.happened
    if clinical not in _ENDED or period.to is None:
        return {}
    return {"abatementDateTime": period.to.isoformat()}


def family_history(event: Event) -> JsonObject:
    """The FamilyMemberHistory of what is told of a relative."""
    relative = build.concept(build.coding(f"{build.HL7}v3-RoleCode", "FAMMEMB", "family member"))
    return {
        **build.head(event, "FamilyMemberHistory"), "status": "entered-in-error" if event.retracted else "completed",
        "patient": build.patient_reference(event), "relationship": relative, "condition": [{"code": told_code(event)}],
        **({"date": event.happened.to.isoformat()} if event.happened.to else {}), **build.notes(event),
    }  # fmt: skip


def request(event: Event) -> JsonObject:
    """The order or plan of something: MedicationRequest for a medicine, else ServiceRequest."""
    status = "entered-in-error" if event.retracted else "active"
    if event.kind == "medication":
        doses = dosage(event)
        return {
            **build.head(event, "MedicationRequest"), "status": status, "intent": "order",
            "medicationCodeableConcept": medicine(event), "subject": build.patient_reference(event),
            **build.encounter(event), **_authored(event), **build.by_name(event, "requester"), **build.notes(event),
            **({"dosageInstruction": doses} if doses else {}),
        }  # fmt: skip
    resource: JsonObject = {
        **build.head(event, "ServiceRequest"), "status": status, "intent": "plan", "code": told_code(event),
        "subject": build.patient_reference(event), **build.encounter(event),
        **build.dates(event.happened, "occurrence"), **build.by_name(event, "requester"), **build.notes(event),
    }  # fmt: skip
    site = sites(event) if event.kind in (*_DONE_KINDS, "imaging") else build.body_site(event)
    if site is not None:
        resource["bodySite"] = [site]
    return resource


def _authored(event: Event) -> JsonObject:
    day = event.happened.from_
    return {"authoredOn": day.isoformat()} if day is not None else {}


def form(event: Event) -> JsonObject | None:
    """The QuestionnaireResponse of a score with item answers; None where the answers are not a list of numbers."""
    told = event.attributes()
    try:
        answers: Any = json.loads(told["answers"] or "")
    except ValueError:
        return None
    if not isinstance(answers, list) or not told["instrument"] or event.modality not in _FORM_STATUS:
        return None
    items: list[JsonObject] = []
    for number, answer in enumerate(cast("list[Any]", answers), start=1):
        if answer is not None and (isinstance(answer, bool) or not isinstance(answer, (int, float))):
            return None
        if isinstance(answer, float) and not abs(answer) < float("inf"):
            return None
        given = {"answer": [{"valueDecimal": answer}]} if answer is not None else {}
        items.append({"linkId": str(number), **given})
    panel, total = _FORMS.get(told["instrument"], ("", ""))
    if told["value"] is not None:
        definition = {"definition": f"http://loinc.org/{total}"} if total else {}
        items.append({"linkId": "total", **definition, "answer": [{"valueDecimal": told["value"]}]})
    own = f"{build.SERVER}/Questionnaire/{told['instrument']}"
    day = event.happened
    authored = build.one_date(day.from_, day.to) if day.from_ and day.to else None
    return {
        **build.head(event, "QuestionnaireResponse"),
        "status": "entered-in-error" if event.retracted else _FORM_STATUS[event.modality],
        "questionnaire": f"http://loinc.org/q/{panel}" if panel else own, "subject": build.patient_reference(event),
        **build.encounter(event), **({"authored": authored} if authored else {}), **build.by_name(event, "author"),
        **({"item": items} if items else {}),
    }  # fmt: skip


def coverage(event: Event) -> JsonObject:
    """The Coverage of a plan."""
    told = event.attributes()
    statuses = {"actual": "active", "negated": "cancelled", "intended": "draft", "provisional": "draft"}
    payer = build.shown(told["payer"])
    plan = build.shown(told["plan"])
    span = build.span_of(event.happened.from_, event.happened.to)
    resource: JsonObject = {
        **build.head(event, "Coverage"), "status": "entered-in-error" if event.retracted else statuses[event.modality],
        "beneficiary": build.patient_reference(event), "payor": [{"display": payer or "not told"}],
        **({"period": span} if span else {}),
    }  # fmt: skip
    if plan:
        kind = build.concept(build.coding(f"{build.HL7}coverage-class", "plan", "Plan"))
        resource["class"] = [{"type": kind, "value": plan}]
    return resource


def provenance(event: Event) -> JsonObject:
    """The Provenance of a signature."""
    told = event.attributes()
    name = build.shown(event.author) or build.shown(told["signed_as"]) or "not told"
    moment = build.instant_text(event.recorded_at)
    author = build.coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.1", "Author's Signature")
    return {
        **build.head(event, "Provenance"), "target": [build.patient_reference(event)], "recorded": moment,
        "agent": [{"who": {"display": name}}],
        "signature": [{"type": [author], "when": moment, "who": {"display": name}}],
    }  # fmt: skip
