"""Ids sort in the order they were made, also when many are made at once."""

import threading
from datetime import UTC, datetime
from uuid import UUID

from store.ids import new_id


def test_ids_are_of_version_7_and_carry_the_time_they_were_made() -> None:
    before = datetime.now(UTC).timestamp()
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    # The counter may run ahead of the clock when thousands are made within a millisecond.
    assert before - 0.001 <= (made.int >> 80) / 1000 < before + 60


def test_ids_sort_in_the_order_they_were_made_and_none_comes_twice() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_made_by_several_threads_are_in_order_within_each_and_none_comes_twice() -> None:
    made: list[list[UUID]] = [[], [], [], []]

    def make(into: list[UUID]) -> None:
        into.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(part == sorted(part) for part in made)
    assert len({one for part in made for one in part}) == 8_000
