"""One door for every record: the content tells what it is, and the examples are what they say they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nutation.record.errors import InputError
from nutation.record.kinds import KINDS, Onset, Person
from nutation.record.native import read_events
from nutation.record.reading import read_record

OWN = "patient: p-1\nevents:\n  - {kind: nicotine, happened: 2026-01-05, status: never}\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.yaml", OWN),
        ("no-ending", OWN),
        ("wrong.csv", OWN),
        ("events.json", '{"patient": "p-1", "events": [{"kind": "nicotine", "happened": "2026-01-05"}]}'),
        ("list.json", '[{"kind": "nicotine", "patient": "p-1", "happened": "2026-01-05"}]'),
        ("events.csv", "kind,patient,happened\nnicotine,p-1,2026-01-05\n"),
        ("flow.yaml", "{patient: p-1, events: [{kind: nicotine, happened: 2026-01-05}]}"),
        (
            "quoting.json",
            '{"patient": "p-1", "events": [{"kind": "nicotine", "happened": "2026", "note": "\\"resourceType\\": x"}]}',
        ),
    ],
)  # fmt: skip
def test_own_events_by_content(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert read_record(tmp_path / name).patient == "p-1"


def test_a_folder_with_own_events(tmp_path: Path) -> None:
    (tmp_path / "events.yaml").write_text(OWN)
    assert read_record(tmp_path).patient == "p-1"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", "XML"),
        (b"\xff\xfe\x00", "UTF-16"),
    ],
)
def test_what_is_not_read_says_what_to_do(tmp_path: Path, content: bytes, named: str) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(InputError, match=named) as caught:
        read_record(tmp_path / "f")
    assert "To mend it:" in str(caught.value)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no record"):
        read_record(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_record(tmp_path / "none.json")


def test_the_patient_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "events.yaml").write_text(OWN)
    assert read_record(tmp_path, "p-1").patient == "p-1"
    with pytest.raises(InputError, match="'p-1', not of 'p-2'"):
        read_record(tmp_path, "p-2")


def own_examples() -> list[Path]:
    return sorted((Path(__file__).resolve().parents[2] / "examples").glob("*/events.yaml"))


@pytest.mark.parametrize("path", own_examples(), ids=lambda path: path.parent.name)
def test_every_example_reads_without_a_warning_and_is_coherent(path: Path) -> None:
    record = read_events(path)
    assert record.warnings == ()
    assert record.label.endswith("(fictional)")
    assert record.patient == f"ex-{path.parent.name}"
    visit = date(2026, 9, 1)
    assert all(event.happened.from_ is None or event.happened.from_ <= visit for event in record.events)
    assert all(event.recorded_at.date() <= visit for event in record.events)
    (person,) = (event for event in record.events if isinstance(event, Person))
    began = min(event.happened.from_ for event in record.events if isinstance(event, Onset) and event.happened.from_)
    assert person.happened.from_ is not None
    assert person.happened.from_ < began
    for event in record.events:  # nobody treats or scores a pain that has not begun
        if event.kind in ("treatment", "injection", "examination", "pain_score", "score"):
            assert event.happened.from_ is not None
            assert event.happened.from_ >= began


def test_the_examples_use_most_kinds_of_event() -> None:
    used = {event.kind for path in own_examples() for event in read_events(path).events}
    assert set(KINDS) - used == {"symptom", "signature"}
