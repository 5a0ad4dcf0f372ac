"""One joint of a study in words: the order of the constructs first, then what is detail of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nutation.report import stability_standing, words
from nutation.report import stability_words as said

Plain = dict[str, Any]


def joint(document: Plain, published: Sequence[Plain] = ()) -> Plain:
    """A joint's answer, its pairs, its motions by construct, its single load cases and standing, in words.

    `published` are rows of reduction (`stability_published.rows`): each motion names them beside its own figures.
    """
    return {
        "side": document["side"],
        "title": f"{words.sentence(str(document['side']))} joint",
        "answer": _answer(document),
        "groups": [
            {
                "place": place,
                "first": said.named(group[0]),
                "others": said.listed([said.named(name) for name in group[1:]]),
            }
            for place, group in enumerate(document["order"]["groups"], 1)
        ],
        "pairs": [_pair(row) for row in document["order"]["pairs"]],
        "withheld": [words.sentence(text) for text in document["withheld"].values()],
        "motions": [{**_motion(document, name), "published": _beside(published, name)} for name in said.MOTION],
        "constructs": [_construct(one) for one in document["constructs"]],
        "cases": _cases(document),
        "standing": stability_standing.standing(document),
    }


def _answer(document: Plain) -> Plain:
    order, names = document["order"], [str(one["name"]) for one in document["constructs"]]
    if not names:
        line, kind = "The intact joint, and no construct to be ordered", "open"
        reason = _in_band(document)
    elif not order["given"]:
        line, reason, kind = "No order of constructs", words.sentence(order["reason"]), "open"
    else:
        line, kind = _ordered(order), "planned" if order["survives_sweep"] is True else "open"
        reason = _survives(document)
    return {"said": line, "reason": reason, "kind": kind, "facts": _facts(document, names)}


def _in_band(document: Plain) -> str:
    """Whether the intact joint moves as published ones do: what can be said where there is nothing to order."""
    out = [said.MOTION[name] for name in said.MOTION if name in document["withheld"]]
    if not out:
        return "Its motion lies in the published bands in all three directions."
    return f"Its motion lies outside the published band in {said.listed(out)}: what is told of it is withheld."


def _ordered(order: Plain) -> str:
    """The order as one sentence: who holds the joint best, and then.

    A group holds those that are not told apart from its first; two of the others may be told apart from each other.
    """
    groups = order["groups"]
    if len(groups) == 1:
        first, *others = (said.named(name) for name in groups[0])
        if order["survives_sweep"] is False:
            return f"For this pelvis {said.listed([first, *others])} cannot be told apart"
        return f"For this pelvis {first} cannot be told apart from {said.listed(others)}"
    first, *others = (_group(group) for group in groups)
    return f"For this pelvis {first} holds the joint best, then {', then '.join(others)}"


def _group(group: list[str]) -> str:
    first, *others = (said.named(name) for name in group)
    return f"{first} (not told apart from {said.listed(others)})" if others else first


def _within(order: Plain) -> str:
    """Pairs that are told apart although both stand in one group."""
    place = {name: n for n, group in enumerate(order["groups"]) for name in group}
    found = [
        f"{said.named(one['first'])} {said.VERDICT[one['overall']]} than {said.named(one['second'])}"
        for one in order["pairs"]
        if one["overall"] != "not_distinguishable" and place[one["first"]] == place[one["second"]]
    ]
    return f" Within one place {'; '.join(found)}." if found else ""


def _survives(document: Plain) -> str:
    order, count = document["order"], len(document["settings"])
    if order["survives_sweep"] is True:
        text = (
            f"This order holds in every one of the {count} settings that were tried, by more than the mesh leaves open."
        )
    elif order["survives_sweep"] is False:
        text = f"No difference between them keeps its sign, beyond what the mesh leaves open, in all {count} settings."
    else:
        pairs = "; ".join(f"{said.named(a)} and {said.named(b)}" for a, b in order["not_distinguishable"])
        text = f"What is ordered holds in every one of the {count} settings. Not distinguishable: {pairs}."
        text += _within(order)
    if order["rests_on_withheld"]:
        motions = said.listed([said.MOTION[name] for name in order["rests_on_withheld"]])
        text += f" It rests on {motions} too, whose degrees are withheld: read it with that doubt."
    return text


def _facts(document: Plain, names: list[str]) -> list[dict[str, str]]:
    count, order = len(document["settings"]), document["order"]
    rows = {"Constructs": ", ".join(names)} if names else {}
    rows["Settings tried"] = "base values alone" if count == 1 else f"{count}, one thing changed at a time"
    if order["given"]:
        survives = order["survives_sweep"]
        rows["Survives the sweep"] = "yes" if survives is True else "in part" if survives else "no"
        apart = [f"{said.named(a)} and {said.named(b)}" for a, b in order["not_distinguishable"]]
        rows["Cannot be told apart"] = "; ".join(apart) or "none of them"
    standing = stability_standing.standing(document)
    if standing is not None and standing["agrees"]:
        rows["Standing and walking"] = standing["agrees"]
    rows["Load"] = said.load_of(document["loads"])
    rows["Model"] = f"cubes of {document['resolution_mm']:g} mm, {said.size_of(document['unknowns'])}"
    withheld = [said.MOTION[name] for name in said.MOTION if name in document["withheld"]]
    if withheld:
        rows["Degrees and percent withheld"] = ", ".join(withheld)
    if document["unverified"]:
        rows["Unverified figures under it"] = words.count(len(document["unverified"]), "entry", "entries")
    return [{"what": what, "said": text} for what, text in rows.items()]


def _pair(row: Plain) -> Plain:
    return {
        "names": f"{words.sentence(said.named(row['first']))} against {said.named(row['second'])}",
        "overall": said.VERDICT[row["overall"]],
        "code": row["overall"],
        "mean": said.points(row["difference_pct"]["mean"]),
        "motions": [
            {
                "motion": text,
                "said": said.VERDICT[row["by_motion"][name]],
                "range": said.points(row["difference_pct"][name]),
            }
            for name, text in said.MOTION.items()
        ],
    }


def _motion(document: Plain, name: str) -> Plain:
    """One motion: the intact joint beside its band, and each construct."""
    swept = len(document["settings"]) > 1
    intact = document["intact"]["rom_deg"][name]
    low, high = document["bands"][name]
    return {
        "name": words.sentence(said.MOTION[name]),
        "intact": said.deg(None if intact is None else _base(document, intact)),
        "intact_range": f"{_degrees(intact)} over the sweep" if swept and intact is not None else "",
        "band": f"{low:g} to {high:g}°",
        "withheld": words.sentence(document["withheld"].get(name, "")),
        "rows": [_held(document, one, name, swept=swept) for one in document["constructs"]],
    }


def _beside(published: Sequence[Plain], name: str) -> list[str]:
    """Published reductions of one motion in a line, with what they were seen in."""
    return [
        f"{row['what']} ({row['kind']}) {cell['said']}"
        for row in published
        for cell in row["cells"]
        if cell["motion"] == said.MOTION[name]
    ]


def _held(document: Plain, one: Plain, name: str, *, swept: bool) -> dict[str, str]:
    found = one["directions"][name]
    rom, share = found["rom_deg"], found["load_share_of_implants"]
    other = found["other_joint_change_pct"]
    range_pct = found["sensitivity_range_pct"]
    shown = rom is not None
    return {
        "name": one["name"],
        "deg": said.deg(_base(document, rom) if shown else None),
        "deg_range": (_degrees(rom) if swept else said.NOT_SWEPT) if shown else said.WITHHELD,
        "reduction": said.pct(found["reduction_pct"]),
        "range": said.span(range_pct, said.NOT_SWEPT if shown and not swept else said.WITHHELD),
        "share": said.WITHHELD if share is None else said.pct(100 * share),
        "strain": _strain(found["strain_p95_by_shell_mm"]),
        "other": said.WITHHELD if other is None else said.change(other),
    }


def _strain(shells: dict[str, float] | None) -> str:
    """By shell, in per mille: ``2 mm 2.4 ‰, 5 mm 1.9 ‰``."""
    if shells is None:
        return said.WITHHELD
    return ", ".join(f"{thick} mm {1000 * value:.1f} ‰" for thick, value in shells.items()) or "no bone around"


def _base(document: Plain, by_setting: dict[str, float]) -> float:
    return by_setting[document["settings"][0]["id"]]


def _degrees(by_setting: dict[str, float] | None) -> str:
    if by_setting is None:
        return said.WITHHELD
    return f"{min(by_setting.values()):.2f} to {max(by_setting.values()):.2f}°"


def _construct(one: Plain) -> Plain:
    return {
        "name": one["name"],
        "plan": one["plan"] or "",
        "approach": words.said(one["approach"] or "not named"),
        "implants": "; ".join(
            f"{n}. {implant['system'] or implant['catalogue']} {implant['diameter_mm']:g} × {implant['length_mm']:g} mm"
            for n, implant in enumerate(one["implants"], 1)
        ),
    }


def _cases(document: Plain) -> list[Plain]:
    """Single load cases, intact and with each construct: nutation and the length of the slide."""
    rows: list[Plain] = []
    every = [("intact joint", document["intact"]["cases"]), *((c["name"], c["cases"]) for c in document["constructs"])]
    for number, case in enumerate(document["intact"]["cases"]):
        rows.append(
            {
                "label": words.sentence(str(case["label"])),
                "rows": [{"name": name, **_moved(cases[number])} for name, cases in every],
            }
        )
    return rows


def _moved(case: Plain) -> dict[str, str]:
    turned, slid = case["rotation_deg"], case["translation_mm"]
    if turned is None:
        return dict.fromkeys(("nutation", "bending", "rotation", "slide"), said.WITHHELD)
    return {
        "nutation": _signed(turned["nutation"]),
        "bending": _signed(turned["bending_left"]),
        "rotation": _signed(turned["rotation_left"]),
        "slide": f"{sum(value**2 for value in slid.values()) ** 0.5:.2f} mm",
    }


def _signed(value: float) -> str:
    return f"{value:+.2f}°".replace("-", "−")
