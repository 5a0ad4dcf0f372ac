"""The order of the constructs as plain data: the groups, every pair, and what survives the sweep."""

from __future__ import annotations

from typing import Any

from nutation.stability.ordering import MESH_SHARE, MOTIONS, Pair
from nutation.stability.study import Study

NOTHING_SWEPT = "no order is given: only base values were asked and nothing was swept."
ONE_ALONE = "there is one construct, and an order needs two."
NONE = "no construct was given."

_PCT = 1


def tell_order(study: Study) -> dict[str, Any]:
    """Whether there is an order, why not, its groups from the best, and all pairs with their verdicts.

    `survives_sweep`: true where no two constructs are left untold, false where all are, "in part" between. Differences
    are in points of reduction, first less second; null where a motion is withheld (the mean where any is).
    """
    reason = _lacking(study)
    told = [one for one in study.pairs if one.overall != "not_distinguishable"]
    survives: bool | str | None = None
    if not reason:
        survives = True if len(told) == len(study.pairs) else "in part" if told else False
    return {
        "given": not reason,
        "reason": reason,
        "survives_sweep": survives,
        "groups": [] if reason else [list(group) for group in study.ranking],
        "not_distinguishable": []
        if reason
        else [[one.first, one.second] for one in study.pairs if one.overall == "not_distinguishable"],
        "pairs": [] if reason else [_pair(one, study) for one in study.pairs],
        "mesh_doubt_share": MESH_SHARE,
        "rests_on_withheld": [] if reason else list(study.withheld),
    }


def _lacking(study: Study) -> str:
    if not study.constructs:
        return NONE
    if len(study.constructs) == 1:
        return ONE_ALONE
    return NOTHING_SWEPT if len(study.settings) < 2 else ""


def _pair(one: Pair, study: Study) -> dict[str, Any]:
    difference: dict[str, list[float] | None] = {
        name: None if name in study.withheld else _ends(one.difference_pct[n]) for n, name in enumerate(MOTIONS)
    }
    difference["mean"] = None if study.withheld else _ends(one.difference_pct[len(MOTIONS)])
    return {
        "first": one.first,
        "second": one.second,
        "overall": one.overall,
        "by_motion": dict(one.by_motion),
        "difference_pct": difference,
    }


def _ends(values: Any) -> list[float]:
    return [round(float(value), _PCT) + 0.0 for value in values]
