"""DICOM without the patient: the basic confidentiality profile of DICOM PS3.15, its table from dicom-anonymizer.

What the table says of an attribute is done here at every depth of a data set, with one memory of pseudonyms and UIDs
for a run: files that belonged together still do, and those of another run cannot be joined to them. Pixels and
documents are not looked into.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from typing import Any, cast

from nutation.record.errors import InputError

TABLE = "dicomfields_2026c"
"""The edition of the table: PS3.15 2026c."""

KEPT_DATES = (
    "StudyDate", "StudyTime", "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime",
    "ContentDate", "ContentTime", "InstanceCreationDate", "InstanceCreationTime",
)  # fmt: skip
"""What `keep_dates` keeps of the image and of what is made from it; dates of the person never."""

# An identifier shorter than this also occurs in words and numbers that say nothing of the patient.
_TELLING = 4

_FREE_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})

# Text that nobody writes by hand: a maker or a term may bear the patient's name by chance.
_NOT_OF_A_PERSON = frozenset(
    {"Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ConvolutionKernel", "CodeMeaning", "CodeValue",
     "CodingSchemeDesignator"}
)  # fmt: skip

Rule = Callable[[Any, Any], None]
"""What is done to one element: (dataset, tag)."""


@dataclass(slots=True)
class Run:
    """What one run has given away in place of what: patients' pseudonyms and UIDs."""

    patients: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    uids: dict[str, str] = field(default_factory=dict[str, str])

    def pseudonym(self, dataset: Any) -> str:
        """The patient's pseudonym: the same for the same patient number (or name, where there is none)."""
        number = str(dataset.get("PatientID") or "").strip()
        key = (number, str(dataset.get("IssuerOfPatientID") or "").strip()) if number else ("", _name(dataset))
        return self.patients.setdefault(key, f"PSEUDONYM-{secrets.token_hex(4).upper()}")

    def uid(self, old: str) -> str:
        """What stands for a UID."""
        from pydicom.uid import generate_uid

        # The root of UUIDs, with nothing in it that leads back to the old one.
        return self.uids.setdefault(old, str(generate_uid(prefix=None)))


_THIS_RUN = Run()


def deidentified(
    dataset: Any, *, keep_dates: bool = False, run: Run | None = None, document: bytes | None = None
) -> Any:
    """A copy of a pydicom data set (with its file header) after the basic profile of PS3.15.

    `keep_dates` keeps the dates of the images (the option *retain longitudinal temporal information, full dates*).
    `run` holds what stands for what; without it that is one for the process. An encapsulated document names the patient
    on its pages, so `document` gives the same document made without: see `Run.pseudonym`.

    Raises `InputError` for an encapsulated document without `document`, or where the patient's name or number is still
    written in an attribute that the profile leaves as it is.
    """
    run = run or _THIS_RUN
    found: Any = copy.deepcopy(dataset)
    pseudonym = run.pseudonym(found)
    telling = _telling(found)
    if "EncapsulatedDocument" in found:
        if document is None:
            raise InputError(
                "an encapsulated document names the patient on its own pages; no change of attributes takes that away.",
                place="EncapsulatedDocument",
                mend="make the document again without the patient's name, number and dates.",
            )
        found.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
        if "EncapsulatedDocumentLength" in found:
            found.EncapsulatedDocumentLength = len(document)
        found.BurnedInAnnotation = "NO"
    _applied(found, _rules(run, pseudonym, keep_dates))
    _marked(found, keep_dates)
    _nothing_left(found, telling)
    return found


def _library() -> Any:
    try:
        return import_module("dicomanonymizer.simpledicomanonymizer")
    except ModuleNotFoundError as error:
        raise InputError(
            "de-identification needs the library dicom-anonymizer, which is not installed.",
            mend="install it with: pip install 'nutation[plan]'.",
        ) from error


