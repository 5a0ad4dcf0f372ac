"""Conservative care that was delivered, and medicines that were taken."""

from __future__ import annotations

from nutation.web.forms.injecting import RESULTS
from nutation.web.forms.shape import Field, Form, Section, When, choice, in_full, truth

STOPPED = (
    ("ongoing", "it goes on"), ("completed", "completed as planned"), ("no_benefit", "it did not help"),
    ("intolerance", "not tolerated"), ("cost", "cost"), ("absence", "did not attend"), ("other", "other"),
)  # fmt: skip

CONSERVATIVE_CARE = Form(
    name="conservative_care",
    title="Conservative care",
    lead="What was delivered, one course after another. What was only prescribed does not belong here.",
    day="none",
    sides="asked",
    offered=("left", "right", "both", "none"),
    beside=("medication", "injection"),
    parts=(
        Section(
            "course", "treatment", "Courses of care",
            (
                choice(
                    "care", "Kind",
                    ("physical_therapy", "physiotherapy"), ("home_exercise", "exercise at home"),
                    ("manual_therapy", "manual therapy"), ("activity_modification", "changed activity"),
                    ("bracing", "belt or brace"), ("cognitive_behavioural", "behavioural therapy"),
                    ("acupuncture", "acupuncture"), ("radiofrequency", "radiofrequency"), ("other", "other"),
                    menu=True,
                ),
                choice("aim", "Aimed at", ("si_joint", "sacroiliac joint"), ("lumbar", "lumbar spine"),
                       ("hip", "hip"), ("general", "in general"), menu=True),
                Field("attended_sessions", "Sessions attended"),
                choice("result", "Result", *RESULTS, menu=True),
                Field("relief_days", "The relief lasted", unit="days", when=When("result", ("temporary", "lasting"))),
                choice("stopped_because", "Why it ended", *STOPPED, menu=True),
                truth("in_person", "In person", rare=True),
                truth("supervised", "Supervised by a therapist", rare=True),
                truth("home_programme", "With exercises at home", rare=True),
                Field("note.therapist", "Given by", rare=True, line="Given by"),
            ),
            happened="course", when="From when to when", when_after=2, rows=1, more=3, one="course",
        ),
        in_full("all_courses", "treatment", "courses", "Every course of care for this pain up to today is recorded"),
    ),
)  # fmt: skip

MEDICATION = Form(
    name="medication",
    title="Medicines",
    lead="Medicines that were taken, for this pain or for something else that matters to an operation.",
    day="none",
    beside=("conservative_care",),
    parts=(
        Section(
            "medicine", "medication", "Medicines",
            (
                Field("drug", "Medicine"),
                choice(
                    "drug_class", "Class",
                    ("nsaid", "anti-inflammatory (NSAID)"), ("paracetamol", "paracetamol"), ("opioid", "opioid"),
                    ("neuropathic", "for nerve pain"), ("muscle_relaxant", "muscle relaxant"),
                    ("antidepressant", "antidepressant"), ("corticosteroid", "steroid"),
                    ("immunosuppressant", "suppresses immunity"), ("anticoagulant", "blood thinner"),
                    ("bone_active", "for bone"), ("other", "other"),
                    menu=True,
                ),
                truth("for_this_pain", "For this pain"),
                choice("result", "Result", *RESULTS, menu=True, when=When("for_this_pain", ("yes",))),
                choice("stopped_because", "Why it ended", *STOPPED, menu=True),
                Field("dose_mg", "One dose", unit="mg", rare=True),
                Field("doses_per_day", "Doses a day", rare=True),
                Field("mme_per_day", "Morphine equivalent", unit="mg a day", rare=True),
            ),
            happened="course", when="From when to when", when_after=2, sides="person", rows=2, more=3, one="medicine",
        ),
        in_full("all_medicines", "medication", "medicines", "Every medicine up to today is recorded", side="none"),
    ),
)  # fmt: skip
