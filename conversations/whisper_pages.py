"""The pages of Whisper: what a reporter reads, and what the buttons under it carry.

A button holds the whole choice (about whom, what kind, whom to leave out, the receipt), so the chat itself remembers
where an exchange stands. Nothing here is kept by Earshot.
"""

from __future__ import annotations

from dataclasses import replace

from conversations.model import Button, Message, Phrase, say, say_n, verbatim
from conversations.whisper_choice import ADULT, Around, Choice, Found
from conversations.wording import Rows, emergency_number, help_line_phrases, talk_button

QUIZ = (2, 5)
# Telegram takes 4,096 characters; the rest is for what stands around the replies.
REPLIES_MOST = 3000


def whisper_button() -> Button:
    return Button(say("Whisper"), "w")


def see_replies_row() -> tuple[Button, ...]:
    """The way back for anybody, with no receipt in it."""
    return (Button(say("See replies"), "w:r"),)


def cover_line() -> Phrase:
    """The line of everybody's check-in."""
    return say("To read a reply to a whisper, tap See replies.")


def only_receipt(choice: Choice) -> Choice:
    """Give a choice that carries no more than the receipt."""
    return Choice(receipt=choice.receipt)


def see_replies(choice: Choice) -> tuple[Button, ...]:
    """The way back to one whisper."""
    return (Button(say("See replies"), f"w:s:{only_receipt(choice).code()}"),)


def stop_button() -> Button:
    return Button(say("Stop"), "w:q")


# --- before any text --------------------------------------------------------------------------------------------------


def first(around: Around, *more: Phrase) -> Message:
    """The first screen: whom to ring, the honest limits, when a person will next read it; and what is to be added."""
    paragraphs = (
        *help_line_phrases(around.nation),
        say("You can tell the adults who keep pupils safe about something. They will not see your name."),
        say("Telegram knows it is you. Your words may say who you are."),
        say("If someone may be hurt, staff must act, and may tell others. A court can ask for what we hold."),
        say("A person reads this in school hours: today.")
        if around.reads_at is None
        else say("A person reads this in school hours. The next time is {when}.", when=around.reads_at),
        *(_quiet(around) if around.quiet else ()),
        *more,
    )
    rows: Rows = (
        (Button(say("I’m in danger now"), "w:d"),),
        (Button(say("It is about me"), "w:a:m"),),
        (Button(say("It’s about someone else"), "w:a:o"),),
        (*see_replies_row(), stop_button()),
    )
    return Message(paragraphs, say("Whisper"), rows)


def _quiet(around: Around) -> tuple[Phrase, ...]:
    return (
        say(
            "Few people have used this in the last hour, so staff could guess who wrote. "
            "They are told at {slot}, not at once, if you tap “Wait until” on the next page.",
            slot=around.slot,
        ),
    )


def danger(around: Around) -> Message:
    """What to do now; staff are told a name on an explicit yes alone. From a parent's chat nobody is told anything."""
    if around.parent:
        nobody = say("I have told nobody. Please ring one of these, and the school when it is open.")
        back: Rows = ((Button(say("Back"), "w"),),)
        return Message((*help_line_phrases(around.nation), nobody), say("If you are in danger now"), back)
    paragraphs = (
        *help_line_phrases(around.nation),
        say("If you can, go to an adult you trust, or to a place where other people are."),
        say("Shall we tell staff who you are? They can come to you only if they know."),
    )
    rows: Rows = (
        # The same button as in Talk to someone: from here on it is the identified way.
        (Button(say("Yes, tell my name"), "talk:danger"),),
        (Button(say("No, don’t tell them"), "w"),),
    )
    return Message(paragraphs, say("If you are in danger now"), rows)


