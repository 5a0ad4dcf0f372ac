"""Every official R4 example goes through the reader: a record or an InputError, never anything else."""

from __future__ import annotations

import json
from collections import Counter

from record.fhir_corpus import files

from nutation.record.errors import InputError
from nutation.record.fhir import read_bundle, read_resources


def test_all_official_examples_give_a_record_or_an_input_error():
    outcome: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for name, content in files():
        try:
            record = read_resources([json.loads(content)], name)
        except InputError as error:
            assert str(error).startswith(name), str(error)
            assert "To mend it: " in str(error)
            outcome["refused"] += 1
        else:
            outcome["read"] += 1
            kinds.update(event.kind for event in record.events)
    assert outcome.total() == 5307
    # Most files are definitions and tell of no patient; of the others these many became events.
    assert outcome["read"] > 300
    assert kinds["person"] >= 15
    assert kinds["diagnosis"] > 20
    assert kinds["medication"] > 30


def test_examples_are_read_from_files_too(tmp_path):
    for name, content in files("Observation-"):
        file = tmp_path / name
        file.write_bytes(content)
        try:
            read_bundle(file)
        except InputError as error:
            assert name in str(error)


def test_examples_cut_short_say_where(tmp_path):
    file = tmp_path / "cut.json"
    for _, content in files("Bundle-bundle"):
        file.write_bytes(content[: len(content) // 2])
        try:
            read_bundle(file)
        except InputError as error:
            assert "byte" in str(error)
        else:
            raise AssertionError("half a file was read")
