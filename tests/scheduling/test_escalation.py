"""Escalation: each step at its exact minute through weekends, holidays and clock changes, and never told to no one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.calendar import Closure, SchoolCalendar, Term
from scheduling.escalation import (
    DEFAULT,
    KINDS,
    WHO,
    Around,
    Kind,
    Ladder,
    Member,
    PolicyError,
    Rung,
    falls_due,
    holes,
    read_policy,
    told,
    waited,
)
from scheduling.sample import sample_calendar

LONDON = ZoneInfo("Europe/London")
SCHOOL = sample_calendar(2026)
"""Terms 1 September to 18 December 2026, 4 January to 25 March, 12 April to 21 July 2027; the day 8:30 to 15:30."""
TODAY = DEFAULT["today"]


def at(text: str) -> datetime:
    """A moment as London's clock shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def climb(ladder: Ladder, opened: datetime, steps: int, calendar: SchoolCalendar = SCHOOL) -> list[datetime | None]:
    """When the first steps fall due, each taken at its minute; None past the calendar's end."""
    found: list[datetime | None] = []
    since: datetime | None = opened
    for step in range(steps):
        since = since and falls_due(ladder.clock, calendar, since, ladder.waits(step))
        found.append(since)
    return found


def times(ladder: Ladder, opened: str, steps: int, calendar: SchoolCalendar = SCHOOL) -> list[str]:
    """The same, as London's clock shows it."""
    found = climb(ladder, at(opened), steps, calendar)
    return [f"{moment.astimezone(LONDON):%a %d %b %H:%M}" if moment else "never" for moment in found]


# --- times ------------------------------------------------------------------------------------------------------------


def test_a_case_of_a_school_morning_climbs_within_the_day():
    assert times(TODAY, "2026-11-24T09:00", 6) == [
        "Tue 24 Nov 09:00",
        "Tue 24 Nov 09:45",
        "Tue 24 Nov 10:30",
        "Tue 24 Nov 11:30",
        "Tue 24 Nov 12:30",
        "Tue 24 Nov 13:30",
    ]


def test_a_case_of_friday_half_past_three_waits_for_monday_and_counts_from_there():
    assert times(TODAY, "2026-11-27T15:30", 3) == ["Mon 30 Nov 08:30", "Mon 30 Nov 09:15", "Mon 30 Nov 10:00"]


def test_a_step_used_up_at_the_last_minute_of_friday_is_told_on_monday_morning():
    assert times(TODAY, "2026-11-27T14:45", 2) == ["Fri 27 Nov 14:45", "Mon 30 Nov 08:30"]


def test_a_case_of_the_last_day_of_term_waits_for_the_first_day_of_the_next_that_has_pupils():
    assert times(TODAY, "2026-12-18T15:20", 3) == ["Fri 18 Dec 15:20", "Tue 05 Jan 09:05", "Tue 05 Jan 09:50"]


def test_a_training_day_counts_for_nothing():
    training = replace(SCHOOL, closures=(Closure("Training", date(2026, 11, 25), date(2026, 11, 25), "inset"),))
    assert times(TODAY, "2026-11-24T15:00", 2, training) == ["Tue 24 Nov 15:00", "Thu 26 Nov 08:45"]


def test_a_snow_day_moves_what_was_to_come():
    snow = replace(SCHOOL, closures=(Closure("Snow", date(2026, 11, 24), date(2026, 11, 24), "closed"),))
    assert times(TODAY, "2026-11-23T15:10", 2) == ["Mon 23 Nov 15:10", "Tue 24 Nov 08:55"]
    assert times(TODAY, "2026-11-23T15:10", 2, snow) == ["Mon 23 Nov 15:10", "Wed 25 Nov 08:55"]


@pytest.mark.parametrize(
    ("opened", "after"),
    [("2026-10-23T15:15", "Mon 26 Oct 09:00"), ("2027-03-25T15:15", "Mon 12 Apr 09:00")],
    ids=["clocks go back", "clocks go forward, in the holidays"],
)
def test_a_change_of_clocks_leaves_the_schools_hours_as_they_are(opened: str, after: str):
    calendar = replace(SCHOOL, closures=())
    assert times(TODAY, opened, 2, calendar)[1] == after


