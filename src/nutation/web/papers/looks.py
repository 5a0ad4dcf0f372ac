"""What the signer looks at before signing: own words and uploaded pages that a payer should not get."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nutation.report.submission import joint_of, policy_of
from nutation.report.submission_names import Unfit
from nutation.web.papers.chart_papers import PLACES, PaperName
from nutation.web.papers.exhibit_pages import SourcePage, texts

_UNWISE = re.compile(
    r"medical(?:ly)? necess\w+|probabilit\w+|likelihood|\bsafe(?:ly)?\b|guarantee\w*|\bcure[ds]?\b|confirmed|ruled out",
    re.IGNORECASE,
)


def of_words(
    document: Mapping[str, Any], policy_id: str, side: str, paper: PaperName, own_words: Mapping[str, str]
) -> list[str]:
    """Notes on the clinician's own words: they stay the clinician's, and are said to be looked at."""
    unfit = Unfit(document, policy_of(joint_of(document, side), policy_id))
    notes: list[str] = []
    for place, text in own_words.items():
        where = f"“{PLACES[paper][place].removeprefix('In your own words: ').rstrip('.')}”"
        if (why := unfit.why(text, "treatment")) is not None:
            notes.append(f"Your words {where}: {why.removeprefix('not reproduced: ')}.")
        found = sorted({match[0].lower() for match in _UNWISE.finditer(text)})
        if found:
            told = ", ".join(f"“{one}”" for one in found)
            notes.append(f"Your words {where} say {told}: the record alone should speak to a payer.")
    return notes


def of_pages(
    document: Mapping[str, Any],
    policy_id: str,
    side: str,
    pages: Sequence[SourcePage],
    names: Sequence[tuple[int, int]],
) -> list[str]:
    """Notes on uploaded pages by exhibit and page (``names``): they are shown whole, and nothing is struck out."""
    unfit = Unfit(document, policy_of(joint_of(document, side), policy_id))
    notes: list[str] = []
    read: dict[tuple[int, int], str] = {}
    for source, (exhibit, page) in zip(pages, names, strict=True):
        text = read.setdefault((id(source.content), page), texts(source.content, source.media_type, [page])[page])
        if (why := unfit.why(text, "treatment")) is not None:
            notes.append(f"Exhibit {exhibit}, page {page}: {why.removeprefix('not reproduced: ')}.")
        elif not text.strip():
            notes.append(f"Exhibit {exhibit}, page {page} is a picture: look at it yourself.")
    return notes
