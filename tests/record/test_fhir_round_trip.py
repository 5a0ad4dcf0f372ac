"""What is written is read back exactly: every kind of event, every field, in order; and changes are not overlooked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nutation.record.errors import InputError
from nutation.record.fhir import read_resources, write_bundle, write_resource
from nutation.record.head import Certainty, Event, Modality, Side, Source
from nutation.record.kinds import KINDS
from nutation.record.period import Period
from nutation.record.record import Record
from nutation.record.standing import standing
from record.fhir_made import IMPORTED, one, told

TEXT = st.one_of(st.text(max_size=12), st.sampled_from(["", " ", "\x00", "\ufeff", "two\nlines", "🦴 ß", "a" * 300]))
DAY = st.dates(date(1990, 1, 1), date(2026, 6, 1))
MOMENT = st.builds(
    lambda seconds, micro, hours: (
        datetime(2026, 6, 2, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=micro)
    ).astimezone(timezone(timedelta(hours=hours))),
    st.integers(0, 7_000_000),
    st.integers(0, 999_999),
    st.sampled_from([0, -5, 2]),
)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first, last = sorted([draw(DAY), draw(DAY)])
    return draw(
        st.sampled_from(
            [
                Period.on(first),
                Period.model_validate(f"{first:%Y-%m}"),
                Period.model_validate(f"{first.year}"),
                Period.model_validate(f"{first}/{last}"),
                Period.model_validate(f"{first}/"),
                Period.model_validate(f"/{last:%Y-%m}"),
                Period.model_validate({"from": first, "to": last, "sure_to": first}),
                Period(),
            ]
        )
    )


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """A strategy for the type of a field."""
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    arguments = [part for part in get_args(annotation) if isinstance(part, type) or get_args(part)]
    if arguments and annotation not in (bool, int, float, str, date):
        return values(arguments[0])
    return {
        bool: st.booleans(),
        int: st.integers(0, 50),
        float: st.floats(0, 10),
        str: TEXT,
        date: DAY,
        type(None): st.none(),
    }[annotation]


@st.composite
def events(draw: st.DrawFn, kind: str, number: int) -> Event:
    cls = KINDS[kind]
    fields = {
        name: draw(st.none() | values(field.annotation))
        for name, field in cls.model_fields.items()
        if name in cls.attribute_names()
    }
    if kind == "injection" and fields["score_before"] == 0:
        fields["score_after"] = None
    if fields.get("instrument") in ("eq5d_index", "pgic", "phq2"):
        fields["value"] = draw(st.sampled_from([None, 1.0]))
    if kind == "completeness":  # a statement reaches no further than its day
        fields["expires_on"] = None
    missing = [name for name, value in fields.items() if value is None]
    return cls.model_validate(
        {
            **fields,
            "id": f"e{number}" + draw(st.sampled_from(["", " ü", "-" * 80])),
            "patient": "p 1",
            "side": draw(st.sampled_from(get_args(Side))),
            "happened": Period.on(date(1980, 2, 3)) if kind == "person" else draw(periods()),
            "recorded_at": draw(MOMENT),
            "source": Source(system="s" + draw(TEXT), resource=draw(TEXT), path=draw(TEXT), version=draw(TEXT)),
            "author": draw(st.none() | TEXT),
            "encounter": draw(st.none() | TEXT),
            "note": draw(st.none() | TEXT),
            "certainty": draw(st.sampled_from(get_args(Certainty))),
            "modality": draw(st.sampled_from(get_args(Modality))),
            "supersedes": tuple(draw(st.lists(st.sampled_from(["earlier-1", "é"]), max_size=2, unique=True))),
            "retracted": draw(st.booleans()),
            "asked_not_known": tuple(draw(st.lists(st.sampled_from(missing), max_size=2, unique=True)))
            if missing
            else (),
        }
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    return Record(
        "p 1",
        tuple(draw(events(kind, number)) for number, kind in enumerate(kinds)),
        label=draw(st.sampled_from(["", "Ada Bo"])),
    )


def back(bundle: dict[str, Any]) -> Record:
    """The record after a trip through JSON text."""
    return read_resources([json.loads(json.dumps(bundle))], "nutation.json")


@given(records())
def test_events_come_back_exactly(record):
    found = back(write_bundle(record))
    assert found.events == record.events
    assert (found.patient, found.label) == (record.patient, record.label)
    assert [event.recorded_at.utcoffset() for event in found.events] == [
        event.recorded_at.utcoffset() for event in record.events
    ]


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=12)
@given(data=st.data())
def test_every_kind_comes_back_exactly(kind, data):
    event = data.draw(events(kind, 1))
    assert back(write_bundle(Record("p 1", (event,)))).events == (event,)
    alone = json.loads(json.dumps(write_resource(event)))
    owner = {
        "resourceType": "Patient",
        "id": alone.get("subject", {}).get("reference", "Patient/h").removeprefix("Patient/"),
    }
    if kind == "person":
        assert read_resources([alone], "x").events == (event,)
    elif "subject" in alone:
        assert [e for e in read_resources([owner, alone], "x").events if e.kind == kind] == [event]


@given(record=records())
@settings(max_examples=25)
def test_writing_twice_gives_the_same_bytes(record):
    assert json.dumps(write_bundle(record)) == json.dumps(write_bundle(record))


def pain_event(**more: Any) -> Event:
    return KINDS["pain_score"].model_validate(
        {
            "id": "pain-1",
            "patient": "p1",
            "side": "left",
            "happened": "2026-03-10",
            "recorded_at": "2026-03-10T10:00:00Z",
            "source": {"system": "form", "resource": "row 3"},
            "nrs": 7,
            "site": "si_region",
            **more,
        }
    )


def test_a_server_may_add_what_does_not_tell():
    bundle = write_bundle(Record("p1", (pain_event(),)))
    for entry in bundle["entry"]:
        entry["resource"]["meta"] = {"versionId": "4", "lastUpdated": "2026-08-01T00:00:00Z"}
        entry["resource"]["text"] = {"status": "generated", "div": "<div/>"}
    bundle["entry"][1]["resource"]["code"]["coding"][0]["display"] = "Pain severity"
    assert back(bundle).events == (pain_event(),)


def test_a_value_that_was_changed_elsewhere_is_not_overlooked():
    bundle = write_bundle(Record("p1", (pain_event(),)))
    bundle["entry"][1]["resource"]["valueQuantity"]["value"] = 4
    bundle["entry"][1]["resource"]["component"] = []
    record = back(bundle)
    event = one(record, "pain_score")
    assert event.attributes()["nrs"] == 4.0
    assert event.side == "left"
    assert "pain-1" in event.supersedes
    assert any("was changed after Nutation wrote it" in warning for warning in record.warnings)


def test_a_status_that_was_changed_elsewhere_withdraws_the_event():
    bundle = write_bundle(Record("p1", (pain_event(),)))
    bundle["entry"][1]["resource"]["status"] = "entered-in-error"
    found = back(bundle).events
    assert standing([pain_event(), *found]) == ()


def test_without_the_extension_the_standard_elements_still_tell():
    written = [
        pain_event(),
        KINDS["examination"].model_validate(
            {**head("exam", side="right"), "faber": "positive", "thigh_thrust": "not_done"}
        ),
        KINDS["laboratory"].model_validate({**head("lab"), "analyte": "crp", "value": 3.5}),
        KINDS["nicotine"].model_validate({**head("nic"), "status": "former", "free_since": "2025-01-01"}),
        KINDS["diagnosis"].model_validate(
            {
                **head("dia", side="left"),
                "category": "sij_dysfunction",
                "code": "M53.3",
                "code_system": "http://hl7.org/fhir/sid/icd-10-cm",
                "clinical_status": "active",
            }
        ),
        KINDS["operation"].model_validate({**head("op", side="left"), "target": "si_joint", "procedure_code": "27279"}),
        KINDS["treatment"].model_validate({**head("pt", side="left"), "care": "physical_therapy"}),
        KINDS["medication"].model_validate({**head("med"), "drug": "naproxen", "drug_class": "nsaid"}),
        KINDS["safety_screen"].model_validate({**head("screen"), "fever": "denied", "weight_loss": "reported"}),
        KINDS["score"].model_validate({**head("odi"), "instrument": "odi", "value": 42, "answers": "[2, 2, null]"}),
    ]
    bundle = write_bundle(Record("p1", tuple(written)))
    for entry in bundle["entry"]:
        del entry["resource"]["extension"]
    record = read_resources([bundle], "plain", imported_at=IMPORTED)
    for event in written:
        found = told(record, event.kind)[0]
        assert found.happened == event.happened or event.COURSE
        assert found.side == event.side or not event.SIDED
        lost = {"free_since", "answers", "site"} if event.kind in ("nicotine", "score") else set()
        for name, value in event.attributes().items():
            if value is not None and name not in lost:
                assert getattr(found, name) == value, (event.kind, name)


def head(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "patient": "p1",
        "happened": "2026-03-10",
        "recorded_at": "2026-03-10T10:00:00Z",
        "source": {"system": "form"},
        "author": "Dr A",
        **more,
    }


def test_events_of_another_patient_and_twice_the_same_id_are_refused():
    with pytest.raises(InputError, match="of patient p1, not p2"):
        write_bundle(Record("p2", (pain_event(),)))
    with pytest.raises(InputError, match="id of another event"):
        write_bundle(Record("p1", (pain_event(), pain_event(nrs=3))))


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="value is not a finite number"):
        write_bundle(Record("p1", (KINDS["laboratory"].model_validate({**head("lab"), "value": float("inf")}),)))


def test_a_damaged_extension_is_an_input_error():
    bundle = write_bundle(Record("p1", (pain_event(),)))
    bundle["entry"][1]["resource"]["extension"][0]["extension"][0]["valueCode"] = "no_kind"
    with pytest.raises(InputError, match="names no kind of event"):
        back(bundle)
