"""A page as a browser takes it apart: its elements, and its forms with what can be filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_DAYS = ("day", "born", "on", "dated", "from", "to", "happened", "due_on", "expires_on", "free_since", "up_to")


@dataclass(slots=True)
class Input:
    """One input of a form; radio buttons of one name are one input with several values."""

    name: str
    kind: str
    value: str = ""
    values: list[str] = field(default_factory=list[str])
    chosen: list[str] = field(default_factory=list[str])
    most: int | None = None
    typed: str = ""

    @property
    def free(self) -> bool:
        """Whether anything can be typed that is no number and no date."""
        return self.kind in ("text", "textarea", "search") and self.typed == ""


@dataclass(slots=True)
class PageForm:
    """A form of a page: where it is sent, and its inputs in order."""

    action: str
    method: str
    inputs: dict[str, Input] = field(default_factory=dict[str, Input])
    buttons: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    files: list[str] = field(default_factory=list[str])

    def filled(
        self, text: Callable[[Input], str], *, everywhere: bool = False, last: bool = False
    ) -> dict[str, list[str]]:
        """What a browser sends once somebody chose the first of every choice and typed ``text`` into every free field.

        ``everywhere`` types it into dates, numbers and choices as well; ``last`` chooses the last of every choice.
        Every box is ticked, but those that say “not known”.
        """
        told: dict[str, list[str]] = {}
        for one in self.inputs.values():
            if one.kind == "hidden":
                told[one.name] = [one.value]
            elif everywhere or one.free:
                told[one.name] = [text(one)]
            elif one.kind == "checkbox":
                told[one.name] = one.values if not one.name.endswith(".unknown") else []
            elif one.kind in ("radio", "select"):
                offered = [value for value in one.values if value not in ("", "?")]
                told[one.name] = [told for told in one.chosen if told][:1] or (offered[-1:] if last else offered[:1])
            else:
                told[one.name] = ["3" if one.typed == "number" else one.value or "2026-08-01"]
        return told


class Page(HTMLParser):
    """The elements of a page with their attributes and texts, and its forms."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.forms: list[PageForm] = []
        self._open: list[str] = []
        self._form: PageForm | None = None
        self._select: Input | None = None
        self._textarea: Input | None = None
        self.feed(text)
        self.close()

    def updatepos(self, i: int, j: int) -> int:
        """Nobody asks in which line something stands: counting them would take a tenth of the time."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.elements.append((tag, told))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = PageForm(told.get("action", ""), told.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._input(self._form, tag, told)

    def _input(self, form: PageForm, tag: str, told: Mapping[str, str]) -> None:
        name, kind = told.get("name", ""), told.get("type", "text" if tag == "input" else tag)
        if tag == "button" and kind in ("submit", "button") and name:
            form.buttons.append((name, told.get("value", "")))
        elif tag == "option" and self._select is not None:
            self._select.values.append(told.get("value", ""))
            if "selected" in told:
                self._select.chosen.append(told.get("value", ""))
        elif not name or tag not in ("input", "textarea", "select"):
            return
        elif kind == "file":
            form.files.append(name)
        else:
            value = told.get("value", "")
            most = int(told["maxlength"]) if told.get("maxlength", "").isdecimal() else None
            one = form.inputs.setdefault(name, Input(name, kind, value, most=most, typed=_typed(name, kind, told)))
            if kind in ("radio", "checkbox"):
                one.values.append(value or "on")
                one.chosen += [value] if "checked" in told else []
            self._select = one if tag == "select" else None
            self._textarea = one if tag == "textarea" else None

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))
        if self._textarea is not None:
            self._textarea.value += data


def _typed(name: str, kind: str, told: Mapping[str, str]) -> str:
    """What the field asks for, as far as its page says so: a date, a number, or (empty) any text."""
    if kind in ("date", "number", "password", "email"):
        return kind
    if "typed-day" in told.get("class", "") or name.rpartition(".")[2] in _DAYS:
        return "date"
    if told.get("inputmode") in ("decimal", "numeric") or "typed-number" in told.get("class", ""):
        return "number"
    return ""
