"""What others report: images, laboratory, and the totals of questionnaires."""

from __future__ import annotations

from nutation.web.forms.shape import Field, Form, Section, choice

FINDING = (("present", "present"), ("absent", "absent"))
_JOINT = "The report says of the joint"
_BESIDE = "And of what lies beside it"
_AFTER = "Where implants lie"


def _found(name: str, label: str, group: str, *, rare: bool = False) -> Field:
    return Field(name, label, answers=FINDING, group=group, rare=rare)


IMAGING = Form(
    name="imaging",
    title="Imaging findings",
    lead="What the report says. A finding that it does not speak of stays empty.",
    day="asked",
    day_label="Day of the image",
    sides="columns",
    offered=("left", "right", "none"),
    parts=(
        Section(
            "imaging", "imaging", "The image",
            (
                choice("method", "Method", ("xray", "X-ray"), ("ct", "CT"), ("mri", "MRI"),
                       ("bone_scan", "bone scan"), ("ultrasound", "ultrasound"), ("dexa", "bone density"),
                       ("other", "other"), once=True),
                choice("region", "Region", ("si_joint", "sacroiliac joints"), ("pelvis", "pelvis"), ("hip", "hip"),
                       ("lumbar", "lumbar spine"), ("other", "other"), once=True),
                _found("degeneration", "Degeneration", _JOINT),
                _found("disruption", "Disruption, widening", _JOINT),
                _found("inflammation", "Inflammation, sacroiliitis", _JOINT),
                _found("deep_marrow_oedema", "Deep marrow oedema", _JOINT),
                _found("destruction", "Destruction of bone", _JOINT),
                _found("infection", "Infection", _JOINT),
                _found("tumour", "Tumour", _JOINT),
                _found("fracture", "Fracture", _JOINT),
                _found("bridging", "Bone across the joint", _JOINT),
                _found("hip_disease", "Disease of the hip", _BESIDE),
                _found("neural_compression", "Compressed nerve root", _BESIDE),
                _found("sacral_dysplasia", "Dysplasia of the sacrum", _BESIDE),
                _found("loosening", "Loosening", _AFTER, rare=True),
                _found("malposition", "Malposition", _AFTER, rare=True),
                _found("nonunion", "Non-union", _AFTER, rare=True),
                Field("t_score", "T-score", group="Bone density", once=True, rare=True),
                Field("note.read_by", "Report by", once=True, rare=True),
            ),
            sides="columns", layout="rows",
        ),
    ),
)  # fmt: skip

_MEASURED = (
    ("crp", "CRP", "mg/l"), ("esr", "ESR", "mm/h"), ("leucocytes", "Leucocytes", "10⁹/l"),
    ("hba1c", "HbA1c", "%"), ("cotinine", "Cotinine", "ng/ml"), ("vitamin_d", "Vitamin D", "ng/ml"),
    ("urate", "Urate", "mg/dl"),
)  # fmt: skip
_SIGN = (("yes", "positive"), ("no", "negative"))
ANALYTES = (
    *((code, label) for code, label, _ in _MEASURED),
    ("hla_b27", "HLA-B27"), ("blood_culture", "Blood culture"), ("other", "another"),
)  # fmt: skip

LABORATORY = Form(
    name="laboratory",
    title="Laboratory",
    day="asked",
    day_label="Day of the sample",
    parts=(
        *(
            Section(
                code, "laboratory", label, (Field("value", label, unit=unit),),
                sides="person", fixed=(("analyte", code),), layout="line", remark=False,
            )
            for code, label, unit in _MEASURED
        ),
        *(
            Section(
                code, "laboratory", label, (Field("positive", label, answers=_SIGN),),
                sides="person", fixed=(("analyte", code),), layout="line", remark=False,
            )
            for code, label in (("hla_b27", "HLA-B27"), ("blood_culture", "Blood culture"))
        ),
        Section(
            "another", "laboratory", "Another result",
            (
                choice("analyte", "What", *ANALYTES, menu=True),
                Field("value", "Value", help="In the unit that its name has above."),
                Field("positive", "Result", answers=_SIGN),
            ),
            sides="person", fold="closed",
        ),
    ),
)  # fmt: skip

SCORE = Form(
    name="score",
    title="Questionnaire totals",
    lead="The total as the questionnaire's own rule gives it. The questions themselves are not kept here.",
    day_label="Day of answering",
    parts=(
        Section(
            "score", "score", "Totals",
            (
                choice(
                    "instrument", "Questionnaire",
                    ("odi", "ODI (of 100)"), ("rmdq", "Roland Morris (of 24)"), ("peg", "PEG (of 10)"),
                    ("promis_pf", "PROMIS physical function (T-score)"),
                    ("promis_pi", "PROMIS pain interference (T-score)"),
                    ("eq5d_index", "EQ-5D index"), ("eq_vas", "EQ VAS (of 100)"), ("pgic", "PGIC"),
                    ("phq2", "PHQ-2 (of 6)"), ("sf36_pcs", "SF-36 physical summary"), ("dsijq", "DSIJQ"),
                    menu=True,
                ),
                Field("value", "Total"),
            ),
            sides="person", rows=3, more=3, one="questionnaire", layout="line", remark=False,
        ),
    ),
)  # fmt: skip
