"""Opening the store: what is made, what is refused, and that a refusal changes nothing."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from bot.opening import OnlyOne, open_store, problem_of
from bot.settings import Settings
from store import vault
from store.database import is_postgresql, make_engine
from store.key_tables import SealingKey
from store.keys import make_key_file
from store.sealing import KeyProblem
from store.tables import School
from store.vault import StoreProblem
from tests.bot.test_shared_seats import lose_all
from tests.factories import make_school
from tests.not_run import not_run


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("EARSHOT_") and name != "EARSHOT_TEST_DATABASES":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose folder for data is not there yet."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def on_both(tmp_path: Path, database_url: str, engine: Engine) -> Settings:
    """Settings with a key and a store of this version, sealed with it, on each database."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    make_key_file(settings.key_path)
    opened, _ = open_store(settings, make=False)
    opened.dispose()
    return settings


def refusal(settings: Settings, *, make: bool = False) -> str:
    with pytest.raises((StoreProblem, KeyProblem)) as problem:
        open_store(settings, make=make)
    return str(problem.value)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- making -----------------------------------------------------------------------------------------------------------


def test_a_new_store_is_made_whole_and_opens_again_with_the_same_key(settings: Settings) -> None:
    engine, sealer = open_store(settings, make=True)
    with Session(engine) as session:
        assert session.exec(select(SealingKey.key_id)).all() == [sealer.key_id.hex()]
    engine.dispose()
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
    for make in (False, True):
        engine, again = open_store(settings, make=make)
        engine.dispose()
        assert again.key_id == sealer.key_id


def test_without_make_nothing_is_made(settings: Settings) -> None:
    assert refusal(settings) == (
        "There is no database yet. Run `earshot init` first, or `make run` to try Earshot out."
    )
    assert not settings.data_dir.exists()


def test_a_key_that_is_there_is_used_for_a_new_store(settings: Settings) -> None:
    make_key_file(settings.key_path)
    before = settings.key_path.read_text()
    engine, _ = open_store(settings, make=True)
    engine.dispose()
    assert settings.key_path.read_text() == before


def test_a_key_that_others_can_read_stops_a_new_store_before_its_file_is_made(settings: Settings) -> None:
    make_key_file(settings.key_path)
    settings.key_path.chmod(0o644)
    before = tree(settings.data_dir)
    assert refusal(settings, make=True).startswith("others on this machine could read the key file")
    assert tree(settings.data_dir) == before


def test_a_key_that_cannot_be_made_is_told_as_that(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    placed = settings.model_copy(update={"key_file": tmp_path / "file" / "earshot.key"})
    assert refusal(placed, make=True) == (
        "the key file cannot be made (File exists): mend that, or set EARSHOT_KEY_FILE to another place"
    )


def test_a_folder_that_cannot_be_made_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    assert refusal(settings, make=True) == (
        "The folder for data cannot be made (File exists). Set EARSHOT_DATA_DIR to one that can."
    )


# --- an empty, older or newer one -------------------------------------------------------------------------------------


def test_an_empty_database_is_made_with_make_and_refused_without(on_both: Settings, engine: Engine) -> None:
    vault.migrate(engine, "base")
    assert refusal(on_both) == "There is nothing in the database yet. Run `earshot init` first."
    assert inspect(engine).get_table_names() == ["alembic_version"]
    opened, _ = open_store(on_both, make=True)
    opened.dispose()
    assert vault.check_version(engine)


@pytest.mark.parametrize("make", [False, True])
def test_a_database_of_a_newer_version_is_refused_and_not_touched(
    on_both: Settings, engine: Engine, make: bool
) -> None:
    with Session(engine) as session:
        make_school(session)
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.commit()
    before, tables = tree(on_both.data_dir), inspect(engine).get_table_names()
    assert refusal(on_both, make=make) == (
        "The database was made by a newer Earshot. Install that version, or restore a backup made by this one."
    )
    assert (tree(on_both.data_dir), inspect(engine).get_table_names()) == (before, tables)
    with Session(engine) as session:
        assert len(session.exec(select(School)).all()) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["9999"]


def test_an_older_database_is_refused_without_make(on_both: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert refusal(on_both) == "The database is of an older Earshot. Run `earshot migrate`."


# --- the key ----------------------------------------------------------------------------------------------------------


def _wrong(path: Path) -> None:
    path.unlink()
    make_key_file(path)


@pytest.mark.parametrize("make", [False, True])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "there is no key file {path}: put back the one this store was made with (its backup)"),
        (lambda path: path.write_text(""), "the key file earshot.key holds no key (64 hexadecimal digits)"),
        (_wrong, "this key is "),
        (lambda path: path.chmod(0o644), "others on this machine could read the key file"),
    ],
    ids=["missing", "empty", "wrong", "readable"],
)
def test_a_bad_key_file_is_refused_and_nothing_is_made_or_changed(
    on_both: Settings, engine: Engine, make: bool, spoil: object, words: str
) -> None:
    with Session(engine) as session:
        make_school(session)
        session.commit()
    spoil(on_both.key_path)  # type: ignore[operator]
    before = tree(on_both.data_dir)
    assert refusal(on_both, make=make).startswith(words.format(path=on_both.key_path))
    assert tree(on_both.data_dir) == before
    with Session(engine) as session:
        assert (len(session.exec(select(School)).all()), len(session.exec(select(SealingKey)).all())) == (1, 1)


