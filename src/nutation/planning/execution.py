"""How well a plan is carried out: error models, published ones and the clinic's own.

Published errors are mean magnitudes. Read as isotropic normal scatter, a mean distance in three dimensions is
2 sqrt(2/pi) (1.596) standard deviations per axis, a mean angle of an axis in two dimensions sqrt(pi/2) (1.253).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from nutation.anatomy.space import Floats
from nutation.evidence import Evidence, Mark, load
from nutation.planning.execution_records import ExecutionRecord, read_records
from nutation.record.errors import InputError

MEAN_OVER_SIGMA_3D = 2 * math.sqrt(2 / math.pi)
"""Mean of a Maxwell distribution with standard deviation 1 per axis."""
MEAN_OVER_SIGMA_2D = math.sqrt(math.pi / 2)
"""Mean of a Rayleigh distribution with standard deviation 1 per axis."""

NAMED = ("fluoroscopy", "robot")

Pivot = Literal["entry", "tip"]


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How a placed implant differs from the planned one.

    A displacement, normal with `position_sigma_mm` on each of three axes, and a tilt, normal with `angle_sigma_deg`
    on each of two; both may have a bias of fixed size and unknown direction (one direction an operation, all
    directions alike). `shared_share` is the part of the variance that the implants of one joint have in common.
    The tilt turns about `pivot`, where the displacement is measured. `n` counts the implants behind the figures.
    """

    name: str
    position_sigma_mm: float
    angle_sigma_deg: float
    shared_share: float
    n: int | None
    source: str
    mark: Mark
    position_bias_mm: float = 0.0
    angle_bias_deg: float = 0.0
    pivot: Pivot = "entry"
    warnings: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """The model in one sentence."""
        bias = (
            f" around a bias of {self.position_bias_mm:.1f} mm and {self.angle_bias_deg:.1f}° in an unknown direction"
            if self.position_bias_mm or self.angle_bias_deg
            else ""
        )
        counted = f", n = {self.n}" if self.n else ""
        turned = ", tilted about the tip" if self.pivot == "tip" else ""
        return (
            f"{self.name}: standard deviation {self.position_sigma_mm:.2f} mm on each axis and "
            f"{self.angle_sigma_deg:.2f}° on each tilt{turned}{bias}; {self.shared_share:.0%} of the "
            f"variance shared by the implants{counted} ({self.source})"
        )


@dataclass(frozen=True, slots=True)
class Draws:
    """Errors drawn once and used for every plan that is compared: displacements (simulations, implants, 3) in mm,
    tilts (simulations, implants, 2) in radians on the axes of `anatomy.implants.across`, and the pivot."""

    displacement_mm: Floats
    tilt_rad: Floats
    pivot: Pivot


def error_model(
    wanted: str | Path, *, shared_share: float | None = None, evidence: Evidence | None = None
) -> ErrorModel:
    """The model of that name (`fluoroscopy`, `robot`), or of a clinic's own records in CSV or JSON.

    Raises InputError for an unknown name, a file that cannot be read or has too few records.
    """
    held = evidence or load()
    share = held.entry("execution_shared_share").number("share") if shared_share is None else shared_share
    if not 0 <= share <= 1:
        raise InputError(f"a shared part of {share:g} cannot be.", mend="give a share between 0 and 1.")
    if str(wanted) in NAMED:
        return _published(str(wanted), share, held)
    path = Path(wanted)
    if not path.exists():
        raise InputError(
            f"there is no error model or file {str(wanted)!r}.",
            mend=f"name {' or '.join(NAMED)}, or a file of records that `nutation plan compare` has written.",
        )
    return from_records(read_records(path), str(path.name), share, held)


def _published(name: str, share: float, held: Evidence) -> ErrorModel:
    entry = held.entry(f"execution_{name}")
    source = "; ".join(held.source(key).citation for key in entry.citation)
    return ErrorModel(
        name,
        entry.number("position_mean_mm") / MEAN_OVER_SIGMA_3D,
        entry.number("angle_mean_deg") / MEAN_OVER_SIGMA_2D,
        share, entry.n, f"{source}; mean {entry.number('position_mean_mm'):g} mm and "
        f"{entry.number('angle_mean_deg'):g}°, {entry.population}", entry.verified,
        warnings=("The execution error is one cadaver study's.",) if name == "robot" else (),
    )  # fmt: skip


def from_records(
    records: Sequence[ExecutionRecord], name: str, share: float, evidence: Evidence | None = None
) -> ErrorModel:
    """A clinic's own error from planned-against-placed records (its bias is part of its spread).

    The standard deviations are root mean squares over axes. With few records they are widened to the upper 95 %
    bound of the spread (chi-squared; operations counted, not implants, since those of one joint go together).
    Raises InputError below the least number.
    """
    from scipy import stats

    chi2 = cast("Any", stats).chi2
    held = evidence or load()
    least, enough = (held.entry("execution_small_n").number(part) for part in ("fewest", "widened_below"))
    count = len(records)
    if count < least:
        one = f"{count} record is" if count == 1 else f"{count} records are"
        raise InputError(
            f"{one} too few for an error of the clinic's own.", file=name,
            mend=f"collect at least {least:g}, and plan with --error fluoroscopy until then.",
        )  # fmt: skip
    position = math.sqrt(sum(record.entry_error_mm**2 for record in records) / count / 3)
    angle = math.sqrt(sum(record.angle_error_deg**2 for record in records) / count / 2)
    warnings: list[str] = []
    if count < enough:
        operations = len({record.operation or str(i) for i, record in enumerate(records)})
        position *= math.sqrt(3 * operations / float(chi2.ppf(0.05, 3 * operations)))
        angle *= math.sqrt(2 * operations / float(chi2.ppf(0.05, 2 * operations)))
        warnings.append(
            f"The clinic's own error rests on {count} implants of {operations} operations; it is widened to the "
            "upper 95 % bound of its spread."
        )
    return ErrorModel(
        name, position, angle, share, count, f"the clinic's own records, {name}", "verified", warnings=tuple(warnings)
    )


