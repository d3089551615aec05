"""Running: the service on the real networks, from settings to Ctrl-C."""

import asyncio
import gc
import signal
import sys
from collections.abc import Collection, Coroutine
from typing import Any

from rich.console import Console
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.clock import Clock
from bot.opening import SAMPLE_IS_HERE, OnlyOne, open_store
from bot.seats import Alone, Seats
from bot.service import ROLES, Service
from bot.settings import Settings, check_host, for_chosen
from store import vault
from store.database import is_postgresql
from store.sealing import KeyProblem, Sealer
from store.tables import School
from store.vault import StoreProblem

HANDOVER = 0.0005
console = Console()


def serve(settings: Settings, roles: Collection[str] = ROLES) -> None:
    """Run on the real networks until Ctrl-C or SIGTERM. Raises SettingsProblem, StoreProblem or KeyProblem."""
    check_host(settings)
    engine, sealer = open_store(settings, make=False)
    if not is_postgresql(engine) and set(roles) != set(ROLES):
        engine.dispose()
        raise StoreProblem(
            "On SQLite one process does everything: leave out --role. Several can share a PostgreSQL: "
            "see docs/scaling.md."
        )
    until_done(_serve(settings, engine, sealer, roles), OnlyOne(settings, engine, shared=True))


def until_done(work: Coroutine[Any, Any, None], lock: OnlyOne) -> None:
    """Run the work to its end, then let another process have the store."""
    # The thread that writes to the store hands over sooner: a message on its way takes ten turns of the loop, and each
    # would wait for the usual five milliseconds.
    sys.setswitchinterval(HANDOVER)
    try:
        asyncio.run(work)
    finally:
        lock.close()
        # The interpreter's last act is a search of all memory for rubbish: a second, and several on a busy machine.
        gc.freeze()


def the_school(engine: Engine) -> School:
    """Find the school. Raises StoreProblem when there is none yet."""
    with Session(engine) as session:
        school = session.exec(select(School).limit(1)).first()
    if school is None:
        raise StoreProblem("There is no school yet. Run `earshot init`, then `earshot import` with your lists.")
    return school


async def _serve(settings: Settings, engine: Engine, sealer: Sealer, roles: Collection[str]) -> None:
    stop = stop_on_signals()
    school = the_school(engine)
    if "sample" in school.policy:
        raise StoreProblem(SAMPLE_IS_HERE)
    if "basis" not in school.policy:
        grounds = "No check-in opens until the lawful basis and the impact assessment are noted: `earshot basis`."
        console.print(for_chosen(grounds))
    seats = _seats(settings, engine, sealer)
    service = Service(settings, engine, sealer, school.id, Clock(), roles=roles, seats=seats)
    await service.start(stop)
    console.print("Earshot is running. Ctrl-C stops it; nothing is lost.")
    await stop.wait()
    await service.close()
    if seats.ended_for:
        raise KeyProblem(seats.ended_for)


def _seats(settings: Settings, engine: Engine, sealer: Sealer) -> Seats:
    if not is_postgresql(engine):
        return Alone()
    # Here, for it brings a driver that SQLite has no use for.
    from bot.shared_seats import SharedSeats

    assert settings.telegram_token is not None  # noqa: S101 (else the rehearsal runs)
    bot = settings.telegram_token.get_secret_value().partition(":")[0]
    return SharedSeats(engine, bot, lambda: still_ours(engine, sealer))


def still_ours(engine: Engine, sealer: Sealer) -> None:
    """Look whether the store is still sealed with this key. Raises KeyProblem."""
    with Session(engine.execution_options(reading=True)) as session:
        vault.check_key(session, sealer)


def stop_on_signals() -> asyncio.Event:
    """Make an event that Ctrl-C and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
