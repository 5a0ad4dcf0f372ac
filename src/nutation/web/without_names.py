"""A case as a researcher sees it: no name, no identifier, no author, no free text, of the day of birth the year.

Dates of findings stay, since the answers rest on them: this is a pseudonym and not anonymity. What was typed is
removed where it stands, and wherever another sentence of the document repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from nutation.record.fields import shapes
from nutation.report import words
from nutation.store.worklist import Row

Plain = dict[str, Any]

HIDDEN = "[not shown]"
"""What stands where something was removed."""

CODED = frozenset({"code", "code_system", "procedure_code", "jurisdiction", "of", "topic", "item", "statement"})
"""Fields of text that hold codes and names of the program's own, and nothing that somebody told."""

_CODE = re.compile(r"[\w.:/\-]{1,60}")
"""What such a field may hold to be shown; anything else was typed into it."""

_SHORTEST = 3
"""Shorter pieces are removed where they stand, and not looked for in sentences, which are full of them."""


def stand_in(patient_id: str) -> str:
    """What a patient is called instead of the name."""
    return f"Patient {patient_id[:8]}"


def row_without_names(row: Row) -> Row:
    """A line of the worklist without the name; what it waits for is told by the action alone, as nobody typed it."""
    return replace(row, label=stand_in(row.patient), search="", waits_for=words.ACTIONS[row.action])


def document_without_names(document: Mapping[str, Any], patient_id: str, known: Iterable[str] = ()) -> Plain:
    """The case document (``nutation.case.document``) without names and free text.

    ``patient_id`` is the store's id; ``known`` are further words to remove wherever they stand (identifiers).
    """
    removed: dict[str, str] = {word: HIDDEN for word in (document["patient"], document["label"], *known) if word}
    events: list[Plain] = []
    for event in document["events"]:
        kept, texts = _event(event)
        events.append(kept)
        removed |= dict.fromkeys(texts, HIDDEN)
        if event["kind"] == "person" and (born := event["happened"].get("text")):
            removed[born] = born[:4]
    # Whose policies are asked is no secret, also where a payer of that name was typed in.
    public = {one["publisher"].casefold() for joint in document["joints"] for one in joint["indication"]["policies"]}
    removed = {word: by for word, by in removed.items() if word.casefold() not in public}
    told = {**document, "events": events, "unmapped": [], "label": stand_in(patient_id), "patient": patient_id[:8]}
    return cast("Plain", _swept(told, _sweeper(removed), removed))


def _event(event: Mapping[str, Any]) -> tuple[Plain, list[str]]:
    """The event without what was typed, and what that was."""
    fields = shapes(event["kind"])
    values: Plain = {}
    texts = [event[name] for name in ("author", "encounter", "source", "note") if event[name]]
    for name, value in event["values"].items():
        free = fields[name].takes in ("text", "texts") and not (name in CODED and _CODE.fullmatch(str(value)))
        if free:
            texts += _strings(value)
        else:
            values[name] = value
    kept = {**event, "author": None, "encounter": None, "source": "", "note": None, "values": values}
    if len(values) < len(event["values"]):
        side = f", {event['side']}" if event["side"] not in ("none", "unknown") else ""
        kept["text"] = f"{event['kind'].replace('_', ' ')}{side}"
    if event["kind"] == "person":
        kept["happened"] = {name: day[:4] if day else day for name, day in event["happened"].items()}
        kept["recorded_at"] = ""
    return kept, texts


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in cast("list[Any]", value):
            yield from _strings(part)


def _sweeper(removed: Mapping[str, str]) -> re.Pattern[str] | None:
    pieces = sorted((piece for piece in removed if len(piece) >= _SHORTEST), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, pieces))})(?!\w)", re.IGNORECASE) if pieces else None


def _swept(node: Any, sweeper: re.Pattern[str] | None, removed: Mapping[str, str]) -> Any:
    """Every sentence of the document without what was removed; ids of events and sources stay what they are."""
    if isinstance(node, str):
        return sweeper.sub(lambda found: removed.get(found[0], HIDDEN), node) if sweeper else node
    if isinstance(node, list):
        return [_swept(part, sweeper, removed) for part in cast("list[Any]", node)]
    if isinstance(node, dict):
        return {key: _swept(part, sweeper, removed) for key, part in cast("Plain", node).items()}
    return node
