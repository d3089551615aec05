"""The pseudo-language: every dialogue and every card in words that are marked, accented and 40 % longer.

A word without its marks escaped translation; a mark that is missing was cut off; a message that is too long would be
refused by Telegram or Slack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import text
from bot.pseudo import CLOSE, LONGER, OPEN, PSEUDO, Pseudo
from bot.slack.blocks import MESSAGE_BLOCKS, TITLE_LENGTH, VIEW_BLOCKS, home_view, message_blocks, modal_view
from bot.telegram.sender import rendered
from conversations import cards
from conversations.actions import LATEST, load
from conversations.cards import Card, Nudge, Response
from conversations.cards_request import AskedFor, request_card
from conversations.flows.help import COMMANDS
from conversations.model import Button, Effect, Message, Phrase, Toast, say
from conversations.reasons import reason_phrases
from scheduling.briefing import IDEAS
from tests.dialogues.transcript import FOLDER, PLAYED, Stage, _stage

ZONE = "Europe/London"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TELEGRAM_TEXT, TELEGRAM_TOAST, TELEGRAM_COMMAND = 4096, 200, 256
# What a row of its own shows on a phone 320 points wide: Telegram sets no limit, but it ends a longer label in dots.
BUTTON = 50
SLACK_TEXT, SLACK_BUTTON, SLACK_HEADER = 3000, 75, 150
# A value of so many words would be a sentence that nobody can translate; names and help lines are shorter.
WORDS_IN_A_VALUE = 4

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


def phrases_of(message: Message) -> Iterator[Phrase]:
    yield from (message.title,) if message.title else ()
    yield from message.paragraphs
    yield from (button.label for row in message.rows for button in row)


def escaped(phrase: Phrase) -> list[str]:
    """Give what of a phrase is not in the pseudo-language, or cannot be."""
    words = text.render(phrase, PSEUDO, ZONE, NOW)
    # A name, or a pattern of fields alone, is passed through as it is.
    wordless = not re.sub(r"\{\w*\}|\W", "", phrase.text)
    whole = wordless or (words.startswith(OPEN) and words.endswith(CLOSE) and words.count(OPEN) == words.count(CLOSE))
    if phrase.text == "{text}":
        return []
    values = [value for _, value in phrase.params]
    inside = [found for value in values if isinstance(value, Phrase) for found in escaped(value)]
    sentences = [value for value in values if isinstance(value, str) and len(value.split()) > WORDS_IN_A_VALUE]
    return ([] if whole else [words]) + inside + sentences


def label_of(button: Button) -> str:
    return " ".join(filter(None, (button.picture, text.render(button.label, PSEUDO, ZONE, NOW))))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_no_word_of_a_dialogue_escapes_translation(path: Path):
    messages, toasts = said_in(path)
    assert messages or toasts
    assert [found for message in messages for phrase in phrases_of(message) for found in escaped(phrase)] == []
    assert [found for toast in toasts for found in escaped(toast)] == []


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_every_message_fits_telegram_with_words_two_fifths_longer(path: Path):
    messages, toasts = said_in(path)
    whole = [re.sub(r"</?b>", "", rendered(message, PSEUDO, ZONE, NOW)[0]) for message in messages]
    assert [words for words in whole if len(words) > TELEGRAM_TEXT] == []
    labels = {label_of(button) for message in messages for row in message.rows for button in row}
    assert {label for label in labels if len(label) > BUTTON} == set()
    assert [toast for toast in toasts if len(text.render(toast, PSEUDO, ZONE, NOW)) > TELEGRAM_TOAST] == []


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
        *cards.home_cards(tuple(answered), tuple(nudges), tuple(map(request_card, asked)), words=3),
        *map(cards.wave_card, answered),
        cards.daily_card(cards.Waiting(4, 2, 1), NOW),
        cards.who_card("Robin Example", "7B"),
        cards.unanswered_card("7B", names),
        cards.unanswered_card("7B", ()),
        cards.words_card(()),
        cards.quiet_card(),
        cards.stranger_card(),
    )


def modals() -> tuple[Card, ...]:
    """Give what is shown in a modal alone: there is no room for it on the Home tab, nor need be."""
    ideas = tuple(load(LATEST).actions.values())
    return tuple(cards.ideas_card(ideas[at : at + IDEAS]) for at in range(0, len(ideas), IDEAS))


def texts_of(block: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (Block Kit's JSON)
    """Give each text of some blocks with the kind of block that it stands in."""
    for one in block:
        if one["type"] == "actions":
            yield from (("button", element["text"]["text"]) for element in one["elements"])
        elif one["type"] == "context":
            yield from (("context", element["text"]) for element in one["elements"])
        else:
            yield one["type"], one["text"]["text"]
            if "accessory" in one:
                yield "button", one["accessory"]["text"]["text"]


@pytest.mark.parametrize("card", staff_cards() + modals(), ids=lambda card: card.title.text)
def test_every_card_is_translated_and_fits_slack_with_words_two_fifths_longer(card: Card):
    assert [found for phrase in (card.title, *card.lines) for found in escaped(phrase)] == []
    blocks, summary = message_blocks(card, PSEUDO, ZONE, NOW)
    modal = modal_view(card, PSEUDO, ZONE, NOW)
    most = {"button": SLACK_BUTTON, "header": SLACK_HEADER, "section": SLACK_TEXT, "context": SLACK_TEXT}
    for shown in (blocks, modal["blocks"]):
        assert [(kind, words) for kind, words in texts_of(shown) if len(words) > most[kind] or "…" in words] == []
    assert (len(blocks) <= MESSAGE_BLOCKS, len(modal["blocks"]) <= VIEW_BLOCKS, "…" in summary) == (True, True, False)
    # A title has no room for more than 24 characters; one that was cut stands whole below it.
    title = modal["title"]["text"]
    assert len(title) <= TITLE_LENGTH
    assert ("…" not in title) or modal["blocks"][0]["type"] == "header"


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


def test_the_pseudo_language_is_offered_to_nobody():
    assert PSEUDO not in text.languages()
