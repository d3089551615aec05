"""What a parent's copy calls each table and column that is told in it, and each act of the record.

What is not named here is in no copy of theirs. Words that speak to the reader are not those of a pupil's copy: in many
languages one speaks otherwise to an adult.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.copies.page import Form
from bot.copies.words import SECTIONS, TECHNICAL, Section, Told
from conversations.model import Phrase, say

GUARDIAN: Final[Mapping[str, Section]] = {
    "guardian": Section(
        {
            "name_sealed": Told(say("Name")),
            "language": Told(say("Language")),
            "left_at": Told(say("Until")),
            "active": TECHNICAL,
        },
        say("Who this is about"),
    ),
    "guardian_binding": replace(SECTIONS["binding"], title=say("The chat with Earshot")),
    "guardian_invite": replace(SECTIONS["invite"], title=say("Codes for joining")),
    "messages": replace(SECTIONS["messages"], title=say("Messages from Earshot")),
}
YOU: Final = say("You, the parent or carer")
"""Whom the record's lines name that are the reader's own deeds."""


def did_as_guardian(did: str) -> Phrase:
    """Say in words what the record calls an act of a parent's, or one about them."""
    known = (
        ("stopped", say("Stop check-ins")),
        ("allowed again", say("Start check-ins again")),
        ("person exported", say("Made a copy like this")),
        ("wrote a code", say("Made a code for joining")),
    )
    return next((words for begins, words in known if did.startswith(begins)), say("Changed something that is kept"))


GUARDIAN_FORM: Final = Form(
    GUARDIAN,
    say("If something is not right, please tell the school office."),
    did_as_guardian,
    say("What you did, and what was done with what is yours"),
    say("What Earshot keeps about you"),
)
