"""What `nutation plan` is given, as one pelvis: a CT, a label map, both, or three surfaces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nutation.anatomy.images import Image, read_image
from nutation.anatomy.images.read import VOLUME_SUFFIXES
from nutation.anatomy.labels import read_labels
from nutation.anatomy.labels_read import read_label_map
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.source import Source
from nutation.anatomy.space import Grid
from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError

# A label map has whole numbers, none negative, and few different ones: TotalSegmentator's largest id is 117, other
# sets stay below 256. A CT has thousands, from -1024 up.
_MOST_LABELS = 256
# Every so many voxels along each axis are looked at first: that tells a CT at once, whatever its size.
_EVERY = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the bones come from, as the options name it."""

    image: Path | None
    labels: Path | None
    mapping: Path | None
    sacrum: Path | None
    left_hip: Path | None
    right_hip: Path | None
    series: str | None
    first_look: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """The input read: bones, the CT if there is one, the grid of the input's voxels if it has any.

    `how` says in words where the bones come from; `ours` that Nutation found them in the CT itself.
    """

    shapes: BoneShapes
    image: Image | None
    grid: Grid | None
    how: str
    ours: bool = False

    @property
    def source(self) -> Source:
        """Of whom, and where left and right come from."""
        return self.shapes.source


def checked(asked: Asked) -> Asked:
    """The same, if the options fit together. Raises UsageError."""
    surfaces = {"--sacrum": asked.sacrum, "--left-hip": asked.left_hip, "--right-hip": asked.right_hip}
    named = [name for name, path in surfaces.items() if path is not None]
    if named and len(named) < len(surfaces):
        lacking = " and ".join(name for name in surfaces if name not in named)
        raise UsageError(f"three surfaces are needed, or none: give {lacking} too.")
    if named and (asked.image is not None or asked.labels is not None):
        raise UsageError("give an image (with --labels), or three surfaces, not both.")
    if not named and asked.image is None:
        raise UsageError("name an image or a label map, or give --sacrum, --left-hip and --right-hip.")
    if asked.mapping is not None and named:
        raise UsageError("--mapping names the ids of a label map; surfaces have none.")
    if asked.series is not None and named:
        raise UsageError("--series chooses within a DICOM folder; surfaces have none.")
    return asked


def read(asked: Asked) -> Given:
    """Read what was asked for. Raises InputError."""
    if asked.image is None:
        assert asked.sacrum is not None
        assert asked.left_hip is not None
        assert asked.right_hip is not None
        shapes = read_meshes(asked.sacrum, asked.left_hip, asked.right_hip)
        return Given(shapes, None, None, "three surfaces given by the user")
    if is_label_map(asked.image):
        return _labels_alone(asked, asked.image)
    image = read_image(asked.image, series=asked.series)
    source = replace(image.source, warnings=tuple(dict.fromkeys((*image.source.warnings, *image.warnings))))
    image = replace(image, source=source)
    if asked.labels is not None:
        shapes = read_labels(asked.labels, mapping=asked.mapping, image=image)
        return Given(shapes, image, image.volume.grid, f"label map {asked.labels.name} given by the user")
    if asked.mapping is not None:
        raise UsageError("--mapping names the ids of a label map; give the map with --labels.")
    return _from_the_ct(asked, image)


def _from_the_ct(asked: Asked, image: Image) -> Given:
    """The bones of a CT that came without labels: by TotalSegmentator, or by our own first look where it is asked for.

    Raises InputError where neither may be used: our own outlines miss the sacrum by millimetres (decision 0010), and a
    plan on them looks like any other.
    """
    from nutation.anatomy.segmentation import segment
    from nutation.anatomy.segmentation_total import by_totalsegmentator, installed

    if installed():
        return Given(by_totalsegmentator(image), image, image.volume.grid, "segmented from the CT by TotalSegmentator")
    if not asked.first_look:
        assert asked.image is not None
        raise InputError(
            "is a CT without labels of its bones, and labels are required for a plan: outlines by Nutation alone miss "
            "the surface of the sacrum by several millimetres.",
            file=asked.image.name,
            mend="give --labels MAP, or pip install 'nutation[segment]' for TotalSegmentator; "
            "--first-look shows what can be shown without, and gives no operation sheet.",
        )
    return Given(segment(image), image, image.volume.grid, "segmented from the CT by Nutation, a first look", ours=True)


def _labels_alone(asked: Asked, path: Path) -> Given:
    if asked.labels is not None:
        raise InputError(
            "is itself a label map, and --labels names another.",
            file=path.name,
            mend="give the CT as IMAGE and the map with --labels, or leave out --labels.",
        )
    if asked.series is not None:
        raise UsageError("--series chooses within a DICOM folder; a label map has none.")
    shapes = read_labels(path, mapping=asked.mapping)
    return Given(shapes, None, read_label_map(path).grid, f"label map {path.name} given by the user")


def is_label_map(path: Path) -> bool:
    """Whether a volume file holds labels rather than a CT: whole numbers, none negative, few different ones.

    A DICOM folder or file is never one; what cannot be read is left to the readers to complain of.
    """
    if not path.is_file() or not path.name.lower().endswith(VOLUME_SUFFIXES):
        return False
    import SimpleITK

    library: Any = SimpleITK
    try:
        image = library.ReadImage(str(path))
        values = library.GetArrayViewFromImage(image)  # a view: it lives as long as the image does
    except RuntimeError:
        return False
    for part in (values[(slice(None, None, _EVERY),) * values.ndim], values):
        found = np.unique(np.asarray(part))
        whole = np.issubdtype(found.dtype, np.integer) or bool(np.all(np.equal(np.mod(found, 1), 0)))
        if not whole or len(found) > _MOST_LABELS or float(found[0]) < 0:
            return False
    return True
