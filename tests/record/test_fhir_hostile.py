"""Bad input: each an error, or a listed warning, that names file, resource, path and mend; never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from nutation.record.errors import InputError
from nutation.record.fhir import read_bundle, read_ndjson, read_resources
from record.fhir_made import (
    CPT,
    IMPORTED,
    LOINC,
    SCT,
    code,
    condition,
    injection,
    observation,
    pain,
    patient,
    read,
    resource,
    told,
)


def refused(*resources, **options) -> str:
    with pytest.raises(InputError) as caught:
        read(*resources, **options)
    return str(caught.value)


def refused_text(tmp_path: Path, content: str | bytes, name: str = "b.json") -> str:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        read_bundle(file)
    assert name in str(caught.value)
    return str(caught.value)


# -- the file ----------------------------------------------------------------------------------------


def test_truncated_json_says_where_it_breaks_off(tmp_path):
    whole = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient()}]}, indent=1)
    for length in (3, 40, len(whole) // 2, len(whole) - 2):
        text = refused_text(tmp_path, whole[:length])
        assert f"breaks off at byte {length}" in text
        assert f"line {whole[:length].count(chr(10)) + 1}" in text
        assert "export or copy the file again" in text


def test_broken_json_says_line_and_column(tmp_path):
    text = refused_text(tmp_path, '{\n "resourceType": "Bundle",\n "type" "collection"\n}')
    assert "line 3" in text
    assert "column" in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("<Bundle xmlns='http://hl7.org/fhir'/>", "XML"),
        ("[1, 2]", "a list"),
        ('"text"', "text"),
        ('{"a": 1}', "no resourceType"),
        ('{"resourceType": 5}', "no resourceType"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": {}}', "an object where R4 has a list"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [7]}', "entry[0]"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": []}]}', "entry[0].resource"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"id": "1"}}]}', "no resourceType"),
        ('{"resourceType": "Bundle", "type": "pile"}', "not a type of R4"),
        ('{"resourceType": "Bundle", "type": "subscription-notification"}', "R5"),
        ('{"resourceType": "Patient", "id": NaN}', "NaN"),
        (b'{"resourceType": "\xff"}', "byte 18 is not UTF-8"),
        ('{"resourceType": "Bundle", "type": "collection"}', "no patient"),
        ('{"resourceType": "Patient", "id": "x", "multipleBirthInteger": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_what_is_not_a_bundle(tmp_path, content, says):
    assert says in refused_text(tmp_path, content)


def test_no_such_file_and_a_folder(tmp_path):
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(InputError):
            read_bundle(path)
    with pytest.raises(InputError, match=r"no \.ndjson"):
        read_ndjson(tmp_path)


@pytest.mark.parametrize("depth", [100, 900, 5_000, 200_000])
def test_deep_nesting_is_bounded(tmp_path, depth):
    deep = '{"resourceType": "Observation", "id": "x", "extension": ' + "[" * depth + "]" * depth + "}"
    assert "nested more than" in refused_text(tmp_path, deep)


def test_deep_nesting_in_plain_dictionaries():
    deep: dict = {"resourceType": "Observation"}
    for _ in range(sys.getrecursionlimit() * 3):
        deep = {"resourceType": "Observation", "contained": [deep]}
    assert "nested more than" in refused(deep)


def test_bundles_within_bundles_are_bounded():
    bundle: dict = {"resourceType": "Bundle", "type": "collection", "entry": []}
    for _ in range(12):
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": bundle}]}
    assert "bundles nested" in refused(bundle)


def test_half_characters_do_not_reach_the_answer(tmp_path):
    file = tmp_path / "b.json"
    file.write_text(
        '{"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "code": {"text": "a\\ud800b"}}'
    )
    label = told(read_bundle(file), "diagnosis")[0].attributes()["label"]
    assert label.encode("utf-8")


def test_utf16_and_byte_order_marks_are_read(tmp_path):
    for number, encoding in enumerate(("utf-16", "utf-8-sig")):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(patient()), encoding=encoding)
        assert read_bundle(file).patient == "p1"


def test_a_broken_line_of_ndjson_is_named_and_can_be_left_out(tmp_path):
    (tmp_path / "a.ndjson").write_text(
        json.dumps(patient()) + "\n\n" + '{"resourceType": "Obs\n' + json.dumps(pain("x", 7)) + "\n"
    )
    with pytest.raises(InputError) as caught:
        read_ndjson(tmp_path)
    assert "a.ndjson, line 3" in str(caught.value)
    record = read_ndjson(tmp_path, partial=True)
    assert [event.kind for event in record.events] == ["person", "pain_score"]
    assert any(warning.startswith("left out:") and "line 3" in warning for warning in record.warnings)


# -- other releases and wrong shapes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "release"),
    [
        ({"resourceType": "MedicationOrder", "id": "m"}, "DSTU2"),
        (
            resource("Procedure", "x", status="completed", code=code(CPT, "27096"), occurrenceDateTime="2026-01-01"),
            "R5",
        ),
        (resource("MedicationStatement", "x", status="recorded", medication={"concept": {"text": "naproxen"}}), "R5"),
        (resource("Condition", "x", code={"text": "x"}, clinicalStatus="active"), "DSTU2 or STU3"),
        (resource("Observation", "x", code={"text": "spine"}, comments="x"), "DSTU2"),
        (resource("Procedure", "x", status="completed", code=code(CPT, "27096"), notPerformed=True), "DSTU2"),
        (resource("Encounter", "x", status="finished", **{"class": "outpatient"}), "DSTU2"),
        (
            resource(
                "Observation",
                "x",
                code=code(LOINC, "72514-3"),
                meta={"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Observation"]},
            ),
            "R5",
        ),
    ],
)
def test_other_releases_are_named(wrong, release):
    text = refused(wrong)
    assert f"is not FHIR R4 but {release}" in text
    assert f"{wrong['resourceType']}/" in text
    assert "R4 (4.0.1)" in text


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (resource("Observation", "x", code="pain"), "code"),
        (resource("Observation", "x", code={"coding": {"code": "72514-3"}}), "code.coding"),
        (observation("x", "72514-3", valueQuantity=7), "valueQuantity"),
        (observation("x", "72514-3", valueQuantity={"value": "7"}), "valueQuantity.value"),
        (observation("x", "72514-3", valueQuantity={"value": True}), "valueQuantity.value"),
        (observation("x", "72514-3", valueInteger=7, component={"code": {}}), "component"),
        (pain("x", 7, effectiveDateTime=20260310), "effectiveDateTime"),
        (condition("c", "M46.1", bodySite="left"), "bodySite"),
        (injection(performedPeriod="2026"), "performed"),
        (resource("Condition", "c", code=["M46.1"]), "code"),
    ],
)
def test_wrong_shapes_are_named_by_path(wrong, path):
    text = refused(wrong)
    assert path in text
    assert f"{wrong['resourceType']}/{wrong['id']}" in text


# -- dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (pain("x", 7, "2026-02-30"), "not a day of the calendar"),
        (pain("x", 7, "10.03.2026"), "is not a date"),
        (pain("x", 7, "0020-03-10"), "before 1880"),
        (pain("x", 7, "1979-05-02"), "before the birth on 1980-05-02"),
        (pain("x", 7, "2062-05-02", meta={"lastUpdated": "2026-05-03T00:00:00Z"}), "before it happened"),
        (condition("c", "M46.1", onsetDateTime="2024-05", abatementDateTime="2023"), "before the onset"),
        (
            resource(
                "Procedure", "p", code=code(CPT, "97110"), performedPeriod={"start": "2026-03-02", "end": "2026-03-01"}
            ),
            "ends on",
        ),
        (pain("x", 7, meta={"lastUpdated": "2026-13-01T00:00:00Z"}), "not an instant"),
        (pain("x", 7, meta={"lastUpdated": "2999-01-01T00:00:00Z"}), "still to come"),
    ],
)
def test_impossible_dates(wrong, says):
    text = refused(wrong)
    assert says in text
    assert f"{wrong['resourceType']}/{wrong['id']}" in text


def test_done_after_death():
    with pytest.raises(InputError, match="after the death on 2026-01-01"):
        read_resources([patient(deceasedDateTime="2026-01-01"), pain("x", 7)], "h.json", imported_at=IMPORTED)


def test_relief_told_before_the_injection_is_refused():
    after = pain(
        "a",
        1,
        "2026-03-14T09:00:00Z",
        code=code(LOINC, "72514-3", text="Pain after block"),
        partOf=[{"reference": "Procedure/inj"}],
    )
    text = refused(injection(), after)
    assert "Observation/a, effectiveDateTime" in text
    assert "is earlier than Procedure/inj" in text


# -- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [70, 10.5, -1, 100])
def test_a_rating_beyond_its_scale_is_refused_not_rescaled(value):
    text = refused(observation("x", "72514-3", valueQuantity={"value": value, "code": "{score}"}))
    assert "on a scale of 0 to 10" in text
    assert "mm or /100" in text
    assert "Observation/x, valueQuantity" in text


@pytest.mark.parametrize(
    ("loinc", "quantity"),
    [
        ("1988-5", {"value": 5, "unit": "mmol/L"}),
        ("4548-4", {"value": 5.4, "code": "mg/dL"}),
        ("72514-3", {"value": 5, "unit": "kg"}),
        ("97909-6", {"value": 30, "unit": "points of 50"}),
    ],
)
def test_units_that_do_not_match(loinc, quantity):
    text = refused(observation("x", loinc, valueQuantity=quantity))
    assert "is not a unit of it" in text
    assert "send it in one of" in text


def test_a_laboratory_value_without_a_unit_is_refused():
    assert "without a unit" in refused(observation("x", "1988-5", valueQuantity={"value": 5}))


def test_a_score_beyond_its_instrument():
    assert "odi runs from 0 to 100" in refused(observation("x", "97909-6", valueQuantity={"value": 140, "code": "%"}))


def test_contradictory_results_on_one_day_are_both_kept_with_a_warning():
    left = {"bodySite": code(SCT, "39723000", "7771000")}
    record = read(pain("a", 7, **left), pain("b", 2, **left))
    assert len(told(record, "pain_score")) == 2
    (warning,) = record.warnings
    assert "Observation/a" in warning
    assert "Observation/b" in warning
    assert "nrs 7 and 2" in warning


def test_a_missing_side_is_unknown_with_a_warning():
    record = read(pain("x", 7))
    assert told(record, "pain_score")[0].side == "unknown"
    assert record.warnings == (
        "hospital.json, Observation/x: tells no side; it counts for neither joint until the side is known.",
    )


# -- whose record ------------------------------------------------------------------------------------


def test_two_patients_are_refused_with_their_ids_unless_one_is_named():
    second = {**pain("y", 3), "subject": {"reference": "Patient/p2"}}
    two = [patient("p1"), patient("p2", identifier=[{"value": "MRN-2"}]), pain("x", 7), second]
    with pytest.raises(InputError) as caught:
        read_resources(two, "h.json", imported_at=IMPORTED)
    assert "2 patients: p1 (Patient/p1), p2 (Patient/p2)" in str(caught.value)
    assert "--patient" in str(caught.value)
    for name in ("p2", "Patient/p2", "MRN-2"):
        record = read_resources(two, "h.json", patient=name, imported_at=IMPORTED)
        assert [event.attributes()["nrs"] for event in told(record, "pain_score")] == [3.0]
        assert any("other patients" in warning for warning in record.warnings)
    with pytest.raises(InputError, match="no patient 'p3'"):
        read_resources(two, "h.json", patient="p3", imported_at=IMPORTED)


def test_a_subject_that_is_not_the_bundles_patient_is_a_second_patient():
    assert "2 patients" in refused({**pain("x", 7), "subject": {"reference": "Patient/other"}})


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        (None, "names no patient"),
        ({"display": "Jane"}, "by display alone"),
        ({"reference": "urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"}, "is not in the input"),
        ({"reference": "#pat"}, "is not in the input"),
        ("Patient/p1", "text where R4 has one object"),
    ],
)
def test_subjects_that_lead_nowhere(subject, says):
    wrong = {**pain("x", 7), "subject": subject}
    assert says in refused(wrong)


def test_a_group_or_device_is_no_patient():
    record = read({**pain("x", 7), "subject": {"reference": "Group/g"}}, {"resourceType": "Group", "id": "g"})
    assert told(record, "pain_score") == []


def test_references_to_nobody_are_warned_of():
    record = read(
        pain("x", 7, encounter={"reference": "urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"}),
        resource("MedicationStatement", "m", status="active", medicationReference={"reference": "#none"}),
    )
    assert sum("which is not in the input" in warning for warning in record.warnings) == 2
    assert [u.resource for u in record.unmapped] == ["MedicationStatement/m"]


# -- as a whole, or in part --------------------------------------------------------------------------


def test_every_fault_is_listed_and_nothing_is_taken():
    bad = [pain("a", 70), pain("b", 7, "2026-02-30"), observation("c", "1988-5", valueQuantity={"value": 5})]
    text = refused(*bad, pain("d", 7))
    assert text.startswith("hospital.json: 3 parts cannot be read, so nothing was taken.")
    for name in ("Observation/a, valueInteger", "Observation/b, effectiveDateTime", "Observation/c, valueQuantity"):
        assert name in text
    assert text.count("To mend it:") == 4
    assert "--partial" in text


def test_partial_leaves_the_faulty_out_and_lists_them():
    bad = [pain("a", 70), pain("b", 7, "1950-01-01"), resource("MedicationOrder", "m")]
    record = read(*bad, pain("d", 7), partial=True)
    assert [event.source.resource for event in told(record, "pain_score")] == ["Observation/d"]
    assert sum(warning.startswith("left out: ") for warning in record.warnings) == 3


@pytest.mark.parametrize(
    "junk", [None, 0, "", [], {}, True, [None], [[]], {"coding": [None]}, {"x": "y"}, -1e308, "\u202e"]
)
@pytest.mark.parametrize(
    "element",
    [
        "meta",
        "code",
        "subject",
        "status",
        "effectiveDateTime",
        "valueQuantity",
        "valueCodeableConcept",
        "component",
        "bodySite",
        "category",
        "note",
        "extension",
        "encounter",
        "performer",
        "partOf",
        "hasMember",
        "referenceRange",
        "contained",
        "id",
    ],
)
def test_junk_in_any_element_is_an_input_error_at_worst(element, junk):
    for base in (
        pain("x", 7, bodySite=code(SCT, "39723000", "7771000")),
        injection(),
        condition("c", "M46.1", onsetDateTime="2024"),
    ):
        assert "To mend it" in outcome({**base, element: junk})


def outcome(wrong: dict) -> str:
    try:
        read(wrong)
    except InputError as error:
        return str(error)
    return "read; To mend it: nothing"
