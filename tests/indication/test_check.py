"""What `policy check` says of a policy that a clinic wrote itself: line, place, problem, mend; all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nutation.indication import Problem, check_policy
from nutation.indication.numbers import figures, named, unnamed

GOOD = """\
id: OUR_PLAN
version: "2026-03"
title: Fusion of the sacroiliac joint at our plan
publisher: Our plan
kind: coverage
payers: [Our plan]
citation: [OURS]
sources:
  OURS: {citation: "Our plan, policy 12, March 2026", url: "https://example.org/policy-12"}
verified: verified
procedure: ["27279"]
covered: true
used_by_others: false
whole: true
device: {transfixing: true}
criteria:
  - id: duration
    topic: duration
    text: Pain for at least 6 months.
    citation: OURS
    verified: verified
    rule: {fact: pain_duration_months, min: 6}
  - id: provocation
    topic: examination
    text: At least 3 positive provocation tests.
    citation: OURS
    verified: verified
    rule: {fact: provocation_positive, with: {battery: [faber, gaenslen, compression]}, min: 3}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "ours.yaml"


def checked(written: Path, *changes: tuple[str, str], text: str = GOOD) -> list[Problem]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    written.write_text(text, encoding="utf-8")
    return check_policy(written)


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


def test_a_policy_without_fault_has_no_problem(written: Path) -> None:
    assert checked(written) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "problem", "mend"),
    [
        pytest.param(
            "pain_duration_months, min",
            "pain_duration_moths, min",
            22,
            "criteria[0].rule.fact",
            "there is no fact 'pain_duration_moths'",
            "pain_duration_months",
            id="unknown fact",
        ),
        pytest.param(
            "battery: [faber",
            "batery: [faber",
            28,
            "criteria[1].rule.with",
            "batery",
            "battery",
            id="unknown parameter",
        ),
        pytest.param(
            "min: 6}",
            "is: true}",
            22,
            "criteria[0].rule",
            "is a number (months)",
            "min, max, above or below",
            id="wrong comparison for a number",
        ),
        pytest.param(
            "{fact: pain_duration_months, min: 6}",
            "{fact: fortin_positive, min: 6}",
            22,
            "criteria[0].rule",
            "true or false",
            "is: true",
            id="wrong comparison for a truth",
        ),
        pytest.param('version: "2026-03"\n', "", 1, "", "the policy has no version", "version", id="no version"),
        pytest.param(
            "    citation: OURS\n    verified: verified\n    rule: {fact: pain",
            "    verified: verified\n    rule: {fact: pain",
            17,
            "criteria[0]",
            "no citation",
            "citation",
            id="no citation",
        ),
        pytest.param(
            "citation: [OURS]\n", "citation: []\n", 7, "citation", "no citation", "citation", id="empty citation"
        ),
        pytest.param(
            "    citation: OURS\n    verified: verified\n    rule: {fact: pain",
            "    citation: OUR\n    verified: verified\n    rule: {fact: pain",
            20,
            "criteria[0].citation",
            "'OUR' is no source",
            "sources:",
            id="unknown source",
        ),
        pytest.param(
            "min: 6}",
            "min: 6, max: 3}",
            22,
            "criteria[0].rule",
            "no value keeps these bounds",
            "Exchange",
            id="contradictory bounds",
        ),
        pytest.param(
            "compression]}, min: 3",
            "compression]}, min: 4",
            28,
            "criteria[1].rule",
            "the battery has 3 tests",
            "at most 3",
            id="more tests than there are",
        ),
        pytest.param(
            "  - id: provocation",
            "  - id: duration",
            23,
            "criteria[1].id",
            "another criterion has the id 'duration'",
            "Rename",
            id="id stands twice",
        ),
        pytest.param("kind: coverage", "kind: coverege", 5, "kind", "'coverege'", "'coverage'", id="unknown kind"),
        pytest.param(
            "used_by_others: false",
            "used_by_other: false",
            13,
            "used_by_other",
            "'used_by_other' is not known",
            "'used_by_others'",
            id="unknown field",
        ),
        pytest.param(
            'version: "2026-03"',
            "version: 2026.5",
            2,
            "version",
            "version is a number",
            "quotes",
            id="version a number",
        ),
        pytest.param('["27279"]', '["2727"]', 11, "procedure[0]", "'2727'", "five characters", id="code too short"),
        pytest.param(
            "{transfixing: true}",
            "{transfixing: false}",
            15,
            "device.transfixing",
            "fits none",
            "27278",
            id="device and code contradict",
        ),
        pytest.param(
            "covered: true", "covered: false", 12, "covered", "covered is false", "scope", id="refusal without scope"
        ),
        pytest.param(
            "faber, gaenslen, compression",
            "faber, gaenslen, faber",
            28,
            "criteria[1].rule",
            "names a test twice",
            "once",
            id="test named twice",
        ),
        pytest.param(
            "faber, gaenslen, compression",
            "faber, gaenslen, patrick",
            28,
            "criteria[1].rule.with.battery",
            "patrick",
            "not one of",
            id="unknown test",
        ),
    ],
)
def test_a_fault_names_its_line_its_place_and_the_mend(
    written: Path, old: str, new: str, line: int, place: str, problem: str, mend: str
) -> None:
    errors = [p for p in checked(written, (old, new)) if p.severity == "error"]
    told = errors[0]
    assert (told.line, problem in told.problem, mend in told.mend) == (line, True, True), str(told)
    assert told.place.startswith(place), str(told)
    assert str(told).startswith(f"{written}, line {line}")


