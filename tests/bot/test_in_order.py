"""In order: a post waits for one written before it to the same chat in the same lane, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.in_order import PATIENCE, InOrder
from store.outbox import Letter
from tests.factories import NOW

LATER = NOW + timedelta(minutes=5)
FIRST = Letter(UUID(int=1), UUID(int=9), "slack", 0, "post", "staff:1", None, {}, 0, None)
SECOND = replace(FIRST, id=UUID(int=2))


def troubled(letter: Letter = FIRST) -> InOrder:
    order = InOrder(("update",))
    order.in_trouble(letter, "D1", LATER)
    return order


def test_the_next_waits_until_the_first_is_tried_again_and_goes_once_it_has_arrived():
    order = troubled()
    assert order.behind(SECOND, "D1", NOW) == LATER
    assert order.behind(SECOND, "D1", LATER + timedelta(seconds=1)) == LATER + timedelta(seconds=1)
    assert order.behind(FIRST, "D1", NOW) is None
    order.ended(SECOND, "D1")
    assert order.behind(SECOND, "D1", NOW) == LATER
    order.ended(FIRST, "D1")
    assert order.behind(SECOND, "D1", NOW) is None


def test_a_first_that_never_comes_back_is_waited_for_a_few_seconds_more():
    assert troubled().behind(SECOND, "D1", LATER + PATIENCE) is None


@pytest.mark.parametrize(
    ("letter", "chat"),
    [(SECOND, "D2"), (replace(SECOND, lane=1), "D1"), (replace(SECOND, method="update"), "D1")],
    ids=["another chat", "another lane", "an edit"],
)
def test_nothing_else_waits(letter: Letter, chat: str):
    assert troubled().behind(letter, chat, NOW) is None


@pytest.mark.parametrize("letter", [replace(FIRST, lane=2), replace(FIRST, method="update")], ids=["bulk", "an edit"])
def test_bulk_and_edits_hold_nothing_up(letter: Letter):
    assert troubled(letter).behind(replace(letter, id=UUID(int=2)), "D1", NOW) is None


def test_a_later_one_in_trouble_does_not_take_the_firsts_place():
    order = troubled()
    order.in_trouble(SECOND, "D1", LATER + timedelta(minutes=9))
    assert order.behind(SECOND, "D1", NOW) == LATER


def test_one_that_was_put_off_holds_up_those_after_it_once_the_first_has_arrived():
    order, third = troubled(), replace(FIRST, id=UUID(int=3))
    assert order.behind(SECOND, "D1", NOW) == LATER
    order.ended(FIRST, "D1")
    # The third was committed just now and is in hand; the second is on its way from the store.
    assert order.behind(third, "D1", LATER) == LATER
    assert order.behind(SECOND, "D1", LATER) is None
    order.ended(SECOND, "D1")
    assert order.behind(third, "D1", LATER) is None
