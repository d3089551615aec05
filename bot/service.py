"""The service: store, edges, delivery and ticker put together, started, and stopped within two seconds."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST as METRICS
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.clock import Clock
from bot.delivery import Delivery
from bot.opening import anchor_path
from bot.pace import SLACK, TELEGRAM
from bot.runner import Runner
from bot.settings import Settings, for_chosen
from bot.slack import roll as slack_roll
from bot.slack.edge import SlackEdge
from bot.telegram.edge import TelegramEdge
from bot.telegram.request import AiohttpRequest
from bot.telegram.sender import TelegramSender
from bot.ticker import Ticker
from bot.watch import Watch
from bot.whisper.service import WhisperService
from bot.worker import Worker
from scheduling import unreached
from scheduling.jobs import set_standing
from scheduling.school import SchoolFacts, Schools
from store import anchor, outbox
from store.ids import new_id
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import LANES, Pupil

log = structlog.get_logger()


class Service:
    """One school's Earshot in one process."""

    def __init__(self, settings: Settings, engine: Engine, sealer: Sealer, school_id: UUID, clock: Clock) -> None:
        assert settings.telegram_token is not None  # noqa: S101 (the caller fills in the rehearsal's)
        assert settings.slack_bot_token is not None  # noqa: S101
        self.settings, self.clock, self.sealer = settings, clock, sealer
        self.worker = Worker(engine)
        self.schools = Schools(school_id)
        name = f"earshot-{new_id().hex}"
        token = settings.telegram_token.get_secret_value()
        api = settings.telegram_api_url.rstrip("/")
        # Polling has a request of its own, so that a long poll never takes a sender's connection.
        self._bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=AiohttpRequest(connections=32),
            get_updates_request=AiohttpRequest(connections=2),
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
            hold_until=self._hold_until,
            on_unreachable=_note_unreachable,
        )
        self.runner = Runner(sealer, clock, f"{name}-telegram", bot=token.partition(":")[0])
        self.whispers = WhisperService(settings, self._bot, self.worker, sealer, clock, self.schools.of)
        self.ticker = Ticker(self.worker, self.runner, self.schools.of, self._dispatch_after_jobs)
        self.telegram = TelegramEdge(
            self._bot,
            self.runner,
            self.worker,
            self.schools.of,
            self._dispatch,
            self.ticker.wake,
            webhook_secret=sealer.blind("webhook", token).hex(),
            whispers=self.whispers.telegram,
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
            name=f"{name}-slack",
            whispers=self.whispers.slack,
        )
        self.slack_delivery = Delivery(
            "slack",
            self.slack.sender,
            self.worker,
            sealer,
            clock,
            f"{name}-slack",
            SLACK,
            on_unreachable=unreached.note,
        )
        # By webhook Telegram brings updates itself, and brings them later: who runs is there for them.
        hears = (lambda: True) if settings.telegram_webhook_url else self.telegram.hears
        self.watch = Watch(self.worker, sealer, self.schools.of, clock, self._look_at_all, hears=hears)
        self._tasks: list[asyncio.Task[None]] = []
        self._web: web.AppRunner | None = None

    def _hold_until(self, letter: Letter, now: datetime) -> datetime | None:
        """Bulk is never sent in quiet hours, however it came to be late."""
        school = self.schools.known
        if letter.lane != LANES["bulk"] or school is None or not school.calendar.is_quiet(now):
            return None
        return school.calendar.quiet_ends(now)

    def _dispatch(self, letters: Iterable[Letter]) -> None:
        for letter in letters:
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
        await self.whispers.rounds.prepare()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        self.telegram.add_routes(app)
        self.slack.add_routes(app)
        if routes is not None:
            routes(app)
        self._web = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._web.setup()
        await web.TCPSite(self._web, self.settings.http_host, self.settings.http_port).start()
        self._tasks = [
            asyncio.create_task(self._run_telegram(stop), name="telegram"),
            asyncio.create_task(self.telegram_delivery.run(stop), name="telegram delivery"),
            asyncio.create_task(self.slack_delivery.run(stop), name="slack delivery"),
            asyncio.create_task(self.ticker.run(stop), name="ticker"),
            asyncio.create_task(self._keep_anchor(stop), name="anchor"),
            asyncio.create_task(self.watch.run(stop), name="auditor"),
            asyncio.create_task(self.whispers.run(stop), name="whispers"),
            asyncio.create_task(self._call_slack_roll(stop), name="slack roll"),
            asyncio.create_task(self._start_slack(stop), name="slack"),
        ]

    def _prepare(self, session: Session) -> SchoolFacts:
        school = self.schools.of(session)
        # The lock says that no other process is sending: what is still leased was left by one that died.
        outbox.release(session)
        set_standing(session, school, self.clock())
        return school

    async def _run_telegram(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._bot.initialize()
                await self.telegram.announce(self.settings.telegram_webhook_url)
                break
            except InvalidToken:
                log.error(for_chosen("telegram refuses the token: `earshot doctor` says what to mend"))
                await _pause(stop, 30.0)
            except TelegramError as error:
                log.warning("telegram cannot be reached, trying again", error=type(error).__name__)
                await _pause(stop, 2.0)
        if stop.is_set():
            # Nothing more is asked of a bot that may never have begun, for nobody would close what that opens.
            return
        menus = asyncio.create_task(self.telegram.show_menus())
        try:
            if not self.settings.telegram_webhook_url:
                await self.telegram.poll(stop)
            await stop.wait()
        finally:
            menus.cancel()

    async def _start_slack(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.slack.start()
                return
            except Exception as error:
                log.warning("slack cannot be reached, trying again", error=type(error).__name__)
                await _pause(stop, 2.0)

    async def _keep_anchor(self, stop: asyncio.Event) -> None:
        """Note where the audit chain ends, outside the database, each minute and at the end."""
        path = anchor_path(self.settings)
        ending = False
        while True:
            try:
                broken = await self.worker.run(lambda session: anchor.keep(session, path, self.sealer))
                if broken:
                    log.error(for_chosen("the audit chain is broken: run `earshot audit verify`"), row=broken[0].number)
            except (OSError, DBAPIError) as error:
                log.warning("the anchor of the audit chain cannot be kept", error=type(error).__name__)
            if ending:
                return
            await _pause(stop, 60.0)
            ending = stop.is_set()

    async def _call_slack_roll(self, stop: asyncio.Event) -> None:
        """Once a day, ask Slack whether each linked account is still there and still theirs."""
        while not stop.is_set():
            # Not at once: the first minutes belong to what waited while nothing ran.
            await _pause(stop, 600.0)
            if stop.is_set() or not await self.worker.run(lambda session: slack_roll.is_due(session, self.clock())):
                continue
            try:
                await slack_roll.call(
                    self.slack.client, self.worker, self.sealer, self.schools.id, self.clock, stopping=stop
                )
            except Exception as error:
                log.warning("slack roll call failed", error=type(error).__name__)

    async def _health(self, _request: web.Request) -> web.Response:
        """Say whether every part is running; the ticker's last pass tells of the store too."""
        ended = [task.get_name() for task in self._tasks if task.done() and task.get_name() != "slack"]
        problems = problems_of(
            ended,
            self.ticker.seconds_since_pass(),
            auditor_is_late=self.watch.is_late(),
            since_round=self.whispers.rounds.seconds_since_pass(),
        )
        return web.json_response({"ok": not problems, "problems": problems}, status=503 if problems else 200)

    async def _metrics(self, _request: web.Request) -> web.Response:
        deliveries = (("telegram", self.telegram_delivery), ("slack", self.slack_delivery))
        failures = [(network, delivery.counts["refused"]) for network, delivery in deliveries]
        return web.Response(body=await self.watch.metrics(failures), headers={"Content-Type": METRICS})

    async def close(self) -> None:
        """Wait for what is under way, then let go of everything."""
        for task in self._tasks:
            if task.get_name() in ("slack", "slack roll"):
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._web is not None:
            await self._web.cleanup()
        await self.whispers.close()
        await self.slack.stop()
        await self._bot.shutdown()
        self.worker.close()


def problems_of(
    ended: Iterable[str], since_pass: float, *, auditor_is_late: bool, since_round: float = 0.0
) -> list[str]:
    """Say what is wrong: parts that have ended, seconds since the ticker's last pass and whispers' last round."""
    problems = [f"{name} has ended" for name in ended]
    if since_pass > 60:
        problems.append("no due work was looked at for a minute")
    if since_round > 300:
        problems.append("no round of whispers was done for five minutes")
    if auditor_is_late:
        problems.append("the auditor has not passed for fifteen minutes")
    return problems


def _note_unreachable(session: Session, letter: Letter, now: datetime) -> None:
    if letter.recipient.startswith("pupil:"):
        pupil = session.get(Pupil, UUID(letter.recipient.removeprefix("pupil:")))
        if pupil is not None and pupil.unreachable_since is None:
            pupil.unreachable_since = now
            session.add(pupil)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
