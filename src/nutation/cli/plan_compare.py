"""``nutation plan compare PLAN POSTOP_CT``: where the implants came to lie, against where they were planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.images import read_image
from nutation.anatomy.labels import read_labels
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.shapes import BoneShapes
from nutation.cli.output import console, folder, json_text, print_json, progress, written
from nutation.cli.plan_command import Options
from nutation.cli.speaking import UsageError
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.compare import Comparison, compare, tell_comparison
from nutation.planning.document import read_plan
from nutation.planning.execution_records import append_records
from nutation.planning.plan import STRUCTURES
from nutation.report import plan_words

_BESIDE = "overlay_bones.nii.gz"
"""The bones that `nutation plan --out` leaves beside plan.json: they are found there without being named."""


def run(plan: Path, postop: Path, options: Options) -> None:
    """Compare, and say or write it; `--append` adds it to the clinic's own records for a next `--error`."""
    document = read_plan(plan)
    with progress("Reading the post-operative CT …", options.quiet):
        image = read_image(postop, series=options.series)
        shapes = _bones(plan, options)
    with progress("Comparing …", options.quiet):
        pelvis = boundary = None
        if shapes is not None:
            pelvis = build_pelvis(shapes, spacing_mm=options.resolution)
            boundary = forbidden_boundary(pelvis, document["side"], approach_of(str(document["approach"])))
        found = compare(document, image, shapes, pelvis=pelvis, boundary=boundary)
    told = tell_comparison(found)
    notes: list[str] = []
    if options.out is not None:
        notes.append(f"Written: {written(folder(options.out) / 'compare.json', json_text(told))}")
    if options.append is not None:
        held = append_records(options.append, found.records())
        several = "" if held == 1 else "s"
        notes.append(f"{options.append} now holds {held} implant{several}; use it with --error {options.append}.")
    if options.json:
        print_json(told)
    elif not options.quiet:
        _say(found, document, notes)


def _bones(plan: Path, options: Options) -> BoneShapes | None:
    """The bones that the plan was made on: as named, or those that lie beside it."""
    surfaces = (options.sacrum, options.left_hip, options.right_hip)
    if any(surfaces):
        sacrum, left, right = surfaces
        if options.labels is not None or sacrum is None or left is None or right is None:
            raise UsageError("give the plan's label map, or its three surfaces.")
        return read_meshes(sacrum, left, right)
    if options.labels is not None:
        return read_labels(options.labels, mapping=options.mapping)
    beside = plan.parent / _BESIDE
    return read_labels(beside) if beside.is_file() else None


def _say(found: Comparison, document: dict[str, Any], notes: list[str]) -> None:
    from rich.table import Table

    page = console()
    page.print(f"{found.operation or 'Operation'}: placed against planned, {plan_words.SIDE[document['side']]}")
    table = Table()
    for name in ("implant", "entry", "tip", "angle", "depth", "clearance as placed"):
        table.add_column(name, overflow="fold")
    for one in found.implants:
        table.add_row(
            f"{one.index + 1}. {one.catalogue}", plan_words.mm(one.entry_error_mm), plan_words.mm(one.tip_error_mm),
            f"{one.angle_error_deg:.1f}°", plan_words.mm(one.depth_error_mm), _clearance(one),
        )  # fmt: skip
    page.print(table)
    bones = found.registration
    page.print(f"Images joined by {bones.how}; bones {bones.residual_mm:.1f} mm apart, {bones.overlap:.0%} matched.")
    for line in (*found.warnings, *(f"{one.catalogue}: {text}" for one in found.implants for text in one.warnings)):
        page.print(f"- {line}", markup=False, soft_wrap=True)
    for line in notes:
        page.print(line, markup=False, soft_wrap=True)


def _clearance(one: Any) -> str:
    if one.clearance is None:
        return "not known without the bones"
    return f"{plan_words.mm(one.clearance.least_mm)}, {STRUCTURES[one.clearance.nearest]}"
