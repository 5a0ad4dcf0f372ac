"""Label maps and surfaces of the phantom as files, whole and spoiled, for the tests of reading bones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
import trimesh
from numpy.typing import NDArray

from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.space import Floats, Grid

# TotalSegmentator's ids of task `total`, version 2 (its class map).
TOTAL_IDS = {SACRUM: 25, LEFT_HIP: 77, RIGHT_HIP: 78, L5: 27}


def write_map(path: Path, values: NDArray[Any], grid: Grid, **changes: Any) -> Path:
    """A label map file; `changes` replace spacing, origin or direction in its header and leave the voxels."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    image.SetSpacing([float(x) for x in changes.get("spacing", grid.spacing_mm)])
    image.SetOrigin([float(x) for x in changes.get("origin", grid.origin_mm)])
    image.SetDirection([float(x) for x in np.asarray(changes.get("direction", grid.direction)).ravel()])
    for key, value in changes.get("meta", {}).items():
        image.SetMetaData(key, value)
    SimpleITK.WriteImage(image, str(path))
    return path


def renamed(values: NDArray[Any], ids: Mapping[int, int]) -> NDArray[np.uint8]:
    """The labels with other ids; codes that are not named become background."""
    out = np.zeros_like(values, dtype=np.uint8)
    for code, value in ids.items():
        out[values == code] = value
    return out


def write_mapping(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


Surfaces = Mapping[int, tuple[Floats, NDArray[np.int64]]]


def write_surfaces(folder: Path, meshes: Surfaces, kind: str = "stl", *, factor: float = 1.0) -> dict[int, Path]:
    """Sacrum and hips as surface files."""
    paths: dict[int, Path] = {}
    for code, name in ((SACRUM, "sacrum"), (LEFT_HIP, "left"), (RIGHT_HIP, "right")):
        vertices, faces = meshes[code]
        paths[code] = folder / f"{name}.{kind}"
        trimesh.Trimesh(vertices * factor, faces, process=False).export(paths[code])
    return paths


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2.0 * (one & other).sum() / (one.sum() + other.sum()))
