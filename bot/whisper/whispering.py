"""Whisper's way through the program, beside the main one: it takes its updates before the main path sees them.

What the main path writes (outbox, seen deliveries, conversation, failures, last contact) this path does not: it reads
the main store without locks, keeps where an exchange stands in memory, seals into a store of its own, and speaks in the
chat directly. An update counts as taken once what it brought is sealed and answered, so the caller moves the offset
after that. Logs say that something failed, never for whom.
"""

import asyncio
import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.pace import too_many
from bot.whisper import cursor as whisper_cursor
from bot.whisper.people import Known, look, reading
from bot.whisper.photos import FILE_MOST, NotAPhoto, clean
from bot.whisper.speech import Voice
from bot.whisper.updates import Arrived, read_arrived
from bot.worker import Worker
from conversations import whisper
from conversations.danger_words import sounds_like_danger
from conversations.model import Attachment, Command, Edited, Tap, Text
from conversations.router import is_unprompted
from conversations.whisper import Exchange, Happening
from conversations.whisper_choice import KIND_NAMES, Around, Choice, Found
from scheduling.school import SchoolFacts
from scheduling.whisper_slots import next_slot
from store import whispers
from store.sealing import Sealer
from store.whisper_sealing import (
    Receipt,
    TooLong,
    code_of,
    decoys_of,
    new_receipt,
    receipt_of,
    receipt_of_code,
    words_of_code,
)
from store.whisper_store import WhisperStore
from store.whispers import Door, Draft, Mark, NobodyReads

log = structlog.get_logger()
T = TypeVar("T")

PICTURES = ("photo", "document")
REMEMBERED: Final = 1000
# Few enough in an hour that staff could guess who wrote.
CROWD: Final = 10
CROWD_SECONDS: Final = 3600.0
SEALS_A_MINUTE: Final = 30
TRIES: Final = 10
TRIES_SECONDS: Final = 600.0


@dataclass
class _Chat:
    """What memory holds of one chat that whispers."""

    exchange: Exchange | None = None
    marked: bool = False
    whole: bool = False
    doors: dict[str, Door] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    seals: deque[float] = field(default_factory=deque)
    tries: deque[float] = field(default_factory=deque)