def kinds(about: str) -> Message:
    """What kind of thing it is."""
    names = (
        ("b", say("Bullying")),
        ("n", say("Something online")),
        ("h", say("Not safe at home")),
        ("f", say("Worry about a friend")),
        (ADULT, say("An adult in school")),
        ("e", say("Something else")),
    )
    rows = tuple((Button(name, f"w:k:{about}{kind}"),) for kind, name in names)
    return Message((say("What is it about?"),), rows=(*rows, (stop_button(),)))


def which_adult(chosen: str, around: Around) -> Message:
    """Whether the adult is one of those who read whispers."""
    paragraphs = (
        say("These people read whispers. If it is about one of them, tap the name: that person will never see yours."),
        say("If it is about another adult, tap None of these, and write who it is if you wish to."),
    )
    rows = tuple((Button(verbatim(name), f"w:k:{chosen}{reader}"),) for reader, name in around.leads)
    return Message(paragraphs, rows=(*rows, (Button(say("None of these"), f"w:k:{chosen}-"),), (stop_button(),)))


def write(around: Around, choice: Choice, *, lapsed: bool = False) -> Message:
    """The page to write under; `lapsed` says that what was typed before is not held any more."""
    paragraphs = [
        *((lapsed_words(),) if lapsed else ()),
        say("Write now, in as many messages as you like. You can send photos too."),
        say("Each message is sealed as it comes. To say more is never wrong; to leave out your name is fine."),
    ]
    rows: list[tuple[Button, ...]] = [(Button(say("I have finished"), f"w:f:{choice.code()}"),)]
    if around.quiet and choice.kind:
        if choice.hold:
            paragraphs.append(say("Staff are told at {slot}.", slot=around.slot))
            label = say("Do not wait")
        else:
            label = say("Wait until {slot}", slot=around.slot)
        rows.append((Button(label, f"w:h:{choice.code()}"),))
    return Message(tuple(paragraphs), say("Whisper"), (*rows, (stop_button(),)))


def lapsed_words() -> Phrase:
    return say("If you typed something before this, it does not wait here any more. Please write it again.")


# --- while writing ----------------------------------------------------------------------------------------------------


def received(around: Around, choice: Choice, *, urgent: bool) -> Message:
    """Say that it is sealed."""
    paragraphs: tuple[Phrase, ...] = (say("Received and sealed. You can write more, or tap I have finished."),)
    if urgent:
        told = (
            say("This sounds urgent. Staff are told at {slot} that there is an urgent whisper.", slot=around.slot)
            if choice.hold
            else told_now()
        )
        paragraphs = (*paragraphs, told, *help_line_phrases(around.nation))
    rows: list[tuple[Button, ...]] = [(Button(say("I have finished"), f"w:f:{choice.code()}"),)]
    if urgent:
        rows.append((Button(say("I’m in danger now"), "w:d"),))
    return Message(paragraphs, rows=tuple(rows))


def not_received(around: Around, why: str, choice: Choice | None) -> Message:
    """Say at once that it was not kept, and what to do instead."""
    number = emergency_number(around.nation)
    reason = {
        "nobody": say("At this school nobody else can read whispers, so nothing was kept."),
        "photo": say("That photo could not be read, so it was not kept. Send it as a photo, smaller than 8 MB."),
        "gone": say("This whisper is closed and gone. To write again, begin a new one with /whisper."),
        "many": say("That is a lot in a short time, so this one was not kept. Wait a minute, then send it again."),
        "tries": say("Those were many tries. Wait ten minutes, then type your six words once more."),
        "long": say("That was too long to keep at once. Send it in shorter messages."),
    }.get(why, say("That was not received: nothing of it was kept. Please send it again in a few minutes."))
    instead = say(
        "You can also tap Talk to someone, or tell an adult you trust. In danger, ring {number}.", number=number
    )
    rows: list[tuple[Button, ...]] = []
    if choice is not None and why not in ("nobody", "gone"):
        rows.append((Button(say("I have finished"), f"w:f:{choice.code()}"),))
    return Message((reason, instead), rows=(*rows, (talk_button(),)))


