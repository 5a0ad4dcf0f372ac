"""Puts into the wheel what is made once: the quickly read form of the evidence, and the scripts of the pages."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class MadeHook(BuildHookInterface[Any]):
    """Reads every packaged YAML file once, and builds the islands where Node and npm can be had."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, where neither the scripts nor a Node are there already."""
        islands = self._islands()
        return [f"{islands.NODE_PACKAGE}>=22"] if islands.missing() and not islands.has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make ``evidence/data/.cache/plain.json`` and ``web/static/built`` and add them to the wheel."""
        self._evidence(version, build_data)
        if version != "editable":  # there the program itself builds them when it first starts
            self._scripts(build_data)

    def _evidence(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root) / "src"
        sys.path.insert(0, str(source))
        try:
            from nutation.evidence.compiled import PACKAGED, PACKAGED_NAME, read_directory

            read_directory(PACKAGED, name=PACKAGED_NAME, keep=True)
        finally:
            sys.path.remove(str(source))
        kept = PACKAGED / ".cache" / "plain.json"
        if version != "editable":
            build_data["force_include"][str(kept)] = str(Path("nutation/evidence/data/.cache/plain.json"))

    def _scripts(self, build_data: dict[str, Any]) -> None:
        islands = self._islands()
        if why := islands.ensure():
            self.app.display_warning(f"{why} The pages work without them and say so.")
            return
        for name in (*islands.files(), islands.MANIFEST):
            build_data["force_include"][str(islands.BUILT / name)] = f"nutation/web/static/built/{name}"

    def _islands(self) -> ModuleType:
        """The module that builds the scripts, read from its file: the package itself cannot be imported here yet."""
        file = Path(self.root) / "src" / "nutation" / "web" / "islands_build.py"
        spec = importlib.util.spec_from_file_location("nutation_islands_build", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
