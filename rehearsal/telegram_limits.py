"""The pace Telegram allows a bot: so many messages a second over all chats, and about one a second in each."""

from __future__ import annotations

import math
from collections import deque

from rehearsal.telegram_wire import Clock, too_many

PER_SECOND = 30
PER_CHAT_BURST = 20


class Pace:
    """Counts sends and edits, over all chats in a sliding second and per chat in a bucket that refills at 1/s.

    Telegram publishes the 30/s and the 1/s with "short bursts"; the size of the burst is ours.
    """

    def __init__(self, clock: Clock) -> None:
        self.enforce = True
        self.per_second = PER_SECOND
        self.per_chat_burst = PER_CHAT_BURST
        self._clock = clock
        self._sent: deque[float] = deque()
        self._chats: dict[int, tuple[float, float]] = {}

    def take(self, chat: int) -> None:
        """Count one message to a chat. Raises Refusal 429, which counts for nothing, when it comes too soon."""
        if not self.enforce:
            return
        now = self._clock()
        while self._sent and self._sent[0] <= now - 1.0:
            self._sent.popleft()
        if len(self._sent) >= self.per_second:
            raise too_many(1)
        left, seen = self._chats.get(chat, (float(self.per_chat_burst), now))
        left = min(float(self.per_chat_burst), left + now - seen)
        if left < 1.0:
            raise too_many(math.ceil(1.0 - left))
        self._chats[chat] = (left - 1.0, now)
        self._sent.append(now)
