"""The readiness sheet: the clinic's internal page on what is known, what is missing and who closes it.

It compares policies and shows probabilities, so it is never for a patient or a payer; the submission is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutation.report import digest, words
from nutation.report.cited import Cited
from nutation.report.counting import last_days
from nutation.report.on_paper import JOINT, SPEAKING, joined, patient, who
from nutation.report.readiness_joint import against, glance, joint_part, probability, told_of

TITLE = "Readiness sheet"
FOR_WHOM = "Internal to the clinic. Not for the patient, not for a payer."


def pdf(document: dict[str, Any], *, paper: str = "a4") -> bytes:
    """The readiness sheet of a case's document (``nutation.case.document``) as PDF/UA-1.

    ``paper`` is ``a4`` or ``us-letter``. Raises InputError for another.
    """
    from nutation.report.pdf import render

    return render("readiness", model(document), paper=paper)


def model(document: dict[str, Any]) -> dict[str, Any]:
    """What the sheet prints, section by section, as plain data in words; findings are numbered once."""
    cited = Cited(document["events"])
    cited.cite(_ids(document["joints"]))
    for joint in document["joints"]:
        cited.cite(name for _, ids in against(document, joint) for name in told_of(ids, joint["side"], cited))
    return {
        "title": TITLE,
        "for_whom": FOR_WHOM,
        "notice": document["notice"],
        "mode": document["mode"],
        "patient": patient(document),
        "joints_said": " and ".join(JOINT[joint["side"]] for joint in document["joints"]),
        "as_of": words.day(document["as_of"]),
        "known_by": words.sentence(words.known_by(document)),
        "action": _action(document),
        "glance": _glance(document["joints"]),
        "warnings": [*document["warnings"], *(_unmapped(item) for item in document["unmapped"])],
        "gate": _gate(document["joints"], cited),
        "joints": [joint_part(document, joint, cited) for joint in document["joints"]],
        "steps": [_step(n, step) for n, step in enumerate(document["next"], 1) if "payer" not in step["purpose"]],
        "questions": _questions(document),
        "held_back": [*_held_back(document["joints"]), *_not_offered(document)],
        "expiries": _expiries(document, cited),
        "findings": [_finding(cited, name, number) for number, name in enumerate(cited.order(), 1)],
        "sources": [{"key": key, **told} for key, told in document["sources"].items()],
        "versions": [f"{name.removeprefix('policy:')} {version}" for name, version in document["versions"].items()],
        "marks": [
            {"mark": words.MARKS[mark], "words": words.mark_meaning(mark, told)}
            for mark, told in document["marks"].items()
        ],
    }


def _ids(node: Any) -> Iterable[str]:
    """Every text under the joints' answers; ``Cited`` keeps those that are events' ids."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for part in node.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _ids(part)
    elif isinstance(node, list):
        for part in node:  # pyright: ignore[reportUnknownVariableType]
            yield from _ids(part)


def _action(document: dict[str, Any]) -> dict[str, Any]:
    told = document["recommendation"]
    return {
        "action": digest.action(document),
        "where": JOINT.get(told["side"], "the patient"),
        "reason": words.dated(told["reason"]),
        "urgent": told["action"] == "refer_urgently",
    }


def _glance(joints: list[dict[str, Any]]) -> dict[str, Any]:
    told = [glance(joint) for joint in joints]
    rows = dict.fromkeys(what for cells in told for what in cells)
    empty = {"state": "", "said": "–"}
    return {
        "heads": [words.sentence(JOINT[joint["side"]]) for joint in joints],
        "rows": [{"what": what, "cells": [cells.get(what, empty) for cells in told]} for what in rows],
    }


def _unmapped(item: dict[str, Any]) -> str:
    what = " ".join(part for part in (item["label"], item["code"]) if part)
    weight = "Relevant and not read" if item["relevant"] else "Not read"
    return f"{weight}: {what} ({item['resource']} {item['path']}): {item['reason']}"


def _gate(joints: list[dict[str, Any]], cited: Cited) -> dict[str, Any]:
    """The gate of all joints: open items in full, those that were asked and not reported in one line."""
    rows = digest.gate_rows(joints)
    state = digest.gate_state(joints)
    alike = {tuple(joint["side"] for joint in joints)}
    return {
        "state": state,
        "said": words.GATE[state],
        "bases": digest.gate_bases(joints),
        "items": [
            _gate_item(row.item, "" if row.sides in alike else " and ".join(JOINT[s] for s in row.sides), cited)
            for row in rows
            if row.item["state"] != "clear"
        ],
        "none_reported": _none_reported([row.item for row in rows if row.item["state"] == "clear"]),
    }


