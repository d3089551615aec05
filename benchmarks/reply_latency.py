"""Reply latency: from a tap on a phone to the changed message on it, while the bot has much else to do.

Two situations, in the rehearsal as `make run` starts it, Telegram's limits enforced: (a) a wave is going out to 1,035
pupils, and some of those it has reached tap Skip and Back; (b) 1,035 pupils answer their check-in, six taps each (five
questions and "Nothing to add"), within five minutes: 20.7 taps a second at chance moments. By default (b) is run at
that rate for one minute by as many pupils as fit; `--full` runs the five minutes. A tap counts from its request to the
stand-in until the stand-in tells that the message was changed. The pupils who are one low check-in away from a flag
answer low: from their last tap to the message in their tutor's Slack is the last figure.
"""

import asyncio
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import school, stage
from benchmarks.report import Report, Row, Scale, at_most, share
from benchmarks.stage import Change, Networks, Watch
from bot.sample.listing import NEAR_NOTE
from conversations.bank import LATEST, load

PUPILS = {"tiny": 30, "usual": 1_035, "full": 1_035}
ANSWERING = {"tiny": 24, "usual": 207, "full": 1_035}
NEAR = {"tiny": 2, "usual": 8, "full": 8}
TAPPING = {"tiny": 3, "usual": 24, "full": 24}
TAPS = 6
RATE = 1_035 * TAPS / 300
# So many pupils answer at the same time: each then taps about every three seconds.
TOGETHER = 69
DURING_WAVE = 4.0
TARGET_MS = 250.0
_GROUP = re.compile(r"tutor of (\w+)")


@dataclass
class Pupil:
    """A pupil with an open check-in on the phone; `tutor` is the Slack user who would hear of a flag."""

    user: int
    near: bool
    tutor: str
    message_id: int = 0
    check_in: str = ""
    position: int = 0
    # Nobody taps the next button before the last one has changed the message.
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class _Taps:
    """Taps on their way, and how long (seconds) those took that were answered."""

    networks: Networks
    took: list[float] = field(default_factory=list)
    waiting: dict[int, asyncio.Future[float]] = field(default_factory=dict)

    def note(self, change: Change) -> None:
        """Take a change of the stand-ins: an edit answers the tap of its phone."""
        if change.topic == "phone" and change.data["kind"] == "edit":
            future = self.waiting.pop(change.data["user"], None)
            if future is not None and not future.done():
                future.set_result(change.at)

    async def tap(self, pupil: Pupil, what: str) -> float:
        """Tap one button and wait for the changed message; gives the moment of the tap."""
        self.waiting[pupil.user] = answered = asyncio.get_running_loop().create_future()
        data = f"c:{pupil.check_in}:{pupil.position}:{what}"
        began = time.monotonic()
        await self.networks.post(f"/phone/{pupil.user}/tap", {"message_id": pupil.message_id, "data": data})
        async with asyncio.timeout(stage.PATIENCE):
            self.took.append(await answered - began)
        pupil.position += -1 if what == "back" else 1
        return began


async def measure(scale: Scale) -> Report:
    """Measure (a) and (b) one after the other, in one rehearsal."""
    with stage.folder() as path:
        data = Path(path)
        size = school.sample_size(PUPILS[scale], near=NEAR[scale], weeks=8 if scale == "tiny" else 26)
        school.make(data, size)[0].dispose()
        async with stage.rehearsal(data) as (_program, networks), stage.watching(networks) as watch:
            pupils = await _pupils(networks)
            during = await _during_wave(networks, watch, pupils, TAPPING[scale])
            answering, told = await _while_answering(networks, watch, pupils, ANSWERING[scale])
            pushed_back = (await networks.stats())["too_many_requests"]
    return Report(
        (
            *_rows(f"(a) tap while a wave goes to {len(pupils):,}", during),
            *_rows(f"(b) tap while {ANSWERING[scale]:,} answer, {RATE:.1f} taps/s", answering),
            at_most("last low tap to the tutor's Slack, median", share(told, 0.5), 2.0, "s", 2),
            at_most(f"  the slowest of {len(told)}", max(told), 2.0, "s", 2),
            Row("pushed back (429)", str(pushed_back), "0", pushed_back == 0),
        ),
        f"{len(during):,} taps in (a), {len(answering):,} in (b), at chance moments.",
    )


def _rows(what: str, took: list[float]) -> Iterator[Row]:
    yield Row(f"{what}: median", f"{share(took, 0.5) * 1000:.0f} ms")
    yield at_most("  p99", share(took, 0.99) * 1000, TARGET_MS, "ms", 0)
    yield Row("  slowest", f"{max(took) * 1000:.0f} ms")


async def _pupils(networks: Networks) -> list[Pupil]:
    staff = await networks.get("/workspace/people?limit=1000")
    return pupils_of(await networks.get("/phone/people?limit=5000"), staff)


