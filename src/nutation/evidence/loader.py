"""The evidence as one value: entries, sources, and the plain trees of policies, gate and differential.

A directory of evidence holds ``set.yaml`` (the version of the whole), ``sources.yaml``, any number of entry
files (``entries:``), and may hold plain trees that the rooms above read: ``gate.yaml``, ``differential.yaml``,
``policies/<ID>/<version>.yaml``, and any file in another folder.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from nutation.evidence.compiled import PACKAGED, PACKAGED_NAME, Files, read_directory
from nutation.evidence.documents import check_citations, check_items, check_policy
from nutation.evidence.errors import EvidenceError
from nutation.evidence.plain_yaml import Located
from nutation.evidence.schema import Entry, MisfitError, Source

_SET, _SOURCES, _GATE, _DIFFERENTIAL = "set.yaml", "sources.yaml", "gate.yaml", "differential.yaml"
_NOT_ENTRIES = frozenset({_SET, _SOURCES, _GATE, _DIFFERENTIAL})


@dataclass(frozen=True)
class Evidence:
    """One version of the evidence. Plain trees are shared: read them, do not change them."""

    version: str
    digest: str
    entries: tuple[Entry, ...]
    sources: Mapping[str, Source]
    policies: tuple[Located, ...]
    documents: Mapping[str, Located]
    """The other plain trees, by their path in the directory, e.g. ``gate.yaml``."""

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    def entry(self, entry_id: str) -> Entry:
        """The entry of that id. Raises EvidenceError with the nearest ids."""
        if entry_id not in self._by_id:
            raise EvidenceError(f"no entry has the id {entry_id!r}.", mend=_nearest(entry_id, self._by_id))
        return self._by_id[entry_id]

    def source(self, key: str) -> Source:
        """The source of that citation key. Raises EvidenceError with the nearest keys."""
        if key not in self.sources:
            raise EvidenceError(f"no source has the key {key!r}.", mend=_nearest(key, self.sources))
        return self.sources[key]

    def document(self, file: str) -> Located:
        """The plain tree of that path in the directory. Raises EvidenceError when the set has none."""
        if file not in self.documents:
            raise EvidenceError(f"the evidence has no file {file!r}.", mend=_nearest(file, self.documents))
        return self.documents[file]

    @property
    def gate(self) -> Located | None:
        """The safety gate, if the set has one."""
        return self.documents.get(_GATE)

    @property
    def differential(self) -> Located | None:
        """The differential, if the set has one."""
        return self.documents.get(_DIFFERENTIAL)

    @property
    def gate_items(self) -> tuple[dict[str, Any], ...]:
        """The gate's items as plain trees; none where the set has no gate."""
        return tuple(self.gate.plain.get("items") or ()) if self.gate is not None else ()


def load(path: Path | str | None = None) -> Evidence:
    """The packaged evidence (read once), or that of another directory.

    Raises EvidenceError naming file, line, entry and mend: for an entry without a source, an unknown citation
    key, an unknown field, an id that stands twice, an interval that does not hold its value.
    """
    if path is None:
        return _packaged()
    directory = Path(path)
    if not directory.is_dir():
        raise EvidenceError(
            "this is not a directory of evidence.", file=str(path),
            mend=f"name a directory that holds {_SET}, {_SOURCES} and entry files.",
        )  # fmt: skip
    return _build(read_directory(directory, name=str(path).rstrip("/")), str(path).rstrip("/"))


@cache
def _packaged() -> Evidence:
    return _build(read_directory(PACKAGED, name=PACKAGED_NAME, keep=True), PACKAGED_NAME)


def _build(files: Files, name: str) -> Evidence:
    located = files.located
    sources = _sources(_needed(located, _SOURCES, name))
    entries = _entries(
        [document for relative, document in located.items() if "/" not in relative and relative not in _NOT_ENTRIES],
        sources,
    )
    policies = tuple(document for relative, document in located.items() if relative.startswith("policies/"))
    for policy in policies:
        check_policy(policy, sources)
    _policies_once(policies)
    documents = {
        relative: document
        for relative, document in located.items()
        if relative in {_GATE, _DIFFERENTIAL} or ("/" in relative and not relative.startswith("policies/"))
    }
    for relative, document in documents.items():
        (check_items if relative == _GATE else check_citations)(document, sources)
    version = _version(_needed(located, _SET, name))
    return Evidence(version, files.digest, entries, sources, policies, documents)


def _needed(located: Mapping[str, Located], file: str, name: str) -> Located:
    if file not in located:
        raise EvidenceError(f"{file} is missing.", file=name, mend=f"add {file}; the packaged one shows its form.")
    return located[file]


def _version(document: Located) -> str:
    plain = document.plain
    version = cast("dict[str, Any]", plain).get("version") if isinstance(plain, dict) else None
    if not isinstance(version, str) or not version:
        raise EvidenceError(
            "the set has no version.", file=document.file, place=f"line {document.line_of(('version',))}",
            mend='write one as text, e.g. `version: "2026.11.22"`.',
        )  # fmt: skip
    return version


