"""The forms as values: every field exists, every answer is offered, and no word shows what would pass."""

from __future__ import annotations

import re

import pytest

from docs.words import NEVER_TO_ANYONE, found
from nutation.evaluation.asks import asks
from nutation.evaluation.gate import plan
from nutation.evidence import load
from nutation.indication import policies
from nutation.record.fields import shapes
from nutation.record.kinds import (
    KINDS,
    PROVOCATION_TESTS,
    Examination,
    Injection,
    SafetyScreen,
)
from nutation.web.forms import FORMS, form_named
from nutation.web.forms.shape import NOT_KNOWN, Form, Items, Made, PainMap, Section
from web.forms_made import DAY

_SECTIONS = [(form, section) for form in FORMS.values() for section in form.sections()]
_LISTS = [(form, part) for form in FORMS.values() for part in form.parts if isinstance(part, Items)]


# -- the values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "section"), _SECTIONS, ids=lambda v: getattr(v, "name", getattr(v, "id", "")))
def test_every_field_that_a_form_names_exists_and_takes_the_answers_it_offers(form: Form, section: Section) -> None:
    known = shapes(section.kind)
    for field in section.fields:
        if field.noted:
            continue
        shape = known[field.name]
        offered = {value for value, _ in field.answers}
        if shape.takes == "word":
            assert offered <= set(shape.words), f"{form.name}: {field.name}"
            assert NOT_KNOWN not in offered
        elif shape.takes == "truth":
            assert offered == {"yes", "no"}
        if field.when is not None:
            parent = section.field(field.when.field)
            assert parent is not None
            assert set(field.when.answers) <= {value for value, _ in parent.answers}
    for name, value in section.fixed:
        assert str(value) in known[name].words
    assert set(section.needs) <= {field.name for field in section.fields}
    assert len({field.name for field in section.fields}) == len(section.fields)


def test_an_enumeration_is_offered_whole_unless_the_rest_has_no_place_in_a_form() -> None:
    """An answer that a form leaves out could never be given; each one left out is listed here with its reason."""
    left_out = {
        ("diagnosis", "modality"): {"intended", "negated", "family"},  # a denial is a statement of completeness
        ("operation", "modality"): {"negated", "provisional", "family"},  # an operation is planned, or was done
    }
    for _, section in _SECTIONS:
        for field in section.fields:
            if field.noted or not field.answers or shapes(section.kind)[field.name].takes != "word":
                continue
            missing = set(shapes(section.kind)[field.name].words) - {value for value, _ in field.answers}
            assert missing == left_out.get((section.kind, field.name), set()), f"{section.kind}.{field.name}"


@pytest.mark.parametrize(("form", "part"), _LISTS, ids=lambda v: getattr(v, "name", getattr(v, "id", "")))
def test_every_answer_of_a_list_makes_an_event_that_its_kind_takes(form: Form, part: Items) -> None:
    for item in (*part.items, *part.rest):
        for answer, _, made in item.answers:
            assert isinstance(made, Made), f"{form.name}: {item.name} {answer}"
            values = {"side": made.side, "asked_not_known": made.not_known, **dict(made.values)}
            assert set(values) <= set(shapes(made.kind))
            assert set(made.not_known) <= set(KINDS[made.kind].attribute_names())


def test_ids_are_unique_within_a_form() -> None:
    for form in FORMS.values():
        ids = [part.id for part in form.parts]
        assert len(set(ids)) == len(ids), form.name


def test_every_item_of_the_safety_screen_is_asked() -> None:
    """Only a screen that asked every item can clear the gate."""
    (section,) = FORMS["safety_screen"].sections()
    assert {field.name for field in section.fields} == set(SafetyScreen.attribute_names())


def test_spine_and_hip_come_before_the_provocation_battery() -> None:
    (section,) = FORMS["examination"].sections()
    order = [field.name for field in section.fields]
    first_test = min(order.index(name) for name in PROVOCATION_TESTS)
    assert max(order.index(name) for name in ("centralisation", "hip_screen", "neurology")) < first_test
    assert {field.name for field in section.fields if not field.noted} == set(Examination.attribute_names())


def test_the_injection_asks_for_all_that_its_validity_needs() -> None:
    (section,) = FORMS["injection"].sections()
    assert {field.name for field in section.fields if not field.noted} == set(Injection.attribute_names())


def test_every_form_that_a_next_step_names_is_there() -> None:
    from nutation.case import next_steps

    named = {ask.form for ask in asks(load()).values()} | {"gate_resolution", "operation"}
    named |= set(next_steps._FORM_OF_KIND.values())
    assert {name for name in named if form_named(name) is None} == set()


def test_every_statement_that_a_policy_asks_for_can_be_made() -> None:
    """A gap that names a statement or a diagnosis opens a form in which it stands."""
    topics = {item.topic for _, part in _LISTS for item in part.items}
    text = "\n".join(repr(policy) for policy in policies())
    statements = set(re.findall(r"\('statement', '(\w+)'\)", text))
    assert statements, "the policies ask for statements"
    assert statements <= topics
    (category,) = [f for f in FORMS["diagnosis"].sections()[0].fields if f.name == "category"]
    assert set(re.findall(r"\('category', '(\w+)'\)", text)) <= {value for value, _ in category.answers}


def test_every_item_of_the_gate_can_be_resolved() -> None:
    from nutation.web.forms.known import fitted, known_of

    known = known_of((), None, "gate_resolution", ("left", "right"), today=DAY)
    (section,) = fitted(FORMS["gate_resolution"], known).sections()
    (item,) = [field for field in section.fields if field.name == "item"]
    assert {value for value, _ in item.answers} == {one.id for one in plan(load()).items}


def texts_of(form: Form) -> list[str]:
    """Every word of ours in a form."""
    told = [form.title, form.lead, form.day_label]
    for part in form.parts:
        told += [part.title, part.help, part.aside]
        if isinstance(part, Section):
            told += [part.when, part.when_help, part.one]
            for field in part.fields:
                told += [field.label, field.help, field.unit, field.group, *(words for _, words in field.answers)]
        elif isinstance(part, Items):
            told += [text for item in part.items for text in (item.label, item.help, *(a[1] for a in item.answers))]
        elif isinstance(part, PainMap):
            told += [region.label for region in part.regions]
    return told


_MAY_STAND = re.compile(
    r"\b0 to 10\b|0 none, 10 the worst|\b0 none\b"  # the scale itself
    r"|\(of \d+\)|SF-36|PHQ-2|HLA-B27|10⁹/l|HbA1c|EQ-5D|2727[89]|27280"  # names, ranges of questionnaires, bare codes
    r"|Such as 1 h: 2, 2 h: 3, 4 h: 6\.|ICD-10-CM"  # how something is written
)
_PASSING = re.compile(
    r"\d|≥|≤|>|<|\bat (?:least|most)\b|\b(?:more|less) than\b|\bminimum\b|\bmeets?\b|\bcriteri|\bpolicy\b|\bpayer'?s\b",
    re.I,
)


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_no_text_of_a_form_shows_a_threshold_or_promises(form: Form) -> None:
    for text in texts_of(form):
        rest = _MAY_STAND.sub("", text)
        assert _PASSING.search(rest) is None, text
        assert found(text, NEVER_TO_ANYONE) == [], text
