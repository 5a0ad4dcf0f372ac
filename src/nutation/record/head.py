"""What every event carries, whatever it tells of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from nutation.record.period import Period

Side = Literal["left", "right", "both", "none", "unknown"]
"""The side of an event. *both* counts for each joint, *none* is of the person, *unknown* may be either."""

JointSide = Literal["left", "right"]

Certainty = Literal["stated", "coded", "inferred"]
"""How the event is known: said by a clinician or the patient, an imported code, or concluded by software."""

Modality = Literal["actual", "intended", "negated", "provisional", "family"]
"""What the statement asserts: it was so; it is ordered or planned; it was not so (refuted, not done);
it is suspected (provisional, differential); it was so of a relative."""


class Source(BaseModel):
    """Where an event comes from; together with the path it makes the event's identity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(min_length=1, description="File, form or server that the event was read from.")
    resource: str = Field(default="", description="Resource or row within it, e.g. ``Procedure/inj-1``.")
    path: str = Field(default="", description="Element within the resource.")
    version: str = Field(default="", description="Version of the resource, as its source counts.")

    def text(self) -> str:
        """The source as one line for a reader."""
        return " ".join(part for part in (self.system, self.resource, self.path) if part)


class Event(BaseModel):
    """A dated, sided, sourced statement about a patient. Immutable: a correction is a new event.

    A field of a subclass that is ``None`` is *not recorded*; one named in ``asked_not_known`` was asked
    for and is not known. Neither is ever a "no".
    """

    # Validators are built when a kind is first met: a record rarely holds all kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    IDENTITY: ClassVar[tuple[str, ...]] = ()
    """Fields whose differing values make two events of one day different occasions."""
    TOPIC: ClassVar[str | None] = None
    """The field that a completeness statement may narrow itself to (a diagnosis's category)."""
    COURSE: ClassVar[bool] = False
    """Whether the event runs over its period (a course) or happened once within it (a point)."""
    SIDED: ClassVar[bool] = True
    """Whether the event can belong to one joint; of the person alone otherwise."""

    id: str = Field(default="", description="Derived from source, resource, path and version when left out.")
    kind: str
    patient: str = Field(min_length=1)
    side: Side = "unknown"
    happened: Period
    recorded_at: datetime
    source: Source
    author: str | None = None
    encounter: str | None = None
    certainty: Certainty = "stated"
    modality: Modality = "actual"
    supersedes: tuple[str, ...] = ()
    retracted: bool = Field(default=False, description="Withdraws what it supersedes and tells nothing else.")
    asked_not_known: tuple[str, ...] = ()
    note: str | None = None

    @field_validator("recorded_at", mode="before")
    @classmethod
    def _instant(cls, value: Any) -> Any:
        if isinstance(value, str) and len(value) == 10:
            value = value + "T00:00:00+00:00"
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        return value

    def attributes(self) -> dict[str, Any]:
        """The fields that the kind adds to the head, by name; ``None`` where not recorded."""
        return {name: getattr(self, name) for name in type(self).attribute_names()}

    @classmethod
    def attribute_names(cls) -> tuple[str, ...]:
        """Names of the fields that the kind adds to the head, in declared order."""
        return tuple(name for name in cls.model_fields if name not in Event.model_fields)
