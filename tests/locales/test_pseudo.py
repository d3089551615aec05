"""The pseudo-language: every dialogue and every card in words that are marked, accented and 40 % longer.

A word without its marks escaped translation; a mark that is missing was cut off; a message that is too long would be
refused by Telegram or Slack.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from bot import text
from bot.pseudo import CLOSE, LONGER, OPEN, PSEUDO, Pseudo
from bot.slack.blocks import VIEW_BLOCKS, home_view
from bot.whisper.views import staff_view, thread_view, told_view
from conversations import cards
from conversations.actions import LATEST, load
from conversations.cards import Card, Nudge, Response
from conversations.cards_request import AskedFor, request_card
from conversations.flows.help import COMMANDS
from conversations.forms import Field, Form
from conversations.model import Effect, Message, Phrase, Toast, say
from conversations.reasons import reason_phrases
from conversations.whisper_cards import KINDS, STATUSES
from scheduling.briefing import IDEAS
from store.whisper_desk import Line, Thread, Turn
from tests.dialogues.transcript import FOLDER, PLAYED, Stage, _stage
from tests.locales.in_pseudo import (
    BUTTON,
    NOW,
    READER,
    SLACK_TEXT,
    TELEGRAM_COMMAND,
    TELEGRAM_TOAST,
    ZONE,
    escaped,
    is_cut,
    of_card,
    of_form,
    of_message,
    of_toast,
    of_window,
    texts_of,
)
from tests.locales.test_catalogues import fields, labels, template

DIALOGUES = sorted(FOLDER.glob("*.txt"))


class Listener(Stage):
    """A stage that remembers all that was said, also what an edit has since replaced."""

    def listen(self, lines: list[str]) -> tuple[list[Message], list[Phrase]]:
        self.said: list[Effect] = []
        for line in lines:
            self.play(line)
        messages = [effect.message for effect in self.said if hasattr(effect, "message")]
        return messages, [effect.text for effect in self.said if isinstance(effect, Toast)]

    def _carried_out(self, effect: Effect, tapped: int | None) -> list[str]:
        self.said.append(effect)
        return super()._carried_out(effect, tapped)


def said_in(path: Path) -> tuple[list[Message], list[Phrase]]:
    lines = path.read_text("utf-8").splitlines()
    described = next(line for line in lines if line.startswith("person: ")).removeprefix("person: ")
    set_up = _stage(described)
    return Listener(set_up.person, set_up.pupil).listen([line for line in lines if line.startswith(PLAYED)])


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_a_dialogue_is_translated_and_fits_telegram_with_words_two_fifths_longer(path: Path):
    messages, toasts = said_in(path)
    assert messages or toasts
    assert [found for message in messages for found in of_message(message)] == []
    assert [found for toast in toasts for found in of_toast(toast)] == []


def test_every_command_fits_telegrams_menu_with_words_two_fifths_longer():
    described = [text.render(words, PSEUDO, ZONE) for _, words in COMMANDS]
    assert [words for words in described if len(words) > TELEGRAM_COMMAND] == []


REASON = {"series": 2, "was": 0.2, "now": -1.4, "lower": -2.2, "upper": -0.6, "chance": 0.9, "answered": 7, "asked": 8}


def staff_cards() -> tuple[Card, ...]:
    """Give each kind of card that there is, in each of its states."""
    why = {"reasons": [REASON | {"code": code} for code in ("fallen", "low", "polar", "gap", "silence")]}
    ideas = tuple(load(LATEST).actions.values())
    nudges = [
        Nudge("f", "A.B.", "7B", reason_phrases(why), (say(ideas[0].title),), urgent, state, "Ms Alder", NOW)
        for state in ("new", "taken", "snoozed", "not_needed", "done")
        for urgent in (True, False)
    ]
    asked = [
        AskedFor("r", "A.B.", "7B", danger, NOW, who, done)
        for danger in (True, False)
        for who, done in (("", False), ("Ms Alder", False), ("Ms Alder", True))
    ]
    asked += [
        AskedFor("r", "A.B.", "7B", False, NOW, who, done, "Mr Birch", soon, ("Ms Cole",), until, promise, True)
        for who, done, until, promise in (("", False, None, ""), ("Ms Alder", False, NOW, "today"))
        for soon in ("today", "week")
    ]
    answered = [Response("w", "g", "7B", 20, 25, 1, NOW, closed) for closed in (True, False)]
    names = tuple(
        (f"Robin Example {n}", state) for n in range(8) for state in ("partial", "undelivered", "open", "missed")
    )
    return (
        *cards.home_cards(
            tuple(answered), tuple(map(cards.nudge_card, nudges)), tuple(map(request_card, asked)), words=3
        ),
        *map(cards.wave_card, answered),
        cards.daily_card(cards.Waiting(4, 2, 1), NOW),
        cards.who_card("Robin Example", "7B"),
        cards.unanswered_card("7B", names),
        cards.unanswered_card("7B", ()),
        cards.words_card(()),
        cards.quiet_card(),
        cards.stranger_card(),
    )


def whisper_views() -> list[dict[str, Any]]:
    """Give Whisper's windows for staff, with a thread of each kind of turn."""
    turns = (
        Turn("1", "reporter", "words", b"Something was said."),
        *(Turn(str(at), "Ms Alder", what, b"Words.") for at, what in enumerate(("reply", "question", "note"), start=2)),
        Turn("5", "reporter", "photo", b"", "A caption."),
        *(Turn(str(at), "reporter", "helped", said) for at, said in ((6, b"y"), (7, b"n"))),
    )
    people = (("a1", "Ms Alder"), ("b1", "Mr Birch"))
    lines = [
        Line("abcdef0", "2026-11-24", kind, urgency, status, "", "", "", kept=False)
        for kind, urgency, status in (
            *((kind, "urgent", "received") for kind in KINDS),
            *(("other", "ordinary", status) for status in STATUSES),
        )
    ]
    heads = {"received": {"about": "me", "owner": "Ms Alder", "links": ("EFGH",)}}
    problem = say("Linked with {handles}.", handles="EFGH")
    views = [thread_view(Thread(line, heads.get(line.status, {}), turns), people, READER, problem) for line in lines]
    receipt = Message((say("There is no reply yet."), say("Staff: {words}", words="x" * 4000)))
    return [
        *views,
        staff_view(people, "ENG", say("A person reads this in school hours: today."), READER),
        staff_view((), "IE", say("A person reads this in school hours. The next time is {when}.", when=NOW), READER),
        told_view(say("Replies"), receipt, READER),
        told_view(say("Your six words"), receipt, READER),
    ]


