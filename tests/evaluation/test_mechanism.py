"""Why the joint hurts, and what else could: three answers that are never multiplied."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.patients import asked, battery, block, event, examined, view_of, without
from nutation.evaluation import Alternative, Mechanism, screen
from nutation.evaluation.differential import differential
from nutation.evaluation.mechanism import mechanism
from nutation.evidence import load

EVIDENCE = load()
BASE = tuple(e for e in asked() if e.id != "onset")


def of(*events: Any) -> Mechanism:
    view = view_of((*BASE, *events))
    return mechanism(view, screen(view, EVIDENCE), EVIDENCE)


def image(name: str, method: str = "ct", **shown: Any) -> Any:
    return event(name, "imaging", "2026-08-01", method=method, region="si_joint", **shown)


DEGENERATE = image("ct", degeneration="present")


@pytest.mark.parametrize(
    ("events", "kind", "leads_on"),
    [
        ((), "unknown", False),
        ((DEGENERATE,), "degenerative", True),
        ((image("ct", degeneration="present", disruption="present"),), "disruption", True),
        (
            (event("d", "diagnosis", "2026-08-01/", category="sij_dysfunction", clinical_status="active"),),
            "mechanical",
            True,
        ),
        ((event("o", "onset", "2025-01-01", cause="trauma"),), "mechanical", True),
        ((event("f", "operation", "2023-01-01", target="lumbar_fusion"),), "mechanical", True),
        ((DEGENERATE, image("mri", "mri", infection="present")), "infectious", False),
        ((DEGENERATE, image("mri", "mri", fracture="present")), "fracture", False),
        ((DEGENERATE, image("mri", "mri", tumour="present")), "tumour", False),
        (
            (DEGENERATE, image("mri", "mri", inflammation="present", deep_marrow_oedema="present")),
            "inflammatory",
            False,
        ),
    ],
)
def test_the_mechanism(events: tuple[Any, ...], kind: str, leads_on: bool) -> None:
    told = of(*events)
    assert (told.kind, told.leads_to_indication) == (kind, leads_on)
    if kind != "unknown":
        assert told.reasons
        assert all(reason.witnesses and reason.citation for reason in told.reasons)


def test_a_mechanical_joint_is_not_named_while_a_graver_cause_stands() -> None:
    """Two signs of infection, none of which establishes it: the mechanism is open, and says of what."""
    crp = event("crp", "laboratory", "2026-08-20", side="none", analyte="crp", value=80)
    fever = event("fever", "symptom", "2026-08-20", symptom="fever", answer="reported")
    told = of(DEGENERATE, crp, fever)
    assert (told.kind, told.leads_to_indication) == ("unknown", False)
    assert "Infection of the joint" in told.also_open


def test_what_was_looked_into_gives_way() -> None:
    broken = image("mri", "mri", fracture="present")
    healed = event(
        "healed", "gate_resolution", "2026-08-20", item="sacral_fracture", investigation="CT", outcome="treated"
    )
    assert of(DEGENERATE, broken).kind == "fracture"
    assert of(DEGENERATE, broken, healed).kind == "degenerative"


def test_what_an_investigation_found_is_the_mechanism() -> None:
    found = event("found", "gate_resolution", "2026-08-20", item="tumour", investigation="biopsy", outcome="found")
    assert of(DEGENERATE, found).kind == "tumour"


def test_dorsal_ligaments() -> None:
    """A readable block inside the joint did nothing, none helped, and the long ligament hurts as usual."""
    complete = event("all", "completeness", "2026-09-01", of="injection", up_to="2026-09-01")
    tender = event("tender", "examination", "2026-08-25", long_ligament="positive")
    told = of(block("b", "2026-07-01", after=8), tender, complete)
    assert (told.kind, told.leads_to_indication) == ("dorsal_ligaments", False)
    assert of(block("b", "2026-07-01"), tender, complete).kind != "dorsal_ligaments"


def test_a_fused_joint_is_a_question_of_its_own() -> None:
    told = of(
        DEGENERATE, event("fusion", "operation", "2025-01-01", target="si_joint"), image("x", loosening="present")
    )
    assert told.kind == "unknown"
    assert [reason.text for reason in told.reasons] == ["An image shows loosening"]


def alternatives(*events: Any) -> dict[str, Alternative]:
    return {a.id: a for a in differential(view_of((*BASE, *events)), EVIDENCE)}


def test_the_differential_names_both_sides() -> None:
    told = alternatives()
    assert {"hip", "disc", "facet", "radiculopathy", "axial_spondyloarthritis", "generalised_pain"} == set(told)
    assert told["hip"].state == "against"
    assert told["disc"].state == "against"
    assert told["facet"].state == "not_asked"
    assert told["hip"].share == 0.125
    assert told["disc"].share == 0.42
    assert all(a.citation for a in told.values())


def test_a_hip_that_hurts_speaks_for_itself() -> None:
    base = without(BASE, "examination")
    view = view_of((*base, examined(hip_screen="positive"), image("x", "xray", hip_disease="absent")))
    hip = next(a for a in differential(view, EVIDENCE) if a.id == "hip")
    assert hip.state == "mixed"
    assert [r.text for r in hip.speaks_for] == ["Positive hip screen"]
    assert hip.speaks_for[0].witnesses == ("examination",)


def test_centralisation_speaks_for_a_disc() -> None:
    base = without(BASE, "examination")
    view = view_of((*base, examined(centralisation="present", **battery(4))))
    first = differential(view, EVIDENCE)[0]
    assert (first.id, first.state) == ("disc", "for")


def test_what_was_not_asked_is_said() -> None:
    view = view_of(without(BASE, "examination"))
    told = {a.id: a for a in differential(view, EVIDENCE)}
    assert told["hip"].state == "not_asked"
    assert any("hip" in question.lower() for question in told["hip"].not_asked)
