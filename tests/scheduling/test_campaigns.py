"""Asking for go-tos: everybody once, a reminder once, cut off and begun again; handing over when an adult cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from bot.slack.desk import act
from bot.slack.press import Done, not_found_card
from conversations.model import Tap
from scheduling import away, campaigns
from scheduling.briefing import home
from scheduling.campaigns import CampaignProblem
from scheduling.jobs import set_standing
from store import gotos
from store.care_tables import Campaign, CampaignAsk, GoTo, GoToRefusal
from store.gotos import YearCoverage
from store.sealing import Sealer
from store.tables import Due, Pupil, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_group, make_pupil, make_staff

ROBIN, WREN, ASH, OLD = 7_000_000_001, 7_000_000_002, 7_000_000_003, 7_000_000_004
TUESDAY = datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
REMINDED = datetime(2026, 9, 11, 7, 30, tzinfo=UTC)
ASKED = "You can name two adults at school as your go-tos. When you ask to talk, they are asked first."
REMINDER = "You have no go-to yet. That is fine. If you like, you can choose one now."
GONE = "{name} cannot be your go-to any more."
STAYS = "{name} still is."


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.clock.now = TUESDAY
    for chat in (ROBIN, WREN):
        room.pupil(chat)
    session.commit()
    return room


def pupil_of(room: Classroom, number: int) -> Pupil:
    return sorted(room.rows(Pupil), key=lambda one: one.id)[number]


def begin(room: Classroom) -> bool:
    fresh = campaigns.start(room.session, room.school, room.clock())[1]
    room.session.commit()
    return fresh


def names(room: Classroom, number: int, place: int, adult: Staff) -> None:
    assert gotos.name(room.session, pupil_of(room, number), place, adult.id, room.clock())
    room.session.commit()


def named_for_now(room: Classroom, number: int) -> None:
    """Let a pupil's first go-to be away for long, and somebody be named for now."""
    names(room, number, 1, room.tutor)
    away.set_away(
        room.session, room.school, room.tutor, TUESDAY.date(), TUESDAY.date() + timedelta(days=14), None, TUESDAY
    )
    room.session.commit()
    room.run_due()
    names(room, number, gotos.FOR_NOW, room.lead)


def reminder_of(room: Classroom) -> Due:
    campaign = room.rows(Campaign)[0]
    return Due(subject=f"{campaign.id.hex}:{room.group.id.hex}")


def at(room: Classroom, moment: datetime) -> None:
    room.clock.now = moment
    room.run_due()


def press(room: Classroom, who: Staff, action: str, value: str = "school") -> Done:
    done = act(room.session, room.sealer, room.school, who, action, value, room.clock(), f"{action}{room.number}")
    room.number += 1
    room.session.commit()
    room.run_due()
    return done


def bulk(room: Classroom, words: str) -> int:
    return room.said(lane=2).count(words)


def test_every_pupil_who_joined_and_has_fewer_than_two_is_asked_in_the_bulk_lane(room: Classroom):
    room.pupil()
    room.pupil(ASH, status="stopped")
    third = room.pupil(OLD)
    third.held = True
    room.session.commit()
    names(room, 0, 1, room.tutor)
    for place, adult in ((1, room.tutor), (2, room.lead)):
        names(room, 1, place, adult)
    assert begin(room) is True
    room.run_due()
    assert [row.pupil_id for row in room.rows(CampaignAsk)] == [pupil_of(room, 0).id]
    assert (bulk(room, ASKED), len(room.outbox(network="telegram"))) == (1, 1)


def test_somebody_named_for_now_is_not_one_of_the_two_whom_a_round_asks_for(room: Classroom):
    named_for_now(room, 0)
    begin(room)
    room.run_due()
    assert [row.pupil_id for row in room.rows(CampaignAsk, pupil_id=pupil_of(room, 0).id)] == [pupil_of(room, 0).id]


