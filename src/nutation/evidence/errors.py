"""Errors in evidence files: each names the file, the line, the entry, what is wrong and the mend."""

from __future__ import annotations


class EvidenceError(Exception):
    """An evidence file cannot be used as it stands, or an id asked for is not in it.

    It reads like the input errors of ``record`` (same parts, same line), which lies above this room.
    ``place`` says line and entry, e.g. ``line 12, entry vdwurff2006_3of5``.
    """

    def __init__(self, problem: str, *, file: str = "", place: str = "", mend: str = "") -> None:
        self.problem, self.file, self.place, self.mend = problem, file, place, mend
        super().__init__(problem)

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.file, self.place) if part)
        text = f"{where}: {self.problem}" if where else self.problem
        return f"{text} To mend it: {self.mend}" if self.mend else text
