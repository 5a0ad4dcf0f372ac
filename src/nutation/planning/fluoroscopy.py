"""A virtual fluoroscope: what an X-ray of this pelvis shows from a given place, with implants and guide pins in it.

Rays run from a point source through the pelvis to a flat detector (a cone beam), attenuation follows Beer and Lambert
from the CT's HU, `mu = mu_water (1 + HU / 1000)`, at one energy; without a CT the bones are given the HU of cortical
and trabecular bone and every picture says so. Metal is added from its exact shape. Everything is in the pelvic frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import BONE_NAMES, METAL, Pelvis
from nutation.anatomy.solids import axes, section_outline
from nutation.anatomy.space import Floats, unit
from nutation.evidence import load
from nutation.planning.fluoroscopy_filters import blurred, grown, shrunk
from nutation.planning.fluoroscopy_kernels import line_integrals, path_lengths

_STEP_VOXELS = 1.0  # one sample a voxel: halving it changes a pelvis's image by less than a thousandth
_MM_IN_CM = 10.0
_CORNERS = {"triangle": 3, "square": 4}

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CArm:
    """How a C-arm is built: distances from the source, the detector's edge (square) and its pixels an edge."""

    source_detector_mm: float
    source_object_mm: float
    detector_mm: float
    pixels: int


