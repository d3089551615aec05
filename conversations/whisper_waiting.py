"""Words that wait in memory until their writer has chosen: how much of them there may be, and the pages about them.

They wait WAITING_SECONDS after the last of them; nothing of them is written anywhere.
"""

from __future__ import annotations

from conversations.model import Button, Message, Phrase, say
from conversations.whisper_choice import Around, Choice
from conversations.whisper_pages import first, lapsed_words, stop_button
from conversations.wording import Rows, help_line_phrases

# The pages say ten minutes.
WAITING_SECONDS = 600
# After half an hour in which nothing came for a whisper, words may be meant for something else.
QUIET_SECONDS = 1800
# A message of Telegram's has room by itself, and what waits is sealed at one of the sizes that text has.
WAITING_BYTES = 16_000


def joined(waiting: tuple[str, ...]) -> str:
    """Give what waits as the one turn it is sealed as."""
    return "\n\n".join(waiting)


def with_more(waiting: tuple[str, ...], text: str) -> tuple[tuple[str, ...], bool]:
    """Add words to those that wait, and say whether there was room; none that wait already are let go for them."""
    more = (*waiting, text)
    fits = len(joined(more).encode("utf-8", "replace")) <= WAITING_BYTES
    return (more, True) if fits else (waiting, False)


# --- before it is chosen to whisper -----------------------------------------------------------------------------------


def offer(around: Around, *, held: bool = True, danger_words: bool = False) -> Message:
    """Answer words nothing was waiting for: whisper them, ask an adult, or nothing; `held`: there was room.

    Help lines come if the words call for them, and the way back to a check-in that is open.
    """
    paragraphs: tuple[Phrase, ...] = (
        *((_thanks(), _ten_minutes()) if held else (_no_room(),)),
        say("Would you like to whisper it? The adults who keep pupils safe read it, and do not see your name."),
        say("To tell the school something, ring it or go there.")
        if around.parent
        else say("Or ask an adult to find you. They see your name, and not what you typed."),
        *(help_line_phrases(around.nation) if danger_words else ()),
    )
    rows: Rows = (
        (Button(say("Whisper this"), "w:t"),),
        # To the page with the help lines: nobody is told a name by one tap.
        *(() if around.parent else ((Button(say("Ask for an adult"), "talk"),),)),
        *(((Button(say("Show my check-in"), f"c:{around.check_in}:go"),),) if around.check_in else ()),
        (Button(say("No, thanks"), "w:q"), Button(say("Menu"), "menu")),
        *(((Button(say("I’m in danger now"), "w:d"),),) if danger_words else ()),
    )
    return Message(paragraphs, rows=rows)


def _thanks() -> Phrase:
    return say("Thanks for writing. Nobody has read it, and it is not kept.")


def first_with_words(around: Around) -> Message:
    """The first screen for words that wait."""
    return first(around, say("What you typed waits here until you have chosen."))


def first_without_words(around: Around) -> Message:
    """The first screen for who comes for words that wait no more."""
    return first(
        around,
        say("What you typed does not wait here any more. Ten minutes is the most."),
        say("To whisper it, choose below and write it again. What you whispered before stays sealed."),
    )


def open_already() -> Phrase:
    return say("Your whisper is open. Write here, or tap I have finished.")


# --- afterwards, before it is chosen what it is about -----------------------------------------------------------------


def choose_first(around: Around, *, held: bool, lapsed: bool, danger_words: bool) -> Message:
    """Words came before the choices were made; help lines come if the words call for them."""
    words = (
        (say("That waits here, and is not kept yet. First tap one of the buttons above, please."), _ten_minutes())
        if held
        else (_no_room(),)
    )
    helped = help_line_phrases(around.nation) if danger_words else ()
    row = (Button(say("Show me the choices"), "w"), stop_button())
    urgent: Rows = ((Button(say("I’m in danger now"), "w:d"),),) if danger_words else ()
    return Message((*((lapsed_words(),) if lapsed else ()), *words, *helped), rows=(row, *urgent))


def photo_before_choosing() -> Message:
    """A photo does not wait: it would have to be fetched first."""
    words = say("That photo was not kept. First tap one of the buttons above, then send it again.")
    return Message((words,), rows=((Button(say("Show me the choices"), "w"), stop_button()),))


# --- after a quiet ----------------------------------------------------------------------------------------------------


def still_for_it(choice: Choice, *, held: bool = True, lapsed: bool = False) -> Message:
    """Ask whether words that came long after the last are for the whisper left open; `held`: there was room."""
    paragraphs: tuple[Phrase, ...] = (
        *((lapsed_words(),) if lapsed else ()),
        say("Your whisper is still open. Is this for it?"),
        *((say("It is not kept yet, and nobody has read it."), _ten_minutes()) if held else (_no_room(),)),
    )
    rows: Rows = (
        (Button(say("Yes, add it"), f"w:e:{choice.code()}"),),
        (Button(say("No, something else"), "w:x"),),
    )
    return Message(paragraphs, rows=rows)


def lapsed_before_end(choice: Choice) -> Message:
    row = (Button(say("I have finished"), f"w:f:{choice.code()}"),)
    return Message((lapsed_words(),), rows=(row, (stop_button(),)))


def _ten_minutes() -> Phrase:
    return say("It waits here for ten minutes, then it goes.")


def _no_room() -> Phrase:
    return say("There is no room for more before you choose, so that one does not wait. First tap a button, please.")
