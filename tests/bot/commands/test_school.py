"""Several schools on one installation: each its own of everything, and nothing of one is ever another's."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import CHOSEN, read_settings
from store.invites import issue, look_up
from store.people import by_chat, chat_key
from store.tables import Binding, Pupil, School
from tests.bot.test_command_line import GROUPS, PUPILS, STAFF, Earshot, _as_before, earshot, lay, write
from tests.factories import NOW

__all__ = ["_as_before", "earshot"]
COMMANDS_FOLDER = Path(__file__).parents[3] / "bot" / "commands"
BOTH = ("north-lane", "south-park")


@pytest.fixture(autouse=True)
def _nothing_chosen() -> Iterator[None]:
    """The command line chooses for its process; here many runs share one."""
    yield
    CHOSEN.set("")


@pytest.fixture
def both(earshot: Earshot, sqlite_template: bytes) -> Earshot:
    """Two schools, each made and with the very same lists."""
    lists = write(staff=STAFF, groups=GROUPS, pupils=PUPILS)
    for name in BOTH:
        assert earshot("school", "add", name).status == 0
        lay(sqlite_template, Path(f"schools/{name}/data"))
        assert earshot("--school", name, "init", "--name", name.title()).status == 0
        assert earshot("--school", name, "import", *lists).status == 0
    return earshot


def at(name: str, work: object) -> object:
    """Do something with one school's store."""
    chosen = CHOSEN.set(name)
    try:
        engine, sealer = open_store(read_settings(), make=False)
    finally:
        CHOSEN.reset(chosen)
    with Session(engine) as session:
        found = work(session, sealer)  # type: ignore[operator]
        session.commit()
    engine.dispose()
    return found


def test_a_school_is_added_with_a_folder_for_its_owners_eyes_and_a_port_of_its_own(earshot: Earshot) -> None:
    told = earshot("school", "add", "north-lane")
    assert told.out == (
        "Fill in schools/north-lane/.env, then run `earshot --school north-lane init`. Each school runs by itself: "
        "`earshot --school north-lane run`."
    )
    folder = Path("schools/north-lane")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / ".env")] == [0o700, 0o600]
    earshot("school", "add", "south-park")
    ports = [
        line for name in BOTH for line in Path(f"schools/{name}/.env").read_text().splitlines() if "PORT=8" in line
    ]
    assert ports == ["EARSHOT_HTTP_PORT=8711", "EARSHOT_HTTP_PORT=8712"]
    assert earshot("school", "add", "north-lane").err == "There is a school north-lane here already."


@pytest.mark.parametrize("name", ["", "North", "a b", "../x", "-x", "x" * 41])
def test_what_is_no_name_is_refused(earshot: Earshot, name: str) -> None:
    assert earshot("school", "add", "--", name).err == (
        "A school's name here has up to 40 small letters, digits and -, such as north-lane."
    )


def test_each_has_its_own_database_key_and_people(both: Earshot) -> None:
    # Whether SQLite's log still lies beside it depends on when the last connection was closed.
    for name in BOTH:
        found = sorted(path.name for path in Path(f"schools/{name}/data").iterdir() if "-" not in path.name)
        assert found == ["earshot.key", "earshot.sqlite"]
    keys = {Path(f"schools/{name}/data/earshot.key").read_text() for name in BOTH}
    assert len(keys) == 2
    assert not Path("data").exists()
    for name in BOTH:
        assert at(name, lambda session, _: [one.name for one in session.exec(select(School))]) == [name.title()]


def test_what_is_done_at_one_school_is_not_done_at_the_other(both: Earshot) -> None:
    assert both("--school", "north-lane", "person", "opt-out", "P1", "--by", "guardian").status == 0
    assert both("--school", "north-lane", "person", "erase", "P2", "--yes").status == 0

    def pupils(session: Session, _sealer: object) -> list[bool]:
        return [one.held for one in session.exec(select(Pupil))]

    assert [at(name, pupils) for name in BOTH] == [[True], [False, False]]


