"""Check-in: a few taps in one message, then "anything else?".

Rules
1. One message holds the whole check-in. Each tap changes it in place; progress is shown ("2 of 6"). One
   that is longer than usual says so with its first question.
2. Every question can be skipped. Back goes one question back and takes nothing away until it is answered anew.
3. Talk to someone is under every question. Using it, or the menu, leaves the check-in as it was.
4. After the last question comes "Anything else you would like to say?". Words are optional and say who may read them.
5. At the end: a short thanks. No score, no streak, no praise for taking part.
6. A button that is old, doubled, from elsewhere or made up is answered gently and changes nothing.
7. Words typed where a tap is due leave the question as it was: Whisper offers to take them (`router.is_unprompted`).
   What it leaves, as it may be a join code, is answered kindly.
8. One reminder, one line, only if it is not finished; it changes when the check-in ends. When it closes, what was
   answered is put away as it is.
9. A new check-in closes an older one that is still open. Only pupils who are taking part get one, and never late.
10. A question that is no longer in its bank is passed over without a word.
11. A school's own questions come with the check-in, as they stood when it began; one that is not in the reader's
    language is shown in English and says so.
12. The youngest may have the question and its options read to them, as often as they like, where the school's machine
    can; it changes nothing.

Data of a button: `c:{check-in}:{position}:{option | skip | keep | back | done | read}`; `c:{check-in}:go` shows the
question in a new message at the end of the chat.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from conversations.asking import Asked, asked
from conversations.model import (
    Answer,
    Band,
    Button,
    CheckInCloses,
    CheckInOpens,
    CheckInReminder,
    Edit,
    Effect,
    Lane,
    Message,
    OpenCheckIn,
    Person,
    Phrase,
    ReadAloud,
    RecordCheckIn,
    Send,
    State,
    Step,
    Toast,
    say,
)
from conversations.whisper_pages import cover_line, see_replies_row, whisper_button
from conversations.wording import Rows, has_words, is_young, talk_button, way_on

AWAITING_WORDS = "check_in.words"
LONGEST_WORDS = 4_096
LONGEST_MS = 3_600_000
# Three buttons share a row of a narrow phone only if none of them would be cut off there.
# Beyond this many questions, as in an anchor round, a check-in is longer than usual.
USUAL_LENGTH = 8

_DATA = re.compile(
    r"c:(?P<id>[^:]{1,40}):(?:go|(?P<at>0|[1-9][0-9]?):(?P<what>0|[1-9][0-9]?|skip|keep|back|done|read))"
)


# --- beginning, reminding, closing ------------------------------------------------------------------------------------


def opens(state: State, event: CheckInOpens, person: Person, now: datetime) -> Step:
    """Begin a check-in: the first question, in a new message."""
    if person.status != "active" or (state.check_in is not None and state.check_in.check_in == event.check_in):
        return Step(state)
    if event.closes_at <= now:
        return Step(state, (RecordCheckIn(event.check_in, "missed", ()),))
    state, closed = ended(state, _unfinished(state.check_in), is_over(), lane="bulk")
    begun = OpenCheckIn(event.check_in, event.bank_version, event.items, event.closes_at, asked_at=now, own=event.own)
    begun = replace(begun, position=_next_position(begun, 0, person.band))
    send = Send(question(begun, person), slot(begun), lane="bulk", expires_at=event.closes_at)
    return Step(_with(state, begun), (*closed, send))


def reminder(state: State, event: CheckInReminder, person: Person, now: datetime) -> Step:
    """Send the one line that a check-in is still open."""
    check_in = state.check_in
    if check_in is None or check_in.check_in != event.check_in or person.status != "active":
        return Step(state)
    if check_in.closes_at <= now:
        return Step(state)
    words = (
        say("Your check-in is still open until {when}. It takes about two minutes.", when=check_in.closes_at)
        if len(check_in.items) > USUAL_LENGTH
        else say("Your check-in is still open until {when}. It takes about a minute.", when=check_in.closes_at)
    )
    message = Message((words,), rows=((go_on_button(check_in),), (talk_button(),)))
    send = Send(message, _reminder_slot(check_in), lane="bulk", expires_at=check_in.closes_at)
    return Step(_with(state, replace(check_in, reminded=True)), (send,))


def closes(state: State, event: CheckInCloses) -> Step:
    """Put away what was answered when the wave closes."""
    if state.check_in is None or state.check_in.check_in != event.check_in:
        return Step(state)
    return Step(*ended(state, _unfinished(state.check_in), _closed(), lane="bulk"))


def ended(
    state: State, ending: Literal["partial", "missed"], closing: Message, *, lane: Lane
) -> tuple[State, tuple[Effect, ...]]:
    """End the open check-in, if there is one, before its last question; its message becomes `closing`."""
    check_in = state.check_in
    if check_in is None:
        return state, ()
    record = RecordCheckIn(check_in.check_in, ending, check_in.answers)
    return _with(state, None), (record, Edit(closing, slot(check_in), lane), *_reminder_over(check_in))


def is_over() -> Message:
    return Message((say("This check-in is over."),), rows=way_on())


# --- taps and words ---------------------------------------------------------------------------------------------------


def tapped(state: State, data: str, person: Person, now: datetime) -> Step:
    """Follow one tap on a button of a check-in."""
    parts = _DATA.fullmatch(data)
    check_in = state.check_in
    if parts is None:
        return _gently(state, say("That button does not fit here. Nothing was changed."))
    if check_in is None or check_in.check_in != parts["id"] or person.status != "active":
        return _gently(state, _over(check_in if person.status == "active" else None, now))
    if parts["what"] is None:
        shown = replace(_settled(check_in, person.band), asked_at=now)
        message = Send(question(shown, person), slot(shown), expires_at=shown.closes_at)
        return Step(_with(state, shown), (message,))
    if int(parts["at"]) != check_in.position:
        return _gently(state, say("You have passed that question. To change an answer, tap Back."))
    if parts["what"] == "read":
        return Step(state, (_aloud(check_in, person),))
    if parts["what"] == "done" and check_in.position >= len(check_in.items):
        after, effects = _finished(state, check_in, "")
        return Step(after, (Edit(_thanks(person)), *effects))
    moved = _moved(check_in, parts["what"], person.band, now)
    if moved is None:
        return _gently(state, say("That button does not fit here. Nothing was changed."))
    return Step(_with(state, moved), (Edit(question(moved, person)),))


def _over(open_now: OpenCheckIn | None, now: datetime) -> Phrase:
    """Answer a tap on a check-in that has ended; the one that took its place may not have reached the phone yet."""
    if open_now is None or open_now.closes_at <= now:
        return say("That check-in is over. The next one comes another day.")
    if open_now.started:
        return say("That check-in is over. The one that is open now is further down.")
    return say("That check-in is over. A new one is open: it is further down, or still on its way.")


def waits_for_words(state: State) -> bool:
    """Say whether typed words belong to "anything else?"."""
    return state.check_in is not None and state.awaiting == AWAITING_WORDS


def words(state: State, text: str, person: Person, *, receipt: bool) -> Step:
    """Take typed words at "anything else?" and finish; `receipt` answers below the words as well."""
    check_in = state.check_in
    # A lone half of a surrogate pair cannot be written down anywhere.
    kept = text.strip()[:LONGEST_WORDS].encode("utf-8", "replace").decode("utf-8")
    if check_in is None or not has_words(kept):
        unseen = say("I could not see any words. You can type some, or tap Nothing to add.")
        return Step(state, (Send(Message((unseen,), rows=(_go_on_row(check_in), (talk_button(),)))),))
    after, effects = _finished(state, check_in, kept)
    shown: tuple[Effect, ...] = (Edit(_thanks(person), slot(check_in)),)
    if receipt:
        thanks = Message((say("Thank you. Your words are kept with this check-in."),), rows=way_on())
        shown = (*shown, Send(thanks))
    return Step(after, (*shown, *effects))


def tap_please(state: State) -> Step:
    """Answer words typed while a question waits for a tap, which Whisper did not take."""
    please = say("Please tap one of the buttons under the question. Words typed here are not kept.")
    reach = say("To tell someone, tap Talk to someone.")
    rows = (_go_on_row(state.check_in), (talk_button(), whisper_button()))
    return Step(state, (Send(Message((please, reach), rows=rows)),))


def go_on_button(check_in: OpenCheckIn) -> Button:
    return Button(say("Show my check-in"), f"c:{check_in.check_in}:go")


def shown_anew(state: State, person: Person) -> Step:
    """Render an open check-in again in its place, after the language changed."""
    if state.check_in is None or person.status != "active":
        return Step(state)
    shown = _settled(state.check_in, person.band)
    return Step(_with(state, shown), (Edit(question(shown, person), slot(shown)),))


# --- moving through the questions -------------------------------------------------------------------------------------


def slot(check_in: OpenCheckIn) -> str:
    """Name the message of a check-in."""
    return f"check-in:{check_in.check_in}"


def _reminder_slot(check_in: OpenCheckIn) -> str:
    return f"reminder:{check_in.check_in}"


def _reminder_over(check_in: OpenCheckIn) -> tuple[Effect, ...]:
    """Change the reminder when its check-in has ended: it must not ask for what cannot be done any more."""
    if not check_in.reminded:
        return ()
    return (Edit(is_over(), _reminder_slot(check_in), "bulk"),)


def _moved(check_in: OpenCheckIn, what: str, band: Band, now: datetime) -> OpenCheckIn | None:
    """Follow a tap that fits the current position; None if the button cannot have been under it."""
    at = check_in.position
    if what == "back":
        previous = _previous_position(check_in, band)
        return None if previous is None else replace(check_in, position=previous, asked_at=now, started=True)
    if what == "done" or at >= len(check_in.items):
        return None
    item = _item(check_in, at, band)
    answers = check_in.answers
    if what != "keep":
        option = None if what == "skip" else int(what)
        if option is not None and (item is None or option >= len(item.options)):
            return None
        ms = min(max((now - check_in.asked_at) // timedelta(milliseconds=1), 0), LONGEST_MS)
        answers = _with_answer(check_in, Answer(check_in.items[at], option, ms))
    elif _answer_to(check_in, at) is None:
        return None
    onward = _next_position(check_in, at + 1, band)
    return replace(check_in, position=onward, answers=answers, asked_at=now, started=True)


def _with_answer(check_in: OpenCheckIn, answer: Answer) -> tuple[Answer, ...]:
    by_item = {given.item: given for given in check_in.answers} | {answer.item: answer}
    return tuple(by_item[item] for item in dict.fromkeys(check_in.items) if item in by_item)


def _answer_to(check_in: OpenCheckIn, position: int) -> int | None:
    item = check_in.items[position]
    return next((given.option for given in check_in.answers if given.item == item), None)


def _item(check_in: OpenCheckIn, position: int, band: Band, language: str = "en") -> Asked | None:
    if not 0 <= position < len(check_in.items):
        return None
    return asked(check_in.bank_version, check_in.own, check_in.items[position], band, language)


def _next_position(check_in: OpenCheckIn, start: int, band: Band) -> int:
    remaining = range(start, len(check_in.items))
    return next((at for at in remaining if _item(check_in, at, band) is not None), len(check_in.items))


def _settled(check_in: OpenCheckIn, band: Band) -> OpenCheckIn:
    """Move past a question that left its bank while it was on the screen."""
    return replace(check_in, position=_next_position(check_in, check_in.position, band))


def _previous_position(check_in: OpenCheckIn, band: Band) -> int | None:
    earlier = range(min(check_in.position, len(check_in.items)) - 1, -1, -1)
    return next((at for at in earlier if _item(check_in, at, band) is not None), None)


def _with(state: State, check_in: OpenCheckIn | None) -> State:
    waiting = check_in is not None and check_in.position >= len(check_in.items)
    return replace(state, check_in=check_in, awaiting=AWAITING_WORDS if waiting else "")


def _unfinished(check_in: OpenCheckIn | None) -> Literal["partial", "missed"]:
    return "partial" if check_in is not None and check_in.started else "missed"


def _finished(state: State, check_in: OpenCheckIn, kept: str) -> tuple[State, tuple[Effect, ...]]:
    record = RecordCheckIn(check_in.check_in, "answered", check_in.answers, kept)
    return _with(state, None), (record, *_reminder_over(check_in))


# --- what is shown ----------------------------------------------------------------------------------------------------


def question(check_in: OpenCheckIn, person: Person) -> Message:
    """Give the message for where a check-in stands: a question with its options, or "anything else?"."""
    band, total = person.band, len(check_in.items) + 1
    item = _item(check_in, check_in.position, band, person.language)
    if item is None:
        return _anything_else(check_in, person, total)
    progress = say("{number} of {total}", number=check_in.position + 1, total=total)
    rows = (*_option_rows(check_in, item), *_keep_row(check_in, item), *_foot(check_in, person))
    longer = check_in.position == 0 and total > USUAL_LENGTH + 1
    first = (say("This one is a bit longer than usual. You can skip any of it."),) if longer else ()
    return Message((*first, item.stem, item.remark) if item.remark else (*first, item.stem), progress, rows)


def _option_rows(check_in: OpenCheckIn, item: Asked) -> Rows:
    each = tuple(
        Button(text, _data(check_in, str(number)), picture) for number, (text, picture) in enumerate(item.options)
    )
    # One a row, for every age: side by side a phone would cut words, and another language's are longer.
    return tuple((button,) for button in each)


def _keep_row(check_in: OpenCheckIn, item: Asked) -> Rows:
    option = _answer_to(check_in, check_in.position)
    if option is None or option >= len(item.options):
        return ()
    label = say("Keep: {answer}", answer=item.options[option][0])
    return ((Button(label, _data(check_in, "keep")),),)


def _foot(check_in: OpenCheckIn, person: Person) -> Rows:
    skip = Button(say("Skip"), _data(check_in, "skip"))
    return (*_read_row(check_in, person), (*_back(check_in, person.band), skip), (talk_button(),))


def _read_row(check_in: OpenCheckIn, person: Person) -> Rows:
    if not (person.hears and is_young(person)):
        return ()
    return ((Button(say("Read it to me"), _data(check_in, "read"), "🔊"),),)


def _aloud(check_in: OpenCheckIn, person: Person) -> ReadAloud:
    """Give what is on the screen to be heard: the question, then its options in order; or "anything else?"."""
    item = _item(check_in, check_in.position, person.band, person.language)
    if item is None:
        return ReadAloud(_anything_else(check_in, person, 0).paragraphs)
    # A question that is in English is read by an English voice.
    return ReadAloud((item.stem, *(text for text, _ in item.options)), "en" if item.remark else None)


def _anything_else(check_in: OpenCheckIn, person: Person, total: int) -> Message:
    ask = say("Anything else you would like to say?")
    if is_young(person):
        how = say("You can type it here, or tap Nothing to add.")
        who = say("The adults who keep pupils safe can read it later. Nobody reads it right now.")
    else:
        how = say("Type it here, or tap Nothing to add.")
        who = say("Words are kept with this check-in. Safeguarding leads can read them later; nobody reads them live.")
    rows = (
        *_read_row(check_in, person),
        (Button(say("Nothing to add"), _data(check_in, "done")),),
        *((_back(check_in, person.band),) if _back(check_in, person.band) else ()),
        (talk_button(),),
    )
    return Message((ask, how, who), say("{number} of {total}", number=total, total=total), rows)


def _back(check_in: OpenCheckIn, band: Band) -> tuple[Button, ...]:
    if _previous_position(check_in, band) is None:
        return ()
    return (Button(say("Back"), _data(check_in, "back")),)


def _data(check_in: OpenCheckIn, what: str) -> str:
    return f"c:{check_in.check_in}:{check_in.position}:{what}"


def _go_on_row(check_in: OpenCheckIn | None) -> tuple[Button, ...]:
    return () if check_in is None else (go_on_button(check_in),)


def _thanks(person: Person) -> Message:
    thanks = say("Thank you. That is all for now.") if is_young(person) else say("Thanks. That is all for this time.")
    # The same for everybody, so that looking for replies is ordinary.
    return Message((thanks, cover_line()), rows=(see_replies_row(), *way_on()))


def _closed() -> Message:
    return Message((say("This check-in has closed. The next one comes another day."),), rows=way_on())


def _gently(state: State, text: Phrase) -> Step:
    return Step(state, (Toast(text),))
