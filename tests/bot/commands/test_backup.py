"""`earshot backup` and `earshot restore`, on a real folder: proven, put back, and refused without either key."""

import shutil
import stat
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.opening import open_store
from bot.settings import Settings
from store.keys import read_key_file
from store.sealing import Sealer
from store.tables import Audit
from store.whisper_care import sweep
from store.whisper_desk import keep_readers, queue, reader_id
from store.whisper_sealing import new_receipt
from store.whisper_store import open_whispers
from store.whispers import Draft, start
from tests.anonymity.conftest import CHEAP
from tests.bot.commands.test_keys import KEY, names, people
from tests.bot.test_command_line import GROUPS, PUPILS, STAFF, Earshot, _as_before, earshot, made, write

__all__ = ["_as_before", "earshot", "made", "people"]


@pytest.fixture
def backed_up(people: Earshot) -> Earshot:
    """A school with a recovery key and a backup."""
    assert people("keys", "recovery", "recovery.key").status == 0
    told = people("backup", "one.backup")
    assert (told.status, told.err) == (0, "")
    assert told.out == (
        "7 rows are in one.backup. "
        "`earshot restore one.backup --recovery-key KEY --check` proves that it can be restored."
    )
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
    assert (people("backup", "shelf").status, Path("shelf").exists()) == (1, False)


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
        "The backup is good: 7 rows came back, 4 sealed values open, and the audit chain is whole.",
    )
    assert actions() == ["lists brought in", "backup taken", "backup proven"]
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_backup_into_a_folder_gets_a_name_of_its_own(backed_up: Earshot) -> None:
    Path("shelf").mkdir()
    assert backed_up("backup", "shelf").status == 0
    (file,) = Path("shelf").iterdir()
    assert (file.suffix, stat.S_IMODE(file.stat().st_mode)) == (".backup", 0o600)


@pytest.mark.parametrize("place", ["new/shelf", "shelf.d/", "backups-2026.11"])
def test_a_folder_that_is_not_there_is_made_and_gets_the_whispers_too(people: Earshot, place: str) -> None:
    assert people("keys", "recovery", "recovery.key").status == 0
    whisper_store(make=True)
    # Twice, as each night: the second finds the folder, and in it the week's whispers.
    for count in (1, 2):
        told = people("backup", place)
        assert (told.status, told.err, Path(place).is_dir()) == (0, "", True)
        found = sorted(path.name.split("-")[0] for path in Path(place).iterdir())
        assert found == ["earshot"] * count + ["whispers"]
        for path in Path(place).glob("earshot-*"):
            path.rename(path.with_name("earshot-before.backup"))
    assert stat.S_IMODE(Path(place).stat().st_mode) == 0o700


def test_a_file_in_the_place_of_a_folder_stays_and_is_told(backed_up: Earshot) -> None:
    Path("notes").write_text("mine")
    assert backed_up("backup", "notes").err == "notes is a file. Name a folder, or a new file that ends in .backup."
    assert backed_up("backup", "notes/shelf").err == ("shelf cannot be made (Not a directory). Name another place.")
    assert Path("notes").read_text() == "mine"


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
        "7 rows are back, as they were",
        "Messages that waited then may be sent again. Run `earshot doctor` next.",
    )
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert actions() == ["lists brought in", "backup restored"]


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
    again = backed_up("import", *write(staff=STAFF, groups=GROUPS, pupils=PUPILS))
    assert "│ pupils │ 0 │ 0 │ 0 │ 0 │ 0 │ 2 │" in again.out


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
        "Row 2 of the audit chain is not the same in the backup and in the database",
    )


@pytest.mark.parametrize("name", ["no-such-file", "data", "people.csv"])
def test_what_is_no_backup_or_no_recovery_key_is_told_in_a_sentence(backed_up: Earshot, name: str) -> None:
    Path("people.csv").write_bytes(b"\xff\xfe not for reading")
    for told in (
        backed_up("restore", name, "--recovery-key", "recovery.key", "--check"),
        backed_up("restore", "one.backup", "--recovery-key", name, "--check"),
    ):
        assert (told.status, told.err.endswith("."), "Something went wrong" in told.err) == (1, True, False)


