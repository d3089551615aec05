"""What staff do with their cards: decisions kept once, shown everywhere, and refused kindly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, delete, select, update

from bot.slack.blocks import home_view
from bot.slack.desk import DECISIONS, act, old_button_card, opened_home
from bot.slack.press import Done, not_found_card
from bot.text import render
from conversations.actions import safeguarding_note
from conversations.cards import ACTIONS, Card, nudge_card, quiet_card, who_card, words_card
from conversations.cards_request import request_card
from conversations.model import verbatim
from conversations.reasons_figures import figures_card
from conversations.staff_absence import own_card
from scheduling import cases
from scheduling.briefing import asked, home, nudge
from scheduling.jobs import home as shown_by_job
from store import outbox
from store.tables import CheckIn, Cursor, Due, Flag, Outbox, Request, Staff, TutorGroup, Wave
from tests.bot.slack_school import NOW, SmallSchool, a_pupil, more_groups, small_school

KEYS = count()


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)
    yield school
    school.worker.close()


def press(here: SmallSchool, who: str, action: str, value: str, *, minutes: int = 0) -> Done:
    """Press a button in a transaction of its own."""

    def work(session: Session) -> Done:
        moment = NOW + timedelta(minutes=minutes)
        viewer = here.member(session, who)
        return act(session, here.sealer, here.school, viewer, action, value, moment, f"key{next(KEYS)}", "tests")

    return here.work(work)


def dues(here: SmallSchool) -> list[tuple[str, str, int]]:
    def read(session: Session) -> list[tuple[str, str, int]]:
        return [(due.kind, due.subject, due.version) for due in session.exec(select(Due))]

    return here.work(read)


def flag_card(here: SmallSchool) -> Card:
    return here.work(
        lambda session: nudge_card(nudge(session, here.sealer, here.school, session.get_one(Flag, here.flag)))
    )


def sentence(done: Done) -> str:
    assert done.modal is not None
    (line,) = done.modal.lines
    return line.text.format_map(dict(line.params))


def decisions(here: SmallSchool) -> list[str]:
    return [action for action in here.audited() if not action.startswith("read")]


def test_every_action_of_the_cards_is_known_and_no_other():
    assert set(DECISIONS) == set(ACTIONS)


@pytest.mark.parametrize(
    ("action", "state"), [("nudge_take", "taken"), ("nudge_snooze", "snoozed"), ("nudge_not_needed", "not_needed")]
)
def test_decision_is_kept_with_who_and_when(here: SmallSchool, action: str, state: str):
    done = press(here, "tutor", action, here.flag.hex)
    flag = here.the_flag()
    assert (flag.state, flag.version, flag.owner_id, flag.decided_at) == (state, 1, here.staff["tutor"], NOW)
    assert done == Done()
    assert decisions(here) == [f"nudge {state}"]


def test_nudge_done_twice_or_passed_on_once_it_is_contested_changes_nothing(here: SmallSchool):
    for action in ("nudge_take", "nudge_done", "nudge_done"):
        press(here, "tutor", action, here.flag.hex)
    before = here.the_flag().version
    press(here, "tutor", "nudge_take", here.flag.hex)
    assert (here.the_flag().state, here.the_flag().version) == ("done", before)
    here.work(lambda session: setattr(session.get_one(Flag, here.flag), "contested", "open"))
    press(here, "tutor", "nudge_pass", here.flag.hex)
    assert here.the_flag().version == before
    assert here.audited().count("nudge done") + here.audited().count("plan done") == 1


def test_snoozed_nudge_comes_back_in_a_week_at_its_version(here: SmallSchool):
    press(here, "tutor", "nudge_snooze", here.flag.hex)
    due = here.work(lambda session: session.exec(select(Due)).one())
    assert (due.kind, due.subject, due.version) == ("flag.return", here.flag.hex, 1)
    assert due.due_at == here.the_flag().snoozed_until == NOW + timedelta(weeks=1)


def test_every_posted_copy_shows_the_decision(here: SmallSchool):
    here.posted(here.post_nudge("tutor", "lead"))
    letters = press(here, "tutor", "nudge_take", here.flag.hex).letters
    assert sorted((letter.method, letter.slot, letter.recipient) for letter in letters) == sorted(
        ("update", f"nudge:{here.flag.hex}:{here.staff[who].hex}", f"staff:{here.staff[who].hex}")
        for who in ("tutor", "lead")
    )
    assert {letter.lane for letter in letters} == {1}
    assert all(letter.payload["card"] == flag_card(here).to_json() for letter in letters)
    assert {row.leased_by for row in here.waiting()} == {"tests"}


def test_second_press_of_the_same_button_decides_nothing_anew(here: SmallSchool):
    press(here, "tutor", "nudge_take", here.flag.hex)
    done = press(here, "tutor", "nudge_take", here.flag.hex, minutes=1)
    flag = here.the_flag()
    assert (flag.version, flag.decided_at, done.modal) == (1, NOW, None)
    assert decisions(here) == ["nudge taken"]


def test_second_snooze_does_not_snooze_longer(here: SmallSchool):
    press(here, "tutor", "nudge_snooze", here.flag.hex)
    press(here, "tutor", "nudge_snooze", here.flag.hex, minutes=60)
    assert here.the_flag().snoozed_until == NOW + timedelta(weeks=1)
    assert dues(here) == [("flag.return", here.flag.hex, 1)]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("nudge_take", "Tess Tolling has already taken this."),
        ("nudge_snooze", "Tess Tolling has already snoozed this."),
        ("nudge_not_needed", "Tess Tolling has already said that nothing is needed."),
    ],
)
def test_who_comes_second_is_told_who_decided(here: SmallSchool, first: str, words: str):
    press(here, "tutor", first, here.flag.hex)
    done = press(here, "lead", "nudge_take", here.flag.hex, minutes=1)
    assert sentence(done) == words
    assert (here.the_flag().owner_id, here.the_flag().version) == (here.staff["tutor"], 1)


def test_copy_whose_update_was_lost_is_mended_by_the_press_that_came_too_late(here: SmallSchool):
    press(here, "tutor", "nudge_take", here.flag.hex)
    here.posted(here.post_nudge("lead"))
    done = press(here, "lead", "nudge_not_needed", here.flag.hex)
    assert [letter.payload["card"] for letter in done.letters] == [flag_card(here).to_json()]


@pytest.mark.parametrize("who", ["tutor", "lead", "deputy"])
def test_decision_is_undone_by_who_made_it_or_a_safeguarding_lead(here: SmallSchool, who: str):
    press(here, "tutor", "nudge_snooze", here.flag.hex)
    press(here, who, "nudge_undo", here.flag.hex)
    flag = here.the_flag()
    assert (flag.state, flag.version, flag.owner_id) == ("new", 2, None)
    assert (flag.decided_at, flag.snoozed_until) == (None, None)
    # The due row of the snooze is left behind, and does nothing: the flag's version has moved on.
    assert dues(here) == [("flag.return", here.flag.hex, 1)]
    assert decisions(here) == ["nudge snoozed", "nudge undone"]


def test_decision_of_a_lead_is_not_the_tutors_to_undo(here: SmallSchool):
    press(here, "lead", "nudge_not_needed", here.flag.hex)
    done = press(here, "tutor", "nudge_undo", here.flag.hex)
    assert sentence(done) == "Only Lena Lomax or a safeguarding lead can undo this."
    assert here.the_flag().state == "not_needed"


def test_undo_pressed_twice_changes_nothing_the_second_time(here: SmallSchool):
    press(here, "tutor", "nudge_take", here.flag.hex)
    press(here, "tutor", "nudge_undo", here.flag.hex)
    assert press(here, "tutor", "nudge_undo", here.flag.hex).modal is None
    assert (here.the_flag().state, here.the_flag().version) == ("new", 2)


def test_nudge_can_be_taken_again_after_an_undo(here: SmallSchool):
    for action in ("nudge_snooze", "nudge_undo", "nudge_snooze"):
        press(here, "tutor", action, here.flag.hex)
    assert (here.the_flag().state, here.the_flag().version) == ("snoozed", 3)
    assert dues(here) == [("flag.return", here.flag.hex, 3)]


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.startswith("nudge")])
def test_nudge_of_another_tutors_group_looks_like_none(here: SmallSchool, action: str):
    forbidden = press(here, "other", action, here.flag.hex)
    assert forbidden == press(here, "other", action, "0" * 32) == Done(modal=not_found_card())
    assert (here.the_flag().state, here.the_flag().version) == ("new", 0)
    assert here.audited() == []


@pytest.mark.parametrize("action", ACTIONS)
def test_value_that_was_tampered_with_is_answered_like_what_is_not_there(here: SmallSchool, action: str):
    for value in ("", "x", ":", "0" * 31, "0" * 2000, "é" * 32, "{}", "a:b:c", "' OR 1=1 --", "٣" * 32, "\x00"):
        assert press(here, "lead", action, value) == Done(modal=not_found_card())
    assert here.audited() == []


def test_value_of_another_kind_of_thing_is_not_found(here: SmallSchool):
    for action, value in (("nudge_take", here.request), ("request_own", here.flag), ("nudge_undo", here.wave)):
        assert press(here, "lead", action, value.hex) == Done(modal=not_found_card())


def test_button_of_another_version_says_where_to_look(here: SmallSchool):
    assert press(here, "tutor", "nudge_pass_on", here.flag.hex) == Done(modal=old_button_card())


def test_member_of_staff_who_has_left_decides_nothing(here: SmallSchool):
    def leave(session: Session) -> None:
        here.member(session, "tutor").active = False

    here.work(leave)
    assert press(here, "tutor", "nudge_take", here.flag.hex) == Done(modal=not_found_card())


# --- who did not answer -----------------------------------------------------------------------------------------------


def unanswered(here: SmallSchool, who: str, group: str) -> Done:
    return press(here, who, "unanswered_show", f"{here.wave.hex}:{here.groups[group].hex}")


def test_who_did_not_answer_is_shown_to_the_groups_tutor_and_audited(here: SmallSchool):
    done = unanswered(here, "tutor", "7A")
    assert done.letters == ()
    assert done.modal is not None
    assert [dict(line.params)["name"] for line in done.modal.lines] == ["Bo <!channel> Quill"]
    assert here.audited() == ["read unanswered"]


def test_who_did_not_answer_is_not_shown_to_another_groups_tutor(here: SmallSchool):
    assert unanswered(here, "tutor", "7B") == Done(modal=not_found_card())
    assert unanswered(here, "other", "7B").modal != not_found_card()


def test_who_did_not_answer_a_wave_that_never_was_is_not_found(here: SmallSchool):
    done = press(here, "tutor", "unanswered_show", f"{'0' * 32}:{here.groups['7A'].hex}")
    assert done == Done(modal=not_found_card())


def test_full_name_is_shown_to_who_may_see_it_and_audited(here: SmallSchool):
    shown = Done(modal=who_card("Wren Ashdown", "7A"))
    assert press(here, "tutor", "nudge_who", here.flag.hex) == shown
    assert press(here, "lead", "request_who", here.request.hex) == shown
    assert here.audited() == ["read name", "read name"]


def test_full_name_is_not_shown_to_another_tutor(here: SmallSchool):
    assert press(here, "other", "nudge_who", here.flag.hex) == Done(modal=not_found_card())
    assert press(here, "tutor", "request_who", here.request.hex) == Done(modal=not_found_card())


def test_how_to_do_what_is_suggested_is_shown_with_what_to_do_if_a_pupil_may_not_be_safe(here: SmallSchool):
    modal = press(here, "tutor", "nudge_ideas", here.flag.hex).modal
    assert modal is not None
    assert modal.note == safeguarding_note()
    shown = [dict(part.title.params)["title"] for part in modal.parts]
    assert len(shown) == 2
    (ideas,) = flag_card(here).parts
    assert [dict(line.params)["title"] for line in ideas.lines] == shown
    assert press(here, "other", "nudge_ideas", here.flag.hex) == Done(modal=not_found_card())


def test_figures_behind_a_nudge_are_shown_to_who_may_see_it(here: SmallSchool):
    modal = press(here, "tutor", "nudge_figures", here.flag.hex).modal
    assert modal == figures_card({"low": 3, "window": 4, "baseline": 20}, here.flag.hex)
    assert press(here, "other", "nudge_figures", here.flag.hex) == Done(modal=not_found_card())


def test_figures_of_a_nudge_that_is_contested_stay_closed(here: SmallSchool):
    def contest(session: Session) -> None:
        session.get_one(Flag, here.flag).contested = "open"

    here.work(contest)
    assert press(here, "tutor", "nudge_figures", here.flag.hex).modal is None


def test_head_sees_totals_of_the_school_and_nobody_in_them(here: SmallSchool):
    def head(session: Session) -> tuple[Card, ...]:
        viewer = here.member(session, "other")
        viewer.roles = ["head"]
        session.exec(update(TutorGroup).where(col(TutorGroup.name) == "7B").values(tutor_id=None))
        return home(session, here.sealer, here.school, viewer, NOW)

    card, own = here.work(head)
    assert own == own_card(None)
    assert card.title == verbatim("Fernhill School")
    assert [button.action for button in card.buttons] == ["school_show", "impact_show"]
    assert dict(card.lines[0].params) == {"count": 3, "answered": 1}


def test_installer_has_an_empty_home(here: SmallSchool):
    def installer(session: Session) -> tuple[Card, ...]:
        viewer = here.member(session, "deputy")
        viewer.roles = ["installer"]
        return home(session, here.sealer, here.school, viewer, NOW)

    assert here.work(installer) == (quiet_card(), own_card(None))


# --- words ------------------------------------------------------------------------------------------------------------


def test_words_with_check_ins_are_shown_to_a_lead_and_audited(here: SmallSchool):
    def add(session: Session) -> None:
        check_in = session.exec(select(CheckIn).where(CheckIn.state == "answered")).one()
        check_in.ended_at = NOW
        here.sealer.write(check_in, "words", "we won the match")
        session.add(check_in)

    here.work(add)
    assert "words_show" in [button.action for card in home_cards_of(here, "lead") for button in card.buttons]
    assert "words_show" not in [button.action for card in home_cards_of(here, "tutor") for button in card.buttons]
    done = press(here, "lead", "words_show", "recent")
    assert done.modal is not None
    assert [dict(line.params) for line in done.modal.lines] == [
        {"name": "Wren Ashdown", "group": "7A", "words": "we won the match"}
    ]
    assert here.audited()[-1] == "read words"


def test_words_with_check_ins_are_not_a_tutors_to_read(here: SmallSchool):
    assert press(here, "tutor", "words_show", "recent") == Done(modal=not_found_card())


def test_no_words_say_so(here: SmallSchool):
    done = press(here, "lead", "words_show", "recent")
    assert done.modal == words_card(())


def home_cards_of(here: SmallSchool, who: str) -> tuple[Card, ...]:
    return here.work(lambda session: home(session, here.sealer, here.school, here.member(session, who), NOW))


# --- requests ---------------------------------------------------------------------------------------------------------


def test_first_lead_to_press_owns_the_request_and_the_pupil_is_to_be_told(here: SmallSchool):
    here.posted(here.post_request("lead", "deputy"))
    done = press(here, "lead", "request_own", here.request.hex)
    request = here.the_request()
    assert (request.state, request.owner_id, request.owned_at) == ("owned", here.staff["lead"], NOW)
    assert dues(here) == [("request.owned", here.request.hex, 0)]
    card = here.work(
        lambda session: request_card(asked(session, here.sealer, here.school, session.get_one(Request, here.request)))
    )
    assert [letter.payload["card"] for letter in done.letters] == [card.to_json()] * 2
    assert done.modal is None
    assert decisions(here) == ["request owned"]


def test_every_repeat_of_a_request_is_brought_up_to_date_once_somebody_owns_it(here: SmallSchool):
    def climb(session: Session, moment: datetime) -> None:
        request = session.get_one(Request, here.request)
        cases.begin(session, here.school, request, "danger", moment)
        case = cases.case_of(session, request)
        assert case is not None
        cases.take_step(session, here.sealer, here.school, case, moment)

    for number in range(3):
        here.work(lambda session, number=number: climb(session, NOW + number * timedelta(minutes=5)))
    posted = Counter(row.recipient for row in here.waiting())
    here.posted(
        here.work(
            lambda session: outbox.claim(
                session, here.sealer, network="slack", now=NOW + timedelta(hours=1), worker="t", lanes=(0, 1), limit=9
            )
        )
    )
    done = press(here, "lead", "request_own", here.request.hex)
    assert posted == {f"staff:{here.staff[who].hex}": 3 for who in ("lead", "deputy")}
    assert Counter(letter.recipient for letter in done.letters) == posted


def test_second_lead_to_press_is_told_who_owns_the_request(here: SmallSchool):
    press(here, "lead", "request_own", here.request.hex)
    done = press(here, "deputy", "request_own", here.request.hex, minutes=1)
    assert sentence(done) == "Lena Lomax already owns this. The pupil has been told."
    assert (here.the_request().owner_id, here.the_request().owned_at) == (here.staff["lead"], NOW)


def test_owner_who_presses_again_changes_nothing(here: SmallSchool):
    press(here, "lead", "request_own", here.request.hex)
    assert press(here, "lead", "request_own", here.request.hex, minutes=1).modal is None
    assert here.the_request().owned_at == NOW
    assert decisions(here) == ["request owned"]


def test_request_is_not_a_tutors_to_own(here: SmallSchool):
    assert press(here, "tutor", "request_own", here.request.hex) == Done(modal=not_found_card())
    assert here.the_request().state == "open"


# --- Home -------------------------------------------------------------------------------------------------------------


def open_home(here: SmallSchool, who: str) -> Done:
    def work(session: Session) -> Done:
        viewer = here.member(session, who)
        return opened_home(session, here.sealer, here.school, viewer, NOW, f"key{next(KEYS)}", "tests")

    return here.work(work)


def test_home_is_published_with_what_its_reader_may_see(here: SmallSchool):
    (letter,) = open_home(here, "tutor").letters
    assert (letter.method, letter.recipient) == ("home", f"staff:{here.staff['tutor'].hex}")
    # The open nudge, the group's response and whether they are here; the request is for the safeguarding leads alone.
    assert len(letter.payload["cards"]) == 3
    (letter,) = open_home(here, "lead").letters
    assert letter.payload["cards"][0]["buttons"][0][0] == "request_own"


def test_home_that_is_looked_at_follows_a_decision(here: SmallSchool):
    open_home(here, "tutor")
    (letter,) = press(here, "tutor", "nudge_take", here.flag.hex).letters
    assert (letter.method, len(letter.payload["cards"])) == ("home", 3)
    (letter,) = press(here, "tutor", "nudge_done", here.flag.hex).letters
    assert (letter.method, len(letter.payload["cards"])) == ("home", 2)


def test_leads_home_has_every_group_once_over_its_pages_and_what_is_theirs_to_do_first(here: SmallSchool):
    here.work(lambda session: more_groups(session, here, 40))
    shown: list[str] = []
    value = "0"
    open_home(here, "lead")
    while value:
        (letter,) = press(here, "lead", "home_page", value).letters
        cards = tuple(Card.from_json(one) for one in letter.payload["cards"])
        view = home_view(cards, "en", "Europe/London", NOW)
        assert len(view["blocks"]) < 100
        assert not any(block["block_id"] == "more" for block in view["blocks"])
        shown += [render(card.title, "en", "Europe/London", NOW) for card in cards[:-1]]
        value = next((one.value for one in cards[-1].buttons if int(one.value) > int(value)), "")
    groups = ["7A", "7B", *(f"8{number:02}" for number in range(40))]
    assert shown[-len(groups) :] == groups
    assert shown[0] == "Urgent: W.A. (7A) may be in danger"
    assert set(shown[: -len(groups)]) & set(groups) == set()


def test_opening_is_remembered(here: SmallSchool):
    open_home(here, "tutor")
    assert here.work(lambda session: session.get_one(Staff, here.staff["tutor"]).home_opened_at) == NOW


def home_shown_anew(here: SmallSchool) -> int:
    """What happens when somebody else changes what is on a lead's Home tab; gives the page that is shown."""

    def work(session: Session) -> int:
        session.execute(delete(Outbox))
        due = Due(school_id=here.school.id, kind="home", subject=here.staff["lead"].hex, due_at=NOW)
        shown_by_job(session, here.sealer, here.school, due, NOW)
        row = session.exec(select(Outbox).where(Outbox.method == "home")).one()
        return int(here.sealer.read(row, "payload")["page"])

    return here.work(work)


