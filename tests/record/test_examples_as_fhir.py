"""Each example's FHIR form tells the same events as its short form, to the last field."""

from __future__ import annotations

from pathlib import Path

import pytest

from nutation.record.fhir import read_bundle
from nutation.record.native import read_events

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/events.yaml"))


def test_every_example_has_a_fhir_form_and_an_expectation() -> None:
    folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith("_"))
    assert len(folders) >= 20
    for name in folders:
        assert (EXAMPLES / name / "record.json").is_file(), name
        assert (EXAMPLES / name / "expected.yaml").is_file(), name


@pytest.mark.parametrize("name", NAMES)
def test_the_fhir_form_tells_the_same_events(name: str) -> None:
    short, fhir = read_events(EXAMPLES / name / "events.yaml"), read_bundle(EXAMPLES / name / "record.json")
    assert fhir.unmapped == ()
    assert (fhir.patient, fhir.label) == (short.patient, short.label)
    assert {event.id: event for event in fhir.events} == {event.id: event for event in short.events}
