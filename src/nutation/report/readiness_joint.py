"""One joint on the readiness sheet: the source, the three conditions, every policy, and what speaks against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutation.report import digest, words
from nutation.report.cited import Cited
from nutation.report.contrary import findings, low_relief
from nutation.report.on_paper import JOINT, SPEAKING, joined

_RANK = ("applies", "plan_unknown", "jurisdiction_unknown", "not_covered", "not_this_device", "not_in_force")
_OWN = ("coverage", "national")
_NO_PROBABILITY = "No probability is given"


def joint_part(document: dict[str, Any], joint: dict[str, Any], cited: Cited) -> dict[str, Any]:
    """The joint's part of the sheet, in words; findings by their numbers."""
    answers = sorted((p for p in joint["indication"]["policies"] if p["kind"] != "article"), key=_order)
    articles = [p for p in joint["indication"]["policies"] if p["kind"] == "article"]
    own = [p for p in answers if p["applicability"] == "applies" and p["kind"] in _OWN and not digest.apart(p)]
    return {
        "side": JOINT[joint["side"]],
        "device": joint["indication"]["device"] or "no operation is planned in the record",
        "fused": {True: "yes", False: "no", None: "not known"}[joint["fused"]],
        "source": _source(joint["evaluation"], cited),
        "conditions": [_conditions(article, cited) for article in articles],
        "policies": [_row(policy) for policy in answers if not digest.apart(policy)],
        "silent": [_silent(policy) for policy in answers if digest.apart(policy)],
        "own": [_rule_set(policy, cited) for policy in own],
        "disagreements": [_disagreement(found) for found in joint["indication"]["disagreements"]],
        "contrary": _contrary(document, joint, cited),
    }


