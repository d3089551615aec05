"""Whisper's flow: dialogues for every path, and what no input may do to it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import whisper_model
from conversations.model import Button, Command, Message, Phrase, Tap, Text
from conversations.whisper import step
from conversations.whisper_choice import KIND_NAMES, Around, Choice, Found
from conversations.whisper_model import Exchange, Happening, Look, Looked, NotSealed, Removed, Seal, Sealed, Speak
from tests.locales import in_pseudo

FRESH = "abcdefghijklmn"


def words_of(code: str) -> tuple[str, ...]:
    return tuple(f"word{number}{code[:2]}" for number in range(1, 7))


def decoys_of(code: str, number: int) -> tuple[str, ...]:
    return tuple(f"decoy{sha256(f'{code}{number}{at}'.encode()).hexdigest()[:4]}" for at in range(3))


AROUND = Around(
    nation="ENG",
    reads_at=None,
    slot=datetime(2026, 11, 24, 12, 30, tzinfo=UTC),
    quiet=False,
    leads=(("a1b2c3d4", "Dora Selwyn"), ("b1b2c3d4", "Dai Penrose")),
    fresh=FRESH,
    words=words_of,
    decoys=decoys_of,
    is_receipt=lambda code: len(code) == 14,
)
QUIET = replace(AROUND, quiet=True)


def english(phrase: Phrase) -> str:
    text = phrase.plural if phrase.plural is not None and phrase.count != 1 else phrase.text
    return text.format(
        **{
            name: english(value)
            if isinstance(value, Phrase)
            else f"{value:%H:%M}"
            if isinstance(value, datetime)
            else value
            for name, value in phrase.params
        }
    )


class Chat:
    """One chat, with a store that keeps whatever it is told to."""

    def __init__(self, around: Around = AROUND, fails: str = "") -> None:
        self.around, self.fails = around, fails
        self.exchange: Exchange | None = None
        self.kept: list[Seal] = []
        self.said: list[Message] = []
        self.hints: list[str] = []
        self.routed: list[Choice] = []
        self.page: Found | None = None

    def happens(self, happening: Happening) -> None:
        turn = step(self.exchange, happening, self.around)
        self.exchange = turn.exchange
        for deed in turn.deeds:
            if isinstance(deed, Speak):
                self.said.append(deed.message)
            elif isinstance(deed, Seal):
                if not self.fails:
                    self.kept.append(deed)
                self.happens(NotSealed(self.fails) if self.fails else Sealed(what=deed.what))
            elif isinstance(deed, Look):
                found = self.page or (Found("received", "", ()) if self.kept else None)
                self.happens(Looked(deed.choice, found, deed.finishing))
            elif isinstance(deed, whisper_model.Route):
                self.routed.append(deed.choice)
                self.happens(NotSealed(self.fails) if self.fails else whisper_model.Routed())
            elif isinstance(deed, whisper_model.Remove):
                self.happens(Removed(all_gone=True))
            else:
                self.hints.append(english(deed.text))

    def tap(self, label: str) -> None:
        for message in reversed(self.said):
            for button in (button for row in message.rows for button in row):
                if english(button.label) == label:
                    self.happens(Tap(button.data))
                    return
        raise AssertionError(f"no button {label}")

    @property
    def last(self) -> str:
        return "\n".join(english(phrase) for phrase in self.said[-1].paragraphs)

    @property
    def buttons(self) -> list[str]:
        return [english(button.label) for row in self.said[-1].rows for button in row]

    def to_the_page(self, kind: str = "Bullying") -> Chat:
        self.happens(Command("whisper"))
        self.tap("It is about me")
        self.tap(kind)
        return self


def test_first_screen_has_help_and_the_limits_before_any_text():
    chat = Chat()
    chat.happens(Tap("w"))
    assert chat.last.split("\n") == [
        "Emergency: ring 999. It is free and always open.",
        "Childline: ring 0800 1111. Free, day and night.",
        "Shout: text SHOUT to 85258. Free, day and night.",
        "You can tell the adults who keep pupils safe about something. They will not see your name.",
        "Telegram knows it is you. Your words may say who you are.",
        "If someone may be hurt, staff must act, and may tell others. A court can ask for what we hold.",
        "A person reads this in school hours: today.",
    ]
    assert chat.buttons == [
        "I’m in danger now",
        "It is about me",
        "It’s about someone else",
        "See replies",
        "Stop",
    ]


def test_danger_asks_before_a_name_is_told():
    chat = Chat()
    chat.happens(Tap("w:d"))
    assert chat.last.split("\n")[-1] == "Shall we tell staff who you are? They can come to you only if they know."
    data = {english(button.label): button.data for row in chat.said[-1].rows for button in row}
    assert data == {"Yes, tell my name": "talk:danger", "No, don’t tell them": "w"}


def test_from_the_first_word_to_six_words_kept():
    chat = Chat().to_the_page()
    chat.happens(Text("they take my things"))
    assert chat.last == "Received and sealed. You can write more, or tap I have finished."
    chat.happens(Text("every day"))
    assert [one.words for one in chat.kept] == ["they take my things", "every day"]
    assert {(one.choice.about, one.choice.kind, one.choice.receipt) for one in chat.kept} == {("m", "b", FRESH)}
    chat.tap("I have finished")
    assert chat.exchange is None
    assert "\n".join(f"{number}. word{number}ab" for number in range(1, 7)) in chat.last
    chat.tap("I have kept them")
    chat.tap(next(label for label in chat.buttons if label != "word2ab"))
    assert chat.last == "That is another word. Look once more, and write them down."
    chat.tap("Show the words again")
    chat.tap("I have kept them")
    chat.tap("word2ab")
    chat.tap("word5ab")
    assert chat.last.startswith("Good. You have them.")
    chat.tap("Remove from my chat")
    assert chat.last == "Done."


def test_adult_in_school_who_reads_whispers_is_left_out():
    chat = Chat().to_the_page("An adult in school")
    assert chat.buttons == ["Dora Selwyn", "Dai Penrose", "None of these", "Stop"]
    chat.tap("Dora Selwyn")
    chat.happens(Text("she shouts at us"))
    assert chat.kept[0].choice.excluded == "a1b2c3d4"


def test_words_typed_unprompted_wait_until_they_are_whispered():
    chat = Chat()
    chat.happens(whisper_model.Unprompted("there is something"))
    assert chat.buttons == ["Whisper this", "Ask for an adult", "No, thanks", "Menu"]
    assert chat.kept == []
    chat.tap("Whisper this")
    chat.tap("It’s about someone else")
    chat.tap("Worry about a friend")
    assert [one.words for one in chat.kept] == ["there is something"]
    chat = Chat()
    chat.happens(whisper_model.Unprompted("there is something"))
    chat.tap("No, thanks")
    assert (chat.kept, chat.exchange) == ([], None)


def test_words_of_danger_are_urgent_and_said_to_be_once():
    chat = Chat().to_the_page("Not safe at home")
    chat.happens(Text("he hits me"))
    assert chat.kept[0].urgent is True
    assert "Staff are told now that there is an urgent whisper, not who wrote it." in chat.last
    chat.happens(Text("it is every week"))
    assert chat.last == "Received and sealed. You can write more, or tap I have finished."


def test_small_crowd_is_said_and_the_card_can_wait():
    chat = Chat(QUIET).to_the_page()
    assert "Few people have used this in the last hour" in "\n".join(english(one) for one in chat.said[0].paragraphs)
    chat.tap("Wait until 12:30")
    assert chat.last.split("\n")[-1] == "Staff are told at 12:30."
    chat.happens(Text("he hits me"))
    assert chat.kept[0].choice.hold is True
    assert "Staff are told at 12:30 that there is an urgent whisper." in chat.last


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("store", "That was not received: nothing of it was kept. Please send it again in a few minutes."),
        ("nobody", "At this school nobody else can read whispers, so nothing was kept."),
        ("photo", "That photo could not be read, so it was not kept. Send it as a photo, smaller than 8 MB."),
        ("many", "That is a lot in a short time, so this one was not kept. Wait a minute, then send it again."),
        ("long", "That was too long to keep at once. Send it in shorter messages."),
    ],
)
def test_what_was_not_kept_is_said_at_once_with_what_to_do_instead(why: str, sentence: str):
    chat = Chat(fails=why).to_the_page()
    chat.happens(Text("they take my things"))
    instead = "You can also tap Talk to someone, or tell an adult you trust. In danger, ring 999."
    assert chat.last == f"{sentence}\n{instead}"


def test_photos_are_taken_ten_at_most_and_sound_is_not():
    chat = Chat().to_the_page()
    for _ in range(11):
        chat.happens(whisper_model.Photo())
    assert len(chat.kept) == 10
    assert chat.last == "Ten photos is the most I keep in one whisper. That one was not kept."
    chat = Chat(fails="photo").to_the_page()
    for _ in range(11):
        chat.happens(whisper_model.Photo())
    assert chat.last.startswith("That photo could not be read, so it was not kept.")
    chat.happens(whisper_model.OtherFile("voice"))
    assert chat.last == "I do not keep sound or film, because a voice can be known. Please type it, or send a photo."
    chat.happens(whisper_model.OtherFile("sticker"))
    assert chat.last == "I keep words and photos only. That was not kept. Please type it, or send a photo."


@pytest.mark.parametrize("kind", ["voice", "video", "document", "sticker"])
def test_words_under_what_is_refused_are_sealed_and_words_of_danger_in_them_are_urgent(kind: str):
    chat = Chat().to_the_page()
    chat.happens(whisper_model.OtherFile(kind, "i want to die"))
    assert [(deed.words, deed.photo, deed.urgent) for deed in chat.kept] == [("i want to die", False, True)]


def test_words_under_a_photo_that_is_not_kept_are_sealed_without_it():
    chat = Chat().to_the_page()
    for _ in range(11):
        chat.happens(whisper_model.Photo("i want to die"))
    assert [(deed.words, deed.photo, deed.urgent) for deed in chat.kept[10:]] == [("i want to die", False, True)]


def test_words_under_what_comes_before_choosing_wait_with_the_others():
    chat = Chat()
    chat.happens(Command("whisper"))
    chat.happens(whisper_model.OtherFile("video", "they film me"))
    chat.happens(whisper_model.Photo("in the showers"))
    assert (chat.exchange.waiting if chat.exchange else ()) == ("they film me", "in the showers")


def test_coming_back_shows_how_it_stands_and_what_was_answered():
    chat = Chat()
    chat.page = Found("closed", "helped", (("question", "Where?"), ("reply", "Thank you.")))
    chat.happens(whisper_model.SixWords(FRESH))
    assert chat.last == "Closed: staff acted on it.\nStaff: Where?\nStaff: Thank you."
    assert chat.buttons == [
        "Write more",
        "This helped",
        "This did not help",
        "See replies",
        "Tell me about replies",
    ]
    chat.tap("This helped")
    assert (chat.kept[-1].what, chat.kept[-1].words) == ("helped", "y")
    assert chat.hints == ["Thank you. Staff will see that, and not your name."]


def test_six_words_that_open_nothing_get_a_page_too():
    chat = Chat()
    chat.happens(whisper_model.SixWords(FRESH))
    assert chat.last.startswith("No whisper opens with these words.")


def test_replies_too_many_for_one_message_show_the_newest_and_count_the_rest():
    chat = Chat()
    chat.page = Found("read", "", tuple(("reply", f"{number} " + "x" * 990) for number in range(6)))
    chat.happens(whisper_model.SixWords(FRESH))
    assert "3 older replies have no room here." in chat.last
    assert len(chat.last) < 4096


def test_changed_message_is_not_read_again_and_names_nobody():
    chat = Chat().to_the_page()
    chat.happens(whisper_model.Changed("i want to die"))
    assert chat.kept == []
    assert chat.buttons == ["I’m in danger now", "Talk to someone"]


@pytest.mark.parametrize("happening", [Text("i want to die"), whisper_model.OtherFile("video", "i want to die")])
def test_words_of_danger_where_six_words_are_asked_for_bring_help_lines(happening: Happening):
    chat = Chat()
    chat.happens(Command("whisper"))
    chat.tap("See replies")
    chat.happens(happening)
    assert "Emergency: ring 999." in chat.last
    assert chat.buttons == ["I’m in danger now", "Stop"]


def test_finishing_with_nothing_sent_says_so():
    chat = Chat().to_the_page()
    chat.tap("I have finished")
    assert chat.last == "Nothing has been sent yet. Write it here first, or tap Stop."


def test_knock_is_explained_before_it_is_asked_for_and_nothing_is_kept_without_a_yes():
    chat = Chat().to_the_page()
    chat.happens(Text("they take my things"))
    chat.happens(whisper_model.SixWords(FRESH))
    chat.tap("Tell me about replies")
    assert "It will not say why." in chat.last
    assert "for two weeks at most" in chat.last
    assert (chat.buttons, chat.routed) == (["Yes, say hello", "See replies"], [])
    chat.tap("Yes, say hello")
    assert chat.routed == [Choice(receipt=FRESH)]
    assert chat.last == "Good. I will say hello here when staff answer, at a fixed time of the day."


# --- any input --------------------------------------------------------------------------------------------------------

codes = st.text("abcXYZ09-_", min_size=14, max_size=14)
choices = st.builds(
    Choice,
    about=st.sampled_from(["m", "o", ""]),
    kind=st.sampled_from([*KIND_NAMES, ""]),
    excluded=st.sampled_from(["", "a1b2c3d4"]),
    receipt=codes,
    hold=st.booleans(),
    told=st.booleans(),
    guess=st.none() | st.integers(0, 9),
)
data = st.one_of(
    st.text(max_size=64),
    st.builds(lambda verb, choice: f"w:{verb}:{choice.code()}", st.sampled_from("fhmsoc25ynpu?"), choices),
    st.sampled_from(["w", "w:", "w:t", "w:q", "w:d", "w:r", "w:z", "w:a:m", "w:a:x"]),
    st.sampled_from(["w:k:mb", "w:k:ma", "w:k:m", "w:k:ma-"]),
)
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.builds(Tap, data),
    st.builds(Text, st.text(max_size=200)),
    st.builds(Command, st.sampled_from(["whisper", "done"])),
    st.builds(whisper_model.Unprompted, st.text()),
    st.builds(whisper_model.Photo, st.text()),
    st.builds(whisper_model.OtherFile, st.sampled_from(["voice", "sticker", ""]), st.just("") | st.text()),
    st.builds(whisper_model.Changed, st.text()),
    st.builds(whisper_model.SixWords, codes),
    st.builds(
        NotSealed,
        st.sampled_from(["store", "nobody", "photo", "gone", "many", "tries", "long", "?"]),
        st.just("") | st.text(),
    ),
    st.builds(whisper_model.Routed),
    st.builds(Removed, st.booleans()),
)


@given(choices)
def test_choice_survives_its_button_which_fits(choice: Choice):
    assert Choice.read(choice.code()) == choice
    assert len(f"w:f:{choice.code()}") <= 64


@given(st.text(max_size=64))
def test_what_is_no_choice_is_none(text: str):
    choice = Choice.read(text)
    assert choice is None or Choice.read(choice.code()) == choice


@given(st.lists(happenings, max_size=15), st.sampled_from([AROUND, QUIET]), st.sampled_from(["", "store"]))
def test_whatever_happens_is_answered_and_its_buttons_do_something(script: list[Happening], around: Around, fails: str):
    chat = Chat(around, fails)
    for happening in script:
        said, hints = len(chat.said), len(chat.hints)
        chat.happens(happening)
        assert len(chat.said) > said or len(chat.hints) > hints
        for button in (button for message in chat.said[said:] for row in message.rows for button in row):
            assert 1 <= len(button.data.encode()) <= 64
            assert_does_something(chat, button)


def assert_does_something(chat: Chat, button: Button) -> None:
    if button.data.split(":")[0] == "w":
        assert step(chat.exchange, Tap(button.data), chat.around).deeds != ()


@given(st.lists(happenings, max_size=15))
def test_nobody_is_named_but_by_the_one_button(script: list[Happening]):
    chat = Chat()
    for happening in script:
        chat.happens(happening)
    naming = {
        english(button.label)
        for message in chat.said
        for row in message.rows
        for button in row
        if button.data == "talk:danger"
    }
    assert naming <= {"Yes, tell my name"}


def test_every_page_that_buttons_lead_to_is_translated_and_fits_telegram_in_longer_words():
    """From the first screen on: each button of each page, and words where a page waits for them."""
    begun = Chat()
    begun.happens(Command("whisper"))
    waiting, pages = [begun], {begun.said[-1]}
    while waiting:
        chat = waiting.pop()
        here = [*(Tap(button.data) for row in chat.said[-1].rows for button in row), Text("Some words.")]
        for happening in here:
            next_ = deepcopy(chat)
            next_.happens(happening)
            if next_.said[-1] not in pages:
                pages.add(next_.said[-1])
                waiting.append(next_)
    assert len(pages) > 20
    assert [found for message in pages for found in in_pseudo.of_message(message)] == []
