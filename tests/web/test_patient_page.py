"""A patient's page: what stands on it, for whom, of which moment, and where its links lead."""

from __future__ import annotations

import re
from collections.abc import Generator
from html import unescape
from pathlib import Path

import pytest

from nutation.record.head import Event
from nutation.record.kinds import PainScore
from nutation.store import answers, events, patients, settings
from nutation.web import links_of_patient
from web.filled import NASTY, Clinic, add_patient, clinic_in
from web.made import NOW


@pytest.fixture(scope="module")
def clinic(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Clinic]:
    with clinic_in(tmp_path_factory.mktemp("patient"), sqlite_template) as made:
        yield made


def opened(clinic: Clinic, example: str, more: str = "", role: str = "surgeon") -> str:
    answer = clinic.as_(role).get(f"/patients/{clinic.ids[example]}{more}")
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# ── what stands on it ───────────────────────────────────────────────────────────────────────────────


def test_both_joints_each_with_its_answers_beside_what_speaks_against_them(clinic: Clinic) -> None:
    page = opened(clinic, "bilateral")
    told = text_of(page)
    for side in ("left", "right"):
        assert f'id="joint-{side}"' in page
        assert f'href="/patients/{clinic.ids["bilateral"]}/joints/{side}#{side}-source"' in page
        assert f'href="/patients/{clinic.ids["bilateral"]}/joints/{side}#{side}-fusion"' in page
    assert told.count("What speaks against") == told.count("What is not known") == 2
    assert told.count("That pain arises from this joint, as a controlled block would show") == 2
    assert "The right joint comes first" in told
    assert page.count('<svg class="overview"') == 1


def test_the_gate_stands_first_and_its_warning_beside_the_figures(clinic: Clinic) -> None:
    page = opened(clinic, "cauda-equina")
    assert page.index('id="gate"') < page.index('id="action"') < page.index('id="joint-left"')
    assert "gate-standing" in page
    assert "Refer urgently" in page
    assert "The gate stands before this" in page


def test_a_next_step_opens_the_very_form_that_closes_it(clinic: Clinic) -> None:
    one = clinic.ids["one-block-only"]
    page = opened(clinic, "one-block-only")
    assert f'href="/patients/{one}/forms/injection?side=right"' in page
    assert f'href="/patients/{one}/forms/attestation"' in page
    for address in set(re.findall(r'href="(/patients/[0-9a-f]+/forms/[^"]+)"', page)):
        answer = clinic.as_("surgeon").get(unescape(address), follow_redirects=True)
        assert answer.status_code == 200, address


def test_every_event_that_stands_can_be_corrected(clinic: Clinic) -> None:
    page = opened(clinic, "classic-degenerative")
    corrections = re.findall(r'class="correct" href="([^"]+)"', page)
    with clinic.store.read() as conn:
        recorded = events.record_of(conn, clinic.ids["classic-degenerative"]).events
    assert len(corrections) == len(recorded)
    followed = clinic.as_("surgeon").get(unescape(corrections[0]), follow_redirects=True)
    assert followed.status_code == 200
    assert "correction" in followed.text


def test_every_address_on_the_page_leads_somewhere(clinic: Clinic) -> None:
    for example in ("bilateral", "silent-infection"):
        for role in ("surgeon", "coordinator", "therapist"):
            page = opened(clinic, example, role=role)
            ids = set(re.findall(r'id="([^"]+)"', page))
            for address in set(re.findall(r'href="([^"]+)"', page)) - {"#main"}:
                address = unescape(address)
                if address.startswith("#"):
                    assert address[1:] in ids, f"{example}: {address}"
                elif address.startswith("/") and "/forms/" not in address and not address.startswith("/static"):
                    answer = clinic.as_(role).get(address, follow_redirects=True)
                    assert answer.status_code == 200, f"{role}: {address}"


def test_links_are_of_one_list_and_only_where_the_page_exists(clinic: Clinic) -> None:
    # What is not built yet is in the list, and on no page.
    page = opened(clinic, "classic-degenerative")
    known = links_of_patient.paths(clinic.app)
    for place in links_of_patient.PLACES:
        address = place.path.format(clinic.ids["classic-degenerative"])
        if place.path.partition("?")[0] not in known:
            assert f'href="{address}"' not in page, place.name


