"""The plan's report as PDF/UA-1: what the page says, for paper and for the archive (as DICOM)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from nutation.report import words
from nutation.report.plan_told import Picture, Plain


def pdf(told: Plain, pictures: Sequence[Picture] = (), *, paper: str = "a4") -> bytes:
    """The report of a plan as told (``plan_told.told``) with its pictures, grouped as the page groups them."""
    from nutation.report.pdf import picture as wrapped
    from nutation.report.pdf import render

    files = {f"picture-{number}.svg": wrapped(picture.png) for number, picture in enumerate(pictures)}
    return render("plan", model(told, pictures), paper=paper, files=files)


def model(told: Plain, pictures: Sequence[Picture] = ()) -> Plain:
    """What the report prints: the told plan with its pictures by their files' names, marks and sources in words."""
    shown: list[Plain] = [
        {
            "file": f"picture-{number}.svg", "group": picture.group, "title": picture.title,
            "caption": picture.caption, "alt": picture.alt, "notes": list(picture.notes),
        }
        for number, picture in enumerate(pictures)
    ]  # fmt: skip
    groups: dict[str, list[Plain]] = {}
    for picture in shown:
        groups.setdefault(picture["group"], []).append(picture)
    views = [{**_marked(view), "pictures": groups.pop(f"view {view['id']}", [])} for view in told["views"]]
    levels, margin = groups.pop("levels", []), groups.pop("margin", [])
    identity = {row["what"]: row["said"] for row in told["identity"]}
    sources: Mapping[str, Plain] = told["sources"]
    return {
        **told,
        "side_words": identity["Side"],
        "id": identity["Identifier"],
        "image": identity["Image"],
        "views": views,
        "levels_pictures": levels,
        "margin_pictures": margin,
        "slices": [{"name": name, "pictures": told_of} for name, told_of in groups.items()],
        "basis": [_marked(row) for row in cast("Iterable[Plain]", told["basis"])],
        "marks_said": [
            {"mark": words.MARKS[mark], "words": words.mark_meaning(mark, text)} for mark, text in told["marks"].items()
        ],
        "sources_said": [{"key": key, **source} for key, source in sources.items()],
        "versions_said": [f"{name} {version}" for name, version in told["versions"].items()],
    }


def _marked(row: Plain) -> dict[str, Any]:
    return {**row, "mark_said": words.MARKS.get(row["mark"], "")}
