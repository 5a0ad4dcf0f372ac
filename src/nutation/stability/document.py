"""A study as a document (stability.json): the first construct at the top, then everything that the answer rests on.

Degrees and percent of a motion whose intact joint misses its published band are null, with the reason: the order of the
constructs is told all the same, since it needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nutation.anatomy.implants import Material
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.plain import tell_frame, tell_image, tell_implant, tell_patient
from nutation.anatomy.space import Floats, Frame
from nutation.evidence import Evidence, load
from nutation.stability.document_order import tell_order
from nutation.stability.document_stance import RESTS_ON, tell_stance
from nutation.stability.loads import DIRECTIONS, LoadCase, Support
from nutation.stability.ordering import MOTIONS
from nutation.stability.strain import PERCENTILE
from nutation.stability.study import ENDS, ConstructAnswer, Moved, Study

FORMAT = "nutation-stability/1"
INTENDED_USE = (
    "For clinicians who compare constructs for one pelvis on the day of the operation. It models no fusion, no "
    "loosening and no muscles. It is not for patients or payers, and says nothing of indication, weight bearing or "
    "return to work; no link to relief of pain has been shown. Research mode."
)
RANGE_IS = "sensitivity range over the settings that were tried; no confidence interval"
_RESTS_ON = (
    "ligament_areas", "ligament_bundles", "ligament_sweep", "ligament_pretension_sensitivity", "ligament_sites",
    "ligament_lengths", "sacral_lengths", "intact_bands",
)  # fmt: skip
_OF_IMPLANTS = {"titanium": ("titanium", "implant_grip"), "bone": ("bone_moduli", "implant_grip")}
_GRAFT = (
    "A graft is taken for a bar of cortical bone, since no modulus of a graft was found; it is held as an implant is. "
    "How a graft settles and heals is not part of the model, and no published motion stands beside it here."
)
_THROUGH = (
    "An implant through the whole sacrum lies in both hip bones and holds both joints: that the other joint moves less "
    "is its doing. It is held by its surface as a smooth one is; a thread's hold is not modelled, and no published "
    "motion stands beside it here."
)
_DEG, _MM, _PCT, _SHARE, _STRAIN = 3, 3, 1, 3, 6

BAND_CASES = ("compression_nutation", "compression_translation")
"""Bands of single load cases; those of motions are in the study."""


def tell_study(
    study: Study,
    pelvis: Pelvis,
    *,
    support: Support = "ischia",
    plans: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    peak_mb: float | None = None,
    warnings: Iterable[str] = (),
) -> dict[str, Any]:
    """The study as plain data, ready for JSON.

    `plans` gives the file behind a construct by its name, `files` the SHA-256 of inputs by name, `peak_mb` the most
    memory that the run held (`peak_memory_mb`), `warnings` what else is to be said.
    """
    from nutation import __version__

    evidence, source = load(), pelvis.source
    withheld = {**study.withheld, **withheld_cases(study.intact_cases, evidence)}
    first = next(iter(study.constructs), None)
    basis = _basis(study, evidence)
    said = (*study.warnings, *_kinds_told(study), *pelvis.warnings, *source.warnings, *warnings)
    return {
        "format": FORMAT,
        "side": study.side,
        "resolution_mm": study.spacing_mm,
        "unknowns": study.unknowns,
        "directions": {name: _direction(study, first, n, name) for n, name in enumerate(MOTIONS)},
        "solver": {
            "iterations": study.iterations,
            "residual": study.residual,
            "seconds": round(study.seconds, 1),
            "peak_mb": None if peak_mb is None else round(peak_mb),
            "solutions": study.solutions,
            "backend": study.backend,
        },
        "warnings": list(dict.fromkeys(said)),
        "order": tell_order(study),
        "intact": {
            "rom_deg": {name: _by_setting(study, study.intact_deg[:, n], name, _DEG) for n, name in enumerate(MOTIONS)},
            "cases": [_case(one, study, withheld) for one in study.intact_cases],
        },
        "constructs": [_construct(one, study, withheld, pelvis.frame, plans or {}) for one in study.constructs],
        "stance": tell_stance(study, withheld, _case_bands(evidence), evidence),
        "loads": {"moment_nm": study.moment_nm, "follower_n": study.follower_n, "support": support},
        "settings": [
            {
                "id": one.id, "label": one.label, "pretension_n": one.pretension_n, "slack": one.slack,
                "cartilage": one.normal, "shear": one.shear, "ligaments": one.ligaments,
                "implant_grip_along": one.along_share,
            }
            for one in study.settings
        ],
        "range_is": RANGE_IS if len(study.settings) > 1 else "none: only base values were asked, nothing was swept",
        "bands": {**{name: list(study.bands_deg[name]) for name in study.bands_deg}, **_case_bands(evidence)},
        "withheld": withheld,
        "ligaments": {name: {"n_per_mm": round(value, 1)} for name, value in study.ligaments.items()},
        "basis": basis,
        "unverified": [row["id"] for row in basis if row["mark"] == "unverified"],
        "intended_use": INTENDED_USE,
        "patient": tell_patient(source),
        "image": tell_image(source),
        "orientation": source.orientation,
        "pelvic_frame": tell_frame(pelvis.frame),
        "voxel_mm": pelvis.spacing_mm,
        "inputs": dict(files or {}),
        "versions": {
            "nutation": __version__, "evidence": evidence.version, "evidence_digest": evidence.digest,
        },
    }  # fmt: skip


def withheld_cases(cases: Sequence[Moved], evidence: Evidence | None = None) -> dict[str, str]:
    """By the id of a single load case of the intact joint why its figures are not to be used; empty where they are."""
    bands = _case_bands(evidence or load())
    (low, high), (_, most) = (bands[name] for name in BAND_CASES)
    told: dict[str, str] = {}
    for one in cases:
        if one.case.direction != "compression":
            continue
        turned, moved = float(one.rotation_deg[0]), float(np.linalg.norm(one.translation_mm))
        if not low <= turned <= high or moved > most:
            told[one.case.id] = (
                f"under {one.case.label} the intact joint of this model nutates by {turned:.2f}° and slides by "
                f"{moved:.2f} mm, and published figures are {low:g} to {high:g}° and at most {most:g} mm: "
                "figures of this load are withheld."
            )
    return told


def peak_memory_mb() -> float | None:
    """The most memory that this process has held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    import sys

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1e6 if sys.platform == "darwin" else held / 1e3


