"""Published figures reproduce from their own counts; where they do not, the data say so.

Figures are read from the evidence, never written here a second time, except what a figure must come out as.
"""

from __future__ import annotations

import math
from typing import Any, cast

import pytest

from nutation.evidence import Entry, load

Z95 = 1.959964


def entry(entry_id: str) -> Entry:
    return load().entry(entry_id)


def after(pretest: float, ratio: float) -> float:
    """Bayes by odds: probability after a result with that likelihood ratio."""
    odds = pretest / (1 - pretest) * ratio
    return odds / (1 + odds)


def half_unit(number: float, decimals: int) -> float:
    """Half of the last decimal printed: how far a rounded figure can lie from its exact value."""
    return 0.5 * 10**-decimals + 1e-9


# ---- van der Wurff 2006: the 2x2 table gives every figure printed with it

TABLE = {name: entry("vdwurff2006_3of5").number(name) for name in ("tp", "fn", "fp", "tn")}
SENS = TABLE["tp"] / (TABLE["tp"] + TABLE["fn"])  # 23 / 27
SPEC = TABLE["tn"] / (TABLE["tn"] + TABLE["fp"])  # 26 / 33


def test_van_der_wurff_counts_are_its_patients() -> None:
    assert sum(TABLE.values()) == entry("vdwurff2006_3of5").n == 60


@pytest.mark.parametrize(
    ("name", "computed"),
    [
        ("sens", SENS),
        ("spec", SPEC),
        ("ppv", TABLE["tp"] / (TABLE["tp"] + TABLE["fp"])),  # 23 / 30
        ("npv", TABLE["tn"] / (TABLE["tn"] + TABLE["fn"])),  # 26 / 30
        ("lr_pos", SENS / (1 - SPEC)),  # (23/27) / (7/33) = 4.016
        ("lr_neg", (1 - SENS) / SPEC),  # (4/27) / (26/33) = 0.188
    ],
)
def test_van_der_wurff_table_gives_its_printed_figures(name: str, computed: float) -> None:
    printed = entry("vdwurff2006_3of5").number(name)
    assert round(computed, 2) == printed


@pytest.mark.parametrize(("name", "share", "count"), [("sens", SENS, 27), ("spec", SPEC, 33)])
def test_van_der_wurff_share_intervals_are_95_percent_wald(name: str, share: float, count: int) -> None:
    """The level was not seen: p ± 1.96 √(p(1−p)/n) gives the printed limits, so it is 95 %."""
    interval = entry("vdwurff2006_3of5").interval_of(name)
    assert interval is not None
    assert interval.level == 0.95
    half = Z95 * math.sqrt(share * (1 - share) / count)
    assert (round(share - half, 2), round(share + half, 2)) == (interval.low, interval.high)


def test_van_der_wurff_ratio_intervals_are_95_percent_on_the_log_scale() -> None:
    """ln LR ± 1.96 √(1/a − 1/n₁ + 1/b − 1/n₀); the upper limit of LR+ comes out as 7.90, printed 7.89."""
    study = entry("vdwurff2006_3of5")
    for name, with_joint, without in (("lr_pos", "tp", "fp"), ("lr_neg", "fn", "tn")):
        ratio = SENS / (1 - SPEC) if name == "lr_pos" else (1 - SENS) / SPEC
        spread = math.sqrt(1 / TABLE[with_joint] - 1 / 27 + 1 / TABLE[without] - 1 / 33)
        interval = study.interval_of(name)
        assert interval is not None
        assert math.exp(math.log(ratio) - Z95 * spread) == pytest.approx(interval.low, abs=0.01)
        assert math.exp(math.log(ratio) + Z95 * spread) == pytest.approx(interval.high, abs=0.015)


# ---- likelihood ratios agree with sensitivity and specificity within the rounding of both

WITH_RATIOS = [
    ("laslett2005_3of6", 2, 2),
    ("test_distraction", 2, 2),
    ("test_thigh_thrust", 1, 2),
    ("test_compression", 1, 2),
    ("test_sacral_thrust", 1, 2),
    ("test_gaenslen", 1, 2),
    ("murakami2008_one_finger", 1, 2),
    ("tonosu2018_one_finger", 1, 2),
]


@pytest.mark.parametrize(("entry_id", "decimals_pos", "decimals_neg"), WITH_RATIOS)
def test_ratios_follow_from_sensitivity_and_specificity(entry_id: str, decimals_pos: int, decimals_neg: int) -> None:
    """Each printed share may lie half a hundredth off; the printed ratio must lie in what that allows."""
    study = entry(entry_id)
    sens, spec, slack = study.number("sens"), study.number("spec"), half_unit(0, 2)
    lowest = (sens - slack) / (1 - spec + slack)
    highest = (sens + slack) / (1 - spec - slack)
    pos, neg = study.number("lr_pos"), study.number("lr_neg")
    assert lowest - half_unit(pos, decimals_pos) <= pos <= highest + half_unit(pos, decimals_pos)
    lowest = (1 - sens - slack) / (spec + slack)
    highest = (1 - sens + slack) / (spec - slack)
    assert lowest - half_unit(neg, decimals_neg) <= neg <= highest + half_unit(neg, decimals_neg)


def test_every_single_test_with_a_ratio_is_checked() -> None:
    with_ratio = {
        e.id
        for e in load().entries
        if isinstance(e.value, dict) and {"sens", "spec", "lr_pos", "lr_neg"} <= set(e.value)
    }
    assert with_ratio == {name for name, _, _ in WITH_RATIOS} | {"vdwurff2006_3of5"}


