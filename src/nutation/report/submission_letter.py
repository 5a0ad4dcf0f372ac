"""The clinician's letter: facts of the record in plain sentences, each with its exhibits, and room for own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nutation.record.kinds import PROVOCATION_TESTS
from nutation.report import words
from nutation.report.submission_exhibits import Exhibits
from nutation.report.words import named

OWN_WORDS = {
    "why_now": "In your own words: why this operation, for this patient, now.",
    "alternatives": "In your own words: what was considered instead, and why it was set aside.",
    "contrary": "In your own words: how the contrary and negative findings were weighed.",
}
"""Places of the letter that only the clinician can fill, with what belongs there."""

Values = Mapping[str, Any]
_CARE = {"cognitive_behavioural": "cognitive behavioural therapy", "activity_modification": "changed activity"}
_PLACES = {"si_joint": "the sacroiliac joint", "lumbar": "the lumbar spine", "general": "the pain in general"}


def letter(exhibits: Exhibits) -> list[dict[str, Any]]:
    """Sections of the letter; each fact with the numbers of its exhibits, each section after its records' time."""
    sections: list[tuple[str, tuple[str, ...]]] = [
        ("The pain and what it keeps the patient from", ("onset", "pain_pattern", "pain_score", "score", "function")),
        ("Conservative care", ("treatment", "medication")),
        ("Examination", ("examination",)),
        ("Injections, all of them", ("injection",)),
        ("Images and laboratory", ("imaging", "laboratory")),
        ("Diagnoses", ("diagnosis",)),
        ("Operations, done and planned", ("operation", "adverse_event")),
    ]
    told: list[dict[str, Any]] = []
    for heading, kinds in sections:
        events = [event for kind in kinds for event in exhibits.of_kind(kind)]
        facts = [{"text": fact(event, exhibits), "exhibits": exhibits.numbers([event["id"]])} for event in events]
        told.append({"heading": heading, "facts": facts or [{"text": "Nothing is recorded.", "exhibits": []}]})
    return told


def fact(event: Mapping[str, Any], exhibits: Exhibits) -> str:
    """One record as a sentence: what, when, by whom, and what it says; no percentage of relief."""
    tell = _TELLING.get(event["kind"])
    said = "; ".join(part for part in (tell or _plain)(event["values"]) if part) or words.said(event["kind"])
    when = words.dated(event["happened"]["text"])
    who = f" ({event['author']})" if event["author"] else ""
    status = words.MODALITY.get(event["modality"])
    lead = f"{status}, " if status else ""
    unsided = ", side not recorded" if event["side"] == "unknown" else ""
    coded = ", an imported code" if event["certainty"] == "coded" else ""
    return exhibits.fit(f"{words.sentence(when)}{who}: {lead}{said}{unsided}{coded}.", event["kind"])


def _plain(values: Values) -> Iterable[str]:
    for name, value in values.items():
        if value is True:
            yield words.said(name)
        elif value is False:
            yield f"not {words.said(name)}"
        else:
            yield f"{words.said(name)} {_number(value)}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else words.said(value)


def _of(values: Values, name: str, form: str = "{}") -> str:
    value = values.get(name)
    return form.format(_number(value)) if value is not None and not isinstance(value, bool) else ""


def _if(values: Values, name: str, yes: str, no: str = "") -> str:
    value = values.get(name)
    return yes if value is True else no if value is False else ""


def _onset(values: Values) -> Iterable[str]:
    yield "the pain began"
    yield _of(values, "cause", "cause: {}")
    yield _if(values, "new_episode", "a new episode")


def _pattern(values: Values) -> Iterable[str]:
    for truth, lead in ((True, "present"), (False, "absent")):
        told = [named(name) for name, value in values.items() if value is truth]
        yield f"{lead}: {', '.join(told)}" if told else ""
    yield _of(values, "morning_stiffness_min", "morning stiffness {} min")


def _pain_score(values: Values) -> Iterable[str]:
    where = {"si_region": "over the joint"}.get(values.get("site", ""), _of(values, "site", "of the {}"))
    kind = _of(values, "rates", "{} ")
    yield f"{kind}pain {_of(values, 'nrs', '{} of 10') or 'score not recorded'} {where}".strip()


def _score(values: Values) -> Iterable[str]:
    name = str(values.get("instrument") or "questionnaire").upper().replace("_", " ")
    yield f"{name} {_of(values, 'value') or 'not recorded'}"


def _function(values: Values) -> Iterable[str]:
    limited = [name for name, value in values.items() if value is True]
    free = [name for name, value in values.items() if value is False]
    yield f"limited: {_listed(limited)}" if limited else ""
    yield f"not limited: {_listed(free)}" if free else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(words.said(name.removesuffix("_limited")) for name in names)


def _result(values: Values) -> str:
    result = {"none": "no relief", "temporary": "temporary relief", "lasting": "lasting relief", "worse": "worse"}
    said = result.get(values.get("result", ""), "result not recorded")
    stopped = _of(values, "stopped_because", "; ended: {}").replace("ended: ongoing", "it goes on")
    return f"{said}{_days(values, ' of {}')}{stopped}"


