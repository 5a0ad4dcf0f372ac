"""Whose pages are asked for, and the clinic's day."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import patients
from nutation.web.context import Current

_PATIENT_ID = re.compile(r"[0-9a-f]{32}")


def surviving(conn: Connection, patient: str) -> str:
    """The patient's id, or that of the patient they were merged into. Raises HTTPException where there is none."""
    if not _PATIENT_ID.fullmatch(patient):
        raise HTTPException(404)
    try:
        return patients.get(conn, patients.surviving(conn, patient)).id
    except InputError:
        raise HTTPException(404) from None


def today(who: Current) -> date:
    """The clinic's calendar day at the request, by the server's own time zone."""
    return who.now.astimezone().date()
