"""What must not reach a payer inside a record's own text: another payer's name, a percentage without its scores."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nutation.evidence import load

_PERCENTAGE = re.compile(r"\d\s*(?:%|٪|％|per\s?-?cent|pct\b)", re.IGNORECASE)
_OF_RELIEF = re.compile(r"relie[fv]|better|improve|pain|help|ease", re.IGNORECASE)
_TREATS = ("injection", "treatment", "medication", "operation")
_PAYING = ("coverage", "national", "injection")


def own_plan(document: Mapping[str, Any], policy: Mapping[str, Any]) -> str | None:
    """The patient's plan, where it is known to be the one addressed: the policy applies to it or names no payer."""
    if policy["applicability"] != "applies":
        return None
    plans = [
        " ".join(str(e["values"][key]) for key in ("payer", "plan") if e["values"].get(key))
        for e in document["events"]
        if e["kind"] == "coverage" and e["stands"] and e["modality"] == "actual" and _covers(e, document["as_of"])
    ]
    return next((plan for plan in plans if plan), None)


def _covers(event: Mapping[str, Any], day: str) -> bool:
    happened = event["happened"]
    return (happened.get("from") or "0") <= day <= (happened.get("to") or "9")


class Unfit:
    """Says of a text of the record why it is not printed for this payer, if it is not."""

    def __init__(self, document: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
        own = f"{policy['publisher']} {own_plan(document, policy) or ''} {' '.join(_payers(policy['id']))}".lower()
        names = {name for name in _other_names(document, policy["id"]) if name.lower() not in own}
        self._others = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")\b", re.IGNORECASE)

    def why(self, text: str, kind: str) -> str | None:
        """The reason in words, or None where the text can be printed."""
        if self._others.search(text):
            return "not reproduced: it names a payer who is not addressed"
        if _PERCENTAGE.search(text) and (kind in _TREATS or _OF_RELIEF.search(text)):
            return "not reproduced: it states a percentage without its two scores"
        return None


def _payers(policy_id: str) -> Iterable[str]:
    for located in load().policies:
        if located.plain.get("id") == policy_id:
            yield from located.plain.get("payers") or ()


def _other_names(document: Mapping[str, Any], policy_id: str) -> set[str]:
    """Names of payers: of every rule set of the evidence, and publishers of those asked about."""
    names = {
        str(name) for located in load().policies if located.plain.get("id") != policy_id
        for name in located.plain.get("payers") or ()
    }  # fmt: skip
    for joint in document["joints"]:
        for policy in joint["indication"]["policies"]:
            if policy["id"] != policy_id and policy["kind"] in _PAYING:
                names.add(policy["publisher"])
    return names or {"\0"}
