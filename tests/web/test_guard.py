"""What stands before every page: headers, hosts, sizes, the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request, UploadFile
from fastapi.responses import Response

from nutation.store import Store, accesses
from nutation.web.context import Current, needs, signed_in
from nutation.web.guard import check_routes, guarded
from nutation.web.rendering import render
from nutation.web.security_headers import CONTENT_SECURITY_POLICY
from web.made import add_person, browser, made_app, settings_for, sign_in_as

SECRET = "Hildegard Unverwechselbar"
PATIENT = "0123456789abcdef0123456789abcdef"


def with_pages(app: FastAPI) -> FastAPI:
    """Pages as the clinic's will be: one of a patient, one that breaks, one that takes a file."""
    router = APIRouter()

    @router.get("/test/{patient}/page")
    def page(request: Request, patient: str, who: Annotated[Current, Depends(needs("see_patient"))]) -> Response:
        return render(request, "refusal.html.j2", heading=SECRET, text="<script>alert(1)</script>")

    @router.get("/test/broken")
    def broken(who: Annotated[Current, Depends(signed_in)], name: str = "") -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error

    @router.post("/test/upload")
    def upload(file: UploadFile, who: Annotated[Current, Depends(signed_in)]) -> int:
        return len(file.file.read())

    @router.post("/test/number")
    def number(who: Annotated[Current, Depends(signed_in)], number: Annotated[int, Form()]) -> int:
        return number

    app.include_router(router)
    return app


@pytest.fixture
def lee(store: Store) -> str:
    return add_person(store, ["surgeon"])


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_headers_stand_on_every_answer(app: FastAPI, lee: str) -> None:
    client = sign_in_as(with_pages(app), lee)
    for place in ("/sign-in", "/account", "/no-such-page", f"/test/{PATIENT}/page", "/people", "/test/broken"):
        headers = client.get(place).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
        assert "strict-transport-security" not in headers
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert browser(app).get("/", headers={"Host": "evil.example"}).headers["x-frame-options"] == "DENY"


def test_hosts_that_are_not_ours_are_refused(app: FastAPI) -> None:
    client = browser(app)
    assert client.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
    for host in ("testserver", "127.0.0.1:8000", "localhost", "[::1]:8000"):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 200


def test_the_log_tells_of_patterns_and_of_nothing_else(app: FastAPI, lee: str, log: pytest.LogCaptureFixture) -> None:
    client = sign_in_as(with_pages(app), lee)
    answer = client.get(f"/test/{PATIENT}/page?name={SECRET}")
    client.get(f"/{SECRET}?x={PATIENT}")
    client.post("/test/number", data={"number": SECRET})
    client.get(f"/test/broken?name={SECRET}")
    told = "\n".join(record.getMessage() for record in log.records if record.name.startswith(("nutation", "uvicorn")))
    assert f"{answer.headers['x-request-id']} GET /test/{{patient}}/page 200" in told
    assert "GET (no page) 404" in told
    assert "RuntimeError at test_guard.py" in told
    assert "ValueError at test_guard.py" in told
    for word in (SECRET, SECRET.replace(" ", "%20"), "Hildegard", PATIENT, client.cookies["nutation"], "testclient"):
        assert word not in told


def test_what_was_not_foreseen_is_answered_with_a_number_alone(app: FastAPI, lee: str) -> None:
    answer = sign_in_as(with_pages(app), lee).get("/test/broken")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert SECRET not in answer.text


def test_developers_see_the_error(store: Store, sqlite_url: str, lee: str) -> None:
    app = with_pages(made_app(store, settings_for(sqlite_url, show_errors=True)))
    with pytest.raises(RuntimeError, match=SECRET):
        sign_in_as(app, lee).get("/test/broken")


def test_wrong_input_is_not_repeated(app: FastAPI, lee: str) -> None:
    answer = sign_in_as(with_pages(app), lee).post("/test/number", data={"number": SECRET})
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert "body.number" in answer.text


