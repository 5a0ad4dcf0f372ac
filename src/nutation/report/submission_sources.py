"""Uploaded source documents of a submission: exhibits of their own, behind the records pinned to their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nutation.report.submission_exhibits import Exhibits


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One uploaded document: what it is, its hash, and to which of its ``pages`` (from 1) events are pinned."""

    id: str
    title: str
    type: str
    dated: str
    pages: int
    sha256: str
    pins: Mapping[str, tuple[int, ...]]
    """Pages by the id of the event that was read from them."""


def with_sources(
    told: dict[str, Any], exhibits: Exhibits, sources: Sequence[SourceDocument]
) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """The content with its source documents as further exhibits; and their pages (document's id, page) in order.

    A page is shown where a record that is an exhibit is pinned to it. Without such a page the content stays as it is,
    and so does its hash.
    """
    shown: list[tuple[SourceDocument, list[int]]] = []
    for source in sources:
        pages = sorted({page for event in exhibits.all() for page in source.pins.get(event["id"], ())})
        if pages:
            shown.append((source, pages))
    if not shown:
        return told, []
    first = len(told["exhibits"]) + 1
    numbered = list(enumerate(shown, first))
    documents = [
        {
            "number": number,
            "title": exhibits.fit(source.title, ""),
            "type": source.type,
            "dated": source.dated,
            "pages": source.pages,
            "shown": pages,
            "sha256": source.sha256,
        }
        for number, (source, pages) in numbered
    ]
    printed = [
        {
            **exhibit,
            "sources": [
                {"exhibit": number, "page": page}
                for number, (source, _) in numbered
                for page in sorted(set(source.pins.get(exhibit["id"], ())))
            ],
        }
        for exhibit in told["exhibits"]
    ]
    order = [(source.id, page) for _, (source, pages) in numbered for page in pages]
    return {**told, "exhibits": printed, "documents": documents}, order
