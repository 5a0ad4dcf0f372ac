"""Who may open which page, written down a second time: a page that is not here, or asks for other rights, fails.

A new page gets its line here together with its ``needs(…)``. A right's name stands for itself; ``signed_in`` is
everybody who is signed in, ``half_signed_in`` those who still owe the second factor too, ``anyone`` everybody.
"""

from __future__ import annotations

ROUTES: dict[str, tuple[str, ...]] = {
    # sign_in
    "GET /sign-in": ("anyone",),
    "POST /sign-in": ("anyone",),
    "GET /sign-in/provider": ("anyone",),
    "GET /sign-in/provider/back": ("anyone",),
    "GET /welcome/{token}": ("anyone",),
    "POST /welcome/{token}": ("anyone",),
    "GET /enter/{token}": ("anyone",),
    "GET /sign-in/code": ("half_signed_in",),
    "POST /sign-in/code": ("half_signed_in",),
    "GET /sign-in/enrol": ("half_signed_in",),
    "POST /sign-in/enrol": ("half_signed_in",),
    "POST /sign-out": ("half_signed_in",),
    # account
    "GET /account": ("signed_in",),
    "POST /account/password": ("signed_in",),
    "POST /account/recovery-codes": ("signed_in",),
    "POST /account/other-sessions": ("signed_in",),
    # people
    "GET /people": ("manage_people",),
    "POST /people": ("manage_people",),
    "GET /people/{person}": ("manage_people",),
    "POST /people/{person}": ("manage_people",),
    "POST /people/{person}/invite": ("manage_people",),
    "POST /people/{person}/disable": ("manage_people",),
    "POST /people/{person}/enable": ("manage_people",),
    "POST /people/{person}/reset-second-factor": ("manage_people",),
    # modes
    "GET /modes": ("set_modes",),
    "POST /modes/{function}": ("set_modes",),
    # clinic_settings
    "GET /settings": ("set_modes",),
    "POST /settings": ("set_modes",),
    # accesses
    "GET /accesses": ("see_audit",),
    # research
    "GET /research/worklist": ("see_without_names",),
    "GET /research/patients/{patient}": ("see_without_names",),
    # worklist
    "GET /": ("signed_in",),
    "GET /worklist": ("see_worklist",),
    "POST /worklist/views": ("see_worklist",),
    "POST /worklist/views/forget": ("see_worklist",),
    # adding, importing
    "GET /patients/add": ("see_patient", "add_patient"),
    "POST /patients/add": ("see_patient", "add_patient"),
    "GET /patients/import": ("see_patient", "add_patient"),
    "POST /patients/import": ("see_patient", "add_patient"),
    "GET /patients/{patient}/import": ("see_patient", "write_events"),
    "POST /patients/{patient}/import": ("see_patient", "write_events"),
    # identity_of_patient, merging
    "GET /patients/{patient}/identity": ("see_patient", "add_patient"),
    "POST /patients/{patient}/identity": ("see_patient", "add_patient"),
    "GET /patients/{patient}/erase": ("see_patient", "erase_patient"),
    "POST /patients/{patient}/erase": ("see_patient", "erase_patient"),
    "GET /patients/{patient}/merge": ("see_patient", "merge_patients"),
    "POST /patients/{patient}/merge": ("see_patient", "merge_patients"),
    "GET /patients/{patient}/split": ("see_patient", "merge_patients"),
    "POST /patients/{patient}/split": ("see_patient", "merge_patients"),
    # judgement, override, conference
    "GET /patients/{patient}/judgement": ("see_patient", "record_judgement"),
    "POST /patients/{patient}/judgement": ("see_patient", "record_judgement"),
    "GET /patients/{patient}/override": ("see_patient", "override_answer"),
    "POST /patients/{patient}/override": ("see_patient", "override_answer"),
    "GET /patients/{patient}/conference": ("see_patient", "hold_conference"),
    "POST /patients/{patient}/conference": ("see_patient", "hold_conference"),
    "GET /patients/{patient}/conference/{conference}": ("see_patient", "hold_conference"),
    # harm
    "GET /patients/{patient}/harm": ("see_patient", "report_harm"),
    "POST /patients/{patient}/harm": ("see_patient", "report_harm"),
    "GET /harm": ("see_patient", "review_harm"),
    "GET /harm/{report}": ("see_patient", "review_harm"),
    "POST /harm/{report}": ("see_patient", "review_harm"),
    "GET /harm/{report}/export": ("see_patient", "review_harm"),
    # patient
    "GET /patients/{patient}": ("see_patient",),
    "GET /patients/{patient}/joints/{side}": ("see_patient",),
    "GET /answers/moment": ("see_patient",),
    "GET /patients/{patient}/answers/{events_head}/{as_of}/{versions}": ("see_patient",),
    "GET /patients/{patient}/answers/{events_head}/{as_of}/{versions}/document.json": ("see_patient",),
    "POST /patients/{patient}/answers/{events_head}/{as_of}/{versions}/again": ("see_patient",),
    # documents
    "GET /patients/{patient}/documents": ("see_patient",),
    "POST /patients/{patient}/documents": ("see_patient", "upload_document"),
    "GET /patients/{patient}/documents/{document}": ("see_patient",),
    "GET /patients/{patient}/documents/{document}/content": ("see_patient",),
    "POST /patients/{patient}/documents/{document}": ("see_patient", "upload_document"),
    "POST /patients/{patient}/documents/{document}/pins": ("see_patient", "upload_document"),
    "POST /patients/{patient}/documents/{document}/unpin": ("see_patient", "upload_document"),
    "POST /patients/{patient}/documents/{document}/withdraw": ("see_patient", "upload_document"),
    "GET /patients/{patient}/readiness": ("see_patient",),
    "GET /patients/{patient}/readiness.pdf": ("see_patient",),
    # requests
    "GET /patients/{patient}/requests": ("see_patient",),
    "POST /patients/{patient}/requests": ("see_patient", "submit_request"),
    "GET /patients/{patient}/requests/{request_id}": ("see_patient",),
    "POST /patients/{patient}/requests/{request_id}/moves/{move}": ("see_patient", "submit_request"),
    "GET /request-days": ("submit_request",),
    "POST /request-days": ("submit_request",),
    # request_papers
    "GET /patients/{patient}/requests/{request_id}/{paper}": ("see_patient",),
    "GET /patients/{patient}/requests/{request_id}/{paper}/draft.pdf": ("see_patient",),
    "GET /patients/{patient}/requests/{request_id}/{paper}/signed/{sha}.pdf": ("see_patient",),
    "POST /patients/{patient}/requests/{request_id}/{paper}/words": ("see_patient", "submit_request"),
    "POST /patients/{patient}/requests/{request_id}/{paper}/sign": ("see_patient", "sign"),
    # plan
    "GET /patients/{patient}/plans": ("see_patient",),
    "GET /patients/{patient}/plans/{plan}": ("see_patient",),
    "GET /patients/{patient}/plans/{plan}/files/{name:path}": ("see_patient",),
    "GET /patients/{patient}/comparisons/{comparison}/{name:path}": ("see_patient",),
    "GET /patients/{patient}/plans/{plan}/viewer/{name}": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/images": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/{plan}/check": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/{plan}/compare": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/{plan}/move": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/{plan}/open": ("see_patient", "make_plan"),
    "POST /patients/{patient}/plans/{plan}/state": ("see_patient", "confirm_plan"),
    # forms
    "GET /patients/{patient}/forms/{form}": ("see_patient", "write_events"),
    "POST /patients/{patient}/forms/{form}": ("see_patient", "write_events"),
}