def test_a_week_with_both_a_change_of_clocks_and_bank_holidays_counts_the_schools_minutes_alone():
    # Clocks go forward on Easter Sunday, 28 March 2027, in a school whose term goes on over Easter.
    calendar = replace(SCHOOL, terms=(Term("Spring", date(2027, 1, 4), date(2027, 4, 2)),), closures=())
    found = climb(TODAY, at("2027-03-25T15:15"), 3, calendar)
    assert found == [
        datetime(2027, 3, 25, 15, 15, tzinfo=UTC),
        # Tuesday, 9:00 and 9:45 of the school's clock: an hour earlier in UTC than the week before.
        datetime(2027, 3, 30, 8, 0, tzinfo=UTC),
        datetime(2027, 3, 30, 8, 45, tzinfo=UTC),
    ]


def test_owning_over_a_change_of_clocks_lapses_at_the_same_hour_of_the_schools_clock():
    calendar = replace(SCHOOL, closures=())
    # A school day's minutes, from Friday 10:00 of summer time to Monday 10:00 of winter time.
    due = falls_due("school", calendar, datetime(2026, 10, 23, 9, 0, tzinfo=UTC), TODAY.lapse)
    assert due == datetime(2026, 10, 26, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "opened", "second"),
    [
        # Friday 15:30: the day is over, so all of it is Monday's.
        ("nudge", "2026-11-27T15:30", "Wed 02 Dec 08:30"),
        ("priority", "2026-11-27T15:30", "Mon 30 Nov 12:00"),
        ("week", "2026-11-27T15:30", "Tue 01 Dec 08:30"),
        # The last day of term, ten minutes before its end: Tuesday 5 January is the first day with pupils.
        ("nudge", "2026-12-18T15:20", "Wed 06 Jan 15:20"),
        ("priority", "2026-12-18T15:20", "Tue 05 Jan 11:50"),
        ("week", "2026-12-18T15:20", "Tue 05 Jan 15:20"),
    ],
)
def test_each_ladders_second_step_after_the_end_of_a_week_or_a_term(kind: Kind, opened: str, second: str):
    assert times(DEFAULT[kind], opened, 2)[1] == second


def test_danger_never_waits_for_school_and_an_hour_is_an_hour_when_clocks_change():
    night = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    spring = datetime(2027, 3, 28, 0, 50, tzinfo=UTC)
    for opened in (night, spring):
        found = climb(DEFAULT["danger"], opened, 4)
        assert found == [opened + timedelta(minutes=minutes) for minutes in (0, 5, 10, 15)]


def test_past_the_calendars_end_nothing_of_school_time_is_due():
    assert times(TODAY, "2027-07-21T15:29", 2) == ["Wed 21 Jul 15:29", "never"]


def test_owning_lapses_by_the_schools_minutes():
    assert falls_due("school", SCHOOL, at("2026-11-27T12:00"), TODAY.lapse) == at("2026-11-30T12:00")
    assert falls_due("always", SCHOOL, at("2026-11-28T03:00"), 30) == at("2026-11-28T03:30")


@given(
    st.sampled_from(KINDS),
    st.timedeltas(timedelta(), timedelta(days=150)).map(lambda after: at("2026-08-25T00:00") + after),
)
def test_steps_of_every_usual_ladder_come_in_order_and_in_school_time(kind: str, opened: datetime):
    ladder = DEFAULT[kind]  # type: ignore[index]
    moments = [moment for moment in climb(ladder, opened, 9) if moment is not None]
    assert len(moments) == 9
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert ladder.clock == "always" or all(map(SCHOOL.in_school_time, moments))
    assert moments[0] >= opened
    # What has waited is counted another way than what falls due, and they agree.
    for step, (earlier, later) in enumerate(pairwise([opened, *moments])):
        assert waited(ladder.clock, SCHOOL, earlier, later) == ladder.waits(step)


# --- people -----------------------------------------------------------------------------------------------------------

IDS = [UUID(int=number) for number in range(1, 9)]
TUTOR, YEAR, LEAD, DEPUTY, HEAD, CHOSEN, OTHER, COVER = IDS


def member(staff_id: UUID, *roles: str, here: bool = True, deputy: UUID | None = None) -> Member:
    return Member(staff_id, frozenset(roles), here, deputy)


STAFF = (
    member(TUTOR, "tutor"),
    member(YEAR, "head_of_year"),
    member(LEAD, "dsl"),
    member(DEPUTY, "deputy_dsl"),
    member(HEAD, "head"),
    member(CHOSEN),
    member(OTHER),
    member(COVER, "tutor"),
)
AROUND = Around(STAFF, chosen=CHOSEN, other=OTHER, tutor=TUTOR, heads_of_year=frozenset({YEAR}))


