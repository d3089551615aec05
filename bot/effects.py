"""Effects: what a conversation step asked for, turned into rows of the transaction under way."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from bot import own_answers, own_rights
from conversations.adults import NameGoTo, SayIfMet
from conversations.flows import mine
from conversations.model import (
    AskForAdult,
    AskForCopy,
    Bind,
    ContestNote,
    Edit,
    Effect,
    Message,
    Phrase,
    ReadAloud,
    RecordCheckIn,
    Send,
    SendCopy,
    SetLanguage,
    SetStatus,
    ShowAnswers,
    ShowNotes,
    Toast,
    say,
)
from scheduling import rights, talking
from scheduling.school import SchoolFacts
from store import gotos, outbox, people
from store.due import set_due
from store.invites import Lookup
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import LANES, CheckIn, Pupil

# A check-in whose end is not known yet, or was written before the conversation heard of it; answers count even then.
ENDS_LATER = ("open", "undelivered", "replaced")
VOICE_FOR = timedelta(minutes=10)


@dataclass
class Outcome:
    """What a batch leaves to be done after its commit: letters leased to us, toasts, and whether work fell due.

    `menus` are chats whose menu of commands is to be shown in another language, `parents_menus` those of parents.
    """

    letters: list[Letter] = field(default_factory=list)
    toasts: list[tuple[str, Phrase | None, str]] = field(default_factory=list)
    menus: list[tuple[int, str]] = field(default_factory=list)
    parents_menus: list[tuple[int, str]] = field(default_factory=list)
    due: bool = False

    def add(self, part: "Outcome") -> None:
        """Take in what one event of the batch leaves to be done."""
        self.letters += part.letters
        self.toasts += part.toasts
        self.menus += part.menus
        self.parents_menus += part.parents_menus
        self.due |= part.due


@dataclass(frozen=True)
class Context:
    """Whom the effects are for, and what brought them about.

    `key` is unique to the event (it makes each message's dedupe key); `message_id` is the message that was tapped;
    `callback_id` the tap to be answered; `found` the join code just looked up; `recipient` names in the outbox
    whoever is no pupil.
    """

    school: SchoolFacts
    key: str
    now: datetime
    chat_id: int
    language: str
    worker: str
    pupil: Pupil | None = None
    message_id: int | None = None
    callback_id: str | None = None
    found: Lookup | None = None
    recipient: str = ""


def apply(session: Session, sealer: Sealer, context: Context, effects: Sequence[Effect], outcome: Outcome) -> None:
    """Carry out the effects of one step, in order, as rows; nothing is sent here."""
    for number, effect in enumerate(effects):
        if isinstance(effect, Send | Edit):
            _post(session, sealer, context, effect, number, outcome)
        elif isinstance(effect, ShowAnswers):
            _show_answers(session, sealer, context, number, outcome)
        elif isinstance(effect, ShowNotes | SendCopy):
            _show_rights(session, sealer, context, effect, number, outcome)
        elif isinstance(effect, ReadAloud):
            _read_aloud(session, sealer, context, effect, number, outcome)
        elif isinstance(effect, Toast):
            if context.callback_id is not None:
                outcome.toasts.append((context.callback_id, effect.text, context.language))
        elif isinstance(effect, Bind):
            context = _bind(session, sealer, context)
            outcome.menus.append((context.chat_id, context.language))
        elif context.pupil is not None:
            _change(session, sealer, context, context.pupil, effect, outcome)
            if isinstance(effect, SetLanguage):
                # What the same step says after the choice is said in it.
                context = replace(context, language=effect.language)
                outcome.menus.append((context.chat_id, effect.language))


def _post(
    session: Session, sealer: Sealer, context: Context, effect: Send | Edit, number: int, outcome: Outcome
) -> None:
    payload: dict[str, Any] = {"message": effect.message.to_json()}
    edits = isinstance(effect, Edit) and (effect.slot is not None or context.message_id is not None)
    if edits and effect.slot is None:
        payload["message_id"] = context.message_id
    quiet = effect.lane == "bulk" and context.school.calendar.is_quiet(context.now)
    _write(
        session,
        sealer,
        context,
        # With no message to edit (the button's own is not known any more) the answer comes as a new one.
        "edit" if edits else "send",
        payload,
        outcome,
        lane=effect.lane,
        slot=effect.slot,
        dedupe=f"{context.key}:{number}",
        not_before=context.school.calendar.quiet_ends(context.now) if quiet else None,
        expires_at=effect.expires_at if isinstance(effect, Send) else None,
    )


def _write(
    session: Session,
    sealer: Sealer,
    context: Context,
    method: str,
    payload: dict[str, Any],
    outcome: Outcome,
    *,
    dedupe: str,
    lane: str = "reply",
    slot: str | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Write a message to the chat that the effects are for."""
    letter = outbox.post(
        session,
        sealer,
        school_id=context.school.id,
        network="telegram",
        lane=lane,
        method=method,
        recipient=f"pupil:{context.pupil.id.hex}" if context.pupil else context.recipient,
        payload={**payload, "chat": context.chat_id, "language": context.language, "zone": context.school.zone},
        slot=slot,
        dedupe=dedupe,
        now=context.now,
        not_before=not_before,
        expires_at=expires_at,
        # Bulk is claimed in its turn: a wave must not sit in one process's memory.
        lease_to=context.worker if lane != "bulk" else None,
    )
    if letter is not None:
        outcome.letters.append(letter)


def _show_answers(session: Session, sealer: Sealer, context: Context, number: int, outcome: Outcome) -> None:
    """Send a pupil their own answers: a picture of them, then the same in words."""
    if context.pupil is None:
        return
    shown = own_answers.sheets_of(session, sealer, context.pupil)
    if shown:
        payload = {
            "sheets": [sheet.to_json() for sheet in shown],
            "band": own_answers.band_of(context.pupil.phase),
        }
        _write(session, sealer, context, "picture", payload, outcome, dedupe=f"{context.key}:{number}:picture")
    _post(session, sealer, context, Send(mine.in_words(shown)), number, outcome)


def _show_rights(
    session: Session, sealer: Sealer, context: Context, effect: ShowNotes | SendCopy, number: int, outcome: Outcome
) -> None:
    if context.pupil is None:
        return
    if isinstance(effect, ShowNotes):
        _post(session, sealer, context, Send(own_rights.notes(session, context.pupil)), number, outcome)
    elif own_rights.may_send(session, context.pupil, effect):
        # The copy itself is made as it leaves, and never lies in the store.
        name, payload = f"own-copy:{effect.copy}", {"pupil": context.pupil.id.hex}
        _write(session, sealer, context, "document", payload, outcome, slot=name, dedupe=name)


def _read_aloud(
    session: Session, sealer: Sealer, context: Context, effect: ReadAloud, number: int, outcome: Outcome
) -> None:
    """Send the lines as a voice message; it is spoken when it is sent."""
    if context.pupil is None:
        return
    spoken = effect.language or context.language
    payload = {"lines": [line.to_json() for line in effect.lines], "spoken": spoken}
    # By then the question is answered, or the pupil has asked again.
    until = context.now + VOICE_FOR
    key = f"{context.key}:{number}:voice"
    _write(session, sealer, context, "voice", payload, outcome, dedupe=key, expires_at=until)


def _bind(session: Session, sealer: Sealer, context: Context) -> Context:
    assert context.found is not None  # noqa: S101 (a step binds only on a valid code)
    assert context.found.invite is not None  # noqa: S101 (a valid look-up holds its invite)
    holder = people.by_chat(session, sealer, context.school.id, context.chat_id)
    former = people.bind(session, sealer, context.found, context.chat_id, context.now)
    pupil = session.get_one(Pupil, context.found.invite.pupil_id)
    if former is not None:
        # The old phone is no longer theirs: nothing more of theirs may go there.
        outbox.withdraw(session, context.school.id, f"pupil:{pupil.id.hex}", context.now, lanes=LANES.values())
        _say_goodbye(session, sealer, context, former)
    if holder is not None and holder.pupil.id != pupil.id:
        # Nor may what was written to a brother or sister come to the phone that they gave away.
        outbox.withdraw(session, context.school.id, f"pupil:{holder.pupil.id.hex}", context.now, lanes=LANES.values())
    pupil.unreachable_since = None
    session.add(pupil)
    return replace(context, pupil=pupil)


def _say_goodbye(session: Session, sealer: Sealer, context: Context, former: int) -> None:
    """Tell the phone that was theirs: a code in the wrong hands must not go unseen."""
    words = say("Your check-ins now come to another phone. If that was not you, please tell your tutor.")
    stranger = replace(context, chat_id=former, pupil=None, key=f"{context.key}:former", worker="")
    _post(session, sealer, stranger, Send(Message((words,))), 0, Outcome())


def _change(session: Session, sealer: Sealer, context: Context, pupil: Pupil, effect: Effect, outcome: Outcome) -> None:
    if isinstance(effect, SetStatus):
        pupil.status = effect.status
        session.add(pupil)
        if effect.status == "stopped":
            theirs, bulk = f"pupil:{pupil.id.hex}", [LANES["bulk"]]
            outbox.withdraw(session, pupil.school_id, theirs, context.now, lanes=bulk, edits=False)
    elif isinstance(effect, SetLanguage):
        pupil.language = effect.language
        session.add(pupil)
    elif isinstance(effect, RecordCheckIn):
        _record(session, sealer, context, pupil, effect, outcome)
    elif isinstance(effect, AskForAdult):
        outcome.due |= talking.ask(session, pupil, effect, context.now)
    elif isinstance(effect, AskForCopy):
        rights.ask_copy(session, context.school, pupil, context.now)
        outcome.due = True
    elif isinstance(effect, ContestNote):
        own_rights.contest(session, sealer, context.school, pupil, effect, context.now)
        outcome.due = True
    elif isinstance(effect, NameGoTo):
        gotos.name(session, pupil, effect.place, UUID(hex=effect.adult), context.now)
    elif isinstance(effect, SayIfMet):
        said = (effect.request, effect.promise)
        talking.met(session, sealer, context.school, pupil, *said, context.now, yes=effect.met)
        outcome.due = True


def _record(
    session: Session, sealer: Sealer, context: Context, pupil: Pupil, effect: RecordCheckIn, outcome: Outcome
) -> None:
    check_in = session.get(CheckIn, UUID(effect.check_in))
    # A check-in ends once; what comes after (a redelivery, a tap that crossed the closing) changes nothing.
    if check_in is None or check_in.pupil_id != pupil.id or check_in.state not in ENDS_LATER:
        return
    if effect.ending != "missed" or check_in.state == "open":
        check_in.state = effect.ending
    check_in.ended_at = context.now
    if effect.answers:
        answers = [[answer.item, answer.option, answer.ms] for answer in effect.answers]
        sealer.write(check_in, "answers", answers)
        set_due(session, pupil.school_id, "score", check_in.id.hex, context.now)
        outcome.due = True
    if effect.words:
        sealer.write(check_in, "words", effect.words)
    session.add(check_in)
