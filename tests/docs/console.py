"""Runs the examples that stand in the documentation, and writes their outputs anew.

A ``console`` block holds commands (lines that open with ``$ ``, continued by a final backslash) and below
each what it prints. The commands of one page run in order, by one shell, in a temporary copy of what a
reader has after cloning. ``…`` within a line stands for any text; alone on a line, for any lines. The
``python`` blocks of one page run in order in one interpreter. An HTML comment on the line above a block
says what differs:

    <!-- exit: 1 -->          each command ends with this status
    <!-- head: 12 -->         a refresh keeps the first twelve lines and puts … for the others
    <!-- not run: why -->     the block is shown only
    <!-- file: rule.yaml -->  the block, of any language, is that file in the folder before the first command

    uv run python tests/docs/console.py            compare, and say what differs
    uv run python tests/docs/console.py --refresh  write the outputs that differ into the pages
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READER_HAS = ("examples",)
"""What of the repository the commands of a page find in their folder."""
SECONDS = 240
WILD = "…"

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)?.*$")
_COMMENT = re.compile(r"^\s*<!--\s*(?P<name>exit|head|not run|file):\s*(?P<value>.*?)\s*-->\s*$")


@dataclass(slots=True)
class Block:
    """One fenced example: where it stands, what it says, and the comment above it."""

    page: Path
    first: int
    """Index of the line after the opening fence."""
    last: int
    """Index of the closing fence."""
    language: str
    indent: str
    lines: list[str]
    options: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The block for a reader of a failure: page and line."""
        return f"{self.page.relative_to(ROOT)}:{self.first + 1}"


@dataclass(slots=True)
class Step:
    """One command of a console block with the output that the page shows below it."""

    block: Block
    shown: list[str]
    """The command's lines as the page shows them, prompt included."""
    command: str
    expected: list[str]
    actual: list[str] = field(default_factory=list)
    status: int = 0

    @property
    def wanted(self) -> int:
        """The status that the command is to end with."""
        return int(self.block.options.get("exit", "0"))


def pages() -> list[Path]:
    """Every page of the documentation whose examples are run."""
    return sorted((ROOT / "docs").rglob("*.md"))


def blocks(page: Path, languages: tuple[str, ...] | None = None) -> list[Block]:
    """The fenced blocks of a page in the named languages (all, if None), in order.

    Raises ValueError on a fence that is never closed.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        indent = opening["indent"]
        end = number + 1
        while end < len(lines) and lines[end].rstrip() != f"{indent}```":
            end += 1
        if end == len(lines):
            raise ValueError(f"{page.relative_to(ROOT)}:{number + 1}: this block is never closed")
        language = opening["language"] or ""
        if languages is None or language in languages:
            options = {}
            above = number - 1
            while above >= 0 and (comment := _COMMENT.match(lines[above])):
                options[comment["name"]] = comment["value"]
                above -= 1
            body = [line.removeprefix(indent) for line in lines[number + 1 : end]]
            found.append(Block(page, number + 1, end, language, indent, body, options))
        number = end + 1
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a console block; raises ValueError where text stands before the first command."""
    found: list[Step] = []
    continued = False
    for line in block.lines:
        if continued:
            found[-1].shown.append(line)
            found[-1].command += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            found.append(Step(block, [line], line[2:], []))
        elif not found:
            raise ValueError(f"{block.place}: the first line of a console block must open with '$ '")
        else:
            found[-1].expected.append(line.rstrip())
        continued = line.endswith("\\") and (continued or line.startswith("$ "))
    return found


