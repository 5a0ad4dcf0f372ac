"""A design search as plain data: what `nutation stability --search --json` adds to the document of its study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nutation.anatomy.plain import tell_implant
from nutation.anatomy.space import Floats, Frame
from nutation.planning.margin_limit import Limit
from nutation.planning.search import Design
from nutation.planning.search_candidates import Candidate
from nutation.planning.search_front import Point
from nutation.stability.ordering import MOTIONS, Held
from nutation.stability.study import Study

_PCT, _MM, _SHARE, _SECONDS = 1, 1, 5, 1


def tell_design(
    design: Design, frame: Frame, limit: Limit, error: str, *, simulations: int, seed: int
) -> dict[str, Any]:
    """The search beside its study (`stability.document.tell_study`), whose first construct is the chosen one.

    Constructs are in the order of the curve, from the most margin to the least; `mark` is the letter that the picture
    shows. Percent of a motion that is withheld is null, and that of the mean where any is; places are told all the
    same. Implants are in LPS millimetres.
    """
    study = design.study
    held = {one.name: one.held for one in study.constructs}
    marks = marks_of(len(design.curve))
    points = design.curve
    return {
        "chosen": {
            "name": design.choice.name,
            "mark": marks[points.index(design.chosen)],
            "reasons": list(design.choice.reasons),
            "on_front": design.chosen.front,
        },
        "candidates": [
            {
                "mark": mark,
                **_judged(point.candidate, frame),
                "reduction_pct": _reduction(held[point.name], point, study),
                "place": point.place,
                "on_front": point.front,
                "not_distinguishable_from": list(point.untold),
            }
            for mark, point in zip(marks, points, strict=True)
        ],
        "front": [point.name for point in points if point.front],
        "not_distinguishable": [
            [point.name, other] for n, point in enumerate(points) for other in point.untold
            if other in {later.name for later in points[n + 1 :]}
        ],
        "refused": [
            {**_judged(one.candidate, frame), "reason": one.reason} for one in design.refused
        ],
        "limit": {"share": limit.share, "over_mm": limit.grade_mm, "said": limit.in_words},
        "error": error,
        "simulations": simulations,
        "seed": seed,
        "solved": {
            "constructs": len(points),
            "settings": len(study.settings),
            "solutions": study.solutions,
            "stopped_at_most": design.full,
            "seconds": {
                "finding": round(design.seconds_finding, _SECONDS),
                "solving": round(study.seconds, _SECONDS),
            },
        },
        "rests_on_withheld": list(study.withheld),
    }  # fmt: skip


def marks_of(count: int) -> tuple[str, ...]:
    """Letters that stand for constructs in a picture: A to Z, then AA and so on."""
    letters = [chr(ord("A") + n) for n in range(26)]
    return tuple(letters[n] if n < len(letters) else letters[n // 26 - 1] + letters[n % 26] for n in range(count))


def _judged(one: Candidate, frame: Frame) -> dict[str, Any]:
    return {
        "name": one.name,
        "implants": [tell_implant(implant, frame) for implant in one.construct.implants],
        "length_mm": one.length_mm,
        "margin": {
            "worst_share": round(one.worst_share, _SHARE),
            "worst_share_error": round(one.share_error, _SHARE),
            "by_implant": [round(share, _SHARE) for share in one.shares],
            "clearance_mm": round(one.clearance_mm, _MM) + 0.0,
            "nearest": one.nearest,
        },
    }


def _reduction(held: Held, point: Point, study: Study) -> dict[str, Any]:
    """By motion, and for their mean, base value and sensitivity range; null where withheld."""
    told: dict[str, Any] = {
        name: None if name in study.withheld else _ranged(held.reduction_pct[:, n]) for n, name in enumerate(MOTIONS)
    }
    mean = np.array([point.reduction_pct, point.low_pct, point.high_pct])
    return {**told, "mean": None if study.withheld else _ranged(mean)}


def _ranged(values: Floats | Sequence[float]) -> dict[str, Any]:
    each = [float(value) for value in values]
    return {
        "base": round(each[0], _PCT) + 0.0,
        "sensitivity_range": [round(min(each), _PCT) + 0.0, round(max(each), _PCT) + 0.0],
    }
