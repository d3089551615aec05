"""What a reporter sends, on its way into the whisper store; and what their six words open.

Nothing raises for a store that is missing, locked or full: the reporter is told at once that it was not kept.
"""

import hmac
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.pace import too_many
from bot.whisper.epochs import Epochs
from bot.whisper.parts import Parts
from bot.whisper.people import Known
from bot.whisper.photos import FILE_MOST, NotAPhoto, clean
from bot.whisper.speech import Voice
from bot.whisper.updates import Arrived
from conversations import whisper_model
from conversations.whisper_choice import KIND_NAMES, Found
from conversations.whisper_model import Exchange, Happening
from store import whisper_routes, whispers
from store.whisper_sealing import Receipt, TooLong, receipt_of_code
from store.whispers import Door, Draft, Gone, Mark, NobodyReads

log = structlog.get_logger()

REMEMBERED: Final = 1000
SEALS_A_MINUTE: Final = 30
TRIES: Final = 10
TRIES_SECONDS: Final = 600.0


@dataclass
class Chat:
    """What memory holds of one chat that whispers; `last` is when something last came for the whisper."""

    exchange: Exchange | None = None
    marked: bool = False
    last: datetime | None = None
    whole: bool = False
    doors: dict[str, Door] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    seals: deque[float] = field(default_factory=deque)
    tries: deque[float] = field(default_factory=deque)


class Keeping:
    """Seals for reporters and looks up for them. `urgent` is called when a whisper is to be heard of at once."""

    def __init__(
        self, parts: Parts, voice: Voice, routing_key: bytes, epochs: Epochs, urgent: Callable[[], None]
    ) -> None:
        self._parts, self._voice, self._routing_key, self._urgent = parts, voice, routing_key, urgent
        self._epochs = epochs
        self._sealed: deque[int] = deque(maxlen=REMEMBERED)
        self._first_batch, self._fresh_batch = True, False

    def committed(self) -> None:
        """Say that the batch is acknowledged: what was sealed in it will not come again."""
        self._first_batch, self._fresh_batch = False, True

    async def was_taken(self, arrived: Arrived) -> bool:
        """Ask, in the first batch after a start, whether this was sealed by a process that died before it answered."""
        if not self._first_batch:
            return False
        try:
            return await self._parts.on_thread(whispers.was_taken, self._parts.store, self._mark_of(arrived))
        except (SQLAlchemyError, OSError):
            # To seal it fails likewise, and then they are told so.
            return False

    def _mark_of(self, arrived: Arrived) -> bytes:
        return hmac.digest(self._routing_key, b"sealed %d" % arrived.update_id, sha256)

    async def seal(self, arrived: Arrived, chat: Chat, known: Known, deed: whisper_model.Seal) -> Happening:
        """Seal what arrived; says whether it is kept, and if not, why."""
        if arrived.update_id in self._sealed:
            return whisper_model.Sealed(what=deed.what)
        mark = Mark(self._mark_of(arrived), first_of_batch=self._fresh_batch)
        if too_many(time.monotonic(), chat.seals, SEALS_A_MINUTE, 60.0):
            return whisper_model.NotSealed("many")
        try:
            if await self.was_taken(arrived):
                return whisper_model.Sealed(again=True, what=deed.what)
            facts, body = {"what": deed.what}, deed.words.encode("utf-8", "replace")
            if deed.photo:
                facts, body = {"what": "photo", "caption": deed.words}, await self._picture(arrived)
            await self._put(chat, known, deed, facts, body, mark)
        except NobodyReads:
            return whisper_model.NotSealed("nobody")
        except NotAPhoto:
            return whisper_model.NotSealed("photo", deed.words)
        except TooLong:
            return whisper_model.NotSealed("long")
        except Gone:
            chat.doors.pop(deed.choice.receipt, None)
            return whisper_model.NotSealed("gone")
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper not kept", error=type(error).__name__)
            return whisper_model.NotSealed("store")
        self._sealed.append(arrived.update_id)
        chat.seals.append(time.monotonic())
        self._fresh_batch = False
        if deed.urgent and not deed.choice.hold:
            self._urgent()
        return whisper_model.Sealed(what=deed.what)

    async def _picture(self, arrived: Arrived) -> bytes:
        if arrived.file is None or arrived.file[1] > FILE_MOST:
            raise NotAPhoto
        data = await self._voice.photo(arrived.file[0])
        if data is None:
            raise NotAPhoto
        return await self._parts.on_thread(clean, data)

    async def _put(
        self, chat: Chat, known: Known, deed: whisper_model.Seal, facts: dict[str, Any], body: bytes, mark: Mark
    ) -> None:
        """Seal into the report of the choice's receipt, making it if there is none yet."""
        code, store = deed.choice.receipt, self._parts.store
        receipt = receipt_of_code(code)
        if receipt is None:
            raise Gone
        door = chat.doors.get(code) or await self._door(receipt)
        if door is None:
            draft = _draft(deed, known, self._parts.clock())
            door = await self._parts.on_thread(whispers.start, store, draft, receipt, facts, body, mark)
        else:
            add = partial(whispers.add, urgent=deed.urgent)
            await self._parts.on_thread(add, store, door, facts, body, mark)
        chat.doors[code] = door

    async def _door(self, receipt: Receipt) -> Door | None:
        key = await self._parts.on_thread(whispers.find, self._parts.store, receipt)
        return key.door if key else None

    async def look(self, chat: Chat, deed: whisper_model.Look) -> Happening:
        """Look a receipt up; a wrong one takes as long as a right one."""
        receipt = receipt_of_code(deed.choice.receipt)
        if receipt is None or too_many(time.monotonic(), chat.tries, TRIES, TRIES_SECONDS):
            return whisper_model.NotSealed("tries")
        try:
            key = await self._parts.on_thread(whispers.find, self._parts.store, receipt)
            page = await self._parts.on_thread(whispers.see, self._parts.store, key)
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper not looked up", error=type(error).__name__)
            return whisper_model.NotSealed("store")
        if page is None and not deed.finishing:
            chat.tries.append(time.monotonic())
        found = Found(page.status, page.outcome, page.replies) if page else None
        return whisper_model.Looked(deed.choice, found, deed.finishing)

    async def route(self, chat_id: int, known: Known, deed: whisper_model.Route) -> Happening:
        """Keep the way back to a chat with its report, for an answer to knock."""
        receipt = receipt_of_code(deed.choice.receipt)
        epoch = self._epochs.key(known.school.calendar.local_date(self._parts.clock()))
        try:
            door = await self._door(receipt) if receipt is not None else None
            if door is None:
                return whisper_model.NotSealed("gone")
            if epoch is None:
                return whisper_model.NotSealed("store")
            await self._parts.on_thread(whisper_routes.set_route, self._parts.store, door, chat_id, epoch)
        except Gone:
            return whisper_model.NotSealed("gone")
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper's way back not kept", error=type(error).__name__)
            return whisper_model.NotSealed("store")
        return whisper_model.Routed()


def _draft(deed: whisper_model.Seal, known: Known, now: datetime) -> Draft:
    """Put together what a report begins with. Raises Gone when the choice does not say enough to begin one."""
    choice = deed.choice
    if choice.kind not in KIND_NAMES:
        raise Gone
    return Draft(
        day=known.school.calendar.local_date(now).isoformat(),
        kind=KIND_NAMES[choice.kind],
        about="me" if choice.about == "m" else "someone else",
        urgency="urgent" if deed.urgent else "ordinary",
        hold="slot" if choice.hold else "",
        excluded=tuple(reader for reader, _ in known.leads if choice.excluded and reader.startswith(choice.excluded)),
    )
