"""Item choice: the blueprint always, what tells most where it may, and nobody's item foreseen."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.board import Board, Sheet, advance, new_board
from signals.choice import Exposure, choose_steering
from signals.items import STATE, ItemSet, item_set, usual_item
from signals.responses import ItemModel

USUAL = {f"{n}": (n // 6 if n < 48 else STATE, usual_item(5, 1 if n % 2 == 0 else -1)) for n in range(63)}
ITEMS = item_set(USUAL)


def known(answers: int) -> Board:
    """A pupil who has answered only of the first factor."""
    board = new_board(1)
    for week in range(answers):
        sheet = Sheet(
            np.array([[week % 12]]),
            np.array([[2]]),
            np.full((1, 1), 4_000.0),
            np.ones(1),
            np.ones(1, dtype=bool),
            np.ones(1, dtype=bool),
        )
        board = advance(board, sheet, ITEMS)
    return board


def chosen(seed: str, board: Board | None = None, items: ItemSet = ITEMS, **more: object) -> tuple[str, ...]:
    settings = {"recent": frozenset(), "exposure": Exposure(1_000), "first_context": 0, **more}
    return choose_steering(board or new_board(1), items, seed=seed, **settings)  # type: ignore[arg-type]


@given(st.text(max_size=5), st.integers(0, 1), st.sets(st.integers(0, 47), max_size=12))
def test_three_items_of_three_factors_contexts_in_turn_not_all_one_way(seed: str, first: int, recent: set[int]):
    names = chosen(seed, first_context=first, recent={f"{n}" for n in recent})
    series = [USUAL[name][0] for name in names]
    assert len(series) == 3
    assert len({one // 2 for one in series}) == 3
    assert [one % 2 for one in series] == [first, 1 - first, first]
    assert {USUAL[name][1].direction for name in names} == {1, -1}
    assert not {int(name) for name in names} & recent


def test_the_same_seed_chooses_the_same_and_others_choose_otherwise():
    assert chosen("a") == chosen("a")
    assert len({chosen(f"{n}") for n in range(50)}) > 20


def test_a_factor_that_is_known_already_gives_way_to_those_that_are_not():
    asked = Counter(USUAL[name][0] // 2 for n in range(40) for name in chosen(f"{n}", known(40)))
    assert asked[0] == 0
    assert min(asked[1], asked[2], asked[3]) > 0


def test_of_items_that_differ_the_best_three_come():
    sharp = {"1", "3", "5"}
    items = item_set(
        {
            name: (series, ItemModel(3.0 if name in sharp else 1.0, model.steps, model.direction))
            for name, (series, model) in USUAL.items()
        }
    )
    first = {chosen(f"{n}", items=items)[0] for n in range(60)}
    assert first == sharp


@pytest.mark.parametrize(("asked", "most"), [(1, 1), (8, 2), (40, 10)])
def test_no_item_goes_to_more_than_a_quarter(asked: int, most: int):
    exposure = Exposure(asked)
    given = Counter(name for n in range(asked) for name in chosen(f"{n}", exposure=exposure))
    assert max(given.values()) <= most


def test_where_limits_leave_nothing_they_give_way():
    assert len(chosen("a", recent=set(USUAL))) == 3


def test_a_bank_without_enough_items_gives_fewer():
    assert chosen("a", items=item_set({"0": USUAL["0"]})) == ("0",)
    assert chosen("a", items=item_set({})) == ()
