"""A cold ``nutation case`` on a bundle of 200 events, and ``nutation --help``, as whole processes.

Baseline in the same run: a Python that only imports pydantic and NumPy, which every such tool would.

    uv run python benchmarks/cold_case.py [--runs 7]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from nutation.record.fhir import write_bundle
from nutation.record.reading import read_record
from nutation.record.record import Record

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 200


def bundle_of(events: int) -> dict[str, object]:
    """The classic example with earlier pain scores added until there are so many events."""
    record = read_record(ROOT / "examples" / "classic-degenerative")
    scores = [event for event in record.events if event.kind == "pain_score"]
    more = [
        scores[n % len(scores)].model_copy(update={"id": f"more-{n}", "encounter": f"visit-{n}"})
        for n in range(events - len(record.events))
    ]
    return write_bundle(replace(record, events=(*record.events, *more)))


def seconds(command: list[str], runs: int) -> float:
    """Median wall time of the command, first run left out (it fills the caches of the disk)."""
    times: list[float] = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    nutation = [sys.executable, "-m", "nutation"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.json"
        path.write_text(json.dumps(bundle_of(EVENTS)), encoding="utf-8")
        record: Record = read_record(path)
        baseline = seconds([sys.executable, "-c", "import pydantic.main, numpy"], runs)
        told = {
            "nutation --help": seconds([*nutation, "--help"], runs),
            f"nutation case ({len(record.events)} events, terminal)": seconds(
                [*nutation, "case", str(path), "--as-of", "2026-09-01"], runs
            ),
            f"nutation case --json ({len(record.events)} events)": seconds(
                [*nutation, "case", str(path), "--as-of", "2026-09-01", "--json"], runs
            ),
        }
    print(f"baseline: Python importing pydantic and NumPy   {baseline:6.2f} s   (median of {runs})")
    for name, took in told.items():
        print(f"{name:48}{took:6.2f} s   {took / baseline:.1f} x baseline")


if __name__ == "__main__":
    main()
