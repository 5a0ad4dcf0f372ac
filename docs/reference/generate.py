"""Makes the reference and safety pages that come from declarations and data; MkDocs runs it as a hook.

Nothing that it makes is kept in the repository: a page that is made anew at each build cannot fall behind.
Each ``*_page`` function gives the Markdown of one page and needs no MkDocs, so that tests read them too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the modules beside this one, wherever it is run from

from made_from_code import codes_page, command_line_page, events_page, facts_page
from made_from_data import evidence_page, gate_page, hazards_page, policies_page, unverified_page
from made_from_web import rights_page, settings_page

PAGES: dict[str, Callable[[], str]] = {
    "reference/events.md": events_page,
    "reference/facts.md": facts_page,
    "reference/evidence.md": evidence_page,
    "reference/policies.md": policies_page,
    "reference/gate.md": gate_page,
    "reference/command-line.md": command_line_page,
    "reference/codes.md": codes_page,
    "reference/rights.md": rights_page,
    "reference/settings.md": settings_page,
    "safety/hazards.md": hazards_page,
    "safety/unverified.md": unverified_page,
}
"""Every page that is made, by its place below docs/."""


def on_files(files: Any, config: Any) -> Any:
    """MkDocs' hook: adds the made pages to the site."""
    from mkdocs.structure.files import File

    for place, make in PAGES.items():
        files.append(File.generated(config, place, content=make()))
    return files
