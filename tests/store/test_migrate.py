"""The migrations make exactly the tables that the code declares, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from nutation.record.errors import InputError
from nutation.store import Store, open_engine
from nutation.store.migrate import current, newest
from nutation.store.tables import metadata


def test_migrations_make_the_declared_tables(store: Store) -> None:
    with store.read() as conn:
        options: dict[str, Any] = {"compare_type": True, "compare_server_default": False}
        assert compare_metadata(MigrationContext.configure(conn, opts=options), metadata) == []
    assert current(store.engine) == newest()


def test_an_empty_database_is_named_and_made_when_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(InputError, match="no tables of Nutation"):
        Store.open(url)
    Store.open(url, migrate=True).close()
    Store.open(url).close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "not named as a URL"),
        ("mysql://localhost/x", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:////no/such/folder/x.db", "does not exist"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_had(url: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    engine.dispose()
