"""/earshot: the same facts as on the Home tab, through the same guards, shown to the one who asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from bot.slack.blocks import answer_blocks
from bot.slack.edge import COMMAND
from bot.slack.press import Press
from bot.slack.typed import ANSWERS, PAGE, typed
from conversations.cards import Card, stranger_card
from conversations.staff_commands import COMMANDS, help_card
from rehearsal.slack_blocks import message_faults
from scheduling.briefing import home
from store.care_tables import Wish
from store.plan_tables import Absence
from store.tables import Request, Seen, TutorGroup
from tests.bot.slack.test_desk import more_nudges
from tests.bot.slack.test_plan_desk import read, words
from tests.bot.slack_office import office
from tests.bot.slack_school import NOW, SmallSchool, more_groups, small_school


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)
    yield school
    school.worker.close()


def ask(here: SmallSchool, who: str, text: str) -> tuple[Card, ...]:
    def work(session: Session) -> tuple[Card, ...]:
        viewer = here.member(session, who)
        return typed(Press(session, here.sealer, here.school, viewer, text, NOW, f"typed {text}", "tests"))[0]

    cards = here.work(work)
    assert message_faults(answer_blocks(cards, "en", "Europe/London", NOW)[0], lambda _file: False) == []
    return cards


def titles(cards: tuple[Card, ...]) -> list[str]:
    return [words(card.title) for card in cards]


@pytest.mark.parametrize("text", ["", "  ", "help", "HELP me", "Help"])
def test_help_lists_every_word(here: SmallSchool, text: str):
    assert ask(here, "tutor", text) == (help_card(),)
    assert list(help_card().lines) == list(COMMANDS.values())
    assert [line.text.removeprefix("/earshot ").split()[0].rstrip(":") for line in help_card().lines] == list(COMMANDS)
    assert set(COMMANDS) == set(ANSWERS)


@pytest.mark.parametrize("text", ["nudge", "<!channel>", "x" * 4000, "\x00", "drop table"])
def test_what_is_not_known_is_answered_with_the_list(here: SmallSchool, text: str):
    (card,) = ask(here, "tutor", text)
    assert card.lines[1:] == help_card().lines


@pytest.mark.parametrize(
    ("who", "text", "expected"),
    [
        ("tutor", "nudges", ["W.A. (7A): a change in pattern"]),
        ("other", "nudges", ["Nothing here"]),
        ("tutor", "group", ["7A"]),
        ("lead", "group", ["7A", "7B"]),
        ("lead", "group 7b", ["7B"]),
        ("tutor", "group 7B", ["For your information"]),
        ("tutor", "group 99", ["For your information"]),
        ("tutor", "plans", ["Nothing here"]),
        ("tutor", "waiting", ["Nothing here"]),
        ("lead", "waiting", ["What waits today", "Urgent: W.A. (7A) may be in danger"]),
        ("tutor", "home", ["W.A. (7A): a change in pattern", "7A", "Here"]),
        ("tutor", "away", ["Here"]),
        ("lead", "away", ["Here", "Away"]),
        ("tutor", "meet", ["Nothing here"]),
    ],
)
def test_each_word_shows_what_is_theirs_to_see(here: SmallSchool, who: str, text: str, expected: list[str]):
    assert titles(ask(here, who, text)) == expected


def test_who_was_asked_for_by_a_pupil_types_to_see_it(here: SmallSchool):
    def ask_for(session: Session) -> None:
        request = session.get_one(Request, here.request)
        request.danger = False
        session.add(Wish(request_id=request.id, school_id=request.school_id, told=[here.staff["tutor"].hex]))

    here.work(ask_for)
    assert titles(ask(here, "tutor", "waiting")) == ["W.A. (7A) asks to talk to someone"]
    assert titles(ask(here, "other", "waiting")) == ["Nothing here"]


@pytest.mark.parametrize("text", ["away until 2026-11-13", "away 2026-11-13", "away until 13/11/2026"])
def test_being_away_is_typed_and_taken_back(here: SmallSchool, text: str):
    (card,) = ask(here, "tutor", text)
    assert read(card)[0] == "Until Friday 23:59."
    assert titles(ask(here, "tutor", "away")) == ["You are away"]
    assert titles(ask(here, "tutor", "back")) == ["Here"]
    assert here.work(lambda session: list(session.exec(select(Absence)))) == []


@pytest.mark.parametrize("text", ["away until friday", "away until", "away until 99/99/2026"])
def test_a_day_that_is_none_changes_nothing(here: SmallSchool, text: str):
    (card,) = ask(here, "tutor", text)
    assert read(card)[0] == "A day is missing, or is no day. Nothing was changed."


@pytest.mark.parametrize(("text", "last"), [("group", 4), ("home", 4)])
def test_what_has_no_room_in_one_answer_is_on_the_pages_after_it(here: SmallSchool, text: str, last: int):
    here.work(lambda session: more_groups(session, here, 30))
    pages = [ask(here, "lead", f"{text} page {number}") for number in range(1, last + 1)]
    assert ask(here, "lead", text) == pages[0]
    assert ask(here, "lead", f"{text} page 0") == pages[0]
    assert ask(here, "lead", f"{text} page 99") == pages[-1]
    following = [*(f"Page {number}: /earshot {text} page {number}" for number in range(2, last + 1))]
    assert [read(page[-1])[0] for page in pages] == [*following, f"Page 1: /earshot {text} page 1"]
    assert titles(tuple(page[-1] for page in pages)) == [f"Page {number} of {last}" for number in range(1, last + 1)]
    shown = [title for page in pages for title in titles(page[:-1])]
    groups = ["7A", "7B", *(f"8{number:02}" for number in range(30))]
    assert [title for title in shown if title in groups] == groups
    for page in pages:
        blocks, _ = answer_blocks(page, "en", "Europe/London", NOW)
        assert not any(block["block_id"] == "more" for block in blocks)


def test_all_that_home_shows_can_be_typed_for(here: SmallSchool):
    here.work(lambda session: more_groups(session, here, 30))

    def home_of(session: Session) -> tuple[Card, ...]:
        return home(session, here.sealer, here.school, here.member(session, "lead"), NOW)

    typed_for = [card for number in range(1, 5) for card in ask(here, "lead", f"home page {number}")[:-1]]
    assert tuple(typed_for) == here.work(home_of)


def test_a_group_called_by_a_number_is_found(here: SmallSchool):
    def add(session: Session) -> None:
        more_groups(session, here, 12)
        group = session.exec(select(TutorGroup).where(TutorGroup.name == "805")).one()
        group.name = "12"
        session.add(group)

    here.work(add)
    assert titles(ask(here, "lead", "group 12")) == ["12"]


async def test_what_is_typed_is_answered_to_the_one_who_typed_it_alone(engine: Engine):
    async with office(engine, "socket") as here:
        answer = await here.rig.ask("POST", "/workspace/U0TUTOR/command", {"command": COMMAND, "text": "nudges"})
        assert answer["acked"] is True
        assert "refused" not in answer
        (message,) = await here.messages("U0TUTOR")
        assert message["blocks"][0]["text"]["text"].startswith("*W.A. (7A): a change in pattern*")
        # Where blocks cannot be shown, the titles stand for them.
        assert message["text"] == "W.A. (7A): a change in pattern"
        assert await here.messages("U0OTHER") == []
        # A button of the answer does what it does on a card.
        await here.press("U0TUTOR", "nudge_take")
        assert here.school.the_flag().state == "taken"


async def test_a_stranger_who_types_is_told_who_can_help_and_nothing_is_shown(engine: Engine):
    async with office(engine, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0GUEST/command", {"command": COMMAND, "text": "group"})
        (message,) = await here.messages("U0GUEST")
        assert words(stranger_card().title) in message["blocks"][0]["text"]["text"]
        assert here.count(Seen) == 0


async def test_a_form_is_opened_filled_in_and_kept(engine: Engine):
    async with office(engine, "http") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/command", {"command": COMMAND, "text": "away"})
        await here.press("U0TUTOR", "away_set")
        view = await here.soon(lambda: here.rig.ask("GET", "/workspace/U0TUTOR/view"))
        values = {"first": {"first": "2026-11-10"}, "last": {"last": "2026-11-13"}}
        told = await here.rig.ask("POST", "/workspace/U0TUTOR/view/submit", {"view_id": view["id"], "values": values})
        assert (told["acked"], "refused" in told) == (True, False)
        assert "Until Friday 23:59." in await here.modal("U0TUTOR")
        assert here.count(Absence) == 1


@pytest.mark.parametrize("text", ["home", "nudges", "nudges page 4"])
def test_an_answer_reads_no_more_for_nudges_that_are_on_other_pages(here: SmallSchool, engine: Engine, text: str):
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *heard: statements.append(heard[2]))
    read: list[int] = []
    ask(here, "tutor", text)
    for nudges in (40, 60):
        here.work(lambda session, nudges=nudges: more_nudges(session, here, nudges))
        statements.clear()
        assert len(ask(here, "tutor", text)) == PAGE + 1
        read.append(len(statements))
    assert read[0] == read[1]
