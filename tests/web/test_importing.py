"""A record from a file: looked at first, taken whole or not at all, with whom it is said to be of, and never twice."""

from __future__ import annotations

import base64
import json
import re
import zipfile
import zlib
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from nutation.record.errors import InputError
from nutation.record.standing import standing
from nutation.store import Store, events, patients
from nutation.store.schema import patient as patient_table
from nutation.web import importing
from nutation.web.importing import Upload, held, read_upload, unheld
from web.entries_made import bodies, clinic, hidden, patient_of, told_wrong
from web.made import NOW

PATH = "/patients/import"
HELD = ("token", "held", "held_name", "wanted", "do")
NATIVE = b"""patient: P-9
label: Mara Quist
events:
  - {kind: person, happened: 1980-02-03, sex: female}
  - {kind: pain_score, happened: 2026-08-01, side: left, nrs: 7, site: si_region, rates: average}
"""
FAULTY = NATIVE + b"  - {kind: pain_score, happened: 2026-08-02, side: left, nrs: 70}\n"


def uploads(client: TestClient, path: str, content: bytes, name: str = "events.yaml", **told: str) -> Any:
    return client.post(path, data=told, files={"file": (name, content, "application/octet-stream")})


def takes(client: TestClient, path: str, page: str, **told: str) -> Any:
    """Send the page that shows what a file tells, with what is chosen there."""
    return client.post(path, data=hidden(page, *HELD) | told)


def how_many(store: Store) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(patient_table)).scalar_one()


