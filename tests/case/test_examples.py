"""Every example is answered as its ``expected.yaml`` reasoned before any rule existed."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from nutation.case import build_case, document
from nutation.record.reading import read_record

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/expected.yaml"))


def expected(name: str) -> dict[str, Any]:
    return YAML(typ="safe").load((EXAMPLES / name / "expected.yaml").read_text(encoding="utf-8"))


@cache
def answered(name: str) -> dict[str, Any]:
    day = date.fromisoformat(str(expected(name)["as_of"]))
    return document(build_case(read_record(EXAMPLES / name), as_of=day))


def one_of(wanted: Any) -> list[str]:
    return [str(w) for w in wanted] if isinstance(wanted, list) else [str(wanted)]


def joints(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    told = {joint["side"]: joint for joint in answered(name)["joints"]}
    return [(told[side], wanted) for side, wanted in (expected(name).get("joints") or {}).items()]


@pytest.mark.parametrize("name", NAMES)
def test_gate(name: str) -> None:
    wanted = expected(name)["gate"]
    states = {joint["gate"]["state"] for joint in answered(name)["joints"]}
    order = ["standing", "not_screened", "addressed", "clear"]
    assert min(states, key=order.index) in one_of(wanted["state"])
    items: dict[str, set[str]] = {}
    for joint in answered(name)["joints"]:
        for item in joint["gate"]["items"]:
            items.setdefault(item["id"], set()).add(item["state"])
    for state in ("standing", "addressed", "not_screened"):
        for item in wanted.get(state) or ():
            assert state in items[item], (item, items[item])


@pytest.mark.parametrize("name", NAMES)
def test_probability_and_mechanism(name: str) -> None:
    for joint, wanted in joints(name):
        probability, bounds = joint["evaluation"]["probability"], wanted.get("probability") or {}
        if "low_at_least" in bounds:
            assert probability is not None, joint["evaluation"]["withheld"]
            assert probability["low"] >= bounds["low_at_least"], probability
        if "high_at_most" in bounds:
            assert probability is not None, joint["evaluation"]["withheld"]
            assert probability["high"] <= bounds["high_at_most"], probability
        if "mechanism" in wanted:
            assert joint["evaluation"]["mechanism"]["kind"] in one_of(wanted["mechanism"])


@pytest.mark.parametrize("name", NAMES)
def test_policies(name: str) -> None:
    for joint, wanted in joints(name):
        told = {policy["id"]: policy for policy in joint["indication"]["policies"]}
        for policy_id, verdict in (wanted.get("policies") or {}).items():
            policy = told[policy_id]
            assert policy["verdict"] in one_of(verdict["verdict"]), (policy_id, policy["reasons"])
            for key in ("basis", "applicability"):
                if key in verdict:
                    assert policy[key] in one_of(verdict[key]), (policy_id, key)
            for topic, criterion in (verdict.get("criteria") or {}).items():
                if topic == "device":  # the device is a matter of applicability, not of a criterion
                    assert (policy["applicability"] == "not_this_device") is (criterion["state"] == "false")
                    continue
                topic = {"odi": "disability"}.get(topic, topic)
                states = {c["state"] for c in policy["criteria"] if topic in (c["id"], c["topic"])}
                assert states, (policy_id, topic, [c["topic"] for c in policy["criteria"]])
                assert states & set(one_of(criterion["state"])), (policy_id, topic, states)


@pytest.mark.parametrize("name", [name for name in NAMES if "recommendation" in expected(name)])
def test_recommendation(name: str) -> None:
    wanted, told = expected(name)["recommendation"], answered(name)["recommendation"]
    assert told["action"] in one_of(wanted["action"]), told["reason"]
    assert told["action"] not in (wanted.get("never") or ())
    if "side" in wanted:
        assert told["side"] == wanted["side"]


@pytest.mark.parametrize("name", NAMES)
def test_next_steps(name: str) -> None:
    steps = answered(name)["next"]
    for topic in expected(name).get("next_includes") or ():
        about = [" ".join((s["id"], s["label"], s["form"], *map(str, s["moves"].values()))) for s in steps]
        assert any(topic.replace("_", " ") in text.replace("_", " ") for text in about), (topic, about)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_invasive_behind_a_gate_that_is_not_open(name: str) -> None:
    told = answered(name)
    if all(joint["gate"]["state"] in ("clear", "addressed") for joint in told["joints"]):
        return
    assert told["recommendation"]["action"] in ("ask", "examine", "image", "refer_urgently", "do_not_fuse")
    assert not [step for step in told["next"] if step["stage"] == "injection"]
