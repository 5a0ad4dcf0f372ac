"""Looks into a PDF from outside before it is kept: in full, by its objects, and without drawing it.

A file that would do something when it is opened, holds other files, or cannot be read to its end is refused with the
mend. Nothing is taken out of it: what is kept is what was received, byte for byte, and its hash is that of the file.

Run as a program (``python -m nutation.web.papers.pdf_check PAGES``) it reads the PDF from standard input and answers
with JSON. ``apart`` runs it so: a file that hangs or fills the memory ends with its own process, which holds no
database, no secret and no way to write a file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from nutation.record.errors import InputError

if TYPE_CHECKING:
    from pypdf import PdfReader

_SECONDS = 30
"""Longest look into one file. A scan of 100 pages takes under a second."""
_MEMORY_BYTES = 2 * 1024**3
"""Most memory for it: many times what the largest file that is taken needs."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""Files that are looked into at the same time."""
_OBJECTS_MOST = 200_000
"""Most objects of one file; a text of 300 pages has about 5,000."""
_CONTENT_MOST_BYTES = 30_000_000
"""Most drawing instructions of one page, unpacked; a dense drawing has under 5 MB."""
_ALL_CONTENT_MOST_BYTES = 200_000_000
_PIXELS_MOST = 200_000_000
"""Most pixels of one picture: a sheet of A3 at 600 dots an inch has 70 million."""
_SIDE_MOST_PT = 14_400
"""Longest side of a page, in points: the most that PDF allows."""
_DEEP = 100
"""How deep arrays and dictionaries may lie within each other."""

_PRINT = "print it into a new PDF (Print, Save as PDF) and upload that."
_ACTIONS = {
    "/JavaScript": "a script", "/Launch": "an instruction to start a program",
    "/SubmitForm": "a form that sends itself", "/ImportData": "an instruction to read a file",
    "/GoToR": "a link to another file", "/GoToE": "an embedded file",
    "/Rendition": "a film or sound", "/Movie": "a film or sound", "/Sound": "a film or sound",
    "/RichMediaExecute": "a film or sound", "/GoTo3DView": "a 3D scene",
}  # fmt: skip
_SUBTYPES = {
    "/FileAttachment": "an embedded file", "/RichMedia": "a film or sound", "/Movie": "a film or sound",
    "/Sound": "a film or sound", "/Screen": "a film or sound", "/3D": "a 3D scene",
}  # fmt: skip
_KEYS = {
    "/JS": "a script", "/JavaScript": "a script", "/EF": "an embedded file", "/EmbeddedFiles": "an embedded file",
    "/XFA": "a form that a program draws (XFA)",
}  # fmt: skip


