"""Exclusions and statements, item by item, signed by name; a diagnosis by itself."""

from __future__ import annotations

from nutation.web.forms.shape import (
    NOT_KNOWN,
    Field,
    Form,
    Item,
    Items,
    Made,
    Section,
    choice,
)

DIAGNOSES: tuple[tuple[str, str], ...] = (
    ("infection", "Infection of joint, bone or disc"),
    ("tumour", "Tumour"),
    ("fracture", "Fracture of the pelvis or sacrum"),
    ("inflammatory_arthropathy", "Inflammatory joint disease"),
    ("crystal_arthropathy", "Gout or another crystal disease"),
    ("generalised_pain", "Generalised pain, as fibromyalgia"),
    ("somatoform", "Somatoform disorder"),
    ("behavioural", "Behavioural disorder"),
    ("substance_use", "Substance use disorder"),
    ("hip_disease", "Disease of the hip"),
    ("radiculopathy", "Compressed lumbar nerve root"),
    ("neural_compression", "Compression of lumbar nerves"),
    ("sacral_dysplasia", "Dysplasia of the sacrum"),
    ("osteoporosis", "Osteoporosis"),
    ("connective_tissue", "Connective-tissue disease"),
    ("diabetes", "Diabetes"),
    ("bleeding_disorder", "Bleeding disorder"),
    ("immunosuppression", "Weakened immune system"),
    ("metal_allergy", "Allergy to metal"),
    ("cauda_equina", "Cauda equina syndrome"),
)
"""Diagnoses whose absence somebody may have to state."""
_OTHERS: tuple[tuple[str, str], ...] = (
    ("sij_degeneration", "Degeneration of the sacroiliac joint"),
    ("sij_disruption", "Disruption of the sacroiliac joint"),
    ("sij_dysfunction", "Dysfunction of the sacroiliac joint"),
    ("cancer_history", "Cancer in the past"),
    ("disc", "Disease of a lumbar disc"),
    ("spondylolisthesis", "Spondylolisthesis"),
    ("scoliosis", "Scoliosis"),
    ("other", "Another"),
)

STATEMENTS: tuple[tuple[str, str], ...] = (
    ("pain_moderate_or_severe", "The pain is moderate or severe"),
    ("pain_does_not_radiate", "The pain does not radiate"),
    ("no_severe_pain_of_other_cause", "There is no severe back pain of another cause"),
    ("painful_movements_possible_after_block", "After the block the movements that hurt before were possible"),
    ("relief_lasted_as_anaesthetic", "The relief lasted as long as the anaesthetic acts"),
    ("behavioural_disorder_managed", "A behavioural disorder is under treatment"),
    ("substance_use_managed", "A substance use disorder is under treatment"),
    ("operator_trained", "The operator is trained in this operation"),
    ("operator_uses_image_guidance", "The operator regularly uses image guidance"),
    ("trial_exclusions_read_in_full", "The trials' exclusions were read in full, and none applies"),
    ("severe_pelvic_ring_injury", "There is a severe injury of the pelvic ring"),
    ("sacrectomy_planned", "A sacrectomy is planned"),
    ("multisegment_construct_to_ilium", "The fusion is part of a construct over several segments down to the ilium"),
)
"""Statements that policies ask a named person for."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("diagnosis", "Diagnoses"),
    ("injection", "Injections"),
    ("operation", "Operations"),
    ("treatment", "Courses of care"),
    ("medication", "Medicines"),
    ("trauma", "Injuries"),
    ("adverse_event", "Complications"),
)


def _exclusion(category: str, label: str) -> Item:
    none = Made("completeness", (("of", "diagnosis"), ("topic", category)), side="both", day_in="up_to")
    there = Made("diagnosis", (("category", category), ("clinical_status", "active")))
    asked = Made("attestation", (("statement", f"no_known_{category}"),), not_known=("holds",))
    answers = (("absent", "none known", none), ("present", "present", there), (NOT_KNOWN, "not known", asked))
    return Item(category, label, answers, topic=category)


def _statement(code: str, label: str) -> Item:
    def told(holds: bool) -> Made:
        return Made("attestation", (("statement", code), ("holds", holds)))

    asked = Made("attestation", (("statement", code),), not_known=("holds",))
    return Item(code, label, (("yes", "yes", told(True)), ("no", "no", told(False)), (NOT_KNOWN, "not known", asked)),
                topic=code)  # fmt: skip


def _in_full(kind: str, label: str) -> Item:
    made = Made("completeness", (("of", kind),), side="none" if kind == "medication" else "both", day_in="up_to")
    return Item(kind, label, (("yes", "all are recorded", made),), topic=f"completeness {kind}")


ATTESTATION = Form(
    name="attestation",
    title="Exclusions and statements",
    right="sign",
    lead="Each line is a statement of yours. Answer what you know, leave the rest empty, and sign below.",
    day_label="Holds on",
    signed=True,
    beside=("diagnosis",),
    parts=(
        Items(
            "exclusion",
            "Diagnoses: is one known?",
            tuple(_exclusion(*told) for told in DIAGNOSES),
            help="None known: you have the history and the records, and know of none.",
        ),
        Items("statement", "Statements", tuple(_statement(*told) for told in STATEMENTS), fold="closed"),
        Items(
            "in_full",
            "What is recorded in full",
            tuple(_in_full(*told) for told in _KINDS),
            help="Every one up to that day is in this record.",
            fold="closed",
        ),
    ),
)

DIAGNOSIS = Form(
    name="diagnosis",
    title="Diagnosis",
    day="none",
    sides="asked",
    offered=("left", "right", "both", "none"),
    beside=("attestation",),
    parts=(
        Section(
            "diagnosis", "diagnosis", "The diagnosis",
            (
                choice("category", "What", *_OTHERS[:3], *DIAGNOSES, *_OTHERS[3:], menu=True),
                choice("clinical_status", "Status", ("active", "active"), ("resolved", "resolved"),
                       ("inactive", "inactive"), ("recurrence", "back again"), ("remission", "in remission")),
                choice("modality", "How sure", ("actual", "established"), ("provisional", "suspected")),
                Field("label", "In words", wide=True),
                Field("code", "Code", rare=True),
                Field("code_system", "Code system", help="Such as ICD-10-CM.", rare=True),
            ),
            happened="course", when="Since when, until when", when_after=1, needs=("modality",),
        ),
    ),
)  # fmt: skip
