"""A clinic's records of planned against placed: written by `plan compare`, read as the error of the next plan."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from nutation.record.errors import InputError

# Beyond these a record is no placement error but a wrong match or a wrong unit.
_LARGEST_MM, _LARGEST_DEG = 60.0, 60.0


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One implant as placed against its plan: magnitudes of the errors, at entry and tip and of the axis.

    `operation` groups the implants that were placed together; `depth_error_mm` is positive where it lies deeper.
    """

    operation: str
    implant: str
    entry_error_mm: float
    tip_error_mm: float
    angle_error_deg: float
    depth_error_mm: float = 0.0


_NAMES = tuple(field.name for field in fields(ExecutionRecord))
_NEEDED = ("entry_error_mm", "angle_error_deg")


def read_records(path: Path) -> tuple[ExecutionRecord, ...]:
    """Records from CSV (a header line) or JSON (a list, or `{"records": […]}`).

    Raises InputError naming the line or the record, and the mend.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError("it cannot be read as text.", file=str(path), mend="give CSV or JSON in UTF-8.") from None
    if path.suffix.lower() == ".json":
        try:
            plain: Any = json.loads(text)
        except ValueError as error:
            raise InputError(f"it is no JSON ({error}).", file=str(path), mend="mend it, or give CSV.") from None
        listed: Any = cast("dict[str, Any]", plain).get("records") if isinstance(plain, dict) else plain
        if not isinstance(listed, list):
            raise InputError("it has no list of records.", file=str(path), mend='write {"records": [...]}.')
        rows = [(f"record {i + 1}", row) for i, row in enumerate(cast("list[Any]", listed))]
    else:
        reader = csv.DictReader(io.StringIO(text))
        rows = [(f"line {reader.line_num}", cast("Any", row)) for row in reader]
    return tuple(_record(row, str(path), place) for place, row in rows)


def append_records(path: Path, records: Iterable[ExecutionRecord]) -> int:
    """Add records to a clinic's CSV (made where there is none) in one step; those of an operation and implant that it
    holds are replaced. Gives how many it then holds."""
    held = {(one.operation, one.implant): one for one in (read_records(path) if path.exists() else ())}
    held.update({(one.operation, one.implant): one for one in records})
    out = io.StringIO()
    writer = csv.DictWriter(out, _NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in held.values())
    part = path.with_name(path.name + ".part")
    part.write_text(out.getvalue(), encoding="utf-8")
    part.replace(path)
    return len(held)


def _record(row: Any, file: str, place: str) -> ExecutionRecord:
    if not isinstance(row, Mapping):
        raise InputError("this is no record.", file=file, place=place, mend=f"give {', '.join(_NEEDED)}.")
    given = cast("Mapping[str, Any]", row)
    numbers: dict[str, float] = {}
    for name in ("entry_error_mm", "tip_error_mm", "angle_error_deg", "depth_error_mm"):
        value = given.get(name)
        if value in (None, ""):
            if name in _NEEDED:
                raise InputError(f"the record has no {name}.", file=file, place=place, mend=f"add `{name}`.")
            numbers[name] = 0.0
            continue
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        largest = _LARGEST_DEG if name.endswith("_deg") else _LARGEST_MM
        low = -largest if name == "depth_error_mm" else 0.0
        if not low <= number <= largest:
            raise InputError(
                f"{name} is {value!r}, which is no error between {low:g} and {largest:g}.", file=file, place=place,
                mend="give millimetres and degrees; leave out what was not measured.",
            )  # fmt: skip
        numbers[name] = number
    return ExecutionRecord(
        str(given.get("operation") or ""), str(given.get("implant") or ""), numbers["entry_error_mm"],
        numbers["tip_error_mm"], numbers["angle_error_deg"], numbers["depth_error_mm"],
    )  # fmt: skip