def away(around: Around, *gone: UUID, deputies: dict[UUID, UUID] | None = None) -> Around:
    deputies = deputies or {}
    staff = tuple(replace(one, here=one.id not in gone, deputy=deputies.get(one.id)) for one in around.staff)
    return replace(around, staff=staff)


@pytest.mark.parametrize(
    ("step", "who"),
    [
        (0, (CHOSEN,)),
        (1, (CHOSEN, OTHER)),
        (2, (LEAD, DEPUTY)),
        (4, (LEAD, DEPUTY)),
        (40, (LEAD, DEPUTY)),
    ],
)
def test_each_step_tells_its_rungs_people_and_the_last_goes_on(step: int, who: tuple[UUID, ...]):
    assert told(TODAY, step, AROUND) == tuple(sorted(who))


def test_whoever_is_away_is_stood_in_for_and_so_is_their_stand_in():
    gone = away(AROUND, TUTOR, COVER, deputies={TUTOR: COVER, COVER: YEAR})
    assert told(DEFAULT["nudge"], 0, gone) == (YEAR,)


def test_deputies_in_a_ring_who_are_all_away_pass_it_on():
    gone = away(AROUND, TUTOR, COVER, deputies={TUTOR: COVER, COVER: TUTOR})
    assert told(DEFAULT["nudge"], 0, gone) == (YEAR,)


def test_a_rung_with_nobody_here_goes_to_the_next_at_once():
    assert told(TODAY, 0, away(AROUND, CHOSEN, OTHER)) == (LEAD, DEPUTY)
    assert told(TODAY, 0, replace(AROUND, chosen=None, other=None)) == (LEAD, DEPUTY)


def test_a_step_whose_cover_has_been_told_already_tells_the_next_people_too():
    # The tutor's cover is the head of year, so the second step would reach the same person alone.
    gone = away(AROUND, TUTOR, deputies={TUTOR: YEAR})
    assert [told(DEFAULT["nudge"], step, gone) for step in range(4)] == [
        (YEAR,),
        (YEAR, LEAD),
        (LEAD, DEPUTY),
        (LEAD, DEPUTY),
    ]


def test_a_lead_whose_cover_holds_the_next_place_too_leaves_the_leads_who_are_here():
    second = UUID(int=99)
    staff = (*STAFF, member(second, "deputy_dsl"))
    gone = away(replace(AROUND, staff=staff), LEAD, deputies={LEAD: DEPUTY})
    assert [told(DEFAULT["whisper"], step, gone) for step in range(3)] == [
        (DEPUTY,),
        (DEPUTY, second),
        (DEPUTY, second),
    ]
    # With no other lead in the school it is one person, told again: there is nobody else who could open it.
    alone = away(AROUND, LEAD, deputies={LEAD: DEPUTY})
    assert [told(DEFAULT["whisper"], step, alone) for step in range(3)] == [(DEPUTY,)] * 3


def test_a_step_without_anybody_new_goes_on_to_the_next_people_at_once():
    no_head_of_year = replace(AROUND, heads_of_year=frozenset())
    assert told(DEFAULT["nudge"], 1, no_head_of_year) == (TUTOR, LEAD)


def test_with_every_safeguarding_lead_away_they_are_told_all_the_same():
    assert told(DEFAULT["danger"], 0, away(AROUND, LEAD, DEPUTY)) == (LEAD, DEPUTY)


def test_without_safeguarding_leads_the_head_is_told():
    staff = tuple(one for one in STAFF if one.id not in (LEAD, DEPUTY))
    assert told(DEFAULT["danger"], 0, replace(AROUND, staff=staff)) == (HEAD,)


def test_whom_a_report_names_is_never_told_nor_by_way_of_a_deputy():
    named = replace(AROUND, excluded=frozenset({LEAD}))
    assert told(DEFAULT["whisper"], 0, named) == (DEPUTY,)
    assert told(DEFAULT["whisper"], 0, replace(away(named, DEPUTY, deputies={DEPUTY: LEAD}))) == (DEPUTY,)


@given(
    st.sampled_from(KINDS),
    st.integers(0, 12),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.lists(st.one_of(st.none(), st.sampled_from(IDS)), min_size=8, max_size=8),
    st.sets(st.sampled_from(IDS[:4]), max_size=3),
)
def test_somebody_is_always_told_and_never_who_is_excluded(
    kind: str, step: int, here: list[bool], deputies: list[UUID | None], excluded: set[UUID]
):
    staff = tuple(replace(one, here=is_here, deputy=d) for one, is_here, d in zip(STAFF, here, deputies, strict=True))
    found = told(DEFAULT[kind], step, replace(AROUND, staff=staff, excluded=frozenset(excluded)))  # type: ignore[index]
    assert found
    assert not set(found) & excluded
    assert list(found) == sorted(set(found))


