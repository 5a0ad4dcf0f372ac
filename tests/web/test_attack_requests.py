"""Requests that no browser makes: other characters, far too much of everything, files that are something else.

Whatever is sent, the answer is a page or a refusal, never a failure; and nothing of it gets into headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.datastructures import QueryParams

from nutation.store import Store, people
from nutation.web.settings import Settings
from nutation.web.worklist_query import asked_of
from web.attacked import EVERYBODY, ORIGIN, Attacked, attacked_in, filled
from web.entries_made import patient_of
from web.made import Clock, add_person, made_app, sign_in_as

LONG = "9" * 5000
MARKS = "\u202e\u2066"
VALUES = (
    "²", "٣", "-1", "1e400", "nan", "a\0b", "2026-02-30", "0000-01-01", "10000-01-01", "x" * 20_000,
    "m\r\nX-Injected: 1", f"{MARKS}left", "../../etc/passwd", "9223372036854775808",
)  # fmt: skip
WORST = (LONG, "\0")
"""Sent in every place: ``int`` raises for so many digits, and a database for that character."""
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary"


@pytest.fixture(scope="module")
def made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked_in(tmp_path_factory.mktemp("attacked"), sqlite_template) as made, made.client:
        yield made


@pytest.fixture
def client(app: FastAPI, store: Store) -> TestClient:
    return sign_in_as(app, add_person(store, EVERYBODY, shown="Dr R. Halvorsen"))


def stands(answer: Any, asked: object) -> None:
    assert answer.status_code < 500, (asked, answer.text[:200])
    assert "x-injected" not in answer.headers, asked
    assert answer.headers.get("location", "/").startswith(("/", f"{ORIGIN}/")), asked


# ── addresses ────────────────────────────────────────────────────────────────────────────────────────


def test_whatever_an_address_asks_for(made: Attacked) -> None:
    asked = 0
    for path, methods in made.app.openapi()["paths"].items():
        place = filled(path, made.one)
        for told in methods.get("get", {}).get("parameters", ()):
            if told["in"] == "query":
                rest = [VALUES[(3 * asked + at) % len(VALUES)] for at in range(3)]
                for value in (*WORST, *rest):
                    stands(made.client.get(place, params={told["name"]: value}), (place, told["name"], value[:20]))
                asked += 1
    assert asked > 30


def test_whatever_the_worklist_is_asked_for(made: Attacked) -> None:
    """Its page reads the address itself, with tolerance: nothing in it is refused."""
    names = ("text", "page", "sort", "due", "stage", "gate", "waits")
    queries = [urlencode({name: value}) for name in names for value in (*WORST, *VALUES)]
    queries += ["&".join(f"stage=decision&text={n}" for n in range(2500)), "%ff=%fe&%zz&=&&&text=%ed%a0%80"]
    for query in queries:
        answer = made.client.get(f"/worklist?{query}")
        stands(answer, query[:40])
        assert answer.status_code == 200, query[:40]
    for page in ("²", "٣", "-1", "0", LONG, " 2", "2_0"):
        assert asked_of(QueryParams({"page": page})).page == 1


def test_whatever_stands_in_a_path(made: Attacked) -> None:
    places = {**made.one, "form": "injection", "side": "left"}
    paths = (
        "/patients/{patient}", "/patients/{patient}/documents/{document}", "/patients/{patient}/requests/{request_id}",
        "/patients/{patient}/plans/{plan}", "/patients/{patient}/forms/{form}", "/patients/{patient}/joints/{side}",
        "/patients/{patient}/conference/{conference}", "/harm/{report}", "/research/patients/{patient}",
    )  # fmt: skip
    odd = ("%00", "%ff", "%c0%ae%c0%ae", "x" * 4000, "%0d%0aX-Injected:1", "%E2%80%AE", "%ed%a0%80", "null")
    for path in paths:
        for name, value in places.items():
            for one in (*odd, f"{value}%00", f"%20{value}", value.upper()):
                if f"{{{name}}}" in path:
                    place = path.replace(f"{{{name}}}", one).format(**places)
                    answer = made.client.get(place)
                    stands(answer, place)
                    assert answer.status_code in (403, 404, 422), place


def test_a_slash_at_the_end_leads_to_the_same_path_here_without_it(made: Attacked) -> None:
    """Also where dots stand before it: a browser takes them away, and comes to a page that it may open anyway."""
    base = f"/patients/{made.one['patient']}"
    for path in ("/patients/%2e%2e", f"{base}/joints/%2e%2e", f"{base}/plans/%2e%2e", "/harm/%2e%2e", "/people"):
        for slash in ("/", "%2f"):
            answer = made.client.get(path + slash)
            told = (answer.status_code, answer.headers.get("location"))
            assert told == (307, ORIGIN + path.replace("%2e", ".")), path + slash
        assert made.client.get(path).status_code == (200 if path == "/people" else 404), path
    for path in ("/%2fevil.example/", "/%5cevil.example/", "/.%2fevil.example/", "/http:%2f%2fevil.example/"):
        assert made.client.get(path).status_code == 404, path


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────

FORMS = (
    "/patients/add", "/people", "/settings", "/request-days", "/modes/planning", "/worklist/views", "/account/password",
    "/patients/{}/forms/letter", "/patients/{}/forms/injection", "/patients/{}/identity", "/patients/{}/conference",
    "/patients/{}/judgement", "/patients/{}/override", "/patients/{}/harm", "/patients/{}/merge",
    "/patients/{}/requests", "/patients/{}/documents", "/patients/{}/import", "/patients/{}/plans/images",
)  # fmt: skip
FIELDS = (
    "name", "shown", "title", "asked", "day", "letter.text", "id.0.value", "id.0.system", "on", "what", "reason",
    "words", "value", "choice", "type", "dated", "wanted", "held", "held_name", "head", "token", "answer", "do", "sent",
    "side", "recovery_months", "responsible", "validation", "old", "new", "action", "born", "person.0.sex",
    "present.0.name",
)  # fmt: skip
BYTES = (b"%ED%A0%80", b"%00", b"%FF%FE", b"9" * 9000, b"%E2%80%AE", b"2026-02-30", b"%0D%0AX-Injected:+1")
OF_THE_DATABASE = 4
"""So many of them a database may refuse; the others only reading can fail on, which is the same on both."""


def parts(value: bytes, kind: str) -> dict[str, Any]:
    told = b"".join(
        b'--B\r\nContent-Disposition: form-data; name="' + one.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for one in FIELDS
    )
    return {"content": told + b"--B--\r\n", "headers": {"Content-Type": f"{MULTIPART}=B{kind}"}}


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_whatever_a_form_holds(url: str, request: pytest.FixtureRequest, settings: Settings, clock: Clock) -> None:
    """On both databases: one of them takes what the other refuses, such as a zero byte."""
    with opened(url, request) as store:
        app = made_app(store, settings, clock)
        client = sign_in_as(app, add_person(store, EVERYBODY))
        patient = patient_of(store)
        with client:
            for form in (one.format(patient) for one in FORMS):
                for value in BYTES if url == "sqlite" else BYTES[:OF_THE_DATABASE]:
                    body = b"&".join(one.encode() + b"=" + value for one in FIELDS)
                    stands(client.post(form, content=body, headers={"Content-Type": FORM}), (form, value[:20]))
                stands(client.post(form, **parts(b"\xff\xfe\x00", "")), form)
            assert client.get("/people").status_code == 200
            assert client.get(f"/patients/{patient}").status_code == 200


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    if kind == "sqlite":
        store = Store.open(request.getfixturevalue("sqlite_url"))
        yield store
        store.close()
        return
    with request.getfixturevalue("postgresql").fresh() as url:
        store = Store.open(url)
        yield store
        store.close()


CHARSETS = ("utf-7", "undefined", "idna", "unicode_escape", "utf-16", "punycode", "rot13", "zlib_codec", "x" * 1000, "")
PARAMETERS = (
    "; charset={}", "; CharSet = {}", '; charset="{}"', "; charset*=utf-8''{}", "; charset*0={}", "; charset=utf-8{}x",
    ";charset={}; charset=utf-8", "; charset=utf-8;charset={}", '; x="; charset=utf-8"; charset={}', ";\xa0charset={}",
)  # fmt: skip


def test_a_body_is_taken_in_utf_8_alone(client: TestClient, store: Store) -> None:
    """In other codecs of Python some bytes are no character, or an error."""
    with client:
        for kind in CHARSETS:
            for told in (one.format(kind) for one in PARAMETERS):
                for form, content in ((FORM, b"name=a&shown=b"), (f"{MULTIPART}=B", parts(b"+2AA-", "")["content"])):
                    kind_told = {"Content-Type": (form + told).encode("latin-1")}
                    assert client.post("/people", content=content, headers=kind_told).status_code == 415, told
        assert client.post("/people", **parts("Zoë".encode(), "; charset=UTF-8")).status_code == 200
        plain = {"content": "name=ann&shown=Ann&role=surgeon", "headers": {"Content-Type": f'{FORM};charset="utf-8"'}}
        assert client.post("/people", **plain).status_code == 200
    with store.read() as conn:
        assert people.by_name(conn, "zoë") is not None
        assert people.by_name(conn, "ann") is not None


def test_a_length_is_a_number_of_bytes(client: TestClient) -> None:
    """A number that is too long for Python to read is too large; what is no number is counted when it arrives."""
    for length, status in ((LONG, 413), ("9" * 18, 413), ("-1", 303), ("²", 303)):
        told = {"Content-Length": length.encode("latin-1"), "Content-Type": FORM.encode()}
        assert client.post("/request-days", content=b"sent=5", headers=told).status_code == status, length[:20]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"&".join(b"a%d=1" % n for n in range(3000))),
        (FORM, b"\xff=\xff&%%%=%zz&=&&"),
        ("multipart/form-data", b"x"),
        (f"{MULTIPART}=", b"x"),
        (f"{MULTIPART}=" + "B" * 300, b"--B\r\n"),
        (f"{MULTIPART}=B", b"--B\r\nX: y\r\n\r\nx\r\n--B--\r\n"),
        (f"{MULTIPART}=B", b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'),
        (f"{MULTIPART}=B", b"--B\r\nContent-Disposition: form-data; filename*=a''%00\r\n\r\n--B--"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"csrf": "\\ud800", "ask": NaN, "implant": 1e999}'),
        ("application/json", b"\xff"),
        ("text/xml", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
        ("", b"x" * 1000),
        ("x" * 5000, b"x"),
    ],
)
def test_a_body_of_another_kind(made: Attacked, kind: str, body: bytes) -> None:
    base = f"/patients/{made.one['patient']}"
    forms = ("/people", "/sign-in", f"{base}/forms/injection", f"{base}/documents", f"{base}/import")
    for form in (*forms, f"{base}/plans/{made.one['plan']}/check"):
        answer = made.client.post(form, content=body, headers={"Content-Type": kind})
        stands(answer, (form, kind[:40]))
        assert "root:" not in answer.text


# ── uploads ──────────────────────────────────────────────────────────────────────────────────────────

ESCAPED = "escaped.nii"
FILE_NAMES = (
    f"../../../{ESCAPED}", "..\\..\\x.pdf", "\0.pdf", "x" * 4000 + ".pdf", f"{MARKS}fdp.nii",
    'a"\r\nX-Injected: 1.yaml', "CON.pdf", ".htaccess", "", "a/b.zip", "<img src=x onerror=a()>.png", "x.nii", "x.html",
)  # fmt: skip
CONTENTS = (
    b"", b"%PDF-1.7\n%%EOF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"PK\x03\x04", b"GIF89a",
    b"<script>a()</script>", b"[", b"{}", b"&a [*a]",
    b'{"resourceType":"Patient","id":"\\ud800","name":[{"text":"\\ud800"}]}',
    b'patient: "\\0"\nlabel: "a\\0b"\nevents:\n  - {kind: pain_score, happened: 2026-08-01, nrs: 3, note: "\\0"}\n',
    b"!!python/object/apply:os.system ['touch touched']", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
)  # fmt: skip


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_hostile_files_at_every_upload(
    url: str, request: pytest.FixtureRequest, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    with opened(url, request) as store:
        app = made_app(store, settings.model_copy(update={"images": folder}), clock)
        patient = patient_of(store)
        before = {one for one in tmp_path.rglob("*") if folder not in one.parents}
        uploads = (
            (f"/patients/{patient}/documents", "files", {"type": "referral"}),
            (f"/patients/{patient}/import", "file", {"do": "take", "same": "yes", "partial": "yes"}),
            ("/patients/import", "file", {"do": "take", "into": "new", "name": "Made Up", "partial": "yes"}),
            (f"/patients/{patient}/plans/images", "files", {}),
        )
        with sign_in_as(app, add_person(store, EVERYBODY)) as client:
            for number, content in enumerate(CONTENTS):
                for at, (place, name, told) in enumerate(uploads):
                    for file in {FILE_NAMES[(step * number + at) % len(FILE_NAMES)] for step in (1, 3)}:
                        sent = client.post(place, data=told, files={name: (file, content, "text/html")})
                        stands(sent, (place, file[:30], content[:30]))
            assert client.get("/worklist").status_code == 200
            assert client.get(f"/patients/{patient}").status_code == 200
        assert {one for one in tmp_path.rglob("*") if folder not in one.parents} == before
        assert not any((above / ESCAPED).exists() for above in folder.parents)
        assert not Path("touched").exists()  # what a record in YAML would have run
