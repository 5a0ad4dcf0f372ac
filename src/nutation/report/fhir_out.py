"""The answer as FHIR R4: preliminary assessments and guidance with their provenance, for another system to read.

Nothing here is a Condition, an order or an approval: a model's output never becomes part of a problem list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from nutation.record.fhir.build import HL7, coding, concept, shown
from nutation.record.record import Record
from nutation.report import words
from nutation.report.fhir_answers import guidance, risk
from nutation.report.fhir_pointers import PROFILE, Pointers
from nutation.report.on_paper import JOINT, joined

JsonObject = dict[str, Any]

_SEVERITY = {"emergency": "high", "urgent": "high", "soon": "moderate", "routine": "low"}
_FIRST = ("resourceType", "id")
_OPEN = ("standing", "not_screened")


def bundle(
    document: Mapping[str, Any], record: Record | None = None, *, made_at: datetime | None = None
) -> dict[str, Any]:
    """A collection Bundle of a case's document: Device, RiskAssessment, GuidanceResponse, DetectedIssue, Provenance.

    ``record`` lets references name the resources that events were read from; without it they are read off the
    events' source texts. Ids are the same for the same question; ``made_at`` (default now) is when it was made.
    """
    pointers = Pointers(document, record)
    instant = (made_at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    answers = _issues(document, pointers)
    for joint in document["joints"]:
        answers.append(risk(document, joint, pointers))
        answers += [guidance(document, joint, policy, pointers) for policy in joint["indication"]["policies"]]
    resources = [_device(document, pointers), *answers, _provenance(document, answers, pointers, instant)]
    return {
        "resourceType": "Bundle",
        "id": pointers.id("bundle"),
        "type": "collection",
        "timestamp": instant,
        "entry": [
            {"fullUrl": pointers.url(resource["id"]), "resource": _finished(resource, document)}
            for resource in resources
        ],
    }


def _finished(resource: JsonObject, document: Mapping[str, Any]) -> JsonObject:
    """The resource with the mark of its mode, and a narrative that any reader of FHIR can show."""
    mark = coding(f"{PROFILE}mode", document["mode"], shown(document["notice"]))
    lines = resource.pop("_told", [])
    told = "".join(f"<p>{escape(shown(line))}</p>" for line in (*lines, document["notice"]))
    return {
        "resourceType": resource["resourceType"],
        "id": resource["id"],
        "meta": {"tag": [mark]},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>'},
        **{name: part for name, part in resource.items() if name not in _FIRST and part not in ([], "")},
    }


def _device(document: Mapping[str, Any], pointers: Pointers) -> JsonObject:
    version = document["versions"]["nutation"]
    return {
        "resourceType": "Device",
        "id": pointers.id("device"),
        "status": "active",
        "deviceName": [{"name": "Nutation", "type": "user-friendly-name"}],
        "type": concept(text="Software: decision support"),
        "version": [{"value": version}],
        "_told": [f"Nutation {version}"],
    }


def _issues(document: Mapping[str, Any], pointers: Pointers) -> list[JsonObject]:
    """One issue for each gate item that stands or was not screened; alike items of both joints once."""
    found: list[tuple[dict[str, Any], list[str]]] = []
    for joint in document["joints"]:
        for item in joint["gate"]["items"]:
            if item["state"] in _OPEN:
                same = next((sides for one, sides in found if one == item), None)
                if same is None:
                    found.append((item, [joint["side"]]))
                else:
                    same.append(joint["side"])
    return [_issue(document, item, sides, pointers) for item, sides in found]


def _issue(document: Mapping[str, Any], item: dict[str, Any], sides: list[str], pointers: Pointers) -> JsonObject:
    where = " and ".join(JOINT[side] for side in sides)
    state = words.GATE[item["state"]]
    asked = f"Open: {' '.join(item['missing'])}" if item["missing"] else ""
    parts = [f"{state} ({where})", item["basis"], asked, f"To close it: {item['closes']}"]
    detail = joined([part for part in parts if part], len(parts))
    witnesses = pointers.references(item["witnesses"])
    return {
        "resourceType": "DetectedIssue",
        "id": pointers.id("issue", *sides, item["id"]),
        "status": "preliminary",
        "code": concept(coding(f"{PROFILE}gate-item", item["id"], shown(item["label"])), text=shown(item["label"])),
        "severity": _SEVERITY[item["urgency"]],
        "patient": pointers.patient,
        "identifiedDateTime": item["asked_on"] or document["as_of"],
        "author": pointers.to("device"),
        "implicated": witnesses,
        "evidence": [{"code": [concept(text=shown(item["basis"]))], "detail": witnesses}] if witnesses else [],
        "detail": shown(detail),
        "_told": [f"{item['label']}: {detail}"],
    }


def _provenance(document: Mapping[str, Any], answers: list[JsonObject], pointers: Pointers, instant: str) -> JsonObject:
    """Who made the answers, when, from which versions of software, evidence and rule sets."""
    versions = document["versions"]
    entities = [
        {
            "role": "source",
            "what": {
                "identifier": {"system": f"{PROFILE}version", "value": shown(f"{name}|{version}")},
                "display": shown(f"{name.replace(':', ' ')} {version}"),
            },
        }
        for name, version in versions.items()
        if name != "nutation"
    ]
    return {
        "resourceType": "Provenance",
        "id": pointers.id("provenance"),
        "target": [{"reference": pointers.url(answer["id"])} for answer in answers],
        "occurredDateTime": document["as_of"],
        "recorded": instant,
        "activity": concept(text="Case answered as of the day named, from the patient's record"),
        "agent": [
            {
                "type": concept(coding(f"{HL7}provenance-participant-type", "assembler", "Assembler")),
                "who": {**pointers.to("device"), "display": shown(f"Nutation {versions['nutation']}")},
            }
        ],
        "entity": entities,
        "_told": [
            f"Made by Nutation {versions['nutation']} from evidence {versions['evidence']}.",
            f"As of {document['as_of']}, from {_known(document)}.",
        ],
    }


def _known(document: Mapping[str, Any]) -> str:
    return f"what was recorded by {document['known_by']}" if document["known_by"] else "all that is recorded"
