"""`earshot backup` and `earshot restore`, on a real folder: proven, put back, and refused without either key."""

import shutil
import stat
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.opening import open_store
from bot.settings import Settings
from store.keys import read_key_file
from store.tables import Audit
from tests.bot.commands.test_keys import KEY, names, people
from tests.bot.test_command_line import GROUPS, PUPILS, STAFF, Earshot, _as_before, earshot, made, write

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def backed_up(people: Earshot) -> Earshot:
    """A school with a recovery key and a backup."""
    assert people("keys", "recovery", "recovery.key").status == 0
    told = people("backup", "one.backup")
    assert (told.status, told.err) == (0, "")
    assert told.out == "6 rows are in one.backup. `earshot restore --check` proves that it can be restored."
    return people


def restore(run: Earshot, *more: str) -> tuple[int, str]:
    told = run("restore", "one.backup", "--recovery-key", "recovery.key", *more)
    return told.status, told.out + told.err


def actions() -> list[str]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [row.action for row in session.exec(select(Audit).order_by(col(Audit.number)))]
    engine.dispose()
    return found


def test_a_backup_needs_a_recovery_key_first(people: Earshot) -> None:
    assert people("backup", "one.backup").err == (
        "There is no recovery key yet. Run `earshot keys recovery FILE` and put the file into a safe."
    )
    assert not Path("one.backup").exists()


def test_the_recovery_key_is_its_owners_alone_and_not_replaced_by_mistake(backed_up: Earshot) -> None:
    assert stat.S_IMODE(Path("recovery.key").stat().st_mode) == 0o600
    assert backed_up("keys", "recovery", "other.key").err == (
        "There is a recovery key already: say --again to make another one, for new backups."
    )
    assert not Path("other.key").exists()
    assert backed_up("keys", "recovery", "other.key", "--again").status == 0
    assert restore(backed_up, "--check")[0] == 0


def test_check_proves_a_backup_and_changes_nothing_but_the_audit_chain(backed_up: Earshot) -> None:
    assert restore(backed_up, "--check") == (
        0,
        "The backup is good: 6 rows came back, 4 sealed values open, and the audit chain is whole.",
    )
    assert actions() == ["backup taken", "backup proven"]
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_backup_into_a_folder_gets_a_name_of_its_own(backed_up: Earshot) -> None:
    Path("shelf").mkdir()
    assert backed_up("backup", "shelf").status == 0
    (file,) = Path("shelf").iterdir()
    assert (file.suffix, stat.S_IMODE(file.stat().st_mode)) == (".backup", 0o600)


def test_an_existing_file_is_not_overwritten(backed_up: Earshot) -> None:
    before = Path("one.backup").read_bytes()
    assert backed_up("backup", "one.backup").err == "one.backup is there already. Name a new file."
    assert Path("one.backup").read_bytes() == before


def test_a_lost_database_is_put_back(backed_up: Earshot) -> None:
    assert restore(backed_up) == (
        1,
        "There is a database here already, and it stays as it is. Restore into an empty one.",
    )
    for path in Path("data").glob("earshot.sqlite*"):
        path.unlink()
    status, words = restore(backed_up)
    assert (status, words.split(" on ")[0], words.split("UTC. ")[1]) == (
        0,
        "6 rows are back, as they were",
        "Messages that waited then may be sent again. Run `earshot doctor` next.",
    )
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert actions() == ["backup restored"]


def test_without_the_master_key_nothing_is_made(backed_up: Earshot) -> None:
    key = KEY.read_bytes()
    shutil.rmtree("data")
    assert restore(backed_up) == (
        1,
        "Put the key file in its place first: without the master key nothing of a person opens.",
    )
    Path("data").mkdir()
    assert backed_up("init", "--name", "Other").status == 0
    for path in Path("data").glob("earshot.sqlite*"):
        path.unlink()
    status, words = restore(backed_up)
    assert (status, words.startswith("The backup is sealed with the master key ")) == (1, True)
    assert not list(Path("data").glob("earshot.sqlite")) or names() == []
    KEY.write_bytes(key)


def test_an_old_backup_is_proven_and_put_back_after_keys_were_changed_twice(backed_up: Earshot) -> None:
    backed_up("keys", "rotate")
    backed_up("keys", "rotate")
    assert restore(backed_up, "--check")[0] == 0
    for path in Path("data").glob("earshot.sqlite*"):
        path.unlink()
    assert restore(backed_up)[0] == 0
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert (
        "│ pupils │ 0 │ 0 │ 0 │ 0 │ 2 │" in backed_up("import", *write(staff=STAFF, groups=GROUPS, pupils=PUPILS)).out
    )


def test_a_backup_whose_key_was_retired_is_told_with_its_id(backed_up: Earshot) -> None:
    old = read_key_file(KEY).current.key_id.hex()
    backed_up("keys", "rotate")
    backed_up("keys", "retire", old)
    assert restore(backed_up, "--check") == (
        1,
        f"The backup is sealed with the master key {old}, which is not here: put back the key file that holds it.",
    )


def test_another_schools_backup_is_not_taken_for_ours(backed_up: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    backed_up("backup", "two.backup")
    shutil.copytree("data", "other")
    for path in Path("other").glob("earshot.sqlite*"):
        path.unlink()
    monkeypatch.setenv("EARSHOT_DATA_DIR", "other")
    assert backed_up("init", "--name", "Other School").status == 0
    told = backed_up("restore", "two.backup", "--recovery-key", "recovery.key", "--check")
    assert (told.status, told.err.split(". ")[0]) == (
        1,
        "Row 1 of the audit chain is not the same in the backup and in the database",
    )


@pytest.mark.parametrize("name", ["no-such-file", "data", "people.csv"])
def test_what_is_no_backup_or_no_recovery_key_is_told_in_a_sentence(backed_up: Earshot, name: str) -> None:
    Path("people.csv").write_bytes(b"\xff\xfe not for reading")
    for told in (
        backed_up("restore", name, "--recovery-key", "recovery.key", "--check"),
        backed_up("restore", "one.backup", "--recovery-key", name, "--check"),
    ):
        assert (told.status, told.err.endswith("."), "Something went wrong" in told.err) == (1, True, False)