def refused(kind: str) -> Message:
    """Say why a file is not taken."""
    if kind in ("voice", "audio", "video_note", "video"):
        return Message(
            (say("I do not keep sound or film, because a voice can be known. Please type it, or send a photo."),)
        )
    return Message((say("I keep words and photos only. That was not kept. Please type it, or send a photo."),))


def too_many_photos(choice: Choice) -> Message:
    row = (Button(say("I have finished"), f"w:f:{choice.code()}"),)
    return Message((say("Ten photos is the most I keep in one whisper. That one was not kept."),), rows=(row,))


def changed(around: Around, danger_words: bool) -> Message:
    """Say what a change to an old message does: nothing; help lines come if its words call for them."""
    words = say("A message you change afterwards is not read again. To add something, send a new message.")
    if not danger_words:
        return Message((words,))
    rows: Rows = ((Button(say("I’m in danger now"), "w:d"),), (talk_button(),))
    return Message((words, *help_line_phrases(around.nation)), rows=rows)


def kept_already() -> Message:
    """It was sealed before a restart, and where the exchange stood is known to the chat alone."""
    words = say("I was away for a moment. What you sent was received. Tap I have finished above when you are done.")
    return Message((words,))


def stopped(*, sent: bool | None) -> Message:
    """Say that it is over; `sent` is None where memory does not know whether something was sent."""
    if sent is None:
        return Message((say("That is fine. If you sent something before, it stays sealed for staff to read."),))
    words = (
        say("You stopped here. What you sent before stays sealed for staff to read.")
        if sent
        else say("That is fine. Nothing was sent.")
    )
    return Message((words,))


# --- the receipt ------------------------------------------------------------------------------------------------------


def receipt(around: Around, choice: Choice) -> Message:
    """The six words."""
    words = around.words(choice.receipt)
    lines = tuple(say("{number}. {word}", number=number, word=word) for number, word in enumerate(words, start=1))
    paragraphs = (
        say("Sealed. These six words are the only way back to it, for you or anybody who has them:"),
        *lines,
        say("Write them down. Staff cannot find you to answer, so come back and tap See replies."),
    )
    rows: Rows = (
        (Button(say("I have kept them"), f"w:c:{only_receipt(choice).code()}"),),
        see_replies(choice),
    )
    return Message(paragraphs, say("Your six words"), rows)


def quiz(around: Around, choice: Choice, number: int) -> Message:
    """Ask for one of the words, so that it is sure they were kept."""
    rows = tuple(
        (Button(verbatim(word), f"w:{number}:{replace(only_receipt(choice), guess=place).code()}"),)
        for place, word in enumerate(_options(around, choice, number))
    )
    return Message((say("Which is word {number}?", number=number),), rows=rows)


def _options(around: Around, choice: Choice, number: int) -> tuple[str, ...]:
    return tuple(sorted({around.words(choice.receipt)[number - 1], *around.decoys(choice.receipt, number)}))


def is_right(around: Around, choice: Choice, number: int) -> bool:
    """Say whether the word that was tapped is the one asked for."""
    options = _options(around, choice, number)
    right = options.index(around.words(choice.receipt)[number - 1])
    return choice.guess == right


def wrong_word(choice: Choice) -> Message:
    row = (Button(say("Show the words again"), f"w:o:{only_receipt(choice).code()}"),)
    return Message((say("That is another word. Look once more, and write them down."),), rows=(row,))


def kept_well(choice: Choice) -> Message:
    """They have the words; offer to take the exchange out of the chat."""
    paragraphs = (
        say("Good. You have them."),
        say("I can remove all this from the chat. Then the words on your paper are the only way back."),
    )
    rows: Rows = (see_replies(choice), (knock_button(choice),), (Button(say("Remove from my chat"), "w:z"),))
    return Message(paragraphs, rows=rows)


def nothing_yet(choice: Choice) -> Message:
    row = (Button(say("I have finished"), f"w:f:{choice.code()}"),)
    return Message((say("Nothing has been sent yet. Write it here first, or tap Stop."),), rows=(row, (stop_button(),)))