def _days(values: Values, form: str) -> str:
    days = values.get("relief_days")
    return form.format("1 day" if days == 1 else f"{days:g} days") if days is not None else ""


def _place(values: Values, name: str, form: str) -> str:
    place = values.get(name)
    return form.format(_PLACES.get(place, f"the {words.said(place)}")) if place else ""


def _treatment(values: Values) -> Iterable[str]:
    yield f"{_CARE.get(values.get('care', ''), _of(values, 'care')) or 'care of a kind not recorded'}"
    yield _place(values, "aim", "for {}")
    yield _of(values, "attended_sessions", "{} sessions attended")
    yield _if(values, "in_person", "in person")
    yield _if(values, "home_programme", "with a home programme")
    yield _result(values)


def _medication(values: Values) -> Iterable[str]:
    dose = f"{_of(values, 'dose_mg', ' {} mg')}{_of(values, 'doses_per_day', ', {} a day')}"
    yield f"{words.sentence(_of(values, 'drug') or _of(values, 'drug_class') or 'a medicine not named')}{dose}"
    yield _if(values, "for_this_pain", "", "not for this pain")
    yield _result(values)


def _examination(values: Values) -> Iterable[str]:
    for result in ("positive", "negative", "unfamiliar", "not_done"):
        tests = [named(test) for test in PROVOCATION_TESTS if values.get(test) == result]
        yield f"{words.said(result)}: {', '.join(tests)}" if tests else ""
    for name, value in values.items():
        yield "" if name in PROVOCATION_TESTS else f"{named(name)} {words.said(value)}"


def _injection(values: Values) -> Iterable[str]:
    role = {"both": "diagnostic and therapeutic"}.get(values.get("role", ""), _of(values, "role"))
    yield f"{role} injection".strip()
    yield {"intra_articular": "into the joint"}.get(values.get("target", ""), _of(values, "target", "of the {}"))
    guidance = {"none": "without image guidance", "ct": "under CT"}
    yield guidance.get(values.get("guidance", ""), _of(values, "guidance", "under {}"))
    contrast = {"intra_articular": "contrast in the joint", "extra_articular": "contrast outside the joint"}
    yield contrast.get(values.get("contrast", ""), _of(values, "contrast", "contrast {}"))
    before, after = values.get("score_before"), values.get("score_after")
    if before is not None and after is not None:
        hours = _of(values, "scored_after_hours", ", {} h after")
        yield f"pain {before:g} of 10 before and {after:g} of 10 after{hours}"
    else:
        yield "the two scores are not in the record"
    yield _of(values, "relief_hours", "relief for {} h")
    yield _days(values, "relief for {}")
    yield _of(values, "result", "result: {}")


def _imaging(values: Values) -> Iterable[str]:
    method = {"ct": "CT", "mri": "MRI", "xray": "X-ray", "dexa": "DEXA"}.get(values.get("method", ""))
    yield f"{method or _of(values, 'method') or 'image'}{_place(values, 'region', ' of {}')}"
    for finding in ("present", "absent"):
        named = [words.said(name) for name, value in values.items() if value == finding]
        yield f"{finding}: {', '.join(named)}" if named else ""
    yield _of(values, "t_score", "T-score {}")


def _laboratory(values: Values) -> Iterable[str]:
    sign = _if(values, "positive", "positive", "negative")
    name = {"crp": "CRP", "esr": "ESR", "hba1c": "HbA1c", "hla_b27": "HLA-B27"}.get(values.get("analyte", ""))
    yield " ".join(part for part in (name or _of(values, "analyte"), _of(values, "value"), sign) if part)


def _diagnosis(values: Values) -> Iterable[str]:
    category = str(values.get("category") or "not classified")
    if category.startswith("sij_"):
        category = f"{category.removeprefix('sij_')} of the sacroiliac joint"
    yield str(values.get("label") or words.said(category))
    yield _of(values, "code", "code {}")
    yield _of(values, "clinical_status")


def _operation(values: Values) -> Iterable[str]:
    target = {"si_joint": "fusion of the sacroiliac joint"}.get(values.get("target", ""), _of(values, "target"))
    yield target or "an operation"
    yield _of(values, "procedure_code", "procedure {}")
    yield _of(values, "route", "{} route")
    yield _if(values, "transfixing", "through both bones", "not through both bones")
    yield _of(values, "device_kind")
    yield _of(values, "implants", "{} implants")
    yield _if(values, "graft", "with graft", "without graft")


_TELLING: dict[str, Callable[[Values], Iterable[str]]] = {
    "onset": _onset,
    "pain_pattern": _pattern,
    "pain_score": _pain_score,
    "score": _score,
    "function": _function,
    "treatment": _treatment,
    "medication": _medication,
    "examination": _examination,
    "injection": _injection,
    "imaging": _imaging,
    "laboratory": _laboratory,
    "diagnosis": _diagnosis,
    "operation": _operation,
}
