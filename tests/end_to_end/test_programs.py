"""Several programs as a school's supervisor starts them, each a process of its own, that are killed or hang."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from benchmarks.stage import free_port
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, TELEGRAM_TOKEN
from store.keys import KeyRing, write_key_file
from store.sealing import Sealer
from store.tables import School
from tests.bot.test_command_line import ROOT
from tests.end_to_end.rig import Phone, World, eventually, world
from tests.end_to_end.test_several import SEATS, until_heard
from tests.end_to_end.test_whisper import begin, finish, modal

pytestmark = pytest.mark.only(database_url="postgresql")


@asynccontextmanager
async def two_programs(engine: Engine, sealer: Sealer) -> AsyncIterator[tuple[World, list["Program"]]]:
    """Run `earshot run` twice: the first has the seats, the second stands by."""
    async with world(engine, sealer) as earshot:
        await earshot.end()
        with Session(engine) as session:
            school = session.exec(select(School)).one()
            # A school like any other: `earshot run` refuses the sample's.
            school.policy = {**{k: v for k, v in school.policy.items() if k != "sample"}, "basis": {}}
            session.add(school)
            session.commit()
        write_key_file(earshot.settings.key_path, KeyRing(bytes(range(32))))
        programs = list[Program]()
        try:
            for seats in (SEATS, ()):
                programs.append(Program(earshot))
                await programs[-1].has(*seats)
            yield earshot, programs
        finally:
            for program in programs:
                program.end()
            await earshot.begin()


class Program:
    """One `earshot run`, as a school's supervisor starts it."""

    def __init__(self, earshot: World) -> None:
        self._earshot, self.port = earshot, free_port()
        self.process = run_process(earshot, self.port)

    async def has(self, *seats: str) -> None:
        """Wait until it says that it is well, and has these seats and no others."""

        async def look() -> bool:
            try:
                async with self._earshot.http.get(f"http://127.0.0.1:{self.port}/healthz") as answer:
                    wanted = {"ok": True, "problems": [], "seats": list(seats)}
                    return bool(await answer.json() == wanted)
            except aiohttp.ClientConnectionError:
                # It has only begun.
                return False

        await eventually(look, f"a program on the seats {seats}")

    def end(self) -> None:
        """End it as Ctrl-C does, unless it was killed."""
        with self.process as process:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGINT)
        assert process.returncode in (0, -signal.SIGKILL)


async def test_a_killed_program_is_followed_by_one_that_stood_by(engine: Engine, sealer: Sealer):
    async with two_programs(engine, sealer) as (earshot, (first, _)):
        phone, lead = earshot.other_pupil(), earshot.leads()[0]
        await begin(phone, "Not safe at home")
        await phone.write("I am not safe at home")
        await phone.reads("Received and sealed.")
        first.process.kill()
        words = await finish(phone)
        card = await lead.reads("Urgent: a whisper is waiting", "Not safe at home")
        await until_heard(lambda: lead.press(card, "Open"))
        view = await modal(lead, "I am not safe at home")
        values = {"words": {"words": "Thank you. Who is at home?"}, "status": {"status": "acting"}}
        await until_heard(lambda: lead.send("view/submit", view_id=view["id"], values=values))
        await phone.write(" ".join(words))
        await phone.reads("Staff: Thank you. Who is at home?")
        # The whisper is over: what is typed now is the menu's.
        await phone.write("/help")
        await phone.reads("/stop")


async def test_a_program_that_hangs_is_followed_and_stands_by_when_it_goes_on(engine: Engine, sealer: Sealer):
    async with two_programs(engine, sealer) as (earshot, (first, second)):
        phones = [Phone(earshot, person) for person in earshot.people.pupils if person.started]

        async def answers() -> int:
            return sum(["/stop" in one["text"] for phone in phones for one in await phone.messages()])

        async def answered() -> bool:
            return await answers() >= asked

        asked = len(phones)
        for phone in phones:
            await phone.write("/help")
        await eventually(answered, "each pupil is answered")
        asked += 1
        await phones[0].write("/help")
        # In the middle of that one, which may come twice, and nothing else.
        first.process.send_signal(signal.SIGSTOP)
        await eventually(answered, "the other has answered")
        await second.has(*SEATS)
        first.process.send_signal(signal.SIGCONT)
        asked += len(phones)
        for phone in phones:
            await phone.write("/help")
        await first.has()
        await second.has(*SEATS)
        await eventually(answered, "each pupil is answered again")
        assert await answers() <= asked + 1


def run_process(earshot: World, port: int) -> "subprocess.Popen[str]":
    """Start `earshot run` as a school's supervisor does."""
    settings = earshot.settings
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
        "EARSHOT_DATA_DIR": str(settings.data_dir),
        "EARSHOT_DATABASE_URL": earshot.engine.url.render_as_string(hide_password=False),
        "EARSHOT_HTTP_PORT": str(port),
        "EARSHOT_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
        "EARSHOT_TELEGRAM_API_URL": settings.telegram_api_url,
        "EARSHOT_SLACK_BOT_TOKEN": SLACK_BOT_TOKEN,
        "EARSHOT_SLACK_APP_TOKEN": SLACK_APP_TOKEN,
        "EARSHOT_SLACK_API_URL": str(settings.slack_api_url),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "run"], env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
