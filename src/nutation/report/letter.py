"""A letter written in the clinic, set on paper as it was written, so that findings can be pinned to its pages."""

from __future__ import annotations


def pdf(
    title: str, correspondent: str, dated: str, text: str, *, patient: str, author: str, paper: str = "a4"
) -> bytes:
    """The letter as PDF/UA-1: its title, whom it is from or to, its day, and every line of ``text`` as it stands.

    ``patient`` is who it is about, on every page; ``author`` entered it, who need not have written it.
    """
    from nutation.report.pdf import render

    told = {
        "title": title, "correspondent": correspondent, "dated": dated, "lines": text.split("\n"), "patient": patient,
        "author": author,
    }  # fmt: skip
    return render("letter", told, paper=paper)
