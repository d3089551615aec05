"""Seats that several processes share: one at a time, handed on, and what a sender keeps while it has lost its own."""

import asyncio

import pytest
from sqlalchemy import Engine

from bot.seats import Alone
from bot.shared_seats import SharedSeats
from tests.bot.test_delivery import Post, post, running, until

__all__ = ["post"]
on_postgresql = pytest.mark.only(database_url="postgresql")


class Sitting:
    """Somebody who has a seat, or waits for it."""

    def __init__(self, seats: SharedSeats | Alone, seat: str = "delivery") -> None:
        self.stop, self.took_over = asyncio.Event(), list[bool]()
        self.task = asyncio.create_task(seats.hold(seat, self._work, self.stop))

    async def _work(self, leave: asyncio.Event, took_over: bool) -> None:
        self.took_over.append(took_over)
        await leave.wait()

    async def end(self) -> None:
        self.stop.set()
        await self.task


@on_postgresql
async def test_a_seat_is_held_by_one_at_a_time_and_handed_on(engine: Engine) -> None:
    first = Sitting(SharedSeats(engine, "1"))
    await until(lambda: first.took_over == [False])
    second = Sitting(SharedSeats(engine, "1"))
    another_seat, another_bot = Sitting(SharedSeats(engine, "1"), "intake"), Sitting(SharedSeats(engine, "2"))
    await until(lambda: another_seat.took_over == another_bot.took_over == [False])
    assert second.took_over == []
    await first.end()
    await until(lambda: second.took_over == [True])
    for one in (second, another_seat, another_bot):
        await one.end()


@on_postgresql
async def test_whoever_stands_by_ends_at_once_when_told(engine: Engine) -> None:
    first = Sitting(SharedSeats(engine, "1"))
    await until(lambda: bool(first.took_over))
    second = Sitting(SharedSeats(engine, "1"))
    await asyncio.sleep(0.2)
    await second.end()
    assert second.took_over == []
    await first.end()


@on_postgresql
async def test_work_that_fails_raises_its_error_and_leaves_the_seat_to_another(engine: Engine) -> None:
    async def fail(_leave: asyncio.Event, _took_over: bool) -> None:
        raise OSError("of the work, not of the database")

    seats = SharedSeats(engine, "1")
    with pytest.raises(OSError, match="of the work"):
        await seats.hold("delivery", fail, asyncio.Event())
    assert seats.held == set()
    second = Sitting(SharedSeats(engine, "1"))
    await until(lambda: bool(second.took_over))
    await second.end()


async def test_a_process_alone_has_every_seat_at_once() -> None:
    seats = Alone()
    one = Sitting(seats)
    await until(lambda: one.took_over == [False])
    assert seats.held == {"delivery"}
    await one.end()


async def test_what_was_sent_while_the_store_was_away_is_written_before_the_next_run(post: Post) -> None:
    one = post.delivery()
    async with running(one):
        one.take(post.post("a", lease_to="me"))
        await until(lambda: len(post.recorder.sent) == 1)
        await until(lambda: post.states() == [("sent", None)])
        post.worker.full = True
        one.take(post.post("b", lease_to="me"))
        await until(lambda: len(post.recorder.sent) == 2)
    # The seat was lost with the store, and the end with neither.
    post.worker.full = False
    assert post.states() == [("sent", None), ("waiting", None)]
    await one.catch_up(asyncio.Event())
    assert post.states() == [("sent", None), ("sent", None)]
    async with running(one):
        one.take(post.post("c", lease_to="me"))
        await until(lambda: len(post.recorder.sent) == 3)
        await until(lambda: {state for state, _ in post.states()} == {"sent"})
