"""Own events as a table: one row an event (or one row a field), and back.

Columns are the names of fields; an empty cell is not recorded. A cell that stands in double quotes of its
own (``\"\"\"text\"\"\"`` in the file) is text kept to the letter, spaces and emptiness included. With columns
``event``, ``field`` and ``value`` each row is one field of the event that it names (the long form).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from nutation.record.errors import InputError
from nutation.record.faults import did_you_mean
from nutation.record.fields import HEAD, attribute_names
from nutation.record.head import Source
from nutation.record.native_write import plain_record
from nutation.record.plain_text import Bare, PathIn, Plain
from nutation.record.record import Record

LABEL = "patient_label"
"""Column of the patient's display name, which is of the document and not of an event."""

_SOURCE = {f"source_{name}": name for name in Source.model_fields}
_LONG = ("event", "field", "value")
_QUOTED = re.compile(r"^\"|[\x00-\x08\x0b-\x1f]")


def parse_csv(text: str, file: str) -> Plain:
    """Plain data of a table of own events. Raises InputError with row and column."""
    table = _Table(text, file)
    return Plain(file, table.document(), table.where)


class _Table:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        first = text.lstrip().split("\n", 1)[0]
        sign = max(",;\t", key=first.count)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
        self._columns: list[str] = []
        self._places: dict[PathIn, str] = {}
        self._events: list[dict[str, Any]] = []
        self._label: str | None = None

    def where(self, path: PathIn) -> str:
        """``row 3, column nrs`` of the part at ``path``, or of the nearest part above it."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, "row 1")

    def document(self) -> dict[str, Any]:
        rows = self._rows()
        self._header(*next(rows, (1, list[str]())))
        long = set(_LONG) <= set(self._columns)
        positions: dict[str, int] = {}
        for line, row in rows:
            told = self._cells(line, row)
            if not told:
                continue
            self._label = str(told.pop(LABEL)) if LABEL in told else self._label
            position = len(self._events)
            if long:
                position = positions.setdefault(str(told.pop("event", "")), position)
                told = self._one_field(line, told)
            if position == len(self._events):
                self._events.append({})
                self._places["events", position] = f"row {line}"
            for name, value in told.items():
                self._put(line, position, name, value)
        return {"events": self._events, **({"label": self._label} if self._label is not None else {})}

    def _error(self, line: int, problem: str, mend: str, column: str = "") -> InputError:
        place = f"row {line}, column {column}" if column else f"row {line}"
        return InputError(problem, file=self._file, place=place, mend=mend)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._error(line, f"This is not a table: {error}.", "check the quotes of this row.") from None
            yield line, row

    def _header(self, line: int, row: list[str]) -> None:
        self._columns = [name.strip() for name in row]
        known = {*HEAD, *attribute_names(), *_SOURCE, *_LONG, LABEL}
        for name in self._columns:
            if name not in known:
                raise self._error(line, f"There is no column {name!r}.", did_you_mean(name, known))
            if self._columns.count(name) > 1:
                raise self._error(line, f"The column {name!r} stands twice.", "keep one of the two.")

    def _cells(self, line: int, row: list[str]) -> dict[str, str]:
        for extra in row[len(self._columns) :]:
            if extra.strip():
                raise self._error(
                    line, f"The row has a cell without a column: {extra.strip()!r}.",
                    "put text that holds the separator in double quotes.",
                )  # fmt: skip
        return {name: told for name, cell in zip(self._columns, row, strict=False) if (told := _cell(cell)) is not None}

    def _one_field(self, line: int, told: dict[str, str]) -> dict[str, str]:
        name, value = told.pop("field", None), told.pop("value", None)
        if name is None:
            return told
        known = {*HEAD, *attribute_names(), *_SOURCE}
        if name not in known:
            raise self._error(line, f"There is no field {name!r}.", did_you_mean(name, known), "field")
        return {**told, name: value} if value is not None else told

    def _put(self, line: int, position: int, name: str, value: str) -> None:
        event = self._events[position]
        place: PathIn = ("events", position, "source" if name in _SOURCE else name)
        if name in _SOURCE:
            event, name = cast("dict[str, Any]", event.setdefault("source", {})), _SOURCE[name]
        if event.setdefault(name, value) != value:
            raise self._error(
                line, f"{name} is told as {event[name]!r} and as {value!r}.", "keep one of the two.", name
            )
        self._places.setdefault(place, f"row {line}, column {name}")


def _cell(cell: str) -> str | None:
    """The text of a cell, or None where it is empty."""
    text = cell.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return Bare(text) if text else None


def csv_text(record: Record, file_name: str, separator: str) -> str:
    """The record as a table, one row an event. Raises InputError where a table has no room for it."""
    if record.unmapped:
        raise InputError(
            f"{len(record.unmapped)} parts of the input could not be mapped, and a table has no room for them.",
            file=file_name, mend="write YAML or JSON, which keep them.",
        )  # fmt: skip
    top, events = plain_record(record, file_name, one_source=False)
    rows: list[dict[str, str]] = []
    for event in events:
        row = {"patient": _written(top["patient"])}
        if record.label:
            row[LABEL] = _written(record.label)
        for name, value in event.items():
            if name == "source":
                row |= {f"source_{part}": _written(text) for part, text in value.items()}
            else:
                row[name] = _written(value)
        rows.append(row)
    used = {name for row in rows for name in row}
    order = [*("patient", LABEL), *HEAD, *attribute_names(), *_SOURCE]
    columns = [name for name in dict.fromkeys(order) if name in used or name in ("patient", "kind")]
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, columns, restval="", delimiter=separator, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    if isinstance(value, str) and (not text or text != text.strip() or _QUOTED.search(text)):
        return json.dumps(text, ensure_ascii=False)
    return text