def glance(joint: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The joint in a few lines (gate, source, conditions, the patient's own policy), each with its state's code."""
    gate, told = joint["gate"]["state"], joint["evaluation"]
    decided = f"; {told['decision']['label']}" if told["decision"] else ""
    source = f"{probability(told['probability'])}{decided}" if told["probability"] else _NO_PROBABILITY
    rows = {
        "Safety gate": {"state": gate, "said": words.GATE[gate]},
        "Source of the pain": {"state": "", "said": f"{source}. Mechanism: {told['mechanism']['label']}"},
    }
    article = digest.article(joint)
    for part in digest.conditions(article) if article else ():
        rows[part.title] = {"state": part.state, "said": words.STATES[part.state]}
    for policy in joint["indication"]["policies"]:
        if policy["applicability"] == "applies" and policy["kind"] in _OWN and not digest.apart(policy):
            said = f"{words.VERDICTS[policy['verdict']]} ({words.MARKS[policy['basis']]}); {digest.in_short(policy)}"
            rows[policy["publisher"]] = {"state": policy["verdict"], "said": said}
    return rows


def _order(policy: dict[str, Any]) -> tuple[bool, int, bool, str]:
    rank = _RANK.index(policy["applicability"]) if policy["applicability"] in _RANK else len(_RANK)
    return policy["kind"] == "injection", rank, policy["kind"] not in _OWN, policy["id"]


def _source(told: dict[str, Any], cited: Cited) -> dict[str, Any]:
    return {
        "target": told["target"],
        "probability": told["probability"],
        "said": probability(told["probability"]) if told["probability"] else _NO_PROBABILITY,
        "withheld": told["withheld"] or "",
        "mark": words.MARKS[told["verified"]],
        "swept": digest.dependence(told) or "",
        "steps": [
            {
                "label": words.dated(step["label"]),
                "interval": step["interval"],
                "said": probability(step["interval"]).replace("90 % interval ", ""),
                "citation": ", ".join(step["citation"]),
                "mark": words.MARKS[step["verified"]],
                "findings": cited.numbers(step["witnesses"]),
            }
            for step in told["steps"]
        ],
        "mechanism": {
            "label": told["mechanism"]["label"],
            "leads": told["mechanism"]["leads_to_indication"],
            "basis": told["mechanism"]["basis"],
            "open": told["mechanism"]["also_open"],
        },
        "differential": [
            {
                "label": other["label"],
                "state": words.ALTERNATIVE[other["state"]],
                "for": "; ".join(reason["text"] for reason in other["speaks_for"]),
                "against": "; ".join(reason["text"] for reason in other["speaks_against"]),
                "findings": cited.numbers(
                    [w for key in ("speaks_for", "speaks_against") for r in other[key] for w in r["witnesses"]]
                ),
            }
            for other in told["differential"]
        ],
        "blocks": [
            {
                "happened": words.dated(block["happened"]),
                "scores": _scores(block, cited),
                "validity": words.VALIDITY[block["validity"]],
                "result": block["result"],
                "why": "; ".join([*block["reasons"], *(f"{words.said(m)} not recorded" for m in block["missing"])]),
                "findings": cited.numbers(block["witnesses"]),
            }
            for block in told["blocks"]
        ],
        "notes": told["notes"],
    }


def probability(told: dict[str, Any]) -> str:
    """A probability with its interval and level: ``91 % (90 % interval 75 to 97 %)``."""
    return f"{words.percent(told['median'])} ({words.interval(told)})"


def _scores(block: dict[str, Any], cited: Cited) -> str:
    for name in block["witnesses"]:
        values = (cited.event(name) or {"values": {}})["values"]
        if values.get("score_before") is not None and values.get("score_after") is not None:
            relief = f" ({block['relief_pct']:g} %)" if block["relief_pct"] is not None else ""
            return f"{values['score_before']:g} before, {values['score_after']:g} after{relief}"
    return "scores not recorded"


def _conditions(policy: dict[str, Any], cited: Cited) -> dict[str, Any]:
    """The article's conditions, each with its state and the criteria that it is made of."""
    return {
        "title": policy["title"],
        "verdict": words.word(words.VERDICTS, policy["verdict"]),
        "basis": words.MARKS[policy["basis"]],
        "parts": [
            {
                "title": f"{part.number}. {part.title}",
                "state": part.state,
                "said": words.STATES[part.state],
                "criteria": [_criterion(criterion, cited) for criterion in part.criteria],
            }
            for part in digest.conditions(policy)
        ],
    }


def _rule_set(policy: dict[str, Any], cited: Cited) -> dict[str, Any]:
    return {
        "title": f"{policy['publisher']}: {policy['title']}",
        "version": f"{policy['id']}, {policy['version']}",
        "verdict": words.word(words.VERDICTS, policy["verdict"]),
        "basis": words.MARKS[policy["basis"]],
        "cautions": policy["cautions"],
        "criteria": [_criterion(criterion, cited) for criterion in policy["criteria"]],
    }


def _criterion(criterion: dict[str, Any], cited: Cited) -> dict[str, Any]:
    witnesses = criterion["witnesses"]
    return {
        "text": criterion["text"],
        "advice": not criterion["required"],
        "state": criterion["state"],
        "said": words.STATES[criterion["state"]],
        "documented": words.SHOWN[criterion["as_documented"]],
        "for": cited.numbers(witnesses["for"]),
        "against": cited.numbers(witnesses["against"]),
        "undecided": cited.numbers(witnesses["undecided"]),
        "mark": words.MARKS[criterion["verified"]],
        "citation": ", ".join(criterion["citation"]),
    }


def _row(policy: dict[str, Any]) -> dict[str, Any]:
    reasons = policy["reasons"] or [f"Every criterion holds ({digest.in_short(policy)})"]
    if policy["applicability"] != "applies" and policy["applicability_reason"] not in reasons:
        reasons = [policy["applicability_reason"], *reasons]
    return {
        "publisher": policy["publisher"],
        "named": _named(policy),
        "verdict": policy["verdict"],
        "said": words.word(words.VERDICTS, policy["verdict"]),
        "documented": f"as documented: {words.word(words.VERDICTS, policy['as_documented']).lower()}",
        "basis": words.MARKS[policy["basis"]],
        "decided": words.dated(joined(reasons, 3)),
        "cautions": joined(policy["cautions"], 4),
    }


def _named(policy: dict[str, Any]) -> str:
    kind = words.word(words.KINDS, policy["kind"])
    return ", ".join(part for part in (policy["id"], policy["version"], kind, policy["procedure"]) if part)


def _silent(policy: dict[str, Any]) -> dict[str, str]:
    return {
        "publisher": policy["publisher"],
        "named": _named(policy),
        "why": words.dated(policy["applicability_reason"]),
        "criteria": digest.in_short(policy),
    }


def _disagreement(found: dict[str, Any]) -> dict[str, Any]:
    def asks(position: dict[str, Any]) -> str:
        return f"{position['policy']}: {position['asks']}"

    return {
        "topic": words.topic(found["topic"]),
        "holds": [asks(position) for position in found["holds"]],
        "fails": [asks(position) for position in found["fails"]],
        "silent": ", ".join(found["silent"]),
    }


def against(document: dict[str, Any], joint: dict[str, Any]) -> Iterable[tuple[str, list[str]]]:
    """What is spoken against (the gate, the joint as source, a criterion that applies), and by which events."""
    for item in joint["gate"]["items"]:
        if item["state"] == "standing":
            yield f"gate: {item['label']}", item["witnesses"]
    for other in joint["evaluation"]["differential"]:
        if other["state"] in ("for", "mixed"):
            for reason in other["speaks_for"]:
                yield f"speaks for {other['label']}: {reason['text']}", reason["witnesses"]
    for block in joint["evaluation"]["blocks"]:
        if low_relief(block) or block["validity"] == "uninterpretable":
            yield f"block: {words.VALIDITY[block['validity']]}, {words.said(block['result'])}", block["witnesses"]
    for found in findings(document, joint["side"]):
        yield found.text, [found.event]
    for policy in joint["indication"]["policies"]:
        if policy["applicability"] in SPEAKING and not digest.apart(policy):
            for criterion in policy["criteria"]:
                if criterion["state"] == "false":
                    yield f"{policy['id']}: {criterion['text']}", criterion["witnesses"]["against"]


def told_of(ids: list[str], side: str, cited: Cited) -> list[str]:
    """These events; for a statement that all of a kind is recorded, the records of that kind where there are any."""
    named: list[str] = []
    for name in ids:
        event = cited.event(name)
        kind = event["values"].get("of") if event is not None and event["kind"] == "completeness" else None
        named += (cited.of_kind(str(kind), side) or [name]) if kind else [name]
    return list(dict.fromkeys(named))


def _contrary(document: dict[str, Any], joint: dict[str, Any], cited: Cited) -> list[dict[str, Any]]:
    """Findings that speak against something, latest first; each with what it speaks against."""
    told: dict[str, list[str]] = {}
    for what, ids in against(document, joint):
        for name in told_of(ids, joint["side"], cited):
            told.setdefault(name, []).append(what)
    return [
        {
            "findings": cited.numbers([name]),
            "happened": words.dated(event["happened"]["text"]),
            "text": event["text"],
            "against": list(dict.fromkeys(what)),
        }
        for name, what in sorted(told.items(), key=lambda found: cited.numbers([found[0]]), reverse=True)
        if (event := cited.event(name)) is not None
    ]
