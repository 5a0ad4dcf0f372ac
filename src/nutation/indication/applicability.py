"""Whether a rule set speaks of this patient's operation at all: device, plan, place and day of service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from nutation.criteria import JointView, evaluate
from nutation.criteria.logic import Truth
from nutation.evidence import Mark
from nutation.indication.devices import (
    Device,
    Suggestion,
    as_classed,
    device_of,
    fits,
    implied_device,
    missing,
    suggest_procedure,
)
from nutation.indication.policy import Policy, in_force
from nutation.record.occasions import Occasion

PlanFit = Literal["own", "other", "unknown", "any"]
"""Whether the recorded plan uses the rule set; *any* where it is of no payer."""
Applicability = Literal[
    "applies", "not_this_device", "not_covered", "not_in_force", "not_in_scope", "plan_unknown", "jurisdiction_unknown"
]
"""``not_in_scope``: the rule set does not speak of this patient (another payer's, another place's, or a situation
that it leaves out). What a rule set says of the service or of the device goes before whose plan it is."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where, when and with what the operation is planned.

    ``device`` is ``None`` where no operation is planned in the record. ``payers`` holds the names of the plans
    that cover the day of service, ``jurisdictions`` their places.
    """

    on: date
    device: Device | None
    procedure: str | None
    suggestion: Suggestion | None
    payers: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    events: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def procedure_reason(self) -> str:
        """Why this procedure code, for a reader."""
        if self.suggestion is not None and self.suggestion.code == self.procedure:
            return self.suggestion.text()
        return f"{self.procedure}: as given." if self.procedure else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule set's applicability with its reason.

    ``device_open`` says which attributes of a planned device are not recorded and could exclude it; ``mark``
    is how far the statement that decided can be trusted; ``left_out`` that the patient's situation is one of
    which the rule set does not speak.
    """

    value: Applicability
    reason: str
    procedure: str
    procedure_reason: str
    mark: Mark
    plan: PlanFit = "unknown"
    left_out: bool = False
    device_open: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


def setting(view: JointView, *, procedure: str | None = None, on: date | None = None) -> Setting:
    """What the record tells of the planned operation at the view's joint and of the plan that would pay.

    ``procedure`` overrides the code that the record names or the device suggests; ``on`` the day of service,
    which else is that of the planned operation, else the as-of day.
    """
    operation = planned_operation(view)
    device = device_of(operation) if operation is not None else None
    day = on or _day_of(operation, view.as_of)
    suggestion = suggest_procedure(device) if device is not None else None
    recorded = operation.values.get("procedure_code") if operation is not None else None
    code = procedure or recorded or (suggestion.code if suggestion is not None else None)
    warnings: list[str] = []
    if suggestion is not None and code is not None and suggestion.code != code:
        warnings.append(
            f"Procedure {code} is {'asked about' if procedure else 'recorded'}, and the device's attributes suggest "
            f"{suggestion.code} ({suggestion.reason.rstrip('.')}): a person must settle which it is."
        )
    if device is not None and (note := as_classed(device)[1]):
        warnings.append(note)
    plans = [o for o in view.of_kind("coverage") if o.modality == "actual" and _covers(o, day)]
    payers = [" ".join(str(v) for v in (o.values.get("payer"), o.values.get("plan")) if v) for o in plans]
    places = [str(o.values["jurisdiction"]).upper() for o in plans if o.values.get("jurisdiction")]
    events = [event for o in (*plans, *((operation,) if operation is not None else ())) for event in o.events]
    return Setting(
        on=day,
        device=device,
        procedure=code,
        suggestion=suggestion,
        payers=tuple(dict.fromkeys(p for p in payers if p)),
        jurisdictions=tuple(dict.fromkeys(places)),
        events=tuple(dict.fromkeys(events)),
        warnings=tuple(warnings),
    )


def planned_operation(view: JointView) -> Occasion | None:
    """The fusion of this joint that is planned: the one recorded last. An order is an intention, whatever its day."""
    planned = [
        o
        for o in view.of_kind("operation")
        if o.modality == "intended" and o.side_known and o.values.get("target") in (None, "si_joint")
    ]
    return max(planned, key=lambda o: (o.recorded_at, o.id), default=None)


def _day_of(operation: Occasion | None, as_of: date) -> date:
    if operation is None or operation.happened_from is None or operation.happened_from != operation.happened_to:
        return as_of
    return max(operation.happened_from, as_of)


def _covers(plan: Occasion, on: date) -> bool:
    return (plan.happened_from is None or plan.happened_from <= on) and (
        plan.happened_to is None or on <= plan.happened_to
    )


