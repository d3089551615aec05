"""What a parent's copy calls each table and column that is told in it, and each act of the record.

What is not named here is in no copy of theirs.
"""

from collections.abc import Mapping
from typing import Final

from bot.copies.words import SECTIONS, TECHNICAL, Section, Told
from conversations.model import Phrase, say

GUARDIAN: Final[Mapping[str, Section]] = {
    "guardian": Section(
        {
            "name_sealed": Told(say("Your name")),
            "language": Told(say("Your language")),
            "left_at": Told(say("Until")),
            "active": TECHNICAL,
        },
        say("Who you are here"),
    ),
    "guardian_binding": SECTIONS["binding"],
    "guardian_invite": SECTIONS["invite"],
    "messages": SECTIONS["messages"],
}


def did_as_guardian(did: str) -> Phrase:
    """Say in words what the record calls an act of a parent's, or one about them."""
    known = (
        ("stopped", say("Stop check-ins")),
        ("allowed again", say("Start check-ins again")),
        ("person exported", say("Made a copy like this")),
    )
    return next((words for begins, words in known if did.startswith(begins)), say("Changed something of yours"))
