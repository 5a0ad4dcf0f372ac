"""The pages that are made from declarations tell of everything that is declared."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import ModuleType

import pytest

from docs.console import ROOT
from nutation.evidence import load
from nutation.facts import CATALOGUE
from nutation.record.kinds import KINDS
from nutation.web.rights import MEANING, RIGHTS, ROLES
from nutation.web.settings import Settings


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "reference" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The pages' makers stand beside it; a test asks for any of them by one name.
    for name in ("made_markdown", "made_from_code", "made_from_data", "made_from_web"):
        vars(module).update({k: v for k, v in vars(sys.modules[name]).items() if not k.startswith("_")})
    return module


def test_every_kind_and_field_of_events(generate: ModuleType) -> None:
    page = generate.events_page()
    for name, kind in KINDS.items():
        section = page.split(f"\n### {name}\n")[1].split("\n### ")[0]
        for field in kind.attribute_names():
            assert f"| `{field}` |" in section
    # A choice is told by its words, and a bounded number by its bounds.
    assert "`fluoroscopy`, `ct`, `ultrasound`, `none`" in page
    assert "| `nrs` | number, 0 to 10 |" in page


def test_every_fact_and_parameter(generate: ModuleType) -> None:
    page = generate.facts_page()
    for fact in CATALOGUE.values():
        section = page.split(f"\n## {fact.name} ")[1].split("\n## ")[0]
        assert fact.definition in section
        assert fact.question in section
        for name in fact.params:
            assert f"| `{name}` |" in section


def test_every_figure_with_its_mark_and_source(generate: ModuleType) -> None:
    page = generate.evidence_page()
    for entry in load().entries:
        line = next(line for line in page.splitlines() if f"<br>`{entry.id}`" in line)
        assert f"*{entry.verified}*" in line
        for key in entry.citation:
            assert f"(#{generate.anchor(key)})" in line
            assert f"{{#{generate.anchor(key)}}}" in page


def test_every_policy_and_criterion(generate: ModuleType) -> None:
    page = generate.policies_page()
    for policy in load().policies:
        assert f"`{policy.plain['id']}` version {policy.plain['version']}" in page
        for criterion in policy.plain.get("criteria", ()):
            assert f"**{criterion['id']}**" in page


def test_every_gate_item_and_its_rules(generate: ModuleType) -> None:
    page = generate.gate_page()
    for item in load().gate_items:
        assert f"{{#gate-{item['id']}}}" in page
        for rule in item.get("rules", ()):
            assert generate.cell(rule["text"]) in page


def test_every_unverified_figure_is_listed(generate: ModuleType) -> None:
    page = generate.unverified_page()
    for entry in load().entries:
        if entry.verified in ("unverified", "secondary"):
            assert f"| `{entry.id}` |" in page
        for place, mark in entry.marks.items():
            if mark in ("unverified", "secondary"):
                assert f"`{entry.id}` ({place})" in page
    for policy in load().policies:
        for criterion in policy.plain.get("criteria", ()):
            if criterion["verified"] == "unverified":
                assert f"policy `{policy.plain['id']} {criterion['id']}`" in page


def test_every_code_is_listed_and_the_unverified_ones_twice(generate: ModuleType) -> None:
    page, unverified = generate.codes_page(), generate.unverified_page()
    rows = [(name, row) for name, (_, rows) in generate.code_tables().items() for row in rows if "code" in row]
    assert len(rows) > 100
    for name, row in rows:
        assert f"`{row['code']}`" in page
        if row.get("verified") == "unverified":
            assert f"| {name} `{row['system']} {row['code']}` |" in unverified


def test_every_command_is_told(generate: ModuleType) -> None:
    page = generate.command_line_page()
    for command in ("case", "evidence", "policy"):
        section = page.split(f"\n## nutation {command}\n")[1].split("\n## ")[0]
        assert "| `--json` |" in section
    for form in ("case new", "policy: check", "evidence: diff"):
        assert form.split()[-1] in page


def test_every_hazard_has_its_section(generate: ModuleType) -> None:
    page = generate.hazards_page()
    assert generate.hazards()
    for entry in generate.hazards():
        assert f"\n## {entry['id']}: " in page


def test_every_right_of_every_role(generate: ModuleType) -> None:
    page = generate.rights_page()
    head = next(line for line in page.splitlines() if line.startswith("| right | allows |"))
    roles = [cell.strip() for cell in head.strip("|").split("|")][2:]
    for right, meaning in MEANING.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| `{right}` | {meaning} |"))
        cells = [cell.strip() for cell in line.removesuffix("|").split("|")][3:]
        held = {role for role, cell in zip(roles, cells, strict=True) if cell == "yes"}
        assert held == {role for role in RIGHTS if right in RIGHTS[role]}
    for role, meaning in ROLES.items():
        assert f"| `{role}` | {meaning} |" in page


def test_every_setting_with_its_variable(generate: ModuleType) -> None:
    page = generate.settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert (f"| `NUTATION_{name.upper()}` |" in page) == (name != "demo")
    assert "| `NUTATION_HOST` | `127.0.0.1` |" in page
    assert "| `NUTATION_SECRET_KEY` | has to be set |" in page


def test_made_pages_link_only_to_places_that_exist(generate: ModuleType) -> None:
    """MkDocs checks this too; here it needs no documentation tools."""
    pages = {place: make() for place, make in generate.PAGES.items()}
    facts = set(re.findall(r"\{#([a-z0-9_]+)\}", pages["reference/facts.md"]))
    for target in re.findall(r"\]\(facts\.md#([a-z0-9_]+)\)", pages["reference/policies.md"]):
        assert target in facts
