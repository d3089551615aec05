"""Whisper's own voice in Telegram: it speaks at once and directly, for nothing it says may pass through the outbox.

What Telegram keeps for us is used in place of a store of our own: while a chat whispers, its menu of commands holds
/done, so that after a restart the chat itself tells that it whispers.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot import text
from bot.telegram.sender import rendered
from bot.whisper.speech import Unreachable
from conversations.flows.help import COMMANDS
from conversations.flows.parent import COMMANDS as PARENTS_COMMANDS
from conversations.model import Message, Phrase, say

log = structlog.get_logger()

DONE: Final = "done"
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
# Every answer is made as long as the longest, as it goes over the wire (bytes), so that its size says nothing: a page
# full of replies in a script whose letters take three bytes.
BODY_BYTES = 16_384
_WAITS = 4
_LONGEST_WAIT = 8.0
_DELETE_AT_ONCE = 100


class TelegramVoice:
    """Speaks in chats; see `bot.whisper.speech.Voice`."""

    def __init__(self, bot: Bot, clock: Callable[[], datetime]) -> None:
        self._bot, self._clock = bot, clock

    async def speak(self, chat: int, message: Message, language: str, zone: str, over: int | None) -> int | None:
        """Say it, in place of message `over` where that can be; gives the message's number, None for a lost chat."""
        words, keyboard = rendered(message, language, zone, self._clock())
        padding = {"padding": "." * max(0, BODY_BYTES - _length(words, keyboard))}
        for _ in range(_WAITS):
            try:
                if over is not None:
                    await self._bot.edit_message_text(
                        words,
                        chat,
                        over,
                        parse_mode="HTML",
                        reply_markup=keyboard,
                        link_preview_options=_NO_PREVIEW,
                        api_kwargs=padding,
                    )
                    return over
                sent = await self._bot.send_message(
                    chat,
                    words,
                    parse_mode="HTML",
                    reply_markup=keyboard,
                    link_preview_options=_NO_PREVIEW,
                    api_kwargs=padding,
                )
                return sent.message_id
            except RetryAfter as error:
                await _rest(error)
            except Forbidden:
                return None
            except BadRequest as error:
                if over is None:
                    log.warning("whisper answer refused")
                    return None
                if "not modified" in error.message.lower():
                    return over
                # Gone or too old to change: the answer comes below instead.
                over = None
            except (NetworkError, TelegramError):
                raise Unreachable from None
        raise Unreachable

    async def remove(self, chat: int, numbers: Sequence[int]) -> bool:
        """Take messages out of a chat; False when some may still be there."""
        try:
            for start in range(0, len(numbers), _DELETE_AT_ONCE):
                await self._bot.delete_messages(chat, list(numbers[start : start + _DELETE_AT_ONCE]))
        except TelegramError:
            return False
        return True

    async def hint(self, callback_id: str, phrase: Phrase | None, language: str) -> None:
        """End a button's waiting sign; cosmetic, so a failure is let go."""
        words = None if phrase is None else text.render(phrase, language, "UTC")
        with suppress(TelegramError):
            await self._bot.answer_callback_query(callback_id, words)

    async def set_mark(self, chat: int, language: str, *, on: bool, parent: bool = False) -> None:
        """Have the chat remember that it whispers, or no longer. Raises Unreachable."""
        scope = BotCommandScopeChat(chat)
        usual = PARENTS_COMMANDS if parent else COMMANDS
        shown = ((DONE, say("finish what you are writing")), *usual) if on else usual
        for _ in range(_WAITS):
            try:
                if on or parent:
                    # A parent's chat has commands of its own, which are put back afterwards.
                    commands = [BotCommand(name, text.render(words, language, "UTC")) for name, words in shown]
                    await self._bot.set_my_commands(commands, scope=scope)
                else:
                    await self._bot.delete_my_commands(scope=scope)
                return
            except RetryAfter as error:
                await _rest(error)
            except (Forbidden, BadRequest):
                return
            except (NetworkError, TelegramError):
                raise Unreachable from None
        raise Unreachable

    async def is_marked(self, chat: int) -> bool:
        """Ask whether a chat whispers. Raises Unreachable."""
        for _ in range(_WAITS):
            try:
                commands = await self._bot.get_my_commands(scope=BotCommandScopeChat(chat))
                return any(command.command == DONE for command in commands)
            except RetryAfter as error:
                await _rest(error)
            except (Forbidden, BadRequest):
                return False
            except (NetworkError, TelegramError):
                raise Unreachable from None
        raise Unreachable

    async def photo(self, file_id: str) -> bytes | None:
        """Fetch a file; None for one that Telegram does not hand out. Raises Unreachable."""
        for _ in range(_WAITS):
            try:
                file = await self._bot.get_file(file_id)
                return bytes(await file.download_as_bytearray())
            except RetryAfter as error:
                await _rest(error)
            except (Forbidden, BadRequest):
                return None
            except (NetworkError, TelegramError):
                raise Unreachable from None
        raise Unreachable


def _length(words: str, keyboard: InlineKeyboardMarkup | None) -> int:
    """Count what a message takes as `bot.telegram.request` sends it (bytes)."""
    fields = {"text": words, **({"reply_markup": keyboard.to_dict()} if keyboard is not None else {})}
    return len(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace"))


async def _rest(error: RetryAfter) -> None:
    wait = error.retry_after
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
    await asyncio.sleep(min(seconds, _LONGEST_WAIT))
