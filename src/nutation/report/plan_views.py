"""Fluoroscopic views in words: what must coincide, what it looks like when off, angles as ranges, the line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nutation.planning.views import Span, View
from nutation.report import plan_words, words

_TILT, _ORBIT = ("to the head", "to the feet"), ("to the left", "to the right")


def told(views: Iterable[View]) -> list[dict[str, Any]]:
    """Each view as plain data in words, in the order in which they are used."""
    return [
        {
            "id": view.id,
            "title": view.title,
            "set_by": view.set_by,
            "coincide": [view.set_by, *(_coincidence(found.what, found.apart_mm) for found in view.coincidences)],
            "off": list(view.off),
            "pin": view.pin,
            "angles": _angles(view),
            "line": view.not_to_cross,
            "from": _seen_from(view),
            "notes": [text for text in (view.fallback, *view.warnings) if text],
            "numbers": [{"what": words.sentence(words.said(k)), "value": f"{v:.1f}"} for k, v in view.numbers.items()],
            "citation": list(view.citation),
            "mark": view.basis,
        }
        for view in views
    ]


def _coincidence(what: str, apart_mm: float) -> str:
    return f"{words.sentence(what)}: {plan_words.mm(apart_mm)} apart at this pelvis"


def _seen_from(view: View) -> str:
    """Where the detector is; a lean is the pelvis's own, and differs from the table's by how the pelvis lies on it."""
    return view.seen_from + (" (against the pelvis's own front plane)" if "leaning" in view.seen_from else "")


def _angles(view: View) -> list[str]:
    angles = view.angles
    endplate = [] if angles.endplate_deg is None else [f"Against the S1 endplate: {angles.endplate_deg:.0f}°"]
    tilt = (_span(angles.on_table_tilt, *_TILT), _one(angles.as_scanned_tilt_deg, *_TILT))
    orbit = (_span(angles.on_table_orbit, *_ORBIT), _one(angles.as_scanned_orbit_deg, *_ORBIT))
    return [
        words.sentence(_seen_from(view)),
        f"On the table, prone: {tilt[0]}; {orbit[0]}",
        f"In the scanner's frame: {tilt[1]}; {orbit[1]}",
        *endplate,
        *([f"Published, for comparison: {view.published}"] if view.published else []),
    ]


def _one(angle: float, plus: str, minus: str) -> str:
    return f"{abs(angle):.0f}° {plus if angle >= 0 else minus}"


def _span(span: Span, plus: str, minus: str) -> str:
    if round(span.high_deg) == round(span.low_deg):
        return _one(span.low_deg, plus, minus)
    if span.low_deg >= 0:
        return f"{span.low_deg:.0f} to {span.high_deg:.0f}° {plus}"
    if span.high_deg <= 0:
        return f"{-span.high_deg:.0f} to {-span.low_deg:.0f}° {minus}"
    return f"from {-span.low_deg:.0f}° {minus} to {span.high_deg:.0f}° {plus}"
