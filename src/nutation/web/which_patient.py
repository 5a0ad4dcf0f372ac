"""Whose page it is: a patient who was found to be another one is opened there, an erased one says so."""

from __future__ import annotations

from fastapi.responses import RedirectResponse
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import patients
from nutation.store.patients import Patient

UNSEEN_HEAD = "0" * 64
"""Stands for a head that nobody has seen: what is there is shown before anything is kept."""


def standing(conn: Connection, patient: str) -> Patient:
    """The patient who stands for this id: themselves, or whom they were merged into.

    Raises HTTPException (404) where there is no such patient, InputError where the content was erased.
    """
    try:
        told = patients.get(conn, patient)
    except InputError:
        raise HTTPException(404) from None
    if told.merged_into is not None:
        told = patients.get(conn, patients.surviving(conn, patient))
    if told.erased_at is not None:
        raise InputError("This patient's content was erased by law.", mend="open another patient from the worklist.")
    return told


def opened(conn: Connection, patient: str, page: str = "") -> Patient | RedirectResponse:
    """The patient whose ``page`` (``/merge``) is opened, or the way to the same page of whom they were merged into.

    Raises what ``standing`` raises.
    """
    told = standing(conn, patient)
    return told if told.id == patient else RedirectResponse(f"/patients/{told.id}{page}", status_code=303)


def written_to(conn: Connection, patient: str, seen: str) -> tuple[Patient, str]:
    """The patient to whom a form of ``patient`` is written, and the head that its writer saw of them.

    Where they were merged meanwhile nobody saw that head, so that the form is shown again with what is there.
    Raises what ``standing`` raises.
    """
    told = standing(conn, patient)
    return told, seen if told.id == patient and seen else UNSEEN_HEAD
