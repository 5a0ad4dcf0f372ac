"""Pages made from data: evidence, policies, the gate, unverified figures, hazards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from made_from_code import code_tables
from made_markdown import MADE, cell, number, table, value_text

HAZARDS = Path(__file__).resolve().parent.parent / "safety" / "hazards.yaml"

# ── evidence and policies ────────────────────────────────────────────────────────────────────────────


def cited(keys: Iterable[str]) -> str:
    """Citations as links to the list of sources."""
    return ", ".join(f"[{key}](evidence.md#{anchor(key)})" for key in keys)


def anchor(key: str) -> str:
    """A source's place on the evidence page."""
    return "source-" + "".join(letter if letter.isalnum() else "-" for letter in key.lower())


def _interval_text(entry: Any) -> str:
    parts = []
    for place, interval in entry.intervals().items():
        level = f"{interval.level:.0%}" if interval.level else "observed range"
        parts.append(f"{place + ' ' if place else ''}{number(interval.low)} to {number(interval.high)} ({level})")
    return "; ".join(parts)


def evidence_page() -> str:
    """Every figure with its interval, population, mark and citation, then every source."""
    from nutation.evidence import MARK_WORDS, load

    evidence = load()
    text = [
        "# Evidence\n",
        MADE.format(source="`nutation/evidence/data`"),
        f"Version {evidence.version}. Each figure carries a mark that says how far it was checked:\n",
        table(("mark", "meaning"), ((f"*{mark}*", words) for mark, words in MARK_WORDS.items())),
    ]
    topics: dict[str, list[Any]] = {}
    for entry in evidence.entries:
        topics.setdefault(entry.topic, []).append(entry)
    for topic, entries in topics.items():
        text.append(f"## {topic.replace('_', ' ').capitalize()}\n")
        text.append(table(("figure", "value", "of whom, from where"), map(_entry_row, entries)))
    text.append("## Sources\n")
    for key, source in evidence.sources.items():
        link = f" <{source.link}>" if source.link else ""
        interest = f"Interest: {source.interest}" if source.interest else ""
        told = " ".join(part for part in (source.citation, interest, source.note) if part)
        text.append(f"#### {key} {{#{anchor(key)}}}\n\n{told}{link}\n")
    return "\n".join(text)


def _entry_row(entry: Any) -> tuple[str, str, str]:
    shown = f"{value_text(entry.value)} ({entry.unit})" if entry.unit else value_text(entry.value)
    if interval := _interval_text(entry):
        shown += f"<br>[{interval}]"
    size = f", n = {entry.n}" if entry.n else ""
    parts = [f"{place} *{mark}*" for place, mark in entry.marks.items()]
    marks = ", ".join([f"*{entry.verified}*", *parts])
    about = f"{entry.population}{size}<br>{marks}, {cited(entry.citation).replace('evidence.md', '')}"
    note = f"<br>{entry.note}" if entry.note else ""
    return f"{entry.label}<br>`{entry.id}`", shown, about + note


def rule_lines(rule: Any, depth: int = 0) -> list[str]:
    """A rule tree as nested list items."""
    indent = "    " * depth + "- "
    if not isinstance(rule, Mapping):
        return [f"{indent}{cell(rule)}"]
    if "fact" in rule:
        bounds = {"min": "at least", "max": "at most", "above": "above", "below": "below", "is": "is"}
        held = " and ".join(f"{word} {value_text(rule[key])}" for key, word in bounds.items() if key in rule)
        given = f" ({value_text(rule['with'])})" if rule.get("with") else ""
        return [f"{indent}[`{rule['fact']}`](facts.md#{rule['fact']}){cell(given)} {held}"]
    if "not" in rule:
        return [f"{indent}not:", *rule_lines(rule["not"], depth + 1)]
    if "at_least" in rule:
        head, parts = f"at least {rule['at_least']['n']} of:", rule["at_least"]["of"]
    else:
        word = "all" if "all" in rule else "any"
        head, parts = f"{word} of:", rule[word]
    return [f"{indent}{head}", *(line for part in parts for line in rule_lines(part, depth + 1))]


LABELS = {
    "effective": "in force",
    "procedure": "procedure codes",
    "whole": "all of its criteria were read",
    "kind": "kind",
}
SHOWN_ELSEWHERE = ("id", "version", "title", "publisher", "criteria", "citation", "verified", "notes")


