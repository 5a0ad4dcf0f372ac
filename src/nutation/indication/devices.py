"""The device as its attributes: which policy speaks of it, which procedure code it suggests, whose evidence it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nutation.criteria.logic import Truth, all3
from nutation.evidence import Entry, Evidence, load
from nutation.indication.schema import DevicePattern
from nutation.record.occasions import Occasion


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of the device that is planned; ``None`` is not recorded."""

    route: str | None = None
    transfixing: bool | None = None
    kind: str | None = None
    regulatory: str | None = None
    graft: bool | None = None
    decortication: bool | None = None

    def text(self) -> str:
        """The device in words."""
        told = [
            (self.kind or "").replace("_", " "),
            {True: "transfixing", False: "not transfixing", None: ""}[self.transfixing],
            f"{self.route} route" if self.route else "",
            (self.regulatory or "").replace("_", " "),
        ]
        return ", ".join(word for word in told if word) or "device not recorded"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A procedure code that a device's attributes suggest; a person settles it.

    ``missing`` names attributes that are not recorded and could change it.
    """

    code: str
    reason: str
    citation: tuple[str, ...]
    verified: str
    missing: tuple[str, ...] = ()

    def text(self) -> str:
        """The suggestion as a reader sees it."""
        open_ = f" Not recorded, and able to change it: {', '.join(self.missing)}." if self.missing else ""
        return f"{self.code}: {self.reason} To be settled by a person.{open_}"


@dataclass(frozen=True, slots=True)
class DeviceEvidence:
    """Published figures that were seen with devices of the chosen class, and no others."""

    device_class: str | None
    label: str
    entries: tuple[Entry, ...]
    reason: str


class _Procedure(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    when: DevicePattern
    reason: str
    citation: tuple[str, ...]
    verified: str


class _Class(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    label: str
    when: DevicePattern


class _Reading(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    when: DevicePattern
    transfixing: bool
    reason: str
    citation: tuple[str, ...]
    verified: str


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    readings: tuple[_Reading, ...] = Field(description="How payers class a device whatever its maker calls it.")
    procedures: tuple[_Procedure, ...]
    implied: dict[str, DevicePattern]
    classes: tuple[_Class, ...]


@cache
def _table() -> _Table:
    return _Table.model_validate(load().document("indication/devices.yaml").plain)


def procedure_codes() -> tuple[str, ...]:
    """Codes of a fusion of the sacroiliac joint."""
    return tuple(_table().implied)


def device_of(operation: Occasion) -> Device:
    """The device that an operation's occasion tells of."""
    told = operation.values
    return Device(
        route=told.get("route"),
        transfixing=told.get("transfixing"),
        kind=told.get("device_kind"),
        regulatory=told.get("regulatory"),
        graft=told.get("graft"),
        decortication=told.get("decortication"),
    )


def implied_device(code: str) -> Device:
    """What a procedure code alone says of the device."""
    pattern = _table().implied.get(code)
    return Device(transfixing=pattern.transfixing if pattern is not None else None)


def as_classed(device: Device) -> tuple[Device, str]:
    """The device as payers class it, with the reason where that differs from what is recorded."""
    for reading in _table().readings:
        if fits(reading.when, device) is True and device.transfixing is not reading.transfixing:
            return replace(device, transfixing=reading.transfixing), reading.reason
    return device, ""


def fits(pattern: DevicePattern, device: Device) -> Truth:
    """Whether the device is one of the pattern; not known where an attribute that decides is not recorded."""
    return all3(answer for _, answer in _parts(pattern, device))


def missing(pattern: DevicePattern, device: Device) -> tuple[str, ...]:
    """Attributes that the pattern asks for and that are not recorded."""
    return tuple(name for name, answer in _parts(pattern, device) if answer is None)


def _parts(pattern: DevicePattern, device: Device) -> list[tuple[str, Truth]]:
    def one(told: Any, allowed: Sequence[Any] | None) -> Truth:
        return True if allowed is None else None if told is None else told in allowed

    return [
        ("transfixing", one(device.transfixing, None if pattern.transfixing is None else (pattern.transfixing,))),
        ("route", one(device.route, pattern.routes)),
        ("device kind", one(device.kind, pattern.kinds)),
        ("regulatory class", one(device.regulatory, pattern.regulatory)),
        ("graft", one(device.graft, None if pattern.graft is None else (pattern.graft,))),
    ]


def suggest_procedure(device: Device) -> Suggestion | None:
    """The code that the device's attributes suggest; None where they do not suffice."""
    classed, _ = as_classed(device)
    open_: list[str] = []
    for row in _table().procedures:
        answer = fits(row.when, classed)
        if answer is True:
            return Suggestion(row.code, row.reason, row.citation, row.verified, tuple(dict.fromkeys(open_)))
        if answer is None:
            open_.extend(missing(row.when, classed))
    return None


def device_class(device: Device) -> tuple[str, str] | None:
    """Id and label of the class under which the evidence files keep results of such devices."""
    classed, _ = as_classed(device)
    for row in _table().classes:
        if fits(row.when, classed) is True:
            return row.id, row.label
    return None


def evidence_for(device: Device, evidence: Evidence | None = None) -> DeviceEvidence:
    """Entries that were seen with the device's own class. Results of another class are never shown for it."""
    found = device_class(device)
    if found is None:
        reason = f"The class of the device is not known ({device.text()}), so no trial's results are shown for it."
        return DeviceEvidence(None, "", (), reason)
    class_id, label = found
    entries = tuple(e for e in (evidence or load()).entries if e.device == class_id)
    reason = f"Results of: {label}." if entries else f"No published results of this class are on file ({label})."
    return DeviceEvidence(class_id, label, entries, reason)
