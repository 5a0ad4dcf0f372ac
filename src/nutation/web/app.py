"""The clinic's program as one application: its pages, what stands before them, and its own files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from nutation.store import Store
from nutation.web.guard import check_routes, guard
from nutation.web.settings import Settings

STATIC = Path(__file__).parent / "static"

PAGES = (
    "sign_in", "account", "people", "modes", "clinic_settings", "accesses", "research", "worklist", "adding",
    "importing", "patient", "identity_of_patient", "merging", "judgement", "override", "conference", "harm",
    "documents", "requests", "request_papers", "plan", "forms",
)  # fmt: skip
"""Modules of ``web.pages``; each has a ``router``. Their order is the order in which a path is looked for."""


_THREADS = 4
"""Pages that one process makes at once. Making one is work for the processor, which threads share only by turns: with
forty of them each page would wait for all others."""


@asynccontextmanager
async def _few_threads(app: FastAPI) -> AsyncGenerator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


def create_app(store: Store, settings: Settings) -> FastAPI:
    """The application over a store. Raises RuntimeError where a route says not who may open it."""
    app = FastAPI(title="Nutation", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_few_threads)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    guard(app, store, settings)
    for name in PAGES:
        app.include_router(import_module(f"nutation.web.pages.{name}").router)
    check_routes(app)
    return app
