"""The stage: bot and stand-in networks as processes of their own, and what a benchmark asks of them over HTTP."""

import asyncio
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
TELEGRAM_TOKEN = "700000001:rehearsal-telegram-token-0000000000"
# Written to disk wherever that is: a folder in memory would make full sync free of charge.
FOLDERS = "/var/tmp"  # noqa: S108 (each benchmark makes a private folder in it)
AT_ONCE = 16
PORTS = (20_000, 32_000)
PATIENCE = 120.0


class StageProblem(Exception):
    """A process of the stage did not start, or did not do what a benchmark waited for."""


def folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder on disk that goes when its block ends."""
    return tempfile.TemporaryDirectory(prefix="earshot-bench-", dir=FOLDERS)


def free_port() -> int:
    """Find a port of this machine that nobody listens on.

    Out of those that are not given to outgoing connections: one of these would take it before it is listened on.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = random.randrange(*PORTS)  # noqa: S311 (no secret)
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Program:
    """A process that was started, and when (by the monotonic clock)."""

    process: Process
    began: float

    @classmethod
    async def start(cls, *arguments: str, **settings: str) -> "Program":
        """Start a Python module with arguments; `settings` are environment variables."""
        began = time.monotonic()
        # As where Earshot is installed: what Python compiled at an earlier start is kept.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **settings}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments), cwd=ROOT, env=environment, stdout=PIPE, start_new_session=True
        )
        return cls(process, began)

    async def line(self, words: str, seconds: float = PATIENCE) -> str:
        """Wait until it prints a line that holds `words`. Raises StageProblem if it ends before or takes too long."""
        assert self.process.stdout is not None  # noqa: S101 (a pipe was asked for)
        try:
            async with asyncio.timeout(seconds):
                while text := (await self.process.stdout.readline()).decode():
                    if words in text:
                        return text
        except TimeoutError:
            pass
        raise StageProblem(f"it never printed “{words}”")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Ask it to stop and wait for its end; gives the seconds that took. After ten it is killed."""
        asked = time.monotonic()
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            async with asyncio.timeout(10.0):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        return time.monotonic() - asked

    def megabytes(self) -> tuple[float, float]:
        """Read its memory now: the most it ever had resident (VmHWM), and its share by the PSS; in MB of 1,000,000."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return _kilobytes(status, "VmHWM:") * 1.024e-3, _kilobytes(rollup, "Pss:") * 1.024e-3


def _kilobytes(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))


