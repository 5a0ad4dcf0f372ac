"""A small pelvis of boxes and a plan in it, made by hand: what pages, sheets and exports are tested with."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import (
    LEFT_GAP,
    LEFT_HIP,
    RIGHT_HIP,
    SACRUM,
    Joint,
    LevelBand,
    Levels,
    Openings,
    Pelvis,
)  # fmt: skip
from nutation.anatomy.source import Source
from nutation.anatomy.space import Frame, Grid
from nutation.planning.plan import Breach, Clearance, Corridor, Margin, Plan, PlannedImplant, Purchase

SPACING = 2.0
LOW = np.array([-60.0, -30.0, -40.0])
SHAPE = (61, 31, 41)

SIZES = (Size("TEST-7-50", "Test rod", "triangle", 7.0, 50.0, pin_diameter_mm=3.2),
         Size("TEST-7-45", "Test rod", "triangle", 7.0, 45.0, pin_diameter_mm=3.2),
         Size("TEST-7-40", "Test rod", "triangle", 7.0, 40.0, pin_diameter_mm=3.2))  # fmt: skip


def turned() -> Frame:
    """A frame that is turned and shifted, so that a forgotten transform shows."""
    a, b = np.radians(12.0), np.radians(-7.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return Frame(about_z @ about_x, np.array([12.0, -35.0, 410.0]))


def labels() -> NDArray[np.uint8]:
    """A sacrum between two hips; the left joint is a gap of one voxel, 22 mm to the left."""
    made = np.zeros(SHAPE, dtype=np.uint8)
    x = LOW[0] + SPACING * np.arange(SHAPE[0])
    made[np.abs(x) <= 20, 3:-3, 3:-3] = SACRUM
    made[(x >= 24) & (x <= 54), 3:-3, 3:-3] = LEFT_HIP
    made[(x <= -22) & (x >= -54), 3:-3, 3:-3] = RIGHT_HIP
    made[x == 22, 3:-3, 3:-3] = LEFT_GAP
    return made


def source(**changed: object) -> Source:
    """A DICOM source of a patient of whom everything is known, with parts changed."""
    told: dict[str, object] = {
        "files": ("ct",), "orientation": "dicom", "patient_id": "T-100", "patient_name": "Aldaya^Miriam",
        "birth_date": date(1972, 4, 11), "sex": "F", "image_date": date(2026, 8, 3), "modality": "CT",
        "series_uid": "1.2.3.4", "study_uid": "1.2.3", "frame_uid": "1.2.3.5", "described": "PELVIS BONE 1.0",
        "slice_spacing_mm": 1.0,
    }  # fmt: skip
    return Source(**{**told, **changed})  # pyright: ignore[reportArgumentType]


def pelvis(from_source: Source | None = None) -> Pelvis:
    """The pelvis of boxes."""
    frame = turned()
    grid = Grid(SHAPE, np.full(3, SPACING), frame.to_lps(LOW), frame.rotation)
    z, up = np.zeros(SHAPE, dtype=np.uint8), np.array([0.0, 0.0, 1.0])
    middle = np.array([[22.0, 0.0, 0.0]])
    return Pelvis(
        frame=frame, grid=grid, labels=labels(), hu=None, openings=Openings(z, frozenset({"canal"})),
        levels=Levels({
            "s1": LevelBand("s1", np.array([0.0, 0.0, 18.0]), up, -12.0, 12.0, "the upper third of the box"),
            "s2": LevelBand("s2", np.array([0.0, 0.0, -8.0]), up, -12.0, 12.0, "the middle of the box"),
        }, ("S1 and S2 are read from a closed surface.",)),
        joints={side: Joint(side, middle * sign, np.array([[sign, 0.0, 0.0]]), np.array([2.0]), 1400.0,
                            middle[0] * sign, np.array([sign, 0.0, 0.0]), side == "left", 0.4)
                for side, sign in (("left", 1.0), ("right", -1.0))},
        landmarks={"asis_left": np.array([100.0, -70.0, 30.0]), "asis_right": np.array([-100.0, -70.0, 30.0]),
                   "psis_left": np.array([40.0, 26.0, 4.0]), "psis_right": np.array([-40.0, 26.0, 4.0]),
                   "pubis": np.array([0.0, -75.0, -60.0])},
        directions={"s1_endplate_normal": np.array([0.0, -0.5, 0.866]), "sacral_axis": up},
        angles_deg={"sacral_slope": 38.0}, source=from_source or source(), warnings=("The gap was cut.",),
    )  # fmt: skip


def _breach(share: float) -> Breach:
    return Breach(share, share / 2, share / 10, 0.004, 0.003, 0.001)


def planned(number: int) -> PlannedImplant:
    """The first, second or third implant, from cranial to caudal: straight in from the left."""
    size = SIZES[number]
    pose = Pose(np.array([54.0, 4.0, (20.0, 0.0, -22.0)[number]]), np.array([-1.0, 0.0, 0.0]))
    return PlannedImplant(
        position=("s1_upper", "s1_lower", "s2")[number], level=("s1", "s1", "s2")[number],
        implant=Implant(size, pose),
        clearance=Clearance({"s1_foramen": 4.2 + number, "canal": 9.3, "anterior_sacrum": 6.1, "notch": 14.0},
                            frozenset({"s2_foramen"})),
        purchase=Purchase(30.0, size.length_mm - 32.0, {"ilium": 412.0, "sacrum": 187.0} if number else None,
                          np.array([22.0, 4.0, pose.entry_mm[2]]), 88.0),
        margin=Margin(_breach(0.18 + 0.05 * number),
                      {"s1_foramen": _breach(0.11), "anterior_sacrum": _breach(0.07)},
                      frozenset({"s2_foramen"}), 0.004, 4000),
        envelope_mm=2.6, warnings=("The foramen below is not seen.",) if number == 2 else (),
    )  # fmt: skip


def plan(**changed: object) -> Plan:
    """Three implants of a lateral plan for the left joint, with parts changed."""
    told: dict[str, object] = {
        "side": "left", "approach": "lateral", "verdict": "planned", "reason": "Three implants keep the limit.",
        "implants": tuple(planned(n) for n in range(3)), "spacing_mm": (20.0, 22.0),
        "corridors": {"s1": Corridor("s1", planned(0).implant.pose, 110.0, 13.1, "s1_foramen", True),
                      "s2": Corridor("s2", planned(2).implant.pose, 100.0, 11.0, "anterior_sacrum", False)},
        "error": "fluoroscopy", "limit": "at most 5 % over 2 mm, set by the clinic", "basis": ("execution_error",),
        "warnings": ("Bone of the left joint touches over 40 % of its surface.",),
    }  # fmt: skip
    return Plan(**{**told, **changed})  # pyright: ignore[reportArgumentType]
