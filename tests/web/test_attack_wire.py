"""Away from our own place, and the bare wire: redirects, hosts, what is there twice, and what is no request at all."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.store import Store, people
from nutation.web import csrf
from nutation.web.middleware import uvicorn_options
from nutation.web.settings import Settings
from web.attacked import EVERYBODY
from web.made import PASSWORD, add_person, browser, field, sign_in_as, signs_in

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client(app: FastAPI, store: Store) -> TestClient:
    return sign_in_as(app, add_person(store, EVERYBODY, shown="Dr R. Halvorsen"))


# ── elsewhere ────────────────────────────────────────────────────────────────────────────────────────

ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example",
    "/\t/evil.example", "https:evil.example", "javascript:a()", "/\r\nSet-Cookie: nutation=x", "/../..//evil.example",
    "///evil.example", "http://testserver@evil.example", "/sign-out", ".evil.example", "@evil.example",
    "data:text/html,x", "/\u202emoc.live//",
)  # fmt: skip


def test_nothing_leads_away_after_signing_in(store: Store, app: FastAPI) -> None:
    add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    for wanted in ELSEWHERE:
        page = browser(app).get("/sign-in", params={"next": wanted})
        assert re.match(r"(/[^/\\]|\Z)", field(page.text, "goes_on")), wanted
        client = browser(app)
        answer = signs_in(client, "lee", PASSWORD, goes_on=wanted)
        assert answer.status_code == 303
        place = answer.headers["location"]
        assert place.startswith("/"), wanted
        assert not place.startswith(("//", "/\\", "/sign-out")), wanted
        assert [one.partition("=")[0] for one in answer.headers.get_list("set-cookie")] == ["nutation"], wanted
        assert client.get("/sign-in/code", params={"next": wanted}).headers["location"] == "/"


def test_the_host_is_ours_whatever_a_request_says(client: TestClient, app: FastAPI, store: Store) -> None:
    evil = "evil.example"
    for host in (evil, f"{evil}:80", f"testserver.{evil}", f"testserver@{evil}", f"{evil}#testserver", "", "*", "[::1"):
        assert client.get("/people", headers={"Host": host}).status_code == 400, host
    told = {
        "X-Forwarded-Host": evil, "X-Host": evil, "Forwarded": f"host={evil};proto=https", "X-Original-URL": "/people",
        "X-Rewrite-URL": "/people", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1",
    }  # fmt: skip
    for place in ("/sign-in", "/worklist", "/worklist/", "/people"):
        answer = client.get(place, headers=told)
        assert evil not in answer.text + str(answer.headers), place
    assert sign_in_as(app, add_person(store, ["researcher"])).get("/account", headers=told).status_code == 200
    person = add_person(store, ["therapist"])
    assert evil not in client.post(f"/people/{person}/invite", headers=told).text


def test_twice_of_what_is_there_once(client: TestClient, app: FastAPI, store: Store) -> None:
    good = client.cookies["nutation"]
    bare = browser(app)
    for cookie in (f"nutation=x; nutation={good}", f"nutation={good}; nutation=x", "nutation=; nutation=", "nutation"):
        assert bare.get("/people", headers={"Cookie": cookie}).status_code in (200, 303)
    hosts = [("host", "testserver"), ("host", "evil.example")]
    for told in (hosts, hosts[::-1]):
        answer = bare.get("/sign-in", headers=told)  # type: ignore[arg-type]
        assert "evil.example" not in answer.text
        assert answer.status_code in (200, 400)
    fields = "&".join(f"{csrf.FIELD}={one}" for one in ("x", client.headers[csrf.HEADER], "y"))
    del client.headers[csrf.HEADER]
    answer = client.post("/people", content=f"{fields}&name=a&shown=A", headers={"Content-Type": FORM})
    assert answer.status_code == 403
    with store.read() as conn:
        assert people.by_name(conn, "a") is None


# ── the bare wire ────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def listening(app: FastAPI, settings: Settings) -> Iterator[int]:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **uvicorn_options(settings)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def said(port: int, request: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=1)) as asked:
        told = b""
        with suppress(ConnectionError, TimeoutError):
            asked.sendall(request)
            while more := asked.recv(65536):
                told += more
        return told


HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: " + FORM.encode() + b"\r\n"
WIRE = {
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length and chunks": HEAD.replace(b"Connection: close\r\n", b"")
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunks spelt otherwise": HEAD + b"Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n\r\n" + HIDDEN,
    "a length that is none": HEAD + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length without end": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a line within a header": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": HEAD + b"Content-Length : %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "a header without end": HEAD + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "an address elsewhere": b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n",
    "no host": b"GET /sign-in HTTP/1.1\r\nConnection: close\r\n\r\n",
    "an older protocol": b"GET /people HTTP/0.9\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00" + bytes(range(256)),
    "an empty folder before the page": b"GET //people HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "out of the folder of styles": b"GET /static/../app.py HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "a zero byte": b"GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: \0\r\n\r\n",
}


def test_what_is_no_request_is_refused_and_hides_no_other(
    app: FastAPI, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with listening(app, settings) as port:
        for what, request in WIRE.items():
            told = said(port, request)
            assert b" 500 " not in told.partition(b"\r\n")[0], what
            statuses = [line.split(b" ")[1] for line in told.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
            assert all(b"400" <= one < b"500" for one in statuses), (what, statuses)
            assert len(statuses) == 1, (what, statuses)
        good = b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        assert said(port, good).startswith(b"HTTP/1.1 200")
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "smuggled" not in logged
    assert "evil.example" not in logged
