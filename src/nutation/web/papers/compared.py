"""What a paper says today against what was signed, in words: criteria, contrary findings, exhibits, own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PASSED = frozenset({"as_of", "evidence", "submission_sha"})
"""What changes by itself: the day asked about, the version of the evidence, the hash of the submission named."""

_PLAIN = {
    "patient": "The patient's name, day of birth or sex is another.",
    "joint": "The joint is another.",
    "to": "The addressee is another.",
    "plan": "The patient's plan is another.",
    "policy": "The policy's version or title is another.",
    "procedure": "The procedure is another.",
    "device": "The planned device is another.",
    "own_words": "The clinician's own words were changed.",
    "denial": "The denial is another.",
    "letter": "",
}


def differences(signed: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """What differs, the weightiest first; empty where the paper says the same today."""
    if {k: v for k, v in signed.items() if k not in PASSED} == {k: v for k, v in today.items() if k not in PASSED}:
        return []
    told = [text for name, text in _PLAIN.items() if text and signed.get(name) != today.get(name)]
    told += _criteria(signed.get("criteria", []), today.get("criteria", []))
    told += _contrary(signed.get("contrary", []), today.get("contrary", []))
    told += _exhibits(signed.get("exhibits", []), today.get("exhibits", []))
    told += _documents(signed.get("documents", []), today.get("documents", []))
    return told or ["The records that it tells of were changed."]


def _criteria(before: list[Any], after: list[Any]) -> Iterable[str]:
    known = {one["text"]: one for one in before}
    for one in after:
        earlier = known.pop(one["text"], None)
        if earlier is None:
            yield f"New criterion: {one['text']}"
        elif earlier["documented"] != one["documented"]:
            now = "documented" if one["documented"] else "no longer documented"
            yield f"Now {now}: {one['text']}"
        elif bool(one["contrary"]) and not earlier["contrary"]:
            yield f"A record speaks against it now: {one['text']}"
    for text in known:
        yield f"No longer a criterion: {text}"


def _contrary(before: list[Any], after: list[Any]) -> Iterable[str]:
    was, now = {one["text"] for one in before}, {one["text"] for one in after}
    for one in after:
        if one["text"] not in was:
            yield f"New contrary finding: {one['text']}"
    for one in before:
        if one["text"] not in now:
            yield f"No longer a contrary finding: {one['text']}"


def _exhibits(before: list[Any], after: list[Any]) -> Iterable[str]:
    known = {one["id"]: one for one in before}
    for one in after:
        earlier = known.pop(one["id"], None)
        if earlier is None:
            yield f"New record: {one['title']}, {one['happened']}"
        elif _bare(earlier) != _bare(one):
            yield f"Changed record: {one['title']}, {one['happened']}"
        elif earlier.get("sources") != one.get("sources"):
            yield f"Pinned to other pages: {one['title']}, {one['happened']}"
    for one in known.values():
        yield f"No longer a record of it: {one['title']}, {one['happened']}"


def _documents(before: list[Any], after: list[Any]) -> Iterable[str]:
    known = {one["sha256"]: one for one in before}
    for one in after:
        earlier = known.pop(one["sha256"], None)
        if earlier is None:
            yield f"New source document: {one['title']}"
        elif any(earlier[name] != one[name] for name in ("title", "type", "dated", "shown")):
            yield f"Source document told or shown otherwise: {one['title']}"
    for one in known.values():
        yield f"No longer a source document of it: {one['title']}"


def _bare(exhibit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in exhibit.items() if name not in ("number", "sources")}