def readings(model: ErrorModel, evidence: Evidence | None = None) -> dict[str, ErrorModel]:
    """Other readings of the same model, by name, for a plan's sensitivity.

    All models: nothing or everything shared, tilt about the tip. Fluoroscopy: the published spread read as bias plus
    scatter, and the same group's other series.
    """
    held = evidence or load()
    found = {
        "nothing_shared": replace(model, shared_share=0.0),
        "all_shared": replace(model, shared_share=1.0),
        "measured_at_tip": replace(model, pivot="tip"),
    }
    if model.name == "fluoroscopy":
        entry = held.entry("execution_fluoroscopy")
        bias, scatter = bias_and_scatter(entry.number("position_mean_mm"), entry.number("position_sd_mm"), 3)
        tilt, spread = bias_and_scatter(entry.number("angle_mean_deg"), entry.number("angle_sd_deg"), 2)
        found["bias_and_scatter"] = replace(
            model, position_sigma_mm=scatter, position_bias_mm=bias, angle_sigma_deg=spread, angle_bias_deg=tilt
        )
        second = held.entry("execution_fluoroscopy_second")
        found["second_series"] = replace(
            model,
            position_sigma_mm=second.number("position_mean_mm") / MEAN_OVER_SIGMA_3D,
            angle_sigma_deg=second.number("angle_mean_deg") / MEAN_OVER_SIGMA_2D,
            pivot="tip", n=second.n,
        )  # fmt: skip
    return found


def bias_and_scatter(mean: float, sd: float, dimensions: int) -> tuple[float, float]:
    """The fixed length b and the scatter s per axis for which |b + s N| has this mean and standard deviation.

    The second moment gives b² = mean² + sd² - dimensions s²; s is found by bisection. A spread as wide as pure
    scatter's, or wider, gives no bias.
    """
    square = mean * mean + sd * sd
    high = math.sqrt(square / dimensions)
    if _mean_length(0.0, high, dimensions) >= mean:
        return 0.0, high
    low = 0.0
    for _ in range(60):
        s = 0.5 * (low + high)
        b = math.sqrt(max(0.0, square - dimensions * s * s))
        low, high = (s, high) if _mean_length(b, s, dimensions) > mean else (low, s)
    s = 0.5 * (low + high)
    return math.sqrt(max(0.0, square - dimensions * s * s)), s


def _mean_length(bias: float, sigma: float, dimensions: int) -> float:
    """Mean length of a vector of `dimensions` normal parts around a fixed one: s sqrt(pi/2) L(-1/2; k/2-1)."""
    from scipy.special import hyp1f1

    if sigma <= 0:
        return bias
    ratio = bias / sigma
    front = sigma * math.sqrt(2) * math.gamma((dimensions + 1) / 2) / math.gamma(dimensions / 2)
    return front * float(cast("Any", hyp1f1)(-0.5, dimensions / 2, -ratio * ratio / 2))


def draw(model: ErrorModel, implants: int, simulations: int, seed: int) -> Draws:
    """Errors of `implants` implants in `simulations` operations; the same for the same seed."""
    generator = np.random.default_rng(seed)
    shared, own = math.sqrt(model.shared_share), math.sqrt(1 - model.shared_share)

    def normals(parts: int) -> Floats:
        common = generator.standard_normal((simulations, 1, parts))
        each = generator.standard_normal((simulations, implants, parts))
        return shared * common + own * each

    def directions(parts: int) -> Floats:
        vectors = generator.standard_normal((simulations, 1, parts))
        return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True), dtype=np.float64)

    displacement = model.position_sigma_mm * normals(3)
    tilt = model.angle_sigma_deg * normals(2)
    if model.position_bias_mm or model.angle_bias_deg:
        displacement = displacement + model.position_bias_mm * directions(3)
        tilt = tilt + model.angle_bias_deg * directions(2)
    return Draws(displacement, np.deg2rad(tilt), model.pivot)


def evenly(model: ErrorModel, executions: int) -> Floats:
    """Executions (n, 5) of one implant, spread evenly over the error and always the same: displacements in mm on three
    axes, tangents of two tilts. `executions` is a power of two; a bias counts as scatter."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    points: Any = cast("Any", qmc).Sobol(5, scramble=True, seed=0).random(executions)
    normal = np.asarray(ndtri(np.clip(points, 1e-6, 1 - 1e-6)), dtype=np.float64)
    position = math.hypot(model.position_sigma_mm, model.position_bias_mm / math.sqrt(3))
    tilt = math.hypot(model.angle_sigma_deg, model.angle_bias_deg / math.sqrt(2))
    return np.concatenate([position * normal[:, :3], np.tan(np.radians(tilt) * normal[:, 3:])], axis=1)
