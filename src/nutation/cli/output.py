"""How commands speak: answers on standard output, errors and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError
from nutation.record.period import parse_partial_date


def json_text(told: Any) -> str:
    """Plain data as JSON text with a final line end."""
    from pydantic_core import to_json

    return to_json(told, indent=2).decode() + "\n"


def print_json(told: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json_text(told))


def day(text: str | None, option: str) -> date:
    """The day that an option names; today where it is left out. Raises UsageError."""
    if text is None:
        return date.today()  # noqa: DTZ011  the user's own calendar day is meant
    try:
        first, last = parse_partial_date(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if first != last:
        raise UsageError(f"{option}: {text} is not one day; write YYYY-MM-DD.")
    return first


def instant(text: str | None, option: str) -> datetime | None:
    """The instant that an option names, in UTC where it names no zone; a day means its end. Raises UsageError."""
    if text is None:
        return None
    from datetime import UTC

    try:
        told = datetime.fromisoformat(text + "T23:59:59.999999" if len(text) == 10 else text)
    except ValueError:
        raise UsageError(f"{option}: {text!r} is not a time; write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS+00:00.") from None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


@contextmanager
def progress(text: str, quiet: bool) -> Generator[None]:
    """A sign of life on standard error while something takes its time, on terminals only."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def console() -> Any:
    """The console for answers: colours on a terminal, plain text in a pipe."""
    from rich.console import Console

    return Console(soft_wrap=False, highlight=False)


def folder(path: Path) -> Path:
    """The folder to write into, made if need be. Raises InputError where a file is in its place."""
    if path.exists() and not path.is_dir():
        raise InputError("is a file, and a folder is needed.", file=str(path), mend="name another folder with --out.")
    path.mkdir(parents=True, exist_ok=True)
    return path


def written(path: Path, content: bytes | str) -> Path:
    """The content, written beside its place first, so that a broken run leaves no half file."""
    data = content.encode() if isinstance(content, str) else content
    half = path.with_name(path.name + ".part")
    half.write_bytes(data)
    half.replace(path)
    return path