def removed(*, all_gone: bool) -> Message:
    if all_gone:
        # No more than this: it is what stays behind.
        return Message((say("Done."),))
    return Message((say("I removed what I could. Please delete the rest yourself: hold a message, then Delete."),))


# --- coming back ------------------------------------------------------------------------------------------------------


def ask_words() -> Message:
    return Message((say("Type your six words, in order."),), rows=((stop_button(),),))


def not_six_words(around: Around, danger_words: bool) -> Message:
    """Say that these are no receipt; help lines come if the words call for them."""
    words = say("Those are not six words from the list. Look at them once more: a letter may be wrong.")
    if not danger_words:
        return Message((words,), rows=((stop_button(),),))
    rows: Rows = ((Button(say("I’m in danger now"), "w:d"),), (stop_button(),))
    return Message((*help_line_phrases(around.nation), words), rows=rows)


def standing(around: Around, choice: Choice, found: Found | None) -> Message:
    """How a whisper stands, and what was answered; a receipt that opens nothing gets the same kind of page."""
    if found is None:
        words = say("No whisper opens with these words. A letter may be wrong, or it was removed long after it closed.")
        return Message((words,), say("Replies"))
    status = stands(found.status, found.outcome)
    replies, left_out = _fitting(found.replies)
    lines = tuple(say("Staff: {words}", words=words) for _, words in replies)
    more = (say_n("{count} older reply has no room here.", "{count} older replies have no room here.", left_out),)
    paragraphs = (status, *(more if left_out else ()), *(lines or (say("There is no reply yet."),)))
    rows: list[tuple[Button, ...]] = [(Button(say("Write more"), f"w:m:{only_receipt(choice).code()}"),)]
    if found.status == "closed":
        code = only_receipt(choice).code()
        rows.append(tuple(Button(words, f"w:{letter}:{code}") for letter, words in helped_options()))
    return Message(paragraphs, say("Replies"), (*rows, see_replies(choice), (knock_button(choice),)))


def knock_button(choice: Choice) -> Button:
    return Button(say("Tell me about replies"), f"w:p:{only_receipt(choice).code()}")


def stands(status: str, outcome: str) -> Phrase:
    """Say how far a whisper has come."""
    return {
        "received": say("Received. Nobody has opened it yet."),
        "read": say("Read by a safeguarding lead."),
        "acting": say("Being acted on."),
        "closed": _closed(outcome),
    }[status]


def told_now() -> Phrase:
    return say("This sounds urgent. Staff are told now that there is an urgent whisper, not who wrote it.")


def helped_options() -> tuple[tuple[str, Phrase], ...]:
    """Give both answers to whether it helped, by their letter."""
    return ("y", say("This helped")), ("n", say("This did not help"))


def _closed(outcome: str) -> Phrase:
    reasons = {
        "helped": say("Closed: staff acted on it."),
        "passed_on": say("Closed: it was passed on to those who can help."),
        "known": say("Closed: staff knew of it already, and are dealing with it."),
        "no_action": say("Closed: staff looked into it, and there was nothing more to do."),
    }
    return reasons.get(outcome, say("Closed."))


def _fitting(replies: tuple[tuple[str, str], ...]) -> tuple[tuple[tuple[str, str], ...], int]:
    """Choose the newest replies that one message has room for, and count the rest."""
    kept: list[tuple[str, str]] = []
    room = REPLIES_MOST
    for what, words in reversed(replies):
        if len(words) > room and kept:
            break
        kept.append((what, words[:REPLIES_MOST]))
        room -= len(words)
    return tuple(reversed(kept)), len(replies) - len(kept)


def old_button() -> Phrase:
    return say("That button is an old one. Send /whisper to begin.")


def thanks() -> Phrase:
    return say("Thank you. Staff will see that, and not your name.")
