"""The daily roll call in Slack: is each linked account still there, and still of the address the school has?

Somebody whose account was closed, or whose address there is another one now, is unlinked: they see nothing more through
it, and are linked anew by their next card if an account has their address.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import Session, col, select

from bot.ends import Refused
from bot.slack.sender import UNREACHABLE, code_of, result_of
from bot.waiting import pause as rest
from bot.worker import Worker
from store import audit
from store.sealing import Sealer, Unreadable
from store.tables import Cursor, Staff

log = structlog.get_logger()

EVERY = timedelta(days=1)
LOOK_SECONDS = 600.0
# Slack allows about a hundred such questions a minute.
PAUSE_SECONDS = 0.7
# An error that has no name here is of one account; of more than so many, of Slack.
ODD_MOST = 5
_CURSOR = "slack roll"
ACTOR = "job:slack"


@dataclass(frozen=True)
class _Linked:
    """A member of staff and the Slack account they are linked to."""

    id: UUID
    user: str
    email: str


def is_due(session: Session, now: datetime) -> bool:
    """Say whether a day has passed since the last roll call."""
    cursor = session.get(Cursor, _CURSOR)
    return cursor is None or now.timestamp() - cursor.position >= EVERY.total_seconds()


async def keep_calling(
    client: AsyncWebClient,
    worker: Worker,
    sealer: Sealer,
    school_id: UUID,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    every: float = LOOK_SECONDS,
) -> None:
    """Call once a day until `stop`, looking now and then (seconds) whether it is due; what goes wrong ends nothing."""
    while not stop.is_set():
        # Not at once: the first minutes belong to what waited while nothing ran.
        await rest(stop, every)
        try:
            if not stop.is_set() and await worker.run(lambda session: is_due(session, clock())):
                await call(client, worker, sealer, school_id, clock, stop)
        except Exception as error:
            log.warning("slack roll call failed", error=type(error).__name__)


async def call(
    client: AsyncWebClient,
    worker: Worker,
    sealer: Sealer,
    school_id: UUID,
    clock: Callable[[], datetime],
    stopping: asyncio.Event,
    pause: float = PAUSE_SECONDS,
) -> dict[str, int] | None:
    """Ask Slack about each linked member of staff; returns how many were unlinked, by reason.

    None when Slack could not be asked, or Earshot is stopping: nothing is changed for want of an answer, and the call
    is due still.
    """
    linked = await worker.run(lambda session: _linked(session, sealer, school_id))
    gone: dict[UUID, str] = {}
    odd = 0
    for one in linked:
        if stopping.is_set():
            return None
        try:
            reason = await _reason(client, one)
        except (SlackApiError, aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            answered = isinstance(error, SlackApiError) and isinstance(result_of(error), Refused)
            odd += answered
            if not answered or odd > ODD_MOST:
                log.warning("slack roll call cut short", error=type(error).__name__)
                return None
            # Said of this one account, and each day again: those behind it must be asked about all the same.
            log.warning("slack roll call passed over somebody", error=type(error).__name__)
            continue
        if reason:
            gone[one.id] = reason
        await asyncio.sleep(pause)
    return await worker.run(lambda session: _note(session, school_id, gone, clock()))


async def _reason(client: AsyncWebClient, one: _Linked) -> str:
    """Say why somebody is to be unlinked; "" if all is as it was."""
    try:
        user = (await client.users_info(user=one.user))["user"]
    except SlackApiError as error:
        if code_of(error) in UNREACHABLE:
            return "slack account gone"
        raise
    if user.get("deleted"):
        return "slack account closed"
    email = (user.get("profile") or {}).get("email")
    # Without the scope for it no address is told, and none can be compared.
    return "slack address changed" if email and email.strip().lower() != one.email.strip().lower() else ""


def _linked(session: Session, sealer: Sealer, school_id: UUID) -> list[_Linked]:
    staff = session.exec(
        select(Staff).where(
            Staff.school_id == school_id, col(Staff.active).is_(True), col(Staff.slack_user_key).is_not(None)
        )
    ).all()
    linked = []
    for one in staff:
        # One row that is damaged must not keep the others from being asked about.
        with suppress(Unreadable):
            linked.append(_Linked(one.id, sealer.read(one, "slack_user"), sealer.read(one, "email")))
    return linked


def _note(session: Session, school_id: UUID, gone: dict[UUID, str], now: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    for staff_id, reason in gone.items():
        staff = session.get_one(Staff, staff_id)
        staff.slack_user_key = staff.slack_user_sealed = None
        session.add(staff)
        audit.record(session, school_id, now, actor=ACTOR, action=reason, subject=f"staff:{staff_id.hex}")
        counts[reason] = counts.get(reason, 0) + 1
    cursor = session.get(Cursor, _CURSOR) or Cursor(name=_CURSOR)
    cursor.position = int(now.timestamp())
    session.add(cursor)
    return counts
