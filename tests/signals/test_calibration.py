"""Calibration: items come back from simulated answers, and agree with girth, which was written by others."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

from signals.calibration import Calibration, CannotCalibrate, calibrate
from signals.items import usual_item
from signals.responses import ItemModel, probabilities

LEVELS = np.random.default_rng(5).normal(size=2_000)


def answers_to(items: list[ItemModel], levels: np.ndarray, seed: int = 3) -> np.ndarray:
    chance = np.random.default_rng(seed)
    given = []
    for item in items:
        below = probabilities(item, levels).cumsum(axis=1)
        given.append((chance.random((len(levels), 1)) > below[:, :-1]).sum(axis=1))
    return np.stack(given, axis=1)


FIVE = [ItemModel(0.9 + 0.15 * n, (-1.6 + 0.1 * n, -0.5, 0.4, 1.4 - 0.05 * n)) for n in range(8)]
THREE = [ItemModel(0.9 + 0.15 * n, (-0.8 + 0.1 * n, 0.7)) for n in range(8)]


ITEMS = {"grm_mml": FIVE, "pcm_mml": THREE}


@cache
def fitted(name: str) -> Calibration:
    """Ours, of the same answers that girth is given."""
    items = ITEMS[name]
    return calibrate(answers_to(items, LEVELS), [usual_item(item.options, 1) for item in items])


@pytest.mark.parametrize("name", ITEMS)
def test_items_and_levels_agree_with_girth(name: str):
    items = ITEMS[name]
    given, found = answers_to(items, LEVELS), fitted(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import girth

        theirs = getattr(girth, name)(given.T)
    slopes = np.array([item.slope for item in found.items])
    steps = np.array([item.steps for item in found.items])
    assert np.abs(slopes - theirs["Discrimination"]).max() <= 0.1
    assert np.abs(steps - theirs["Difficulty"]).max() <= 0.1
    assert np.corrcoef(found.levels, theirs["Ability"])[0, 1] >= 0.99


def test_items_come_back_from_their_own_answers():
    found = fitted("grm_mml")
    for item, true in zip(found.items, FIVE, strict=True):
        assert abs(item.slope - true.slope) < 0.25
        assert np.abs(np.array(item.steps) - true.steps).max() < 0.25
    assert np.corrcoef(found.levels, LEVELS)[0, 1] > 0.9


def test_answers_not_given_say_nothing():
    given = answers_to(FIVE[:3], LEVELS[:400])
    given[0] = -1
    found = calibrate(given, FIVE[:3])
    assert abs(found.levels[0]) < 1e-9
    assert found.errors[0] == pytest.approx(1.0, abs=0.01)


def test_too_few_pupils_and_options_never_chosen_are_refused_in_a_sentence():
    given = answers_to(FIVE, LEVELS)
    with pytest.raises(CannotCalibrate, match="200 pupils or more, not 199"):
        calibrate(given[:199], FIVE)
    given[:, 2] = np.minimum(given[:, 2], 3)
    with pytest.raises(CannotCalibrate, match="Of item 2 some option was never chosen"):
        calibrate(given, FIVE)
