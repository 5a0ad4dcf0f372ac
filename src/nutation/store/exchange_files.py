"""The files of an export: one NDJSON a type of resource, with a manifest of counts and hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from nutation.record.errors import InputError

JsonObject = dict[str, Any]


class Files:
    """The files being written, one a type of resource."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, tuple[BinaryIO, Any]] = {}
        self._counts: dict[str, int] = {}

    def add_all(self, resources: Iterable[JsonObject]) -> None:
        """Write each resource as a line of its type's file."""
        for resource in resources:
            name = f"{resource['resourceType']}.ndjson"
            if name not in self._open:
                self._open[name] = (self._folder / name).open("wb"), hashlib.sha256()
            file, sha = self._open[name]
            line = json.dumps(resource, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            file.write(line)
            sha.update(line)
            self._counts[name] = self._counts.get(name, 0) + 1

    def finish(self, head: JsonObject) -> dict[str, int]:
        """Close the files, write the manifest last, and return the number of resources by file."""
        told: JsonObject = {}
        for name, (file, sha) in sorted(self._open.items()):
            file.close()
            told[name] = {"resources": self._counts[name], "sha256": sha.hexdigest()}
        text = json.dumps({**head, "files": told}, indent=1) + "\n"
        (self._folder / "manifest.json").write_text(text, encoding="utf-8")
        return dict(sorted(self._counts.items()))


def read_lines(file: Path, expected: JsonObject, take: Callable[[JsonObject, str], None]) -> int:
    """Hand each resource of a file to ``take`` with its place, and check count and hash of the whole.

    Raises InputError where the file is missing, altered or cut short.
    """
    sha, count = hashlib.sha256(), 0
    try:
        with file.open("rb") as lines:
            for count, line in enumerate(lines, 1):
                sha.update(line)
                take(json.loads(line), f"{file}, line {count}")
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", file=str(file), mend="export anew.") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "The line is no resource.", file=str(file), place=f"line {count}", mend="export anew."
        ) from None
    if count != expected["resources"] or sha.hexdigest() != expected["sha256"]:
        raise InputError(
            "The file is not as it was exported.", file=str(file),
            mend="export anew; a change is entered as a correction, on the clinic's page.",
        )  # fmt: skip
    return count