def furnish(page: Path, folder: Path) -> None:
    """Put into the folder what a reader of the page has there: the examples, and the files that it shows."""
    for name in READER_HAS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    for block in blocks(page):
        if "file" in block.options:
            file = folder / block.options["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(block.lines) + "\n", encoding="utf-8")


def run(page_steps: list[Step]) -> None:
    """Run the commands in order in one shell and one temporary folder; fills ``actual`` and ``status``."""
    with tempfile.TemporaryDirectory(prefix="nutation-docs-") as folder:
        furnish(page_steps[0].block.page, Path(folder))
        mark = "\x1e"
        # A command that fails must not hide behind the one that it is piped into.
        script = "set -o pipefail\n" + "".join(f"{step.command}\nprintf '\\n{mark}%s\\n' $?\n" for step in page_steps)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        text = done.stdout.decode("utf-8", errors="replace").replace(folder, "~/nutation")
    parts = re.split(rf"\n{mark}(\d+)\n", text)
    for step, output, status in zip(page_steps, parts[::2], parts[1::2], strict=False):
        step.actual = [line.rstrip() for line in output.rstrip("\n").splitlines()]
        step.status = int(status)


def _environment(folder: str) -> dict[str, str]:
    """The reader's shell: this environment's programs, a plain terminal of 100 columns, nothing else."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": folder,
        "COLUMNS": "100",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
    }


def agrees(expected: list[str], actual: list[str]) -> bool:
    """Whether what was printed is what the page shows, its wildcards filled in."""
    pattern = ""
    for line in expected:
        if line.strip() == WILD:
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*?".join(re.escape(part) for part in line.split(WILD)) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in actual)) is not None


def complaint(step: Step) -> str | None:
    """What is wrong with a step that ran, for the writer of the page; None if nothing is."""
    where = f"{step.block.place}: $ {step.command}"
    if step.status != step.wanted:
        return f"{where}\nended with status {step.status}, not {step.wanted}, and printed:\n" + "\n".join(step.actual)
    if agrees(step.expected, step.actual):
        return None
    difference = difflib.unified_diff(step.expected, step.actual, "the page shows", "it prints", lineterm="")
    return f"{where}\n" + "\n".join(difference) + "\nRefresh with: uv run python tests/docs/console.py --refresh"


def console_steps(page: Path) -> list[Step]:
    """Every command of a page that is to be run, in order."""
    return [step for block in blocks(page, ("console",)) if "not run" not in block.options for step in steps(block)]


def refresh(page: Path, page_steps: list[Step]) -> bool:
    """Write the outputs that no longer agree into the page; whether any did."""
    # A command that failed has no output worth showing; its complaint stands until it is mended.
    stale = {id(s) for s in page_steps if s.status == s.wanted and not agrees(s.expected, s.actual)}
    if not stale:
        return False
    lines = page.read_text(encoding="utf-8").splitlines()
    by_block: dict[int, list[Step]] = {}
    for step in page_steps:
        by_block.setdefault(step.block.first, []).append(step)
    for first, members in sorted(by_block.items(), reverse=True):
        block = members[0].block
        body: list[str] = []
        for step in members:
            output = step.expected
            if id(step) in stale:
                keep = int(block.options.get("head", "0")) or len(step.actual)
                output = [*step.actual[:keep], *([WILD] if len(step.actual) > keep else [])]
            body += [*step.shown, *output]
        lines[first : block.last] = [(block.indent + line).rstrip() for line in body]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True


def run_python(page: Path) -> None:
    """Run the Python blocks of a page in order, in one interpreter and a temporary folder.

    Raises AssertionError with the interpreter's last lines.
    """
    chosen = [block for block in blocks(page, ("python",)) if "not run" not in block.options]
    if not chosen:
        return
    # Blank lines keep each block at its own line number, so that a failure names the page's line.
    text: list[str] = []
    for block in chosen:
        text += [""] * (block.first - len(text)) + block.lines
    with tempfile.TemporaryDirectory(prefix="nutation-docs-") as folder:
        furnish(page, Path(folder))
        script = Path(folder) / page.name.replace(".md", ".py")
        script.write_text("\n".join(text) + "\n", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, f"{page.relative_to(ROOT)}: a Python example fails\n{done.stderr[-3000:]}"


def main(arguments: list[str]) -> int:
    """Compare or refresh every page; 1 if something still differs."""
    wrong = 0
    for page in pages():
        page_steps = console_steps(page)
        if not page_steps:
            continue
        run(page_steps)
        if "--refresh" in arguments and refresh(page, page_steps):
            print(f"refreshed {page.relative_to(ROOT)}")
            page_steps = [step for step in page_steps if step.status != int(step.block.options.get("exit", "0"))]
        for text in filter(None, map(complaint, page_steps)):
            wrong += 1
            print(text, end="\n\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
