"""Wave: a check-in for 1,035 pupils, against a stand-in that enforces Telegram's limits (30/s over all, 1/s a chat).

Counted from the request that opens it to the arrival of the last check-in on a phone, in the rehearsal as `make run`
starts it. Nothing can be faster than pupils ÷ 30 s.
"""

import time
from pathlib import Path

from benchmarks import school, stage
from benchmarks.report import Report, Row, Scale
from benchmarks.stage import Change

PUPILS = {"tiny": 30, "usual": 1_035, "full": 1_035}
WEEKS = {"tiny": 8, "usual": 26, "full": 104}


async def measure(scale: Scale) -> Report:
    """Open one wave and wait for its last message."""
    with stage.folder() as path:
        data, pupils = Path(path), PUPILS[scale]
        engine, _sealer, _people = school.make(data, school.sample_size(pupils, weeks=WEEKS[scale]))
        engine.dispose()
        reached: dict[int, float] = {}

        def note(change: Change) -> None:
            if change.topic == "phone" and change.data["kind"] == "message":
                reached.setdefault(change.data["user"], change.at)

        async with stage.rehearsal(data) as (_program, networks), stage.watching(networks) as watch:
            watch.listeners.append(note)
            began = time.monotonic()
            await networks.post("/control/wave")
            opened = time.monotonic() - began
            await watch.until(lambda: len(reached) == pupils)
            pushed_back = (await networks.stats())["too_many_requests"]
    took, least = max(reached.values()) - began, pupils / 30
    return Report(
        (
            Row(f"{pupils:,} check-ins delivered", f"{took:.2f} s", f"≤ {1.05 * least:.2f} s", took <= 1.05 * least),
            Row("  beside pupils ÷ 30 s", f"{took / least:.3f} ×", "≤ 1.05 ×", took <= 1.05 * least),
            Row("pushed back (429)", str(pushed_back), "0", pushed_back == 0),
            Row("opening itself", f"{opened * 1000:.0f} ms"),
            Row("first check-in after", f"{(min(reached.values()) - began) * 1000:.0f} ms"),
        ),
        "From the request that opens the wave to the last message's arrival on a phone; 30/s and 1/s a chat enforced.",
    )
