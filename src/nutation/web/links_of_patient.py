"""The one list of places that a patient's pages lead to: who may go there, and whether the program has them.

Places are added as their pages come; a link is shown only where its page exists and the person may open it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import FastAPI

from nutation.web.context import Current
from nutation.web.forms import FORMS, form_named
from nutation.web.guard import guarded
from nutation.web.rights import Right


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a patient (``{}`` stands for the id), the right it needs, and the words of its link.

    ``more`` puts it behind the links that are used every day.
    """

    name: str
    label: str
    path: str
    right: Right
    more: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A place for one person and patient; ``exists`` tells whether the program has its page."""

    name: str
    label: str
    href: str
    exists: bool
    more: bool = False


PLACES: tuple[Place, ...] = (
    Place("judgement", "Your judgement", "/patients/{}/judgement", "record_judgement"),
    Place("conference", "Case conference", "/patients/{}/conference", "hold_conference"),
    Place("documents", "Documents", "/patients/{}/documents", "see_patient"),
    Place("requests", "Requests", "/patients/{}/requests", "see_patient"),
    Place("plan", "Plans", "/patients/{}/plans", "see_patient"),
    Place("readiness", "Readiness sheet", "/patients/{}/readiness", "see_patient", more=True),
    Place("override", "Act against the answer", "/patients/{}/override", "override_answer", more=True),
    Place("import", "Bring in a file", "/patients/{}/import", "write_events", more=True),
    Place("identity", "Name and numbers", "/patients/{}/identity", "add_patient", more=True),
    Place("merge", "Same person as another", "/patients/{}/merge", "merge_patients", more=True),
    Place("accesses", "Who opened this", "/accesses?of={}", "see_audit", more=True),
    Place("harm", "This answer was wrong or harmful", "/patients/{}/harm", "report_harm"),
)
"""In the order in which they are shown."""

ADD = Place("add", "Add a patient", "/patients/add", "add_patient")

_PARAMETER = re.compile(r"\{[^}]*\}")


def places(app: FastAPI, who: Current, patient: str) -> tuple[Link, ...]:
    """Every place that the person may open, existing or not."""
    return tuple(_link(app, place, patient) for place in PLACES if who.may(place.right))


def shown(links: Iterable[Link]) -> tuple[Link, ...]:
    """Those of the links that lead somewhere."""
    return tuple(link for link in links if link.exists)


def place(app: FastAPI, who: Current, patient: str, name: str, *, query: str = "") -> str:
    """The address of the place of that name; empty where there is none for this person."""
    found = next((one for one in (*PLACES, ADD) if one.name == name and who.may(one.right)), None)
    if found is None:
        return ""
    link = _link(app, found, patient)
    return f"{link.href}{query}" if link.exists else ""


def form(app: FastAPI, who: Current, patient: str, name: str, side: str = "") -> str:
    """The address of the form of that name, opened for a side; empty where it does not exist for this person."""
    found = form_named(name)
    if found is None or not who.may(found.right) or not who.may("write_events") or not who.may("see_patient"):
        return ""
    if "/patients/{}/forms/{}" not in paths(app):
        return ""
    return f"/patients/{patient}/forms/{found.name}" + (f"?side={side}" if side in ("left", "right") else "")


def forms(app: FastAPI, who: Current, patient: str) -> tuple[Link, ...]:
    """Every form that the person may fill in, in the order of the pathway."""
    told = ((one.name, one.title, form(app, who, patient, one.name)) for one in FORMS.values())
    return tuple(Link(name, title, href, True) for name, title, href in told if href)


def next_of(app: FastAPI, who: Current, patient: str, name: str, side: str) -> str:
    """Where what a line of the worklist waits for is done: a form, or (``/requests``) another place."""
    if name.startswith("/"):
        return place(app, who, patient, name[1:], query=f"?side={side}" if side in ("left", "right") else "")
    return form(app, who, patient, name, side) if name else ""


def paths(app: FastAPI) -> frozenset[str]:
    """The addresses that the program answers to with GET, parameters written as ``{}``."""
    known: frozenset[str] | None = getattr(app.state, "paths_of_pages", None)
    if known is None:
        known = frozenset(_PARAMETER.sub("{}", one.path) for one in guarded(app) if one.method == "GET")
        app.state.paths_of_pages = known
    return known


def _link(app: FastAPI, one: Place, patient: str) -> Link:
    exists = one.path.partition("?")[0] in paths(app)
    return Link(one.name, one.label, one.path.format(patient), exists, one.more)
