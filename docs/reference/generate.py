"""Makes the reference and safety pages that come from declarations and data; MkDocs runs it as a hook.

Nothing that it makes is kept in the repository: a page that is made anew at each build cannot fall behind.
Each ``*_page`` function gives the Markdown of one page and needs no MkDocs, so that tests read them too.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

HERE = Path(__file__).resolve().parent
HAZARDS = HERE.parent / "safety" / "hazards.yaml"
MADE = "*This page is made from {source} when the documentation is built.*\n"


def cell(text: Any) -> str:
    """Text that can stand in a table's cell, on one line."""
    return " ".join(str(text).replace("|", "\\|").split())


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table; no rows give no table."""
    body = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    if not body:
        return ""
    names = list(head)
    return "\n".join([f"| {' | '.join(names)} |", "|" + "---|" * len(names), *body]) + "\n"


def number(value: float) -> str:
    """A number without needless digits."""
    return f"{value:g}"


# ── events ───────────────────────────────────────────────────────────────────────────────────────────


def values_of(annotation: Any) -> str:
    """What a field takes, for a reader: its words, its number's bounds, or its type."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(values_of(part) for part in parts if part is not type(None))
    if origin is typing.Annotated:
        return values_of(parts[0]) + _bounds([m for p in parts[1:] for m in getattr(p, "metadata", (p,))])
    if origin is tuple:
        return f"list of {values_of(parts[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__.lower()
    names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)).replace("datetime", "instant"))


def _bounds(metadata: Iterable[Any]) -> str:
    low = next((m.ge for m in metadata if getattr(m, "ge", None) is not None), None)
    high = next((m.le for m in metadata if getattr(m, "le", None) is not None), None)
    if low is None and high is None:
        return ""
    if high is None:
        return f", {number(low)} or more"
    return f", {number(low)} to {number(high)}" if low is not None else f", at most {number(high)}"


def _description(field: FieldInfo) -> str:
    if field.description:
        return field.description.replace("``", "`")
    for part in (field.annotation, *get_args(field.annotation)):
        for note in get_args(part)[1:] if get_origin(part) is typing.Annotated else ():
            if isinstance(note, FieldInfo) and note.description:
                return note.description
    return ""


def _fields(fields: Mapping[str, FieldInfo]) -> str:
    rows = []
    for name, field in fields.items():
        takes = values_of(field.annotation) + _bounds(field.metadata)
        rows.append((f"`{field.alias or name}`", takes, _description(field)))
    return table(("field", "takes", ""), rows)


def first_paragraph(item: Any) -> str:
    """The first paragraph of a docstring."""
    return (inspect.getdoc(item) or "").split("\n\n")[0].replace("``", "`")


def events_page() -> str:
    """Every kind of event with its fields, and the head that all carry."""
    from nutation.record.head import Event, Source
    from nutation.record.kinds import KINDS
    from nutation.record.period import Period

    text = [
        "# Events\n",
        MADE.format(source="`nutation.record.kinds`"),
        (
            "Everything known of a patient is an event of one of these kinds. Every field may be left out; what is "
            "left out is *not recorded*, and never a no. A field that was asked for without an answer is named in "
            "`asked_not_known`.\n"
        ),
        "## What every event carries\n",
        _fields(Event.model_fields),
        f"**`happened`**: {inspect.cleandoc(Period.__doc__ or '').replace('``', '`')}\n",
        "**`source`**:\n",
        _fields(Source.model_fields),
        "## Kinds\n",
    ]
    for name, kind in KINDS.items():
        nature = ["runs over its period" if kind.COURSE else "happens once"]
        nature.append("of a joint" if kind.SIDED else "of the person")
        if kind.IDENTITY:
            listed = ", ".join(f"`{field}`" for field in kind.IDENTITY)
            nature.append(f"told apart on one day by {listed}")
        if kind.TOPIC:
            nature.append(f"a completeness statement can be narrowed to one `{kind.TOPIC}`")
        own = {field: kind.model_fields[field] for field in kind.attribute_names()}
        text += [f"### {name}\n", f"{first_paragraph(kind)}\n", f"*{'; '.join(nature)}.*\n", _fields(own)]
    return "\n".join(text)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────


