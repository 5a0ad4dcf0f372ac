"""The kept form is what the YAML says, is never stale, and is done without where it cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nutation.evidence.compiled import PACKAGED, read_directory
from nutation.evidence.plain_yaml import parse

MakeSet = Callable[..., Path]


def test_a_directory_is_kept_and_renewed(make_set: MakeSet, accuracy: str) -> None:
    directory = make_set()
    first = read_directory(directory, name="d", keep=True)
    kept = directory / ".cache" / "plain.json"
    assert len(json.loads(kept.read_bytes())["plain"]) == 3
    (directory / "accuracy.yaml").write_text(accuracy.replace("12.5", "12.25"), encoding="utf-8")
    second = read_directory(directory, name="d", keep=True)
    assert second.located["accuracy.yaml"].plain["entries"][1]["value"] == 12.25
    assert first.digest != second.digest
    assert len(json.loads(kept.read_bytes())["plain"]) == 3, "what no file says any more is dropped"


def test_what_is_kept_is_what_is_read(make_set: MakeSet) -> None:
    directory = make_set()
    fresh = read_directory(directory, name="d", keep=True)
    again = read_directory(directory, name="d", keep=True)
    assert {k: v.plain for k, v in fresh.located.items()} == {k: v.plain for k, v in again.located.items()}
    assert again.located["accuracy.yaml"].line_of(("entries", 1, "id")) == 13, "lines are found by reading again"


@pytest.mark.parametrize("spoiled", ["", "[]", "{}", '{"format": 0, "plain": {}}', "{broken", '"x"'])
def test_a_spoiled_kept_form_is_made_anew(make_set: MakeSet, spoiled: str) -> None:
    directory = make_set()
    kept = directory / ".cache" / "plain.json"
    kept.parent.mkdir()
    kept.write_text(spoiled, encoding="utf-8")
    assert read_directory(directory, name="d", keep=True).located["set.yaml"].plain == {"version": "1"}
    assert len(json.loads(kept.read_bytes())["plain"]) == 3


def test_a_place_that_cannot_be_written_is_no_fault(make_set: MakeSet) -> None:
    directory = make_set()
    (directory / ".cache").write_text("a file where the folder should be", encoding="utf-8")
    assert read_directory(directory, name="d", keep=True).located["set.yaml"].plain == {"version": "1"}


def test_the_packaged_files_are_kept_as_they_are() -> None:
    files = read_directory(PACKAGED, name="evidence/data", keep=True)
    for relative in ("accuracy.yaml", "blocks.yaml", "sources.yaml"):
        text = (PACKAGED / relative).read_text(encoding="utf-8")
        assert files.located[relative].plain == parse(text, file=relative).plain


def test_a_second_load_needs_no_yaml_reader() -> None:
    """The packaged evidence is read from the kept form: importing the YAML reader alone costs more."""
    code = "import sys; from nutation.evidence import load; load(); print('ruamel.yaml' in sys.modules)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert runs[1] == "False"