def tree_lines(tree: Mapping[str, Any], depth: int = 0) -> list[str]:
    """A mapping as nested list items; a part's mark and source stand behind it."""
    lines: list[str] = []
    for key, value in tree.items():
        if key in ("citation", "verified"):
            continue
        name = f"{'    ' * depth}- {LABELS.get(key, key.replace('_', ' '))}"
        if isinstance(value, Mapping):
            lines += [f"{name}:", *tree_lines(value, depth + 1)]
        elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
            lines.append(f"{name}:")
            for part in value:
                shown = {k: v for k, v in part.items() if k not in ("citation", "verified", "reason")}
                reason = part.get("reason") or part.get("note") or ""
                lines.append(f"{'    ' * (depth + 1)}- {cell(value_text(shown))}: {cell(reason)}{_origin(part)}")
        else:
            told = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else value_text(value)
            lines.append(f"{name}: {cell(told)}")
    return lines


def _origin(part: Mapping[str, Any]) -> str:
    from nutation.evidence.documents import citation_keys

    if "citation" not in part:
        return ""
    return f" (*{part['verified']}*, {cited(citation_keys(part['citation']))})"


def policies_page() -> str:
    """Every policy and version: whom it concerns and each criterion with its rule, mark and source."""
    from nutation.evidence import load

    text = [
        "# Policies\n",
        MADE.format(source="`nutation/evidence/data/policies`"),
        (
            "Our readings of published rule sets, in our words, with the mark of each criterion. Policies change: "
            "check one against its publisher before relying on it. On an *unverified* basis no verdict is ever met.\n"
        ),
    ]
    for policy in load().policies:
        plain = policy.plain
        text.append(f"## {plain.get('publisher', plain['id'])}: {plain.get('title', plain['id'])}\n")
        text.append(f"`{plain['id']}` version {plain['version']}{_origin(plain)}\n")
        rest = {key: value for key, value in plain.items() if key not in SHOWN_ELSEWHERE}
        text.append("\n".join(tree_lines(rest)) + "\n")
        for item in plain.get("criteria", ()):
            text.append(f"**{item['id']}**: {cell(item.get('text', item['id']))}{_origin(item)}\n")
            if "rule" in item:
                text.append("\n".join(rule_lines(item["rule"])) + "\n")
            if item.get("explain"):
                text.append(f"{cell(item['explain'])}\n")
        text += [f"{cell(note)}\n" for note in plain.get("notes", ())]
    return "\n".join(text)


def gate_page() -> str:
    """The safety gate item by item, then the mechanisms and other sources that are considered."""
    from nutation.evidence import load

    evidence = load()
    text = [
        "# Gate and differential\n",
        MADE.format(source="`gate.yaml` and `differential.yaml` of the evidence"),
        "How the gate is read: [the gate stands before everything](../explanation/gate.md).\n",
    ]
    if evidence.gate is not None:
        text.append("## The screen\n")
        text.append("\n".join(tree_lines(evidence.gate.plain.get("screen", {}))) + "\n")
    for item in evidence.gate_items:
        text.append(f"## {item.get('label', item['id'])} {{#gate-{item['id']}}}\n")
        text.append(f"`{item['id']}`{_origin(item)}\n")
        rest = {k: v for k, v in item.items() if k not in ("id", "label", "rules", *SHOWN_ELSEWHERE)}
        text.append("\n".join(tree_lines(rest)) + "\n")
        text += _ruled(item.get("rules", ()))
    if evidence.differential is not None:
        for section, items in evidence.differential.plain.items():
            if isinstance(items, list):
                text.append(f"## {section.replace('_', ' ').capitalize()}\n")
                for item in items:
                    text += _considered(item)
    return "\n".join(text)


