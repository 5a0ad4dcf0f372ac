"""A study made by hand, without a solver: what documents, pages and figures of mechanics are tested with."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.source import Side
from nutation.stability.loads import LoadCase, moment_cases
from nutation.stability.ordering import MOTIONS, held, pair, ranking, verdict
from nutation.stability.settings import settings
from nutation.stability.stance_study import StanceCase, StancePair, Stood
from nutation.stability.study import ConstructAnswer, Moved, Study, intact_bands
from report import made_plan

INTACT = {"flexion_extension": 1.8, "lateral_bending": 0.6, "axial_rotation": 1.0}
"""Within the published bands, in degrees."""
LEFT = {"plan": 0.4, "alternative 1": 0.41, "without implant 2": 0.6}
"""The share of the intact motion that each construct leaves: the first two are not told apart."""


def study(
    left: dict[str, float] | None = None,
    *,
    side: Side = "left",
    swept: bool = True,
    withheld: tuple[str, ...] = (),
    nutation_deg: float = 1.5,
    stance: bool = False,
) -> Study:
    """A study of constructs that leave these shares of the motion; motions named in `withheld` miss their bands.

    `stance`: with compression, both legs (whose figures are told) and walking (whose figures are withheld).
    """
    every = settings() if swept else settings()[:1]
    shares = LEFT if left is None else left
    base = np.array([9.0 if name in withheld else INTACT[name] for name in MOTIONS])
    # settings scale the motion severalfold, as pre-tension does
    intact = base * np.linspace(1.0, 2.0, len(every))[:, None]
    implants = tuple(made_plan.planned(number).implant for number in range(3))
    answers = [
        ConstructAnswer(
            name=name,
            construct=Construct(side, "lateral", implants if "without" not in name else implants[::2]),
            held=held(name, intact * (share + 0.02 * np.arange(len(every))[:, None] / 10), intact),
            load_share=dict.fromkeys(MOTIONS, 0.654),
            strain={motion: {2.0: 0.0024, 5.0: 0.0019} for motion in MOTIONS},
            other_joint_pct=np.array([-7.0, 3.0, 0.0]),
            cases=_cases(share, nutation_deg),
        )
        for name, share in shares.items()
    ]
    each = [one.held for one in answers]
    return Study(
        side=side,
        spacing_mm=2.0,
        unknowns=1_234_567,
        moment_nm=10.0,
        follower_n=400.0,
        settings=every,
        intact_deg=intact,
        intact_cases=_cases(1.0, nutation_deg),
        constructs=tuple(answers),
        pairs=tuple(pair(a, b) for n, a in enumerate(each) for b in each[n + 1 :]),
        ranking=ranking(each),
        bands_deg=intact_bands(),
        withheld={name: f"the intact joint of this model is out of band in {name}." for name in withheld},
        ligaments={"left_interosseous": 1207.5, "right_interosseous": 1267.6},
        solutions=4,
        iterations=23,
        residual=9.9e-7,
        seconds=281.3,
        warnings=("The iliolumbar ligament of the left side is left out: the model ends at S1.",),
        evidence=("bone_moduli", "cortex_thickness", "si_cartilage_population"),
        stance=_stance(shares, nutation_deg, len(every)) if stance else (),
    )


def _cases(share: float, nutation_deg: float) -> tuple[Moved, ...]:
    moments = moment_cases(moments_nm=[10.0], followers_n=[400.0])
    pressed = LoadCase(
        "compression_600N", "compression", "vertical compression, 600 N", np.zeros(6), "ischia", 0.0, 0.0,
        ("vertical_compression",),
    )  # fmt: skip
    return tuple(
        Moved(case, share * np.array([nutation_deg, -0.2, 0.1]), share * np.array([0.3, 0.0, -0.4]))
        for case in (*moments, pressed)
    )


def _stance(shares: dict[str, float], nutation_deg: float, count: int) -> tuple[StanceCase, ...]:
    """Three loads of standing; under walking the last construct leaves as little as the first."""
    cases = [
        LoadCase(
            "compression_600N", "compression", "vertical compression, 600 N", np.zeros(6), "ischia", 0.0, 0.0,
            ("vertical_compression",),
        ),
        LoadCase(
            "two_legs", "two_legs", "standing on both legs, 400 N on each socket", np.array([400.0, 400.0]),
            "s1_endplate", 0.0, 0.0, ("stance_forces",),
        ),
        LoadCase(
            "walking_left", "walking_left", "walking, left leg bears, 1785 N on its socket", np.array([1785.0, 0.0]),
            "s1_endplate", 0.0, 0.0, ("hip_contact_force", "body_weight", "stance_forces"),
        ),
    ]  # fmt: skip
    made: list[StanceCase] = []
    for case in cases:
        walks = case.id == "walking_left"
        left = {name: next(iter(shares.values())) if walks else share for name, share in shares.items()}
        each = tuple(_stood(name, share, case, nutation_deg, count) for name, share in left.items())
        pairs = tuple(_stance_pair(a, b) for n, a in enumerate(each) for b in each[n + 1 :])
        reason = "no motion of the joint in walking was published: figures are withheld." if walks else ""
        made.append(StanceCase(case, _stood("intact joint", 1.0, case, nutation_deg, count), each, pairs, reason))
    return tuple(made)


def _stood(name: str, share: float, case: LoadCase, nutation_deg: float, count: int) -> Stood:
    moved = Moved(case, share * np.array([nutation_deg, 2.0, 0.0]), share * np.array([0.3, 0.0, -0.4]))
    size = float(np.linalg.norm(moved.rotation_deg))
    reduction = 100.0 * (1.0 - share) - np.linspace(0.0, 2.0, count) * (share < 1.0)
    return Stood(name, np.full(count, size), reduction, moved)


def _stance_pair(first: Stood, second: Stood) -> StancePair:
    each = first.reduction_pct - second.reduction_pct
    told = verdict(first.reduction_pct, second.reduction_pct)
    return StancePair(first.name, second.name, told, np.array([each.min(), each.max()]))
