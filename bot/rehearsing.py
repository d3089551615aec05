"""Rehearsing: the stand-in networks started beside the bot, the sample school brought to them, the clock that moves."""

import asyncio
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import aiohttp
import structlog
from aiohttp import web
from pydantic import SecretStr
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.clock import REHEARSAL_CLOCK, Clock, kept_clock
from bot.opening import OnlyOne, open_store
from bot.running import console, still_ours, stop_on_signals, the_school, until_done
from bot.sample import listing, sample
from bot.sample.listing import PhoneUser, SampleDirectory, answered_since, joined_since, phone_people
from bot.service import Service
from bot.settings import Settings, check_host
from bot.waiting import pause, unless
from scheduling import rounds
from scheduling.rounds import WaveProblem
from scheduling.school import SchoolFacts, Schools, next_in_school, wave_rule
from scheduling.waves import wave_now
from store import invites, outbox
from store.sealing import Sealer
from store.tables import Cursor

# What the stand-in networks accept; they are secrets to nobody.
_TOKENS = {
    "telegram_token": "700000001:rehearsal-telegram-token-0000000000",
    "slack_bot_token": "xoxb-rehearsal",
    "slack_app_token": "xapp-rehearsal",
    "slack_signing_secret": "rehearsal-signing-secret",
}
_MORNING = timedelta(minutes=90)
_NOTES_SECONDS = 2.0
# New codes come in good time, for a press moves the clock by a day and more.
_NOTES_LAST = invites.LIFETIME - timedelta(days=7)
LOOK_EVERY = 1.0
# How the stand-in networks end whose file is no database, or can only be read.
_STATE_UNUSABLE = 3

log = structlog.get_logger()


class RehearsalProblem(Exception):
    """The stand-in networks do not start; the sentence says why and what to do."""


def rehearse(settings: Settings) -> None:
    """Run everything on this machine until Ctrl-C or SIGTERM.

    Raises StoreProblem, KeyProblem, SampleProblem or RehearsalProblem.
    """
    settings = rehearsal_settings(settings)
    # Before the sample school is made, which takes a while.
    check_ports(settings)
    check_host(settings)
    engine, sealer = open_store(settings, make=True)
    lock = OnlyOne(settings, engine)
    try:
        _make_sample(engine, sealer)
    except BaseException:
        lock.close()
        engine.dispose()
        raise
    until_done(_rehearse(settings, engine, sealer, lock), lock)


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


async def _rehearse(settings: Settings, engine: Engine, sealer: Sealer, lock: OnlyOne) -> None:
    stop = stop_on_signals()
    alone = asyncio.create_task(stay_alone(lock, lambda: still_ours(engine, sealer), stop))
    clock = Clock()
    school_id = the_school(engine).id
    with Session(engine) as session:
        wind_clock(session, Schools(school_id).of(session), clock)
        session.commit()
    networks = await start_networks(settings)
    try:
        listed, people = clock(), listing.listed(engine, sealer, clock())
        await bring_people(settings, people)
        service = Service(settings, engine, sealer, school_id, clock)
        await service.start(stop, routes(service))
        notes = asyncio.create_task(_keep_notes(settings, service, people, listed))
        console.print(f"\nEarshot is running. Open [bold]{address(settings)}[/bold] in a browser.")
        console.print("Ctrl-C stops everything; nothing is lost.\n")
        beside = asyncio.create_task(stay_beside(networks, stop))
        await stop.wait()
        notes.cancel()
        await service.close()
    finally:
        await stop_networks(networks)
    await alone
    await beside


async def stay_beside(networks: Process, stop: asyncio.Event) -> None:
    """Watch the stand-in networks until `stop`. Raises RehearsalProblem when they end before; `stop` is set then."""
    await unless(stop, networks.wait())
    if not stop.is_set():
        stop.set()
        raise RehearsalProblem(
            "The rehearsal's Telegram and Slack have ended, and the page with them: start it again; nothing is lost."
        )


