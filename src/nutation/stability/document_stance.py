"""Standing and walking as plain data: load by load, figures where they may be told, and who holds better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nutation.evidence import Evidence
from nutation.stability.loads import Direction
from nutation.stability.stance import BEARING, PUBLISHED_AS, published_turn_deg
from nutation.stability.stance_study import StanceCase, StancePair, Stood
from nutation.stability.study import Study

RESTS_ON = ("stance_forces", "intact_in_vivo", "intact_bands")
"""Entries of the evidence that figures of standing are held against."""

_MOTION = ("rotation_deg", "nutation_deg", "translation_mm")
_DEG, _MM, _PCT, _N = 3, 3, 1, 1


def tell_stance(
    study: Study, withheld: Mapping[str, str], bands: Mapping[str, list[float]], evidence: Evidence
) -> dict[str, Any]:
    """By the id of a load what the joint does under it; empty where standing was not asked about.

    `withheld`: by id why figures of compression are not to be used; `bands` those of compression. The first construct
    stands beside the intact joint, all of them under `constructs`. Sizes of rotation and of translation, and nutation
    with its sign; all of them null where they are withheld. `order_by_pair` needs no figure, and is empty where nothing
    was swept. `evidence` names entries of the document's basis, which has their citations and marks.
    """
    return {one.case.id: _told(one, study, withheld, bands, evidence) for one in study.stance}


def _told(
    one: StanceCase, study: Study, withheld: Mapping[str, str], bands: Mapping[str, list[float]], evidence: Evidence
) -> dict[str, Any]:
    case = one.case
    reason = one.withheld or withheld.get(case.id, "")
    swept = len(study.settings) > 1
    constructs = {stood.name: _construct(stood, reason, swept=swept) for stood in one.constructs}
    none: dict[str, Any] = {}
    first = next(iter(constructs.values()), none)
    return {
        "label": case.label,
        "held": case.support,
        "force_n": {side: round(float(case.coefficients.max()), _N) for side in BEARING.get(case.direction, ())}
        or None,
        "intact": _motion(one.intact, reason),
        "construct": {name: first[name] for name in _MOTION} if first else None,
        "reduction_pct": first.get("reduction_pct"),
        "sensitivity_range_pct": first.get("sensitivity_range_pct"),
        "constructs": constructs,
        "order_by_pair": [_pair(pair, reason) for pair in one.pairs] if swept else [],
        "published": _published(case.direction, bands, evidence),
        "withheld": reason or None,
        "evidence": list(case.evidence),
    }


def _pair(pair: StancePair, reason: str) -> dict[str, Any]:
    ends = [round(float(end), _PCT) + 0.0 for end in pair.difference_pct]
    return {
        "first": pair.first,
        "second": pair.second,
        "verdict": pair.verdict,
        "difference_pct": None if reason else ends,
    }


def _construct(stood: Stood, reason: str, *, swept: bool) -> dict[str, Any]:
    ends: Any = stood.range_pct
    return {
        **_motion(stood, reason),
        "reduction_pct": None if reason else round(float(stood.reduction_pct[0]), _PCT) + 0.0,
        "sensitivity_range_pct": None if reason or not swept else [round(float(end), _PCT) + 0.0 for end in ends],
    }


def _motion(stood: Stood, reason: str) -> dict[str, float | None]:
    if reason:
        return dict.fromkeys(_MOTION)
    return {
        "rotation_deg": round(float(stood.turned_deg[0]), _DEG),
        "nutation_deg": round(float(stood.base.rotation_deg[0]), _DEG) + 0.0,
        "translation_mm": round(float(np.linalg.norm(stood.base.translation_mm)), _MM),
    }


def _published(direction: Direction, bands: Mapping[str, list[float]], evidence: Evidence) -> dict[str, Any]:
    """The published motion of intact joints that decides whether figures are told, and what else was seen."""
    if direction not in BEARING:
        nutation, slide = bands.values()
        return {"nutation_deg": nutation, "translation_mm": slide}
    seen: Direction = PUBLISHED_AS.get(direction, direction)
    found: dict[str, Any] = {"load": seen, "rotation_deg": list(published_turn_deg(seen, evidence))}
    if len(BEARING[direction]) == 1:
        found["in_vivo_one_leg_rotation_deg"] = evidence.entry("intact_in_vivo").number("one_leg_rotation_deg")
    return found
