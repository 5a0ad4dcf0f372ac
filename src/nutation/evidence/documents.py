"""Policies, gate and differential: plain trees that the rooms above bind; here only that all is sourced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from nutation.evidence.errors import EvidenceError
from nutation.evidence.plain_yaml import Located
from nutation.evidence.schema import GENERAL_KNOWLEDGE, MARKS, Source

_Path = tuple[str | int, ...]


def check_policy(policy: Located, sources: Mapping[str, Source]) -> None:
    """A policy and each of its criteria has an id, a citation that resolves and a mark."""
    tree = _mapping(policy, (), "a policy")
    for field in ("id", "version", "citation", "verified"):
        _require(policy, (), tree, field, "the policy")
    _check_items(policy, tree, "criteria")
    check_citations(policy, sources)


def check_items(document: Located, sources: Mapping[str, Source]) -> None:
    """Each item under ``items`` has an id, a citation that resolves and a mark."""
    tree = _mapping(document, (), "the file")
    _check_items(document, tree, "items")
    check_citations(document, sources)


def check_citations(document: Located, sources: Mapping[str, Source]) -> None:
    """Wherever the tree has ``citation`` it names known sources; wherever ``verified``, a known mark."""
    for path, part in _mappings(document.plain, ()):
        mark = part.get("verified")
        if "verified" in part and mark not in MARKS:
            raise _error(
                document, (*path, "verified"), f"{mark!r} is no verification mark.", f"write one of {', '.join(MARKS)}."
            )
        if "citation" not in part:
            continue
        for key in citation_keys(part["citation"]):
            if key not in sources:
                raise _error(
                    document, (*path, "citation"), f"the citation key {key!r} is not in sources.yaml.",
                    "add the source there, or use a key that is there.",
                )  # fmt: skip
            if key == GENERAL_KNOWLEDGE and mark not in ("unverified", None):
                raise _error(
                    document, (*path, "verified"),
                    f"what is cited as {GENERAL_KNOWLEDGE} can only be unverified.", "write `verified: unverified`.",
                )  # fmt: skip


def citation_keys(citation: Any) -> list[str]:
    """The source keys of a ``citation`` field: one key, or a list of keys."""
    if isinstance(citation, list):
        return [str(key) for key in cast("list[Any]", citation)]
    return [str(citation)]


def _mappings(value: Any, path: _Path) -> Iterator[tuple[_Path, dict[str, Any]]]:
    if isinstance(value, dict):
        part = cast("dict[str, Any]", value)
        yield path, part
        for key, item in part.items():
            yield from _mappings(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(cast("list[Any]", value)):
            yield from _mappings(item, (*path, position))


def _check_items(document: Located, tree: dict[str, Any], field: str) -> None:
    items = tree.get(field, [])
    if not isinstance(items, list):
        raise _error(document, (field,), f"{field} is not a list.", "write each item under a dash.")
    seen: set[str] = set()
    for position, item in enumerate(cast("list[Any]", items)):
        path: _Path = (field, position)
        part = _mapping(document, path, f"an item of {field}", item)
        for required in ("id", "citation", "verified"):
            _require(document, path, part, required, f"this item of {field}")
        if part["id"] in seen:
            raise _error(document, path, f"the id {part['id']!r} stands twice in {field}.", "rename one of the two.")
        seen.add(part["id"])


def _mapping(document: Located, path: _Path, what: str, value: Any = ...) -> dict[str, Any]:
    found = document.plain if value is ... else value
    if not isinstance(found, dict):
        raise _error(document, path, f"{what} is not a mapping.", "write `name: value` lines.")
    return cast("dict[str, Any]", found)


def _require(document: Located, path: _Path, part: dict[str, Any], field: str, what: str) -> None:
    if part.get(field) in (None, "", []):
        mend = "name its source by a key of sources.yaml." if field == "citation" else f"add `{field}:`."
        raise _error(document, path, f"{what} has no {field}.", mend, str(part.get("id", "")))


def _error(document: Located, path: _Path, problem: str, mend: str, entry: str = "") -> EvidenceError:
    if not entry:
        entry = _id_above(document, path)
    place = f"line {document.line_of(path)}" + (f", entry {entry}" if entry else "")
    return EvidenceError(problem, file=document.file, place=place, mend=mend)


def _id_above(document: Located, path: _Path) -> str:
    """The id of the nearest part at or above ``path`` that has one."""
    for length in range(len(path), -1, -1):
        part = document.at(path[:length])
        if isinstance(part, dict) and cast("dict[str, Any]", part).get("id"):
            return str(cast("dict[str, Any]", part)["id"])
    return ""