def imported(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/patients/([0-9a-f]{32})/import\?done=1", answer.headers["location"])
    assert found is not None
    return found[1]


def test_a_file_is_looked_at_before_anything_is_kept_and_then_becomes_a_patient(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    seen = uploads(client, PATH, NATIVE)
    assert seen.status_code == 200
    assert how_many(store) == 0
    for told in ("Mara Quist", "3 Feb 1980", "P-9", "pain score 1", "person 1"):
        assert told in seen.text
    one = imported(takes(client, PATH, seen.text))
    with store.read() as conn:
        known, record = patients.get(conn, one), events.record_of(conn, one)
    assert (known.label, known.born, known.identifiers) == ("Mara Quist", date(1980, 2, 3), (("record", "P-9"),))
    assert [event.kind for event in record.events] == ["person", "pain_score"]
    assert {event.source.system for event in record.events} == {"events.yaml"}
    (body,) = bodies(store, one, "import")
    assert (body["file"], body["bytes"], body["events"], body["partial"]) == ("events.yaml", len(NATIVE), 2, False)
    page = client.get(f"/patients/{one}/import?done=1").text
    assert "Taken: 2 events from events.yaml." in page


def test_the_content_decides_and_not_the_name(app: FastAPI, examples: Path) -> None:
    client = clinic(app)
    for name, ending in (("events.yaml", ".csv"), ("record.json", ".yaml")):
        seen = uploads(client, PATH, (examples / "classic-degenerative" / name).read_bytes(), f"a file{ending}")
        assert seen.status_code == 200
        assert "injection 3" in seen.text


def test_lines_of_fhir_are_read_too(app: FastAPI, store: Store, examples: Path) -> None:
    bundle = json.loads((examples / "classic-degenerative" / "record.json").read_text())
    lines = "\n".join(json.dumps(entry["resource"]) for entry in bundle["entry"]).encode()
    client = clinic(app)
    seen = uploads(client, PATH, lines, "all.txt")
    one = imported(takes(client, PATH, seen.text, name="Anna Berg"))
    with store.read() as conn:
        assert len(events.record_of(conn, one).events) > 10


def test_a_name_that_the_file_does_not_tell_is_asked_for(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    content = NATIVE.replace(b"label: Mara Quist\n", b"").replace(
        b"  - {kind: person, happened: 1980-02-03, sex: female}\n", b""
    )
    seen = uploads(client, PATH, content)
    assert told_wrong(takes(client, PATH, seen.text).text) == ["The file tells no name."]
    assert how_many(store) == 0
    again = takes(client, PATH, seen.text, name="Mara Quist", born="3.2.1980")
    with store.read() as conn:
        assert patients.get(conn, imported(again)).born == date(1980, 2, 3)


def test_faults_are_told_with_their_place_and_nothing_is_kept(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    answer = uploads(client, PATH, FAULTY, "mine.yaml")
    assert answer.status_code == 422
    (wrong,) = told_wrong(answer.text)
    assert wrong.startswith("mine.yaml, line 6")
    assert "To mend it" in answer.text
    assert "tmp" not in wrong
    assert "nutation-import-" not in answer.text
    assert how_many(store) == 0


def test_in_part_only_with_a_tick_and_what_is_left_out_is_listed(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    seen = uploads(client, PATH, FAULTY, "mine.yaml", partial="yes")
    assert seen.status_code == 200
    assert "Left out, since it could not be read" in seen.text
    assert "line 6" in seen.text
    one = imported(client.post(PATH, data=hidden(seen.text, *HELD, "partial")))
    with store.read() as conn:
        record = events.record_of(conn, one)
    assert len(record.events) == 2
    assert any(text.startswith("Left out:") and "line 6" in text for text in record.warnings)
    (body,) = bodies(store, one, "import")
    assert (body["partial"], body["left_out"]) == (True, 1)
    assert "line 6" in client.get(f"/patients/{one}/import").text


def test_what_the_page_says_of_the_command_line(app: FastAPI) -> None:
    patient = {"resourceType": "Patient", "birthDate": "1980-02-30", "name": [{"text": "Mara"}]}
    content = json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient | {"id": "a"}}]}
    )
    answer = uploads(clinic(app), PATH, content.encode(), "b.json")
    assert "--" not in re.sub(r"<[^>]*>", "", answer.text.split("wrong-title")[1].split("</section>")[0])
    assert "tick: leave out what cannot be read" in answer.text


def test_one_of_several_patients_is_named_on_the_page(app: FastAPI, store: Store) -> None:
    several = [
        {"resource": {"resourceType": "Patient", "id": name, "name": [{"text": name}]}} for name in ("Ada", "Bea")
    ]
    content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": several}).encode()
    client = clinic(app)
    answer = uploads(client, PATH, content, "b.json")
    assert "tells of 2 patients" in told_wrong(answer.text)[0]
    assert "Patient in the file" in answer.text
    seen = uploads(client, PATH, content, "b.json", wanted="Bea")
    one = imported(takes(client, PATH, seen.text))
    with store.read() as conn:
        assert patients.get(conn, one).label == "Bea"


# -- whose record it is ------------------------------------------------------------------------------


def test_the_same_record_again_is_recognised_by_its_number_and_adds_nothing(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    one = imported(takes(client, PATH, uploads(client, PATH, NATIVE).text))
    seen = uploads(client, PATH, NATIVE)
    assert "has this number: P-9 (record)" in seen.text
    assert f'value="{one}"' in seen.text
    open_ = takes(client, PATH, seen.text)
    assert open_.status_code == 422
    assert told_wrong(open_.text) == ["It is not answered who this is."]
    assert how_many(store) == 1
    assert imported(takes(client, PATH, open_.text, into=one)) == one
    with store.read() as conn:
        assert patients.get(conn, one).length == 4  # patient, events, identifier, import: the second time added none
    assert how_many(store) == 1


def test_another_person_with_the_number_is_a_new_patient_without_it(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    with store.write() as conn:
        other = patients.add(conn, "Otto Other", by="test", at=NOW, identifiers=[("record", "P-9")])
    seen = uploads(client, PATH, NATIVE)
    one = imported(takes(client, PATH, seen.text, **{f"other.{other}": "yes", "into": "new"}))
    assert one != other
    with store.read() as conn:
        assert patients.get(conn, one).identifiers == ()
        assert patients.with_identifier(conn, "record", "P-9") == other


def test_someone_of_that_name_is_shown_first(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    with store.write() as conn:
        other = patients.add(conn, "Quist, Mara", by="test", at=NOW)
    seen = uploads(client, PATH, NATIVE)
    assert "Quist, Mara" in seen.text
    assert takes(client, PATH, seen.text, into="new").status_code == 422
    assert how_many(store) == 1
    assert imported(takes(client, PATH, seen.text, into=other)) == other
    with store.read() as conn:
        assert len(events.record_of(conn, other).events) == 2


def test_a_target_that_was_not_shown_is_refused(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    with store.write() as conn:
        stranger = patients.add(conn, "Stranger", by="test", at=NOW)
    seen = uploads(client, PATH, NATIVE)
    answer = takes(client, PATH, seen.text, into=stranger)
    assert told_wrong(answer.text) == ["This patient is none of those shown."]
    with store.read() as conn:
        assert events.record_of(conn, stranger).events == ()


def test_into_a_patient_who_differs_only_after_a_look(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="test", at=NOW, born=date(1979, 5, 17))
    path = f"/patients/{one}/import"
    seen = uploads(client, path, NATIVE)
    assert "The file is of Mara Quist, and this patient is Anna Berg." in seen.text
    assert "born on 3 Feb 1980, and this patient on 17 May 1979" in seen.text
    assert takes(client, path, seen.text).status_code == 422
    with store.read() as conn:
        assert events.record_of(conn, one).events == ()
    assert imported(takes(client, path, seen.text, same="yes")) == one
    with store.read() as conn:
        assert len(events.record_of(conn, one).events) == 2


def test_a_newer_version_of_a_resource_replaces_the_older(app: FastAPI, store: Store) -> None:
    def bundle(nrs: int, version: str) -> bytes:
        score = {
            "resourceType": "Observation", "id": "o1", "status": "final", "meta": {"versionId": version},
            "subject": {"reference": "Patient/p"}, "effectiveDateTime": "2026-08-01", "valueInteger": nrs,
            "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        }  # fmt: skip
        person = {"resourceType": "Patient", "id": "p", "name": [{"text": "Mara Quist"}], "birthDate": "1980-02-03"}
        entries = [{"resource": person}, {"resource": score}]
        return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()

    client = clinic(app)
    one = imported(takes(client, PATH, uploads(client, PATH, bundle(7, "1"), "b.json").text))
    path = f"/patients/{one}/import"
    imported(takes(client, path, uploads(client, path, bundle(4, "2"), "b.json").text))
    with store.read() as conn:
        stand = standing(events.record_of(conn, one).events)
    assert [getattr(event, "nrs", None) for event in stand if event.kind == "pain_score"] == [4]


def test_what_cannot_be_true_beside_the_record_keeps_the_whole_file_out(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    one = patient_of(store, label="Anna Berg", with_answer=False)
    before = len(bodies(store, one, "events"))
    score = b"{kind: pain_score, happened: 1950-01-01, side: left, nrs: 7, recorded_at: 2026-08-01}"
    content = b"patient: X\nevents:\n  - " + score + b"\n"
    path = f"/patients/{one}/import"
    answer = takes(client, path, uploads(client, path, content).text)
    assert answer.status_code == 422
    assert "birth" in told_wrong(answer.text)[0]
    assert len(bodies(store, one, "events")) == before
    assert bodies(store, one, "import") == []
    with store.read() as conn:
        assert patients.with_identifier(conn, "record", "X") is None


# -- hostile files -----------------------------------------------------------------------------------


def _zip() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("events.yaml", NATIVE)
    return out.getvalue()


def _laughs() -> bytes:
    """A YAML of a few lines that stands for a billion words."""
    lines = ["l0: &l0 [" + "ha, " * 10 + "]"]
    lines += [f"l{n}: &l{n} [" + f"*l{n - 1}, " * 10 + "]" for n in range(1, 9)]
    return "\n".join([*lines, "events: *l8"]).encode()


HOSTILE: tuple[tuple[bytes, str], ...] = (
    (b"", "The file is empty."),
    (b"   \n", "The file is empty."),
    (b"\x89PNG\r\n\x1a\n" + bytes(500), "not UTF-8"),
    (b"%PDF-1.7", "a PDF"),
    (_zip(), "a ZIP archive"),
    (zlib.compress(NATIVE), "not UTF-8"),
    (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "XML"),
    (b"[" * 100_000 + b"]" * 100_000, "nested"),
    (b'{"resourceType": "Bundle", "type": "collection", "entry": ' + b'{"a":' * 50_000, "nested more than"),
    (b"events: " + b"[" * 5000, "nested more than"),
    (_laughs(), "grows beyond"),
    (b"patient: p\nevents:\n  - !!python/object/apply:os.system ['true']\n", "The tag"),
    (b'{"patient": "p", "events": [{"kind": "' + b"x" * 10_000_000 + b'"}]}', "There is no kind"),
    ("patient: p\nevents: []\n".encode("utf-16"), "UTF-16"),
    (b"patient: p\0\nevents: []\n", "binary"),
    (b'kind,patient\n"pain', "not a table"),
    (b"\xff" * 1000, "not UTF-8"),
)


def test_whatever_is_sent_is_an_error_in_words(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    for content, told in HOSTILE:
        answer = uploads(client, PATH, content, "../../etc/passwd")
        assert answer.status_code == 422, content[:40]
        (wrong,) = told_wrong(answer.text)
        assert told in wrong, content[:40]
        assert wrong.startswith("passwd"), content[:40]
        assert "/etc/" not in answer.text
        assert "Traceback" not in answer.text
        assert len(answer.text) < 40_000
    assert how_many(store) == 0


def test_a_file_that_is_too_large_is_refused_before_it_is_read(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LIMIT_BYTES", 2**20)
    answer = uploads(clinic(app), PATH, NATIVE + b"#" * 2**20)
    assert answer.status_code == 422
    assert "larger than 1 MB" in answer.text


def test_no_file_at_all(app: FastAPI) -> None:
    client = clinic(app)
    for answer in (client.post(PATH, data={"x": "y"}), client.post(PATH), client.post(PATH, files={"x": b"y"})):
        assert answer.status_code == 422
        assert told_wrong(answer.text) == ["No file was sent."]


def test_what_a_page_held_is_read_with_the_same_care(app: FastAPI) -> None:
    client = clinic(app)
    for text in ("!!!", "AAAA", "eNo", base64.urlsafe_b64encode(zlib.compress(b"x"))[:-5].decode(), "é"):
        assert unheld(text) is None
        assert told_wrong(client.post(PATH, data={"held": text, "do": "take"}).text) == ["No file was sent."]


def test_a_held_file_comes_back_to_the_byte_and_never_grows_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 50
    assert unheld(held(Upload("a", content))) == content
    monkeypatch.setattr(importing, "LIMIT_BYTES", 10_000)
    assert unheld(held(Upload("a", bytes(20_000)))) is None


def test_a_file_too_large_for_the_page_is_chosen_again(
    app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_HELD_MOST", 10)
    client = clinic(app)
    seen = uploads(client, PATH, NATIVE)
    assert "choose it once more" in seen.text
    assert told_wrong(takes(client, PATH, seen.text).text) == ["No file was sent."]
    imported(uploads(client, PATH, NATIVE, do="take"))
    assert how_many(store) == 1


def test_script_in_a_record_stays_text(app: FastAPI, store: Store) -> None:
    attack = "<script>alert(1)</script>"
    content = NATIVE.replace(b"Mara Quist", attack.encode()).replace(b"P-9", b'"<img src=x onerror=alert(1)>"')
    client = clinic(app)
    seen = uploads(client, PATH, content, "<script>alert(2)</script>.yaml")
    assert seen.status_code == 200
    one = imported(takes(client, PATH, seen.text))
    for page in (
        seen.text,
        client.get(f"/patients/{one}/import?done=1").text,
        client.get(f"/patients/{one}/identity").text,
    ):
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_the_readers_error_keeps_its_parts(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_upload(Upload("a.yaml", FAULTY))
    assert (refused.value.file, refused.value.place.partition(",")[0]) == ("a.yaml", "line 6")
    assert refused.value.mend
