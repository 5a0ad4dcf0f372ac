"""The README's commands: two install everything and open the clinic or run the tests; the others answer and plan."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from docs import console

README = console.ROOT / "README.md"
INSTALLED = "python3 -m uv run "
INSTALLS = f"python3 -m pip install uv && {INSTALLED}"


def commands() -> list[str]:
    return ["\n".join(block.lines) for block in console.blocks(README, ("console",))]


def ran(tmp_path: Path, lines: list[str]) -> list[console.Step]:
    """Run the commands in order in a temporary copy of what a reader has, so that nothing is left in the tree."""
    page = tmp_path / "page.md"
    page.write_text("```console\n" + "".join(f"$ {line}\n" for line in lines) + "```\n", "utf-8")
    found = console.console_steps(page)
    console.run(found)
    return found


def test_the_first_two_install_everything_and_no_other_does() -> None:
    installs = [command.startswith(INSTALLS) for command in commands()]
    assert installs[:2] == [True, True]
    assert not any(installs[2:])


def test_the_first_opens_a_clinic_with_patients_at_every_stage(tmp_path: Path) -> None:
    # What it installs is what this test runs in; a free port, and no browser, are all that is added to the command.
    command = [*commands()[0].removeprefix(INSTALLS).split(), "--port", "0", "--no-browser"]
    assert command[:2] == ["nutation", "demo"]
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        try:
            link = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+/enter/\S+", line)))
            with httpx.Client(follow_redirects=True, timeout=30) as browser:
                page = browser.get(link)
                assert page.status_code == 200
                assert page.url.path == "/worklist"
                for stage in ("Evaluation", "Injection", "Decision", "Authorisation", "Planning", "Recovery"):
                    assert re.search(rf"{stage}\s*<[^>]*>\s*[1-9]", page.text), stage
        finally:
            process.terminate()


def test_the_second_is_what_ci_runs() -> None:
    assert commands()[1] == INSTALLS + "pytest"
    script = console.ROOT / ".ci" / "run"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert os.access(script, os.X_OK)
    assert re.search(r"^python3 -m uv run pytest\b", script.read_text("utf-8"), re.M)


@pytest.mark.slow
def test_the_others_run_in_order_answer_a_case_and_end_in_a_plan(tmp_path: Path) -> None:
    lines = [line for command in commands()[2:] for line in command.splitlines()]
    assert all(line.startswith(INSTALLED) for line in lines)
    steps = ran(tmp_path, [line.removeprefix(INSTALLED) for line in lines])
    for step in steps:
        assert step.status == 0, f"$ {step.command}\n" + "\n".join(step.actual)
    assert any("gate" in line.lower() for line in steps[0].actual)
    assert any("A plan within the limit was found" in line for line in steps[-1].actual)
    written = [line for line in steps[-1].actual if line.startswith("Written: ")]
    assert any(line.endswith("plan.html") for line in written)


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text("utf-8")):
        if not target.startswith("http"):
            assert (console.ROOT / target).exists(), target
