"""The impact report: flags of eight weeks ago, how things were then and after, in words a governor can follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.commands.impact import gather, set_draw
from bot.impact_card import card_of
from bot.text import render
from conversations.bank import LATEST, load
from conversations.staff_impact import Found, impact_card
from scheduling.outcomes import Followed, follow_up_next
from scheduling.scoring import take_in
from signals.impact import Case
from store.sealing import Sealer
from store.tables import Audit, Flag, Request, School
from tests.bot.classroom import Classroom, classroom
from tests.bot.test_command_line import Earshot, _as_before, earshot, lay, made

__all__ = ["_as_before", "earshot", "made"]

STATE = [item for item in load(LATEST).items.values() if item.kind == "state"]


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


@pytest.mark.parametrize(("state", "acted"), [("taken", True), ("done", True), ("not_needed", False), ("new", False)])
def test_each_case_holds_how_things_were_at_the_flag_and_eight_weeks_later(room: Classroom, state: str, acted: bool):
    pupil, flags = room.pupil(7_000_000_001), []
    for week in range(24):
        room.clock.move(days=7)
        check_in = room.check_in(pupil)
        answers = []
        for item in (STATE[week % 15], STATE[(week + 4) % 15]):
            option = 0 if 6 <= week < 10 else 3
            answers.append([item.id, option if item.direction == 1 else 4 - option, 4_000])
        room.sealer.write(check_in, "answers", answers)
        check_in.state, check_in.ended_at = "answered", room.clock()
        room.session.add(check_in)
        room.session.commit()
        take_in(room.session, room.sealer, room.school, [pupil.id], room.clock(), flags.append)
    (flag,) = flags
    flag.state = state
    room.session.add(flag)
    room.session.commit()
    school = room.session.get_one(School, room.school.id)
    assert gather(room.session, room.sealer, school, flag.raised_at + timedelta(weeks=7)) == Followed((), ())
    (case,) = gather(room.session, room.sealer, school, room.clock()).nudged
    assert (case.group, case.acted) == (room.group.id.hex, acted)
    assert case.before < 0.0 < 0.4 < case.after
    # It was worked out once, of what was known eight weeks after, and stays.
    assert follow_up_next(room.session, room.sealer, room.school.id, room.clock()) is False
    again = gather(room.session, room.sealer, school, room.clock() + timedelta(days=300))
    assert again.nudged == (case,)
    assert {row.action for row in room.session.exec(select(Audit))} == {"read impact"}


def test_a_nudge_that_was_done_counts_as_taken_and_one_of_an_old_rule_not_at_all(room: Classroom):
    pupil = room.pupil(7_000_000_002)
    check_in = room.check_in(pupil)
    flag = Flag(
        school_id=room.school.id,
        pupil_id=pupil.id,
        group_id=room.group.id,
        check_in_id=check_in.id,
        rule="signals-1",
        raised_at=room.clock(),
        state="done",
    )
    room.sealer.write(flag, "reasons", {"signals": [3.5, 1.5, 0.5, 0.0]})
    room.session.add(flag)
    room.session.commit()
    school = room.session.get_one(School, room.school.id)
    room.clock.move(weeks=9)
    (case,) = gather(room.session, room.sealer, school, room.clock()).nudged
    # Of a pupil who answered nothing the middle is supposed.
    assert (case.acted, case.before, case.after) == (True, -0.5, 0.0)
    room.sealer.write(flag, "reasons", {"low": 3})
    room.session.add(flag)
    room.session.commit()
    assert gather(room.session, room.sealer, school, room.clock()).nudged == ()


@pytest.mark.parametrize(("weeks", "support"), [(1, True), (25, True), (27, False), (-1, False)])
def test_who_had_asked_for_an_adult_in_the_half_year_before_had_support(room: Classroom, weeks: int, support: bool):
    pupil = room.pupil(7_000_000_003)
    check_in, at = room.check_in(pupil), room.clock()
    flag = Flag(
        school_id=room.school.id,
        pupil_id=pupil.id,
        group_id=room.group.id,
        check_in_id=check_in.id,
        rule="signals-1",
        raised_at=at,
    )
    room.sealer.write(flag, "reasons", {"signals": [3.5, 1.5, 0.5, 0.0]})
    request = Request(school_id=room.school.id, pupil_id=pupil.id, asked_at=at - timedelta(weeks=weeks))
    room.session.add_all([flag, request])
    room.session.commit()
    school = room.session.get_one(School, room.school.id)
    room.clock.move(weeks=9)
    (case,) = gather(room.session, room.sealer, school, room.clock()).nudged
    assert case.support is support


def test_the_schools_agreement_to_the_draw_is_kept_and_audited(room: Classroom):
    school = room.session.get_one(School, room.school.id)
    for draw in (True, False):
        set_draw(room.session, school, room.clock(), draw=draw)
        room.session.commit()
        assert school.policy["draw"] is draw
    assert [row.action for row in room.session.exec(select(Audit))] == ["draw agreed", "draw ended"]


def words(matched: Found | None, drawn: Found | None = None, *, draws: bool = False, flagged: int = 60) -> list[str]:
    card = impact_card(flagged, 10, matched, drawn, draws=draws)
    return [render(line, "en", "Europe/London") for line in card.lines]


def test_it_says_what_comes_of_itself_beside_what_got_better():
    told = " ".join(words(Found(25, 64, 56, 0.1, -0.2, 0.4)))
    assert "64 per cent of the first were better. Of the second it was 56:" in told
    assert "+0.10 SD (-0.20 to +0.40): no more than chance could do" in told
    assert "observation" in told


@pytest.mark.parametrize(("lower", "upper", "verdict"), [(0.1, 0.5, "better"), (-0.5, -0.1, "worse")])
def test_a_difference_beyond_chance_is_named_whichever_way_it_goes(lower: float, upper: float, verdict: str):
    told = " ".join(words(Found(25, 64, 56, (lower + upper) / 2, lower, upper)))
    assert f"{verdict} than chance would do" in told


def test_of_too_few_it_says_that_it_says_nothing():
    assert words(None, flagged=1) == [
        "Too little to go by yet: 1 nudge is eight weeks old. It takes 10 pairs of like pupils."
    ]


def test_the_draw_has_lines_of_its_own_where_the_school_agreed():
    assert words(None, draws=True)[1:] == [
        "The order among near ties is drawn. At least 10 pupils on each side are needed."
    ]
    drawn = words(None, Found(12, 50, 40, 0.2, -0.1, 0.5), draws=True)
    assert drawn[1].startswith("By the draw: of those nudged about at once 50 per cent were better four weeks later")
    assert drawn[2].startswith("The difference is +0.20 SD")


def test_cases_become_the_card():
    assert card_of(Followed((), ()), draws=False).lines[0].count == 0
    arms = tuple(Case(f"G{n % 5}", n % 2 == 0, -1.0, 0.01 * (n % 3), 0.1 * (n % 7)) for n in range(40))
    assert len(card_of(Followed((), arms), draws=True).lines) == 3


def test_the_command_shows_what_came_of_it_and_sets_the_draw(made: Earshot) -> None:
    told = made("impact")
    assert (told.status, told.err) == (0, "")
    assert "eight weeks" in told.out
    assert made("impact", "--draw").out.startswith("From now on chance decides who of near ties is nudged about first")
    assert made("impact", "--no-draw").out.startswith("Nothing is drawn any more")


def test_without_a_school_the_command_says_what_to_do_first(earshot: Earshot, sqlite_template: bytes) -> None:
    lay(sqlite_template)
    told = earshot("impact")
    assert (told.status, told.out) == (1, "")
    assert "earshot init" in told.err
