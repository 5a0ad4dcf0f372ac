"""Published figures and policies as data, each with its source and how far it can be trusted."""

from __future__ import annotations

from nutation.evidence.errors import EvidenceError
from nutation.evidence.loader import Evidence, load
from nutation.evidence.plain_yaml import Located
from nutation.evidence.schema import MARK_WORDS, MARKS, Entry, Interval, Mark, Source, weakest

__all__ = [
    "MARKS",
    "MARK_WORDS",
    "Entry",
    "Evidence",
    "EvidenceError",
    "Interval",
    "Located",
    "Mark",
    "Source",
    "load",
    "weakest",
]