def test_whoever_has_somebody_for_now_alone_is_reminded(room: Classroom):
    named_for_now(room, 0)
    begin(room)
    room.run_due()
    # Whoever is away says no meanwhile: who was named for now takes their place on the next school morning only.
    gotos.refuse(room.session, room.tutor, room.clock())
    room.session.commit()
    campaigns.remind_group(room.session, room.sealer, room.school, reminder_of(room), room.clock())
    room.session.commit()
    reminded = {row.pupil_id for row in room.rows(CampaignAsk) if row.reminded_at is not None}
    assert reminded == {one.id for one in room.rows(Pupil)} == gotos.coverage(room.session, room.school.id).nobody


def test_a_round_begun_again_asks_nobody_twice_and_goes_on_with_the_rest(room: Classroom, sealer: Sealer):
    later = make_group(room.session, room.school, "8A", 8)
    make_pupil(room.session, sealer, room.school, later, chat_id=ASH)
    begin(room)
    # It is cut off after the first group.
    assert room.runner.run_due(room.session, room.school)[0]
    room.session.commit()
    asked = len(room.rows(CampaignAsk))
    assert begin(room) is False
    room.run_due()
    assert (asked, len(room.rows(CampaignAsk)), bulk(room, ASKED)) == (2, 3, 3)
    assert [one.state for one in room.rows(Campaign)] == ["open"]


def test_groups_are_asked_a_little_apart(room: Classroom):
    for number in range(6):
        make_group(room.session, room.school, f"9{number}", 9)
    begin(room)
    times = sorted(due.due_at for due in room.rows(Due, kind="goto.ask"))
    assert [moment - TUESDAY for moment in times[3:]] == [timedelta(seconds=0.75 * n) for n in range(4)]


def test_one_reminder_comes_three_school_days_on_to_who_has_nobody(room: Classroom):
    begin(room)
    room.run_due()
    names(room, 1, 2, room.lead)
    at(room, REMINDED - timedelta(minutes=1))
    assert bulk(room, REMINDER) == 0
    at(room, REMINDED)
    assert (bulk(room, REMINDER), [row.reminded_at is not None for row in room.rows(CampaignAsk)].count(True)) == (1, 1)
    for _ in range(10):
        room.clock.move(days=1)
        room.run_due()
    assert (bulk(room, REMINDER), [one.state for one in room.rows(Campaign)]) == (1, ["closed"])


def test_a_round_that_was_stopped_asks_and_reminds_nobody(room: Classroom):
    begin(room)
    assert campaigns.stop(room.session, room.school.id) is True
    assert campaigns.stop(room.session, room.school.id) is False
    room.session.commit()
    at(room, REMINDED)
    assert (room.rows(CampaignAsk), room.outbox(network="telegram")) == ([], [])


def test_a_round_in_the_evening_keeps_to_quiet_hours(room: Classroom):
    room.clock.now = TUESDAY.replace(hour=22)
    begin(room)
    room.run_due()
    assert {row.not_before > room.clock() for row in room.outbox(network="telegram")} == {True}


def test_a_school_without_grounds_or_staff_asks_nobody(session: Session, sealer: Sealer):
    room = classroom(session, sealer)
    for staff in (room.tutor, room.lead):
        staff.active = False
        session.add(staff)
    session.flush()
    with pytest.raises(CampaignProblem, match="no member of staff"):
        campaigns.start(session, room.school, TUESDAY)
    room.school.policy.pop("basis")
    with pytest.raises(CampaignProblem, match="basis"):
        campaigns.start(session, room.school, TUESDAY)


# --- handing over -----------------------------------------------------------------------------------------------------