@pytest.mark.parametrize(
    ("change", "problem", "mend"),
    [
        pytest.param(
            ("at least 6 months.", "at least 180 months."), "does not name it", "the same", id="text says other"
        ),
        pytest.param(("min: 6}", "min: 180}"), "looks like days", "about 6", id="months given in days"),
        pytest.param(
            ("{fact: pain_duration_months, min: 6}", "{fact: nicotine_free_days, min: 6}"),
            "looks like months",
            "their days",
            id="days given in months",
        ),
        pytest.param(
            (
                "{fact: pain_duration_months, min: 6}",
                "{fact: positive_blocks, with: {relief_pct_min: 0.75, within_days: 365}, min: 6}",
            ),
            "looks like a share of 1",
            "75",
            id="share for percent",
        ),
        pytest.param(
            (
                "{fact: pain_duration_months, min: 6}",
                "{fact: positive_blocks, with: {relief_pct_min: 6, within_days: 12}, min: 6}",
            ),
            "within_days is in days, and 12",
            "their days",
            id="window in months",
        ),
        pytest.param(
            ("verified: verified\n    rule: {fact: pain", "verified: unverified\n    rule: {fact: pain"),
            "can never be met",
            "Check it",
            id="never met",
        ),
        pytest.param(('["27279"]', '["27279", "27096"]'), "no code of a fusion", "27279", id="another code"),
        pytest.param(
            ('id: OUR_PLAN\nversion: "2026-03"', 'id: NASS_2015\nversion: "2015"'),
            "a packaged policy",
            "of its own",
            id="a packaged policy's id",
        ),
    ],
)
def test_a_suspicion_is_a_warning(written: Path, change: tuple[str, str], problem: str, mend: str) -> None:
    problems = checked(written, change)
    assert {p.severity for p in problems} == {"warning"}, "\n".join(map(str, problems))
    assert any(problem in p.problem and mend in p.mend for p in problems), "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        pytest.param("{fact: pain_nrs_latest, min: 50}", "50 cannot occur", id="pain of 50 on a scale to 10"),
        pytest.param(
            "{fact: score_latest, with: {instrument: rmdq}, min: 50}",
            "rmdq runs from 0 to 24",
            id="beyond the instrument",
        ),
        pytest.param(
            "{fact: positive_blocks, with: {relief_pct_min: 150}, min: 1}",
            "relief_pct_min is 150",
            id="relief over 100",
        ),
        pytest.param("{fact: valid_blocks, max: -1}", "never below 0", id="fewer than none"),
        pytest.param(
            "{all: [{fact: age_years, min: 50}, {fact: age_years, below: 40}]}",
            "must be at least 50 and below 40",
            id="two bounds of one fact",
        ),
        pytest.param(
            "{all: [{fact: fortin_positive, is: true}, {not: {fact: fortin_positive, is: true}}]}",
            "must be both true and false",
            id="a fact and its opposite",
        ),
        pytest.param(
            "{all: [{fact: age_years, above: 40}, "
            "{not: {any: [{fact: age_years, above: 30}, {fact: fortin_positive, is: true}]}}]}",
            "must be above 40 and at most 30",
            id="hidden under not and any",
        ),
    ],
)
def test_a_rule_that_nobody_can_fulfil_is_an_error(written: Path, rule: str, problem: str) -> None:
    told = [p for p in checked(written, ("{fact: pain_duration_months, min: 6}", rule)) if p.severity == "error"]
    assert problem in only(told).problem


