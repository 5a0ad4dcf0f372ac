"""Who pays, and letters."""

from __future__ import annotations

from nutation.web.forms.shape import Field, Form, Section

COVERAGE = Form(
    name="coverage",
    title="Coverage",
    day="none",
    parts=(
        Section(
            "coverage", "coverage", "Who pays",
            (
                Field("payer", "Payer"),
                Field("plan", "Plan"),
                Field("jurisdiction", "State or country of the service", help="Two letters, such as OH or GB."),
            ),
            happened="course", when="From when to when", when_after=3, sides="person",
        ),
    ),
)  # fmt: skip

LETTER = Form(
    name="letter",
    title="Letter",
    right="upload_document",
    lead="A free text that belongs to the record: a letter received, a call, a summary.",
    day_label="Day of the letter",
    letter=True,
    parts=(),
)
