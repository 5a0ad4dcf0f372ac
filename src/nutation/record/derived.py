"""Attributes that follow from others by arithmetic alone, declared beside the types they extend."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

DERIVED: dict[str, dict[str, type]] = {
    "injection": {"relief_pct": float, "relief_any_pct": float},
    "operation": {"bilateral": bool},
    "onset": {"age_years": float},
    "pregnancy": {"delivered_on": date},
}
"""Attributes that an occasion of the kind carries besides its recorded ones, with their types."""


def derive(kind: str, values: Mapping[str, Any]) -> dict[str, float | None]:
    """The derived numbers of one occasion; ``None`` where what they need is not known.

    ``relief_pct`` comes from the two scores alone; ``relief_any_pct`` falls back on the stated percentage.
    """
    if kind != "injection":
        return {}
    before, after = values.get("score_before"), values.get("score_after")
    relief = 100.0 * (before - after) / before if before and after is not None else None
    return {
        "relief_pct": relief,
        "relief_any_pct": relief if relief is not None else values.get("relief_stated_pct"),
    }
