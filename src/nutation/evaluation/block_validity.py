"""Whether a diagnostic injection can be read at all, and what it showed.

A block is *valid* when everything that its reading needs is recorded and as it must be; *uninterpretable*,
with its reasons, when something speaks against reading it; else *unknown*, with what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from nutation.criteria.logic import Truth
from nutation.evaluation.answers import BlockAnswer
from nutation.evidence import Evidence
from nutation.record.occasions import Occasion


@dataclass(frozen=True, slots=True)
class Technique:
    """What makes a block readable, and from which relief it counts; all of it from the evidence."""

    guidance: tuple[str, ...]
    volume_ml_max: float
    sedation: tuple[str, ...]
    windows_hours: Mapping[str, tuple[float, float]]
    positive_from_pct: float
    intermediate_from_pct: float
    intermediate_weight: float

    def weight(self, relief_pct: float) -> float:
        """Chance that the series would have called such relief positive: a straight line through both thresholds."""
        slope = (1 - self.intermediate_weight) / (self.positive_from_pct - self.intermediate_from_pct)
        return min(1.0, max(0.0, 1 - slope * (self.positive_from_pct - relief_pct)))

    def result(self, relief_pct: float) -> Literal["positive", "intermediate", "negative"]:
        """The word for that relief."""
        if relief_pct >= self.positive_from_pct:
            return "positive"
        return "intermediate" if relief_pct >= self.intermediate_from_pct else "negative"


def technique(evidence: Evidence) -> Technique:
    """The technique as the evidence has it."""
    windows: dict[str, tuple[float, float]] = {}
    for agent in ("lidocaine", "bupivacaine", "ropivacaine"):
        entry = evidence.entry(f"block_window_{agent}")
        windows[agent] = (entry.number("from_hours"), entry.number("to_hours"))
    return Technique(
        guidance=_words(evidence, "block_guidance", "guidance"),
        volume_ml_max=evidence.entry("block_volume").number("joint_ml"),
        sedation=_words(evidence, "block_sedation", "accepted"),
        windows_hours=windows,
        positive_from_pct=evidence.entry("block_relief_isass2015").number("at_least_pct"),
        intermediate_from_pct=evidence.entry("block_relief_trials").number("at_least_pct"),
        intermediate_weight=evidence.entry("latent_intermediate_weight").number(),
    )


def _words(evidence: Evidence, entry_id: str, place: str) -> tuple[str, ...]:
    found = cast("dict[str, Any]", evidence.entry(entry_id).value)[place]
    return tuple(str(word) for word in found)


def _check(told: Any, holds: bool) -> Truth:
    return None if told is None else holds


def _checks(block: Occasion, asked: Technique) -> tuple[tuple[Truth, str, str], ...]:
    """(whether it holds, what is missing when it is not known, the reason when it does not hold)."""
    v = block.values
    volume, agent, hours = v.get("volume_ml"), v.get("anaesthetic"), v.get("scored_after_hours")
    window = asked.windows_hours.get(str(agent))
    in_window = None if hours is None or window is None else window[0] <= hours <= window[1]
    return (
        (True if block.side_known else None, "the side", ""),
        (True if block.certainty == "stated" else None, "a clinician's own record of it", ""),
        (_not(block.doubtful), "whether it was done, or is the same as another", ""),
        (_check(v.get("target"), v.get("target") == "intra_articular"), "the target",
         f"the target was {_said(v.get('target'))}, not the joint; no accuracy of such a block is held"),
        (_check(v.get("guidance"), v.get("guidance") in asked.guidance), "the guidance",
         f"guidance was {_said(v.get('guidance'))}"),
        (_check(v.get("contrast"), v.get("contrast") == "intra_articular"), "where the contrast went",
         "contrast was not used" if v.get("contrast") == "not_used" else "contrast did not stay in the joint"),
        (_check(volume, volume is not None and volume <= asked.volume_ml_max), "the volume",
         f"{volume} ml is more than the joint holds ({asked.volume_ml_max:g} ml)"),
        (_check(agent, agent != "none"), "the anaesthetic", "no anaesthetic was given"),
        (_check(v.get("sedation"), v.get("sedation") in asked.sedation), "the sedation",
         f"sedation was {_said(v.get('sedation'))}"),
        (_not(v.get("other_injections_that_day")), "whether there were other injections that day",
         "there were other injections that day"),
        (v.get("familiar_pain_before"), "whether the familiar pain was there before",
         "the familiar pain was not there before"),
        (_check(v.get("score_before"), bool(v.get("score_before"))), "the score before", "the score before was 0"),
        (True if v.get("score_after") is not None else None, "the score after", ""),
        (v.get("scored_side_pain"), "whether the scores rate this side's pain",
         "the scores do not rate this side's pain"),
        (v.get("same_movement"), "whether both scores are of one movement", "the scores are of different movements"),
        (in_window, "when the score after was taken, or a window for that agent",
         f"scored {hours} h after, outside the window of {_said(agent)}"),
    )  # fmt: skip


def _not(told: Any) -> Truth:
    return None if told is None else not told


def _said(word: Any) -> str:
    return str(word).replace("_", " ")


def read_block(block: Occasion, asked: Technique) -> BlockAnswer:
    """Whether the block can be read, and what it showed."""
    checks = _checks(block, asked)
    reasons = tuple(reason for truth, _, reason in checks if truth is False)
    missing = tuple(lack for truth, lack, _ in checks if truth is None)
    if block.contradicted:
        missing = (*missing, f"which of the contradicting statements holds ({', '.join(sorted(block.contradicted))})")
    relief = block.values.get("relief_pct")
    if relief is None and block.values.get("relief_stated_pct") is not None:
        missing = (*missing, f"the scores behind the stated {block.values['relief_stated_pct']:g} %")
    when = str(block.happened_from) if block.happened_from == block.begins_by else "date not exact"
    return BlockAnswer(
        occasion=block.id,
        happened=when,
        validity="uninterpretable" if reasons else "unknown" if missing else "valid",
        reasons=reasons,
        missing=missing,
        relief_pct=None if relief is None else round(relief, 1),
        result="unknown" if relief is None else asked.result(relief),
        weight=None if relief is None else asked.weight(relief),
        witnesses=block.events,
    )
