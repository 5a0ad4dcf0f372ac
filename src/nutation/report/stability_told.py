"""A study in words, section by section, as plain data: the page and the terminal print the same.

It is told from the document (stability.json), so that a stored answer can be shown again as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

from nutation.anatomy.source import Orientation, Source
from nutation.evidence import MARK_WORDS, Evidence, load
from nutation.report import plan_words, stability_answer, stability_published, stability_standing, words
from nutation.report import stability_words as said

Plain = dict[str, Any]


def told(document: Plain) -> Plain:
    """Everything that a reader sees of a study but the figures, from its document (`stability.document.tell_study`)."""
    evidence = load()
    other: Plain | None = document.get("other_joint")
    each = [document, *([other] if other else [])]
    side = "both" if other else str(document["side"])
    source = _source(document)
    published = stability_published.rows(evidence)
    basis = [_basis(row, evidence) for row in document["basis"]]
    return {
        "title": f"Mechanics of the {document['side']} sacroiliac joint" if not other else "Mechanics of both joints",
        "notice": said.NOTICE,
        "not_for": said.NOT_FOR,
        "line": _line(source, side),
        "identity": _identity(document, source, side),
        "joints": [stability_answer.joint(one, published["reduction"]) for one in each],
        "warnings": _warnings(each, document),
        "published": {**published, "device": stability_published.DEVICE},
        "settings": [_setting(row) for row in document["settings"]],
        "range_is": words.sentence(str(document["range_is"])) + ".",
        "overlap": said.OVERLAP,
        "assumes": [*said.ASSUMES, _moduli(document)],
        "not_said": list(said.NOT_SAID),
        "intended_use": document["intended_use"],
        "ligaments": _ligaments(each),
        "model": _model(document),
        "basis": basis,
        "unverified": [row["label"] for row in basis if row["mark"] == "unverified"],
        "sources": {
            key: {"citation": evidence.source(key).citation, "link": evidence.source(key).link}
            for key in _cited((*basis, *published["intact"], *published["reduction"]))
        },
        "marks": {mark: MARK_WORDS[mark] for mark in dict.fromkeys(row["mark"] for row in basis)},
        "versions": {"nutation": document["versions"]["nutation"], "evidence": document["versions"]["evidence"]},
    }


def _source(document: Plain) -> Source:
    patient, image = document["patient"], document["image"]
    return Source(
        files=(),
        orientation=cast("Orientation", document["orientation"]),
        patient_id=patient["id"],
        patient_name=patient["name"],
        birth_date=_day(patient["birth_date"]),
        sex=patient["sex"],
        image_date=_day(image["date"]),
        modality=image["modality"],
        described=image["described"],
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _line(source: Source, side: str) -> str:
    """Whose, which side, of which image: what every section repeats."""
    identifier = source.patient_id or "no identifier in the image"
    return f"{plan_words.who(source)} · {identifier} · {said.JOINT[side]} · {plan_words.image(source)}"


def _identity(document: Plain, source: Source, side: str) -> list[dict[str, str]]:
    plans = list(dict.fromkeys(str(one["plan"]) for one in document["constructs"] if one["plan"]))
    rows = {
        "Patient": plan_words.who(source),
        "Identifier": source.patient_id or "none in the input",
        "Born": words.day(source.birth_date) if source.birth_date else "not in the input",
        "Side": said.JOINT[side],
        "Image": plan_words.image(source),
        "Left and right": plan_words.ORIENTATION[source.orientation],
        "Plans": ", ".join(plans) or "none: the intact joint",
    }
    return [{"what": what, "said": text} for what, text in rows.items()]


def _warnings(each: Sequence[Plain], document: Plain) -> list[str]:
    """What was withheld first, then what the model had to leave out or to assume for this pelvis."""
    withheld = [
        words.sentence(f"{one['side']} joint, {named}" if len(each) > 1 else named)
        for one in each
        for name, reason in one["withheld"].items()
        if name in said.MOTION or one["stance"]
        for named in [f"{said.MOTION[name]}: {reason}" if name in said.MOTION else reason]
    ]
    standing = [stability_standing.warning(one) for one in each]
    withheld += [
        f"{words.sentence(str(one['side']))} joint: {text}" if len(each) > 1 else text
        for one, text in zip(each, standing, strict=True)
        if text
    ]
    lacking: list[str] = []
    if document["orientation"] == "unverified":
        lacking.append("Left and right are not verified by the input: a person has to settle them.")
    return list(dict.fromkeys([*withheld, *lacking, *(text for one in each for text in one["warnings"])]))


def _setting(row: Plain) -> Plain:
    return {
        "id": row["id"],
        "said": words.sentence(str(row["label"])),
        "pretension": f"{row['pretension_n']:g} N",
        "ligaments": f"× {row['ligaments']:g}" + ("" if row["slack"] else ", never slack"),
        "cartilage": f"× {row['cartilage']:g}",
        "shear": f"× {row['shear']:g}",
        "grip": f"× {row['implant_grip_along']:g}",
    }


def _moduli(document: Plain) -> str:
    if any(row["id"] == "modulus_from_density" for row in document["basis"]):
        return "Moduli of bone come from the CT's attenuation by a cited relation and an assumed calibration."
    return "Without a CT bone has two moduli: a shell of cortical bone and a core of trabecular bone."


def _ligaments(each: Sequence[Plain]) -> list[dict[str, str]]:
    """Base stiffness by ligament; the model has those of both sides, whichever joint was asked about."""
    rows: dict[str, str] = {}
    for name, value in each[0]["ligaments"].items():
        rows[words.sentence(words.said(name))] = f"{value['n_per_mm']:.0f} N/mm"
    return [{"what": what, "said": text} for what, text in rows.items()]


def _model(document: Plain) -> list[dict[str, str]]:
    solver = document["solver"]
    rows = {
        "Elements": f"cubes of {document['resolution_mm']:g} mm, {said.size_of(document['unknowns'])}",
        "Load": said.load_of(document["loads"]),
        "Solved": f"{words.count(solver['solutions'], 'time')}, at most {solver['iterations']} iterations each",
        "Largest residual": f"{solver['residual']:.1e}",
        "Time": f"{solver['seconds']:.0f} s",
        "Memory at most": "not told by the system" if solver["peak_mb"] is None else f"{solver['peak_mb']:,} MB",
    }
    return [{"what": what, "said": text} for what, text in rows.items()]


def _basis(row: Plain, evidence: Evidence) -> Plain:
    entry = evidence.entry(row["id"])
    return {
        "id": row["id"],
        "label": row["label"],
        "population": entry.population,
        "note": entry.note,
        "citation": row["citation"],
        "mark": row["mark"],
    }


def _cited(rows: Iterable[Plain]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row["citation"]))
