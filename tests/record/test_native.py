"""Own events in YAML, JSON and CSV: what is written reads back the same, and the same file reads the same."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nutation.record.errors import InputError
from nutation.record.native import parse_events, read_events, write_events
from nutation.record.native_build import record_of
from nutation.record.record import Record, Unmapped
from record.made_events import HARD, Maker

FILES = ("record.yaml", "record.json", "record.csv", "record.tsv")

SHORT = """
patient: p-1
label: A fictional patient
events:
  # a comment
  - {kind: person, happened: 1972-04-11, sex: female}
  - {kind: onset, side: left, happened: 2024-11, cause: cumulative}
  - {kind: injection, side: left, happened: 2026-03-01, score_before: 7, score_after: 1.5, steroid: false,
     sedation: none, asked_not_known: [relief_hours]}
  - {kind: treatment, side: left, happened: 2025-05-01/, care: physical_therapy, attended_sessions: 12}
  - {kind: operation, side: left, happened: 2026-09-01, modality: intended, procedure_code: 27279}
"""


def read(text: str, system: str = "events.yaml") -> Record:
    return record_of(parse_events(text, system), system=system)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(6))
def test_every_kind_reads_back_as_it_was_written(tmp_path: Path, name: str, seed: int) -> None:
    record = Record("p-1", Maker(seed).record_of_every_kind(), label=HARD[seed])
    write_events(record, tmp_path / name)
    again = read_events(tmp_path / name)
    for written, read_back in zip(record.events, again.events, strict=True):
        assert read_back == written
    assert (again.patient, again.label) == (record.patient, record.label)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_reads_back_to_the_letter(tmp_path: Path, text: str) -> None:
    event = read(SHORT).events[2].model_copy(update={"note": text, "author": text})
    for name in FILES:
        write_events(Record("p-1", (event,), label=text), tmp_path / name)
        again = read_events(tmp_path / name)
        assert again.events == (event,)
        assert again.label == text


def test_what_could_not_be_mapped_is_kept_in_yaml_and_json_and_refused_in_a_table(tmp_path: Path) -> None:
    part = Unmapped("Procedure/7", "code", "0301T", "http://x", 'a "code": yes', True, "no such code is known")
    record = Record("p-1", read(SHORT).events, (part,), ("a warning",))
    for name in FILES[:2]:
        write_events(record, tmp_path / name)
        again = read_events(tmp_path / name)
        assert again.unmapped == (part,)
        assert "a warning" in again.warnings
    with pytest.raises(InputError, match="a table has no room"):
        write_events(record, tmp_path / FILES[2])


def test_the_short_form_says_what_it_looks_like() -> None:
    record = read(SHORT)
    person, onset, injection, treatment, operation = record.events
    assert (record.patient, record.label) == ("p-1", "A fictional patient")
    assert person.side == "none"  # of the person
    assert onset.happened.text() == "2024-11"
    assert injection.attributes()["sedation"] == "none"  # the word, not nothing
    assert injection.attributes()["score_after"] == 1.5
    assert injection.asked_not_known == ("relief_hours",)
    assert operation.attributes()["procedure_code"] == "27279"  # a code is text, whatever it looks like
    assert treatment.attributes()["attended_sessions"] == 12
    assert record.warnings == ()


def test_recorded_when_it_was_over_unless_said_otherwise() -> None:
    by_kind = {event.kind: event.recorded_at for event in read(SHORT).events}
    assert by_kind["onset"] == datetime(2024, 11, 30, tzinfo=UTC)  # a month is known when it is over
    assert by_kind["injection"] == datetime(2026, 3, 1, tzinfo=UTC)
    # an open course and an intention count as recorded on the last day that the file tells of
    assert by_kind["treatment"] == by_kind["operation"] == datetime(2026, 3, 1, tzinfo=UTC)
    dated = read(SHORT.replace("events:", "recorded_at: 2026-05-05T10:00:00-04:00\nevents:"))
    assert {event.recorded_at for event in dated.events} == {datetime(2026, 5, 5, 14, tzinfo=UTC)}


def test_reading_twice_gives_the_same_ids_and_a_line_above_changes_none() -> None:
    first = [event.id for event in read(SHORT).events]
    assert [event.id for event in read(SHORT).events] == first
    shifted = read(SHORT.replace("  # a comment", "  - {kind: nicotine, happened: 2026-01-05, status: never}"))
    assert [event.id for event in shifted.events][1:] == first
    assert len(set(first)) == len(first)


def test_equal_lines_are_two_events_with_two_ids() -> None:
    line = "  - {kind: pain_score, side: left, happened: 2026-01-05, nrs: 6}\n"
    one, two = read("patient: p\nevents:\n" + line * 2).events
    assert one.id != two.id


def test_a_changed_value_changes_the_id() -> None:
    changed = read(SHORT.replace("score_after: 1.5", "score_after: 2.5"))
    same = {event.id for event in read(SHORT).events} & {event.id for event in changed.events}
    assert len(same) == len(changed.events) - 1


def test_one_record_in_four_formats_is_the_same_record(tmp_path: Path) -> None:
    record = read(SHORT, "record")
    for name in FILES:
        write_events(record, tmp_path / name)
        assert read_events(tmp_path / name).events == record.events


def test_written_yaml_leaves_out_what_the_reader_puts_back(tmp_path: Path) -> None:
    write_events(read(SHORT, "record.yaml"), tmp_path / "record.yaml")
    text = (tmp_path / "record.yaml").read_text()
    assert "source" not in text
    assert " id:" not in text
    assert text.count("recorded_at") == 0
    assert 'procedure_code: "27279"' in text  # another reader of YAML must see text too
    assert max(map(len, text.splitlines())) <= 110


def test_both_parsers_make_the_same_of_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("yaml", reason="PyYAML's C parser is an optional second parser")
    fast = parse_events(SHORT, "f")
    monkeypatch.setitem(sys.modules, "yaml", None)  # as where PyYAML is not installed
    slow = parse_events(SHORT, "f")
    assert fast.data == slow.data
    for path in [("events",), ("events", 2, "score_after"), ("events", 4)]:
        assert fast.where(path) == slow.where(path)


def test_a_source_of_its_own_is_kept_and_tells_events_apart() -> None:
    text = """
