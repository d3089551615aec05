"""The Telegram edge: fetches updates or takes them by webhook, and acknowledges them after the commit.

The library's own updater is not used: it advances the offset before handlers have run, so a crash would lose answers.
"""

import asyncio
import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from sqlmodel import Session
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from bot import text
from bot.effects import Outcome
from bot.health import Refusals
from bot.runner import Incoming, Runner
from bot.seats import SeatLost
from bot.settings import for_chosen
from bot.telegram.sender import pause_of
from bot.telegram.updates import read_update
from bot.waiting import pause, unless
from bot.whisper.whispering import Whispering
from bot.worker import Worker
from conversations.flows import parent
from conversations.flows.help import COMMANDS
from conversations.model import Phrase
from scheduling.school import SchoolFacts
from store.outbox import Letter
from store.tables import Cursor
from store.vault import is_of_the_whole

log = structlog.get_logger()

LONG_POLL = 25
BATCH_MOST = 100
HEARS_FOR = 120.0
# Ends of a button's waiting sign: so many at once, and held back so long (seconds) while a full line of updates waits.
ANSWERS_AT_ONCE = 8
ANSWERS_WAIT = 5.0
# Asked again after so many seconds: what is refused needs somebody to mend it, what is away comes back by itself.
REFUSED_AGAIN = 30.0
AWAY_AGAIN = 2.0
# After so many tries (once a second) a batch is taken one by one, and after as many more the one that fails is refused.
TRIES = 5
NOT_ACCEPTED = "telegram refuses the token: `earshot doctor` says what to mend"
ADDRESS_REFUSED = "telegram refuses the address it is to bring updates to: mend EARSHOT_TELEGRAM_WEBHOOK_URL"
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
WEBHOOK_PATH = "/telegram/webhook"
Commands = tuple[tuple[str, Phrase], ...]
# Telegram keeps fewer updates in line than this, and after a week of silence starts again from any number: an id a
# little below the offset is a repeat, one far below it begins a new line.
REPEATS_WITHIN = 100_000


class Overtaken(Exception):
    """Another process has moved the offset: what was fetched here is taken in already."""


