"""Implants as beams against implants in fine cubes: `uv run python benchmarks/implant_beams.py [REFERENCE_MM ...]`.

Two blocks of trabecular bone with shells and a soft joint, one 7 mm triangular implant through both (see
tests/stability/resolved_made.py). The reference is bonded titanium in ever finer cubes, each weighed by what the
implant fills of it, and a straight line through its results to cubes of no size. Beside it the beam in the model's
cubes: on a bed so thin that it is bonded, and on the model's own bed, bonded and gliding along the axis. What is told
is how far the sacrum's block moves against the ilium's for each load, and which share of the load the implant carries.
Cubes of 0.4 mm take a quarter of a minute and 2 GB, cubes of 1/3 mm half a minute and 3 GB.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.stability.implants import Grip
from stability.resolved_made import BONDED_MM, LOADS, Blocks, Found, as_beam, intact, resolved

REFERENCE_MM = (1.0, 2 / 3, 0.5, 0.4)
CUBES_MM = (2.0, 1.0)


def main() -> None:
    sizes = [float(Fraction(text)) for text in sys.argv[1:]] or list(REFERENCE_MM)
    blocks = Blocks()
    print("motion in nm/N and nrad/(N mm), then the share through the implant in %")
    print(f"{'':34s}", " ".join(f"{name:>8s}" for name in LOADS), " |", " ".join(f"{name:>7s}" for name in LOADS))
    row("no implant, cubes of 2 mm", intact(blocks, 2.0))
    found = [row(f"resolved in cubes of {size:.3g} mm", resolved(blocks, size)) for size in sizes]
    limit = np.array([np.polyfit(sizes, values, 1)[1] for values in np.array(found).T])
    told("resolved, cubes of no size", limit)
    grip = load().entry("implant_grip")
    bed, share = grip.number("bed_mm"), grip.number("along_share")
    rows = {
        "bonded": Grip(BONDED_MM, 1.0),
        f"bed {bed:g} mm, bonded along": Grip(bed, 1.0),
        f"bed {bed:g} mm, gliding": Grip(bed, share),
    }
    for name, held in rows.items():
        for size in CUBES_MM:
            beam = row(f"{name}, {size:g} mm", as_beam(blocks, size, held))
            compared(beam, limit)
    coarse = row("resolved in cubes of 2 mm", resolved(blocks, 2.0))
    compared(coarse, limit)


def row(name: str, found: Found) -> Floats:
    """Prints one model's answers and hands them back, (12,): motions, then shares."""
    values = np.array([*(found.give(load) for load in LOADS), *(found.share(load) for load in LOADS)])
    told(name, values)
    return values


def compared(values: Floats, limit: Floats) -> None:
    errors = " ".join(f"{100 * one:+7.1f}%" for one in values[:6] / limit[:6] - 1)
    print(f"{'   motion against the reference':34s}", errors)


def told(name: str, values: Floats) -> None:
    motions = " ".join(f"{1e6 * value:8.2f}" for value in values[:6])
    shares = " ".join(f"{100 * value:7.1f}" for value in values[6:])
    print(f"{name:34s}", motions, " |", shares, flush=True)


if __name__ == "__main__":
    main()
