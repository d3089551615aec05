"""The game: attackers who hold every file the school keeps guess who whispered, and do no better than chance.

Three kinds of trial. In the first some pupils use the bot one after another and one of them whispers; each attacker
names one. In the second each of them whispers, and the attackers are asked who wrote one of the whispers. In the third
somebody copied the store by `earshot whisper backup` after each pupil. Half a minute after it all the files are looked
at, and the card is waited for. `python -m benchmarks anonymity_game` prints the table.
"""

import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

from scipy.stats import binomtest
from sqlalchemy import Engine, event, text, update
from sqlmodel import Session, SQLModel

from benchmarks.anonymity_sight import file_times, files, main_store, page_order, reports, row_order, sizes
from benchmarks.report import Report, Row, Scale
from benchmarks.whisper_town import NOW, Hand, MemorySlack, Town, make_town, rounds_of
from bot.whisper.rounds import Rounds
from store import vault
from store.database import make_engine
from store.sealing import Sealer
from store.tables import Pupil
from store.whisper_care import back_up
from store.whisper_sealing import Cost
from store.whisper_store import open_whispers
from store.whisper_tables import report, turn, wrap

PUPILS, ACTIVE = 200, 5
TRIALS: Final[Mapping[Scale, int]] = {"tiny": 20, "usual": 1000, "full": 5000}
# To have each pupil whisper takes longer, and to copy the store longer still.
EACH_OF, COPIED_OF = 4, 40
P_LEAST = 0.001
_REACH = f"p ≥ {P_LEAST}"
CHEAP = Cost(memory=64, passes=1)
_REPORTS_MOST = 20
# How much each of them writes (characters of three bytes), which the attacker knows: all are sealed at one size.
_LENGTHS: Final = (10, 50, 120, 200, 300)
# These go past the steps that sizes are rounded to.
_LONG: Final = (10, 500, 1_200, 2_000, 4_000)

_outbox = SQLModel.metadata.tables["outbox"]


@dataclass
class Game:
    """A town to play in. `leaks` are planted: names of LEAKS, each of which must make an attacker win."""

    town: Town
    rounds: Rounds
    slack: MemorySlack
    clock: Hand
    chance: random.Random
    leaks: frozenset[str] = frozenset()
    # What an attacker guesses by who has nothing to go by.
    luck: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 (a guess in a game)
    right: dict[str, int] = field(default_factory=dict)
    played: dict[str, int] = field(default_factory=dict)

    def score(self, attacker: str, *, right: bool) -> None:
        self.right[attacker] = self.right.get(attacker, 0) + right
        self.played[attacker] = self.played.get(attacker, 0) + 1


# Each leak that can be planted, and the attacker who then wins.
LEAKS: Final = {
    "cards at once": "time of the card",
    "nobody touches the files": "times of the files",
    "a file time is left": "times kept in a copy",
    "plain numbers": "gaps in numbers",
    "plain offsets": "steps of the offset",
    "last seen": "other changes",
    "a transaction": "transactions (xmin)",
    "a table that counts": "row order",
    "not written anew": "page order",
    "stories past a step": "size",
    "plain copies": "backup differences",
}


async def begin(town: Town, seed: int, leaks: frozenset[str] = frozenset()) -> Game:
    """Set up a game; the same seed gives the same trials."""
    rounds, slack, clock = await rounds_of(town, NOW)
    if "a table that counts" in leaks:
        # As of old: rows numbered as they come.
        with town.whispers.write() as connection:
            connection.execute(text("CREATE TABLE counted (number INTEGER PRIMARY KEY, report BLOB)"))
            connection.execute(
                text(
                    "CREATE TRIGGER counting AFTER INSERT ON report "
                    "BEGIN INSERT INTO counted (report) VALUES (NEW.id); END"
                )
            )
    town.opaque = not leaks & {"plain numbers", "plain offsets"}
    return Game(town, rounds, slack, clock, random.Random(seed), leaks)  # noqa: S311 (who whispers in a game)


async def play(game: Game, trials: int) -> list[tuple[str, int, int, float, float]]:
    """Play all three kinds; gives attacker, trials, correct, chance, and p of doing so well by luck alone."""
    for number in range(trials):
        await one_of_them(game)
        if number % EACH_OF == 0:
            await each_of_them(game)
        if number % COPIED_OF == 0:
            await copied(game)
    return table_of(game)


