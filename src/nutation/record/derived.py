"""Attributes that follow from others by arithmetic alone, declared beside the types they extend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DERIVED: dict[str, dict[str, type]] = {
    "injection": {"relief_pct": float, "relief_any_pct": float},
    "operation": {"bilateral": bool},
    "onset": {"age_years": float},
}
"""Attributes that an occasion of the kind carries besides its recorded ones, with their types."""


def derive(kind: str, values: Mapping[str, Any], contradicted: frozenset[str] = frozenset()) -> dict[str, float | None]:
    """The derived numbers of one occasion; ``None`` where what they need is not known.

    ``relief_pct`` comes from the two scores alone; ``relief_any_pct`` falls back on the stated percentage, but not
    where the scores are ``contradicted``.
    """
    if kind != "injection":
        return {}
    before, after = values.get("score_before"), values.get("score_after")
    # Scores have a decimal at most: 7.6 to 1.9 is 75 %, not what binary fractions make of it.
    relief = round(100.0 * (before - after) / before, 6) if before and after is not None else None
    stated = None if contradicted & {"score_before", "score_after"} else values.get("relief_stated_pct")
    return {"relief_pct": relief, "relief_any_pct": relief if relief is not None else stated}