patient: p
source: Clinic north
events:
  - {kind: pain_score, side: left, happened: 2026-01-05, nrs: 6, source: letter}
  - {kind: pain_score, side: left, happened: 2026-01-06, nrs: 6, source: {system: EHR, resource: Observation/1}}
  - {kind: pain_score, side: left, happened: 2026-01-07, nrs: 6}
"""
    letter, ehr, north = read(text).events
    assert (letter.source.system, ehr.source.resource, north.source.system) == (
        "letter",
        "Observation/1",
        "Clinic north",
    )
    assert north.source.resource == "event 3"
    assert len({letter.id, ehr.id, north.id}) == 3


def test_a_list_of_events_needs_no_frame() -> None:
    record = read('[{"kind": "nicotine", "patient": "p", "happened": "2026-01-05", "status": "never"}]')
    assert record.patient == "p"


def test_missing_side_is_a_warning_and_an_unknown_side() -> None:
    record = read("patient: p\nevents:\n  - {kind: injection, happened: 2026-03-01}\n")
    assert record.events[0].side == "unknown"
    assert "line 3, column 5, event 1 (injection, 2026-03-01): no side is given" in record.warnings[0]


def test_an_operation_after_today_is_an_intention_or_a_future_record_and_not_an_error() -> None:
    record = read(
        "patient: p\nevents:\n"
        "  - {kind: nicotine, happened: 2026-01-05, status: never}\n"
        "  - {kind: operation, side: left, happened: 2031-01-01, modality: intended, target: si_joint}\n"
    )
    assert record.events[1].recorded_at == datetime(2026, 1, 5, tzinfo=UTC)
