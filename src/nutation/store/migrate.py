"""Making the tables and bringing them up to date, with Alembic's revisions from ``store/migrations``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from nutation.record.errors import InputError

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    from alembic.config import Config

    told = Config()
    told.set_main_option("script_location", str(_MIGRATIONS))
    return told


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Make the tables, or bring those that are there up to ``revision``; nothing stored is lost."""
    from alembic import command

    told = _config()
    with engine.connect().execution_options(nutation_writes=True) as conn, conn.begin():
        told.attributes["connection"] = conn
        command.upgrade(told, revision)


def newest() -> str:
    """The revision of this version's tables."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def current(engine: Engine) -> str | None:
    """The revision of the tables in the database; None where there are none."""
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision()


def check(engine: Engine) -> None:
    """Refuse a database whose tables are not those of this version. Raises InputError with the mend."""
    found = current(engine)
    if found == newest():
        return
    if found is None:
        what, mend = "The database holds no tables of Nutation.", "run `nutation database upgrade` once."
    else:
        what = f"The database's tables are of another version ({found}, and {newest()} is needed)."
        mend = "make a backup, then run `nutation database upgrade`; a newer database needs a newer Nutation."
    raise InputError(what, file=engine.url.render_as_string(hide_password=True), mend=mend)
