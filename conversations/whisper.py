"""Whisper: a pure step function for the anonymous channel. Nothing of it is ever put into the conversation table.

Rules
1. The first screen comes before any text: whom to ring, I’m in danger now, what staff and others can and cannot see,
   and when a person will next read it.
2. I’m in danger now shows what to do, and asks “Shall we tell staff who you are?”. Only a yes names anybody; it is the
   same button as in Talk to someone, and from there on it is that flow.
3. About me or someone else, what kind, and for an adult in school whether it is one of those who read whispers: that
   person is never among the readers.
4. Each message is sealed as it arrives. Photos are taken; voice notes are not, because a voice can be known. Words
   that come with what is refused are words.
5. Then six words, shown once, with See replies, which carries the same. Two of the words are asked for.
6. While a whisper is open all that is typed belongs to it, until I have finished, Stop, or a command of ENDING. After
   half an hour in which nothing came for it, words wait until they say that these are for it; words of danger do not
   wait. Another way taken after that time ends it.
7. What could not be kept is said at once, with what to do instead.
8. Words typed unprompted are offered: whisper this, ask an adult, or nothing. They wait in memory alone, ten
   minutes at most, and are let go as soon as another way is taken. Whoever comes for them later is told so.
9. A knock is asked for, never given: without it nothing is kept that leads back to the chat.
10. Words of danger make it urgent. They name nobody.

What it needs to go on is in the buttons (`Choice`), so that a restart strands nobody; `Exchange` lives in memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from conversations import whisper_knocks as knocks
from conversations import whisper_pages as pages
from conversations import whisper_waiting as waiting_words
from conversations.danger_words import sounds_urgent
from conversations.model import Command, Tap, Text
from conversations.whisper_choice import ADULT, KIND_NAMES, Around, Choice
from conversations.whisper_model import (
    Changed,
    Exchange,
    Happening,
    Hint,
    Look,
    Looked,
    NotSealed,
    OtherFile,
    Photo,
    Remove,
    Removed,
    Route,
    Routed,
    Seal,
    Sealed,
    SixWords,
    Speak,
    Turn,
    Unprompted,
)

PHOTOS_MOST = 10
# Commands that end a whisper: what is typed next is an adult's name, or they want to stop or to begin anew. Any other
# shows its page, and the whisper stays open as it does under a button.
ENDING = ("goto", "start", "stop")


def step(exchange: Exchange | None, happening: Happening, around: Around) -> Turn:
    """Take one happening and say what comes of it. Never raises on what people send."""
    match happening:
        case Tap(data):
            return _tap(exchange, data, around)
        case Command(name):
            return _command(exchange, name, around)
        case Unprompted(text):
            return _offer(exchange, text, around)
        case SixWords(code):
            return Turn(None, (Look(Choice(receipt=code)),))
        case Text(text):
            return _text(exchange, text, around)
        case Photo(caption):
            return _photo(exchange, caption, around)
        case OtherFile(kind, words):
            return _without_file(exchange, Speak(pages.refused(kind)), words, around)
        case Changed(text):
            return Turn(exchange, (Speak(pages.changed(around, sounds_urgent(text))),))
        case Sealed(again, what):
            return Turn(exchange) if what == "helped" else _sealed(exchange, around, again=again)
        case NotSealed(why, words):
            if why == "photo" and exchange is not None:
                exchange = replace(exchange, photos=max(0, exchange.photos - 1))
            said = Speak(pages.not_received(around, why, exchange.choice if exchange else None))
            return _without_file(exchange, said, words if why == "photo" else "", around)
        case Looked():
            return _looked(exchange, happening, around)
        case Routed():
            return Turn(exchange, (Speak(knocks.knock_kept()),))
        case Removed(all_gone):
            return Turn(None, (Speak(pages.removed(all_gone=all_gone)),))
        case _:
            assert_never(happening)


def let_go(exchange: Exchange) -> Exchange | None:
    """Let go of words that waited too long; what was asked beside them stays."""
    return None if exchange.offered else replace(exchange, waiting=(), lapsed=True)


def _command(exchange: Exchange | None, name: str, around: Around) -> Turn:
    if name == "done" and exchange is not None and exchange.choice is not None:
        return _finish(exchange, exchange.choice)
    return _first(exchange, around, over=False)


def _first(exchange: Exchange | None, around: Around, *, over: bool) -> Turn:
    waiting = exchange.waiting if exchange else ()
    page = waiting_words.first_with_words(around) if waiting else pages.first(around)
    here = Exchange(waiting=waiting, lapsed=exchange is not None and exchange.lapsed)
    return Turn(here, (Speak(page, over),))


def _offer(exchange: Exchange | None, text: str, around: Around) -> Turn:
    waiting, held = waiting_words.with_more(exchange.waiting if exchange else (), text)
    page = waiting_words.offer(around, held=held, danger_words=sounds_urgent(text))
    return Turn(Exchange(waiting=waiting, offered=True), (Speak(page),))


def _text(exchange: Exchange | None, text: str, around: Around) -> Turn:
    if exchange is None:
        return _offer(None, text, around)
    if exchange.asked:
        # Six words would have come as such: these are none.
        return Turn(exchange, (Speak(pages.not_six_words(around, sounds_urgent(text))),))
    if exchange.choice is None:
        waiting, held = waiting_words.with_more(exchange.waiting, text)
        danger = sounds_urgent(text)
        page = waiting_words.choose_first(around, held=held, lapsed=exchange.lapsed, danger_words=danger)
        return Turn(replace(exchange, waiting=waiting, offered=False, lapsed=False), (Speak(page),))
    urgent = sounds_urgent(text)
    if exchange.left and not urgent:
        waiting, held = waiting_words.with_more(exchange.waiting, text)
        page = waiting_words.still_for_it(exchange.choice, held=held, lapsed=exchange.lapsed)
        return Turn(replace(exchange, waiting=waiting, lapsed=False), (Speak(page),))
    return Turn(replace(exchange, urgent=exchange.urgent or urgent), (Seal(text, exchange.choice, urgent=urgent),))


def _without_file(exchange: Exchange | None, said: Speak, words: str, around: Around) -> Turn:
    """Say that a file is not kept, and take the words that came with it like any others."""
    if not words.strip():
        return Turn(exchange, (said,))
    turn = _text(exchange, words, around)
    return replace(turn, deeds=(said, *turn.deeds))


def _photo(exchange: Exchange | None, caption: str, around: Around) -> Turn:
    if exchange is None or exchange.choice is None:
        return _without_file(exchange, Speak(waiting_words.photo_before_choosing()), caption, around)
    if exchange.photos >= PHOTOS_MOST:
        return _without_file(exchange, Speak(pages.too_many_photos(exchange.choice)), caption, around)
    urgent = sounds_urgent(caption)
    changed = replace(exchange, photos=exchange.photos + 1, urgent=exchange.urgent or urgent)
    return Turn(changed, (Seal(caption, exchange.choice, photo=True, urgent=urgent),))


def _sealed(exchange: Exchange | None, around: Around, *, again: bool) -> Turn:
    if exchange is None or exchange.choice is None:
        # What was sealed before this process began had its choice: of that whisper nothing waited any more.
        here = None if exchange is None else replace(exchange, lapsed=False)
        return Turn(here, (Speak(pages.kept_already()),))
    if again:
        return Turn(exchange, (Speak(pages.received(around, exchange.choice, urgent=False)),))
    first_urgent = exchange.urgent and not exchange.choice.told
    choice = replace(exchange.choice, told=exchange.choice.told or exchange.urgent)
    # What they read next says that they can write more: only words that wait are asked about still.
    changed = replace(exchange, sent=exchange.sent + 1, choice=choice, left=exchange.left and bool(exchange.waiting))
    return Turn(changed, (Speak(pages.received(around, choice, urgent=first_urgent)),))


# --- buttons ----------------------------------------------------------------------------------------------------------


def _tap(exchange: Exchange | None, data: str, around: Around) -> Turn:
    verb, _, rest = data.removeprefix("w").removeprefix(":").partition(":")
    if verb == "":
        return _first(exchange, around, over=True)
    if verb == "t":
        return _taken_up(exchange, around)
    if verb == "q":
        sent = None if exchange is None else exchange.sent > 0
        return Turn(None, (Speak(pages.stopped(sent=sent), over=True),))
    if verb == "x":
        return _not_for_it(exchange, around)
    if verb == "d":
        return Turn(exchange, (Speak(pages.danger(around), over=True),))
    if verb == "r":
        return Turn(Exchange(asked=True), (Speak(pages.ask_words(), over=True),))
    if verb == "z":
        return Turn(exchange, (Remove(),))
    if verb in ("a", "k"):
        return _choosing(exchange, verb, rest, around)
    choice = Choice.read(rest)
    if choice is None or not around.is_receipt(choice.receipt):
        return Turn(exchange, (Hint(pages.old_button()),))
    return _with_receipt(exchange, verb, choice, around)


def _taken_up(exchange: Exchange | None, around: Around) -> Turn:
    """They chose to whisper what was offered, or what they take to be offered still."""
    if exchange is not None and exchange.choice is not None:
        return Turn(exchange, (Hint(waiting_words.open_already()),))
    if exchange is None or not exchange.waiting:
        return Turn(Exchange(), (Speak(waiting_words.first_without_words(around), over=True),))
    return _first(exchange, around, over=True)


def _not_for_it(exchange: Exchange | None, around: Around) -> Turn:
    """The words are for something else: the whisper is closed, and they are offered like any others."""
    if exchange is None or not exchange.waiting:
        sent = None if exchange is None else exchange.sent > 0
        return Turn(None, (Speak(pages.stopped(sent=sent), over=True),))
    offered = Exchange(waiting=exchange.waiting, offered=True, sent=exchange.sent)
    return Turn(offered, (Speak(waiting_words.offer(around), over=True),))


def _for_it(exchange: Exchange | None, choice: Choice, around: Around) -> Turn:
    """The words are for the whisper; who comes too late for them is told so."""
    if exchange is None or exchange.choice is None:
        return _write(Exchange(choice=choice, lapsed=True), around)
    return _write(replace(exchange, left=False), around)


def _choosing(exchange: Exchange | None, verb: str, rest: str, around: Around) -> Turn:
    waiting = exchange.waiting if exchange else ()
    # A chat that memory does not know may have typed something before a restart.
    here = Exchange(waiting=waiting, lapsed=exchange is None or exchange.lapsed)
    if verb == "a" and rest in ("m", "o"):
        return Turn(here, (Speak(pages.kinds(rest), over=True),))
    if verb == "k" and len(rest) >= 2 and rest[0] in "mo" and rest[1] in KIND_NAMES:
        excluded = rest[2:]
        if rest[1] == ADULT and not excluded:
            return Turn(here, (Speak(pages.which_adult(rest, around), over=True),))
        choice = Choice(rest[0], rest[1], "" if excluded == "-" else excluded, receipt=around.fresh)
        return _write(replace(here, choice=choice), around)
    return Turn(exchange, (Hint(pages.old_button()),))


def _write(exchange: Exchange, around: Around) -> Turn:
    choice = exchange.choice
    assert choice is not None  # noqa: S101 (the caller has just chosen)
    page = Speak(pages.write(around, choice, lapsed=exchange.lapsed), over=True)
    exchange = replace(exchange, offered=False, lapsed=False)
    if not exchange.waiting:
        return Turn(exchange, (page,))
    text = waiting_words.joined(exchange.waiting)
    urgent = sounds_urgent(text)
    changed = replace(exchange, waiting=(), urgent=exchange.urgent or urgent)
    return Turn(changed, (page, Seal(text, choice, urgent=urgent)))


def _with_receipt(exchange: Exchange | None, verb: str, choice: Choice, around: Around) -> Turn:
    match verb:
        case "f":
            return _finish(exchange, choice)
        case "e":
            return _for_it(exchange, choice, around)
        case "h":
            held = replace(choice, hold=not choice.hold)
            before = exchange or Exchange()
            changed = replace(before, choice=held, left=before.left and bool(before.waiting))
            return Turn(changed, (Speak(pages.write(around, held), over=True),))
        case "m":
            changed = replace(exchange or Exchange(), choice=choice, asked=False, left=False)
            return _write(changed, around)
        case "s":
            return Turn(exchange, (Look(choice),))
        case "o":
            return Turn(None, (Speak(pages.receipt(around, choice), over=True),))
        case "c":
            return Turn(None, (Speak(pages.quiz(around, choice, pages.QUIZ[0]), over=True),))
        case "2" | "5":
            return Turn(None, (_answered(around, choice, verb),))
        case "p":
            return Turn(exchange, (Speak(knocks.ask_knock(choice)),))
        case "u":
            return Turn(exchange, (Route(choice),))
        case "y" | "n":
            return Turn(exchange, (Seal(verb, choice, what="helped"), Hint(pages.thanks())))
        case _:
            return Turn(exchange, (Hint(pages.old_button()),))


def _answered(around: Around, choice: Choice, verb: str) -> Speak:
    number = int(verb)
    if not pages.is_right(around, choice, number):
        return Speak(pages.wrong_word(choice), over=True)
    if number == pages.QUIZ[0]:
        return Speak(pages.quiz(around, choice, pages.QUIZ[1]), over=True)
    return Speak(pages.kept_well(choice), over=True)


def _finish(exchange: Exchange | None, choice: Choice) -> Turn:
    """End an exchange: what waited since a restart is sealed with the rest, then the receipt is shown."""
    if exchange is not None and exchange.choice is not None and exchange.sent:
        # A page may have come twice, each with a receipt: what was sealed went under the later.
        choice = exchange.choice
    if exchange is not None and exchange.lapsed:
        return Turn(replace(exchange, choice=choice, lapsed=False), (Speak(waiting_words.lapsed_before_end(choice)),))
    look = Look(choice, finishing=True)
    if exchange is None or exchange.offered or not exchange.waiting:
        return Turn(exchange, (look,))
    if exchange.left:
        return Turn(exchange, (Speak(waiting_words.still_for_it(choice)),))
    text = waiting_words.joined(exchange.waiting)
    changed = replace(exchange, waiting=(), choice=choice)
    return Turn(changed, (Seal(text, choice, urgent=sounds_urgent(text)), look))


def _looked(exchange: Exchange | None, looked: Looked, around: Around) -> Turn:
    if not looked.finishing:
        return Turn(exchange if looked.found else None, (Speak(pages.standing(around, looked.choice, looked.found)),))
    if looked.found is None:
        return Turn(exchange, (Speak(pages.nothing_yet(looked.choice)),))
    return Turn(None, (Speak(pages.receipt(around, looked.choice), over=True),))
