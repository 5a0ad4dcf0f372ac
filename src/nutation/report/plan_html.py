"""The plan as one self-contained HTML page: the answer first, then what it rests on, with its pictures inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from nutation.report import words
from nutation.report.html import asset, content_hash, environment
from nutation.report.plan_told import Picture, Plain


def render(told: Plain, pictures: Sequence[Picture] = ()) -> str:
    """The page of a plan as told (``plan_told.told``) with its pictures; every text is escaped, nothing is loaded.

    A view in ``told["views"]`` shows the pictures whose group is ``view <id>``; slices are grouped as their pictures
    are; those of the groups ``levels`` and ``margin`` stand beside what is said of them.
    """
    from markupsafe import Markup

    clean: Plain = words.cleaned(told)
    style = asset("case.css") + asset("plan.css")
    shown = [_shown(picture) for picture in pictures]
    views = [{**view, "pictures": _of(shown, f"view {view['id']}")} for view in clean["views"]]
    kept = {"levels", "margin", *(f"view {view['id']}" for view in views)}
    return (
        environment()
        .get_template("plan.html.j2")
        .render(
            told={**clean, "views": views},
            style=Markup(style),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src '{content_hash(style)}'; base-uri 'none'; "
            "form-action 'none'",
            groups={
                "levels": _of(shown, "levels"),
                "margin": _of(shown, "margin"),
                "slices": [
                    (group, _of(shown, group))
                    for group in dict.fromkeys(p["group"] for p in shown)
                    if group not in kept
                ],
            },
            sources={key: place for place, key in enumerate(clean["sources"], 1)},
        )
    )


def _of(shown: Iterable[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    return [picture for picture in shown if picture["group"] == group]


def _shown(picture: Picture) -> dict[str, Any]:
    width, height = png_size(picture.png)
    return {
        "group": words.cleaned(picture.group),
        "title": words.cleaned(picture.title),
        "caption": words.cleaned(picture.caption),
        "alt": words.cleaned(picture.alt),
        "notes": words.cleaned(list(picture.notes)),
        "data": "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii"),
        "width": width,
        "height": height,
    }


@lru_cache(maxsize=64)
def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels, from its head; zeros where it is none."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or len(png) < 24:
        return 0, 0
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
