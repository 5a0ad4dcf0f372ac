"""Worklist and patient in a real Chromium: they fit, they are quiet, they pass axe, and the keyboard is enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from nutation.store import events
from nutation.web import islands_build
from nutation.web.settings import Settings
from web.filled import NASTY, Clinic, clinic_in
from web.made import NOW
from web.test_patient_page import a_score

AXE: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}


@pytest.fixture(scope="module")
def clinic(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Clinic]:
    assert islands_build.ensure() == ""
    with clinic_in(tmp_path_factory.mktemp("browser"), sqlite_template) as made:
        yield made


@pytest.fixture(scope="module")
def address(clinic: Clinic) -> Iterator[str]:
    """The address at which the clinic's app is served by a real server."""
    config = uvicorn.Config(clinic.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings: Settings = clinic.app.state.settings
    clinic.app.state.settings = settings.model_copy(update={"port": port, "public_url": f"http://127.0.0.1:{port}"})
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def page_of(
    chrome: Browser,
    clinic: Clinic,
    address: str,
    *,
    role: str = "surgeon",
    width: int = 1400,
    mode: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> Iterator[tuple[Page, list[str]]]:
    """A page of somebody signed in, and what it complained about or asked for elsewhere."""
    context = chrome.new_context(
        viewport={"width": width, "height": 900}, color_scheme=mode, java_script_enabled=scripts
    )
    token = clinic.as_(role).cookies["nutation"]
    context.add_cookies([{"name": "nutation", "value": token, "url": address}])
    page, told = context.new_page(), list[str]()
    page.on("console", lambda message: told.append(f"console {message.text}"))
    page.on("pageerror", lambda error: told.append(f"error {error}"))
    page.on("dialog", lambda dialog: (told.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith(address) else told.append(request.url))
    try:
        yield page, told
    finally:
        context.close()


def places(clinic: Clinic) -> dict[str, str]:
    ids = clinic.ids
    return {
        "worklist": "/worklist",
        "both joints": f"/patients/{ids['bilateral']}",
        "standing gate": f"/patients/{ids['cauda-equina']}",
        "not screened, and a name that would run": f"/patients/{ids['silent-infection']}",
        "one joint in full": f"/patients/{ids['one-block-only']}/joints/right",
    }


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_pages_fit_and_are_quiet(clinic: Clinic, address: str, chrome: Browser, width: int) -> None:
    with page_of(chrome, clinic, address, width=width) as (page, told):
        for name, place in places(clinic).items():
            page.goto(address + place)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
        assert told == []


@pytest.mark.parametrize(("width", "mode"), [(360, "light"), (1400, "dark")])
@pytest.mark.slow
def test_pages_pass_axe(
    clinic: Clinic, address: str, chrome: Browser, width: int, mode: Literal["light", "dark"]
) -> None:
    with page_of(chrome, clinic, address, width=width, mode=mode) as (page, _):
        for name, place in places(clinic).items():
            page.goto(address + place)
            found = Axe().run(page, options=AXE).response["violations"]
            told = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found]
            assert told == [], f"{name} at {width}, {mode}"


def test_the_worklist_by_keyboard_alone(clinic: Clinic, address: str, chrome: Browser) -> None:
    with page_of(chrome, clinic, address) as (page, told):
        page.goto(f"{address}/worklist")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") == "Carl Ek"
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") == NASTY
        page.keyboard.press("k")
        page.keyboard.press("k")  # there is nobody before the first
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/patients/{clinic.ids['cauda-equina']}")
        page.goto(f"{address}/worklist")
        page.keyboard.press("/")
        page.keyboard.type("lund j")  # typed, not moved by
        assert page.evaluate("document.activeElement.value") == "lund j"
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.keyboard.press("Enter")
        page.wait_for_url("**/worklist?text=lund")
        expect(page.locator("a[data-row]")).to_have_count(2)
        assert told == []


def test_reasons_open_in_place_and_their_links_lead_to_the_events(
    clinic: Clinic, address: str, chrome: Browser
) -> None:
    with page_of(chrome, clinic, address) as (page, told):
        page.goto(f"{address}/patients/{clinic.ids['bilateral']}")
        opener = page.locator("#opens-left-source a.opener")
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#left-source")).to_be_visible()
        assert page.url.endswith(clinic.ids["bilateral"])
        expect(page.locator("#left-source").get_by_text("How the probability comes about")).to_be_visible()
        page.locator("#left-source a.event-link:visible").first.click()
        assert page.evaluate("document.querySelector(':target').classList.contains('event')")
        page.locator("#left-source a.cite:visible").first.click()
        page.wait_for_timeout(50)
        assert page.evaluate("document.querySelector('#sources').open")
        assert told == []


def test_everything_can_be_reached_without_scripts(clinic: Clinic, address: str, chrome: Browser) -> None:
    with page_of(chrome, clinic, address, scripts=False) as (page, _):
        page.goto(f"{address}/worklist")
        page.get_by_role("link", name="Bea Lund").first.click()
        page.wait_for_url(f"**/patients/{clinic.ids['bilateral']}")
        page.locator("#opens-left-source a.opener").click()
        page.wait_for_url("**/joints/left#left-source")
        expect(page.get_by_text("How the probability comes about")).to_be_visible()


def test_a_page_loads_itself_anew_when_the_answer_is_there(clinic: Clinic, address: str, chrome: Browser) -> None:
    one = clinic.ids["one-block-only"]
    with clinic.store.write() as conn:
        event = a_score(4, "2026-08-28").model_copy(update={"side": "right"})
        events.append_events(conn, one, [event], by="person", at=NOW)
    with page_of(chrome, clinic, address) as (page, told):
        page.goto(f"{address}/patients/{one}")
        expect(page.locator("#waiting")).to_be_visible()
        clinic.app.state.clock.on(minutes=1)
        from nutation.web.answering import answer_all

        answer_all(clinic.store, clinic.app.state.clock)
        expect(page.locator("#waiting")).to_have_count(0, timeout=8000)
        expect(page.get_by_text("Something was entered since")).to_have_count(0)
        assert told == []


def test_the_page_prints_with_everything_open(clinic: Clinic, address: str, chrome: Browser, tmp_path: Path) -> None:
    with page_of(chrome, clinic, address) as (page, _):
        page.goto(f"{address}/patients/{clinic.ids['bilateral']}")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("#s-1")).to_be_visible()
        expect(page.locator(".bar-search")).to_be_hidden()
        page.pdf(path=tmp_path / "patient.pdf")
        assert (tmp_path / "patient.pdf").stat().st_size > 20_000
