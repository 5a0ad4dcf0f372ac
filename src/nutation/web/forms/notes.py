"""The note of an event that a form makes: labelled lines for what the kind of event cannot hold, then free text."""

from __future__ import annotations

from collections.abc import Iterable

from nutation.web.forms.shape import Section


def written(lines: Iterable[tuple[str, str]], free: str) -> str | None:
    """The note; None where there is nothing to note."""
    told = [f"{label}: {text}" for label, text in lines]
    return "\n".join([*told, free] if free else told) or None


def parted(note: str | None, section: Section) -> tuple[dict[str, str], str]:
    """The labelled lines of a note by the field that each belongs to, and the rest."""
    named = {field.named: field.name for field in section.fields if field.noted}
    lines: dict[str, str] = {}
    rest: list[str] = []
    for line in (note or "").split("\n"):
        label, _, text = line.partition(": ")
        if text and label in named and named[label] not in lines:
            lines[named[label]] = text
        else:
            rest.append(line)
    return lines, "\n".join(rest).strip()