def test_a_wrong_key_is_refused_before_an_older_database_is_brought_up_to_date(
    on_both: Settings, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    _wrong(on_both.key_path)
    assert refusal(on_both, make=True).startswith("this key is ")


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_postgresql_that_can_only_be_read_is_refused(on_both: Settings, engine: Engine) -> None:
    if not is_postgresql(engine):
        # A file that can only be read is tried with the command line, in a process bound by its rights.
        return
    url = f"{on_both.store_url}&options=-c%20default_transaction_read_only%3Don"
    assert refusal(on_both.model_copy(update={"database_url": url})) == (
        "The database can only be read. Mend the rights of its file and folder, or the disk they are on."
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, where this machine lets us make one."""
    mount, folder = shutil.which("mount"), tmp_path / "disk"
    folder.mkdir()
    if (
        mount is None
        or subprocess.run(  # noqa: S603
            [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        why = "a small disk can be mounted by root alone, on a machine that lets it. Test as root where it may."
        not_run("the test of a full disk", why, installed_by_us=False)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_made(small_disk: Path) -> None:
    settings = Settings(data_dir=small_disk / "data")
    assert refusal(settings, make=True) == (
        "Less than 200 MB of disk is free. Make room first: answers could not be kept."
    )
    assert tree(small_disk) == {}


def test_a_disk_that_is_full_is_told_and_what_was_kept_is_unharmed(small_disk: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=f"sqlite:///{small_disk / 'earshot.sqlite'}")
    engine, _ = open_store(settings, make=True)
    with Session(engine) as session:
        make_school(session)
        session.commit()
    (small_disk / "filler").write_bytes(bytes(1024))
    with (small_disk / "filler").open("ab", buffering=0) as filler, pytest.raises(OSError, match="No space") as full:
        _ = [filler.write(bytes(4096)) for _ in range(1024)]
    assert problem_of(full.value) == ("The disk is full. Make room, then try again: what was kept before is unharmed.")
    with Session(engine) as session:
        _ = [make_school(session) for _ in range(500)]
        with pytest.raises(OperationalError) as error:
            session.commit()
    assert problem_of(error.value) == (
        "The disk of the database is full. Make room, then try again: what was kept before is unharmed."
    )
    (small_disk / "filler").unlink()
    with Session(engine) as session:
        assert len(session.exec(select(School)).all()) == 1
        make_school(session)
        session.commit()
    engine.dispose()


# --- only one ---------------------------------------------------------------------------------------------------------


def test_a_second_one_on_the_same_database_is_refused_until_the_first_lets_go(
    on_both: Settings, engine: Engine, tmp_path: Path
) -> None:
    first = OnlyOne(on_both, engine)
    other = make_engine(on_both.store_url)
    # Another folder for data does not make it another database.
    elsewhere = on_both.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    for settings in (on_both, elsewhere):
        with pytest.raises(StoreProblem) as problem:
            OnlyOne(settings, other)
        assert str(problem.value) == "Earshot is already running on this database. Stop that one first."
    first.close()
    OnlyOne(elsewhere, other).close()
    OnlyOne(on_both, engine).close()
    other.dispose()


@pytest.mark.only(database_url="postgresql")
def test_a_lock_that_a_restarted_server_forgot_is_taken_anew(on_both: Settings, engine: Engine) -> None:
    first, other = OnlyOne(on_both, engine), make_engine(on_both.store_url)
    assert not first.keep()
    lose_all(other)
    assert first.keep()
    with pytest.raises(StoreProblem, match="already running"):
        OnlyOne(on_both, other)
    first.close()
    other.dispose()


@pytest.mark.only(database_url="postgresql")
def test_a_lock_is_not_taken_anew_where_another_was_quicker(on_both: Settings, engine: Engine) -> None:
    first, other = OnlyOne(on_both, engine), make_engine(on_both.store_url)
    lose_all(other)
    second = OnlyOne(on_both, other)
    with pytest.raises(StoreProblem) as problem:
        first.keep()
    assert str(problem.value) == (
        "The database was out of reach, and another Earshot has taken it since. Stop that one, and start again."
    )
    assert not second.keep()
    second.close()
    other.dispose()


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path, engine: Engine) -> None:
    if is_postgresql(engine):
        # Its lock is not a file.
        return
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'none' / 'earshot.sqlite'}")
    with pytest.raises(StoreProblem) as problem:
        OnlyOne(settings, engine)
    assert str(problem.value).startswith(
        "Something went wrong that should not have (FileNotFoundError at bot/opening.py"
    )


# --- what nobody foresaw ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EROFS, "The disk can only be read."),
        (errno.EACCES, "This machine does not let Earshot write there."),
        (errno.EADDRINUSE, "The port is taken by another program."),
    ],
)
def test_what_the_machine_refuses_is_told_with_a_way_out(number: int, words: str) -> None:
    assert problem_of(OSError(number, "of this machine", "/some/path")).startswith(words)


def test_any_other_error_is_told_by_its_kind_and_place_without_its_words() -> None:
    try:
        int("Wren Example")
    except ValueError as error:
        told = problem_of(error)
    assert told.startswith("Something went wrong that should not have (ValueError at tests/bot/test_opening.py:")
    assert told.endswith("). Please report this line.")
    assert "Wren" not in told
