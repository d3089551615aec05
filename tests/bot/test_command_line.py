"""The command line: each command on a real folder; what goes wrong is one sentence, status 1, and no traceback."""

import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlmodel import Session, col, select

from bot.command_line import COMMANDS, command, main
from bot.logs import TALKATIVE
from bot.opening import open_store
from bot.settings import Settings
from store.keys import make_key_file, read_key_file
from store.tables import Cursor, Invite, Pupil, School, Staff, TutorGroup, Wave
from store.whisper_store import open_whispers

ROOT = Path(__file__).resolve().parent.parent.parent
STAFF = "staff_id,name,email,roles,year\nS1,Tess Tolling,t.tolling@fernhill.example,tutor,\n"
GROUPS = "group,tutor_id,year\n9Q,S1,9\n"
PUPILS = "pupil_id,name,group,year\nP1,Wren Ashdown,9Q,9\nP2,Ivo Tarn,9Q,9\n"
TERMS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Fernhill//Terms//EN
BEGIN:VEVENT
UID:1@fernhill.example
DTSTAMP:20260101T000000Z
SUMMARY:Autumn term
DTSTART;VALUE=DATE:20260901
DTEND;VALUE=DATE:20261219
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@dataclass(frozen=True)
class Told:
    """What a command left: its status, and what it wrote with every stretch of white space as one blank."""

    status: int
    out: str
    err: str


Earshot = Callable[..., Told]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run in a folder of the test's own, and put back what setting up logging changed for the whole process."""
    for name in os.environ:
        if name.upper().startswith("EARSHOT_") and name != "EARSHOT_TEST_DATABASES":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
