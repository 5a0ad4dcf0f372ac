"""`--implants`: a clinic's own list of sizes, or a packaged system, with its diameter where it comes in several."""

from __future__ import annotations

import re
from pathlib import Path

from nutation.anatomy.implants import Size
from nutation.planning.catalogue import Catalogue, packaged_catalogue, read_catalogue
from nutation.record.errors import InputError

_DIAMETER = re.compile(r"(?P<system>.*?\S)\s+(?P<mm>\d+(?:\.\d+)?)(?:\s*mm)?", re.IGNORECASE)
_LISTS = (".csv", ".tsv", ".yaml", ".yml")


def sizes_named(text: str, approach: str) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    """The sizes of one section and diameter that a plan chooses from, and what is to be said of them.

    `text` is a file, or a system ("iFuse", "iFuse TORQ 12"). Raises InputError naming what there is.
    """
    path = Path(text)
    if path.is_file() or path.suffix.lower() in _LISTS:
        return _of_a_list(read_catalogue(path), path.name, approach)
    return _of_a_system(packaged_catalogue(), text.strip(), approach)


def _of_a_list(catalogue: Catalogue, name: str, approach: str) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    """One kind of a clinic's list: all of it, or what it names for the approach, and what else it holds."""
    sizes = catalogue.sizes
    if len({(size.section, size.diameter_mm) for size in sizes}) > 1:
        sizes = catalogue.for_approach(approach)
    said = [*catalogue.cautions_for(sizes)]
    if len(sizes) < len(catalogue.sizes):
        first = sizes[0]
        said.append(
            f"{name} holds several kinds of implant: planned with {first.system} of {first.diameter_mm:g} mm alone "
            "(`default_for` in the list chooses another)."
        )
    return sizes, tuple(said)


def _of_a_system(catalogue: Catalogue, text: str, approach: str) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    systems = {size.system.lower(): size.system for size in catalogue.sizes}
    system, wanted = text, None
    match = _DIAMETER.fullmatch(text)
    if text.lower() not in systems and match is not None:
        system, wanted = match["system"], float(match["mm"])
    sizes = catalogue.of_system(system)
    system = sizes[0].system
    diameters = sorted({size.diameter_mm for size in sizes})
    if wanted is None and len(diameters) > 1:
        usual = catalogue.preferred.get(approach)
        wanted = usual[1] if usual is not None and usual[0] == system else None
    if wanted is None and len(diameters) > 1:
        listed = ", ".join(f"{mm:g}" for mm in diameters)
        raise InputError(
            f"{system} comes in {listed} mm.", place="--implants",
            mend=f"write the diameter too: --implants '{system} {diameters[0]:g}'.",
        )  # fmt: skip
    if wanted is not None and wanted not in diameters:
        listed = ", ".join(f"{mm:g}" for mm in diameters)
        raise InputError(
            f"{system} does not come in {wanted:g} mm.", place="--implants", mend=f"write one of {listed}."
        )
    sizes = catalogue.of_system(system, wanted)
    said = [*catalogue.cautions_for(sizes)]
    uses = catalogue.approaches.get(system, ())
    if uses and approach not in uses:
        said.append(
            f"{system} is listed for {' and '.join(uses)}, not for the approach {approach}: no source was seen for it."
        )
    return sizes, tuple(said)
