"""What every test may use: the places of real input, Hypothesis's profiles, and the rule about skips."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from databases import PostgreSQL

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores already: threads of each would only wait for those of the others.
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
UNDER_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

ALLOWED_SKIPS = ("no accelerator:", "other platform:")
"""Openings of the reasons for which a test may be skipped under CI; any other skip there is a failure."""

# CI must give the same verdict twice: its examples derive from the test, not from chance. At home they vary,
# so that new counter-examples turn up; `HYPOTHESIS_PROFILE=thorough` looks longer before a release.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if UNDER_CI else "dev"))


def _forbidden_reason(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why a skip may not stand under CI; None for anything that may."""
    if not UNDER_CI or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return None
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    return None if reason.startswith(ALLOWED_SKIPS) else reason


def _fail(report: Any, reason: str) -> None:
    report.outcome = "failed"
    report.longrepr = (
        f"skipped under CI, where every test has to run: {reason}\n"
        f"Install what it needs in .ci/run, or open the reason with one of {ALLOWED_SKIPS}."
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skipped test is a failed test, unless its reason is an allowed one."""
    report = yield
    if (reason := _forbidden_reason(report)) is not None:
        _fail(report, reason)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself while it is imported."""
    report = yield
    if (reason := _forbidden_reason(report)) is not None:
        _fail(report, reason)
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of example patients: ``NAME/record.json`` with ``NAME/expected.yaml`` beside it."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real anatomy and other input that is not part of the project: where ``NUTATION_DATA`` points."""
    named = os.environ.get("NUTATION_DATA")
    if not named:
        pytest.skip("NUTATION_DATA is not set: it names the folder of real input that this test reads")
    folder = Path(named)
    if not folder.is_absolute():
        folder = ROOT / folder
    if not folder.is_dir():
        pytest.fail(f"NUTATION_DATA names {named}, which is not a folder; set it to the folder of real input")
    return folder


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where a test keeps what it fetched once (npm packages): ``NUTATION_CACHE``, else ``.cache/tests``."""
    folder = Path(os.environ.get("NUTATION_CACHE", ROOT / ".cache" / "tests"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium, for pages that have to be looked at."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("Chromium is not installed: this test opens pages in it")


@pytest.fixture(scope="session")
def postgresql() -> Generator[PostgreSQL]:
    """A real PostgreSQL for the whole run of this worker."""
    from databases import running_postgresql

    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables made, to be copied."""
    from nutation.store.engine import open_engine
    from nutation.store.migrate import upgrade

    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """A fresh database with its tables made: on SQLite, and again on a real PostgreSQL."""
    from databases import fresh_sqlite

    if request.param == "sqlite":
        with fresh_sqlite(tmp_path, request.getfixturevalue("sqlite_template")) as url:
            yield url
    else:
        with request.getfixturevalue("postgresql").fresh() as url:
            yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> Generator[str]:
    """A fresh SQLite database with its tables made."""
    from databases import fresh_sqlite

    with fresh_sqlite(tmp_path, sqlite_template) as url:
        yield url
