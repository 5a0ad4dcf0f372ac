"""The habits themselves: a skip under CI fails, at home it stays a skip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from docs.console import ROOT

SKIPS = """
import pytest

def test_skips():
    pytest.skip("no reason that counts")

def test_may_skip():
    pytest.skip("no accelerator: this one may")

@pytest.mark.skip(reason="marked")
def test_marked():
    raise AssertionError

def test_data(data_dir):
    raise AssertionError

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_failure():
    raise AssertionError

def test_passes():
    pass
"""
WHOLE_FILE = "import pytest\npytest.skip('the whole file', allow_module_level=True)\n"


def outcome(tmp_path: Path, ci: str) -> str:
    """pytest's output on two files beside a copy of the project's conftest."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), "utf-8")
    (tests / "test_single.py").write_text(SKIPS, "utf-8")
    (tests / "test_whole.py").write_text(WHOLE_FILE, "utf-8")
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "NUTATION_DATA") and "PYTEST" not in k}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--continue-on-collection-errors", "tests"],
        cwd=tmp_path,
        env=kept | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_under_ci_a_skip_fails(tmp_path: Path) -> None:
    told = outcome(tmp_path, "true")
    # pytest calls it an error where the skip was said before the test began: by a mark, a fixture, a whole file.
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 3 errors" in told
    for reason in ("no reason that counts", "marked", "NUTATION_DATA is not set", "the whole file"):
        assert f"skipped under CI, where every test has to run: {reason}" in told


def test_at_home_a_skip_stays_a_skip(tmp_path: Path) -> None:
    assert "1 passed, 5 skipped, 1 xfailed" in outcome(tmp_path, "false")
