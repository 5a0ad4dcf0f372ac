"""The sacral canal and the foramina as voxels, as far as the input shows them.

Found by what encloses them (`openings_fill`), in the sacrum's own straight box (`openings_box`); what lies beside the
canal is divided into foramina and counted from above (`openings_tunnels`). An input that fills the canal, or a foramen,
shows nothing there: the name is then missing from `Openings.seen`, and nothing may be said about distances to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_box import SacralBox, sacral_box
from nutation.anatomy.openings_masks import grown, looked_up, widened
from nutation.anatomy.openings_tunnels import assign, canal_room, hollow_of, tunnels_of
from nutation.anatomy.pelvis import CANAL, FORAMINA, SACRUM, Openings
from nutation.anatomy.space import Floats


def find_openings(labels: NDArray[np.uint8], spacing_mm: float, low_mm: Floats) -> Openings:
    """Canal and foramina of labels (i, j, k) in the pelvic frame, voxel (0, 0, 0) centred at `low_mm` (3,).

    The voxels given are background of the input, up to the plane of each mouth, so an implant that leaves bone into an
    opening meets them. `seen` names what the input shows, and only that.
    """
    nothing = Openings(np.zeros(labels.shape, dtype=np.uint8), frozenset())
    box = sacral_box(labels, spacing_mm, low_mm)
    if box is None:
        return nothing
    hollow = hollow_of(box)
    canal = canal_room(box, hollow)
    if canal is None:
        return nothing
    tunnels = tunnels_of(box, hollow, canal)
    owner = assign(box, hollow, canal, tunnels)
    codes = np.zeros(box.bone.shape, dtype=np.uint8)
    codes[owner < 0] = CANAL
    seen = {"canal"}
    for number, tunnel in enumerate(tunnels, start=1):
        name = f"s{tunnel.number}_foramen_{tunnel.side}" if tunnel.number <= 2 else "lower_foramina"
        codes[owner == number] = FORAMINA[name]
        seen.add(name)
    return Openings(_on_grid(codes, box, labels, spacing_mm, low_mm), frozenset(seen))


def _on_grid(
    codes: NDArray[np.uint8], box: SacralBox, labels: NDArray[np.uint8], spacing_mm: float, low_mm: Floats
) -> NDArray[np.uint8]:
    """The box's codes on the label grid: only on what the input leaves open.

    The bone's edge falls differently on the two grids: open voxels beside bone take the code of a box voxel next door.
    """
    out = np.zeros(labels.shape, dtype=np.uint8)
    filled = np.argwhere(codes)
    ends = np.array(np.meshgrid(*np.stack([filled.min(axis=0), filled.max(axis=0)], axis=1), indexing="ij"))
    around = (box.points(ends.reshape(3, -1).T.astype(np.float64)) - low_mm) / spacing_mm
    low = np.clip(np.floor(around.min(axis=0)).astype(int) - 1, 0, labels.shape)
    high = np.clip(np.ceil(around.max(axis=0)).astype(int) + 2, 0, labels.shape)
    region = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    here = labels[region]
    grid = np.argwhere(here == 0)
    index = box.index(low_mm + (grid + low) * spacing_mm).T
    plain, wide = looked_up(codes, index), looked_up(widened(codes), index)
    seam = grown(here == SACRUM)[tuple(grid.T)]
    out[tuple((grid + low).T)] = np.where(plain > 0, plain, np.where(seam, wide, 0))
    return out
