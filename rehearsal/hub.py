"""What the stand-in networks share: who is told of changes, how the networks misbehave, and what survives a restart."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

TELEGRAM_TOKEN = "700000001:rehearsal-telegram-token-0000000000"
SLACK_BOT_TOKEN = "xoxb-rehearsal"
SLACK_APP_TOKEN = "xapp-rehearsal"
SLACK_SIGNING_SECRET = "rehearsal-signing-secret"

FaultMode = Literal["off", "429", "5xx", "drop", "duplicate", "all"]
FAULT_MODES: tuple[FaultMode, ...] = ("off", "429", "5xx", "drop", "duplicate", "all")


class Hub:
    """Tells every listener (the page's event stream, waiting tests) what has just changed."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[tuple[str, dict[str, Any]]]] = set()

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        for listener in self._listeners:
            # A listener that stopped reading (a sleeping laptop) must not hold memory for ever.
            if listener.qsize() < 10_000:
                listener.put_nowait((topic, data))

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[tuple[str, dict[str, Any]]]]:
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)


@dataclass
class Faults:
    """The switch that makes the networks misbehave: one call in `every`, drawn from a seeded generator."""

    mode: FaultMode = "off"
    every: int = 5
    random: random.Random = field(default_factory=lambda: random.Random(1))

    def draw(self) -> FaultMode:
        """Say how the next call goes wrong.

        Returns "off" (it does not), "429" (too many requests), "5xx", "drop" (the call is carried out, then the
        connection is cut before the answer) or "duplicate" (an update or event is delivered twice).
        """
        if self.mode == "off" or self.random.randrange(self.every):
            return "off"
        if self.mode == "all":
            return self.random.choice(("429", "5xx", "drop", "duplicate"))
        return self.mode


class Book:
    """What the networks remember across restarts: JSON values by (shelf, key), in one SQLite file or in memory."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # The stand-in may lose its last moment in a power cut; only the bot promises more.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS book (shelf TEXT, key TEXT, value TEXT, PRIMARY KEY (shelf, key)) WITHOUT ROWID"
        )
        # Changes nothing, and fails where the file can only be read.
        self._db.execute("DELETE FROM book WHERE shelf = ''")
        self._kept = path is not None

    def put(self, shelf: str, key: str, value: object) -> None:
        """Keep one JSON value; nothing is written when rehearsal runs in memory."""
        if self._kept:
            self._db.execute("INSERT OR REPLACE INTO book VALUES (?, ?, ?)", (shelf, key, json.dumps(value)))

    def drop(self, shelf: str, key: str) -> None:
        if self._kept:
            self._db.execute("DELETE FROM book WHERE shelf = ? AND key = ?", (shelf, key))

    def shelf(self, shelf: str) -> Iterator[tuple[str, Any]]:
        """Give back all that was kept on a shelf, in the order of its keys as text."""
        for key, value in self._db.execute("SELECT key, value FROM book WHERE shelf = ? ORDER BY key", (shelf,)):
            yield key, json.loads(value)

    def close(self) -> None:
        self._db.close()