def default_text(value: Any) -> str:
    """A parameter's default for a reader."""
    from nutation.criteria.language import Required

    if isinstance(value, Required):
        return "must be given"
    if value is None:
        return "any"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list | frozenset | set):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{value}`" if isinstance(value, str) else number(value)


def facts_page() -> str:
    """The catalogue of facts: what each is, takes, asks and costs."""
    from nutation.criteria.tree import parameter_types
    from nutation.facts import CATALOGUE

    text = [
        "# Facts\n",
        MADE.format(source="`nutation.facts.CATALOGUE`"),
        (
            "A policy holds facts against bounds and binds their parameters; see [your own policy]"
            "(../how-to/own-policy.md). *any* as a default means that the parameter restricts nothing.\n"
        ),
        table(
            ("fact", "", "unit"),
            ((f"[`{f.name}`](#{f.name})", f.definition, _unit(f)) for f in CATALOGUE.values()),
        ),
    ]
    for fact in CATALOGUE.values():
        takes = parameter_types(fact)
        rows = []
        for name, default in fact.params.items():
            allowed = sorted(takes[name].allowed or ())
            words = f" of {', '.join(f'`{word}`' for word in allowed)}" if 0 < len(allowed) <= 24 else ""
            rows.append((f"`{name}`", takes[name].shape + words, default_text(default)))
        facing = "the patient's other joint" if fact.scope == "other_joint" else "this joint"
        text += [
            f"## {fact.name} {{#{fact.name}}}\n",
            f"{fact.definition}\n",
            f"- gives: {_unit(fact)}, of {facing} or of the person",
            f"- reads: events of kind [`{fact.expression.events.kind}`](events.md#{fact.expression.events.kind})",
            f"- asks: {fact.question}",
            f"- costs: {fact.burden}\n",
            table(("parameter", "takes", "default"), rows),
        ]
    return "\n".join(text)


def _unit(fact: Any) -> str:
    return "true or false" if fact.is_truth else fact.unit or "number"


# ── evidence and policies ────────────────────────────────────────────────────────────────────────────


def cited(keys: Iterable[str]) -> str:
    """Citations as links to the list of sources."""
    return ", ".join(f"[{key}](evidence.md#{anchor(key)})" for key in keys)


def anchor(key: str) -> str:
    """A source's place on the evidence page."""
    return "source-" + "".join(letter if letter.isalnum() else "-" for letter in key.lower())


def value_text(value: Any) -> str:
    """A figure, or a mapping of figures, for a reader."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {value_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


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
        if item["verified"] in rows:
            label = item.get("title") or item.get("label") or item["id"]
            rows[item["verified"]].append((f"gate `{item['id']}`", label, item.get("note", "")))
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
        text.append(f"## {title}\n\n{len(rows[mark])} of them: {MARK_WORDS[mark]}.\n")
        text.append(table(("what", "", "note"), rows[mark]))
    return "\n".join(text)


# ── codes ────────────────────────────────────────────────────────────────────────────────────────────


def code_tables() -> dict[str, tuple[str, list[Mapping[str, str]]]]:
    """The tables of codes by name: what each is for, and its rows."""
    from nutation.record.fhir import codes, tables

    folder = Path(codes.__file__).parent
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        table_ = tables.table(file.stem)
        found[file.stem] = (str(table_.extra.get("what", "")), [row.cells for row in table_.rows])
    return found


def codes_page() -> str:
    """Which codes of a FHIR record are read, and as what."""
    text = [
        "# Codes\n",
        MADE.format(source="`nutation/record/fhir/codes`"),
        (
            "What a FHIR record's codes are read as. Identifiers alone: the words beside them are ours, and a code "
            "system's own descriptions stay with its owner. A code that ends in `*` stands for all that begin so.\n"
        ),
    ]
    for name, (what, rows) in code_tables().items():
        if not rows:
            continue
        head = list(rows[0])
        text.append(f"## {name.replace('_', ' ').capitalize()}\n\n{cell(what)}\n")
        text.append(table(head, ([f"`{row[h]}`" if h == "code" else row[h] for h in head] for row in rows)))
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


# ── command line ─────────────────────────────────────────────────────────────────────────────────────


def command_line_page() -> str:
    """Every command with its arguments and options, read off the program itself."""
    import typer.main

    from nutation.cli.app import app

    text = ["# Command line\n", MADE.format(source="`nutation.cli`")]

    def tell(command: Any, path: str) -> None:
        text.append(f"## {path}\n")
        text.append(inspect.cleandoc(command.help or "").replace("\b", "") + "\n")
        context = command.context_class(command, info_name=path)
        text.append(f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```\n")
        rows = []
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            shown = record or (parameter.human_readable_name, getattr(parameter, "help", "") or "")
            rows.append((f"`{shown[0]}`", shown[1]))
        text.append(table(("", ""), rows))
        for name, inner in getattr(command, "commands", {}).items():
            if not inner.hidden:
                tell(inner, f"{path} {name}")

    tell(typer.main.get_command(app), "nutation")
    return "\n".join(text)


PAGES: dict[str, Callable[[], str]] = {
    "reference/events.md": events_page,
    "reference/facts.md": facts_page,
    "reference/evidence.md": evidence_page,
    "reference/policies.md": policies_page,
    "reference/command-line.md": command_line_page,
    "reference/codes.md": codes_page,
    "safety/hazards.md": hazards_page,
    "safety/unverified.md": unverified_page,
}
"""Every page that is made, by its place below docs/."""


def on_files(files: Any, config: Any) -> Any:
    """MkDocs' hook: adds the made pages to the site."""
    from mkdocs.structure.files import File

    for place, make in PAGES.items():
        files.append(File.generated(config, place, content=make()))
    return files
