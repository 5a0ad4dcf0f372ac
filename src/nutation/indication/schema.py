"""What a policy file holds: the rule set of one payer, society, trial or label, in one version."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nutation.evidence import Mark, Source

Route = Literal["lateral", "posterolateral", "posterior", "anterior", "other"]
DeviceKind = Literal[
    "titanium_triangular", "threaded_screw", "cage", "allograft", "hybrid", "plate", "pelvic_screw", "other"
]
Regulatory = Literal["cleared_device", "tissue_product"]
PolicyKind = Literal["coverage", "national", "society", "trial", "label", "article", "injection"]
"""Who speaks: a payer, a nation's authority, a society, a trial's eligibility, a device's label, the published
account of the operation; or a rule for the injection alone (which never warrants a fusion)."""
Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=60)]
Words = Annotated[str, Field(min_length=3, max_length=600)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("citation", mode="before", check_fields=False)
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Effective(_Part):
    """When the text holds. ``dated`` is the day of a review whose beginning of force is not known."""

    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    dated: date | None = None
    status: Literal["in_force", "planned", "superseded"] = "in_force"
    superseded_by: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise ValueError(f"it ends on {self.to} before it begins on {self.from_}")
        return self


class DevicePattern(_Part):
    """Devices, by their attributes; one left out allows any."""

    transfixing: bool | None = None
    routes: tuple[Route, ...] | None = None
    kinds: tuple[DeviceKind, ...] | None = None
    regulatory: tuple[Regulatory, ...] | None = None
    graft: bool | None = None

    @field_validator("transfixing", "routes", "kinds", "regulatory", mode="before")
    @classmethod
    def _any(cls, value: Any) -> Any:
        return None if value == "any" else value


class Exclusion(_Part):
    """Devices that the rule set refuses, and its reason."""

    when: DevicePattern
    reason: Words
    citation: tuple[str, ...] = Field(min_length=1)
    verified: Mark


class DeviceRule(DevicePattern):
    """The devices that the rule set speaks of, and those that it refuses by name."""

    excluded: tuple[Exclusion, ...] = ()


class CriterionText(_Part):
    """One criterion: what it asks, in words of our own; who says so; and the rule over facts."""

    id: Id
    topic: Id = Field(description="What it is about; criteria of one topic are compared across rule sets.")
    text: Words
    citation: tuple[str, ...] = Field(min_length=1)
    verified: Mark
    required: bool = Field(default=True, description="False for advice: shown, and never decides.")
    rule: dict[str, Any]
    explain: str = ""


class OutOfScope(_Part):
    """A situation of which the rule set does not speak."""

    id: Id
    text: Words
    rule: dict[str, Any]
    note: str = ""


class PolicyText(_Part):
    """A rule set as its file tells it.

    ``whole`` is false where part of the rule set was not read (``unseen`` says which): such a rule set can
    refuse and never grant. ``covered`` is false where the service itself is refused within ``scope``.
    ``used_by_others``: plans of other names may use the rule set. ``sources`` holds a clinic's own sources.
    """

    id: Id
    version: Annotated[str, Field(min_length=1, max_length=40)]
    title: Words
    publisher: Words
    kind: PolicyKind
    payers: tuple[str, ...] = ()
    used_by_others: bool = False
    citation: tuple[str, ...] = Field(min_length=1)
    sources: dict[str, Source] = Field(default_factory=dict)
    verified: Mark
    effective: Effective = Field(default_factory=Effective)
    jurisdiction: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    procedure: tuple[Code, ...]
    covered: bool
    whole: bool
    unseen: str = ""
    scope: str = ""
    out_of_scope: tuple[OutOfScope, ...] = ()
    device: DeviceRule
    criteria: tuple[CriterionText, ...]
    notes: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _version_is_text(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(cast("dict[str, Any]", value).get("version"), int | float):
            raise ValueError('version is a number; write it in quotes, e.g. version: "2026-01-01"')
        return cast("Any", value)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not self.whole and not self.unseen:
            raise ValueError("whole is false; say under unseen what was not read")
        if not self.covered and not self.scope:
            raise ValueError("covered is false; say under scope what is refused")
        if self.covered and self.whole and not any(criterion.required for criterion in self.criteria):
            raise ValueError(
                "no criterion is required, so everybody would fulfil it; add one, or write whole: false and unseen"
            )
        if not self.procedure and self.kind != "injection":
            raise ValueError("procedure is empty; name the codes that it speaks of")
        return self
