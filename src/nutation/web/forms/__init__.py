"""The clinic's forms as values: what each asks, who may fill it in, and how its answers become events."""

from __future__ import annotations

from nutation.web.forms.attesting import ATTESTATION, DIAGNOSIS
from nutation.web.forms.caring import CONSERVATIVE_CARE, MEDICATION
from nutation.web.forms.examining import EXAMINATION
from nutation.web.forms.history import FUNCTION, HISTORY
from nutation.web.forms.injecting import INJECTION
from nutation.web.forms.measuring import IMAGING, LABORATORY, SCORE
from nutation.web.forms.operating import OPERATION
from nutation.web.forms.paying import COVERAGE, LETTER
from nutation.web.forms.screening import GATE_RESOLUTION, SAFETY_SCREEN
from nutation.web.forms.shape import Form

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        SAFETY_SCREEN, HISTORY, EXAMINATION, CONSERVATIVE_CARE, MEDICATION, FUNCTION, SCORE, INJECTION, IMAGING,
        LABORATORY, DIAGNOSIS, ATTESTATION, GATE_RESOLUTION, COVERAGE, OPERATION, LETTER,
    )
}  # fmt: skip
"""Every form by name, in the order of the pathway."""

_ALSO = {"pain_pattern": "history", "onset": "history", "nicotine": "function", "treatment": "conservative_care"}
"""Names by which a next step may ask for a form."""


def form_named(name: str) -> Form | None:
    """The form that a page or a next step names."""
    return FORMS.get(_ALSO.get(name, name))


__all__ = ["FORMS", "Form", "form_named"]
