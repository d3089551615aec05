"""Several processes on one PostgreSQL: they share the work by roles, and stand by for one another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, func, select

from benchmarks.stage import free_port
from bot import rehearsing
from bot.service import ROLES, Service
from bot.shared_seats import SharedSeats
from bot.worker import Worker
from rehearsal.hub import TELEGRAM_TOKEN
from store import waking
from store.database import make_engine
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Flag, Outbox, School
from tests.end_to_end.rig import WAYS, Json, Way, World, eventually, world
from tests.end_to_end.test_whisper import modal

pytestmark = pytest.mark.only(database_url="postgresql")
SEATS = ["auditor", "delivery", "intake"]
END_SEATS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
)

# Not those that stand by, and share no more than the store.
HOLDERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' "
    "AND classid <> 0"
)


class Process:
    """One of several: a service with an engine, connections and a port of its own, as a process has."""

    def __init__(
        self, earshot: World, roles: Collection[str] = ROLES, *, first: bool = False, whispers: str = ""
    ) -> None:
        self.engine = make_engine(earshot.engine.url.render_as_string(hide_password=False))
        port = earshot.settings.http_port if first else free_port()
        settings = earshot.settings.model_copy(update={"http_port": port, "whisper_database_url": whispers})
        with Session(self.engine) as session:
            school_id = session.exec(select(School.id)).one()
        seats = SharedSeats(self.engine, TELEGRAM_TOKEN.partition(":")[0], lambda: None)
        self.service = Service(
            settings, self.engine, earshot.sealer, school_id, earshot.clock, roles=roles, seats=seats
        )
        self.stop = asyncio.Event()

    async def start(self) -> None:
        await self.service.start(self.stop, rehearsing.routes(self.service))

    async def end(self) -> None:
        self.stop.set()
        await self.service.close()

    async def takes(self, *seats: str) -> None:
        async def look() -> bool:
            return self.service.seats.held == set(seats)

        await eventually(look, f"a process on the seats {seats}")

    async def hands_on_to(self, other: "Process") -> None:
        """Have the server end the connections of the seats: who stands by is there before they are back."""
        with self.engine.connect() as connection:
            connection.execute(HOLDERS)
        await self.takes()
        await other.takes(*SEATS)

    def lose_seats(self) -> int:
        """Have the server end the connections that hold seats; gives how many they were."""
        with self.engine.connect() as connection:
            return len(connection.execute(END_SEATS).all())


@asynccontextmanager
async def several(
    engine: Engine, sealer: Sealer, *shares: Collection[str], way: Way = WAYS[0]
) -> AsyncIterator[tuple[World, list[Process]]]:
    """Run a process for each share of the roles, in the order in which they start; the first is the world's own."""
    async with world(engine, sealer, way) as earshot:
        await earshot.end()
        processes = [Process(earshot, roles, first=not number) for number, roles in enumerate(shares)]
        earshot.service, earshot.stop = processes[0].service, processes[0].stop
        try:
            for process in processes:
                await process.start()
                if process is processes[0]:
                    await process.takes(*(SEATS if set(shares[0]) == set(ROLES) else shares[0]))
            if not earshot.settings.slack_app_token:
                await earshot.ask("PUT", "/workspace/delivery", {"mode": "http", "url": f"{earshot.bot}/slack/events"})
            yield earshot, processes
        finally:
            for process in processes[1:]:
                await process.end()


@pytest.mark.parametrize("way", WAYS)
async def test_three_processes_share_the_work_by_roles(engine: Engine, sealer: Sealer, way: Way):
    async with several(engine, sealer, ["intake"], ["delivery"], ["jobs"], way=way) as (earshot, processes):
        for process, seat in zip(processes, ("intake", "delivery", "auditor"), strict=True):
            await process.takes(seat)
        phone, tutor = earshot.near_pupil(), earshot.tutor()
        await earshot.open_wave()
        await phone.check_in(low=True)
        await tutor.press(await tutor.reads("a change in pattern"), "I’ll take this")
        await tutor.reads(f"Taken by {tutor.person.name}.")
        assert len(await tutor.cards("a change in pattern")) == 1
        # Of what they have sent nothing was tried twice.
        with Session(engine) as session:
            assert {row.attempts for row in session.exec(select(Outbox).where(Outbox.state == "sent"))} == {1}


async def test_what_one_process_commits_another_hears_at_once(engine: Engine):
    seats, stop, heard = SharedSeats(engine, "700000001", lambda: None), asyncio.Event(), asyncio.Queue[str]()
    listening = asyncio.create_task(seats.listen(heard.put_nowait, stop))
    # After each connection everything is looked at once.
    assert [await heard.get(), await heard.get()] == ["due", "outbox"]
    worker = Worker(engine)
    with pytest.raises(ValueError, match="not kept"):
        worker.run_now(left_undone)
    worker.run_now(lambda session: waking.note(session, "outbox"))
    assert await heard.get() == "outbox"
    worker.run_now(lambda session: None)
    worker.run_now(lambda session: waking.note(session, "due"))
    assert await heard.get() == "due"
    stop.set()
    await listening
    worker.close()


def left_undone(session: Session) -> None:
    """A transaction that fails: nobody may hear of it."""
    waking.note(session, "due")
    waking.tell(session)
    raise ValueError("not kept")


async def test_another_takes_over_when_a_process_ends(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES) as (earshot, (first, second)):
        assert second.service.seats.held == set()
        phone = earshot.near_pupil()
        await earshot.open_wave()
        await phone.answer(1, low=True)
        await first.end()
        await phone.answer(2, low=True)
        await second.takes(*SEATS)
        for number in (3, 4, 5):
            await phone.answer(number, low=True)
        await phone.tap("Nothing to add")
        await earshot.tutor().reads("a change in pattern")
        assert len(await phone.messages()) == 1


