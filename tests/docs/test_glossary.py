"""Every word that code and pages use in a meaning of its own stands in the glossary, once."""

from __future__ import annotations

from itertools import pairwise

from docs.console import ROOT

WORDS = (
    "patient", "side", "joint", "event", "occasion", "finding", "fact", "criterion", "policy", "verdict", "witness",
    "gap", "gate", "next step", "readiness sheet", "submission", "instrument", "score", "responder", "corridor",
    "implant", "construct", "breach", "clearance", "range of motion (ROM)", "nutation, counternutation", "protocol",
    "phase", "check-in", "alert", "registry", "as-of", "known-by", "state", "as documented", "applicability", "basis",
    "approach", "pelvic frame", "landmark", "level", "forbidden boundary", "purchase", "execution error", "margin",
    "phantom", "certainty", "modality", "completeness", "mechanism", "target", "battery", "block",
)  # fmt: skip


def terms() -> list[str]:
    lines = (ROOT / "docs" / "GLOSSARY.md").read_text("utf-8").splitlines()
    return [line for line, below in pairwise(lines) if below.startswith(":   ")]


def test_every_word_is_defined_once() -> None:
    assert set(WORDS) <= set(terms())
    assert len(terms()) == len(set(terms()))


def test_every_definition_says_something() -> None:
    text = (ROOT / "docs" / "GLOSSARY.md").read_text("utf-8")
    for term in terms():
        told = text.split(f"\n{term}\n:   ")[1].split("\n\n")[0]
        assert len(told.split()) >= 5, term


def test_units_of_names_are_told() -> None:
    text = (ROOT / "docs" / "GLOSSARY.md").read_text("utf-8")
    for suffix in ("_mm", "_deg", "_nm", "_pct", "_days", "_months", "_ml", "nrs"):
        assert f"`{suffix}`" in text
