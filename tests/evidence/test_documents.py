"""Policies, gate and other plain trees: sourced, and with the line of every part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nutation.evidence import EvidenceError, load

MakeSet = Callable[..., Path]

POLICY = """\
id: PAYER_X
version: "2025-01"
title: A policy
procedure: ["27279"]
citation: ABC01
verified: secondary
effective: {from: 2025-01-01, to: null}
criteria:
  - id: duration
    text: Pain for six months.
    citation: ABC01
    verified: secondary
    rule: {fact: pain_duration_months, min: 6}
  - id: blocks
    text: Two blocks.
    citation: [ABC01, DEF02]
    verified: verified
    rule:
      any:
        - {fact: positive_blocks, with: {relief_pct_min: 75}, min: 2}
"""
GATE = """\
items:
  - {id: infection, label: Infection, kind: sign, urgency: urgent, citation: ABC01, verified: verified, rule: {fact: a}}
  - {id: cauda, label: Cauda equina, kind: sign, urgency: now, citation: GENERAL, verified: unverified, rule: {fact: b}}
"""
PATH = "policies/PAYER_X/2025-01.yaml"


def test_trees_are_kept_plain_with_their_lines(make_set: MakeSet) -> None:
    evidence = load(
        make_set(
            files={
                PATH: POLICY,
                "gate.yaml": GATE,
                "differential.yaml": "mechanisms:\n  - {id: hip, citation: DEF02, verified: verified}\n",
                "room/table.yaml": "rows: [1, 2]\n",
            }
        )
    )
    (policy,) = evidence.policies
    assert policy.plain["effective"] == {"from": "2025-01-01", "to": None}, "dates stay text"
    assert policy.plain["criteria"][1]["rule"]["any"][0]["with"] == {"relief_pct_min": 75}
    assert policy.file.endswith(PATH)
    assert policy.line_of(("criteria", 1, "rule", "any", 0, "min")) == 20
    assert [item["id"] for item in evidence.gate_items] == ["infection", "cauda"]
    assert evidence.differential is not None
    assert evidence.differential.plain["mechanisms"][0]["id"] == "hip"
    assert evidence.document("room/table.yaml").plain == {"rows": [1, 2]}
    with pytest.raises(EvidenceError, match="no file 'room/tabel") as caught:
        evidence.document("room/tabel.yaml")
    assert "room/table.yaml" in caught.value.mend


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("citation: ABC01\nverified", "verified", ["line 1, entry PAYER_X", "the policy has no citation"]),
        ('version: "2025-01"\n', "", ["line 1, entry PAYER_X", "no version", "add `version:`"]),
        ("verified: secondary\neffective", "effective", ["the policy has no verified"]),
        (
            "    citation: ABC01\n    verified: secondary\n    rule",
            "    rule",
            ["line 9, entry duration", "no citation"],
        ),
        ("citation: [ABC01, DEF02]", "citation: [ABC01, NONE]", ["line 16, entry blocks", "'NONE' is not in sources"]),
        ("verified: verified", "verified: S", ["line 17, entry blocks", "'S' is no verification mark", "secondary"]),
        ("id: blocks", "id: duration", ["line 14, entry duration", "stands twice in criteria"]),
        ("criteria:\n", "criteria: none\nother:\n", ["line 8, entry PAYER_X", "criteria is not a list"]),
        ("  - id: duration\n", "  - duration\n  - id: duration\n", ["line 9", "not a mapping"]),
    ],
)
def test_a_policy_without_its_source_is_refused(make_set: MakeSet, old: str, new: str, words: list[str]) -> None:
    assert old in POLICY
    with pytest.raises(EvidenceError) as caught:
        load(make_set(files={PATH: POLICY.replace(old, new, 1)}))
    message = str(caught.value)
    assert PATH in message
    assert "To mend it: " in message
    for word in words:
        assert word in message, message


def test_one_version_stands_once(make_set: MakeSet) -> None:
    with pytest.raises(EvidenceError, match=r"policy PAYER_X 2025-01 stands twice") as caught:
        load(make_set(files={PATH: POLICY, "policies/PAYER_X/copy.yaml": POLICY}))
    assert "copy.yaml, line 2" in str(caught.value)


def test_general_knowledge_is_unverified_in_the_gate_too(make_set: MakeSet) -> None:
    with pytest.raises(EvidenceError, match="can only be unverified") as caught:
        load(make_set(files={"gate.yaml": GATE.replace("verified: unverified", "verified: verified")}))
    assert "gate.yaml, line 3, entry cauda" in str(caught.value)


def test_a_document_that_is_not_a_mapping(make_set: MakeSet) -> None:
    with pytest.raises(EvidenceError, match="the file is not a mapping"):
        load(make_set(files={"gate.yaml": "- 1\n"}))
    with pytest.raises(EvidenceError, match="a policy is not a mapping"):
        load(make_set(files={PATH: ""}))
