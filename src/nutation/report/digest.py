"""What both faces show of a case document, worked out once: nothing here decides, it only gathers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nutation.report import contrary as recorded
from nutation.report import words

Plain = dict[str, Any]
CLEAR = "Asked or examined, none reported, or does not apply"
"""What the clear items of the gate are called together."""
NOTHING_AGAINST = "No contrary finding is recorded."
NOTHING_OPEN = "Nothing that this answer asks for is open."
_SHARED_AT_LEAST = 12
_FELL = 0.005
_WORST_FIRST = ("standing", "not_screened", "addressed", "clear")


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate item, with the joints that it was answered alike for."""

    item: Plain
    sides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the article's three conditions: its criteria and the three-valued "and" of those required."""

    number: int
    title: str
    state: str
    criteria: tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One line that speaks against the joint or the operation, or is not known, with where it is told in full."""

    kind: str
    text: str
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """What every result of a next step moves, and how each result moves it."""

    what: tuple[str, ...]
    how: tuple[tuple[str, str], ...]


def gate_state(joints: Sequence[Plain]) -> str:
    """The worst of the joints' gate states; ``not_screened`` where there is no joint."""
    states = {joint["gate"]["state"] for joint in joints}
    return next((state for state in _WORST_FIRST if state in states), "not_screened")


def gate_rows(joints: Sequence[Plain]) -> list[GateRow]:
    """The gate items of all joints, those answered alike once, standing before not screened before the rest."""
    rows: list[GateRow] = []
    for joint in joints:
        for item in joint["gate"]["items"]:
            same = next((i for i, row in enumerate(rows) if row.item == item), None)
            if same is None:
                rows.append(GateRow(item, (joint["side"],)))
            else:
                rows[same] = GateRow(item, (*rows[same].sides, joint["side"]))
    urgency = ("emergency", "urgent", "soon", "routine")
    return sorted(rows, key=lambda r: (_WORST_FIRST.index(r.item["state"]), urgency.index(r.item["urgency"])))


def gate_bases(joints: Sequence[Plain]) -> list[str]:
    """What the gate rests on, in words; named by joint where the joints differ."""
    told = [(joint["side"], words.dated(joint["gate"]["basis"])) for joint in joints]
    if len({basis for _, basis in told}) <= 1:
        return [basis for _, basis in told[:1]]
    return [f"{side.capitalize()}: {basis}" for side, basis in told]


def asked(item: Plain) -> str:
    """When and by whom a gate item was asked, and until when that counts."""
    if not item["asked_on"]:
        return "not asked"
    by = f" by {item['asked_by']}" if item["asked_by"] else ""
    until = f", counts until {words.dated(item['expires_on'])}" if item["expires_on"] else ""
    return f"asked on {words.dated(item['asked_on'])}{by}{until}"


def action(document: Plain) -> str:
    """The recommended action in words; a referral is called urgent only where something standing is."""
    code = document["recommendation"]["action"]
    urgent = {
        item["urgency"]
        for joint in document["joints"]
        for item in joint["gate"]["items"]
        if item["state"] == "standing"
    } & {"emergency", "urgent"}
    if code == "refer_urgently" and not urgent:
        return "Refer"
    return words.word(words.ACTIONS, code)


def article(joint: Plain) -> Plain | None:
    """The rule set of the article's three conditions, if it was asked."""
    return next((p for p in joint["indication"]["policies"] if p["kind"] == "article"), None)


def rules(joint: Plain) -> list[Plain]:
    """The other rule sets: those that speak of this patient first, then those that do not."""
    others = [p for p in joint["indication"]["policies"] if p["kind"] != "article"]
    return sorted(others, key=apart)


def apart(policy: Plain) -> bool:
    """Whether a rule set does not speak of this patient: another plan's, out of its scope or not in force."""
    return policy["plan"] == "other" or policy["applicability"] in ("not_in_scope", "not_in_force")


def heard(joint: Plain) -> list[Plain]:
    """The rule sets, other than the article, that speak of this patient."""
    return [policy for policy in rules(joint) if not apart(policy)]


