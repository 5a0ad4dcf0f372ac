"""What a design search takes from the plan it starts at: its error and limit, its sizes, what it was judged against."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nutation.anatomy.implants import Construct, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.cli.plan_making import named
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.catalogue import packaged_catalogue
from nutation.planning.execution import NAMED, ErrorModel, error_model
from nutation.planning.margin_limit import Limit, limit_of
from nutation.planning.move import Bench, bench_of
from nutation.planning.plan import STRUCTURES
from nutation.planning.search import Design
from nutation.planning.search_front import SHARE_ERRORS
from nutation.record.errors import InputError

_LIMIT = re.compile(r"at most (\d+)% of simulated executions")
"""How a plan tells a limit that its user has set (`margin_limit.limit_of`)."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search begins: what constructs are judged on, the sizes that they may have, the plan's seed, and what is
    to be said."""

    bench: Bench
    sizes: tuple[Size, ...]
    seed: int
    warnings: tuple[str, ...]
    planned_share: float | None

    def other_margin(self, found: Design) -> tuple[str, ...]:
        """What to say where the plan's margin on these bones is not the one that the plan told."""
        every = [*(point.candidate for point in found.curve), *(one.candidate for one in found.refused)]
        here = next(one for one in every if one.name == "plan")
        told = self.planned_share
        if told is None or abs(here.worst_share - told) <= SHARE_ERRORS * math.sqrt(2) * here.share_error:
            return ()
        said = (
            f"The plan's margin is {100 * here.worst_share:.1f} % on these bones, and {100 * told:.1f} % in the plan: "
            "its bones were sampled otherwise. Give the image or the surfaces that it was made on, planned at 1 mm."
        )
        return (said,)


def start_of(
    document: Mapping[str, Any],
    file: Path,
    construct: Construct,
    pelvis: Pelvis,
    error: str | None,
    limit: float | None,
) -> Start:
    """The start of a search at a plan, its document read and its construct in the frame of the pelvis.

    `error` and `limit` as the options name them; left out, they are the plan's own. Raises InputError where the plan
    does not say them, or was judged against what these bones do not show.
    """
    approach = approach_of(construct.approach)
    model, bound = _error(document, file, error), _limit(document, file, limit)
    boundary = forbidden_boundary(pelvis, construct.side, approach)
    _seen_as_before(document, file, boundary)
    sizes, warnings = _sizes(construct)
    versions: Any = document.get("versions")
    seed: Any = cast("dict[str, Any]", versions).get("seed") if isinstance(versions, dict) else None
    return Start(
        bench_of(pelvis, boundary, model, bound.share if bound != limit_of() else None), sizes,
        seed if isinstance(seed, int) else 0, (*warnings, *model.warnings, *boundary.restrictions),
        _told_share(document),
    )  # fmt: skip


def _told_share(document: Mapping[str, Any]) -> float | None:
    """The largest share of its implants that the plan tells; None where it tells none, or for another grade."""
    breaches: list[Any] = [one.get("breach_probability") for one in document["implants"]]
    if not breaches or not all(isinstance(one, dict) for one in breaches):
        return None
    shares: list[Any] = [one.get("over_2mm") for one in breaches]
    return max(map(float, shares)) if all(isinstance(share, int | float) for share in shares) else None


def _error(document: Mapping[str, Any], file: Path, option: str | None) -> ErrorModel:
    told = document.get("error")
    if option is not None:
        model = error_model(named(option))
        _as_the_plan(document, file, "error", model.in_words)
        return model
    for name in NAMED:
        model = error_model(name)
        if model.in_words == told:
            return model
    raise InputError(
        f"the error that it was planned with is not a packaged one of today: {told}.", file=str(file), place="error",
        mend="name it with --error: the records that the plan was made with; or plan anew.",
    )  # fmt: skip


def _limit(document: Mapping[str, Any], file: Path, option: float | None) -> Limit:
    if option is not None:
        bound = limit_of(option)
        _as_the_plan(document, file, "limit", bound.in_words)
        return bound
    told = str(document.get("limit"))
    bound = limit_of()
    if told == bound.in_words:
        return bound
    read = _LIMIT.match(told)
    if read is not None and int(read[1]) and limit_of(int(read[1]) / 100).in_words == told:
        return limit_of(int(read[1]) / 100)
    raise InputError(
        f"the limit that it was planned with cannot be read: {told}.", file=str(file), place="limit",
        mend="give it with --limit, as a share from 0 to 1.",
    )  # fmt: skip


def _as_the_plan(document: Mapping[str, Any], file: Path, what: str, now: str) -> None:
    """Constructs are judged as the plan was: else the plan itself would stand elsewhere on the curve."""
    told = document.get(what)
    if told is not None and told != now:
        raise InputError(
            f"the plan's {what} was: {told}. Constructs would be judged by: {now}.", file=str(file), place=what,
            mend=f"give --{what} as the plan had it, or plan anew.",
        )  # fmt: skip


def _seen_as_before(document: Mapping[str, Any], file: Path, boundary: Boundary) -> None:
    """A structure that the plan kept clear of has to be seen here too: its bones alone show no metal, for one."""
    known = {
        name
        for one in document["implants"]
        for name, value in cast("dict[str, Any]", one.get("clearance_by_structure_mm") or {}).items()
        if value != "unknown"
    }
    here = {*boundary.names, boundary.entered}
    lost = [STRUCTURES[name] for name in STRUCTURES if name in known and name not in here and _matters(name, boundary)]
    if lost:
        raise InputError(
            f"the plan keeps clear of what these bones do not show: {', '.join(lost)}.", file=str(file),
            place="clearance_by_structure_mm", mend="give the CT that the plan was made on with --ct.",
        )  # fmt: skip


def _matters(name: str, boundary: Boundary) -> bool:
    """Whether a structure that is not here was seen by the plan alone: metal, or what is told to be unknown."""
    return name == "metal" or name in boundary.unknown


def _sizes(construct: Construct) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    """The sizes of the plan's system and diameter; of one that is not packaged, those that the plan itself has."""
    kinds = {(one.size.system, one.size.section, one.size.diameter_mm) for one in construct.implants}
    first = construct.implants[0].size
    said: list[str] = []
    if len(kinds) > 1:
        said.append(
            f"The plan mixes kinds of implant; other constructs are made of {first.system or first.id} of "
            f"{first.diameter_mm:g} mm alone."
        )
    known = packaged_catalogue().sizes
    sizes = tuple(
        size for size in known
        if (size.system, size.section, size.diameter_mm) == (first.system, first.section, first.diameter_mm)
    )  # fmt: skip
    if sizes:
        return sizes, tuple(said)
    own = {
        one.size.length_mm: one.size
        for one in construct.implants
        if (one.size.section, one.size.diameter_mm) == (first.section, first.diameter_mm)
    }
    lengths = ", ".join(f"{mm:g}" for mm in sorted(own))
    said.append(
        f"{first.system or first.id} is not in the packaged catalogue: only the plan's own lengths are tried "
        f"({lengths} mm)."
    )
    return tuple(own[mm] for mm in sorted(own)), tuple(said)
