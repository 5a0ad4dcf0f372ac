"""The clinician's own judgement before the answer: a setting, and what it keeps back until a judgement is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from nutation.store import settings
from nutation.store.ledger import CHANGES_EVENTS, Entry

SETTING = "judgement_first"
"""Name of the clinic's setting: True asks for a judgement before a probability is shown."""

SOURCE = "source"
"""The question whose answer is a probability: is this joint the source of the pain?"""


def asked_for(conn: Connection) -> bool:
    """Whether the clinic wants its clinicians' judgement first."""
    return bool(settings.get(conn, SETTING, False))


def judged(entries: Sequence[Entry], side: str, events_head: str, question: str = SOURCE) -> bool:
    """Whether somebody recorded a judgement of the question since the events that the answer rests on.

    Only who holds ``record_judgement`` can have written such an entry. ``entries`` are in the order of time.
    """
    changed = [place for place, entry in enumerate(entries) if entry.kind in CHANGES_EVENTS]
    # The head of a patient with others merged in is none of the chain's own: then the last change stands for it.
    last = changed[-1] if changed else -1
    rests_on = next((place for place, entry in enumerate(entries) if entry.hash == events_head), last)
    return any(
        entry.kind == "judgement" and _is_of(entry.body or {}, side, question) for entry in entries[rests_on + 1 :]
    )


def kept_back(document: dict[str, Any], entries: Sequence[Entry], events_head: str) -> frozenset[str]:
    """The sides whose probability is not shown yet; those for which none is given have nothing to keep back."""
    return frozenset(
        joint["side"]
        for joint in document["joints"]
        if joint["evaluation"]["probability"] is not None and not judged(entries, joint["side"], events_head)
    )


def _is_of(body: dict[str, Any], side: str, question: str) -> bool:
    return body.get("question") == question and body.get("side") in (side, "both", None, "")
