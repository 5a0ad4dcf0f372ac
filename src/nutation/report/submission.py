"""The submission draft: one policy, one joint, for one payer; every line points to the exhibit that bears it out.

It is a draft, watermarked on each page, until a named clinician signs the hash of its content. Contrary and
negative findings are part of it. What the clinic thinks (other rule sets, the model, what is missing) is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.report import words
from nutation.report.on_paper import JOINT, SPEAKING, patient
from nutation.report.submission_contrary import contrary_lines
from nutation.report.submission_exhibits import Exhibits
from nutation.report.submission_letter import OWN_WORDS, letter
from nutation.report.submission_names import Unfit, own_plan
from nutation.report.submission_sources import SourceDocument, with_sources

TITLE = "Submission"
_TO_A_PAYER = ("coverage", "national", "society")
_NO_PERSON = ("patient", "self", "relative", "software", "nutation")


def pdf(
    document: Mapping[str, Any],
    policy_id: str,
    side: str | None = None,
    *,
    events: Iterable[Event] = (),
    own_words: Mapping[str, str] | None = None,
    sources: Sequence[SourceDocument] = (),
    paper: str = "a4",
) -> bytes:
    """The submission of a case's document for one policy and joint as PDF/UA-1.

    ``events`` may hold signatures that the document does not; ``own_words`` the clinician's text by the keys of
    ``OWN_WORDS``. For each page of ``sources`` that is shown (``source_pages``) there is a page at the end with its
    exhibit's stamp and room for it. Raises InputError where the policy does not speak of this operation, the side is
    ambiguous, or the safety gate is not open.
    """
    from nutation.report.pdf import render

    told = model(document, policy_id, side, events=events, own_words=own_words, sources=sources)
    return render("submission", told, paper=paper)


def content(
    document: Mapping[str, Any],
    policy_id: str,
    side: str | None = None,
    *,
    own_words: Mapping[str, str] | None = None,
    sources: Sequence[SourceDocument] = (),
) -> dict[str, Any]:
    """All that the submission says, as plain data: what is signed. Raises InputError as ``pdf`` does."""
    return _told(document, policy_id, side, own_words, sources)[0]


def source_pages(
    document: Mapping[str, Any], policy_id: str, side: str | None = None, *, sources: Sequence[SourceDocument]
) -> list[tuple[str, int]]:
    """The pages (document's id, page from 1) that stand behind the submission, in order. Raises InputError."""
    return _told(document, policy_id, side, None, sources)[1]


def _told(
    document: Mapping[str, Any],
    policy_id: str,
    side: str | None,
    own_words: Mapping[str, str] | None,
    sources: Sequence[SourceDocument],
) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    joint = joint_of(document, side)
    policy = policy_of(joint, policy_id)
    _check_gate(joint)
    _check_planned_side(document, joint["side"])
    given = dict(own_words or {})
    if unknown := sorted(set(given) - set(OWN_WORDS)):
        raise InputError(f"The letter has no place {unknown[0]!r}.", mend=f"use {', '.join(OWN_WORDS)}.")
    unfit = Unfit(document, policy)
    exhibits = Exhibits(document, joint, policy, unfit)
    told = {
        "form": "nutation.submission.1",
        "patient": patient(document),
        "joint": JOINT[joint["side"]],
        "to": _addressee(document, policy),
        "plan": own_plan(document, policy) or "",
        "policy": {"id": policy["id"], "title": policy["title"], "version": _version(policy["version"])},
        "procedure": policy["procedure"],
        "device": joint["indication"]["device"] or "",
        "as_of": document["as_of"],
        "evidence": document["versions"]["evidence"],
        "criteria": [_criterion(criterion, exhibits) for criterion in policy["criteria"]],
        "letter": letter(exhibits),
        "own_words": {place: given.get(place, "").strip() for place in OWN_WORDS},
        "contrary": contrary_lines(document, joint, policy, exhibits),
        "exhibits": exhibits.printed(),
    }
    return with_sources(told, exhibits, sources)


def content_sha256(told: Mapping[str, Any]) -> str:
    """The hash that a clinician signs: SHA-256 over the content's canonical JSON (sorted keys, ASCII, no spaces)."""
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def model(
    document: Mapping[str, Any],
    policy_id: str,
    side: str | None = None,
    *,
    events: Iterable[Event] = (),
    own_words: Mapping[str, str] | None = None,
    sources: Sequence[SourceDocument] = (),
) -> dict[str, Any]:
    """What the pages print: the content, its hash, its signature if there is one, and a draft's notes."""
    told = content(document, policy_id, side, own_words=own_words, sources=sources)
    return {**told, "title": TITLE, "prompts": OWN_WORDS, **frame(document, told, joint_of(document, side), events)}


def frame(
    document: Mapping[str, Any], told: Mapping[str, Any], joint: Mapping[str, Any], events: Iterable[Event]
) -> dict[str, Any]:
    """What stands around a paper's content on its pages: hash, signature or the draft's notes, and what made it."""
    sha = content_sha256(told)
    signed = signature(document, sha, events)
    return {
        "said_as_of": words.day(told["as_of"]),
        "sha": sha,
        "signature": signed,
        "draft": signed is None,
        "notes": _drafting_notes(policy_of(joint, told["policy"]["id"])) if signed is None else [],
        "made_with": f"Prepared with Nutation {document['versions']['nutation']} in {document['mode']} mode "
        "from the records named as exhibits, for the signing clinician to check.",
    }


def signature(document: Mapping[str, Any], sha: str, events: Iterable[Event] = ()) -> dict[str, str] | None:
    """Who signed this content, as what and when: the latest standing signature by a named person, else None."""
    found = [
        {"author": e["author"] or "", "signed_as": e["values"].get("signed_as") or "", "on": e["happened"]["text"]}
        for e in document["events"]
        if e["kind"] == "signature" and e["stands"] and (e["modality"], e["certainty"]) == ("actual", "stated")
        and e["values"].get("content_sha256") == sha
    ]  # fmt: skip
    from nutation.record.standing import standing

    found += [
        {"author": e.author or "", "signed_as": e.attributes().get("signed_as") or "", "on": e.happened.text()}
        for e in standing(tuple(events), None)
        if e.kind == "signature" and (e.modality, e.certainty) == ("actual", "stated")
        and e.attributes().get("content_sha256") == sha and e.patient == document["patient"]
    ]  # fmt: skip
    nobody = {*_NO_PERSON, document["patient"].lower(), document["label"].lower(), ""}
    named = [one for one in found if one["author"].strip().lower() not in nobody]
    return max(named, key=lambda one: one["on"], default=None)


def joint_of(document: Mapping[str, Any], side: str | None) -> dict[str, Any]:
    """The joint that a paper is for. Raises InputError where the side is ambiguous or not of the case."""
    joints = {joint["side"]: joint for joint in document["joints"]}
    if side is None and len(joints) == 1:
        return next(iter(joints.values()))
    if side is None:
        raise InputError(
            "The case is of both joints, and a submission is for one.", mend="name the side: left or right."
        )
    if side not in joints:
        known = " and ".join(joints)
        raise InputError(f"The case holds no {side} joint.", mend=f"name a side of the case ({known}), or ask anew.")
    return joints[side]


def policy_of(joint: Mapping[str, Any], policy_id: str) -> dict[str, Any]:
    """The rule set that a paper is for. Raises InputError where none of that id can be submitted to."""
    by_id = {policy["id"].lower(): policy for policy in joint["indication"]["policies"]}
    policy = by_id.get(policy_id.lower())
    if policy is None:
        raise InputError(f"The case was not asked about policy {policy_id!r}.", mend="ask the case with that policy.")
    named = f"{policy['id']} {policy['version']}"
    if policy["applicability"] not in SPEAKING:
        raise InputError(
            f"No submission is drafted for {named}: {policy['applicability_reason']}",
            mend="choose a policy that speaks of this operation, or correct device, plan, place or date in the record.",
        )
    if policy["kind"] not in _TO_A_PAYER:
        raise InputError(
            f"{named} is a {words.word(words.KINDS, policy['kind'])}: there is no payer to submit it to.",
            mend="choose a payer's policy, or a society's criteria.",
        )
    if not policy["criteria"]:
        raise InputError(
            f"No criterion of {named} was read, so no line could point to an exhibit.",
            mend="obtain the policy and write it as a file (`nutation policy check FILE`).",
        )
    return policy


def _check_gate(joint: Mapping[str, Any]) -> None:
    gate = joint["gate"]
    if gate["state"] in ("clear", "addressed"):
        return
    first = [item for item in gate["items"] if item["state"] == gate["state"]]
    named = ", ".join(item["label"] for item in first)
    if gate["state"] == "standing":
        mend = "look into it and record who did, how and with what result (a gate_resolution event)."
    else:
        mend = "record a safety screen by a clinician that asks every item."
    raise InputError(
        f"The safety gate comes first and is {words.GATE[gate['state']].lower()} ({named}).",
        place=JOINT[joint["side"]], mend=mend,
    )  # fmt: skip


def _check_planned_side(document: Mapping[str, Any], side: str) -> None:
    sides = {
        event["side"]
        for event in document["events"]
        if event["kind"] == "operation" and event["stands"] and event["modality"] == "intended"
        and event["values"].get("target") in ("si_joint", None)
    }  # fmt: skip
    if not sides or sides == {side}:
        return
    if side in sides and not sides & {"both", "unknown"}:
        return  # both joints are planned, each by an order of its own
    told = " and ".join(sorted(sides))
    raise InputError(
        f"The submission is for the {side} joint and the planned operation is recorded as: side {told}.",
        mend="correct the side of the planned operation, or choose the side that it names.",
    )


def _addressee(document: Mapping[str, Any], policy: Mapping[str, Any]) -> str:
    if policy["kind"] != "society":
        return policy["publisher"]
    return own_plan(document, policy) or ""


def _version(version: str) -> str:
    return "not dated" if version.startswith("undated") else version


def _criterion(criterion: Mapping[str, Any], exhibits: Exhibits) -> dict[str, Any]:
    witnesses = criterion["witnesses"]
    shown = criterion["as_documented"] == "true"
    return {
        "text": criterion["text"],
        "required": criterion["required"],
        "documented": shown,
        "for": exhibits.numbers(witnesses["for"]),
        "contrary": exhibits.numbers(witnesses["against"]),
        "also": exhibits.numbers([*witnesses["undecided"], *criterion["stale"]]),
    }


def _drafting_notes(policy: Mapping[str, Any]) -> list[str]:
    """What the signing clinician checks before signing; it is on the draft alone."""
    notes = ["Criteria are told in words of our own: compare them with the policy's text before signing."]
    if policy["basis"] != "verified":
        notes.append(f"The wording behind them is marked: {words.MARKS[policy['basis']]}.")
    if policy["applicability"] != "applies":
        notes.append("Whether this policy is the one of the patient's plan is not known: settle that before signing.")
    return notes
