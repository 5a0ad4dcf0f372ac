"""What the events of a patient cannot say together, and what they may say and want a look."""

from __future__ import annotations

import pytest

from nutation.record.checks import check, overlapping
from nutation.record.errors import InputError
from nutation.record.native import parse_events
from nutation.record.native_build import record_of
from nutation.record.occasions import occasions
from nutation.record.period import Period
from nutation.record.record import Record
from nutation.record.standing import standing
from record.made_events import Maker

BORN = "{kind: person, happened: 1970-05-05, sex: male}"


def read(*events: str, partial: bool = False) -> Record:
    text = "patient: p-1\nevents:\n" + "".join(f"  - {event}\n" for event in events)
    return record_of(parse_events(text, "f.yaml"), system="f.yaml", partial=partial)


IMPOSSIBLE = {
    "birth after a visit": (
        [BORN, "{kind: pain_score, side: left, happened: 1970-05-04, nrs: 7}"],
        ["line 4", "event 2", "pain_score of 1970-05-04, left lies before the birth on 1970-05-05"],
    ),
    "two births": ([BORN, "{kind: person, happened: 1971-05-05}"], ["Two dates of birth", "two files"]),
    "recorded before it happened": (
        ["{kind: injection, side: left, happened: 2026-03-05, recorded_at: 2026-03-01}"],
        ["recorded on 2026-03-01, before it happened", "modality: intended"],
    ),
    "free of nicotine from a day to come": (
        ["{kind: nicotine, happened: 2026-03-05, status: former, free_since: 2026-05-01}"], ["free_since (2026-05-01)"],
    ),
    "complete up to a day to come": (
        ["{kind: completeness, side: both, happened: 2026-03-05, of: injection, up_to: 2026-05-01}"],
        ["Completeness up to 2026-05-01", "still to come"],
    ),
    "expired before it begins": (
        ["{kind: completeness, happened: 2026-03-05, of: trauma, up_to: 2026-03-05, expires_on: 2026-01-01}"],
        ["expires on 2026-01-01"],
    ),
    "one id for two": (
        [
            "{kind: onset, side: left, happened: 2026-01-05, id: a}",
            "{kind: onset, side: left, happened: 2026-01-06, id: a}",
        ],
        ["Two different events carry the id a"],
    ),
    "superseding in a ring": (
        [
            "{kind: onset, side: left, happened: 2026-01-05, id: a, supersedes: [b]}",
            "{kind: onset, side: left, happened: 2026-01-06, id: b, supersedes: [a]}",
        ],
        ["supersede each other in a ring"],
    ),
    "superseding itself": (
        ["{kind: onset, side: left, happened: 2026-01-05, id: a, supersedes: [a]}"], ["ring: a -> a"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "named"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_all_be_true_is_an_error(events: list[str], named: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read(*events)
    for part in ["f.yaml", "line", "To mend it:", *named]:
        assert part in str(caught.value)


def test_in_part_the_impossible_event_is_left_out() -> None:
    record = read(BORN, "{kind: pain_score, side: left, happened: 1960-01-01, nrs: 7}", partial=True)
    assert [event.kind for event in record.events] == ["person"]
    assert "before the birth" in record.warnings[0]


POSSIBLE = {
    "a relative's disease before the birth": [
        BORN, "{kind: diagnosis, side: none, happened: 1960, modality: family, category: inflammatory_arthropathy}",
    ],
    "born in the year of the visit": [
        "{kind: person, happened: 2026}", "{kind: nicotine, happened: 2026-01-02, status: never}",
    ],
    "planned for later": [
        "{kind: operation, side: left, happened: 2027-01-05, recorded_at: 2026-03-01, modality: intended}",
    ],
    "recorded late in another time zone": [
        "{kind: onset, side: left, happened: 2026-03-02, recorded_at: '2026-03-01T23:30:00Z'}",
    ],
    "a course that goes on after it was recorded": [
        "{kind: coverage, happened: 2026-01-01/2026-12-31, recorded_at: 2026-02-01, payer: x}",
    ],
    "a corrected birth": [
        "{kind: person, happened: 1970-05-05, id: a}", "{kind: person, happened: 1971-05-05, supersedes: [a]}",
    ],
    "a corrected result": [
        "{kind: pain_score, side: left, happened: 2026-03-01, nrs: 6, id: a}",
        "{kind: pain_score, side: left, happened: 2026-03-01, nrs: 7, supersedes: [a]}",
    ],
    "two examiners who differ": [
        "{kind: examination, side: left, happened: 2026-03-01, author: A, faber: positive}",
        "{kind: examination, side: left, happened: 2026-03-01, author: B, faber: negative}",
    ],
    "relief told and scored alike": [
        "{kind: injection, side: left, happened: 2026-03-01, score_before: 7, score_after: 1, relief_stated_pct: 85}",
    ],
}  # fmt: skip


@pytest.mark.parametrize("events", POSSIBLE.values(), ids=POSSIBLE.keys())
def test_what_can_be_true_is_neither(events: list[str]) -> None:
    assert check(read(*events).events) == ([], [])


DOUBTFUL = {
    "two results of one day": (
        ["{kind: laboratory, happened: 2026-03-01, analyte: crp, value: 3}",
         "{kind: laboratory, happened: 2026-03-01, analyte: crp, value: 90}"],
        "laboratory crp of 2026-03-01: value is told as 3.0 and as 90.0; it counts as not known",
    ),
    "a symptom denied on the form and reported by the patient": (
        ["{kind: safety_screen, happened: 2026-03-01, fever: denied}",
         "{kind: symptom, happened: 2026-03-01, symptom: fever, answer: reported}"],
        "symptom fever of 2026-03-01: answer is told as denied and as reported",
    ),
    "relief told otherwise than scored": (
        ["{kind: injection, side: left, happened: 2026-03-01, score_before: 7, score_after: 3, relief_stated_pct: 80}"],
        "injection of 2026-03-01, left: the stated relief is 80 %, the scores give 57 %; the scores are used",
    ),
    "superseding what is not here": (
        ["{kind: onset, side: left, happened: 2026-03-01, supersedes: [elsewhere]}"],
        "supersedes elsewhere, which is not",
    ),
    "the same event twice": (
        ["{kind: onset, side: left, happened: 2026-03-01, id: a, source: s}"] * 2, "The event a stands 2 times",
    ),
    "a pregnant man": (
        [BORN, "{kind: pregnancy, happened: 2025-01/2025-10, outcome: delivered}"], "sex is recorded as male",
    ),
    "never and free since": (
        ["{kind: nicotine, happened: 2026-03-01, status: never, free_since: 2019-01-01}"], "says never and free since",
    ),
    "a hundred and thirty": (
        ["{kind: person, happened: 1895-05-05}", "{kind: nicotine, happened: 2026-03-01, status: never}"],
        "130 years old",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "named"), DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_wants_a_look_is_a_warning(events: list[str], named: str) -> None:
    record = read(*events)
    assert len(record.events) == len(events)
    (warning,) = record.warnings
    assert named in warning


def test_events_of_two_patients_are_an_error_for_every_reader() -> None:
    one = read(BORN).events[0]
    errors, _ = check([one, one.model_copy(update={"patient": "p-2", "id": "other"})])
    assert "2 patients: p-1, p-2" in errors[0].text()


@pytest.mark.parametrize("seed", range(20))
def test_looking_only_atoverlapping_events_misses_no_contradiction(seed: int) -> None:
    # crowded into few days, so that many events share one with another of their kind
    made = [e for n in range(4) for e in Maker(100 * seed + n).record_of_every_kind()]
    days = [Period.model_validate(day) for day in ("2026-01-05", "2026-01", "2026-01-05/2026-02", "2026-02-01/", "/")]
    events = [
        e.model_copy(update={"id": f"{n}", "happened": days[n * seed % 5], "modality": "actual", "side": "left"})
        for n, e in enumerate(made)
    ]
    told = {(o.kind, name, o.events) for o in occasions(standing(events)) for name in o.contradicted}
    few = overlapping(standing(events))
    assert {(o.kind, name, o.events) for o in occasions(few) for name in o.contradicted} == told
    assert told