def _ruled(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Statements that each carry a rule, as paragraphs with the rule below."""
    text: list[str] = []
    for part in parts:
        kind = f"*{part['kind'].replace('_', ' ')}*: " if "kind" in part else ""
        text.append(f"{kind}{cell(part.get('text', ''))}{_origin(part)}\n")
        if part.get("note"):
            text.append(f"{cell(part['note'])}\n")
        text.append("\n".join(rule_lines(part["rule"])) + "\n")
    return text


def _considered(item: Mapping[str, Any]) -> list[str]:
    text = [f"### {item.get('label', item['id'])}\n", f"`{item['id']}`{_origin(item)}\n"]
    rest: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, list) and any(isinstance(part, Mapping) and "rule" in part for part in value):
            text += [f"{key.replace('_', ' ').capitalize()}:\n", *_ruled(part for part in value if "rule" in part)]
        elif isinstance(value, Mapping) and "fact" in value:
            text += [f"{key.replace('_', ' ').capitalize()}:\n", "\n".join(rule_lines(value)) + "\n"]
        elif key not in ("id", "label", *SHOWN_ELSEWHERE):
            rest[key] = value
    text.append("\n".join(tree_lines(rest)) + "\n")
    return text


def unverified_page() -> str:
    """Every figure, gate item and criterion that nobody has checked at a source, or only at second hand."""
    from nutation.evidence import MARK_WORDS, load

    evidence = load()
    rows: dict[str, list[tuple[str, str, str]]] = {"unverified": [], "secondary": []}
    for entry in evidence.entries:
        for path in ("", *entry.marks):
            mark = entry.mark_of(path) if path else entry.verified
            if mark in rows:
                part = f" ({path})" if path else ""
                rows[mark].append((f"`{entry.id}`{part}", entry.label, entry.note))
    for item in evidence.gate_items:
        for part in (item, *item.get("rules", ())):
            if part["verified"] in rows:
                label = part.get("label") or part.get("text") or item["id"]
                rows[part["verified"]].append((f"gate `{item['id']}`", label, part.get("note", "")))
    for policy in evidence.policies:
        for item in (policy.plain, *policy.plain.get("criteria", ())):
            if item["verified"] in rows:
                name = policy.plain["id"] + ("" if item is policy.plain else f" {item['id']}")
                label = item.get("title") or item.get("text") or item.get("name") or "the policy as a whole"
                note = item.get("note") or ""
                rows[item["verified"]].append((f"policy `{name}` {policy.plain['version']}", label, note))
    for name, (_, lines) in code_tables().items():
        for row in lines:
            if row.get("verified") in rows:
                told = row.get("label") or row.get("why") or ""
                key = row.get("code") or row.get("unit") or row.get("url") or ""
                rows[row["verified"]].append((f"{name} `{row.get('system', '')} {key}`", told, row["citation"]))
    text = [
        "# Unverified figures\n",
        MADE.format(source="the evidence"),
        (
            "An unverified warning fires; an unverified permission never does, and no verdict that rests on one "
            "is met. An answer that rests on a secondary source says so.\n"
        ),
    ]
    for mark, title in (("unverified", "Unverified"), ("secondary", "From a secondary source")):
        text.append(f"## {title}\n\n{len(rows[mark])} of them. The mark means: {MARK_WORDS[mark]}.\n")
        text.append(table(("what", "", "note"), rows[mark]))
    return "\n".join(text)


# ── hazards ──────────────────────────────────────────────────────────────────────────────────────────


def hazards() -> list[dict[str, Any]]:
    """The hazard log's entries as plain data."""
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(HAZARDS.read_text(encoding="utf-8"))["hazards"]


def hazards_page() -> str:
    """The hazard log: each hazard with cause, harm, control, and the tests that hold the control."""
    entries = hazards()
    text = [
        "# Hazard log\n",
        MADE.format(source="`docs/safety/hazards.yaml`"),
        (
            "What could go wrong, with the software working as built or not, and what is done about it. A control "
            "counts only with a test that would fail without it. The tests named here are run by CI, which also "
            "fails if one of them is missing or skipped.\n"
        ),
        table(
            ("", "hazard", "where"),
            ((f"[{h['id']}](#{h['id'].lower()})", h["hazard"], h["part"]) for h in entries),
        ),
    ]
    for entry in entries:
        text += [
            f"## {entry['id']}: {entry['hazard']} {{#{entry['id'].lower()}}}\n",
            f"- **Cause.** {cell(entry['cause'])}",
            f"- **Harm.** {cell(entry['harm'])}",
            f"- **Control.** {cell(entry['control'])}",
            "- **Held by.** " + ", ".join(f"`{node}`" for node in entry["test"]),
            f"- **What remains.** {cell(entry['remains'])}\n",
        ]
    return "\n".join(text)
