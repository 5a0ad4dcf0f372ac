"""The exhibits of a submission: every record that a line points to, and all its like, printed as recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nutation.record.kinds import KINDS
from nutation.report import words
from nutation.report.cited import Cited
from nutation.report.contrary import findings
from nutation.report.submission_names import Unfit

ALWAYS = (
    "onset", "pain_pattern", "pain_score", "score", "function", "examination", "treatment", "medication", "injection",
    "imaging", "diagnosis", "operation", "adverse_event",
)  # fmt: skip
"""Kinds of which every standing record of the joint is shown: none is picked out of several."""
_NEVER = ("signature", "coverage", "person")
_STATED_SHARE = "relief_stated_pct"
_NO_SHARE = "a percentage was recorded without its two scores; it is not reproduced"


class Exhibits:
    """The records of one submission, numbered in the order of time."""

    def __init__(
        self, document: Mapping[str, Any], joint: Mapping[str, Any], policy: Mapping[str, Any], unfit: Unfit
    ) -> None:
        self.side = str(joint["side"])
        self._as_of = str(document["as_of"])
        self._unfit = unfit
        standing = [event for event in document["events"] if event["stands"] and event["kind"] not in _NEVER]
        self._cited = Cited(standing)
        witnesses = [w for c in policy["criteria"] for part in c["witnesses"].values() for w in part]
        stale = [name for criterion in policy["criteria"] for name in criterion["stale"]]
        spoken = [found.event for found in findings(document, self.side)]
        cited = [name for name in (*witnesses, *stale, *_contrary_witnesses(joint), *spoken) if self._cited.event(name)]
        kinds = {*ALWAYS, *(e["kind"] for name in cited if (e := self._cited.event(name)) and e["kind"] in _LIKE)}
        self._cited.cite(cited)
        self._cited.cite(e["id"] for e in standing if e["kind"] in kinds and self._is_of_joint(e))

    def _is_of_joint(self, event: Mapping[str, Any]) -> bool:
        """Whether the record may speak of this joint by the day that is asked about, or is planned for it.

        An operation done on the other joint is shown too: it bears on this one.
        """
        done = event["kind"] == "operation" and event["modality"] == "actual"
        if event["side"] not in (self.side, "both", "none", "unknown") and not done:
            return False
        begins = event["happened"].get("from") or "0"
        return begins <= self._as_of or event["modality"] == "intended"

    def numbers(self, ids: Iterable[str]) -> list[int]:
        """Exhibit numbers of these events; a statement that a kind is complete stands for the records of that kind."""
        named = list(ids)
        for name in tuple(named):
            event = self._cited.event(name)
            if event is not None and event["kind"] == "completeness":
                named += [e["id"] for e in self.of_kind(str(event["values"].get("of")))]
        return self._cited.numbers(named)

    def event(self, name: str) -> dict[str, Any] | None:
        """The record of that id, if it is standing."""
        return self._cited.event(name)

    def all(self) -> list[dict[str, Any]]:
        """Every exhibited record, in the order of time."""
        return [event for name in self._cited.order() if (event := self._cited.event(name)) is not None]

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """Exhibited records of these kinds, in the order of time."""
        return [event for event in self.all() if event["kind"] in kinds]

    def fit(self, text: str, kind: str) -> str:
        """The text, or in brackets why it is not printed for this payer."""
        why = self._unfit.why(text, kind)
        return text if why is None else f"[{why}]"

    def printed(self) -> list[dict[str, Any]]:
        """Every exhibit as its page prints it: as recorded, field by field."""
        return [self._printed(number, event) for number, event in enumerate(self.all(), 1)]

    def _printed(self, number: int, event: dict[str, Any]) -> dict[str, Any]:
        kind = event["kind"]
        side = f", {words.SIDES[event['side']]}" if KINDS[kind].SIDED and event["side"] != "none" else ""
        return {
            "number": number,
            "title": words.sentence(words.said(kind)) + side,
            "happened": event["happened"]["text"],
            "status": words.MODALITY.get(event["modality"], ""),
            "author": self.fit(event["author"] or "not recorded", ""),
            "source": self.fit(event["source"], ""),
            "recorded": event["recorded_at"],
            "certainty": event["certainty"],
            "id": event["id"],
            "fields": [{"name": words.said(name), "value": told} for name, told in self._fields(event)],
            "asked_not_known": [words.said(name) for name in event["asked_not_known"]],
            "note": self.fit(event["note"], kind) if event["note"] else "",
        }

    def _fields(self, event: dict[str, Any]) -> Iterable[tuple[str, str]]:
        for name, value in event["values"].items():
            if name == _STATED_SHARE:
                yield "relief", f"[{_NO_SHARE}]"
            elif isinstance(value, bool):
                yield name, "yes" if value else "no"
            elif isinstance(value, float):
                yield name, f"{value:g}"
            elif isinstance(value, str) and not value.isidentifier():
                yield name, self.fit(value, event["kind"])
            else:
                yield name, self.fit(words.said(value), "")


_LIKE = ("trauma", "laboratory", "nicotine", "pregnancy", "symptom", "safety_screen", "gate_resolution")
"""Kinds of which every record is shown as soon as one is cited."""


def _contrary_witnesses(joint: Mapping[str, Any]) -> Iterable[str]:
    """Records of what was looked into for safety, and of other sources and mechanisms that something speaks for."""
    for item in joint["gate"]["items"]:
        if item["state"] != "clear":
            yield from (*item["witnesses"], *item["addressed_by"])
    evaluation = joint["evaluation"]
    for other in evaluation["differential"]:
        for reason in other["speaks_for"]:
            yield from reason["witnesses"]
    for block in evaluation["blocks"]:
        yield from block["witnesses"]
    if not evaluation["mechanism"]["leads_to_indication"]:
        for reason in evaluation["mechanism"]["reasons"]:
            yield from reason["witnesses"]
