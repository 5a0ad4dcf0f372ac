"""A design search made by hand, without a solver: what its document, page and figure are tested with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nutation.planning.margin_limit import Limit
from nutation.planning.search import Design, Refused
from nutation.planning.search_candidates import Candidate
from nutation.planning.search_document import tell_design
from nutation.planning.search_front import chosen, curve
from nutation.stability.document import tell_study
from report import made_plan, made_study

LIMIT = Limit(0.23, 2.0, "at most 23% of simulated executions breach by more than 2 mm (set by the user)")
ERROR = "fluoroscopy: standard deviation 3.07 mm on each axis"
LEFT = {"plan": 0.40, "2 implants": 0.405, "1 implant": 0.60, "3 implants, more margin": 0.47}
"""The share of the intact motion that each leaves: the first two are not told apart."""
SHARES = {"plan": 0.09, "2 implants": 0.05, "1 implant": 0.06, "3 implants, more margin": 0.02}


def candidate(name: str, share: float = 0.1, count: int = 3) -> Candidate:
    """A candidate of the made plan's implants."""
    implants = tuple(made_plan.planned(number).implant for number in range(count))
    construct = replace(made_study.study().constructs[0].construct, implants=implants)
    return Candidate(name, construct, (share,) + (share / 2,) * (count - 1), 0.004, 3.2, "s1_foramen")


def design(*, withheld: tuple[str, ...] = (), refused: bool = True) -> Design:
    """Four constructs within the limit and one over it; motions named in `withheld` miss their bands."""
    kept = [candidate(name, SHARES[name], int(name[0]) if name[0].isdigit() else 3) for name in LEFT]
    study = made_study.study(LEFT, withheld=withheld)
    study = replace(
        study,
        constructs=tuple(replace(a, construct=c.construct) for a, c in zip(study.constructs, kept, strict=True)),
    )
    held = {one.name: one.held for one in study.constructs}
    choice = chosen(kept, held)
    first = sorted(study.constructs, key=lambda one: one.name != choice.name)
    over = Refused(
        candidate("3 implants, more purchase", 0.31), "in 31.0 % of simulated executions an implant breaches"
    )
    return Design(
        choice, curve(kept, held), (over,) if refused else (), False, replace(study, constructs=tuple(first)), 4.0
    )


def document(**options: Any) -> dict[str, Any]:
    """What `nutation stability --search --json` prints of it."""
    found, pelvis = design(**options), made_plan.pelvis()
    search = tell_design(found, pelvis.frame, LIMIT, ERROR, simulations=4000, seed=7)
    return {**tell_study(found.study, pelvis, plans={"plan": "plan.json"}), "search": search}
