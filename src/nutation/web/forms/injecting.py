"""An injection, with everything that reading it as a test needs."""

from __future__ import annotations

from nutation.web.forms.shape import Field, Form, Section, When, choice, in_full, truth

RESULTS = (
    ("none", "no relief"), ("temporary", "relief for a time"), ("lasting", "relief that lasts"), ("worse", "worse"),
)  # fmt: skip
_WHAT = "What was done"
_TEST = "The pain before and after"
_LATER = "How long it helped"

INJECTION = Form(
    name="injection",
    title="Injection",
    lead="As the record of the procedure and the pain scores tell it. One form for each joint and day.",
    day="asked",
    day_label="Day of the injection",
    sides="asked",
    offered=("left", "right"),
    parts=(
        Section(
            "injection", "injection", "The injection",
            (
                choice("role", "Given to", ("diagnostic", "find the source"), ("therapeutic", "treat"),
                       ("both", "both"), group=_WHAT),
                choice("target", "Into", ("intra_articular", "the joint"),
                       ("posterior_ligaments", "the ligaments behind"), ("lateral_branches", "the lateral branches"),
                       ("other", "elsewhere"), group=_WHAT),
                choice("guidance", "Guided by", ("fluoroscopy", "fluoroscopy"), ("ct", "CT"),
                       ("ultrasound", "ultrasound"), ("none", "nothing"), group=_WHAT),
                choice("contrast", "Contrast", ("intra_articular", "stayed in the joint"),
                       ("extra_articular", "went outside"), ("not_used", "not used"), group=_WHAT),
                Field("volume_ml", "Volume", unit="ml", group=_WHAT),
                choice("anaesthetic", "Anaesthetic", ("lidocaine", "lidocaine"), ("bupivacaine", "bupivacaine"),
                       ("ropivacaine", "ropivacaine"), ("other", "another"), ("none", "none"), group=_WHAT),
                truth("steroid", "With a steroid", group=_WHAT),
                choice("sedation", "Sedation", ("none", "none"), ("light", "light"), ("deep", "deep"), group=_WHAT),
                truth("other_injections_that_day", "Other injections that day", group=_WHAT),
                truth("familiar_pain_before", "The familiar pain was there before", group=_TEST),
                Field("score_before", "Pain before", unit="0 to 10", group=_TEST),
                Field("score_after", "Pain after", unit="0 to 10", group=_TEST),
                Field("scored_after_hours", "Scored after", unit="hours", group=_TEST),
                truth("scored_side_pain", "Both scores rate this side's pain alone", group=_TEST),
                truth("same_movement", "Both scores are of the same movement", group=_TEST),
                Field("relief_hours", "Relief lasted", unit="hours", help="The numbing effect.", group=_TEST),
                Field("relief_days", "A later effect lasted", unit="days",
                      when=When("role", ("therapeutic", "both")), group=_LATER),
                choice("result", "Result", *RESULTS, when=When("role", ("therapeutic", "both")), group=_LATER),
                Field("relief_stated_pct", "Relief told as a percentage", unit="%", rare=True,
                      help="Only where no scores were kept."),
                Field("note.dose", "Agents and doses in full", rare=True, line="Agents and doses"),
                Field("note.operator", "Carried out by", rare=True),
                Field("note.scores", "Further scores with their times", rare=True, line="Further scores", wide=True,
                      help="Such as 1 h: 2, 2 h: 3, 4 h: 6."),
            ),
        ),
        in_full("all_injections", "injection", "injections", "Every injection of either joint up to today is recorded"),
    ),
)  # fmt: skip
