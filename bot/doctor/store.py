"""The doctor's look at this machine and at the store: folder, disk, key, database, school, people, work left undone.

Each check is a small function from what it looks at to a Finding. A check whose ground is missing (no database, no
school) is left out, for the finding before it already says what to do first.
"""

import os
import shlex
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.clock import kept_clock
from bot.finding import Finding, counted
from bot.opening import DISK_LEAST, SAMPLE_IS_HERE, is_there, key_ring
from bot.settings import Settings
from bot.tries import GIVE_UP_AFTER
from scheduling.calendar import CalendarError
from scheduling.school import SchoolFacts, facts, wave_rule
from scheduling.waves import next_wave
from store import vault
from store.database import make_engine
from store.guards import SAFEGUARDING
from store.people import with_role
from store.sealing import KeyProblem, Sealer
from store.tables import Binding, CheckIn, Due, Failure, Outbox, Pupil, School, Staff, TutorGroup, Wave
from store.vault import StoreProblem

LATE = timedelta(minutes=10)
DAY = timedelta(days=1)


# --- this machine -----------------------------------------------------------------------------------------------------


def folder_findings(settings: Settings) -> list[Finding]:
    """Look at the data folder and the disk it is on."""
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        return [Finding("data folder", False, "The data folder is a file: set EARSHOT_DATA_DIR to a folder.")]
    if not settings.data_dir.is_dir():
        return [Finding("data folder", False, "There is no data folder yet: run `earshot init`.")]
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        return [closed_folder(settings.data_dir)]
    free = shutil.disk_usage(settings.data_dir).free
    if free < DISK_LEAST:
        look = f"`df -h {_quoted(settings.data_dir)}` shows which disk it is"
        words = f"Only {free // 2**20} MB of disk are free: make room, 200 MB are the least; {look}."
        return [Finding("disk", False, words)]
    return [
        Finding("data folder", True, "The data folder can be written to."),
        Finding("disk", True, f"{free // 2**20:,} MB of disk are free."),
    ]


def closed_folder(folder: Path) -> Finding:
    """Say what opens a data folder that cannot be written to."""
    mend = f"run `chmod u+rwx {_quoted(folder)}`, or set EARSHOT_DATA_DIR to another"
    return Finding("data folder", False, f"The data folder cannot be written to: {mend}.")


def closed_file(file: Path) -> Finding:
    """Say what opens a database that can only be read."""
    mend = f"run `chmod u+w {_quoted(file)}`"
    return Finding("database", False, f"The database can be read but not written to: {mend}.")


def _key(settings: Settings) -> tuple[Finding, Sealer | None]:
    try:
        sealer = key_ring(settings).current
    except KeyProblem as problem:
        return Finding("key file", False, _sentence(problem)), None
    return Finding("key file", True, "The key file is there, and only its owner can read it."), sealer


# --- the store --------------------------------------------------------------------------------------------------------


def store_findings(settings: Settings) -> list[Finding]:
    """Look at the key and the database, then at what is in it."""
    key, sealer = _key(settings)
    if not is_there(settings):
        return [
            _key_to_come(settings, key),
            Finding("database", False, "There is no database yet: run `earshot init`."),
        ]
    # "reading": on SQLite a transaction that takes no lock, so that a running Earshot is not held up.
    engine = make_engine(settings.store_url).execution_options(reading=True)
    try:
        database = _database(settings, engine)
        if database is None:
            nothing = "There is nothing in the database yet: run `earshot init`."
            return [_key_to_come(settings, key), Finding("database", False, nothing)]
        if not database.ok:
            return [key, database]
        with Session(engine) as session:
            if sealer is None and (known := vault.keys_of(session)):
                key = Finding(key.what, False, f"{key.words[:-1]}; the key it needs has the id {', '.join(known)}.")
            return [key, database, *_key_matches(session, sealer), *_school_findings(settings, session)]
    finally:
        engine.dispose()


def _key_to_come(settings: Settings, key: Finding) -> Finding:
    """What is said of a key while there is nothing it could have sealed: none has been lost."""
    if settings.key_command or settings.key_path.exists():
        return key
    return Finding("key file", False, "There is no key file yet: run `earshot init`.")


def _database(settings: Settings, engine: Engine) -> Finding | None:
    """Look at the database itself; None for one in which nothing has been made."""
    try:
        current = vault.check_version(engine)
        if not current and vault.is_empty(engine):
            return None
    except StoreProblem as problem:
        return Finding("database", False, _sentence(problem))
    if not current:
        return Finding("database", False, "The database is of an older Earshot: run `earshot migrate`.")
    if engine.url.database and engine.dialect.name == "sqlite" and not os.access(engine.url.database, os.W_OK):
        return closed_file(Path(engine.url.database))
    return Finding("database", True, "The database opens and is of this version.")


def _key_matches(session: Session, sealer: Sealer | None) -> list[Finding]:
    if sealer is None:
        return []
    try:
        vault.check_key(session, sealer)
    except KeyProblem as problem:
        return [Finding("key", False, _sentence(problem))]
    return [Finding("key", True, "The key is the one the database was sealed with.")]