def test_murakami_counts_give_its_figures() -> None:
    """18 of 20 responders pointed (0.90); 11 of 18 non-responders did not (0.61)."""
    study = entry("murakami2008_one_finger")
    responders = study.number("pointing_responded") + study.number("not_pointing_responded")
    others = study.number("pointing") + study.number("not_pointing") - responders
    assert round(study.number("pointing_responded") / responders, 2) == study.number("sens")
    not_pointing_others = study.number("not_pointing") - study.number("not_pointing_responded")
    assert round(not_pointing_others / others, 2) == study.number("spec")
    assert responders + others == study.n


# ---- post-test probabilities


def test_a_fifth_before_and_saueressigs_cluster() -> None:
    """Odds 0.25 × 2.13 = 0.5325 → 35 %; 0.25 × 0.33 = 0.0825 → 8 %."""
    study = entry("saueressig2021")
    pretest = study.number("pretest")
    assert pretest == 0.20
    assert round(after(pretest, study.number("lr_pos")), 2) == 0.35 == study.number("post_pos")
    assert round(after(pretest, study.number("lr_neg")), 2) == 0.08 == study.number("post_neg")
    derived = entry("posttest_saueressig")
    assert (derived.number("post_pos"), derived.number("post_neg")) == (0.35, 0.08)


def test_a_fifth_before_and_van_der_wurff() -> None:
    """Odds 0.25 × 4.02 = 1.005 → 50 %; 0.25 × 0.19 = 0.0475 → 4.5 %."""
    study, derived = entry("vdwurff2006_3of5"), entry("posttest_vdwurff")
    pretest = derived.number("pretest")
    assert round(after(pretest, study.number("lr_pos")), 2) == derived.number("post_pos") == 0.50
    assert round(after(pretest, study.number("lr_neg")), 3) == derived.number("post_neg") == 0.045


def test_saueressigs_odds_ratio_does_not_reproduce_and_says_so() -> None:
    study, printed = entry("saueressig2021"), entry("saueressig2021_dor")
    computed = study.number("lr_pos") / study.number("lr_neg")
    assert round(computed, 1) == printed.number("from_likelihood_ratios") == 6.5
    assert printed.number("printed") == 9.01
    assert abs(computed - printed.number("printed")) > 2
    assert "does not reproduce" in printed.note.lower()
    assert printed.mark_of("from_likelihood_ratios") == "derived"
    assert isinstance(study.value, dict)
    assert "dor" not in study.value, "nothing that computes with the cluster can take it by accident"


# ---- series of control blocks


def test_control_block_series() -> None:
    """34 of 271 is 12.5 % and 9 of 19 is 47 %: shares of first positives."""
    first = entry("mit15_control_block")
    assert round(first.number("not_confirmed") / first.number("first_positive"), 3) == first.number("share") == 0.125
    assert first.number("borne_out") + first.number("not_confirmed") == first.number("first_positive")
    second = entry("maigne1996_control_block")
    assert round(second.number("not_confirmed") / second.number("first_positive"), 2) == 0.47
    assert round(second.number("not_confirmed") / second.number("examined"), 2) == 0.17
    assert second.number("borne_out") + second.number("not_confirmed") == second.number("first_positive")
    prior = entry("prior_unilateral_tender")
    assert prior.number("events") == second.number("borne_out"), "the same ten patients"


# ---- counts and shares printed together agree, everywhere in the evidence


def _with_counts(value: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    part = cast("dict[str, Any]", value)
    found = [(path, part)] if {"events", "of"} <= set(part) else []
    for key, inner in part.items():
        found += _with_counts(inner, f"{path}.{key}".strip("."))
    return found


COUNTED = [(e.id, path, part) for e in load().entries for path, part in _with_counts(e.value)]


def test_counts_are_found() -> None:
    assert len(COUNTED) > 30


@pytest.mark.parametrize(("entry_id", "path", "part"), COUNTED, ids=[f"{i}:{p}" for i, p, _ in COUNTED])
def test_counts_give_the_printed_share(entry_id: str, path: str, part: dict[str, Any]) -> None:
    """Within half of the last printed decimal; whole per cents within half a per cent (Maigne: 18.5 of 18.52)."""
    computed = part["events"] / part["of"]
    assert 0 <= computed <= 1
    if "share" in part:
        assert computed == pytest.approx(part["share"], abs=0.005)
    if "rate_pct" in part:
        assert 100 * computed == pytest.approx(part["rate_pct"], abs=0.5)


def test_inference_of_inflammatory_back_pain() -> None:
    """5 % before, with LR+ from 0.796 / 0.276 = 2.9 (validation) to 0.77 / 0.083 = 9.3, gives 13 to 33 %."""
    rule, told = entry("inflammatory_back_pain_rule"), entry("inflammatory_back_pain_to_spa")
    low = after(told.number("pretest"), rule.number("sens_validation") / (1 - rule.number("spec_validation")))
    high = after(told.number("pretest"), rule.number("sens") / (1 - rule.number("spec")))
    assert low <= told.number("post_low") <= told.number("post_high") <= high


def test_neuromonitoring_counts() -> None:
    """8 of 10 misplaced were signalled (0.80); 98 of 101 others were silent (0.97)."""
    study = entry("neuromonitoring")
    tp, fp, fn, tn = (study.number(name) for name in ("tp", "fp", "fn", "tn"))
    assert tp + fp + fn + tn == study.number("implants")
    assert round(tp / (tp + fn), 2) == study.number("sens")
    assert round(tn / (tn + fp), 2) == study.number("spec")
