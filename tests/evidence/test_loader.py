"""The loader takes a good set, and refuses each fault in words that tell a user where it is and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nutation.evidence import EvidenceError, load, weakest

MakeSet = Callable[..., Path]


def refused(make_set: MakeSet, files: dict[str, str | None]) -> str:
    with pytest.raises(EvidenceError) as caught:
        load(make_set(files=files))
    message = str(caught.value)
    assert "To mend it: " in message, message
    assert "pydantic" not in message
    assert "Traceback" not in message
    return message


def test_a_good_set(make_set: MakeSet) -> None:
    evidence = load(make_set())
    assert evidence.version == "1"
    assert [entry.id for entry in evidence.entries] == ["first", "second"]
    first = evidence.entry("first")
    assert first.topic == "accuracy"
    assert first.number("sens") == 0.94
    interval = first.interval_of("sens")
    assert interval is not None
    assert (interval.low, interval.high, interval.level) == (0.8, 0.99, 0.95)
    assert first.interval_of("lr_pos") is None
    assert first.citation == ("ABC01",)
    assert first.mark_of("sens") == "verified"
    assert first.mark_of("lr_pos") == "derived", "a part keeps its own mark"
    second = evidence.entry("second")
    assert second.number() == 12.5
    assert second.mark_of() == "secondary"
    assert evidence.source("ABC01").link == "https://doi.org/10.1000/abc"
    assert evidence.source("DEF02").link == "https://pmc.ncbi.nlm.nih.gov/articles/PMC1234567/"
    assert evidence.policies == ()
    assert evidence.gate is None
    assert evidence.differential is None
    assert evidence.gate_items == ()


def test_the_weakest_mark() -> None:
    assert weakest(["verified", "derived"]) == "derived"
    assert weakest(["unverified", "verified"]) == "unverified"
    assert weakest(["derived", "secondary", "verified"]) == "secondary"
    assert weakest([]) == "verified"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        # an entry without a source is refused (three ways to have none)
        ("    citation: ABC01\n", "", ["line 3, entry first", "no citation", "key of sources.yaml"]),
        ("    citation: ABC01\n", "    citation: []\n", ["line 11, entry first", "no source"]),
        ("    citation: ABC01\n", "    citation:\n", ["line 11, entry first", "no source"]),
        # a key that sources.yaml does not have, with the nearest that it has
        ("citation: ABC01", "citation: ABC10", ["line 11, entry first", "'ABC10'", "not in sources.yaml", "use ABC01"]),
        ("[ABC01, DEF02]", "[ABC01, XYZ]", ["line 19, entry second", "'XYZ'"]),
        ("id: second", "id: first", ["line 13, entry first", "stands twice", "accuracy.yaml"]),
        (
            "low: 0.8, high",
            "low: 0.95, high",
            ["line 6, entry first", "0.95 to 0.99", "does not hold its value 0.94 (sens)"],
        ),
        ("low: 10, high: 15", "low: 13, high: 15", ["line 16, entry second", "13 to 15 does not hold its value 12.5"]),
        ("low: 10, high: 15", "low: 15, high: 10", ["entry second", "lies above high"]),
        ("{sens: {low", "{spec: {low", ["entry first", "'spec' is no place in the value"]),
        ("{lr_pos: derived}", "{lr_neg: derived}", ["line 7, entry first", "'lr_neg' is no place"]),
        ("    n: 48\n", "    size: 48\n", ["line 8, entry first", "field 'size' is not known", "population"]),
        ("verified: verified", "verified: sure", ["line 12, entry first", "verified does not fit", "'unverified'"]),
        ("    verified: secondary\n", "", ["line 13, entry second", "no verified"]),
        ("value: 12.5", "value: about twelve", ["line 15, entry second", "a number"]),
        ("value: 12.5", "value: true", ["line 15, entry second", "a number"]),
        ("value: 12.5", "value: '12.5'", ["line 15, entry second", "a number"]),
        ("sens: 0.94", "sens: 94", ["line 5, entry first", "sens is a share of 1", "0.94 for 94 %"]),
        ("id: second", "id: The second", ["line 13", "id does not fit"]),
        ("n: 48", "n: 0", ["line 8, entry first", "n does not fit", "greater than 0"]),
        ("level: 0.9}", "level: 90}", ["line 16, entry second", "interval.level", "less than 1"]),
        ("population: low back pain\n    citation: ABC01", "citation: ABC01", ["entry first", "no population"]),
        ("citation: ABC01", "citation: GENERAL", ["line 12, entry first", "can only be unverified"]),
        ("title: Accuracy", "version: 2", ["line 1", "'version' is no part of an entry file", "`entries:`"]),
        ("  - id: first", "  - nothing\n  - id: first", ["line 3, entry 1", "no entry"]),
    ],
)
def test_a_fault_in_an_entry(make_set: MakeSet, accuracy: str, old: str, new: str, words: list[str]) -> None:
    assert accuracy.count(old) >= 1
    message = refused(make_set, {"accuracy.yaml": accuracy.replace(old, new, 1)})
    assert "accuracy.yaml" in message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"sources.yaml": None}, ["sources.yaml is missing", "add sources.yaml"]),
        ({"set.yaml": None}, ["set.yaml is missing"]),
        ({"set.yaml": "title: x\n"}, ["set.yaml", "no version"]),
        ({"set.yaml": "version: 3\n"}, ["set.yaml, line 1", "no version", "as text"]),
        ({"sources.yaml": "ABC01: {doi: 10.1/x}\n"}, ["sources.yaml, line 1, source ABC01", "no citation"]),
        ({"sources.yaml": "A:\n  citation: A long one\n  doi: http://x\n"}, ["line 3, source A", "doi does not fit"]),
        ({"sources.yaml": "A:\n  citation: A long one\n  pages: '3'\n"}, ["line 3", "'pages' is not known", "doi"]),
        ({"sources.yaml": "- A\n"}, ["no sources"]),
        ({"accuracy.yaml": "entries:\n  - id: [\n"}, ["accuracy.yaml, line", "this is not YAML"]),
        ({"accuracy.yaml": "title: x\n"}, ["no list of entries"]),
        ({"accuracy.yaml": ""}, ["no list of entries"]),
        ({"more.yaml": "- 1\n"}, ["more.yaml", "no list of entries"]),
    ],
)
def test_a_fault_in_the_set(make_set: MakeSet, files: dict[str, str | None], words: list[str]) -> None:
    message = refused(make_set, files)
    for word in words:
        assert word in message, message


def test_a_file_that_is_not_text(make_set: MakeSet) -> None:
    directory = make_set()
    (directory / "accuracy.yaml").write_bytes(b"entries:\n  - id: \xff\xfe\n")
    with pytest.raises(EvidenceError, match="not UTF-8") as caught:
        load(directory)
    assert caught.value.place == "line 2"


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="not a directory of evidence") as caught:
        load(tmp_path / "nowhere")
    assert "nowhere" in str(caught.value)
    assert "sources.yaml" in caught.value.mend


def test_an_id_that_is_not_there(make_set: MakeSet) -> None:
    evidence = load(make_set())
    with pytest.raises(EvidenceError, match="no entry has the id 'secnd'") as caught:
        evidence.entry("secnd")
    assert "use second" in caught.value.mend
    with pytest.raises(EvidenceError, match="no source has the key 'abc'"):
        evidence.source("abc")


def test_a_number_that_is_not_there(make_set: MakeSet) -> None:
    entry = load(make_set()).entry("first")
    with pytest.raises(KeyError, match="first: 'spec' is no place"):
        entry.number("spec")
    with pytest.raises(KeyError, match="first: value is no number"):
        entry.number()


def test_a_directory_is_read_anew_each_time(make_set: MakeSet, accuracy: str) -> None:
    directory = make_set()
    before = load(directory)
    (directory / "accuracy.yaml").write_text(accuracy.replace("12.5", "12.6"), encoding="utf-8")
    after = load(directory)
    assert before.entry("second").number() == 12.5
    assert after.entry("second").number() == 12.6
    assert before.digest != after.digest
    assert not list(directory.rglob("*.json")), "nothing is written into a user's directory"


def test_entries_are_frozen(make_set: MakeSet) -> None:
    entry = load(make_set()).entry("first")
    with pytest.raises(ValueError, match="frozen"):
        entry.n = 3  # pyright: ignore[reportAttributeAccessIssue]
