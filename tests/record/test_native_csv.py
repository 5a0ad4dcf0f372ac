"""Own events as a table: wide, long, with other separators, and what a bad table gets."""

from __future__ import annotations

import pytest

from nutation.record.errors import InputError
from nutation.record.native import parse_events
from nutation.record.native_build import record_of
from nutation.record.record import Record

WIDE = """kind,patient,side,happened,nrs,score_before,score_after,note,asked_not_known,drug
person,p-1,,1972-04-11,,,,,,
pain_score,p-1,left,2026-01-05,7,,,"before work, standing",,
injection,p-1,left,2026-03,,7,1.5,,relief_hours;volume_ml,
medication,p-1,,2025-01/2025-03,,,,,,12
"""


def read(text: str) -> Record:
    return record_of(parse_events(text, "t.csv"), system="t.csv")


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    return str(caught.value)


def test_one_row_is_one_event_and_an_empty_cell_is_not_recorded() -> None:
    person, score, injection, medication = read(WIDE).events
    assert person.side == "none"
    assert score.attributes() == {"nrs": 7.0, "site": None, "rates": None}
    assert score.note == "before work, standing"
    assert injection.attributes()["score_after"] == 1.5
    assert injection.asked_not_known == ("relief_hours", "volume_ml")
    assert injection.attributes()["sedation"] is None
    assert medication.attributes()["drug"] == "12"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_seen(separator: str) -> None:
    text = "kind,patient,side,happened,nrs\npain_score,p-1,left,2026-01-05,7\n"
    assert read(text.replace(",", separator)).events[0].attributes()["nrs"] == 7


def test_the_long_form_is_the_same_events() -> None:
    text = """event,kind,patient,side,happened,field,value
a,pain_score,p-1,left,2026-01-05,nrs,7
b,laboratory,p-1,,2026-02-01,analyte,crp
a,,,,,site,si_region
b,,,,,value,2.5
"""
    score, crp = read(text).events
    assert score.attributes() == {"nrs": 7.0, "site": "si_region", "rates": None}
    assert (crp.attributes()["analyte"], crp.attributes()["value"]) == ("crp", 2.5)


def test_source_columns_and_the_name_of_the_patient() -> None:
    text = "kind,patient,patient_label,happened,status,source_system,source_resource\n"
    record = read(text + "nicotine,p-1,A. Person,2026-01-05,never,EHR,Observation/1\n")
    assert record.label == "A. Person"
    assert record.events[0].source.text() == "EHR Observation/1"


HEAD = "kind,patient,side,happened,nrs,note\n"
BAD = {
    "a column that is none": ("kind,patient,happend\n", ["row 1", "no column 'happend'", "did you mean happened?"]),
    "a column twice": ("kind,patient,kind\n", ["row 1", "'kind' stands twice"]),
    "a cell too many": (HEAD + "pain_score,p,left,2026-01-05,7,a,b\n", ["row 2", "without a column: 'b'"]),
    "a score out of range": (HEAD + "pain_score,p,left,2026-01-05,70,\n", ["row 2, column nrs", "divide by 10"]),
    "a field of another kind": (HEAD + "onset,p,left,2026-01-05,7,\n", ["row 2, column nrs", "onset has no field"]),
    "a row after a long cell": (
        HEAD + 'pain_score,p,left,2026-01-05,7,"two\nlines"\npain_score,p,left,2026-13-05,7,\n',
        ["row 4, column happened"],
    ),
    "an open quote": (HEAD + 'pain_score,p,left,2026-01-05,7,"open\n', ["row 2", "not a table"]),
    "two patients": (
        HEAD + "pain_score,p,left,2026-01-05,7,\npain_score,q,left,2026-01-05,7,\n", ["2 patients ('p', 'q')"],
    ),
    "no patient": ("kind,happened\nperson,1970\n", ["patient is not named"]),
    "a huge cell": (HEAD + "pain_score,p,left,2026-01-05,7," + "x" * 200_000 + "\n", ["row 2", "field limit"]),
    "told twice in the long form": (
        "event,kind,patient,happened,field,value\na,score,p,2026-01-01,value,3\na,,,,value,4\n",
        ["row 3", "'3' and as '4'"],
    ),
    "an unknown field in the long form": (
        "event,kind,patient,happened,field,value\na,score,p,2026-01-01,valu,3\n", ["row 2, column field", "'valu'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "named"), BAD.values(), ids=BAD.keys())
def test_a_bad_table(text: str, named: list[str]) -> None:
    message = refused(text)
    for part in ["t.csv", "To mend it:", *named]:
        assert part in message
