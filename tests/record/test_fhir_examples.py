"""Every official R4 example goes through the reader: a record or an InputError, never anything else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from nutation.record.errors import InputError
from nutation.record.fhir import read_bundle, read_resources
from nutation.record.record import Record
from record.fhir_corpus import files


def attempt(name: str, content: bytes) -> Record | InputError:
    try:
        return read_resources([json.loads(content)], name)
    except InputError as error:
        return error


def attempt_file(file: Path) -> Record | InputError:
    try:
        return read_bundle(file)
    except InputError as error:
        return error


@pytest.mark.slow
def test_all_official_examples_give_a_record_or_an_input_error():
    outcome: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for name, content in files():
        found = attempt(name, content)
        outcome[type(found).__name__] += 1
        if isinstance(found, Record):
            kinds.update(event.kind for event in found.events)
        else:
            assert str(found).startswith(name)
            assert "To mend it: " in str(found)
    assert outcome.total() == 5307
    # Most files are definitions and tell of no patient; of the others these many became events.
    assert outcome["Record"] > 300
    assert kinds["person"] >= 15
    assert kinds["diagnosis"] > 15
    assert kinds["medication"] > 30


def test_examples_are_read_from_files_as_from_dictionaries(tmp_path):
    for name, content in files("Observation-", "Procedure-", "Patient-"):
        file = tmp_path / name
        file.write_bytes(content)
        plain, read = attempt(name, content), attempt_file(file)
        assert type(plain) is type(read)
        if isinstance(plain, Record):
            assert [event.id for event in plain.events] == [event.id for event in read.events]


def test_examples_cut_short_say_where(tmp_path):
    file = tmp_path / "cut.json"
    for _, content in files("Bundle-bundle"):
        file.write_bytes(content[: len(content) // 2])
        assert f"breaks off at byte {len(content) // 2}" in str(attempt_file(file))
