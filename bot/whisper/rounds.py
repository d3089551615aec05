"""Whisper's rounds: cards at fixed times, urgent ones at once, what nobody opened climbs, and the store is tidied.

All of it is about reports, never about who wrote them. A fixed time that passed while nothing ran is done at the start.
"""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from sqlmodel import Session

from bot.seats import SeatLost
from bot.whisper.climbing import OPENED, has_lapsed, kind_of, next_step, whom
from bot.whisper.desk import readers_wanted
from bot.whisper.epochs import Epochs
from bot.whisper.parts import Parts
from bot.whisper.people import look, reading
from bot.whisper.slack import WhisperSlack
from bot.whisper.speech import Unreachable, Voice
from conversations import whisper_knocks
from conversations.cards import Card
from conversations.whisper_cards import arrived_card, opened_card
from scheduling.school import SchoolFacts
from scheduling.whisper_slots import last_slot
from store import whisper_care, whisper_desk, whisper_routes
from store.sealing import KeyProblem
from store.tables import Staff
from store.whisper_desk import Climb, Line

log = structlog.get_logger()

LOOK_EVERY: Final = 30.0
# Where so many cards lie is kept; each is a few dozen bytes of the two thousand there are.
CARDS_MOST: Final = 40


class Rounds:
    """Looks after the whispers of one school until told to stop."""

    def __init__(self, parts: Parts, slack: WhisperSlack, voice: Voice, epochs: Epochs) -> None:
        self._parts, self._slack, self._voice, self._epochs = parts, slack, voice, epochs
        self._wake = asyncio.Event()
        self._slot: datetime | None = None
        self._slot_kept = True
        # Whose cards say that they wait.
        self._waiting: set[str] = set()
        # Whose fixed time has passed and whose card failed; and the leads whom a card that went out failed to reach.
        self._late: set[str] = set()
        self._owed: dict[str, frozenset[UUID]] = {}
        self._passed = time.monotonic()

    def seconds_since_pass(self) -> float:
        """Say how long ago a round was done to its end."""
        return time.monotonic() - self._passed

    def wake(self) -> None:
        """Say that an urgent whisper came."""
        self._wake.set()

    async def prepare(self) -> None:
        """Make the readers, before the first whisper can come."""
        school, wanted = await self._parts.worker.run(self._wanted)
        done = await self._parts.on_thread(whisper_care.slot_done, self._parts.store)
        self._slot, self._slot_kept = done or last_slot(school.calendar, self._parts.clock()), True
        self._late, self._owed = set(), {}
        # Another process may have shown photos, and died.
        self._slack.left_behind = True
        self._epochs.turn(school.calendar.local_date(self._parts.clock()))
        await self._parts.on_thread(whisper_desk.keep_readers, self._parts.store, set(wanted))
        await self._parts.on_thread(whisper_care.sweep, self._parts.store)

    async def run(self, stop: asyncio.Event) -> None:
        """Do a round every half minute, and at once when an urgent whisper came; a round that fails is done again."""
        while not stop.is_set():
            self._wake.clear()
            try:
                await self.once()
                self._passed = time.monotonic()
            except Exception as error:
                log.error("whisper round not done", error=type(error).__name__)
            waits = [asyncio.create_task(one.wait()) for one in (self._wake, stop)]
            await asyncio.wait(waits, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            for one in waits:
                one.cancel()

    async def once(self) -> None:
        """Do one round: readers, cards that are due, retention."""
        school, wanted = await self._parts.worker.run(self._wanted)
        try:
            self._epochs.turn(school.calendar.local_date(self._parts.clock()))
        except KeyProblem as error:
            # Without its key nobody is knocked at; cards must go out all the same.
            log.error("knocks have no key", error=type(error).__name__)
        await self._parts.on_thread(whisper_desk.keep_readers, self._parts.store, set(wanted))
        # Also sets the files' times anew: their moment of change then tells of this round, not of a whisper.
        await self._parts.on_thread(self._parts.store.settle)
        if self._slack.left_behind:
            self._slack.left_behind = False
            if not await self._took_files_away():
                self._slack.left_behind = True
        slot = last_slot(school.calendar, self._parts.clock())
        slot_is_new = slot is not None and slot != self._slot
        at = slot if slot_is_new and slot is not None else None
        problem = await self._cards(school, slot, at)
        if at is not None:
            problem = await self._retire(school) or problem
            await self._knock(school)
            self._slot, self._slot_kept = at, False
        if self._slot is not None and not (self._slot_kept or self._late):
            # Not before: a process that starts anew does the fixed time again for those whose card failed.
            await self._parts.on_thread(whisper_care.note_slot, self._parts.store, self._slot)
            self._slot_kept = True
        if self._parts.store.untidy:
            # Where a row lies would say which came after which, and the newest lies last.
            await self._parts.on_thread(whisper_care.tidy, self._parts.store)
        if problem is not None:
            raise problem

    async def _cards(self, school: SchoolFacts, slot: datetime | None, at: datetime | None) -> Exception | None:
        """Do what is due for every report; what failed for one holds up no other, and is given to be raised."""
        problem, lines = None, await self._parts.on_thread(whisper_desk.queue, self._parts.store)
        self._late &= {line.id for line in lines}
        for line in lines:
            try:
                await self._card(school, line, at or (slot if line.id in self._late else None))
                self._late.discard(line.id)
            except SeatLost:
                raise
            except Exception as error:
                problem = error
                if at is not None:
                    self._late.add(line.id)
        return problem

    async def _took_files_away(self) -> bool:
        """Take out of Slack the photos that were shown and stayed, as where a process died; False to try again."""
        done = True
        for line in await self._parts.on_thread(whisper_desk.queue, self._parts.store):
            for file_id in await self._parts.on_thread(whisper_desk.files_of, self._parts.store, line.id):
                if file_id in self._slack.showing:
                    continue
                try:
                    await self._slack.delete_file(line.id, file_id)
                except Exception as error:
                    # Cards must go out all the same.
                    log.error("whisper photo not taken away", error=type(error).__name__)
                    done = False
        return done

    async def _card(self, school: SchoolFacts, line: Line, slot: datetime | None) -> None:
        """Do what is due for one report; `slot` is the fixed time that is due now, None between two of them."""
        owed = self._owed.pop(line.id, frozenset())
        if line.stage == "read" and line.status in ("acting", "closed") and line.id not in self._waiting:
            return
        now = self._parts.clock()
        climb = await self._parts.on_thread(whisper_desk.climb_of, self._parts.store, line.id)
        if line.stage == "read":
            await self._opened(school, line, climb, slot)
            return
        at_once = line.urgency == "urgent" and not (line.hold and line.stage == "new")
        step = next_step(school, line, climb, now) if at_once or slot is not None else None
        if step is not None:
            since = climb.since if climb is not None and step else slot or now
            await self._post(school, line, Climb(kind_of(line), since, step))
        elif owed and climb is not None:
            await self._post(school, line, climb, owed)
        elif line.stage != "new":
            self._waiting.add(line.id)

    async def _opened(self, school: SchoolFacts, line: Line, climb: Climb | None, slot: datetime | None) -> None:
        """Have its cards say that somebody has opened it; one that was forgotten since climbs again."""
        now = self._parts.clock()
        # A process that died may have known of it, and not said so.
        first = climb is None or climb.kind != OPENED
        if first or line.id in self._waiting:
            await self._rewrite(school, line)
        if first:
            opened = Climb(OPENED, now, 0)
            await self._parts.on_thread(whisper_desk.note_climb, self._parts.store, line.id, opened)
        elif (
            climb is not None
            and has_lapsed(school, line, climb, now)
            and (line.urgency == "urgent" or slot is not None)
        ):
            await self._post(school, line, Climb(kind_of(line), slot or now, 0))

    async def _rewrite(self, school: SchoolFacts, line: Line) -> None:
        """Say on every copy of a card that somebody has opened it."""
        card = opened_card(line.id, line.kind, line.status, line.day, line.handle)
        for channel, ts in await self._parts.on_thread(whisper_desk.cards_of, self._parts.store, line.id):
            await self._slack.rewrite(channel, ts, card, school)
        self._waiting.discard(line.id)

    async def _post(self, school: SchoolFacts, line: Line, climb: Climb, owed: Collection[UUID] = ()) -> None:
        """Post a report's card to those whose turn it is, or whom it is owed. A reader left out never gets one."""
        store, now = self._parts.store, self._parts.clock()
        readers = await self._parts.on_thread(whisper_desk.readers_of, store, line.id)
        card = arrived_card(
            line.id,
            line.kind,
            line.status,
            line.day,
            line.handle,
            urgent=line.urgency == "urgent",
            climbed=climb.step > 0,
        )
        turn, others = await self._parts.worker.run(
            lambda session: whom(session, self._parts.sealer, school, line, climb.step, readers, now)
        )
        posted, missed = await self._post_to([one for one in turn if not owed or one.id in owed], school, card)
        if not (posted or missed or owed):
            # None of them is in Slack any more: whoever else may read it is told at once.
            posted, missed = await self._post_to(others, school, card)
        problem = next(iter(missed.values()), None)
        if problem is not None:
            if owed or posted:
                # Those who have it must not get it again.
                self._owed[line.id] = frozenset(missed)
            if not posted:
                raise problem
        self._waiting.add(line.id)
        stage, places = "climbed" if climb.step else "posted", [*await self._older(line, posted), *posted]
        await self._parts.on_thread(
            whisper_desk.note_cards, store, line.id, places[-CARDS_MOST:], stage, climb, line.stage
        )
        if problem is not None:
            raise problem

    async def _post_to(
        self, turn: list[Staff], school: SchoolFacts, card: Card
    ) -> tuple[list[list[str]], dict[UUID, Exception]]:
        """Post a card to some leads; gives where it lies, and what went wrong for whom. Raises SeatLost."""
        posted, missed = [], dict[UUID, Exception]()
        for staff in turn:
            try:
                user = await self._slack.user_of(staff, school)
                self._parts.only_here()
                place = await self._slack.post(user, card, school) if user is not None else None
            except SeatLost:
                raise
            except Exception as error:
                missed[staff.id] = error
                continue
            if place is not None:
                posted.append(list(place))
        return posted, missed

    async def _older(self, line: Line, posted: list[list[str]]) -> list[list[str]]:
        """Take away the cards that newer ones stand for, so that none is left behind at the purge; gives the others."""
        others, channels = [], {channel for channel, _ in posted}
        for channel, ts in await self._parts.on_thread(whisper_desk.cards_of, self._parts.store, line.id):
            if channel in channels:
                try:
                    await self._slack.delete(channel, ts)
                    continue
                except Exception as error:
                    # The new card is there: it must not come again because of the old one.
                    log.error("whisper card not taken away", error=type(error).__name__)
            others.append([channel, ts])
        return others

    async def _retire(self, school: SchoolFacts) -> Exception | None:
        """Purge what is due; one whose card could not be taken away waits for the next fixed time, alone."""
        today, problem = school.calendar.local_date(self._parts.clock()), None
        for report in await self._parts.on_thread(whisper_care.due_for_purge, self._parts.store, today):
            try:
                for channel, ts in await self._parts.on_thread(whisper_desk.cards_of, self._parts.store, report):
                    await self._slack.delete(channel, ts)
                await self._parts.on_thread(whisper_care.purge, self._parts.store, report)
            except Exception as error:
                problem = error
        return problem

    async def _knock(self, school: SchoolFacts) -> None:
        """Say hello where a knock was asked for and staff have answered; then write all routes anew."""
        epoch = self._epochs.key(school.calendar.local_date(self._parts.clock()))
        if epoch is None:
            return
        for report, chat in await self._parts.on_thread(whisper_routes.due, self._parts.store, epoch):
            language = await self._parts.worker.run(partial(self._language, chat_id=chat))
            self._parts.only_here()
            try:
                if language is not None:
                    await self._voice.speak(chat, whisper_knocks.knock(), language, school.zone, None)
            except Unreachable:
                # At the next fixed time again.
                continue
            await self._parts.on_thread(whisper_routes.done, self._parts.store, report)
        await self._parts.on_thread(whisper_routes.renew, self._parts.store, epoch)

    def _language(self, session: Session, chat_id: int) -> str | None:
        """Read the language of a chat; None for one that is nobody's any more."""
        school = self._parts.school(reading(session))
        known = look(session, self._parts.sealer, school, chat_id, self._parts.clock())
        return known.language if known is not None else None

    def _wanted(self, session: Session) -> tuple[SchoolFacts, dict[bytes, tuple[str, ...]]]:
        school = self._parts.school(session)
        return school, readers_wanted(session, self._parts.sealer, school)
