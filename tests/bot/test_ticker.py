"""The ticker: does all that is due, one row a transaction, at each tick and whenever it is woken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from bot.runner import Runner
from bot.ticker import Ticker
from bot.worker import Worker
from scheduling.school import Schools
from store.due import set_due
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Due, Request
from tests.bot.classroom import Classroom, classroom


class Bench:
    """A ticker at work for a small school."""

    def __init__(self, worker: Worker, room: Classroom) -> None:
        self.worker, self.room = worker, room
        self.dispatched: list[Letter] = []
        self.passes = 0
        self.ticker = Ticker(worker, room.runner, Schools(room.school.id).of, self._dispatch)

    def _dispatch(self, letters: Iterable[Letter]) -> None:
        self.passes += 1
        self.dispatched += letters

    def due(self) -> list[tuple[str, str]]:
        def read(session: Session) -> list[tuple[str, str]]:
            return [(row.kind, row.state) for row in session.exec(select(Due).order_by(Due.kind)).all()]  # type: ignore[arg-type]

        return self.worker.run_now(read)

    def set(self, kind: str, subject: str, **later: float) -> None:
        at = self.room.clock() + timedelta(**later)
        self.worker.run_now(lambda session: set_due(session, self.room.school.id, kind, subject, at))


@pytest.fixture
async def bench(engine: Engine, session: Session, sealer: Sealer) -> AsyncIterator[Bench]:
    room = classroom(session, sealer)
    session.commit()
    worker = Worker(engine)
    yield Bench(worker, room)
    worker.close()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be so")


async def test_a_pass_does_all_that_is_due_and_leaves_the_rest(bench: Bench):
    bench.set("tidy", "nightly")
    bench.set("wave.plan", "next")
    bench.set("home", "later", hours=1)
    await bench.ticker.pass_once(asyncio.Event())
    # Tidying and planning set themselves anew, for later.
    assert bench.due() == [("home", "waiting"), ("tidy", "waiting"), ("wave.open", "waiting"), ("wave.plan", "waiting")]
    assert bench.passes == 2


async def test_what_pupils_are_told_is_dispatched_after_the_commit(bench: Bench):
    pupil = bench.room.pupil(7)
    bench.room.session.add(
        Request(
            school_id=bench.room.school.id,
            pupil_id=pupil.id,
            state="owned",
            asked_at=bench.room.clock(),
            owner_id=bench.room.lead.id,
        )
    )
    bench.room.session.commit()
    bench.set("request.owned", bench.room.rows(Request)[0].id.hex)
    await bench.ticker.pass_once(asyncio.Event())
    assert [(letter.lane, letter.payload["chat"]) for letter in bench.dispatched] == [(0, 7)]
    assert [row.state for row in bench.room.outbox()] == ["waiting"]


async def test_a_job_that_fails_does_not_keep_those_behind_it(bench: Bench):
    bench.set("no.such.kind", "x", seconds=-5)
    bench.set("tidy", "nightly")
    await bench.ticker.pass_once(asyncio.Event())
    assert bench.due() == [("no.such.kind", "waiting"), ("tidy", "waiting")]
    assert bench.room.failures() == [("no.such.kind", "KeyError")]


async def test_waking_does_at_once_what_fell_due_and_a_tick_does_it_within_a_second_or_two(bench: Bench):
    stop = asyncio.Event()
    task = asyncio.create_task(bench.ticker.run(stop))
    bench.set("tidy", "nightly")
    bench.ticker.wake()
    await until(lambda: bench.passes == 1)
    bench.set("wave.plan", "next")
    await until(lambda: bench.passes == 2)
    stop.set()
    async with asyncio.timeout(2):
        await task


async def test_a_stop_ends_the_pass_between_two_rows(bench: Bench):
    stop = asyncio.Event()
    stop.set()
    bench.set("tidy", "nightly")
    await bench.ticker.pass_once(stop)
    assert bench.passes == 0


async def test_a_store_out_of_reach_is_waited_out_and_told_by_the_age_of_the_last_pass(bench: Bench):
    await bench.ticker.pass_once(asyncio.Event())
    fresh = bench.ticker.seconds_since_pass()
    bench.worker.run_now(lambda session: session.execute(text("ALTER TABLE due RENAME TO due_away")))
    await bench.ticker.pass_once(asyncio.Event())
    assert bench.ticker.seconds_since_pass() > fresh
    bench.worker.run_now(lambda session: session.execute(text("ALTER TABLE due_away RENAME TO due")))
    late = bench.ticker.seconds_since_pass()
    await bench.ticker.pass_once(asyncio.Event())
    assert bench.ticker.seconds_since_pass() < late


async def test_two_tickers_do_each_row_once(engine: Engine, bench: Bench):
    for number in range(10):
        bench.set("no.such.kind", str(number))
    other = Worker(engine)
    second = Ticker(
        other,
        Runner(bench.room.sealer, bench.room.clock, "other", bot="1"),
        Schools(bench.room.school.id).of,
        bench._dispatch,
    )
    await asyncio.gather(bench.ticker.pass_once(asyncio.Event()), second.pass_once(asyncio.Event()))
    assert [row.attempts for row in bench.room.rows(Due)] == [1] * 10
    assert len(bench.room.failures()) == 10


async def test_nothing_is_done_while_it_may_not(bench: Bench):
    bench.set("tidy", "nightly")
    forbidden = Ticker(
        bench.worker, bench.room.runner, Schools(bench.room.school.id).of, bench._dispatch, lambda: False
    )
    await forbidden.pass_once(asyncio.Event())
    assert (bench.passes, forbidden.seconds_since_pass() > 0) == (0, True)
    await bench.ticker.pass_once(asyncio.Event())
    assert bench.passes == 1


# --- a row that the store itself will never take ----------------------------------------------------------------------


def refuse_cards(engine: Engine) -> None:
    """Let the store fail over every new letter, as it fails when it is ill."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("CREATE TRIGGER ill BEFORE INSERT ON outbox BEGIN DELETE FROM nowhere; END"))
            return
        ill = "BEGIN RAISE EXCEPTION 'ill' USING ERRCODE = 'query_canceled'; END"
        connection.execute(text(f"CREATE FUNCTION ill() RETURNS trigger LANGUAGE plpgsql AS $${ill}$$"))
        connection.execute(text("CREATE TRIGGER ill BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION ill()"))


async def test_a_row_over_which_the_store_fails_each_time_waits_and_the_others_are_done(bench: Bench, engine: Engine):
    refuse_cards(engine)
    bench.set("care.daily", "next", minutes=-10)
    bench.set("wave.plan", "next", minutes=-5)
    await bench.ticker.pass_once(asyncio.Event())

    def read(session: Session) -> list[tuple[str, int, str | None, bool]]:
        now = bench.room.clock()
        rows = session.exec(select(Due).where(Due.kind == "care.daily")).all()
        return [(row.state, row.attempts, row.last_error, row.due_at > now) for row in rows]

    assert bench.worker.run_now(read) == [("waiting", 1, "OperationalError", True)]
    assert ("wave.open", "waiting") in bench.due()
    # It is tried on, however often it fails, and never in a tight loop.
    for _ in range(8):
        bench.room.clock.move(minutes=5)
        await bench.ticker.pass_once(asyncio.Event())
    assert bench.worker.run_now(read) == [("waiting", 9, "OperationalError", True)]
