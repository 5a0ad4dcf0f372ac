"""A clinician's own judgement: the questions, the closed answers, and the stored answer that it is shown beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nutation.report import digest, words
from nutation.store.answers import Answer
from nutation.web.judged_first import SOURCE

Plain = dict[str, Any]

WARRANTED, NEXT = "warranted", "next"
QUESTIONS: Mapping[str, str] = {
    SOURCE: "Is this joint the source of the pain?",
    WARRANTED: "Is fusion of this joint warranted?",
    NEXT: "What comes next?",
}
"""What is judged; the first two joint by joint, the last of the patient."""

CHOICES: Mapping[str, Mapping[str, str]] = {
    SOURCE: {"likely": "Likely", "open": "Cannot be told yet", "unlikely": "Unlikely"},
    WARRANTED: {"yes": "Yes", "not yet": "Not yet", "no": "No", "open": "Cannot be told yet"},
    NEXT: words.ACTIONS,
}
"""The answers to each question; further thoughts go into words."""

WORDS_MOST = 4000
KEPT_BACK = "Shown once a judgement of this joint is recorded."


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of one side, with the names of its fields."""

    question: str
    side: str

    @property
    def name(self) -> str:
        """Name of the field of the answer."""
        return f"{self.question}.{self.side or 'patient'}"

    @property
    def words(self) -> str:
        """Name of the field of the words."""
        return f"{self.name}.words"

    @property
    def text(self) -> str:
        """The question with its side, in words."""
        return f"{QUESTIONS[self.question].rstrip('?')}: {self.side}?" if self.side else QUESTIONS[self.question]

    @property
    def choices(self) -> Mapping[str, str]:
        """The answers."""
        return CHOICES[self.question]


def sides_of(document: Plain | None) -> tuple[str, ...]:
    """The sides of the joints that are under care; both where no answer tells."""
    joints: list[Plain] = document["joints"] if document else []
    return tuple(joint["side"] for joint in joints) or ("left", "right")


def asked(sides: Sequence[str]) -> tuple[Asked, ...]:
    """Every question: joint by joint, then of the patient."""
    return (*(Asked(question, side) for side in sides for question in (SOURCE, WARRANTED)), Asked(NEXT, ""))


def judged_as(question: str, code: str) -> str:
    """The words of an answer."""
    return words.word(CHOICES.get(question, {}), code)


def answer_told(answer: Answer | None, question: str, side: str, kept_back: frozenset[str] = frozenset()) -> str:
    """What the stored answer says to a question of a side, in one line; for the sides in ``kept_back`` it waits."""
    if answer is None:
        return "No answer is stored."
    document = answer.document
    if question == NEXT:
        told = document["recommendation"]
        return digest.action(document) + (f", {told['side']}" if told["side"] else "")
    if question == SOURCE and side in kept_back:
        return KEPT_BACK
    joint = next((one for one in document["joints"] if one["side"] == side), None)
    if joint is None:
        return "The answer does not speak of this joint."
    return _source(joint) if question == SOURCE else _warranted(joint)


def gate_told(joint: Plain) -> str:
    """Where the gate stands, in words, with what stands."""
    items = [item["label"] for item in joint["gate"]["items"] if item["state"] == "standing"]
    return words.word(words.GATE, joint["gate"]["state"]) + (f": {', '.join(items)}" if items else "")


def _source(joint: Plain) -> str:
    told = joint["evaluation"]["probability"]
    text = "no probability is given" if told is None else f"{words.percent(told['median'])}, {words.interval(told)}"
    before = "" if joint["gate"]["state"] == "clear" else f"Gate {gate_told(joint)}. "
    return f"{before}{words.sentence(text)}".replace(" %", "\u00a0%")  # a line never begins with the sign


def _warranted(joint: Plain) -> str:
    article = digest.article(joint)
    first = f"The three conditions: {words.word(words.VERDICTS, article['verdict'])}" if article else "Not asked"
    counted = ", ".join(
        f"{number} {words.word(words.VERDICTS, verdict).lower()}"
        for verdict, number in digest.verdicts(joint)
        if number
    )
    return f"{first}. Policies: {counted}" if counted else first
