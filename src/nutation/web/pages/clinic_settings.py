"""The clinic's own settings, changed by an administrator: what is asked first, and what the worklist counts by."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from nutation.evidence import load
from nutation.store import settings as kept
from nutation.web import judged_first
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed
from nutation.web.rendering import render
from nutation.web.stages import FIRST_CONTACT_DAYS, RECOVERY_MONTHS, stage_settings

router = APIRouter()
Administrator = Annotated[Current, Depends(needs("set_modes"))]

_WHOLE = re.compile(r"\d{1,4}", re.ASCII)
_MONTHS_MOST, _DAYS_MOST = 60, 365
"""Longest times that a setting takes: more is a slip of the keyboard."""


@router.get("/settings")
def ask(request: Request, who: Administrator, done: str = "") -> Response:
    """The settings as they are."""
    with who.read() as conn:
        stages = stage_settings(conn)
        first = judged_first.asked_for(conn)
    typed = Typed({
        "judgement_first": ["yes"] if first else [],
        "recovery_months": [str(stages.recovery_months)],
        "first_contact_days": ["" if stages.first_contact_days is None else str(stages.first_contact_days)],
    })  # fmt: skip
    return _page(request, typed, done=bool(done))


@router.post("/settings")
def change(request: Request, who: Administrator, data: Sent) -> Response:
    """Keep the settings."""
    reading = Reading(data)
    first = reading.ticked("judgement_first")
    months = _whole(reading, "recovery_months", "The months", _MONTHS_MOST)
    days = _whole(reading, "first_contact_days", "The days", _DAYS_MOST)
    if reading.mistakes:
        return _page(request, reading.typed())
    by, at = who.person.id, who.now
    with who.write() as conn:
        if months is None:
            months = stage_settings(None).recovery_months
        told = {judged_first.SETTING: first, RECOVERY_MONTHS: months, FIRST_CONTACT_DAYS: days}
        before = stage_settings(conn)
        was = {
            judged_first.SETTING: judged_first.asked_for(conn), RECOVERY_MONTHS: before.recovery_months,
            FIRST_CONTACT_DAYS: before.first_contact_days,
        }  # fmt: skip
        for name, value in told.items():
            if value != was[name]:
                if value is None:
                    kept.forget(conn, name)
                else:
                    kept.put(conn, name, value, by=by, at=at)
                who.note(conn, f"setting {name}: {value}")
    return RedirectResponse("/settings?done=1", status_code=303)


def _whole(reading: Reading, name: str, what: str, most: int) -> int | None:
    told = reading.line(name, what)
    if not told:
        return None
    if _WHOLE.fullmatch(told) is None or not 1 <= int(told) <= most:
        reading.wrong(name, f"{what}: a whole number from 1 to {most} is needed.", "write it in digits.")
        return None
    return int(told)


def _page(request: Request, typed: Typed, *, done: bool = False) -> Response:
    usual = int(load().entry("recovery_clinic_timeline").number("normal_months_high"))
    return render(
        request, "clinic_settings.html.j2", status=422 if typed.mistakes else 200, typed=typed, usual=usual, done=done
    )  # fmt: skip
