"""Faults of an input, gathered so that a user sees them together and mends them in one go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nutation.record.errors import InputError

MOST_SHOWN = 20
"""How many faults of one input are written out; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what and the mend. ``event`` is the id of the event, if it has one."""

    problem: str
    mend: str = ""
    place: str = ""
    event: str = ""

    def text(self) -> str:
        """The fault as one sentence for a reader."""
        return str(InputError(self.problem, place=self.place, mend=self.mend))


def input_error(file: str, faults: Sequence[Fault]) -> InputError:
    """One error that tells of all ``faults`` of ``file``, at most :data:`MOST_SHOWN` of them in words."""
    if len(faults) == 1:
        (fault,) = faults
        return InputError(fault.problem, file=file, place=fault.place, mend=fault.mend)
    lines = [f"{len(faults)} things cannot be used as they stand:"]
    lines += [f"  {fault.text()}" for fault in faults[:MOST_SHOWN]]
    if len(faults) > MOST_SHOWN:
        lines.append(f"  and {len(faults) - MOST_SHOWN} more.")
    return InputError("\n".join(lines), file=file)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A mend that names the known words nearest to ``word``, or lists them when none is near."""
    choices = sorted(known)
    plain = word.strip().lower().replace(" ", "_").replace("-", "_")
    near = [plain] if plain in choices else difflib.get_close_matches(plain, choices, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"use one of {', '.join(choices)}."
