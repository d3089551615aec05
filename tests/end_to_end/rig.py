"""A whole Earshot on loopback: the stand-in networks, a small sample school, the real service, and who uses it.

The service runs with the libraries and settings it has in a school; everything that pupils and staff do, and all that
they see, goes over HTTP.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal, TypeVar

import aiohttp
from aiohttp import web
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot import rehearsing, sample
from bot.clock import Clock
from bot.sample import NEAR_NOTE, PhoneUser, SampleDirectory, SampleSize, SlackUser
from bot.service import Service
from bot.settings import Settings
from conversations.bank import LATEST, load
from rehearsal.app import make_app, start
from store.sealing import Sealer
from store.tables import School
from tests.factories import NOW

T = TypeVar("T")
Json = dict[str, Any]
Way = Literal["polling and Socket Mode", "webhook and HTTP"]
WAYS: tuple[Way, ...] = ("polling and Socket Mode", "webhook and HTTP")
# Two tutor groups; in each the first pupil is one low check-in away from a flag, the last of one has not joined.
SMALL = SampleSize(pupils=8, groups={5: 1, 9: 1}, others=1, unjoined=1, near=2, weeks=14)
STRANGER = 6_000_000_001


async def eventually(look: Callable[[], Awaitable[T]], what: str, seconds: float = 30.0) -> T:
    """Look until something (anything true) is seen, and give it; fails with `what` was waited for."""
    async with asyncio.timeout(seconds) as deadline:
        try:
            while not (seen := await look()):  # noqa: ASYNC110 (what is waited for lies behind HTTP and tells nobody)
                await asyncio.sleep(0.03)
        except TimeoutError:
            raise
        except asyncio.CancelledError:
            if deadline.expired() or deadline.when() is not None:
                raise
            raise
    return seen