def test_text_does_not_become_markup(app: FastAPI, lee: str) -> None:
    text = sign_in_as(with_pages(app), lee).get(f"/test/{PATIENT}/page").text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_who_opened_whose_page_is_kept(store: Store, app: FastAPI, lee: str) -> None:
    with_pages(app)
    answer = sign_in_as(app, lee).get(f"/test/{PATIENT}/page?q=secret")
    other = add_person(store, ["researcher"])
    assert sign_in_as(app, other).get(f"/test/{PATIENT}/page").status_code == 403
    sign_in_as(app, lee).get(f"/test/{SECRET}/page")
    with store.read() as conn:
        last, refused, first = accesses.latest(conn)
        assert accesses.of_patient(conn, PATIENT) == [refused, first]
    assert (first.person, first.patient, first.refused) == (lee, PATIENT, False)
    assert first.what == "GET /test/{patient}/page"
    assert first.request == answer.headers["x-request-id"]
    assert (refused.person, refused.patient, refused.refused) == (other, PATIENT, True)
    assert last.patient is None  # what is no id is not written down: it could be a name


def test_the_list_of_accesses_names_people_and_no_patient(store: Store, app: FastAPI, lee: str) -> None:
    sign_in_as(with_pages(app), lee).get(f"/test/{PATIENT}/page")
    admin = sign_in_as(app, add_person(store, ["administrator"]))
    page = admin.get("/accesses").text
    assert "GET /test/{patient}/page" in page
    assert PATIENT[:8] in page
    assert "GET /test" in admin.get(f"/accesses?of={PATIENT}").text
    assert "GET /test" not in admin.get(f"/accesses?of={'f' * 32}").text
    assert "GET /test" in admin.get(f"/accesses?person={lee}").text
    assert admin.get("/accesses?before=1").status_code == 200
    assert admin.get(f"/accesses?before={2**63}").status_code == 422


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("signed", "size", "status"),
    [
        ("whole", 3 * MEGABYTE, 200), ("whole", 5 * MEGABYTE, 413), ("half", 3 * MEGABYTE, 413),
        ("half", MEGABYTE, 303), ("no", 3 * MEGABYTE, 413), ("no", MEGABYTE, 401),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunked", [False, True])
def test_uploads_have_a_limit_and_large_ones_are_read_for_people_alone(
    store: Store, sqlite_url: str, lee: str, *, signed: str, size: int, status: int, chunked: bool
) -> None:
    app = with_pages(made_app(store, settings_for(sqlite_url, upload_limit_mb=4)))
    client = browser(app) if signed == "no" else sign_in_as(app, lee, second_factor=signed == "whole")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
    tail = b"\r\n--b--\r\n"

    def parts() -> Iterator[bytes]:
        yield head
        for _ in range(size // MEGABYTE):
            yield b"x" * MEGABYTE
        yield tail

    content = parts() if chunked else b"".join(parts())
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/test/upload", content=content, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == size


def test_forms_have_a_limit(app: FastAPI, lee: str) -> None:
    client = sign_in_as(with_pages(app), lee)
    assert client.post("/test/number", data={"number": "1" * 3 * MEGABYTE}).status_code == 413
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    chunks = iter([b"number=", b"1" * 3 * MEGABYTE])
    assert client.post("/test/number", content=chunks, headers=headers).status_code == 413


def test_an_app_with_an_open_route_does_not_start(app: FastAPI) -> None:
    check_routes(app)
    router = APIRouter()

    @router.get("/open/{patient}")
    def opened(patient: str) -> str:
        return patient

    outer = APIRouter()
    outer.include_router(router, prefix="/inner")
    app.include_router(outer, prefix="/outer")
    with pytest.raises(RuntimeError, match=re.escape("GET /outer/inner/open/{patient}")):
        check_routes(app)


def test_rights_that_a_router_or_its_inclusion_asks_for_are_seen() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    by_router = APIRouter(dependencies=[Depends(needs("see_audit"))])
    by_inclusion = APIRouter()
    for router, path in ((by_router, "/a"), (by_inclusion, "/b")):
        router.add_api_route(path, lambda: 1, methods=["GET"])
    app.include_router(by_router)
    app.include_router(by_inclusion, dependencies=[Depends(needs("sign"))])
    assert [(one.path, one.rights) for one in guarded(app)] == [("/a", ("see_audit",)), ("/b", ("sign",))]


def test_a_proxy_is_believed_only_where_it_is_trusted(store: Store, sqlite_url: str) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    for trusted, https in (((), False), (("testclient",), True)):
        client = browser(made_app(store, settings_for(sqlite_url, trusted_proxies=trusted)))
        answer = client.get("/sign-in", headers=headers)
        assert ("strict-transport-security" in answer.headers) == https
        assert ("Secure" in answer.headers["set-cookie"]) == https