class TelegramEdge:
    """One bot's way in, polling or webhook, as long as it `may`: nobody else takes updates in meanwhile."""

    def __init__(
        self,
        bot: Bot,
        runner: Runner,
        worker: Worker,
        school: Callable[[Session], SchoolFacts],
        dispatch: Callable[[Iterable[Letter]], None],
        wake: Callable[[], None],
        webhook_secret: str,
        may: Callable[[], bool] = lambda: True,
        whispers: Whispering | None = None,
        refusals: Refusals | None = None,
        again: float = 1.0,
    ) -> None:
        self._again, self._tries, self._alone = again, 0, 0
        self._bot, self._runner, self._worker, self._school = bot, runner, worker, school
        self._dispatch, self._wake, self._secret = dispatch, wake, webhook_secret
        self._may, self._whispers, self._refusals = may, whispers, refusals or Refusals()
        self._answers: set[asyncio.Task[None]] = set()
        self._answering = asyncio.Semaphore(ANSWERS_AT_ONCE)
        self._line_is_short = asyncio.Event()
        self._cursor = f"telegram:{bot.token.partition(':')[0]}"
        self._kept: int | None = None
        self.committed = 0
        self._fetched: float | None = None

    def hears(self) -> bool:
        """Whether Telegram answered within the last two minutes, with updates or without."""
        return self._fetched is not None and time.monotonic() - self._fetched < HEARS_FOR

    async def run(self, webhook_url: str, stop: asyncio.Event) -> None:
        """Begin, by webhook when there is an address for it, and take updates in until `stop`."""
        if not await self._begun(webhook_url, stop):
            # Nothing more is asked of a bot that may never have begun, for nobody would close what that opens.
            return
        menus = asyncio.create_task(self.show_menus())
        try:
            if not webhook_url:
                await self.poll(stop)
            await stop.wait()
        finally:
            menus.cancel()

    async def _begun(self, webhook_url: str, stop: asyncio.Event) -> bool:
        """Ask Telegram until it takes the token and the way in; False when all ends before."""
        away = False
        while not stop.is_set():
            again = REFUSED_AGAIN
            try:
                await self._bot.initialize()
                await self.announce(webhook_url)
            except InvalidToken:
                self._refusals.tell("telegram", for_chosen(NOT_ACCEPTED))
            except BadRequest:
                # Asked who the bot is, Telegram never answers so: it is the address.
                self._refusals.tell("telegram", ADDRESS_REFUSED)
            except TelegramError as error:
                if not away:
                    log.warning("telegram cannot be reached, trying again", error=type(error).__name__)
                away, again = True, AWAY_AGAIN
            else:
                self._refusals.mended("telegram")
                return not stop.is_set()
            await pause(stop, again)
        return False

    # --- polling ------------------------------------------------------------------------------------------------------

    async def poll(self, stop: asyncio.Event) -> None:
        """Fetch and handle updates until `stop`; network trouble is waited out, the offset never runs ahead."""
        offset = await self._worker.run(self._offset)
        while not stop.is_set():
            updates = await unless(stop, self._fetch(offset))
            if updates:
                offset = await self._take(updates, offset, stop)

    def _offset(self, session: Session) -> int:
        cursor = session.get(Cursor, self._cursor)
        kept = self._kept = cursor.position if cursor else 0
        return kept if self._whispers is None else self._whispers.shown(kept)

    async def _fetch(self, offset: int) -> list[dict[str, Any]]:
        wait = {"offset": offset, "limit": BATCH_MOST, "timeout": LONG_POLL, "allowed_updates": UPDATES}
        try:
            # Raw JSON: an update of a kind the library does not know must not stop those around it. Telegram reads
            # names in any case; in lower case the library does not advise its own parsing method.
            answer = await self._bot.do_api_request("getupdates", wait, read_timeout=LONG_POLL + 10)
            self._fetched = time.monotonic()
            self._refusals.mended("telegram")
            return [one for one in answer if isinstance(one, dict) and isinstance(one.get("update_id"), int)]
        except RetryAfter as error:
            await asyncio.sleep(pause_of(error))
        except InvalidToken:
            self._refusals.tell("telegram", for_chosen(NOT_ACCEPTED))
            await asyncio.sleep(REFUSED_AGAIN)
        except Conflict as error:
            log.error("telegram refuses to give updates", error=type(error).__name__)
            await asyncio.sleep(5.0)
        except TelegramError as error:
            log.warning("telegram cannot be reached", error=type(error).__name__)
            await asyncio.sleep(0.5)
        return []

    async def _take(self, updates: Sequence[dict[str, Any]], offset: int, stop: asyncio.Event) -> int:
        """Handle a batch and move the offset in one transaction; with the store unable to write, try the same again.

        Where it can be written but for one update, that one is refused in the end: everybody else waits behind it.
        """
        updates = updates[:1] if self._alone else updates
        fresh = [one for one in updates if not 0 < offset - one["update_id"] <= REPEATS_WITHIN]
        taken = self._whispers.taken if self._whispers is not None else 0
        try:
            # First, for the offset must not pass a whisper that is not sealed and answered.
            batch = [one for update in fresh for one in await self._for_the_main_path(update)]
        except Exception as error:
            log.error("batch not taken, Telegram keeps it", error=type(error).__name__)
            await unless(stop, asyncio.sleep(self._again))
            return offset
        reached = max((one["update_id"] + 1 for one in fresh), default=offset)

        def handle(session: Session, *, refuse: bool = False) -> Outcome:
            cursor = session.get(Cursor, self._cursor) or Cursor(name=self._cursor, position=0)
            if self._kept is not None and cursor.position != self._kept:
                raise Overtaken
            take = self._runner.refuse if refuse else self._runner.handle
            outcome = take(session, self._school(session), batch)
            cursor.position = reached if self._whispers is None else self._whispers.hidden(reached)
            session.add(cursor)
            return outcome

        if not batch and self._whispers is not None and self._whispers.taken > taken:
            # All of it was Whisper's, and is sealed and answered: even a moved offset would be a trace in the store.
            self._whispers.committed()
            self.committed += len(updates)
            return reached
        try:
            outcome = await self._worker.run(handle)
        except Overtaken:
            log.error("another process has taken these updates in", updates=len(updates))
            return await self._worker.run(self._offset)
        except Exception as error:
            log.error("batch not committed, Telegram keeps it", updates=len(updates), error=type(error).__name__)
            own = not is_of_the_whole(error) and self._fails_on(len(updates))
            refused = await self._refused(partial(handle, refuse=True)) if own else None
            if refused is None:
                await unless(stop, asyncio.sleep(self._again))
                return offset
            outcome = refused
        self._tries, self._alone = 0, max(0, self._alone - 1)
        self._kept = reached if self._whispers is None else self._whispers.hidden(reached)
        self.committed += len(updates)
        if self._whispers is not None:
            self._whispers.committed()
        if len(updates) < BATCH_MOST:
            self._line_is_short.set()
        else:
            self._line_is_short.clear()
        self._after_commit(outcome)
        return reached

    def _fails_on(self, count: int) -> bool:
        """Note that so many updates could not be taken together; says whether a single one has failed often enough."""
        self._tries += 1
        if self._tries < TRIES:
            return False
        if count > 1:
            self._tries, self._alone = 0, count
        return count == 1

    async def _refused(self, refuse: Callable[[Session], Outcome]) -> Outcome | None:
        """Note that an update failed, and move on; None where even that cannot be written: it is the store then."""
        try:
            outcome = await self._worker.run(refuse)
        except Exception:
            return None
        log.error("an update fails each time, and is passed over")
        return outcome

    async def _for_the_main_path(self, update: Mapping[str, Any]) -> list[Incoming]:
        """Let Whisper take what is its own; the rest is read for the main path, which never hears of it.

        Raises SeatLost.
        """
        if not self._may():
            raise SeatLost
        if self._whispers is None:
            incoming = read_update(update)
            return [] if incoming is None else [incoming]
        if await self._whispers.took(update):
            return []
        incoming = read_update(update)
        # Rows are numbered so that no gap shows where an update was Whisper's.
        return [] if incoming is None else [replace(incoming, update_id=self._whispers.opaque(incoming.update_id))]

    # --- webhook ------------------------------------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        """Take updates at WEBHOOK_PATH."""
        app.router.add_post(WEBHOOK_PATH, self._webhook)

    async def _webhook(self, request: web.Request) -> web.Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        # A header may hold any bytes; those that are no text come as half characters.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            return web.Response(status=403)
        try:
            update = await request.json()
        except ValueError:
            return web.Response(status=400)
        try:
            batch = await self._for_the_main_path(update) if isinstance(update, Mapping) else []
        except Exception as error:
            log.error("update not taken, Telegram sends it again", error=type(error).__name__)
            return web.Response(status=503)
        if self._whispers is not None:
            self._whispers.committed()
        if not batch:
            return web.Response()

        def handle(session: Session) -> Outcome:
            return self._runner.handle(session, self._school(session), batch, seen=True)

        try:
            outcome = await self._worker.run(handle)
        except Exception as error:
            log.error("update not committed, Telegram sends it again", error=type(error).__name__)
            return web.Response(status=503)
        self.committed += 1
        self._line_is_short.set()
        self._after_commit(outcome)
        return web.Response()

    # --- both ---------------------------------------------------------------------------------------------------------

    def _after_commit(self, outcome: Outcome) -> None:
        # Only now: what is sent must never be taken back by a failed commit.
        self._dispatch(outcome.letters)
        if outcome.due:
            self._wake()
        for callback_id, phrase, language in outcome.toasts:
            task = asyncio.create_task(self._answer(callback_id, phrase, language))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        for which, menus in ((COMMANDS, outcome.menus), (parent.COMMANDS, outcome.parents_menus)):
            self._set_menus(which, menus)

    def _set_menus(self, which: Commands, menus: Iterable[tuple[int, str]]) -> None:
        for chat, language in menus:
            task = asyncio.create_task(self._set_menu(language, BotCommandScopeChat(chat), which=which))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, callback_id: str, phrase: Phrase | None, language: str) -> None:
        """End the button's waiting sign; cosmetic, so a failure is let go."""
        words = None if phrase is None else text.render(phrase, language, "UTC")
        # Taking in what waits comes first: it is kept only then, and the signs end by themselves in the end.
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_WAIT):
                await self._line_is_short.wait()
        async with self._answering:
            try:
                await self._bot.answer_callback_query(callback_id, words)
            except TelegramError as error:
                log.debug("tap not answered", error=type(error).__name__)

    async def announce(self, webhook_url: str) -> None:
        """Tell Telegram how updates are to come."""
        if webhook_url:
            await self._bot.set_webhook(
                webhook_url.rstrip("/") + WEBHOOK_PATH, secret_token=self._secret, allowed_updates=UPDATES
            )
        else:
            await self._bot.delete_webhook()

    async def show_menus(self) -> None:
        """Tell Telegram which commands there are: until a chat has a language of its own, its phone's decides."""
        for language in text.languages():
            await self._set_menu(language, code=None if language == text.SOURCE else language)
            # Few schools speak all of these: no catalogue is kept for its menu alone.
            text.forget()

    async def _set_menu(
        self,
        language: str,
        scope: BotCommandScopeChat | None = None,
        code: str | None = None,
        which: Commands = COMMANDS,
    ) -> None:
        """Show the commands in a language: in one chat, or wherever the phone's language is `code`; cosmetic."""
        commands = [BotCommand(name, text.render(words, language, "UTC")) for name, words in which]
        try:
            await self._bot.set_my_commands(commands, scope=scope, language_code=code)
        except TelegramError as error:
            log.warning("the commands menu was not set", error=type(error).__name__)