def _school_findings(settings: Settings, session: Session) -> list[Finding]:
    row = session.exec(select(School).limit(1)).first()
    if row is None:
        return [Finding("school", False, "There is no school yet: run `earshot init`.")]
    if "sample" in row.policy and not settings.rehearses:
        return [Finding("school", False, SAMPLE_IS_HERE)]
    # In rehearsal rows are written in its own time.
    now = kept_clock(session)()
    findings = [Finding("school", True, "There is a school."), _basis(row), _calendar(row, now)]
    return [*findings, *_people(session, row.id), *_reach(session, row.id, now), *_work(session, row.id, now)]


def _basis(row: School) -> Finding:
    if "sample" in row.policy:
        return Finding("grounds", True, "The sample school needs no grounds: it asks nobody real.")
    if "basis" not in row.policy:
        mend = "run `earshot basis`, with your data protection officer"
        return Finding("grounds", False, f"The lawful basis and the impact assessment are not noted: {mend}.")
    return Finding("grounds", True, "The lawful basis and the impact assessment are noted.")


def _calendar(row: School, now: datetime) -> Finding:
    mend = "run `earshot calendar FILE.ics`"
    try:
        school: SchoolFacts = facts(row)
        wave = next_wave(school.calendar, wave_rule(school), now)
    except CalendarError as problem:
        return Finding("calendar", False, f"{_sentence(problem).removesuffix('.')}: {mend}.")
    if all(term.last < school.calendar.local_date(now) for term in school.calendar.terms):
        return Finding("calendar", False, f"The calendar has no current or coming term: {mend}.")
    if wave is None:
        return Finding("calendar", False, f"The calendar has no day left for a check-in: {mend} with the next terms.")
    return Finding("calendar", True, f"The next check-in is planned for {school.calendar.local_date(wave.opens_at)}.")


# --- its people -------------------------------------------------------------------------------------------------------


def _people(session: Session, school_id: UUID) -> Iterator[Finding]:
    pupils = _count(session, select(func.count()).select_from(Pupil).where(col(Pupil.school_id) == school_id))
    staff = session.exec(select(Staff).where(Staff.school_id == school_id, col(Staff.active).is_(True))).all()
    groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == school_id)).all()
    if not (pupils and staff and groups):
        mend = "run `earshot import staff.csv groups.csv pupils.csv`"
        yield Finding("people", False, f"Staff, tutor groups or pupils are missing: {mend}.")
        return
    here_are = f"{counted(pupils, 'pupil', 'pupils')}, {counted(len(groups), 'tutor group', 'tutor groups')}"
    yield Finding("people", True, f"{here_are} and {len(staff)} staff are here.")
    yield _safeguarding(session, school_id)
    here = {member.id for member in staff}
    without = sum(1 for group in groups if group.tutor_id not in here)
    yield Finding(
        "tutors",
        not without,
        f"{counted(without, 'tutor group has', 'tutor groups have')} no tutor: "
        "name one in groups.csv and run `earshot import groups.csv`."
        if without
        else "Every tutor group has a tutor.",
    )
    yield _in_slack(session, school_id, [member for member in staff if member.slack_user_key is None], len(staff))


def _safeguarding(session: Session, school_id: UUID) -> Finding:
    roles = {"dsl": "DSL", "deputy_dsl": "deputy DSL"}
    missing = [role for role in roles if not with_role(session, school_id, role)]
    if missing:
        named = " and no ".join(roles[role] for role in missing)
        mend = f"give somebody the role {' and somebody the role '.join(missing)} in staff.csv"
        return Finding("safeguarding", False, f"There is no {named}: {mend} and run `earshot import staff.csv`.")
    return Finding("safeguarding", True, "A DSL and a deputy are named.")


def _in_slack(session: Session, school_id: UUID, unlinked: list[Staff], staff: int) -> Finding:
    """Staff are linked by their first card; those whose card failed are the ones Slack does not know."""
    refused = session.exec(
        select(Outbox.recipient)
        .where(Outbox.school_id == school_id, Outbox.network == "slack", Outbox.state == "failed")
        .distinct()
    ).all()
    unlinked_leads = [member for member in unlinked if SAFEGUARDING & set(member.roles)]
    leads = with_role(session, school_id, *SAFEGUARDING)
    if leads and {f"staff:{member.id.hex}" for member in leads} <= set(refused) and len(unlinked_leads) == len(leads):
        mend = "check their addresses in staff.csv and run `earshot import staff.csv` now"
        words = "No safeguarding lead could be found in Slack by e-mail, so no call for help reaches one"
        return Finding("staff in Slack", False, f"{words}: {mend}.")
    lost = len({f"staff:{member.id.hex}" for member in unlinked} & set(refused))
    if lost:
        mend = "check their addresses in staff.csv and run `earshot import staff.csv`"
        return Finding("staff in Slack", False, f"{lost} staff could not be found in Slack by e-mail: {mend}.")
    if unlinked:
        words = f"{len(unlinked)} of {staff} staff are not linked to Slack yet: their first card does that."
        return Finding("staff in Slack", True, words)
    return Finding("staff in Slack", True, "All staff are linked to Slack.")


