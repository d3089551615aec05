"""The updates waiting for the bot: fetched by long polling or carried to a webhook, kept a day, never both at once."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from dataclasses import asdict

from rehearsal.hub import Book
from rehearsal.telegram_state import Counter
from rehearsal.telegram_webhook import Courier, Hook
from rehearsal.telegram_wire import Clock, Json, Refusal, Told

KEPT_SECONDS = 24 * 3600
LONGEST_POLL_SECONDS = 50
MOST_PER_POLL = 100
# The kinds Telegram documents; those in NOT_BY_DEFAULT come only to bots that ask for them by name.
KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
        "subscription",
    ]
)
FUTURE = 10
"""How far an offset may be ahead of the newest update and still be taken for one of this numbering."""
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """The line of updates, numbered without repeats, confirmed by a poll's offset or a webhook's 2xx."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self.most_pending = 0
        self.hook: Hook | None = None
        self._book = book
        self._clock = clock
        counters = {key: int(value) for key, value in book.shelf("telegram.counters")}
        # As the real one numbers a line that was empty for long: from anywhere, not from one.
        self._ids = Counter(book, "update_id", counters.get("update_id") or random.randrange(10**8, 10**9))
        self._pending: dict[int, tuple[float, Json]] = {}
        self._allowed: list[str] = []
        self._waiting: asyncio.Future[None] | None = None
        self._courier: Courier | None = None
        self._error: tuple[int, str] | None = None
        self._last: Json | None = None
        self._again: Json | None = None
        for _, (date, update) in book.shelf("telegram.updates"):
            self._pending[update["update_id"]] = (date, update)
        for key, kept in book.shelf("telegram.delivery"):
            if key == "webhook":
                self.hook = Hook(**kept)
            else:
                self._allowed = kept

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def polling(self) -> bool:
        """Say whether a poll is waiting for news at this moment."""
        return self._waiting is not None

    def start(self) -> None:
        """Go on delivering to the webhook that was set before the last stop."""
        if self.hook is not None:
            self._send_off(self.hook)

    async def close(self) -> None:
        """End a waiting poll with nothing, and stop carrying to the webhook."""
        self._wake()
        if self._courier is not None:
            await self._courier.close()
            self._courier = None

    def add(self, content: Json) -> int | None:
        """Put an update, given without its id, in line; gives its id, or None for a kind the bot did not ask for."""
        if not self._asked_for(content):
            return None
        update = {"update_id": self._ids.take(), **content}
        number: int = update["update_id"]
        self._pending[number] = (self._clock(), update)
        self._book.put("telegram.updates", f"{number:012d}", self._pending[number])
        self.most_pending = max(self.most_pending, len(self._pending))
        self._wake()
        if self._courier is not None:
            self._courier.push(update)
        return number

    def repeat(self) -> None:
        """Deliver the last accepted update once more, as Telegram may after a lost confirmation."""
        if self._last is None:
            return
        self._again = self._last
        self._wake()
        if self._courier is not None:
            self._courier.push(self._last)

    def allow(self, given: str) -> None:
        """Take a call's `allowed_updates`; nothing given leaves it as it was, an empty list is the default."""
        try:
            kinds = json.loads(given) if given else None
        except ValueError:
            return
        if isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds):
            known = sorted({kind.lower() for kind in kinds} & KINDS)
            if known != self._allowed:
                self._allowed = known
                self._book.put("telegram.delivery", "allowed", known)

    def refuse_beside_webhook(self) -> None:
        """Raise Refusal 409 while a webhook is set: it takes all there is."""
        if self.hook is not None:
            raise _conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Json]:
        """Answer getUpdates: confirm all below `offset`, then give what waits, or wait up to `seconds` for it.

        Raises Refusal 409 when another poll or a webhook takes over during the wait.
        """
        self._confirm(offset)
        batch = self._batch(limit)
        if batch or not seconds:
            return batch
        self._end_wait("terminated by other getUpdates request; make sure that only one bot instance is running")
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            return []
        finally:
            if self._waiting is waiting:
                self._waiting = None
        return self._batch(limit)

    async def set_hook(self, hook: Hook | None, drop_pending: bool) -> Told:
        """Set, change or (with None) remove the webhook."""
        if drop_pending:
            self._forget(list(self._pending))
        if hook == self.hook and not drop_pending:
            return Told(True, "Webhook is already set" if hook else "Webhook is already deleted")
        if hook is not None:
            self._end_wait("terminated by setWebhook request")
        if self._courier is not None:
            await self._courier.close()
            self._courier = None
        self.hook, self._error, self._again = hook, None, None
        if hook is None:
            self._book.drop("telegram.delivery", "webhook")
            return Told(True, "Webhook was deleted")
        self._book.put("telegram.delivery", "webhook", asdict(hook))
        self._send_off(hook)
        return Told(True, "Webhook was set")

    def hook_info(self) -> Json:
        """Give the Bot API's WebhookInfo."""
        told: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self._pending)}
        if self.hook is not None:
            told.update(url=self.hook.url, max_connections=self.hook.max_connections, ip_address="127.0.0.1")
        if self._error is not None:
            told.update(last_error_date=self._error[0], last_error_message=self._error[1])
        if self._allowed:
            told["allowed_updates"] = self._allowed
        return told

    def _asked_for(self, content: Json) -> bool:
        kinds = KINDS & content.keys()
        # An update of a kind nobody knows yet is what a test sends to see it survived.
        return not kinds or (bool(kinds & set(self._allowed)) if self._allowed else not kinds <= NOT_BY_DEFAULT)

    def _send_off(self, hook: Hook) -> None:
        self._drop_old()
        self._courier = Courier(hook, self._wanted, self._delivered, self._failed)
        for _, update in list(self._pending.values()):
            self._courier.push(update)

    def _wanted(self, update: Json) -> bool:
        self._drop_old()
        return update["update_id"] in self._pending or update is self._again

    def _delivered(self, update: Json) -> None:
        self._last = update
        if update is self._again:
            self._again = None
        self._forget([update["update_id"]])

    def _failed(self, problem: str) -> None:
        self._error = (int(self._clock()), problem)

    def _confirm(self, offset: int) -> None:
        self._drop_old()
        if self._pending and offset > max(self._pending) + FUTURE:
            # An offset of an earlier numbering confirms nothing.
            return
        if offset < 0:
            self._forget(list(self._pending)[:offset])
        elif offset:
            done = list(itertools.takewhile(lambda number: number < offset, self._pending))
            if done:
                self._last = self._pending[done[-1]][1]
                self._forget(done)

    def _batch(self, limit: int) -> list[Json]:
        batch = [update for _, update in itertools.islice(self._pending.values(), limit)]
        if self._again is not None:
            batch = [self._again, *batch][:limit]
            self._again = None
        return batch

    def _drop_old(self) -> None:
        oldest = self._clock() - KEPT_SECONDS
        old = list(itertools.takewhile(lambda number: self._pending[number][0] < oldest, self._pending))
        self._forget(old)

    def _forget(self, numbers: list[int]) -> None:
        for number in numbers:
            if self._pending.pop(number, None) is not None:
                self._book.drop("telegram.updates", f"{number:012d}")

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _end_wait(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(_conflict(why))


def _conflict(why: str) -> Refusal:
    return Refusal(409, f"Conflict: {why}")
