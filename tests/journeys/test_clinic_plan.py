"""A plan from the browser: asked for, opened, an implant nudged and judged live, kept, stated and printed."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pypdf import PdfReader

from journeys.clinic_server import PASSWORD, Server, add_staff, served
from nutation.web import islands_build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(290)]

GL = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("clinic-plan")
    images = folder / "images"
    command = [sys.executable, "-m", "nutation", "plan", "phantom", str(images), "--resolution", "2", "--quiet"]
    subprocess.run(command, check=True)
    file = folder / "clinic.db"
    file.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{file}"
    add_staff(url)
    with served(url, folder, NUTATION_IMAGES=str(images)) as running:
        yield running


@pytest.fixture
def surgeon(server: Server, chromium: str) -> Generator[Page]:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium, args=list(GL))
        page = browser.new_page(base_url=server.address, viewport={"width": 1280, "height": 900})
        page.goto("/sign-in")
        page.get_by_label("Name").fill("halvorsen")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".bar details.menu summary")).to_be_visible()
        yield page
        browser.close()


def added(page: Page) -> str:
    """A patient with the number that the practice image carries."""
    page.goto("/patients/add")
    page.get_by_label("Name", exact=True).fill("Pavel Dvorak")
    page.locator('[name="id.0.value"]').fill("PHANTOM")
    page.locator('[name="id.0.system"]').fill("image")
    page.get_by_role("button", name="Add the patient").click()
    expect(page).to_have_url(re.compile(r"/patients/[0-9a-f]{32}"))
    found = re.search(r"/patients/[0-9a-f]{32}", page.url)
    assert found is not None
    return found[0]


def until(page: Page, address: str, there: Callable[[], bool]) -> None:
    """Look at a page again until what is waited for is on it; the reason is told where a job failed."""
    for _ in range(120):
        page.goto(address)
        assert page.get_by_text("could not be made").count() == 0, page.locator("main").inner_text()
        if there():
            return
        page.wait_for_timeout(1000)
    raise AssertionError(page.locator("main").inner_text())


def test_a_plan_is_made_moved_stated_and_printed(surgeon: Page) -> None:
    assert islands_build.ensure() == ""
    page = surgeon
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    patient = added(page)
    plans = f"{patient}/plans"
    page.goto(plans)
    page.select_option('[name="image"]', "ct")
    page.select_option('[name="labels"]', "labels.nii.gz")
    page.locator('[name="side"][value="left"]').check()
    page.select_option('[name="count"]', "1")
    page.select_option('[name="resolution"]', "2.0")
    page.get_by_role("button", name="Make the plan").click()
    rows = page.locator("tbody tr")
    until(page, plans, lambda: rows.count() == 1)

    page.locator("tbody a").first.click()
    expect(page.locator("[data-plan-nudges]")).to_be_visible(timeout=120_000)
    before = page.locator('[data-told="clearance"]').first.inner_text()
    page.locator('button[data-way="cranial"]').click(modifiers=["Shift"])
    told = page.locator("[data-plan-told] table")
    expect(told).to_be_visible(timeout=30_000)
    expect(page.locator('[name="shift"]')).to_have_value("5 cranial")
    assert before.split(" mm")[0] in told.inner_text()
    page.locator('button[data-way="caudal"]').click()
    expect(page.locator('[name="shift"]')).to_have_value("4 cranial")
    expect(page.locator("[data-plan-pictures] img").first).to_be_visible(timeout=60_000)
    page.locator('[name="shift"]').fill("1 sideways")
    expect(page.locator("[data-plan-told] .problem")).to_contain_text("no way to move an implant")
    page.locator('[name="shift"]').fill("1 cranial")
    page.get_by_role("button", name="Keep as a plan of its own").click()
    until(page, plans, lambda: rows.count() == 2)
    expect(rows.first).to_contain_text("moved by hand: 1 cranial")

    page.locator("tbody a").first.click()
    page.locator('form[action$="/state"] [name="side"][value="left"]').check()
    page.select_option('[name="levels"]', "S1,S2,S3")
    page.locator('[name="looked"]').check()
    page.get_by_role("button", name="State side and levels").click()
    until(page, plans, lambda: rows.count() == 3)
    expect(rows.first).to_contain_text("stated by Dr R. Halvorsen")
    page.locator("tbody a").first.click()
    link = page.get_by_role("link", name="Operation sheet (PDF)").first.get_attribute("href")
    assert link is not None
    sheet = page.request.get(link)
    assert sheet.headers["content-type"] == "application/pdf"
    text = " ".join(part.extract_text() for part in PdfReader(io.BytesIO(sheet.body())).pages)
    assert "LEFT" in text
    assert "Dr R. Halvorsen" in text
    assert not wrong


def test_what_cannot_be_planned_says_why(surgeon: Page) -> None:
    page = surgeon
    page.goto("/patients/add")
    page.get_by_label("Name", exact=True).fill("Somebody Else")
    page.locator('[name="id.0.value"]').fill("12345")
    page.locator('[name="id.0.system"]').fill("image")
    page.get_by_role("button", name="Add the patient").click()
    expect(page).to_have_url(re.compile(r"/patients/[0-9a-f]{32}"))
    plans = page.url.split("?")[0] + "/plans"
    page.goto(plans)
    page.select_option('[name="image"]', "ct")
    page.select_option('[name="labels"]', "labels.nii.gz")
    page.locator('[name="side"][value="left"]').check()
    page.select_option('[name="resolution"]', "2.0")
    page.get_by_role("button", name="Make the plan").click()
    for _ in range(180):
        page.goto(plans)
        if page.get_by_text("could not be made").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator("main")).to_contain_text("of two patients: identifier 12345 in the record")
