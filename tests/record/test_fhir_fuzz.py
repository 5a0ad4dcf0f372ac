"""A hospital's bundle, broken by chance in one to four places: a record or an InputError, never a traceback."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nutation.record.errors import InputError
from nutation.record.fhir import read_resources

JUNK: list[Any] = [
    None, 0, -5, 1.5, True, "", "x", "2026", "2026-13", "left", "#a", "urn:uuid:1", "Patient/zz", [], {}, [None], [{}],
    "\udc00",
    {"coding": [{}]}, {"value": 3}, {"reference": "#"}, {"start": "2027", "end": "2020"}, 10**400,
    {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
    {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "27096"}]},
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*at, key))


def broken(bundle: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    bundle = copy.deepcopy(bundle)
    for _ in range(chance.choice([1, 1, 2, 4])):
        *way, last = chance.choice(list(places(bundle)))
        holder = bundle
        for step in way:
            holder = holder[step]
        if chance.random() < 0.2:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(JUNK))
    return bundle


def outcome(bundle: dict[str, Any], partial: bool) -> str:
    try:
        record = read_resources([bundle], "hospital.json", partial=partial)
    except InputError as error:
        return str(error)
    return f"{len(record.events)} events; To mend it: nothing."


@pytest.mark.parametrize("name", ["classic-degenerative-us-core", "hip-mimic-us-core"])
def test_broken_bundles(examples: Path, name: str):
    bundle = json.loads((examples / name / "record.json").read_text())
    chance = random.Random(name)
    for _ in range(150):
        text = outcome(broken(bundle, chance), chance.random() < 0.5)
        assert "To mend it: " in text
        text.encode()  # and it can be printed