async def stay_alone(lock: OnlyOne, check: Callable[[], None], stop: asyncio.Event) -> None:
    """Keep the lock of the store until `stop`, also over a restart of its PostgreSQL, which forgets every lock.

    `check` looks, each time it had to be taken anew, whether the store is still sealed with our key. Raises
    StoreProblem when another has the store by now, and what `check` raises; `stop` is set then, for nothing more may
    be written.
    """
    away = False
    try:
        while not stop.is_set():
            await pause(stop, LOOK_EVERY)
            try:
                if await asyncio.to_thread(lock.keep):
                    await asyncio.to_thread(check)
                    log.warning("the database is back")
                away = False
            except DBAPIError as error:
                # Told once, not with every try.
                if not away:
                    log.warning("the database cannot be reached", error=type(error).__name__)
                away = True
    finally:
        stop.set()


def address(settings: Settings) -> str:
    """The page's address."""
    return f"http://127.0.0.1:{settings.rehearsal_port}"


def rehearsal_settings(settings: Settings) -> Settings:
    """Point the settings at the stand-in networks."""
    base = address(settings)
    addresses = {"telegram_api_url": base, "slack_api_url": f"{base}/api/"}
    return settings.model_copy(update={**{name: SecretStr(token) for name, token in _TOKENS.items()}, **addresses})


def check_ports(settings: Settings) -> None:
    """Find out whether both ports are free. Raises RehearsalProblem with the setting that chooses another."""
    ports = {"EARSHOT_REHEARSAL_PORT": settings.rehearsal_port, "EARSHOT_HTTP_PORT": settings.http_port}
    if settings.rehearsal_port == settings.http_port:
        names = " and ".join(ports)
        raise RehearsalProblem(f"{names} are both {settings.http_port}: set one of them to another free port.")
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise RehearsalProblem(
                    f"Port {port} is taken: another Earshot, perhaps. Stop that, or set {name} to a free port."
                ) from None


async def start_networks(settings: Settings) -> Process:
    """Start the stand-in networks as a process of their own.

    Raises RehearsalProblem if their port is taken, or their file cannot be used.
    """
    state = settings.data_dir / "rehearsal.sqlite"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rehearsal",
        "--port",
        str(settings.rehearsal_port),
        "--state",
        str(state),
        "--bot",
        f"http://127.0.0.1:{settings.http_port}",
        "--while-input-is-open",
        # Closed by the system when this process ends, however it ends: nothing is left behind on their port.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C goes to the bot alone, which stops the networks last.
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    if not await process.stdout.readline():
        if await process.wait() == _STATE_UNUSABLE:
            raise RehearsalProblem(
                f"The file {state.name}, which the phones and Slack are kept in, cannot be used: see that it may be "
                "written to, or set EARSHOT_DATA_DIR to another folder for a fresh rehearsal."
            )
        raise RehearsalProblem(
            f"The rehearsal page cannot start on port {settings.rehearsal_port}: set EARSHOT_REHEARSAL_PORT to another."
        )
    return process


