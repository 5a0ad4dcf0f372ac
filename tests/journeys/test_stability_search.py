"""`nutation stability PLAN --search` end to end on the phantom, and what it says of input that it cannot use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.phantom import phantom
from nutation.cli import plan_input, stability_command, stability_input, stability_search_input
from nutation.cli.plan_input import Asked
from nutation.cli.speaking import UsageError
from nutation.cli.stability_command import Options, SearchOptions, resolution_mm, search_options
from nutation.cli.stability_input import Wanted, case_of
from nutation.cli.stability_search_input import Start, start_of
from nutation.planning import search
from nutation.planning.document import tell_plan
from nutation.planning.exports.overlays import nifti, with_known_ids
from nutation.planning.make import make_plan
from nutation.planning.plan import STRUCTURES
from nutation.record.errors import InputError
from nutation.stability import study
from nutation.stability.settings import settings
from report import made_design

pytestmark = pytest.mark.slow

COARSE_MM = 2.0
FINE = stability_input._pelvis
SEED = 20260901
ASKED = Options(
    ct=None, labels=None, mapping=None, sacrum=None, left_hip=None, right_hip=None, side=None, compare=(), fewer=False,
    resolution=4.0, support="ischia", moment=None, follower=None, quick=False, json=True, out=None, quiet=False,
    search=SearchOptions(error=None, limit=None, constructs=2),
)  # fmt: skip
WANTED = Wanted(
    what=(), ct=None, labels=None, mapping=None, sacrum=None, left_hip=None, right_hip=None, side=None, compare=(),
    fewer=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `nutation plan --out` leaves: plan.json, and the bones beside it."""
    into = tmp_path_factory.mktemp("planned")
    bones = into / "overlay_bones.nii.gz"
    grid = build_pelvis(phantom().shapes, spacing_mm=COARSE_MM).grid
    bones.write_bytes(nifti(with_known_ids(phantom().shapes.sampled(grid)), grid))
    given = plan_input.read(Asked(bones, None, None, None, None, None, None))
    pelvis = build_pelvis(given.shapes, spacing_mm=COARSE_MM)
    plan = make_plan(pelvis, "left", approach="lateral", seed=SEED).plan
    (into / "plan.json").write_text(json.dumps(tell_plan(plan, pelvis, seed=SEED)), "utf-8")
    return into / "plan.json"


def coarse_pelvis(given: Any) -> Pelvis:
    return FINE(given, COARSE_MM)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability_input, "_pelvis", coarse_pelvis)


