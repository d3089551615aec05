"""Footprint: what one school's process takes of memory and time, started as `make run` starts it (`python -m bot run`).

Memory is that of the bot's process alone, after a second start, an open wave and some minutes' worth of work; the
stand-in networks are another process. Times are counted from the start of the process, Python's own start included.
"""

import asyncio
import time
from pathlib import Path
from statistics import median

from benchmarks import school, stage
from benchmarks.report import Report, Row, Scale, at_most
from benchmarks.stage import Program
from bot.opening import open_store

MESSAGES = {"tiny": 20, "usual": 300, "full": 1_000}
STARTS = {"tiny": 1, "usual": 3, "full": 7}


async def measure(scale: Scale) -> Report:
    """Start and stop the rehearsal twice, and the bot alone some times."""
    with stage.folder() as path:
        data = Path(path)
        if scale == "tiny":
            school.make(data, school.sample_size(30))[0].dispose()
        first, first_stop, _ = await _rehearse(data, 0)
        second, second_stop, (peak, shared) = await _rehearse(data, MESSAGES[scale])
        engine, _sealer = open_store(school.store_settings(data), make=False)
        school.make_real(engine)
        engine.dispose()
        polls = [await _first_poll(data) for _ in range(STARTS[scale])]
    return Report(
        (
            at_most("memory of the bot's process, most ever (VmHWM)", peak, 160, "MB", 0),
            Row("  its share now (PSS)", f"{shared:.0f} MB"),
            at_most(f"start to first getUpdates (median of {len(polls)})", median(polls), 2, "s", 2),
            at_most("first start to the address, the sample school made", first, 30, "s"),
            at_most("second start to the address", second, 5, "s", 2),
            at_most("stop after Ctrl-C, the slower of two", max(first_stop, second_stop), 2, "s", 2),
        ),
        "MB of 1,000,000 bytes. The second stop falls into a wave that is going out.",
    )


async def _rehearse(data: Path, messages: int) -> tuple[float, float, tuple[float, float]]:
    """Start, let a wave bring so many messages, stop; gives the seconds of start and stop, and the memory between."""
    port = stage.free_port()
    program = await Program.start("bot", "run", **stage.rehearsal_settings(data, port))
    try:
        await program.line("http://")
        started = time.monotonic() - program.began
        async with stage.http() as session:
            networks = stage.Networks(f"http://127.0.0.1:{port}", session)
            await networks.until(lambda stats: bool(stats["polling"]), program)
            if messages:
                await networks.post("/control/wave")
                sent = "sendmessage"
                await networks.until(lambda stats: stats["methods"].get(sent, 0) >= messages, program, every=0.2)
        memory = program.megabytes()
    finally:
        stopped = await program.stop()
    return started, stopped, memory


async def _first_poll(data: Path) -> float:
    """Start the bot alone, the networks being there already; gives the seconds to its first getUpdates."""
    async with stage.networks() as networks:
        await asyncio.sleep(0.5)
        program = await Program.start("bot", "run", **stage.live_settings(data, networks.base))
        try:
            polled = await networks.until(lambda stats: stats["methods"].get("getupdates", 0) > 0, program)
            return polled - program.began
        finally:
            await program.stop()
