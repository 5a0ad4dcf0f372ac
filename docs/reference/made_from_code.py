"""Pages made from what the code declares: events, facts, codes, the command line."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from made_markdown import MADE, cell, number, table
from pydantic import BaseModel
from pydantic.fields import FieldInfo

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
