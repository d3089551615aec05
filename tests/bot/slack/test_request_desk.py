"""Talking to someone, from the tap to whether it happened: who is told and when, what the pupil reads, what climbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlmodel import Session

from bot.slack.desk import act
from bot.slack.press import Done, not_found_card
from conversations.model import Tap, Text
from scheduling import handing_on, unreached
from scheduling.briefing import home
from store import gotos, outbox
from store.care_tables import Wish
from store.outbox import claim
from store.sealing import Sealer
from store.tables import LANES, Due, Escalation, Request, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_staff

ROBIN = 7_000_000_001
OTHER_PUPIL = 7_000_000_002
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
SATURDAY_NIGHT = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
WILL_TODAY = "{name} will find you today."
WILL_TOMORROW = "{name} will find you tomorrow."
WILL_LATER = "{name} will find you on the next school day."
CANNOT = "{name} cannot find you this time."
ASKING = "I am asking {name} now."
ASKING_LEADS = "I am asking the safeguarding leads at your school now."
CHANGED = "It has changed."
NOT_REACHED = "I could not reach anyone at your school yet. I keep trying."
NO_ANSWER = "No answer has come yet."
RING = "Please do not wait: ring {number}."
THERE_NOW = "If you cannot wait, these people are there now:"
MET = "{name} was going to find you. Have you talked?"


@dataclass
class Scene:
    """A pupil with two go-tos and a tutor, a lead and a deputy."""

    room: Classroom
    first: Staff
    second: Staff
    deputy: Staff
    keys: count[int] = field(default_factory=count)

    def asks(self, adult: Staff | None, soon: str = "today", chat: int = ROBIN) -> Request:
        self.room.say(chat, Tap(f"talk:at:{adult.id.hex if adult else 'leads'}:{soon}"), message_id=5)
        self.room.run_due()
        return self.request()

    def request(self) -> Request:
        found: list[Request] = self.room.rows(Request)
        return found[-1]

    def press(self, who: Staff, action: str) -> Done:
        room = self.room
        request = self.request()
        key = f"press{next(self.keys)}"
        done = act(room.session, room.sealer, room.school, who, action, request.id.hex, room.clock(), key)
        room.session.commit()
        room.run_due()
        return done

    def told(self) -> list[str]:
        """Who was sent a card, in order."""
        names = {f"staff:{one.id.hex}": one for one in self.room.rows(Staff)}
        rows = self.room.outbox(network="slack", method="post")
        return [self.name(names[row.recipient]) for row in rows]

    def name(self, staff: Staff) -> str:
        known = {self.first.id: "first", self.second.id: "second", self.room.tutor.id: "tutor"}
        return {**known, self.room.lead.id: "lead", self.deputy.id: "deputy"}[staff.id]

    def heard(self) -> list[str]:
        """What the pupil was told since asking, without the answers to taps."""
        return [
            phrase["t"]
            for row in self.room.outbox(network="telegram", method="send")
            for phrase in self.room.payload(row)["message"]["paragraphs"]
        ]

    def lines(self) -> list[str]:
        """The lines of the card as it was last sent or changed."""
        row = self.room.outbox(network="slack")[-1]
        return [line["t"] for line in self.room.payload(row)["card"]["lines"]]

    def climbs(self, *moments: datetime) -> None:
        """Move on through the moments at which a step is due, for each waits from the one before."""
        for moment in moments:
            self.at(moment)

    def at(self, moment: datetime, *, slack: bool = True) -> None:
        """Move on to a moment; what was written to staff has arrived before unless Slack is away."""
        room = self.room
        if slack:
            for letter in claim(
                room.session,
                room.sealer,
                network="slack",
                now=room.clock(),
                worker="t",
                lanes=LANES.values(),
                limit=99,
            ):
                outbox.sent(room.session, room.sealer, letter, room.clock(), {"channel": "D1", "ts": "1"})
        room.clock.now = moment
        room.run_due()


def make_scene(session: Session, sealer: Sealer) -> Scene:
    room = classroom(session, sealer)
    room.clock.now = TUESDAY
    first, second = (make_staff(session, sealer, room.school) for _ in range(2))
    deputy = make_staff(session, sealer, room.school, "deputy_dsl")
    pupil = room.pupil(ROBIN)
    for place, adult in ((1, first), (2, second)):
        assert gotos.name(session, pupil, place, adult.id, TUESDAY)
    session.commit()
    return Scene(room, first, second, deputy)


@pytest.fixture
def scene(session: Session, sealer: Sealer) -> Scene:
    return make_scene(session, sealer)


def sentence(done: Done) -> str:
    assert done.modal is not None
    (line,) = done.modal.lines
    return line.text


# --- who is told, and when --------------------------------------------------------------------------------------------


def test_the_adult_chosen_is_told_at_once_and_nobody_else(scene: Scene):
    request = scene.asks(scene.first)
    wish = scene.room.rows(Wish)[0]
    assert (scene.told(), wish.chosen_id, wish.told) == (["first"], scene.first.id, [scene.first.id.hex])
    assert (request.state, request.danger, request.owner_id) == ("open", False, None)


def test_what_nobody_answers_today_goes_to_the_other_and_then_to_the_leads(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=44))
    assert scene.told() == ["first"]
    scene.at(TUESDAY + timedelta(minutes=45))
    assert scene.told()[1:] == ["first", "second"]
    scene.at(TUESDAY + timedelta(minutes=89))
    assert len(scene.told()) == 3
    scene.at(TUESDAY + timedelta(minutes=90))
    assert scene.told()[3:] == ["lead", "deputy"]


def test_this_week_climbs_by_school_days(scene: Scene):
    scene.asks(scene.first, "week")
    assert scene.room.rows(Escalation)[0].kind == "week"
    scene.at(TUESDAY + timedelta(days=1) - timedelta(minutes=1))
    assert scene.told() == ["first"]
    scene.at(TUESDAY + timedelta(days=1))
    assert scene.told()[1:] == ["first", "second"]
    # Wednesday at 10:00 and a school day.
    scene.at(TUESDAY + timedelta(days=2))
    assert scene.told()[3:] == ["lead", "deputy"]


def test_who_asks_for_the_leads_reaches_all_of_them_at_once(scene: Scene):
    scene.asks(None)
    assert scene.told() == ["lead", "deputy"]


def test_what_is_asked_at_the_weekend_is_told_when_school_opens(scene: Scene):
    scene.room.clock.now = SATURDAY_NIGHT
    scene.asks(scene.second)
    assert scene.told() == []
    assert "School is closed. They should see it when it opens: {when}." in scene.room.said()
    scene.at(MONDAY)
    assert scene.told() == ["second"]


def test_a_pupil_cannot_ask_for_an_adult_who_is_not_theirs(scene: Scene):
    stranger = make_staff(scene.room.session, scene.room.sealer, scene.room.school)
    scene.room.session.commit()
    scene.room.say(ROBIN, Tap(f"talk:at:{stranger.id.hex}:today"), message_id=5)
    assert (scene.room.rows(Request), scene.room.rows(Due)) == ([], [])
    assert "That adult cannot be asked just now. Here is who can." in scene.room.said()


def test_asking_twice_tells_nobody_twice(scene: Scene):
    scene.asks(scene.first)
    scene.asks(scene.first)
    assert (len(scene.room.rows(Request)), scene.told()) == (1, ["first"])


def test_choosing_somebody_else_while_nobody_has_answered_tells_them_too(scene: Scene):
    scene.asks(scene.first)
    scene.asks(scene.second)
    assert (len(scene.room.rows(Request)), scene.told()) == (1, ["first", "second"])


def test_this_week_does_not_slow_what_is_for_today_and_today_quickens_the_week(scene: Scene):
    scene.asks(scene.first)
    scene.asks(scene.first, "week")
    assert [case.kind for case in scene.room.rows(Escalation)] == ["today"]
    other = scene.room.pupil(OTHER_PUPIL)
    scene.asks(scene.room.tutor, "week", OTHER_PUPIL)
    scene.asks(scene.room.tutor, "today", OTHER_PUPIL)
    kinds = [case.kind for case in scene.room.rows(Escalation) if case.request_id == scene.request().id]
    assert (scene.request().pupil_id, kinds) == (other.id, ["today"])


def test_danger_goes_to_every_lead_whoever_was_asked_before(scene: Scene):
    scene.asks(scene.first)
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    assert (len(scene.room.rows(Request)), scene.request().danger) == (1, True)
    assert scene.told() == ["first", "lead", "deputy"]


def test_what_became_danger_is_for_the_leads_alone_whoever_has_an_older_card(scene: Scene):
    scene.asks(scene.first)
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    for action in ("request_today", "request_own", "request_done", "request_cannot", "request_back"):
        assert sentence(scene.press(scene.first, action)).startswith("This has become urgent since.")
    assert (scene.request().state, scene.request().owner_id) == ("open", None)
    scene.press(scene.room.lead, "request_own")
    assert scene.request().owner_id == scene.room.lead.id


# --- what the adult answers -------------------------------------------------------------------------------------------


def test_a_promise_is_told_at_once_and_again_when_it_changes(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    assert scene.heard() == [WILL_TODAY]
    request = scene.request()
    assert (request.state, request.owner_id) == ("owned", scene.first.id)
    scene.press(scene.first, "request_tomorrow")
    assert scene.heard() == [WILL_TODAY, CHANGED, WILL_TOMORROW]


def test_a_button_pressed_twice_says_nothing_twice(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    assert scene.press(scene.first, "request_today").modal is None
    assert scene.heard() == [WILL_TODAY]
    assert scene.room.rows(Wish)[0].promises == 1


def test_tomorrow_on_a_friday_is_the_next_school_day(scene: Scene):
    scene.room.clock.now = FRIDAY
    scene.asks(scene.first)
    scene.press(scene.first, "request_tomorrow")
    assert scene.heard() == [WILL_LATER]
    assert scene.room.rows(Wish)[0].promised_for == datetime(2026, 11, 30, 15, 30, tzinfo=UTC)


def test_today_pressed_when_school_is_over_is_the_next_school_day(scene: Scene):
    scene.asks(scene.first)
    scene.room.clock.now = TUESDAY.replace(hour=16)
    scene.press(scene.first, "request_today")
    assert scene.heard() == [WILL_TOMORROW]


def test_who_cannot_hands_it_to_the_other_and_the_pupil_is_told(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_cannot")
    assert (scene.told(), scene.heard()) == (["first", "second"], [CANNOT, ASKING])
    scene.press(scene.second, "request_cannot")
    assert scene.told() == ["first", "second", "tutor"]
    scene.press(scene.room.tutor, "request_cannot")
    assert scene.told() == ["first", "second", "tutor", "lead", "deputy"]
    assert scene.heard()[-2:] == [CANNOT, ASKING_LEADS]


def test_who_promised_and_cannot_after_all_hands_it_on(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_cannot")
    request = scene.request()
    assert (request.state, request.owner_id, scene.told()) == ("open", None, ["first", "second"])
    assert scene.heard() == [WILL_TODAY, CANNOT, ASKING]


def test_passing_on_never_slows_the_climb(scene: Scene):
    scene.asks(scene.first)
    scene.room.clock.move(minutes=40)
    scene.press(scene.first, "request_cannot")
    assert scene.told() == ["first", "second"]
    scene.at(TUESDAY + timedelta(minutes=45))
    assert sorted(scene.told()[2:]) == ["second", "tutor"]
    scene.at(TUESDAY + timedelta(minutes=90))
    assert scene.told()[4:] == ["lead", "deputy"]


def test_what_is_passed_on_at_night_is_told_in_the_morning(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.room.clock.now = TUESDAY.replace(hour=22)
    scene.press(scene.first, "request_cannot")
    assert scene.told() == ["first"]
    scene.at(WEDNESDAY)
    assert scene.told()[1] == "second"


def test_a_lead_cannot_pass_on_what_came_to_the_leads(scene: Scene):
    scene.asks(None)
    done = scene.press(scene.room.lead, "request_cannot")
    assert sentence(done).startswith("It has come to the safeguarding leads")
    assert (scene.request().state, scene.heard()) == ("open", [])


def test_the_second_to_answer_is_told_who_was_first(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=45))
    scene.press(scene.second, "request_today")
    assert sentence(scene.press(scene.first, "request_today")) == "{owner} already owns this. The pupil has been told."
    assert (scene.request().owner_id, scene.heard()) == (scene.second.id, [WILL_TODAY])


def test_somebody_who_was_not_asked_sees_and_changes_nothing(scene: Scene):
    scene.asks(scene.first)
    for action in ("request_today", "request_tomorrow", "request_cannot", "request_done", "request_who"):
        assert scene.press(scene.second, action) == Done(modal=not_found_card())
        assert scene.press(scene.room.tutor, action) == Done(modal=not_found_card())
    assert (scene.request().state, scene.heard(), scene.told()) == ("open", [], ["first"])


def test_who_was_asked_reads_the_name_and_it_is_recorded(scene: Scene):
    scene.asks(scene.first)
    done = scene.press(scene.first, "request_who")
    assert done.modal is not None
    assert done.modal.lines[0].text == "{name} ({group})"


def test_a_press_after_it_was_closed_changes_nothing(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=45))
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_done")
    for action in ("request_today", "request_tomorrow", "request_cannot", "request_done"):
        assert scene.press(scene.first, action).modal is None
        assert scene.press(scene.second, action) == Done(modal=not_found_card())
        assert scene.press(scene.room.lead, action).modal is not None
    assert (scene.request().state, scene.heard()) == ("done", [WILL_TODAY])
    assert [case.state for case in scene.room.rows(Escalation)] == ["closed"]


def test_we_have_talked_is_taken_back_by_who_said_so(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_done")
    for other in (scene.second, scene.room.lead):
        scene.press(other, "request_undo")
        assert scene.request().state == "done"
    scene.press(scene.first, "request_undo")
    (case,) = scene.room.rows(Escalation)
    assert (scene.request().state, scene.request().owner_id) == ("owned", scene.first.id)
    assert (case.state, case.owner_id, case.lapses_at is None) == ("owned", scene.first.id, False)
    # Pressed again it changes nothing; what was promised is still asked about.
    assert scene.press(scene.first, "request_undo").modal is None
    scene.at(WEDNESDAY)
    assert scene.heard() == [WILL_TODAY, MET]
    scene.at(case.lapses_at)
    assert scene.request().state == "open"


def test_we_have_talked_in_danger_is_taken_back_and_lapses_again(scene: Scene):
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    for action in ("request_own", "request_done", "request_undo"):
        scene.press(scene.room.lead, action)
    assert scene.request().state == "owned"
    scene.at(TUESDAY + timedelta(minutes=30))
    assert scene.request().state == "open"


def test_what_the_pupil_says_was_so_is_not_taken_back(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_done")
    scene.at(WEDNESDAY)
    scene.room.say(ROBIN, Tap(f"talk:met:{scene.request().id.hex}:1:yes"), message_id=9)
    scene.press(scene.first, "request_undo")
    assert scene.request().state == "done"


def test_every_copy_shows_who_will_find_them(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=45))
    scene.at(TUESDAY + timedelta(minutes=90))
    before = len(scene.room.outbox(network="slack", method="update"))
    scene.press(scene.room.lead, "request_today")
    updates = scene.room.outbox(network="slack", method="update")[before:]
    assert {row.recipient for row in updates} == {
        f"staff:{one.id.hex}" for one in (scene.first, scene.second, scene.room.lead, scene.deputy)
    }
    assert "{owner} will find them by {until}. The pupil has been told." in scene.lines()


def test_home_shows_a_request_to_whom_it_was_sent_until_they_pass_it_on(scene: Scene):
    def shown(who: Staff) -> list[str]:
        room = scene.room
        cards = home(room.session, room.sealer, room.school, who, room.clock())
        room.session.commit()
        return [card.title.text for card in cards if "asks to talk" in card.title.text]

    scene.asks(scene.first)
    assert [shown(one) for one in (scene.first, scene.second)] == [["{pupil} ({group}) asks to talk to someone"], []]
    scene.press(scene.first, "request_cannot")
    assert [shown(one) for one in (scene.first, scene.second)] == [[], ["{pupil} ({group}) asks to talk to someone"]]


# --- Slack is away ----------------------------------------------------------------------------------------------------


def test_a_pupil_hears_once_that_nobody_could_be_reached_and_what_is_answered_later(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=9), slack=False)
    assert scene.heard() == []
    scene.at(TUESDAY + timedelta(minutes=10), slack=False)
    assert scene.heard()[:2] == [NOT_REACHED, "If you cannot wait, these people are there now:"]
    before = scene.heard()
    scene.at(TUESDAY + timedelta(minutes=20), slack=False)
    scene.press(scene.first, "request_today")
    assert scene.heard() == [*before, WILL_TODAY]


def test_in_danger_a_pupil_hears_after_two_minutes_that_nobody_could_be_reached(scene: Scene):
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    card = scene.heard()
    scene.at(TUESDAY + timedelta(minutes=2), slack=False)
    assert scene.heard()[len(card) :][:2] == [NOT_REACHED, "Please do not wait: ring {number}."]


def test_a_pupil_whose_wish_has_arrived_hears_nothing_of_it(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=1))
    scene.at(TUESDAY + timedelta(minutes=30))
    assert scene.heard() == []


def test_what_is_asked_at_night_may_be_on_its_way_from_when_school_opens(scene: Scene):
    scene.at(SATURDAY_NIGHT)
    scene.asks(scene.first)
    scene.at(MONDAY, slack=False)
    assert scene.heard() == []
    scene.at(MONDAY + timedelta(minutes=10), slack=False)
    assert scene.heard()[0] == NOT_REACHED


def test_repeats_that_slack_kept_back_do_not_come_once_somebody_owns_it(scene: Scene):
    room = scene.room
    room.say(ROBIN, Tap("talk:danger"), message_id=5)
    room.run_due()
    scene.at(TUESDAY + timedelta(minutes=1))
    for minutes in (5, 10, 15):
        scene.at(TUESDAY + timedelta(minutes=minutes), slack=False)
    assert scene.told() == ["lead", "deputy"] * 4
    scene.press(room.lead, "request_own")
    states = [row.state for row in room.outbox(network="slack", method="post")]
    assert states == ["sent"] * 2 + ["replaced"] * 6
    # Both copies that are there say who owns it.
    assert [row.recipient for row in room.outbox(network="slack", method="update")] == [
        f"staff:{one.id.hex}" for one in (room.lead, scene.deputy)
    ]


def test_whoever_has_no_copy_yet_gets_the_first_and_no_more(scene: Scene):
    room = scene.room
    room.say(ROBIN, Tap("talk:danger"), message_id=5)
    room.run_due()
    scene.at(TUESDAY + timedelta(minutes=5), slack=False)
    scene.press(room.lead, "request_own")
    rows = room.outbox(network="slack", method="post")
    assert [row.state for row in rows] == ["waiting"] * 2 + ["replaced"] * 2
    assert {row.slot for row in room.outbox(network="slack", method="update")} == {row.slot for row in rows[:2]}


# --- nobody has it any more -------------------------------------------------------------------------------------------


def test_a_pupil_in_danger_hears_at_once_that_it_is_handed_back_and_whom_to_ring(scene: Scene):
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    scene.press(scene.room.lead, "request_own")
    before = scene.heard()
    scene.press(scene.room.lead, "request_back")
    said = scene.heard()[len(before) :]
    assert said[:3] == [CHANGED, ASKING_LEADS, RING]
    assert "Emergency: ring {number}. It is free and always open." in said
    # Pressed again nothing more comes, and who owns it next is told.
    scene.press(scene.room.lead, "request_back")
    scene.press(scene.deputy, "request_own")
    assert scene.heard()[len(before) + len(said) :] == ["{name} has seen this and will find you."]


def test_a_pupil_in_danger_hears_that_it_lapsed(scene: Scene):
    scene.room.say(ROBIN, Text("i want to kill myself"), message_id=5)
    scene.room.run_due()
    scene.press(scene.room.lead, "request_own")
    before = len(scene.heard())
    scene.at(TUESDAY + timedelta(minutes=30))
    assert (scene.request().state, scene.heard()[before : before + 3]) == ("open", [CHANGED, ASKING_LEADS, RING])


def test_a_pupil_in_danger_hears_that_who_has_it_is_away(scene: Scene):
    room = scene.room
    room.say(ROBIN, Tap("talk:danger"), message_id=5)
    room.run_due()
    scene.press(room.lead, "request_own")
    before = len(scene.heard())
    handing_on.of_who_is_away(room.session, room.sealer, room.school, room.lead.id, WEDNESDAY, room.clock())
    room.session.commit()
    room.run_due()
    assert scene.heard()[before : before + 3] == [CHANGED, ASKING_LEADS, RING]


def test_a_pupil_whom_nobody_answers_hears_so_once_when_the_day_is_over(scene: Scene):
    scene.asks(scene.first)
    scene.climbs(*(TUESDAY + timedelta(minutes=minutes) for minutes in (45, 90)), TUESDAY.replace(hour=15, minute=29))
    assert scene.heard() == []
    scene.at(TUESDAY.replace(hour=15, minute=30))
    assert scene.heard()[:3] == [NO_ANSWER, ASKING_LEADS, THERE_NOW]
    for days in (0, 1, 2):
        scene.at(WEDNESDAY + timedelta(days=days, hours=7))
    assert scene.heard().count(NO_ANSWER) == 1


def test_a_pupil_who_asks_the_leads_after_somebody_could_not_hears_that_they_do_not_answer(scene: Scene):
    scene.asks(scene.room.tutor)
    scene.press(scene.room.tutor, "request_today")
    scene.press(scene.room.tutor, "request_cannot")
    scene.asks(None, "week")
    scene.at(WEDNESDAY)
    assert scene.heard().count(NO_ANSWER) == 1


def test_a_pupil_who_asks_for_this_week_hears_after_two_school_days(scene: Scene):
    scene.asks(scene.first, "week")
    for days in (1, 2):
        assert NO_ANSWER not in scene.heard()
        scene.climbs(TUESDAY + timedelta(days=days), TUESDAY + timedelta(days=days, minutes=2))
    assert scene.heard().count(NO_ANSWER) == 1


def test_asking_again_for_this_week_does_not_put_off_hearing_that_nobody_answers(scene: Scene):
    scene.asks(scene.first, "week")
    for hours, adult in ((4, scene.second), (24, scene.first), (28, scene.room.tutor), (47, scene.second)):
        scene.at(TUESDAY + timedelta(hours=hours))
        scene.asks(adult, "week")
    assert NO_ANSWER not in scene.heard()
    scene.climbs(TUESDAY + timedelta(days=2), TUESDAY + timedelta(days=2, minutes=2))
    assert scene.heard().count(NO_ANSWER) == 1
    # Whom they ask after that has a time of their own, and the pupil hears again.
    scene.asks(scene.first, "week")
    for hours in (1, 5, 24, 29):
        scene.at(TUESDAY + timedelta(days=2, hours=hours))
    assert scene.heard().count(NO_ANSWER) == 1
    scene.climbs(*(datetime(2026, 11, 30, 10, minute, tzinfo=UTC) for minute in (0, 2)))
    assert scene.heard().count(NO_ANSWER) == 2


def test_asking_for_today_what_was_for_this_week_does_not_put_it_off_either(scene: Scene):
    scene.asks(scene.first, "week")
    scene.at(TUESDAY + timedelta(hours=46, minutes=30))
    scene.asks(scene.first)
    # As soon as the leads are told, as today's ladder has it; not when school is over.
    scene.climbs(*(TUESDAY + timedelta(hours=46, minutes=30 + minutes) for minutes in (45, 90, 92)))
    assert ("lead" in scene.told(), scene.heard().count(NO_ANSWER)) == (True, 1)


def test_asking_again_does_not_put_off_hearing_that_nobody_was_reached(scene: Scene):
    scene.asks(scene.first)
    scene.at(TUESDAY + timedelta(minutes=9), slack=False)
    scene.asks(scene.second)
    scene.at(TUESDAY + timedelta(minutes=10), slack=False)
    assert scene.heard().count(NOT_REACHED) == 1


def test_a_pupil_hears_that_nobody_answers_only_after_the_leads_were_told(scene: Scene):
    scene.room.clock.now = TUESDAY.replace(hour=15)
    scene.asks(scene.first)
    scene.climbs(*(WEDNESDAY + timedelta(minutes=minutes) for minutes in (15, 59)))
    assert (scene.heard(), "lead" in scene.told()) == ([], False)
    scene.climbs(*(WEDNESDAY + timedelta(minutes=minutes) for minutes in (60, 62)))
    assert (scene.heard().count(NO_ANSWER), scene.told()[-2:]) == (1, ["lead", "deputy"])


def test_a_promise_passed_on_a_day_later_and_answered_by_nobody_is_told_too(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_tomorrow")
    scene.at(WEDNESDAY)
    assert NO_ANSWER not in scene.heard()
    scene.press(scene.first, "request_cannot")
    scene.climbs(*(WEDNESDAY + timedelta(minutes=minutes) for minutes in (45, 90)))
    scene.at(WEDNESDAY.replace(hour=15, minute=30))
    assert scene.heard().count(NO_ANSWER) == 1


def test_who_was_found_or_never_reached_anybody_does_not_hear_that_no_answer_came(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_done")
    scene.room.pupil(OTHER_PUPIL)
    scene.room.session.commit()
    scene.at(TUESDAY)
    scene.asks(None, chat=OTHER_PUPIL)
    for minutes in (45, 90, 150, 330):
        scene.at(TUESDAY + timedelta(minutes=minutes), slack=False)
    assert (scene.heard().count(NO_ANSWER), scene.heard().count(NOT_REACHED)) == (0, 1)
    # It arrives in the evening after all.
    scene.at(WEDNESDAY)
    assert scene.heard().count(NO_ANSWER) == 1


# --- nobody there -----------------------------------------------------------------------------------------------------


def test_an_adult_without_slack_is_passed_over_at_once(scene: Scene):
    scene.asks(scene.first)
    room = scene.room
    (letter,) = claim(
        room.session, room.sealer, network="slack", now=room.clock(), worker="w", lanes=LANES.values(), limit=9
    )
    unreached.note(room.session, letter, room.clock())
    room.session.commit()
    room.run_due()
    assert (scene.told(), scene.heard()) == (["first", "second"], [CANNOT, ASKING])
    # A second copy that could not arrive either changes nothing more.
    unreached.note(room.session, letter, room.clock())
    room.session.commit()
    room.run_due()
    assert len(scene.told()) == 2


def test_an_adult_who_has_left_since_is_passed_over(scene: Scene):
    scene.room.clock.now = SATURDAY_NIGHT
    scene.asks(scene.first)
    scene.first.active = False
    scene.room.session.add(scene.first)
    scene.room.session.commit()
    scene.at(MONDAY)
    assert scene.told() == ["second"]


def test_with_no_lead_it_comes_to_the_head_and_with_nobody_the_pupil_is_told_so(session: Session, sealer: Sealer):
    room = classroom(session, sealer)
    room.clock.now = TUESDAY
    room.lead.roles = ["head"]
    session.add(room.lead)
    room.pupil(ROBIN)
    session.commit()
    room.say(ROBIN, Tap("talk:at:leads:today"), message_id=5)
    room.run_due()
    assert [row.recipient for row in room.outbox(network="slack")] == [f"staff:{room.lead.id.hex}"]
    for one in (room.lead, room.tutor):
        one.active = False
        session.add(one)
    session.commit()
    room.say(ROBIN, Tap("talk"))
    assert "I have nobody at your school to ask just now. Please tell an adult near you." in room.said()


# --- what is not kept -------------------------------------------------------------------------------------------------


def test_the_pupil_is_asked_once_the_school_day_after_and_yes_ends_it(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.at(WEDNESDAY - timedelta(minutes=1))
    assert MET not in scene.heard()
    scene.at(WEDNESDAY)
    scene.room.say(ROBIN, Tap(f"talk:met:{scene.request().id.hex}:1:yes"), message_id=9)
    assert (scene.request().state, scene.room.rows(Escalation)[0].state) == ("done", "closed")
    for _ in range(20):
        scene.room.clock.move(hours=12)
        scene.room.run_due()
    assert (scene.heard().count(MET), scene.told()) == (1, ["first"])


def test_not_yet_opens_it_again_for_both_at_once_and_it_climbs(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.press(scene.first, "request_done")
    scene.at(WEDNESDAY)
    assert scene.heard()[-1] == MET
    scene.room.say(ROBIN, Tap(f"talk:met:{scene.request().id.hex}:1:no"), message_id=9)
    scene.room.run_due()
    assert (scene.request().state, scene.told()) == ("open", ["first", "first", "second"])
    assert "They say that nobody has found them yet." in scene.lines()
    scene.at(WEDNESDAY + timedelta(minutes=45))
    assert scene.told()[3:] == ["lead", "deputy"]


def test_after_danger_the_pupil_is_asked_too_and_not_yet_is_every_leads_at_once(scene: Scene):
    scene.room.say(ROBIN, Tap("talk:danger"), message_id=5)
    scene.room.run_due()
    scene.press(scene.room.lead, "request_own")
    scene.at(WEDNESDAY)
    assert MET not in scene.heard()
    scene.press(scene.room.lead, "request_own")
    scene.press(scene.room.lead, "request_done")
    scene.at(WEDNESDAY + timedelta(days=1))
    assert scene.heard().count(MET) == 1
    before = len(scene.told())
    scene.room.say(ROBIN, Tap(f"talk:met:{scene.request().id.hex}:1:no"), message_id=9)
    scene.room.run_due()
    assert (scene.request().state, scene.request().danger) == ("open", True)
    assert scene.told()[before:] == ["lead", "deputy"]
    scene.at(WEDNESDAY + timedelta(days=1, minutes=5))
    assert scene.told()[before + 2 :] == ["lead", "deputy"]


def test_what_is_said_twice_or_of_another_promise_or_by_another_pupil_changes_nothing(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.at(WEDNESDAY)
    scene.room.pupil(OTHER_PUPIL)
    scene.room.session.commit()
    request = scene.request().id.hex
    for chat, data in ((OTHER_PUPIL, f"{request}:1:no"), (ROBIN, f"{request}:2:no"), (ROBIN, "nothing:1:no")):
        scene.room.say(chat, Tap(f"talk:met:{data}"), message_id=9)
    assert (scene.request().state, scene.room.failures()) == ("owned", [])
    scene.room.say(ROBIN, Tap(f"talk:met:{request}:1:no"), message_id=9)
    scene.room.say(ROBIN, Tap(f"talk:met:{request}:1:yes"), message_id=9)
    assert (scene.request().state, scene.room.rows(Wish)[0].met) == ("open", "not yet")


def test_a_promise_without_any_record_lapses_a_school_day_after_and_the_pupil_hears_that_it_goes_on(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    case = scene.room.rows(Escalation)[0]
    # The end of the day promised, and a school day more; the end of a day is the beginning of the next.
    assert case.lapses_at == datetime(2026, 11, 26, 8, 30, tzinfo=UTC)
    scene.at(case.lapses_at)
    assert scene.request().state == "open"
    assert scene.heard()[-2:] == [CHANGED, ASKING]
    assert scene.told()[1:] == ["first", "second"]


def test_a_new_promise_after_not_yet_is_asked_about_again(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_today")
    scene.at(WEDNESDAY)
    scene.room.say(ROBIN, Tap(f"talk:met:{scene.request().id.hex}:1:no"), message_id=9)
    scene.room.run_due()
    scene.press(scene.second, "request_today")
    scene.at(WEDNESDAY + timedelta(days=1))
    assert scene.heard().count(MET) == 2


def test_no_one_is_asked_about_a_promise_that_was_passed_on(scene: Scene):
    scene.asks(scene.first)
    scene.press(scene.first, "request_tomorrow")
    scene.press(scene.first, "request_cannot")
    scene.at(WEDNESDAY + timedelta(days=1))
    assert MET not in scene.heard()
