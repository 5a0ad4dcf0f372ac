"""An appeal against a denial: the payer's reason in its own words, and the record that answers it, with its exhibits.

It is made of the same content as the submission and holds as little else: no verdict, no gap, no other payer's rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.report import submission, words
from nutation.report.submission import joint_of, policy_of
from nutation.report.submission_sources import SourceDocument

TITLE = "Appeal"
OWN_WORDS = {
    "answer": "In your own words: what in the record answers the payer's reason.",
    "alternatives": "In your own words: what was considered instead, and why it was set aside.",
    "contrary": "In your own words: how the contrary and negative findings were weighed.",
}
"""Places of the appeal that only the clinician can fill, with what belongs there."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What the payer wrote: the day, the request's number where there is one, the reason by its kind and in its words.

    ``topics`` are those of the criteria that the kind of reason speaks of.
    """

    on: str
    number: str
    reason: str
    text: str
    topics: frozenset[str] = frozenset()


def content(
    document: Mapping[str, Any],
    policy_id: str,
    side: str,
    denial: Denial,
    *,
    before: Mapping[str, Any] | None = None,
    own_words: Mapping[str, str] | None = None,
    sources: Sequence[SourceDocument] = (),
) -> dict[str, Any]:
    """All that the appeal says, as plain data: what is signed. ``before`` is the content that was denied.

    Raises InputError as the submission does.
    """
    given = dict(own_words or {})
    if unknown := sorted(set(given) - set(OWN_WORDS)):
        raise InputError(f"The appeal has no place {unknown[0]!r}.", mend=f"use {', '.join(OWN_WORDS)}.")
    told = submission.content(document, policy_id, side, sources=sources)
    policy = policy_of(joint_of(document, side), policy_id)
    letter = told.pop("letter")
    return {
        **told,
        "form": "nutation.appeal.1",
        "denial": {"on": denial.on, "number": denial.number, "reason": denial.reason, "text": denial.text},
        "contested": contested(policy, denial.topics),
        "since": _since(letter, told, before),
        "own_words": {place: given.get(place, "").strip() for place in OWN_WORDS},
    }


def pdf(document: Mapping[str, Any], told: Mapping[str, Any], side: str, *, events: Iterable[Event] = (),
        paper: str = "a4") -> bytes:  # fmt: skip
    """The appeal of this ``content`` as PDF/UA-1, with room for uploaded pages as the submission has it."""
    from nutation.report.pdf import render

    around = submission.frame(document, told, joint_of(document, side), events)
    said = {"title": TITLE, "prompts": OWN_WORDS, "said_denied": words.dated(told["denial"]["on"])}
    return render("appeal", {**told, **said, **around}, paper=paper)


def contested(policy: Mapping[str, Any], topics: Collection[str]) -> list[int]:
    """Numbers (from 1) of the criteria that a reason with these topics speaks of."""
    return [number for number, one in enumerate(policy["criteria"], 1) if one["topic"] in topics]


def _since(
    letter: Sequence[Mapping[str, Any]], told: Mapping[str, Any], before: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Facts whose record was not an exhibit of what was denied, or says something else by now."""
    if before is None:
        return []
    known = {exhibit["id"]: _bare(exhibit) for exhibit in before["exhibits"]}
    fresh = {e["number"] for e in told["exhibits"] if known.get(e["id"]) != _bare(e)}
    facts = [fact for section in letter for fact in section["facts"]]
    return [fact for fact in facts if fact["exhibits"] and fresh.issuperset(fact["exhibits"])]


def _bare(exhibit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in exhibit.items() if name not in ("number", "sources")}
