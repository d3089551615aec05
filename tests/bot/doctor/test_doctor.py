"""The doctor: each finding planted and found, nothing changed, nobody named, and both networks asked for real."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from bot.backups import PROVEN, TAKEN, public_path
from bot.doctor.doctor import Finding, examine
from bot.doctor.store import closed_file, closed_folder
from bot.opening import anchor_path, open_store
from bot.settings import Settings
from bot.whisper import backups as whisper_backups
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, TELEGRAM_TOKEN, Book, Faults, Hub
from rehearsal.slack import Workspace
from rehearsal.slack_rules import SCOPES
from rehearsal.telegram import BotApi
from scheduling.calendar import SchoolCalendar, Term
from store import anchor, audit, outbox
from store.database import make_engine
from store.due import set_due
from store.ids import new_id
from store.keys import make_key_file, read_key_file
from store.people import link_slack, with_role
from store.rights_tables import CopyRequest
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Cursor, Due, Failure, Outbox, Pupil, School, Staff, Wave
from store.whisper_store import open_whispers
from tests.factories import make_group, make_pupil, make_school, make_staff
from tests.rehearsal.slack_rig import serving

TODAY = date.today()  # noqa: DTZ011 (a term around today, whatever the zone)
TERM = Term("This term", TODAY - timedelta(days=30), TODAY + timedelta(days=60))
CALENDAR = SchoolCalendar(zone="Europe/London", nation="ENG", terms=(TERM,))
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("EARSHOT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """A whole, well school on each database: nothing is to be mended."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    make_key_file(settings.key_path)
    engine, sealer = open_store(settings, make=False)
    with Session(engine) as session:
        _fill(session, sealer)
        session.commit()
        anchor.keep(session, anchor_path(settings), sealer)
    public_path(settings).write_text("00")
    engine.dispose()
    return settings


def _fill(session: Session, sealer: Sealer) -> None:
    school = make_school(session, CALENDAR)
    for role in ("dsl", "deputy_dsl"):
        make_staff(session, sealer, school, role)
    tutor = make_staff(session, sealer, school, "tutor")
    for staff in session.exec(select(Staff)).all():
        link_slack(session, sealer, school.id, f"U{staff.id.hex}", sealer.read(staff, "email"))
    group = make_group(session, school, "7B", 7, tutor)
    for action in (TAKEN, PROVEN):
        audit.record(session, school.id, datetime.now(UTC), actor="command:backup", action=action, subject="backup:1")
    pupils = [make_pupil(session, sealer, school, group, chat_id=chat) for chat in (501, 502)]
    opens = datetime.now(UTC) - timedelta(hours=2)
    wave = Wave(school_id=school.id, day="1", number=0, opens_at=opens, closes_at=opens, bank_version="2026-1")
    session.add(wave)
    session.flush()
    for pupil in pupils:
        session.add(
            CheckIn(
                school_id=school.id,
                wave_id=wave.id,
                pupil_id=pupil.id,
                group_id=group.id,
                bank_version="2026-1",
                phase="older",
                state="answered",
                opened_at=opens,
            )
        )


def mended(settings: Settings) -> dict[str, str]:
    """What is to be mended, by what it is."""
    return {finding.what: finding.words for finding in examine(settings) if not finding.ok}


def test_a_well_school_has_nothing_to_mend(settings: Settings) -> None:
    findings = examine(settings)
    assert [finding.what for finding in findings if not finding.ok] == []
    assert [finding.what for finding in findings] == [
        "settings",
        "data folder",
        "disk",
        "key file",
        "database",
        "key",
        "school",
        "grounds",
        "calendar",
        "people",
        "safeguarding",
        "tutors",
        "staff in Slack",
        "joined",
        "reachable",
        "delivered",
        "outbox",
        "due work",
        "failures",
        "recovery key",
        "backup",
        "restore",
        "audit",
        "rights",
        "whispers",
        "reading aloud",
        "networks",
    ]
    assert findings[-1] == Finding("networks", True, "Rehearsal: no tokens set, so everything runs on this machine.")


def test_every_finding_is_one_sentence_that_names_nobody(settings: Settings) -> None:
    for finding in examine(settings):
        assert finding.words.endswith(".")
        assert ". " not in finding.words.replace("groups.csv ", "")
        assert "Example" not in finding.words
        assert "Member" not in finding.words


