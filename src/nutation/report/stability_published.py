"""Published motion and its reduction, finite elements and cadavers, as rows that stand beside a model's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nutation.evidence import Entry, Evidence, load
from nutation.report.stability_words import MOTION

FINITE, CADAVER, POOLED = "finite elements", "cadavers", "pooled studies"
DEVICE = (
    "Published reductions are those of three triangular titanium implants from the side or from behind. They say what "
    "such models and cadavers gave, not what another construct should give."
)
_NOT_SEEN = "not seen"


def rows(evidence: Evidence | None = None) -> dict[str, list[dict[str, Any]]]:
    """By `intact` (degrees) and `reduction` (percent) rows with a cell for each motion, citation and mark."""
    held = evidence or load()
    return {"intact": _intact(held), "reduction": _reduction(held)}


def _intact(held: Evidence) -> list[dict[str, Any]]:
    bands, pooled, sex = (held.entry(name) for name in ("intact_bands", "intact_pooled", "intact_by_sex"))
    made = [
        _row(
            "Band that the intact model has to lie in",
            "reading of these",
            bands,
            {m: f"{_n(bands, f'{m}.low_deg')} to {_n(bands, f'{m}.high_deg')}°" for m in MOTION},
        ),
        _row("Intact joints, pooled", POOLED, pooled, {m: f"{_n(pooled, f'{m}_deg')}°" for m in MOTION}),
    ]
    made += [
        _row(
            f"Intact joints, {who}",
            CADAVER,
            sex,
            {m: f"{_n(sex, f'{who}.{m}_deg')} ± {_n(sex, f'{who}_sd.{m}_deg')}°" for m in MOTION},
        )
        for who in ("female", "male")
    ]
    return made


def _reduction(held: Evidence) -> list[dict[str, Any]]:
    later, earlier, soriano, cycles = (
        held.entry(name)
        for name in ("reduction_lindsey_2018", "reduction_lindsey_2015", "reduction_soriano", "reduction_lindsey_2014")
    )
    both = f"flexion {_n(earlier, 'flexion_pct')}, extension {_n(earlier, 'extension_pct')} %"
    flexed = f"{_n(soriano, 'transarticular.flexion_extension_pct')} ± "
    flexed += f"{_n(soriano, 'transarticular_sd.flexion_extension_pct')} %"
    return [
        _row("Lindsey 2018", FINITE, later, {m: f"{_n(later, f'{m}_pct')} %" for m in MOTION}),
        _row(
            "Lindsey 2015",
            FINITE,
            earlier,
            {
                "flexion_extension": both,
                **{m: f"{_n(earlier, f'{m}_pct')} %" for m in ("lateral_bending", "axial_rotation")},
            },
        ),
        _row(
            "Soriano-Baron 2015, from behind",
            CADAVER,
            soriano,
            {m: f"{_n(soriano, f'posterior.{m}_pct')} ± {_n(soriano, f'posterior_sd.{m}_pct')} %" for m in MOTION},
        ),
        _row(
            "Soriano-Baron 2015, across the joint",
            CADAVER,
            soriano,
            {"flexion_extension": flexed, "lateral_bending": _NOT_SEEN, "axial_rotation": _NOT_SEEN},
        ),
        _row("Lindsey 2014", CADAVER, cycles, {m: f"{_word(cycles, m)}, percent {_NOT_SEEN}" for m in MOTION}),
    ]


def _row(what: str, kind: str, entry: Entry, cells: Mapping[str, str]) -> dict[str, Any]:
    seen = f", n = {entry.n}" if entry.n else ""
    return {
        "what": what,
        "kind": kind,
        "population": f"{entry.population}{seen}",
        "note": entry.note,
        "cells": [{"motion": said, "said": cells[name]} for name, said in MOTION.items()],
        "citation": list(entry.citation),
        "mark": entry.verified,
        "id": entry.id,
    }


def _n(entry: Entry, path: str) -> str:
    return f"{entry.number(path):g}"


def _word(entry: Entry, name: str) -> str:
    value: Any = entry.value
    return str(value[name])