@dataclass
class Networks:
    """The stand-in networks at an address, whoever started them."""

    base: str
    http: aiohttp.ClientSession

    async def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        async with self.http.post(f"{self.base}{path}", json=body) as answer:
            return await answer.json()

    async def put(self, path: str, body: object) -> Any:  # noqa: ANN401 (JSON)
        async with self.http.put(f"{self.base}{path}", json=body) as answer:
            return await answer.json()

    async def get(self, path: str) -> Any:  # noqa: ANN401 (JSON)
        async with self.http.get(f"{self.base}{path}") as answer:
            return await answer.json()

    async def stats(self) -> dict[str, Any]:
        """Read the counts of the Telegram stand-in."""
        return dict(await self.get("/phone/stats"))

    async def until(self, met: Callable[[dict[str, Any]], bool], program: Program, every: float = 0.01) -> float:
        """Wait until the counts are as wanted; gives the moment (monotonic) of the asking that saw it.

        Raises StageProblem when the program that is to bring it about ends, or takes too long.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            now = time.monotonic()
            try:
                if met(await self.stats()):
                    return now
            except aiohttp.ClientConnectionError:
                pass
            if now > deadline or program.process.returncode is not None:
                raise StageProblem("the bot did not come to where it was waited for")
            await asyncio.sleep(every)


@asynccontextmanager
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that keeps few connections and raises for refusals."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE + 4)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
        yield session


@asynccontextmanager
async def networks() -> AsyncIterator[Networks]:
    """Start stand-in networks that remember nothing, for one block."""
    program = await Program.start("rehearsal", "--port", "0", "--state", "none")
    try:
        base = (await program.line("http://")).split()[-1].rstrip("/")
        async with http() as session:
            yield Networks(base, session)
    finally:
        await program.stop()


def live_settings(data: Path, base: str) -> dict[str, str]:
    """Set a bot up as for the real networks, with the stand-ins in their place."""
    return {
        **_settings(data),
        "EARSHOT_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
        "EARSHOT_TELEGRAM_API_URL": base,
        "EARSHOT_SLACK_BOT_TOKEN": "xoxb-rehearsal",
        "EARSHOT_SLACK_APP_TOKEN": "xapp-rehearsal",
        "EARSHOT_SLACK_API_URL": f"{base}/api/",
    }


def rehearsal_settings(data: Path, port: int) -> dict[str, str]:
    """Set a bot up as `make run` does without tokens: it starts the stand-ins itself, at `port`."""
    return {**_settings(data), "EARSHOT_REHEARSAL_PORT": str(port)}


def _settings(data: Path) -> dict[str, str]:
    # Every name is set, so that neither the environment nor a `.env` of whoever runs this has a say.
    addresses, tokens = ["DATABASE_URL", "TELEGRAM_WEBHOOK_URL"], ["TELEGRAM_TOKEN", "SLACK_BOT_TOKEN"]
    empty = [*addresses, *tokens, "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"]
    return {
        **{f"EARSHOT_{name}": "" for name in empty},
        "EARSHOT_DATA_DIR": str(data),
        "EARSHOT_KEY_FILE": str(data / "earshot.key"),
        "EARSHOT_HTTP_PORT": str(free_port()),
        "EARSHOT_LOG_LEVEL": "ERROR",
    }


@asynccontextmanager
async def rehearsal(data: Path) -> AsyncIterator[tuple[Program, Networks]]:
    """Run bot and stand-ins as `make run` does, for one block."""
    port = free_port()
    program = await Program.start("bot", "run", **rehearsal_settings(data, port))
    try:
        await program.line("http://")
        async with http() as session:
            yield program, Networks(f"http://127.0.0.1:{port}", session)
    finally:
        await program.stop()


async def all_of(work: Iterable[Awaitable[Any]]) -> list[Any]:
    """Do many things, few at a time, each begun in its turn."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(awaitable: Awaitable[Any]) -> Any:  # noqa: ANN401
        async with gate:
            return await awaitable

    return await asyncio.gather(*map(one, work))


@dataclass(frozen=True)
class Change:
    """One publication of the stand-ins, and when it reached the benchmark (monotonic)."""

    at: float
    topic: str
    data: dict[str, Any]


@dataclass
class Watch:
    """Everything that changes on phones and in the workspace, as it happens; `wake` is set at each change."""

    changes: list[Change] = field(default_factory=list)
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, met: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until a condition over the changes holds. Raises StageProblem when it takes too long."""
        try:
            async with asyncio.timeout(seconds):
                while not met():
                    self.wake.clear()
                    await self.wake.wait()
        except TimeoutError:
            raise StageProblem("what was waited for did not arrive") from None

    def take(self, change: Change) -> None:
        self.changes.append(change)
        for listener in self.listeners:
            listener(change)
        self.wake.set()


@asynccontextmanager
async def watching(stage: Networks) -> AsyncIterator[Watch]:
    """Listen to the stand-ins' stream of changes, for one block."""
    watch = Watch()
    listening = asyncio.Event()
    task = asyncio.create_task(_listen(stage, watch, listening))
    try:
        await listening.wait()
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _listen(stage: Networks, watch: Watch, listening: asyncio.Event) -> None:
    patience = aiohttp.ClientTimeout(total=None)
    async with stage.http.get(f"{stage.base}/control/events", timeout=patience) as stream:
        topic = ""
        async for raw in stream.content:
            now, line = time.monotonic(), raw.decode().rstrip("\n")
            if line.startswith(":"):
                listening.set()
            elif line.startswith("event: "):
                topic = line.removeprefix("event: ")
            elif line.startswith("data: "):
                watch.take(Change(now, topic, json.loads(line.removeprefix("data: "))))
