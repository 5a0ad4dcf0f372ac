"""The hazard log is honest: every control names tests that exist, and so run with all others under CI."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from ruamel.yaml import YAML

from docs.console import ROOT

FIELDS = {"id", "part", "hazard", "cause", "harm", "control", "test", "remains"}
PARTS = {"record", "gate", "evaluation", "indication", "anatomy", "planning", "documents", "use"}


def hazards() -> list[dict[str, Any]]:
    text = (ROOT / "docs" / "safety" / "hazards.yaml").read_text("utf-8")
    return YAML(typ="safe", pure=True).load(text)["hazards"]


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> frozenset[str]:
    """Node ids that pytest collects in the files that the log names, without their parameters."""
    files = {node.split("::")[0] for entry in hazards() for node in entry["test"]}
    here = [item.nodeid for item in request.session.items]
    if not files <= {node.split("::")[0] for node in here}:  # only a part of the suite runs: collect for ourselves
        here = _collect(sorted(file for file in files if (ROOT / file).is_file()))
    return frozenset(node.split("[")[0].strip() for node in here)


def _collect(files: list[str]) -> list[str]:
    # A file that cannot be imported collects nothing: its tests are then among the missing ones.
    options = ["-n", "0", "-m", "", "--collect-only", "-q", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_entry_is_whole_and_numbered() -> None:
    ids = [entry["id"] for entry in hazards()]
    assert ids == [f"H{number:02d}" for number in range(1, len(ids) + 1)]
    for entry in hazards():
        assert set(entry) == FIELDS, entry["id"]
        assert entry["part"] in PARTS, entry["id"]
        assert entry["test"], f"{entry['id']} has a control that nothing holds"
        for field in FIELDS - {"test", "part", "id"}:
            assert len(entry[field].split()) > 2, f"{entry['id']}: {field}"


def test_every_control_names_tests_that_exist(collected: frozenset[str]) -> None:
    missing = [f"{entry['id']}: {node}" for entry in hazards() for node in entry["test"] if node not in collected]
    assert not missing, "\n".join(missing)


def test_no_named_test_is_skipped_or_expected_to_fail() -> None:
    for entry in hazards():
        for node in entry["test"]:
            file, _, name = node.partition("::")
            assert (ROOT / file).is_file(), f"{entry['id']}: {node}"
            text = (ROOT / file).read_text("utf-8")
            above = re.search(rf"((?:^@.*\n(?:^[ )\]].*\n)*)*)^(?:async )?def {name.split('::')[-1]}\(", text, re.M)
            marks = above.group(1) if above else ""
            assert not re.search(r"mark\.skip", marks), node
            assert not re.search(r"mark\.xfail", marks), node
