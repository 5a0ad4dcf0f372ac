"""What differs between two sets, down to the smallest part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nutation.evidence import load
from nutation.evidence.changes import compare

MakeSet = Callable[..., Path]

POLICY = """\
id: X
version: "1"
citation: ABC01
verified: secondary
criteria:
  - {id: duration, citation: ABC01, verified: secondary, rule: {fact: pain_duration_months, min: 6}}
  - {id: pain, citation: ABC01, verified: secondary, rule: {fact: pain_nrs_latest, min: 5}}
"""


def test_nothing_differs(make_set: MakeSet) -> None:
    assert compare(load(make_set("a")), load(make_set("b"))) == ()


def test_an_entry_changed_added_removed(make_set: MakeSet, accuracy: str) -> None:
    old = load(make_set("old"))
    changed = accuracy.replace("sens: 0.94", "sens: 0.91").replace("verified: secondary", "verified: verified")
    changed = changed.replace("id: first", "id: first", 1)
    new = load(make_set("new", files={"accuracy.yaml": changed}))
    found = compare(old, new)
    assert [(c.kind, c.id, c.change, c.place, c.old, c.new) for c in found] == [
        ("entry", "first", "changed", "value.sens", 0.94, 0.91),
        ("entry", "second", "changed", "verified", "secondary", "verified"),
    ]
    renamed = load(make_set("renamed", files={"accuracy.yaml": accuracy.replace("id: second", "id: third")}))
    kinds = {(c.id, c.change) for c in compare(old, renamed)}
    assert kinds == {("second", "removed"), ("third", "added")}
    added = next(c for c in compare(old, renamed) if c.change == "added")
    assert added.old is None
    assert added.new["value"] == 12.5
    assert added.as_plain()["kind"] == "entry"


def test_a_policy_changed_is_told_by_criterion_not_by_position(make_set: MakeSet) -> None:
    """A criterion put in front moves the others; only the new one and the changed number are told."""
    lines = POLICY.splitlines(keepends=True)
    front = "  - {id: age, citation: ABC01, verified: secondary, rule: {fact: age_years, min: 21}}\n"
    moved = "".join([*lines[:5], front, *lines[5:]]).replace("min: 5", "min: 4")
    old = load(make_set("old", files={"policies/X/1.yaml": POLICY}))
    new = load(make_set("new", files={"policies/X/1.yaml": moved}))
    found = [(c.kind, c.id, c.place, c.old, c.new) for c in compare(old, new)]
    assert ("policy", "X 1", "criteria.pain.rule.min", 5, 4) in found
    assert [place for _, _, place, _, _ in found] == ["criteria.pain.rule.min", "criteria.age"]


def test_a_new_policy_version_and_document(make_set: MakeSet) -> None:
    second = POLICY.replace('version: "1"', 'version: "2"')
    old = load(make_set("old", files={"policies/X/1.yaml": POLICY}))
    new = load(
        make_set("new", files={"policies/X/1.yaml": POLICY, "policies/X/2.yaml": second, "gate.yaml": "items: []\n"})
    )
    assert [(c.kind, c.id, c.change) for c in compare(old, new)] == [
        ("policy", "X 2", "added"),
        ("document", "gate.yaml", "added"),
    ]
