"""Pace: how soon the next message may leave, by the networks' limits. Pure: every function is given `now` (seconds)."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

REPLY = 1
# Messages of bulk that may leave at once after a busy moment; more would make a reply wait for all of them.
CATCH_UP = 4


@dataclass
class Bucket:
    """A budget that fills by `rate` a second up to `burst`."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.level = self.burst

    def wait(self, now: float) -> float:
        """Seconds until one may be taken; 0.0 means now."""
        level = min(self.burst, self.level + (now - self.at) * self.rate)
        # A hair of tolerance: sums of fractions must not cost an extra turn.
        return max(0.0, (1.0 - level) / self.rate) if level < 1.0 - 1e-9 else 0.0

    def take(self, now: float) -> None:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate) - 1.0
        self.at = now


@dataclass
class Flight:
    """One message on its way: when it left, and when the network's answer said that it had arrived (seconds)."""

    left: float
    landed: float | None = None


class Window:
    """At most `most` messages in any `seconds`; bulk is spread evenly, so that a reply waits one space, not a window.

    The network counts a message when it arrives, so a place is free again `seconds` after the answer, not after the
    leaving: however unevenly the way between takes its time, the limit holds. A message that stays without an answer
    keeps its place one window longer at most, so that a hung connection does not hold up the others.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._flights: deque[Flight] = deque(maxlen=most)
        self._seconds = seconds
        self._space = seconds / most
        self._last = float("-inf")

    def wait(self, now: float, *, bulk: bool) -> float:
        """Seconds until one more may leave; 0.0 means now."""
        room = 0.0
        if len(self._flights) == self._flights.maxlen:
            oldest = self._flights[0]
            landed = min(now, oldest.left + self._seconds) if oldest.landed is None else oldest.landed
            room = max(0.0, landed + self._seconds - now)
        return max(room, self._last + self._space - now) if bulk else room

    def take(self, now: float) -> Flight:
        """One message leaves; whoever sends it sets when it landed."""
        flight = Flight(now)
        self._flights.append(flight)
        # Spacing is kept from the planned moment, not the late one: a busy moment does not slow a whole wave.
        planned = self._last + self._space
        self._last = planned if now - planned < CATCH_UP * self._space else now
        return flight


@dataclass(frozen=True)
class Limits:
    """A network's limits: `most` messages per `seconds` over all; (rate, burst) for each chat, and for some methods."""

    most: int
    seconds: float
    chat_rate: float
    chat_burst: float
    methods: Mapping[str, tuple[float, float]] = field(default_factory=dict)


# Telegram allows about 30 messages a second over all chats, and one a second in each with short bursts.
TELEGRAM = Limits(most=30, seconds=1.0, chat_rate=1.0, chat_burst=5.0)
# Slack: about one message a second in a channel; views.publish is of tier 4, a hundred a minute.
SLACK = Limits(most=40, seconds=1.0, chat_rate=1.0, chat_burst=2.0, methods={"home": (1.5, 10.0)})


class Pace:
    """When a message may leave: over all, for its chat, and for its method in its lane after a 429."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = Window(limits.most, limits.seconds)
        self._chats: dict[str, Bucket] = {}
        self._methods = {method: Bucket(rate, burst) for method, (rate, burst) in limits.methods.items()}
        self._paused: dict[tuple[str, int], float] = {}

    def wait(self, now: float, *, chat: str, method: str, lane: int) -> float:
        """Seconds until this message may leave; 0.0 means now."""
        paused = self._paused.get((method, lane), now) - now
        buckets = (self._chats.get(chat), self._methods.get(method))
        budgets = (bucket.wait(now) for bucket in buckets if bucket)
        return max(0.0, paused, self._all.wait(now, bulk=lane > REPLY), *budgets)

    def wait_over_all(self, now: float, *, lane: int) -> float:
        """Seconds until any message of this lane may leave."""
        return max(0.0, self._all.wait(now, bulk=lane > REPLY))

    def take(self, now: float, *, chat: str, method: str) -> Flight:
        """One message leaves; whoever sends it sets when it landed."""
        if method in self._methods:
            self._methods[method].take(now)
        bucket = self._chats.get(chat)
        if bucket is None:
            if len(self._chats) > 4_000:
                self._forget(now)
            bucket = self._chats[chat] = Bucket(self._limits.chat_rate, self._limits.chat_burst)
            bucket.at = now
        bucket.take(now)
        return self._all.take(now)

    def pause(self, now: float, seconds: float, *, method: str, lane: int) -> None:
        """The network said to wait: this method rests in this lane, the other lanes go on."""
        key = (method, lane)
        self._paused[key] = max(self._paused.get(key, 0.0), now + seconds)

    def _forget(self, now: float) -> None:
        full = self._limits.chat_burst / self._limits.chat_rate
        self._chats = {chat: bucket for chat, bucket in self._chats.items() if now - bucket.at < full}


@dataclass
class OneByOne:
    """Holds a message back until the one before it is written down as sent: then a kill repeats one at most.

    One at a time would make a network that answers slowly slower still, so the holding has an end (seconds). A reply
    is held until it has waited `patience`. Bulk is held `most` in all, of which a hundredth comes back as time goes
    by: a wave that loses more than that leaves at the network's pace, and has as many messages on their way as that
    takes. With several on their way there is little left to keep: a reply is held for `least` then, or not at all.
    """

    patience: float = 0.5
    most: float = 1.0
    least: float = 0.1
    _out: set[object] = field(default_factory=set, init=False)
    _left: float = field(init=False)
    _at: float = field(default=0.0, init=False)
    _held: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._left = self.most

    def wait(self, now: float, *, since: float, bulk: bool) -> float:
        """Seconds until a message that waits `since` may leave, if nothing is written before; 0.0 means now."""
        if not self._out:
            return 0.0
        if bulk and self._held is None:
            self._left, self._held = self._holding(now), now
        left = self._holding(now)
        if bulk:
            return left
        return max(0.0, since + self.patience - now if len(self._out) == 1 else min(left, since + self.least - now))

    def leave(self, message: object) -> None:
        """A message leaves; it is out until it is written down what became of it."""
        self._out.add(message)

    def written(self, message: object, now: float) -> None:
        """Note that it is written down what became of a message; of one that was never out there is nothing to note."""
        self._out.discard(message)
        if not self._out:
            self._left, self._at, self._held = self._holding(now), now, None

    def _holding(self, now: float) -> float:
        """For how long bulk may yet be held."""
        if self._held is not None:
            return max(0.0, self._left - (now - self._held))
        return min(self.most, self._left + (now - self._at) / 100)


def too_many(now: float, times: deque[float], most: int, seconds: float) -> bool:
    """Say whether something has happened `most` times in the last seconds; older times are forgotten."""
    while times and now - times[0] > seconds:
        times.popleft()
    return len(times) >= most
