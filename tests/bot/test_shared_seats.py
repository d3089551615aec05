"""Seats that several processes share: one at a time, handed on, and what a sender keeps while it has lost its own."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from bot.opening import OnlyOne
from bot.seats import Alone
from bot.settings import Settings
from bot.shared_seats import SURE, SharedSeats
from store.database import make_engine
from store.sealing import KeyProblem
from store.vault import StoreProblem
from tests.bot.test_delivery import Post, post, running, until

__all__ = ["post"]
on_postgresql = pytest.mark.only(database_url="postgresql")
# As when the server is restarted: every connection ends, and with it every lock. It waits until they have, for
# somebody who asks at once would still find the lock taken.
END_ALL = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
)


def seats_of(engine: Engine, bot: str = "1", check: Callable[[], None] = lambda: None) -> SharedSeats:
    return SharedSeats(engine, bot, check)


def lose_all(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(END_ALL)


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
    first = Sitting(seats_of(engine))
    await until(lambda: first.took_over == [False])
    with capture_logs() as said:
        second = Sitting(seats_of(engine))
        # It has tried: only then has it taken the seat over from somebody.
        await until(lambda: any(line["event"] == "standing by" for line in said))
    another_seat, another_bot = Sitting(seats_of(engine), "intake"), Sitting(seats_of(engine, "2"))
    await until(lambda: another_seat.took_over == another_bot.took_over == [False])
    assert second.took_over == []
    await first.end()
    await until(lambda: second.took_over == [True])
    for one in (second, another_seat, another_bot):
        await one.end()


@on_postgresql
async def test_an_address_may_name_several_servers(engine: Engine, tmp_path: Path) -> None:
    named = str(engine.url.query["host"])
    several = make_engine(engine.url.set(query={"host": (named, str(tmp_path))}).render_as_string(hide_password=False))
    one = Sitting(seats_of(several))
    await until(lambda: one.took_over == [False])
    await one.end()


@on_postgresql
async def test_whoever_stands_by_ends_at_once_when_told(engine: Engine) -> None:
    first = Sitting(seats_of(engine))
    await until(lambda: bool(first.took_over))
    second = Sitting(seats_of(engine))
    await asyncio.sleep(0.2)
    await second.end()
    assert second.took_over == []
    await first.end()


@on_postgresql
async def test_work_that_fails_raises_its_error_and_leaves_the_seat_to_another(engine: Engine) -> None:
    async def fail(_leave: asyncio.Event, _took_over: bool) -> None:
        raise OSError("of the work, not of the database")

    seats = seats_of(engine)
    with pytest.raises(OSError, match="of the work"):
        await seats.hold("delivery", fail, asyncio.Event())
    assert seats.held == set()
    second = Sitting(seats_of(engine))
    await until(lambda: bool(second.took_over))
    await second.end()


@on_postgresql
async def test_a_change_of_keys_is_kept_out_again_after_the_server_was_restarted(engine: Engine, tmp_path: Path):
    settings = Settings(_env_file=None, data_dir=tmp_path)
    lock, one = OnlyOne(settings, engine, shared=True), Sitting(seats_of(engine))
    await until(lambda: one.took_over == [False])
    lose_all(engine)
    await until(lambda: one.took_over == [False, True])
    with pytest.raises(StoreProblem, match="already running"):
        OnlyOne(settings, engine)
    await one.end()
    OnlyOne(settings, engine).close()
    lock.close()


@on_postgresql
async def test_a_seat_is_not_taken_while_another_wants_the_store_alone(engine: Engine, tmp_path: Path):
    lock, seats = OnlyOne(Settings(_env_file=None, data_dir=tmp_path), engine), seats_of(engine)
    one = Sitting(seats)
    await until(lambda: seats.seconds_away() > 0)
    assert one.took_over == []
    lock.close()
    await until(lambda: one.took_over == [True])
    assert seats.seconds_away() == 0
    await one.end()


@on_postgresql
async def test_everything_ends_when_the_key_was_changed_while_the_database_was_lost(engine: Engine):
    changed = list[str]()

    def check() -> None:
        if changed:
            raise KeyProblem(changed[0])

    seats = seats_of(engine, check=check)
    one = Sitting(seats)
    await until(lambda: one.took_over == [False])
    changed.append("this key is another")
    lose_all(engine)
    await until(one.stop.is_set)
    await one.end()
    assert seats.ended_for.startswith("this key is another. ")
    assert one.took_over == [False]


@on_postgresql
async def test_a_database_that_is_out_of_reach_is_told_once_and_timed(engine: Engine):
    nowhere = make_engine(engine.url.set(database="no_such_one").render_as_string(hide_password=False))
    seats, stop = seats_of(nowhere), asyncio.Event()
    with capture_logs() as logged:
        listening = asyncio.create_task(seats.listen(lambda _what: None, stop))
        await until(lambda: seats.seconds_away() > 1.5)
        stop.set()
        await listening
    assert [line["event"] for line in logged] == ["the database cannot be reached"]


async def test_a_process_alone_has_every_seat_at_once() -> None:
    seats = Alone()
    one = Sitting(seats)
    await until(lambda: one.took_over == [False])
    assert (seats.held, seats.ended_for, seats.seconds_away()) == ({"delivery"}, "", 0.0)
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


@on_postgresql
async def test_a_seat_that_no_process_has_is_told_by_those_that_run(engine: Engine) -> None:
    seats, stop = SharedSeats(engine, "1", lambda: None, nobodys_after=1.0), asyncio.Event()
    listening = asyncio.create_task(seats.listen(lambda _what: None, stop))
    # Of another bot on the same database they are others.
    others = [Sitting(seats_of(engine, "2"), "auditor"), Sitting(seats_of(engine), "delivery")]
    await until(lambda: seats.nobodys() == ["intake", "auditor"])
    mine = [Sitting(seats, seat) for seat in ("intake", "auditor")]
    await until(lambda: seats.nobodys() == [])
    stop.set()
    await listening
    for one in (*others, *mine):
        await one.end()


@on_postgresql
async def test_a_process_that_hung_is_not_sure_of_its_seats_until_it_has_asked(engine: Engine) -> None:
    seats = seats_of(engine)
    one = Sitting(seats)
    await until(lambda: one.took_over == [False])
    assert seats.held == {"delivery"}
    # Nothing of the process has a turn, its guard neither.
    time.sleep(SURE + 0.2)  # noqa: ASYNC251
    assert seats.held == set()
    await until(lambda: seats.held == {"delivery"})
    # Nobody else had it meanwhile.
    assert one.took_over == [False]
    await one.end()
