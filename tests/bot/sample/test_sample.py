import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, func, select

from bot.importing import importing
from bot.sample import listing, sample
from bot.sample.listing import FIRST_CHAT, NEAR_NOTE, SampleDirectory, answered_since, joined_since
from bot.sample.names import FIRST, LAST, names, plain
from bot.sample.sample import SampleProblem, SampleSize
from conversations.bank import LATEST, load
from scheduling.school import facts
from store.database import make_engine
from store.people import by_chat, chat_key, link_slack
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Flag, Invite, Pupil, School, Staff, TutorGroup, Wave

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEALER = Sealer(bytes(range(32)))
SMALL = SampleSize(pupils=60, groups={6: 2, 7: 2, 12: 1}, others=3, unjoined=3, near=4, weeks=16)


def new_engine(folder: Path, name: str = "school") -> Engine:
    engine = make_engine(f"sqlite:///{folder / name}.sqlite")
    SQLModel.metadata.create_all(engine)
    return engine


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_engine(tmp_path_factory.mktemp("sample"))
    sample.build(engine, SEALER, NOW, size=SMALL)
    yield engine
    engine.dispose()


@pytest.fixture
def session(built: Engine) -> Iterator[Session]:
    with Session(built) as session:
        yield session
        session.rollback()


@pytest.fixture
def listed(session: Session) -> SampleDirectory:
    return listing.directory(session, SEALER, NOW)


