"""The answer as FHIR: R4's own shape, nothing that could be taken for a diagnosis or an approval, provenance."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from docs.words import NEVER_TO_ANYONE, found
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.report import fhir_out
from report.answered_examples import EXAMPLES, NAMES, answered, event_of
from report.r4_shape import faults

MADE = datetime(2026, 9, 1, 12, tzinfo=UTC)
ALLOWED = {"Device", "RiskAssessment", "GuidanceResponse", "DetectedIssue", "Provenance"}


def resources(told: dict[str, Any], kind: str, record: Record | None = None) -> list[dict[str, Any]]:
    entries = fhir_out.bundle(told, record, made_at=MADE)["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == kind]


def strings(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [text for part in parts for text in strings(part)]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_shape_of_r4(name: str) -> None:
    """Every element is R4's, as often as R4 allows it, of R4's type; required codes are of their value sets."""
    assert faults(fhir_out.bundle(answered(name), made_at=MADE)) == []


def test_the_check_finds_faults() -> None:
    """So that the test above means something."""
    bundle = fhir_out.bundle(answered("bilateral"), made_at=MADE)
    risk = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "RiskAssessment")
    risk["status"] = "maybe"
    risk["subject"] = [risk["subject"]]
    risk["colour"] = "red"
    risk["occurrenceDateTime"] = "yesterday"
    del risk["prediction"][0]["outcome"]["text"]
    told = " ".join(faults(bundle))
    for part in ("'maybe' is not in", "subject is not repeated", "colour is no element", "no dateTime: 'yesterday'"):
        assert part in told
    guidance = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "GuidanceResponse")
    del guidance["status"]
    assert "lacks GuidanceResponse.status" in " ".join(faults(bundle))


@pytest.mark.parametrize("name", NAMES)
def test_never_a_condition(name: str) -> None:
    """Preliminary assessments and guidance only: no diagnosis, no order, no claim response, nothing final."""
    bundle = fhir_out.bundle(answered(name), made_at=MADE)
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds <= ALLOWED
    assert {"Device", "RiskAssessment", "GuidanceResponse", "Provenance"} <= kinds
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] in ("RiskAssessment", "DetectedIssue"):
            assert resource["status"] == "preliminary"
        assert all(part["resourceType"] == "Parameters" for part in resource.get("contained", ()))
        assert "approved" not in json.dumps(resource).lower()
    assert found(" ".join(strings(bundle)), NEVER_TO_ANYONE) == []


def test_the_probability_with_target_interval_basis_and_method() -> None:
    """R4 has probabilities in percent; the interval and its level stand in an extension beside it."""
    told = answered("classic-degenerative")
    (risk,) = resources(told, "RiskAssessment")
    wanted = told["joints"][0]["evaluation"]["probability"]
    (prediction,) = risk["prediction"]
    assert prediction["outcome"]["text"] == (
        "pain arises from the left sacroiliac joint, as a controlled block would show"
    )
    assert prediction["probabilityDecimal"] == pytest.approx(wanted["median"] * 100, abs=0.05)
    interval, level = prediction["extension"][0]["extension"]
    assert interval["valueRange"]["low"]["value"] == pytest.approx(wanted["low"] * 100, abs=0.05)
    assert interval["valueRange"]["high"]["value"] == pytest.approx(wanted["high"] * 100, abs=0.05)
    assert level["valueDecimal"] == 0.9
    assert "Latent-class model" in risk["method"]["text"]
    assert {b["identifier"]["value"].split("-")[0] for b in risk["basis"]} >= {"examination", "injection"}
    assert any(told["notice"] == note["text"] for note in risk["note"])


def test_without_a_probability_there_is_none_and_the_reason_is_told() -> None:
    told = answered("fused-recurrent-pain")
    assert told["joints"][0]["evaluation"]["probability"] is None
    (risk,) = resources(told, "RiskAssessment")
    assert "probability" not in " ".join(risk["prediction"][0])
    assert told["joints"][0]["evaluation"]["withheld"] in risk["prediction"][0]["rationale"]


@pytest.mark.parametrize("name", NAMES)
def test_guidance_for_each_policy_with_what_it_lacks(name: str) -> None:
    told = answered(name)
    guidance = resources(told, "GuidanceResponse")
    policies = [(j, p) for j in told["joints"] for p in j["indication"]["policies"]]
    assert len(guidance) == len(policies)
    for resource, (joint, policy) in zip(guidance, policies, strict=True):
        parameters = resource["contained"][0]["parameter"]
        outputs = {p["name"]: p["valueCode"] for p in parameters if p["name"] != "criterion"}
        assert outputs["verdict"] == policy["verdict"].replace("_", "-")
        assert outputs["side"] == joint["side"]
        assert resource["moduleCodeableConcept"]["coding"][0]["version"] == policy["version"]
        lacks = {need["question"] for c in policy["criteria"] for need in c["gap"] or ()}
        asked = {r["extension"][0]["valueString"] for r in resource.get("dataRequirement", ())}
        assert asked == lacks
        assert resource["status"] == ("data-required" if lacks else "success")
        criteria = [p for p in parameters if p["name"] == "criterion"]
        assert len(criteria) == len(policy["criteria"])


def test_while_the_gate_is_not_open_every_guidance_says_so() -> None:
    for resource in resources(answered("cauda-equina"), "GuidanceResponse"):
        assert resource["note"][0]["text"].startswith("The safety gate comes first: Standing")


@pytest.mark.parametrize("name", NAMES)
def test_an_issue_for_each_open_gate_item(name: str) -> None:
    told = answered(name)
    items = [item for joint in told["joints"] for item in joint["gate"]["items"]]
    wanted = {item["label"] for item in items if item["state"] in ("standing", "not_screened")}
    issues = resources(told, "DetectedIssue")
    assert {issue["code"]["text"] for issue in issues} == wanted
    if wanted:
        kinds = [e["resource"]["resourceType"] for e in fhir_out.bundle(told, made_at=MADE)["entry"]]
        assert kinds[1] == "DetectedIssue"


def test_an_issue_tells_state_side_and_what_closes_it() -> None:
    issues = resources(answered("septic-sacroiliitis"), "DetectedIssue")
    issue = next(issue for issue in issues if "Infection" in issue["code"]["text"])
    assert issue["severity"] == "high"
    assert issue["detail"].startswith("Standing (left sacroiliac joint).")
    assert "blood cultures" in issue["detail"]
    assert issue["implicated"]


def test_provenance_names_software_evidence_and_policies() -> None:
    told = answered("classic-degenerative")
    bundle = fhir_out.bundle(told, made_at=MADE)
    (provenance,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Provenance"]
    values = {entity["what"]["identifier"]["value"] for entity in provenance["entity"]}
    assert values == {f"{name}|{version}" for name, version in told["versions"].items() if name != "nutation"}
    assert provenance["agent"][0]["who"]["display"] == f"Nutation {told['versions']['nutation']}"
    assert provenance["recorded"] == "2026-09-01T12:00:00+00:00"
    answers = [e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] not in ("Device", "Provenance")]
    assert [target["reference"] for target in provenance["target"]] == answers


def test_references_within_the_bundle_resolve_and_ids_are_one_each() -> None:
    bundle = fhir_out.bundle(answered("bilateral"), made_at=MADE)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    inside = [text for text in strings(bundle) if re.fullmatch(r"urn:uuid:\S+", text)]
    assert set(inside) == set(urls)


def test_ids_are_of_the_question() -> None:
    """The same question has the same ids whenever it is written; another day or evidence has others."""
    told = answered("classic-degenerative")
    ids = [e["fullUrl"] for e in fhir_out.bundle(told)["entry"]]
    assert ids == [e["fullUrl"] for e in fhir_out.bundle(answered("classic-degenerative"), made_at=MADE)["entry"]]
    for change in ({"as_of": "2026-09-02"}, {"versions": told["versions"] | {"evidence": "x"}}, {"patient": "other"}):
        assert not set(ids) & {e["fullUrl"] for e in fhir_out.bundle(told | change)["entry"]}


def test_references_name_the_resources_that_events_were_read_from() -> None:
    """With the record by the source's resource, without it by the source's text; else by the event's id alone."""
    told = answered("classic-degenerative")
    block = event_of(told, "injection", role="diagnostic")
    block["source"] = "chart.json Procedure/inj-1 performedDateTime"
    (risk,) = resources(told, "RiskAssessment")
    assert "Procedure/inj-1" in [basis.get("reference") for basis in risk["basis"]]
    assert all(basis["identifier"]["value"] for basis in risk["basis"])

    record = read_record(EXAMPLES / "classic-degenerative" / "events.yaml")
    events = [
        event.model_copy(update={"source": event.source.model_copy(update={"resource": "Procedure/block-2"})})
        if event.id == block["id"] else event
        for event in record.events
    ]  # fmt: skip
    (risk,) = resources(told, "RiskAssessment", Record(record.patient, tuple(events)))
    assert "Procedure/block-2" in [basis.get("reference") for basis in risk["basis"]]


def test_the_research_mark_is_on_every_resource() -> None:
    told = answered("septic-sacroiliitis")
    for entry in fhir_out.bundle(told, made_at=MADE)["entry"]:
        (tag,) = entry["resource"]["meta"]["tag"]
        assert tag["code"] == "research"
        assert "research mode" in entry["resource"]["text"]["div"]


def test_hostile_text_stays_text() -> None:
    told = answered("classic-degenerative")
    told["label"] = "<script>alert(1)</script>\u0000\ud800 & co"
    told["patient"] = "../../Patient/1?x=<y>"
    event_of(told, "examination")["text"] = "</p><img src=x onerror=alert(1)>"
    bundle = fhir_out.bundle(told, made_at=MADE)
    assert faults(bundle) == []
    for entry in bundle["entry"]:
        assert "<script" not in entry["resource"]["text"]["div"]
        assert "<img" not in entry["resource"]["text"]["div"]
    json.dumps(bundle).encode("ascii")
    json.dumps(bundle, ensure_ascii=False).encode("utf-8")
    (risk,) = resources(told, "RiskAssessment")
    assert re.fullmatch(r"Patient/[A-Za-z0-9\-.]{1,64}", risk["subject"]["reference"])
