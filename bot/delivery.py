"""Delivery: takes letters from the outbox and sends them, in lanes, at the network's pace, each to its end.

What the runner has just committed comes straight here under its lease, without another query; what waits for its time,
or was left by a process that died, is claimed from the store. An end (sent, refused, replaced) is written in batches.
"""

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from bot.ends import End, Refused, Result, Sent, TryAgain, ended, write_alone
from bot.in_order import PATIENCE, Edits, InOrder
from bot.pace import Flight, Limits, OneByOne, Pace
from bot.waiting import pause
from bot.worker import Worker
from store import outbox
from store.outbox import FAULT, Letter
from store.sealing import Sealer
from store.tables import LANES

log = structlog.get_logger()

CLAIM_EVERY = 1.0
# While a wave leaves: half a hand of letters lasts two seconds, and each claim costs the store a turn.
CLAIM_SOON = 0.5
CLAIM_MOST = 120
AT_ONCE = 16
BULK = LANES["bulk"]
BACKOFF_MOST = 300.0
EDITS = ("edit", "update", "home")
RECHECK_AFTER = 1.0
NOT_OURS = float("inf")
# After so many tries (eight minutes) whoever a letter with such a fault is about must not wait for its mending.
FAULT_LOST_AFTER = 10
# A letter that failed so often while others arrive (seconds) is in trouble of its own.
OWN_TROUBLE_AFTER = 10
OTHERS_ARRIVE_WITHIN = 120.0
# With the longest backoff that is three days of a network out of reach.
GIVE_UP_AFTER = 1_000


_NO_CHAT = Refused(f"{FAULT}it says no chat")


class Sender(Protocol):
    """One network's way of sending a letter; it never raises for what a network can do wrong."""

    def chat_of(self, letter: Letter) -> str:
        """Name the chat a letter goes to, for the pace."""

    def shows_twice(self, letter: Letter) -> bool:
        """Say whether a letter that is sent twice is seen twice."""

    async def send(self, letter: Letter) -> Result:
        """Send one letter."""