def _reach(session: Session, school_id: UUID, now: datetime) -> Iterator[Finding]:
    here = select(func.count()).select_from(Pupil).where(col(Pupil.school_id) == school_id, col(Pupil.status) != "left")
    pupils, bound = _count(session, here), select(Binding.pupil_id).where(col(Binding.school_id) == school_id)
    if not pupils:
        return
    waiting = _count(session, here.where(col(Pupil.id).not_in(bound)))
    words = f"{waiting:,} of {pupils:,} pupils have not joined" if waiting else "All pupils have joined"
    if waiting:
        words += ": make letters to hand out with `earshot letters FOLDER --bot NAME`"
    yield Finding("joined", waiting < pupils, f"{words}.")
    cut_off = _count(session, here.where(col(Pupil.unreachable_since).is_not(None)))
    yield Finding(
        "reachable",
        not cut_off,
        f"{counted(cut_off, 'pupil', 'pupils')} cannot be reached: "
        "ask them to unblock the bot in Telegram and send it /start."
        if cut_off
        else "Nobody who joined has cut us off.",
    )
    yield _delivered(session, school_id)


def _delivered(session: Session, school_id: UUID) -> Finding:
    waves = select(Wave.id).where(Wave.school_id == school_id).order_by(col(Wave.opens_at).desc())
    last = session.exec(waves.limit(1)).first()
    if last is None:
        return Finding("delivered", True, "No check-in was sent yet.")
    of_last = select(func.count()).select_from(CheckIn).where(col(CheckIn.school_id) == school_id)
    lost = _count(session, of_last.where(col(CheckIn.wave_id) == last, col(CheckIn.state) == "undelivered"))
    if lost:
        mend = "keep `earshot run` running while a wave is open"
        return Finding(
            "delivered", False, f"{counted(lost, 'check-in', 'check-ins')} of the last wave did not arrive: {mend}."
        )
    return Finding("delivered", True, "The check-ins of the last wave arrived.")


# --- its work ---------------------------------------------------------------------------------------------------------


def _work(session: Session, school_id: UUID, now: datetime) -> Iterator[Finding]:
    late = _count(
        session,
        select(func.count())
        .select_from(Outbox)
        .where(col(Outbox.school_id) == school_id, col(Outbox.state) == "waiting", col(Outbox.not_before) < now - LATE),
    )
    oldest = session.exec(
        select(func.min(Outbox.not_before)).where(Outbox.school_id == school_id, Outbox.state == "waiting")
    ).one()
    yield Finding(
        "outbox",
        not late,
        f"{counted(late, 'message waits', 'messages wait')}, the oldest for {_age(now - oldest)}: "
        "see that `earshot run` is running and reaches "
        "the networks."
        if late
        else "No message waits longer than ten minutes.",
    )
    yield _due_work(session, school_id, now)
    failures = _count(
        session,
        select(func.count())
        .select_from(Failure)
        .where(col(Failure.school_id) == school_id, col(Failure.at) > now - DAY),
    )
    yield Finding(
        "failures",
        not failures,
        f"{counted(failures, 'event', 'events')} failed in the last day: "
        "see the log of `earshot run`, and report what it says."
        if failures
        else "No event failed in the last day.",
    )


def _due_work(session: Session, school_id: UUID, now: datetime) -> Finding:
    due = select(func.count()).select_from(Due).where(col(Due.school_id) == school_id)
    failed = _count(session, due.where(col(Due.state) == "failed"))
    if failed:
        mend = "see the log of `earshot run`, and report what it says"
        gave_up = counted(failed, "piece of work failed too often and was", "pieces of work failed too often and were")
        return Finding("due work", False, f"{gave_up} given up: {mend}.")
    late = _count(session, due.where(col(Due.state) == "waiting", col(Due.due_at) < now - LATE))
    again = _count(session, due.where(col(Due.state) == "waiting", col(Due.attempts) >= GIVE_UP_AFTER))
    if again:
        mend = "see the log of `earshot run`, and report what it says"
        fails = counted(again, "piece of work fails", "pieces of work fail")
        return Finding("due work", False, f"{fails} again and again: {mend}.")
    if late:
        overdue = counted(late, "piece of work is", "pieces of work are")
        return Finding("due work", False, f"{overdue} overdue: see that `earshot run` is running.")
    return Finding("due work", True, "No work is overdue or failed.")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _count(session: Session, statement: SelectOfScalar[int]) -> int:
    return session.exec(statement).one()


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _sentence(problem: Exception) -> str:
    words = str(problem)
    words = words[:1].upper() + words[1:]
    return words if words.endswith(".") else f"{words}."
