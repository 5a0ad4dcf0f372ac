"""One joint's answers as FHIR R4: the probability as a RiskAssessment, each rule set as a GuidanceResponse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nutation.facts import CATALOGUE
from nutation.record.fhir.build import CPT, SERVER, UCUM, coding, concept, shown
from nutation.report import words
from nutation.report.fhir_pointers import PROFILE, Pointers
from nutation.report.on_paper import JOINT

JsonObject = dict[str, Any]

_EXTENSION = f"{SERVER}/StructureDefinition/"
_METHOD = (
    "Latent-class model of the joint, its examination and its blocks; accuracies and priors from published studies, "
    "sampled within their intervals"
)
_NO_APPROVAL = "A reading of the record by software, and no approval: whoever pays decides."
_TYPE_OF_KIND = {
    "person": "Patient", "coverage": "Coverage", "injection": "Procedure", "treatment": "Procedure",
    "operation": "Procedure", "medication": "MedicationStatement", "imaging": "DiagnosticReport",
    "diagnosis": "Condition", "trauma": "Condition", "attestation": "QuestionnaireResponse",
    "safety_screen": "QuestionnaireResponse", "completeness": "QuestionnaireResponse", "adverse_event": "AdverseEvent",
}  # fmt: skip
"""The type of resource that would tell what is missing; an Observation for all others."""


def risk(document: Mapping[str, Any], joint: Mapping[str, Any], pointers: Pointers) -> JsonObject:
    """The probability that this joint is the source, with its interval, target, method and basis."""
    told = joint["evaluation"]
    where = JOINT[joint["side"]]
    target = told["target"].replace("this joint", f"the {where}")
    steps = [
        f"{step['label']}: {words.percent(step['after'])} ({words.interval(step['interval'])}; "
        f"{', '.join(step['citation'])}, {words.MARKS[step['verified']]})"
        for step in told["steps"]
    ]
    said = _said(told)
    witnesses = [name for step in told["steps"] for name in step["witnesses"]]
    notes = [
        f"Mechanism: {told['mechanism']['label']}. {told['mechanism']['basis']}",
        *([told["withheld"]] if told["withheld"] else []),
        *told["notes"],
        document["notice"],
    ]
    return {
        "resourceType": "RiskAssessment",
        "id": pointers.id("risk", joint["side"]),
        "status": "preliminary",
        "method": concept(text=_METHOD),
        "code": concept(text=shown(f"Source of the pain: {where}")),
        "subject": pointers.patient,
        "occurrenceDateTime": document["as_of"],
        "performer": pointers.to("device"),
        "basis": pointers.references(witnesses),
        "prediction": [_prediction(target, told["probability"], "; ".join(steps) or told["withheld"] or "")],
        "note": [{"text": shown(note)} for note in notes if shown(note)],
        "_told": [f"{target}: {said}", *steps],
    }


def _said(told: Mapping[str, Any]) -> str:
    probability = told["probability"]
    if probability is None:
        return told["withheld"] or "no probability is given"
    return f"{words.percent(probability['median'])} ({words.interval(probability)})"


def _prediction(target: str, probability: Mapping[str, Any] | None, rationale: str) -> JsonObject:
    """The probability in percent, as R4 has it; its interval and level in an extension."""
    if probability is None:
        return {"outcome": concept(text=target), **({"rationale": shown(rationale)} if rationale else {})}
    interval = {
        "url": f"{_EXTENSION}probability-interval",
        "extension": [
            {
                "url": "interval",
                "valueRange": {"low": _percent(probability["low"]), "high": _percent(probability["high"])},
            },
            {"url": "level", "valueDecimal": probability["level"]},
        ],
    }
    return {
        "extension": [interval],
        "outcome": concept(text=target),
        "probabilityDecimal": round(probability["median"] * 100, 1),
        "rationale": shown(rationale),
    }


def _percent(share: float) -> JsonObject:
    return {"value": round(share * 100, 1), "unit": "%", "system": UCUM, "code": "%"}


def guidance(
    document: Mapping[str, Any], joint: Mapping[str, Any], policy: Mapping[str, Any], pointers: Pointers
) -> JsonObject:
    """What one rule set says: its verdict and criteria as outputs, and what is missing as required data."""
    needs = list(_requirements(policy))
    where = JOINT[joint["side"]]
    procedure = policy["procedure"]
    verdict = words.word(words.VERDICTS, policy["verdict"])
    gate = joint["gate"]
    first = [f"The safety gate comes first: {gate['basis']}"] if gate["state"] not in ("clear", "addressed") else []
    notes = [*first, *policy["reasons"], *policy["cautions"], _NO_APPROVAL, document["notice"]]
    reason = shown(f"Fusion of the {where}" + (f", procedure {procedure}" if procedure else ""))
    told = (
        f"{policy['publisher']}, {policy['title']} ({policy['version']}), {where}: {verdict} "
        f"(basis: {words.MARKS[policy['basis']]}; {words.word(words.APPLICABILITY, policy['applicability'])})"
    )
    return {
        "resourceType": "GuidanceResponse",
        "id": pointers.id("guidance", joint["side"], policy["id"], policy["version"]),
        "contained": [_outputs(joint, policy, pointers)],
        "moduleCodeableConcept": concept(
            {**coding(f"{PROFILE}policy", policy["id"], shown(policy["title"])), "version": shown(policy["version"])},
            text=shown(f"{policy['publisher']}: {policy['title']}, version {policy['version']}"),
        ),
        "status": "data-required" if needs else "success",
        "subject": pointers.patient,
        "occurrenceDateTime": document["as_of"],
        "performer": pointers.to("device"),
        "reasonCode": [concept(*([coding(CPT, procedure)] if procedure else []), text=reason)],
        "note": [{"text": shown(note)} for note in notes if shown(note)],
        "outputParameters": {"reference": "#outputs"},
        "dataRequirement": needs,
        "_told": [told, *first, *policy["reasons"]],
    }


def _outputs(joint: Mapping[str, Any], policy: Mapping[str, Any], pointers: Pointers) -> JsonObject:
    codes = ("verdict", "as_documented", "basis", "applicability")
    parameters: list[JsonObject] = [{"name": "side", "valueCode": joint["side"]}]
    parameters += [{"name": name, "valueCode": policy[name].replace("_", "-")} for name in codes]
    for criterion in policy["criteria"]:
        parts: list[JsonObject] = [
            {"name": "id", "valueString": shown(criterion["id"])},
            {"name": "text", "valueString": shown(criterion["text"])},
            {"name": "required", "valueBoolean": criterion["required"]},
            {"name": "state", "valueCode": criterion["state"]},
            {"name": "as_documented", "valueCode": criterion["as_documented"]},
        ]
        for name, ids in criterion["witnesses"].items():
            parts += [{"name": name, "valueReference": found} for found in pointers.references(ids)]
        parameters.append({"name": "criterion", "part": parts})
    return {"resourceType": "Parameters", "id": "outputs", "parameter": parameters}


def _requirements(policy: Mapping[str, Any]) -> Iterable[JsonObject]:
    """What would settle the criteria that are not known, each question once."""
    seen: set[str] = set()
    for criterion in policy["criteria"]:
        for need in criterion["gap"] or ():
            question = shown(need["question"])
            key = f"{need['fact']} {need['with']} {question}"
            if key in seen:
                continue
            seen.add(key)
            unknown = (need["unknown_kind"] or "unknown").replace("_", "-")
            fact = CATALOGUE.get(need["fact"])
            kind = fact.expression.events.kind if fact is not None else ""
            yield {
                "extension": [
                    {"url": f"{_EXTENSION}question", "valueString": question},
                    {"url": f"{_EXTENSION}unknown-kind", "valueCode": unknown},
                    {"url": f"{_EXTENSION}criterion", "valueString": shown(criterion["id"])},
                ],
                "type": _TYPE_OF_KIND.get(kind, "Observation"),
            }
