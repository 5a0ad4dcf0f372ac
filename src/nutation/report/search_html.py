"""A design search as one self-contained HTML page: the choice, the trade-off curve, every construct; nothing loaded."""

from __future__ import annotations

import base64
from typing import Any

from nutation.report import words
from nutation.report.html import asset, content_hash, environment
from nutation.report.plan_html import png_size
from nutation.report.search_figure import HIGH_IN, WIDE_IN, Curve
from nutation.report.search_told import Plain
from nutation.report.stability_figures import Figure

PIXELS_PER_IN = 96
"""Of a browser."""


def render(told: Plain, curve: Curve, motion: Figure) -> str:
    """The page of a search as told (``search_told.told``) with its figures; every text is escaped."""
    from markupsafe import Markup

    clean: Plain = words.cleaned(told)
    style = asset("case.css") + asset("plan.css") + asset("stability.css") + asset("search.css")
    return (
        environment()
        .get_template("search.html.j2")
        .render(
            told=clean,
            curve={
                **_shown(curve.title, curve.alt, "image/svg+xml", curve.svg),
                "width": round(WIDE_IN * PIXELS_PER_IN),
                "height": round(HIGH_IN * PIXELS_PER_IN),
            },
            motion={
                **_shown(motion.title, motion.alt, "image/png", motion.png),
                **dict(zip(("width", "height"), png_size(motion.png), strict=True)),
            },
            style=Markup(style),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src '{content_hash(style)}'; base-uri 'none'; "
            "form-action 'none'",
            sources={key: place for place, key in enumerate(clean["sources"], 1)},
        )
    )


def _shown(title: str, alt: str, kind: str, content: bytes) -> dict[str, Any]:
    return {
        "title": words.cleaned(title),
        "caption": "",
        "alt": words.cleaned(alt),
        "notes": [],
        "data": f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}",
    }