def test_who_left_is_handed_over_the_next_school_morning_and_the_pupil_is_asked_kindly(room: Classroom):
    set_standing(room.session, room.school, room.clock())
    names(room, 0, 1, room.tutor)
    names(room, 0, 2, room.lead)
    room.tutor.active = False
    room.session.add(room.tutor)
    room.session.commit()
    at(room, TUESDAY + timedelta(hours=1))
    assert room.outbox(network="telegram") == []
    at(room, TUESDAY + timedelta(days=1))
    assert (bulk(room, GONE), bulk(room, STAYS)) == (1, 1)
    rows = sorted((row.place, row.ended, row.until is None) for row in room.rows(GoTo))
    assert rows == [(1, "left", False), (2, "", True)]
    at(room, TUESDAY + timedelta(days=2))
    assert bulk(room, GONE) == 1


def test_who_says_no_and_changes_their_mind_before_morning_has_lost_nothing(room: Classroom):
    set_standing(room.session, room.school, room.clock())
    names(room, 0, 1, room.tutor)
    press(room, room.tutor, "goto_no")
    assert [row.staff_id for row in room.rows(GoToRefusal)] == [room.tutor.id]
    press(room, room.tutor, "goto_no")
    press(room, room.tutor, "goto_yes")
    press(room, room.tutor, "goto_yes")
    at(room, TUESDAY + timedelta(days=1))
    assert (room.rows(GoToRefusal), room.outbox(network="telegram")) == ([], [])
    assert [row.until for row in room.rows(GoTo)] == [None]


def test_who_says_no_cannot_be_named_and_is_handed_over(room: Classroom):
    set_standing(room.session, room.school, room.clock())
    names(room, 0, 1, room.tutor)
    press(room, room.tutor, "goto_no")
    assert gotos.name(room.session, pupil_of(room, 1), 1, room.tutor.id, room.clock()) is False
    assert gotos.of_pupil(room.session, pupil_of(room, 0)) == []
    at(room, TUESDAY + timedelta(days=1))
    assert ([row.ended for row in room.rows(GoTo)], bulk(room, GONE), bulk(room, STAYS)) == (["refused"], 1, 0)


# --- naming -----------------------------------------------------------------------------------------------------------


def test_naming_keeps_the_history_and_swaps_places(room: Classroom):
    names(room, 0, 1, room.tutor)
    names(room, 0, 2, room.lead)
    room.clock.move(hours=1)
    names(room, 0, 1, room.lead)
    pupil = pupil_of(room, 0)
    standing = gotos.standing(room.session, pupil.id)
    assert {place: row.staff_id for place, row in standing.items()} == {1: room.lead.id, 2: room.tutor.id}
    assert sorted(row.ended for row in room.rows(GoTo)) == ["", "", "changed", "changed"]
    names(room, 0, 1, room.lead)
    assert len(room.rows(GoTo)) == 4


def test_the_second_made_the_first_leaves_its_place_empty_when_nobody_stood_there(room: Classroom):
    names(room, 0, 2, room.lead)
    names(room, 0, 1, room.lead)
    assert {place: row.staff_id for place, row in gotos.standing(room.session, pupil_of(room, 0).id).items()} == {
        1: room.lead.id
    }


def test_a_tap_names_an_adult_and_a_forged_one_nobody(room: Classroom, sealer: Sealer):
    installer = make_staff(room.session, sealer, room.school, "installer")
    room.session.commit()
    room.say(ROBIN, Tap(f"goto:1:a:{installer.id.hex}"), message_id=3)
    room.say(ROBIN, Tap("goto:1:a:nobody"), message_id=3)
    room.say(ROBIN, Tap(f"goto:3:a:{room.tutor.id.hex}"), message_id=3)
    assert (room.rows(GoTo), room.failures()) == ([], [])
    room.say(ROBIN, Tap(f"goto:1:a:{room.tutor.id.hex}"), message_id=3)
    assert [(row.place, row.staff_id) for row in room.rows(GoTo)] == [(1, room.tutor.id)]


# --- how a school stands ----------------------------------------------------------------------------------------------


