"""`python -m rehearsal`: run the stand-in networks and their page until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

from rehearsal.app import HOST, make_app, start

# Python itself ends with 1, a command line that is wrong with 2.
STATE_UNUSABLE = 3


def main() -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status.

    When it cannot start that is 1 for the port and STATE_UNUSABLE for the file, with one sentence: from whoever started
    it, where that is a program that keeps its input open.
    """
    options = _parser().parse_args()
    state = None if options.state == "none" else Path(options.state)
    try:
        asyncio.run(_serve(options.port, state, options.bot, options.seed, options.while_input_is_open))
    except OSError as error:
        # The error's own words repeat the address; the system's name for it is enough.
        reason = os.strerror(error.errno or 0).lower()
        _say(options, f"Port {options.port} cannot be used ({reason}). Choose another with --port.")
        return 1
    except sqlite3.Error:
        _say(options, "The file given with --state cannot be used. Choose another, or none.")
        return STATE_UNUSABLE
    return 0


def _say(options: argparse.Namespace, sentence: str) -> None:
    if not options.while_input_is_open:
        print(sentence, file=sys.stderr)


async def _serve(port: int, state: Path | None, bot: str, seed: int, while_input_is_open: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if while_input_is_open:
        loop.add_reader(sys.stdin.fileno(), _read_on, loop, stop)
    runner = await start(make_app(state=state, bot=bot, seed=seed), port)
    try:
        print(f"Rehearsal is ready: http://{HOST}:{runner.addresses[0][1]}/", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def _read_on(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description="Stand-ins for Telegram and Slack on this machine, with one web page that shows both.",
        epilog="Example: python -m rehearsal --port 8700 --state rehearsal.sqlite --bot http://127.0.0.1:8710",
    )
    parser.add_argument("--port", type=int, default=8700, help="port to listen on; 0 picks a free one (default 8700)")
    parser.add_argument("--state", metavar="FILE", default="none", help="file to remember in, or none (default none)")
    parser.add_argument("--bot", metavar="URL", default="http://127.0.0.1:8710", help="the bot's own HTTP server")
    parser.add_argument("--seed", type=int, default=1, help="decides which calls fail while faults are on (default 1)")
    parser.add_argument("--while-input-is-open", action="store_true", help="stop as well when standard input ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