def test_a_code_and_a_chat_of_one_school_are_unknown_at_the_other(both: Earshot) -> None:
    def join(session: Session, sealer: object) -> str:
        pupil = session.exec(select(Pupil)).first()
        code = issue(session, sealer, pupil, NOW)  # type: ignore[arg-type]
        key = chat_key(sealer, 501)  # type: ignore[arg-type]
        binding = Binding(pupil_id=pupil.id, school_id=pupil.school_id, chat_key=key)  # type: ignore[union-attr]
        sealer.write(binding, "chat", 501)  # type: ignore[attr-defined]
        session.add(binding)
        return code

    code = at("north-lane", join)

    def known(session: Session, sealer: object) -> tuple[str, bool]:
        school = session.exec(select(School.id)).one()
        found = look_up(session, sealer, school, b"chat", code, NOW)  # type: ignore[arg-type]
        return found.outcome, by_chat(session, sealer, school, 501) is not None  # type: ignore[arg-type]

    assert [at(name, known) for name in BOTH] == [("valid", True), ("unknown", False)]


def test_one_schools_key_opens_nothing_of_the_other(both: Earshot) -> None:
    key = Path("schools/north-lane/data/earshot.key").read_bytes()
    Path("schools/south-park/data/earshot.key").write_bytes(key)
    told = both("--school", "south-park", "letters", "autumn", "--bot", "south_park_bot")
    assert (told.status, told.err.startswith("This key is ")) == (1, True)


def test_one_schools_backup_does_not_open_with_the_others_keys(both: Earshot) -> None:
    for name in BOTH:
        assert both("--school", name, "keys", "recovery", f"{name}.key").status == 0
    assert both("--school", "north-lane", "backup", "north.backup").status == 0
    told = both("--school", "south-park", "restore", "north.backup", "--recovery-key", "south-park.key", "--check")
    assert told.err == "This recovery key does not open this backup. Take the one it was made for."
    told = both("--school", "south-park", "restore", "north.backup", "--recovery-key", "north-lane.key", "--check")
    assert told.err.startswith("The backup is sealed with the master key ")


TOKENS = "EARSHOT_TELEGRAM_TOKEN={}\nEARSHOT_SLACK_BOT_TOKEN={}\nEARSHOT_SLACK_APP_TOKEN={}"


@pytest.mark.parametrize(
    ("line", "shared"),
    [
        ("EARSHOT_DATA_DIR=../north-lane/data", "the folder for data"),
        ("EARSHOT_DATABASE_URL=postgresql://h/one", "the database"),
        ("EARSHOT_WHISPER_DATABASE_URL=postgresql://h/one", "the store of whispers"),
        ("EARSHOT_DATABASE_URL=sqlite:////srv/x/../one.sqlite", "the database"),
        ("EARSHOT_KEY_FILE=/safe/one.key", "the key file"),
        ("EARSHOT_KEY_COMMAND=cat /safe/one.key", "the key’s command"),
        (TOKENS.format("1:x", "xoxb-{0}", "xapp-{0}"), "the Telegram bot"),
        (TOKENS.format("1:{0}", "xoxb-x", "xapp-{0}"), "the Slack app"),
        (TOKENS.format("1:{0}", "xoxb-{0}", "xapp-a"), "the Slack app"),
        ("EARSHOT_HTTP_PORT=8711", "the HTTP port"),
    ],
)
def test_two_schools_that_share_anything_are_refused(both: Earshot, line: str, shared: str) -> None:
    for name in BOTH:
        with Path(f"schools/{name}/.env").open("a") as file:
            file.write(f"\n{line.format(name)}\n")
    told = both("--school", "south-park", "doctor")
    assert told.err == (
        f"The schools south-park and north-lane share {shared}: nothing may belong to two. "
        "Mend it in south-park's .env."
    )


def test_one_schools_database_is_not_anothers_store_of_whispers(both: Earshot) -> None:
    for name, kind in zip(BOTH, ("DATABASE", "WHISPER_DATABASE"), strict=True):
        with Path(f"schools/{name}/.env").open("a") as file:
            file.write(f"\nEARSHOT_{kind}_URL=sqlite:////srv/one.sqlite\n")
    shared = {"north-lane": "the database", "south-park": "the store of whispers"}
    for name, what in shared.items():
        assert f"share {what}: nothing may belong to two." in both("--school", name, "doctor").err


