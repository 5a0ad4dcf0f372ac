"""The packaged evidence: everything sourced, every mark kept, figures as the evidence base has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nutation.evidence import MARK_WORDS, Evidence, load
from nutation.evidence.documents import citation_keys
from nutation.evidence.schema import GENERAL_KNOWLEDGE
from nutation.evidence.show import detail


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return load()


def test_every_entry_has_a_source_that_resolves(evidence: Evidence) -> None:
    assert len(evidence.entries) > 200
    for entry in evidence.entries:
        assert entry.citation
        for key in entry.citation:
            source = evidence.source(key)
            assert source.citation
        shown = detail(evidence, entry.id)
        assert shown["verified_in_words"] in MARK_WORDS.values()


def test_what_rests_on_general_knowledge_is_unverified(evidence: Evidence) -> None:
    general = [entry for entry in evidence.entries if GENERAL_KNOWLEDGE in entry.citation]
    assert general
    assert all(entry.verified == "unverified" for entry in general)


def test_every_source_is_used_or_says_why(evidence: Evidence) -> None:
    """A source that nothing cites is kept only for rule sets that are known to be without figures."""
    used = {key for entry in evidence.entries for key in entry.citation}
    trees: list[Any] = [located.plain for located in (*evidence.policies, *evidence.documents.values())]
    used |= {key for tree in trees for key in _cited(tree)}
    without_figures = {
        # policies and reviews whose figures were not seen, kept so that their rule sets can name them
        "L39802", "L39812", "L36494", "L36406", "L39025", "SPU", "HIG", "BCBS_TN", "PREMERA", "WA", "ANTHEM",
        "SIB", "CRE", "SAI", "SPL", "ACR", "AMBETTER", "GENERAL", "POL20", "ISASS20", "VDW06",
    }  # fmt: skip
    assert set(evidence.sources) - used <= without_figures


def _cited(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if "citation" in tree:
            yield from citation_keys(tree["citation"])
        for part in tree.values():
            yield from _cited(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _cited(part)


# Copied from the evidence base a second time, by row and mark, against slips of the first copying.
@pytest.mark.parametrize(
    ("entry_id", "path", "value", "mark"),
    [
        ("laslett2005_3of6", "sens", 0.94, "verified"),
        ("laslett2005_3of6", "lr_pos", 4.27, "derived"),
        ("laslett_review_3plus", "spec_non_centralisers", 0.87, "verified"),
        ("vdwurff2006_3of5", "lr_neg", 0.19, "verified"),
        ("szadek2009_3plus", "dor", 17.16, "verified"),
        ("saueressig2021", "lr_pos", 2.13, "verified"),
        ("saueressig2021_dor", "printed", 9.01, "verified"),
        ("kurosawa2017_score", "spec", 0.864, "verified"),
        ("posttest_vdwurff", "post_neg", 0.045, "derived"),
        ("mccormick2025_consensus", "high", 0.30, "secondary"),
        ("test_distraction", "sens", 0.60, "verified"),
        ("test_distraction", "lr_pos", 3.20, "secondary"),
        ("test_thigh_thrust", "lr_neg", 0.17, "derived"),
        ("test_faber", "spec", 0.16, "secondary"),
        ("murakami2008_one_finger", "sens", 0.90, "derived"),
        ("tonosu2018_one_finger", "sens", 0.77, "verified"),
        ("tonosu2018_other_signs", "groin_pain.spec", 0.78, "derived"),
        ("reliability_3of5", "", 0.70, "verified"),
        ("prior_unilateral_tender", "share", 0.185, "verified"),
        ("prior_chronic_below_l5s1", "share", 0.30, "derived"),
        ("prior_new_after_lumbar_fusion", "four_or_more_levels", 0.14, "verified"),
        ("mit15_control_block", "not_confirmed", 34, "verified"),
        ("maigne1996_control_block", "not_confirmed", 9, "derived"),
        ("block_volume", "joint_ml", 2, "secondary"),
        ("block_medicare_limits", "therapeutic_sessions_max", 4, "secondary"),
        ("block_window_bupivacaine", "to_hours", 6, "unverified"),
        ("ct_degeneration_asymptomatic", "substantial", 0.305, "secondary"),
        ("mri_deep_oedema", "postpartum", 0.143, "secondary"),
        ("inflammatory_back_pain_rule", "spec_validation", 0.724, "verified"),
        ("cause_lumbar_fusion_degeneration", "not_fused.share", 0.382, "verified"),
        ("pgp_long_term_predictors", "trendelenburg", 2.20, "verified"),
        ("complications_meta_review", "procedure_related.rate_pct", 11.11, "verified"),
        ("complications_insite", "of_followed", 89, "secondary"),
        ("revision_4y_by_implant", "screws.rate_pct", 30.8, "verified"),
        ("insite_pain", "gain.1", 52.3, "secondary"),
        ("insite_pain", "gain.3", 55.4, "verified"),
        ("imia_pain", "conservative_gain.1", 14.0, "verified"),
        ("sifi_success", "success_pct.2", 79.9, "secondary"),
        ("lois_ct_60m", "bridging_pct", 87, "verified"),
        ("randers_sham_pain_6m", "difference_nrs", -1.0, "verified"),
        ("evsi_odi", "gain_15_12m_pct", 62.5, "verified"),
        ("linq2025_pain", "last_nrs", 1.60, "secondary"),
        ("sachs2016_4y", "odi_after", 28.2, "secondary"),
        ("whang2023_by_route", "posterior.odi_gain", 16.3, "verified"),
        ("odi_pass_lumbar", "final_at_most", 22, "verified"),
        ("eq5d_mcid_decompression", "gain_at_least", 0.219, "verified"),
        ("instrument_peg", "responder_pct", 30, "secondary"),
        ("predictors_pooled", "younger_age_p", 0.008, "verified"),
        ("second_side_fusion", "share", 0.21, "verified"),
        ("device_posterior_allograft", "relief_at_least_50_pct", 205, "verified"),
    ],
)
def test_figures_and_marks(evidence: Evidence, entry_id: str, path: str, value: float, mark: str) -> None:
    entry = evidence.entry(entry_id)
    assert entry.number(path) == value
    assert entry.mark_of(path) == mark


def test_figures_that_must_not_be_here(evidence: Evidence) -> None:
    """Figures that were never seen, and tests without a reference standard, are not loaded."""
    text = " ".join(f"{e.id} {e.label} {e.population}" for e in evidence.entries).lower()
    for absent in ("elgafy", "liliang", "telli", "torpedo", "saffron", "crippled", "bedbound"):
        assert absent not in text
    randers = evidence.entry("randers_sham_pain_6m").value
    assert isinstance(randers, dict)
    assert "p" not in randers, "its p value was not seen"


def test_results_are_kept_apart_by_device(evidence: Evidence) -> None:
    """Lateral titanium's trials never stand under the allograft's class."""
    allograft = {e.id for e in evidence.entries if e.device == "posterior_allograft"}
    assert allograft == {
        "posterior_allograft_regulation", "device_posterior_allograft", "allograft_extrusion", "linq2021_pain",
        "linq2025_pain", "recovery_allograft",
    }  # fmt: skip
    trials = {
        e.id: e.device for e in evidence.entries if e.id.startswith(("insite_", "imia_", "sifi_", "lois_", "sally_"))
    }
    without_device = {name for name, device in trials.items() if device != "lateral_titanium"}
    assert without_device == {"insite_non_surgical_pain_6m"}, "that group had no device"


def test_codes_come_without_descriptors(evidence: Evidence) -> None:
    """Procedure codes are bare: our own attributes stand beside them, nothing longer than a few words."""
    for entry in evidence.entries:
        if entry.topic == "codes" and isinstance(entry.value, dict) and entry.value.get("system") == "cpt":
            texts = [part for part in entry.value.values() if isinstance(part, str)]
            assert all(len(text) <= 20 for text in texts)


@pytest.mark.parametrize(
    ("entry_id", "counts"),
    [
        # what the latent-class model reads
        ("mit15_control_block", {"first_positive": 271, "not_confirmed": 34}),
        ("maigne1996_control_block", {"examined": 54, "first_positive": 19, "not_confirmed": 9}),
        ("vdwurff2006_3of5", {"tp": 23, "fn": 4, "fp": 7, "tn": 26}),
    ],
)
def test_counts_that_the_model_reads(evidence: Evidence, entry_id: str, counts: dict[str, int]) -> None:
    entry = evidence.entry(entry_id)
    for name, count in counts.items():
        assert entry.number(name) == count