def test_coverage_counts_by_year_and_only_who_can_be_asked(room: Classroom, sealer: Sealer):
    eight = make_group(room.session, room.school, "8A", 8)
    make_pupil(room.session, sealer, room.school, eight)
    make_pupil(room.session, sealer, room.school, eight, status="left")
    names(room, 0, 1, room.tutor)
    names(room, 0, 2, room.lead)
    names(room, 1, 1, room.lead)
    stands = gotos.coverage(room.session, room.school.id)
    assert stands.years == (YearCoverage(7, 1, 1, 0), YearCoverage(8, 0, 0, 1))
    assert stands.named == {room.tutor.id: 1, room.lead.id: 2}
    assert stands.by_year == {room.tutor.id: {7: 1}, room.lead.id: {7: 2}}
    gotos.refuse(room.session, room.lead, TUESDAY)
    assert gotos.coverage(room.session, room.school.id).years[0] == YearCoverage(7, 0, 1, 1)


@pytest.mark.parametrize(("namings", "adults", "many"), [(0, 0, 10), (4, 2, 10), (2070, 90, 46), (2071, 90, 47)])
def test_many_is_twice_an_even_share_and_ten_at_least(namings: int, adults: int, many: int):
    assert gotos.many(namings, adults) == many


def test_home_shows_leads_how_the_school_stands_and_adults_only_by_how_many(room: Classroom):
    def shown(who: Staff) -> list[str]:
        cards = home(room.session, room.sealer, room.school, who, room.clock())
        room.session.commit()
        return [line.text for card in cards if card.title.text == "Go-to adults" for line in card.lines]

    names(room, 0, 1, room.tutor)
    assert shown(room.lead) == ["Year {year}: {two} have two, {one} have one, {nobody} have nobody."]
    assert shown(room.tutor) == ["{count} pupil named you as a go-to."]
    press(room, room.tutor, "goto_no")
    assert shown(room.tutor) == ["You said that you cannot be a go-to now. Pupils are asked for somebody else."]


def test_leads_see_who_has_nobody_and_who_is_named_by_many(room: Classroom, sealer: Sealer):
    eight = make_group(room.session, room.school, "8A", 8)
    for number in range(10):
        group = room.group if number < 7 else eight
        pupil = make_pupil(room.session, sealer, room.school, group, chat_id=ASH + number)
        assert gotos.name(room.session, pupil, 1, room.tutor.id, TUESDAY)
    room.session.commit()
    done = press(room, room.lead, "goto_nobody")
    assert done.modal is not None
    (line,) = done.modal.lines
    mine = sorted(sealer.read(pupil_of(room, number), "name") for number in (0, 1))
    assert dict(line.params) == {"group": "7B", "names": ", ".join(mine)}
    many = press(room, room.lead, "goto_many").modal
    assert many is not None
    assert [(dict(one.params)["count"], dict(one.params)["years"]) for one in many.lines] == [(10, "7: 7, 8: 3")]


def test_a_lead_asks_every_pupil_from_home_after_reading_what_it_means(room: Classroom):
    asks = press(room, room.lead, "goto_ask").modal
    assert asks is not None
    assert [button.action for button in asks.buttons] == ["goto_ask_yes"]
    assert room.rows(Campaign) == []
    press(room, room.lead, "goto_ask_yes")
    press(room, room.lead, "goto_ask_yes")
    assert (len(room.rows(Campaign)), bulk(room, ASKED)) == (1, 2)
    assert len(room.outbox(network="slack", method="post")) == 1
    press(room, room.lead, "goto_stop")
    assert [one.state for one in room.rows(Campaign)] == ["stopped"]


@pytest.mark.parametrize("action", ["goto_ask", "goto_ask_yes", "goto_stop", "goto_nobody", "goto_many"])
def test_what_is_for_leads_is_for_nobody_else(room: Classroom, action: str):
    assert press(room, room.tutor, action) == Done(modal=not_found_card())
    assert (room.rows(Campaign), room.outbox()) == ([], [])
