"""Whisper: how long it takes to seal a message, to open a thread of fifty turns, and to check a receipt.

Sealing is the work of the seal itself; beside it stands a whole message kept, with full sync and an emptied log. A
receipt is checked at the cost the product uses; how long an answer waits meanwhile says whether it starves replies.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import stage
from benchmarks.report import Report, Row, Scale, at_most
from store.sealing import Sealer
from store.whisper_desk import keep_readers, open_thread, reader_id
from store.whisper_desk import say as answer
from store.whisper_sealing import new_receipt, new_seed, pack, public_of, seal
from store.whisper_store import open_whispers
from store.whispers import Draft, add, find, see, start

TIMES = {"tiny": 5, "usual": 50, "full": 200}
TURNS = 50
SEAL_MS, OPEN_MS, RECEIPT_MS = 5.0, 50.0, 200.0
WORDS = b"they take my things every day, on the bus and in the corridor"


async def measure(scale: Scale) -> Report:
    """Make a store with one thread of fifty turns, and time what reporters and leads wait for."""
    times = TIMES[scale]
    with stage.folder() as folder:
        sealer = Sealer(bytes(range(32)))
        store = open_whispers(f"sqlite:///{Path(folder) / 'whispers.sqlite'}", sealer)
        who = reader_id(sealer, "a lead")
        keep_readers(store, [who, reader_id(sealer, "another lead"), reader_id(sealer, "a deputy")])
        receipt = new_receipt()
        door = start(store, Draft("2026-11-24", "bullying", "me"), receipt, {"what": "words"}, WORDS)
        for number in range(TURNS - 1):
            if number % 2:
                add(store, door, {"what": "words"}, WORDS)
            else:
                answer(store, who, door.report.hex(), "reply", "A Lead", "Thank you for telling us.")
        public, plain = public_of(new_seed()), pack({"n": 1, "by": "reporter", "what": "words"}, WORDS)

        def twice() -> None:
            seal(public, plain, b"desk")
            seal(public, plain, b"mine")

        sealing = _median_ms(twice, times)
        opening = _median_ms(lambda: open_thread(store, who, door.report.hex()), times)
        keeping = _median_ms(lambda: add(store, door, {"what": "words"}, WORDS), min(times, 30))
        # In turns, so that a busy machine slows both alike.
        pairs = [
            (
                _median_ms(lambda: see(store, find(store, receipt)), 1),
                _median_ms(lambda: see(store, find(store, new_receipt())), 1),
            )
            for _ in range(times)
        ]
        right, wrong = median(one for one, _ in pairs), median(other for _, other in pairs)
        waits = await _waits_meanwhile(lambda: see(store, find(store, new_receipt())))
        store.engine.dispose()
    rows = (
        at_most("seal one message, for readers and for the reporter", sealing, SEAL_MS, "ms"),
        at_most(f"open a thread of {TURNS} turns", opening, OPEN_MS, "ms"),
        at_most("check a right receipt", right, RECEIPT_MS, "ms"),
        at_most("check a wrong receipt", wrong, RECEIPT_MS, "ms"),
        Row("keep one message, on the disk", f"{keeping:.1f} ms", "", None),
        Row("longest wait of the event loop while receipts are checked", f"{waits:.1f} ms", "", None),
    )
    return Report(rows, "Receipts: two Argon2id of 19 MiB and two passes, one at a time.")


def _median_ms(work: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


async def _waits_meanwhile(work: Callable[[], object]) -> float:
    """Check receipts in another thread, and give the longest time (ms) that the event loop was late by."""
    stop = threading.Event()

    def check() -> None:
        while not stop.is_set():
            work()

    checking = asyncio.create_task(asyncio.to_thread(check))
    late = 0.0
    for _ in range(200):
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        late = max(late, (time.perf_counter() - began) * 1000 - 5)
    stop.set()
    await checking
    return late
