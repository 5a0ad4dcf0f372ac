"""Every command and every Python example in the documentation runs, and prints what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import console

LONG = ("edit-a-plan", "plan-without-labels", "plan-an-operation")
"""Pages whose commands take minutes."""


def named(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(console.ROOT))) for page in pages]


def timed(pages: list[Path]) -> list[object]:
    return [
        pytest.param(page, id=str(page.relative_to(console.ROOT)), marks=[pytest.mark.slow] * (page.stem in LONG))
        for page in pages
    ]


CONSOLE = [page for page in console.pages() if console.console_steps(page)]
PYTHON = [page for page in console.pages() if console.blocks(page, ("python",))]


@pytest.mark.parametrize("page", timed(CONSOLE))
def test_commands_print_what_the_page_shows(page: Path) -> None:
    steps = console.console_steps(page)
    console.run(steps)
    complaints = [text for step in steps if (text := console.complaint(step))]
    assert not complaints, "\n\n".join(complaints)


@pytest.mark.parametrize("page", named(PYTHON))
def test_python_examples_run(page: Path) -> None:
    console.run_python(page)


def test_the_tutorial_is_among_them() -> None:
    assert console.ROOT / "docs" / "tutorial" / "first-case.md" in CONSOLE


@pytest.mark.parametrize("page", named(console.pages()))
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    for block in console.blocks(page, ("console", "python")):
        assert block.options.get("not run") != "", f"{block.place}: say why after 'not run:'"
    for block in console.blocks(page, ("bash", "shell", "pycon")):
        pytest.fail(f"{block.place}: write ```console for what is run, ```sh for what is only shown")