def test_criteria_that_exclude_each_other_are_an_error(written: Path) -> None:
    more = (
        GOOD
        + """\
  - id: short
    topic: duration
    text: Pain for at most 3 months.
    citation: OURS
    verified: verified
    rule: {fact: pain_duration_months, max: 3}
"""
    )
    told = only(checked(written, text=more))
    assert "nobody can fulfil all criteria" in told.problem
    assert "at least 6 and at most 3" in told.problem


def test_criteria_of_which_one_suffices_may_exclude_each_other(written: Path) -> None:
    either = "{any: [{fact: pain_duration_months, min: 6}, {fact: pain_duration_months, below: 6}]}"
    assert checked(written, ("{fact: pain_duration_months, min: 6}", either)) == []


def test_every_fault_is_listed_at_once(written: Path) -> None:
    problems = checked(
        written,
        ("kind: coverage", "kind: coverege"),
        ("pain_duration_months, min", "pain_duration_moths, min"),
        ("[faber, gaenslen, compression]", "[faber, gaenslen, patrick]"),
        ('version: "2026-03"\n', ""),
        ("  - id: provocation", "  - id: duration"),
    )
    told = "\n".join(map(str, problems))
    assert len([p for p in problems if p.severity == "error"]) == 5, told
    assert [p.line for p in problems] == sorted(p.line for p in problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("- one\n- two\n", "not a policy", id="a list"),
        pytest.param("id: [unclosed\n", "not YAML", id="not YAML"),
        pytest.param(
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
            + "".join(f"k{i}: &k{i} [{', '.join(['*' + ('c' if i == 0 else f'k{i - 1}')] * 9)}]\n" for i in range(9)),
            "aliases",
            id="alias bomb",
        ),
        pytest.param("id: " + "[" * 1000 + "]" * 1000, "nested too deeply", id="nested too deeply"),
        pytest.param("criteria: 5\nid: X\n", "has no", id="criteria is no list"),
        pytest.param("criteria: [1, null, {id: x, rule: 7}]\nid: X\n", "has no", id="criteria of other things"),
        pytest.param("!!python/object:os.system {}\n", "tag", id="a tag"),
    ],
)
def test_a_file_that_is_no_policy_is_named_and_never_a_traceback(written: Path, text: str, problem: str) -> None:
    told = checked(written, text=text)
    assert any(problem in p.problem for p in told), "\n".join(map(str, told))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in only(check_policy(tmp_path / "none.yaml")).problem


def test_a_file_that_is_not_text(written: Path) -> None:
    written.write_bytes(b"id: \xff\xfe\x00")
    assert "UTF-8" in only(check_policy(written)).problem


def test_the_packaged_policies_have_no_fault_but_their_unverified_figures(root: Path) -> None:
    folder = root / "src" / "nutation" / "evidence" / "data" / "policies"
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) >= 21
    told = {f"{path.parent.name}: {p.problem}" for path in files for p in check_policy(path)}
    never = "a required criterion is unverified, so the policy can never be met."
    assert told == {f"{name}: {never}" for name in ("NASS_2015", "BCBS_AL_MP555", "MEDICARE_L39025")}


def test_numbers_are_read_in_words_and_other_units() -> None:
    assert named("at least two blocks", "min", 2)
    assert named("within the last year", "within_days", 365)
    assert named("at most 6 months old", "within_days", 181)
    assert not named("at most 6 months old", "within_days", 90)
    assert not named("at least 70 %", "relief_pct_min", 75)
    rule = {
        "all": [
            {"fact": "a", "with": {"relief_pct_min": 75, "contrast_required": True}, "min": 2},
            {"fact": "b", "is": True},
        ]
    }
    assert list(figures(rule)) == [("relief_pct_min", 75), ("min", 2)]
    assert unnamed("2 blocks of 70 %", rule) == (("relief_pct_min", 75),)
