"""A nudge's go-tos: shown beside the actions, asked with one tap, and what they answer is seen on every copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.slack.desk import act
from bot.slack.press import Done, not_found_card
from conversations.cards import Card, nudge_card
from scheduling.briefing import nudge
from store import absences, gotos
from store.care_tables import NudgeAsk
from store.outbox import Letter
from store.tables import Flag, Pupil
from tests.bot.slack_school import NOW, SmallSchool, small_school

KEYS = count()


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    """The small school, where the flag's pupil has named another tutor first and their own tutor second."""
    school = small_school(engine, linked=True)

    def name(session: Session) -> None:
        pupil = session.get_one(Pupil, session.get_one(Flag, school.flag).pupil_id)
        assert gotos.name(session, pupil, 1, school.staff["other"], NOW)
        assert gotos.name(session, pupil, 2, school.staff["tutor"], NOW)

    school.work(name)
    yield school
    school.worker.close()


def press(here: SmallSchool, who: str, action: str, value: str, *, minutes: int = 0) -> Done:
    def work(session: Session) -> Done:
        moment, viewer = NOW + timedelta(minutes=minutes), here.member(session, who)
        return act(session, here.sealer, here.school, viewer, action, value, moment, f"key{next(KEYS)}", "tests")

    return here.work(work)


def card_of(here: SmallSchool) -> Card:
    return here.work(
        lambda session: nudge_card(nudge(session, here.sealer, here.school, session.get_one(Flag, here.flag)))
    )


def about(here: SmallSchool, who: str = "other") -> str:
    return f"{here.flag.hex}:{here.staff[who].hex}"


def lines(card: Card) -> list[str]:
    return [line.text for line in card.lines]


def asks(here: SmallSchool) -> list[NudgeAsk]:
    return here.work(lambda session: list(session.exec(select(NudgeAsk))))


def titles(letters: tuple[Letter, ...], who: str, here: SmallSchool) -> list[str]:
    mine = [one for one in letters if one.recipient == f"staff:{here.staff[who].hex}" and one.method == "post"]
    return [one.payload["card"]["title"]["t"] for one in mine]


def test_nudge_shows_the_go_tos_who_are_not_the_tutor_with_one_tap_to_ask(here: SmallSchool):
    card = card_of(here)
    assert "A go-to of theirs: {name}" in lines(card)
    assert [(one.action, one.value) for one in card.buttons if one.action == "nudge_goto"] == [
        ("nudge_goto", about(here))
    ]


def test_asking_sends_that_adult_a_card_once_and_the_nudge_says_so(here: SmallSchool):
    done = press(here, "tutor", "nudge_goto", about(here))
    assert (titles(done.letters, "other", here), done.modal) == (["{pupil} ({group}): could you check in?"], None)
    assert titles(press(here, "tutor", "nudge_goto", about(here)).letters, "other", here) == []
    assert titles(press(here, "lead", "nudge_goto", about(here)).letters, "other", here) == []
    assert len(asks(here)) == 1
    card = card_of(here)
    assert "{name}, a go-to of theirs, was asked to check in." in lines(card)
    assert [one.action for one in card.buttons if one.action == "nudge_goto"] == []


def test_a_go_to_who_is_away_gets_no_card_and_the_nudge_says_that_they_cannot(here: SmallSchool):
    here.work(
        lambda session: absences.set_away(
            session, here.member(session, "other"), NOW, NOW + timedelta(days=1), None, NOW
        )
    )
    done = press(here, "tutor", "nudge_goto", about(here))
    assert titles(done.letters, "other", here) == []
    assert [one.answer for one in asks(here)] == ["no"]
    assert "{name}, a go-to of theirs, cannot this time." in lines(card_of(here))


@pytest.mark.parametrize(
    ("action", "answer", "line"),
    [
        ("asked_yes", "yes", "{name}, a go-to of theirs, will check in."),
        ("asked_no", "no", "{name}, a go-to of theirs, cannot this time."),
    ],
)
def test_what_the_adult_answers_shows_on_both_cards_and_may_change(
    here: SmallSchool, action: str, answer: str, line: str
):
    here.posted(here.post_nudge("tutor"))
    here.posted(list(press(here, "tutor", "nudge_goto", about(here)).letters[:1]))
    (ask,) = asks(here)
    letters = press(here, "other", action, ask.id.hex).letters
    assert (asks(here)[0].answer, line in lines(card_of(here))) == (answer, True)
    assert sorted(letter.recipient for letter in letters) == sorted(
        f"staff:{here.staff[who].hex}" for who in ("other", "tutor")
    )
    press(here, "other", action, ask.id.hex, minutes=1)
    press(here, "other", "asked_no" if action == "asked_yes" else "asked_yes", ask.id.hex, minutes=2)
    assert asks(here)[0].answer != answer


@pytest.mark.parametrize("action", ["asked_yes", "asked_no"])
def test_an_adult_who_has_opened_their_home_tab_can_answer(here: SmallSchool, action: str):
    here.work(lambda session: setattr(here.member(session, "other"), "home_opened_at", NOW))
    press(here, "tutor", "nudge_goto", about(here))
    (ask,) = asks(here)
    letters = press(here, "other", action, ask.id.hex).letters
    assert asks(here)[0].answer == action.removeprefix("asked_")
    assert [letter.method for letter in letters].count("home") == 1


def test_only_who_was_asked_answers_and_reads_the_name(here: SmallSchool):
    press(here, "tutor", "nudge_goto", about(here))
    (ask,) = asks(here)
    for action in ("asked_yes", "asked_no", "asked_who"):
        assert press(here, "lead", action, ask.id.hex) == Done(modal=not_found_card())
        assert press(here, "other", action, "nothing") == Done(modal=not_found_card())
    assert asks(here)[0].answer == ""
    done = press(here, "other", "asked_who", ask.id.hex)
    assert done.modal is not None
    assert dict(done.modal.lines[0].params) == {"name": "Wren Ashdown", "group": "7A"}
    assert "read name" in here.audited()


@pytest.mark.parametrize("who", ["other", "tutor"])
def test_a_forged_or_forwarded_button_asks_nobody(here: SmallSchool, who: str):
    # Another group's tutor may not; and nobody may ask an adult whom the pupil did not name.
    value = about(here) if who == "other" else about(here, "lead")
    assert press(here, who, "nudge_goto", value) == Done(modal=not_found_card())
    assert press(here, who, "nudge_goto", here.flag.hex) == Done(modal=not_found_card())
    assert asks(here) == []


def test_nobody_is_asked_about_a_nudge_that_is_done(here: SmallSchool):
    press(here, "tutor", "nudge_not_needed", here.flag.hex)
    assert titles(press(here, "tutor", "nudge_goto", about(here)).letters, "other", here) == []
    assert asks(here) == []
