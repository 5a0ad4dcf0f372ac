"""The safety screen, and what was done about a warning that it raised."""

from __future__ import annotations

from nutation.web.forms.shape import Field, Form, Section, choice

_REPORTED = (("reported", "yes"), ("denied", "no"))

_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Nerves", (
        ("saddle_numbness", "Numbness where a saddle touches", "Between the legs, around the anus or the genitals."),
        ("bladder_bowel", "New trouble with bladder or bowel", "Cannot pass or cannot hold urine or stool."),
        ("progressive_weakness", "A leg that is getting weaker", ""),
    )),
    ("Infection", (
        ("fever", "Fever or shivering", ""),
        ("acute_severe_onset", "Very severe pain that began suddenly", ""),
        ("recent_infection", "A recent infection anywhere", "Skin, teeth, chest, urine, after an operation."),
        ("iv_drug_use", "Drugs injected into a vein", "Now or before."),
        ("immunosuppression", "A weakened immune system", "By an illness or by medicines."),
    )),
    ("Tumour", (
        ("cancer_history", "Cancer, now or ever", ""),
        ("weight_loss", "Loss of weight without trying", ""),
        ("night_rest_pain", "Pain at night and at rest that no position eases", ""),
    )),
    ("Bone", (
        ("recent_major_trauma", "A recent major injury", "Road accident, fall from a height, blow to the pelvis."),
        ("osteoporosis", "Weak bone (osteoporosis)", "Known, measured or treated."),
        ("long_term_steroid", "Steroids for a long time", "Tablets or infusions, now or before."),
    )),
    ("Before an image, an injection or an operation", (
        ("pregnant", "Pregnant, or may be", ""),
        ("anticoagulation", "Blood thinners, or a bleeding disorder", ""),
        ("contrast_allergy", "A reaction to contrast medium", ""),
        ("metal_allergy", "An allergy to metal", "Nickel, titanium, jewellery, earlier implants."),
        ("active_skin_infection", "Sore or infected skin over pelvis or buttocks", ""),
    )),
)  # fmt: skip

SAFETY_SCREEN = Form(
    name="safety_screen",
    title="Safety screen",
    right="screen_safety",
    lead="Ask every item and tick what is answered. An item left empty counts as not asked.",
    day_label="Day of asking",
    visit=True,
    parts=(
        Section(
            "screen",
            "safety_screen",
            "Asked and answered",
            tuple(
                Field(name, label, help=help_, answers=_REPORTED, group=group)
                for group, asked in _GROUPS
                for name, label, help_ in asked
            ),
            sides="person",
            layout="rows",
        ),
    ),
)

GATE_RESOLUTION = Form(
    name="gate_resolution",
    title="A warning was looked into",
    right="screen_safety",
    lead="Names the warning, how it was looked into and what came of it.",
    day_label="Day of the result",
    parts=(
        Section(
            "resolution",
            "gate_resolution",
            "What was done",
            (
                Field("item", "Which warning", menu=True),
                Field("investigation", "How it was looked into", help="Images, tests, whose opinion.", wide=True),
                choice(
                    "outcome", "What came of it",
                    ("not_found", "it was not found"),
                    ("treated", "it was found and treated"),
                    ("accepted_by_specialist", "it is there, and a specialist accepts it"),
                    ("found", "it was found"),
                ),
                Field("note.specialist", "Whose result or opinion", line="Result or opinion of"),
            ),
            sides="none",
        ),
    ),
)  # fmt: skip