class Delivery:
    """Sends one network's letters until told to stop, as long as it `may`: nobody else sends meanwhile."""

    def __init__(
        self,
        network: str,
        sender: Sender,
        worker: Worker,
        sealer: Sealer,
        clock: Callable[[], datetime],
        name: str,
        limits: Limits,
        *,
        may: Callable[[], bool] = lambda: True,
        hold_until: Callable[[Letter, datetime], datetime | None] = lambda _letter, _now: None,
        on_unreachable: Callable[[Session, Letter, datetime], None] = lambda _session, _letter, _now: None,
        on_lost: Callable[[Session, Letter, datetime], None] = lambda _session, _letter, _now: None,
        patience: timedelta = PATIENCE,
        one_by_one: OneByOne | None = None,
    ) -> None:
        self._network, self._sender, self._worker, self._sealer = network, sender, worker, sealer
        self._clock, self._name, self._may = clock, name, may
        self._hold_until, self._on_unreachable, self._on_lost = hold_until, on_unreachable, on_lost
        self._pace, self._one_by_one = Pace(limits), one_by_one or OneByOne()
        self._lanes: tuple[deque[Letter], ...] = (deque(), deque(), deque())
        self._wake = asyncio.Event()
        self._ends: list[End] = []
        self._ends_wake = asyncio.Event()
        self._writing = False
        self._sending: set[asyncio.Task[None]] = set()
        self._busy_chats: set[str] = set()
        # When each letter in hand was last seen to be ours.
        self._held: dict[UUID, float] = {}
        self._looking: asyncio.Task[None] | None = None
        self._edits, self._in_order = Edits(EDITS, sender.chat_of), InOrder(EDITS, patience)
        self._claim_now = asyncio.Event()
        self._arrived = float("-inf")
        self.counts = {"sent": 0, "again": 0, "refused": 0}

    def take(self, letters: Iterable[Letter]) -> None:
        """Take letters that this process has just committed under its own lease."""
        for letter in letters:
            if letter.id not in self._held:
                self._held[letter.id] = time.monotonic()
                if not self._says_chat(letter):
                    self._end(letter, None, partial(self._refuse, letter=letter, result=_NO_CHAT, now=self._clock()))
                    continue
                self._lanes[letter.lane].append(letter)
                self._edits.note(letter)
        self._wake.set()

    def _says_chat(self, letter: Letter) -> bool:
        try:
            self._sender.chat_of(letter)
        except (KeyError, TypeError) as error:
            # Ours to mend; it must not keep all the others from being sent.
            log.error("letter not sent", network=self._network, letter=letter.id.hex, error=type(error).__name__)
            return False
        return True

    def look(self) -> None:
        """Say that the store may hold letters that are due, so that the next look need not wait for its turn."""
        self._claim_now.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; then finish what is on the wire, write its ends, and give back the rest.

        With the store out of reach ends stay here: `catch_up` writes them before another run.
        """
        await self._in_order.recall(
            self._worker, self._sealer, self._network, self._sender.chat_of, self._clock(), stop
        )
        loops = [asyncio.create_task(loop(stop)) for loop in (self._claim_loop, self._send_loop, self._end_loop)]
        stopped = asyncio.create_task(stop.wait())
        try:
            # A loop that ended by itself has failed: then this ends too, so that the failure is seen.
            await asyncio.wait((stopped, *loops), return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await asyncio.gather(*(loop for loop in loops if loop.done()))
            self._wake.set()
            self._ends_wake.set()
            self._claim_now.set()
            await asyncio.gather(*loops)
            if self._sending:
                await asyncio.wait(self._sending, timeout=1.0)
            await self._write_ends()
            # With the store out of reach the leases end by themselves.
            with suppress(DBAPIError):
                await self._worker.run(lambda session: outbox.release(session, self._name))
        finally:
            for task in (stopped, *loops, *self._sending):
                task.cancel()
            for lane in self._lanes:
                lane.clear()
            for letter_id in [*self._held]:
                self._let_go(letter_id, None)
            self._busy_chats.clear()

    async def catch_up(self, stop: asyncio.Event) -> None:
        """Write what a former run could not, until it is written or `stop` is set."""
        while self._ends and not stop.is_set():
            await self._write_ends()

    async def _claim_loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._claim_now.clear()
            room = CLAIM_MOST - len(self._held)
            # A full hand of bulk must not keep the lanes before it from being looked at.
            lanes = (0, 1, 2) if room > 0 else (0, 1)
            now = self._clock()
            try:
                letters = await self._worker.run(
                    lambda session, lanes=lanes, room=room, now=now: outbox.claim(  # type: ignore[misc]
                        session,
                        self._sealer,
                        network=self._network,
                        now=now,
                        worker=self._name,
                        lanes=lanes,
                        limit=max(room, 20),
                        on_lost=self._on_lost,
                    )
                )
                self.take(letters)
            except Exception as error:
                log.error("outbox cannot be read", network=self._network, error=type(error).__name__)
            wait = CLAIM_SOON if room > 0 and len(self._held) >= CLAIM_MOST // 2 else CLAIM_EVERY
            await pause(self._claim_now, wait)

    async def _send_loop(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._wake.clear()
            picked, wait = self._pick(loop.time())
            if picked is None:
                await pause(self._wake, wait)
                continue
            if self._edits.overtaken(picked):
                self._end(picked, None, ended(picked, "replaced", self._clock(), "a later edit overtook it"))
                continue
            chat = self._sender.chat_of(picked)
            if (behind := self._in_order.behind(picked, chat, self._clock())) is not None:
                self._end(picked, None, partial(outbox.put_off, letter=picked, not_before=behind))
                continue
            flight = self._pace.take(loop.time(), chat=chat, method=picked.method)
            if self._sender.shows_twice(picked):
                self._one_by_one.leave(picked.id)
            self._busy_chats.add(chat)
            task = asyncio.create_task(self._send(picked, chat, flight))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _pick(self, now: float) -> tuple[Letter | None, float]:
        """Choose the next letter that may leave; else say how long to wait (seconds)."""
        soonest = 5.0
        if not self._may():
            return None, 0.1
        if len(self._sending) >= AT_ONCE:
            return None, soonest
        for number, lane in enumerate(self._lanes):
            # A wave never runs ahead of the store, however long that stands still.
            if number == BULK and (self._ends or self._writing):
                continue
            over_all = self._pace.wait_over_all(now, lane=number)
            if lane and over_all > 0:
                soonest = min(soonest, over_all)
                continue
            passed: set[str] = set()
            # Only the head of a long lane is searched: further letters have their turn when those have left.
            for index, letter in enumerate(itertools.islice(lane, 64)):
                chat = self._sender.chat_of(letter)
                # One letter at a time to one chat, in the order they were written.
                if chat in self._busy_chats or chat in passed:
                    continue
                passed.add(chat)
                wait = self._pace.wait(now, chat=chat, method=letter.method, lane=number)
                if wait <= 0 and self._sender.shows_twice(letter):
                    wait = self._one_by_one.wait(now, since=self._held[letter.id], bulk=number == BULK)
                if wait <= 0:
                    del lane[index]
                    return letter, 0.0
                soonest = min(soonest, wait)
        return None, soonest

    async def _send(self, letter: Letter, chat: str, flight: Flight) -> None:
        now = self._clock()
        try:
            held = self._hold_until(letter, now)
            if letter.expires_at is not None and letter.expires_at <= now:
                self._end(letter, chat, ended(letter, "expired", now, "too late to be of use"))
            elif held is not None:
                self._end(letter, chat, lambda session: outbox.put_back(session, letter, "quiet hours", held))
            elif await self._still_ours(letter) and self._may():
                result = await self._sender.send(letter)
                flight.landed = asyncio.get_running_loop().time()
                self._settle(letter, chat, result, self._clock())
            else:
                self._let_go(letter.id, chat)
        except Exception as error:
            # Ours to mend (a payload that does not render, a store that is out of reach): the letter waits for it.
            log.error("letter not sent", network=self._network, letter=letter.id.hex, error=type(error).__name__)
            self._settle(letter, chat, TryAgain(f"{FAULT}{type(error).__name__}"), self._clock())
        finally:
            flight.landed = flight.landed or asyncio.get_running_loop().time()
            self._wake.set()

    async def _still_ours(self, letter: Letter) -> bool:
        """Look again at a letter that has waited here: it may be withdrawn (a stop, a new phone) or taken over."""
        while time.monotonic() - self._held[letter.id] >= RECHECK_AFTER:
            # All that waits here is looked at together: a wave's letters have all waited, and each look is a query.
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_again())
            await asyncio.shield(self._looking)
        return self._held[letter.id] != NOT_OURS

    async def _look_again(self) -> None:
        asked, held = time.monotonic(), list(self._held)
        ours = await self._worker.run(lambda session: outbox.leased(session, held, self._name))
        for letter_id in held:
            if letter_id in self._held:
                self._held[letter_id] = asked if letter_id in ours else NOT_OURS

    def _settle(self, letter: Letter, chat: str, result: Result, now: datetime) -> None:
        is_its_own = not isinstance(result, TryAgain) or self._is_its_own(letter, result)
        if is_its_own:
            self._in_order.ended(letter, chat)
        if isinstance(result, Sent):
            self._arrived = asyncio.get_running_loop().time()
            self.counts["sent"] += 1
            self._end(letter, chat, lambda session: outbox.sent(session, self._sealer, letter, now, result.ref))
        elif isinstance(result, TryAgain) and letter.attempts + 1 < GIVE_UP_AFTER:
            self.counts["again"] += 1
            if result.after is not None:
                loop_now = asyncio.get_running_loop().time()
                self._pace.pause(loop_now, result.after, method=letter.method, lane=letter.lane)
            backoff = min(BACKOFF_MOST, 0.5 * 2 ** min(letter.attempts, 10))
            after = result.after if result.after is not None else backoff * random.uniform(0.5, 1.0)  # noqa: S311
            later = now + timedelta(seconds=after)
            if not is_its_own:
                self._in_order.in_trouble(letter, chat, later)
            self._end(letter, chat, lambda session: self._put_back(session, letter, result.error, later, now))
        else:
            self.counts["refused"] += 1
            self._end(letter, chat, lambda session: self._refuse(session, letter, result, now))

    def _is_its_own(self, letter: Letter, result: TryAgain) -> bool:
        """Whether it is the letter that fails, not the network: what is behind it need not wait."""
        if result.error.startswith(FAULT):
            return True
        others_arrive = asyncio.get_running_loop().time() - self._arrived < OTHERS_ARRIVE_WITHIN
        return result.after is None and letter.attempts >= OWN_TROUBLE_AFTER and others_arrive

    def _put_back(self, session: Session, letter: Letter, error: str, later: datetime, now: datetime) -> None:
        outbox.put_back(session, letter, error, later)
        if error.startswith(FAULT) and letter.attempts + 1 == FAULT_LOST_AFTER:
            self._on_lost(session, letter, now)

    def _refuse(self, session: Session, letter: Letter, result: Result, now: datetime) -> None:
        assert not isinstance(result, Sent)  # noqa: S101 (only failures come here)
        outbox.ended(session, letter, "failed", now, result.error)
        if isinstance(result, Refused) and result.unreachable:
            self._on_unreachable(session, letter, now)
        self._on_lost(session, letter, now)

    def _end(self, letter: Letter, chat: str | None, write: Callable[[Session], None]) -> None:
        """Have a letter's end written; `chat` is kept from its next letter until then, so that edits find the post."""
        self._ends.append(End(letter, chat, write))
        self._ends_wake.set()

    def _let_go(self, letter_id: UUID, chat: str | None) -> None:
        self._held.pop(letter_id, None)
        self._one_by_one.written(letter_id, time.monotonic())
        if chat is not None:
            self._busy_chats.discard(chat)

    async def _end_loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await pause(self._ends_wake, 5.0)
            self._ends_wake.clear()
            # At once, for a kill repeats what is not written; a busy moment's ends gather during the commit before.
            await self._write_ends()

    async def _write_ends(self) -> None:
        ends, self._ends = self._ends, []
        if not ends:
            return

        def write(session: Session) -> None:
            # Nearly always all can be written: one savepoint does, and only otherwise each has its own.
            try:
                with session.begin_nested():
                    for end in ends:
                        end.write(session)
            except OperationalError:
                raise
            except Exception:
                for end in ends:
                    write_alone(session, end, self._clock())

        self._writing = True
        try:
            await self._worker.run(write)
        except Exception as error:
            # The store refused (a full disk): what was sent is known here, so it is written as soon as it can be.
            log.error("outbox cannot be written", network=self._network, error=type(error).__name__)
            self._ends = ends + self._ends
            await asyncio.sleep(0.5)
            self._ends_wake.set()
            return
        finally:
            self._writing = False
        for end in ends:
            self._let_go(end.letter.id, end.chat)
        self._wake.set()
