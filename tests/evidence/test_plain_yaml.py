"""YAML as plain data: what is read, what is refused, and where a part stands."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nutation.evidence.errors import EvidenceError
from nutation.evidence.plain_yaml import parse

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_scalars_are_yaml_1_2_and_dates_stay_text() -> None:
    text = "a: [1, 2.5, .5, yes, on, true, null, ~, 2025-11-15, '12', -3, 1e3]\n0: {12: x}\n"
    plain = parse(text, file="f.yaml").plain
    assert plain["a"] == [1, 2.5, 0.5, "yes", "on", True, None, None, "2025-11-15", "12", -3, 1000.0]
    assert plain["0"] == {"12": "x"}, "keys are text, as they are in JSON"
    assert json.loads(json.dumps(plain)) == plain


def test_an_empty_file_is_none() -> None:
    assert parse("# only a comment\n", file="f.yaml").plain is None


@given(plain_values)
def test_json_is_read_as_it_is(value: object) -> None:
    """JSON is YAML: whatever plain data we write as JSON comes back the same."""
    text = json.dumps({"v": value}, ensure_ascii=False)
    read = parse(text, file="f.yaml").plain["v"]
    assert read == value
    assert json.dumps(read) == json.dumps(value), "also the types: 1 is not 1.0, and true is not 1"


@pytest.mark.parametrize(
    ("text", "line", "problem", "mend"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "line 3", "this is not YAML", "check indentation"),
        ("a: 1\na: 2\n", "line 2", "the key 'a' stands twice", "keep one"),
        ("x: 1\na: !python/object:os.system {}\n", "line 2", "tag", "remove the tag"),
        ("b: &b {x: 1}\na:\n  <<: *b\n", "line 3", "merge keys", "write the fields out"),
        ("a: .nan\n", "line 1", ".nan is not read as a number", "decimal"),
        ("a: .inf\n", "line 1", "not read as a number", "decimal"),
        ("code: 0334\n", "line 1", "0334 is not read as a number", "quotes around a code"),
        ("a: 0x1F\n", "line 1", "not read as a number", "quotes"),
        ("? [1, 2]\n: x\n", "line 1", "a key is not a word", "word as key"),
        ("a: *b\n", "line 1", "this is not YAML", "check"),
        ("a: 1\n---\nb: 2\n", "line 2", "this is not YAML", "check"),
        ("a: &a [1, *a]\n", "line 1", "an alias contains itself", "write the value out"),
        ("a: \x07\n", "", "this is not YAML", "plain text"),
    ],
)
def test_refusals_name_line_and_mend(text: str, line: str, problem: str, mend: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse(text, file="some/f.yaml")
    message = str(caught.value)
    assert message.startswith("some/f.yaml")
    assert line in message
    assert problem in message
    assert f"To mend it: {caught.value.mend}" in message
    assert mend in message


def test_an_alias_bomb_is_refused_at_once() -> None:
    """Twelve levels of nine aliases would be 9^12 values, 280 thousand million."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 13)]
    start = time.monotonic()
    with pytest.raises(EvidenceError, match="grows beyond 300000 values") as caught:
        parse("\n".join(levels), file="bomb.yaml")
    assert "bomb.yaml, line" in str(caught.value)
    assert time.monotonic() - start < 10, "the aliases were written out"


def test_a_few_aliases_are_fine() -> None:
    assert parse("a: &x [1, 2]\nb: *x\n", file="f.yaml").plain == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, "a: " + "{b: " * 3000 + "1" + "}" * 3000])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="nested too deeply"):
        parse(text, file="deep.yaml")


def test_a_line_is_found_for_any_place() -> None:
    text = "title: t\nentries:\n  - id: one\n    value:\n      sens: .9\n  - id: two\n"
    located = parse(text, file="f.yaml")
    assert located.line_of(("title",)) == 1
    assert located.line_of(("entries", 0)) == 3
    assert located.line_of(("entries", 0, "value", "sens")) == 5
    assert located.line_of(("entries", 1, "id")) == 6
    assert located.line_of(("entries", 1, "citation")) == 6, "what is missing is pointed at by what it is missing from"
    assert located.at(("entries", 0, "value", "sens")) == 0.9
