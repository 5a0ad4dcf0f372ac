"""What an entry of the evidence is: one figure (or a few that belong together), its source and its mark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Mark = Literal["verified", "derived", "secondary", "unverified"]
"""How far a figure can be trusted: read at the source; worked out from such figures; read in a secondary
source; general knowledge that nobody has checked."""

MARKS: tuple[Mark, ...] = ("verified", "derived", "secondary", "unverified")
"""Marks from the strongest to the weakest."""

MARK_WORDS: dict[Mark, str] = {
    "verified": "read in the source's own text, table or abstract",
    "derived": "worked out here from figures that were read at the source",
    "secondary": "taken from a secondary source; the original was not read",
    "unverified": "unverified: general knowledge, not checked against a source",
}

DeviceClass = Literal[
    "lateral_titanium", "threaded_screw", "threaded_graft", "posterior_allograft", "posterolateral", "open", "mixed"
]
"""The device that an outcome was seen with; outcomes of one class never stand in for another's."""

GENERAL_KNOWLEDGE = "GENERAL"
"""Citation key for what rests on no source; only an unverified entry may use it."""

_SHARES = frozenset({"sens", "spec", "ppv", "npv", "auc", "share"})


class MisfitError(ValueError):
    """A value that does not fit the entry it stands in, with the field to look at."""

    def __init__(self, problem: str, field: str) -> None:
        self.field = field
        super().__init__(problem)


def weakest(marks: Iterable[Mark]) -> Mark:
    """The weakest of the marks; of none, *verified*."""
    found = set(marks)
    for mark in reversed(MARKS):
        if mark in found:
            return mark
    return "verified"


class Source(BaseModel):
    """Where figures come from: a paper, a policy, an official page. At least a citation in words."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    citation: str = Field(min_length=6)
    doi: str | None = Field(default=None, pattern=r"^10\.\d{4,9}/\S+$")
    pmid: str | None = Field(default=None, pattern=r"^\d{6,9}$")
    pmc: str | None = Field(default=None, pattern=r"^PMC\d{5,9}$")
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    interest: str | None = Field(default=None, description="Who paid for it or what the authors own, where known.")
    note: str | None = None

    @property
    def link(self) -> str | None:
        """The most lasting address known: DOI, else PubMed Central, PubMed, the page."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmc:
            return f"https://pmc.ncbi.nlm.nih.gov/articles/{self.pmc}/"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        return self.url


class Interval(BaseModel):
    """The interval of a number. ``level`` 0.95 is a 95 % interval; ``None`` is the range that was observed
    (over studies, patients or methods), which is no confidence interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    low: float
    high: float
    level: float | None = Field(default=None, gt=0, lt=1)
    level_assumed: bool = Field(default=False, description="The source as read did not say the level.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.level_assumed and self.level is None:
            raise ValueError("an observed range has no level to assume")
        if self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}; exchange them")
        return self


class Entry(BaseModel):
    """One figure with its source.

    ``value`` is a number in ``unit``, or a mapping of numbers (and of words that qualify them). ``interval``
    is the number's, or a mapping from a place in ``value`` (dotted: ``mean.2``) to that number's interval.
    ``marks`` names the parts of ``value`` whose mark differs from ``verified``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=80)
    label: str = Field(min_length=3, description="What the figure is, in a few plain words.")
    value: float | int | dict[str, Any]
    interval: Interval | dict[str, Interval] | None = None
    n: int | None = Field(default=None, gt=0)
    unit: str | None = None
    population: str = Field(min_length=2)
    citation: tuple[str, ...] = Field(min_length=1)
    verified: Mark
    marks: dict[str, Mark] = Field(default_factory=dict)
    device: DeviceClass | None = None
    note: str = ""
    topic: str = Field(default="", description="The file that the entry stands in, without its ending.")

    @field_validator("citation", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        if isinstance(value, str):
            return (value,)
        return tuple(cast("list[Any]", value)) if isinstance(value, list) else value

    @field_validator("value", mode="before")
    @classmethod
    def _number_or_mapping(cls, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | dict) or value == {}:
            raise ValueError("a value is a number, or a mapping of named numbers")
        return cast("Any", value)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if isinstance(self.value, dict):
            _check_shares(self.value)
        for path in self.marks:
            _at(self.value, path, "marks")
        for path, interval in self.intervals().items():
            number = _at(self.value, path, "interval")
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise MisfitError(f"the interval of {path or 'the value'!r} belongs to no number", "interval")
            if not interval.low <= number <= interval.high:
                named = f" ({path})" if path else ""
                raise MisfitError(
                    f"the interval {interval.low:g} to {interval.high:g} does not hold its value {number:g}{named}",
                    "interval",
                )
        if GENERAL_KNOWLEDGE in self.citation and self.verified != "unverified":
            raise MisfitError(f"what is cited as {GENERAL_KNOWLEDGE} can only be unverified", "verified")
        return self

    def intervals(self) -> dict[str, Interval]:
        """Every interval by the place in ``value`` that it belongs to; "" is the value itself."""
        if isinstance(self.interval, Interval):
            return {"": self.interval}
        return dict(self.interval or {})

    def number(self, path: str = "") -> float:
        """The number at a dotted place in ``value``. Raises KeyError, naming the entry, when there is none."""
        try:
            number = _at(self.value, path)
        except ValueError as error:
            raise KeyError(f"{self.id}: {error}") from None
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise KeyError(f"{self.id}: {path or 'value'} is no number")
        return float(number)

    def interval_of(self, path: str = "") -> Interval | None:
        """The interval of the number at a dotted place, if one was published."""
        return self.intervals().get(path)

    def mark_of(self, path: str = "") -> Mark:
        """The mark of the number at a dotted place: its own (or that of the part it lies in), else the entry's."""
        steps = path.split(".")
        for length in range(len(steps), 0, -1):
            mark = self.marks.get(".".join(steps[:length]))
            if mark is not None:
                return mark
        return self.verified


def _at(value: Any, path: str, field: str = "value") -> Any:
    for step in path.split(".") if path else ():
        if isinstance(value, dict) and step in value:
            value = cast("dict[str, Any]", value)[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(step)]
        else:
            raise MisfitError(f"{path!r} is no place in the value", field)
    return value


def _check_shares(value: dict[str, Any]) -> None:
    for key, part in value.items():
        if isinstance(part, dict):
            _check_shares(cast("dict[str, Any]", part))
        elif key in _SHARES and isinstance(part, int | float) and not 0 <= part <= 1:
            raise MisfitError(f"{key} is a share of 1, so {part} cannot be; write 0.94 for 94 %", "value")