def earshot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Earshot:
    """Run the command line in this process, as `earshot` does."""

    def run(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["earshot", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        written = capsys.readouterr()
        return Told(int(left.value.code or 0), " ".join(written.out.split()), " ".join(written.err.split()))

    return run


def lay(template: bytes, folder: Path = Path("data")) -> None:
    """Lay an empty store and a key into a folder for data, so that `init` need not run through all migrations."""
    make_key_file(folder / "earshot.key")
    folder.chmod(0o700)
    (folder / "earshot.sqlite").write_bytes(template)


@pytest.fixture
def made(earshot: Earshot, sqlite_template: bytes) -> Earshot:
    """The same, with a school there already."""
    lay(sqlite_template)
    assert earshot("init", "--name", "Fernhill School").status == 0
    return earshot


def counts() -> tuple[int, int, int, int]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [len(session.exec(select(table)).all()) for table in (School, Staff, TutorGroup, Pupil)]
    engine.dispose()
    return found[0], found[1], found[2], found[3]


def write(**files: str) -> list[str]:
    for name, content in files.items():
        Path(f"{name}.csv").write_text(content)
    return [f"{name}.csv" for name in files]


# --- where paths are meant from ---------------------------------------------------------------------------------------


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder a command is given in by way of the launcher, which goes to Earshot's own."""
    folder = tmp_path / "a [desk]"
    folder.mkdir()
    monkeypatch.setenv("EARSHOT_CALLED_FROM", str(folder))
    return folder


def test_a_file_that_is_there_is_looked_for_where_the_command_was_given(desk: Path, made: Earshot) -> None:
    (desk / "staff").write_text(STAFF)
    (desk / "groups.txt").write_text(GROUPS)
    (desk / "pupils").write_text(PUPILS)
    # Several at once, one of them named from the root, and as an option's value.
    told = made("import", "staff", "groups.txt", str(desk / "pupils"), "--errors", "wrong")
    assert (told.status, told.err, counts()) == (0, "", (1, 1, 1, 2))
    (desk / "pupils").write_text(PUPILS.replace("Ivo Tarn,9Q", "Ivo Tarn,nowhere"))
    told = made("import", "pupils", "--errors", "wrong")
    assert (told.status, told.err.endswith(f"All of them are listed in {desk / 'wrong'}.")) == (1, True)
    assert (desk / "wrong").exists()


def test_what_is_written_is_written_where_the_command_was_given_and_its_whole_path_said(
    desk: Path, made: Earshot
) -> None:
    for name, text in (("staff", STAFF), ("groups", GROUPS), ("pupils", PUPILS)):
        (desk / f"{name}.csv").write_text(text)
    assert made("import", "staff.csv", "groups.csv", "pupils.csv").status == 0
    assert made("keys", "recovery", "key").out.split(". ")[0].endswith(f"is in {desk / 'key'}")
    assert made("codes", "codes").out.startswith(f"2 codes are in {desk / 'codes'}. ")
    assert made("audit", "export", "looks.csv").out.endswith(
        f"It is written to {desk / 'looks.csv'}: keep it to those who may read it."
    )
    told = made("backup", "shelf")
    (file,) = (desk / "shelf").iterdir()
    assert told.out.startswith(f"11 rows are in {file}. `earshot restore {file} ")
    assert made("restore", f"shelf/{file.name}", "--recovery-key", "key", "--check").status == 0
    assert sorted(path.name for path in desk.iterdir()) == [
        "codes",
        "groups.csv",
        "key",
        "looks.csv",
        "pupils.csv",
        "shelf",
        "staff.csv",
    ]
    assert [path.name for path in desk.parent.iterdir() if path != desk] == ["data"]


def test_every_command_however_deep_takes_its_paths_from_there(desk: Path, made: Earshot) -> None:
    (desk / "logs").mkdir()
    (desk / "logs" / "one.log").write_text("nothing of anybody")
    assert "in 1 files" in made("anonymity", "check", "logs").out
    assert made("questions", "check", "mine").err == f"There is no file {desk / 'mine'}. Check its name."
    (desk / "mine").write_text("[[question]]\n")
    assert "There is no file" not in made("questions", "check", "mine").err


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_makes_a_school_and_says_what_comes_next(earshot: Earshot) -> None:
    told = earshot("init", "--name", "Fernhill School")
    assert told == Told(
        0,
        "The school is made. Keep a copy of the key file somewhere else: without it nothing can be read. "
        "It has no term dates yet: run `earshot calendar FILE.ics` before the first check-in.",
        "",
    )
    assert counts() == (1, 0, 0, 0)


def test_init_takes_the_term_dates_at_once(earshot: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    told = earshot("init", "--name", "Fernhill School", "--calendar", "terms.ics")
    assert (told.status, "no term dates" in told.out) == (0, False)


@pytest.mark.parametrize("name", ["", "  ", "1", "x" * 201], ids=["empty", "spaces", "no letter", "too long"])
def test_init_without_a_name_that_can_stand_in_a_letter_makes_nothing(earshot: Earshot, name: str) -> None:
    told = earshot("init", "--name", name)
    sentence = 'Give the school\'s name with --name "…", with letters in it and up to 200 characters.'
    assert told == Told(1, "", sentence)
    assert earshot("init", "--name", "Fernhill School").status == 0


def test_a_second_init_changes_nothing(made: Earshot) -> None:
    assert made("init", "--name", "Another School") == Told(
        1, "", "There is a school here already. Set EARSHOT_DATA_DIR to another folder for a new one."
    )
    assert counts() == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "arguments",
    [("--nation", "XX"), ("--zone", "Europe/Nowhere"), ("--calendar", "none.ics")],
    ids=["nation", "zone", "calendar"],
)
def test_init_with_what_cannot_be_makes_nothing(earshot: Earshot, arguments: tuple[str, str]) -> None:
    told = earshot("init", "--name", "Fernhill School", *arguments)
    assert (told.status, told.out) == (1, "")
    assert told.err.endswith(".")
    assert "Traceback" not in told.err
    assert not Path("data").exists()


# --- import -----------------------------------------------------------------------------------------------------------


def test_import_brings_people_in_and_again_changes_nothing(made: Earshot) -> None:
    files = write(pupils=PUPILS, staff=STAFF, groups=GROUPS)
    assert made("import", *files).out.endswith("Done.")
    assert counts() == (1, 1, 1, 2)
    told = made("import", *files)
    assert (told.status, told.err) == (0, "")
    assert counts() == (1, 1, 1, 2)


def test_a_dry_run_shows_what_would_change_and_changes_nothing(made: Earshot) -> None:
    told = made("import", "--dry-run", *write(staff=STAFF, groups=GROUPS, pupils=PUPILS))
    assert (told.status, told.err) == (0, "")
    assert told.out.endswith("Nothing was changed: this was a dry run.")
    assert "pupils │ 2 │ 0 │ 0" in told.out
    assert counts() == (1, 0, 0, 0)


def test_bad_rows_are_listed_with_line_and_reason_and_none_is_half_imported(made: Earshot) -> None:
    bad = PUPILS + "P3,Bo Quill,10Z,10\nP4,,9Q,9\n"
    told = made("import", *write(staff=STAFF, groups=GROUPS, pupils=bad))
    assert told.status == 1
    assert told.err == (
        "pupils.csv, line 4: there is no tutor group of that name "
        "pupils.csv, line 5: the name has no letter in it "
        "2 rows are wrong, so nothing was changed. Mend them and import again."
    )
    assert counts() == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "content", [None, "", "a,b\n1,2\n", "\x00\x01\x02"], ids=["missing", "empty", "other", "binary"]
)
def test_a_file_that_is_no_list_is_told_in_one_sentence(made: Earshot, content: str | None) -> None:
    if content is not None:
        Path("pupils.csv").write_text(content)
    told = made("import", "pupils.csv")
    assert (told.status, "Traceback" in told.err, told.err.count("pupils.csv")) == (1, False, 1)
    assert counts() == (1, 0, 0, 0)


# --- the others -------------------------------------------------------------------------------------------------------


def test_a_file_that_is_named_in_a_sentence_keeps_its_name(made: Earshot) -> None:
    assert made("import", "pupils").err.startswith("pupils is not there:")
    assert made("import", "lists/pupils").err.startswith("pupils is not there:")


def test_calendar_reads_term_dates_and_says_what_it_left_out(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    assert made("calendar", "terms.ics") == Told(0, "The calendar is set.", "")
    Path("terms.ics").write_text("no calendar")
    told = made("calendar", "terms.ics")
    assert (told.status, told.out, "Traceback" in told.err) == (1, "", False)


def test_a_wave_without_term_dates_says_how_to_give_them(made: Earshot) -> None:
    assert made("wave") == Told(1, "", "The school has no term dates yet. Run `earshot calendar FILE.ics` first.")


def test_a_wave_outside_school_time_is_refused(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.replace("=2026", "=2016").encode())
    made("calendar", "terms.ics")
    made("basis", "--lawful-basis", "public task", "--dpia", "DPIA 2026-14")
    assert made("wave") == Told(
        1, "", "There is no school now, so no check-in is sent. Choose a time in the school day."
    )


@pytest.mark.parametrize("command", [("wave",), ("import", "x.csv"), ("calendar", "x.ics")])
def test_without_a_database_each_command_says_what_to_do(earshot: Earshot, command: tuple[str, ...]) -> None:
    told = earshot(*command)
    assert told == Told(1, "", "There is no database yet. Run `earshot init` first, or `make run` to try Earshot out.")
    assert not Path("data").exists()


def test_in_rehearsal_a_check_in_opens_and_codes_last_by_the_clock_of_the_page(made: Earshot) -> None:
    write(staff=STAFF, groups=GROUPS, pupils=PUPILS)
    assert made("import", "staff.csv", "groups.csv", "pupils.csv").status == 0
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    made("basis", "--lawful-basis", "public task", "--dpia", "DPIA 2026-14")
    page = move_clock(datetime(2026, 12, 8, 10, tzinfo=UTC))
    told = made("wave")
    opens = "A check-in opens for 0 pupils. They get it at Telegram’s pace, while Earshot runs."
    assert told == Told(0, opens, "")
    # By a slip everybody's check-in would be closed as missed, and all be asked twice.
    assert made("wave") == Told(
        1,
        "",
        "A check-in is open already, until Wednesday 15:00. To ask everybody once more in place of it, say "
        "`earshot wave --again`.",
    )
    assert states() == ["open"]
    assert made("wave", "--again").status == 0
    assert states() == ["closed", "open"]
    assert made("codes", "codes.csv").status == 0
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        opened = session.exec(select(Wave).where(Wave.state == "open")).one().opens_at
        ends = [invite.expires_at for invite in session.exec(select(Invite)).all()]
    engine.dispose()
    assert page - opened < timedelta(hours=1)
    assert ends
    assert all(timedelta(days=29) < end - page < timedelta(days=31) for end in ends)


def states() -> list[str]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [wave.state for wave in session.exec(select(Wave).order_by(col(Wave.number))).all()]
    engine.dispose()
    return found


def move_clock(moment: datetime) -> datetime:
    """Move the rehearsal's clock; gives the moment it then shows."""
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        ahead = moment - datetime.now(UTC)
        session.add(Cursor(name="rehearsal clock", position=int(ahead.total_seconds())))
        session.commit()
    engine.dispose()
    return moment


def test_migrate_makes_nothing_where_nothing_is(earshot: Earshot) -> None:
    assert earshot("migrate") == Told(
        1, "", "There is no database here to bring up to date. Run `earshot init` for a new one."
    )
    assert not Path("data").exists()


def test_migrate_leaves_a_database_of_this_version_as_it_is(made: Earshot) -> None:
    assert made("migrate") == Told(0, "The database is up to date.", "")
    assert counts() == (1, 0, 0, 0)


def test_doctor_says_what_to_do_first_where_nothing_is(earshot: Earshot) -> None:
    told = earshot("doctor")
    assert (told.status, told.err) == (1, "")
    assert "There is no database yet: run `earshot init`." in told.out
    assert not Path("data").exists()


def test_a_wrong_setting_is_one_sentence(earshot: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_LOG_LEVEL", "loud")
    assert earshot("doctor") == Told(1, "", "EARSHOT_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")


def test_every_command_has_help_with_an_example(earshot: Earshot) -> None:
    for name in COMMANDS:
        assert f"Example: earshot {name}" in examples(command(name), earshot, name)


def examples(loaded: object, earshot: Earshot, *names: str) -> str:
    """The help of a command; of a family, that of each of its commands."""
    family: dict[str, object] = getattr(loaded, "commands", {})
    if not family:
        return earshot(*names, "--help").out
    return "".join(examples(one, earshot, *names, name) for name, one in family.items())


# --- stores that are wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("wave",), ("migrate",), ("import", "pupils.csv"), ("init", "--name", "Another")])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no key file {path}: put back the one this store was made with (its backup), or set"),
        ("", "The key file earshot.key holds no key (64 hexadecimal digits): put back the right file; the key it "),
        ("ab" * 32, "This key is "),
    ],
    ids=["missing", "empty", "wrong"],
)
def test_a_bad_key_file_is_one_sentence_and_nothing_changes(
    made: Earshot, command: tuple[str, ...], content: str | None, words: str
) -> None:
    key = Path("data/earshot.key")
    kept = key.read_text()
    write(pupils=PUPILS)
    key.unlink() if content is None else key.write_text(content)
    told = made(*command)
    begins = words.format(path=Settings().key_path)
    assert (told.status, told.out, told.err.startswith(begins)) == (1, "", True)
    key.touch(0o600)
    key.write_text(kept)
    assert counts() == (1, 0, 0, 0)


@pytest.mark.parametrize("command", [("wave",), ("migrate",), ("doctor",)])
def test_a_database_of_a_newer_version_is_one_sentence(made: Earshot, command: tuple[str, ...]) -> None:
    database = sqlite3.connect("data/earshot.sqlite", isolation_level=None)
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    told = made(*command)
    assert told.status == 1
    words = "The database was made by a newer Earshot."
    assert words in (told.out.replace("│ │ │ ", "") if command == ("doctor",) else told.err)


def test_a_row_that_was_damaged_is_one_sentence(made: Earshot) -> None:
    files = write(staff=STAFF, groups=GROUPS, pupils=PUPILS)
    made("import", *files)
    database = sqlite3.connect("data/earshot.sqlite", isolation_level=None)
    database.execute("UPDATE pupil SET name_sealed = substr(name_sealed, 1, 40)")
    database.close()
    told = made("letters", "letters", "--bot", "a_bot")
    assert (told.status, told.out) == (1, "")
    assert told.err == (
        "A row of the database was damaged (pupil.name was changed or moved). "
        "Put back a backup, or ask for help with this line."
    )
    # The school's own list holds what it was.
    assert made("import", *files).status == 0
    assert made("letters", "letters", "--bot", "a_bot").status == 0


def test_the_folder_with_everything_in_it_may_be_moved(
    made: Earshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("import", *write(staff=STAFF, groups=GROUPS, pupils=PUPILS))
    moved = tmp_path.with_name(f"{tmp_path.name} moved")
    tmp_path.rename(moved)
    monkeypatch.chdir(moved)
    assert counts() == (1, 1, 1, 2)
    told = made("codes", "codes.csv")
    assert (told.status, told.err) == (0, "")


# --- as processes of their own ----------------------------------------------------------------------------------------


def process(*arguments: str, before: tuple[str, ...] = (), limit: int | None = None) -> Told:
    """Run `python -m bot` as somebody at a keyboard does; `limit` is the size that no file may grow over, in bytes."""

    def no_room() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    told = subprocess.run(  # noqa: S603 (our own program)
        [*before, sys.executable, "-B", "-m", "bot", *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=no_room,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    return Told(told.returncode, " ".join(told.stdout.split()), " ".join(told.stderr.split()))


def test_a_process_of_its_own_says_the_same() -> None:
    assert process("init", "--name", "Fernhill School").status == 0
    told = process("wave")
    assert told == Told(1, "", "The school has no term dates yet. Run `earshot calendar FILE.ics` first.")


def test_ctrl_c_while_it_is_being_loaded_ends_it_without_a_traceback() -> None:
    loading = subprocess.Popen(
        [sys.executable, "-B", "-X", "importtime", "-m", "bot", "wave"],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert loading.stderr is not None
    with loading.stderr:
        # One of the first of hundreds of modules.
        assert any("typer.colors" in line for line in loading.stderr)
        loading.send_signal(signal.SIGINT)
        said = [line for line in loading.stderr if not line.startswith("import time:")]
    assert (loading.wait(timeout=20), said) == (-signal.SIGINT, [])


def test_a_disk_without_room_is_one_sentence_and_what_was_kept_is_unharmed(made: Earshot) -> None:
    pupils = "".join(f"P{number},Made Up,9Q,9\n" for number in range(300))
    files = write(staff=STAFF, groups=GROUPS, pupils=f"{PUPILS.splitlines()[0]}\n{pupils}")
    told = process("import", *files, limit=100_000)
    assert (told.status, told.err) == (
        1,
        "The disk of the database failed to read or write. "
        "Check that it is there, healthy and not full, then try again.",
    )
    assert counts() == (1, 0, 0, 0)
    assert made("import", *files).status == 0
    assert counts() == (1, 1, 1, 300)


@pytest.mark.parametrize("what", ["earshot.sqlite", "."], ids=["file", "folder"])
def test_a_database_that_can_only_be_read_is_one_sentence(bound: tuple[str, ...], what: str) -> None:
    assert process("init", "--name", "Fernhill School").status == 0
    path = Path("data") / what
    mode = path.stat().st_mode
    path.chmod(0o400 if path.is_file() else 0o500)
    told = process("wave", before=bound)
    path.chmod(mode)
    assert told == Told(
        1, "", "The database can only be read. Mend the rights of its file and folder, or the disk they are on."
    )
    assert counts() == (1, 0, 0, 0)


def test_the_doctor_finds_a_whisper_store_that_can_only_be_read(bound: tuple[str, ...]) -> None:
    assert process("init", "--name", "Fernhill School").status == 0
    settings = Settings()
    open_whispers(settings.whisper_url, read_key_file(settings.key_path).current).engine.dispose()
    Path("data/whispers.sqlite").chmod(0o400)
    told = process("doctor", before=bound)
    words = " ".join(told.out.replace("│", " ").split())
    assert "mend whispers The whisper store can only be read: run `chmod u+rw" in words


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path, bound: tuple[str, ...]) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    told = process("init", "--name", "Fernhill School", before=bound)
    assert told == Told(1, "", "The folder for data cannot be written to. Mend its rights, or set EARSHOT_DATA_DIR.")
