"""The clinic in a real browser, end to end: from the referral to a signed submission, and what must stop it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from journeys.clinic_server import PASSWORD, Server, add_staff, served, today
from nutation.record.head import Event
from nutation.record.native import write_events
from nutation.web.demo_patients import MadeUp, record_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SCREEN = (
    "saddle_numbness", "bladder_bowel", "progressive_weakness", "fever", "acute_severe_onset", "recent_infection",
    "iv_drug_use", "immunosuppression", "cancer_history", "weight_loss", "night_rest_pain", "recent_major_trauma",
    "osteoporosis", "long_term_steroid", "pregnant", "anticoagulation", "contrast_allergy", "metal_allergy",
    "active_skin_infection",
)  # fmt: skip
BATTERY = {
    "distraction": "positive", "thigh_thrust": "positive", "compression": "negative", "sacral_thrust": "positive",
    "gaenslen": "positive", "faber": "positive", "long_ligament": "positive", "aslr": "negative",
    "fortin_finger": "positive", "psis_tenderness": "positive", "hip_screen": "negative",
    "straight_leg_raise": "negative",
}  # fmt: skip
PLAN = "AETNA_CPB0016"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("clinic")
    file = folder / "clinic.db"
    file.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{file}"
    add_staff(url)
    with served(url, folder) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Generator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def come_in(server: Server, browser: Browser) -> Generator[Callable[[str], Page]]:
    """Sign somebody in, in a browser of their own."""
    contexts: list[BrowserContext] = []

    def signed_in(name: str) -> Page:
        context = browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".bar details.menu summary")).to_be_visible()
        return page

    yield signed_in
    for context in contexts:
        context.close()


def referral(folder: Path, name: str) -> Path:
    """The classic patient as referred: all but the safety screen, the surgeon's examination and the second block."""
    record = record_of(MadeUp(name, "classic-degenerative", 0), today())
    injections = [event for event in record.events if event.kind == "injection"]
    examinations = [event for event in record.events if event.kind == "examination"]
    missing = {injections[-1].id, examinations[-1].id}

    def stays(event: Event) -> bool:
        later = event.kind == "completeness" and event.attributes()["of"] == "injection"
        return event.id not in missing and event.kind != "safety_screen" and not later

    own = name.lower().replace(" ", "-")
    events = [event.model_copy(update={"patient": own}) for event in record.events if stays(event)]
    file = folder / f"{own}.yaml"
    write_events(replace(record, patient=own, events=tuple(events)), file)
    return file


def imported(page: Page, file: Path) -> str:
    """Import a record as a new patient and return the patient's address."""
    page.goto("/patients/import")
    page.get_by_label(re.compile("^File")).set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    if page.get_by_role("button", name=re.compile("^Add|^Import|^Take")).count():
        page.get_by_role("button", name=re.compile("^Add|^Import|^Take")).first.click()
    expect(page).to_have_url(re.compile(r"/patients/[0-9a-f]{32}"))
    found = re.search(r"/patients/[0-9a-f]{32}", page.url)
    assert found is not None
    return found[0]


def choose(page: Page, name: str, value: str) -> None:
    """Choose an answer as a person does: by its label."""
    here = f'input[name="{name}"][value="{value}"]'
    page.locator(f"label:has({here}), {here} + label").first.click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?saved="))


def screened(page: Page, patient: str, **reported: str) -> None:
    page.goto(f"{patient}/forms/safety_screen")
    for item in SCREEN:
        choose(page, f"screen.0.{item}", reported.get(item, "denied"))
    save(page)


def examined(page: Page, patient: str) -> None:
    page.goto(f"{patient}/forms/examination?side=left")
    choose(page, "examination.once.centralisation", "absent")
    choose(page, "examination.once.neurology", "normal")
    choose(page, "examination.left.tender_elsewhere", "absent")
    for test, result in BATTERY.items():
        choose(page, f"examination.left.{test}", result)
    save(page)


