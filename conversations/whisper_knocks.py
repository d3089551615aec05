"""The pages of knocks: what one means before it is asked for, and the neutral line itself."""

from __future__ import annotations

from conversations.model import Button, Message, say
from conversations.whisper_choice import Choice
from conversations.whisper_pages import only_receipt, see_replies, see_replies_row
from conversations.wording import Rows


def ask_knock(choice: Choice) -> Message:
    """Say what a knock means before it is asked for."""
    paragraphs = (
        say("I can say hello in this chat when staff answer. It will not say why."),
        say("For this, a locked note of your chat is kept for two weeks at most. Staff cannot open it or see it."),
        say("Without it, nothing here leads back to you. You can always look with See replies."),
    )
    code = only_receipt(choice).code()
    rows: Rows = ((Button(say("Yes, say hello"), f"w:u:{code}"),), see_replies(choice))
    return Message(paragraphs, rows=rows)


def knock_kept() -> Message:
    return Message((say("Good. I will say hello here when staff answer, at a fixed time of the day."),))


def knock() -> Message:
    """The neutral line: it says nothing to whoever else looks at the phone."""
    words = say("Hello. There may be something new for you here. Look when it suits you.")
    return Message((words,), rows=((*see_replies_row(), Button(say("Menu"), "menu")),))
