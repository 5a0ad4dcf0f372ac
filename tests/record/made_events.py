"""Events of every kind, drawn from the declared fields: for properties that must hold of all of them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nutation.record.fields import Shape, shapes
from nutation.record.head import Event, Source
from nutation.record.kinds import KINDS
from nutation.record.period import Period

# Texts that one format or another could take for something else.
HARD = (
    "", " ", "null", "~", "true", "no", "12", "1e3", "0334T", "2026-03-01", "a: b", "- x", "# not a comment", "[a", "{",
    '"', '"quoted"', "'", "it's", "a, b; c\td", "two\nlines", "cr\rlf\r\n", " edge ", "\x00", "\x1b[31m", "\x7f",
    "\x85", "\u2028", "\ufeff", "\ufffe", "🦴 Ñ ß", "\U0001fffe", "*alias", "&anchor", "!!tag", "%", "@", "`", "a\\b",
    "=1+1", "<<",
)  # fmt: skip
_LATER = datetime(2051, 1, 2, tzinfo=UTC)
_LIMITS = {"odi": 100, "rmdq": 24, "peg": 10, "eq5d_index": 1, "eq_vas": 100, "pgic": 7, "phq2": 6}


class Maker:
    """Makes events by chance, from a seed; they contradict neither birth nor the day of their recording."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def record_of_every_kind(self) -> tuple[Event, ...]:
        return tuple(self.event(kind, n) for kind in KINDS for n in range(1 if kind == "person" else 2))

    def event(self, kind: str, number: int) -> Event:
        pick, cls = self._chance, KINDS[kind]
        told = {name: self._value(shapes(kind)[name]) for name in cls.attribute_names() if pick.random() < 0.6}
        if kind == "score" and "value" in told:
            told["instrument"] = pick.choice(sorted(_LIMITS))
            told["value"] = pick.uniform(1, _LIMITS[told["instrument"]])
        if kind == "injection" and told.get("score_before") == 0:
            told["score_after"] = 0.0
        if kind == "completeness":
            told["expires_on"] = None
        missing = [name for name in cls.attribute_names() if told.get(name) is None]
        return cls.model_validate(
            {
                **told,
                "id": f"{kind}-{number}-{self._text()}",
                "patient": "p-1",
                "side": pick.choice(["left", "right", "both", "none", "unknown"]),
                "happened": date(1899, 5, 4) if kind == "person" else self._period(),
                "recorded_at": _LATER + timedelta(seconds=pick.choice([0, pick.uniform(0, 1e8)])),
                "source": Source(
                    system="s" + self._text(), resource=self._text(), path=self._text(), version=self._text()
                ),
                "author": pick.choice([None, self._text()]),
                "encounter": pick.choice([None, self._text()]),
                "certainty": pick.choice(["stated", "coded", "inferred"]),
                "modality": pick.choice(["actual", "intended", "negated", "provisional", "family"]),
                "supersedes": tuple(f"earlier {self._text()}" for _ in range(pick.choice([0, 0, 1, 2]))),
                "retracted": pick.random() < 0.1,
                "asked_not_known": tuple(pick.sample(missing, min(len(missing), pick.choice([0, 0, 1, 2])))),
                "note": pick.choice([None, self._text()]),
            }
        )  # fmt: skip

    def _text(self) -> str:
        return self._chance.choice(HARD) + self._chance.choice(["", "", self._chance.choice(HARD)])

    def _day(self) -> date:
        return date(1900, 1, 1) + timedelta(days=self._chance.randrange(55000))

    def _period(self) -> Period:
        first, last = sorted([self._day(), self._day()])
        return Period.model_validate(
            self._chance.choice(
                [
                    f"{first}", f"{first:%Y-%m}", f"{first.year}", f"{first}/{last}", f"{first:%Y-%m}/{last:%Y-%m}",
                    f"{first:%Y-%m}/", f"{first.year}/", f"/{last}", f"/{last:%Y-%m}", "/",
                    {"from": first, "to": last, "sure_from": self._day(), "sure_to": self._day()},
                    {"to": last, "sure_from": self._day()},
                ]
            )
        )  # fmt: skip

    def _value(self, shape: Shape) -> Any:
        pick = self._chance
        low = shape.low if shape.low is not None else -1e6
        high = shape.high if shape.high is not None else 1e6
        match shape.takes:
            case "word":
                return pick.choice(shape.words)
            case "truth":
                return pick.random() < 0.5
            case "number":
                return pick.choice([low, high, float(round(pick.uniform(low, high))), pick.uniform(low, high)])
            case "count":
                return pick.randrange(10**6)
            case "date":
                return self._day()
            case _:
                return self._text()