@pytest.mark.usefixtures("coarse")
def test_the_whole_search_with_every_file(
    planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of the sweep the base and a setting of the same solution: the study itself is tested elsewhere.
    short = settings()[:2]
    for module in (study, search):
        monkeypatch.setattr(module, "settings", lambda: short)
    stability_command.run((planned,), replace(ASKED, out=tmp_path / "out"))
    said = capsys.readouterr()
    told = json.loads(said.out)
    found = told["search"]

    # the contract of `stability --json`, of the chosen construct
    assert set(told) >= {"resolution_mm", "unknowns", "directions", "solver", "warnings"}
    assert told["constructs"][0]["name"] == found["chosen"]["name"]
    assert told["resolution_mm"] == 4.0

    # the plan as it stands in plan.json: its margin is found again, under the same simulated errors
    before = json.loads(planned.read_text("utf-8"))
    plan = next(one for one in found["candidates"] if one["name"] == "plan")
    assert [one["entry_mm"] for one in plan["implants"]] == [
        pytest.approx(one["entry_mm"], abs=0.01) for one in before["implants"]
    ]
    assert plan["margin"]["by_implant"] == [
        pytest.approx(one["breach_probability"]["over_2mm"], abs=1e-4) for one in before["implants"]
    ]
    assert min(one["clearance_mm"] for one in before["implants"]) == pytest.approx(
        plan["margin"]["clearance_mm"], abs=0.06
    )

    # another of fewer implants holds less, and both keep the limit
    assert len(found["candidates"]) == 2
    fewer = next(one for one in found["candidates"] if one["name"] != "plan")
    assert len(fewer["implants"]) == len(plan["implants"]) - 1
    assert (plan["place"], fewer["place"]) == (1, 2)
    assert all(one["margin"]["worst_share"] <= found["limit"]["share"] for one in found["candidates"])
    assert set(found["front"]) <= {one["name"] for one in found["candidates"]}
    assert found["solved"]["stopped_at_most"]
    assert found["solved"]["solutions"] == 3
    assert found["seed"] == SEED

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"search.json", "search.html", "search.svg", "search.png"}
    assert json.loads((tmp_path / "out" / "search.json").read_text("utf-8")) == told
    page = (tmp_path / "out" / "search.html").read_text("utf-8")
    assert "LEFT sacroiliac joint" in page
    assert page.count("data:image/svg+xml;base64") == 1
    assert said.err.splitlines() == [
        "reading the bones …", "meshing the bones …", "constructs judged …", "intact joint, 0 of 3 solved …",
        "plan, 1 of 3 solved …", "2 implants, 2 of 3 solved …",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"quick": True}, "--quick does not go with --search"),
        ({"fewer": True}, "--fewer does not go with --search"),
        ({"compare": (Path("other.json"),)}, "--compare does not go with --search"),
        ({"stance": True}, "--stance does not go with --search"),
        ({"search": SearchOptions(None, None, 0)}, "--constructs is 0; write 1 to 40"),
    ],
)
def test_options_that_do_not_go_together(planned: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        stability_command.run((planned,), replace(ASKED, **changed))


def test_a_search_begins_at_a_plan_and_its_options_at_a_search(planned: Path) -> None:
    with pytest.raises(UsageError, match="--search begins at a plan"):
        stability_command.run((planned.parent / "overlay_bones.nii.gz",), ASKED)
    for options in (("robot", None, None), (None, 0.1, None), (None, None, 3)):
        with pytest.raises(UsageError, match="belongs to --search"):
            search_options(*options, search=False)
    assert (resolution_mm(None, search=True), resolution_mm(None, search=False)) == (4.0, 2.0)
    assert resolution_mm(3.0, search=True) == 3.0


def test_bones_that_are_not_there_and_a_plan_without_implants(planned: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(planned.read_bytes())
    with pytest.raises(InputError, match="the bones are not beside the plan"):
        stability_command.run((tmp_path / "plan.json",), replace(ASKED, quiet=True))
    document = json.loads(planned.read_text("utf-8"))
    (tmp_path / "plan.json").write_text(json.dumps({**document, "implants": []}), "utf-8")
    with pytest.raises(InputError, match="the plan has no implants"):
        stability_command.run((tmp_path / "plan.json",), replace(ASKED, quiet=True))


@pytest.fixture(scope="module")
def case(planned: Path) -> Any:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(stability_input, "_pelvis", coarse_pelvis)
        return case_of(replace(WANTED, what=(planned,)))


BARE = SimpleNamespace(names=tuple(STRUCTURES), entered="ilium_wall", unknown=frozenset(), restrictions=())
"""A boundary of which nothing is asked but what it shows."""


def start(planned: Path, case: Any, changed: dict[str, Any] | None = None, **options: Any) -> Any:
    document = {**json.loads(planned.read_text("utf-8")), **(changed or {})}
    named = {"error": None, "limit": None, **options}
    return start_of(document, planned, case.constructs["plan"], case.pelvis, named["error"], named["limit"])


def test_error_limit_sizes_and_seed_are_the_plan_s_own(planned: Path, case: Any) -> None:
    found = start(planned, case)
    assert found.bench.error.name == "fluoroscopy"
    assert found.bench.limit.in_words == json.loads(planned.read_text("utf-8"))["limit"]
    lengths = {one.size.length_mm for one in case.constructs["plan"].implants}
    assert lengths < {size.length_mm for size in found.sizes}
    assert {(size.system, size.diameter_mm) for size in found.sizes} == {("iFuse", 7.0)}
    assert found.seed == SEED
    assert found.planned_share == pytest.approx(
        max(one["breach_probability"]["over_2mm"] for one in json.loads(planned.read_text("utf-8"))["implants"])
    )


def test_a_limit_of_the_user_s_is_read_and_others_are_asked_for(
    planned: Path, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only words are looked at here: the boundary would take seconds, each time.
    monkeypatch.setattr(stability_search_input, "forbidden_boundary", lambda *_: BARE)
    monkeypatch.setattr(stability_search_input, "bench_of", lambda *given: given)
    told = "at most 15% of simulated executions breach by more than 2 mm (set by the user)"
    assert start(planned, case, {"limit": told}).bench[3] == 0.15
    with pytest.raises(InputError, match="cannot be read: at most 5 per cent") as caught:
        start(planned, case, {"limit": "at most 5 per cent"})
    assert "--limit" in caught.value.mend
    with pytest.raises(InputError, match="the plan's limit was") as caught:
        start(planned, case, limit=0.2)
    with pytest.raises(InputError, match=r"not a packaged one of today: ours\.csv") as caught:
        start(planned, case, {"error": "ours.csv: standard deviation 2 mm"})
    assert "--error" in caught.value.mend
    with pytest.raises(InputError, match="the plan's error was: fluoroscopy"):
        start(planned, case, error="robot")


def test_what_the_plan_kept_clear_of_has_to_be_seen_again(planned: Path, case: Any) -> None:
    implants = json.loads(planned.read_text("utf-8"))["implants"]
    implants[0]["clearance_by_structure_mm"]["metal"] = 4.0
    with pytest.raises(InputError, match="keeps clear of what these bones do not show: existing metal") as caught:
        start(planned, case, {"implants": implants})
    assert "--ct" in caught.value.mend


def test_a_margin_that_is_another_on_these_bones_is_told() -> None:
    found = made_design.design()
    nobody: Any = None
    for share in (0.09, 0.095, None):
        assert not Start(nobody, (), 0, (), planned_share=share).other_margin(found)
    told = Start(nobody, (), 0, (), planned_share=0.13).other_margin(found)
    assert "The plan's margin is 9.0 % on these bones, and 13.0 % in the plan" in told[0]


def test_sizes_that_are_not_packaged_are_the_plan_s_own(case: Any) -> None:
    plan = case.constructs["plan"]
    own = [replace(one, size=replace(one.size, system="Own rod")) for one in plan.implants]
    sizes, said = stability_search_input._sizes(replace(plan, implants=tuple(own)))
    assert [size.length_mm for size in sizes] == sorted({one.size.length_mm for one in own})
    assert "Own rod is not in the packaged catalogue" in said[0]
    thin = replace(own[0], size=replace(own[0].size, diameter_mm=np.float64(6.0)))
    _, said = stability_search_input._sizes(replace(plan, implants=(*plan.implants, thin)))
    assert "mixes kinds of implant" in said[0]
