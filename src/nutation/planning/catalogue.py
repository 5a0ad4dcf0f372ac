"""The sizes that implants come in: packaged with their sources, or a clinic's own list from YAML or CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from nutation.anatomy.implants import Material, Section, Size
from nutation.evidence import Entry, Evidence, EvidenceError, load
from nutation.evidence.plain_yaml import parse
from nutation.record.errors import InputError

_SECTIONS: tuple[Section, ...] = ("triangle", "circle", "square")
_MATERIALS: tuple[Material, ...] = ("titanium", "bone")
_TOPIC = "implants"
_PARTS: Mapping[str, str] = {
    "diameters_mm": "its diameters",
    "lengths_mm": "its lengths",
    "lengths_mm.step": "the lengths between the shortest and the longest",
    "diameter_of": "across which circle its diameter is taken (here: the circle around the section)",
}
_FIELDS = ("id", "system", "section", "diameter_mm", "length_mm", "lengths_mm", "cannulated", "pin_diameter_mm",
           "material", "approaches", "default_for")  # fmt: skip
# Beyond these no implant of this joint is thinkable; a figure outside is a slip of unit or of column.
_DIAMETERS_MM, _LENGTHS_MM = (2.0, 30.0), (10.0, 200.0)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sizes by system. `approaches` and `cautions` are by system: what it is for, what of its sizes is not verified.

    `preferred` names, by approach, the (system, diameter in mm) that a plan takes when the user names none.
    """

    sizes: tuple[Size, ...]
    approaches: Mapping[str, tuple[str, ...]]
    cautions: Mapping[str, str]
    source: str
    preferred: Mapping[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])

    def size(self, size_id: str) -> Size:
        """The size of that id. Raises InputError with the nearest."""
        for size in self.sizes:
            if size.id == size_id:
                return size
        known = ", ".join(size.id for size in self.sizes[:6])
        raise InputError(f"no implant has the id {size_id!r}.", file=self.source, mend=f"use one of {known} …")

    def of_system(self, system: str, diameter_mm: float | None = None) -> tuple[Size, ...]:
        """The sizes of one system (and one diameter), shortest first."""
        found = [
            size for size in self.sizes
            if size.system.lower() == system.lower() and (diameter_mm is None or size.diameter_mm == diameter_mm)
        ]  # fmt: skip
        if not found:
            systems = ", ".join(dict.fromkeys(size.system for size in self.sizes))
            width = "" if diameter_mm is None else f" of {diameter_mm:g} mm"
            raise InputError(
                f"the catalogue has no {system!r}{width}.", file=self.source, mend=f"name one of {systems}."
            )
        return tuple(sorted(found, key=lambda size: (size.diameter_mm, size.length_mm)))

    def for_approach(self, approach: str) -> tuple[Size, ...]:
        """The sizes a plan chooses from by this approach when none are named: one system, one diameter.

        The preferred system where the catalogue names one, else the first system for the approach. Raises InputError
        when the catalogue has none for it.
        """
        if approach in self.preferred:
            return self.of_system(*self.preferred[approach])
        for size in self.sizes:
            uses = self.approaches.get(size.system, ())
            if not uses or approach in uses:
                return self.of_system(size.system, size.diameter_mm)
        raise InputError(
            f"no implant of the catalogue is for the approach {approach!r}.", file=self.source,
            mend="add one, or choose another approach.",
        )  # fmt: skip

    def cautions_for(self, sizes: Iterable[Size]) -> tuple[str, ...]:
        """What a plan with these sizes must say of them, once a system."""
        systems = dict.fromkeys(size.system for size in sizes)
        return tuple(self.cautions[system] for system in systems if system in self.cautions)


