"""A plan document as the plan it tells of, so that it can be edited and told again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Pose
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.space import Frame
from nutation.planning.document import implants_of
from nutation.planning.plan import Breach, Clearance, Corridor, Margin, Plan, PlannedImplant, Purchase, Structure
from nutation.record.errors import InputError

# The frame follows from the bones alone: the same label map gives the same to the digits that a document keeps, and
# surfaces and the label map that a plan writes of them give frames 0.5 mm and 0.3° apart. What lies further off is
# another pelvis, another scan, or another outline of the bones.
SAME_MM, SAME_DEG = 1.5, 1.0


def plan_of(document: Mapping[str, Any], pelvis: Pelvis) -> Plan:
    """The plan of a document (``document.read_plan``), in the frame of the pelvis that it was made on.

    Its alternatives are left out. Raises InputError where the document lacks what every plan written here has.
    """
    try:
        implants = tuple(
            _planned(told, implant, pelvis.frame)
            for told, implant in zip(document["implants"], implants_of(document, pelvis.frame), strict=True)
        )
        return Plan(
            document["side"], str(document["approach"]), document["verdict"], str(document["reason"]), implants,
            tuple(float(gap) for gap in document["spacing_mm"]),
            {
                name: _corridor(name, told, pelvis.frame)
                for name, told in document["corridors"].items() if told is not None
            },
            str(document["error"]), str(document["limit"]), tuple(document["basis"]), tuple(document["warnings"]),
            numbers={name: float(value) for name, value in document["numbers"].items()},
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the plan is not whole ({error}).", mend="give the plan.json that `nutation plan` has written."
        ) from None


def on_these_bones(document: Mapping[str, Any], pelvis: Pelvis) -> bool:
    """Whether the document's plan was made on these very bones: the pelvic frame that it kept is found again."""
    kept = document.get("pelvic_frame")
    if not isinstance(kept, dict):
        return False
    told = cast("dict[str, Any]", kept)
    axes = np.array([told["axes"][name] for name in ("left", "posterior", "cranial")], dtype=np.float64).T
    apart = float(np.linalg.norm(np.array(told["origin_mm"], dtype=np.float64) - pelvis.frame.origin_mm))
    turned = np.degrees(np.arccos(np.clip((np.trace(axes.T @ pelvis.frame.rotation) - 1) / 2, -1, 1)))
    return apart <= SAME_MM and float(turned) <= SAME_DEG


def _planned(told: Mapping[str, Any], implant: Any, frame: Frame) -> PlannedImplant:
    clearances, held, margin = told["clearance_by_structure_mm"], told["purchase_mm"], told["margin"]
    crossing, angle, hu = told["crossing_mm"], told["crossing_angle_deg"], told["mean_hu"]
    return PlannedImplant(
        str(told["position"]), cast("Level | None", told["level"]), implant,
        Clearance(*_known(clearances, float)),
        Purchase(
            float(held["ilium"]), float(held["sacrum"]),
            None if hu is None else {str(bone): float(value) for bone, value in hu.items()},
            None if crossing is None else frame.from_lps(np.array(crossing, dtype=np.float64)),
            None if angle is None else float(angle),
        ),
        Margin(
            _breach(margin["overall"]), *_known(margin["by_structure"], _breach), float(margin["joint_missed"]),
            int(margin["simulations"]),
        ),
        float(told["envelope_mm"]), tuple(told["warnings"]),
    )  # fmt: skip


def _known(told: Mapping[str, Any], read: Any) -> tuple[dict[Structure, Any], frozenset[Structure]]:
    named = cast("Mapping[Structure, Any]", told)
    return (
        {name: read(value) for name, value in named.items() if value != "unknown"},
        frozenset(name for name, value in named.items() if value == "unknown"),
    )


def _breach(told: Mapping[str, Any]) -> Breach:
    return Breach(*(float(told[name]) for name in (
        "any", "over_2mm", "over_4mm", "se_any", "se_over_2mm", "se_over_4mm",
    )))  # fmt: skip


def _corridor(name: str, told: Mapping[str, Any], frame: Frame) -> Corridor:
    entry = frame.from_lps(np.array(told["entry_mm"], dtype=np.float64))
    direction = frame.vectors_from_lps(np.array(told["direction"], dtype=np.float64))
    return Corridor(
        cast("Level", name), Pose(entry, direction / np.linalg.norm(direction)), float(told["length_mm"]),
        float(told["diameter_mm"]), cast("Structure", told["nearest"]), bool(told["through"]),
    )  # fmt: skip
