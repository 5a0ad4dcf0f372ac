"""Which series of a folder is the CT: the one that can be, the one that was named, or a list to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nutation.anatomy.images.dicom_files import DicomFile, Folder
from nutation.record.errors import InputError

_CT = "1.2.840.10008.5.1.4.1.1.2"
_ENHANCED = (f"{_CT}.1", f"{_CT}.2")
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88"
_DOSE_REPORT = f"{_STRUCTURED_REPORT}.67"

# Words that the third value of Image Type, or a description, has where the pixels are a picture of numbers or a view.
_LOCALIZERS = ("LOCALIZER", "SCOUT", "TOPOGRAM", "SCANOGRAM", "SURVIEW")
_PICTURES = ("SCREEN SAVE", "SCREEN_SAVE", "DOSE_INFO", "DOSE INFO")


@dataclass(frozen=True, slots=True)
class Series:
    """The files of one series; `reason` says why it is no CT volume, empty where it may be one."""

    uid: str
    files: tuple[DicomFile, ...]
    reason: str
    left_out: tuple[DicomFile, ...] = ()

    @property
    def images(self) -> int:
        """How many images it holds, frames counted."""
        return sum(file.whole("NumberOfFrames") or 1 for file in self.files)

    def line(self) -> str:
        """The series in one line of a list."""
        first = (self.files or self.left_out)[0]
        described = first.text("SeriesDescription") or "no description"
        number = first.text("SeriesNumber")
        parts = [
            f"{first.text('Modality') or 'no modality'}, {self.images + len(self.left_out)} images",
            f"'{described}'" + (f" (series {number})" if number else ""),
        ]
        return f"{self.uid}: {', '.join(parts)}" + (f"; not usable: {self.reason}" if self.reason else "")


def chosen_series(folder: Folder, uid: str | None) -> tuple[Series, tuple[str, ...]]:
    """The series to read, with warnings about what is left out.

    Raises `InputError` where there is none, or more than one and none was named.
    """
    every = _grouped(folder.files)
    if uid is not None:
        return _named(every, uid.strip(), folder.name)
    usable = [series for series in every if not series.reason]
    if len(usable) == 1:
        return usable[0], _left_out(usable[0], every)
    if not usable:
        reasons = dict.fromkeys(series.reason for series in every)
        raise InputError(
            f"holds no CT volume: {'; '.join(reasons)}." + (_listed(every) if len(every) > 1 else ""),
            file=folder.name,
            mend="give the folder of the axial CT series of the pelvis, as the scanner made it.",
        )
    raise InputError(
        f"holds {len(usable)} CT series.{_listed(every)}",
        file=folder.name,
        mend=f"name the one to plan from with --series UID, for instance --series {usable[0].uid}.",
    )


def _named(every: Sequence[Series], uid: str, folder: str) -> tuple[Series, tuple[str, ...]]:
    for series in every:
        if series.uid == uid:
            if series.reason:
                raise InputError(
                    f"the series {uid} is no CT volume: {series.reason}.{_listed(every)}",
                    file=folder,
                    place="--series",
                    mend="name a CT series of the list.",
                )
            return series, _left_out(series, [series])
    raise InputError(
        f"holds no series {uid}.{_listed(every)}", file=folder, place="--series", mend="name one of the list."
    )


def _listed(every: Sequence[Series]) -> str:
    return "".join(f"\n  {series.line()}" for series in every) + "\n "


def _left_out(kept: Series, every: Sequence[Series]) -> tuple[str, ...]:
    others = [series for series in every if series is not kept]
    told = [f"Not read, since it is no CT volume: {series.line()}." for series in others]
    if kept.left_out:
        told.append(f"{len(kept.left_out)} localizer images of the series were left out.")
    return tuple(told)


def _grouped(files: Sequence[DicomFile]) -> list[Series]:
    groups: dict[str, list[DicomFile]] = {}
    for file in files:
        groups.setdefault(file.text("SeriesInstanceUID"), []).append(file)
    return [_judged(uid, members) for uid, members in groups.items()]


def _judged(uid: str, files: Sequence[DicomFile]) -> Series:
    reasons = {id(file): _no_slice(file) for file in files}
    slices = tuple(file for file in files if not reasons[id(file)])
    if not slices:
        return Series(uid, tuple(files), reasons[id(files[0])])
    others = tuple(file for file in files if reasons[id(file)])
    if any(not _localizer(file) for file in others):
        odd = next(file for file in others if not _localizer(file))
        return Series(uid, tuple(files), f"it mixes CT slices with other images ({odd.path.name}: {reasons[id(odd)]})")
    if not uid:
        return Series(uid, slices, "its files name no series (Series Instance UID is missing)")
    series = Series(uid, slices, "", others)
    if series.images < 2:
        return Series(uid, slices, "it is a single slice, not a volume")
    return series


def _no_slice(file: DicomFile) -> str:
    """Why a file cannot be a slice of a CT volume; empty where it can."""
    kind, modality = file.text("SOPClassUID"), file.text("Modality").upper()
    picture = _says(file, _PICTURES)
    if kind == _DOSE_REPORT:
        return "it is a dose report, not an image"
    if kind.startswith(_STRUCTURED_REPORT):
        return "it is a structured report, not an image"
    if kind == _SECONDARY_CAPTURE or kind.startswith(f"{_SECONDARY_CAPTURE}."):
        return "it is a secondary capture (a picture of a screen or a scanned page), whose pixels are not HU"
    if modality and modality != "CT":
        return f"its modality is {modality}, not CT"
    if kind != _CT and kind not in _ENHANCED:
        return f"it holds no CT images (its kind of object is {_kind_name(kind)})"
    if picture or (file.whole("SamplesPerPixel") or 1) > 1:
        return "it is a picture made from a CT (a screen save, in colour or with text), whose pixels are not HU"
    return "it is a localizer (a scout view, not a slice)" if _localizer(file) else ""


def _localizer(file: DicomFile) -> bool:
    return _says(file, _LOCALIZERS)


def _says(file: DicomFile, words: Sequence[str]) -> bool:
    return any(word in value.upper() for value in file.texts("ImageType") for word in words)


def _kind_name(uid: str) -> str:
    from pydicom.uid import UID

    return UID(uid).name