def packaged_catalogue(evidence: Evidence | None = None) -> Catalogue:
    """The catalogue of the evidence (`implants.yaml`): sizes as published, with what is not verified of them."""
    held = evidence or load()
    sizes: list[Size] = []
    approaches: dict[str, tuple[str, ...]] = {}
    cautions: dict[str, str] = {}
    preferred: dict[str, tuple[str, float]] = {}
    for entry in (entry for entry in held.entries if entry.topic == _TOPIC):
        value = cast("dict[str, Any]", entry.value)
        system = str(value["system"])
        uses = tuple(str(name) for name in value["approaches"])
        approaches[system] = uses
        if "default_for" in value:
            preferred[str(value["default_for"])] = (system, float(value["default_diameter_mm"]))
        caution = _caution(entry, system)
        if caution:
            cautions[system] = caution
        pin = value.get("pin_diameter_mm")
        sizes += [
            Size(
                f"{_slug(system)}-{diameter:g}x{length:g}", system, cast("Section", value["section"]), diameter, length,
                bool(value["cannulated"]), None if pin is None else float(pin),
                cast("Material", value.get("material", "titanium")),
            )
            for diameter in _steps(value["diameters_mm"]) for length in _steps(value["lengths_mm"])
        ]  # fmt: skip
    return Catalogue(tuple(sizes), approaches, cautions, "evidence/data/implants.yaml", preferred)


