"""Words that never reach a reader, by who the reader is, and a search for them in text."""

from __future__ import annotations

import re

NEVER_TO_ANYONE = ("safe", "safely", "no red flags", "confirmed", "ruled out", "optimal", "optimally")
"""They promise what a record cannot: say *asked on DATE by NAME, none reported*, *supported by*."""

NEVER_TO_A_PAYER = ("meets medical necessity", "medically necessary", "probability", "likelihood")
NEVER_TO_A_PATIENT = (
    "candidate", "approved", "cured", "pain-free", "guaranteed", "failed treatment", "red flag", "red flags",
    "crippled", "degenerated", "out of place", "off track", "probability",
)  # fmt: skip


def found(text: str, phrases: tuple[str, ...]) -> list[str]:
    """The phrases that stand in the text as whole words, whatever their case and line breaks."""
    flat = re.sub(r"\s+", " ", text)
    return [phrase for phrase in phrases if re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", flat, re.I)]
