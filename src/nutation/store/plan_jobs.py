"""Plans that are being made: asked for on a page, taken by the worker, turned into an entry or a reason why not.

What came of a job is an entry of the patient's chain; the job itself is only the way there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, and_, insert, or_, select, update

from nutation.store.schema import plan_job

Kind = Literal["plan", "move", "state", "compare"]

_LEASE = timedelta(minutes=20)
"""How long one job may take before another worker tries; a comparison of constructs takes minutes."""
_MOST_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One plan, move, statement of side and level, or comparison that was asked for."""

    id: str
    patient: str
    kind: Kind
    options: dict[str, Any]
    asked_at: datetime
    by: str
    state: Literal["asked", "taken", "made", "failed"]
    attempts: int
    message: str


def ask(conn: Connection, patient_id: str, kind: Kind, options: Mapping[str, Any], *, by: str, at: datetime) -> str:
    """Ask for a job and return its id, which becomes the plan's."""
    made = uuid4().hex
    conn.execute(
        insert(plan_job).values(
            id=made, patient=patient_id, kind=kind, options=dict(options), asked_at=at, by=by, state="asked",
            attempts=0, message="",
        )
    )  # fmt: skip
    return made


def take(conn: Connection, now: datetime) -> Job | None:
    """The job that has waited longest, taken for a while; None where none waits."""
    waits = or_(plan_job.c.state == "asked", and_(plan_job.c.state == "taken", plan_job.c.taken_until < now))
    asked = select(plan_job).where(waits).order_by(plan_job.c.asked_at).limit(1)
    row = conn.execute(asked.with_for_update(skip_locked=True)).mappings().one_or_none()
    if row is None:
        return None
    if row["attempts"] >= _MOST_ATTEMPTS:
        finish(conn, row["id"], "failed", "The program ended twice while it was at this.")
        return take(conn, now)
    told = {"state": "taken", "taken_until": now + _LEASE, "attempts": row["attempts"] + 1}
    conn.execute(update(plan_job).where(plan_job.c.id == row["id"]).values(**told))
    return _job({**row, **told})


def finish(conn: Connection, job_id: str, state: Literal["made", "failed"], message: str = "") -> None:
    """Note what came of a job."""
    told = {"state": state, "taken_until": None, "message": message}
    conn.execute(update(plan_job).where(plan_job.c.id == job_id).values(**told))


def get(conn: Connection, patient_id: str, job_id: str) -> Job | None:
    """One job of the patient."""
    asked = select(plan_job).where(plan_job.c.patient == patient_id, plan_job.c.id == job_id)
    row = conn.execute(asked).mappings().one_or_none()
    return None if row is None else _job(row)


def unfinished(conn: Connection, patient_id: str) -> list[Job]:
    """The patient's jobs that came to nothing yet, the latest first: waiting, at work, or failed."""
    asked = select(plan_job).where(plan_job.c.patient == patient_id, plan_job.c.state != "made")
    return [_job(row) for row in conn.execute(asked.order_by(plan_job.c.asked_at.desc()).limit(20)).mappings()]


def _job(row: Mapping[Any, Any]) -> Job:
    return Job(**{name: row[name] for name in Job.__dataclass_fields__})
