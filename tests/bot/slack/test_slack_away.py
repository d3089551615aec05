"""Slack is away for an hour, and Earshot is started anew meanwhile: all comes afterwards, once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.delivery import Delivery, Sender
from bot.ends import Result, TryAgain
from bot.pace import SLACK
from conversations.adults import NobodyReached
from scheduling import talking
from scheduling.jobs import JOBS
from scheduling.rounds import Addressed
from store import outbox
from store.outbox import Letter
from store.tables import Due, Outbox, Request
from tests.bot.classroom import Hand
from tests.bot.slack_office import Office, office
from tests.bot.slack_school import NOW
from tests.bot.test_delivery import running, until

HOUR = timedelta(hours=1)


@dataclass
class Away:
    """The real sender, behind a network that takes nothing until a moment."""

    sender: Sender
    clock: Hand
    back: datetime

    def chat_of(self, letter: Letter) -> str:
        return self.sender.chat_of(letter)

    def shows_twice(self, letter: Letter) -> bool:
        return self.sender.shows_twice(letter)

    async def send(self, letter: Letter) -> Result:
        return TryAgain("TimeoutError") if self.clock() < self.back else await self.sender.send(letter)


def do_what_is_due(here: Office, now: datetime) -> list[Addressed]:
    """Do it, all that follows from it too; gives what pupils are told."""
    told: list[Addressed] = []

    def work(session: Session) -> None:
        while due := session.exec(select(Due).where(col(Due.due_at) <= now).order_by(col(Due.due_at))).first():
            session.delete(due)
            session.flush()
            told.extend(JOBS[due.kind](session, here.school.sealer, here.school.school, due, now))
            session.flush()

    here.school.work(work)
    return told


def ask(here: Office) -> None:
    def work(session: Session) -> None:
        request = session.get_one(Request, here.school.request)
        request.danger = False
        talking.begin(session, here.school.school, request, NOW)

    here.school.work(work)


def rows(here: Office) -> list[Outbox]:
    return here.school.work(lambda session: list(session.exec(select(Outbox).order_by(col(Outbox.id)))))


def lies(here: Office, row: Outbox) -> str:
    """Where the message of a row lies in its chat: later ones have a larger one."""
    ref = here.school.work(lambda session: outbox.posted_ref(session, here.school.sealer, row.slot or ""))
    assert ref is not None
    return str(ref["ts"])


async def test_after_an_hour_all_comes_once_and_in_order_over_a_restart(engine: Engine):
    clock = Hand(NOW)
    async with office(engine, "socket") as here:
        away = Away(here.edge.sender, clock, NOW + HOUR)

        def delivery(name: str) -> Delivery:
            return Delivery("slack", away, here.school.worker, here.school.sealer, clock, name, SLACK, patience=HOUR)

        ask(here)
        told: list[tuple[datetime, Addressed]] = []
        # The request's steps at 0 and 45 minutes are two cards to each lead.
        for half, name in enumerate(("before", "after")):
            one = delivery(name)
            async with running(one):
                for minute in range(30 * half, 30 * half + 30):
                    clock.now = NOW + timedelta(minutes=minute)
                    told += [(clock(), each) for each in do_what_is_due(here, clock())]
                    one.look()
                    await asyncio.sleep(0.01)
                if name == "after":
                    assert await here.messages("U0LEAD") == await here.messages("U0DEPUTY") == []
                    clock.now = NOW + HOUR
                    await until(
                        lambda: clock.move(seconds=0.01) is None and all(row.state == "sent" for row in rows(here))
                    )
        # The pupil heard after ten minutes, once, that it had reached nobody.
        ((at, (_, event)),) = told
        assert (at, event) == (NOW + timedelta(minutes=10), NobodyReached(danger=False))
        for user in ("U0LEAD", "U0DEPUTY"):
            mine = [row for row in rows(here) if row.recipient == f"staff:{here.school.staff[NAMES[user]].hex}"]
            assert [message["ts"] for message in await here.messages(user)] == [lies(here, row) for row in mine]
            assert len(mine) == 2


NAMES = {"U0LEAD": "lead", "U0DEPUTY": "deputy"}