def apart(content: bytes, *, pages_most: int) -> int:
    """The number of pages, found in a process of its own. Raises InputError as ``check`` does."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    command = [sys.executable, "-I", "-m", "nutation.web.papers.pdf_check", str(pages_most)]
    with _AT_ONCE:
        try:
            done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS, env=kept, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise InputError("The PDF takes too long to read.", mend=_PRINT) from None
    try:
        told = json.loads(done.stdout)
    except ValueError:  # it ended before it could answer
        raise _unreadable() from None
    if "pages" not in told:
        raise InputError(told["problem"], mend=told["mend"])
    return told["pages"]


def check(content: bytes, *, pages_most: int) -> int:
    """The number of pages of a PDF that may be kept. Raises InputError with the reason and the mend otherwise."""
    from pypdf import PdfReader

    _check_ends(content)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise InputError("The PDF is encrypted.", mend="take its password away, or " + _PRINT)
        _check_objects(reader)
        return _check_pages(reader, pages_most)
    except InputError:
        raise
    except Exception:  # a parser can fail in any way on what was made to break it
        raise _unreadable() from None


def _check_ends(content: bytes) -> None:
    if not content.startswith(b"%PDF-"):
        raise InputError("The file is not a PDF from its first byte on.", mend=_PRINT)
    before, end, behind = content.rpartition(b"%%EOF")
    if not end or not before:
        raise InputError("The PDF is cut off: it has no end.", mend="send or scan it again.")
    if behind.strip(b"\0\t\n\f\r "):
        raise InputError("Something else stands behind the PDF's end.", mend=_PRINT)


def _check_objects(reader: PdfReader) -> None:
    from pypdf.generic import IndirectObject

    places = {(number, generation) for generation, table in reader.xref.items() for number in table}
    places |= {(number, 0) for number in reader.xref_objStm}
    if len(places) > _OBJECTS_MOST:
        raise InputError(f"The PDF has more than {_OBJECTS_MOST} parts.", mend=_PRINT)
    _check_values(reader.trailer)
    for number, generation in sorted(places):
        if number == 0:
            continue
        _check_values(cast("Any", reader.get_object(IndirectObject(number, generation, reader))))


def _check_values(value: Any) -> None:
    """Refuse what would act. References are not followed: every object is looked at by itself."""
    for told in _dictionaries(value, 0):
        for key, what in _KEYS.items():
            if key in told:
                raise _acts(what)
        action = told.raw_get("/S") if "/S" in told else None
        kind = told.raw_get("/Subtype") if "/Subtype" in told else None
        what = _ACTIONS.get(str(action)) or _SUBTYPES.get(str(kind))
        if what is not None or str(told.raw_get("/Type") if "/Type" in told else "") == "/EmbeddedFile":
            raise _acts(what or "an embedded file")
        if str(kind) == "/Image" and _size(told, "/Width") * _size(told, "/Height") > _PIXELS_MOST:
            raise InputError("The PDF holds a picture that is too large.", mend="scan it with fewer dots an inch.")


def _dictionaries(value: Any, depth: int) -> Iterator[Any]:
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

    if depth > _DEEP:
        raise ValueError("too deep")
    if isinstance(value, DictionaryObject):
        yield value
        inner: list[Any] = [value.raw_get(key) for key in value]
    elif isinstance(value, ArrayObject):
        inner = list(cast("Any", value))
    else:
        return
    for one in inner:
        if not isinstance(one, IndirectObject):
            yield from _dictionaries(one, depth + 1)


def _size(told: Any, key: str) -> int:
    value = told.get(key, 0)
    return int(value) if isinstance(value, int | float) else 0


def _check_pages(reader: PdfReader, pages_most: int) -> int:
    from pypdf.errors import LimitReachedError

    try:
        pages = list(reader.pages)
    except LimitReachedError:
        raise _too_many(pages_most) from None
    if len(pages) > pages_most:
        raise _too_many(pages_most)
    if not pages:
        raise InputError("The PDF has no page.", mend="check which file you meant.")
    total = 0
    for page in pages:
        if not all(0 < side <= _SIDE_MOST_PT for side in (page.mediabox.width, page.mediabox.height)):
            raise InputError("A page of the PDF has no size that a page can have.", mend=_PRINT)
        try:
            told = page.get_contents()
            size = len(told.get_data()) if told is not None else 0
        except LimitReachedError:
            size = _CONTENT_MOST_BYTES + 1
        total += size
        if size > _CONTENT_MOST_BYTES or total > _ALL_CONTENT_MOST_BYTES:
            raise InputError("The PDF unpacks to far more than a page can hold.", mend=_PRINT)
    return len(pages)


def _acts(what: str) -> InputError:
    if what == "an embedded file":
        return InputError(
            "The PDF holds an embedded file.", mend=f"upload the file that it holds by itself, and {_PRINT}"
        )
    return InputError(f"The PDF holds {what}, which could act when it is opened.", mend=_PRINT)


def _too_many(pages_most: int) -> InputError:
    return InputError(f"The PDF has more than {pages_most} pages.", mend="split it, and upload the parts that matter.")


def _unreadable() -> InputError:
    return InputError("The PDF is damaged and cannot be read.", mend=f"open it; if it opens, {_PRINT}")


def _main() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        told: dict[str, Any] = {"pages": check(sys.stdin.buffer.read(), pages_most=int(sys.argv[1]))}
    except InputError as error:
        told = {"problem": error.problem, "mend": error.mend}
    print(json.dumps(told))


if __name__ == "__main__":
    _main()
