"""Waiting for something, though never past the moment at which all is to end."""

import asyncio
from collections.abc import Awaitable
from typing import Any


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def unless(stop: asyncio.Event, work: Awaitable[Any]) -> Any:  # noqa: ANN401 (whatever the work gives)
    """Wait for `work`, or give it up as soon as `stop` is set (then the answer is None)."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, stopped):
            one.cancel()
