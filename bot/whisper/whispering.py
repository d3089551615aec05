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
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.seats import SeatLost
from bot.whisper import cursor as whisper_cursor
from bot.whisper.epochs import Epochs
from bot.whisper.holding import Holding
from bot.whisper.keeping import REMEMBERED, Chat, Keeping
from bot.whisper.parts import Parts
from bot.whisper.people import Known, look, reading
from bot.whisper.speech import Voice
from bot.whisper.updates import Arrived, read_arrived
from conversations import whisper, whisper_model
from conversations.danger_words import sounds_like_danger
from conversations.model import Attachment, Command, Edited, Tap, Text
from conversations.whisper_choice import Around, Choice
from conversations.whisper_model import Exchange, Happening
from conversations.whisper_pages import not_received
from conversations.whisper_waiting import QUIET_SECONDS, WAITING_SECONDS
from scheduling.whisper_slots import next_slot
from store.whisper_sealing import code_of, decoys_of, new_receipt, receipt_of, receipt_of_code, words_of_code

log = structlog.get_logger()

# Few enough in an hour that staff could guess who wrote.
CROWD: Final = 10
CROWD_SECONDS: Final = 3600.0
# What fails so often, and for so long (seconds) while updates can be fetched, will fail for ever.
TRIES_MOST: Final = 10
PATIENCE: Final = 60.0
# What brings something to seal, so that a process that died may have sealed it already.
_SEALED: Final = (Text, whisper_model.Photo, whisper_model.OtherFile)
# What these buttons say comes after the end, or ends it: stop, remove, and the pages after the receipt.
_END: Final = (["q"], ["z"], ["o"], ["c"], ["2"], ["5"])
# Nothing of these is a file: what was typed into them is all there is.
_ALL_WORDS: Final = ("poll", "checklist")