def second_block(page: Page, patient: str, *, after: str) -> None:
    page.goto(f"{patient}/forms/injection?side=left")
    page.locator('[name="day"]').fill(str(today()))
    words = {
        "role": "diagnostic", "target": "intra_articular", "guidance": "fluoroscopy", "contrast": "intra_articular",
        "anaesthetic": "bupivacaine", "steroid": "no", "sedation": "none", "other_injections_that_day": "no",
        "familiar_pain_before": "yes", "scored_side_pain": "yes", "same_movement": "yes",
    }  # fmt: skip
    for name, value in words.items():
        choose(page, f"injection.0.{name}", value)
    numbers = {"volume_ml": "1.5", "score_before": "7", "score_after": after, "scored_after_hours": "2"}
    for name, value in numbers.items():
        page.locator(f'[name="injection.0.{name}"]').fill(value)
    page.locator('[name="injection.0.relief_hours"]').fill("6" if after < "5" else "0")
    page.get_by_text("Are all injections recorded?").click()
    choose(page, "all_injections.injection", "yes")
    save(page)


def answered(page: Page, patient: str) -> None:
    """Wait until the stored answer is that of what was entered last."""
    for _ in range(60):
        page.goto(patient)
        if page.locator("#waiting").count() == 0 and page.get_by_text("Something was entered since").count() == 0:
            return
        page.wait_for_timeout(250)
    raise AssertionError("the answer was not made within a quarter of a minute")


def pdf_text(page: Page, address: str) -> str:
    from pypdf import PdfReader

    answer = page.request.get(address)
    assert answer.ok, answer.status
    return " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(answer.body())).pages)


def begun(page: Page, patient: str) -> str:
    """Begin a request for the patient's own plan and return its address."""
    page.goto(f"{patient}/requests")
    page.locator(f'[value="left:{PLAN}"]').check()
    page.get_by_role("button", name="Begin").click()
    expect(page).to_have_url(re.compile(r"/requests/[0-9a-f]{32}"))
    return page.url.split("?")[0]


def test_from_the_referral_to_a_signed_submission(come_in: Callable[[str], Page], tmp_path: Path) -> None:
    coordinator, therapist, surgeon = come_in("okafor"), come_in("dube"), come_in("halvorsen")
    patient = imported(coordinator, referral(tmp_path, "Miriam Aldaya"))
    answered(coordinator, patient)
    expect(coordinator.locator("main")).to_contain_text("not screened", ignore_case=True)

    screened(therapist, patient)
    examined(therapist, patient)
    answered(therapist, patient)
    expect(therapist.locator("main")).to_contain_text("Clear")
    expect(therapist.locator("main")).to_contain_text(re.compile("undetermined|not met"))

    second_block(surgeon, patient, after="1")
    answered(surgeon, patient)
    expect(surgeon.locator("main")).to_contain_text(PLAN)
    assert verdict(surgeon, patient) == "met"

    request = begun(coordinator, patient)
    assert "draft" in pdf_text(coordinator, f"{request}/submission/draft.pdf").lower()
    surgeon.goto(f"{request}/submission")
    signing(surgeon)
    link = surgeon.locator('a[href*="/signed/"]').first
    expect(link).to_be_visible()
    text = pdf_text(surgeon, str(link.get_attribute("href")))
    assert "Dr R. Halvorsen" in text
    assert "DRAFT" not in text
    for word in ("probability", "91 %"):
        assert word not in text
    worklist(coordinator, "Miriam Aldaya", "Authorisation")


def signing(page: Page) -> None:
    """Sign as the page asks for: with one's password once more."""
    form = page.locator("form", has=page.get_by_role("button", name=re.compile("^Sign")))
    for box in form.locator('input[type="checkbox"]').all():
        box.check()
    form.locator('input[type="password"]').fill(PASSWORD)
    form.get_by_role("button", name=re.compile("^Sign")).click()


def answer_of(page: Page, patient: str) -> Any:
    """The stored answer itself, as the patient's page links to it."""
    page.goto(patient)
    address = page.locator('a[href*="/answers/"]').first.get_attribute("href")
    assert address is not None
    return page.request.get(address.split("?")[0].rstrip("/") + "/document.json").json()


