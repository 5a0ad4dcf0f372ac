"""Small builders of R4 elements from parts of an event; what is not known is left out."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Any

from nutation.record.fhir.extension import fit, instant_text
from nutation.record.fhir.node import JsonObject
from nutation.record.head import Event
from nutation.record.identity import event_id
from nutation.record.period import Period, parse_partial_date

OWN_CODES = "https://nutation.dev/fhir/CodeSystem/event"
OWN_VALUES = "https://nutation.dev/fhir/CodeSystem/value"
LOINC, SCT, CPT = "http://loinc.org", "http://snomed.info/sct", "http://www.ama-assn.org/go/cpt"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
SERVER = "https://nutation.dev/fhir"

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_CODE = re.compile(r"[^\s]+( [^\s]+)*\Z")
_SIDES = {"left": ("7771000", "left"), "right": ("24028007", "right"), "both": ("51440002", "both")}


def resource_id(name: str) -> str:
    """A FHIR id: the name itself where it can be one, else a hash of it."""
    return name if _ID.match(name) else f"h-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"


def coding(system: str, code: str, display: str = "") -> JsonObject:
    """A Coding."""
    return {"system": system, "code": code, **({"display": display} if display else {})}


def concept(*codings: JsonObject, text: str = "") -> JsonObject:
    """A CodeableConcept."""
    return {**({"coding": list(codings)} if codings else {}), **({"text": text} if text else {})}


def own_code(name: str) -> JsonObject:
    """The concept of Nutation's own code, e.g. ``examination.faber``."""
    return concept(coding(OWN_CODES, name, name.replace(".", ": ").replace("_", " ")))


def own_value(name: str) -> JsonObject:
    """The concept of a value of one of the closed lists, e.g. ``positive``."""
    return concept(coding(OWN_VALUES, name, name.replace("_", " ")))


def plain_code(text: str) -> str:
    """A text as FHIR's ``code``: spaces single, none at the ends; empty where it cannot be one."""
    tidy = " ".join(fit(text).split())
    return tidy if _CODE.match(tidy) else ""


def shown(text: str | None) -> str:
    """A text that FHIR's ``string`` can hold, or an empty one."""
    return fit(text).strip() if text else ""


def head(event: Event, kind: str) -> JsonObject:
    """Resource type, id and time of recording."""
    return {
        "resourceType": kind, "id": resource_id(event.id or event_id(event.source, event.kind)),
        "meta": {"lastUpdated": instant_text(event.recorded_at)},
    }  # fmt: skip


def patient_reference(event: Event) -> JsonObject:
    """The reference to the event's patient."""
    return {"reference": f"Patient/{resource_id(event.patient)}"}


def encounter(event: Event) -> JsonObject:
    """The ``encounter`` element: by identifier, since the visit itself is not written."""
    text = shown(event.encounter)
    return (
        {"encounter": {"type": "Encounter", "identifier": {"system": f"{SERVER}/encounter", "value": text}}}
        if text
        else {}
    )


def by_name(event: Event, element: str, *, listed: bool = False) -> JsonObject:
    """The author under ``element``."""
    text = shown(event.author)
    who = {"display": text}
    return {element: [who] if listed else who} if text else {}


def notes(event: Event) -> JsonObject:
    """The ``note`` element."""
    text = shown(event.note)
    return {"note": [{"text": text}]} if text else {}


def dates(period: Period, stem: str) -> JsonObject:
    """``stemDateTime`` for a day, a month or a year; ``stemPeriod`` for any other span; nothing for none."""
    first, last = period.from_, period.to
    if first is not None and last is not None and (text := one_date(first, last)):
        return {f"{stem}DateTime": text}
    span = span_of(first, last)
    return {f"{stem}Period": span} if span else {}


def one_date(first: date, last: date) -> str | None:
    """The date of exactly this span: a day, a month or a year; None for another span."""
    iso = first.isoformat()
    if first == last:
        return iso
    for text in (iso[:7], iso[:4]):
        try:
            if parse_partial_date(text) == (first, last):
                return text
        except ValueError:
            continue
    return None


def span_of(first: date | None, last: date | None) -> JsonObject:
    """A FHIR Period."""
    days = {"start": first, "end": last}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


def body_site(event: Event, code: str = "", label: str = "") -> JsonObject | None:
    """The body site with its side; None where the event is of the person."""
    side = _SIDES.get(event.side)
    codings = [coding(SCT, code, label)] if code else []
    if side is not None:
        codings.append(coding(SCT, *side))
    return concept(*codings) if codings else None


def quantity(value: float, unit: str, code: str) -> JsonObject:
    """A Quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def value_element(field: str, value: Any) -> JsonObject:
    """``value[x]`` of an observation's component for a field of an event."""
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, (int, float)):
        return {"valueQuantity": {"value": value}}
    if isinstance(value, date):
        return {"valueDateTime": value.isoformat()}
    text = shown(str(value))
    if field in _WORDS or not re.fullmatch(r"[a-z0-9_]+", text):
        return {"valueString": text} if text else {}
    return {"valueCodeableConcept": own_value(text)}


_WORDS = frozenset({"statement", "item", "investigation", "topic", "of", "signed_as", "content_sha256", "answers"})


def asked_unknown() -> JsonObject:
    """``dataAbsentReason``: asked, and not known."""
    return {"dataAbsentReason": concept(coding(f"{HL7}data-absent-reason", "asked-unknown", "Asked But Unknown"))}
