"""Resources out of JSON files, whole where they are small and streamed where they are large.

Every way in which JSON can be broken ends in an InputError with its line or byte; nesting is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from nutation.record.errors import InputError
from nutation.record.fhir.node import JsonObject, said

SMALL_BYTES = 8_000_000
"""Files up to this size are parsed in one piece, which is faster and tells exact lines."""
_CHUNK = 8 << 20  # the parser goes over a text again with every chunk that it spans: large chunks, few passes
MAX_DEPTH = 80
"""Deepest nesting of a resource that is read; R4's own examples stay below 30."""
MAX_BUNDLES = 8
"""Deepest nesting of bundles within bundles."""

_NESTING = (dict, list)
_BUNDLE_TYPES = frozenset({
    "collection", "searchset", "transaction", "document", "batch", "history", "message", "transaction-response",
    "batch-response",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as found: where it stands, its full address, and what a transaction asks to do with it."""

    resource: JsonObject
    place: str
    full_url: str = ""
    method: str = ""
    url: str = ""
    moment: str = ""


def entries_of(path: Path) -> Iterator[Entry]:
    """The resources of a bundle, or the one resource, in a JSON file. Raises InputError."""
    file = str(path)
    size = _size(path)
    if size > SMALL_BYTES:
        yield from _streamed(path, size)
    else:
        yield from entries_in(parse(path.read_bytes(), file), file)


def _size(path: Path) -> int:
    if not path.exists():
        raise InputError("there is no such file.", file=str(path), mend="check the path.")
    if path.is_dir():
        raise InputError("is a folder.", file=str(path), mend="name a JSON file, or read it as a folder of NDJSON.")
    size = path.stat().st_size
    if size == 0:
        raise InputError("the file is empty.", file=str(path), mend="export it again.")
    return size


def parse(content: bytes, file: str, *, first_line: int = 1) -> JsonObject:
    """One JSON object. Raises InputError with the line, or the byte where the text breaks off."""
    head = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        raise InputError("is XML; FHIR is read as JSON.", file=file, mend="export it as FHIR JSON.")
    try:
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + first_line
        raise InputError(
            f"byte {error.start} is not UTF-8 text.", file=file, place=f"line {line}", mend="save it as UTF-8."
        ) from None
    try:
        value: object = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        _refuse_json(error, text, file, first_line)
    except RecursionError:
        _too_deep(file, "")
    except ValueError as error:
        raise InputError(f"is not JSON: {error}.", file=file, mend="write plain decimal numbers.") from None
    if not isinstance(value, dict):
        raise InputError(
            f"is {said(value)}, not a FHIR resource.",
            file=file,
            mend="wrap the resources in a Bundle of type collection.",
        )
    found = cast(JsonObject, value)
    return whole_characters(found, file) if "\\ud" in text or "\\uD" in text else found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number of JSON")


def _refuse_json(error: json.JSONDecodeError, text: str, file: str, first_line: int) -> NoReturn:
    line = error.lineno + first_line - 1
    ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if ends:
        raise InputError(
            f"the text breaks off at byte {len(text.encode(errors='replace'))}, before its JSON is complete.",
            file=file, place=f"line {text.count(chr(10)) + first_line}", mend="export or copy the file again, whole.",
        ) from None  # fmt: skip
    byte = len(text[: error.pos].encode(errors="replace"))
    raise InputError(
        f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at column {error.colno} (byte {byte}).",
        file=file, place=f"line {line}", mend="correct it there, or export the file again.",
    ) from None  # fmt: skip


def _too_deep(file: str, place: str) -> NoReturn:
    raise InputError(
        f"is nested more than {MAX_DEPTH} levels deep.",
        file=file,
        place=place,
        mend="export it again; no FHIR is so deep.",
    )


def check_depth(resource: object, file: str, place: str) -> None:
    """Refuse a resource nested beyond MAX_DEPTH. Raises InputError."""
    level: list[object] = [resource]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                held: Iterable[object] = cast("dict[str, object]", value).values()
            else:
                held = cast("list[object]", value) if isinstance(value, list) else ()
            below += [part for part in held if isinstance(part, _NESTING)]
        if not below:
            return
        level = below
    _too_deep(file, place)


def whole_characters(value: JsonObject, file: str) -> JsonObject:
    """The value with half characters (which no encoding can write) replaced. Raises InputError where it is too deep."""
    check_depth(value, file, "")
    return cast(JsonObject, _whole(value))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def entries_in(document: JsonObject, file: str, place: str = "", depth: int = 0) -> Iterator[Entry]:
    """The resources of a parsed document, bundles within bundles included. Raises InputError."""
    kind = document.get("resourceType")
    if kind != "Bundle":
        if not isinstance(kind, str):
            raise InputError(
                "has no resourceType, so it is not a FHIR resource.", file=file, place=place,
                mend="name a FHIR bundle, or read it as Nutation's own events.",
            )  # fmt: skip
        yield Entry(document, place or kind)
        return
    if depth > MAX_BUNDLES:
        raise InputError(
            f"has bundles nested more than {MAX_BUNDLES} deep.", file=file, place=place, mend="flatten it."
        )
    sort = document.get("type")
    if sort is not None and not (isinstance(sort, str) and sort in _BUNDLE_TYPES):
        hint = " (R5 has it)" if sort == "subscription-notification" else ""
        raise InputError(
            f"{sort!r} is not a type of R4's Bundle{hint}.", file=file, place=_join(place, "Bundle.type"),
            mend="send a bundle of type collection, searchset, transaction, batch or document.",
        )  # fmt: skip
    entries = document.get("entry")
    if entries is None:
        return
    if not isinstance(entries, list):
        raise InputError(
            f"is {said(entries)} where R4 has a list.", file=file, place=_join(place, "Bundle.entry"),
            mend="send a list of entries.",
        )  # fmt: skip
    for position, entry in enumerate(cast("list[object]", entries)):
        yield from _entry(entry, file, _join(place, f"entry[{position}]"), depth)


def _join(place: str, part: str) -> str:
    return f"{place}.{part}" if place else part


def _entry(entry: object, file: str, place: str, depth: int) -> Iterator[Entry]:
    if not isinstance(entry, dict):
        raise InputError(
            f"is {said(entry)}, not an entry.", file=file, place=place, mend="send an object with a resource."
        )
    held = cast(JsonObject, entry)
    request, response = held.get("request"), held.get("response")
    asked = cast(JsonObject, request) if isinstance(request, dict) else {}
    answered = cast(JsonObject, response) if isinstance(response, dict) else {}
    method, url = str(asked.get("method") or ""), str(asked.get("url") or "")
    full_url = held.get("fullUrl")
    full = full_url if isinstance(full_url, str) else ""
    resource = held.get("resource")
    if resource is None:
        if method == "DELETE":
            yield Entry({}, place, full, method, url, str(answered.get("lastModified") or ""))
        return
    if not isinstance(resource, dict):
        raise InputError(
            f"is {said(resource)}, not a resource.", file=file, place=f"{place}.resource", mend="send an object."
        )
    found = cast(JsonObject, resource)
    if found.get("resourceType") == "Bundle":
        yield from entries_in(found, file, f"{place}.resource", depth + 1)
    elif not isinstance(found.get("resourceType"), str):
        raise InputError(
            "has no resourceType, so it is not a FHIR resource.", file=file, place=f"{place}.resource",
            mend="add the resourceType, or take the entry out.",
        )  # fmt: skip
    else:
        yield Entry(found, place, full, method, url, str(answered.get("lastModified") or ""))


def _streamed(path: Path, size: int) -> Iterator[Entry]:
    """The entries of a large bundle one by one, each let go when the next is asked for."""
    import ijson

    file = str(path)
    try:
        with path.open("rb") as opened:
            if opened.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                raise InputError("is XML; FHIR is read as JSON.", file=file, mend="export it as FHIR JSON.")
            opened.seek(0)
            kind = next(iter(ijson.items(opened, "resourceType", buf_size=_CHUNK)), None)
        if kind != "Bundle":
            yield from entries_in(parse(path.read_bytes(), file), file)
            return
        with path.open("rb") as opened:
            for position, entry in enumerate(ijson.items(opened, "entry.item", use_float=True, buf_size=_CHUNK)):
                yield from _entry(entry, file, f"entry[{position}]", 0)
    except ijson.IncompleteJSONError as error:
        _refuse_stream(path, size, str(error))
    except ijson.JSONError as error:
        _refuse_stream(path, size, str(error))
    except (ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}.", file=file, mend="export the file again.") from None


def _refuse_stream(path: Path, size: int, told: str) -> NoReturn:
    """Say where a large file breaks: at its end, or at the line that the plain parser names."""
    lines = 1
    with path.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            lines += chunk.count(b"\n")
    if "premature EOF" in told or "Incomplete" in told or "EOF" in told:
        raise InputError(
            f"the text breaks off at byte {size}, before its JSON is complete.", file=str(path), place=f"line {lines}",
            mend="export or copy the file again, whole.",
        ) from None  # fmt: skip
    first = told.splitlines()[0] if told else "it cannot be parsed"
    raise InputError(
        f"is not JSON: {first.strip()}", file=str(path), place=f"within {lines} lines, {size} bytes",
        mend="export the file again, or send it in smaller bundles, which tell the exact line.",
    ) from None  # fmt: skip


def entries_of_lines(path: Path, unreadable: Callable[[InputError], None]) -> Iterator[Entry]:
    """The resources of one NDJSON file, a resource a line; a line that cannot be read goes to ``unreadable``."""
    _size(path)
    with path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            if not line.strip():
                continue
            try:
                document = parse(line.rstrip(), str(path), first_line=number)
                found = list(entries_in(document, str(path)))
            except InputError as error:
                error.place = error.place or f"line {number}"
                unreadable(error)
                continue
            for entry in found:
                yield Entry(entry.resource, f"line {number}", entry.full_url, entry.method, entry.url, entry.moment)