def verdict(page: Page, patient: str) -> str:
    """The verdict of the patient's own plan at the left joint."""
    policies = {one["id"]: one for one in answer_of(page, patient)["joints"][0]["indication"]["policies"]}
    return policies[PLAN]["verdict"]


def worklist(page: Page, name: str, stage: str) -> None:
    """The patient stands on the worklist, under that stage."""
    for _ in range(40):
        page.goto(f"/worklist?text={name.replace(' ', '+')}")
        if stage.lower() in page.locator("main").inner_text().lower() and name in page.locator("main").inner_text():
            heading = page.locator("main").inner_text()
            if re.search(rf"{stage}\s+1\b", heading):
                return
        page.wait_for_timeout(250)
    raise AssertionError(page.locator("main").inner_text())


def test_the_twin_whose_second_block_is_negative(come_in: Callable[[str], Page], tmp_path: Path) -> None:
    surgeon = come_in("halvorsen")
    patient = imported(surgeon, referral(tmp_path, "Mirjam Twinning"))
    screened(surgeon, patient)
    examined(surgeon, patient)
    second_block(surgeon, patient, after="7")
    answered(surgeon, patient)
    assert verdict(surgeon, patient) == "not_met"
    told = answer_of(surgeon, patient)
    operating = ("request_authorisation", "plan_operation")
    assert told["recommendation"]["action"] not in operating
    assert not [step for step in told["next"] if step["form"] == "operation"]
    request = begun(surgeon, patient)
    text = re.sub(r"\s+", " ", pdf_text(surgeon, f"{request}/submission/draft.pdf"))
    assert len(re.findall(r"[Ii]njection", text)) >= 2
    assert re.search(r"7 .{0,40}?1\b", text), text
    assert re.search(r"7 .{0,40}?7\b", text), text


def test_saddle_numbness_stops_everything(come_in: Callable[[str], Page], tmp_path: Path) -> None:
    therapist = come_in("dube")
    patient = imported(therapist, referral(tmp_path, "Sara Numb"))
    screened(therapist, patient, saddle_numbness="reported")
    answered(therapist, patient)
    expect(therapist.locator("main")).to_contain_text("Standing")
    expect(therapist.locator("main")).to_contain_text("Refer urgently")
    assert answer_of(therapist, patient)["recommendation"]["action"] == "refer_urgently"
    therapist.goto(f"{patient}/requests")
    assert therapist.get_by_role("button", name="Begin").count() == 0


def test_two_people_in_one_patient_both_keep_their_work(come_in: Callable[[str], Page], tmp_path: Path) -> None:
    therapist, surgeon = come_in("dube"), come_in("halvorsen")
    patient = imported(surgeon, referral(tmp_path, "Twofold Edit"))
    for page in (therapist, surgeon):
        page.goto(f"{patient}/forms/safety_screen")
        for item in SCREEN:
            choose(page, f"screen.0.{item}", "denied")
    save(therapist)
    surgeon.locator('details:has([name="screen.0.note"]) > summary').first.click()
    surgeon.locator('[name="screen.0.note"]').fill("Asked again by the surgeon.")
    surgeon.get_by_role("button", name="Save", exact=True).click()
    expect(surgeon.locator("main")).to_contain_text("Something was entered meanwhile")
    expect(surgeon.locator("main")).to_contain_text("K. Dube")
    expect(surgeon.locator('[name="screen.0.note"]')).to_have_value("Asked again by the surgeon.")
    surgeon.get_by_role("button", name="Save as well").click()
    expect(surgeon).to_have_url(re.compile(r"\?saved="))
    answered(surgeon, patient)
    history = surgeon.locator("main").inner_text()
    assert "K. Dube" in history
    assert "Dr R. Halvorsen" in history


def test_no_name_stands_in_the_servers_log(server: Server, come_in: Callable[[str], Page], tmp_path: Path) -> None:
    page = come_in("okafor")
    patient = imported(page, referral(tmp_path, "Loggless Name"))
    page.goto("/worklist?text=Loggless")
    log = server.log.read_text()
    assert "GET /worklist" in log
    for word in ("Loggless", patient.rsplit("/", 1)[1]):
        assert word not in log