def test_examining_changes_nothing(settings: Settings, engine: Engine) -> None:
    def rows() -> list[list[tuple[object, ...]]]:
        with engine.connect() as connection:
            tables = ("school", "staff", "pupil", "outbox", "due", "cursor", "audit", "sealing_key", "alembic_version")
            return [[tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in tables]  # noqa: S608

    before = rows()
    examine(settings)
    assert rows() == before


# --- one thing amiss --------------------------------------------------------------------------------------------------

Plant = Callable[[Session, UUID], object]


def _no_terms(session: Session, _school: UUID) -> None:
    row = session.exec(select(School)).one()
    row.calendar = SchoolCalendar(zone="Europe/London", nation="ENG").to_json()


def _last_year(session: Session, _school: UUID) -> None:
    row = session.exec(select(School)).one()
    over = Term("Long over", TODAY - timedelta(days=200), TODAY - timedelta(days=150))
    row.calendar = SchoolCalendar(zone="Europe/London", nation="ENG", terms=(over,)).to_json()


def _broken_calendar(session: Session, _school: UUID) -> None:
    session.exec(select(School)).one().calendar = {"zone": "Europe/Nowhere", "nation": "ENG"}


def _bad_policy(session: Session, _school: UUID) -> None:
    session.exec(select(School)).one().policy = {"wave": {"weekday": 6}, "basis": {}}


def _without(role: str) -> Plant:
    def plant(session: Session, _school: UUID) -> None:
        for staff in session.exec(select(Staff)).all():
            staff.active = staff.active and role not in staff.roles

    return plant


def _lost_in_slack(session: Session, school: UUID) -> None:
    staff = session.exec(select(Staff)).first()
    assert staff is not None
    staff.slack_user_key = staff.slack_user_sealed = None
    row = _letter(session, school, datetime.now(UTC))
    row.network, row.recipient, row.state = "slack", f"staff:{staff.id.hex}", "failed"


def _no_lead_in_slack(session: Session, school: UUID) -> None:
    for number, staff in enumerate(with_role(session, school, "dsl", "deputy_dsl")):
        staff.slack_user_key = staff.slack_user_sealed = None
        row = _letter(session, school, datetime.now(UTC))
        row.network, row.recipient, row.state = "slack", f"staff:{staff.id.hex}", "failed"
        row.dedupe = f"lost {number}"
        session.flush()


def _letter(session: Session, school: UUID, not_before: datetime) -> Outbox:
    outbox.post(
        session,
        Sealer(bytes(32)),
        school_id=school,
        network="telegram",
        lane="reply",
        method="send",
        recipient="",
        payload={},
        dedupe=new_id().hex,
        now=not_before,
    )
    session.flush()
    return session.exec(select(Outbox).order_by(Outbox.id)).all()[-1]  # type: ignore[arg-type]


def _nobody_joined(session: Session, _school: UUID) -> None:
    session.execute(text("DELETE FROM binding"))


def _cut_off(session: Session, _school: UUID) -> None:
    session.exec(select(Pupil)).all()[0].unreachable_since = datetime.now(UTC)


def _undelivered(session: Session, _school: UUID) -> None:
    session.exec(select(CheckIn)).all()[0].state = "undelivered"


def _stuck(session: Session, school: UUID) -> None:
    _letter(session, school, datetime.now(UTC) - timedelta(hours=3, minutes=1))


def _failed_work(session: Session, school: UUID) -> None:
    set_due(session, school, "score", "a", datetime.now(UTC))
    session.flush()
    session.exec(select(Due)).one().state = "failed"


def _work_that_fails(session: Session, school: UUID) -> None:
    set_due(session, school, "score", "a", datetime.now(UTC) + 11 * MINUTE)
    session.flush()
    session.exec(select(Due)).one().attempts = 5


def _late_work(session: Session, school: UUID) -> None:
    set_due(session, school, "score", "a", datetime.now(UTC) - 11 * MINUTE)


def _failure(session: Session, school: UUID) -> None:
    session.add(Failure(school_id=school, at=datetime.now(UTC) - timedelta(hours=23), event="Tap", error="KeyError"))


AMISS: dict[str, tuple[Plant, dict[str, str]]] = {
    "no terms": (
        _no_terms,
        {"calendar": "The calendar has no current or coming term: run `earshot calendar FILE.ics`."},
    ),
    "terms long over": (
        _last_year,
        {"calendar": "The calendar has no current or coming term: run `earshot calendar FILE.ics`."},
    ),
    "no dsl": (
        _without("dsl"),
        {
            "safeguarding": "There is no DSL: give somebody the role dsl in staff.csv and run "
            "`earshot import staff.csv`."
        },
    ),
    "no deputy": (
        _without("deputy_dsl"),
        {
            "safeguarding": "There is no deputy DSL: give somebody the role deputy_dsl in staff.csv and run "
            "`earshot import staff.csv`."
        },
    ),
    "a tutor who left": (
        _without("tutor"),
        {"tutors": "1 tutor group has no tutor: name one in groups.csv and run `earshot import groups.csv`."},
    ),
    "somebody Slack does not know": (
        _lost_in_slack,
        {
            "staff in Slack": "1 staff could not be found in Slack by e-mail: check their addresses in staff.csv "
            "and run `earshot import staff.csv`."
        },
    ),
    "no lead whom Slack knows": (
        _no_lead_in_slack,
        {
            "staff in Slack": "No safeguarding lead could be found in Slack by e-mail, so no call for help reaches "
            "one: check their addresses in staff.csv and run `earshot import staff.csv` now."
        },
    ),
    "nobody joined": (
        _nobody_joined,
        {"joined": "2 of 2 pupils have not joined: make letters to hand out with `earshot letters FOLDER --bot NAME`."},
    ),
    "somebody cut us off": (
        _cut_off,
        {
            "reachable": "1 pupil cannot be reached: ask them to unblock the bot in Telegram and send it /start.",
        },
    ),
    "a check-in that did not arrive": (
        _undelivered,
        {
            "delivered": "1 check-in of the last wave did not arrive: keep `earshot run` running while a wave is open.",
        },
    ),
    "a message that waits": (
        _stuck,
        {
            "outbox": "1 message waits, the oldest for 3 hours: see that `earshot run` is running and reaches "
            "the networks."
        },
    ),
    "work that fails each time": (
        _work_that_fails,
        {"due work": "1 piece of work fails again and again: see the log of `earshot run`, and report what it says."},
    ),
    "work given up": (
        _failed_work,
        {
            "due work": "1 piece of work failed too often and was given up: see the log of `earshot run`, "
            "and report what it says."
        },
    ),
    "work overdue": (_late_work, {"due work": "1 piece of work is overdue: see that `earshot run` is running."}),
    "an event that failed": (
        _failure,
        {"failures": "1 event failed in the last day: see the log of `earshot run`, and report what it says."},
    ),
}


def plant(engine: Engine, what: Plant) -> None:
    with Session(engine) as session:
        what(session, session.exec(select(School.id)).one())
        session.commit()


@pytest.mark.parametrize("amiss", AMISS)
def test_one_thing_amiss_is_found_alone(settings: Settings, engine: Engine, amiss: str) -> None:
    what, words = AMISS[amiss]
    plant(engine, what)
    assert mended(settings) == words
    # Each names the command that mends it, but for what only the pupil can do on their phone.
    assert ["`earshot " in one for one in words.values()] == [amiss != "somebody cut us off"]


@pytest.mark.parametrize("what", [_broken_calendar, _bad_policy])
def test_a_calendar_that_cannot_be_used_is_found(settings: Settings, engine: Engine, what: Plant) -> None:
    plant(engine, what)
    (words,) = mended(settings).values()
    assert words.endswith(": run `earshot calendar FILE.ics`.")


def test_what_is_short_of_ten_minutes_or_a_day_is_no_finding(settings: Settings, engine: Engine) -> None:
    def just_short(session: Session, school: UUID) -> None:
        now = datetime.now(UTC)
        _letter(session, school, now - 9 * MINUTE)
        set_due(session, school, "score", "a", now - 9 * MINUTE)
        session.add(Failure(school_id=school, at=now - timedelta(hours=25), event="Tap", error="KeyError"))

    plant(engine, just_short)
    assert mended(settings) == {}


def test_in_rehearsal_the_rehearsals_clock_tells_what_is_late(settings: Settings, engine: Engine) -> None:
    def shifted(session: Session, school: UUID) -> None:
        session.add(Cursor(name="rehearsal clock", position=7200))
        set_due(session, school, "score", "a", datetime.now(UTC) + 30 * MINUTE)

    plant(engine, shifted)
    assert list(mended(settings)) == ["due work"]


def test_without_people_the_import_comes_first(settings: Settings, engine: Engine) -> None:
    def nobody(session: Session, _school: UUID) -> None:
        for table in ("check_in", "binding", "pupil", "tutor_group", "staff", "wave"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 (our own tables)

    plant(engine, nobody)
    assert mended(settings) == {
        "people": "Staff, tutor groups or pupils are missing: run `earshot import staff.csv groups.csv pupils.csv`."
    }


def test_before_the_first_wave_no_check_in_is_said_to_have_arrived(settings: Settings, engine: Engine) -> None:
    def none_yet(session: Session, _school: UUID) -> None:
        for table in ("check_in", "wave"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 (our own tables)

    plant(engine, none_yet)
    told = {finding.what: finding for finding in examine(settings)}
    assert told["delivered"] == Finding("delivered", True, "No check-in was sent yet.")


def test_a_name_that_is_no_setting_is_told_without_its_value(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_TELEGRAM_TOKN", "700000001:made-up")
    words = "EARSHOT_TELEGRAM_TOKN is no setting of Earshot and does nothing: compare it with .env.example."
    assert mended(settings) == {"settings": words}


@pytest.mark.parametrize("ending", ["", "/"])
def test_an_address_for_telegram_that_has_the_path_already_is_told(settings: Settings, ending: str) -> None:
    address = f"https://earshot.example/telegram/webhook{ending}"
    words = "EARSHOT_TELEGRAM_WEBHOOK_URL ends in /telegram/webhook, which Earshot adds itself: leave that out."
    assert mended(settings.model_copy(update={"telegram_webhook_url": address})) == {"settings": words}
    assert mended(settings.model_copy(update={"telegram_webhook_url": "https://earshot.example/school"})) == {}


# --- no ground to stand on --------------------------------------------------------------------------------------------


def test_where_nothing_is_everything_begins_with_init_and_nothing_is_made(tmp_path: Path) -> None:
    told = mended(Settings(data_dir=tmp_path / "none"))
    assert told["key file"] == "There is no key file yet: run `earshot init`."
    assert told["data folder"] == "There is no data folder yet: run `earshot init`."
    assert told["database"] == "There is no database yet: run `earshot init`."
    assert list(tmp_path.iterdir()) == []


def test_a_database_with_nothing_in_it_begins_with_init_and_no_key_is_missed(tmp_path: Path) -> None:
    (tmp_path / "earshot.sqlite").touch()
    told = mended(Settings(data_dir=tmp_path))
    assert told["key file"] == "There is no key file yet: run `earshot init`."
    assert told["database"] == "There is nothing in the database yet: run `earshot init`."


def test_what_cannot_be_written_to_is_told_with_the_command_that_mends_it() -> None:
    assert [closed_folder(Path("our data")).words, closed_file(Path("data/earshot.sqlite")).words] == [
        "The data folder cannot be written to: run `chmod u+rwx 'our data'`, or set EARSHOT_DATA_DIR to another.",
        "The database can be read but not written to: run `chmod u+w data/earshot.sqlite`.",
    ]


def test_a_missing_or_wrong_key_is_found_and_the_rest_is_looked_at_all_the_same(settings: Settings) -> None:
    key_id = read_key_file(settings.key_path).current.key_id.hex()
    settings.key_path.unlink()
    (words,) = mended(settings).values()
    assert words.startswith(
        f"There is no key file {settings.key_path}: put back the one this store was made with (its backup)"
    )
    assert words.endswith(f"; the key it needs has the id {key_id}.")
    make_key_file(settings.key_path)
    told = mended(settings)
    assert list(told) == ["key"]
    assert told["key"].endswith("put that key file back, nothing was changed.")


def test_a_database_of_another_version_is_found(settings: Settings, engine: Engine) -> None:
    for version, words in (
        ("'9999'", "The database was made by a newer Earshot."),
        ("NULL", "The database is of an older Earshot: run `earshot migrate`."),
    ):
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            if version != "NULL":
                connection.execute(text(f"INSERT INTO alembic_version VALUES ({version})"))  # noqa: S608
        assert mended(settings)["database"].startswith(words)


def test_a_database_that_cannot_be_opened_is_found(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql+psycopg://u:p@127.0.0.1:9/d?connect_timeout=2"})
    assert list(mended(away)) == ["database"]


def test_an_address_to_listen_at_that_is_none_of_this_machine_is_found(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"http_host": "300.1.1.1"})
    assert mended(elsewhere) == {
        "settings": "EARSHOT_HTTP_HOST is no address of this machine: leave it empty for 127.0.0.1, "
        "or set it to 0.0.0.0 for all."
    }


# --- the networks -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def networks(*, scopes: tuple[str, ...] = SCOPES) -> AsyncIterator[str]:
    app = web.Application()
    hub, faults, book = Hub(), Faults(), Book(None)
    BotApi(hub, faults, book).add_routes(app)
    Workspace(hub, faults, book, scopes=scopes).add_routes(app)
    async with serving(app) as base:
        yield base


def live(settings: Settings, base: str, **other: object) -> Settings:
    tokens = {"telegram_token": TELEGRAM_TOKEN, "slack_bot_token": SLACK_BOT_TOKEN, "slack_app_token": SLACK_APP_TOKEN}
    secret = {name: SecretStr(str(other.get(name, token))) for name, token in tokens.items()}
    return settings.model_copy(update={**secret, "telegram_api_url": base, "slack_api_url": f"{base}/api/"})


async def asked(settings: Settings) -> dict[str, tuple[bool, str]]:
    findings = await asyncio.to_thread(examine, settings)
    return {one.what: (one.ok, one.words) for one in findings if one.what.startswith(("Telegram", "Slack", "networks"))}


@pytest.fixture
def no_store(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "none")


async def test_good_tokens_are_found_good(no_store: Settings) -> None:
    async with networks() as base:
        assert await asked(live(no_store, base)) == {
            "Telegram": (True, "Telegram accepts the token."),
            "Slack": (True, "Slack accepts the token, with all the scopes that are needed."),
            "Slack Socket Mode": (True, "Slack accepts the app-level token."),
        }


async def test_each_wrong_token_is_found_and_never_shown(no_store: Settings) -> None:
    async with networks() as base:
        told = await asked(
            live(no_store, base, telegram_token="1:wrong", slack_bot_token="xoxb-wrong", slack_app_token="xapp-wrong")
        )
    assert [ok for ok, _ in told.values()] == [False, False, False]
    assert told["Telegram"][1] == (
        "Telegram does not accept the token: copy it anew from @BotFather into EARSHOT_TELEGRAM_TOKEN."
    )
    assert told["Slack"][1] == (
        "Slack refuses the token (invalid_auth): copy it anew from the app's page OAuth & Permissions to "
        "EARSHOT_SLACK_BOT_TOKEN."
    )
    assert "wrong" not in str(told)


async def test_missing_scopes_are_named(no_store: Settings) -> None:
    async with networks(scopes=("chat:write", "im:write", "users:read")) as base:
        told = await asked(live(no_store, base))
    assert told["Slack"] == (
        False,
        "The Slack app lacks the scopes files:write, im:history, users:read.email: take docs/slack-manifest.json as "
        "the app's manifest and install it in the workspace anew.",
    )


async def test_networks_that_do_not_answer_are_told_as_that(no_store: Settings) -> None:
    told = await asked(live(no_store, "http://127.0.0.1:9"))
    assert [ok for ok, _ in told.values()] == [False, False, False]
    assert all("cannot be reached" in words for _, words in told.values())


def test_tokens_on_the_sample_schools_folder_are_told_as_run_tells_them(settings: Settings, engine: Engine) -> None:
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        school.policy = {**school.policy, "sample": {}}
        session.add(school)
        session.commit()
    assert "school" not in mended(settings)
    assert mended(live(settings, "http://127.0.0.1:9"))["school"] == (
        "This database holds the sample school of the rehearsal. Set EARSHOT_DATA_DIR to another folder, "
        "then run `earshot init` for your own school."
    )


# --- what trust rests on ----------------------------------------------------------------------------------------------


def _aged(action: str, age: timedelta) -> Plant:
    def plant(session: Session, _school: UUID) -> None:
        session.exec(select(Audit).where(Audit.action == action)).one().at = datetime.now(UTC) - age

    return plant


def _without_audit(session: Session, _school: UUID) -> None:
    for row in session.exec(select(Audit)).all():
        session.delete(row)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (
            _aged(TAKEN, timedelta(days=3)),
            {"backup": "The last backup is 3 days old: run `earshot backup FOLDER` each night."},
        ),
        (
            _aged(PROVEN, timedelta(days=121)),
            {
                "restore": "A backup was last proven 121 days ago: run `earshot restore FILE --recovery-key KEY "
                "--check`."
            },
        ),
        (
            _without_audit,
            {
                "backup": "No backup was ever made: run `earshot backup FOLDER` each night.",
                "restore": "No backup was ever proven by restoring it: run `earshot restore FILE --recovery-key KEY "
                "--check`.",
                "audit": "The audit chain is broken: run `earshot audit verify`, which says where.",
            },
        ),
    ],
    ids=["old backup", "not proven of late", "no audit rows"],
)
def test_backups_and_the_record_are_looked_at(
    settings: Settings, engine: Engine, what: Plant, words: dict[str, str]
) -> None:
    plant(engine, what)
    assert mended(settings) == words


def test_a_missing_recovery_key_and_anchor_are_found(settings: Settings) -> None:
    public_path(settings).unlink()
    anchor_path(settings).unlink()
    assert mended(settings) == {
        "recovery key": "There is no recovery key, so no backup can be made: run `earshot keys recovery recovery.key`.",
        "audit": "The audit chain has no anchor yet: run `earshot audit verify`.",
    }


def whispering(settings: Settings, *marks: tuple[str, timedelta]) -> Settings:
    """The same school with a whisper store, and with what was done about its backups how long ago."""
    settings = settings.model_copy(update={"data_dir": settings.data_dir})
    engine, sealer = open_store(settings, make=False)
    open_whispers(settings.whisper_url, sealer).engine.dispose()
    with Session(engine) as session:
        school = session.exec(select(School.id)).one()
        for action, age in marks:
            at = datetime.now(UTC) - age
            audit.record(session, school, at, actor="command:backup", action=action, subject="week:1")
        session.commit()
        anchor.keep(session, anchor_path(settings), sealer)
    engine.dispose()
    return settings


def test_a_whisper_store_without_backups_is_told_with_what_mends_it(settings: Settings) -> None:
    assert mended(whispering(settings)) == {
        "whisper backup": "No backup of the whispers was ever made: run `earshot backup FOLDER` each night: once a "
        "week it makes one.",
        "whisper restore": "No backup of the whispers was ever proven: run `earshot restore FILE --whispers "
        "--recovery-key KEY --check`.",
    }


@pytest.mark.parametrize(
    ("days", "found"), [(8, []), (10, ["whisper backup"]), (121, ["whisper backup", "whisper restore"])]
)
def test_the_whispers_backups_grow_old(settings: Settings, days: int, found: list[str]) -> None:
    age = timedelta(days=days)
    marks = ((whisper_backups.TAKEN, age), (whisper_backups.PROVEN, age))
    assert sorted(mended(whispering(settings, *marks))) == found


def test_a_whisper_store_of_another_key_is_told(settings: Settings) -> None:
    open_whispers(settings.whisper_url, Sealer(bytes(32))).engine.dispose()
    assert mended(settings) == {
        "whispers": "The whisper store was made with another key: put that key file back, nothing was changed."
    }


@pytest.mark.parametrize("content", [b"no database at all " * 300, b"SQLite format 3\x00" + bytes(4000)])
def test_a_whisper_store_that_cannot_be_opened_is_told_once(settings: Settings, content: bytes) -> None:
    Path(settings.whisper_url.removeprefix("sqlite:///")).write_bytes(content)
    told = mended(settings)
    assert list(told) == ["whispers"]
    assert told["whispers"].startswith("The whisper")


def test_a_whisper_store_whose_tables_are_gone_ends_no_other_finding(settings: Settings) -> None:
    whispering(settings)
    engine = make_engine(settings.whisper_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE reader")
    engine.dispose()
    assert "reading aloud" in {one.what for one in examine(settings)}


def test_a_file_in_the_place_of_the_data_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    told = mended(Settings(data_dir=tmp_path / "data"))
    assert told["data folder"] == "The data folder is a file: set EARSHOT_DATA_DIR to a folder."


def test_the_doctor_leaves_the_whisper_file_as_it_is(settings: Settings) -> None:
    whispering(settings)
    path = Path(settings.whisper_url.removeprefix("sqlite:///"))
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    examine(settings)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def _late_rights(session: Session, school: UUID) -> None:
    pupil = session.exec(select(Pupil)).first()
    assert pupil is not None
    for days in (20, 22):
        asked = datetime.now(UTC) - timedelta(days=days)
        session.add(CopyRequest(school_id=school, pupil_id=pupil.id, asked_at=asked))


def test_a_copy_that_waits_too_long_is_told(settings: Settings, engine: Engine) -> None:
    plant(engine, _late_rights)
    assert mended(settings) == {
        "rights": "1 copy asked for or nudge contested has waited for three weeks: ask a safeguarding lead to "
        "decide on their cards in Slack, for the law gives a month."
    }
