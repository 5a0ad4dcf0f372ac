"""``nutation case new``: asks the questions in order of worth and writes an events file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from nutation.case import build_case
from nutation.cli.forms import FORMS, ORDER, fields_of, form_of
from nutation.cli.output import day, folder
from nutation.criteria.tree import field_options
from nutation.record.columns import column_types
from nutation.record.head import Event, JointSide, Source
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS
from nutation.record.native import write_events
from nutation.record.period import Period
from nutation.record.record import Record

_YES, _NO = ("y", "yes"), ("n", "no")


class _LeftError(Exception):
    """The form was left."""


def run(*, out: Path | None, as_of: str | None) -> None:
    """Ask until nothing is left to ask or the person stops, and write what was told."""
    on = day(as_of, "--as-of")
    typer.echo("Nutation asks what would help most to know next. Press Enter to skip a question, write ? for")
    typer.echo("'asked and not known', or - to leave a form. Not for unsupervised clinical use.\n")
    asker = _Asker(on)
    try:
        _interview(asker)
    except typer.Abort:
        typer.echo("\nThe interview ended here; what was told so far is kept.")
    if not asker.events:
        typer.echo("Nothing was told, so nothing is written.")
        return
    path = (folder(out) if out is not None else Path()) / f"{asker.patient}.yaml"
    if path.exists():
        path = path.with_name(f"{asker.patient}-{datetime.now(UTC):%Y%m%dT%H%M%S}.yaml")
        typer.echo("There is a record of this patient already; it is left as it is.")
    write_events(asker.record(), path)
    typer.echo(f"\nWritten: {path} ({len(asker.events)} events)\nThe answer: nutation case {path}")


def _interview(asker: _Asker) -> None:
    asker.person()
    done: set[tuple[str, str | None]] = set()
    while (form := _next_form(asker, done)) is not None:
        name, why = form
        done.add((name, asker.side))
        typer.echo(f"\n{name.replace('_', ' ').capitalize()}{': ' + why if why else ''}")
        if _agrees("Fill in this form now?", default=True):
            asker.form(name)
        elif not _agrees("Go on with other questions?", default=True):
            return


def _next_form(asker: _Asker, done: set[tuple[str, str | None]]) -> tuple[str, str] | None:
    """The form of the first next step that was not asked yet, with its reason; then the others in order."""
    sides: tuple[JointSide, ...] = (asker.side,)
    for step in build_case(asker.record(), as_of=asker.on, sides=sides).next:
        name = form_of(step.form)
        if (name, asker.side) not in done:
            return name, step.label
    left = [name for name in ORDER if (name, asker.side) not in done]
    return (left[0], "") if left else None


def _agrees(question: str, *, default: bool) -> bool:
    while True:
        shown = "Y/n" if default else "y/N"
        told = typer.prompt(f"{question} ({shown})", default="", show_default=False).strip().lower()
        if not told:
            return default
        if told in (*_YES, *_NO):
            return told in _YES
        typer.echo("  write y or n")


class _Asker:
    """The conversation: who is asked about, and what was told so far."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.events: list[Event] = []
        self.patient = ""
        self.label = ""
        self.author: str | None = None
        self.side: JointSide = "left"

    def record(self) -> Record:
        """What was told, as a record."""
        return Record(self.patient, tuple(self.events), label=self.label)

    def person(self) -> None:
        """Who is asked about, who asks, and which side hurts."""
        while not self.patient:
            told = typer.prompt("Patient's id (letters, digits, - and _)", default="", show_default=False).strip()
            self.patient = told if told and all(c.isalnum() or c in "-_" for c in told) else ""
            if not self.patient:
                typer.echo("  an id of letters, digits, - and _ is needed; it names the file, too")
        self.author = typer.prompt("Your name and role", default="", show_default=False).strip() or None
        birth = self._until_valid("Date of birth (YYYY-MM-DD)", _date)
        sex = self._ask_field("person", "sex")
        if birth not in (None, "?"):
            self._keep("person", birth, {"sex": sex} if sex else {}, ())
        side = self._choice("Which side hurts more", ("left", "right"))
        self.side = "right" if side == "right" else "left"

    def form(self, name: str) -> None:
        """Every event of the form; one that is left keeps nothing of itself."""
        for kind, named in FORMS[name]:
            try:
                self._event(kind, fields_of(kind, named))
            except _LeftError:
                continue

    def _event(self, kind: str, names: tuple[str, ...]) -> None:
        told: dict[str, Any] = {}
        not_known: list[str] = []
        typer.echo(f"  {kind.replace('_', ' ')}: {(KINDS[kind].__doc__ or '').strip().splitlines()[0]}")
        for name in names:
            value = self._ask_field(kind, name, not_known)
            if value is not None:
                told[name] = value
        if not told and not not_known:
            return
        when = self._when(kind)
        self._keep(kind, when, told, tuple(not_known))

    def _when(self, kind: str) -> str:
        course = KINDS[kind].COURSE
        example = "2026-01-10/2026-06-30, or 2026-01-10/ if it goes on" if course else "2026-03-14, or 2026-03"
        told = self._until_valid(f"When ({example}; Enter: {self.on})", _period)
        return self.on.isoformat() if told in (None, "?") else told

    def _keep(self, kind: str, happened: str, told: dict[str, Any], not_known: tuple[str, ...]) -> None:
        source = Source(system="nutation case new", resource=f"{kind}/{len(self.events) + 1}", version=self.patient)
        plain = {
            "id": event_id(source, kind),
            "patient": self.patient,
            "side": self.side if KINDS[kind].SIDED else "none",
            "happened": happened,
            "recorded_at": datetime.now(UTC).isoformat(),
            "source": source,
            "author": self.author,
            "asked_not_known": not_known,
        }
        try:
            self.events.append(KINDS[kind].model_validate(plain | told))
        except ValidationError as error:
            for fault in error.errors():
                typer.echo(f"    not kept: {fault['msg'].removeprefix('Value error, ')}")

    def _ask_field(self, kind: str, name: str, not_known: list[str] | None = None) -> Any:
        label = name.replace("_", " ")
        if description := KINDS[kind].model_fields[name].description:
            label += f" [{description.rstrip('.')}]"
        options = field_options(kind, name)
        if options:
            value = self._choice(label, tuple(sorted(options)))
        else:
            told = column_types(kind)[name]
            value = self._until_valid(label + {bool: " (y/n)", date: " (YYYY-MM-DD)"}.get(told, ""), _READERS[told])
        if value == "?":
            if not_known is not None:
                not_known.append(name)
            return None
        return value

    def _choice(self, label: str, options: tuple[str, ...]) -> str | None:
        shown = ", ".join(f"{n} {word.replace('_', ' ')}" for n, word in enumerate(options, 1))

        def read(told: str) -> str:
            if told.isdigit() and 1 <= int(told) <= len(options):
                return options[int(told) - 1]
            near = [word for word in options if word.replace("_", " ").startswith(told.lower().replace("_", " "))]
            if len(near) == 1:
                return near[0]
            raise ValueError(f"write a number from 1 to {len(options)}, or the beginning of one word")

        return self._until_valid(f"{label} ({shown})", read)

    @staticmethod
    def _until_valid(question: str, read: Callable[[str], Any]) -> Any:
        while True:
            told = typer.prompt(f"    {question}", default="", show_default=False).strip()
            if told in ("", "?"):
                return told or None
            if told == "-":
                raise _LeftError
            try:
                return read(told)
            except Exception as error:
                typer.echo(f"      {error}")


def _period(text: str) -> str:
    Period.model_validate(text)
    return text


def _truth(text: str) -> bool:
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    raise ValueError("write y or n")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError("write a number") from None


def _whole(text: str) -> int:
    return int(_number(text))


def _date(text: str) -> str:
    return str(day(text, "date"))


_READERS: dict[type, Callable[[str], Any]] = {bool: _truth, float: _number, int: _whole, date: _date, str: str}
