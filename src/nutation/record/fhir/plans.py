"""What is ordered or planned: service requests, care plans, appointments. All are intentions, or, where
revoked or forbidden, negated; they never say that something was done.
"""

from __future__ import annotations

from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept
from nutation.record.fhir.procedure import emit_procedure, procedure_side, treated
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import concept_at, concepts_at, table
from nutation.record.fhir.when import between, period_node
from nutation.record.head import Modality
from nutation.record.period import Period

_REVOKED = frozenset({"revoked", "cancelled", "not-done", "noshow"})


def _planned(item: Item, text: str | None, name: str) -> Period | None:
    """An order has no date of its happening: it comes on or after the day that it was written."""
    return between(text, None, name, course=False) if text else None


def read_service_request(item: Item) -> None:
    """A ServiceRequest."""
    node = item.node
    code = concept_at(node, "code")
    refused = node.flag("doNotPerform") or node.text("status") in _REVOKED
    when = item.happened("occurrence") or _planned(item, node.text("authoredOn"), "authoredOn")
    side = procedure_side(item)
    modality: Modality = "negated" if refused else "intended"
    found = table("observations").find(code)
    if code is None:
        item.leave("code", None, "an order without a code.", matters=False)
    elif found is not None and found[0]["field"]:
        item.emit(found[0]["kind"], "", when, side=side, modality=modality, **found[0].pairs("says"))
    else:
        emit_procedure(
            item, "", code, item.sites(), when=when, side=side, modality=modality, note=item.notes(), aim=treated(item)
        )


def read_care_plan(item: Item) -> None:
    """A CarePlan: what its activities plan, and its own category."""
    node = item.node
    span = node.child("period")
    when = period_node(span, course=True) if span is not None else _planned(item, node.text("created"), "created")
    modality: Modality = "negated" if node.text("status") in _REVOKED else "intended"
    aim = _addressed(item)
    for activity in node.children("activity"):
        detail = activity.child("detail")
        if detail is None:
            item.target(activity.child("reference"))
            continue
        code = concept_at(detail, "code")
        if code is not None:
            scheduled = detail.child("scheduledPeriod")
            at = period_node(scheduled, course=True) if scheduled is not None else when
            refused = detail.flag("doNotPerform") or detail.text("status") in _REVOKED
            emit_procedure(
                item, detail.path, code, [], when=at, side=side_of([code]), aim=aim,
                modality="negated" if refused else modality,
            )  # fmt: skip
    for category in concepts_at(node, "category"):
        if table("procedures").find(category) is not None:
            emit_procedure(item, category.path, category, [], when=when, side="unknown", modality=modality, aim=aim)
    if not item.events:
        words = " ".join(filter(None, (node.text("title"), node.text("description"))))
        item.leave("activity", None, "no event is made of this plan.", words=words)


def _addressed(item: Item) -> str | None:
    for node in item.node.children("addresses"):
        held = item.target(node)
        found = table("conditions").find(concept_at(held.node, "code")) if held is not None else None
        if found is not None and any(name.startswith("sij_") for name in found[0].listed("categories")):
            return "si_joint"
    return None


def read_appointment(item: Item) -> None:
    """An Appointment for something whose code is known."""
    node = item.node
    start = node.text("start")
    modality: Modality = "negated" if node.text("status") in _REVOKED else "intended"
    concepts: list[Concept] = [*concepts_at(node, "serviceType"), *concepts_at(node, "reasonCode")]
    when = between(start, node.text("end"), "", course=False) if start else None
    for code in concepts:
        if table("procedures").find(code) is not None:
            emit_procedure(item, code.path, code, [], when=when, side=side_of([code]), modality=modality)
