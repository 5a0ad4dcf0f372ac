"""One sending of a form, and how the events it makes are made: who, when, and under which id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from nutation.record.head import Event, Source
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS
from nutation.record.native_values import told_by
from nutation.record.period import Period
from nutation.web.forms.answers import Mistake
from nutation.web.forms.shape import Form

SYSTEM = "nutation clinic"
"""The source of every event that a form makes."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sent a form for which patient, when, and by which one-time ``token``.

    ``author`` is the name with what the person is, ``signer`` the name alone; ``today`` is the clinic's day.
    """

    patient: str
    author: str
    at: datetime
    today: date
    token: str
    signer: str = ""

    def source(self, form: str, path: str) -> Source:
        """Where the event at ``path`` of the form comes from: the same however often the form is sent."""
        return Source(system=SYSTEM, resource=f"{form}/{self.token}", path=path)


def is_token(text: str) -> bool:
    """Whether the text can be a form's one-time token."""
    return _TOKEN.fullmatch(text) is not None


@dataclass(slots=True)
class Making:
    """The events and mistakes of one form, gathered as it is read."""

    form: Form
    sending: Sending
    corrects: Event | None = None
    day: Period = field(default_factory=Period)
    events: list[Event] = field(default_factory=list[Event])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def wrong(self, name: str, problem: str, mend: str) -> None:
        """Note a mistake at the input ``name``."""
        if (found := Mistake(name, problem, mend)) not in self.mistakes:
            self.mistakes.append(found)

    def encounter(self, happened: Period) -> str | None:
        """The visit: what was seen or heard on one day belongs together; nothing else has an encounter of ours.

        A form's token would part what two people enter of one injection, and it would count twice.
        """
        if self.form.visit and happened == self.day and happened.from_ is not None and happened.from_ == happened.to:
            return f"visit {happened.from_}"
        return None

    def make(self, kind: str, path: str, values: Mapping[str, Any], happened: Period, at: str) -> None:
        """Add an event of ``kind``; what the kind itself refuses becomes a mistake at the input ``at``."""
        source = self.sending.source(self.form.name, path)
        head: dict[str, Any] = {
            "id": event_id(source, kind),
            "kind": kind,
            "patient": self.sending.patient,
            "happened": happened,
            "recorded_at": self.sending.at,
            "source": source,
            "author": self.sending.author or None,
            "encounter": self.encounter(happened),
        }
        if self.corrects is not None:
            head |= {"supersedes": (self.corrects.id,), "encounter": self.corrects.encounter}
        try:
            self.events.append(KINDS[kind].model_validate(head | dict(values)))
        except ValidationError as error:
            self.wrong(at, *_REFUSED.get(kind, (f"{told_by(error)}.", "correct it, or leave it empty.")))


_REFUSED = {
    "injection": ("The pain before is 0, and the pain after is not.", "check which score is which."),
}
"""What the rules of a kind say, in the words of its form."""
