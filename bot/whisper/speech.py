"""What Whisper needs of a network to speak in chats; `bot.whisper.voice` is Telegram's."""

from collections.abc import Sequence
from typing import Protocol

from conversations.model import Message, Phrase


class Unreachable(Exception):
    """The network cannot be reached now: the update is to be taken again."""


class Voice(Protocol):
    """How Whisper speaks in chats; each call may raise Unreachable."""

    async def speak(self, chat: int, message: Message, language: str, zone: str, over: int | None) -> int | None:
        """Say it; gives the message's number."""

    async def remove(self, chat: int, numbers: Sequence[int]) -> bool:
        """Take messages out of a chat."""

    async def hint(self, callback_id: str, phrase: Phrase | None, language: str) -> None:
        """End a button's waiting sign."""

    async def set_mark(self, chat: int, language: str, *, on: bool, parent: bool = False) -> None:
        """Have the chat remember that it whispers."""

    async def is_marked(self, chat: int) -> bool:
        """Ask whether a chat whispers."""

    async def photo(self, file_id: str) -> bytes | None:
        """Fetch a file."""