# --- the whispers -----------------------------------------------------------------------------------------------------


def whisper_store(*, make: bool = False) -> list[str]:
    """The ids of the whispers there are; with `make`, one more."""
    settings = Settings()
    engine, sealer = open_store(settings, make=False)
    engine.dispose()
    store = open_whispers(settings.whisper_url, sealer, CHEAP)
    if make:
        keep_readers(store, [reader_id(sealer, "a lead")])
        start(store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"made up")
    sweep(store)
    found = [line.id for line in queue(store)]
    store.engine.dispose()
    return found


@pytest.fixture
def whispered(people: Earshot) -> Earshot:
    """A school with a recovery key, a whisper, and this week's backup of it."""
    assert people("keys", "recovery", "recovery.key").status == 0
    assert len(whisper_store(make=True)) == 1
    Path("shelf").mkdir()
    told = people("backup", "shelf")
    assert (told.status, told.err) == (0, "")
    return people


def copies() -> list[Path]:
    return sorted(Path("shelf").glob("whispers-*.backup"))


def test_a_folder_of_backups_gets_one_of_the_whispers_a_week(whispered: Earshot) -> None:
    (copy,) = copies()
    before = copy.read_bytes()
    for path in Path("shelf").glob("earshot-*"):
        path.unlink()
    assert whispered("backup", "shelf").status == 0
    assert (copies(), copy.read_bytes()) == ([copy], before)
    assert actions().count("whispers backed up") == 1


def test_the_whispers_are_proven_put_back_and_survive_a_change_of_keys(whispered: Earshot) -> None:
    (copy,), (one,) = copies(), whisper_store()
    told = whispered("restore", str(copy), "--recovery-key", "recovery.key", "--whispers", "--check")
    assert (told.status, told.out) == (0, "The copy of the whispers is good: 33 values under the master key open.")
    assert whispered("keys", "rotate").status == 0
    assert whisper_store() == [one]
    again = whispered("restore", str(copy), "--recovery-key", "recovery.key", "--whispers")
    assert (again.status, again.err) == (
        1,
        "There are whispers here already, and they stay. Restore into an empty store.",
    )
    for path in Path("data").glob("whispers.sqlite*"):
        path.unlink()
    back = whispered("restore", str(copy), "--recovery-key", "recovery.key", "--whispers")
    assert (back.status, back.err) == (0, "")
    assert whisper_store() == [one]


def test_an_old_whisper_file_put_in_place_by_hand_is_brought_to_the_key_in_use(whispered: Earshot) -> None:
    (one,) = whisper_store()
    before = Path("data/whispers.sqlite").read_bytes()
    assert whispered("keys", "rotate").status == 0
    for path in Path("data").glob("whispers.sqlite*"):
        path.unlink()
    Path("data/whispers.sqlite").write_bytes(before)
    told = whispered("keys", "rotate")
    assert (told.status, told.out) == (
        0,
        "The whisper store, which an old key had sealed, is sealed with the key in use.",
    )
    assert whisper_store() == [one]


def test_a_whisper_store_of_a_foreign_key_stops_a_change_before_anything_is_changed(whispered: Earshot) -> None:
    for path in Path("data").glob("whispers.sqlite*"):
        path.unlink()
    open_whispers(Settings().whisper_url, Sealer(bytes(32)), CHEAP).engine.dispose()
    told = whispered("keys", "rotate")
    assert (told.status, told.err) == (
        1,
        "The whisper store was made with another key: put that key file back, nothing was changed.",
    )
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_each_kind_of_backup_is_told_from_the_other(whispered: Earshot) -> None:
    (copy,) = copies()
    (main,) = Path("shelf").glob("earshot-*")
    assert whispered("restore", str(main), "--recovery-key", "recovery.key", "--whispers", "--check").err == (
        f"{main.name} is no backup of whispers. Leave --whispers out for the main store's."
    )
    assert whispered("restore", str(copy), "--recovery-key", "recovery.key", "--check").err == (
        "The backup is damaged or was cut off. Take another one."
    )
