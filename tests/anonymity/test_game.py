"""T3 and its control: attackers with every file the school keeps guess who whispered, and do no better than chance.

The game itself is `benchmarks.anonymity_game`, so that it can be played without these tests too. Here it is played on
both databases, and every leak there is a name for is planted: its attacker must win.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks import anonymity_game
from benchmarks.anonymity_game import ACTIVE, LEAKS, P_LEAST, PUPILS, Game, begin, in_haste, proof, table_of
from benchmarks.whisper_town import Town, make_town
from store.sealing import Sealer
from store.whisper_store import WhisperStore

# The whole proof is 1,000 trials, minutes on each database: EARSHOT_GAME_TRIALS=1000, as docs/anonymity.md says.
TRIALS = int(os.environ.get("EARSHOT_GAME_TRIALS", "60"))
CONTROL_TRIALS, CONTROL_BLOCK = 60, 5


@pytest.fixture
def on_postgresql() -> bool:
    """Whether whispers lie in a PostgreSQL too; a SQLite file of their own is what a school has."""
    return False


@pytest.fixture
def whisper_url(tmp_path: Path, on_postgresql: bool, request: pytest.FixtureRequest) -> str:
    if on_postgresql:
        base: str = request.getfixturevalue("postgresql_url")
        return base
    return f"sqlite:///{tmp_path / 'whispers.sqlite'}"


@pytest.fixture
def pupils() -> int:
    """How many pupils there are; a planted leak is found among fewer."""
    return PUPILS


few = pytest.mark.parametrize("pupils", [20])


@pytest.fixture
def town(engine: Engine, sealer: Sealer, whisper_store: WhisperStore, pupils: int) -> Iterator[Town]:
    in_haste(engine, whisper_store.engine)
    made = make_town(engine, sealer, whisper_store, pupils=pupils)
    yield made
    made.parts.close()


async def test_no_attacker_does_better_than_chance(town: Town, capsys: pytest.CaptureFixture[str]):
    table, winners = await proof(town, TRIALS)
    with capsys.disabled():
        print(f"\n{'attacker':<22}{'trials':>7}{'correct':>9}{'chance':>8}{'p':>9}   on {town.engine.dialect.name}")
        for name, trials, correct, chance, p in table:
            print(f"{name:<22}{trials:>7}{correct:>9}{chance:>8.3f}{p:>9.4f}")
    assert {name for name, *_ in table} == set(LEAKS.values())
    assert winners == set()


def test_steps_that_are_all_alike_do_not_point_at_the_first():
    """Two transactions a tap are no gap: else the attacker is as right as the first pupil is often drawn."""
    luck = random.Random(1)  # noqa: S311 (a guess in a game)
    assert {anonymity_game._widest([10, 12, 14, 16, 18], luck) for _ in range(20)} == {ACTIVE - 1}
    assert {anonymity_game._widest([10, 12, 17, 19, 24], luck) for _ in range(50)} == {1, 3}
    assert anonymity_game._widest([10, 12, 17, 19, 21], luck) == 1


# --- control: each leak planted makes its attacker win ----------------------------------------------------------------

KIND_OF = {
    **dict.fromkeys(("row order", "page order", "size"), anonymity_game.each_of_them),
    "backup differences": anonymity_game.copied,
}
# SQLite numbers no transactions.
PLANTED = [
    pytest.param(leak, attacker, marks=pytest.mark.only(database_url="postgresql")) if leak == "a transaction"
    # The main store has no part in these: one database shows all there is.
    else pytest.param(leak, attacker, marks=pytest.mark.only(database_url="sqlite"))
    if attacker in (*KIND_OF, "times of the files", "times kept in a copy", "time of the card")
    else (leak, attacker)
    for leak, attacker in LEAKS.items()
]  # fmt: skip


async def wins(game: Game, attacker: str) -> bool:
    """Play until this attacker has done too well for luck, CONTROL_TRIALS at most."""
    kind = KIND_OF.get(attacker, anonymity_game.one_of_them)
    for _ in range(CONTROL_BLOCK, CONTROL_TRIALS + 1, CONTROL_BLOCK):
        for _ in range(CONTROL_BLOCK):
            await kind(game)
        if attacker in {name for name, *_, p in table_of(game) if p < P_LEAST}:
            return True
    return False


@few
@pytest.mark.parametrize(("leak", "attacker"), PLANTED)
async def test_attacker_wins_once_its_leak_is_planted(town: Town, leak: str, attacker: str):
    assert await wins(await begin(town, 1, frozenset({leak})), attacker)


@few
@pytest.mark.only(database_url="postgresql")
@pytest.mark.parametrize("on_postgresql", [True])
async def test_attacker_wins_when_both_stores_share_a_server(town: Town):
    # Why `bot.whisper.service.check_apart` refuses it.
    assert await wins(await begin(town, 1), "transactions (xmin)")
