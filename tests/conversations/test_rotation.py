"""The weekly rotation: what any pupil meets over any run of weeks."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.bank import CONTEXTS, FACTORS, LATEST, load
from conversations.bank.rotation import choose

BANK = load(LATEST)
STATE = {item.id for item in BANK.items.values() if item.kind == "state"}
STEERING = {item.id for item in BANK.items.values() if item.kind == "steering"}
rounds = st.integers(0, 5_000)
seeds = st.integers(-(2**63), 2**64)


def run_of(first: int, count: int, seed: int) -> list[tuple[str, ...]]:
    return [choose(BANK, round_number=number, seed=seed) for number in range(first, first + count)]


@given(rounds, seeds)
def test_round_is_two_state_items_of_two_themes_then_three_steering_items_of_three_factors(first: int, seed: int):
    items = [BANK.items[id] for id in choose(BANK, round_number=first, seed=seed)]
    assert [item.kind for item in items] == ["state"] * 2 + ["steering"] * 3
    assert len({item.factor for item in items[:2]}) == 2
    assert len({item.factor for item in items[2:]}) == 3


@given(rounds, seeds)
def test_round_is_the_same_when_worked_out_again(first: int, seed: int):
    assert choose(BANK, round_number=first, seed=seed) == choose(BANK, round_number=first, seed=seed)


@given(rounds, seeds)
def test_contexts_take_turns_within_a_round_and_into_the_next(first: int, seed: int):
    contexts = [BANK.items[id].context for chosen in run_of(first, 4, seed) for id in chosen[2:]]
    assert all(one != other for one, other in pairwise(contexts))


@given(rounds, seeds)
def test_any_16_rounds_hold_each_steering_item_once_and_each_factor_and_context_six_times(first: int, seed: int):
    met = [id for chosen in run_of(first, 16, seed) for id in chosen[2:]]
    assert Counter(met) == dict.fromkeys(STEERING, 1)
    assert Counter((BANK.items[id].factor, BANK.items[id].context) for id in met) == {
        (factor, context): 6 for factor in FACTORS for context in CONTEXTS
    }


@given(rounds, seeds)
def test_steering_items_of_a_round_never_all_run_the_same_way(first: int, seed: int):
    assert {BANK.items[id].direction for id in choose(BANK, round_number=first, seed=seed)[2:]} == {1, -1}


@given(rounds, seeds)
def test_any_8_rounds_hold_every_state_item(first: int, seed: int):
    assert {id for chosen in run_of(first, 8, seed) for id in chosen[:2]} == STATE


@given(rounds, seeds)
def test_any_15_rounds_hold_each_state_item_twice(first: int, seed: int):
    met = Counter(id for chosen in run_of(first, 15, seed) for id in chosen[:2])
    assert met == dict.fromkeys(STATE, 2)


@given(rounds, seeds)
def test_no_item_comes_again_within_5_rounds(first: int, seed: int):
    met = [id for chosen in run_of(first, 6, seed) for id in chosen]
    assert len(set(met)) == len(met) == 30


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_240_seeds_in_a_row_start_at_240_different_places(first: int, seed: int):
    assert len({choose(BANK, round_number=first, seed=seed + step) for step in range(240)}) == 240


@given(rounds, seeds)
def test_pupils_with_neighbouring_seeds_share_no_steering_item_in_a_round(first: int, seed: int):
    one, other = choose(BANK, round_number=first, seed=seed), choose(BANK, round_number=first, seed=seed + 1)
    assert set(one[2:]) & set(other[2:]) == set()


def test_negative_round_is_refused():
    with pytest.raises(ValueError, match="a round is counted from 0 upwards, not -1"):
        choose(BANK, round_number=-1, seed=0)