@dataclass(frozen=True, slots=True)
class Camera:
    """Source and detector in one place. The image is seen from the detector, looking towards the source.

    `source_mm` and `detector_mm` (3,) are the focus and the detector's centre; `across` and `down` (3,) unit vectors
    along an image row (to the right) and column (downwards). Pixel coordinates are (column, row), whole numbers at
    pixel centres, (0, 0) at the upper left.
    """

    source_mm: Floats
    detector_mm: Floats
    across: Floats
    down: Floats
    pixel_mm: float
    rows: int
    columns: int

    @property
    def beam(self) -> Floats:
        """The central ray's direction (3,), from source to detector."""
        return unit(self.detector_mm - self.source_mm)

    @property
    def corner_mm(self) -> Floats:
        """The centre of pixel (0, 0), (3,)."""
        half = self.pixel_mm / 2
        return self.detector_mm - half * ((self.columns - 1) * self.across + (self.rows - 1) * self.down)

    def project(self, points_mm: Floats) -> Floats:
        """Where points (n, 3) fall on the detector: pixels (n, 2) as (column, row), inside the image or not."""
        normal = np.cross(self.across, self.down)
        rays = points_mm - self.source_mm
        reach = ((self.detector_mm - self.source_mm) @ normal) / (rays @ normal)
        hits = self.source_mm + reach[:, None] * rays - self.corner_mm
        return np.stack([hits @ self.across, hits @ self.down], axis=1) / self.pixel_mm

    def rays(self, pixels: Floats) -> Floats:
        """Unit directions (n, 3) from the source to pixels (n, 2)."""
        steps = self.pixel_mm * (pixels[:, :1] * self.across + pixels[:, 1:] * self.down)
        return unit(self.corner_mm + steps - self.source_mm)

    def magnification(self, point_mm: Floats) -> float:
        """How much larger than life an object at this point (3,) is on the detector."""
        whole = (self.detector_mm - self.source_mm) @ self.beam
        return float(whole / ((point_mm - self.source_mm) @ self.beam))

    def coarser(self, pixels: int) -> Camera:
        """The same detector with fewer, larger pixels: `pixels` along a row."""
        times = self.columns / pixels
        return replace(
            self, pixel_mm=self.pixel_mm * times, columns=pixels, rows=max(1, round(self.rows / times))
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attenuation:
    """What the rays run through: linear attenuation in 1/mm, with an empty border of one voxel.

    `drawn_from` is `ct` or `labels`; `said` is what a picture must say of it.
    """

    values: NDArray[np.float32]
    low_mm: Floats
    spacing_mm: float
    drawn_from: Literal["ct", "labels"]
    said: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A guide pin: a thin steel cylinder from `outer_mm` (3,), outside the body, to `tip_mm` (3,)."""

    outer_mm: Floats
    tip_mm: Floats
    diameter_mm: float


def c_arm() -> CArm:
    """The C-arm that the pictures assume (evidence entry `carm_geometry`)."""
    entry = load().entry("carm_geometry")
    return CArm(
        entry.number("source_detector_mm"), entry.number("source_object_mm"),
        entry.number("detector_mm"), int(entry.number("pixels")),
    )  # fmt: skip


def aimed(target_mm: Floats, beam: Floats, up: Floats, arm: CArm) -> Camera:
    """The camera whose central ray runs along `beam` (source to detector) through `target_mm`.

    `up` (3,) is what points upwards on the image (made square to the beam). Raises ValueError where the two run
    along one line.
    """
    beam = unit(np.asarray(beam, dtype=float))
    upward = np.asarray(up, dtype=float) - np.dot(up, beam) * beam
    if np.linalg.norm(upward) < 1e-6:
        raise ValueError("the image's upward direction runs along the beam; choose another.")
    down = -unit(upward)
    source = target_mm - arm.source_object_mm * beam
    # Seen from the detector towards the source, right is `looking x up`, and one looks against the beam.
    return Camera(
        source, source + arm.source_detector_mm * beam, np.cross(-beam, -down), down,
        arm.detector_mm / arm.pixels, arm.pixels, arm.pixels,
    )  # fmt: skip


def water_per_mm() -> float:
    """Water's attenuation at the pictures' energy, 1/mm (evidence entry `mu_water`)."""
    return load().entry("mu_water").number("per_cm") / _MM_IN_CM


def metal_per_mm(metal: Literal["titanium", "steel"]) -> float:
    """A metal's attenuation at the pictures' energy, 1/mm (evidence entry `mu_metal`)."""
    return load().entry("mu_metal").number(f"{metal}_per_cm") / _MM_IN_CM


def attenuation_of(pelvis: Pelvis, *, soft_tissue: bool = False) -> Attenuation:
    """The pelvis as the rays meet it.

    From the CT where there is one; soft tissue is left out unless asked for, because a crop of a scan ends in edges
    that no patient has and bowel gas hides the lines to look for: what is left is bone's attenuation above water.
    """
    if pelvis.hu is None:
        return _from_labels(pelvis)
    hu = pelvis.hu
    if soft_tissue:
        return _packed(pelvis, water_per_mm() * (1 + np.maximum(hu, -1000) / 1000), "ct", "Drawn from the CT.")
    dense = load().entry("drr_bone").number("dense_hu")
    # One voxel around the labels belongs to them: the cortex's outer half is blurred into it.
    bone = grown(pelvis.bone(*BONE_NAMES, METAL)) | (hu >= dense)
    above = np.where(bone, np.maximum(hu, 0), 0)
    return _packed(pelvis, water_per_mm() * above / 1000, "ct", "Drawn from the CT, soft tissue left out.")


def _from_labels(pelvis: Pelvis) -> Attenuation:
    entry = load().entry("drr_bone")
    layers = max(1, round(entry.number("cortex_mm") / pelvis.spacing_mm))
    hu = np.zeros(pelvis.labels.shape, np.float32)
    for code in BONE_NAMES:
        bone = pelvis.bone(code)
        inside = shrunk(bone, layers)
        hu[bone] = entry.number("cortical_hu")
        hu[inside] = entry.number("trabecular_hu")
    hu[pelvis.bone(METAL)] = entry.number("metal_hu")
    # Labels have stairs that no bone has; half a voxel of blur takes them off without moving an edge.
    smooth = blurred(hu, 0.5)
    return _packed(pelvis, water_per_mm() * smooth / 1000, "labels", "Drawn from labels, not from a CT.")


def _packed(
    pelvis: Pelvis, values: NDArray[np.floating], drawn_from: Literal["ct", "labels"], said: str
) -> Attenuation:
    """Cut to what attenuates at all, with an empty border: rays then lose no time in air."""
    found: list[tuple[int, int]] = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        filled = np.flatnonzero((values > 0).any(axis=others))
        found.append((int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, 1))
    cut = np.pad(values[tuple(slice(a, b) for a, b in found)], 1).astype(np.float32)
    first = np.array([a - 1 for a, _ in found], dtype=float)
    return Attenuation(
        np.ascontiguousarray(cut), pelvis.low_mm + first * pelvis.spacing_mm, pelvis.spacing_mm, drawn_from, said
    )


def shadow(attenuation: Attenuation, camera: Camera) -> Image:
    """The optical depth (rows, columns) along every ray: `-log` of the share of the beam that arrives."""
    return line_integrals(
        attenuation.values, attenuation.low_mm, attenuation.spacing_mm, *_geometry(camera), _STEP_VOXELS
    )


def implant_path_mm(implant: Implant, camera: Camera) -> Image:
    """Millimetres of metal (rows, columns) along every ray through an implant, less the hole for its pin."""
    size, pose = implant.size, implant.pose
    ends_n, ends_o = _ends(pose.direction, size.length_mm)
    if size.section == "circle":
        metal = _path(ends_n, ends_o, pose.entry_mm, pose.direction, size.diameter_mm / 2, camera)
    else:
        walls_n, walls_o = section_walls(implant)
        normals, offsets = np.vstack([ends_n, walls_n]), np.concatenate([ends_o, walls_o])
        metal = _path(normals, offsets, pose.entry_mm, pose.direction, 0.0, camera)
    if size.cannulated and size.pin_diameter_mm:
        metal = metal - _path(ends_n, ends_o, pose.entry_mm, pose.direction, size.pin_diameter_mm / 2, camera)
    return metal


def section_walls(implant: Implant) -> tuple[Floats, Floats]:
    """The long walls of a prism as outward normals (k, 3) and their distances (k,) from its axis."""
    corners = section_outline(implant.size, _CORNERS[implant.size.section])
    middles = (corners + np.roll(corners, -1, axis=0)) / 2
    distances = np.asarray(np.linalg.norm(middles, axis=1), dtype=np.float64)
    return unit(middles) @ axes(implant.pose)[:2], distances


def pin_path_mm(pin: Pin, camera: Camera) -> Image:
    """Millimetres of steel (rows, columns) along every ray through a guide pin."""
    direction = unit(pin.tip_mm - pin.outer_mm)
    normals, offsets = _ends(direction, float(np.linalg.norm(pin.tip_mm - pin.outer_mm)))
    return _path(normals, offsets, pin.outer_mm, direction, pin.diameter_mm / 2, camera)


def guide_pin(implant: Implant) -> Pin:
    """The pin over which an implant goes: from outside the entry to the implant's tip (evidence `guide_pin`)."""
    entry = load().entry("guide_pin")
    diameter = implant.size.pin_diameter_mm or entry.number("diameter_mm")
    return Pin(implant.pose.at(-entry.number("outside_mm")), implant.tip_mm, diameter)


def with_metal(bone: Image, camera: Camera, *, implants: Sequence[Implant] = (), pins: Sequence[Pin] = ()) -> Image:
    """The optical depth with titanium implants and steel pins added to the bone's (which they displace, unsaid)."""
    total = bone.copy()
    for implant in implants:
        total += np.float32(metal_per_mm("titanium")) * implant_path_mm(implant, camera)
    for pin in pins:
        total += np.float32(metal_per_mm("steel")) * pin_path_mm(pin, camera)
    return total


def window_of(bone: Image) -> tuple[float, float]:
    """Black and white point of a picture: the same for a view without and with metal, so that bone looks alike."""
    lit = bone[bone > 0]
    if not lit.size:
        return 0.0, 1.0
    return 0.0, float(np.percentile(lit, 99.5)) * 1.25


def as_seen(depth: Image, window: tuple[float, float]) -> NDArray[np.uint8]:
    """Grey levels (rows, columns) as a fluoroscope's screen shows them: the log of the beam, dense things dark."""
    low, high = window
    dark = np.clip((depth - low) / (high - low), 0.0, 1.0)
    return (235 * (1 - dark**0.8)).astype(np.uint8)


def _geometry(camera: Camera) -> tuple[Floats, Floats, Floats, Floats, int, int]:
    return (
        np.asarray(camera.source_mm, dtype=float), camera.corner_mm, camera.pixel_mm * camera.across,
        camera.pixel_mm * camera.down, camera.rows, camera.columns,
    )  # fmt: skip


def _ends(direction: Floats, length_mm: float) -> tuple[Floats, Floats]:
    return np.vstack([-direction, direction]), np.array([0.0, length_mm])


def _path(normals: Floats, offsets: Floats, base: Floats, axis: Floats, radius: float, camera: Camera) -> Image:
    return path_lengths(
        np.ascontiguousarray(normals, dtype=float), np.ascontiguousarray(offsets, dtype=float),
        np.asarray(base, dtype=float), np.asarray(axis, dtype=float), float(radius), *_geometry(camera),
    )  # fmt: skip