class Whispering:
    """Takes the updates of those who whisper. `school` reads the school's facts; `urgent` is called when one is urgent.

    `routing_key` (32 bytes) lies outside the database and its backups.
    """

    def __init__(
        self,
        store: WhisperStore,
        worker: Worker,
        sealer: Sealer,
        voice: Voice,
        clock: Callable[[], datetime],
        school: Callable[[Session], SchoolFacts],
        routing_key: bytes,
        urgent: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._worker, self._sealer, self._voice = store, worker, sealer, voice
        self._clock, self._school, self._routing_key, self._urgent = clock, school, routing_key, urgent
        # One thread: at most one receipt is being checked at a time, and a crowd waits in line; none is turned away.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self._began = clock()
        self._chats: dict[int, _Chat] = {}
        self._asked: set[int] = set()
        self._done: deque[int] = deque(maxlen=REMEMBERED)
        self._sealed: deque[int] = deque(maxlen=REMEMBERED)
        self._crowd: dict[int, float] = {}
        self._first_batch, self._fresh_batch = True, False
        self.taken = 0

    async def took(self, update: Mapping[str, Any]) -> bool:
        """Take an update if it is Whisper's: sealed, answered. Raises Unreachable when it is to be taken again."""
        arrived = read_arrived(update)
        if arrived is None:
            return False
        self._crowd[arrived.chat] = time.monotonic()
        if arrived.update_id in self._done:
            return True
        known, happening = await self._sorted(arrived)
        if known is None or happening is None:
            return False
        if isinstance(happening, Text | whisper.Photo) and await self._was_taken(arrived):
            happening = whisper.Sealed(again=True)
        await self._go(arrived, known, happening)
        self._done.append(arrived.update_id)
        self.taken += 1
        return True

    def committed(self) -> None:
        """Say that the batch is acknowledged: what was taken in it will not come again."""
        self._first_batch, self._fresh_batch = False, True

    def opaque(self, update_id: int) -> int:
        """Number an update for the main path's rows, so that a gap in their numbers does not tell of a whisper."""
        digest = hmac.digest(self._routing_key, b"update %d" % update_id, sha256)
        return int.from_bytes(digest[:7], "big")

    def hidden(self, offset: int) -> int:
        """Give an offset as it is to be kept: its steps must not count the updates that were Whisper's."""
        return whisper_cursor.hidden(offset, self._routing_key)

    def shown(self, kept: int) -> int:
        """Read an offset that was kept."""
        return whisper_cursor.shown(kept, self._routing_key)

    async def on_thread(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401 (passed on)
        """Do something with the whisper store, in its own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *args))

    def close(self) -> None:
        """Finish what is under way."""
        self._thread.shutdown(wait=True)
        self._store.engine.dispose()

    # --- whose it is --------------------------------------------------------------------------------------------------

    async def _sorted(self, arrived: Arrived) -> tuple[Known | None, Happening | None]:
        """Say what an update is to Whisper; (None, None) for what is the main path's."""
        event, chat = arrived.event, self._chats.get(arrived.chat)
        exchange = chat.exchange if chat else None
        if isinstance(event, Tap) and event.data != "w" and not event.data.startswith("w:"):
            return None, None
        if isinstance(event, Command) and event.name not in ("whisper", "done"):
            await self._forget(arrived.chat)
            return None, None
        if isinstance(event, Text | Attachment | Edited | Command) and arrived.code is False and exchange is None:
            await self._ask_chat(arrived)
            chat = self._chats.get(arrived.chat)
            exchange = chat.exchange if chat else None
        if not self._may_be_mine(arrived, exchange):
            return None, None
        known = await self._worker.run(partial(self._look_up, chat_id=arrived.chat))
        return (known, self._happening(arrived, exchange, known)) if known else (None, None)

    def _look_up(self, session: Session, chat_id: int) -> Known | None:
        school = self._school(reading(session))
        return look(session, self._sealer, school, chat_id, self._clock())

    def _may_be_mine(self, arrived: Arrived, exchange: Exchange | None) -> bool:
        """Sort out, before the main store is asked, what cannot be Whisper's."""
        event = arrived.event
        if isinstance(event, Attachment):
            return exchange is not None
        if isinstance(event, Edited):
            return exchange is not None or self._could_be_of_a_whisper(arrived, event)
        return True

    def _could_be_of_a_whisper(self, arrived: Arrived, event: Edited) -> bool:
        """Words of danger changed into a message of before a start, or of an exchange: they must not name anybody."""
        chat = self._chats.get(arrived.chat)
        if chat is not None and arrived.message_id in chat.numbers:
            return True
        older = arrived.sent_at is None or arrived.sent_at < self._began
        return older and sounds_like_danger(event.text)

    def _happening(self, arrived: Arrived, exchange: Exchange | None, known: Known) -> Happening | None:
        match arrived.event:
            case Tap() | Command() as event:
                return event
            case Edited(text):
                return whisper.Changed(text)
            case Attachment(kind, caption):
                return whisper.Photo(caption) if arrived.file is not None else whisper.OtherFile(kind)
            case Text(text):
                receipt = receipt_of(text)
                writing = exchange is not None and exchange.choice is not None
                if receipt is not None and not writing:
                    return whisper.SixWords(code_of(receipt))
                if exchange is not None:
                    return Text(text)
                unprompted = not arrived.code and is_unprompted(known.state, text, known.person)
                return whisper.Unprompted(text) if unprompted else None
            case _:
                return None

    async def _ask_chat(self, arrived: Arrived) -> None:
        """Ask the chat itself, once after a start, whether it whispers: memory does not know of before."""
        if arrived.chat in self._asked:
            return
        if await self._voice.is_marked(arrived.chat):
            exchange = Exchange(choice=arrived.choice if self._good(arrived.choice) else None)
            self._chats[arrived.chat] = _Chat(exchange, marked=True)
        self._asked.add(arrived.chat)

    def _good(self, choice: Choice | None) -> bool:
        return choice is not None and receipt_of_code(choice.receipt) is not None

    async def _forget(self, chat_id: int) -> None:
        chat = self._chats.pop(chat_id, None)
        if chat is not None and chat.marked:
            await self._voice.set_mark(chat_id, "en", on=False)

    # --- what comes of it ---------------------------------------------------------------------------------------------

    async def _go(self, arrived: Arrived, known: Known, happening: Happening) -> None:
        chat = self._chats.setdefault(arrived.chat, _Chat())
        if arrived.message_id is not None and arrived.message_id not in chat.numbers:
            chat.numbers.append(arrived.message_id)
        around = self._around(known)
        exchange = chat.exchange
        coming: deque[Happening] = deque((happening,))
        hinted = False
        while coming:
            turn = whisper.step(exchange, coming.popleft(), around)
            exchange = turn.exchange
            await self._mark(arrived.chat, chat, known, on=exchange is not None)
            for deed in turn.deeds:
                if isinstance(deed, whisper.Speak):
                    over = arrived.message_id if deed.over and arrived.callback_id else None
                    number = await self._voice.speak(
                        arrived.chat, deed.message, known.person.language, known.school.zone, over
                    )
                    if number is not None and number not in chat.numbers:
                        chat.numbers.append(number)
                elif isinstance(deed, whisper.Hint):
                    hinted = True
                    if arrived.callback_id is not None:
                        await self._voice.hint(arrived.callback_id, deed.text, known.person.language)
                else:
                    coming.append(await self._done_deed(arrived, chat, known, deed))
        chat.exchange = exchange
        # What came before this process began is not known by its numbers.
        chat.whole = chat.whole or (isinstance(happening, Tap) and happening.data.startswith("w:a:"))
        if arrived.callback_id is not None and not hinted:
            await self._voice.hint(arrived.callback_id, None, known.person.language)
        if isinstance(happening, Tap) and happening.data == "w:z":
            self._chats.pop(arrived.chat, None)

    async def _mark(self, chat_id: int, chat: _Chat, known: Known, *, on: bool) -> None:
        # Before the page is shown: what is typed under it must be known for a whisper's by whoever runs then.
        if chat.marked != on:
            await self._voice.set_mark(chat_id, known.person.language, on=on)
            chat.marked = on
            self._asked.add(chat_id)

    async def _done_deed(
        self, arrived: Arrived, chat: _Chat, known: Known, deed: whisper.Seal | whisper.Look | whisper.Remove
    ) -> Happening:
        if isinstance(deed, whisper.Seal):
            return await self._seal(arrived, chat, known, deed)
        if isinstance(deed, whisper.Look):
            return await self._look(chat, deed)
        numbers, chat.numbers = chat.numbers, []
        return whisper.Removed(await self._voice.remove(arrived.chat, numbers) and chat.whole)

    async def _seal(self, arrived: Arrived, chat: _Chat, known: Known, deed: whisper.Seal) -> Happening:
        if arrived.update_id in self._sealed:
            return whisper.Sealed(what=deed.what)
        mark = Mark(self._mark_of(arrived), first_of_batch=self._fresh_batch)
        if too_many(time.monotonic(), chat.seals, SEALS_A_MINUTE, 60.0):
            return whisper.NotSealed("many")
        try:
            if await self._was_taken(arrived):
                return whisper.Sealed(again=True, what=deed.what)
            facts, body = {"what": deed.what}, deed.words.encode("utf-8", "replace")
            if deed.photo:
                facts, body = {"what": "photo", "caption": deed.words}, await self._picture(arrived)
            await self._put(chat, known, deed, facts, body, mark)
        except NobodyReads:
            return whisper.NotSealed("nobody")
        except NotAPhoto:
            return whisper.NotSealed("photo")
        except TooLong:
            return whisper.NotSealed("long")
        except _Gone:
            return whisper.NotSealed("gone")
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper not kept", error=type(error).__name__)
            return whisper.NotSealed("store")
        self._sealed.append(arrived.update_id)
        chat.seals.append(time.monotonic())
        self._fresh_batch = False
        if deed.urgent and not deed.choice.hold:
            self._urgent()
        return whisper.Sealed(what=deed.what)

    async def _was_taken(self, arrived: Arrived) -> bool:
        """Ask, in the first batch after a start, whether this was sealed by a process that died before it answered."""
        return self._first_batch and await self.on_thread(whispers.was_taken, self._store, self._mark_of(arrived))

    def _mark_of(self, arrived: Arrived) -> bytes:
        return hmac.digest(self._routing_key, b"sealed %d" % arrived.update_id, sha256)

    async def _picture(self, arrived: Arrived) -> bytes:
        if arrived.file is None or arrived.file[1] > FILE_MOST:
            raise NotAPhoto
        data = await self._voice.photo(arrived.file[0])
        if data is None:
            raise NotAPhoto
        return await self.on_thread(clean, data)

    async def _put(
        self, chat: _Chat, known: Known, deed: whisper.Seal, facts: dict[str, Any], body: bytes, mark: Mark
    ) -> None:
        """Seal into the report of the choice's receipt, making it if there is none yet."""
        code = deed.choice.receipt
        receipt = receipt_of_code(code)
        if receipt is None:
            raise _Gone
        door = chat.doors.get(code) or await self._door(receipt)
        if door is None:
            draft = _draft(deed, known, self._clock())
            door = await self.on_thread(whispers.start, self._store, draft, receipt, facts, body, mark)
        else:
            add = partial(whispers.add, urgent=deed.urgent)
            await self.on_thread(add, self._store, door, facts, body, mark)
        chat.doors[code] = door

    async def _door(self, receipt: Receipt) -> Door | None:
        key = await self.on_thread(whispers.find, self._store, receipt)
        return key.door if key else None

    async def _look(self, chat: _Chat, deed: whisper.Look) -> Happening:
        code = deed.choice.receipt
        receipt = receipt_of_code(code)
        if receipt is None or too_many(time.monotonic(), chat.tries, TRIES, TRIES_SECONDS):
            return whisper.NotSealed("tries")
        try:
            key = await self.on_thread(whispers.find, self._store, receipt)
            page = await self.on_thread(whispers.see, self._store, key)
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper not looked up", error=type(error).__name__)
            return whisper.NotSealed("store")
        if page is None and not deed.finishing:
            chat.tries.append(time.monotonic())
        found = Found(page.status, page.outcome, page.replies) if page else None
        return whisper.Looked(deed.choice, found, deed.finishing)

    def _around(self, known: Known) -> Around:
        now = time.monotonic()
        self._crowd = {chat: at for chat, at in self._crowd.items() if now - at < CROWD_SECONDS}
        return Around(
            nation=known.person.nation,
            reads_at=known.person.talk_when,
            slot=next_slot(known.school.calendar, self._clock()),
            quiet=len(self._crowd) < CROWD,
            leads=tuple((reader[:8], name) for reader, name in known.leads),
            fresh=code_of(new_receipt()),
            words=words_of_code,
            decoys=decoys_of,
            is_receipt=lambda code: receipt_of_code(code) is not None,
        )


class _Gone(Exception):
    """The report of a receipt is not there, and the choice does not say enough to begin one."""


def _draft(deed: whisper.Seal, known: Known, now: datetime) -> Draft:
    choice = deed.choice
    if choice.kind not in KIND_NAMES:
        raise _Gone
    return Draft(
        day=known.school.calendar.local_date(now).isoformat(),
        kind=KIND_NAMES[choice.kind],
        about="me" if choice.about == "m" else "someone else",
        urgency="urgent" if deed.urgent else "ordinary",
        hold="slot" if choice.hold else "",
        excluded=tuple(reader for reader, _ in known.leads if choice.excluded and reader.startswith(choice.excluded)),
    )
