"""What each bone is made of: moduli by shell and core, or from a CT's attenuation by a named relation.

Without a CT a bone is a cortical shell around a trabecular core; a cell's modulus is that of its shares side by side
(Voigt). With one, it is the relation of `modulus_from_density` at every voxel: HU give a density of hydroxyapatite by
an assumed line, since scanners here come without calibration, and everything from it says "uncalibrated CT". The law
keeps its floor, so that partly filled voxels at the surface and fat never come out softer than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_masks import part_of
from nutation.anatomy.pelvis import BONE_NAMES, SACRUM, Pelvis
from nutation.evidence import load
from nutation.record.errors import InputError

NEGATIVE_SHARE = 1.0 / 3.0
"""With more of a bone's voxels below water than this, the attenuation is doubted: fat in marrow lies below water, but
not in so much of a bone."""

RESOLVED_MM = 2.0
"""Shell and core are told apart no finer than this, the size of the usual cubes. A millimetre of shell on a core 170
times softer, and an end-plate of a quarter of a millimetre, would be another bone at every size of cube: coarse cubes
take the core beside the shell for stiff, and the joint's motion rose by 4 to 8 % from 2 to 1 mm. Evened out over the
same length, all cubes up to 2 mm stand for one bone; the shell keeps its volume, and its stiffness along itself."""

UNCALIBRATED = "uncalibrated CT"
"""What every result says whose moduli come from a CT."""


@dataclass(frozen=True, slots=True)
class BoneFigures:
    """The figures of shell and core; `plate_mm` is the thickness of the end-plate at the joint of sacrum and hip."""

    cortical_mpa: float
    trabecular_mpa: float
    poisson: float
    shell_mm: float
    sacral_plate_mm: float
    iliac_plate_mm: float

    def plate_mm(self, code: int) -> float:
        """The end-plate of one bone."""
        return self.sacral_plate_mm if code == SACRUM else self.iliac_plate_mm


@dataclass(frozen=True, slots=True)
class Attenuated:
    """A modulus (float32, MPa) at every voxel of the pelvis's grid, and what has to be said of it."""

    modulus_mpa: NDArray[np.float32]
    warnings: tuple[str, ...]


MATERIAL_ENTRIES = ("bone_moduli", "cortex_thickness", "endplate_thickness")
"""Entries of the evidence that a model without a CT rests on."""

CT_ENTRIES = ("modulus_from_density", "density_from_hu")
"""Entries of the evidence that a model with a CT rests on."""


def bone_figures(*, shell_mm: float | None = None) -> BoneFigures:
    """The cited figures of shell and core; `shell_mm` in place of the assumed thickness."""
    evidence = load()
    moduli, plates = evidence.entry("bone_moduli"), evidence.entry("endplate_thickness")
    return BoneFigures(
        cortical_mpa=moduli.number("cortical_mpa"),
        trabecular_mpa=moduli.number("trabecular_mpa"),
        poisson=moduli.number("cortical_poisson"),
        shell_mm=evidence.entry("cortex_thickness").number() if shell_mm is None else shell_mm,
        sacral_plate_mm=plates.number("sacral_mm"),
        iliac_plate_mm=plates.number("iliac_mm"),
    )


def mixed_modulus(filled: NDArray[np.float32], shell: NDArray[np.float32], figures: BoneFigures) -> NDArray[np.float32]:
    """The modulus of cells by their shares of bone and of shell, what is not bone having none."""
    core = np.maximum(filled - shell, np.float32(0))
    return np.asarray(
        shell * np.float32(figures.cortical_mpa) + core * np.float32(figures.trabecular_mpa), dtype=np.float32
    )


def smeared(filled: NDArray[np.float32], shell: NDArray[np.float32], spacing_mm: float) -> NDArray[np.float32]:
    """The share of shell in cells (nx, ny, nz), evened out over `RESOLVED_MM` less what the cell itself evens out.

    It is handed only to where bone is, and keeps its sum.
    """
    spread = max(RESOLVED_MM**2 - spacing_mm**2, 0.0) / 12.0 / spacing_mm**2
    if spread == 0.0:
        return shell
    times = int(np.ceil(2.0 * spread))
    bone = np.maximum(_evened(filled, spread, times), np.float32(1e-6))
    return filled * _evened(np.where(filled > 0, shell / bone, 0).astype(np.float32), spread, times)


def _evened(values: NDArray[np.float32], spread: float, times: int) -> NDArray[np.float32]:
    """Values convolved `times` over along each axis; the kernel's variance comes to `spread` cells squared."""
    from scipy import ndimage

    part = spread / times
    kernel = np.array([part / 2, 1 - part, part / 2])
    for _ in range(times):
        for axis in range(3):
            values = cast("Any", ndimage).correlate1d(values, kernel, axis=axis, mode="constant")
    return np.asarray(values, dtype=np.float32)


def modulus_of_hu(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """The modulus in MPa at each attenuation: HU to hydroxyapatite (assumed), to ash, to modulus (named relation).

    Negative densities count as none; what is as dense as metal counts as the densest bone.
    """
    line, law = load().entry("density_from_hu"), load().entry("modulus_from_density")
    most = load().entry("metal_on_ct").number("metal_hu")
    hydroxyapatite = line.number("offset_g_per_cm3") + line.number("g_per_cm3_per_hu") * np.minimum(hu, most)
    ash = (np.maximum(hydroxyapatite, 0.0) + law.number("ash_shift")) / law.number("ash_divisor")
    dense = law.number("factor_mpa") * ash ** law.number("exponent")
    return np.where(ash > law.number("dense_from"), dense, law.number("floor_mpa")).astype(np.float32)


def attenuated(pelvis: Pelvis, codes: tuple[int, ...]) -> Attenuated | None:
    """The modulus at every voxel from the pelvis's CT; None where it has none.

    Raises InputError where a whole bone lies below water: the values then are not HU.
    """
    if pelvis.hu is None:
        return None
    if not np.isfinite(pelvis.hu).all():
        raise InputError("the CT holds values that are no numbers", place="CT", mend="export it again")
    warnings = [f"Moduli come from an {UNCALIBRATED} by an assumed line from HU to density (unverified)."]
    for code in codes:
        part = part_of(pelvis.labels, code)
        if part is None:
            continue
        values = pelvis.hu[part][pelvis.labels[part] == code]
        name = BONE_NAMES[code]
        if float(np.median(values)) < 0:
            raise InputError(
                f"the {name} has a median of {np.median(values):.0f} HU, a negative density",
                place="CT",
                mend="look whether values are in HU (air -1000, water 0) and whether labels and CT belong together",
            )
        negative = float((values < 0).mean())
        if negative > NEGATIVE_SHARE:
            warnings.append(f"{negative:.0%} of the {name} lie below water (0 HU): negative densities count as none.")
    return Attenuated(modulus_of_hu(pelvis.hu), tuple(warnings))
