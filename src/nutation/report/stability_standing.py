"""Standing and walking in words: who holds better under which load first, then figures, or why they are withheld."""

from __future__ import annotations

from typing import Any

from nutation.report import stability_words as said
from nutation.report import words

Plain = dict[str, Any]

SAYS = (
    "Forces through the hip centres, upright, with S1 held; compression of S1 with the pelvis held as for the motions. "
    "No muscles, one instant of walking. It says nothing of what weight the leg may bear."
)
DOUBT = "Who holds better is told of loads whose figures are withheld, too: read it with that doubt."


def standing(document: Plain) -> Plain | None:
    """The standing loads of one joint in words; None where they were not asked about.

    `pairs`: two constructs with the loads under which the first holds better, less, or is not told apart. `cases`: the
    loads whose figures are told, by construct. `withheld`: those whose figures are not, with the reason. `published`:
    rows with citation and mark. `agrees`: whether the order of the three motions holds under these loads; empty where
    there is none.
    """
    loads: dict[str, Plain] = document.get("stance") or {}
    if not loads:
        return None
    swept = len(document["settings"]) > 1
    pairs = _pairs(document, loads)
    shown = {name: one for name, one in loads.items() if not one["withheld"]}
    return {
        "side": document["side"],
        "says": SAYS,
        "pairs": pairs,
        "no_order": "" if swept else "Only base values were asked: who holds better is not told.",
        "doubt": DOUBT if pairs and len(shown) < len(loads) else "",
        "cases": [
            {"label": words.sentence(str(one["label"])), "rows": _rows(one, swept=swept)} for one in shown.values()
        ],
        "withheld": [
            f"{words.sentence(str(one['label']))}: {one['withheld']}" for one in loads.values() if one["withheld"]
        ],
        "published": _published(loads, {row["id"]: row for row in document["basis"]}),
        "agrees": _agrees(document, loads),
    }


def warning(document: Plain) -> str:
    """That figures under these loads are withheld, in one line; empty where none are. Compression has its own."""
    loads: dict[str, Plain] = document.get("stance") or {}
    legs = {name: one for name, one in loads.items() if name in said.STANDING}
    out = [_named(name, one) for name, one in legs.items() if one["withheld"]]
    if not out:
        return ""
    which = "all loads of standing and walking" if len(out) == len(legs) else "; ".join(out)
    return (
        f"Degrees and percent are withheld under {which}: the intact joint of this model misses published ranges there."
    )


def _pairs(document: Plain, loads: dict[str, Plain]) -> list[Plain]:
    """By pair the loads of each verdict, beside the verdict of the three motions."""
    overall = {(one["first"], one["second"]): one["overall"] for one in document["order"]["pairs"]}
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, one in loads.items():
        for pair in one["order_by_pair"]:
            by_verdict = found.setdefault((pair["first"], pair["second"]), {code: [] for code in said.VERDICT})
            by_verdict[pair["verdict"]].append(_named(name, one))
    return [
        {
            "names": f"{words.sentence(said.named(first))} against {said.named(second)}",
            "motions": said.VERDICT.get(overall.get((first, second), ""), "not told"),
            "code": overall.get((first, second), "not_distinguishable"),
            "verdicts": [
                {"what": text, "loads": _all(by_verdict[code], len(loads))} for code, text in said.VERDICT.items()
            ],
        }
        for (first, second), by_verdict in found.items()
    ]


def _all(named: list[str], count: int) -> str:
    return f"all {count} loads" if len(named) == count else "; ".join(named) or "none"


def _agrees(document: Plain, loads: dict[str, Plain]) -> str:
    """Whether what is told apart in the three motions is told the same under every load of standing."""
    if not document["order"]["given"]:
        return ""
    told = {
        (one["first"], one["second"]): one["overall"]
        for one in document["order"]["pairs"]
        if one["overall"] != "not_distinguishable"
    }
    if not told:
        return ""
    other = [
        name
        for name, one in loads.items()
        if any(
            pair["verdict"] != told.get((pair["first"], pair["second"]), pair["verdict"])
            for pair in one["order_by_pair"]
        )
    ]
    if not other:
        return f"what is ordered is so under all {len(loads)} loads too"
    named = "; ".join(_named(name, loads[name]) for name in other)
    return f"what is ordered is so under {len(loads) - len(other)} of {len(loads)} loads, and not under: {named}"


def _rows(one: Plain, *, swept: bool) -> list[dict[str, str]]:
    rows = [{"name": "intact joint", **_moved(one["intact"]), "reduction": "", "range": ""}]
    return rows + [
        {
            "name": name,
            **_moved(held),
            "reduction": said.pct(held["reduction_pct"]),
            "range": said.span(held["sensitivity_range_pct"], said.WITHHELD if swept else said.NOT_SWEPT),
        }
        for name, held in one["constructs"].items()
    ]


def _moved(one: Plain) -> dict[str, str]:
    return {
        "turn": said.deg(one["rotation_deg"]),
        "nutation": f"{one['nutation_deg']:+.2f}°".replace("-", "−"),
        "slide": f"{one['translation_mm']:.2f} mm",
    }


def _published(loads: dict[str, Plain], basis: dict[str, Plain]) -> list[Plain]:
    """What was published of intact joints under such loads, each said once, with its citation and mark."""
    rows: dict[str, str] = {}
    for name, one in loads.items():
        seen = one["published"]
        if "nutation_deg" in seen:
            (low, high), most = seen["nutation_deg"], seen["translation_mm"][1]
            rows[
                f"Compression: the intact model has to nutate by {low:g} to {high:g}° and slide by {most:g} mm at most."
            ] = "intact_bands"
            continue
        if seen["load"] != name:
            rows["Walking: the force was published, no motion; figures stand and fall with one leg's."] = (
                "hip_contact_force"
            )
            continue
        low, high = seen["rotation_deg"]
        legs = "both legs" if name == "two_legs" else "one leg"
        rows[f"Standing on {legs}: models of many pelvises (unpublished) turn by {low:g} to {high:g}°."] = (
            "stance_forces"
        )
        if "in_vivo_one_leg_rotation_deg" in seen:
            lived = seen["in_vivo_one_leg_rotation_deg"]
            rows[f"Standing on one leg: {lived:g}° in living people."] = "intact_in_vivo"
    return [
        {"said": text, "citation": basis[entry]["citation"], "mark": basis[entry]["mark"]}
        for text, entry in rows.items()
    ]


def _named(name: str, one: Plain) -> str:
    return said.STANDING.get(name, str(one["label"]))