async def stop_networks(process: Process) -> None:
    """Stop the stand-in networks, within a second."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(1.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def bring_people(settings: Settings, people: SampleDirectory) -> None:
    """Tell the stand-in networks who has a phone and who is in the workspace."""
    base = address(settings)
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        await http.put(f"{base}/phone/people", json=people.phone_people())
        await http.put(f"{base}/workspace/people", json=people.workspace_people())


async def _keep_notes(settings: Settings, service: Service, people: SampleDirectory, listed: datetime) -> None:
    """Take out of a pupil's note what is true no more: a code that was used, two low answers once another came.

    A new code comes before the clock makes the one there too old. The next to look for one would find that it is.
    """
    told: set[int] = set()

    def look(session: Session) -> list[PhoneUser]:
        changed = [*joined_since(session, people.waiting), *answered_since(session, people.near, listed)]
        return [phone for phone in changed if phone.id not in told]

    async with aiohttp.ClientSession(raise_for_status=True) as http:
        while True:
            await asyncio.sleep(_NOTES_SECONDS)
            now = service.clock()
            if now - listed > _NOTES_LAST:
                anew = await service.worker.run(partial(listing.directory, sealer=service.sealer, now=now))
                with suppress(aiohttp.ClientError):
                    await bring_people(settings, anew)
                    people, told, listed = anew, set(), now
                continue
            fresh = await service.worker.run(look)
            # The stand-ins are a process of their own; when one is slow to answer the next look brings the note.
            with suppress(aiohttp.ClientError):
                if fresh:
                    await http.put(f"{address(settings)}/phone/people", json=phone_people(fresh))
                    told.update(phone.id for phone in fresh)


def wind_clock(session: Session, school: SchoolFacts, clock: Clock) -> None:
    """Set the clock to where it was, and to the next school morning if there is no school then."""
    clock.shift = kept_clock(session).shift
    opens = next_in_school(school, clock())
    if opens is not None:
        clock.move_to(opens + _MORNING)
        _keep_clock(session, clock)


def _keep_clock(session: Session, clock: Clock) -> None:
    cursor = session.get(Cursor, REHEARSAL_CLOCK) or Cursor(name=REHEARSAL_CLOCK)
    cursor.position = int(clock.shift.total_seconds())
    session.add(cursor)


def routes(service: Service) -> Callable[[web.Application], None]:
    """Make the routes by which the page moves the clock and opens a check-in."""

    def add(app: web.Application) -> None:
        app.router.add_get("/rehearsal/clock", _clock(service))
        app.router.add_post("/rehearsal/clock/next-school-day", _next_school_day(service))
        app.router.add_post("/rehearsal/wave", _open_wave(service))

    return add


_Handler = Callable[[web.Request], Awaitable[web.Response]]


def _clock(service: Service) -> _Handler:
    async def handle(_request: web.Request) -> web.Response:
        school = await service.worker.run(service.schools.of)
        return web.json_response(_clock_facts(service, school))

    return handle


def _clock_facts(service: Service, school: SchoolFacts) -> dict[str, object]:
    now = service.clock().astimezone(ZoneInfo(school.zone))
    open_now = school.calendar.in_school_time(now)
    return {
        "now": now.isoformat(timespec="seconds"),
        "zone": school.zone,
        "school_day": school.calendar.is_school_day(now.date()),
        "open": open_now,
        "short": f"{now:%a} {now.day} {now:%b} {now:%Y}, {now:%H:%M}",
        "text": f"{now:%A} {now.day} {now:%B %Y}, {now:%H:%M}" + ("" if open_now else " · school is closed"),
    }


def _next_school_day(service: Service) -> _Handler:
    def move(session: Session) -> SchoolFacts | None:
        school = service.schools.of(session)
        calendar = school.calendar
        day = calendar.next_school_day(calendar.local_date(service.clock()))
        if day is None:
            return None
        service.clock.move_to(calendar.local(day, calendar.day_start) + _MORNING)
        _keep_clock(session, service.clock)
        return school

    async def handle(_request: web.Request) -> web.Response:
        school = await service.worker.run(move)
        if school is None:
            return web.json_response({"error": "The school calendar ends here: there is no next school day."})
        service.ticker.wake()
        return web.json_response(_clock_facts(service, school))

    return handle


def _open_wave(service: Service) -> _Handler:
    def open_one(session: Session) -> dict[str, object]:
        school, now = service.schools.of(session), service.clock()
        before = rounds.open_waves(session, school)
        # What the one before had written and not sent leaves first.
        ahead = outbox.count_due(session, school.id, network="telegram", lane="bulk", now=now)
        rounds.open_now(session, school, wave_now(school.calendar, wave_rule(school), now), now)
        opened = rounds.reachable_pupils(session, school.id)
        return {"opened": opened, "replaced": bool(before), "ahead": ahead}

    async def handle(_request: web.Request) -> web.Response:
        try:
            told = await service.worker.run(open_one)
        except WaveProblem as problem:
            return web.json_response({"error": str(problem)})
        service.ticker.wake()
        return web.json_response(told)

    return handle
