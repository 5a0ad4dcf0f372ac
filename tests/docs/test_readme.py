"""The README's two commands: one answers a case, the other is what CI runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from docs import console

README = console.ROOT / "README.md"
INSTALLS = "python3 -m pip install uv && python3 -m uv run "


def commands() -> list[str]:
    return ["\n".join(block.lines) for block in console.blocks(README, ("console",))]


def test_there_are_two_and_both_install_everything() -> None:
    assert len(commands()) == 2
    assert all(command.startswith(INSTALLS) for command in commands())


def test_the_first_answers_a_case(tmp_path: Path) -> None:
    # What it installs is what this test runs in; the rest of the command is taken as it stands.
    command = commands()[0].removeprefix(INSTALLS)
    page = tmp_path / "page.md"
    page.write_text(f"```console\n$ {command}\n```\n", "utf-8")
    (step,) = console.console_steps(page)
    console.run([step])
    assert step.status == 0, "\n".join(step.actual)
    assert any("gate" in line.lower() for line in step.actual)


def test_the_second_is_what_ci_runs() -> None:
    assert commands()[1] == INSTALLS + "pytest"
    script = console.ROOT / ".ci" / "run"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert os.access(script, os.X_OK)
    assert re.search(r"^python3 -m uv run pytest\b", script.read_text("utf-8"), re.M)


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README.read_text("utf-8")):
        if not target.startswith("http"):
            assert (console.ROOT / target).exists(), target
