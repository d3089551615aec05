"""The leads' desk opened from the machine's own command line, so that a passphrase never passes through Slack.

A socket in the data folder, for the machine's own user alone, takes one line: which reader, and their passphrase. The
desk then is open in the running program, as if the passphrase had been entered in Slack's window.
"""

import asyncio
import json
import os
import socket
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import structlog

from bot.pace import too_many
from bot.whisper.keeping import TRIES, TRIES_SECONDS
from bot.whisper.parts import Parts
from store.vault import StoreProblem
from store.whisper_lock import open_desk

log = structlog.get_logger()

Answer = Literal["open", "wrong", "many", "unread"]
_LINE_MOST: Final = 4096
_PATIENCE: Final = 10.0


def door_of(data_dir: Path) -> Path:
    """Name the socket of an installation."""
    return data_dir / "desk.socket"


class DeskDoor:
    """Waits at the socket for leads who open their desk."""

    def __init__(self, parts: Parts, path: Path) -> None:
        self._parts, self._path = parts, path
        self._server: asyncio.Server | None = None
        self._made = 0
        self._tries: dict[bytes, deque[float]] = {}

    async def start(self) -> None:
        """Begin to wait; where a socket cannot be made, passphrases are entered in Slack alone."""
        former = os.umask(0o177)
        try:
            # What a process that died has left.
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._come, self._path, limit=_LINE_MOST)
            self._made = self._path.stat().st_ino
        except OSError as error:
            log.warning("the desk has no socket", error=type(error).__name__)
        finally:
            os.umask(former)

    async def close(self) -> None:
        """Wait no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None
            # Another process that took over may have put its own there already.
            with suppress(FileNotFoundError):
                if self._path.stat().st_ino == self._made:
                    self._path.unlink()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer: Answer = "unread"
        try:
            async with asyncio.timeout(_PATIENCE):
                asked = json.loads(await reader.readline())
                answer = await self._open(bytes.fromhex(asked["reader"]), str(asked["passphrase"]))
        except Exception as error:
            # What was sent is no line of ours, or the store ails: neither may say more than that it failed.
            log.error("desk not opened", error=type(error).__name__)
        finally:
            writer.write(answer.encode())
            writer.close()

    async def _open(self, who: bytes, passphrase: str) -> Answer:
        tries = self._tries.setdefault(who, deque())
        if too_many(time.monotonic(), tries, TRIES, TRIES_SECONDS):
            return "many"
        if await self._parts.on_thread(open_desk, self._parts.store, who, passphrase):
            tries.clear()
            return "open"
        tries.append(time.monotonic())
        return "wrong"


def knock_at(path: Path, who: bytes, passphrase: str) -> Answer:
    """Open a reader's desk in the program that runs here. Raises StoreProblem where none does."""
    try:
        with socket.socket(socket.AF_UNIX) as there:
            there.settimeout(_PATIENCE)
            there.connect(str(path))
            there.sendall(json.dumps({"reader": who.hex(), "passphrase": passphrase}).encode() + b"\n")
            said = there.recv(16).decode("ascii", "replace")
    except OSError:
        raise StoreProblem(
            "Earshot does not run here, or cannot be reached. `earshot whisper read` needs no running Earshot."
        ) from None
    return next((one for one in ("open", "wrong", "many") if one == said), "unread")
