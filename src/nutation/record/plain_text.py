"""Plain data as a file gives it: dicts, lists and text, with the place of every part.

Scalars stay text, because only the field that they are for can say what they are: ``27279`` is a count
in one field and a procedure code in another. A :class:`Bare` text was written without quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nutation.record.errors import InputError

MOST_BYTES = 32 * 2**20
"""Largest file of own events that is read whole; one patient's record is a thousandth of it."""
DEEPEST = 24
"""Deepest nesting; own events need six."""

PathIn = tuple[str | int, ...]


class Bare(str):
    """Text that stood without quotes: a number, a truth value, a date, or a word."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Plain:
    """Plain data, and a function that says where in the file the part at a path stands (``line 3``)."""

    file: str
    data: Any
    where: Callable[[PathIn], str]


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """The file's text. Raises InputError for a file that is missing, too large, empty or not UTF-8."""
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise InputError(
                f"The file has {size // 2**20} MB; own events are read up to {most_bytes // 2**20} MB.",
                file=str(path), mend="check that it is the right file; one file holds one patient.",
            )  # fmt: skip
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", file=str(path), mend="check the path."
        ) from None
    return decode(content, str(path))


def decode(content: bytes, file: str) -> str:
    """UTF-8 as text, a byte order mark dropped. Raises InputError with the line of the first bad byte."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("The file is UTF-16.", file=file, mend="save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"Byte {error.start + 1} ({content[error.start]:#04x}) is not UTF-8.",
            file=file, place=f"line {line}", mend="save the file as UTF-8 text.",
        ) from None  # fmt: skip
    if "\0" in text:
        raise InputError("The file holds binary data, not text.", file=file, mend="give a YAML, JSON or CSV file.")
    if not text.strip():
        raise InputError("The file is empty.", file=file, mend="write `patient:` and `events:` into it.")
    return text


def too_deep(file: str, place: str = "") -> InputError:
    """The error for values nested beyond :data:`DEEPEST`."""
    return InputError(
        f"Values are nested more than {DEEPEST} deep.",
        file=file,
        place=place,
        mend="an event is a flat list of fields.",
    )
