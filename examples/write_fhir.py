"""Writes each example's FHIR form (``record.json``) from its events; the ``-us-core`` ones are kept as written by hand.

uv run python examples/write_fhir.py
"""

from __future__ import annotations

import json
from pathlib import Path

from nutation.record.fhir import write_bundle
from nutation.record.native import read_events

EXAMPLES = Path(__file__).resolve().parent


def main() -> None:
    for events in sorted(EXAMPLES.glob("*/events.yaml")):
        bundle = write_bundle(read_events(events))
        text = json.dumps(bundle, ensure_ascii=False, indent=1) + "\n"
        events.with_name("record.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
