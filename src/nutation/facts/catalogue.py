"""Every fact by name: what policies, gate and model may ask of a joint."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nutation.criteria.language import Fact
from nutation.facts.care import CARE
from nutation.facts.complaint import COMPLAINT
from nutation.facts.diagnoses import DIAGNOSES
from nutation.facts.examination import EXAMINATION
from nutation.facts.imaging import IMAGING
from nutation.facts.injections import INJECTIONS
from nutation.facts.person import PERSON

CATALOGUE: Mapping[str, Fact] = MappingProxyType(
    {fact.name: fact for fact in (*PERSON, *COMPLAINT, *EXAMINATION, *INJECTIONS, *CARE, *IMAGING, *DIAGNOSES)}
)
"""Name → fact. Each name is declared once."""
