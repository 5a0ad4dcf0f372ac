"""The clinic's program killed (SIGKILL) again and again while many people fill in forms: is anything lost or doubled?

`nutation serve` runs as a process on SQLite and on PostgreSQL (one worker, and two). Threads sign in, open forms of
random patients by HTTP (history with its pain map, examination, questionnaire totals), fill them in and send them; a
form counts as acknowledged once its redirect arrived. At random moments the program dies: every other time its own
process alone, else all of its processes at once; on PostgreSQL the database's server dies once as well. Afterwards
every acknowledged form has to be in the ledger exactly once, the audit has to verify, and every answer has to be made.

    uv run python benchmarks/clinic_kill.py [--kills 20] [--patients 50] [--writers 24] [--only sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from clinic_program import Program, add_staff, running
from clinic_writers import Kept, Promises, Writers, kept, killed_under_load, unanswered_patients
from databases import running_postgresql
from nutation.store import Store, patients

_ANSWERED_SECONDS = 240
"""A patient whom a killed worker had taken waits for two minutes before another takes them."""

_HEADING = (
    "| database | workers | kills | acknowledged | lost | twice | sent again after a death | conflicts shown "
    "| audit | answers missing | away, median s |"
)


def storm(
    url: str, workers: int, told: argparse.Namespace, *, in_the_middle: Callable[[], None] | None = None
) -> tuple[str, bool]:
    """One run on one database: its line of the table, and whether all is well."""
    store = Store.open(url, migrate=True)
    with store.write() as conn:
        charts = [
            patients.add(conn, f"Made Up {n}", by="benchmark", at=datetime.now(UTC)) for n in range(told.patients)
        ]
    names = add_staff(store, [["surgeon"]] * told.writers)
    chance = random.Random(told.seed)
    with tempfile.TemporaryDirectory() as folder, running(Program(url, Path(folder), workers)) as program:
        writers = Writers(program.origin, names, charts, seed=told.seed)
        writers.start()
        half = told.kills // 2
        away = killed_under_load(program, writers, kills=half, forms=told.forms, chance=chance)
        if in_the_middle is not None:
            in_the_middle()
        away += killed_under_load(
            program, writers, kills=told.kills - half, forms=told.forms, chance=chance, so_far=half
        )
        promises = writers.stop()
        behind, said = program.left_behind(), program.failures()
        until = time.monotonic() + _ANSWERED_SECONDS
        while (missing := unanswered_patients(store, charts)) and time.monotonic() < until:
            time.sleep(1)
    found = kept(store, promises, charts)
    store.close()
    failures = promises.failures if in_the_middle is None else 0  # without a database every page fails
    well = not (found.lost or found.twice or found.faults or missing or promises.refused or behind or failures)
    _say(f"  {url.partition(':')[0]}, {workers} workers: " + ("all is well" if well else "SOMETHING IS WRONG"))
    _tell_wrong(promises, found, missing, behind, said)
    name = url.partition(":")[0] + (", whose server was killed once too" if in_the_middle is not None else "")
    audit = "whole" if not found.faults else f"{len(found.faults)} faults"
    line = (
        f"| {name} | {workers} | {told.kills} | {len(promises.acknowledged)} | {len(found.lost)} | {len(found.twice)} "
        f"| {promises.resent} | {promises.conflicts} | {audit}, {found.entries} entries | {len(missing)} "
        f"| {statistics.median(away):.1f} |"
    )
    return line, well


def _tell_wrong(promises: Promises, found: Kept, missing: list[str], behind: int, said: list[str]) -> None:
    for sent in found.lost[:10]:
        _say(f"    lost: {sent}")
    for one in found.twice[:10]:
        _say(f"    twice: {one}")
    for fault in found.faults[:10]:
        _say(f"    {fault.place}: {fault.problem}")
    for why, number in promises.refused.most_common(10):
        _say(f"    refused {number} times: {why}")
    if missing:
        _say(f"    {len(missing)} patients without an answer of what is recorded now")
    if behind:
        _say(f"    {behind} killed lives left processes behind")
    if promises.failures:
        _say(f"    {promises.failures} answers said that something went wrong in the program")
    for line in said:
        _say(f"    the program's log: {line}")
    if promises.unanswered:
        _say(f"    {len(promises.unanswered)} forms never got through; {found.unanswered_kept} of them are kept")


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--patients", type=int, default=50)
    parser.add_argument("--writers", type=int, default=24)
    parser.add_argument("--forms", type=int, default=40, help="forms that are kept between two deaths")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    told = parser.parse_args()
    lines: list[str] = []
    well = True
    if told.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            line, fine = storm(f"sqlite:///{folder}/clinic.db", 1, told)
            lines, well = [*lines, line], well and fine
    if told.only != "sqlite":
        with running_postgresql(durable=True) as server:
            for workers, kill in ((1, None), (2, server.kill_and_start)):
                with server.fresh() as url:
                    line, fine = storm(url, workers, told, in_the_middle=kill)
                    lines, well = [*lines, line], well and fine
    _say(
        f"\n{datetime.now(UTC):%-d %B %Y}, {os.cpu_count()} cores, Python {platform.python_version()}; {told.writers} "
        f"people writing without pause over {told.patients} patients, {told.forms} forms between two deaths:\n"
    )
    _say(_HEADING)
    _say("|---" * (_HEADING.count("|") - 1) + "|")
    _say("\n".join(lines))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
