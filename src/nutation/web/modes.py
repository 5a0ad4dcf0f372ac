"""Research or clinic: the mode of each function. Research is the default; clinic has three things that stand for it.

Each switch is kept behind the one before, under the setting ``mode:FUNCTION``; the last one holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import settings as kept

Function = Literal["evaluation", "indication", "next_steps", "submission", "planning", "stability"]
FUNCTIONS: Mapping[Function, str] = {
    "evaluation": "Is this joint the source? The probability and what it rests on.",
    "indication": "Is fusion warranted? The policies' verdicts and their gaps.",
    "next_steps": "What to do next: the list and its order.",
    "submission": "The submission to a payer and its signature.",
    "planning": "The plan: corridors, implants, margins, operation sheet.",
    "stability": "How still a construct holds the joint, compared with others.",
}
"""What can be switched, each by itself."""

LABELS = {"responsible": "responsible person", "validation": "local validation", "legal_basis": "legal basis"}
"""What clinic mode has to name."""


@dataclass(frozen=True, slots=True)
class Mode:
    """The mode of one function, since when and by whom; an empty ``by`` is the default that nobody switched."""

    mode: Literal["research", "clinic"] = "research"
    responsible: str = ""
    validation: str = ""
    legal_basis: str = ""
    by: str = ""
    at: str = ""
    """Instant of the switch, as ISO 8601 in UTC."""


def mode_of(conn: Connection, function: Function) -> Mode:
    """The function's mode today."""
    return history(conn, function)[-1]


def every(conn: Connection) -> dict[Function, Mode]:
    """The mode of each function."""
    return {function: mode_of(conn, function) for function in FUNCTIONS}


def history(conn: Connection, function: Function) -> list[Mode]:
    """All modes that the function had, the default first."""
    return [Mode(), *(Mode(**told) for told in _kept(conn, function))]


def switch(
    conn: Connection,
    function: Function,
    mode: Literal["research", "clinic"],
    *,
    responsible: str = "",
    validation: str = "",
    legal_basis: str = "",
    by: str,
    at: datetime,
) -> None:
    """Switch a function. Raises InputError where clinic mode lacks one of the things that have to stand for it."""
    told = {"responsible": responsible.strip(), "validation": validation.strip(), "legal_basis": legal_basis.strip()}
    missing = [LABELS[name] for name, text in told.items() if not text]
    if mode == "clinic" and missing:
        raise InputError(
            f"Clinic mode needs more: {', '.join(missing)}.", place=function,
            mend="name all three, or leave the function in research mode.",
        )  # fmt: skip
    made = Mode(mode=mode, by=by, at=at.isoformat(timespec="seconds"), **(told if mode == "clinic" else {}))
    kept.put(conn, _name(function), [*_kept(conn, function), asdict(made)], by=by, at=at)


def _kept(conn: Connection, function: Function) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", kept.get(conn, _name(function), []))


def _name(function: Function) -> str:
    return f"mode:{function}"