def unheard(joint: Plain) -> list[Plain]:
    """The rule sets that do not speak of this patient."""
    return [policy for policy in rules(joint) if apart(policy)]


def conditions(policy: Plain) -> list[Condition]:
    """The article's conditions; criteria of a topic that belongs to none stand under a fourth."""
    found: list[Condition] = []
    left = list(policy["criteria"])
    for number, (title, topics) in enumerate(words.CONDITIONS, 1):
        own = tuple(c for c in left if c["topic"] in topics)
        left = [c for c in left if c["topic"] not in topics]
        found.append(Condition(number, title, _all(own), own))
    if left:
        found.append(Condition(len(found) + 1, "Further", _all(left), tuple(left)))
    return found


def _all(criteria: Iterable[Plain]) -> str:
    states = [c["state"] for c in criteria if c["required"]]
    return "false" if "false" in states else "unknown" if "unknown" in states or not states else "true"


def deciding(policy: Plain) -> list[Plain]:
    """The required criteria that decide a verdict: those that fail, else those not known, else all that hold."""
    required = [c for c in policy["criteria"] if c["required"]]
    for state in ("false", "unknown"):
        if chosen := [c for c in required if c["state"] == state]:
            return chosen
    return required


def in_short(policy: Plain) -> str:
    """How many of the required criteria hold, do not hold and are not known."""
    required = [c["state"] for c in policy["criteria"] if c["required"]]
    if not required:
        return "no criterion was read"
    parts = [f"{required.count('true')} of {len(required)} hold"]
    if required.count("false"):
        parts.append(f"{required.count('false')} do not" if required.count("false") > 1 else "1 does not")
    if required.count("unknown"):
        parts.append(f"{required.count('unknown')} not known")
    return ", ".join(parts)


def verdicts(joint: Plain) -> list[tuple[str, int]]:
    """How many rule sets that speak of this patient came out each way."""
    speaking = heard(joint)
    return [(v, sum(p["verdict"] == v for p in speaking)) for v in ("met", "not_met", "undetermined")]


def contrary(document: Plain, joint: Plain) -> list[Note]:
    """What speaks against this joint as the source, or against an operation of it; recorded findings latest first."""
    evaluation = joint["evaluation"]
    notes: list[Note] = []
    mechanism = evaluation["mechanism"]
    if joint["fused"]:
        notes.append(
            Note("Operated", "This joint is fused: what was found before the operation no longer tells of it", ())
        )
    if not mechanism["leads_to_indication"] and mechanism["kind"] != "unknown":
        notes.append(Note("Mechanism", f"{mechanism['label']}: not what a fusion treats", _of(mechanism["reasons"])))
    notes.extend(
        Note("Lowers the probability", words.dated(step["label"]), tuple(step["witnesses"]))
        for step in evaluation["steps"]
        if step["before"] is not None and step["after"] < step["before"] - _FELL and step["witnesses"]
    )
    stepped = {witness for note in notes for witness in note.witnesses}
    dated = [
        (block["happened"], Note("Block", _low(block), tuple(block["witnesses"])))
        for block in evaluation["blocks"]
        if recorded.low_relief(block) and not stepped & set(block["witnesses"])
    ]
    dated += [
        (found.day, Note(words.sentence(words.said(found.kind)), _dated(found), (found.event,)))
        for found in recorded.findings(document, joint["side"])
    ]
    notes.extend(note for _, note in sorted(dated, key=lambda told: told[0], reverse=True))
    for other in evaluation["differential"]:
        if other["state"] in ("for", "mixed"):
            why = "; ".join(reason["text"] for reason in other["speaks_for"])
            notes.append(Note("Another source", f"{other['label']}: {why}", _of(other["speaks_for"])))
    for criterion in (article(joint) or {"criteria": []})["criteria"]:
        if criterion["required"] and criterion["state"] == "false":
            told = tuple(criterion["witnesses"]["against"])
            notes.append(Note("Condition that does not hold", criterion["text"], told))
    return notes


