"""``nutation plan phantom DIR``: a pelvis made by code as CT, label map and surfaces, to try planning on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from nutation.anatomy.pelvis import BONE_NAMES
from nutation.anatomy.phantom import phantom, tilted
from nutation.anatomy.space import Frame
from nutation.cli.output import console, folder, print_json, progress, written
from nutation.cli.plan_command import Options
from nutation.planning.exports.ct_series import ct_series
from nutation.planning.exports.overlays import nifti, with_known_ids
from nutation.planning.exports.stl import stl
from nutation.planning.exports.surfaces import Surface

# As a person lies in a scanner: a little tilted and turned, and with the noise of a usual pelvic CT.
_TILT_DEG, _TURN_DEG, NOISE_HU = 8.0, 3.0, 15.0
# Slices lie this much further apart than the pixels in them.
SLICE_SHARE = 1.5
_ON = date(2026, 1, 15)
PATIENT = ("PHANTOM", "Phantom^Nutation")


def placed_as_scanned() -> Frame:
    """How the phantom lies in the scanner before the operation."""
    return tilted(tilt_deg=_TILT_DEG, turn_deg=_TURN_DEG)


def run(into: Path, options: Options) -> None:
    """Write the phantom: `ct/` (DICOM), `labels.nii.gz` on the CT's grid, `sacrum.stl` and the hips' surfaces.

    `--resolution` is the edge of its pixels.
    """
    folder(into)
    paths: list[Path] = []
    with progress("Making the phantom …", options.quiet):
        made = phantom(pose=placed_as_scanned())
        pixel_mm = options.resolution
        volume = made.ct((pixel_mm, pixel_mm, SLICE_SHARE * pixel_mm), noise_hu=NOISE_HU, seed=options.seed)
        slices = ct_series(
            volume,
            patient_id=PATIENT[0],
            patient_name=PATIENT[1],
            on=_ON,
            described="Phantom made by code, no patient",
        )
        folder(into / "ct")
        paths.extend(written(into / "ct" / name, content) for name, content in slices)
        paths.append(
            written(into / "labels.nii.gz", nifti(with_known_ids(made.shapes.sampled(volume.grid)), volume.grid))
        )
        for code, (vertices, faces) in made.meshes().items():
            name = BONE_NAMES[code].replace(" ", "_").lower()
            paths.append(written(into / f"{name}.stl", stl(Surface(name, name, vertices, faces))))
    if options.json:
        print_json({"folder": str(into), "files": [str(path.relative_to(into)) for path in paths]})
    elif not options.quiet:
        page = console()
        page.print(f"Written: {len(paths)} files in {into}", soft_wrap=True, markup=False)
        told = f"nutation plan {into / 'ct'} --labels {into / 'labels.nii.gz'} --side left --out DIR"
        page.print(f"Next: {told}", soft_wrap=True, markup=False)
