"""Whatever is sent to a form becomes events or mistakes, never a crash, and nothing that was typed is lost."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nutation.record.checks import check
from nutation.web.forms import FORMS
from nutation.web.forms.answers import Mistake
from nutation.web.forms.known import Known, fitted
from nutation.web.forms.read import read
from nutation.web.forms.view import Input, View
from nutation.web.forms.viewing import view
from web.forms_made import SENDING

QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def inputs_of(made: View) -> list[Input]:
    """Every input of a page, those that others open too."""
    found = [one for one in (made.day, made.side, made.signed, *made.letter) if one is not None]
    for part in made.parts:
        for block in part.blocks:
            found += [cell for row in (*block.rows, *block.rare) for _, cell in row.cells]
            found += [*block.dates, *(note for _, note in block.notes)]
        found += [cell for row in part.rest for _, cell in row.cells]
        if part.map is not None:
            found += [score for _, _, cells in part.map.rows for _, score in cells if score is not None]
            found += [part.map.where, part.map.elsewhere_score]
    opened = [child for one in found for _, several in one.then for child in several]
    return [*found, *opened]


@cache
def names(form: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names of a form's inputs, each with values that a person would give it."""
    made = view(fitted(FORMS[form], Known()), Known(), {}).view
    found = {
        one.name: tuple(option.value for option in one.options) or _LIKELY.get(one.takes, ("a word", "two words"))
        for one in inputs_of(made)
    }
    for part in made.parts:
        if part.map is not None:
            boxes = [option for _, _, cells in part.map.rows for option, _ in cells]
            found |= {box.opens: ("yes",) for box in (*boxes, part.map.elsewhere, part.map.only)}
    return tuple(sorted(found.items()))


_LIKELY = {
    "number": ("0", "3", "7,5", "2"),
    "day": ("2026-03-14", "14.3.2026", "2025", "March 2026", "2026-09-10"),
}

typed = st.one_of(
    st.sampled_from(["", "?", "0", "7", "7,5", "-1", "1e999", "nan", "70", "2026-03-14", "14.3.2026", "2030",
                     "9999-12", "31.2.2026", "yes", "no", "positive", "left", "both", "Dr R. Halvorsen", "/",
                     "2026/2025", "٣", "１", "2026-03-14T99:99", "\ud800", "\x00", "a: b",
                     "Lot, serial or UDI of each implant: x"]),
    st.text(max_size=40),
    st.dates().map(str),
    st.floats().map(str),
)  # fmt: skip


@st.composite
def sent(draw: st.DrawFn) -> tuple[str, dict[str, list[str]]]:
    """A form and any data for it: its own names and others, its own answers and anything else."""
    form = draw(st.sampled_from(sorted(FORMS)))
    wild = draw(st.booleans())
    data: dict[str, list[str]] = {}
    for name, likely in draw(st.lists(st.sampled_from(names(form)), max_size=25)):
        value = draw(st.sampled_from(likely) | typed) if wild else draw(st.sampled_from(likely))
        data[name] = [value, draw(typed)] if wild and not draw(st.integers(0, 9)) else [value]
        if wild and not draw(st.integers(0, 9)):
            data[f"{name}.unknown"] = ["?"]
    if wild:
        for name in draw(st.lists(st.text(max_size=20), max_size=2)):
            data[name] = [draw(typed)]
    else:
        data |= {"signed": ["Dr R. Halvorsen"], "day": ["2026-09-10"]}
    return form, data


@QUICK
@given(sent())
def test_any_data_gives_events_or_mistakes(told: tuple[str, dict[str, list[str]]]) -> None:
    name, data = told
    form = FORMS[name]
    found = read(form, data, SENDING)
    assert bool(found.events) + bool(found.mistakes) + (found.letter is not None) == 1
    ids = [event.id for event in found.events]
    assert len(set(ids)) == len(ids)
    for event in found.events:
        assert (event.patient, event.source.system, event.certainty) == ("p1", "nutation clinic", "stated")
        assert type(event).model_validate(event.model_dump(mode="json")) == event
    assert found.events == read(form, data, SENDING).events, "sent twice, it makes the same events"
    errors, _ = check(found.events)
    assert [fault for fault in errors if "later than" in fault.problem or "before it happened" in fault.problem] == []
    for mistake in found.mistakes:
        assert mistake.problem
        assert mistake.mend


@QUICK
@given(sent())
def test_everything_typed_is_shown_again_and_mistakes_have_their_place(told: tuple[str, dict[str, list[str]]]) -> None:
    name, data = told
    form = FORMS[name]
    mistakes = read(form, data, SENDING).mistakes
    made = view(form, Known(), data, mistakes).view
    shown = {one.name: one for one in inputs_of(made)}
    for mistake in mistakes:
        assert mistake.name == "" or mistake in shown[mistake.name].mistakes
    for input_name, one in shown.items():
        value = " ".join(data.get(input_name, [""])[-1].split())
        plain = "".join(c for c in value if c.isprintable())
        if one.options:
            assert [option.value for option in one.options if option.chosen] == ([plain] if plain else []) or not (
                value.isprintable()
            )
        elif value.isprintable() and one.takes != "text":
            assert one.value == value


def test_a_mistake_without_a_place_is_told_at_the_top() -> None:
    made = view(FORMS["score"], Known(), {}, [Mistake("", "Nothing was entered.", "answer one.")]).view
    assert [(target, told.problem) for target, told in made.mistakes] == [("", "Nothing was entered.")]