def test_the_history_says_who_entered_what_and_when(clinic: Clinic) -> None:
    told = text_of(opened(clinic, "classic-degenerative"))
    history = told[told.index("History: who entered what") :]
    assert "Name: Anna Berg, born 1 Jan 1970" in history
    assert "Entered: person" in history
    assert "1 Sep 2026" in history


def test_nothing_in_a_name_runs_and_nothing_stands_inline(clinic: Clinic) -> None:
    for more in ("", "/joints/right"):
        page = opened(clinic, "silent-infection", more)
        assert NASTY not in page
        assert "<script>alert" not in page
        assert not re.search(r"<script(?! type=\"module\" src=)", page)
        assert "<style" not in page
        assert " style=" not in page
        assert not re.search(r"\son\w+=", page)


# ── of which moment ─────────────────────────────────────────────────────────────────────────────────


def a_score(nrs: float, day: str) -> Event:
    told = {
        "kind": "pain_score", "patient": "x", "id": f"pain-{nrs}-{day}", "side": "left", "nrs": nrs,
        "happened": {"from": day, "to": day}, "recorded_at": NOW.isoformat(), "site": "si_region", "rates": "average",
        "source": {"system": "test"},
    }  # fmt: skip
    return PainScore.model_validate(told)


def test_while_an_answer_is_made_anew_the_page_shows_the_old_one_and_says_so(
    clinic: Clinic, sqlite_template: Path
) -> None:
    one = add_patient(clinic.store, "classic-degenerative", "Fia Holm")
    client = clinic.as_("surgeon")
    first = client.get(f"/patients/{one}").text
    assert "No answer is stored yet" in first
    assert "Being made anew" in first
    clinic.answer()
    fresh = client.get(f"/patients/{one}").text
    assert "Being made anew" not in fresh
    with clinic.store.write() as conn:
        events.append_events(conn, one, [a_score(3, "2026-08-30")], by="person", at=NOW)
    stale = client.get(f"/patients/{one}").text
    assert "Something was entered since" in stale
    assert "Being made anew" in stale
    assert "3 of 10" in stale  # the event is on the timeline at once
    assert "91 %" in stale  # and the stored answer stands until the new one is there
    asks = re.search(r'hx-get="([^"]+)"', stale[stale.index('id="waiting"') :])
    assert asks is not None
    still = client.get(unescape(asks[1]))
    assert still.status_code == 200
    assert "look_number=1" in still.text
    clinic.app.state.clock.on(minutes=1)
    from nutation.web.answering import answer_all

    answer_all(clinic.store, clinic.app.state.clock)
    done = client.get(unescape(asks[1]))
    assert (done.status_code, done.headers.get("hx-refresh")) == (204, "true")
    assert "Something was entered since" not in client.get(f"/patients/{one}").text


def test_a_page_that_waits_in_vain_stops_asking(clinic: Clinic) -> None:
    answer = clinic.as_("surgeon").get("/answers/moment", params={"of": "0" * 32, "seen": "", "look_number": 59})
    assert "hx-get" not in answer.text


def test_an_answer_that_could_not_be_made_is_told(clinic: Clinic) -> None:
    one = add_patient(clinic.store, "classic-degenerative", "Gia Moen")
    with clinic.store.write() as conn:
        due = answers.take_due(conn, NOW)
        assert due is not None
        answers.failed(conn, due, "ValueError: secret text")
    page = clinic.as_("surgeon").get(f"/patients/{one}").text
    assert "could not be made" in page
    assert "secret text" not in page
    clinic.answer()


def test_after_a_form_the_page_says_what_was_saved(clinic: Clinic) -> None:
    assert "Saved: Safety screen." in opened(clinic, "classic-degenerative", "?saved=safety_screen")
    assert 'role="status"' not in opened(clinic, "classic-degenerative", "?saved=%3Cb%3E")


# ── for whom ────────────────────────────────────────────────────────────────────────────────────────


