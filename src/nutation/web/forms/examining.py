"""The examination of one visit: what comes first, then the provocation battery, a column for each joint."""

from __future__ import annotations

from nutation.record.kinds import PROVOCATION_TESTS
from nutation.web.forms.shape import NOTE, Field, Form, Section, When, choice

RESULTS = (
    ("positive", "familiar pain"), ("unfamiliar", "other pain"), ("negative", "no pain"),
    ("not_done", "not done"),
)  # fmt: skip

_TESTS: dict[str, tuple[str, str]] = {
    "distraction": ("Distraction", "On the back; press both iliac spines apart."),
    "thigh_thrust": ("Thigh thrust", "On the back; hip bent, press along the thigh bone."),
    "compression": ("Compression", "On the side; press the iliac crest down."),
    "sacral_thrust": ("Sacral thrust", "On the front; press the sacrum down."),
    "gaenslen": ("Gaenslen", "One knee to the chest, the other leg over the edge."),
    "faber": ("FABER", "Ankle on the other knee; press the knee down. Pain over the joint."),
    "long_ligament": ("Long dorsal ligament", "Press below the posterior iliac spine."),
    "aslr": ("Active straight leg raise", "Raise the leg; again with the pelvis held together."),
}


_FIRST = "First: spine and hip"


def _test(name: str, label: str, help_: str = "", *, group: str) -> tuple[Field, Field]:
    """A test, and the line that tells why it was not done or where else it hurt."""
    return (
        Field(name, label, help=help_, answers=RESULTS, group=group),
        Field(
            f"{NOTE}{name}",
            "Why not, or where it hurt",
            when=When(name, ("not_done", "unfamiliar")),
            line=f"{label}, remark",
        ),
    )


FIRST = (
    choice(
        "centralisation", "Repeated movements of the spine draw the pain to the middle",
        ("present", "yes"), ("absent", "no"), once=True, group=_FIRST,
    ),
    choice(
        "neurology", "Strength, sensation and reflexes of the legs",
        ("normal", "normal"), ("stable_deficit", "a deficit, steady"), ("progressive_deficit", "a deficit that grows"),
        once=True, group=_FIRST,
    ),
    *_test("straight_leg_raise", "Straight leg raise", "Familiar pain runs down the leg.", group=_FIRST),
    *_test("hip_screen", "Hip: FABER and inner rotation", "Groin pain, or rotation is lost: familiar pain.",
           group=_FIRST),
)  # fmt: skip
POINTS = (
    *_test("fortin_finger", "Points with one finger to the joint, twice", group="Pointing and pressing"),
    *_test("psis_tenderness", "Tender over the posterior iliac spine", group="Pointing and pressing"),
    choice(
        "tender_elsewhere", "As tender somewhere else", ("present", "yes"), ("absent", "no"),
        group="Pointing and pressing",
    ),
)  # fmt: skip
BATTERY_GROUP = "Provocation tests"
BATTERY = tuple(field for name in PROVOCATION_TESTS for field in _test(name, *_TESTS[name], group=BATTERY_GROUP))

EXAMINATION = Form(
    name="examination",
    title="Examination",
    lead="One visit, one examiner. A test counts as familiar pain only if it brings back the pain the patient knows; "
    "other pain is elsewhere, or another one.",
    day_label="Day of the examination",
    sides="columns",
    offered=("left", "right"),
    visit=True,
    parts=(
        Section("examination", "examination", "Findings", (*FIRST, *POINTS, *BATTERY), sides="columns", layout="rows"),
    ),
)
