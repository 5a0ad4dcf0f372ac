"""The language of criteria: three-valued, over ranges; one evaluator with witnesses, one relational."""

from nutation.criteria.answers import Answer, LeafAnswer, Witnesses, evaluate
from nutation.criteria.gaps import Gap, Need, gap
from nutation.criteria.joint import JointView, Value
from nutation.criteria.language import BoundFact, Criterion, Fact, Test, bind, tests_of
from nutation.criteria.tree import RuleError, RuleProblem, parse_rule, rule_problems

__all__ = [
    "Answer", "BoundFact", "Criterion", "Fact", "Gap", "JointView", "LeafAnswer", "Need", "RuleError", "RuleProblem",
    "Test", "Value", "Witnesses", "bind", "evaluate", "gap", "parse_rule", "rule_problems", "tests_of",
]  # fmt: skip