def _rules(run: Run, pseudonym: str, keep_dates: bool) -> dict[Any, Rule]:
    """What is done by tag: the table's actions, with ours where the library's would leave a false date or a torn
    sequence behind."""
    from pydicom.datadict import tag_for_keyword

    library = _library()

    def new_uids(dataset: Any, tag: Any) -> None:
        element = dataset.get(tag)
        if element is not None and element.value:
            old = element.value
            element.value = run.uid(str(old)) if isinstance(old, str) else [run.uid(str(one)) for one in old]

    ours: Mapping[Any, Rule] = {
        library.replace_UID: new_uids,
        library.delete: _removed,
        library.empty: _emptied,
        library.delete_or_empty: _emptied,
        # Sequences of references stay: the UIDs in them are replaced where they stand.
        library.delete_or_empty_or_replace_UID: library.keep,
    }
    rules: dict[Any, Rule] = {tag: ours.get(rule, rule) for tag, rule in library.initialize_actions(TABLE).items()}

    def set_to_pseudonym(dataset: Any, tag: Any) -> None:
        if tag in dataset:
            dataset[tag].value = pseudonym

    special: dict[str, Rule] = {"PatientID": set_to_pseudonym, "PatientName": set_to_pseudonym}
    # The document was exchanged before; its bytes are no identifier any more.
    special["EncapsulatedDocument"] = library.keep
    if keep_dates:
        special.update((keyword, library.keep) for keyword in KEPT_DATES)
    for keyword, rule in special.items():
        tag = cast("int", tag_for_keyword(keyword))
        rules[tag >> 16, tag & 0xFFFF] = rule
    return rules


def _removed(dataset: Any, tag: Any) -> None:
    if tag in dataset:
        del dataset[tag]


def _emptied(dataset: Any, tag: Any) -> None:
    if tag in dataset:
        dataset[tag].value = [] if dataset[tag].VR == "SQ" else None


def _applied(dataset: Any, rules: dict[Any, Rule]) -> None:
    """The rules on a data set and on every item of its sequences."""
    anonymize = _library().anonymize_dataset
    for depth, part in enumerate(_parts(dataset)):
        # Only rules that meet something: an item has a few elements, the table hundreds of rows. Rows that stand for
        # a range of groups walk through all items by themselves.
        meta: Any = getattr(part, "file_meta", None) or ()
        meeting = {
            tag: rule
            for tag, rule in rules.items()
            if (depth == 0 if len(tag) > 2 else tag in part or (tag[0] == 0x0002 and tag in meta))
        }
        anonymize(part, delete_private_tags=depth == 0, base_rules_gen=meeting.copy)


def _parts(dataset: Any) -> Iterator[Any]:
    """The data set, then the items of its sequences as they are after what was done to it, all the way down."""
    yield dataset
    for element in list(dataset):
        if element.VR == "SQ":
            for item in element.value:
                yield from _parts(item)


def _marked(dataset: Any, keep_dates: bool) -> None:
    """What PS3.15 asks to be said: that the identity was removed, and how."""
    from pydicom.dataset import Dataset

    codes = [("113100", "Basic Application Confidentiality Profile")]
    if keep_dates:
        codes.append(("113106", "Retain Longitudinal Temporal Information Full Dates Option"))
    items: list[Any] = []
    for value, meaning in codes:
        item: Any = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    dataset.PatientIdentityRemoved = "YES"
    # 64 characters at most.
    dataset.DeidentificationMethod = f"PS3.15 2026c basic profile, dicom-anonymizer {version('dicom-anonymizer')}"[:64]
    dataset.DeidentificationMethodCodeSequence = items
    dataset.LongitudinalTemporalInformationModified = "UNMODIFIED" if keep_dates else "REMOVED"
    meta: Any = getattr(dataset, "file_meta", None)
    if meta is not None:
        for keyword in ("SourceApplicationEntityTitle", "SendingApplicationEntityTitle", "PrivateInformation",
                        "PrivateInformationCreatorUID"):  # fmt: skip
            if keyword in meta:
                delattr(meta, keyword)
        # The table's row for the file's header and that for the data set give one UID; so must they be written.
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _telling(dataset: Any) -> frozenset[str]:
    """Words that give the patient away: the number, and the parts of the name."""
    words = {str(dataset.get("PatientID") or "").strip().casefold(), *re.split(r"[\s^=,]+", _name(dataset))}
    return frozenset(word for word in words if len(word) >= _TELLING)


def _name(dataset: Any) -> str:
    return str(dataset.get("PatientName") or "").strip().casefold()


def _nothing_left(dataset: Any, telling: frozenset[str]) -> None:
    if not telling:
        return
    words = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(word) for word in sorted(telling)) + r")(?!\w)")
    for part in _parts(dataset):
        for element in part:
            if (
                element.VR in _FREE_TEXT
                and element.keyword not in _NOT_OF_A_PERSON
                and words.search(str(element.value).casefold())
            ):
                raise InputError(
                    "the patient's name or number still stands in an attribute that the profile does not touch.",
                    place=f"{element.keyword or element.tag}",
                    mend="take it out of that text before the file is de-identified.",
                )
