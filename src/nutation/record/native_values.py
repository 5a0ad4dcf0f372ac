"""Text of a file turned into the value that a field takes, or a refusal in the words of the field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from pydantic import ValidationError

from nutation.record.faults import did_you_mean
from nutation.record.fields import Shape
from nutation.record.head import Source
from nutation.record.period import Period, parse_partial_date
from nutation.record.plain_text import Bare

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\Z", re.A)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.A)
_HALF = re.compile("[\ud800-\udfff]")
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


class RefusedError(Exception):
    """A text cannot be the value of a field: what is wrong, and the mend."""

    def __init__(self, problem: str, mend: str) -> None:
        self.problem, self.mend = problem, mend
        super().__init__(problem)


def value_of(shape: Shape, raw: Any) -> Any:
    """The value that ``raw`` (text, list or dict of plain data, or a Python value) gives ``shape``'s field.

    ``None`` and an empty text are *not recorded*. Raises RefusedError.
    """
    if raw is None or (isinstance(raw, str) and not raw and shape.takes != "text"):
        return None
    return _READERS[shape.takes](shape, raw)


def _text_of(shape: Shape, raw: Any) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (str, int, float, date)):
        text = str(raw)
        if _HALF.search(text):
            raise RefusedError(
                f"{shape.name} holds half of a character.", "write the text as UTF-8, without \\ud... escapes."
            )
        return text
    many = "a list" if isinstance(raw, Sequence) else "several fields"
    raise RefusedError(f"{shape.name} takes one value and was given {many}.", "write one value.")


def _word(shape: Shape, raw: Any) -> str:
    text = _text_of(shape, raw)
    if text not in shape.words:
        raise RefusedError(f"{shape.name} cannot be {text!r}.", did_you_mean(text, shape.words))
    return text


def _text(shape: Shape, raw: Any) -> str:
    return _text_of(shape, raw)


def _truth(shape: Shape, raw: Any) -> bool:
    text = _text_of(shape, raw)
    found = _TRUTH.get(text.strip().lower())
    if found is None:
        raise RefusedError(f"{shape.name} cannot be {text!r}.", "write true or false, or leave it out if not known.")
    return found


def _number(shape: Shape, raw: Any) -> float:
    text = _text_of(shape, raw).strip()
    if _NUMBER.match(text) is None:
        mend = "write a plain number, e.g. 7 or 7.5, without a unit."
        if re.fullmatch(r"-?\d+,\d+", text):
            mend = f"write {text.replace(',', '.')}."
        raise RefusedError(f"{shape.name} takes a number and was given {text!r}.", mend)
    value = float(text)
    if not math.isfinite(value):
        raise RefusedError(f"{shape.name} is beyond all numbers ({text}).", "check the value.")
    _within(shape, value, text)
    return value


def _count(shape: Shape, raw: Any) -> int:
    value = _number(shape, raw)
    if value != int(value):
        raise RefusedError(f"{shape.name} takes a whole number and was given {value:g}.", "round it or leave it out.")
    return int(value)


def _within(shape: Shape, value: float, text: str) -> None:
    low, high = shape.low, shape.high
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if high is None:
        mend = f"write {low:g} or more, or leave it out."
        if shape.name.endswith(("_hours", "_days")):
            mend = "a score or relief before its injection is no relief: check which time is which."
        raise RefusedError(f"{shape.name} is {text}; it cannot be below {low:g}.", mend)
    mend = "correct it, or leave it out if it is not known."
    if high == 10 and low == 0 and 10 < value <= 100:
        mend = f"it looks like a 0 to 100 scale: divide by 10 and write {value / 10:g}."
    raise RefusedError(f"{shape.name} is {text}; it runs from {low:g} to {high:g}.", mend)


def _date(shape: Shape, raw: Any) -> date:
    text = _text_of(shape, raw).strip()
    if _DAY.match(text) is None:
        raise RefusedError(f"{shape.name} takes a day and was given {text!r}.", "write YYYY-MM-DD.")
    try:
        return parse_partial_date(text)[0]
    except ValueError as error:
        raise RefusedError(f"{shape.name}: {error}.", "correct the date.") from None


def _instant(shape: Shape, raw: Any) -> str | datetime:
    if isinstance(raw, datetime):
        return raw
    text = _text_of(shape, raw).strip()
    try:
        if _DAY.match(text[:10]) is None:
            raise ValueError
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise RefusedError(
            f"{shape.name} is not a day or an instant: {text!r}.", "write 2026-03-20 or 2026-03-20T14:30:00Z."
        ) from None
    return text


def _period(shape: Shape, raw: Any) -> Period:
    if isinstance(raw, Period):
        return raw
    if isinstance(raw, str) and raw.lstrip().startswith("{"):
        raw = _json(shape, raw)
    if isinstance(raw, Mapping):
        ends = cast("Mapping[Any, Any]", raw)
        names = ("from", "to", "sure_from", "sure_to")
        for name in ends:
            if name not in names:
                raise RefusedError(f"{shape.name} has no part {name!r}.", did_you_mean(str(name), names))
        raw = {
            str(name): _date(Shape(f"{shape.name}.{name}", "date"), value)
            for name, value in ends.items()
            if value is not None
        }
    else:
        raw = _text_of(shape, raw).strip()
        raw = "/" if raw.lower() == "unknown" else raw
    try:
        return Period.model_validate(raw)
    except ValidationError as error:
        raise RefusedError(
            f"{shape.name}: {told_by(error)}.", "write YYYY, YYYY-MM, YYYY-MM-DD or two with / between."
        ) from None


def _texts(shape: Shape, raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str) and raw.lstrip().startswith("["):
        raw = _json(shape, raw)
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(";") if part.strip())
    if isinstance(raw, Sequence):
        return tuple(_text_of(shape, part) for part in cast("Sequence[Any]", raw))
    raise RefusedError(f"{shape.name} takes a list.", "write [one, two].")


def _source(shape: Shape, raw: Any) -> Source:
    if isinstance(raw, Source):
        return raw
    parts = cast("Mapping[str, Any]", raw) if isinstance(raw, Mapping) else {"system": _text_of(shape, raw)}
    known = tuple(Source.model_fields)
    for name in parts:
        if name not in known:
            raise RefusedError(f"{shape.name} has no part {name!r}.", did_you_mean(name, known))
    try:
        return Source.model_validate({name: str(value) for name, value in parts.items() if value is not None})
    except ValidationError as error:
        raise RefusedError(f"{shape.name}: {told_by(error)}.", "write the file or system that it comes from.") from None


def _json(shape: Shape, text: str) -> Any:
    try:
        return json.loads(text, parse_int=Bare, parse_float=Bare)
    except (ValueError, RecursionError):
        raise RefusedError(f"{shape.name} is not readable: {text[:60]!r}.", "check brackets and quotes.") from None


def told_by(error: ValidationError) -> str:
    """What a pydantic error says, without its apparatus."""
    told = [str(part["msg"]).removeprefix("Value error, ").rstrip(".") for part in error.errors(include_url=False)]
    return "; ".join(dict.fromkeys(told))


_READERS: dict[str, Callable[[Shape, Any], Any]] = {
    "word": _word,
    "text": _text,
    "truth": _truth,
    "number": _number,
    "count": _count,
    "date": _date,
    "period": _period,
    "instant": _instant,
    "texts": _texts,
    "source": _source,
}