def pupils_of(phones: list[dict[str, Any]], staff: list[dict[str, Any]]) -> list[Pupil]:
    """Pick the pupils who have joined out of all phones (those of parents are there too), each with their tutor."""
    tutors = {found[1]: user["id"] for user in staff if (found := _GROUP.search(user["real_name"]))}
    notes = [
        (one["id"], one["note"].split(" · ")) for one in sorted(phones, key=lambda one: one["id"]) if one["started"]
    ]
    return [
        Pupil(user, near=NEAR_NOTE in note, tutor=tutors[note[1]])
        for user, note in notes
        if len(note) > 1 and note[1] in tutors
    ]


async def _look(networks: Networks, pupil: Pupil) -> dict[str, Any]:
    """Look at a pupil's check-in, and note where it lies."""
    shown = (await networks.get(f"/phone/{pupil.user}/messages"))["messages"][-1]
    _, pupil.check_in, at, _ = shown["keyboard"][0][0]["callback_data"].split(":")
    pupil.message_id, pupil.position = shown["message_id"], int(at)
    return dict(shown)


# --- (a) --------------------------------------------------------------------------------------------------------------


async def _during_wave(networks: Networks, watch: Watch, pupils: list[Pupil], tapping: int) -> list[float]:
    """Open a wave, and have some of the first pupils it reaches tap to and fro until it has reached all."""
    taps, reached = _Taps(networks), set[int]()
    by_user = {pupil.user: pupil for pupil in pupils}

    def note(change: Change) -> None:
        taps.note(change)
        if change.topic == "phone" and change.data["kind"] == "message":
            reached.add(change.data["user"])

    watch.listeners.append(note)
    await networks.post("/control/wave")
    await watch.until(lambda: len(reached) >= tapping * 2)
    some = [by_user[user] for user in sorted(reached) if not by_user[user].near][:tapping]
    for pupil in some:
        await _look(networks, pupil)
    chance = random.Random(1)  # noqa: S311 (moments of taps, no secret)
    under_way: list[asyncio.Task[float]] = []
    while len(reached) < len(pupils):
        await asyncio.sleep(chance.expovariate(DURING_WAVE))
        pupil = some[len(under_way) % len(some)]
        if pupil.user not in taps.waiting:
            under_way.append(asyncio.create_task(taps.tap(pupil, "back" if pupil.position else "skip")))
    await asyncio.gather(*under_way)
    for pupil in some:
        if pupil.position:
            await taps.tap(pupil, "back")
    watch.listeners.remove(note)
    return taps.took[: len(under_way)]


# --- (b) --------------------------------------------------------------------------------------------------------------


async def _while_answering(
    networks: Networks, watch: Watch, pupils: list[Pupil], answering: int
) -> tuple[list[float], list[float]]:
    """Have pupils answer to the end; gives what each tap took, and what each flag took to its tutor (seconds)."""
    taps, told = _Taps(networks), dict[str, float]()
    near = [pupil for pupil in pupils if pupil.near]
    chosen = (near + [pupil for pupil in pupils if not pupil.near])[:answering]
    chance = random.Random(2)  # noqa: S311 (who answers when, no secret)
    chance.shuffle(chosen)
    for pupil in chosen:
        await _look(networks, pupil)
    ended: dict[str, float] = {}

    def note(change: Change) -> None:
        taps.note(change)
        if change.topic == "workspace" and change.data["kind"] == "message" and change.data["user"] in ended:
            told.setdefault(change.data["user"], change.at)

    async def one(pupil: Pupil, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        async with pupil.busy:
            what = "done" if pupil.position == TAPS - 1 else await _option(networks, pupil)
            if pupil.near and what == "done":
                ended[pupil.tutor] = time.monotonic()
            await taps.tap(pupil, what)

    watch.listeners.append(note)
    began = time.monotonic()
    await asyncio.gather(*(one(pupil, began + after) for pupil, after in schedule(chosen, chance)))
    await watch.until(lambda: len(told) == len({pupil.tutor for pupil in chosen if pupil.near}))
    watch.listeners.remove(note)
    return taps.took, [told[tutor] - ended[tutor] for tutor in told]


def schedule(pupils: list[Pupil], chance: random.Random) -> Iterator[tuple[Pupil, float]]:
    """Yield who taps when (seconds), in all TAPS times each: RATE a second at chance moments, some pupils together."""
    for first in range(0, len(pupils), TOGETHER):
        together = pupils[first : first + TOGETHER]
        begin, length = first * TAPS / RATE, len(together) * TAPS / RATE
        moments = sorted(begin + chance.random() * length for _ in range(len(together) * TAPS))
        for number, moment in enumerate(moments):
            yield together[number % len(together)], moment


async def _option(networks: Networks, pupil: Pupil) -> str:
    """Choose an answer: the second option, or the low one of a state question for a pupil who is near a flag."""
    if not pupil.near:
        return "1"
    words = (await networks.get(f"/phone/{pupil.user}/messages"))["messages"][-1]["text"]
    for item in load(LATEST).items.values():
        for band, stem in item.stem.items():
            if item.kind == "state" and stem in words:
                return "0" if item.direction > 0 else str(len(item.options[band]) - 1)
    return "1"