def _case_bands(evidence: Evidence) -> dict[str, list[float]]:
    entry = evidence.entry("intact_bands")
    nutation, slide = BAND_CASES
    return {
        nutation: [entry.number(f"{nutation}.low_deg"), entry.number(f"{nutation}.high_deg")],
        slide: [0.0, entry.number(f"{slide}.high_mm")],
    }


def _direction(study: Study, first: ConstructAnswer | None, n: int, name: str) -> dict[str, Any]:
    """One motion of the first construct, as the contract of `stability --json` has it."""
    shown = name not in study.withheld
    return {
        "intact_deg": _round(study.intact_deg[0, n], _DEG) if shown else None,
        "construct_deg": _round(first.held.rom_deg[0, n], _DEG) if shown and first else None,
        "reduction_pct": _round(first.held.reduction_pct[0, n], _PCT) if shown and first else None,
        "sensitivity_range_pct": _range(study, first.held.range_pct[n]) if shown and first else None,
    }


def _construct(
    one: ConstructAnswer, study: Study, withheld: Mapping[str, str], frame: Frame, plans: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "name": one.name,
        "plan": plans.get(one.name),
        "approach": one.construct.approach,
        "implants": [tell_implant(implant, frame) for implant in one.construct.implants],
        "directions": {name: _held(one, study, n, name) for n, name in enumerate(MOTIONS)},
        "cases": [_case(moved, study, withheld) for moved in one.cases],
    }


