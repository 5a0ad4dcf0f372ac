"""The page as a browser shows it: nothing is asked of a network, nothing runs but ours, and it fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from nutation.report import html
from report.answered_examples import answered
from report.test_html import poisoned, small


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Browser, file: Path, width: int, mode: str = "light") -> tuple[Page, list[str]]:
    """The page, and what it asked for or complained about beyond itself."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=mode)  # pyright: ignore[reportArgumentType]
    told: list[str] = []
    page.on("dialog", lambda dialog: (told.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: told.append(f"console {message.text}"))
    page.on("pageerror", lambda error: told.append(f"error {error}"))
    page.on("request", lambda request: told.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    return page, told


def test_the_page_is_quiet_and_fits_a_phone_and_a_desk(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "case.html"
    for name in ("bilateral", "septic-sacroiliitis"):
        file.write_text(html.render(answered(name)), "utf-8")
        for width in (360, 1280):
            page, told = opened(browser, file, width)
            assert told == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
            page.close()


def test_what_a_record_carries_does_not_run(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "case.html"
    file.write_text(html.render(poisoned(small(), None)), "utf-8")
    page, told = opened(browser, file, 1280)
    page.wait_for_timeout(200)
    assert told == []
    assert page.locator("img").count() == 0
    page.close()


def test_a_link_to_a_criterion_opens_what_hides_it(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "case.html"
    file.write_text(html.render(answered("discordant-policies")), "utf-8")
    page, told = opened(browser, file, 1280)
    policy = page.locator("#p-left-CARELON-MSK05")
    assert policy.get_attribute("open") is None
    page.locator("a[href='#p-left-CARELON-MSK05']").first.click()
    page.wait_for_timeout(100)
    assert policy.get_attribute("open") is not None
    page.locator("#p-left-CARELON-MSK05 a.event-link").first.click()
    page.wait_for_timeout(100)
    assert page.evaluate("document.querySelector(':target').classList.contains('event')")
    assert told == []
    page.close()


def test_the_dark_page_is_dark(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "case.html"
    file.write_text(html.render(answered("one-block-only")), "utf-8")
    found: dict[str, str] = {}
    for mode in ("light", "dark"):
        page, _ = opened(browser, file, 1280, mode)
        found[mode] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.close()
    assert found == {"light": "rgb(243, 245, 246)", "dark": "rgb(16, 23, 27)"}
