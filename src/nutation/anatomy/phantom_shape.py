"""The phantom's sizes: what can be asked of it. Defaults come from the evidence; no patient's shape is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from nutation.anatomy.implants import Implant
from nutation.evidence import load


def _published(entry: str, place: str) -> Callable[[], float]:
    return lambda: load().entry(entry).number(place)


def _figure(entry: str, place: str) -> Any:
    return field(default_factory=_published(entry, place))


@dataclass(frozen=True, slots=True)
class PhantomShape:
    """Sizes (mm, degrees, HU) and oddities of one phantom. Left and right are mirror images but where a field says.

    `s1_foramen_mm` and `s2_foramen_mm` are the foramina's heights below the S1 endplate along the sacrum; the channel
    of S2 lies between them. `fused_left` and `fused_right` are the shares of the joint that bone bridges, from its
    lower end. `transitional` puts a further segment, fused by its side masses, on top of S1. `metal` lies where its
    poses say, in the phantom's pelvic frame, and shows in the CT alone. `scale` enlarges everything but the gap.
    """

    scale: float = 1.0
    sacral_slope_deg: float = _figure("phantom_sacrum", "sacral_slope_deg")
    straight_mm: float = _figure("phantom_sacrum", "straight_mm")
    curve_radius_mm: float = _figure("phantom_sacrum", "curve_radius_mm")
    endplate_width_mm: float = _figure("phantom_sacrum", "endplate_width_mm")
    endplate_depth_mm: float = _figure("phantom_sacrum", "endplate_depth_mm")
    alar_step_mm: float = _figure("phantom_sacrum", "alar_step_mm")
    alar_slope_deg: float = _figure("phantom_sacrum", "alar_slope_deg")
    s1_foramen_mm: float = 34.0
    s2_foramen_mm: float = 59.0
    foramen_height_mm: float = _figure("phantom_posterior_foramen", "height_mm")
    foramen_width_mm: float = _figure("phantom_posterior_foramen", "width_mm")
    gap_mm: float = _figure("phantom_joint_cartilage", "sum_mm")
    joint_angle_deg: float = 20.0
    joint_wave_mm: float = 1.5
    joint_size: float = 1.0
    fused_left: float = 0.0
    fused_right: float = 0.0
    l5: bool = True
    femora: bool = True
    transitional: bool = False
    metal: tuple[Implant, ...] = ()
    cortex_mm: float = _figure("phantom_densities", "cortex_mm")
    cortical_hu: float = _figure("phantom_densities", "cortical_hu")
    sacrum_hu: float = _figure("phantom_trabecular_hu", "sacrum_hu")
    hip_hu: float = _figure("phantom_trabecular_hu", "hip_hu")
    soft_hu: float = _figure("phantom_densities", "soft_hu")
    fat_hu: float = _figure("phantom_densities", "fat_hu")
    air_hu: float = _figure("phantom_densities", "air_hu")
    metal_hu: float = _figure("phantom_densities", "metal_hu")


def dysmorphic(shape: PhantomShape | None = None) -> PhantomShape:
    """The same phantom with a steep ala and a high S1 foramen: a narrow S1 channel, a wide S2 channel."""
    shape = shape or PhantomShape()
    entry = load().entry("phantom_dysmorphic")
    return replace(
        shape,
        alar_slope_deg=entry.number("alar_slope_deg"),
        s1_foramen_mm=shape.s1_foramen_mm - entry.number("s1_foramen_up_mm"),
    )