def _held(one: ConstructAnswer, study: Study, n: int, name: str) -> dict[str, Any]:
    """One motion of one construct; all of it is null where the motion is withheld."""
    shown = name not in study.withheld
    strain = one.strain.get(name, {})
    return {
        "rom_deg": _by_setting(study, one.held.rom_deg[:, n], name, _DEG),
        "reduction_by_setting_pct": _by_setting(study, one.held.reduction_pct[:, n], name, _PCT),
        "reduction_pct": _round(one.held.reduction_pct[0, n], _PCT) if shown else None,
        "sensitivity_range_pct": _range(study, one.held.range_pct[n]) if shown else None,
        "load_share_of_implants": _round(one.load_share[name], _SHARE) if shown else None,
        f"strain_p{PERCENTILE:.0f}_by_shell_mm": (
            {f"{thick:g}": _round(value, _STRAIN) for thick, value in strain.items()} if shown else None
        ),
        "other_joint_change_pct": _round(one.other_joint_pct[n], _PCT) if shown else None,
    }


def _case(one: Moved, study: Study, withheld: Mapping[str, str]) -> dict[str, Any]:
    case, reason = one.case, case_withheld(one.case, study, withheld)
    turned, moved = one.rotation_deg, one.translation_mm
    return {
        "id": case.id,
        "label": case.label,
        "direction": DIRECTIONS[case.direction],
        "moment_nm": case.moment_nm,
        "follower_n": case.follower_n,
        "rotation_deg": None if reason else _named(turned, ("nutation", "bending_left", "rotation_left"), _DEG),
        "translation_mm": None if reason else _named(moved, ("left", "posterior", "cranial"), _MM),
    }


def case_withheld(case: LoadCase, study: Study, withheld: Mapping[str, str]) -> str:
    """Why the figures of a load case are withheld: its own reason, or that of the motion that it is an end of."""
    if case.id in withheld:
        return withheld[case.id]
    of = next((name for name, ends in ENDS.items() if case.direction in ends), "")
    return study.withheld.get(of, "")


def _basis(study: Study, evidence: Evidence) -> list[dict[str, Any]]:
    """The entries of the evidence that the study rests on, the weakest part of each deciding its mark."""
    cases = [name for one in study.intact_cases for name in one.case.evidence]
    if study.stance:
        cases += [*RESTS_ON, *(name for one in study.stance for name in one.case.evidence)]
    every = [*study.evidence, *_RESTS_ON, *(name for one in _materials(study) for name in _OF_IMPLANTS[one]), *cases]
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(every):
        entry = evidence.entry(name)
        weak = "unverified" in (entry.verified, *entry.marks.values())
        rows.append(
            {
                "id": name, "label": entry.label, "citation": list(entry.citation),
                "mark": "unverified" if weak else entry.verified,
            }
        )  # fmt: skip
    return rows


def _materials(study: Study) -> list[Material]:
    return list(dict.fromkeys(i.size.material for one in study.constructs for i in one.construct.implants))


def _kinds_told(study: Study) -> tuple[str, ...]:
    """What has to be said of kinds of construct that no published model or measurement stands behind here."""
    through = any(one.construct.approach == "transsacral" for one in study.constructs)
    return (*((_GRAFT,) if "bone" in _materials(study) else ()), *((_THROUGH,) if through else ()))


def _by_setting(study: Study, values: Floats, name: str, decimals: int) -> dict[str, float] | None:
    if name in study.withheld:
        return None
    return {one.id: _round(value, decimals) for one, value in zip(study.settings, values, strict=True)}


def _range(study: Study, ends: Floats) -> list[float] | None:
    """The range over the sweep; none where nothing was swept, since one value is no range."""
    return [_round(value, _PCT) for value in ends] if len(study.settings) > 1 else None


def _named(values: Floats, names: Sequence[str], decimals: int) -> dict[str, float]:
    return {name: _round(value, decimals) for name, value in zip(names, values, strict=True)}


def _round(value: Any, decimals: int) -> float:
    return round(float(value), decimals) + 0.0
