"""The side that codes and words tell of. Never guessed: where nothing tells, or two tell differently, unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from nutation.record.fhir.node import Concept
from nutation.record.fhir.tables import has_word, table, tidy_code
from nutation.record.head import Side


def _of_words(text: str) -> set[Side]:
    words = cast("dict[str, list[str]]", table("sides").extra["words"])
    found: set[Side] = set()
    for side in ("left", "right", "both"):
        if has_word(text, words[side]):
            found.add(side)
    return found


def _of_codes(concept: Concept) -> set[Side]:
    known = table("sides")
    found: set[Side] = set()
    for coding in concept.codings:
        row = known.row(coding)
        if row is not None:
            found.add(cast(Side, row["side"]))
        if coding.system == "cpt" or coding.system == "hcpcs":
            for modifier in coding.code.upper().replace(":", "-").replace(" ", "-").split("-")[1:]:
                row = known.exact.get(("cpt", modifier))
                if row is not None:
                    found.add(cast(Side, row["side"]))
        if coding.system == "icd10cm":
            found |= _of_icd(tidy_code("icd10cm", coding.code))
    return found


def _of_icd(code: str) -> set[Side]:
    for family in cast("list[dict[str, Any]]", table("sides").extra["icd10cm"]):
        for side in ("right", "left", "both"):
            if side in family and code.startswith(str(family[side])):
                return {cast(Side, side)}
    return set()


def _settled(found: set[Side]) -> Side:
    return next(iter(found)) if len(found) == 1 else "unknown"


def side_of(concepts: Iterable[Concept | None], *, words: bool = True) -> Side:
    """The side that the concepts tell of together; codes before words; unknown where none or two do."""
    told = [concept for concept in concepts if concept is not None]
    by_code: set[Side] = set()
    for concept in told:
        by_code |= _of_codes(concept)
    if by_code or not words:
        return _settled(by_code)
    by_word: set[Side] = set()
    for concept in told:
        by_word |= _of_words(concept.words)
    return _settled(by_word)
