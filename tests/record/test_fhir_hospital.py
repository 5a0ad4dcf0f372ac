"""The reader on resources as a hospital sends them (US Core shaped), with no extension of Nutation's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nutation.record.occasions import occasions
from record.fhir_made import (
    BOTH,
    CATEGORY,
    CPT,
    ICD,
    LEFT,
    LOINC,
    RIGHT,
    SCT,
    code,
    condition,
    injection,
    known,
    observation,
    one,
    pain,
    read,
    resource,
    told,
)


def test_patient_is_a_person_born_on_the_day():
    record = read()
    person = one(record, "person")
    assert (person.happened.from_, known(person)) == (date(1980, 5, 2), {"sex": "female"})
    assert record.patient == "p1"
    assert record.warnings == ()


def test_a_joint_injection_by_cpt_code_has_target_and_side_and_no_more():
    # 27096 names image guidance by fluoroscopy or CT: which one is not told, so neither is recorded.
    event = one(read(injection()), "injection")
    assert event.side == "left"
    assert known(event) == {"target": "intra_articular"}
    assert event.happened.text() == "2026-03-14"
    assert (event.certainty, event.modality) == ("stated", "actual")


@pytest.mark.parametrize(
    ("elements", "side"),
    [
        ({"bodySite": [code(SCT, "39723000"), code(SCT, RIGHT)], "code": code(CPT, "27096")}, "right"),
        ({"bodySite": [code(SCT, "39723000", BOTH)], "code": code(CPT, "27096")}, "both"),
        ({"bodySite": [{"text": "Left sacroiliac joint"}], "code": code(CPT, "27096")}, "left"),
        (
            {"bodySite": [], "code": {"coding": [{"system": CPT, "code": "27096"}, {"system": CPT, "code": "RT"}]}},
            "right",
        ),
        ({"bodySite": [], "code": code(CPT, "27096-50")}, "both"),
        ({"bodySite": [code(SCT, "39723000")], "code": code(CPT, "27096")}, "unknown"),
        ({"bodySite": [code(SCT, LEFT), code(SCT, RIGHT)], "code": code(CPT, "27096")}, "unknown"),
    ],
)
def test_the_side_of_a_procedure_is_told_or_unknown(elements, side):
    record = read(injection(**elements))
    assert one(record, "injection").side == side
    assert any("tells no side" in warning for warning in record.warnings) == (side == "unknown")


def test_scores_around_an_injection_join_it_by_time_of_day():
    before = pain("b", 7, "2026-03-14T09:45:00Z", partOf=[{"reference": "Procedure/inj"}])
    after = pain("a", 1, "2026-03-14T10:30:00Z", partOf=[{"reference": "Procedure/inj"}])
    record = read(injection(encounter={"reference": "Encounter/v1"}), before, after, resource("Encounter", "v1"))
    events = told(record, "injection")
    assert [known(event) for event in events] == [
        {"target": "intra_articular"},
        {"score_before": 7.0},
        {"score_after": 1.0, "scored_after_hours": 0.5},
    ]
    assert {event.side for event in events} == {"left"}
    assert {event.encounter for event in events} == {"Encounter/v1"}
    assert told(record, "pain_score") == []  # an anaesthetised joint's score is not the patient's pain
    (occasion,) = (found for found in occasions(record.events) if found.kind == "injection")
    assert occasion.values["relief_pct"] == pytest.approx(100 * 6 / 7)


def test_a_score_of_an_injection_that_is_neither_before_nor_after_is_listed():
    record = read(
        injection(performedDateTime="2026-03-14"), pain("x", 3, "2026-03-14", partOf=[{"reference": "Procedure/inj"}])
    )
    assert [known(event) for event in told(record, "injection")] == [{"target": "intra_articular"}]
    assert [(u.resource, u.relevant) for u in record.unmapped] == [("Observation/x", True)]


def test_agents_given_in_an_injection_are_its_own():
    def given(name, drug, dose):
        return resource(
            "MedicationAdministration",
            name,
            status="completed",
            medicationCodeableConcept={"text": drug},
            effectiveDateTime="2026-03-14",
            partOf=[{"reference": "Procedure/inj"}],
            dosage={"dose": dose},
        )

    record = read(
        injection(),
        given("m1", "Bupivacaine 0.5 %", {"value": 1.5, "unit": "mL", "code": "mL"}),
        given("m2", "Triamcinolone acetonide", {"value": 20, "unit": "mg", "code": "mg"}),
    )
    assert told(record, "medication") == []
    assert [known(event) for event in told(record, "injection")[1:]] == [
        {"anaesthetic": "bupivacaine", "volume_ml": 1.5},
        {"steroid": True},
    ]


def test_pain_has_its_site_and_side():
    event = one(read(pain("x", 7, bodySite=code(SCT, "39723000", LEFT))), "pain_score")
    assert (event.side, known(event)) == ("left", {"nrs": 7.0, "site": "si_region"})


def test_both_sides_on_an_observation_is_unknown_with_a_warning():
    record = read(pain("x", 7, bodySite=code(SCT, "39723000", BOTH)))
    assert one(record, "pain_score").side == "unknown"
    assert any("both were asked" in warning for warning in record.warnings)


@pytest.mark.parametrize(
    ("quantity", "loinc", "nrs"),
    [
        ({"value": 82, "unit": "mm", "code": "mm"}, "72514-3", 8.2),
        ({"value": 82, "code": "mm"}, "38214-3", 8.2),
        ({"value": 8.2, "code": "cm"}, "38214-3", 8.2),
        ({"value": 55, "unit": "/100"}, "38208-5", 5.5),
        ({"value": 82, "code": "{score}"}, "38214-3", 8.2),  # a visual analogue scale is of 10 or of 100
        ({"value": 6, "code": "{score}"}, "72514-3", 6.0),
    ],
)
def test_pain_is_converted_exactly_where_the_scale_is_told(quantity, loinc, nrs):
    record = read(observation("x", loinc, valueQuantity=quantity))
    assert one(record, "pain_score").attributes()["nrs"] == nrs


def test_a_visual_analogue_score_that_fits_two_scales_is_not_guessed():
    record = read(observation("x", "38214-3", valueQuantity={"value": 8, "code": "{score}"}))
    assert told(record, "pain_score") == []
    assert record.unmapped[0].relevant
    assert "may be of 10 or of 100" in record.unmapped[0].reason


def test_physiotherapy_as_sessions_as_a_course_and_as_visits():
    sessions = [
        resource(
            "Procedure",
            f"pt{n}",
            status="completed",
            code=code(CPT, "97110"),
            performedDateTime=f"2026-01-{n:02}",
            reasonCode=[code(ICD, "M53.3")],
        )
        for n in (5, 12)
    ]
    course = resource(
        "Procedure",
        "course",
        status="completed",
        code=code(SCT, "91251008"),
        performedPeriod={"start": "2025-06-01", "end": "2025-12"},
    )
    visit = resource(
        "Encounter",
        "v9",
        status="finished",
        type=[code(SCT, "91251008")],
        period={"start": "2026-02-03T10:00:00Z", "end": "2026-02-03T11:00:00Z"},
    )
    events = told(read(*sessions, course, visit), "treatment")
    assert [event.attributes()["attended_sessions"] for event in events] == [1, 1, None, 1]
    assert [event.attributes()["aim"] for event in events] == ["si_joint", "si_joint", None, None]
    assert events[2].happened.model_dump() == {
        "from": "2025-06-01",
        "to": "2025-12-31",
        "sure_from": "2025-06-01",
        "sure_to": "2025-12-01",
    }
    assert events[3].encounter == "Encounter/v9"


def test_a_code_of_a_session_over_months_is_a_course():
    span = {"start": "2025-05-19", "end": "2026-01-19"}
    record = read(resource("Procedure", "x", status="completed", code=code(CPT, "97110"), performedPeriod=span))
    assert one(record, "treatment").attributes()["attended_sessions"] is None


def test_plans_and_orders_are_intentions():
    plan = resource(
        "CarePlan",
        "cp",
        status="active",
        intent="plan",
        period={"start": "2026-01-01"},
        activity=[{"detail": {"status": "scheduled", "code": code(SCT, "91251008")}}],
    )
    order = resource(
        "ServiceRequest", "o", status="active", intent="order", code=code(CPT, "27279", "LT"), authoredOn="2026-08-01"
    )
    drug = resource(
        "MedicationRequest", "rx", status="active", intent="order", medicationCodeableConcept={"text": "Celecoxib"}
    )
    record = read(plan, order, drug)
    assert {event.kind: event.modality for event in record.events if event.kind != "person"} == {
        "treatment": "intended",
        "operation": "intended",
        "medication": "intended",
    }
    operation = one(record, "operation")
    assert operation.side == "left"
    assert known(operation) == {"target": "si_joint", "transfixing": True, "procedure_code": "27279"}


def test_oswestry_as_score_and_as_form():
    score = observation("s", "97909-6", valueQuantity={"value": 52, "code": "%"})
    answers = [{"linkId": f"/97908-8/{n}", "answer": [{"valueInteger": 2}]} for n in range(1, 11)]
    total = {"linkId": "/97909-6", "answer": [{"valueDecimal": 40}]}
    form = resource(
        "QuestionnaireResponse",
        "q",
        status="completed",
        questionnaire="http://loinc.org/q/97908-8",
        authored="2026-04-01",
        item=[*answers, total],
    )
    first, second = told(read(score, form), "score")
    assert known(first) == {"instrument": "odi", "value": 52.0}
    assert known(second) == {"instrument": "odi", "value": 40.0, "answers": "[2, 2, 2, 2, 2, 2, 2, 2, 2, 2]"}
    assert second.side == "none"


def test_a_form_without_its_total_is_not_scored_here():
    form = resource(
        "QuestionnaireResponse",
        "q",
        status="completed",
        questionnaire="http://loinc.org/q/97908-8",
        authored="2026-04-01",
        item=[{"linkId": "1", "answer": [{"valueInteger": 2}]}],
    )
    record = read(form)
    assert known(one(record, "score")) == {"instrument": "odi", "answers": "[2]"}
    assert any("no total" in warning for warning in record.warnings)


def test_certainty_of_a_condition_follows_its_category():
    encounter = condition("c1", "M53.3", category=[code(CATEGORY, "encounter-diagnosis")], asserter={"display": "Dr A"})
    problem = condition("c2", "M46.1", category=[code(CATEGORY, "problem-list-item")], recorder={"display": "Dr B"})
    bare = condition("c3", "M46.1", category=[code(CATEGORY, "problem-list-item")])
    record = read(encounter, problem, bare)
    diagnoses = told(record, "diagnosis")
    assert [(event.certainty, event.author) for event in diagnoses] == [
        ("coded", "Dr A"),
        ("stated", "Dr B"),
        ("coded", None),
    ]
    assert {event.attributes()["category"] for event in diagnoses} == {"sij_dysfunction"}


def test_a_condition_of_the_joint_tells_its_onset_and_recording_bounds_it_from_below():
    onset = condition("c1", "M53.3", onsetDateTime="2025-02", bodySite=[code(SCT, "39723000", RIGHT)])
    recorded = condition("c2", "M46.1", recordedDate="2026-01-15")
    first, second = told(read(onset, recorded), "onset")
    assert (first.happened.text(), first.side) == ("2025-02", "right")
    # Recorded on 15 January: the pain had begun by then, whenever that was.
    assert (second.happened.from_, second.happened.to) == (None, date(2026, 1, 15))
    diagnosis = told(read(recorded), "diagnosis")[0]
    assert diagnosis.happened.model_dump() == {"sure_from": "2026-01-15", "sure_to": "2026-01-15"}


@pytest.mark.parametrize(
    ("icd", "category", "side"),
    [
        ("M16.11", "hip_disease", "right"),
        ("M1612", "hip_disease", "left"),
        ("C50.911", "cancer_history", "none"),
        ("C79.51", "tumour", "unknown"),
        ("M45.9", "inflammatory_arthropathy", "none"),
        ("E11.9", "diabetes", "none"),
        ("M54.31", "radiculopathy", "right"),
        ("I10", "other", "none"),
        ("S32.10XA", "fracture", "unknown"),
        ("A41.9", "infection", "none"),
        ("M81.0", "osteoporosis", "none"),
        ("G83.4", "cauda_equina", "none"),
    ],
)
def test_icd_codes_tell_category_and_side(icd, category, side):
    event = told(read(condition("c", icd)), "diagnosis")[0]
    assert (event.attributes()["category"], event.side) == (category, side)


def test_a_code_may_tell_two_categories():
    categories = [event.attributes()["category"] for event in told(read(condition("c", "M80.051A")), "diagnosis")]
    assert categories == ["osteoporosis", "fracture"]


def test_a_pelvic_ring_fracture_is_an_injury_too():
    record = read(condition("c", "S32.811A", onsetDateTime="2024-05-01"))
    assert known(one(record, "trauma")) == {"major_pelvic": True}


def test_nicotine_from_smoking_status_and_from_codes():
    record = read(
        observation("s", "72166-2", valueCodeableConcept=code(SCT, "266919005")),
        condition(
            "c", "F17.210", clinicalStatus=code("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved")
        ),
    )
    assert [(event.attributes()["status"], event.certainty) for event in told(record, "nicotine")] == [
        ("never", "stated"),
        ("former", "coded"),
    ]


def test_laboratory_values_are_converted_to_the_analytes_unit():
    record = read(
        observation("crp", "1988-5", valueQuantity={"value": 0.21, "code": "mg/dL"}),
        observation("a1c", "4548-4", valueQuantity={"value": 36, "code": "mmol/mol"}),
        observation("wbc", "6690-2", valueQuantity={"value": 7.4, "unit": "K/uL"}),
        observation("esr", "4537-7", valueQuantity={"value": 12, "code": "mm/h"}),
    )
    values = {event.attributes()["analyte"]: event.attributes()["value"] for event in told(record, "laboratory")}
    assert values == {"crp": 2.1, "hba1c": pytest.approx(5.445, abs=0.001), "leucocytes": 7.4, "esr": 12.0}


def test_a_result_that_is_only_a_bound():
    # Below 5 cannot exceed 5, so 5 stands for it; above 8 has no number that would not flatter.
    record = read(
        observation("crp", "1988-5", valueQuantity={"value": 5, "comparator": "<", "code": "mg/L"}),
        observation("a1c", "4548-4", valueQuantity={"value": 8, "comparator": ">", "code": "%"}),
    )
    event = one(record, "laboratory")
    assert (event.attributes()["value"], event.note) == (5.0, "reported as < 5 mg/l")
    assert [(u.resource, u.relevant) for u in record.unmapped] == [("Observation/a1c", True)]


def test_examination_findings_by_name_share_the_panels_day_side_and_visit():
    panel = resource(
        "Observation",
        "panel",
        status="final",
        code={"text": "SI joint provocation tests"},
        effectiveDateTime="2026-02-02",
        encounter={"reference": "Encounter/v"},
        bodySite=code(SCT, "39723000", LEFT),
        hasMember=[{"reference": f"Observation/{name}"} for name in ("tt", "faber", "asl")],
    )
    member = {"status": "final"}
    tests = [
        resource(
            "Observation",
            "tt",
            code={"text": "Thigh thrust test"},
            valueCodeableConcept=code(SCT, "10828004"),
            **member,
        ),
        resource("Observation", "faber", code={"text": "FABER (Patrick) test"}, valueString="negative", **member),
        resource(
            "Observation",
            "asl",
            code={"text": "Active straight leg raise"},
            dataAbsentReason=code("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed"),
            **member,
        ),
    ]
    record = read(panel, *tests, resource("Encounter", "v", status="finished", period={"start": "2026-02-02"}))
    events = told(record, "examination")
    assert [known(event) for event in events] == [
        {"thigh_thrust": "positive"},
        {"faber": "negative"},
        {"aslr": "not_done"},
    ]
    assert {(event.side, event.encounter, event.happened.text()) for event in events} == {
        ("left", "Encounter/v", "2026-02-02")
    }
    assert record.unmapped == ()


def test_components_are_read_each():
    whole = resource(
        "Observation",
        "x",
        status="final",
        code={"text": "Physical examination"},
        effectiveDateTime="2026-02-02",
        bodySite=code(SCT, RIGHT),
        component=[
            {"code": {"text": "Gaenslen"}, "valueBoolean": True},
            {"code": {"text": "Sacral thrust"}, "valueBoolean": False},
        ],
    )
    events = told(read(whole), "examination")
    assert [(event.side, known(event)) for event in events] == [
        ("right", {"gaenslen": "positive"}),
        ("right", {"sacral_thrust": "negative"}),
    ]


def test_reports_tell_method_region_and_coded_findings():
    report = resource(
        "DiagnosticReport",
        "r",
        status="final",
        code=code(CPT, "72192", text="CT pelvis"),
        effectiveDateTime="2026-02-02",
        conclusion="Degenerative change.",
        conclusionCode=[code(ICD, "M47.818")],
    )
    words = resource(
        "DiagnosticReport",
        "w",
        status="final",
        code={"text": "MRI lumbar spine"},
        effectiveDateTime="2026-02-03",
        conclusion="No stenosis.",
    )
    record = read(report, words)
    first, second = told(record, "imaging")
    assert known(first) == {"method": "ct", "region": "pelvis", "degeneration": "present"}
    assert (second.side, known(second)) == ("none", {"method": "mri", "region": "lumbar"})
    assert any("DiagnosticReport/w, conclusion: is free text" in warning for warning in record.warnings)


def test_an_imaging_study_by_dicom_modality():
    study = resource(
        "ImagingStudy",
        "s",
        status="available",
        started="2026-02-02T08:00:00Z",
        series=[
            {
                "uid": "1",
                "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"},
                "bodySite": {"system": SCT, "code": "39723000"},
            }
        ],
    )
    assert known(one(read(study), "imaging")) == {"method": "mri", "region": "si_joint"}


def test_claims_are_coded_and_authorisations_intended():
    def claim(name, **more):
        return resource(
            "Claim",
            name,
            status="active",
            created="2026-03-20",
            provider={"display": "x"},
            diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": code(ICD, "M53.3")}],
            item=[
                {
                    "sequence": 1,
                    "productOrService": code(CPT, "27096"),
                    "modifier": [code(CPT, "LT")],
                    "servicedDate": "2026-03-14",
                }
            ],
            **more,
        )

    record = read(claim("c1", use="claim"))
    event = one(record, "injection")
    assert (event.side, event.certainty, event.modality, event.happened.text()) == (
        "left",
        "coded",
        "actual",
        "2026-03-14",
    )
    assert one(record, "diagnosis").certainty == "coded"
    wanted = read(claim("c2", use="preauthorization"))
    assert [event.modality for event in told(wanted, "injection")] == ["intended"]
    assert told(wanted, "diagnosis") == []


def test_one_happening_in_three_resources_is_one_occasion():
    bill = resource(
        "ExplanationOfBenefit",
        "e",
        status="active",
        use="claim",
        created="2026-03-20",
        item=[
            {
                "sequence": 1,
                "productOrService": code(CPT, "27096"),
                "modifier": [code(CPT, "LT")],
                "servicedDate": "2026-03-14",
            }
        ],
    )
    after = pain("a", 1, "2026-03-14T10:30:00Z", partOf=[{"reference": "Procedure/inj"}])
    found = [o for o in occasions(read(injection(), bill, after).events) if o.kind == "injection"]
    assert len(found) == 1
    assert found[0].values["score_after"] == 1.0


def test_medicines_by_class_dose_and_span():
    statement = resource(
        "MedicationStatement",
        "m",
        status="completed",
        effectivePeriod={"start": "2025-04-18", "end": "2025-07-18"},
        medicationReference={"reference": "#med"},
        contained=[{"resourceType": "Medication", "id": "med", "code": {"text": "Naproxen 500 mg tablet"}}],
        dosage=[
            {
                "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": 0.5, "code": "g"}}],
            }
        ],
    )
    event = one(read(statement), "medication")
    assert known(event) == {"drug": "naproxen", "drug_class": "nsaid", "dose_mg": 500.0, "doses_per_day": 2.0}
    assert event.happened.text() == "2025-04-18 to 2025-07-18"


def test_an_active_medicine_surely_runs_until_it_was_asserted():
    statement = resource(
        "MedicationStatement",
        "m",
        status="active",
        effectivePeriod={"start": "2026-01"},
        dateAsserted="2026-06-01",
        medicationCodeableConcept=code("http://www.whocc.no/atc", "M01AE02"),
    )
    event = one(read(statement), "medication")
    assert event.happened.model_dump() == {"from": "2026-01-01", "sure_from": "2026-01-31", "sure_to": "2026-06-01"}
    assert event.attributes()["stopped_because"] == "ongoing"


def test_relatives_are_not_the_patient():
    family = resource(
        "FamilyMemberHistory",
        "f",
        status="completed",
        relationship={"text": "mother"},
        condition=[{"code": code(ICD, "M45.9")}],
    )
    event = one(read(family), "diagnosis")
    assert (event.modality, event.attributes()["category"]) == ("family", "inflammatory_arthropathy")


def test_allergies_that_matter():
    record = read(
        resource("AllergyIntolerance", "a", code={"text": "Iodinated contrast media"}),
        resource("AllergyIntolerance", "b", code={"text": "Nickel"}),
        resource("AllergyIntolerance", "c", code={"text": "Penicillin"}),
        resource("AllergyIntolerance", "d", code=code(SCT, "716186003", text="No known allergy")),
    )
    assert [known(event) for event in told(record, "symptom")] == [
        {"symptom": "contrast_allergy", "answer": "reported"},
        {"symptom": "metal_allergy", "answer": "reported"},
    ]
    assert one(record, "diagnosis").attributes()["category"] == "metal_allergy"
    assert [u.relevant for u in record.unmapped] == [False, False]


def test_coverage_adverse_event_and_pregnancy():
    record = read(
        resource(
            "Coverage",
            "cov",
            status="active",
            payor=[{"reference": "Organization/o"}],
            period={"start": "2026-01-01"},
            **{"class": [{"type": code("x", "plan"), "value": "PPO"}]},
        ),
        {"resourceType": "Organization", "id": "o", "name": "Aetna"},
        resource("AdverseEvent", "ae", actuality="actual", event={"text": "Wound haematoma"}, date="2026-05-01"),
        resource("AdverseEvent", "af", actuality="actual", event={"text": "Deep infection"}, date="2026-05-02"),
        observation("pr", "82810-3", valueCodeableConcept=code(SCT, "77386006")),
        observation("np", "82810-3", valueCodeableConcept=code(SCT, "60001007")),
    )
    assert known(one(record, "coverage")) == {"payer": "Aetna", "plan": "PPO"}
    # "Wound haematoma" is two categories at once, so it is neither.
    assert [event.attributes()["category"] for event in told(record, "adverse_event")] == [None, "deep_infection"]
    assert [(event.modality, known(event)) for event in told(record, "pregnancy")] == [
        ("actual", {"outcome": "ongoing"}),
        ("negated", {}),
    ]


def test_what_matters_and_is_not_mapped_is_listed_as_relevant():
    record = read(
        condition("c", "M54.50"),
        resource("Procedure", "p", status="completed", code=code(CPT, "22899")),
        resource(
            "DocumentReference",
            "d",
            type={"text": "Operative note"},
            description="SI joint fusion",
            content=[{"attachment": {"title": "note.pdf", "data": "QUJD"}}],
        ),
        resource("Procedure", "q", status="completed", code={"text": "Tonsillectomy"}),
    )
    listed = {u.resource: u.relevant for u in record.unmapped}
    assert listed == {"Condition/c": True, "Procedure/p": True, "DocumentReference/d": True, "Procedure/q": False}


def test_author_comes_from_the_resource_else_from_provenance():
    record = read(
        pain("x", 7, performer=[{"reference": "Practitioner/d"}]),
        pain("y", 6, "2026-03-11"),
        {"resourceType": "Practitioner", "id": "d", "name": [{"given": ["Ada"], "family": "Bo"}]},
        {
            "resourceType": "Provenance",
            "id": "pv",
            "target": [{"reference": "Observation/y"}],
            "recorded": "2026-03-11T09:00:00Z",
            "agent": [{"who": {"display": "Nurse C"}}],
        },
    )
    assert [event.author for event in told(record, "pain_score")] == ["Ada Bo", "Nurse C"]


def test_a_happening_without_a_date_has_its_visits_days_else_the_bound_of_its_recording():
    visit = resource("Encounter", "v", status="finished", period={"start": "2026-02-02", "end": "2026-02-03"})
    dated = pain("x", 7, encounter={"reference": "Encounter/v"})
    bare = pain("y", 6, issued="2026-03-01T10:00:00Z")
    for one_of in (dated, bare):
        del one_of["effectiveDateTime"]
    first, second = told(read(visit, dated, bare), "pain_score")
    assert first.happened.text() == "2026-02-02 to 2026-02-03"
    assert second.happened.text() == "by 2026-03-01"


def test_age_at_onset_is_a_span_from_the_birth():
    record = read(condition("c", "M53.3", onsetAge={"value": 40, "code": "a"}))
    onset = one(record, "onset")
    assert onset.happened.from_ == date(2020, 5, 2)
    assert date(2021, 5, 2) <= onset.happened.to <= date(2021, 5, 2) + timedelta(days=4)


def test_document_and_message_bundles_and_bundles_within_bundles():
    inner = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": pain("x", 7), "search": {"mode": "match"}}],
    }
    composition = resource(
        "Composition", "c", status="final", type=code(LOINC, "11506-3"), section=[{"entry": [{"reference": "#"}]}]
    )
    record = read(
        {"resourceType": "Bundle", "type": "document", "entry": [{"resource": composition}, {"resource": inner}]}
    )
    assert one(record, "pain_score").attributes()["nrs"] == 7.0


def test_references_by_urn_and_by_address():
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
                "request": {"method": "POST", "url": "Patient"},
                "resource": {"resourceType": "Patient", "birthDate": "1980-05-02"},
            },
            {
                "request": {"method": "POST", "url": "Observation"},
                "resource": {**pain("x", 7), "subject": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}},
            },
        ],
    }
    from nutation.record.fhir import read_resources

    record = read_resources([bundle], "t.json")
    assert record.patient == "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    assert told(record, "pain_score")
    far = "https://fhir.example.org/r4/"
    entries = [
        {"fullUrl": f"{far}Patient/p1", "resource": {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-02"}},
        {"fullUrl": f"{far}Observation/x", "resource": {**pain("x", 7), "subject": {"reference": f"{far}Patient/p1"}}},
    ]
    record = read_resources([{"resourceType": "Bundle", "type": "collection", "entry": entries}], "t.json")
    assert one(record, "pain_score").source.system == "https://fhir.example.org/r4"


def test_left_and_right_by_hand():
    record = read(pain("l", 7, bodySite=code(SCT, LEFT)), pain("r", 3, bodySite={"text": "right buttock"}))
    assert [(e.side, e.attributes()["site"]) for e in told(record, "pain_score")] == [
        ("left", None),
        ("right", "buttock"),
    ]