class Whispering:
    """Takes the updates of those who whisper; `urgent` is called when a whisper is.

    `routing_key` (32 bytes) lies outside the database and its backups.
    """

    def __init__(
        self,
        parts: Parts,
        voice: Voice,
        routing_key: bytes,
        epochs: Epochs,
        urgent: Callable[[], None] = lambda: None,
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._parts, self._voice, self._routing_key = parts, voice, routing_key
        self._make_keeping = partial(Keeping, parts, voice, routing_key, epochs, urgent)
        self._crowd: dict[int, float] = {}
        self.taken = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Know of the chats no more than they hold themselves, as after a start."""
        self._keeping = self._make_keeping()
        self._began = self._parts.clock()
        self._chats: dict[int, Chat] = {}
        self._holding = Holding()
        self._asked: set[int] = set()
        self._done: deque[int] = deque(maxlen=REMEMBERED)
        # How often each update failed, and when it did first.
        self._failing: dict[int, tuple[int, float]] = {}

    async def took(self, update: Mapping[str, Any]) -> bool:
        """Take an update if it is Whisper's: sealed, answered. Raises Unreachable when it is to be taken again.

        One that fails for ever is let go, and its writer told: all the others wait behind it, calls for help too.
        """
        self.let_go()
        arrived = read_arrived(update)
        if arrived is None:
            return False
        self._crowd[arrived.chat] = time.monotonic()
        if arrived.update_id in self._done:
            return True
        try:
            mine = await self._took(arrived)
        except (SeatLost, SQLAlchemyError, OSError):
            # Nobody's fault but the store's, or another process has it: nothing can be taken just now.
            raise
        except Exception as error:
            if not self._fails_for_ever(arrived.update_id):
                raise
            await self._give_up(arrived, error)
            mine = True
        self._failing.pop(arrived.update_id, None)
        if mine:
            self._done.append(arrived.update_id)
            self.taken += 1
        return mine

    async def _took(self, arrived: Arrived) -> bool:
        known, happening = await self._sorted(arrived)
        if known is None or happening is None:
            return False
        if isinstance(happening, _SEALED) and await self._keeping.was_taken(arrived):
            happening = whisper_model.Sealed(again=True)
        await self._go(arrived, known, happening)
        return True

    def _fails_for_ever(self, update_id: int) -> bool:
        """Count a failure of an update; says whether it was tried often and long enough."""
        tries, since = self._failing.pop(update_id, (0, time.monotonic()))
        self._failing[update_id] = (tries + 1, since)
        if len(self._failing) > REMEMBERED:
            del self._failing[next(iter(self._failing))]
        return tries + 1 >= TRIES_MOST and time.monotonic() - since >= self._patience

    async def _give_up(self, arrived: Arrived, error: Exception) -> None:
        """Say that it was not received, where that can be said; what its chat had chosen stays as it was."""
        school = await self._parts.worker.run(lambda session: self._parts.school(reading(session)))
        log.error("an update for whispers fails again and again, and is let go", error=type(error).__name__)
        around = self._around(Known(school.locale, None, school, ()))
        chat = self._chats.get(arrived.chat)
        choice = chat.exchange.choice if chat and chat.exchange else None
        with suppress(Exception):
            message = not_received(around, "store", choice)
            await self._voice.speak(arrived.chat, message, school.locale, school.zone, None)

    def let_go(self) -> None:
        """Let go of the words that waited too long for their writers to choose."""
        for chat_id in self._holding.over(self._parts.clock()):
            chat = self._chats.get(chat_id)
            if chat is not None and chat.exchange is not None:
                chat.exchange = whisper.let_go(chat.exchange)

    def committed(self) -> None:
        """Say that the batch is acknowledged: what was taken in it will not come again."""
        self._keeping.committed()

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

    # --- whose it is --------------------------------------------------------------------------------------------------

    async def _sorted(self, arrived: Arrived) -> tuple[Known | None, Happening | None]:
        """Say what an update is to Whisper; (None, None) for what is the main path's."""
        await self._after_quiet(arrived)
        event, chat = arrived.event, self._chats.get(arrived.chat)
        exchange = chat.exchange if chat else None
        if isinstance(event, Tap) and event.data != "w" and not event.data.startswith("w:"):
            if exchange is not None and exchange.choice is None:
                # They went another way, to an adult or the menu: what they typed and chose nothing for is let go.
                await self._forget(arrived.chat)
            return None, None
        if isinstance(event, Command) and event.name not in ("whisper", "done"):
            if exchange is None or exchange.choice is None or event.name in whisper.ENDING:
                await self._forget(arrived.chat)
            return None, None
        if isinstance(event, Text | Attachment | Edited | Command) and arrived.code is False and exchange is None:
            await self._ask_chat(arrived)
            chat = self._chats.get(arrived.chat)
            exchange = chat.exchange if chat else None
        if not self._may_be_mine(arrived, exchange):
            return None, None
        known = await self._parts.worker.run(partial(self._look_up, chat_id=arrived.chat))
        happening = self._happening(arrived, exchange, known) if known else None
        if happening is None and exchange is not None and exchange.offered:
            # Their words are awaited elsewhere, or call for help at once: another way is taken.
            await self._forget(arrived.chat)
        return (known, happening) if happening is not None else (None, None)

    async def _after_quiet(self, arrived: Arrived) -> None:
        """See, where nothing came for long, to what comes now: words may be meant for something else."""
        chat = self._chats.get(arrived.chat)
        if chat is None or chat.exchange is None or not self._was_quiet(chat):
            return
        match arrived.event:
            case Tap(data) if data == "w" or data.startswith("w:"):
                return
            case Command("whisper" | "done") | Edited():
                return
            case Text() | Attachment() if chat.exchange.choice is not None:
                # An answer to one of its pages is meant for it, and so is a photo: nothing else takes one.
                mine = self._good(arrived.choice) or arrived.file is not None
                chat.exchange = chat.exchange if mine else replace(chat.exchange, left=True)
            case _:
                # They went another way, or never chose what it is about.
                await self._forget(arrived.chat)

    def _was_quiet(self, chat: Chat) -> bool:
        since = None if chat.last is None else self._parts.clock() - chat.last
        # A clock that was set back must not make words a whisper's.
        return since is not None and not timedelta(0) <= since < timedelta(seconds=QUIET_SECONDS)

    def _look_up(self, session: Session, chat_id: int) -> Known | None:
        school = self._parts.school(reading(session))
        return look(session, self._parts.sealer, school, chat_id, self._parts.clock())

    def _may_be_mine(self, arrived: Arrived, exchange: Exchange | None) -> bool:
        """Sort out, before the main store is asked, what cannot be Whisper's."""
        event = arrived.event
        if isinstance(event, Attachment):
            return exchange is not None and not exchange.offered
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
                return whisper_model.Changed(text)
            case Attachment(_, words) if arrived.file is not None:
                return whisper_model.Photo(words)
            case Attachment(kind, words) if kind not in _ALL_WORDS or not words:
                return whisper_model.OtherFile(kind, words)
            case Text(text) | Attachment(_, text):
                receipt = receipt_of(text)
                writing = exchange is not None and exchange.choice is not None and not exchange.left
                if receipt is not None and not writing:
                    return whisper_model.SixWords(code_of(receipt))
                if exchange is not None and not exchange.offered:
                    return Text(text)
                unprompted = not arrived.code and known.meets_nothing(text)
                return whisper_model.Unprompted(text) if unprompted else None
            case _:
                return None

    async def _ask_chat(self, arrived: Arrived) -> None:
        """Ask the chat itself, once after a start, whether it whispers: memory does not know of before."""
        if arrived.chat in self._asked:
            return
        if await self._voice.is_marked(arrived.chat):
            choice = arrived.choice if self._good(arrived.choice) else None
            # Before a choice words wait, and what waited then is gone; of what came after one nothing waits.
            exchange = Exchange(choice=choice, lapsed=choice is None)
            self._chats[arrived.chat] = Chat(exchange, marked=True)
        self._asked.add(arrived.chat)

    def _good(self, choice: Choice | None) -> bool:
        return choice is not None and receipt_of_code(choice.receipt) is not None

    async def _forget(self, chat_id: int) -> None:
        chat = self._chats.pop(chat_id, None)
        self._holding.drop(chat_id)
        if chat is not None and chat.marked:
            known = await self._parts.worker.run(partial(self._look_up, chat_id=chat_id))
            if known is not None:
                await self._voice.set_mark(chat_id, known.language, on=False, parent=known.is_parent)

    # --- what comes of it ---------------------------------------------------------------------------------------------

    async def _go(self, arrived: Arrived, known: Known, happening: Happening) -> None:
        chat = self._chats.setdefault(arrived.chat, Chat())
        if arrived.message_id is not None and arrived.message_id not in chat.numbers:
            chat.numbers.append(arrived.message_id)
        around = self._around(known)
        exchange = chat.exchange
        coming: deque[Happening] = deque((happening,))
        hinted = False
        while coming:
            happens = coming.popleft()
            turn = whisper.step(exchange, happens, around)
            exchange = turn.exchange
            # A process before this one may have marked the chat.
            chat.marked = chat.marked or (_ends(happens) and arrived.chat not in self._asked)
            await self._mark(arrived.chat, chat, known, on=exchange is not None and not exchange.offered)
            for deed in turn.deeds:
                if isinstance(deed, whisper_model.Speak):
                    over = arrived.message_id if deed.over and arrived.callback_id else None
                    number = await self._voice.speak(
                        arrived.chat, deed.message, known.language, known.school.zone, over
                    )
                    if number is not None and number not in chat.numbers:
                        chat.numbers.append(number)
                elif isinstance(deed, whisper_model.Hint):
                    hinted = True
                    if arrived.callback_id is not None:
                        await self._voice.hint(arrived.callback_id, deed.text, known.language)
                else:
                    coming.append(await self._done_deed(arrived, chat, known, deed))
        self._hold(arrived.chat, chat.exchange, exchange)
        chat.exchange = exchange
        if not isinstance(happening, whisper_model.Changed):
            chat.last = self._parts.clock()
        # What came before this process began is not known by its numbers.
        chat.whole = chat.whole or (isinstance(happening, Tap) and happening.data.startswith("w:a:"))
        if arrived.callback_id is not None and not hinted:
            await self._voice.hint(arrived.callback_id, None, known.language)
        if isinstance(happening, Tap) and happening.data == "w:z":
            self._chats.pop(arrived.chat, None)

    def _hold(self, chat_id: int, before: Exchange | None, after: Exchange | None) -> None:
        """Count the time of the words that wait from the last of them."""
        if after is None or not after.waiting:
            self._holding.drop(chat_id)
        elif before is None or after.waiting != before.waiting:
            self._holding.note(chat_id, self._parts.clock())
            # Where nobody writes meanwhile, nothing else would look.
            asyncio.get_running_loop().call_later(WAITING_SECONDS + 1, self.let_go)

    async def _mark(self, chat_id: int, chat: Chat, known: Known, *, on: bool) -> None:
        # Before the page is shown: what is typed under it must be known for a whisper's by whoever runs then.
        if chat.marked != on:
            await self._voice.set_mark(chat_id, known.language, on=on, parent=known.is_parent)
            chat.marked = on
            self._asked.add(chat_id)

    async def _done_deed(
        self,
        arrived: Arrived,
        chat: Chat,
        known: Known,
        deed: whisper_model.Work,
    ) -> Happening:
        if isinstance(deed, whisper_model.Seal):
            return await self._keeping.seal(arrived, chat, known, deed)
        if isinstance(deed, whisper_model.Look):
            return await self._keeping.look(chat, deed)
        if isinstance(deed, whisper_model.Route):
            return await self._keeping.route(arrived.chat, known, deed)
        numbers, chat.numbers = chat.numbers, []
        return whisper_model.Removed(await self._voice.remove(arrived.chat, numbers) and chat.whole)

    def _around(self, known: Known) -> Around:
        now = time.monotonic()
        self._crowd = {chat: at for chat, at in self._crowd.items() if now - at < CROWD_SECONDS}
        return Around(
            nation=known.school.nation,
            reads_at=known.reads_at,
            parent=known.is_parent,
            check_in=known.check_in,
            slot=next_slot(known.school.calendar, self._parts.clock()),
            quiet=len(self._crowd) < CROWD,
            leads=tuple((reader[:8], name) for reader, name in known.leads),
            fresh=code_of(new_receipt()),
            words=words_of_code,
            decoys=decoys_of,
            is_receipt=lambda code: receipt_of_code(code) is not None,
        )


def _ends(happens: Happening) -> bool:
    """Say whether a whisper is over with this, be it one that memory does not know."""
    match happens:
        case Tap(data):
            return data.split(":")[1:2] in _END
        case whisper_model.Looked(_, found, finishing):
            return finishing and found is not None
        case _:
            return False