def literals(call: str) -> list[str]:
    """Give what is written out as the words of a call, such as Toast(say(…))."""
    nodes = (
        node
        for folder in ("conversations", "scheduling", "bot")
        for path in sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )
    made = (n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == call)
    said = (one.args[0] for one in made if one.args)
    return [
        str(one.args[0].value) for one in said if isinstance(one, ast.Call) and isinstance(one.args[0], ast.Constant)
    ]


def modals() -> tuple[Card, ...]:
    """Give what is shown in a modal alone: there is no room for it on the Home tab, nor need be."""
    ideas = tuple(load(LATEST).actions.values())
    return tuple(cards.ideas_card(ideas[at : at + IDEAS]) for at in range(0, len(ideas), IDEAS))


@pytest.mark.parametrize("card", staff_cards() + modals(), ids=lambda card: card.title.text)
def test_every_card_is_translated_and_fits_slack_with_words_two_fifths_longer(card: Card):
    assert of_card(card) == []


def test_every_string_there_is_can_be_said_two_fifths_longer():
    """Those, too, that no dialogue comes to: whole, with each of their fields, and in the room of one block."""

    def faults(english: str) -> list[str]:
        values = {name: "menu" if name == "command" else "Robin Example" for name in fields(english)}
        words = text.render(Phrase(english, tuple(values.items())), PSEUDO, ZONE, NOW)
        lost = [value for value in values.values() if value not in words]
        whole = words.startswith(OPEN) and words.endswith(CLOSE)
        wordless = not any(character.isalpha() for character in re.sub(r"\{\w*\}", "", english))
        return [*lost, *([] if whole or wordless else [words]), *([words] if len(words) > SLACK_TEXT else [])]

    strings = [one for message in template() for one in ([message.id] if isinstance(message.id, str) else message.id)]
    assert len(strings) > 1000
    assert [found for english in strings for found in faults(str(english))] == []


def test_every_button_and_passing_word_there_is_fits_with_words_two_fifths_longer():
    def long(english: str, most: int) -> bool:
        return len(Pseudo().gettext(english)) > most

    assert [words for words in labels() if long(words, BUTTON)] == []
    passing = [words for words in literals("Toast") if long(words, TELEGRAM_TOAST)]
    assert (len(literals("Toast")) > 3, passing) == (True, [])


@pytest.mark.parametrize("view", whisper_views(), ids=lambda view: str(view.get("callback_id", "told")))
def test_every_window_of_whisper_fits_slack(view: dict[str, Any]):
    assert of_window(view) == []


def test_a_long_title_of_a_form_stands_whole_below_it():
    title = say("Somebody who worked at the school")
    assert of_form(Form("name", "value", title, (Field("words", say("Words"), "words"),))) == []


def test_the_home_tab_fits_slack_with_words_two_fifths_longer():
    view = home_view(staff_cards(), PSEUDO, ZONE, NOW)
    assert len(view["blocks"]) <= VIEW_BLOCKS
    assert [words for _, words in texts_of(view["blocks"]) if "…" in words] == []


def test_the_pseudo_language_is_longer_and_leaves_fields_and_commands_alone():
    words = Pseudo().gettext("To stop, send /stop, {name}.")
    assert words.startswith(OPEN + "Tö stöp, séñd /stop, {name}.")
    assert len(words) >= (1 + LONGER) * len("To stop, send /stop, {name}.")


def test_a_sentence_that_escaped_translation_is_found():
    assert escaped(say("For {what}.", what="a sentence that nobody can translate")) != []
    assert escaped(Phrase("{text}", (("text", "Robin"),))) == []


def test_a_line_that_lost_its_end_is_found():
    long = say("{words}", words="word " * 900)
    assert [words[-1] for words in of_card(Card(say("Whispers"), (long,))) if words.endswith("…")] != []
    assert is_cut("one …\ntwo")
    assert not is_cut(text.render(say("I’m away until …"), PSEUDO, ZONE, NOW))


def test_the_pseudo_language_is_offered_to_nobody():
    assert PSEUDO not in text.languages()
