"""The program killed while people write: whatever was acknowledged is kept once, and what is due gets answered.

A short run of `benchmarks/clinic_kill.py`.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic_program import Program, add_staff, running
from clinic_writers import Writers, kept, killed_under_load, unanswered_patients
from nutation.store import Store, patients
from nutation.web.answering import answer_all

pytestmark = pytest.mark.slow

PATIENTS, WRITERS, KILLS, FORMS = 4, 5, 2, 8


def test_nothing_acknowledged_is_lost_and_nothing_is_kept_twice(database_url: str, tmp_path: Path) -> None:
    store = Store.open(database_url)
    with store.write() as conn:
        charts = [patients.add(conn, f"Made Up {n}", by="test", at=datetime.now(UTC)) for n in range(PATIENTS)]
    names = add_staff(store, [["surgeon"]] * WRITERS)
    with running(Program(database_url, tmp_path)) as program:
        writers = Writers(program.origin, names, charts)
        writers.start()
        killed_under_load(program, writers, kills=KILLS, forms=FORMS, chance=random.Random(5))
        promises = writers.stop()
        assert program.left_behind() == 0, "processes of a killed program live on"

    told = kept(store, promises, charts)
    assert (promises.refused, promises.failures) == ({}, 0)
    assert len(promises.acknowledged) >= FORMS * (KILLS + 1)
    assert promises.resent > 0, "nobody was writing when the program was killed"
    assert told.lost == ()
    assert told.twice == ()
    assert told.faults == ()

    # A patient whom a killed worker had taken waits for two minutes, then another takes them.
    answer_all(store, lambda: datetime.now(UTC) + timedelta(minutes=3))
    assert unanswered_patients(store, charts) == []
    store.close()