def _low(block: Plain) -> str:
    relief = f", relief {block['relief_pct']:.0f} %" if block["relief_pct"] is not None else ""
    return f"{words.dated(block['happened'])}: {block['result']}{relief}"


def _dated(found: recorded.Finding) -> str:
    return f"{words.dated(found.happened)}: {found.text}"


def unknown(joint: Plain) -> list[Note]:
    """What is not known: blocks that cannot be read, conditions that are open, other sources not asked about."""
    evaluation = joint["evaluation"]
    notes: list[Note] = []
    for block in evaluation["blocks"]:
        if block["validity"] != "valid" or block["result"] == "unknown":
            why = "; ".join((*block["reasons"], *(f"{words.said(m)} not recorded" for m in block["missing"])))
            text = f"{words.sentence(words.word(words.VALIDITY, block['validity']))}, {words.dated(block['happened'])}"
            notes.append(Note("Block", f"{text}: {why}" if why else text, tuple(block["witnesses"])))
    for criterion in (article(joint) or {"criteria": []})["criteria"]:
        if criterion["required"] and criterion["state"] == "unknown":
            told = tuple(criterion["witnesses"]["undecided"])
            notes.append(Note("Condition that is open", criterion["text"], told))
    open_ = [other["label"] for other in evaluation["differential"] if other["state"] == "not_asked"]
    if open_:
        notes.append(Note("Other sources not asked about", ", ".join(open_), ()))
    for told in evaluation["untouched"]:
        if told["reason"].startswith(("not ", "none ")):
            text = f"{words.sentence(told['finding'])}: {told['reason']}"
            notes.append(Note("Not used", text, tuple(told["witnesses"])))
    if evaluation["mechanism"]["kind"] == "unknown":
        notes.append(Note("Mechanism", "Why this joint hurts is not known", ()))
    if evaluation["mechanism"]["also_open"]:
        notes.append(Note("Mechanisms still open", ", ".join(evaluation["mechanism"]["also_open"]), ()))
    return notes


def _of(reasons: Iterable[Plain]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event for reason in reasons for event in reason["witnesses"]))


def dependence(evaluation: Plain) -> str | None:
    """How far the answer moves with the one assumption that is swept."""
    swept = evaluation["dependence_range"]
    return None if swept is None else words.span(min(swept), max(swept))


def moved_alike(step: Plain) -> Alike | None:
    """The changes of a step whose results all change the same things, told once; None where they do not."""
    results = step["results"]
    if len(results) < 2 or not results[0]["changes"]:
        return None
    if len({len(r["changes"]) for r in results}) > 1 or any(r["probability"] for r in results):
        return None
    what: list[str] = []
    how: set[tuple[str, ...]] = set()
    for changes in zip(*(r["changes"] for r in results), strict=True):
        shared = _beginning(changes)
        shared = shared[: (shared.rfind(". ") + 2) if ". " in shared else shared.rfind(" ") + 1]
        if len(shared) < _SHARED_AT_LEAST:
            return None
        what.append(words.said(shared.strip().rstrip(".")))
        how.add(tuple(change[len(shared) :] for change in changes))
    if len(how) != 1:
        return None
    endings = next(iter(how))
    return Alike(tuple(what), tuple((words.said(r["result"]), end) for r, end in zip(results, endings, strict=True)))


def _beginning(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    length = 0
    for letters in zip(*texts, strict=False):
        if len(set(letters)) > 1:
            break
        length += 1
    return texts[0][:length]


def moved(step: Plain) -> str:
    """What a step moves, in words: the gate, the probability, rule sets."""
    moves = step["moves"]
    told = ["the safety gate"] if moves.get("gate") else []
    told += ["the probability"] if moves["probability"] else []
    return ", ".join((*told, *dict.fromkeys(words.said(policy) for policy in moves["policies"])))


def about(need: Plain) -> str:
    """What a need's question is about, where the question itself leaves it open: ``of infection``."""
    told = need["with"]
    named = [told[k] for k in ("category", "statement", "instrument", "analyte", "finding", "symptom") if told.get(k)]
    return "".join(f"[{words.said(name)}] " for name in named if isinstance(name, str))
