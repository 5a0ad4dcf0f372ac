"""A store on each database, and the example patients as records."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.store import Store

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Generator[Store]:
    opened = Store.open(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def classic(examples: Path) -> Record:
    return read_record(examples / "classic-degenerative")


@pytest.fixture
def now() -> datetime:
    return NOW
