"""The plan's page in a browser: it asks for nothing, complains of nothing, and fits a phone and a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from nutation.report import plan_html
from report.test_plan_pages import pictures, told


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_quiet_whole_and_fits(browser: Browser, tmp_path: Path, width: int) -> None:
    one = told()
    file = tmp_path / "plan.html"
    file.write_text(plan_html.render(one, pictures(one)), "utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "request", lambda request: heard.append(request.url) if not request.url.startswith(("data:", "file:")) else None
    )
    page.goto(file.as_uri())
    assert heard == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    page.close()
