"""One patient's whole story, put together from the rooms below in the pathway's order."""

from nutation.case.answer import Action, Case, JointAnswer, NextStep, Recommendation
from nutation.case.build import build_case, versions_of
from nutation.case.document import NOTICE, document

__all__ = [
    "NOTICE",
    "Action",
    "Case",
    "JointAnswer",
    "NextStep",
    "Recommendation",
    "build_case",
    "document",
    "versions_of",
]
