"""Who may do what: rights named by what they allow, and the roles that hold them. Nothing else decides.

A page names the rights that it needs (``web.context.needs``); a person has the rights of all their roles. The
reference page of rights is made from these tables, and a test goes through every page as every role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeGuard, get_args

Role = Literal["therapist", "coordinator", "surgeon", "researcher", "administrator", "patient", "carer"]
Right = Literal[
    "see_worklist", "see_patient", "see_without_names", "add_patient", "write_events", "screen_safety",
    "record_judgement", "override_answer", "hold_conference", "upload_document", "submit_request", "sign",
    "make_plan", "confirm_plan", "merge_patients", "erase_patient", "export_clinic", "report_harm", "review_harm",
    "see_audit", "manage_people", "set_modes",
]  # fmt: skip

ROLES: Mapping[Role, str] = {
    "therapist": "Physiotherapist or other clinician who examines and treats without operating.",
    "coordinator": "Physician assistant or coordinator who carries a case through the pathway.",
    "surgeon": "Physician who decides, signs and operates.",
    "researcher": "Sees cases without names, identifiers, documents and free text.",
    "administrator": "Keeps the accounts and the modes; sees no patient's content unless also clinical.",
    "patient": "Prepared for the patient's own pages; has no right yet.",
    "carer": "Prepared for somebody who helps a patient; has no right yet.",
}
"""Every role, with who holds it."""

MEANING: Mapping[Right, str] = {
    "see_worklist": "Open the list of all joints under care.",
    "see_patient": "Open a patient's pages and documents.",
    "see_without_names": "Open cases without names, identifiers, documents and free text.",
    "add_patient": "Add a patient, by hand or from a file.",
    "write_events": "Enter and correct findings, treatments and other events.",
    "screen_safety": "Enter a safety screen as its clinician, and address a standing item.",
    "record_judgement": "Record one's own judgement of a question.",
    "override_answer": "Act against an answer, with a reason.",
    "hold_conference": "Record a case conference.",
    "upload_document": "Upload a document and pin events to its pages.",
    "submit_request": "Prepare a submission and carry the request through its life.",
    "sign": "Sign a submission or an attestation with one's name.",
    "make_plan": "Upload images, and make and move a plan.",
    "confirm_plan": "Take responsibility for side, level and plan.",
    "merge_patients": "Join two records of one patient, and part them again.",
    "erase_patient": "Erase a patient's content by law.",
    "export_clinic": "Take the whole clinic's data out, or bring it in.",
    "report_harm": "Report that an answer was wrong or harmful.",
    "review_harm": "Open the snapshots of such reports.",
    "see_audit": "See who opened and changed what.",
    "manage_people": "Add people, give roles, disable accounts and reset second factors.",
    "set_modes": "Switch a function between research and clinic mode.",
}
"""Every right, with what it allows."""


def _held(*rights: Right) -> frozenset[Right]:
    return frozenset(rights)


_CLINICAL = _held(
    "see_worklist", "see_patient", "add_patient", "write_events", "hold_conference", "upload_document", "report_harm"
)

RIGHTS: Mapping[Role, frozenset[Right]] = {
    "therapist": _CLINICAL | _held("screen_safety", "record_judgement"),
    "coordinator": _CLINICAL | _held("submit_request", "merge_patients"),
    "surgeon": _CLINICAL
    | _held("screen_safety", "record_judgement", "override_answer", "submit_request", "sign", "make_plan")
    | _held("confirm_plan", "merge_patients", "review_harm"),
    "researcher": _held("see_without_names"),
    "administrator": _held("see_audit", "manage_people", "set_modes", "erase_patient", "export_clinic"),
    "patient": _held(),
    "carer": _held(),
}
"""The rights of each role. Erasing and exporting need ``see_patient`` too: an administrator who is also clinical."""

PATIENT_CONTENT: frozenset[Right] = RIGHTS["therapist"] | RIGHTS["coordinator"] | RIGHTS["surgeon"]
"""Rights that show or change a patient's content under the patient's name."""


def of(roles: Iterable[str]) -> frozenset[Right]:
    """The rights of somebody with these roles, together; an unknown role gives none."""
    return frozenset(right for role in roles if is_role(role) for right in RIGHTS[role])


def is_role(word: str) -> TypeGuard[Role]:
    """Whether a word from outside is a role."""
    return word in get_args(Role)