async def proof(town: Town, trials: int) -> tuple[list[tuple[str, int, int, float, float]], set[str]]:
    """Play the game; gives its table, and the attackers who did too well for luck.

    Of eleven attackers one in ninety games is won by luck; nobody is lucky twice, so who seems to win plays again.
    """
    table = await play(await begin(town, seed=20261124), trials)
    winners = {name for name, *_, p in table if p < P_LEAST}
    if winners:
        again = await play(await begin(town, seed=20261125), trials)
        winners &= {name for name, *_, p in again if p < P_LEAST}
    return table, winners


def table_of(game: Game) -> list[tuple[str, int, int, float, float]]:
    """Give what `play` gives, of what was played so far."""
    chance = 1 / ACTIVE
    return [
        (name, trials, game.right[name], chance, float(binomtest(game.right[name], trials, chance, "greater").pvalue))
        for name, trials in game.played.items()
    ]


# --- one of them whispers ---------------------------------------------------------------------------------------------


async def one_of_them(game: Game) -> None:
    """Play one trial in which one of some pupils whispers."""
    town, chance = game.town, game.chance
    active, teller = chance.sample(town.chats, ACTIVE), chance.randrange(ACTIVE)
    offsets, cards, left = [], len(game.slack.times), None
    for at, chat in enumerate(active):
        await town.feed(town.tap(chat, "menu"))
        offsets.append(town.offset)
        if at == teller:
            await town.whisper(chat, "they take my things" + " again" * chance.randrange(20))
            left = time.time() if "a file time is left" in game.leaks else None
            await _plant(game, chat)
    await _half_a_minute(game, left)
    times, numbers, changes, transactions = main_store(town, active)
    touched, kept = file_times(town)
    await _next_slot(game)
    guesses = {
        "time of the card": _before(times, game.slack.times[cards], game.luck),
        "times of the files": _before(times, touched, game.luck),
        "times kept in a copy": _before(times, kept, game.luck),
        "gaps in numbers": _widest(numbers, game.luck),
        "steps of the offset": _widest(offsets, game.luck),
        "other changes": _most(changes, game.luck),
        "transactions (xmin)": _widest(transactions, game.luck),
    }
    for name, guess in guesses.items():
        game.score(name, right=guess == teller)
    _clear(game)


async def _plant(game: Game, chat: int) -> None:
    town = game.town
    if "cards at once" in game.leaks:
        await _next_slot(game)
    if "last seen" in game.leaks:
        town.worker.run_now(lambda session: _seen(session, town, chat))
    if "a transaction" in game.leaks:
        for _ in range(3):
            with town.engine.begin() as connection:
                connection.execute(text("SELECT pg_current_xact_id()"))


def _seen(session: Session, town: Town, chat: int) -> None:
    for one, pupil_id in town.pupils.items():
        row = session.get_one(Pupil, UUID(pupil_id))
        when = NOW if one == chat else None
        if row.unreachable_since != when:
            row.unreachable_since = when
            session.add(row)


async def _half_a_minute(game: Game, left: float | None = None) -> None:
    """Let the round come that comes each half minute, and looks after the files."""
    if not game.leaks & {"nobody touches the files", "not written anew"}:
        await game.rounds.once()
    if left is not None:
        for file in files(game.town):
            os.utime(file, (left, left))


async def _next_slot(game: Game) -> None:
    """Let the next fixed time come: 12:30 and 15:30 take turns."""
    hours = 2.6 if game.clock.now == NOW or game.clock.now.hour == 15 else 5.6
    game.clock.now = NOW + timedelta(hours=hours)
    await game.rounds.once()


def _before(times: list[float], moment: float, luck: random.Random) -> int:
    """Whoever used the bot last before a moment; anybody where nobody did."""
    return max((at for at, when in enumerate(times) if when <= moment), default=luck.randrange(ACTIVE))


def _most(changes: list[int], luck: random.Random) -> int:
    """Whoever changed most; any of them where several did."""
    return luck.choice([at for at, one in enumerate(changes) if one == max(changes)])


def _widest(numbers: list[int], luck: random.Random) -> int:
    """Whoever comes before the widest gap, any of them where several are; the last, where all are alike.

    Of a whisper from the last nothing can come between two of them.
    """
    gaps = [later - sooner for sooner, later in pairwise(numbers)]
    widest = [at for at, gap in enumerate(gaps) if gap == max(gaps)]
    return luck.choice(widest) if len(widest) < len(gaps) else ACTIVE - 1


# --- each of them whispers --------------------------------------------------------------------------------------------


