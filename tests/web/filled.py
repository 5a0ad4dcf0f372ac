"""A clinic with a few of the example patients, answered as the worker answers them: filled once a module of tests."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.record.reading import read_record
from nutation.store import Draft, Store, events, ledger, patients
from nutation.web.answering import answer_all
from web.made import NOW, Clock, add_person, made_app, settings_for, sign_in_as

_NUMBER = count(1)
EXAMPLES = Path(__file__).parents[2] / "examples"
NASTY = "<script>alert('x')</script> & \"Zoë\" O'Brien"
"""A name that would run, if it were not escaped."""

PATIENTS = {
    "classic-degenerative": "Anna Berg",
    "bilateral": "Bea Lund",
    "cauda-equina": "Carl Ek",
    "silent-infection": NASTY,
    "one-block-only": "Eva Dahl",
}


@dataclass
class Clinic:
    """The app, its store, the patients' ids by example, and a signed-in browser for each role."""

    app: FastAPI
    store: Store
    ids: dict[str, str]
    clients: dict[str, TestClient] = field(default_factory=dict[str, TestClient])

    def as_(self, *roles: str) -> TestClient:
        key = " ".join(roles)
        if key not in self.clients:
            self.clients[key] = sign_in_as(self.app, add_person(self.store, roles, shown=f"The {key}"))
        return self.clients[key]

    def enter(self, example: str, kind: str, body: dict[str, Any], *, by: str = "person") -> None:
        """An entry of the patient's chain, and whatever answer it asks for."""
        with self.store.write() as conn:
            ledger.append(conn, self.ids[example], [Draft(kind, body)], by=by, at=NOW)
        self.answer()

    def answer(self) -> None:
        answer_all(self.store, lambda: NOW)


def add_patient(store: Store, example: str, label: str, number: int = 0) -> str:
    record = read_record(EXAMPLES / example)
    with store.write() as conn:
        made = patients.add(
            conn,
            label,
            by="person",
            at=NOW,
            born=date(1970, 1, 1 + number),
            identifiers=[("clinic", f"MRN-{next(_NUMBER)}")],
        )
        events.append_events(conn, made, record.events, by="person", at=NOW, unmapped=record.unmapped)
    return made


@contextmanager
def clinic_in(folder: Path, template: Path) -> Generator[Clinic]:
    file = folder / "clinic.db"
    shutil.copy(template, file)
    url = f"sqlite:///{file}"
    store = Store.open(url)
    ids = {name: add_patient(store, name, label, n) for n, (name, label) in enumerate(PATIENTS.items())}
    clinic = Clinic(made_app(store, settings_for(url, show_errors=True), Clock()), store, ids)
    clinic.answer()
    try:
        yield clinic
    finally:
        store.close()
