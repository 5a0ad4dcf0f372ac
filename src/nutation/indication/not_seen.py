"""Rule sets that exist and whose criteria were not read: why the product does not answer for them."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict

from nutation.evidence import Mark, load


class NotSeen(BaseModel):
    """One such rule set, and the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    publisher: str
    payers: tuple[str, ...] = ()
    jurisdiction: str | None = None
    reason: str
    citation: tuple[str, ...]
    verified: Mark


@cache
def not_seen() -> tuple[NotSeen, ...]:
    """Every such rule set, in the file's order."""
    return tuple(NotSeen.model_validate(item) for item in load().document("indication/not_seen.yaml").plain["not_seen"])


def why_not_seen(policy_id: str) -> NotSeen | None:
    """The entry of that id (regardless of case), if it is one of them."""
    return next((item for item in not_seen() if item.id.lower() == policy_id.lower()), None)
