"""One page for the talk with the payer's reviewer: the criteria by their exhibits, what speaks against, strong and weak
points. They are chosen by the records alone and by a rule that the page states; nothing is weighed by a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nutation.record.head import Event
from nutation.report import submission, words
from nutation.report.appeal import Denial, contested
from nutation.report.submission import joint_of, policy_of
from nutation.report.submission_sources import SourceDocument

TITLE = "Peer-to-peer sheet"
_POINTS = 3
_CONTRARY_MOST = 7
"""Contrary lines that fit beside the longest policy; the rest is counted and stands in the submission."""
_LONGEST = 260
"""Characters of one line: about three printed lines, which hold an injection with its scores."""
_CORE = frozenset(topic for _, topics in words.CONDITIONS for topic in topics) | {"conservative_care", "block_duration"}
"""Topics of the three conditions for fusion: the talk is about them before exclusions and formalities."""


def content(
    document: Mapping[str, Any],
    policy_id: str,
    side: str,
    *,
    denial: Denial | None = None,
    own_words: Mapping[str, str] | None = None,
    submission_sha: str = "",
    sources: Sequence[SourceDocument] = (),
) -> dict[str, Any]:
    """All that the sheet says, as plain data.

    It names the submission by whose numbers it cites: by ``submission_sha``, else by the hash of the one made now
    with these ``own_words``. Raises InputError as the submission does.
    """
    told = submission.content(document, policy_id, side, own_words=own_words, sources=sources)
    policy = policy_of(joint_of(document, side), policy_id)
    named = contested(policy, denial.topics) if denial is not None else []
    kept = ("patient", "joint", "to", "plan", "policy", "procedure", "device", "as_of", "evidence", "criteria")
    lines = [{**line, "text": _short(line["text"])} for line in told["contrary"]]
    return {
        **{name: told[name] for name in kept},
        "form": "nutation.peer_to_peer.1",
        "submission_sha": submission_sha or submission.content_sha256(told),
        "denial": None if denial is None else {
            "on": denial.on, "number": denial.number, "reason": denial.reason, "text": _short(denial.text),
        },
        "contested": named,
        "strong": _strong(told, policy),
        "weak": _weak(told, policy),
        "contrary": lines[:_CONTRARY_MOST],
        "contrary_more": max(0, len(lines) - _CONTRARY_MOST),
    }  # fmt: skip


def pdf(document: Mapping[str, Any], told: Mapping[str, Any], side: str, *, events: Iterable[Event] = (),
        paper: str = "a4") -> bytes:  # fmt: skip
    """The sheet of this ``content`` as PDF/UA-1, on one page."""
    from nutation.report.pdf import render

    around = submission.frame(document, told, joint_of(document, side), events)
    said = {"title": TITLE, "said_denied": words.dated(told["denial"]["on"]) if told["denial"] else ""}
    return render("peer_to_peer", {**told, **said, **around}, paper=paper)


def _strong(told: Mapping[str, Any], policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Criteria that the record documents and nothing speaks against: those with most records first."""
    paged = {exhibit["number"] for exhibit in told["exhibits"] if exhibit.get("sources")}
    found: list[tuple[tuple[bool, bool, int, int], dict[str, Any]]] = []
    for one, asked in zip(told["criteria"], policy["criteria"], strict=True):
        if one["documented"] and one["for"] and not one["contrary"]:
            key = (asked["topic"] in _CORE, one["required"], len(paged & set(one["for"])), len(one["for"]))
            found.append((key, {"text": _short(one["text"]), "why": "Documented", "exhibits": one["for"]}))
    return [point for _, point in sorted(found, key=lambda told: told[0], reverse=True)[:_POINTS]]


def _weak(told: Mapping[str, Any], policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Criteria that the record speaks against, then those it does not document, then contrary findings."""
    found: list[tuple[tuple[int, bool], dict[str, Any]]] = []
    for one, asked in zip(told["criteria"], policy["criteria"], strict=True):
        against = bool(one["contrary"])
        if one["documented"] and not against:
            continue
        rank = 0 if against and not one["documented"] else 1 if not one["documented"] else 2
        why = "The record speaks against it" if against else "Not documented"
        point = {"text": _short(one["text"]), "why": why, "exhibits": one["contrary"] or one["also"]}
        found.append(((rank + (3 if not one["required"] else 0), asked["topic"] not in _CORE), point))
    points = [point for _, point in sorted(found, key=lambda told: told[0])]
    points += [
        {"text": _short(line["text"]), "why": "Contrary finding", "exhibits": line["exhibits"]}
        for line in told["contrary"]
        if not line["text"].startswith("The record speaks against")
    ]
    return points[:_POINTS]


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1].rsplit(' ', 1)[0][:_LONGEST]}…"
