"""The latent-class model gives back the series and figures that it was made from."""

from __future__ import annotations

import numpy as np
import pytest

from nutation.evaluation.battery_accuracy import Referee, apparent
from nutation.evaluation.block_accuracy import both_positive, solve, unconfirmed
from nutation.evaluation.chance import Array
from nutation.evaluation.joint_states import Model
from nutation.evaluation.known import Findings
from nutation.evaluation.parameters import parameters, sweep
from nutation.evaluation.scenarios import chain
from nutation.evidence import load

EVIDENCE = load()
MITCHELL = EVIDENCE.entry("mit15_control_block")
MAIGNE = EVIDENCE.entry("maigne1996_control_block")
FIRST = MAIGNE.number("first_positive") / MAIGNE.number("examined")
BOTH = MAIGNE.number("borne_out") / MAIGNE.number("examined")
BORNE_OUT = MITCHELL.number("borne_out") / MITCHELL.number("first_positive")


def at(value: float) -> Array:
    return np.array([value])


@pytest.mark.parametrize("dependence", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("sensitivity", [0.90, 0.95, 0.98])
def test_it_gives_back_the_series(sensitivity: float, dependence: float) -> None:
    """With each series' own prevalence the printed shares come out exactly: 34 of 271 is 12.5 %, 9 of 19 is 47 %."""
    false_positive, whole, positives = solve(at(sensitivity), dependence, at(FIRST), at(BOTH), at(BORNE_OUT))
    for share in (false_positive, whole, positives):
        assert 0 < share[0] < 1
    assert unconfirmed(positives, at(sensitivity), false_positive, dependence)[0] == pytest.approx(34 / 271)
    assert unconfirmed(whole, at(sensitivity), false_positive, dependence)[0] == pytest.approx(9 / 19)
    # And the share of first positives among the 54, which nothing else would hold.
    first = whole * sensitivity + (1 - whole) * false_positive
    assert first[0] == pytest.approx(19 / 54)


@pytest.mark.parametrize("dependence", sweep(EVIDENCE))
def test_its_draws_lie_about_the_series(dependence: float) -> None:
    """Each draw solves the series as they might have come out; the printed shares lie well inside."""
    blocks = parameters(EVIDENCE, dependence=dependence).blocks
    told = unconfirmed(blocks.prevalence_positives, blocks.sensitivity, blocks.false_positive, dependence)
    low, median, high = np.quantile(told, (0.05, 0.5, 0.95))
    assert low < 34 / 271 < high
    assert median == pytest.approx(34 / 271, abs=0.01)
    told = unconfirmed(blocks.prevalence_whole, blocks.sensitivity, blocks.false_positive, dependence)
    low, median, high = np.quantile(told, (0.05, 0.5, 0.95))
    assert low < 9 / 19 < high
    # The more blocks err together the less room 9 of 19 leaves: the draws lean below it.
    assert median == pytest.approx(9 / 19, abs=0.10)


def test_a_share_of_positives_is_no_false_positive_rate() -> None:
    """12.5 % of first positives not borne out is not 1 - specificity: the specificity that fits is far lower."""
    false_positive = parameters(EVIDENCE).blocks.false_positive
    assert float(np.median(false_positive)) > 0.18


def test_the_examination_shows_its_published_ratios_against_such_blocks() -> None:
    """Held against blocks that err, the battery's own accuracy gives back 2.13 (1.2 to 3.9) and 0.33 (0.11 to 0.72)."""
    battery = parameters(EVIDENCE).battery
    positive = battery.apparent_sensitivity / battery.apparent_false_positive
    negative = (1 - battery.apparent_sensitivity) / (1 - battery.apparent_false_positive)
    assert float(np.median(positive)) == pytest.approx(2.13, abs=0.15)
    assert float(np.median(negative)) == pytest.approx(0.33, abs=0.05)
    assert np.quantile(positive, 0.95) < 3.9
    # The referee's errors make the examination look worse than it is.
    assert float(np.median(battery.source / battery.other)) > float(np.median(positive))
    assert battery.kept > 0.85


def test_the_whole_model_shows_them_too() -> None:
    """Enumerated over joint, battery and one block, not by the formulas that solved for it."""
    chosen = parameters(EVIDENCE)
    model, n = chosen.model, chosen.draws
    prevalence = np.full(n, 0.3)
    referee = Referee(
        model.block_sensitivity, model.block_false_positive, prevalence, model.dorsal, np.zeros(n), model.dependence,
        model.centralising,
    )  # fmt: skip
    shown = apparent(model.battery_source, model.battery_other, referee)

    def share(battery: bool, block: float) -> Array:
        return model.chance(prevalence, Findings(battery=battery, blocks=(block,)))

    positive = share(True, 1.0) / (share(True, 1.0) + share(False, 1.0))
    negative = share(True, 0.0) / (share(True, 0.0) + share(False, 0.0))
    np.testing.assert_allclose(positive, shown[0], rtol=1e-9)
    np.testing.assert_allclose(negative, shown[1], rtol=1e-9)


def test_two_blocks_in_the_model_are_the_series_two_blocks() -> None:
    """Whatever the battery shows, two blocks of one state agree as in the series: S (S + r (1 - S))."""
    chosen = parameters(EVIDENCE)
    model: Model = chosen.model
    reached, dorsal, other = model.likelihoods(Findings(blocks=(1.0, 1.0)))
    np.testing.assert_allclose(reached, both_positive(model.block_sensitivity, model.dependence), rtol=1e-9)
    np.testing.assert_allclose(other, both_positive(model.block_false_positive, model.dependence), rtol=1e-9)
    assert np.all(dorsal < reached)


def test_saueressig_at_twenty_per_cent() -> None:
    """20 % before, ratios 2.13 and 0.33: 0.25 x 2.13 = 0.5325, so 35 %; 0.25 x 0.33 = 0.0825, so 8 %."""
    entry = EVIDENCE.entry("saueressig2021")
    assert round(chain(entry.number("pretest"), entry.number("lr_pos")), 2) == 0.35 == entry.number("post_pos")
    assert round(chain(entry.number("pretest"), entry.number("lr_neg")), 2) == 0.08 == entry.number("post_neg")


def test_van_der_wurff_at_twenty_per_cent() -> None:
    """0.25 x 4.02 = 1.005, so 50 %; 0.25 x 0.19 = 0.0475, so 4.5 %."""
    entry = EVIDENCE.entry("vdwurff2006_3of5")
    assert chain(0.20, entry.number("lr_pos")) == pytest.approx(0.50, abs=0.005)
    assert chain(0.20, entry.number("lr_neg")) == pytest.approx(0.045, abs=0.0005)
