"""A store, a clock and an app of the real pages."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from fastapi import FastAPI

from nutation.store import Store
from nutation.web.settings import Settings
from web.made import Clock, made_app, settings_for


@pytest.fixture
def store(sqlite_url: str) -> Generator[Store]:
    opened = Store.open(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return settings_for(sqlite_url)


@pytest.fixture
def app(store: Store, settings: Settings, clock: Clock) -> FastAPI:
    return made_app(store, settings, clock)
