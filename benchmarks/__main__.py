"""`python -m benchmarks [name ...]`: run some of the benchmarks, or all, one after the other."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rich.console import Console

from benchmarks import (
    anonymity_game,
    footprint,
    import_people,
    intake,
    key_change,
    presses,
    reply_latency,
    several,
    views,
    wave,
    whisper,
)
from benchmarks.report import Report, Scale, show

BENCHMARKS: dict[str, Callable[[Scale], Coroutine[Any, Any, Report]]] = {
    "intake": intake.measure,
    "wave": wave.measure,
    "reply_latency": reply_latency.measure,
    "footprint": footprint.measure,
    "views": views.measure,
    "presses": presses.measure,
    "key_change": key_change.measure,
    "import_people": import_people.measure,
    "whisper": whisper.measure,
    "several": several.measure,
    "anonymity_game": anonymity_game.measure,
}


def main() -> None:
    """Read the command line, and print a table for each benchmark as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Earshot on this machine.")
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which to run, of {', '.join(BENCHMARKS)} (default all)"
    )
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument("--full", action="store_true", help="the whole five minutes of answers, more rounds")
    scales.add_argument("--tiny", action="store_true", help="a few seconds each, to see that they run; no real figures")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    scale: Scale = "full" if options.full else "tiny" if options.tiny else "usual"
    console = Console()
    for name in options.names or BENCHMARKS:
        show(console, name, asyncio.run(BENCHMARKS[name](scale)), scale)


if __name__ == "__main__":
    main()
