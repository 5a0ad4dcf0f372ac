"""What the choice of a construct weighs, read from the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from nutation.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the choice weighs, from the evidence (`construct_weights` and its neighbours); prices in mm of purchase."""

    limit: float
    grade_mm: float
    proud_mm: float
    inside_mm: float
    gap_mm: float
    spacing_mm: float
    per_percent: float
    purchase_halves_mm: float
    per_spacing_mm: float
    per_level_mm: float
    per_edge_mm: float
    at_10_deg_oblique: float
    oblique_from_deg: float
    at_10_deg_apart: float
    at_10_deg_off_usual: float
    at_5_mm_off_usual: float
    per_order_mm: float
    longer_better_mm: float
    density_low: float
    density_high: float
    least_depth_mm: float


def preferences(held: Evidence, limit: float, least_depth_mm: float) -> Preferences:
    """The preferences as the evidence has them."""
    weights = held.entry("construct_weights")
    return Preferences(
        limit=limit,
        grade_mm=held.entry("breach_scale").number("grades_mm.1"),
        proud_mm=held.entry("outer_end_proud").number("proud_mm"),
        inside_mm=held.entry("joint_edge").number("inside_mm"),
        gap_mm=held.entry("implant_gap").number("between_surfaces_mm"),
        spacing_mm=held.entry("implant_spacing").number("preferred_mm"),
        per_percent=weights.number("purchase_mm_per_percent_over_2mm"),
        purchase_halves_mm=weights.number("purchase_halves_after_mm"),
        per_spacing_mm=weights.number("purchase_mm_per_mm_of_spacing_short"),
        per_level_mm=weights.number("purchase_mm_per_mm_off_level"),
        per_edge_mm=weights.number("purchase_mm_per_mm_near_edge"),
        at_10_deg_oblique=weights.number("purchase_mm_at_10_degrees_oblique"),
        oblique_from_deg=weights.number("oblique_from_deg"),
        at_10_deg_off_usual=weights.number("purchase_mm_at_10_degrees_off_usual"),
        at_5_mm_off_usual=weights.number("purchase_mm_at_5_mm_off_usual"),
        at_10_deg_apart=weights.number("purchase_mm_at_10_degrees_apart"),
        per_order_mm=weights.number("purchase_mm_per_mm_out_of_order"),
        longer_better_mm=weights.number("purchase_mm_that_a_longer_one_must_gain"),
        density_low=weights.number("density_factor_low"),
        density_high=weights.number("density_factor_high"),
        least_depth_mm=least_depth_mm,
    )
