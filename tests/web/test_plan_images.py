"""Images that are uploaded or pointed to: names never become paths, and nobody sees another patient's upload."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from nutation.record.errors import InputError
from nutation.web.planning import images

ONE, OTHER = "a" * 32, "b" * 32


def _zip(names: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in names.items():
            packed.writestr(name, content)
    made.seek(0)
    return made


def test_an_upload_is_named_by_its_digest_and_seen_by_its_patient_alone(tmp_path: Path) -> None:
    (tmp_path / "for-all.nii.gz").write_bytes(b"x")
    name = images.keep(tmp_path, ONE, "../../etc/passwd.nii.gz", io.BytesIO(b"volume"))
    assert images.place(tmp_path, ONE, name).read_bytes() == b"volume"
    assert images.place(tmp_path, ONE, name).is_relative_to(tmp_path / images.UPLOADED / ONE)
    assert [one.name for one in images.offered(tmp_path, OTHER)] == ["for-all.nii.gz"]
    with pytest.raises(InputError, match="no such image"):
        images.place(tmp_path, OTHER, name)


def test_slices_in_a_zip_are_unpacked_flat_whatever_their_names(tmp_path: Path) -> None:
    packed = _zip({"../../evil": b"1", "/etc/cron.d/x": b"2", "series/IM0001.dcm": b"3", "a\\..\\b": b"4"})
    name = images.keep(tmp_path, ONE, "ct.ZIP", packed)
    folder = images.place(tmp_path, ONE, name)
    assert sorted(file.read_bytes() for file in folder.iterdir()) == [b"1", b"2", b"3", b"4"]
    assert all(file.parent == folder for file in folder.rglob("*"))


@pytest.mark.parametrize("name", ["../clinic.db", "/etc/passwd", "", ".", "uploaded", f"uploaded/{OTHER}", "link"])
def test_a_name_that_was_not_offered_is_no_place(tmp_path: Path, name: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "clinic.db").write_bytes(b"secret")
    (tmp_path / "images" / "link").symlink_to(tmp_path / "clinic.db")
    with pytest.raises(InputError, match="no such image"):
        images.place(tmp_path / "images", ONE, name)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [("report.pdf", b"%PDF", "no volume"), ("ct.zip", b"no zip", "cannot be read"), ("", b"", "no volume")],
)
def test_what_is_no_image_is_refused_and_leaves_nothing(
    tmp_path: Path, file: str, content: bytes, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        images.keep(tmp_path, ONE, file, io.BytesIO(content))
    assert images.offered(tmp_path, ONE) == []


def test_a_zip_that_unpacks_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_MOST_UNPACKED_BYTES", 1000)
    with pytest.raises(InputError, match="unpacks to too much"):
        images.keep(tmp_path, ONE, "ct.zip", _zip({"a": bytes(2000)}))
    assert images.offered(tmp_path, ONE) == []


def test_a_server_without_a_folder_of_images_says_so() -> None:
    assert images.offered(None, ONE) == []
    with pytest.raises(InputError, match="keeps no images"):
        images.keep(None, ONE, "a.nii", io.BytesIO(b""))


def test_erasing_takes_the_uploads(tmp_path: Path) -> None:
    images.keep(tmp_path, ONE, "a.nii", io.BytesIO(b"volume"))
    images.erase(tmp_path, ONE)
    assert images.offered(tmp_path, ONE) == []
