"""The whole answer for one joint: the intact joint and every construct, in every setting of the sweep, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.asked import INTACT, Asked, Moved, moved_in
from nutation.stability.ligament_stiffness import base_stiffness, state_of
from nutation.stability.loads import MOMENT_AXIS, Direction, LoadAxes, LoadCase, compression_cases, moment_cases
from nutation.stability.model import Model
from nutation.stability.ordering import MOTIONS, Held, Pair, held, pair, ranking
from nutation.stability.response import Response, answer
from nutation.stability.settings import Setting, settings
from nutation.stability.stance_study import StanceCase, stances
from nutation.stability.strain import shell_strains

ENDS: Mapping[str, tuple[Direction, Direction]] = {
    "flexion_extension": ("flexion", "extension"),
    "lateral_bending": ("bending_left", "bending_right"),
    "axial_rotation": ("rotation_left", "rotation_right"),
}
"""Each motion runs from one direction to the opposite one."""

OTHER: Mapping[Side, Side] = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class ConstructAnswer:
    """What one construct does.

    held: motions and reductions by setting. load_share: by motion, the share of what crosses the joint that goes
    through its implants, 0 to 1 (base setting). strain: by motion, by shell's thickness in mm, see `shell_strains`.
    other_joint_pct (3,): how the opposite joint's motion changes, in percent of intact (base setting). cases: single
    load cases of the operated joint.
    """

    name: str
    construct: Construct
    held: Held
    load_share: Mapping[str, float]
    strain: Mapping[str, Mapping[float, float]]
    other_joint_pct: Floats
    cases: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """One joint, intact and with constructs.

    intact_deg (settings, 3) at `moment_nm` with `follower_n`; `bands_deg` by motion the published range that the intact
    joint must fall in; `withheld` says of each motion that does not why its degrees are not to be used. `backend`:
    where the equations were solved, see `solver.Solution`.
    """

    side: Side
    spacing_mm: float
    unknowns: int
    moment_nm: float
    follower_n: float
    settings: tuple[Setting, ...]
    intact_deg: Floats
    intact_cases: tuple[Moved, ...]
    constructs: tuple[ConstructAnswer, ...]
    pairs: tuple[Pair, ...]
    ranking: tuple[tuple[str, ...], ...]
    bands_deg: Mapping[str, tuple[float, float]]
    withheld: Mapping[str, str]
    ligaments: Mapping[str, float]
    solutions: int
    iterations: int
    residual: float
    seconds: float
    warnings: tuple[str, ...]
    evidence: tuple[str, ...]
    stance: tuple[StanceCase, ...] = ()
    backend: str = "cpu"


def study(
    model: Model,
    side: Side,
    constructs: Mapping[str, Construct],
    *,
    moment_nm: float | None = None,
    follower_n: float | None = None,
    swept: Sequence[Setting] | None = None,
    stance: bool = False,
    told: Callable[[str], None] | None = None,
) -> Study:
    """The answer for one joint of the model. Left out, moment and follower load are those of the published model.

    `stance`: standing and walking too, which take solutions of their own. `told` is called with words before each
    solution. Raises InputError where a construct is of the other joint, an implant holds nothing, or standing is asked
    about and no hip socket is shown.
    """
    for name, construct in constructs.items():
        if construct.side != side:
            raise InputError(f"it is for the {construct.side} joint, and the {side} one is asked about.", place=name)
    started = time.perf_counter()
    parts, every = model.parts, tuple(swept or settings())
    moment = load().entry("published_moments").number("middle_nm") if moment_nm is None else moment_nm
    follower = load().entry("follower_load").number() if follower_n is None else follower_n
    cases = moment_cases(moments_nm=[moment], followers_n=[follower])
    single = (*cases, *compression_cases(parts.axes))
    base = base_stiffness(parts.ligaments)
    say = told or _nothing
    asked = Asked(model, say)
    standing = Asked(model.standing(), lambda text: say(f"standing, {text}")) if stance else None
    intact = {one: asked.response(INTACT, None, one) for one in every}
    intact_deg = _roms(intact, cases, base, side, parts.axes)
    other_deg = _roms({every[0]: intact[every[0]]}, cases, base, OTHER[side], parts.axes)
    answers: list[ConstructAnswer] = []
    for name, construct in constructs.items():
        found = {one: asked.response(name, construct, one) for one in every}
        rom = _roms(found, cases, base, side, parts.axes)
        first = {every[0]: found[every[0]]}
        answers.append(
            ConstructAnswer(
                name=name,
                construct=construct,
                held=held(name, rom, intact_deg),
                load_share=_shares(found[every[0]], cases, base, side, every[0], parts.axes),
                strain=_strains(model, found[every[0]], construct, cases, base, every[0]),
                other_joint_pct=100.0 * (_roms(first, cases, base, OTHER[side], parts.axes)[0] / other_deg[0] - 1.0),
                cases=moved_in(found[every[0]], single, base, side, every[0], parts.axes),
            )
        )
    each = [one.held for one in answers]
    bands = intact_bands()
    stood = () if standing is None else stances(asked, standing, side, constructs, every)
    costs = [asked] if standing is None else [asked, standing]
    return Study(
        side=side,
        spacing_mm=parts.mesh.spacing_mm,
        unknowns=parts.mesh.unknowns,
        moment_nm=moment,
        follower_n=follower,
        settings=every,
        intact_deg=intact_deg,
        intact_cases=moved_in(intact[every[0]], single, base, side, every[0], parts.axes),
        constructs=tuple(answers),
        pairs=tuple(pair(a, b) for n, a in enumerate(each) for b in each[n + 1 :]),
        ranking=ranking(each),
        bands_deg=bands,
        withheld=_withheld(intact_deg[0], bands),
        ligaments={f"{one.side}_{one.name}": float(value) for one, value in zip(parts.ligaments, base, strict=True)},
        solutions=sum(one.count for one in costs),
        iterations=max(one.iterations for one in costs),
        residual=max(one.residual for one in costs),
        seconds=time.perf_counter() - started,
        warnings=tuple(dict.fromkeys(text for one in costs for text in (*one.parts.warnings, *one.warnings))),
        evidence=parts.evidence,
        stance=stood,
        backend=" and ".join(sorted({place for one in costs for place in one.backends})),
    )


def intact_bands() -> dict[str, tuple[float, float]]:
    """By motion the published range (degrees) that the intact joint has to fall in, at 7.5 to 12.5 Nm."""
    entry = load().entry("intact_bands")
    return {name: (entry.number(f"{name}.low_deg"), entry.number(f"{name}.high_deg")) for name in MOTIONS}


def rom_deg(response: Response, cases: Sequence[LoadCase], setting: Setting, base: Floats, side: Side, axes: LoadAxes
) -> Floats:  # fmt: skip
    """Ranges of motion (3,) in degrees of one joint, from pure moments in the six directions (`moment_cases`)."""
    motion = answer(response, cases, state_of(setting, base)).motion[side]
    turned = np.degrees(axes.rotation.T @ motion[3:])
    at = {case.direction: number for number, case in enumerate(cases)}
    return np.array(
        [
            turned[MOMENT_AXIS[there][0] - 3, at[there]] - turned[MOMENT_AXIS[there][0] - 3, at[back]]
            for there, back in (ENDS[name] for name in MOTIONS)
        ]
    )


def _nothing(_: str) -> None:
    return None


def _roms(
    found: Mapping[Setting, Response], cases: Sequence[LoadCase], base: Floats, side: Side, axes: LoadAxes
) -> Floats:
    return np.array([rom_deg(one, cases, setting, base, side, axes) for setting, one in found.items()])


def _shares(
    response: Response, cases: Sequence[LoadCase], base: Floats, side: Side, setting: Setting, axes: LoadAxes
) -> dict[str, float]:
    """Of the moment about the loaded axis that crosses the joint in implants and cartilage, the share in implants."""
    found = answer(response, cases, state_of(setting, base))
    at = {case.direction: number for number, case in enumerate(cases)}
    shares: dict[str, float] = {}
    for name, (there, back) in ENDS.items():
        axis = axes.rotation[:, MOMENT_AXIS[there][0] - 3]
        change = found.weights[:, at[there]] - found.weights[:, at[back]]
        inside = abs(float(axis @ (response.carried @ change).sum(axis=0)[3:]))
        beside = abs(float(axis @ (response.through[side] @ change)[3:]))
        shares[name] = inside / (inside + beside) if inside + beside > 0 else 0.0
    return shares


def _strains(
    model: Model, response: Response, construct: Construct, cases: Sequence[LoadCase], base: Floats, setting: Setting
) -> dict[str, dict[float, float]]:
    """The larger of the two directions of each motion, shell by shell."""
    found = answer(response, cases, state_of(setting, base))
    at = {case.direction: number for number, case in enumerate(cases)}
    told: dict[str, dict[float, float]] = {}
    for name, ends in ENDS.items():
        both = [
            shell_strains(model.parts.mesh, construct.implants, response.fields @ found.weights[:, at[end]])
            for end in ends
        ]
        told[name] = {thick: max(one[thick] for one in both) for thick in both[0]}
    return told


def _withheld(intact_deg: Floats, bands: Mapping[str, tuple[float, float]]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in zip(MOTIONS, intact_deg, strict=True):
        low, high = bands[name]
        if not low <= value <= high:
            told[name] = (
                f"the intact joint of this model moves by {value:.2f}°, and published ranges are {low:g} to {high:g}°: "
                "degrees and percent of this motion are withheld."
            )
    return told
