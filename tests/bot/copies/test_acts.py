"""What a pupil's copy says of the record: who, and what they did, in words whatever stands there."""

from uuid import uuid4

from bot.copies.acts import actor_words, did_words
from conversations.model import verbatim


def test_every_look_a_guard_can_note_has_words() -> None:
    staff = {uuid4(): "Ottoline Brackenbury"}
    (lead,) = staff
    assert actor_words(f"staff:{lead.hex}", staff) == verbatim("Ottoline Brackenbury")
    actors = [f"staff:{uuid4().hex}", "guardian:0", "pupil:0", "command:person", "command line"]
    assert [actor_words(one, staff).text for one in actors] == [
        "Somebody who worked at the school",
        "A parent or carer",
        "You",
        "Whoever looks after Earshot at school",
        "Whoever looks after Earshot at school",
    ]
    acts = ["read name", "read something new", "nudge taken", "stopped for a guardian", "something new"]
    assert [did_words(one).text for one in acts] == [
        "Looked at your name",
        "Looked at something of yours",
        "Decided about a note about your answers",
        "Stopped your check-ins",
        "Changed something of yours",
    ]
