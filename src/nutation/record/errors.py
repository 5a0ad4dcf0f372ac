"""Errors that a user can mend: each names the file, the place in it, what is wrong and what to do."""

from __future__ import annotations


class InputError(Exception):
    """Something in the input cannot be used as it stands; nothing stored was touched.

    The command line prints it on standard error and exits with status 1.
    """

    def __init__(self, problem: str, *, file: str = "", place: str = "", mend: str = "") -> None:
        self.problem, self.file, self.place, self.mend = problem, file, place, mend
        super().__init__(problem)

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.file, self.place) if part)
        text = f"{where}: {self.problem}" if where else self.problem
        return f"{text} To mend it: {self.mend}" if self.mend else text
