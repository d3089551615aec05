"""Runs of the script: one without kills, which the others are measured by, and runs with a plan of kills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import sub
from pathlib import Path

from tests.crash.picture import Picture, faults, take_picture
from tests.crash.points import KINDS
from tests.crash.rig import UNPROMPTED, Arrived, Kill, Zygote, world
from tests.crash.school import School
from tests.crash.script import make_script, odd_update, settled

Key = tuple[str, str, str]
# How many points of each kind an event has.
Points = tuple[int, ...]


@dataclass(frozen=True)
class Aim:
    """Kill at the `point`-th point after an event began (from 1), and the next life at its `then`-th (0: not).

    With a `kind` only points of that kind count for the first.
    """

    point: int
    then: int = 0
    kind: int | None = None


Plan = Mapping[int, Aim]


@dataclass
class Run:
    """What a run left: its picture, what is wrong with it, all that arrived, its kills, and points by event.

    `unwritten` is how many messages Telegram took beyond those that the store and the kills account for.
    """

    picture: Picture
    faults: list[str]
    arrived: list[Arrived]
    kills: list[Kill]
    unwritten: int
    points: list[Points] = field(default_factory=list)


async def play(zygote: Zygote, school: School, folder: Path, plan: Plan, database_url: str = "") -> Run:
    """Play the whole script with the kills of a plan, and look at what is left when nothing is under way."""
    script, points = make_script(school), list[Points]()
    async with world(zygote, school, folder, database_url) as stage:
        for number, event in enumerate(script):
            stage.event, before = f"{number} {event.name}", stage.panel.counts()
            if aim := plan.get(number):
                stage.again = aim.then
                stage.panel.arm(aim.point, *([] if aim.kind is None else [aim.kind]))
            await event.play(stage)
            points.append(tuple(map(sub, stage.panel.counts(), before)))
        stage.panel.arm(0)
        last = await odd_update(stage)
        await settled(stage)
        with stage.reading() as session:
            picture, wrong = take_picture(session, stage), faults(session, stage, last)
        return Run(picture, wrong, stage.arrived, stage.kills, await stage.unwritten(), points)


# --- plans ------------------------------------------------------------------------------------------------------------


def sampled(points: list[Points], every: int, seed: int) -> dict[int, Aim]:
    """Aim at each `every`-th event, at another of its points each time; other seeds take other events and points.

    The kinds take turns, as far as an event has points of them.
    """
    plan = {}
    for turn, number in enumerate(range(seed % every, len(points), every)):
        kind = (seed + turn) % len(KINDS)
        while not points[number][kind] and any(points[number]):
            kind = (kind + 1) % len(KINDS)
        point = 1 + (seed // every + turn) % max(points[number][kind], 1)
        plan[number] = Aim(point, 1 + turn % 8 if turn % 4 == 3 else 0, kind)
    return plan


def every_point(points: list[Points]) -> list[dict[int, Aim]]:
    """Aim at every point of every event, one point of each event in a run; then at the first points of a new life."""
    counts = [sum(of_event) for of_event in points]
    runs = [
        {number: Aim(point) for number, count in enumerate(counts) if count >= point}
        for point in range(1, max(counts) + 1)
    ]
    return [*runs, {number: Aim(1, then=1 + number % 16) for number in range(0, len(points), 3)}]


# --- measures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """New messages of a run beside those of the run without kills."""

    lost: Counter[Key]
    repeated: Counter[Key]

    def repeated_on(self, network: str, *, from_outbox: bool = False) -> int:
        """Count repeats on a network; `from_outbox` leaves out the answers to words that nobody asked for."""
        return sum(
            count
            for (where, _, words), count in self.repeated.items()
            if where == network and not (from_outbox and words.startswith(UNPROMPTED))
        )


def tally(run: Run, reference: Run) -> Tally:
    """Compare what arrived: a message is told from others by its network, its chat and its words."""
    here, there = (Counter(map(_key, which.arrived)) for which in (run, reference))
    return Tally(there - here, here - there)


def _key(arrived: Arrived) -> Key:
    # Which of these answers such words get hangs on what a kill made forgotten.
    words = UNPROMPTED[0] if arrived.words.startswith(UNPROMPTED) else arrived.words
    return arrived.network, arrived.chat, words


def table(title: str, reference: Run, runs: list[Run]) -> str:
    """Put what happened into a few lines to be read."""
    tallies = [tally(run, reference) for run in runs]
    kinds = Counter(kill.kind for run in runs for kill in run.kills)
    rows = {
        "points in a run without kills": sum(map(sum, reference.points)),
        "runs": len(runs),
        "kills": sum(len(run.kills) for run in runs),
        **{f"  {kind}": kinds[kind] for kind in KINDS},
        "messages in each run": len(reference.arrived),
        "lost": sum(one.lost.total() for one in tallies),
        "answers counted twice or lost": sum(run.picture != reference.picture for run in runs),
        "repeated on Telegram": sum(one.repeated_on("telegram") for one in tallies),
        "repeated on Slack": sum(one.repeated_on("slack") for one in tallies),
        "most repeated by one kill": max((kill.repeats for run in runs for kill in run.kills), default=0),
    }
    return "\n".join([title, *(f"  {name:<34}{count:>8}" for name, count in rows.items())])
