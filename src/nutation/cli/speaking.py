"""What the command line says when it cannot answer; apart from the rest, so that ``--help`` stays quick."""

from __future__ import annotations

import sys


class UsageError(Exception):
    """The command was called in a way that it does not know (exit status 2)."""


def complain(text: str) -> None:
    """One error for the user, on standard error."""
    sys.stderr.write(f"nutation: {text}\n")
