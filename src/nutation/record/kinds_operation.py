"""Operations, with the device, its lots and how it was done, and what went wrong: two of the ``kinds`` of event."""

# As in ``kinds``: the discriminating ``kind`` narrows the base field on purpose, of frozen models.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nutation.record.head import Event

Count = Annotated[int, Field(ge=0)]
CareResult = Literal["none", "temporary", "lasting", "worse"]


class Operation(Event):
    """An operation; the device is four attributes (route, transfixing, kind and class, graft with preparation)."""

    kind: Literal["operation"] = "operation"
    IDENTITY = ("target", "procedure_code")
    TOPIC = "target"
    target: Literal["si_joint", "lumbar_fusion", "lumbar_other", "hip", "pelvis", "other"] | None = None
    procedure_code: str | None = Field(default=None, description="Bare code, e.g. 27279.")
    route: Literal["lateral", "posterolateral", "posterior", "anterior", "other"] | None = None
    transfixing: bool | None = None
    device_kind: (
        Literal[
            "titanium_triangular",
            "threaded_screw",
            "cage",
            "allograft",
            "hybrid",
            "plate",
            "pelvic_screw",
            "other",
        ]
        | None
    ) = None
    regulatory: Literal["cleared_device", "tissue_product"] | None = None
    graft: bool | None = None
    decortication: bool | None = None
    implants: Count | None = None
    fused_to_sacrum: bool | None = None
    levels: Count | None = None
    maker: str | None = Field(default=None, description="Maker and model of the implants, as on the label.")
    implant_lots: str | None = Field(
        default=None, description="Lot, serial number or UDI of each implant with its place, parted by semicolons."
    )
    graft_kind: (
        Literal["autograft", "allograft", "demineralised_bone", "synthetic", "growth_factor", "mixed", "other"] | None
    ) = None
    graft_lot: str | None = None
    anaesthesia: Literal["general", "spinal", "local_with_sedation", "other"] | None = None
    guidance: Literal["fluoroscopy", "navigation", "robot", "ct", "other"] | None = None
    nerve_monitoring: Literal["none", "emg", "evoked_potentials", "both"] | None = None
    antibiotic_given: bool | None = None
    closure: str | None = Field(default=None, description="How the wound was closed and dressed.")
    skin_to_skin_min: Count | None = None
    blood_loss_ml: Count | None = None
    weight_bearing: Literal["full", "partial", "toe_touch", "none"] | None = Field(
        default=None, description="On the leg of the operated side, from the first day."
    )
    nights_in_hospital: Count | None = None
    result: CareResult | None = None


class AdverseEvent(Event):
    """Something that went wrong."""

    kind: Literal["adverse_event"] = "adverse_event"
    IDENTITY = ("category",)
    TOPIC = "category"
    category: (
        Literal[
            "wound", "deep_infection", "nerve", "vessel", "haematoma", "malposition", "loosening", "nonunion",
            "fracture", "thromboembolism", "bursitis", "pain", "device", "other",
        ]
        | None
    ) = None  # fmt: skip
    severe: bool | None = None
    device_related: bool | None = None
    procedure_related: bool | None = None