def places(here: SmallSchool) -> list[tuple[str, int]]:
    return here.work(lambda session: [(row.name, row.position) for row in session.exec(select(Cursor))])


def test_home_that_others_change_stays_at_its_readers_page_until_it_is_opened_again(here: SmallSchool):
    here.work(lambda session: more_groups(session, here, 40))
    open_home(here, "lead")
    assert (home_shown_anew(here), places(here)) == (0, [])
    press(here, "lead", "home_page", "1")
    assert home_shown_anew(here) == 1
    # All that is kept for it is whose it is and the number.
    assert places(here) == [(f"home:{here.staff['lead'].hex}", 1)]
    # A press on a card in a message comes from no page.
    press(here, "lead", "request_own", here.request.hex)
    assert home_shown_anew(here) == 1
    press(here, "lead", "home_page", "2")
    assert (home_shown_anew(here), len(places(here))) == (2, 1)
    open_home(here, "lead")
    assert (home_shown_anew(here), places(here)) == (0, [])


def test_home_reads_no_more_for_nudges_that_are_on_other_pages(here: SmallSchool, engine: Engine):
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *heard: statements.append(heard[2]))
    read: list[int] = []
    press_home(here, "the first time")
    for nudges in (40, 60):
        here.work(lambda session, nudges=nudges: more_nudges(session, here, nudges))
        statements.clear()
        press_home(here, f"with {nudges}")
        read.append(len(statements))
    assert read[0] == read[1]


def more_nudges(session: Session, here: SmallSchool, nudges: int) -> None:
    """Let there be so many open nudges, each of another pupil of the tutor's."""
    flag, wave = session.get_one(Flag, here.flag), session.get_one(Wave, here.wave)
    reasons, group = here.sealer.read(flag, "reasons"), session.get_one(TutorGroup, flag.group_id)
    there = len(session.exec(select(Flag.id).where(Flag.state == "new")).all())
    for number in range(there, nudges):
        one = a_pupil(session, here.sealer, here.school.id, group, wave, f"Ash {number}", "answered")
        raised_at = NOW - timedelta(minutes=number)
        whose = {"pupil_id": one.pupil_id, "group_id": group.id, "check_in_id": one.id}
        made = Flag(school_id=here.school.id, rule="test", raised_at=raised_at, **whose)
        here.sealer.write(made, "reasons", reasons)
        session.add(made)
    session.flush()


def press_home(here: SmallSchool, key: str) -> None:
    def work(session: Session) -> None:
        opened_home(session, here.sealer, here.school, here.member(session, "tutor"), NOW, key)

    here.work(work)
