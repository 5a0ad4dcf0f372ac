"""Rule sets bound to facts: a policy file becomes a value whose criteria can be evaluated at a joint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from pydantic import ValidationError

from nutation.criteria import Criterion, Fact, RuleError, parse_rule
from nutation.evidence import Evidence, Located, load
from nutation.facts import CATALOGUE
from nutation.indication.faults import schema_faults
from nutation.indication.not_seen import why_not_seen
from nutation.indication.schema import CriterionText, OutOfScope, PolicyText
from nutation.record.errors import InputError


@dataclass(frozen=True, slots=True)
class BoundCriterion:
    """A criterion's words with the rule that stands for them."""

    told: CriterionText
    rule: Criterion


@dataclass(frozen=True, slots=True)
class BoundScope:
    """A situation of which the policy does not speak, with its rule."""

    told: OutOfScope
    rule: Criterion


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a rule set, ready to be judged. ``file`` is where it was read."""

    told: PolicyText
    criteria: tuple[BoundCriterion, ...]
    out_of_scope: tuple[BoundScope, ...]
    file: str

    @property
    def id(self) -> str:
        """The rule set's id, the same in every version."""
        return self.told.id

    @property
    def version(self) -> str:
        """The version, as its publisher dates it."""
        return self.told.version


def bind_policy(located: Located, facts: Mapping[str, Fact] = CATALOGUE) -> Policy:
    """The policy of a file. Raises InputError for its first fault; ``check_policy`` lists them all."""
    try:
        told = PolicyText.model_validate(located.plain)
    except ValidationError as error:
        fault = schema_faults(error)[0]
        raise _refused(located, fault.path, fault.problem, fault.mend) from None
    criteria = tuple(
        BoundCriterion(criterion, _rule(located, criterion.rule, facts, ("criteria", i, "rule")))
        for i, criterion in enumerate(told.criteria)
    )
    scope = tuple(
        BoundScope(item, _rule(located, item.rule, facts, ("out_of_scope", i, "rule")))
        for i, item in enumerate(told.out_of_scope)
    )
    return Policy(told, criteria, scope, located.file)


def policies(evidence: Evidence | None = None) -> tuple[Policy, ...]:
    """Every policy of the evidence, all versions, by id. Raises InputError for one that cannot be used."""
    return _packaged() if evidence is None else tuple(bind_policy(located) for located in evidence.policies)


@cache
def _packaged() -> tuple[Policy, ...]:
    return tuple(bind_policy(located) for located in load().policies)


def policy(
    policy_id: str, version: str | None = None, *, on: date | None = None, among: Iterable[Policy] | None = None
) -> Policy:
    """The policy of that id: of ``version``, else the one in force ``on`` the day, else the newest.

    Ids are compared without regard to case. Raises InputError with the nearest ids.
    """
    known = tuple(among) if among is not None else policies()
    of_id = [p for p in known if p.id.lower() == policy_id.lower()]
    if not of_id:
        if (unread := why_not_seen(policy_id)) is not None:
            raise InputError(
                f"the criteria of {unread.id} ({unread.publisher}) were not read, so it cannot be judged. "
                f"{unread.reason}",
                mend="obtain the policy, write it as a file and check it with `nutation policy check FILE`.",
            )
        raise InputError(f"no policy has the id {policy_id!r}.", mend=_nearest(policy_id, {p.id for p in known}))
    if version is not None:
        for found in of_id:
            if found.version == version:
                return found
        raise InputError(
            f"policy {of_id[0].id} has no version {version!r}.",
            mend=f"use one of {', '.join(p.version for p in of_id)}.",
        )
    return current(of_id, on)[0]


def current(known: Iterable[Policy], on: date | None = None) -> tuple[Policy, ...]:
    """One version of each policy: the one in force on the day, else (none in force) the newest."""
    by_id: dict[str, list[Policy]] = {}
    for one in known:
        by_id.setdefault(one.id, []).append(one)
    return tuple(max(versions, key=lambda p: (_holds_on(p, on), *_age(p))) for versions in by_id.values())


def in_force(one: Policy, on: date) -> bool:
    """Whether the text may hold on the day; a text whose dates are not known may."""
    effective = one.told.effective
    return (
        effective.status != "superseded"
        and (effective.from_ is None or effective.from_ <= on)
        and (effective.to is None or on <= effective.to)
    )


def _holds_on(one: Policy, on: date | None) -> bool:
    return in_force(one, on) if on is not None else one.told.effective.status != "superseded"


def _age(one: Policy) -> tuple[date, str]:
    effective = one.told.effective
    return (effective.from_ or effective.dated or date.min, one.version)


def _rule(located: Located, plain: object, facts: Mapping[str, Fact], place: tuple[str | int, ...]) -> Criterion:
    try:
        return parse_rule(plain, facts, place)
    except RuleError as error:
        first = error.problems[0]
        raise _refused(located, first.place, first.problem, first.mend) from None


def _refused(located: Located, path: Sequence[str | int], problem: str, mend: str) -> InputError:
    place = f"line {located.line_of(path)}"
    if path:
        place += f", {dotted(path)}"
    return InputError(problem, file=located.file, place=place, mend=mend)


def dotted(path: Sequence[str | int]) -> str:
    """A place in a policy as a reader writes it: ``criteria[2].rule.min``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _nearest(wanted: str, known: set[str]) -> str:
    by_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wanted.lower(), list(by_case), n=3, cutoff=0.4)
    starts = [name for low, name in sorted(by_case.items()) if low.startswith(wanted.lower())]
    names = starts or [by_case[name] for name in near]
    return f"did you mean {' or '.join(names)}?" if names else f"use one of {', '.join(sorted(known))}."
