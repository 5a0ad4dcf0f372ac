"""What `nutation evidence` shows: rows that can be searched, and one entry with all that stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nutation.evidence import EvidenceError, Interval, load
from nutation.evidence.show import detail, figures, interval_words, rows, topics, unverified

MakeSet = Callable[..., Path]


def test_rows(make_set: MakeSet) -> None:
    found = rows(load(make_set()))
    assert found[0] == {
        "id": "first",
        "topic": "accuracy",
        "label": "The first figure",
        "value": "sens 0.94 (0.8 to 0.99), lr_pos 4.3",
        "population": "low back pain",
        "source": "Abc 2001, Journal",
        "verified": "verified",
    }
    assert found[1]["value"] == "12.5 (10 to 15) percent"
    assert found[1]["source"] == "Abc 2001, Journal; Def 2002, Journal"


def test_rows_by_topic_and_words(make_set: MakeSet, accuracy: str) -> None:
    more = accuracy.replace("id: first", "id: third").replace("id: second", "id: fourth")
    evidence = load(make_set(files={"blocks.yaml": more}))
    assert topics(evidence) == {"accuracy": 2, "blocks": 2}
    assert [row["id"] for row in rows(evidence, topic="blocks")] == ["third", "fourth"]
    assert [row["id"] for row in rows(evidence, words="Second figure")] == ["second", "fourth"]
    assert rows(evidence, words="nothing like it") == []


def test_one_entry_in_full(make_set: MakeSet) -> None:
    shown = detail(load(make_set()), "first")
    assert shown["sources"] == [
        {"key": "ABC01", "citation": "Abc 2001, Journal", "link": "https://doi.org/10.1000/abc"}
    ]
    sens, ratio = shown["figures"]
    assert sens["interval"] == "95 % interval 0.8 to 0.99"
    assert sens["verified_in_words"] == "read in the source's own text, table or abstract"
    assert ratio["interval"] is None
    assert ratio["verified_in_words"] == "worked out here from figures that were read at the source"
    assert shown["n"] == 48
    assert shown["evidence_version"] == "1"


def test_an_unknown_id_names_the_nearest(make_set: MakeSet) -> None:
    with pytest.raises(EvidenceError, match="no entry has the id 'frist'") as caught:
        detail(load(make_set()), "frist")
    assert "use first" in str(caught.value)


def test_intervals_say_what_they_are() -> None:
    assert interval_words(Interval(low=1, high=2, level=0.9)) == "90 % interval 1 to 2"
    assert interval_words(Interval(low=1, high=2)) == "observed range 1 to 2"
    assumed = Interval(low=1, high=2, level=0.95, level_assumed=True)
    assert interval_words(assumed) == "95 % interval 1 to 2 (level assumed)"


def test_figures_of_lists_stand_one_by_one() -> None:
    pain = load().entry("imia_pain")
    named = {figure["name"]: figure for figure in figures(pain)}
    assert named["fusion_gain.2"]["value"] == 45
    assert named["fusion_gain.2"]["interval"] == "95 % interval 37 to 54 (level assumed)"
    words = {figure["name"]: figure["value"] for figure in figures(load().entry("complications_named"))}
    assert words["named"].startswith("deep_infection, cellulitis")


def test_the_list_of_unverified_figures_is_not_empty() -> None:
    """The windows of the anaesthetics and a few licences rest on nothing that was read; they must be listed."""
    listed = {row["id"] for row in unverified(load())}
    assert {"block_window_lidocaine", "block_sedation", "instrument_phq2"} <= listed
    assert "vdwurff2006_3of5" not in listed
