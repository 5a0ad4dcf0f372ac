"""A patient's plans as the ledger holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import ledger


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan as the ledger holds it: what was asked, what came of it, and whether a person stated side and levels."""

    id: str
    side: str
    of: str
    options: dict[str, Any]
    edit: dict[str, Any]
    verdict: str
    reason: str
    approach: str
    orientation: str
    levels: tuple[str, ...]
    stated: dict[str, str] | None
    sheet_missing: tuple[str, ...]
    files: dict[str, str]
    at: datetime
    by: str


def plans_of(conn: Connection, patient_id: str) -> list[PlanEntry]:
    """The patient's plans, the latest first; a plan whose side and levels were stated is an entry of its own."""
    found = [
        PlanEntry(
            **{name: body[name] for name in _PLAIN}, levels=tuple(body["levels"]),
            sheet_missing=tuple(body["sheet_missing"]), at=one.at, by=one.by,
        )
        for one in ledger.entries(conn, patient_id, ("plan",))
        if (body := one.body) is not None
    ]  # fmt: skip
    return found[::-1]


_PLAIN = (
    "id", "side", "of", "options", "edit", "verdict", "reason", "approach", "orientation", "stated", "files",
)  # fmt: skip


def plan_of(conn: Connection, patient_id: str, plan_id: str) -> PlanEntry:
    """One plan. Raises InputError where it is not of this patient."""
    found = next((plan for plan in plans_of(conn, patient_id) if plan.id == plan_id), None)
    if found is None:
        raise InputError("There is no such plan.", mend="open it from the patient's plans.")
    return found
