"""The history with its pain map, and what the pain keeps the person from doing."""

from __future__ import annotations

from nutation.web.forms.shape import Field, Form, PainMap, Region, Section, When, choice, in_full, truth

RATES = (
    ("average", "on average"), ("worst", "at its worst"), ("current", "now"), ("movement", "on the painful movement"),
)  # fmt: skip
SITES = (
    ("si_region", "over the joint"), ("low_back", "low back"), ("buttock", "buttock"), ("groin", "groin"),
    ("leg", "leg"), ("elsewhere", "elsewhere"),
)  # fmt: skip

PAIN_MAP = PainMap(
    "map",
    "Where it hurts",
    (
        Region("low_back", "Low back, above the belt line", "low_back"),
        Region("si_region", "Over the joint, beside the dimple", "si_region"),
        Region("buttock", "Buttock", "buttock"),
        Region("groin", "Groin", "groin", pattern="groin"),
        Region("thigh", "Thigh", "leg"),
        Region("below_knee", "Below the knee", "leg", pattern="radiates_below_knee", scored=False),
    ),
    help="Touch the picture or tick the list. The number is how strong it is on average: 0 none, 10 the worst.",
)

FUNCTION_SECTION = Section(
    "function",
    "function",
    "What the pain limits",
    (
        truth("work_limited", "Work"),
        truth("sleep_limited", "Sleep"),
        truth("walking_limited", "Walking"),
        truth("sitting_limited", "Sitting"),
        truth("daily_activities_limited", "Daily activities at home"),
    ),
    sides="person",
    layout="rows",
    fold="if_recorded",
    remark=False,
)
NICOTINE_SECTION = Section(
    "nicotine",
    "nicotine",
    "Tobacco and nicotine",
    (
        choice(
            "status", "Smokes, vapes or uses nicotine",
            ("never", "never did"), ("former", "gave it up"), ("current", "does now"),
        ),
        Field("free_since", "Free of it since", when=When("status", ("former",))),
    ),
    sides="person",
    fold="if_recorded",
    remark=False,
)  # fmt: skip

HISTORY = Form(
    name="history",
    title="History and pain map",
    day_label="Day of the talk",
    sides="asked",
    offered=("left", "right", "both"),
    visit=True,
    beside=("score", "conservative_care", "medication"),
    parts=(
        PAIN_MAP,
        Section(
            "onset",
            "onset",
            "How it began",
            (
                Field(
                    "cause", "What brought it on", menu=True,
                    answers=(
                        ("insidious", "nothing, it came slowly"), ("trauma", "an injury"), ("childbirth", "childbirth"),
                        ("pregnancy", "a pregnancy"), ("lumbar_fusion", "a fusion of the lumbar spine"),
                        ("cumulative", "load over time"), ("infection", "an infection"),
                        ("not_known", "the patient does not know"),
                    ),
                ),
                truth("new_episode", "New, or different from earlier back pain", rare=True),
            ),
            happened="day",
            when="Since when",
            when_help="A month or a year is enough.",
            fold="if_recorded",
        ),
        Section(
            "pattern",
            "pain_pattern",
            "How it behaves",
            (
                truth("below_l5", "Strongest below the belt line, over the joint"),
                truth("unilateral", "On one side"),
                truth("worse_sitting", "Worse with sitting"),
                truth("worse_loading_one_leg", "Worse when one leg carries the weight", help="Stairs, turning in bed."),
                truth("insidious", "Came on slowly"),
                truth("better_with_exercise", "Better with exercise"),
                truth("better_with_rest", "Better with rest"),
                truth("night_pain_better_rising", "Hurts at night and eases on getting up"),
                truth("generalised", "Pain all over the body"),
                Field("morning_stiffness_min", "Stiff in the morning for", unit="minutes"),
                truth("groin", "Reaches the groin", rare=True, help="If the map does not say it."),
                truth("radiates_below_knee", "Runs below the knee", rare=True, help="If the map does not say it."),
            ),
            layout="rows",
        ),
        FUNCTION_SECTION,
        NICOTINE_SECTION,
        Section(
            "rating", "pain_score", "Other ratings of the pain",
            (
                Field("nrs", "0 to 10"),
                choice("site", "Where", *SITES, menu=True),
                choice("rates", "Which", *RATES, menu=True),
            ),
            fold="closed", layout="line", rows=3, one="rating", remark=False,
        ),
        Section(
            "pregnancy", "pregnancy", "Pregnancy and birth",
            (
                choice(
                    "outcome", "The pregnancy",
                    ("ongoing", "goes on"), ("delivered", "ended with a birth"), ("ended", "ended before"),
                ),
                choice(
                    "delivery", "The birth",
                    ("vaginal", "vaginal"), ("caesarean", "caesarean"), when=When("outcome", ("delivered",)),
                ),
                truth("pelvic_girdle_pain", "With pain of the pelvic girdle"),
            ),
            happened="course", when="From when to when", when_help="It ends with the birth.", when_after=1,
            sides="person", fold="closed",
        ),
        Section(
            "trauma", "trauma", "An injury",
            (
                Field(
                    "mechanism", "What happened", menu=True,
                    answers=(
                        ("road", "road accident"), ("fall", "fall"), ("sport", "sport"), ("lifting", "lifting"),
                        ("childbirth", "childbirth"), ("other", "something else"),
                    ),
                ),
                truth("major_pelvic", "A major injury of the pelvis"),
            ),
            happened="day", when_after=1, fold="closed",
        ),
        in_full("all_injuries", "trauma", "injuries", "Every injury of back and pelvis up to today is recorded"),
        Section(
            "person", "person", "The person",
            (choice("sex", "Sex", ("female", "female"), ("male", "male"), ("other", "other")),),
            happened="day", when="Born on", sides="person", fold="if_recorded", remark=False,
        ),
    ),
)  # fmt: skip

FUNCTION = Form(
    name="function",
    title="Function and nicotine",
    day_label="Day of the talk",
    visit=True,
    parts=(FUNCTION_SECTION, NICOTINE_SECTION),
)
