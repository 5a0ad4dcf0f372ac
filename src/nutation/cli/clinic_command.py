"""What the clinic's commands do: open the database, and hand over to the store or the web."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nutation.cli.output import print_json, progress
from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError

if TYPE_CHECKING:
    from nutation.store import Store

_NEEDED = ("sqlalchemy", "alembic", "fastapi", "uvicorn", "argon2", "pyotp")


def demo(*, port: int, browser: bool, folder: Path | None) -> None:
    """A clinic of made-up patients, until interrupted."""
    _needs_the_extra()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _demo_in(folder, port, browser)
        return
    with tempfile.TemporaryDirectory(prefix="nutation-demo-", ignore_cleanup_errors=True) as made:
        _demo_in(Path(made), port, browser)


def _demo_in(folder: Path, port: int, browser: bool) -> None:
    from nutation.store import Store
    from nutation.web import demo as made_up
    from nutation.web import demo_practice
    from nutation.web.serving import listen, serve
    from nutation.web.settings import Settings, kept_key

    url = f"sqlite:///{folder / 'clinic.db'}"
    told = {
        "database": url, "secret_key": kept_key(folder), "host": "127.0.0.1", "port": port, "demo": True,
        "second_factor": "optional", "images": folder / "images",
    }  # fmt: skip
    bound = listen(Settings.from_environment({}, **told))
    settings = Settings.from_environment({}, **{**told, "port": bound.getsockname()[1]})
    with progress("Making the patients …", quiet=False):
        store = Store.open(url, migrate=True)
        made_up.fill(store, datetime.now(UTC))
        store.close()

    threading.Thread(target=demo_practice.practise, args=(folder / "images", url), daemon=True).start()

    def ready(store: Store) -> None:
        links = made_up.ways_in(store, settings, datetime.now(UTC))
        _say("The demonstration is open, on this machine alone. Every patient in it is made up. Come in as:")
        for who, link in links:
            _say(f"  {who:<44} {link}")
        _say(f"Each link works once. Later: {settings.origin}/sign-in with the name before @ and the password")
        _say(f"  {made_up.PASSWORD}. Ctrl+C ends the program.")
        if browser:
            threading.Timer(0.8, webbrowser.open, args=(links[0][1],)).start()

    with suppress(KeyboardInterrupt):
        serve(settings, bound, ready)


def serve(*, url: str | None, host: str | None, port: int | None, workers: int, new_administrator: bool) -> None:
    """The clinic's program on a database, until interrupted."""
    _needs_the_extra()
    from nutation.web import links
    from nutation.web.serving import listen, serve
    from nutation.web.settings import Settings

    if workers < 1:
        raise UsageError(f"--workers is {workers}; write 1 or more.")
    settings = Settings.from_environment(database=url, host=host, port=port)
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise UsageError("--workers above 1 needs PostgreSQL: SQLite takes one writer at a time.")
    bound = listen(settings)
    if settings.port == 0:
        settings = Settings.from_environment(database=url, host=host, port=bound.getsockname()[1])

    def ready(store: Store) -> None:
        link = links.first_start(store, settings, at=datetime.now(UTC), anyway=new_administrator)
        if link is not None:
            _say(f"Make the administrator's account (this link works once): {link}")
        _say(f"Nutation is at {settings.origin}. Ctrl+C ends the program.")

    with suppress(KeyboardInterrupt):
        serve(settings, bound, ready, workers=workers)


def upgrade(*, url: str | None, quiet: bool) -> None:
    """Make the tables or bring them up to date."""
    _needs_the_extra()
    from nutation.store import Store
    from nutation.store.migrate import newest

    Store.open(_url(url), migrate=True).close()
    if not quiet:
        _say(f"The tables are of revision {newest()}.")


def backup(file: Path, *, url: str | None, json: bool, quiet: bool) -> None:
    """Write everything into one file."""
    _needs_the_extra()
    from nutation.store.backup import backup as write

    with _opened(url) as store, progress("Writing the backup …", quiet):
        told = write(store, file, at=datetime.now(UTC))
    if json:
        print_json({"file": str(file), "made_at": told.made_at, "revision": told.revision, "rows": told.rows})
    elif not quiet:
        _say(f"Written: {file} ({told.rows['patient']} patients, {told.rows['entry']} entries).")