async def each_of_them(game: Game) -> None:
    """Play one trial in which each of some pupils whispers, and it is asked who wrote one of the whispers."""
    town, chance = game.town, game.chance
    active = chance.sample(town.chats, ACTIVE)
    lengths = chance.sample(_LONG if "stories past a step" in game.leaks else _LENGTHS, ACTIVE)
    came: list[bytes] = []
    for chat, length in zip(active, lengths, strict=True):
        await town.feed(town.tap(chat, "menu"))
        had = set(reports(town))
        await town.whisper(chat, "€" * length)
        came += set(reports(town)) - had
    await _half_a_minute(game)
    asked = chance.randrange(ACTIVE)
    one = came[asked]
    in_order = [one for one in row_order(town) if one in came]
    weights = sizes(town, came)
    # Where sizes are the same it must guess: the ids are drawn by lot.
    by_size = sorted(came, key=lambda each: (weights[each], each))
    by_length = sorted(range(ACTIVE), key=lambda at: lengths[at])
    game.score("row order", right=in_order.index(one) == asked)
    game.score("page order", right=page_order(town, came).index(one) == asked)
    game.score("size", right=by_length[by_size.index(one)] == asked)
    _clear(game)


# --- copies after each of them ----------------------------------------------------------------------------------------


async def copied(game: Game) -> None:
    """Play one trial in which somebody has a copy of the whisper store from after each pupil."""
    town, chance = game.town, game.chance
    active, teller = chance.sample(town.chats, ACTIVE), chance.randrange(ACTIVE)
    with tempfile.TemporaryDirectory(prefix="earshot-game-") as folder:
        copies = [_copied(game, Path(folder), 0)]
        for at, chat in enumerate(active):
            await town.feed(town.tap(chat, "menu"))
            if at == teller:
                await town.whisper(chat)
            copies.append(_copied(game, Path(folder), at + 1))
    grown = [at for at, (before, after) in enumerate(pairwise(copies)) if after > before]
    game.score("backup differences", right=(grown[0] if grown else chance.randrange(ACTIVE)) == teller)
    _clear(game)


def _copied(game: Game, folder: Path, number: int) -> int:
    """Copy the store; gives how much is in the copy (rows, for sizes go by whole pages)."""
    path = folder / f"{number}.sqlite"
    if "plain copies" in game.leaks and game.town.whispers.path is not None:
        shutil.copyfile(game.town.whispers.path, path)
    else:
        back_up(game.town.whispers, path, game.town.sealer, NOW.date())
    copy = sqlite3.connect(path)
    rows = sum(copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("report", "turn", "wrap"))  # noqa: S608
    copy.close()
    return int(rows)


def _clear(game: Game) -> None:
    """Begin the next trial with an empty outbox, and a whisper store that does not grow beyond need."""
    with game.town.engine.begin() as connection:
        connection.execute(_outbox.delete())
    with game.town.whispers.write() as connection:
        # A lead has read and closed them.
        connection.execute(update(report).values(stage="read", status="closed"))
        if len(reports(game.town)) > _REPORTS_MOST:
            for table in (report, turn, wrap):
                connection.execute(table.delete())


# --- as a command -----------------------------------------------------------------------------------------------------


def in_haste(*engines: Engine) -> None:
    """Have databases of a game not wait for the disk: a power cut is not played here."""
    for one in engines:
        if one.dialect.name == "sqlite":
            event.listen(one, "connect", lambda connection, _entry: connection.execute("PRAGMA synchronous=OFF"))
            one.dispose()
        else:
            # Asking before each transaction whether the server is still there costs a third of the game.
            one.pool._pre_ping = False  # type: ignore[attr-defined]


async def measure(scale: Scale) -> Report:
    """Play the game on SQLite with 200 pupils and print how often each attacker was right."""
    sealer = Sealer(bytes(range(32)))
    with tempfile.TemporaryDirectory(prefix="earshot-game-") as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'earshot.sqlite'}")
        vault.migrate(engine)
        store = open_whispers(f"sqlite:///{Path(folder) / 'whispers.sqlite'}", sealer, CHEAP)
        in_haste(engine, store.engine)
        town = make_town(engine, sealer, store, pupils=PUPILS)
        table, winners = await proof(town, TRIALS[scale])
        town.parts.close()
        engine.dispose()
    rows = tuple(
        Row(name, f"{right:,} of {trials:,} ({trials * luck:,.0f} by chance), p {p:.3f}", _REACH, name not in winners)
        for name, trials, right, luck, p in table
    )
    note = (
        f"Each attacker names one of {ACTIVE} pupils of {PUPILS}; p is of doing so well by luck alone. "
        "Who seems to win plays a second game."
    )
    return Report(rows, note)
