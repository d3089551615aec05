"""A member of staff who whispers: what they enter is sealed, or six words looked up; who they are is not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conversations.danger_words import sounds_urgent
from conversations.model import Message, Phrase, say
from conversations.whisper_cards import KINDS
from conversations.whisper_pages import helped_options, stands, thanks, told_now
from scheduling.school import SchoolFacts, next_in_school
from store import whispers
from store.whisper_sealing import TooLong, new_receipt, receipt_of, words_of
from store.whisper_store import WhisperStore
from store.whispers import Draft, Gone, NobodyReads


@dataclass(frozen=True)
class Told:
    """What they are told; `urgent` when the leads are to hear of it at once."""

    title: Phrase
    message: Message
    urgent: bool = False


def when_read(school: SchoolFacts, now: datetime) -> Phrase:
    """Say when a person will next read it."""
    opens = next_in_school(school, now)
    if opens is None:
        return say("A person reads this in school hours: today.")
    return say("A person reads this in school hours. The next time is {when}.", when=opens)


def not_kept() -> Told:
    """Say that it was not kept, and what to do instead."""
    words = say("That was not received: nothing of it was kept. Please tell a safeguarding lead in person.")
    return Told(say("Whisper"), Message((words,)))


def take(store: WhisperStore, entered: Mapping[str, Any], leads: tuple[tuple[str, str], ...], today: str) -> Told:
    """Seal what was entered, add to what six words open, or show how that stands and what was answered."""
    words, given = str(entered.get("words", "")), str(entered.get("receipt", ""))
    urgent = sounds_urgent(words)
    if given:
        return _come_back(store, given, words, str(entered.get("helped", "")), urgent=urgent)
    if not words:
        return Told(say("Whisper"), Message((say("Nothing was entered, so nothing was sent."),)))
    kind = entered.get("kind") if entered.get("kind") in KINDS else "other"
    excluded = tuple(key for key, _ in leads if key == entered.get("excluded"))
    draft = Draft(today, str(kind), "someone else", "urgent" if urgent else "ordinary", excluded=excluded)
    receipt = new_receipt()
    try:
        whispers.start(store, draft, receipt, {"what": "words"}, words.encode("utf-8", "replace"))
    except NobodyReads:
        return Told(
            say("Whisper"), Message((say("At this school nobody else can read whispers, so nothing was kept."),))
        )
    except TooLong:
        return Told(say("Whisper"), Message((say("That was too long to keep at once. Send it in shorter messages."),)))
    lines = tuple(say("{number}. {word}", number=at, word=word) for at, word in enumerate(words_of(receipt), start=1))
    paragraphs = (
        say("Sealed. These six words are the only way back to it, for you or anybody who has them:"),
        *lines,
        say("Write them down. To see replies, open the same form and enter the six words."),
        *((told_now(),) if urgent else ()),
    )
    return Told(say("Your six words"), Message(paragraphs), urgent)


def _come_back(store: WhisperStore, given: str, words: str, helped: str, *, urgent: bool) -> Told:
    receipt = receipt_of(given)
    # What is no receipt at all costs the same look-up as one that opens nothing.
    key = whispers.find(store, receipt or new_receipt())
    page = whispers.see(store, key)
    if key is None or page is None or receipt is None:
        none = say("No whisper opens with these words. A letter may be wrong, or it was removed long after.")
        lost = (say("What you wrote was not kept: send it again without the six words, or with the right ones."),)
        return Told(say("Replies"), Message((none, *(lost if words else ()))))
    added: tuple[Phrase, ...] = ()
    try:
        if helped in dict(helped_options()):
            whispers.add(store, key.door, {"what": "helped"}, helped.encode())
            added = (thanks(),)
        if words:
            whispers.add(store, key.door, {"what": "words"}, words.encode("utf-8", "replace"), urgent=urgent)
            added = (*added, say("Received and sealed."), *((told_now(),) if urgent else ()))
    except (Gone, TooLong):
        return not_kept()
    replies = tuple(say("Staff: {words}", words=text) for _, text in page.replies)
    status = stands(page.status, page.outcome)
    told = (*added, status, *(replies or (say("There is no reply yet."),)))
    return Told(say("Replies"), Message(told), bool(words) and urgent)
