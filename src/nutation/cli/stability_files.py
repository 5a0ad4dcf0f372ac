"""The files of a study: the document, the page with its figures, the bent scene, the mesh with its displacements."""

from __future__ import annotations

from pathlib import Path

from nutation.anatomy.implants import Construct
from nutation.anatomy.space import Floats
from nutation.cli.output import folder, json_text, written
from nutation.cli.stability_making import Answer
from nutation.record.errors import InputError
from nutation.report import stability_figures, stability_html
from nutation.report.stability_scene import bend, scene
from nutation.stability.footprints import find_ligaments
from nutation.stability.pictures import ligament_picture
from nutation.stability.stance import HELD
from nutation.stability.vtk_file import vtk_file


def write(answer: Answer, into: Path) -> list[Path]:
    """Makes all files before it writes the first, and gives their paths."""
    made = _made(answer)
    for name in made:
        if (into / name).is_dir():
            raise InputError(
                "is a folder, and a file is to be written.", file=str(into / name), mend="name another --out."
            )
    folder(into)
    return [written(into / name, content) for name, content in made.items()]


def _made(answer: Answer) -> dict[str, bytes | str]:
    pelvis, model, study = answer.case.pelvis, answer.model, answer.studies[0]
    parts, setting = model.parts, study.settings[0]
    construct = study.constructs[0].construct if study.constructs else None
    cases = [moved.case for moved in study.intact_cases]
    pictures = [
        *stability_figures.figures(answer.document),
        *(
            stability_figures.Figure(f"Ligaments of the {side} joint", *ligament_picture(pelvis, found))
            for side in answer.case.sides
            for found in (find_ligaments(pelvis, side, stand_ins=True),)
        ),
    ]
    made: dict[str, bytes | str] = {
        "stability.json": json_text(answer.document),
        "stability.html": stability_html.render(answer.told, pictures),
    }
    flexion = model.displacement(construct, cases[0], setting)
    if flexion is not None:
        bent = bend(pelvis, parts.mesh, flexion, study.side, construct.implants if construct else ())
        about = {
            "shows": f"{study.constructs[0].name if study.constructs else 'intact joint'}, {cases[0].label}",
            "of": answer.told["line"],
            "notice": answer.told["notice"],
        }
        made["deformed.glb"] = scene(bent, about=about)
    moved = {
        f"{name}_{case.id}_mm": found
        for name, which in (("intact", None), *([("construct", construct)] if construct else []))
        for case in cases
        if (found := model.displacement(which, case, setting)) is not None
    }
    if study.stance:
        moved |= _standing(answer, construct)
    made["mesh.vtu"] = vtk_file(parts.mesh, pelvis.frame, moved)
    return made


def _standing(answer: Answer, construct: Construct | None) -> dict[str, Floats]:
    """Displacements in standing, S1 held, by the names of their fields; compression is among the single loads."""
    study, standing = answer.studies[0], answer.model.standing()
    return {
        f"{name}_{one.case.id}_mm": found
        for name, which in (("intact", None), *([("construct", construct)] if construct else []))
        for one in study.stance
        if one.case.support == HELD
        if (found := standing.displacement(which, one.case, study.settings[0])) is not None
    }
