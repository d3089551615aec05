"""The service: store, edges, delivery and ticker put together, started, and stopped within two seconds.

One process does all of it, or on PostgreSQL several share it by roles: what one of them alone may do has a seat.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST as METRICS
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from telegram import Bot

from bot.clock import Clock
from bot.delivery import Delivery
from bot.health import Refusals, problems_of
from bot.hearing import Hearing
from bot.opening import anchor_path
from bot.pace import SLACK, TELEGRAM
from bot.runner import Runner
from bot.seats import Alone, Seats
from bot.settings import Settings, for_chosen
from bot.slack import roll as slack_roll
from bot.slack.edge import EVENTS_PATH, SlackEdge
from bot.slack.listening import listen
from bot.telegram.edge import WEBHOOK_PATH, TelegramEdge
from bot.telegram.request import AiohttpRequest
from bot.telegram.sender import TelegramSender
from bot.ticker import Ticker
from bot.waiting import pause, unless
from bot.watch import Watch
from bot.whisper.service import WhisperService
from bot.worker import Worker
from scheduling import unreached
from scheduling.jobs import set_standing
from scheduling.school import SchoolFacts, Schools
from store import anchor, outbox
from store.ids import new_id
from store.outbox import Letter
from store.sealing import KeyProblem, Sealer
from store.tables import LANES

log = structlog.get_logger()

ROLES: Final = ("intake", "delivery", "jobs")
# What the process before may still have on the wire when its connection has ended (seconds).
HANDING_OVER: Final = 2.0


class Service:
    """One school's Earshot in one process, or those roles of it that this process has a part in."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        sealer: Sealer,
        school_id: UUID,
        clock: Clock,
        *,
        roles: Collection[str] = ROLES,
        seats: Seats | None = None,
    ) -> None:
        assert settings.telegram_token is not None  # noqa: S101 (the caller fills in the rehearsal's)
        assert settings.slack_bot_token is not None  # noqa: S101
        self.settings, self.clock, self.sealer = settings, clock, sealer
        self.worker = Worker(engine)
        self.schools = Schools(school_id)
        self.roles, self.seats = roles, seats or Alone()
        self._name = name = f"earshot-{new_id().hex}"
        token = settings.telegram_token.get_secret_value()
        api = settings.telegram_api_url.rstrip("/")
        # Polling has a request of its own, so that a long poll never takes a sender's connection.
        self._requests = AiohttpRequest(connections=32), AiohttpRequest(connections=2)
        self._bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        sender = TelegramSender(self._bot, self.worker, sealer, clock, settings.data_dir)
        self.telegram_delivery = Delivery(
            "telegram",
            sender,
            self.worker,
            sealer,
            clock,
            f"{name}-telegram",
            TELEGRAM,
            may=partial(self._has, "delivery"),
            hold_until=self._hold_until,
            on_unreachable=unreached.of_phone,
        )
        # What is written here is leased to nobody until this process has the seat of delivery.
        self.runner = Runner(sealer, clock, "", bot=token.partition(":")[0])
        takes_in = partial(self._has, "intake")
        self.refusals = Refusals()
        self.whispers = WhisperService(settings, self._bot, self.worker, sealer, clock, self.schools.of, takes_in)
        self.ticker = Ticker(
            self.worker, self.runner, self.schools.of, self._dispatch_after_jobs, lambda: not self.seats.seconds_away()
        )
        self.telegram = TelegramEdge(
            self._bot,
            self.runner,
            self.worker,
            self.schools.of,
            self._dispatch,
            self.ticker.wake,
            webhook_secret=sealer.blind("webhook", token).hex(),
            may=takes_in,
            whispers=self.whispers.telegram,
            refusals=self.refusals,
        )
        slack_token = settings.slack_bot_token.get_secret_value()
        self.slack = SlackEdge(
            bot_token=slack_token,
            app_token=settings.slack_app_token.get_secret_value() if settings.slack_app_token else None,
            signing_secret=settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None,
            api_url=settings.slack_api_url,
            school_id=school_id,
            worker=self.worker,
            sealer=sealer,
            clock=clock,
            dispatch=self._dispatch,
            wake=self.ticker.wake,
            may=takes_in,
            name="",
            whispers=self.whispers.slack,
            refusals=self.refusals,
        )
        self.slack_delivery = Delivery(
            "slack",
            self.slack.sender,
            self.worker,
            sealer,
            clock,
            f"{name}-slack",
            SLACK,
            may=partial(self._has, "delivery"),
            on_unreachable=partial(unreached.unlink, sealer),
            on_lost=unreached.note,
        )
        # By webhook Telegram brings updates itself, and brings them later: who runs is there for them.
        heard = (lambda: True) if settings.telegram_webhook_url else self.telegram.hears
        self.hearing = Hearing(self.worker, self.schools.of, clock, heard)
        self.watch = Watch(self.worker, sealer, self.schools.of, clock, self._look_at_all)
        self._tasks: list[asyncio.Task[None]] = []
        self._parts: list[asyncio.Task[None]] = []
        self._web: web.AppRunner | None = None

    def _has(self, seat: str) -> bool:
        return seat in self.seats.held

    def _hold_until(self, letter: Letter, now: datetime) -> datetime | None:
        """Bulk is never sent in quiet hours, however it came to be late."""
        school = self.schools.known
        if letter.lane != LANES["bulk"] or school is None or not school.calendar.is_quiet(now):
            return None
        return school.calendar.quiet_ends(now)

    def _dispatch(self, letters: Iterable[Letter]) -> None:
        # Of a process that has just lost the seat none is taken: when its lease ends, whoever has the seat sends it.
        for letter in letters if self._has("delivery") else ():
            (self.telegram_delivery if letter.network == "telegram" else self.slack_delivery).take((letter,))

    def _dispatch_after_jobs(self, letters: Iterable[Letter]) -> None:
        self._dispatch(letters)
        self._look_at_all()

    def _look_at_all(self) -> None:
        self.telegram_delivery.look()
        self.slack_delivery.look()

    async def start(self, stop: asyncio.Event, routes: Callable[[web.Application], None] | None = None) -> None:
        """Start everything; returns once the edges are being served."""
        await self.worker.run(self._prepare)
        if "intake" in self.roles:
            await self.whispers.rounds.prepare()
        app = web.Application(client_max_size=1 << 20, middlewares=[self._only_on_the_seat])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        self.telegram.add_routes(app)
        self.slack.add_routes(app)
        if routes is not None:
            routes(app)
        self._web = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._web.setup()
        await web.TCPSite(self._web, self.settings.http_host, self.settings.http_port).start()
        self._tasks = [asyncio.create_task(self.seats.listen(self._hear, stop), name="listening")]
        if "delivery" in self.roles:
            self._tasks.append(asyncio.create_task(self.seats.hold("delivery", self._deliver, stop), name="delivery"))
        if "intake" in self.roles:
            self._tasks.append(asyncio.create_task(self.seats.hold("intake", self._take_in, stop), name="intake"))
        if "jobs" in self.roles:
            self._tasks.append(asyncio.create_task(self.ticker.run(stop), name="ticker"))
            self._tasks.append(asyncio.create_task(self.seats.hold("auditor", self._look_after, stop), name="auditor"))

    def _prepare(self, session: Session) -> SchoolFacts:
        school = self.schools.of(session)
        set_standing(session, school, self.clock())
        return school

    def _hear(self, what: str) -> None:
        """Another process has left something to be done."""
        self._look_at_all() if what == "outbox" else self.ticker.wake()

    # --- the seats ----------------------------------------------------------------------------------------------------

    async def _together(self, leave: asyncio.Event, **parts: Coroutine[Any, Any, None]) -> None:
        """Do the parts of a seat until all have ended; one that ends by itself shows in the health."""
        tasks = [asyncio.create_task(part, name=name.replace("_", " ")) for name, part in parts.items()]
        self._parts += tasks
        try:
            await asyncio.wait(tasks)
            # One that failed is told by the health until the seat is left.
            await leave.wait()
        finally:
            self._parts = [task for task in self._parts if task not in tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, leave: asyncio.Event, took_over: bool) -> None:
        if took_over:
            await pause(leave, HANDING_OVER)
            self.slack.sender.begin()
        for delivery in (self.telegram_delivery, self.slack_delivery):
            await delivery.catch_up(leave)
        # The seat says that no other process is sending: what is still leased was left by one that died.
        await self._surely(leave, lambda: self.worker.run(outbox.release))
        self.runner.name, self.slack.name = f"{self._name}-telegram", f"{self._name}-slack"
        self.slack.open()
        try:
            await self._together(
                leave,
                telegram_delivery=self.telegram_delivery.run(leave),
                slack_delivery=self.slack_delivery.run(leave),
                school_facts=self._keep_facts(leave),
            )
        finally:
            self.runner.name = self.slack.name = ""

    async def _take_in(self, leave: asyncio.Event, took_over: bool) -> None:
        if took_over:
            await self._surely(leave, self.whispers.begin_anew)
        if not isinstance(self.seats, Alone):
            await self._surely(leave, lambda: self.worker.run(self.whispers.note_place))
        try:
            await self._together(
                leave,
                telegram=self.telegram.run(self.settings.telegram_webhook_url, leave),
                hearing=self.hearing.run(leave),
                slack=listen(self.slack, self.refusals, leave),
                whispers=self.whispers.run(leave),
            )
        finally:
            self.refusals.forget()

    async def _look_after(self, leave: asyncio.Event, _took_over: bool) -> None:
        self.slack.open()
        roll = slack_roll.keep_calling(self.slack.client, self.worker, self.sealer, self.schools.id, self.clock, leave)
        await self._together(
            leave,
            anchor=self._keep_anchor(leave),
            auditing=self.watch.run(leave),
            slack_roll=unless(leave, roll),
        )

    async def _surely(self, leave: asyncio.Event, work: Callable[[], Awaitable[Any]]) -> None:
        """Do something until it is done: a store may be away just now."""
        while not leave.is_set():
            try:
                await work()
                break
            except (SQLAlchemyError, OSError, KeyProblem) as error:
                log.error("the store cannot be used, trying again", error=type(error).__name__)
                await pause(leave, 1.0)

    async def _keep_facts(self, leave: asyncio.Event) -> None:
        """Read the school's hours anew now and then: a process that only sends would not hear of a change."""
        while not leave.is_set():
            await self._surely(leave, lambda: self.worker.run(self.schools.of))
            await pause(leave, 30.0)

    async def _keep_anchor(self, stop: asyncio.Event) -> None:
        """Note where the audit chain ends, outside the database, each minute and at the end."""
        path = anchor_path(self.settings)
        ending = False
        while True:
            try:
                broken = await self.worker.run(lambda session: anchor.keep(session, path, self.sealer))
                if broken:
                    log.error(for_chosen("the audit chain is broken: run `earshot audit verify`"), row=broken[0].number)
            except (OSError, SQLAlchemyError) as error:
                log.warning("the anchor of the audit chain cannot be kept", error=type(error).__name__)
            if ending:
                return
            await pause(stop, 60.0)
            ending = stop.is_set()

    async def _health(self, _request: web.Request) -> web.Response:
        """Say whether every part is running; the ticker's last pass tells of the store too."""
        ended = [task.get_name() for task in (*self._tasks, *self._parts) if task.done()]
        held = self.seats.held
        problems = problems_of(
            ended,
            self.ticker.seconds_since_pass() if "jobs" in self.roles else 0.0,
            auditor_is_late="auditor" in held and self.watch.is_late(),
            since_round=self.whispers.rounds.seconds_since_pass() if "intake" in held else 0.0,
            since_store=self.seats.seconds_away(),
        )
        problems += [*self.refusals.problems, *self.whispers.problems]
        problems += [f"no process has the seat “{seat}”: see docs/scaling.md" for seat in self.seats.nobodys()]
        here = {"ok": not problems, "problems": problems, "seats": sorted(held)}
        return web.json_response(here, status=503 if problems else 200)

    @web.middleware
    async def _only_on_the_seat(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn away what Telegram and Slack send here while another process takes it in; both send it again."""
        if request.path in (WEBHOOK_PATH, EVENTS_PATH) and not self._has("intake"):
            return web.json_response({"error": "another process takes this in"}, status=503)
        return await handler(request)

    async def _metrics(self, _request: web.Request) -> web.Response:
        deliveries = (("telegram", self.telegram_delivery), ("slack", self.slack_delivery))
        failures = [(network, delivery.counts["refused"]) for network, delivery in deliveries]
        return web.Response(body=await self.watch.metrics(failures), headers={"Content-Type": METRICS})

    async def close(self) -> None:
        """Wait for what is under way, then let go of everything."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._web is not None:
            await self._web.cleanup()
        await self.whispers.close()
        await self.slack.close()
        # Not the bot: one that never began closes nothing, and this process may only have sent.
        for request in self._requests:
            await request.shutdown()
        self.worker.close()
