"""Since when words wait in memory for their writers to choose, so that they go in time and stay within a bound."""

from datetime import datetime, timedelta
from typing import Final

from conversations.whisper_waiting import WAITING_SECONDS

# At the most that one chat may have waiting, eight megabytes.
CHATS_MOST: Final = 500
_WAITING: Final = timedelta(seconds=WAITING_SECONDS)


class Holding:
    """The chats whose words wait, oldest first."""

    def __init__(self) -> None:
        self._since: dict[int, datetime] = {}

    def note(self, chat_id: int, now: datetime) -> None:
        """Say that the last of a chat's words came now."""
        self._since.pop(chat_id, None)
        self._since[chat_id] = now

    def drop(self, chat_id: int) -> None:
        """Say that nothing of a chat waits any more."""
        self._since.pop(chat_id, None)

    def over(self, now: datetime) -> list[int]:
        """Give the chats whose words are to go, and drop them: those that waited too long, the oldest of too many."""
        too_many = len(self._since) - CHATS_MOST
        # A clock that was set back must not make words wait for longer.
        gone = [
            chat_id
            for at, (chat_id, since) in enumerate(self._since.items())
            if at < too_many or not timedelta(0) <= now - since < _WAITING
        ]
        for chat_id in gone:
            self.drop(chat_id)
        return gone