def read_catalogue(path: Path) -> Catalogue:
    """A clinic's own sizes from YAML (a list `sizes:`) or CSV (one size a line).

    Fields: system, section (triangle, circle, square), diameter_mm, length_mm (or lengths_mm), and if known id,
    cannulated, pin_diameter_mm, material (titanium, or bone of a graft), approaches. Raises InputError naming the line
    and the mend.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("there is no such file.", file=str(path), mend="name a catalogue in YAML or CSV.") from None
    except (OSError, UnicodeDecodeError):
        raise InputError("it cannot be read as text.", file=str(path), mend="save it as UTF-8 YAML or CSV.") from None
    rows = _csv_rows(text) if path.suffix.lower() in {".csv", ".tsv"} else _yaml_rows(text, str(path))
    sizes: list[Size] = []
    approaches: dict[str, tuple[str, ...]] = {}
    preferred: dict[str, tuple[str, float]] = {}
    seen: dict[str, int] = {}
    for line, row in rows:
        made = _sizes_of(row, str(path), line)
        for size in made:
            if size.id in seen:
                raise _bad(f"the id {size.id!r} stands twice (first in line {seen[size.id]}).", str(path), line,
                           "give each size an id of its own, or remove one.")  # fmt: skip
            seen[size.id] = line
        sizes += made
        uses = row.get("approaches") or ()
        listed = uses.replace("|", " ").replace(";", " ").split() if isinstance(uses, str) else [str(u) for u in uses]
        approaches[made[0].system] = tuple(listed)
        if row.get("default_for"):
            preferred[str(row["default_for"])] = (made[0].system, made[0].diameter_mm)
    if not sizes:
        raise InputError("it holds no sizes.", file=str(path), mend="write one size a line, or a list `sizes:`.")
    caution = f"Implant sizes are the user's own ({path.name}); they were not compared with any published source."
    return Catalogue(tuple(sizes), approaches, {size.system: caution for size in sizes}, str(path), preferred)


def _caution(entry: Entry, system: str) -> str:
    if entry.verified == "unverified":
        return f"Sizes of {system} are unverified: no source was seen. Check them against the implant in hand."
    parts = [words for part, words in _PARTS.items() if entry.marks.get(part) == "unverified"]
    if not parts:
        return ""
    return f"Of {system}, unverified: {'; '.join(parts)}. Check against the implant in hand."


def _steps(value: Any) -> list[float]:
    if isinstance(value, dict):
        span = cast("dict[str, float]", value)
        count = math.floor((span["to"] - span["from"]) / span["step"] + 1e-9) + 1
        return [span["from"] + i * span["step"] for i in range(count)]
    return [float(number) for number in cast("list[float]", value)]


def _slug(system: str) -> str:
    return "-".join(system.lower().split())


def _yaml_rows(text: str, file: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        located = parse(text, file=file)
    except EvidenceError as error:
        raise InputError(error.problem, file=file, place=error.place, mend=error.mend) from None
    plain: Any = located.plain
    listed: Any = cast("dict[str, Any]", plain).get("sizes") if isinstance(plain, dict) else plain
    root: tuple[str, ...] = ("sizes",) if isinstance(plain, dict) else ()
    if not isinstance(listed, list):
        raise _bad("it has no list of sizes.", file, 1, "write `sizes:` and each size under a dash.")
    rows: list[tuple[int, dict[str, Any]]] = []
    for i, row in enumerate(cast("list[Any]", listed)):
        line = located.line_of((*root, i))
        if not isinstance(row, dict):
            raise _bad("this is no size.", file, line, "write system, section, diameter_mm and length_mm.")
        rows.append((line, cast("dict[str, Any]", row)))
    return rows


def _csv_rows(text: str) -> list[tuple[int, dict[str, Any]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    return [
        (reader.line_num, {(key or "").strip(): (value or "").strip() for key, value in row.items() if key is not None})
        for row in reader
    ]


def _sizes_of(row: Mapping[str, Any], file: str, line: int) -> list[Size]:
    for name in row:
        if name not in _FIELDS:
            raise _bad(f"the field {name!r} is not known.", file, line, f"use {', '.join(_FIELDS)}.")
    system = str(row.get("system") or "").strip()
    if not system:
        raise _bad("the size has no system.", file, line, "add `system`, the implant's name.")
    section = str(row.get("section") or "").strip()
    if section not in _SECTIONS:
        raise _bad(f"the section {section!r} is not known.", file, line, f"write one of {', '.join(_SECTIONS)}.")
    diameter = _number(row, "diameter_mm", _DIAMETERS_MM, file, line)
    listed: Any = row.get("lengths_mm")
    if isinstance(listed, str) and listed:
        listed = listed.replace("|", " ").replace(";", " ").split()
    lengths = (
        [_number({"lengths_mm": one}, "lengths_mm", _LENGTHS_MM, file, line) for one in cast("list[Any]", listed)]
        if isinstance(listed, list) and listed
        else [_number(row, "length_mm", _LENGTHS_MM, file, line)]
    )
    pin = None
    if row.get("pin_diameter_mm") not in (None, ""):
        pin = _number(row, "pin_diameter_mm", (0.5, diameter), file, line)
    cannulated = str(row.get("cannulated", "true")).strip().lower() not in {"false", "no", "0"}
    material = str(row.get("material") or "titanium").strip().lower()
    if material not in _MATERIALS:
        raise _bad(f"the material {material!r} is not known.", file, line, f"write one of {', '.join(_MATERIALS)}.")
    name = str(row.get("id") or "").strip()
    if name and len(lengths) > 1:
        raise _bad("one id stands for several lengths.", file, line, "remove the id, or give one length.")
    return [
        Size(
            name or f"{_slug(system)}-{diameter:g}x{length:g}", system, section, diameter, length, cannulated, pin,
            material,
        )
        for length in lengths
    ]  # fmt: skip


def _number(row: Mapping[str, Any], name: str, bounds: tuple[float, float], file: str, line: int) -> float:
    given = row.get(name)
    if given in (None, ""):
        raise _bad(f"the size has no {name}.", file, line, f"add `{name}` in millimetres.")
    try:
        number = float(str(given))
    except ValueError:
        raise _bad(f"{name} is {given!r}, which is no number.", file, line, "write millimetres, e.g. 7.0.") from None
    low, high = bounds
    if not low <= number <= high:
        raise _bad(f"{name} is {number:g}, outside {low:g} to {high:g} mm.", file, line, "give it in millimetres.")
    return number


def _bad(problem: str, file: str, line: int, mend: str) -> InputError:
    return InputError(problem, file=file, place=f"line {line}", mend=mend)
