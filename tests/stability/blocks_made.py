"""Made bones for the tests of stability: labels from a function of place, as a pelvis without landmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import Joint, Levels, Openings, Pelvis
from nutation.anatomy.source import Side, Source
from nutation.anatomy.space import Floats, Frame, Grid

Inside = Callable[[Floats], NDArray[np.bool_]]


def made_pelvis(
    bones: Mapping[int, Inside],
    low_mm: tuple[float, float, float],
    high_mm: tuple[float, float, float],
    spacing_mm: float = 1.0,
    *,
    hu: NDArray[np.float32] | None = None,
    joints: Mapping[Side, Joint] | None = None,
) -> Pelvis:
    """A pelvis whose labels are the codes wherever their functions of places (n, 3) are true; later ones win."""
    axes = [np.arange(low, high + 1e-9, spacing_mm) for low, high in zip(low_mm, high_mm, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape = places.shape[:3]
    labels = np.zeros(shape, np.uint8)
    for code, inside in bones.items():
        labels[inside(places.reshape(-1, 3)).reshape(shape)] = code
    return Pelvis(
        frame=Frame(np.eye(3), np.zeros(3)),
        grid=Grid((shape[0], shape[1], shape[2]), np.full(3, spacing_mm), np.array(low_mm, float), np.eye(3)),
        labels=labels,
        hu=hu,
        openings=Openings(np.zeros(shape, np.uint8), frozenset()),
        levels=Levels({}),
        joints=joints or {},
        landmarks={},
        directions={},
        angles_deg={},
        source=Source(("made",), "unverified"),
    )


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Inside:
    """A box between two corners."""
    return lambda places: ((places > np.array(low)) & (places < np.array(high))).all(axis=1)


def ball(centre: tuple[float, float, float], radius: float) -> Inside:
    """A ball."""
    return lambda places: ((places - np.array(centre)) ** 2).sum(axis=1) < radius**2


def turned(inside: Inside, degrees: float, axis: int = 2, about: tuple[float, float, float] = (0, 0, 0)) -> Inside:
    """A shape turned about a place, right-handed about an axis."""
    matrix = turning(degrees, axis)
    return lambda places: inside((places - np.array(about)) @ matrix + np.array(about))


def turning(degrees: float, axis: int = 2) -> Floats:
    """The rotation matrix (3, 3)."""
    angle = np.radians(degrees)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[other, other] = np.cos(angle)
    matrix[other, one], matrix[one, other] = np.sin(angle), -np.sin(angle)
    return matrix
