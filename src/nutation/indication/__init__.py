"""Is fusion warranted? Rule sets bound to facts, judged at one joint, compared and checked."""

from nutation.indication.applicability import Applicability, Setting, Standing, applicability, setting
from nutation.indication.check import Problem, check_policy
from nutation.indication.devices import (
    Device,
    DeviceEvidence,
    Suggestion,
    device_class,
    evidence_for,
    implied_device,
    suggest_procedure,
)
from nutation.indication.disagreement import Disagreement, disagreements
from nutation.indication.not_seen import NotSeen, not_seen, why_not_seen
from nutation.indication.policy import Policy, bind_policy, current, in_force, policies, policy
from nutation.indication.verdict import CriterionAnswer, PolicyAnswer, judge, plain, plain_gap

__all__ = [
    "Applicability", "CriterionAnswer", "Device", "DeviceEvidence", "Disagreement", "NotSeen", "Policy", "PolicyAnswer",
    "Problem", "Setting", "Standing", "Suggestion", "applicability", "bind_policy", "check_policy", "current",
    "device_class", "disagreements", "evidence_for", "implied_device", "in_force", "judge", "not_seen", "plain",
    "plain_gap", "policies", "policy", "setting", "suggest_procedure", "why_not_seen",
]  # fmt: skip