def _none_reported(items: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Items that were asked and not reported, by the day and person of the asking; their expiry stands elsewhere."""
    by_asking: dict[str, list[str]] = {}
    for item in items:
        by_asking.setdefault(digest.asked({**item, "expires_on": None}), []).append(item["label"])
    return [{"asked": words.sentence(asked), "labels": ", ".join(labels)} for asked, labels in by_asking.items()]


def _gate_item(item: dict[str, Any], where: str, cited: Cited) -> dict[str, Any]:
    return {
        "label": item["label"],
        "where": where,
        "state": item["state"],
        "said": words.GATE[item["state"]],
        "kind": f"{words.ITEM_KINDS[item['kind']]}, {words.URGENCY[item['urgency']]}",
        "basis": words.dated(item["basis"]),
        "asked": digest.asked(item),
        "missing": item["missing"],
        "closes": item["closes"],
        "findings": cited.numbers([*item["witnesses"], *item["addressed_by"]]),
        "mark": words.MARKS[item["verified"]],
    }


def _step(number: int, step: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "label": step["label"],
        "where": JOINT.get(step["side"], "the patient"),
        "who": who(step),
        "purpose": ", ".join(words.PURPOSES[purpose] for purpose in step["purpose"]),
        "reason": words.dated(step["reason"]),
        "value": f"Changes a decision with a chance of {words.percent(step['value'])}." if step["value"] else "",
        "results": [_outcome(result) for result in step["results"]],
    }


def _questions(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What policies alone ask for, by who can answer it; numbered as in the one list of next steps."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for number, step in enumerate(document["next"], 1):
        if "payer" in step["purpose"]:
            groups.setdefault(who(step), []).append(
                {
                    "number": number,
                    "label": step["label"],
                    "where": JOINT.get(step["side"], "the patient"),
                    "reason": words.dated(step["reason"]),
                    "settles": ", ".join(dict.fromkeys(step["policies"])),
                }
            )
    return [{"who": told, "steps": steps} for told, steps in groups.items()]


def _outcome(told: dict[str, Any]) -> str:
    chance = f" ({words.percent(told['chance'])})" if told["chance"] is not None else ""
    after = probability(told["probability"]) if told["probability"] else ""
    parts = [part for part in (after, "; ".join(told["changes"])) if part]
    return f"{words.sentence(told['result'])}{chance}: {joined(parts, 2)}"


def _held_back(joints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"label": item["label"], "where": JOINT[joint["side"]], "reasons": " ".join(item["reasons"])}
        for joint in joints
        for item in joint["withheld"]
    ]


def _not_offered(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Questions that would settle a criterion of a rule set that applies, and that no step asks now."""
    offered = " ".join(step["label"] for step in document["next"])
    found: dict[tuple[str, str], dict[str, str]] = {}
    for joint, policy, criterion in _criteria(document):
        for need in criterion["gap"] or () if policy["applicability"] in SPEAKING and not digest.apart(policy) else ():
            if need["question"].rstrip("?.") not in offered:
                why = words.sentence(words.word(words.UNKNOWN, need["unknown_kind"]))
                reasons = f"{why}; {policy['id']}: {criterion['text']}"
                row = {"label": need["question"], "where": JOINT[joint["side"]], "reasons": reasons}
                found.setdefault((joint["side"], need["question"]), row)
    return list(found.values())


def _expiries(document: dict[str, Any], cited: Cited) -> list[dict[str, Any]]:
    """What runs out and when, the first first; then what is older than a rule allows already."""
    days: dict[tuple[str, str], list[str]] = {}
    for joint in document["joints"]:
        for item in joint["gate"]["items"]:
            if item["expires_on"]:
                days.setdefault((item["expires_on"], "Safety screen"), []).append(item["label"])
    for event in document["events"]:
        if event["kind"] == "completeness" and event["stands"] and event["values"].get("expires_on"):
            what = str(event["values"].get("of") or "records")
            days.setdefault((event["values"]["expires_on"], "Statement that all is recorded"), []).append(what)
    rows = [(day, _expiry(day, what, of, day < document["as_of"])) for (day, what), of in days.items()]
    for (day, name), policies in last_days(document).items():
        event = cited.event(name)
        if event is not None:
            of = [f"counts until then for {', '.join(dict.fromkeys(policies))}"]
            rows.append((day, _expiry(day, _what(event), of, day < document["as_of"], cited.numbers([name]))))
    return [row for _, row in sorted(rows, key=lambda found: (found[0], found[1]["what"]))] + _stale(document, cited)


def _what(event: dict[str, Any]) -> str:
    when = words.dated(event["happened"]["text"])
    if event["kind"] == "completeness":
        return f"Statement of {when} that every {words.said(event['values'].get('of') or 'record')} is recorded"
    return f"{words.sentence(words.said(event['kind']))} of {when}"


def _expiry(day: str, what: str, of: list[str], past: bool, findings: list[int] | None = None) -> dict[str, Any]:
    return {
        "day": words.dated(day), "what": what, "of": list(dict.fromkeys(of)), "past": past, "findings": findings or [],
    }  # fmt: skip


def _stale(document: dict[str, Any], cited: Cited) -> list[dict[str, Any]]:
    rules: dict[str, list[str]] = {}
    for _, policy, criterion in _criteria(document):
        for name in criterion["stale"]:
            rules.setdefault(name, []).append(policy["id"])
    rows: list[dict[str, Any]] = []
    for name, ids in rules.items():
        if (event := cited.event(name)) is not None:
            what = f"Older than allowed: {event['text']}"
            rows.append(_expiry(event["happened"]["text"], what, ids, True, cited.numbers([name])))
    return rows


def _criteria(document: dict[str, Any]) -> Iterable[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for joint in document["joints"]:
        for policy in joint["indication"]["policies"]:
            for criterion in policy["criteria"]:
                yield joint, policy, criterion


def _finding(cited: Cited, name: str, number: int) -> dict[str, Any]:
    event = cited.event(name)
    assert event is not None
    return {
        "number": number,
        "happened": words.dated(event["happened"]["text"]),
        "text": event["text"] if event["stands"] else f"superseded: {event['text']}",
        "certainty": event["certainty"],
        "author": event["author"] or "",
        "source": event["source"],
        "note": event["note"] or "",
    }
