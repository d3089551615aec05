"""Running: `earshot run`, from settings to Ctrl-C; with no tokens, the whole rehearsal."""

import asyncio
import gc
import signal
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot import rehearsing
from bot.clock import Clock
from bot.opening import OnlyOne, open_store
from bot.sample import sample
from bot.service import Service
from bot.settings import Settings
from scheduling.school import Schools
from store.sealing import Sealer
from store.tables import School
from store.vault import StoreProblem

console = Console()


def run(settings: Settings) -> None:
    """Run until Ctrl-C or SIGTERM. Raises StoreProblem, KeyProblem, SampleProblem or RehearsalProblem."""
    if settings.rehearses:
        settings = rehearsing.rehearsal_settings(settings)
        # Before the sample school is made, which takes a while.
        rehearsing.check_ports(settings)
        engine, sealer = open_store(settings, make=True)
        lock = OnlyOne(settings, engine)
        _make_sample(engine, sealer)
        work = _rehearse(settings, engine, sealer)
    else:
        engine, sealer = open_store(settings, make=False)
        lock = OnlyOne(settings, engine)
        work = _serve(settings, engine, sealer)
    try:
        asyncio.run(work)
    finally:
        lock.close()
        # The interpreter's last act is a search of all memory for rubbish: a second, and several on a busy machine.
        gc.freeze()


def _make_sample(engine: Engine, sealer: Sealer) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Making the sample school", total=None, visible=False)
        sample.build(
            engine,
            sealer,
            datetime.now(UTC),
            progress=lambda done, total: bar.update(task, completed=done, total=total, visible=True),
        )


def _the_school(engine: Engine) -> School:
    with Session(engine) as session:
        school = session.exec(select(School).limit(1)).first()
    if school is None:
        raise StoreProblem("There is no school yet. Run `earshot init`, then `earshot import` with your lists.")
    return school


async def _serve(settings: Settings, engine: Engine, sealer: Sealer) -> None:
    stop = _stop_on_signals()
    school = _the_school(engine)
    if "sample" in school.policy:
        # Its pupils' chats are made up, and may be somebody's.
        raise StoreProblem(
            "This database holds the sample school of the rehearsal. Set EARSHOT_DATA_DIR to another folder, "
            "then run `earshot init` for your own school."
        )
    if "basis" not in school.policy:
        console.print("No check-in opens until the lawful basis and the impact assessment are noted: `earshot basis`.")
    service = Service(settings, engine, sealer, school.id, Clock())
    await service.start(stop)
    console.print("Earshot is running. Ctrl-C stops it; nothing is lost.")
    await stop.wait()
    await service.close()


async def _rehearse(settings: Settings, engine: Engine, sealer: Sealer) -> None:
    stop = _stop_on_signals()
    clock = Clock()
    school_id = _the_school(engine).id
    with Session(engine) as session:
        rehearsing.wind_clock(session, Schools(school_id).of(session), clock)
        people = sample.directory(session, sealer, clock())
        session.commit()
    networks = await rehearsing.start_networks(settings)
    try:
        await rehearsing.bring_people(settings, people)
        service = Service(settings, engine, sealer, school_id, clock)
        await service.start(stop, rehearsing.routes(service))
        console.print(f"\nEarshot is rehearsing. Open [bold]{rehearsing.address(settings)}[/bold] in a browser.")
        console.print("Ctrl-C stops everything; nothing is lost.\n")
        await stop.wait()
        await service.close()
    finally:
        await rehearsing.stop_networks(networks)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
