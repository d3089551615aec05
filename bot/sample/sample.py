"""The sample school: plainly fictional people, and two years of check-ins.

`sample_files` writes the four CSV texts that any school would bring, and `build` brings them in the way any school
would (`bot.importing`), then adds phones, go-tos and a history. All of it is one transaction: a build that was cut off
left nothing, and the next start begins again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Table, insert
from sqlmodel import Session, SQLModel, col, select, update

from bot.importing import importing
from bot.sample import care
from bot.sample.history import PupilPast
from bot.sample.listing import FIRST_CHAT, firsts, lasts
from bot.sample.names import names, plain
from conversations.bank import LATEST
from conversations.model import Band
from scheduling.sample import sample_calendar
from scheduling.school import facts, wave_rule
from scheduling.waves import next_wave
from store.ids import new_id
from store.people import chat_key
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Pupil, School, Wave

SCHOOL_NAME = "Larkfield Sample School"

Progress = Callable[[int, int], None]

_ALONE = ("dsl", "deputy_dsl", "deputy_dsl", "head", "counsellor", "installer")


class SampleProblem(Exception):
    """The sample school cannot be made here; the sentence says why and what to do."""


@dataclass(frozen=True)
class SampleSize:
    """How large a sample school is: pupils, tutor groups of each year, staff without a role, weeks of history.

    `unjoined` pupils have a join code and no phone yet; `near` pupils are one low check-in away from a flag.
    """

    pupils: int = 1_035
    groups: Mapping[int, int] = field(
        default_factory=lambda: {year: 3 if year <= 6 else 5 if year <= 11 else 4 for year in range(4, 14)}
    )
    others: int = 32
    unjoined: int = 12
    near: int = 8
    weeks: int = 104

    @property
    def tutor_groups(self) -> list[tuple[str, int]]:
        """Name the tutor groups, youngest first: ("4A", 4), ("4B", 4) …"""
        return [(f"{year}{chr(65 + number)}", year) for year, count in self.groups.items() for number in range(count)]


def sample_files(seed: int = 1, size: SampleSize | None = None) -> dict[str, str]:
    """Write staff.csv, groups.csv, pupils.csv and guardians.csv of the sample school.

    They are the same for the same seed and size.
    """
    size = size or SampleSize()
    groups = size.tutor_groups
    roles = [("tutor", "")] * len(groups) + [("head_of_year", str(year)) for year in size.groups]
    roles += [(role, "") for role in _ALONE] + [("", "")] * size.others
    people = names(len(roles) + size.pupils, seed)
    staff: list[list[object]] = [["staff_id", "name", "email", "roles", "year"]]
    for number, ((first, last), (role, year)) in enumerate(zip(people, roles, strict=False), 1):
        email = f"{plain(first)}.{plain(last)}@example.org"
        staff.append([f"S{number:03}", f"{first} {last}", email, role, year])
    pupils: list[list[object]] = [["pupil_id", "name", "group", "year"]]
    for number, (first, last) in enumerate(people[len(roles) :]):
        group, year_of_group = groups[number * len(groups) // size.pupils]
        pupils.append([f"P{number + 1:04}", f"{first} {last}", group, year_of_group])
    lead: list[list[object]] = [["group", "year", "tutor_id"]]
    lead += [[group, year, f"S{number:03}"] for number, (group, year) in enumerate(groups, 1)]
    guardians: list[list[object]] = [["guardian_id", "name", "pupil_id"]]
    guardians += [list(row) for row in care.parents_of([(str(row[0]), str(row[1])) for row in pupils[1:]], seed)]
    files = {"staff.csv": staff, "groups.csv": lead, "pupils.csv": pupils, "guardians.csv": guardians}
    return {name: _csv(rows) for name, rows in files.items()}


def build(
    engine: Engine,
    sealer: Sealer,
    now: datetime,
    seed: int = 1,
    progress: Progress | None = None,
    size: SampleSize | None = None,
) -> None:
    """Make the sample school with its history up to `now`, in one transaction; one that is there is kept.

    `progress(done, total)` is called with the number of check-ins made. Raises SampleProblem if the store holds a
    school that is not the sample.
    """
    size = size or SampleSize()
    with Session(engine) as session:
        if (present := session.exec(select(School).limit(1)).first()) is not None:
            if "sample" not in present.policy:
                raise SampleProblem(
                    "There are no tokens, and this database holds a school of its own: to run that, put the tokens of "
                    "Telegram and Slack in .env; for a rehearsal, set EARSHOT_DATA_DIR to another folder."
                )
            return
        school = _school(now, seed, size)
        session.add(school)
        session.flush()
        _people(session, sealer, school, now, seed, size)
        _history(session, sealer, school, now, seed, size, progress or (lambda _done, _total: None))
        session.commit()


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _school(now: datetime, seed: int, size: SampleSize) -> School:
    first, last = _academic_year(now - timedelta(weeks=size.weeks)), _academic_year(now)
    # One academic year more than is under way, so that the rehearsal clock can be moved past the summer.
    calendar = sample_calendar(first, last - first + 2)
    return School(
        name=SCHOOL_NAME,
        zone=calendar.zone,
        nation=calendar.nation,
        calendar=calendar.to_json(),
        policy={"names": "initials", "sample": {"seed": seed, "near": size.near}},
    )


def _academic_year(moment: datetime) -> int:
    return moment.year if moment.month >= 9 else moment.year - 1


def _people(session: Session, sealer: Sealer, school: School, now: datetime, seed: int, size: SampleSize) -> None:
    """Bring in the files, then give every pupil and parent but a few their phone, and pupils their go-tos."""
    files = [importing.read_text(name, text) for name, text in sample_files(seed, size).items()]
    plan = importing.plan(session, sealer, school, files, now.date())
    importing.apply(session, sealer, school, plan)
    pupils = list(session.exec(select(Pupil).order_by(col(Pupil.id))))
    apart = lasts(pupils, size.unjoined)
    bindings = [
        {
            "pupil_id": pupil.id,
            "school_id": school.id,
            "chat_key": chat_key(sealer, FIRST_CHAT + number + 1),
            "chat_sealed": sealer.seal("binding", "chat", pupil.id, FIRST_CHAT + number + 1),
        }
        for number, pupil in enumerate(pupils)
        if number not in apart
    ]
    session.execute(insert(_table(Binding)), bindings)
    joined = select(Binding.pupil_id).where(Binding.school_id == school.id)
    session.exec(update(Pupil).where(col(Pupil.id).in_(joined)).values(status="active"))
    near = {pupils[number].id for number in firsts(pupils, size.near)}
    began = now - timedelta(weeks=size.weeks)
    named = [pupil for number, pupil in enumerate(pupils) if number not in apart]
    care.add_go_tos(session, school, named, near, min(began, now - timedelta(days=21)), seed)
    care.add_parents_phones(session, sealer, school)


def _history(
    session: Session,
    sealer: Sealer,
    school: School,
    now: datetime,
    seed: int,
    size: SampleSize,
    progress: Progress,
) -> None:
    """Add the waves up to `now`, each with a check-in of every pupil who has a phone."""
    everyone = list(session.exec(select(Pupil).order_by(col(Pupil.id))))
    near, apart = firsts(everyone, size.near), lasts(everyone, size.unjoined)
    waves = list(_waves(school, now, size.weeks))
    asked = [
        (
            {"school_id": school.id, "pupil_id": pupil.id, "group_id": pupil.group_id, "phase": pupil.phase},
            PupilPast(seed, number, _band(pupil.phase), len(waves), near=number in near),
        )
        for number, pupil in enumerate(everyone)
        if number not in apart
    ]
    session.execute(insert(_table(Wave)), [wave.model_dump() for wave in waves])
    for number, wave in enumerate(waves, 1):
        session.execute(insert(_table(CheckIn)), list(_check_ins(sealer, wave, asked)))
        progress(number * len(asked), len(waves) * len(asked))


def _waves(school: School, now: datetime, weeks: int) -> Iterator[Wave]:
    """Yield the waves of the last `weeks` that have closed, oldest first, as the school's calendar sets them."""
    known = facts(school)
    moment, number = now - timedelta(weeks=weeks), 0
    while (times := next_wave(known.calendar, wave_rule(known), moment)) and times.closes_at <= now:
        yield Wave(
            school_id=school.id,
            day=known.calendar.local_date(times.opens_at).isoformat(),
            number=number,
            opens_at=times.opens_at,
            remind_at=times.remind_at,
            closes_at=times.closes_at,
            bank_version=LATEST,
            state="closed",
        )
        moment, number = times.opens_at, number + 1


def _check_ins(
    sealer: Sealer, wave: Wave, asked: Sequence[tuple[dict[str, Any], PupilPast]]
) -> Iterator[dict[str, Any]]:
    """Yield one wave's check-ins as plain rows, for there are too many to be made as objects."""
    of_wave = {"wave_id": wave.id, "bank_version": wave.bank_version}
    opens_at, closes_at = wave.opens_at, wave.closes_at
    for place, (of_pupil, its) in enumerate(asked):
        past, id = its.next(), new_id()
        # A wave leaves at 30 messages a second.
        opened_at = opens_at + timedelta(seconds=place / 30)
        ended_at = min(closes_at, opened_at + timedelta(minutes=past.minutes))
        yield {
            **of_pupil,
            **of_wave,
            "id": id,
            "state": past.ending,
            "opened_at": opened_at,
            "ended_at": ended_at if past.ending == "answered" else closes_at,
            "answers_sealed": sealer.seal("check_in", "answers", id, past.answers) if past.answers else None,
        }


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _band(phase: str) -> Band:
    return "young" if phase == "young" else "older"