def test_the_machines_environment_is_no_schools(both: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EARSHOT_TELEGRAM_TOKEN", "EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN"):
        monkeypatch.setenv(name, "1:somebody-elses")
    monkeypatch.setenv("EARSHOT_DATA_DIR", "elsewhere")
    assert both("--school", "north-lane", "run").err == (
        "This school has no tokens yet. Fill them in in its .env, then run it again."
    )
    rows = both("school", "list").out
    assert [f"{name} │ {port} │ no │ yes │ ok" in rows for name, port in zip(BOTH, (8711, 8712), strict=True)] == [
        True
    ] * 2


def test_a_school_that_is_not_there_is_told_with_those_that_are(both: Earshot) -> None:
    assert both("--school", "west", "doctor").err == (
        "There is no school west here. Run `earshot school add west`; there are: north-lane, south-park."
    )


def test_without_the_option_an_installation_of_one_school_is_as_it_was(both: Earshot) -> None:
    assert both("init", "--name", "Fernhill School").status == 0
    assert (Path("data/earshot.key").exists(), Path("data/earshot.sqlite").exists()) == (True, True)


def test_the_commands_that_mend_a_school_name_it(earshot: Earshot) -> None:
    earshot("school", "add", "north-lane")
    told = " ".join(earshot("--school", "north-lane", "doctor").out.replace("│", " ").split())
    assert "There is no database yet: run `earshot --school north-lane init`." in told
    assert "`earshot init`" not in told
    assert "This school has no tokens yet: fill them in in its .env." in told
    assert earshot("--school", "north-lane", "audit", "verify").err.startswith(
        "There is no database yet. Run `earshot --school north-lane init` first"
    )


def test_what_a_command_says_to_type_next_names_its_school(earshot: Earshot) -> None:
    earshot("school", "add", "north-lane")
    here = ("--school", "north-lane")
    made = earshot(*here, "init", "--name", "North Lane")
    assert made.out.endswith("run `earshot --school north-lane calendar FILE.ics` before the first check-in.")
    refused = earshot(*here, "backup", "backups")
    assert "Run `earshot --school north-lane keys recovery FILE` and put the file into a safe." in refused.err
    earshot(*here, "keys", "recovery", "recovery.key")
    done = earshot(*here, "backup", "backups")
    (file,) = Path("backups").iterdir()
    assert (done.status, f"`earshot --school north-lane restore {file} --recovery-key KEY --check`" in done.out) == (
        0,
        True,
    )
    assert "`earshot " not in (made.out + done.out).replace("`earshot --school north-lane ", "")


def test_every_command_says_it_through_what_names_the_school() -> None:
    """A module with a console of its own would leave the name out."""
    consoles = {
        path.name
        for path in COMMANDS_FOLDER.glob("*.py")
        if "Console()" in path.read_text("utf-8") and path.name != "tools.py"
    }
    # Words of whispers, as they were written.
    assert consoles == {"whisper.py"}


def test_a_slip_in_one_schools_settings_is_shown_and_stops_no_other_school(earshot: Earshot) -> None:
    for name in BOTH:
        earshot("school", "add", name)
    env = Path("schools/south-park/.env")
    env.write_text(env.read_text().replace("EARSHOT_HTTP_PORT=8712", "EARSHOT_HTTP_PORT=many"))
    told = earshot("school", "list")
    assert told.status == 0
    assert "│ north-lane │ 8711 │ no │ no │ ok │" in told.out
    assert "EARSHOT_HTTP_PORT" in told.out
    assert "many" not in told.out
    chosen = CHOSEN.set("north-lane")
    try:
        assert read_settings().http_port == 8711
    finally:
        CHOSEN.reset(chosen)
    # The port of one whose settings cannot be read may be anything: those that can are not given away again.
    earshot("school", "add", "west-end")
    assert "EARSHOT_HTTP_PORT=8712" in Path("schools/west-end/.env").read_text()
