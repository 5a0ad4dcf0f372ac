"""A study as one self-contained HTML page: the order of the constructs first, figures inside, nothing loaded."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from nutation.report import words
from nutation.report.html import asset, content_hash, environment
from nutation.report.plan_html import png_size
from nutation.report.stability_figures import Figure
from nutation.report.stability_told import Plain


def render(told: Plain, figures: Sequence[Figure] = ()) -> str:
    """The page of a study as told (``stability_told.told``) with its figures; every text is escaped."""
    from markupsafe import Markup

    clean: Plain = words.cleaned(told)
    style = asset("case.css") + asset("plan.css") + asset("stability.css")
    return (
        environment()
        .get_template("stability.html.j2")
        .render(
            told=clean,
            pictures=[_shown(one) for one in figures],
            style=Markup(style),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src '{content_hash(style)}'; base-uri 'none'; "
            "form-action 'none'",
            sources={key: place for place, key in enumerate(clean["sources"], 1)},
        )
    )


def _shown(figure: Figure) -> dict[str, Any]:
    width, height = png_size(figure.png)
    return {
        "title": words.cleaned(figure.title),
        "caption": "",
        "alt": words.cleaned(figure.alt),
        "notes": [],
        "data": "data:image/png;base64," + base64.b64encode(figure.png).decode("ascii"),
        "width": width,
        "height": height,
    }
