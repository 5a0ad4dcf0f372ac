"""Images that plans are made from: uploaded into the server's folder of images, or pointed to where they lie.

Images are not part of the database: the archive of the hospital keeps them, and a series is as large as all else
together. A plan keeps the digests of its files, so that another image is never taken for its own.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from nutation.record.errors import InputError

UPLOADED = "uploaded"
"""Folder within the folder of images in which uploads lie, named by their digest."""

VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha")
_MOST_FILES = 20_000
_MOST_UNPACKED_BYTES = 8_000_000_000
_CHUNK = 1 << 20
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


@dataclass(frozen=True, slots=True)
class Offered:
    """An image that can be chosen: its name below the folder of images, and whether it is a folder of slices."""

    name: str
    slices: bool


def offered(folder: Path | None, own: str) -> list[Offered]:
    """What lies in the folder of images for anybody, and what was uploaded for this patient (``own``).

    Other patients' uploads are not offered.
    """
    if folder is None or not folder.is_dir():
        return []
    found: list[Offered] = []
    for top in (folder, folder / UPLOADED / own):
        if top.is_dir():
            prefix = "" if top == folder else f"{UPLOADED}/{own}/"
            for one in sorted(top.iterdir()):
                if one.name == UPLOADED or one.is_symlink() or one.name.startswith("."):
                    continue
                if one.is_dir() or one.name.lower().endswith(VOLUMES):
                    found.append(Offered(prefix + one.name, one.is_dir()))
    return found


def place(folder: Path | None, own: str, name: str) -> Path:
    """The file or folder of a name that was offered. Raises InputError for any other: a name is never a path."""
    if folder is not None and any(one.name == name for one in offered(folder, own)):
        return folder / name
    raise InputError("There is no such image.", place="image", mend="choose one of the list, or upload it.")


def keep(folder: Path | None, own: str, file_name: str, content: BinaryIO) -> str:
    """Keep an upload (a volume, or slices in a ZIP) for this patient and return its name.

    The name is the digest of its bytes: what the sender called it decides only how it is read. Raises InputError.
    """
    if folder is None:
        raise InputError(
            "This server keeps no images.", place="image", mend="an administrator names a folder: NUTATION_IMAGES."
        )
    ending = next((one for one in (*VOLUMES, ".zip") if file_name.lower().endswith(one)), None)
    if ending is None:
        raise InputError(
            "This is no volume and no ZIP of slices.", place="image",
            mend=f"upload {', '.join(VOLUMES)}, or the DICOM slices as one ZIP.",
        )  # fmt: skip
    into = folder / UPLOADED / own
    into.mkdir(parents=True, exist_ok=True)
    part = into / ".unfinished"
    try:
        sha = _written(content, part)
        if ending == ".zip":
            name = sha[:16]
            if not (into / name).is_dir():
                _unpacked(part, into / name)
        else:
            name = f"{sha[:16]}{ending}"
            part.replace(into / name)
    finally:
        part.unlink(missing_ok=True)
    return f"{UPLOADED}/{own}/{name}"


def erase(folder: Path | None, own: str) -> None:
    """Delete what was uploaded for a patient."""
    if folder is not None:
        shutil.rmtree(folder / UPLOADED / own, ignore_errors=True)


def _written(content: BinaryIO, file: Path) -> str:
    sha = hashlib.sha256()
    with file.open("wb") as out:
        while chunk := content.read(_CHUNK):
            sha.update(chunk)
            out.write(chunk)
    return sha.hexdigest()


def _unpacked(packed: Path, into: Path) -> None:
    """The files of a ZIP under names of our own, flat: no name of the sender becomes a path."""
    unfinished = into.with_name(f".{into.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with zipfile.ZipFile(packed) as found:
            total = 0
            for number, info in enumerate(_members(found)):
                if number >= _MOST_FILES:
                    raise InputError(f"The ZIP holds over {_MOST_FILES} files.", place="image", mend="send one series.")
                name = PurePosixPath(info.filename).name
                name = name if _PLAIN_NAME.fullmatch(name) else "slice"
                with found.open(info) as source, (unfinished / f"{number:05d}-{name}").open("wb") as out:
                    while chunk := source.read(_CHUNK):
                        total += len(chunk)
                        if total > _MOST_UNPACKED_BYTES:
                            raise InputError("The ZIP unpacks to too much.", place="image", mend="send one series.")
                        out.write(chunk)
        unfinished.replace(into)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise InputError("The ZIP cannot be read.", place="image", mend="pack the slices anew, unencrypted.") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _members(found: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (info for info in found.infolist() if not info.is_dir())
