"""Bad files: each fault is told with file, place and mend; never a traceback, never a guess."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nutation.record.errors import InputError
from nutation.record.native import parse_events, read_events
from nutation.record.native_build import record_of
from nutation.record.record import Record

TOP = "patient: p-1\nevents:\n"


def read(text: str, *, partial: bool = False) -> Record:
    return record_of(parse_events(text, "f.yaml"), system="f.yaml", partial=partial)


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    return str(caught.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

STRUCTURE = {
    # what is wrong: (text, what the message must name)
    "alias bomb": (BOMB + TOP, ["grows beyond", "line 6", "write the values out"]),
    "alias of itself": ("patient: &p [*p]\nevents: []\n", ["contains itself", "line 1"]),
    "alias of nothing": ("patient: *p\nevents: []\n", ["*p", "write the value out"]),
    "a tag": ("patient: !!python/object/apply:os.system [ls]\nevents: []\n", ["tag", "remove the tag", "line 1"]),
    "a key twice": ("patient: p\npatient: q\nevents: []\n", ["'patient' stands twice", "line 2"]),
    "a key twice in an event": (TOP + "  - {kind: person, happened: 1970, kind: trauma}\n", ["'kind' stands twice"]),
    "a tab": ("patient: p\nevents:\n\t- {kind: person}\n", ["line 3", "not tabs"]),
    "an open bracket": (TOP + "  - {kind: person, happened: 1970\n", ["This is not YAML", "line"]),
    "deep nesting": ("patient: " + "[" * 40000 + "\n", ["deep"]),
    "deep nesting in JSON": ('{"patient": ' + "[" * 40000, ["deep"]),
    "closed deep nesting in JSON": ('{"patient": ' + "[" * 60 + "]" * 60 + "}", ["deep"]),
    "two documents": ("patient: p\nevents: []\n---\npatient: q\n", ["second document"]),
    "a list as key": ("? [a]\n: b\n", ["key"]),
    "only comments": ("# nothing here\n", ["nothing but comments"]),
    "a lone value": ("hello", ["not events"]),
    "no events": ("patient: p\n", ["no events"]),
    "events that are not a list": ("patient: p\nevents: {kind: person}\n", ["takes a list"]),
    "no patient": ("events:\n  - {kind: person, happened: 1970}\n", ["patient is not named"]),
    "two patients": (TOP + "  - {kind: person, happened: 1970, patient: p-2}\n", ["2 patients", "'p-1'", "'p-2'"]),
    "a top word that is not one": ("patient: p\nlable: x\nevents: []\n", ["'lable'", "did you mean label?", "line 2"]),
    "FHIR where own events are read": ('{"resourceType": "Bundle", "entry": []}', ["FHIR Bundle"]),
    "truncated JSON": ('{"patient": "p", "events": [{"kind": "person"', ["not JSON", "line 1", "cut off"]),
    "a JSON key twice": ('{"patient": "p", "patient": "q", "events": []}', ["'patient' stands twice"]),
    "NaN in JSON": ('{"patient": "p", "events": [{"kind": "pain_score", "nrs": NaN}]}', ["NaN is not a number"]),
    "half a character": (
        '{"patient": "p", "events": [{"kind": "person", "happened": "1970", "note": "\\ud83e"}]}',
        ["half of a character"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "named"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_a_broken_file(text: str, named: list[str]) -> None:
    message = refused(text)
    for part in ["f.yaml", "To mend it:", *named]:
        assert part in message


@pytest.mark.parametrize("name", ["alias bomb", "alias of itself", "a tag", "a tab", "deep nesting", "a key twice"])
def test_a_broken_file_where_pyyaml_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    text, named = STRUCTURE[name]
    message = refused(text)
    for part in named:
        assert part in message


FIELDS = {
    # what is wrong: (the event's fields, what the message must name)
    "no kind": ("happened: 2026-01-01", ["has no kind"]),
    "an unknown kind": ("kind: injektion, happened: 2026-01-01", ["'injektion'", "did you mean injection"]),
    "an unknown field": (
        "kind: injection, side: left, happened: 2026-01-01, score_befor: 7",
        ["injection has no field 'score_befor'", "did you mean score_before", "column"],
    ),
    "a field of another kind": (
        "kind: examination, side: left, happened: 2026-01-01, nrs: 7", ["examination has no field 'nrs'", "pain_score"],
    ),
    "a word out of the list": (
        "kind: injection, side: left, happened: 2026-01-01, guidance: fluoro",
        ["'fluoro'", "did you mean fluoroscopy?"],
    ),
    "a word far from the list": (
        "kind: person, happened: 1970-01-01, sex: unknowable", ["use one of female, male, other"],
    ),
    "a side in capitals": ("kind: onset, side: Left, happened: 2026-01-01", ["did you mean left?"]),
    "a score of 0 to 100": (
        "kind: pain_score, side: left, happened: 2026-01-01, nrs: 70", ["0 to 10", "divide by 10", "write 7."],
    ),
    "a score beyond any scale": ("kind: pain_score, side: left, happened: 2026-01-01, nrs: 700", ["from 0 to 10"]),
    "a score below nothing": ("kind: pain_score, side: left, happened: 2026-01-01, nrs: -1", ["from 0 to 10"]),
    "a score with a unit": ("kind: pain_score, side: left, happened: 2026-01-01, nrs: 7 cm", ["a number", "7 cm"]),
    "a decimal comma": (
        '"kind": pain_score, "side": left, "happened": 2026-01-01, "nrs": "7,5"', ["takes a number", "write 7.5"],
    ),
    "endless": ("kind: laboratory, happened: 2026-01-01, analyte: crp, value: 1e999", ["beyond all numbers"]),
    "truth for a number": ("kind: pain_score, side: left, happened: 2026-01-01, nrs: true", ["takes a number"]),
    "half a session": (
        "kind: treatment, side: left, happened: 2026-01-01, attended_sessions: 2.5", ["whole number", "2.5"],
    ),
    "maybe": ("kind: function, happened: 2026-01-01, work_limited: maybe", ["true or false", "not known"]),
    "a list for a word": ("kind: onset, side: [left], happened: 2026-01-01", ["one value", "a list"]),
    "a day that is none": ("kind: onset, side: left, happened: 2026-02-30", ["not a day of the calendar"]),
    "a date of another country": ("kind: onset, side: left, happened: 03/01/2026", ["not a date", "YYYY-MM-DD"]),
    "ends before it begins": ("kind: treatment, side: left, happened: 2026-03-01/2026-01-01", ["before it begins"]),
    "no date": ("kind: onset, side: left", ["not said when"]),
    "a part of a period": ("kind: onset, side: left, happened: {from: 2026-01-01, til: 2026-02-01}", ["'til'"]),
    "a number for a day": ("kind: nicotine, happened: 2026-01-01, free_since: 1767225600", ["takes a day"]),
    "a year for a day": ("kind: nicotine, happened: 2026-01-01, free_since: 2019", ["takes a day", "YYYY-MM-DD"]),
    "an instant that is none": (
        "kind: onset, side: left, happened: 2026-01-01, recorded_at: yesterday", ["'yesterday'", "2026-03-20"],
    ),
    "a questionnaire out of range": ("kind: score, happened: 2026-01-01, instrument: odi, value: 520", ["0 to 100"]),
    "relief scored before the injection": (
        "kind: injection, side: left, happened: 2026-01-01, scored_after_hours: -2",
        ["below 0", "before its injection"],
    ),
    "scores the wrong way round": (
        "kind: injection, side: left, happened: 2026-01-01, score_before: 0, score_after: 6", ["which score is which"],
    ),
    "not known and known": (
        "kind: injection, side: left, happened: 2026-01-01, relief_hours: 3, asked_not_known: [relief_hours]",
        ["said to be not known and has a value"],
    ),
    "not known and not there": (
        "kind: injection, side: left, happened: 2026-01-01, asked_not_known: [relief]", ["no field 'relief'"],
    ),
    "a source without a system": ("kind: onset, side: left, happened: 2026-01-01, source: {resource: x}", ["source"]),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "named"), FIELDS.values(), ids=FIELDS.keys())
def test_a_faulty_event(fields: str, named: list[str]) -> None:
    message = refused(f"{TOP}  - {{{fields}}}\n")
    for part in ["f.yaml", "line 3", "event 1", "To mend it:", *named]:
        assert part in message


def test_an_event_that_is_no_mapping() -> None:
    assert "An event is a mapping" in refused(TOP + "  - person\n")


def test_all_faults_are_told_together_and_at_most_twenty_in_words() -> None:
    line = "  - {kind: pain_score, side: left, happened: 2026-01-01, nrs: 70}\n"
    message = refused(TOP + line * 3)
    assert message.startswith("f.yaml: 3 things cannot be used as they stand:")
    assert all(
        f"line {n}, column {line.index('nrs') + 1}, event {n - 2} (pain_score, 2026-01-01)" in message
        for n in (3, 4, 5)
    )
    assert "and 10 more." in refused(TOP + line * 30)


def test_json_faults_name_the_line_of_the_field() -> None:
    text = '{"patient": "p",\n "events": [\n  {"kind": "person", "happened": "1970"},\n  {"kind": "pain_score",\n'
    message = refused(text + '   "side": "left", "happened": "2026-01-01",\n   "nrs": 70}\n]}')
    assert "line 6, column 4, event 2 (pain_score, 2026-01-01)" in message


def test_partial_leaves_the_faulty_out_and_says_so() -> None:
    text = (
        TOP + "  - {kind: pain_score, side: left, happened: 2026-01-01, nrs: 70}\n  - {kind: person, happened: 1970}\n"
    )
    record = read(text, partial=True)
    assert [event.kind for event in record.events] == ["person"]
    assert record.warnings[0].startswith("Left out: line 3")
    assert "divide by 10" in record.warnings[0]


def test_two_patients_are_refused_even_in_part() -> None:
    with pytest.raises(InputError, match="2 patients"):
        read(TOP + "  - {kind: person, happened: 1970, patient: other}\n", partial=True)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"patient: p\nevents: []\nlabel: M\xfcller\n", "line 3: Byte 31 (0xfc) is not UTF-8"),
        ("patient: p\n".encode("utf-16"), "UTF-16"),
        (b"patient: p\0\n", "binary"),
        (b"\xef\xbb\xbfpatient: p\nevents: []\n", ""),  # a byte order mark is no fault
    ],
)
def test_files_that_are_not_text(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    if not named:
        assert read_events(path).patient == "p"
        return
    with pytest.raises(InputError) as caught:
        read_events(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_events(tmp_path / "none.yaml")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("{}[]:,-\n \"'&*!|>#%@kindpatevs\t0.\\"), max_size=60))
def test_no_text_brings_a_traceback(text: str) -> None:
    for start in ("", TOP, TOP + "  - {kind: onset, ", '{"patient": "p", "events": [', "kind,patient,happened,note\n"):
        with contextlib.suppress(InputError):
            read(start + text)
