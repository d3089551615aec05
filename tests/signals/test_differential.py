"""Differential item functioning: found where it was put in, not where groups merely differ in level."""

from __future__ import annotations

import numpy as np
import pytest

from signals.differential import differential
from signals.items import usual_item
from signals.responses import probabilities

PUPILS = 1_200
GROUPS = ["red" if number % 3 else "blue" for number in range(PUPILS)]
RED = np.array([group == "red" for group in GROUPS])


@pytest.fixture
def chance() -> np.random.Generator:
    """Each test's own, so that what it draws does not hang on which ran before it."""
    return np.random.default_rng(6)


def answers(chance: np.random.Generator, levels: np.ndarray) -> np.ndarray:
    below = probabilities(usual_item(5, 1), levels).cumsum(axis=1)
    return np.asarray((chance.random((len(levels), 1)) > below[:, :-1]).sum(axis=1))


def test_an_item_that_is_harder_for_one_group_is_notable(chance: np.random.Generator):
    levels = chance.normal(size=PUPILS)
    found = differential(answers(chance, levels - 1.2 * RED), levels, GROUPS)
    assert found is not None
    assert found.notable(63)
    assert found.answers == PUPILS


def test_groups_that_differ_in_level_alone_are_not(chance: np.random.Generator):
    levels = chance.normal(size=PUPILS) - 0.8 * RED
    found = differential(answers(chance, levels), levels, GROUPS)
    assert found is not None
    assert not found.notable(63)
    assert found.effect < 0.01


@pytest.mark.parametrize(
    ("count", "groups"), [(0, []), (150, GROUPS[:150]), (400, ["red"] * 400), (400, ["red"] * 391 + ["blue"] * 9)]
)
def test_too_little_to_go_by_gives_nothing(count: int, groups: list[str]):
    levels = np.linspace(-1, 1, count)
    assert differential(np.arange(count) % 5, levels, groups) is None


def test_an_item_always_answered_alike_gives_nothing():
    assert differential(np.zeros(PUPILS, dtype=np.intp), np.linspace(-1, 1, PUPILS), GROUPS) is None