def restore(file: Path, *, url: str | None, json: bool, quiet: bool) -> None:
    """Bring a backup back and verify it."""
    _needs_the_extra()
    from nutation.store import Store, audit
    from nutation.store.backup import restore as read

    if not file.is_file():
        raise InputError("There is no such file.", file=str(file), mend="check the path.")
    store = Store.open(_url(url), migrate=True)
    try:
        with progress("Restoring …", quiet):
            told = read(store, file)
            with store.read() as conn:
                faults = audit.verify(conn).faults
    finally:
        store.close()
    if json:
        print_json({"file": str(file), "made_at": told.made_at, "rows": told.rows, "faults": len(faults)})
    elif not quiet:
        when = f"{told.made_at:%Y-%m-%d %H:%M} UTC"
        _say(f"Restored: {told.rows['patient']} patients, {told.rows['entry']} entries, as of {when}.")
    if faults:
        raise InputError(
            f"It was restored as it was backed up, and {len(faults)} parts of it do not verify.", file=str(file),
            mend="run `nutation audit verify` to see which; an earlier backup may be whole.",
        )  # fmt: skip


def export(folder: Path, *, url: str | None, json: bool, quiet: bool) -> None:
    """Write the clinic as FHIR NDJSON."""
    _needs_the_extra()
    from nutation.store.exchange import export_clinic

    with _opened(url) as store, progress("Exporting …", quiet):
        files = export_clinic(store, folder, at=datetime.now(UTC))
    if json:
        print_json({"folder": str(folder), "resources": files})
    elif not quiet:
        _say(f"Written: {folder} ({sum(files.values())} resources in {len(files)} files).")


def import_(folder: Path, *, url: str | None, json: bool, quiet: bool) -> None:
    """Read a clinic from FHIR NDJSON."""
    _needs_the_extra()
    from nutation.store import Store
    from nutation.store.exchange import import_clinic

    store = Store.open(_url(url), migrate=True)
    try:
        with progress("Importing …", quiet):
            files = import_clinic(store, folder)
    finally:
        store.close()
    if json:
        print_json({"folder": str(folder), "resources": files})
    elif not quiet:
        _say(f"Imported: {sum(files.values())} resources. Accounts have no password: an administrator invites anew.")


def verify(*, url: str | None, json: bool, quiet: bool) -> None:
    """Check the chains. Raises InputError where something does not verify, so that the exit status is 1."""
    _needs_the_extra()
    from nutation.store import audit

    with _opened(url) as store:
        with store.write() as conn:
            audit.roll(conn, datetime.now(UTC))
        with progress("Verifying …", quiet), store.read() as conn:
            told = audit.verify(conn)
    if json:
        print_json(
            {
                "head": told.head, "head_at": told.head_at, "patients": told.patients, "entries": told.entries,
                "erased": told.erased, "documents": told.documents,
                "faults": [{"place": fault.place, "problem": fault.problem} for fault in told.faults],
            }
        )  # fmt: skip
    elif not quiet:
        erased = f" ({told.erased} erased by law)" if told.erased else ""
        _say(f"{told.patients} patients, {told.entries} entries{erased}, {told.documents} documents.")
        _say(f"The clinic's head: {told.head or 'none yet'}")
    if told.faults:
        shown = "\n".join(f"  {fault.place}: {fault.problem}" for fault in told.faults[:20])
        raise InputError(f"{len(told.faults)} faults were found.\n{shown}", mend="compare with a backup.")


@contextmanager
def _opened(url: str | None) -> Generator[Store]:
    from nutation.store import Store

    store = Store.open(_url(url))
    try:
        yield store
    finally:
        store.close()


def _url(told: str | None) -> str:
    found = told or os.environ.get("NUTATION_DATABASE")
    if file := os.environ.get("NUTATION_DATABASE_FILE"):
        found = found or Path(file).read_text("utf-8").strip()
    if not found:
        raise UsageError("No database is named: write --database URL, or set NUTATION_DATABASE.")
    return found


def _needs_the_extra() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"The clinic's program needs what is not installed ({missing[0]}).",
            mend="install it: python3 -m pip install 'nutation[clinic]'.",
        )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
