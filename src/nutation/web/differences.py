"""What differs between two answers about the same patient and day: gate, probability, verdicts, criteria, steps. Pure.

Both are case documents (``nutation.case.document``). Wording alone is no difference: states, figures and lists are
compared, and told in the words that the pages use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nutation.report import digest, words

Plain = dict[str, Any]
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out differently: where, what, and its two readings."""

    where: str
    what: str
    before: str
    after: str


def differences(before: Plain, after: Plain) -> tuple[Difference, ...]:
    """Every difference from one answer to the other, the safety gate first, the versions last."""
    found = [*_joints(before, after), *_recommendation(before, after), *_steps(before, after)]
    found += _pairs("Patient", "Warnings", _set(before["warnings"]), _set(after["warnings"]))
    found += _pairs("Made by", "", _versions(before), _versions(after))
    return tuple(found)


def _joints(before: Plain, after: Plain) -> Iterator[Difference]:
    one, other = ({joint["side"]: joint for joint in told["joints"]} for told in (before, after))
    for side in dict.fromkeys((*one, *other)):
        where = f"{side.capitalize()} joint"
        was, now = one.get(side), other.get(side)
        if was is None or now is None:
            yield Difference(where, "Answered", NOTHING if was is None else "yes", NOTHING if now is None else "yes")
            continue
        yield from _pairs(where, "Safety gate", _gate(was), _gate(now))
        yield from _pairs(where, "", _source(was), _source(now))
        yield from _pairs(where, "", _verdicts(was), _verdicts(now))
        yield from _pairs(where, "", _criteria(was), _criteria(now))


def _gate(joint: Plain) -> dict[str, str]:
    told = {"": words.word(words.GATE, joint["gate"]["state"])}
    return told | {item["label"]: words.word(words.GATE, item["state"]) for item in joint["gate"]["items"]}


def _source(joint: Plain) -> dict[str, str]:
    evaluation = joint["evaluation"]
    probability, decision = evaluation["probability"], evaluation["decision"]
    figure = NOTHING
    if probability is not None:
        spread = words.span(probability["low"], probability["high"])
        figure = f"{words.percent(probability['median'])} ({spread})"
    told = {
        "Probability": figure,
        "Taken alone": words.sentence(decision["label"]) if decision is not None else NOTHING,
        "Mechanism": evaluation["mechanism"]["label"],
        "Fused": words.sentence(str({True: "yes", False: "no"}.get(joint["fused"], "not known"))),
    }
    told |= {f"Step: {words.dated(step['label'])}": words.percent(step["after"]) for step in evaluation["steps"]}
    return told | {f"Block of {words.dated(b['happened'])}": _block(b) for b in evaluation["blocks"]}


def _block(block: Plain) -> str:
    return f"{words.word(words.VALIDITY, block['validity'])}, {words.said(block['result'])}"


def _verdicts(joint: Plain) -> dict[str, str]:
    return {words.said(p["id"]): _verdict(p) for p in joint["indication"]["policies"]}


def _verdict(policy: Plain) -> str:
    applies = words.word(words.APPLICABILITY, policy["applicability"])
    return f"{words.word(words.VERDICTS, policy['verdict'])}, {applies}, {words.word(words.MARKS, policy['basis'])}"


def _criteria(joint: Plain) -> dict[str, str]:
    return {
        f"{words.said(policy['id'])}: {criterion['text']}": words.word(words.STATES, criterion["state"])
        for policy in joint["indication"]["policies"]
        for criterion in policy["criteria"]
    }


def _recommendation(before: Plain, after: Plain) -> list[Difference]:
    was, now = (f"{digest.action(told)}, {words.joint(told['recommendation']['side'])}" for told in (before, after))
    return [] if was == now else [Difference("Patient", "Recommended action", was, now)]


def _steps(before: Plain, after: Plain) -> list[Difference]:
    was, now = ([f"{step['label']} ({words.joint(step['side'])})" for step in told["next"]] for told in (before, after))
    found = [Difference("Patient", "Next step", told, NOTHING) for told in was if told not in now]
    return found + [Difference("Patient", "Next step", NOTHING, told) for told in now if told not in was]


def _versions(told: Plain) -> dict[str, str]:
    return {words.said(name.removeprefix("policy:")): version for name, version in told["versions"].items()}


def _set(told: list[str]) -> dict[str, str]:
    return {words.dated(text): "told" for text in told}


def _pairs(where: str, what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(where, ": ".join(part for part in (what, name) if part), before.get(name, NOTHING),
                   after.get(name, NOTHING))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]  # fmt: skip
