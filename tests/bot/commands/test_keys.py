"""The commands of the master key, on a real folder: what a change leaves behind, and what is refused."""

import shutil
import stat
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from store import audit
from store.keys import KeyRing, read_key_file, write_key_file
from store.sealing import KeyProblem
from store.tables import Audit, Pupil, School
from tests.bot.test_command_line import GROUPS, PUPILS, STAFF, Earshot, _as_before, earshot, made, write

__all__ = ["_as_before", "earshot", "made"]
KEY = Path("data/earshot.key")


def names() -> list[str]:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = sorted(sealer.read(pupil, "name") for pupil in session.exec(select(Pupil)))
    engine.dispose()
    return found


@pytest.fixture
def people(made: Earshot) -> Earshot:
    """A school with people, sealed with its first key."""
    assert made("import", *write(staff=STAFF, groups=GROUPS, pupils=PUPILS)).status == 0
    return made


def test_rotate_makes_a_new_key_and_keeps_the_old_one_until_it_is_retired(people: Earshot) -> None:
    before = read_key_file(KEY)
    old = before.current.key_id.hex()
    told = people("keys", "rotate")
    ring = read_key_file(KEY)
    new = ring.current.key_id.hex()
    assert (told.status, told.err) == (0, "")
    assert told.out == (
        f"3 rows are sealed with the new key, {new}. Copy the key file to its safe place now. Backups made before need "
        f"the old key, which is in it too: `earshot keys retire {old}` takes it out once they are gone."
    )
    assert (list(ring.sealers()), stat.S_IMODE(KEY.stat().st_mode)) == ([new, old], 0o600)
    assert sorted(path.name for path in KEY.parent.glob("earshot.key*")) == ["earshot.key"]
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert people("import", *write(pupils=PUPILS)).out.count("│ pupils │ 0 │ 0 │ 0 │ 0 │ 0 │ 2 │") == 1
    assert people("keys", "retire", old).out == (
        f"The key {old} is gone from here. Take it out of the copy of the key file too."
    )
    assert list(read_key_file(KEY).sealers()) == [new]
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_both_are_in_the_audit_chain(people: Earshot) -> None:
    old = read_key_file(KEY).current.key_id.hex()
    people("keys", "rotate")
    people("keys", "retire", old)
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        rows = [(row.actor, row.action, row.subject) for row in session.exec(select(Audit).order_by("number"))]
        assert audit.first_break(session, session.exec(select(School.id)).one()) is None
    engine.dispose()
    assert rows[-2:] == [
        ("command:keys", "keys rotated", f"key:{sealer.key_id.hex()}"),
        ("command:keys", "key retired", f"key:{old}"),
    ]


def test_a_change_that_was_begun_is_finished_before_anything_else_runs(people: Earshot) -> None:
    following = read_key_file(KEY).next()
    write_key_file(KEY.with_name("earshot.key.next"), following)
    refused = people("import", *write(pupils=PUPILS))
    assert (refused.status, refused.err) == (
        1,
        "A change of keys was begun and not finished: run `earshot keys rotate` to finish it.",
    )
    assert people("keys", "rotate").status == 0
    assert read_key_file(KEY) == following
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_kill_before_the_new_key_is_put_in_its_place_is_mended_by_running_it_again(people: Earshot) -> None:
    before = KEY.read_bytes()
    people("keys", "rotate")
    shutil.copy(KEY, KEY.with_name("earshot.key.next"))
    KEY.write_bytes(before)
    told = people("keys", "rotate")
    assert (told.status, told.out.split(" rows")[0]) == (0, "0")
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_database_of_before_a_change_that_was_put_back_is_brought_to_the_key_in_use(people: Earshot) -> None:
    old = read_key_file(KEY).current.key_id.hex()
    kept = {path: path.read_bytes() for path in KEY.parent.glob("earshot.sqlite*")}
    assert kept
    people("keys", "rotate")
    ring = read_key_file(KEY)
    for path in KEY.parent.glob("earshot.sqlite*"):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    with pytest.raises(KeyProblem, match=old):
        names()
    told = people("keys", "rotate")
    assert (told.status, told.err) == (0, "")
    assert told.out.endswith("3 rows that an old key had sealed are sealed with the key in use.")
    assert (read_key_file(KEY), names()) == (ring, ["Ivo Tarn", "Wren Ashdown"])


def test_a_next_key_that_does_not_follow_is_refused_with_nothing_changed(people: Earshot) -> None:
    write_key_file(KEY.with_name("earshot.key.next"), KeyRing(bytes(range(32))).next())
    told = people("keys", "rotate")
    assert (told.status, told.err) == (
        1,
        "earshot.key.next holds a key that does not follow the one in use: move it away and try again.",
    )
    KEY.with_name("earshot.key.next").unlink()
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_wrong_or_missing_key_is_told_with_the_id_that_is_needed(people: Earshot) -> None:
    key_id = read_key_file(KEY).current.key_id.hex()
    kept = KEY.read_bytes()
    KEY.unlink()
    with pytest.raises(KeyProblem, match=f"there is no key file .*; the key it needs has the id {key_id}$"):
        open_store(Settings(), make=False)
    write_key_file(KEY, KeyRing(bytes(range(32))))
    told = people("keys", "rotate")
    assert (told.status, told.err) == (
        1,
        f"This key is {KeyRing(bytes(range(32))).current.key_id.hex()}, but the database was sealed with {key_id}: put "
        "that key file back, nothing was changed.",
    )
    assert people("keys", "show").out.endswith(f"{key_id} is not here: put back the key file that holds it.")
    assert not KEY.with_name("earshot.key.next").exists()
    KEY.write_bytes(kept)
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_a_key_from_a_command_is_changed_into_a_file_to_be_put_there(
    people: Earshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    KEY.rename("safe")
    monkeypatch.setenv("EARSHOT_KEY_COMMAND", "cat safe")
    assert names() == ["Ivo Tarn", "Wren Ashdown"]
    assert people("keys", "rotate").err == (
        "The key comes from EARSHOT_KEY_COMMAND: say with --new FILE where to write the new one."
    )
    told = people("keys", "rotate", "--new", "new.key")
    assert told.out.endswith(
        "Put what is in new.key where EARSHOT_KEY_COMMAND takes the key from, then delete the file."
    )
    with pytest.raises(KeyProblem, match="this key is "):
        open_store(Settings(), make=False)
    Path("new.key").replace("safe")
    assert names() == ["Ivo Tarn", "Wren Ashdown"]


def test_show_lists_the_keys_by_id_and_the_one_that_is_needed(people: Earshot) -> None:
    people("keys", "rotate")
    new, old = read_key_file(KEY).sealers()
    told = people("keys", "show").out
    assert (f"{new} │ in use" in told, f"{old} │ opens old backups" in told) == (True, True)
    assert told.endswith(f"The database is sealed with {new}.")


def test_a_file_and_a_command_together_are_refused(people: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_KEY_COMMAND", "cat safe")
    monkeypatch.setenv("EARSHOT_KEY_FILE", "safe")
    assert people("keys", "show").err == (
        "EARSHOT_KEY_FILE and EARSHOT_KEY_COMMAND both say where the key is: set one of them."
    )


def test_keys_are_not_changed_where_there_is_no_database(earshot: Earshot) -> None:
    assert earshot("keys", "rotate").err == "There is no database yet. Run `earshot init` first."


def test_where_nothing_is_no_key_is_said_to_be_missing(earshot: Earshot) -> None:
    assert earshot("keys", "show").err == "There is no database yet. Run `earshot init` first."