def count_of(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def without_codes(people: SampleDirectory) -> tuple[list[tuple[object, ...]], list[object]]:
    pupils = [(one.id, one.first_name, one.last_name, re.sub(r"code .*", "", one.note)) for one in people.pupils]
    return pupils, list(people.staff)


def told(engine: Engine) -> list[tuple[object, ...]]:
    """Everything pupils answered, without ids and envelopes, which differ every time."""
    with Session(engine) as session:
        rows = session.exec(
            select(CheckIn).join(Wave, col(Wave.id) == col(CheckIn.wave_id)).order_by(col(CheckIn.opened_at))
        )
        return [(row.state, row.opened_at, row.ended_at, str(SEALER.read(row, "answers"))) for row in rows]


def test_the_full_sample_has_1035_pupils_in_42_groups_and_90_staff():
    files = [importing.read_text(name, text) for name, text in sample.sample_files().items()]
    assert {file.name: (file.kind, len(file.rows), file.bad) for file in files} == {
        "staff.csv": ("staff", 90, ()),
        "groups.csv": ("groups", 42, ()),
        "pupils.csv": ("pupils", 1_035, ()),
        "guardians.csv": ("guardians", 57, ()),
    }
    staff, groups, pupils, _ = (file.rows for file in files)
    assert Counter(row.year for row in groups) == {4: 3, 5: 3, 6: 3, 7: 5, 8: 5, 9: 5, 10: 5, 11: 5, 12: 4, 13: 4}
    assert Counter(role for row in staff for role in row.roles) == {
        "tutor": 42,
        "head_of_year": 10,
        "dsl": 1,
        "deputy_dsl": 2,
        "head": 1,
        "counsellor": 1,
        "installer": 1,
    }
    assert set(Counter(row.group for row in pupils).values()) == {24, 25}
    assert {row.email.partition("@")[2] for row in staff} == {"example.org"}


def test_sample_files_are_the_same_for_the_same_seed_only():
    assert sample.sample_files(3, SMALL) == sample.sample_files(3, SMALL)
    assert sample.sample_files(3, SMALL)["pupils.csv"] != sample.sample_files(4, SMALL)["pupils.csv"]


def test_no_two_people_share_a_name_or_an_address():
    assert len({(plain(first), plain(last)) for first in FIRST for last in LAST}) == len(FIRST) * len(LAST)
    assert len(set(names(2_000, 5))) == 2_000


def test_a_built_school_holds_its_people_and_a_check_in_of_everybody_joined_for_every_wave(session: Session):
    waves = session.exec(select(Wave).order_by(col(Wave.number))).all()
    assert count_of(session, Staff) == 5 + 3 + 6 + 3
    assert count_of(session, TutorGroup) == 5
    assert Counter(session.exec(select(Pupil.status))) == {"active": 57, "invited": 3}
    assert Counter(session.exec(select(Pupil.phase))) == {"young": 24, "older": 36}
    assert count_of(session, Binding) == 57
    assert count_of(session, CheckIn) == 57 * len(waves)
    assert count_of(session, Flag) == 0
    assert [wave.number for wave in waves] == list(range(len(waves)))
    assert {wave.state for wave in waves} == {"closed"}
    assert NOW - timedelta(weeks=16) < waves[0].opens_at < waves[-1].closes_at <= NOW


def test_the_calendar_reaches_past_the_school_year_under_way(session: Session):
    calendar = facts(session.exec(select(School)).one()).calendar
    assert calendar.next_school_day(date(2026, 11, 23)) == date(2026, 11, 24)
    assert calendar.next_school_day(date(2027, 8, 1)) is not None


def test_most_check_ins_are_answered_with_five_items_of_the_bank(session: Session):
    check_ins = session.exec(select(CheckIn)).all()
    states = Counter(check_in.state for check_in in check_ins)
    assert set(states) == {"answered", "partial", "missed"}
    assert 0.8 < states["answered"] / len(check_ins) < 0.95
    for check_in in check_ins:
        answers = SEALER.read(check_in, "answers")
        items = load(check_in.bank_version).items
        assert (answers is None) == (check_in.state == "missed")
        assert check_in.ended_at is not None
        assert check_in.ended_at >= check_in.opened_at
        for id, option, ms in answers or []:
            assert 0 <= option < len(items[id].options["young" if check_in.phase == "young" else "older"])
            assert ms > 500
        if check_in.state == "answered":
            assert [items[id].kind for id, *_ in answers] == ["state"] * 2 + ["steering"] * 3


def test_every_chat_is_its_pupils_own_and_finds_them(session: Session, listed: SampleDirectory):
    school = session.exec(select(School)).one()
    assert [one.id for one in listed.pupils] == [FIRST_CHAT + number for number in range(1, 61)]
    for one in listed.pupils:
        found = by_chat(session, SEALER, school.id, one.id)
        name = found and SEALER.read(found.pupil, "name")
        assert name == (f"{one.first_name} {one.last_name}" if one.started else None)


def test_every_member_of_staff_is_found_by_the_address_in_slack(session: Session, listed: SampleDirectory):
    school = session.exec(select(School)).one()
    assert {len(one.id) for one in listed.staff} == {9}
    assert len({one.id for one in listed.staff}) == 17
    found = [link_slack(session, SEALER, school.id, one.id, one.email) for one in listed.staff]
    assert [staff and SEALER.read(staff, "name") for staff in found] == [one.name for one in listed.staff]
    assert [one.title for one in listed.staff] == [
        *("tutor of 6A", "tutor of 6B", "tutor of 7A", "tutor of 7B", "tutor of 12A"),
        *("head of year 6", "head of year 7", "head of year 12"),
        *("DSL", "deputy DSL", "deputy DSL", "head", "counsellor", "installer", "staff", "staff", "staff"),
    ]


def test_codes_of_those_not_joined_stand_in_their_notes_and_open_nothing_else(
    session: Session, listed: SampleDirectory
):
    waiting = [one for one in listed.pupils if not one.started]
    codes = [re.fullmatch(r"Year \d+ · \w+ · not joined yet, join code (\w{4})-(\w{4})", one.note) for one in waiting]
    assert len(waiting) == 3
    for code in codes:
        assert code is not None
        key = SEALER.blind("invite", "".join(code.groups()))
        assert session.exec(select(Invite.expires_at).where(Invite.code_key == key)).one() > NOW
    assert count_of(session, Invite) == 3


def test_who_used_their_code_since_is_listed_anew_with_a_note_that_holds_no_code(
    session: Session, listed: SampleDirectory
):
    assert joined_since(session, listed.waiting) == []
    before = next(one for one in listed.pupils if not one.started)
    code = before.note.rpartition(" ")[2].replace("-", "")
    invite = session.exec(select(Invite).where(Invite.code_key == SEALER.blind("invite", code))).one()
    session.add(Binding(school_id=invite.school_id, pupil_id=invite.pupil_id, chat_key=b"k", chat_sealed=b"s"))
    session.flush()
    [now] = joined_since(session, listed.waiting)
    year, group = before.note.split(" · ")[:2]
    assert now == replace(before, note=f"{year} · {group}", started=True)


def test_who_answered_since_is_listed_anew_without_the_note_of_two_low_answers(
    session: Session, listed: SampleDirectory
):
    # The two years of history do not count.
    assert (len(listed.near), answered_since(session, listed.near, NOW)) == (4, [])
    one, other = list(listed.near)[:2]
    for pupil_id, state in ((one, "answered"), (other, "replaced")):
        check_in = session.exec(select(CheckIn).where(CheckIn.pupil_id == pupil_id)).first()
        assert check_in is not None
        check_in.state, check_in.ended_at = state, NOW + timedelta(minutes=1)
        session.add(check_in)
    session.flush()
    before = listed.near[one]
    year, group = before.note.split(" · ")[:2]
    assert answered_since(session, listed.near, NOW) == [replace(before, note=f"{year} · {group}")]


def test_the_named_few_are_one_low_check_in_from_a_flag(session: Session, listed: SampleDirectory):
    pupils = session.exec(select(Pupil).order_by(col(Pupil.id))).all()
    near = [pupil for pupil, one in zip(pupils, listed.pupils, strict=True) if NEAR_NOTE in one.note]
    assert len({pupil.group_id for pupil in near}) == len(near) == 4


def test_the_low_note_goes_when_the_pupil_has_answered_otherwise(session: Session):
    pupil = session.exec(select(Pupil).order_by(col(Pupil.id))).first()
    assert pupil is not None
    assert NEAR_NOTE in listing.directory(session, SEALER, NOW).pupils[0].note
    last = session.exec(
        select(CheckIn).where(CheckIn.pupil_id == pupil.id).order_by(col(CheckIn.opened_at).desc())
    ).first()
    assert last is not None
    items = load(last.bank_version).items
    top = {1: 2, -1: 0}  # of the three options of the young wording
    SEALER.write(last, "answers", [[id, top[items[id].direction], ms] for id, _, ms in SEALER.read(last, "answers")])
    session.add(last)
    session.flush()
    assert NEAR_NOTE not in listing.directory(session, SEALER, NOW).pupils[0].note


def test_a_second_build_keeps_what_is_there(built: Engine):
    before = told(built)
    with Session(built) as session:
        first = listing.directory(session, SEALER, NOW)
    steps: list[tuple[int, int]] = []
    sample.build(built, SEALER, NOW, seed=9, progress=lambda *step: steps.append(step), size=SMALL)
    second = listing.listed(built, SEALER, NOW)
    assert (told(built), steps) == (before, [])
    assert without_codes(second) == without_codes(first)


def test_the_same_seed_builds_the_same_school_on_any_database_and_another_seed_another(
    built: Engine, engine: Engine, tmp_path: Path
):
    other = new_engine(tmp_path, "other")
    sample.build(engine, SEALER, NOW, size=SMALL)
    again = listing.listed(engine, SEALER, NOW)
    sample.build(other, SEALER, NOW, seed=2, size=SMALL)
    with Session(built) as session:
        assert without_codes(listing.directory(session, SEALER, NOW)) == without_codes(again)
    assert told(engine) == told(built)
    assert told(other) != told(built)
    other.dispose()


def test_a_build_that_is_cut_off_leaves_nothing_and_can_be_begun_again(engine: Engine):

    def stop(done: int, total: int) -> None:
        if done * 2 > total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample.build(engine, SEALER, NOW, progress=stop, size=SMALL)
    with Session(engine) as session:
        assert [count_of(session, table) for table in (School, Staff, Pupil, Wave, CheckIn)] == [0] * 5
    steps: list[tuple[int, int]] = []
    sample.build(engine, SEALER, NOW, progress=lambda *step: steps.append(step), size=SMALL)
    with Session(engine) as session:
        count = count_of(session, CheckIn)
    assert steps[-1] == (count, count)


def test_a_store_with_another_school_is_left_alone(engine: Engine):
    with Session(engine) as session:
        session.add(School(name="Another School", zone="Europe/London", nation="ENG"))
        session.commit()
    with pytest.raises(SampleProblem, match="holds a school of its own"):
        sample.build(engine, SEALER, NOW, size=SMALL)
    with Session(engine) as session:
        assert (count_of(session, School), count_of(session, Pupil)) == (1, 0)


def test_nothing_of_a_person_can_be_read_from_the_file(tmp_path: Path):
    engine = new_engine(tmp_path)
    sample.build(engine, SEALER, NOW, size=SMALL)
    people = listing.listed(engine, SEALER, NOW)
    engine.dispose()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"6A" in data  # what is readable is found this way
    planted = [word for one in people.pupils for word in (one.last_name, str(one.id))]
    codes = [one.note[-9:] for one in people.pupils if not one.started]
    planted += [one.email for one in people.staff] + codes + [code.replace("-", "") for code in codes]
    planted += load(LATEST).items
    assert [word for word in planted if word.encode() in data] == []


def test_a_chat_key_is_that_of_the_store(session: Session):
    keys = set(session.exec(select(Binding.chat_key)))
    assert chat_key(SEALER, FIRST_CHAT + 1) in keys


def test_people_are_written_as_the_stand_in_networks_take_them(listed: SampleDirectory):
    phone, slack = listed.phone_people()[0], listed.workspace_people()[0]
    assert set(phone) == {"id", "first_name", "last_name", "username", "language_code", "note", "started", "showcase"}
    assert slack == {
        "id": "U00000001",
        "email": listed.staff[0].email,
        "name": listed.staff[0].email.removesuffix("@example.org"),
        "real_name": f"{listed.staff[0].name} · tutor of 6A",
        "showcase": listed.staff[0].showcase,
    }


def test_page_shows_a_near_pupil_and_their_tutor_first(listed: SampleDirectory):
    [pupil] = [one for one in listed.pupils if one.showcase]
    [tutor] = [one for one in listed.staff if one.showcase]
    assert NEAR_NOTE in pupil.note
    assert tutor.title == f"tutor of {pupil.note.split(' · ')[1]}"
