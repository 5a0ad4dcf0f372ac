"""A record made of the plain data of a file of own events, with every fault of the file gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, cast

from pydantic import ValidationError

from nutation.record.checks import check
from nutation.record.errors import InputError
from nutation.record.faults import Fault, did_you_mean, input_error
from nutation.record.fields import Shape, Takes, kinds_with, shapes
from nutation.record.head import Event, Modality, Source
from nutation.record.kinds import KINDS
from nutation.record.native_defaults import Ids, digest, last_day, own_source, recorded_by_default
from nutation.record.native_values import RefusedError, told_by, value_of
from nutation.record.period import Period
from nutation.record.plain_text import PathIn, Plain
from nutation.record.record import Record, Unmapped

TOP = ("patient", "label", "recorded_at", "source", "events", "unmapped", "warnings")
"""What a document of own events may say beside its events."""


def record_of(plain: Plain, *, system: str, partial: bool = False) -> Record:
    """The record that ``plain`` tells of; ``system`` names the source where the document does not.

    Raises InputError with every fault; with ``partial`` faulty events are left out and listed as warnings.
    """
    return _Builder(plain, system).record(partial)


@dataclass(slots=True)
class _Draft:
    """One event whose fields have been read, before what it leaves out is put in."""

    position: int
    kind: str
    values: dict[str, Any]

    def modality(self) -> Modality:
        return self.values.get("modality", "actual")

    def name(self) -> str:
        happened = self.values.get("happened")
        when = f", {happened.text()}" if isinstance(happened, Period) else ""
        return f"event {self.position + 1} ({self.kind}{when})"


class _Builder:
    def __init__(self, plain: Plain, system: str) -> None:
        self._plain = plain
        self._faults: list[Fault] = []
        self._refused: set[int] = set()  # positions of events with a fault
        self._warnings: list[str] = []
        self._top = self._document()
        self._system = str(self._top.get("source") or system)
        self._label = ""
        self._recorded: Any = None

    def record(self, partial: bool) -> Record:
        self._head()
        drafts = [draft for n, raw in enumerate(self._list("events")) if (draft := self._draft(n, raw)) is not None]
        patient = self._patient(drafts)
        if self._faults and not partial:
            raise input_error(self._plain.file, self._faults)
        events = self._events([draft for draft in drafts if draft.position not in self._refused], patient)
        positions = {event.id: position for position, event in reversed(events)}
        errors, warnings = check([event for _, event in events])
        self._faults += [self._placed(fault, positions) for fault in errors]
        if self._faults and not partial:
            raise input_error(self._plain.file, self._faults)
        bad = {fault.event for fault in errors}
        kept = tuple(event for _, event in events if event.id not in bad)
        left_out = [f"Left out: {fault.text()}" for fault in self._faults]
        stored = [str(warning) for warning in self._list("warnings")]
        return Record(
            patient=patient,
            events=kept,
            unmapped=self._unmapped(),
            warnings=tuple(dict.fromkeys([*stored, *left_out, *self._warnings, *warnings])),
            label=self._label,
        )

    # -- the document ------------------------------------------------------------------------------

    def _document(self) -> dict[str, Any]:
        data = self._plain.data
        if isinstance(data, list):
            return {"events": cast("list[Any]", data)}
        if not isinstance(data, dict):
            raise self._broken("The file holds one value, not events.", "write `patient:` and `events:` into it.")
        top = cast("dict[str, Any]", data)
        if "resourceType" in top:
            raise self._broken(f"This is a FHIR {top['resourceType']}, not own events.", "read it as FHIR.")
        return top

    def _broken(self, problem: str, mend: str, path: PathIn = ()) -> InputError:
        return InputError(problem, file=self._plain.file, place=self._plain.where(path), mend=mend)

    def _head(self) -> None:
        for name in self._top:
            if name not in TOP:
                self._fault((name,), f"A document has no part {name!r}.", did_you_mean(name, TOP))
        if "events" not in self._top:
            raise self._broken("There are no events.", "write `events:` and a list of them.")
        self._label = str(self._read("label", "text") or "")
        self._recorded = self._read("recorded_at", "instant")

    def _read(self, name: str, takes: Takes) -> Any:
        try:
            return value_of(Shape(name, takes), self._top.get(name))
        except RefusedError as refused:
            self._fault((name,), refused.problem, refused.mend)
            return None

    def _list(self, name: str) -> list[Any]:
        raw = self._top.get(name)
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise self._broken(f"{name} takes a list.", "begin each of its lines with a dash.", (name,))
        return cast("list[Any]", raw)

    def _fault(self, path: PathIn, problem: str, mend: str, name: str = "") -> None:
        place = ", ".join(part for part in (self._plain.where(path), name) if part)
        self._faults.append(Fault(problem, mend, place))
        if path[0] == "events" and len(path) > 1:
            self._refused.add(cast("int", path[1]))

    def _placed(self, fault: Fault, positions: Mapping[str, int]) -> Fault:
        position = positions.get(fault.event)
        place = "" if position is None else f"{self._plain.where(('events', position))}, event {position + 1}"
        return Fault(fault.problem, fault.mend, place, fault.event)

    def _patient(self, drafts: list[_Draft]) -> str:
        stated = self._top.get("patient")
        told = Counter(
            str(draft.values.setdefault("patient", stated)) for draft in drafts if draft.values.get("patient") or stated
        )
        if stated is not None:
            told[str(stated)] += 0
        if len(told) > 1:
            few = ", ".join(repr(name) for name in list(told)[:5])
            raise self._broken(
                f"The file tells of {len(told)} patients ({few}).", "write one patient into one file.", ("patient",)
            )
        if not told or (patient := next(iter(told))) == "":
            raise self._broken("The patient is not named.", "write `patient:` and an identifier at the top.")
        return patient

    def _unmapped(self) -> tuple[Unmapped, ...]:
        return tuple(self._unmapped_part(n, raw) for n, raw in enumerate(self._list("unmapped")))

    def _unmapped_part(self, position: int, raw: Any) -> Unmapped:
        part = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
        if wrong := {field.name for field in fields(Unmapped)} ^ set(part):
            raise self._broken(
                f"A part that could not be mapped lacks or cannot have {min(wrong)!r}.",
                "leave this list as it was written.",
                ("unmapped", position),
            )
        texts = {name: "" if value is None else str(value) for name, value in part.items()}
        relevant = texts.pop("relevant").lower() != "false"
        return Unmapped(**texts, relevant=relevant)

    # -- its events --------------------------------------------------------------------------------

    def _draft(self, position: int, raw: Any) -> _Draft | None:
        here: PathIn = ("events", position)
        if not isinstance(raw, dict):
            self._fault(
                here, "An event is a mapping of fields.", "write {kind: ..., happened: ...}.", f"event {position + 1}"
            )
            return None
        told = cast("dict[str, Any]", raw)
        kind = str(told.get("kind") or "")
        if kind not in KINDS:
            problem = f"There is no kind of event {kind!r}." if kind else "The event has no kind."
            self._fault((*here, "kind"), problem, did_you_mean(kind, KINDS), f"event {position + 1}")
            return None
        known = shapes(kind)
        draft = _Draft(position, kind, {})
        refused: list[tuple[str, str, str]] = []
        for name, value in told.items():
            if name not in known:
                refused.append((name, f"{kind} has no field {name!r}.", _other_field(name, kind)))
                continue
            try:
                if (read := value_of(known[name], value)) is not None:
                    draft.values[name] = read
            except RefusedError as error:
                refused.append((name, error.problem, error.mend))
        if "happened" not in draft.values and not any(name == "happened" for name, _, _ in refused):
            refused.append(
                ("happened", "It is not said when this happened.", "write happened: and a date, or unknown.")
            )
        refused += self._not_known(draft)
        for name, problem, mend in refused:
            self._fault((*here, name), problem, mend, draft.name())
        self._side(draft)
        return draft

    def _not_known(self, draft: _Draft) -> list[tuple[str, str, str]]:
        if "asked_not_known" not in draft.values:
            return []
        own = KINDS[draft.kind].attribute_names()
        wrong: list[tuple[str, str, str]] = []
        for name in draft.values["asked_not_known"]:
            if name not in own:
                wrong.append(("asked_not_known", f"{draft.kind} has no field {name!r}.", did_you_mean(name, own)))
            elif draft.values.get(name) is not None:
                wrong.append(
                    ("asked_not_known", f"{name} is said to be not known and has a value.", "keep one of the two.")
                )
        return wrong

    def _side(self, draft: _Draft) -> None:
        sided, side = KINDS[draft.kind].SIDED, draft.values.get("side")
        if side is None:
            draft.values["side"] = "unknown" if sided else "none"
            if sided and draft.position not in self._refused:
                place = self._plain.where(("events", draft.position))
                self._warnings.append(
                    f"{place}, {draft.name()}: no side is given; it counts for neither joint until it is "
                    "(write side: left, right, both or none)."
                )
        elif not sided and side not in ("none", "unknown"):
            self._warnings.append(f"{draft.name()}: {draft.kind} is of the person; the side {side} is not used.")

    def _events(self, drafts: list[_Draft], patient: str) -> list[tuple[int, Event]]:
        last = last_day((draft.kind, draft.modality(), draft.values["happened"]) for draft in drafts)
        ids = Ids(self._system)
        made = [(draft.position, self._event(draft, patient, last, ids)) for draft in drafts]
        return [(position, event) for position, event in made if event is not None]

    def _event(self, draft: _Draft, patient: str, last: date | None, ids: Ids) -> Event | None:
        values: dict[str, Any] = {**draft.values, "kind": draft.kind, "patient": patient}
        default = recorded_by_default(draft.kind, draft.modality(), values["happened"], last)
        recorded: datetime | str | None = values.setdefault("recorded_at", self._recorded or default)
        here: PathIn = ("events", draft.position)
        if recorded is None:
            self._fault(here, "Nothing says when this was recorded.", "write recorded_at: and a day.", draft.name())
            return None
        named: Source | None = values.get("source")
        values.setdefault("source", own_source(self._system, draft.position + 1, ""))
        try:
            event = KINDS[draft.kind].model_validate(values)
        except ValidationError as error:
            self._fault(here, f"{told_by(error)}.", "correct it, or leave out what is not known.", draft.name())
            return None
        version = digest(event, default)
        put_in: dict[str, Any] = {} if event.id else {"id": ids.next_id(event, named, version)}
        if named is None:
            put_in["source"] = own_source(self._system, draft.position + 1, version)
        return event.model_copy(update=put_in) if put_in else event


def _other_field(name: str, kind: str) -> str:
    """The mend for a field that the kind does not have."""
    elsewhere = kinds_with(name)
    if elsewhere:
        return f"{name} is a field of {' and '.join(elsewhere[:3])}; write an event of that kind."
    return did_you_mean(name, shapes(kind))
