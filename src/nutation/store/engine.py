"""Opening the clinic's database, and its two kinds of transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from nutation.record.errors import InputError

_BUSY_SECONDS = 30
"""How long a writer waits for another; SQLite lets one write at a time."""


def open_engine(url: str, *, pool_size: int = 20) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``.

    SQLite runs in WAL mode with full synchronisation: what was acknowledged survives a killed process and a
    power cut. Raises InputError where the URL names no database that is supported.
    """
    try:
        told = make_url(url)
    except ArgumentError:
        raise InputError(
            "The database is not named as a URL.", mend="write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from None
    match told.get_backend_name():
        case "sqlite":
            return _sqlite(url, told.database)
        case "postgresql":
            return create_engine(
                told.set(drivername="postgresql+psycopg"), pool_size=pool_size, max_overflow=pool_size,
                pool_pre_ping=True, isolation_level="READ COMMITTED",
            )  # fmt: skip
        case other:
            raise InputError(f"{other} is not supported as the clinic's database.", mend="use SQLite or PostgreSQL.")


def _sqlite(url: str, file: str | None) -> Engine:
    if not file or file == ":memory:":
        raise InputError("The clinic's database needs a file.", mend="write sqlite:///FILE.")
    folder = Path(file).parent
    if not folder.is_dir():
        raise InputError("The folder of the database does not exist.", file=str(folder), mend="make it first.")
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # A reader that later writes could not get the lock any more: a writer says so when it begins.
        writes = connection.get_execution_options().get("nutation_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Store:
    """The clinic's database: ``read`` and ``write`` give a connection within one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, migrate: bool = False) -> Store:
        """Open the database at ``url`` and check that its tables are those of this version.

        With ``migrate`` they are made or brought up to date first. Raises InputError with the mend otherwise.
        """
        from nutation.store.migrate import check, upgrade

        engine = open_engine(url)
        try:
            if migrate:
                upgrade(engine)
            else:
                check(engine)
        except OperationalError as error:
            engine.dispose()
            raise InputError(
                f"The database cannot be reached: {str(error.orig).splitlines()[0]}.",
                file=engine.url.render_as_string(hide_password=True), mend="check that it runs, and its URL.",
            ) from None  # fmt: skip
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads; it sees one state of the database."""
        options: dict[str, Any] = {}
        if self.postgresql:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that writes: everything in it is kept, or nothing."""
        with self.engine.connect().execution_options(nutation_writes=True) as conn, conn.begin():
            yield conn

    @property
    def postgresql(self) -> bool:
        """Whether the database is PostgreSQL; else it is SQLite."""
        return self.engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
