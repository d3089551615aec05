"""Sample schools made for a benchmark: in a folder of their own, and with check-ins open where they are needed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from bot.opening import open_store
from bot.runner import Runner
from bot.sample import listing, sample
from bot.sample.listing import SampleDirectory
from bot.sample.sample import SampleSize
from bot.settings import Settings
from scheduling import rounds
from scheduling.night import nightly
from scheduling.school import Schools, next_in_school, wave_rule
from scheduling.waves import wave_now
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Conversation, Outbox, School, Wave

BOT_ID = "700000001"


@dataclass(frozen=True)
class OpenCheckIn:
    """One pupil's open check-in: their chat, the check-in's id in hexadecimal, and how many questions it asks."""

    chat: int
    check_in: str
    questions: int

    def taps(self) -> list[str]:
        """List the buttons of a whole check-in in order: the second option of each question, then nothing to add."""
        answers = [f"c:{self.check_in}:{at}:1" for at in range(self.questions)]
        return [*answers, f"c:{self.check_in}:{self.questions}:done"]


def sample_size(pupils: int, *, near: int = 0, weeks: int = 8) -> SampleSize:
    """Give a sample school of so many pupils, all of whom have joined, in tutor groups of about 25."""
    if pupils >= 1_000:
        return SampleSize(pupils=pupils, near=near, weeks=weeks, unjoined=0)
    groups = {7: max(1, near, pupils // 25)}
    return SampleSize(pupils=pupils, groups=groups, others=0, near=near, weeks=weeks, unjoined=0)


def store_settings(data: Path, database: str = "") -> Settings:
    """Set where the store (SQLite in the folder, or a database's address) and its key lie, whatever else is set."""
    return Settings.model_construct(data_dir=data, key_file=data / "earshot.key", database_url=database)


def make(data: Path, size: SampleSize, database: str = "") -> tuple[Engine, Sealer, SampleDirectory]:
    """Make a sample school in a folder, or in a database; its nightly pass has run, as any school's has."""
    settings = store_settings(data, database)
    engine, sealer = open_store(settings, make=True)
    sample.build(engine, sealer, datetime.now(UTC), size=size)
    people = listing.listed(engine, sealer, datetime.now(UTC))
    with Session(engine) as session:
        school = Schools(session.exec(select(School.id)).one()).of(session)
        while nightly(session, sealer, school, datetime.now(UTC), lambda _flag: None):
            session.commit()
        session.commit()
    return engine, sealer, people


def make_real(engine: Engine) -> None:
    """Let a bot with tokens run on a sample school, which it refuses otherwise."""
    with Session(engine) as session:
        row = session.exec(select(School)).one()
        row.policy = {name: value for name, value in row.policy.items() if name != "sample"} | {"basis": {}}
        session.add(row)
        session.commit()


def open_check_ins(engine: Engine, sealer: Sealer) -> list[OpenCheckIn]:
    """Open a check-in for everybody, as at the next school morning; its messages are left to the caller to send."""
    with Session(engine) as session:
        school = Schools(session.exec(select(School.id)).one()).of(session)
        now = (next_in_school(school, datetime.now(UTC)) or datetime.now(UTC)) + timedelta(minutes=90)
        wave = rounds.open_now(session, school, wave_now(school.calendar, wave_rule(school), now), now)
        # A wave's groups fall due one after the other.
        runner = Runner(sealer, lambda: now + timedelta(minutes=2), "benchmark", bot=BOT_ID)
        while runner.run_due(session, school)[0]:
            session.commit()
        session.exec(update(Outbox).where(col(Outbox.state) == "waiting").values(state="sent", done_at=now))
        session.commit()
        return _opened(session, sealer, wave)


def _opened(session: Session, sealer: Sealer, wave: Wave) -> list[OpenCheckIn]:
    statement = (
        select(CheckIn, Binding, Conversation)
        .join(Binding, col(Binding.pupil_id) == col(CheckIn.pupil_id))
        .join(Conversation, col(Conversation.pupil_id) == col(CheckIn.pupil_id))
        .where(CheckIn.wave_id == wave.id)
    )
    return [
        OpenCheckIn(
            chat=sealer.read(binding, "chat"),
            check_in=check_in.id.hex,
            questions=len(sealer.read(conversation, "data")["check_in"]["items"]),
        )
        for check_in, binding, conversation in session.exec(statement)
    ]


def answered(engine: Engine, check_ins: list[OpenCheckIn]) -> int:
    """Count how many of these check-ins have been answered to the end."""
    ids = [UUID(one.check_in) for one in check_ins]
    with Session(engine) as session:
        states = [session.get_one(CheckIn, one).state for one in ids]
    return states.count("answered")