def _sources(document: Located) -> dict[str, Source]:
    if not isinstance(document.plain, dict):
        raise EvidenceError("there are no sources.", file=document.file, mend="write `KEY:` with a `citation:` each.")
    sources: dict[str, Source] = {}
    for key, plain in cast("dict[str, Any]", document.plain).items():
        try:
            sources[key] = Source.model_validate(plain)
        except ValidationError as error:
            raise _refused(document, (key,), f"source {key}", error, Source) from None
    return sources


def _entries(documents: list[Located], sources: Mapping[str, Source]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for document in documents:
        topic = document.file.rpartition("/")[2].removesuffix(".yaml")
        for position, plain in enumerate(_listed(document)):
            path = ("entries", position)
            named = str(cast("dict[str, Any]", plain).get("id", "")) if isinstance(plain, dict) else ""
            what = f"entry {named or position + 1}"
            try:
                if isinstance(plain, dict) and "topic" in plain:
                    raise _error(document, (*path, "topic"), what, "topic is not written.", "remove it.")
                entry = Entry.model_validate({**cast("dict[str, Any]", plain), "topic": topic})
            except ValidationError as error:
                raise _refused(document, path, what, error, Entry) from None
            except TypeError:
                raise _error(document, path, what, "this is no entry.", "write `id: …` and its fields.") from None
            if entry.id in seen:
                raise _error(
                    document, (*path, "id"), what, f"the id stands twice; first in {seen[entry.id]}.",
                    "rename one of the two.",
                )  # fmt: skip
            for key in entry.citation:
                if key not in sources:
                    raise _error(
                        document, (*path, "citation"), what, f"the citation key {key!r} is not in sources.yaml.",
                        _nearest(key, sources) + " Or add the source there.",
                    )  # fmt: skip
            seen[entry.id] = document.file
            entries.append(entry)
    return tuple(entries)


def _listed(document: Located) -> list[Any]:
    plain = document.plain
    tree = cast("dict[str, Any]", plain) if isinstance(plain, dict) else {}
    unknown = [key for key in tree if key not in {"entries", "title"}]
    if unknown:
        raise EvidenceError(
            f"{unknown[0]!r} is no part of an entry file.", file=document.file,
            place=f"line {document.line_of((unknown[0],))}", mend="an entry file holds `title:` and `entries:`.",
        )  # fmt: skip
    entries = tree.get("entries")
    if not isinstance(entries, list):
        raise EvidenceError(
            "the file has no list of entries.", file=document.file, place="line 1",
            mend="write `entries:` with each entry under a dash.",
        )  # fmt: skip
    return cast("list[Any]", entries)


def _policies_once(policies: tuple[Located, ...]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for policy in policies:
        key = (str(policy.plain["id"]), str(policy.plain["version"]))
        if key in seen:
            raise EvidenceError(
                f"policy {key[0]} {key[1]} stands twice; first in {seen[key]}.", file=policy.file,
                place=f"line {policy.line_of(('version',))}", mend="give it a version of its own, or remove it.",
            )  # fmt: skip
        seen[key] = policy.file


def _refused(
    document: Located, path: tuple[str | int, ...], what: str, error: ValidationError, model: type[Entry | Source]
) -> EvidenceError:
    """The first fault that pydantic found, in words, at its line."""
    first = error.errors(include_url=False)[0]
    inner = tuple(step for step in first["loc"] if step not in {"Interval", "dict", "float", "int"})
    inner = tuple(step for step in inner if not (isinstance(step, str) and step.startswith(("dict[", "function-"))))
    field = ".".join(str(step) for step in inner)
    if first["type"] == "missing":
        problem = f"it has no {field}."
        mend = "name its source by a key of sources.yaml." if field == "citation" else f"add `{field}:`."
    elif first["type"] == "extra_forbidden":
        problem = f"the field {field!r} is not known."
        known = ", ".join(name for name in model.model_fields if name != "topic")
        mend = f"remove it, or use one of {known}."
    elif field == "citation":
        problem, mend = "it has no source.", "name its source by a key of sources.yaml."
    elif first["type"] == "value_error":
        fault = first.get("ctx", {}).get("error")
        if isinstance(fault, MisfitError):
            inner = (fault.field,)
        problem, mend = f"{fault or first['msg']}.", "compare it with the source."
    else:
        problem = f"{field or 'it'} does not fit: {first['msg'][0].lower()}{first['msg'][1:]}."
        mend = "write it as the other entries do."
    return _error(document, (*path, *inner), what, problem, mend)


def _error(document: Located, path: tuple[str | int, ...], what: str, problem: str, mend: str) -> EvidenceError:
    return EvidenceError(problem, file=document.file, place=f"line {document.line_of(path)}, {what}", mend=mend)


def _nearest(wanted: str, known: Mapping[str, Any]) -> str:
    by_case = {key.lower(): key for key in known}
    near = difflib.get_close_matches(wanted.lower(), list(by_case), n=3, cutoff=0.5)
    if near:
        return f"use {' or '.join(by_case[key] for key in near)}, if one of them is meant."
    return "`nutation evidence` lists what there is."
