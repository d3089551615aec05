"""The benchmark of the signals in short: it guards against their becoming worse unseen."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest

from benchmarks.signals import measure
from benchmarks.signals_school import WORLD, simulate
from benchmarks.signals_score import Figures, score
from benchmarks.signals_tried import fallen, state_alone
from benchmarks.signals_tune import fit
from benchmarks.signals_world import COMPARED_ON, REPORTED, of, off
from signals import flag
from signals.evidence import SIGNALS


@pytest.fixture(scope="module")
def found() -> tuple[dict[str, Figures], float]:
    ways, covered = measure((101, 102), 600, 1.0)
    return {name: Figures(*np.mean([astuple(one) for one in rows], axis=0)) for name, rows in ways.items()}, covered[0]


def test_signals_do_better_than_the_pilots_and_no_worse_than_they_did(found: tuple[dict[str, Figures], float]):
    signals, pilot, survey = (
        found[0][name] for name in ("signals", "check-in, pilot, untuned", "direct survey twice a year")
    )
    assert signals.correlation > pilot.correlation + 0.04 > survey.correlation
    assert signals.auc > pilot.auc > survey.auc
    assert signals.sensitivity > pilot.sensitivity > survey.sensitivity
    assert signals.correlation > 0.72
    assert signals.auc > 0.84
    assert signals.sensitivity > 0.42
    assert signals.caught > 0.35
    assert signals.false_onsets < 0.50
    assert signals.flagged <= 0.10


def test_intervals_cover_about_nine_of_ten_true_levels(found: tuple[dict[str, Figures], float]):
    assert 0.85 <= found[1] <= 0.95


def test_what_is_said_of_a_week_does_not_change_with_the_weeks_after_it():
    year = simulate(103, 60)
    first = score(year).signals
    year.options[20:] = 0
    year.milliseconds[20:] = 100.0
    year.answered[20:] = ~year.answered[20:]
    second = score(year).signals
    assert np.array_equal(first[:20], second[:20])
    assert not np.array_equal(first[20:], second[20:])


def test_weights_in_use_are_never_negative_and_fitted_ones_neither():
    assert len(flag.WEIGHTS) == len(SIGNALS)
    assert min(flag.WEIGHTS) >= 0
    signals = np.random.default_rng(1).random((500, 2))
    target = (signals[:, 0] - signals[:, 1] > 0).astype(float)
    found = fit(signals, target, np.ones(500))
    assert found[1] > 1
    assert found[2] == 0


def test_the_world_in_use_is_the_one_whose_pilots_come_out_about_as_reported():
    seeds = COMPARED_ON[:3]
    use = off(of(WORLD, seeds, ceiling=False))
    others = (replace(WORLD, at_risk=1.0), replace(WORLD, masked_share=0.05), replace(WORLD, day=1.3, survey_day=0.2))
    assert all(off(of(world, seeds, ceiling=False)) > 2 * use for world in others)
    assert off(np.array([value for value, _ in REPORTED.values()])) == 0


def test_what_was_tried_sees_no_later_week_than_its_own():
    year = simulate(104, 60)
    first, signals = state_alone(year), score(year).signals
    earlier = fallen(signals)
    year.options[20:] = 0
    signals[20:] = 0.0
    assert np.array_equal(first[:20], state_alone(year)[:20])
    assert not np.array_equal(first[20:], state_alone(year)[20:])
    assert np.array_equal(earlier[:20], fallen(signals)[:20])
    assert 0 <= first.min() < first.max() <= 1


def test_a_fall_counts_against_ones_own_average_and_a_rise_does_not():
    # Levels are counted down from three: 3.0 is the middle, 4.5 lies 1.5 below it.
    signals = np.full((12, 2, len(SIGNALS)), 3.0)
    signals[10:, 0], signals[10:, 1] = 4.5, 1.5
    assert fallen(signals)[9:].tolist() == [[0.0, 0.0], [1.5, 0.0], [1.5, 0.0]]