def applicability(policy: Policy, planned: Setting, view: JointView) -> Standing:
    """Whether the policy speaks of this patient's operation, and what it says of the device."""
    told = policy.told
    code, code_reason = _procedure(policy, planned)
    device_says, device_reason, mark, open_ = _device(policy, planned, code)
    plan, plan_reason = _plan(policy, planned)

    def standing(value: Applicability, reason: str, *, left_out: bool = False) -> Standing:
        decided = mark if value == "not_this_device" else told.verified
        cautions = _cautions(policy, planned)
        return Standing(value, reason, code, code_reason, decided, plan, left_out, open_, cautions, planned.events)

    if not in_force(policy, planned.on):
        return standing("not_in_force", _dates(policy, planned.on))
    for scope in policy.out_of_scope:
        if evaluate(scope.rule, view).truth is True:
            return standing("not_in_scope", f"It does not speak of this situation: {scope.told.text}", left_out=True)
    if device_says is False:
        return standing("not_this_device", device_reason)
    if not told.covered:
        return standing("not_covered", f"The service is refused: {told.scope} {plan_reason}".strip())
    if plan == "other":
        return standing("not_in_scope", plan_reason)
    if told.jurisdiction is not None and not planned.jurisdictions:
        return standing("jurisdiction_unknown", plan_reason)
    if plan == "unknown":
        return standing("plan_unknown", plan_reason)
    return standing("applies", device_reason if open_ else "It speaks of this operation.")


def _plan(policy: Policy, planned: Setting) -> tuple[PlanFit, str]:
    """Whether the recorded plan, in the recorded place, uses the rule set; and why not."""
    told = policy.told
    if told.jurisdiction is not None and told.jurisdiction not in planned.jurisdictions:
        if planned.jurisdictions:
            return (
                "other",
                f"It binds in {told.jurisdiction}; the service is recorded in {_list(planned.jurisdictions)}.",
            )
        return "unknown", f"It binds in {told.jurisdiction}; where the service is given is not recorded."
    if not told.payers:
        return "any", ""
    ours = _names_a_payer(told.payers, planned.payers)
    if ours is True:
        return "own", ""
    if ours is False and not told.used_by_others:
        return "other", f"It is of {told.publisher}; the recorded plan is {_list(planned.payers)}."
    recorded = f"the recorded plan is {_list(planned.payers)}" if planned.payers else "no plan is recorded"
    return "unknown", f"Whether the patient's plan uses it is not known: {recorded}."


def _list(names: tuple[str, ...]) -> str:
    return "; ".join(names)


def _procedure(policy: Policy, planned: Setting) -> tuple[str, str]:
    """The code that the verdict is about, and why."""
    codes = policy.told.procedure
    if not codes:
        return "", "This rule set is not about a fusion."
    if planned.procedure is not None:
        return planned.procedure, planned.procedure_reason
    if planned.device is not None:
        return codes[0], (
            f"{codes[0]}: the code that the rule set speaks of; the planned device's attributes do not suffice to "
            "suggest one."
        )
    return codes[0], f"{codes[0]}: no device is planned in the record yet; judged as for this code."


def _device(policy: Policy, planned: Setting, code: str) -> tuple[Truth, str, Mark, tuple[str, ...]]:
    """(speaks of the device, why not, the mark of that statement, attributes of a planned device left open)."""
    rule = policy.told.device
    device = as_classed(planned.device if planned.device is not None else implied_device(planned.procedure or code))[0]
    open_: list[str] = []
    for exclusion in rule.excluded:
        answer = fits(exclusion.when, device)
        if answer is True:
            return False, exclusion.reason, exclusion.verified, ()
        if answer is None:
            open_.extend(missing(exclusion.when, device))
    codes = policy.told.procedure
    if codes and code not in codes:
        return False, f"It speaks of {', '.join(codes)} and not of {code}.", policy.told.verified, ()
    answer = fits(rule, device)
    if answer is False:
        return False, f"It does not speak of this device ({device.text()}).", policy.told.verified, ()
    if answer is None:
        open_.extend(missing(rule, device))
    if not open_ or planned.device is None:
        return True, "", policy.told.verified, ()
    names = tuple(dict.fromkeys(open_))
    reason = f"Not recorded of the planned device, and able to exclude it: {', '.join(names)}."
    return None, reason, policy.told.verified, names


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def _names_a_payer(names: tuple[str, ...], recorded: tuple[str, ...]) -> Truth:
    """Whether a recorded plan is one of the named payers; not known where none is recorded."""
    if not names:
        return True
    if not recorded:
        return None
    return any(_words(name) <= _words(plan) for name in names for plan in recorded)


def _dates(policy: Policy, on: date) -> str:
    effective = policy.told.effective
    if effective.status == "superseded":
        return f"Superseded by {effective.superseded_by or 'a later version'}. {effective.note}".strip()
    if effective.from_ is not None and on < effective.from_:
        return f"It holds from {effective.from_}; the day of service is {on}."
    return f"It held until {effective.to}; the day of service is {on}."


def _cautions(policy: Policy, planned: Setting) -> tuple[str, ...]:
    effective = policy.told.effective
    cautions = list(planned.warnings)
    if effective.status == "planned":
        cautions.append(f"Announced to hold from {effective.from_}; look up whether it does. {effective.note}".strip())
    elif effective.dated is not None and planned.on < effective.dated:
        cautions.append(f"This text is dated {effective.dated}, after the day of service; an earlier one may hold.")
    elif effective.from_ is None and effective.dated is None and policy.told.kind in ("coverage", "national"):
        cautions.append(f"When this text began to hold is not known. {effective.note}".strip())
    return tuple(cautions)
