"""Running the clinic's program: the pages by uvicorn, the answers by a process beside them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from nutation.record.errors import InputError
from nutation.store import Store
from nutation.web import islands_build
from nutation.web.answering import Answering
from nutation.web.app import create_app
from nutation.web.middleware import LOG, configure_log, uvicorn_options
from nutation.web.settings import Settings

_HANDED_ON = ("database", "secret_key", "host", "port")
"""Settings that the command line may have set, told to further workers through their environment."""


_GARBAGE = (20_000, 20, 20)
"""When garbage is looked for: a page makes some ten thousand values, and hardly any that refer to each other."""


def listen(settings: Settings) -> socket.socket:
    """A socket bound to the settings' address, so that the port is known before anything is started.

    Raises InputError where the port is taken.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise InputError(
            f"Port {settings.port} of {settings.host} cannot be listened on: {error.strerror}.",
            mend="stop what uses it, or name another with --port (0 takes a free one).",
        ) from None
    bound.listen(2048)
    return bound


def serve(settings: Settings, bound: socket.socket, ready: Callable[[Store], None], *, workers: int = 1) -> None:
    """Serve until interrupted. ``ready`` is called once before the first request, with the open store."""
    configure_log()
    if missing := islands_build.ensure():
        LOG.warning("%s The pages work without them.", missing)
    store = Store.open(settings.database_url)
    ready(store)
    answering = Answering(settings.database_url, settings.images)
    answering.start()
    try:
        if workers == 1:
            config = uvicorn.Config(_settled(create_app(store, settings)), lifespan="on", **uvicorn_options(settings))
            uvicorn.Server(config).run(sockets=[bound])
        else:
            _with_workers(settings, bound, workers)
    finally:
        answering.stop()
        store.close()


def app_of_environment() -> FastAPI:
    """The application of one further worker: its settings are those of the environment."""
    configure_log()
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    settings = Settings.from_environment()
    return _settled(create_app(Store.open(settings.database_url), settings))


def _settled(app: FastAPI) -> FastAPI:
    """Tell the garbage collector that what is there now stays: it would look through all modules for every page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    return app


def _end_with_parent() -> None:
    """End this worker once the process that started it is gone: else it would serve on, and keep the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _with_workers(settings: Settings, bound: socket.socket, workers: int) -> None:
    from uvicorn.supervisors import Multiprocess

    for name in _HANDED_ON:
        value = getattr(settings, name)
        told = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        os.environ[f"NUTATION_{name.upper()}"] = told
    config = uvicorn.Config(
        "nutation.web.serving:app_of_environment",
        factory=True,
        workers=workers,
        lifespan="on",
        **uvicorn_options(settings),
    )
    Multiprocess(config, [bound]).run()
