"""Standing and walking: hip contact forces on the sockets, S1 held, as the model was loaded whose motion was published.

By balance it is the same as sockets that are held under a load on S1 through the same centres; but held so, two sockets
could not move against each other, and each leg would need a solution of its own. Pushed instead, every case of standing
is a sum of two unit loads of one model: an upright newton through each hip centre.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import Evidence, load
from nutation.record.errors import InputError
from nutation.stability.loads import DIRECTIONS, Direction, LoadAxes, LoadCase, Support
from nutation.stability.mesh import VoxelMesh
from nutation.stability.regions import SIDES, Regions
from nutation.stability.supports import region_loads

HELD: Support = "s1_endplate"
"""What is held in standing: the trunk's end, against which the legs push."""

UPWARDS = 2
"""The place of an upright force among `UNIT_LOADS` in the pelvic frame's own axes."""

BEARING: Mapping[Direction, tuple[Side, ...]] = {
    "two_legs": ("left", "right"),
    "one_leg_left": ("left",),
    "one_leg_right": ("right",),
    "walking_left": ("left",),
    "walking_right": ("right",),
}
"""The legs that push in each case of standing, in the order in which cases are told."""

PUBLISHED_AS: Mapping[Direction, Direction] = {"walking_left": "one_leg_left", "walking_right": "one_leg_right"}
"""The joint's motion in walking was not seen published. Its force is that of the same leg, larger: its figures stand
and fall with that leg's."""


def loaded_sockets(regions: Regions) -> tuple[Side, ...]:
    """The sides whose hip socket the image shows, in the order of the unit loads.

    Raises InputError where it shows none.
    """
    found: list[Side] = [side for side in SIDES if regions.sockets.get(side) is not None]
    if not found:
        reasons = "; ".join(f"{side}: {regions.missing.get(f'socket_{side}', 'none')}" for side in SIDES)
        raise InputError(
            f"standing enters through the hip sockets, and none is shown ({reasons})",
            place="stance",
            mend="give an image that shows the hip sockets, or leave out --stance",
        )
    return tuple(found)


def stance_warnings(regions: Regions) -> tuple[str, ...]:
    """What of standing cannot be asked since the image cuts a socket off, in words."""
    return tuple(
        f"Standing on the {side} leg and on both is left out: {regions.missing.get(f'socket_{side}', 'no socket')}."
        for side in SIDES
        if side not in regions.sockets
    )


def stance_loads(mesh: VoxelMesh, regions: Regions) -> Floats:
    """A newton upwards through each hip centre that is shown, spread over the socket's roof: (unknowns, sockets)."""
    each = [
        region_loads(mesh, socket.roof, LoadAxes(socket.centre_mm, np.eye(3)))[:, UPWARDS]
        for socket in (regions.sockets[side] for side in loaded_sockets(regions))
    ]
    return np.stack(each, axis=1)


def stance_cases(regions: Regions, *, body_weight_n: float | None = None) -> tuple[LoadCase, ...]:
    """Standing on both legs, on one, and walking, in newtons on each socket; cases of a socket not shown are left out.

    Two and one leg with the published forces; walking with the published share of body weight (left out: the weight
    of the evidence). Upright, since the force's direction was not seen. Muscles that pull on the ilium are not in it.
    """
    stance, contact, held = load().entry("stance_forces"), load().entry("hip_contact_force"), load()
    weight = held.entry("body_weight").number() if body_weight_n is None else body_weight_n
    walking = contact.number("walking_share") * weight
    of_weight = ("hip_contact_force", *(() if body_weight_n is not None else ("body_weight",)))
    shown = loaded_sockets(regions)
    cases: list[LoadCase] = []
    for direction, legs in BEARING.items():
        if not set(legs) <= set(shown):
            continue
        walks = direction in PUBLISHED_AS
        size = walking if walks else stance.number("two_legs_n" if len(legs) > 1 else "one_leg_n")
        label = f"{DIRECTIONS[direction]}, {size:.0f} N on {'each' if len(legs) > 1 else 'its'} socket"
        if walks:
            label += f" ({weight:g} N of body weight)"
        coefficients = np.array([size if side in legs else 0.0 for side in shown])
        evidence = (*of_weight, "stance_forces") if walks else ("stance_forces",)
        cases.append(LoadCase(direction, direction, label, coefficients, HELD, 0.0, 0.0, evidence))
    return tuple(cases)


def published_turn_deg(direction: Direction, evidence: Evidence | None = None) -> tuple[float, float]:
    """The range within which published models of the same load turned, of the joint on a leg that bears."""
    entry = (evidence or load()).entry("stance_forces")
    name = "two_legs" if len(BEARING[direction]) > 1 else "one_leg"
    found = entry.interval_of(f"{name}_rotation_deg")
    if found is None:
        value = entry.number(f"{name}_rotation_deg")
        return value, value
    return found.low, found.high
