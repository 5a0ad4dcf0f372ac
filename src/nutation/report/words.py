"""The words that a reader sees for the document's codes, and numbers and dates as a clinic writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

ACTIONS = {
    "refer_urgently": "Refer urgently",
    "ask": "Ask first",
    "examine": "Examine",
    "image": "Take an image",
    "inject": "Inject",
    "treat_conservatively": "Treat conservatively",
    "request_authorisation": "Request authorisation",
    "plan_operation": "Plan the operation",
    "do_not_fuse": "Do not fuse this joint",
    "work_up_failed_fusion": "Work up the failed fusion",
    "follow_up": "Follow up",
}
GATE = {"clear": "Clear", "standing": "Standing", "addressed": "Addressed", "not_screened": "Not screened"}
ITEM_KINDS = {
    "sign": "sign",
    "combination": "combination of findings",
    "risk_factor": "risk factor",
    "contra_indication": "contra-indication",
    "caution": "caution",
}
URGENCY = {"emergency": "emergency", "urgent": "urgent", "soon": "soon", "routine": "routine"}
VERDICTS = {"met": "Met", "not_met": "Not met", "undetermined": "Undetermined"}
STATES = {"true": "Holds", "false": "Does not hold", "unknown": "Not known"}
SHOWN = {"true": "shown", "false": "not shown"}
APPLICABILITY = {
    "applies": "applies",
    "not_this_device": "not of this device",
    "not_covered": "refuses the service",
    "not_in_force": "not in force that day",
    "not_in_scope": "not of this patient",
    "plan_unknown": "patient's plan not known",
    "jurisdiction_unknown": "place not known",
}
KINDS = {
    "coverage": "payer",
    "national": "national authority",
    "society": "society",
    "trial": "trial eligibility",
    "label": "device label",
    "article": "the three conditions",
    "injection": "rule for the injection",
}
MARKS = {
    "verified": "read at the source",
    "derived": "derived",
    "secondary": "secondary source",
    "unverified": "unverified",
}
UNKNOWN = {
    "never_asked": "never asked",
    "asked_not_known": "asked and not known",
    "stale": "too old to count",
    "contradicted": "contradicted",
}
BURDENS = {
    "none": "nothing to ask",
    "question": "a question",
    "examination": "an examination",
    "document": "a document",
    "laboratory": "a laboratory test",
    "imaging": "an image",
    "injection": "an injection",
}
PURPOSES = {"safety": "for safety", "diagnosis": "for the diagnosis", "payer": "for the payer"}
VALIDITY = {"valid": "valid", "uninterpretable": "cannot be interpreted", "unknown": "not known whether valid"}
ALTERNATIVE = {"for": "Speaks for it", "against": "Speaks against it", "mixed": "Both ways", "not_asked": "Not asked"}
CERTAINTY = {"coded": "imported code", "inferred": "concluded by software"}
MODALITY = {
    "intended": "planned",
    "negated": "denied or not done",
    "provisional": "suspected",
    "family": "of a relative",
}
SYMPTOMS = {
    "recent_infection": "a recent infection",
    "iv_drug_use": "intravenous drug use",
    "immunosuppression": "suppressed immunity",
    "acute_severe_onset": "very acute, severe pain",
    "cancer_history": "a history of cancer",
    "weight_loss": "unexplained loss of weight",
    "night_rest_pain": "pain at night and at rest",
    "saddle_numbness": "numbness of the saddle",
    "bladder_bowel": "new trouble with bladder or bowel",
    "progressive_weakness": "weakness that grows",
    "recent_major_trauma": "a recent major injury",
    "long_term_steroid": "long treatment with steroids",
    "pregnant": "pregnancy",
    "contrast_allergy": "allergy to contrast",
    "metal_allergy": "allergy to metal",
    "active_skin_infection": "infection of the skin",
}
SIDES = {
    "left": "left",
    "right": "right",
    "both": "both sides",
    "none": "person",
    "unknown": "side not recorded",
}
CONDITIONS: tuple[tuple[str, frozenset[str]], ...] = (
    ("The pain is chronic and impairs quality of life", frozenset({"duration", "function"})),
    (
        "Conservative treatments gave no lasting relief",
        frozenset({"physical_therapy", "medication", "therapeutic_injection"}),
    ),
    ("Diagnostics support this joint as the source", frozenset({"examination", "blocks"})),
)
"""The article's three conditions with the topics of the criteria that each is made of."""

