"""Whisper's own words for what happened in a chat, what is known of it meanwhile, and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.model import Command, Message, Phrase, Tap, Text
from conversations.whisper_choice import Choice, Found


@dataclass(frozen=True)
class Exchange:
    """What is known of a chat that whispers, in memory alone.

    `waiting` are words typed before they chose to whisper, or before they said that they are still whispering;
    `offered` means that no more was asked than whether they will, `lapsed` that words waited too long, which is not
    said yet; `sent` counts what was sealed; `asked` means that six words are asked for, `left` that nothing came for so
    long that words may be meant for something else.
    """

    choice: Choice | None = None
    waiting: tuple[str, ...] = ()
    offered: bool = False
    lapsed: bool = False
    sent: int = 0
    photos: int = 0
    asked: bool = False
    left: bool = False
    urgent: bool = False


# --- what happened, beyond Tap, Text and Command ----------------------------------------------------------------------


@dataclass(frozen=True)
class Unprompted:
    """Words that nothing was waiting for."""

    text: str


@dataclass(frozen=True)
class Photo:
    """A photo, and what was typed under it."""

    caption: str = ""


@dataclass(frozen=True)
class OtherFile:
    """Anything else that is not words; `kind` as Telegram names it, `words` what was typed under it."""

    kind: str
    words: str = ""


@dataclass(frozen=True)
class Changed:
    """A message sent before was changed."""

    text: str


@dataclass(frozen=True)
class SixWords:
    """Six words of the list were typed; `code` is the receipt they make."""

    code: str


@dataclass(frozen=True)
class Sealed:
    """What was to be sealed is kept; `again` means that it had been, before a restart."""

    again: bool = False
    what: str = "words"


@dataclass(frozen=True)
class NotSealed:
    """It is not kept; `why` is "store", "nobody" (no reader is left), "photo" (not one that can be read) or "many".

    `words` are those that came with a photo: they can be kept without it.
    """

    why: str
    words: str = ""


@dataclass(frozen=True)
class Looked:
    """A receipt was looked up; `found` is None for one that opens nothing, `finishing` when it ends an exchange."""

    choice: Choice
    found: Found | None
    finishing: bool


@dataclass(frozen=True)
class Routed:
    """The way back to this chat is kept with the whisper."""


@dataclass(frozen=True)
class Removed:
    """What could be taken out of the chat is gone; `all_gone` is false when some of it may still be there."""

    all_gone: bool


Happening = (
    Tap
    | Text
    | Command
    | Unprompted
    | Photo
    | OtherFile
    | Changed
    | SixWords
    | Sealed
    | NotSealed
    | Looked
    | Routed
    | Removed
)


# --- what to do -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speak:
    """Say it in the chat, in place of the message that was tapped when `over`."""

    message: Message
    over: bool = False


@dataclass(frozen=True)
class Seal:
    """Seal the reporter's words, or the photo that just came (with "" or its caption)."""

    words: str
    choice: Choice
    photo: bool = False
    urgent: bool = False
    what: str = "words"


@dataclass(frozen=True)
class Look:
    """Look a receipt up."""

    choice: Choice
    finishing: bool = False


@dataclass(frozen=True)
class Route:
    """Keep the way back to this chat with the whisper, so that an answer can knock."""

    choice: Choice


@dataclass(frozen=True)
class Remove:
    """Take this exchange out of the chat."""


@dataclass(frozen=True)
class Hint:
    """A line that shows briefly where the button was tapped."""

    text: Phrase


# What the caller does and answers with a happening; the others are said.
Work = Seal | Look | Route | Remove
Deed = Speak | Hint | Work


@dataclass(frozen=True)
class Turn:
    """What one happening led to: the exchange as it is now (None: there is none), and what to do, in order."""

    exchange: Exchange | None
    deeds: tuple[Deed, ...] = ()