def test_a_merged_patient_leads_to_the_one_they_are(clinic: Clinic) -> None:
    one = add_patient(clinic.store, "one-block-only", "Hal Lie")
    other = add_patient(clinic.store, "one-block-only", "Hal Lye")
    with clinic.store.write() as conn:
        patients.merge(conn, one, other, by="person", at=NOW, reason="same insurance card")
    clinic.answer()
    answer = clinic.as_("surgeon").get(f"/patients/{one}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/patients/{other}")
    assert "same insurance card" in clinic.as_("surgeon").get(f"/patients/{other}").text


def test_an_erased_patient_is_told_as_such(clinic: Clinic) -> None:
    one = add_patient(clinic.store, "one-block-only", "Ida Nord")
    with clinic.store.write() as conn:
        patients.erase(conn, one, by="person", at=NOW, basis="request of 1 September, article 17")
    page = clinic.as_("surgeon").get(f"/patients/{one}").text
    assert "Erased by law" in page
    assert "Ida Nord" not in page


def test_no_patient_and_no_joint_are_pages_of_their_own(clinic: Clinic) -> None:
    assert clinic.as_("surgeon").get(f"/patients/{'0' * 32}").status_code == 404
    one = clinic.ids["classic-degenerative"]
    assert clinic.as_("surgeon").get(f"/patients/{one}/joints/right").status_code == 404
    assert clinic.as_("surgeon").get(f"/patients/{one}/joints/up").status_code == 404


def test_researchers_and_administrators_do_not_open_it(clinic: Clinic) -> None:
    one = clinic.ids["classic-degenerative"]
    for role in ("researcher", "administrator"):
        for more in ("", "/joints/left"):
            assert clinic.as_(role).get(f"/patients/{one}{more}").status_code == 403


# ── the own judgement first ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def judgement_first(clinic: Clinic) -> Generator[None]:
    with clinic.store.write() as conn:
        settings.put(conn, "judgement_first", True, by="person", at=NOW)
    yield
    with clinic.store.write() as conn:
        settings.put(conn, "judgement_first", False, by="person", at=NOW)


@pytest.mark.usefixtures("judgement_first")
def test_the_probability_waits_for_a_judgement_of_these_findings(clinic: Clinic) -> None:
    one = add_patient(clinic.store, "one-block-only", "Jon Falk")
    clinic.answer()
    clinic.ids["judged"] = one
    with clinic.store.read() as conn:
        answer = answers.latest(conn, one)
    assert answer is not None
    stored = f"/patients/{one}/answers/{answer.events_head}/{answer.as_of}/{answer.versions_sha256}"
    client = clinic.as_("surgeon")
    for more in ("", "/joints/right"):
        page = text_of(opened(clinic, "judged", more))
        assert "Your own judgement first" in page
        assert "79 %" not in page
        assert "chance that its result changes" not in page
    assert "After your own judgement" in opened(clinic, "judged")
    assert client.get(stored).status_code == 404
    assert client.get(f"{stored}/document.json").status_code == 404
    # A judgement of another question, or of the other side, shows nothing.
    clinic.enter("judged", "judgement", {"side": "right", "question": "fusion", "judgement": "no"})
    clinic.enter("judged", "judgement", {"side": "left", "question": "source", "judgement": "no"})
    assert "79 %" not in opened(clinic, "judged")
    clinic.enter("judged", "judgement", {"side": "right", "question": "source", "judgement": "likely"})
    assert "79 %" in opened(clinic, "judged")
    assert client.get(stored).status_code == 200
    # New findings ask for it anew.
    with clinic.store.write() as conn:
        events.append_events(
            conn, one, [a_score(6, "2026-08-29").model_copy(update={"side": "right"})], by="person", at=NOW
        )
    clinic.app.state.clock.on(minutes=5)
    from nutation.web.answering import answer_all

    answer_all(clinic.store, clinic.app.state.clock)
    assert "Your own judgement first" in opened(clinic, "judged")


@pytest.mark.usefixtures("judgement_first")
def test_safety_waits_for_nobodys_judgement(clinic: Clinic) -> None:
    page = opened(clinic, "cauda-equina")
    assert "Refer urgently" in page
    assert "Your own judgement first" in page
