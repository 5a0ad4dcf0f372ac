"""Facts from images and their reports."""

from __future__ import annotations

from nutation.criteria.language import REQUIRED, Events, Exists, Fact, Is, Known, LatestIs, OneOf, Param, all_of

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}
_METHOD, _REGION, _FINDING = OneOf("method", Param("methods")), OneOf("region", Param("regions")), Param("finding")

IMAGING = (
    Fact(
        "imaging_done",
        Exists(Events("imaging", where=all_of(_METHOD, _REGION), within_days=WITHIN)),
        "An image of the region was made with one of the methods.",
        "Was an image made of {regions} ({methods}), and when?",
        params={"methods": None, "regions": REQUIRED, **ANY_TIME},
        burden="imaging",
    ),
    Fact(
        "imaging_shows",
        Exists(Events("imaging", where=all_of(_METHOD, _REGION, Is(_FINDING, "present")), within_days=WITHIN)),
        "An image's report names the finding as present.",
        "What does the report say of {finding} (of: {regions})?",
        params={"finding": REQUIRED, "methods": None, "regions": None, **ANY_TIME},
        burden="imaging",
    ),
    Fact(
        "imaging_shows_none",
        LatestIs(
            Events("imaging", where=all_of(_METHOD, _REGION, Known(_FINDING)), within_days=WITHIN),
            Is(_FINDING, "absent"),
        ),
        "The latest image whose report speaks of the finding names it as absent.",
        "What does the report say of {finding} (of: {regions})?",
        params={"finding": REQUIRED, "methods": None, "regions": None, **ANY_TIME},
        burden="imaging",
    ),
)
"""Facts of images, joint by joint."""
