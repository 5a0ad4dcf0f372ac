"""TotalSegmentator at its boundary: a stand-in of its Python API that writes maps with its ids, and its faults.

The stand-in has the published signature (version 2) and habits: it keeps only what `roi_subset` names, prints to
standard output whatever it is told, and reports its use. The real one, with its weights, is not run here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from anatomy.bones_made import TOTAL_IDS, dice, renamed
from nutation.anatomy.images import Image
from nutation.anatomy.labels_field import to_sitk
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import Phantom, phantom
from nutation.anatomy.segmentation import bones_of
from nutation.anatomy.segmentation_total import by_totalsegmentator, installed
from nutation.anatomy.source import Source
from nutation.record.errors import InputError

SPACING = 3.0

STAND_IN = """
import sys
from pathlib import Path
import SimpleITK

HERE = Path(__file__).parent
NAMES = {25: "sacrum", 26: "vertebrae_S1", 27: "vertebrae_L5", 77: "hip_left", 78: "hip_right", 90: "brain"}


def send_usage_stats(config, params):
    (HERE / "sent").write_text("sent")


def totalsegmentator(input, output=None, ml=False, nr_thr_resamp=1, nr_thr_saving=6, fast=False, nora_tag="None",
                     preview=False, task="total", roi_subset=None, statistics=False, radiomics=False, crop_path=None,
                     body_seg=False, force_split=False, output_type="nifti", quiet=False, verbose=False, test=0,
                     skip_saving=False, device="gpu", license_number=None, statistics_exclude_masks_at_border=True,
                     no_derived_masks=False, v1_order=False, fastest=False, roi_subset_robust=None):
    assert isinstance(input, (str, Path)) and str(input).endswith(".nii.gz")
    assert ml and task == "total"
    assert type(roi_subset) is list and set(roi_subset) <= set(NAMES.values())
    print("Using Device: cpu")
    fault = (HERE / "fault").read_text()
    if fault == "exit":
        sys.exit(1)
    if fault == "raise":
        raise ConnectionError("no weights there\\nand more")
    if fault == "nothing":
        return
    given, held = SimpleITK.ReadImage(str(input)), SimpleITK.ReadImage(str(HERE / "truth.nii.gz"))
    assert given.GetSize() == held.GetSize() and given.GetPixelID() != SimpleITK.sitkUInt8
    values = SimpleITK.GetArrayFromImage(held)
    for number, name in NAMES.items():
        if name not in roi_subset or fault == f"no {name}":
            values[values == number] = 0
    made = SimpleITK.GetImageFromArray(values)
    made.CopyInformation(given)
    SimpleITK.WriteImage(made, str(output))
    send_usage_stats({}, {})
"""


@pytest.fixture(scope="module")
def whole() -> Phantom:
    return phantom()


@pytest.fixture
def package(tmp_path: Path, whole: Phantom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-in on the path of Python; its folder takes `fault` and tells what was `sent`."""
    folder = tmp_path / "site" / "totalsegmentator"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "python_api.py").write_text(STAND_IN)
    (folder / "fault").write_text("")
    truth = whole.labels(SPACING)
    values = renamed(truth.values, TOTAL_IDS)
    # TotalSegmentator cuts S1 out of its sacrum, and finds other organs too.
    upper = int(np.argwhere(values == 25)[:, 2].mean())
    values[:, :, upper:][values[:, :, upper:] == 25] = 26
    values[2:6, 2:6, 2:6] = 90
    SimpleITK.WriteImage(to_sitk(values.astype(np.uint8), truth.grid), str(folder / "truth.nii.gz"))
    monkeypatch.syspath_prepend(str(folder.parent))
    yield folder
    for name in ("totalsegmentator", "totalsegmentator.python_api"):
        sys.modules.pop(name, None)  # else it would count as installed for every test after


@pytest.fixture(scope="module")
def image(whole: Phantom) -> Image:
    return Image(whole.ct(SPACING), Source(("pelvis_ct",), "dicom", patient_id="P1", modality="CT"))


def test_its_labels_become_the_bones(
    package: Path, image: Image, whole: Phantom, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installed()
    shapes = by_totalsegmentator(image)
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP, L5}
    truth = whole.labels(SPACING).values
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP, L5):
        # S1 asked for and joined to the sacrum: without it about a third of the bone would be missing.
        assert dice(shapes.sampled(image.volume.grid) == code, truth == code) > 0.999
    assert shapes.source.files == ("pelvis_ct",)
    assert (shapes.source.patient_id, shapes.source.orientation) == ("P1", "dicom")
    assert any("TotalSegmentator" in text for text in shapes.source.warnings)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Using Device" in told.err
    assert not (package / "sent").exists()


def test_it_is_taken_by_itself_where_it_is_installed(package: Path, image: Image) -> None:
    assert package.is_dir()
    assert any("TotalSegmentator" in text for text in bones_of(image).source.warnings)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("exit", "could not label it .SystemExit: 1"),
        ("raise", "could not label it .ConnectionError: no weights there.\\."),
        ("nothing", "wrote no labels"),
        ("no vertebrae_S1", "found no S1 in this CT"),
        ("no hip_left", "found no left hip in this CT"),
    ],
)
def test_its_faults_are_told_with_the_ct_and_a_mend(package: Path, image: Image, fault: str, word: str) -> None:
    (package / "fault").write_text(fault)
    with pytest.raises(InputError, match=word) as caught:
        by_totalsegmentator(image)
    assert "pelvis_ct" in str(caught.value)
    assert "--labels" in str(caught.value)
