"""The zygote: imports everything once, then forks one life for each order, so that a life costs little.

It has no thread and no event loop of its own, so that a fork is whole. Each line it reads is an order in JSON; it
answers with the life's process id, and with its exit status when it has ended. When its input ends, so does the life.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import traceback

from sqlalchemy.orm import configure_mappers

from conversations.bank import LATEST, load
from tests.crash.life import Order, run

# What the libraries import only when they are first used.
_LATER = (
    "anyio._backends._asyncio",
    "apscheduler.executors.asyncio",
    "apscheduler.triggers.interval",
    "httpcore",
    "psycopg",
    "slack_bolt.listener_matcher.async_builtins",
)


def main() -> None:
    """Serve orders until the input ends."""
    for name in _LATER:
        importlib.import_module(name)
    load(LATEST)
    configure_mappers()
    while line := os.read(0, 65536):
        order = Order(**json.loads(line))
        # Only the life holds the writing end: reading an end of file there means that it is over.
        alive, held = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(alive)
            _live(order)
        os.close(held)
        _say(child)
        ready, _, _ = select.select([0, alive], [], [])
        if alive not in ready:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(alive)
        _say(os.waitstatus_to_exitcode(status))


def _live(order: Order) -> None:
    status = 1
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        run(order)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _say(number: int) -> None:
    os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main()
