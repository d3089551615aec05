"""Carries updates to a webhook over HTTP: in order within a chat, side by side between chats, again until accepted."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import aiohttp

from rehearsal.telegram_wire import Json, bad

ANSWER_SECONDS = 60
LONGEST_PAUSE_SECONDS = 60
# A host's letters, or those of an address of version 6.
_HOST = re.compile(r"(?:[\w.!$,~*'();&+=-]|[^\x00-\x7f]|%[0-9a-fA-F]{2})+|[0-9a-f:.]+")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Hook:
    """Where updates are posted, with which secret, and over how many connections at once."""

    url: str
    secret_token: str = ""
    max_connections: int = 40


def read_url(url: str) -> SplitResult:
    """Read a webhook address, taken for HTTPS when it does not say. Raises Refusal for what is no address.

    Plain HTTP is allowed, as it is for a server that runs with the option --local.
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        known = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        known = None
    if not known:
        raise bad("invalid webhook URL specified")
    return parts


def check_host(parts: SplitResult) -> None:
    """Refuse every host but this machine, which alone can be reached, as one that nobody knows."""
    if parts.hostname not in _LOOPBACK:
        raise bad("bad webhook: failed to resolve host: Name or service not known")


class Courier:
    """Posts updates to one webhook until each is answered with 2xx.

    `wanted` says whether an update is still to be delivered, `delivered` is told of each one accepted, `failed` hears
    what went wrong. The first retry is at once; later ones wait 2, 4, 8 s and so on, 60 s at most, or as long as the
    webhook's Retry-After says.
    """

    def __init__(
        self,
        hook: Hook,
        wanted: Callable[[Json], bool],
        delivered: Callable[[Json], None],
        failed: Callable[[str], None],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._hook = hook
        self._wanted = wanted
        self._delivered = delivered
        self._failed = failed
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds)
        self._lanes: dict[int, deque[Json]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(hook.max_connections)
        self._session: aiohttp.ClientSession | None = None

    def push(self, update: Json) -> None:
        """Put an update at the end of its chat's line."""
        lane = _chat_of(update)
        self._lanes.setdefault(lane, deque()).append(update)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._carry(lane))

    async def close(self) -> None:
        """Stop carrying; what was not accepted stays with the caller."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _carry(self, lane: int) -> None:
        line = self._lanes[lane]
        failures = 0
        while line:
            if not self._wanted(line[0]):
                line.popleft()
                continue
            async with self._room:
                problem, pause = await self._post(line[0])
            if problem is None:
                self._delivered(line.popleft())
                failures = 0
                continue
            self._failed(problem)
            await asyncio.sleep(pause or (min(LONGEST_PAUSE_SECONDS, 2**failures) if failures else 0))
            failures += 1
        del self._lanes[lane], self._tasks[lane]

    async def _post(self, update: Json) -> tuple[str | None, int]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._hook.secret_token} if self._hook.secret_token else {}
        try:
            async with self._session.post(
                self._hook.url, json=update, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status <= 299:
                    return None, 0
                wait = answer.headers.get("Retry-After", "")
                problem = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                return problem, min(3600, int(wait)) if wait.isdecimal() else 0
        except TimeoutError:
            return "Read timeout expired", 0
        except aiohttp.ClientConnectorError:
            return "Connection refused", 0
        except aiohttp.ClientError:
            return "Webhook connection closed", 0


def _chat_of(update: Json) -> int:
    for content in update.values():
        if isinstance(content, dict):
            for name in ("chat", "from", "user"):
                found = _id_of(content.get(name))
                if found:
                    return found
    return 0


def _id_of(value: object) -> int:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, int) else 0
