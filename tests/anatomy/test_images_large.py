"""Half a gigabyte of slices: read whole, in the memory of a usual computer, with every slice in its place."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from nutation.anatomy.phantom import phantom
from nutation.anatomy.space import Grid, Volume
from nutation.planning.exports.ct_series import ct_series

COARSE_MM = 1.4
ACROSS, UP = 2, 4
"""Each coarse voxel becomes so many pixels, and so many slices."""
MOST_GB = 4.0
"""What a plan may take; the slices as 32-bit numbers alone are 1 GB."""

READ = """
import json, sys
from pathlib import Path
from nutation.anatomy.images import read_image
image = read_image(Path(sys.argv[1]))
values = image.volume.values
# The peak of this process alone: `ru_maxrss` also counts what the process that started it held.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({
    "peak_gb": int(peak.split()[1]) / 1024**2, "shape": values.shape,
    "spacing": list(image.volume.grid.spacing_mm), "sums": [float(values[:, :, k].mean()) for k in (0, 400, 800)],
}))
"""


def written(into: Path) -> tuple[Volume, int]:
    """The phantom in 512 x 512 pixels and about 1000 slices of 0.35 mm, and how many bytes they are."""
    made = phantom()
    low = made.grid(COARSE_MM).origin_mm
    high = low + COARSE_MM * np.array([255, 255, 255])
    volume = made.ct(COARSE_MM, covering=((low[0], low[1], low[2]), (high[0], high[1], high[2])))
    nx, ny, nz = volume.values.shape
    spacing = np.array([COARSE_MM / ACROSS, COARSE_MM / ACROSS, COARSE_MM / UP])
    grid = Grid((nx * ACROSS, ny * ACROSS, 1), spacing, volume.grid.origin_mm, np.eye(3))
    first = Volume(np.zeros(grid.shape, np.float32), grid)
    _, template = next(ct_series(first, patient_id="P", patient_name="P^P", on=date(2026, 1, 1), described="large"))
    head: Any = pydicom.dcmread(io.BytesIO(template))
    size = 0
    for k in range(nz * UP):
        at = grid.points(np.array([[0.0, 0.0, float(k)]]))[0]
        head.ImagePositionPatient = [f"{value:.9g}" for value in at]
        head.InstanceNumber = k + 1
        head.SOPInstanceUID = head.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        pixels = np.clip(np.rint(volume.values[:, :, k // UP]) + 1024, 0, 4095).astype("<u2")
        head.PixelData = np.repeat(np.repeat(pixels, ACROSS, 0), ACROSS, 1).T.tobytes()
        kept = into / f"{k:05d}.dcm"
        head.save_as(kept, enforce_file_format=True)
        size += kept.stat().st_size
    return volume, size


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_half_a_gigabyte_of_slices_is_read_in_less_than_four(tmp_path: Path) -> None:
    volume, size = written(tmp_path)
    assert size > 0.5e9
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["shape"] == [512, 512, 1024]
    assert told["spacing"] == pytest.approx([0.7, 0.7, 0.35], abs=1e-6)
    assert told["sums"] == pytest.approx([float(volume.values[:, :, k // UP].mean()) for k in (0, 400, 800)], abs=0.6)
    assert told["peak_gb"] < MOST_GB
    print(f"peak {told['peak_gb']:.2f} GB")