async def test_a_process_that_lost_its_connections_leaves_its_seats(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES) as (earshot, processes):
        phone = earshot.near_pupil()
        await earshot.open_wave()
        await phone.question(1)
        assert processes[0].lose_seats() >= len(SEATS)

        async def settled() -> bool:
            held = [process.service.seats.held for process in processes]
            return sorted(seat for seats in held for seat in seats) == SEATS

        for number in range(1, 6):
            await phone.answer(number, low=True)
        await eventually(settled, "each seat held once")
        await phone.tap("Nothing to add")
        await earshot.tutor().reads("a change in pattern")
        assert len(await phone.messages()) == 1


async def test_a_check_in_that_changes_hands_at_each_question_is_counted_once(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES) as (earshot, processes):
        phone, tutor = earshot.near_pupil(), earshot.tutor()
        await earshot.open_wave()
        here, there = processes
        for number in range(1, 6):
            await phone.answer(number, low=True)
            await here.hands_on_to(there)
            here, there = there, here
        await phone.tap("Nothing to add")
        await phone.reads("That is all for")
        await tutor.reads("a change in pattern")
        with Session(engine) as session:
            opened = session.exec(select(func.max(CheckIn.opened_at))).one()
            answered = session.exec(select(CheckIn).where(CheckIn.opened_at == opened, CheckIn.state == "answered"))
            assert len(sealer.read(answered.one(), "answers")) == 5
            assert len(session.exec(select(Flag)).all()) == 1
        assert (len(await phone.messages()), len(await tutor.cards("a change in pattern"))) == (1, 1)


async def test_a_press_is_taken_once_whichever_process_hears_of_it(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES) as (earshot, (first, second)):
        phone, tutor = earshot.near_pupil(), earshot.tutor()
        await earshot.open_wave()
        await phone.check_in(low=True)
        card = await tutor.reads("a change in pattern")
        await first.end()
        await until_heard(lambda: tutor.press(card, "I’ll take this"))
        await tutor.reads(f"Taken by {tutor.person.name}.")
        await second.takes(*SEATS)
        await tutor.press_as_it_was(card, "I’ll take this")
        await tutor.reads(f"Taken by {tutor.person.name}.")
        with Session(engine) as session:
            taken = session.exec(select(Audit).where(Audit.action == "nudge taken")).all()
        assert (len(taken), len(await tutor.cards("a change in pattern"))) == (1, 1)


async def test_a_whisper_goes_on_in_whichever_process_hears_it(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES) as (earshot, (first, second)):
        phone, lead = earshot.other_pupil(), earshot.leads()[0]
        await phone.write("/whisper")
        await phone.reads("Telegram knows it is you.")
        await phone.write("Somebody waits for me")
        await phone.reads("That waits here, and is not kept yet.")
        # What waited in the other process's memory is gone with it, and that is said.
        await first.hands_on_to(second)
        await phone.write("I am not safe at home")
        await phone.reads("If you typed something before this, it does not wait here any more.")
        await phone.tap("Show me the choices")
        await phone.tap("It is about me")
        await phone.tap("Not safe at home")
        await phone.reads("Received and sealed.")
        # The first has had this chat before, and knows nothing of it now.
        await second.hands_on_to(first)
        await phone.tap("I have finished")
        await phone.reads("Your six words")
        card = await lead.reads("Urgent: a whisper is waiting", "Not safe at home")
        await lead.press(card, "Open")
        view = await modal(lead, "I am not safe at home")
        await first.hands_on_to(second)
        # Finished is finished, in the process too where it was still open.
        await phone.write("Where is room 12")
        await phone.reads("Would you like to whisper it?")
        values = {"words": {"words": "Thank you. Who is at home?"}, "status": {"status": "acting"}}
        await until_heard(lambda: lead.send("view/submit", view_id=view["id"], values=values))
        await phone.tap("See replies")
        await phone.reads("Staff: Thank you. Who is at home?")


async def test_whispers_that_lie_elsewhere_are_told(engine: Engine, sealer: Sealer, tmp_path: Path):
    async with several(engine, sealer, ROLES) as (earshot, (first,)):
        second = Process(earshot, whispers=f"sqlite:///{tmp_path / 'other.sqlite'}")
        await second.start()
        await first.end()
        await second.takes(*SEATS)
        said = "whispers were taken into another store before: see docs/scaling.md"
        there = f"http://127.0.0.1:{second.service.settings.http_port}/healthz"

        async def told() -> bool:
            async with earshot.http.get(there) as answer:
                wanted = 503, {"ok": False, "problems": [said], "seats": SEATS}
                return (answer.status, await answer.json()) == wanted

        await eventually(told, "the health tells of it")
        await second.end()


async def test_a_process_that_stands_by_turns_webhooks_away(engine: Engine, sealer: Sealer):
    async with several(engine, sealer, ROLES, ROLES, way="webhook and HTTP") as (earshot, (_, second)):
        there = f"http://127.0.0.1:{second.service.settings.http_port}"
        for path in ("/telegram/webhook", "/slack/events"):
            async with earshot.http.post(there + path, json={}) as answer:
                assert answer.status == 503
        async with earshot.http.get(f"{there}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True, "problems": [], "seats": []})


async def until_heard(press: Callable[[], Awaitable[Json]]) -> None:
    """Press, perhaps while nobody hears: where that lasts longer than Slack waits, one is warned, and tries again."""
    while not (await press())["acked"]:
        pass
