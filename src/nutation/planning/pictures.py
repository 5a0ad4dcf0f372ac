"""Every picture of a plan as PNG: slices along each implant, the fluoroscopic views, the levels, the margins."""

from __future__ import annotations

from dataclasses import dataclass

from nutation.anatomy.pelvis import Pelvis
from nutation.planning.boundary import Boundary
from nutation.planning.fluoroscopy import CArm, attenuation_of
from nutation.planning.pictures_fluoroscopy import view_picture
from nutation.planning.pictures_levels import levels_picture
from nutation.planning.pictures_margins import margin_picture
from nutation.planning.pictures_slices import implant_picture
from nutation.planning.pictures_style import heading_of
from nutation.planning.plan import Plan
from nutation.planning.views import View, views_of


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: a file's name without its ending, a title, the PNG, and the same in words."""

    name: str
    title: str
    png: bytes
    alt: str


def plan_pictures(
    plan: Plan,
    pelvis: Pelvis,
    boundary: Boundary | None = None,
    *,
    views: tuple[View, ...] | None = None,
    arm: CArm | None = None,
) -> tuple[Picture, ...]:
    """The pictures of one plan: implants from cranial to caudal, views, levels, margins.

    `boundary` tells where a clearance is smallest; `views` those worked out before, else they are worked out here.
    """
    heading = heading_of(pelvis, plan.side)
    pictures: list[Picture] = []
    for number, planned in enumerate(plan.implants, 1):
        png, alt = implant_picture(planned, pelvis, heading, boundary)
        pictures.append(Picture(f"implant-{number}", f"Implant {number}, {planned.position}: slices", png, alt))
    if views is None:
        implants = tuple(planned.implant for planned in plan.implants)
        views = views_of(pelvis, plan.side, plan.approach, arm=arm, implants=implants)
    if views:
        attenuation = attenuation_of(pelvis)
        for view in views:
            png, alt = view_picture(view, pelvis, attenuation, plan.implants, heading)
            name = f"view-{view.id.replace('_', '-')}"
            pictures.append(Picture(name, f"{view.title} view, simulated", png, alt))
    levels = levels_picture(pelvis, heading)
    if levels is not None:
        pictures.append(Picture("levels", "Sacral levels as proposed", *levels))
    margins = margin_picture(plan, heading)
    if margins is not None:
        pictures.append(Picture("margins", "Clearance and margin by structure", *margins))
    return tuple(pictures)
