"""What the stand-in Slack lets a token do: refusals and their codes, the names of the workspace, scopes, pace.

Nothing here is kept across a restart; as with the real one, a new day begins with full allowances.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

TEAM_ID = "T0REHEARSAL"
TEAM_NAME = "Rehearsal School"
TEAM_DOMAIN = "rehearsal"
APP_ID = "A0REHEARSAL"
BOT_USER_ID = "U0EARSHOT"
BOT_ID = "B0EARSHOT"
BOT_NAME = "earshot"
VERIFICATION_TOKEN = "rehearsal-verification-token"

SCOPES: tuple[str, ...] = (
    "chat:write",
    "im:write",
    "im:history",
    "users:read",
    "users:read.email",
    "commands",
    "files:write",
)

# Slack publishes "one a second, short bursts allowed"; the size of the burst is ours.
CHANNEL_BURST = 5
CHANNEL_PER_SECOND = 1.0
LONGEST_COUNT = 18


class Refusal(Exception):
    """A call the network refuses.

    `error` is Slack's own code. `messages` go into response_metadata as Slack writes them, each with its JSON pointer.
    `retry_after`, whole seconds, makes the answer an HTTP 429. `more` holds further fields of the answer.
    """

    def __init__(
        self, error: str, messages: list[str] | None = None, *, retry_after: int = 0, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []
        self.retry_after = retry_after
        self.more = more or {}

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            if self.error == "invalid_blocks":
                answer["errors"] = [message.removeprefix("[ERROR] ") for message in self.messages]
            answer["response_metadata"] = {"messages": self.messages}
        return answer


def missing(field: str) -> Refusal:
    """Say that an argument is absent, as Slack says it."""
    return Refusal("invalid_arguments", [f"[ERROR] missing required field: {field}"])


def is_count(given: str) -> bool:
    """Say whether a text is a whole number that somebody may count by: ASCII digits, and not a page of them."""
    return given.isascii() and given.isdigit() and len(given) <= LONGEST_COUNT


def scope_missing(needed: str, scopes: tuple[str, ...]) -> Refusal:
    """Say which scopes (joined by commas) a call needs and which the token has."""
    return Refusal("missing_scope", more={"needed": needed, "provided": ",".join(scopes)})


@dataclass(frozen=True)
class Waits:
    """How long the network waits, in seconds; the defaults are Slack's, tests shorten them.

    ack: for the app to acknowledge. retries: between the failed deliveries of an event, after which it is given up.
    trigger: life of a trigger_id. response_url: life of a response_url. ticket: life of a Socket Mode address.
    """

    ack: float = 3.0
    retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    trigger: float = 3.0
    response_url: float = 1800.0
    ticket: float = 30.0


class Bucket:
    """An allowance that fills again at a steady rate up to a size."""

    def __init__(self, size: float, per_second: float) -> None:
        self._size = size
        self._per_second = per_second
        self._left = size
        self._at = time.monotonic()

    def take(self) -> float:
        """Take one; return 0.0, or the seconds until there is one when there is none."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._per_second


class Limits:
    """Slack's rate limits: so many calls a minute for each method, and one message a second for each channel."""

    def __init__(self) -> None:
        self.enforce = True
        self._methods: dict[str, Bucket] = {}
        self._channels: dict[str, Bucket] = {}

    def spend_method(self, method: str, per_minute: int) -> None:
        """Count one call; the whole minute's allowance may go in one burst.

        Raises Refusal `ratelimited` (HTTP 429 with Retry-After) when the allowance is spent.
        """
        if per_minute:
            self._spend(self._methods, method, per_minute, per_minute / 60)

    def spend_channel(self, channel: str) -> None:
        """Count one message into a channel; raises as `spend_method` does."""
        self._spend(self._channels, channel, CHANNEL_BURST, CHANNEL_PER_SECOND)

    def _spend(self, buckets: dict[str, Bucket], key: str, size: float, per_second: float) -> None:
        if not self.enforce:
            return
        wait = buckets.setdefault(key, Bucket(size, per_second)).take()
        if wait > 0:
            raise Refusal("ratelimited", retry_after=max(1, math.ceil(wait)))
