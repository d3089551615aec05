"""The head's errands in Slack: the year in pictures, and whether acting helped; each comes as a direct message.

They run after the press was answered, in many short transactions, so that no reply waits for them. Pictures are drawn
in a process of its own and go up in Slack's three steps, with a description for who cannot see them.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import Session

from bot.impact_card import card_of
from bot.school_pictures import draw
from bot.slack import school_plan
from bot.slack.blocks import Reader, escape, message_blocks
from bot.slack.press import Errand
from bot.worker import Worker
from conversations.cards import Card
from conversations.staff_school import not_made_card, nothing_yet_card
from scheduling.drawing import SETTING
from scheduling.outcomes import Followed, follow_up_next, followed
from scheduling.school import SchoolFacts
from scheduling.school_view import SchoolView, add_up_next, school_view
from store.sealing import Sealer

log = structlog.get_logger()

T = TypeVar("T")
Read = Callable[[Session, Sealer, UUID, datetime], T]


class SchoolDesk:
    """Runs errands for those who may see the whole school; `client` is the edge's, `clock` gives now."""

    def __init__(self, client: AsyncWebClient, worker: Worker, sealer: Sealer, clock: Callable[[], datetime]) -> None:
        self._client, self._worker, self._sealer, self._clock = client, worker, sealer, clock
        self._running: set[tuple[str, Errand]] = set()

    async def run(self, errand: Errand, user: str, school: SchoolFacts) -> None:
        """Run one errand for a Slack user; pressed again while it runs, it runs once. Never raises."""
        if (user, errand) in self._running:
            return
        self._running.add((user, errand))
        try:
            await (self._pictures(user, school) if errand == "school" else self._impact(user, school))
        except Exception as error:
            log.warning("errand failed", errand=errand, error=type(error).__name__)
            await self._excuse(user, school)
        finally:
            self._running.discard((user, errand))

    async def _pictures(self, user: str, school: SchoolFacts) -> None:
        await self._all_of(add_up_next, school)
        view: SchoolView = await self._worker.run(partial(self._read, school_view, school))
        if not view.waves:
            await self._post(user, nothing_yet_card(), school)
            return
        reader = Reader(school.locale, school.zone, self._clock())
        planned = school_plan.pictures(view, reader)
        drawn_ones = await draw([one.plan for one in planned])
        await self._client.files_upload_v2(
            channel=await self._channel(user),
            initial_comment=escape(school_plan.message(view, reader)),
            file_uploads=[
                {"filename": one.name, "title": one.title, "alt_txt": one.told, "content": content}
                for one, content in zip(planned, drawn_ones, strict=True)
            ],
        )

    async def _impact(self, user: str, school: SchoolFacts) -> None:
        await self._all_of(follow_up_next, school)
        cases: Followed = await self._worker.run(partial(self._read, followed, school))
        # Hundreds of comparisons: not in the loop that answers everybody else.
        card = await asyncio.to_thread(card_of, cases, draws=bool(school.policy.get(SETTING)))
        await self._post(user, card, school)

    async def _all_of(self, step: Read[bool], school: SchoolFacts) -> None:
        """Repeat a step, a transaction each, until there is no more to do; others get their turn between."""
        while await self._worker.run(partial(self._read, step, school)):
            pass

    def _read(self, read: Read[T], school: SchoolFacts, session: Session) -> T:
        return read(session, self._sealer, school.id, self._clock())

    async def _channel(self, user: str) -> str:
        return str((await self._client.conversations_open(users=user))["channel"]["id"])

    async def _post(self, user: str, card: Card, school: SchoolFacts) -> None:
        blocks, text = message_blocks(card, school.locale, school.zone, self._clock())
        await self._client.chat_postMessage(
            channel=await self._channel(user), blocks=blocks, text=text, unfurl_links=False, unfurl_media=False
        )

    async def _excuse(self, user: str, school: SchoolFacts) -> None:
        try:
            await self._post(user, not_made_card(), school)
        except Exception as error:
            log.warning("errand not excused", error=type(error).__name__)
