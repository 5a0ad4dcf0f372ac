"""Of whom the files are: one person, or no answer at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from nutation.anatomy.images.dicom_files import UNREADABLE, DicomFile
from nutation.record.errors import InputError

_SEPARATE = "keep the files of each patient in a folder of their own and give the one that is meant."


def one_patient(files: Sequence[DicomFile], folder: str) -> tuple[str, ...]:
    """Warnings about the patient's identity; raises `InputError` where the files are of more than one person.

    An element that some files leave empty contradicts nothing. Nobody's name or number is in the message: it names a
    file of each, and which is meant is not guessed.
    """
    for keyword, word in (("PatientID", "patient number"), ("PatientBirthDate", "date of birth")):
        if first := _differing(files, keyword):
            raise InputError(
                f"holds files of {len(first)} patients: their {word} differs, for instance in "
                f"{', '.join(file.path.name for file in first[:3])}.",
                file=folder,
                place=keyword,
                mend=_SEPARATE,
            )
    names = _differing(files, "PatientName")
    if not names:
        return ()
    if _values(files, "PatientID") and _values(files, "PatientBirthDate"):
        where = f"{names[0].path.name} and {names[1].path.name}"
        told = f"The patient's name is written in {len(names)} ways under one patient number and date of birth"
        return (f"{told}, for instance in {where}: check whose image it is.",)
    raise InputError(
        f"holds files under {len(names)} patients' names, for instance in "
        f"{', '.join(file.path.name for file in names[:3])}.",
        file=folder,
        place="PatientName",
        mend=_SEPARATE,
    )


def plain_name(files: Iterable[DicomFile]) -> str:
    """The name as text, family name first ("Doe, Jane"); empty where none of the files says it."""
    for file in files:
        try:
            name: Any = file.head.get("PatientName")
            if not name:
                continue
            family, rest = str(name.family_name), (str(name.given_name), str(name.middle_name))
        except UNREADABLE:
            continue
        given = " ".join(part.strip() for part in rest if part.strip())
        return ", ".join(part for part in (family.strip(), given) if part)
    return ""


def first_text(files: Iterable[DicomFile], keyword: str) -> str:
    """The first value that is not empty."""
    return next((text for file in files if (text := file.text(keyword))), "")


def first_date(files: Sequence[DicomFile], *keywords: str) -> date | None:
    """The first date that can be read under one of the keywords, in their order."""
    for keyword in keywords:
        for file in files:
            digits = re.sub(r"\D", "", file.text(keyword))
            try:
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
            except ValueError:
                continue
    return None


def _differing(files: Sequence[DicomFile], keyword: str) -> list[DicomFile]:
    """One file for each of the values, where there is more than one."""
    first = _values(files, keyword)
    return list(first.values()) if len(first) > 1 else []


def _values(files: Sequence[DicomFile], keyword: str) -> dict[str, DicomFile]:
    first: dict[str, DicomFile] = {}
    for file in files:
        text = file.text(keyword)
        # A name may follow in other scripts behind "="; the first of them is the one that all files have.
        text = text.split("=")[0].replace("^", " ") if keyword == "PatientName" else text
        if value := " ".join(text.split()).casefold():
            first.setdefault(value, file)
    return first
