"""The crash tests' rig: stand-in networks in this process, and the bot in a process that is killed and starts again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
from aiohttp import web
from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select

from rehearsal.app import HOST, start
from rehearsal.hub import Book, Faults, Hub
from rehearsal.slack import Workspace
from rehearsal.telegram import BotApi
from store.database import is_postgresql
from store.tables import Outbox
from tests.crash.life import Order
from tests.crash.points import AFTER_SEND, BEFORE_SEND, KINDS, Panel
from tests.crash.school import MONDAY, School

T = TypeVar("T")
Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROOT: Final = Path(__file__).resolve().parents[2]
# A loaded machine is slow to start a process; what is lost for good is not there after this long either.
DEADLINE_SECONDS: Final = 45.0
WAY_BACK_SECONDS: Final = 0.02
# What reaches a person, and the Telegram call that ends a button's waiting sign.
SENDS: Final = frozenset(
    {
        "sendmessage",
        "editmessagetext",
        "answercallbackquery",
        "chat.postmessage",
        "chat.update",
        "views.publish",
        "views.open",
    }
)
# Words that nobody asked for are held in memory alone, and their answers are in no outbox.
UNPROMPTED: Final = ("Thanks for writing. Nobody ", "That waits here, and is not kept yet.")

_WRITERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
)


@dataclass(frozen=True)
class Arrived:
    """A new message that a network took: where it lies, its words with every number made alike, and in which life."""

    network: str
    chat: str
    words: str
    life: int


@dataclass
class Kill:
    """One life ended: at which kind of point, during which event of the script.

    `repeats` is how many new messages Telegram had taken whose ends were not in the store: the next life sends them
    again.
    """

    kind: str
    event: str
    repeats: int


class Zygote:
    """The process that forks lives; it takes a while to start, so one serves all tests of a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )

    def bear(self, order: Order) -> None:
        """Begin a life; two answers follow, its process id and, when it is over, its exit status."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order.to_json()).encode() + b"\n")
        self._process.stdin.flush()

    async def answer(self) -> int:
        assert self._process.stdout is not None
        return int(await asyncio.to_thread(self._process.stdout.readline))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass
class World:
    """The networks, the store, and the present life."""

    school: School
    engine: Engine
    panel: Panel
    order: Order
    hub: Hub
    http: aiohttp.ClientSession
    api: BotApi
    event: str = "start"
    pid: int = 0
    lives: int = 0
    kills: list[Kill] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    # How many points into its life the next one ends, given by whoever plans two kills in a row.
    again: int = 0
    handling: int = 0
    broken: str = ""
    over: bool = False

    # --- what people do -----------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        async with self.http.request(method, path, json=body) as answer:
            told = await answer.json()
            assert answer.status == 200, (path, told)
            return told

    async def phone(self, user: int) -> list[Json]:
        """What the bot has written to a pupil, oldest first."""
        told = await self.ask("GET", f"/phone/{user}/messages")
        return [message for message in told["messages"] if message["from"] == "bot"]

    async def desk(self, user: str) -> list[Json]:
        """What the app has written to a member of staff, oldest first; nothing before their first message."""
        channels = await self.ask("GET", f"/workspace/{user}/conversations")
        if not channels:
            return []
        told: list[Json] = await self.ask("GET", f"/workspace/{user}/messages")
        return told

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(microseconds=self.panel.shift_us)

    def move_to(self, moment: datetime) -> None:
        """Move the bots' clock."""
        self.panel.shift_us = round((moment - datetime.now(UTC)).total_seconds() * 1e6)

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, seconds: float = DEADLINE_SECONDS) -> T:
        """Look after everything that changes on the networks until something true is seen, and give it."""
        deadline = time.monotonic() + seconds
        with self.hub.subscribe() as news:
            while not (seen := await look()):
                assert not self.broken, self.broken
                assert time.monotonic() < deadline, f"never came to be within {seconds:.0f} s: {what}"
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await news.get()
                while not news.empty():
                    news.get_nowait()
        return seen

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Look into the store, beside the bot."""
        engine = self.engine.execution_options(reading=True)
        with Session(engine) as session:
            yield session

    # --- lives --------------------------------------------------------------------------------------------------------

    async def has_begun(self) -> bool:
        return self.api.updates.polling

    def end_life(self) -> None:
        """Kill the process now; nothing it does after this is seen by anybody."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def live(self, zygote: Zygote) -> None:
        """Start a life, and another whenever one is killed, as a supervisor does."""
        while not self.over:
            zygote.bear(self.order)
            self.lives += 1
            self.pid = await zygote.answer()
            status = await zygote.answer()
            if status == 0 or self.over:
                return
            if status != -signal.SIGKILL:
                self.broken = f"a life ended by itself, with status {status}, during: {self.event}"
                return
            self.kills.append(Kill(KINDS[self.panel.where], self.event, await self.unwritten()))
            self.panel.arm(self.again)
            self.again = 0

    async def unwritten(self) -> int:
        """Count the messages of the life just ended that Telegram has and the store does not know to be there."""
        # What the life had put on the wire arrives; what it had begun to commit is committed.
        while True:
            await asyncio.sleep(0.02)
            if not self.handling and not await asyncio.to_thread(self._is_committing):
                break
        taken = sum(one.network == "telegram" and not one.words.startswith(UNPROMPTED) for one in self.arrived)
        written = select(func.count()).select_from(Outbox).where(Outbox.network == "telegram", Outbox.method == "send")
        with self.reading() as session:
            known = session.exec(written.where(col(Outbox.state) == "sent")).one()
        return taken - known - sum(kill.repeats for kill in self.kills)

    def _is_committing(self) -> bool:
        if not is_postgresql(self.engine):
            return False
        with self.reading() as session:
            return bool(session.connection().execute(_WRITERS).scalar_one())

    # --- what the networks see ----------------------------------------------------------------------------------------

    def watch(self) -> Any:  # noqa: ANN401 (aiohttp's own type of a middleware)
        """Make the middleware that counts sends, notes new messages, and ends lives before and after either."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            method = request.match_info.get("method", "").lower()
            if method not in SENDS:
                return await handler(request)
            if self.panel.passes(BEFORE_SEND):
                self.end_life()
                return web.Response(status=500)
            self.handling += 1
            try:
                answer = await handler(request)
            finally:
                self.handling -= 1
            assert isinstance(answer, web.Response)
            self._note(method, json.loads(answer.text or "{}"))
            if self.panel.passes(AFTER_SEND):
                self.end_life()
            if method == "sendmessage":
                # The way back takes its time: what is taken and not yet known to be is what a kill repeats.
                await asyncio.sleep(WAY_BACK_SECONDS)
            return answer

        return middleware

    def _note(self, method: str, told: Json) -> None:
        if not told.get("ok"):
            return
        if method == "sendmessage":
            message = told["result"]
            self._arrived("telegram", str(message["chat"]["id"]), message["text"])
        elif method == "chat.postmessage":
            self._arrived("slack", told["channel"], told["message"]["text"])
        elif method == "views.publish":
            self.published.append(told["view"]["id"])

    def _arrived(self, network: str, chat: str, words: str) -> None:
        self.arrived.append(Arrived(network, chat, re.sub(r"\d+", "#", words), self.lives))


@asynccontextmanager
async def world(zygote: Zygote, school: School, folder: Path, database_url: str = "") -> AsyncIterator[World]:
    """Serve the networks and keep a life going on a copy of the school, until the block ends."""
    engine = school.copy(folder, database_url)
    hub = Hub()
    faults, book = Faults(), Book(None)
    api, workspace = BotApi(hub, faults, book), Workspace(hub, faults, book)
    panel = Panel(folder / "panel")
    order = Order(str(folder), database_url, "", str(folder / "panel"))
    async with aiohttp.ClientSession() as unused:
        made = World(school, engine, panel, order, hub, unused, api)
    app = web.Application(middlewares=[made.watch()])
    api.add_routes(app)
    workspace.add_routes(app)
    runner = await start(app, 0)
    base = f"http://{HOST}:{runner.addresses[0][1]}"
    made.order = Order(str(folder), database_url, base, str(folder / "panel"))
    made.move_to(MONDAY)
    async with aiohttp.ClientSession(base) as http:
        made.http = http
        await made.ask("PUT", "/phone/people", school.people.phone_people())
        await made.ask("PUT", "/workspace/people", school.people.workspace_people())
        living = asyncio.create_task(made.live(zygote))
        try:
            # The zygote imports everything first, which on a busy machine takes its time.
            await made.until(made.has_begun, "the first life", seconds=240.0)
            yield made
            await _stop(made, living)
        finally:
            made.over = True
            while not living.done():
                made.end_life()
                await asyncio.wait((living,), timeout=1.0)
            await runner.cleanup()
            book.close()
            engine.dispose()


async def _stop(made: World, living: asyncio.Task[None]) -> None:
    """End the last life as Ctrl-C does."""
    made.panel.arm(0)
    while not living.done():
        with suppress(ProcessLookupError):
            os.kill(made.pid, signal.SIGTERM)
        await asyncio.wait((living,), timeout=2.0)
    assert not made.broken, made.broken


def _environment() -> dict[str, str]:
    # One thread, so that a fork takes everything along; and no certificates to read for networks on loopback.
    given = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    return {**given, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "SSL_CERT_DIR": os.devnull}
