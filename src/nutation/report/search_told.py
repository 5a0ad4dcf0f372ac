"""A design search in words, as plain data: the page and the terminal print the same.

It is told from the document (``stability --search --json``), so that a stored answer can be shown again as it was. What
every study says of itself (whose it is, warnings, what it assumes, what it rests on) comes from ``stability_told``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nutation.planning.plan import STRUCTURES
from nutation.report import stability_told, words
from nutation.report import stability_words as said

Plain = dict[str, Any]

RULE = (
    "Margins come first: a construct over the limit is left out, however still it would hold the joint. Then only "
    "differences in motion count that are there in every setting of the sweep, by more than the mesh leaves open. Of "
    "constructs that cannot be told apart, the one with fewer and then with shorter implants is chosen."
)
MARGIN_IS = (
    "Margin: the share of simulated executions, with the error of placing, in which the worst implant breaches by over "
    "{over:g} mm. Smaller is more margin. It compares plans of this pelvis, and is no patient's risk."
)
FRONT_IS = (
    "On the front: no other construct keeps more margin without holding less, and none holds better without less "
    "margin; shares within the simulation's error count as one."
)
PERCENT_IS = (
    "Percent is detail of the model, to be read beside published figures, and not what this patient's joint will do."
)
PERSON = "It is a proposal: the surgeon weighs margin against motion, and may take any construct on the front."


def told(document: Plain) -> Plain:
    """Everything that a reader sees of a search but its figures."""
    study = stability_told.told(document)
    found: Plain = document["search"]
    rows = [_row(one, document, found) for one in found["candidates"]]
    chosen = next(row for row in rows if row["name"] == found["chosen"]["name"])
    return {
        **study,
        "title": f"Design search, {document['side']} sacroiliac joint",
        "answer": {
            "said": f"The search settles on “{chosen['name']}”: {chosen['metal']}",
            "reasons": [*found["chosen"]["reasons"], *_rests(found), PERSON],
            "facts": _facts(document, found, rows, chosen),
        },
        "rule": RULE,
        "margin_is": MARGIN_IS.format(over=found["limit"]["over_mm"]),
        "front_is": FRONT_IS,
        "percent_is": PERCENT_IS,
        "constructs": rows,
        "refused": [
            {"name": one["name"], "metal": metal(one), "margin": margin(one), "reason": words.sentence(one["reason"])}
            for one in found["refused"]
        ],
        "limit": words.sentence(found["limit"]["said"]),
        "error": words.sentence(found["error"]),
    }


def metal(one: Plain) -> str:
    """The implants of a construct: ``3 × iFuse 7 mm, 65, 40 and 35 mm long``."""
    implants = one["implants"]
    first = implants[0]
    lengths = said.listed([f"{implant['length_mm']:g}" for implant in implants])
    kind = first["system"] or first["catalogue"]
    return f"{len(implants)} × {kind} {first['diameter_mm']:g} mm, {lengths} mm long"


def margin(one: Plain) -> str:
    """The share that margin is told by: ``9.0 %``."""
    return f"{100 * one['margin']['worst_share']:.1f} %"


def _row(one: Plain, document: Plain, found: Plain) -> Plain:
    reduction, count = one["reduction_pct"]["mean"], len(found["candidates"])
    marks = {other["name"]: other["mark"] for other in found["candidates"]}
    kept = one["margin"]
    return {
        "mark": one["mark"],
        "name": one["name"],
        "chosen": one["name"] == found["chosen"]["name"],
        "metal": metal(one),
        "margin": margin(one),
        "by_implant": ", ".join(f"{100 * share:.1f}" for share in kept["by_implant"]) + " %",
        "clearance": f"{kept['clearance_mm']:.1f} mm to the {STRUCTURES[kept['nearest']]}",
        "held": f"place {one['place']} of {count}" if reduction is None else said.pct(reduction["base"]),
        "range": said.WITHHELD if reduction is None else said.span(reduction["sensitivity_range"]),
        "front": one["on_front"],
        "untold": ", ".join(sorted(marks[name] for name in one["not_distinguishable_from"]))
        or "all are told apart from it",
        "places": [
            f"{n}. entry {_point(implant['entry_mm'])}, tip {_point(implant['tip_mm'])}"
            for n, implant in enumerate(one["implants"], 1)
        ],
    }  # fmt: skip


def _facts(document: Plain, found: Plain, rows: Sequence[Plain], chosen: Plain) -> list[dict[str, str]]:
    solved = found["solved"]
    seconds = sum(solved["seconds"].values())
    judged = len(rows) + len(found["refused"])
    front = said.listed([f"{row['name']} ({row['mark']})" for row in rows if row["front"]])
    itself = next(one for one in found["candidates"] if one["name"] == chosen["name"])
    apart, place = itself["not_distinguishable_from"], itself["place"]
    facts = {
        "Margin": f"{chosen['margin']}, least clearance {chosen['clearance']}",
        "Place by held motion": f"{place} of {len(rows)}",
        "Cannot be told apart from it": ", ".join(apart) or "none of them",
        "On the front": front,
        "Constructs": f"{judged} judged, {len(found['refused'])} over the limit, {len(rows)} solved"
        + (" (it stopped there; --constructs asks for more)" if solved["stopped_at_most"] else ""),
        "Settings tried": f"{solved['settings']}, one thing changed at a time",
        "Load": said.load_of(document["loads"]),
        "Model": f"cubes of {document['resolution_mm']:g} mm, {said.size_of(document['unknowns'])}",
        "Took": f"{seconds:.0f} s, {words.count(solved['solutions'], 'solution')}",
    }
    return [{"what": what, "said": text} for what, text in facts.items()]


def _rests(found: Plain) -> list[str]:
    """That the choice rests on a motion whose figures are withheld."""
    if not found["rests_on_withheld"]:
        return []
    motions = said.listed([said.MOTION[name] for name in found["rests_on_withheld"]])
    return [f"It rests on {motions} too, whose degrees and percent are withheld: read it with that doubt."]


def _point(point: Sequence[float]) -> str:
    return f"({', '.join(f'{value:.1f}' for value in point)})".replace("-", "−")
