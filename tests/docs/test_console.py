"""The runner itself: it must notice an output that drifted, and leave alone what still holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import console


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    monkeypatch.setattr(console, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("expected", "actual", "verdict"),
    [
        (["one", "two"], ["one", "two"], True),
        (["one"], ["one", "two"], False),
        (["took … s"], ["took 0.8 s"], True),
        (["took … s"], ["took 0.8 m"], False),
        (["one", "…"], ["one"], True),
        (["one", "…", "four"], ["one", "two", "three", "four"], True),
        (["one", "…", "four"], ["one", "two"], False),
        # The wildcard within a line must not reach across lines.
        (["a … z"], ["a", "z"], False),
        ([], ["printed"], False),
        ([], [], True),
    ],
)
def test_wildcards(expected: list[str], actual: list[str], verdict: bool) -> None:
    assert console.agrees(expected, actual) is verdict


def test_commands_share_one_shell_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(
        tmp_path,
        monkeypatch,
        "```console\n$ word=here; echo $word > note\n$ cat \\\n>   note\nhere\n```\n\n"
        "```console\n$ cat note; echo $word\nhere\nhere\n```\n",
    )
    steps = console.console_steps(page)
    console.run(steps)
    assert [console.complaint(step) for step in steps] == [None, None, None]


def test_drift_and_status_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(
        tmp_path,
        monkeypatch,
        "```console\n$ echo new\nold\n$ (exit 3)\n```\n\n<!-- exit: 3 -->\n```console\n$ (exit 3)\n```\n",
    )
    steps = console.console_steps(page)
    console.run(steps)
    drifted, failed, meant = (console.complaint(step) for step in steps)
    assert drifted is not None
    assert "-old" in drifted
    assert "+new" in drifted
    assert "page.md:2" in drifted
    assert failed is not None
    assert "status 3, not 0" in failed
    assert meant is None


def test_refresh_writes_only_what_drifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(
        tmp_path,
        monkeypatch,
        "Text.\n\n```console\n$ echo took 3 s\ntook … s\n$ echo new\n$ echo broken; false\n```\n\n"
        "1. In a list\n\n    <!-- head: 2 -->\n    ```console\n    $ seq 5\n    ```\n\nAfter.\n",
    )
    steps = console.console_steps(page)
    console.run(steps)
    assert console.refresh(page, steps)
    assert page.read_text(encoding="utf-8") == (
        "Text.\n\n```console\n$ echo took 3 s\ntook … s\n$ echo new\nnew\n$ echo broken; false\n```\n\n"
        "1. In a list\n\n    <!-- head: 2 -->\n    ```console\n    $ seq 5\n    1\n    2\n    …\n    ```\n"
        "\nAfter.\n"
    )
    again = console.console_steps(page)
    console.run(again)
    assert not console.refresh(page, again)


def test_blocks_marked_not_run_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(tmp_path, monkeypatch, "<!-- not run: needs a server -->\n```console\n$ rm -r /nowhere\n```\n")
    assert console.console_steps(page) == []


def test_python_blocks_share_their_names_and_keep_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(tmp_path, monkeypatch, "```python\nx = 1\n```\n\n```python\nassert x == 1\nassert x == 2\n```\n")
    with pytest.raises(AssertionError, match=r"line 7"):
        console.run_python(page)


def test_an_open_block_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(tmp_path, monkeypatch, "```console\n$ echo\n")
    with pytest.raises(ValueError, match=r"page\.md:1: this block is never closed"):
        console.blocks(page, ("console",))


def test_a_file_that_the_page_shows_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(
        tmp_path,
        monkeypatch,
        "<!-- file: rules/own.yaml -->\n```yaml\nid: OWN\n```\n\n"
        "```console\n$ cat rules/own.yaml\nid: OWN\n```\n\n"
        "```python\nassert open('rules/own.yaml').read() == 'id: OWN\\n'\n```\n",
    )
    steps = console.console_steps(page)
    console.run(steps)
    assert [console.complaint(step) for step in steps] == [None]
    console.run_python(page)
