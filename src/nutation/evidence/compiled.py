"""Reading a directory of YAML fast: each file's plain data is kept as JSON under the hash of its bytes.

Reading all of the packaged YAML takes seconds, the kept form milliseconds. As with Python's own
byte code, the kept form (``data/.cache/plain.json``) is made on first use, renewed when a file changes, and
done without where the directory cannot be written. It can never be stale: it is looked up by content.
This module needs nothing of the package but its YAML reader, so that a build can make the kept form.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nutation.evidence.errors import EvidenceError
from nutation.evidence.plain_yaml import MAX_CHARS, Located, parse

PACKAGED = Path(__file__).parent / "data"
"""The evidence that comes with the package."""
PACKAGED_NAME = "evidence/data"
"""How messages name it."""

_KEPT = ".cache/plain.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Files:
    """The YAML files of one directory by their path within it, and a digest of all of them."""

    located: dict[str, Located]
    digest: str


def read_directory(directory: Path, *, name: str, keep: bool = False) -> Files:
    """Every ``*.yaml`` below ``directory``, sorted; ``name`` stands for the directory in messages.

    With ``keep`` (for directories of the package) the kept form is made in it. Files that are also in the
    packaged evidence are never parsed again. Raises EvidenceError for a file that is not YAML or not text.
    """
    own = _kept(directory) if keep else {}
    kept = own if directory == PACKAGED else {**_kept(PACKAGED), **own}
    contents: dict[str, bytes] = {}
    for path in sorted(directory.rglob("*.yaml")):
        relative = path.relative_to(directory).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in relative.split("/")):
            continue
        if path.stat().st_size > 4 * MAX_CHARS:
            raise EvidenceError("the file is too long to be read.", file=f"{name}/{relative}", mend="split it.")
        contents[relative] = path.read_bytes()
    located: dict[str, Located] = {}
    plain: dict[str, Any] = {}
    overall = hashlib.sha256()
    for relative, content in contents.items():
        key = hashlib.sha256(content).hexdigest()
        overall.update(f"{relative}\0{key}\n".encode())
        file = f"{name}/{relative}"
        if key in kept:
            located[relative] = Located(file, kept[key], directory / relative)
        else:
            located[relative] = parse(_text(content, file), file=file)
        plain[key] = located[relative].plain
    if keep and plain.keys() != own.keys():
        _keep(directory, plain)
    return Files(located, overall.hexdigest())


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise EvidenceError(
            "the file is not UTF-8 text.", file=file, place=f"line {line}", mend="save it as UTF-8."
        ) from None


def _kept(directory: Path) -> dict[str, Any]:
    try:
        kept = cast("dict[str, Any]", json.loads((directory / _KEPT).read_bytes()))
        return cast("dict[str, Any]", kept["plain"]) if kept["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _keep(directory: Path, plain: dict[str, Any]) -> None:
    """Write the kept form in one step, so that a reader beside us sees the old one or the new one."""
    with contextlib.suppress(OSError):
        target = directory / _KEPT
        target.parent.mkdir(exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump({"format": _FORMAT, "plain": plain}, out, separators=(",", ":"))
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
