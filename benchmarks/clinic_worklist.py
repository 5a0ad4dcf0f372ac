"""The worklist's page with 10,000 patients, through the real app, on SQLite and on a real PostgreSQL.

    uv run python benchmarks/clinic_worklist.py [--patients 10000] [--sqlite-only]

Rows are put there directly, since what is measured is the page: signing in, rights, counting, narrowing, sorting,
one page of rows, the template. The figure is the time from request to answer within one process, without a network.
The goal is 100 ms for a page. A bare ``SELECT count(*)`` over the same table stands beside it as a measure of the
machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sqlalchemy import func, insert, select, text

from databases import running_postgresql
from nutation.store import Store
from nutation.store.schema import entry, patient, worklist_row
from nutation.web.look import WAITS_WORDS
from nutation.web.stages import STAGES
from nutation.web.worklist_query import GATES
from web.made import add_person, made_app, settings_for, sign_in_as

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
ROUNDS = 20
PAGES = {
    "everything, by stage": "/worklist",
    "the 100th page": "/worklist?page=100",
    "one stage": "/worklist?stage=decision",
    "search for a name": "/worklist?text=nguyen",
    "search for a number": "/worklist?text=mrn-004711",
    "two filters, by due date": "/worklist?gate=standing&waits=surgeon&sort=due",
    "overdue, what expires first": "/worklist?due=overdue&sort=expires",
    "without names": "/research/worklist",
}
FAMILIES = ("Nguyen", "Berg", "Lund", "Okafor", "García", "Haddad", "Novak", "Silva", "Kowalski", "Ito", "Ek", "Rossi")
GIVEN = ("Anna", "Bea", "Carl", "Dina", "Eli", "Fia", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia", "Nils")


def fill(store: Store, patients: int) -> int:
    """Patients with one joint, or two in every third; how many rows there are."""
    chance = random.Random(20260901)
    people, entries, rows = [], [], []
    for n in range(patients):
        one, name = f"{n:032x}", f"{chance.choice(GIVEN)} {chance.choice(FAMILIES)}"
        head = f"{n:064x}"
        people.append(
            {"id": one, "label": name, "name_key": name.casefold(), "head": head, "length": 1, "events_head": head,
             "created_at": NOW, "changed_at": NOW}
        )  # fmt: skip
        entries.append(
            {"patient": one, "seq": 1, "kind": "patient", "at": NOW, "by": "benchmark", "body": {"label": name},
             "salt": "", "digest": head, "prev": "0" * 64, "hash": head}
        )  # fmt: skip
        for side in ("left", "right")[: 2 if n % 3 == 0 else 1]:
            stage = chance.choice(STAGES)
            rows.append(
                {"patient": one, "side": side, "label": name, "search": f"{name.casefold()} mrn-{n:06}",
                 "stage": stage, "stage_order": STAGES.index(stage), "gate": chance.choice(GATES), "action": "ask",
                 "action_other_side": False, "waits_for": "Second block inside the joint, with another anaesthetic",
                 "waits_from": chance.choice(list(WAITS_WORDS)), "form": "injection",
                 "due_on": date(2026, 9, 1) + timedelta(days=chance.randrange(-20, 90)) if n % 2 else None,
                 "expires_on": date(2026, 9, 2) + timedelta(days=chance.randrange(90)),
                 "expires_what": "Safety screen", "probability": "79 % (57 to 92 %)", "as_of": date(2026, 9, 1),
                 "made_at": NOW}
            )  # fmt: skip
    with store.write() as conn:
        for table, told in ((patient, people), (entry, entries), (worklist_row, rows)):
            for at in range(0, len(told), 2000):
                conn.execute(insert(table), told[at : at + 2000])
        if store.postgresql:
            conn.execute(text("ANALYZE"))
    return len(rows)


def measure(store: Store, url: str) -> None:
    """The page's times, and those of a bare count."""
    app = made_app(store, settings_for(url))
    named = sign_in_as(app, add_person(store, ["surgeon"]))
    bare = sign_in_as(app, add_person(store, ["researcher"]))

    def count() -> None:
        with store.read() as conn:
            conn.execute(select(func.count()).select_from(worklist_row)).scalar_one()

    print(f"  {'a bare count of the rows':<30} {told(times(count))}")
    for name, page in PAGES.items():
        client = bare if page.startswith("/research") else named

        def load(page: str = page) -> None:
            assert client.get(page).status_code == 200  # noqa: B023 - called at once

        print(f"  {name:<30} {told(times(load))}")


def times(do: Callable[[], None]) -> list[tuple[float, float]]:
    """Milliseconds on the clock and of this process's processors, of each round after two that warm up."""
    for _ in range(2):
        do()
    found: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        do()
        found.append(((time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000))
    return found


def told(found: list[tuple[float, float]]) -> str:
    """Median and the slowest but one on the clock; the median of processor time, which other programs do not change."""
    clock, used = ([one[n] for one in found] for n in (0, 1))
    return (
        f"median {statistics.median(clock):6.1f} ms, 19 of 20 under {sorted(clock)[-2]:6.1f} ms; "
        f"processor {statistics.median(used):5.1f} ms"
    )


def main() -> None:
    """Fill and measure each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/clinic.db"
        store = Store.open(url, migrate=True)
        print(f"SQLite, {options.patients} patients, {fill(store, options.patients)} joints")
        measure(store, url)
        store.close()
    if not options.sqlite_only:
        with running_postgresql() as server, server.fresh() as url:
            store = Store.open(url)
            print(f"PostgreSQL, {options.patients} patients, {fill(store, options.patients)} joints")
            measure(store, url)
            store.close()


if __name__ == "__main__":
    main()
