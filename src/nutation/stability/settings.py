"""The sweep: what is not known of ligaments and cartilage, as settings under which every construct is asked anew.

Pre-tension comes first: published as dominant (evidence: ligament_pretension_sensitivity), and nobody can measure it in
a patient. Its range runs from none, where a shortened ligament goes slack at once, to so much that none ever does.
"""

from __future__ import annotations

from dataclasses import dataclass

from nutation.evidence import Evidence, load


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the sweep: multiples of the base stiffness of the joint's cartilage across and along its surface and
    of the ligaments; pre-tension in N of every ligament; `slack` False where no ligament ever goes slack;
    `along_share`: how well bone holds an implant along its axis, as a share of across."""

    id: str
    label: str
    pretension_n: float
    along_share: float
    normal: float = 1.0
    shear: float = 1.0
    ligaments: float = 1.0
    slack: bool = True

    @property
    def solution(self) -> tuple[float, float, float]:
        """What needs a solution of its own: the joint's stiffness across and along, and the implants' hold."""
        return (self.normal, self.shear, self.along_share)


def settings(evidence: Evidence | None = None) -> tuple[Setting, ...]:
    """The base setting first, then the sweep, one thing changed at a time."""
    held = evidence or load()
    pull = held.entry("ligament_bundles").number("pretension_n")
    sweep = held.entry("ligament_sweep")
    low, high = sweep.number("low_share_of_base"), sweep.number("high_share_of_base")
    hold = held.entry("implant_grip").number("along_share")
    base = Setting("base", "base values", pull, hold)
    changed = [
        Setting("pretension_none", "no pre-tension: a shortened ligament is slack", 0.0, hold),
        Setting("pretension_lasting", "pre-tension that never ends: no ligament goes slack", pull, hold, slack=False),
        Setting("implants_bonded", "implants bonded to bone along their axis too", pull, 1.0),
    ]
    for name, share in (("low", low), ("high", high)):
        changed += [
            Setting(f"shear_{name}", f"joint {share:g} times as stiff in shear", pull, hold, shear=share),
            Setting(f"cartilage_{name}", f"cartilage {share:g} times as stiff", pull, hold, normal=share, shear=share),
            Setting(f"ligaments_{name}", f"ligaments {share:g} times as stiff", pull, hold, ligaments=share),
        ]
    return (base, *changed)
