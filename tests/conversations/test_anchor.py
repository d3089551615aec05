"""The anchor round: two questions of each factor and context, running both ways, the same each time."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from types import MappingProxyType

from conversations.bank import CONTEXTS, FACTORS, LATEST, Bank, load
from conversations.bank.anchor import ROUND, anchor_items

BANK = load(LATEST)
ITEMS = [BANK.items[id] for id in anchor_items(BANK)]


def test_each_factor_and_context_is_asked_about_once_each_way():
    kinds = Counter((item.factor, item.context, item.direction) for item in ITEMS)
    assert kinds == {(factor, context, way): 1 for factor in FACTORS for context in CONTEXTS for way in (1, -1)}
    assert len({item.id for item in ITEMS}) == ROUND


def test_neighbours_are_of_two_factors_and_no_four_run_the_same_way():
    assert all(one.factor != other.factor for one, other in pairwise(ITEMS))
    assert all(len({item.direction for item in ITEMS[at : at + 4]}) == 2 for at in range(0, ROUND, 4))


def test_a_bank_that_lacks_a_kind_has_a_shorter_round():
    some = {id: item for id, item in BANK.items.items() if item.factor != "seeking_change"}
    assert len(anchor_items(Bank("short", MappingProxyType(some)))) == ROUND - 4