_NAMES = {
    "faber": "FABER", "aslr": "ASLR", "gaenslen": "Gaenslen", "fortin_finger": "Fortin finger",
    "psis_tenderness": "tenderness at the PSIS", "below_l5": "strongest below L5", "unilateral": "on one side",
    "groin": "in the groin", "radiates_below_knee": "radiating below the knee", "insidious": "insidious at first",
    "night_pain_better_rising": "night pain that eases on rising", "generalised": "pain all over",
}  # fmt: skip
_LABELS = {
    "treatment": ("care", "{}"),
    "medication": ("drug", "{}"),
    "imaging": ("method", "{}"),
    "laboratory": ("analyte", "{}"),
    "score": ("instrument", "{}"),
    "symptom": ("symptom", "{}"),
    "injection": ("role", "{} injection"),
    "diagnosis": ("category", "diagnosis: {}"),
    "completeness": ("of", "completeness: {}"),
    "attestation": ("statement", "attestation: {}"),
    "gate_resolution": ("item", "looked into: {}"),
}
_UPPER = {
    code: code.upper() for code in ("ct", "mri", "dexa", "odi", "rmdq", "peg", "crp", "esr", "eq_vas", "pgic", "dsijq")
} | {"hba1c": "HbA1c", "xray": "X-ray", "both": "diagnostic and therapeutic", "hla_b27": "HLA-B27"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FEW, _MOST = "fewer than 1", "more than 99"
_ISO = re.compile(r"\b(\d{4})-(\d{2})(?:-(\d{2}))?(?!\d|-\d)")
# Terminal escapes, other control characters and marks that reorder text never come from a clinical sentence.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


def cleaned(value: Any) -> Any:
    """The value with control characters, and marks that reorder text, replaced by a space in every string."""
    if isinstance(value, str):
        return _CONTROL.sub(" ", value)
    if isinstance(value, Mapping):
        return {str(cleaned(str(key))): cleaned(part) for key, part in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [cleaned(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def said(code: Any) -> str:
    """A code as words: ``bone_scan`` becomes ``bone scan``."""
    return str(code).replace("_", " ")


def topic(code: str) -> str:
    """A policy's topic as words: ``exclusion_tumour`` becomes ``tumour (exclusion)``."""
    return f"{said(code.removeprefix('exclusion_'))} (exclusion)" if code.startswith("exclusion_") else said(code)


def word(table: Mapping[str, str], code: Any) -> str:
    """The table's word for a code, or the code with spaces where the table has none."""
    return table.get(str(code), said(code))


def named(field: str) -> str:
    """A field of a record as a reader of a page knows it."""
    return _NAMES.get(field, said(field))


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def percent(share: float) -> str:
    """A share of 1 in whole percent, never 0 or 100: certainty is not on offer."""
    whole = round(share * 100)
    return "under 1 %" if whole <= 0 else "over 99 %" if whole >= 100 else f"{whole} %"


def worth(value: float) -> str:
    """The chance that a step's result changes a decision, as a sentence."""
    if value > 0.9995:
        return "Every result changes a decision."
    if value < 0.0005:
        return "No result changes a decision."
    return f"{sentence(percent(value))} chance that its result changes a decision."


def span(low: float, high: float) -> str:
    """Two shares of 1 as ``75 to 97 %``."""
    first, last = percent(low), percent(high)
    if first == last:
        return first
    if first.endswith(" %") and first[0].isdigit() and last[0].isdigit():
        first = first.removesuffix(" %")
    return f"{first} to {last}"


def interval(probability: Mapping[str, Any]) -> str:
    """A probability's interval with its level: ``90 % interval 75 to 97 %``."""
    return f"{probability['level'] * 100:.0f} % interval {span(probability['low'], probability['high'])}"


def of_hundred(probability: Mapping[str, Any]) -> str:
    """A probability as a count of patients with the same findings, with its interval."""
    low, mid, high = (_count(probability[name]) for name in ("low", "median", "high"))
    if mid == _FEW:
        return f"{mid} of 100 patients with these findings{f' (up to {high})' if high != mid else ''}"
    if mid == _MOST:
        return f"{mid} of 100 patients with these findings{f' (at least {low})' if low != mid else ''}"
    spread = f" (between {low} and {high})" if low != high else ""
    return f"of 100 patients with these findings, about {mid}{spread}"


def _count(share: float) -> str:
    whole = round(share * 100)
    return _FEW if whole <= 0 else _MOST if whole >= 100 else str(whole)


def band(decision: Mapping[str, Any]) -> str:
    """The probabilities that a decision is for: ``from 85 %``, or ``below 10 %`` where they begin at 0."""
    return f"from {percent(decision['from'])}" if decision["from"] > 0 else f"below {percent(decision['below'])}"


def known_by(document: Mapping[str, Any]) -> str:
    """What was known when the case was answered: all that is recorded, or what was known by a time."""
    return f"as known by {day(document['known_by'])}" if document["known_by"] else "using all that is recorded"


def mark_meaning(code: str, text: str) -> str:
    """What a mark means, without the mark's own name before it."""
    return text.removeprefix(f"{code}: ")


def day(iso: Any) -> str:
    """``2026-09-01`` as ``1 September 2026``; a month or an instant likewise; other text as it is."""
    text = str(iso)
    match = _ISO.match(text)
    if match is None or not 1 <= int(match[2]) <= 12:
        return text
    month = f"{_MONTHS[int(match[2]) - 1]} {match[1]}"
    return f"{int(match[3])} {month}" if match[3] else month


def dated(text: Any) -> str:
    """A text with every ISO date in it written as ``1 Sep 2026``."""

    def short(match: re.Match[str]) -> str:
        month = int(match[2])
        if not 1 <= month <= 12:
            return match[0]
        told = f"{_MONTHS[month - 1][:3]} {match[1]}"
        return f"{int(match[3])} {told}" if match[3] else told

    return _ISO.sub(short, str(text))


def joint(side: str | None) -> str:
    """``left joint``, or ``patient`` where no side is named."""
    return f"{side} joint" if side in ("left", "right") else "patient"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 block``, ``2 blocks``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def event_label(event: Mapping[str, Any]) -> str:
    """An event as a link's text: what it is, and the day that it began."""
    field, form = _LABELS.get(str(event["kind"]), ("", "{}"))
    told = event["values"].get(field)
    what = form.format(_UPPER.get(str(told), said(told))) if told else said(event["kind"])
    return f"{what}, {dated(str(event['happened']['text']).split(' to ')[0])}"


def parse_day(text: Any) -> date | None:
    """The day that an ISO text names, or None."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
