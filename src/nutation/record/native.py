"""Nutation's own events from YAML, JSON and CSV, and back.

A document is a mapping with ``patient``, optionally ``label``, ``recorded_at`` and ``source`` (defaults for
its events) and ``events``, a list of flat mappings: the kind, the head's fields and the kind's. What is
left out is not recorded. All faults of a file are told together.
"""

from __future__ import annotations

from pathlib import Path

from nutation.record.errors import InputError
from nutation.record.native_build import record_of
from nutation.record.native_csv import csv_text, parse_csv
from nutation.record.native_write import json_text, yaml_text
from nutation.record.plain_json import parse_json
from nutation.record.plain_text import Plain, read_text
from nutation.record.plain_yaml import parse_yaml
from nutation.record.record import Record

FORMATS = (".yaml", ".yml", ".json", ".csv", ".tsv")
"""Endings of the files that own events are written to."""


def read_events(path: Path | str, *, partial: bool = False) -> Record:
    """The record in a file of own events; the format is told by the content.

    Raises InputError with every fault of the file. With ``partial`` a faulty event is left out and listed
    in the warnings instead.
    """
    path = Path(path)
    return record_of(parse_events(read_text(path), str(path)), system=path.name, partial=partial)


def parse_events(text: str, file: str) -> Plain:
    """The plain data in the text of a file of own events. Raises InputError where it cannot be read."""
    match format_of(text):
        case "json":
            return parse_json(text, file)
        case "csv":
            return parse_csv(text, file)
        case _:
            return parse_yaml(text, file)


def format_of(text: str) -> str:
    """``json``, ``csv`` or ``yaml``: what own events in ``text`` are written in."""
    start = text.lstrip()
    if start[:1] in ("{", "["):
        return "yaml" if start[1:].lstrip()[:1] not in ('"', "{", "[", "]", "}", "") else "json"
    first = start.split("\n", 1)[0].lower()
    names = {name.strip().strip('"') for sign in ",;\t" for name in first.split(sign)}
    return "csv" if "kind" in names and ":" not in first else "yaml"


def write_events(record: Record, path: Path | str) -> None:
    """Write ``record`` to a file of own events; reading it gives the same events, ids and sources included.

    The ending chooses the format: .yaml, .yml, .json, .csv or .tsv. CSV has no room for parts of the input
    that could not be mapped, so a record with such parts is refused there.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".yaml" | ".yml":
            text = yaml_text(record, path.name)
        case ".json":
            text = json_text(record, path.name)
        case ".csv" | ".tsv":
            text = csv_text(record, path.name, "," if path.suffix.lower() == ".csv" else "\t")
        case other:
            raise InputError(
                f"Own events are not written as {other or 'a file without an ending'}.",
                file=str(path), mend=f"use an ending out of {', '.join(FORMATS)}.",
            )  # fmt: skip
    path.write_text(text, encoding="utf-8", newline="")
