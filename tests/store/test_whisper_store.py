"""The whisper store itself: what ails it is told as what it is, and not as an ailment of the main database."""

from pathlib import Path

import pytest

from store.sealing import Sealer
from store.vault import StoreProblem
from store.whisper_sealing import Cost
from store.whisper_store import open_whispers

CHEAP = Cost(memory=8, passes=1)


def refusal(url: str, sealer: Sealer) -> str:
    with pytest.raises(StoreProblem) as problem:
        open_whispers(url, sealer, CHEAP)
    return str(problem.value)


def test_a_file_that_is_no_whisper_store_is_told_as_that(tmp_path: Path, sealer: Sealer) -> None:
    path = tmp_path / "whispers.sqlite"
    path.write_text("A letter, and long enough to be none of SQLite's files. " * 20, encoding="utf-8")
    assert refusal(f"sqlite:///{path}", sealer) == (
        "The whisper store file is damaged, or is no whisper store. Put back a backup; nothing was changed."
    )


@pytest.mark.only(database_url="postgresql")
def test_a_whisper_store_that_can_only_be_read_is_refused_before_anybody_whispers(
    database_url: str, sealer: Sealer
) -> None:
    open_whispers(database_url, sealer, CHEAP).engine.dispose()
    assert refusal(f"{database_url}&options=-c%20default_transaction_read_only%3Don", sealer) == (
        "The whisper store can only be read. Mend the rights of its file and folder, or the disk they are on."
    )


def test_a_whisper_store_out_of_reach_is_told_with_its_own_setting(sealer: Sealer) -> None:
    assert refusal("postgresql+psycopg://nobody@127.0.0.1:1/none", sealer) == (
        "No server of the whisper store answers there: see that PostgreSQL runs, and check the host and the port in "
        "EARSHOT_WHISPER_DATABASE_URL."
    )
