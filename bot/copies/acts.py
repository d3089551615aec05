"""What a pupil's copy says of a line of the record: who did what."""

from collections.abc import Mapping
from uuid import UUID

from conversations.model import Phrase, say, verbatim


def did_words(did: str) -> Phrase:
    """Say in words what the record calls an act."""
    known = (
        ("read name", say("Looked at your name")),
        ("read nudge", say("Looked at a note about your answers")),
        ("read flag", say("Looked at a note about your answers")),
        ("read contest", say("Looked at a note about your answers")),
        ("read plan", say("Looked at a plan for you")),
        ("read request", say("Looked at your asking for an adult")),
        ("read ask to check in", say("Looked at who checks in with you")),
        ("read", say("Looked at something of yours")),
        ("nudge contested", say("Said that a note is not right")),
        ("nudge", say("Decided about a note about your answers")),
        ("contest", say("Decided about a note about your answers")),
        ("plan", say("Changed a plan for you")),
        ("request", say("Answered when you asked for an adult")),
        ("go-to asked to check in", say("Asked an adult to check in with you")),
        ("asked to check in", say("Said if they will check in with you")),
        ("copy", say("Decided about your copy")),
        ("person exported", say("Made a copy like this")),
        ("wrote a code", say("Made a code for joining")),
        ("person corrected", say("Set your name or language right")),
        ("stopped", say("Stopped your check-ins")),
        ("allowed again", say("Allowed your check-ins again")),
        ("started", say("Started your check-ins again")),
    )
    return next((words for begins, words in known if did.startswith(begins)), say("Changed something of yours"))


def actor_words(actor: str, staff: Mapping[UUID, str]) -> Phrase:
    """Name who did something: staff by name, anybody else by what they are."""
    kind, _, name = actor.partition(":")
    if kind == "staff":
        return verbatim(staff[UUID(hex=name)]) if UUID(hex=name) in staff else say("Somebody who worked at the school")
    known = {
        "guardian": say("A parent or carer"),
        "pupil": say("You"),
        "bot": verbatim("Earshot"),
        "job": verbatim("Earshot"),
    }
    return known.get(kind, say("Whoever looks after Earshot at school"))
