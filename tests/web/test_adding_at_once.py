"""Two people who add one patient at the same time: on either database there is one, and the second is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from nutation.store import Store
from nutation.store.schema import patient as patient_table
from web.entries_made import clinic
from web.made import made_app, settings_for


def test_one_patient_comes_of_two_who_add_at_once(database_url: str) -> None:
    store = Store.open(database_url)
    app = made_app(store, settings_for(database_url))
    clients = [clinic(app), clinic(app)]
    told = {"name": "Anna Berg", "born": "1979-05-17"}
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda client: client.post("/patients/add", data=told).status_code, clients))
    assert sorted(found) == [303, 422]
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(patient_table)).scalar_one() == 1
    store.close()