# --- policies ---------------------------------------------------------------------------------------------------------


def test_a_policy_is_read_back_as_it_was_written():
    assert read_policy({kind: ladder.to_json() for kind, ladder in DEFAULT.items()}) == DEFAULT
    assert read_policy({}) == DEFAULT


GOOD: dict[str, Any] = TODAY.to_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rungs": []}, "today: give at least one rung, with “after” and “tell”."),
        ({"rungs": [{"after": 5, "tell": ["dsl"]}]}, "today: the first rung is told at once, so its “after” is 0."),
        (
            {"rungs": [{"after": 0, "tell": ["dsl"]}, {"after": 0, "tell": ["head"]}]},
            "today: each rung comes later than the one before; 0 does not.",
        ),
        ({"rungs": [{"after": 0, "tell": ["caretaker"]}]}, f"today, rung 1: “tell” is a list of {', '.join(WHO)}."),
        ({"rungs": [{"after": 0, "tell": []}]}, f"today, rung 1: “tell” is a list of {', '.join(WHO)}."),
        (
            {"rungs": [{"after": -1, "tell": ["dsl"]}]},
            "today, rung 1: “after” is a whole number of minutes, 0 or more.",
        ),
        ({"rungs": [{"after": 0}]}, "today, rung 1: give exactly after, tell."),
        ({"every": 0}, "today: “every” is at least 1 minute, so that nothing is told once and then forgotten."),
        ({"lapse": True}, "today: “lapse” is a whole number of minutes, 0 or more."),
        ({"clock": "night"}, "today: “clock” is school or always."),
        ({"more": 1}, "today: give exactly clock, every, lapse, rungs."),
    ],
)
def test_a_wrong_ladder_is_refused_with_what_to_change(change: dict[str, Any], words: str):
    with pytest.raises(PolicyError) as refused:
        read_policy({"today": GOOD | change})
    assert str(refused.value) == words


def test_an_unknown_kind_is_refused():
    with pytest.raises(PolicyError, match=r"^There is no kind of case called tomorrow; there are danger, "):
        read_policy({"tomorrow": GOOD})


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), st.lists) | st.just({}))
def test_anything_else_is_refused_with_a_sentence(data: object):
    with pytest.raises(PolicyError):
        Ladder.from_json(data)


def test_the_usual_policy_of_a_whole_school_has_no_hole():
    assert holes(DEFAULT, STAFF, [7, 8], [7, 8]) == []


@pytest.mark.parametrize("kind", ["nudge", "priority"])
def test_a_ladder_that_shows_the_head_a_pupils_nudge_has_a_hole(kind: Kind):
    ladder = replace(DEFAULT[kind], rungs=(Rung(0, ("head",)), *DEFAULT[kind].rungs[1:]))
    assert holes({**DEFAULT, kind: ladder}, STAFF, [7, 8], [7, 8]) == [
        f"{kind}: the head sees totals only and could not open it; name somebody else."
    ]


def test_holes_are_named_with_what_to_change():
    gentle = Ladder((Rung(0, ("counsellor",)), Rung(5000, ("head",))), every=60, lapse=0)
    policy = {**DEFAULT, "danger": replace(DEFAULT["today"], clock="school"), "week": gentle}
    staff = [one for one in STAFF if not one.roles & {"dsl", "deputy_dsl", "head"}]
    assert holes(policy, staff, [7, 8], [7]) == [
        "No member of staff is a safeguarding lead (dsl): import one, or nothing can be owned.",
        "No member of staff is a deputy safeguarding lead (deputy_dsl): name one for a day without the lead.",
        "danger: the first rung must tell dsl and deputy_dsl, so that every safeguarding lead hears at once.",
        "danger: this cannot wait for school hours; set its clock to always.",
        "week: the last rung tells no safeguarding lead; add dsl or deputy_dsl to it.",
        "week: the last rung comes after more than ten school days; bring it forward.",
        "week: it tells counsellor, and nobody has that role.",
        "week: it tells head, and nobody has that role.",
        "nudge: year 8 has no head of year; that rung passes straight to the next.",
        "priority: year 8 has no head of year; that rung passes straight to the next.",
    ]
