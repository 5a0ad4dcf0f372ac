"""Events as R4 resources: what a hospital expects in the standard elements, the rest in our extension."""

from __future__ import annotations

from nutation.record.errors import InputError
from nutation.record.fhir import build
from nutation.record.fhir.extension import PATIENT, encode, fit, sealed, text_element
from nutation.record.fhir.node import JsonObject
from nutation.record.fhir.write_care import adverse_event, medication_statement, procedure, report
from nutation.record.fhir.write_finding import observation
from nutation.record.fhir.write_story import condition, coverage, family_history, form, provenance, request
from nutation.record.head import Event
from nutation.record.record import Record
from nutation.record.standing import standing

_SEX = {"female": "female", "male": "male", "other": "other"}


def write_bundle(record: Record) -> JsonObject:
    """A collection Bundle of a record: the Patient first, then a resource for each event, in order.

    ``read_resources([write_bundle(record)], …)`` gives the same events. Raises InputError for an event that
    FHIR cannot carry, or that is of another patient.
    """
    for event in record.events:
        if event.patient != record.patient:
            raise InputError(
                f"is of patient {event.patient}, not {record.patient}.", place=f"event {event.id}",
                mend="write each patient's record apart.",
            )  # fmt: skip
    resources = [_patient(record)]
    names: set[str] = set()
    for order, event in enumerate(record.events):
        if event.kind == "person":
            continue
        resource = write_resource(event, order)
        if resource["id"] in names:
            raise InputError(
                "has the id of another event of the record.",
                place=f"event {event.id}",
                mend="give each event its own id.",
            )
        names.add(resource["id"])
        resources.append(resource)
    entries = [{"fullUrl": f"{build.SERVER}/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def write_resource(event: Event, order: int | None = None) -> JsonObject:
    """The resource of one event; ``order`` is its place in the record. Raises InputError."""
    if event.kind == "person":
        return _patient(Record(event.patient, (event,)))
    return sealed(_standard(event), encode(event, order))


def _standard(event: Event) -> JsonObject:
    if event.kind == "coverage" and event.modality != "family":
        return coverage(event)
    if event.modality == "family":
        return family_history(event)
    if event.modality == "intended":
        return request(event)
    if event.kind in ("diagnosis", "trauma"):
        return condition(event)
    if event.kind in ("injection", "treatment", "operation"):
        return procedure(event)
    if event.kind == "medication":
        return medication_statement(event)
    if event.kind == "imaging":
        return report(event)
    if event.kind == "adverse_event" and event.modality != "negated" and not event.retracted:
        return adverse_event(event)
    if event.kind == "signature" and event.modality == "actual" and not event.retracted:
        return provenance(event)
    if event.kind == "score" and event.attributes()["answers"] is not None and (found := form(event)) is not None:
        return found
    return observation(event)


def _patient(record: Record) -> JsonObject:
    """The Patient, with the standing person event's birth date and sex, and every person event as extension."""
    persons = [(order, event) for order, event in enumerate(record.events) if event.kind == "person"]
    told = [event for event in standing(event for _, event in persons) if event.modality == "actual"]
    resource: JsonObject = {
        "resourceType": "Patient", "id": build.resource_id(record.patient),
        "identifier": [{"system": f"{build.SERVER}/patient", "value": fit(record.patient)}],
    }  # fmt: skip
    if told:
        latest = max(told, key=lambda event: event.recorded_at)
        born = latest.happened
        date = build.one_date(born.from_, born.to) if born.from_ and born.to else None
        sex = _SEX.get(str(latest.attributes()["sex"]))
        resource |= {**({"birthDate": date} if date else {}), **({"gender": sex} if sex else {})}
    if record.label.strip():
        resource["name"] = [{"text": fit(record.label).strip()}]
    own = text_element(PATIENT, record.patient)
    return sealed(resource, own, *(encode(event, order) for order, event in persons))
