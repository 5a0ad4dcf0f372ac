"""Puts the quickly read form of the evidence into the wheel, so that an install that cannot write is quick too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EvidenceHook(BuildHookInterface[Any]):
    """Reads every packaged YAML file once, at build time."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make ``evidence/data/.cache/plain.json`` and add it to the wheel."""
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
