"""Plain data set on paper by Typst: templates are package data, values come in as JSON and are never read as markup.

Every PDF is PDF/UA-1 (tagged, with its language and title), which also means that no character can silently turn
into an empty box: one that no font shows is printed as its code point.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files as resources
from typing import Any, Literal, cast, get_args

from nutation.record.errors import InputError

Paper = Literal["a4", "us-letter"]
PAPERS: tuple[Paper, ...] = get_args(Paper)
_SHARED = ("base.typ", "exhibits.typ")
"""Templates that others import."""

_PLAIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x180), 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D)))
"""Signs that the bundled fonts are known to show; all others are tried."""
_OVERRIDES = frozenset(map(chr, (0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069)))
"""Signs that turn the direction of what follows: a name could turn a neighbour's text around with them."""
_ISOLATE, _POP, _BREAK = "\u2068", "\u2069", "\u200b"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LONG = re.compile(r"\S{25,}")
_PROBE = b'#set document(title: "probe", date: none)\n#set text(lang: "en")\n#json("data.json").text'


def render(
    template: str, data: Mapping[str, Any], *, paper: str = "a4", files: Mapping[str, bytes] | None = None
) -> bytes:
    """The PDF that ``typst/<template>.typ`` makes of the data; ``files`` are pictures that it names (``picture``).

    The same data give the same bytes on one machine. Raises InputError for a paper that is not known.
    """
    if paper not in PAPERS:
        raise InputError(f"{paper!r} is no paper that is printed on.", mend=f"use one of {', '.join(PAPERS)}.")
    shown = _Signs(_texts(data))
    told = json.dumps({**_mapped(data, shown.printable), "paper": paper}, ensure_ascii=True).encode()
    sources = {name: _template(name) for name in (*_SHARED, f"{template}.typ")}
    sources["main.typ"] = sources.pop(f"{template}.typ")
    return _accessible({**(files or {}), **sources, "data.json": told}, system_fonts=shown.system_fonts)


def picture(png: bytes) -> bytes:
    """A PNG wrapped into SVG, to be named ``….svg``: the Typst package takes files that are text alone."""
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'xlink:href="data:image/png;base64,{base64.b64encode(png).decode("ascii")}"/></svg>'
    ).encode("ascii")


def _accessible(sources: dict[str, bytes], *, system_fonts: bool) -> bytes:
    """PDF/UA-1; plain PDF where signs that are shown one by one cannot be shown together (rare combinations)."""
    import typst

    try:
        return _compiled(sources, system_fonts=system_fonts)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return _compiled(sources, system_fonts=system_fonts, accessible=False)


@cache
def _template(name: str) -> bytes:
    return (resources("nutation.report") / "typst" / name).read_bytes()


def _compiled(sources: dict[str, bytes], *, system_fonts: bool, accessible: bool = True) -> bytes:
    import typst

    return typst.compile(
        cast(Any, sources), format="pdf", ignore_system_fonts=not system_fonts,
        pdf_standards=["ua-1"] if accessible else [],
    )  # fmt: skip


class _Signs:
    """Which signs of a document the fonts show, and the document's texts made printable with them."""

    def __init__(self, texts: Iterable[str]) -> None:
        unusual = {sign for text in texts for sign in text} - _PLAIN - {"\n", "\t", "\r"} - _OVERRIDES
        odd = {sign for sign in unusual if _is_control(sign)}
        missing = _missing(unusual - odd, system_fonts=False)
        still = _missing(missing, system_fonts=True) if missing else missing
        self.system_fonts = len(still) < len(missing)
        self._unshown = odd | still | _OVERRIDES

    def printable(self, text: str) -> str:
        """The text with code points for what cannot be shown, breaks in very long words, and its own direction."""
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        if not self._unshown.isdisjoint(text):
            text = "".join(f"‹U+{ord(sign):04X}›" if sign in self._unshown else sign for sign in text)
        text = _LONG.sub(_broken, text)
        return f"{_ISOLATE}{text}{_POP}" if _RIGHT_TO_LEFT.search(text) else text


def _is_control(sign: str) -> bool:
    point = ord(sign)
    return point < 0x20 or 0x7F <= point < 0xA0 or 0xD800 <= point <= 0xDFFF or (point & 0xFFFE) == 0xFFFE


def _missing(signs: set[str], *, system_fonts: bool) -> set[str]:
    """Signs that no font shows. Alphabets are tried sign by sign, the large scripts and pictures by their block."""
    lost: set[str] = set()
    of_block: dict[int, bool] = {}
    for sign in sorted(signs):
        block = ord(sign) >> 8 if ord(sign) >= 0x2E80 else -ord(sign)
        if block not in of_block:
            of_block[block] = _shows(sign, system_fonts)
        if not of_block[block]:
            lost.add(sign)
    return lost


@cache
def _shows(sign: str, system_fonts: bool) -> bool:
    import typst

    sources = {"main.typ": _PROBE, "data.json": json.dumps({"text": f"a{sign}"}).encode()}
    try:
        _compiled(sources, system_fonts=system_fonts)
    except typst.TypstError:
        return False
    return True


def _broken(match: re.Match[str]) -> str:
    """A very long word that may be broken after its own punctuation, else every twelve signs."""
    word = re.sub(r"([/_.,;:=&?\-])(?=\w)", rf"\1{_BREAK}", match[0])
    return re.sub(rf"([^{_BREAK}]{{12}})(?=[^{_BREAK}]{{4}})", rf"\1{_BREAK}", word)


def _texts(node: Any) -> Iterable[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for part in cast("Mapping[str, Any]", node).values():
            yield from _texts(part)
    elif isinstance(node, list | tuple):
        for part in cast("list[Any]", node):
            yield from _texts(part)


def _mapped(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, Mapping):
        return {key: _mapped(part, change) for key, part in cast("Mapping[str, Any]", node).items()}
    if isinstance(node, list | tuple):
        return [_mapped(part, change) for part in cast("list[Any]", node)]
    return node
