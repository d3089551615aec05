"""The runner: takes events in batches, steps the conversations, applies the effects, one transaction a batch.

Per event: lock the person, load the state, step, apply, all within a savepoint. One that fails is rolled back to its
savepoint, recorded by type only, answered politely, and does not stop the batch. The caller commits (through the
worker), and only then acknowledges to the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot import parents, reading_aloud, text, tries
from bot.adults import adults_of
from bot.effects import Context, Outcome, apply
from conversations.flows.join import may_be_given_on
from conversations.model import CheckInOpens, CodeGiven, Event, Message, Person, Send, State, Step, Text, Toast, say
from conversations.router import needs, step
from scheduling import unreached
from scheduling.jobs import JOBS
from scheduling.rounds import Addressed
from scheduling.school import SchoolFacts, next_in_school
from store import due as due_rows
from store import invites, people
from store.invites import Lookup
from store.people import Correspondent, Known
from store.sealing import Sealer
from store.tables import CheckIn, Due, Failure, Invite, Pupil, Seen

log = structlog.get_logger()


@dataclass(frozen=True)
class Incoming:
    """One update of a pupil's chat, as the edge understood it.

    `event` None is something to be noted but not answered. `code` is a join code that came with /start or was typed.
    `reachable` tells of a block (False) or its end (True).
    """

    update_id: int
    chat_id: int
    event: Event | None
    message_id: int | None = None
    callback_id: str | None = None
    code: str | None = None
    language: str | None = None
    reachable: bool | None = None


class Runner:
    """Steps the conversations of one school's bot; `name` leases what it writes, empty while another process sends."""

    def __init__(self, sealer: Sealer, clock: Callable[[], datetime], name: str, bot: str) -> None:
        self._sealer, self._clock, self.name, self._bot = sealer, clock, name, bot
        # The row that the store itself did not take.
        self._stuck: UUID | None = None

    def handle(
        self, session: Session, school: SchoolFacts, batch: Sequence[Incoming], *, seen: bool = False
    ) -> Outcome:
        """Handle updates in order. With `seen`, each is noted, and one noted before is passed over (webhooks)."""
        outcome = Outcome()
        now = self._clock()
        if len(batch) > 1 and not seen:
            # Nearly always nothing fails: then one savepoint does for all, and their rows are written together.
            try:
                with session.begin_nested():
                    known = people.by_chats(session, self._sealer, school.id, [one.chat_id for one in batch])
                    for part in [self._part(session, school, incoming, now, known) for incoming in batch]:
                        outcome.add(part)
                return outcome
            except OperationalError:
                raise
            except Exception as error:
                log.info("batch taken one by one", updates=len(batch), error=type(error).__name__)
                outcome = Outcome()
        for incoming in batch:
            if seen and not self._first_time(session, incoming, now):
                continue
            try:
                with session.begin_nested():
                    part = self._part(session, school, incoming, now, {})
                outcome.add(part)
            except OperationalError:
                # The store itself cannot write (disk full, connection lost): nothing of this batch may be acknowledged.
                raise
            except Exception as error:
                self._failed(session, school, incoming, error, now, outcome)
        return outcome

    def refuse(self, session: Session, school: SchoolFacts, batch: Sequence[Incoming]) -> Outcome:
        """Take note of updates over which the store failed each time, and tell who sent them, as far as it can."""
        outcome = Outcome()
        for incoming in batch:
            self._failed(session, school, incoming, OperationalError("", {}, Exception()), self._clock(), outcome)
        return outcome

    def _part(self, session: Session, school: SchoolFacts, incoming: Incoming, now: datetime, known: Known) -> Outcome:
        outcome = Outcome()
        self._one(session, school, incoming, now, known, outcome)
        if incoming.code is not None:
            # A code may have tied the chat to another pupil: from here on each is looked up again.
            known.clear()
        return outcome

    def _first_time(self, session: Session, incoming: Incoming, now: datetime) -> bool:
        key = (self._bot, str(incoming.update_id))
        if session.get(Seen, key) is not None:
            return False
        session.add(Seen(source=key[0], key=key[1], at=now))
        return True

    def _one(
        self,
        session: Session,
        school: SchoolFacts,
        incoming: Incoming,
        now: datetime,
        known: Known,
        outcome: Outcome,
    ) -> None:
        who = people.of_known(self._sealer, known, incoming.chat_id)
        who = who or people.by_chat(session, self._sealer, school.id, incoming.chat_id)
        if who is not None:
            _note_reachable(session, who, incoming, now)
        found = None
        event = incoming.event
        if incoming.code is not None:
            key = people.chat_key(self._sealer, incoming.chat_id)
            found = invites.look_up(session, self._sealer, school.id, key, incoming.code, now)
        context = Context(
            school=school,
            key=f"tg:{self._bot}:{incoming.update_id}",
            now=now,
            chat_id=incoming.chat_id,
            language=who.pupil.language if who else _known_language(incoming.language, school.locale),
            worker=self.name,
            message_id=incoming.message_id,
            callback_id=incoming.callback_id,
        )
        if not parents.took(session, self._sealer, context, event, found, is_pupil=who is not None, outcome=outcome):
            self._pupils(session, context, incoming, who, found, outcome)
        if incoming.callback_id is not None and not any(one[0] == incoming.callback_id for one in outcome.toasts):
            outcome.toasts.append((incoming.callback_id, None, context.language))

    def _pupils(
        self,
        session: Session,
        context: Context,
        incoming: Incoming,
        who: Correspondent | None,
        found: Lookup | None,
        outcome: Outcome,
    ) -> None:
        """Answer a pupil, or a stranger; a code's owner is not this chat's until the step binds it."""
        event = incoming.event
        if found is not None and found.invite is not None and who is not None and _is_anothers(who, found.invite):
            event, found = CodeGiven("anothers"), None
        if found is not None:
            if found.invite is not None:
                who = people.of_invite(session, self._sealer, found.invite.pupil_id, incoming.chat_id)
            if _only_looks_like_a_code(incoming, who, found):
                found = None
            else:
                event = CodeGiven(found.outcome)
        if event is None:
            return
        context = replace(
            context,
            language=who.pupil.language if who else context.language,
            pupil=who.pupil if who and found is None else None,
            found=found,
        )
        self._step(session, context, who, event, outcome)

    def _step(
        self, session: Session, context: Context, who: Correspondent | None, event: Event, outcome: Outcome
    ) -> None:
        state, lost = _state(who)
        if lost:
            _record_failure(session, context.school, context.now, type(event).__name__, lost)
        person = person_of(context.school, who.pupil, context.now) if who else None
        if who is not None and person is not None and (need := needs(state, event)) != "nobody":
            typed = event.text if isinstance(event, Text) else ""
            person = replace(
                person, adults=adults_of(session, self._sealer, who.pupil, need, typed, context.school.zone)
            )
        taken: Step = step(state, event, person, context.now)
        apply(session, self._sealer, context, taken.effects, outcome)
        if who is not None and (lost or taken.state != state):
            people.save_state(session, self._sealer, who, taken.state.to_json(), taken.state.version)

    def _failed(
        self,
        session: Session,
        school: SchoolFacts,
        incoming: Incoming,
        error: Exception,
        now: datetime,
        outcome: Outcome,
    ) -> None:
        kind = type(incoming.event).__name__
        _record_failure(session, school, now, kind, type(error).__name__)
        if incoming.event is None and incoming.code is None:
            return
        language = _known_language(incoming.language, school.locale)
        sorry = say("Sorry, that did not work. Please try again, or send /menu.")
        context = Context(
            school, f"tg:{self._bot}:{incoming.update_id}:sorry", now, incoming.chat_id, language, self.name
        )
        effect = Toast(sorry) if incoming.callback_id else Send(Message((sorry,)))
        apply(session, self._sealer, replace(context, callback_id=incoming.callback_id), (effect,), outcome)

    def run_due(self, session: Session, school: SchoolFacts) -> tuple[bool, Outcome]:
        """Run the oldest due row, if any; returns whether there was one, and what to do after the commit."""
        outcome = Outcome()
        now = self._clock()
        row = due_rows.next_due(session, now)
        if row is None:
            return False, outcome
        row_id, mark = row.id, (row.due_at, row.version)
        try:
            with session.begin_nested():
                addressed = JOBS[row.kind](session, self._sealer, school, row, now)
                self._all_due(session, school, row, addressed, now, outcome)
                if (row.due_at, row.version) == mark:
                    session.delete(row)
        except OperationalError:
            self._stuck = row_id
            raise
        except Exception as error:
            self._due_failed(session, school, row, error, now)
            outcome = Outcome()
        outcome.due = True
        return True, outcome

    def put_off_stuck(self, session: Session) -> bool:
        """Put off the row over which the store failed, if it can be used again; False when there is none."""
        row = session.get(Due, self._stuck) if self._stuck is not None else None
        self._stuck = None
        if row is None or row.state != "waiting":
            return False
        tries.put_off(row, self._clock(), OperationalError)
        session.add(row)
        return True

    def _all_due(
        self,
        session: Session,
        school: SchoolFacts,
        row: Due,
        addressed: Sequence[Addressed],
        now: datetime,
        outcome: Outcome,
    ) -> None:
        if not addressed:
            return
        # Nearly always nothing fails: one savepoint does for all, and their rows are written together.
        together = Outcome()
        try:
            with session.begin_nested():
                for number, (pupil_id, event) in enumerate(addressed):
                    self._due_event(session, school, row, number, pupil_id, event, now, together)
            outcome.add(together)
        except OperationalError:
            raise
        except Exception as error:
            log.info("job taken one by one", event_type=row.kind, error=type(error).__name__)
            for number, (pupil_id, event) in enumerate(addressed):
                self._one_due(session, school, row, number, pupil_id, event, now, outcome)

    def _one_due(
        self,
        session: Session,
        school: SchoolFacts,
        row: Due,
        number: int,
        pupil_id: UUID,
        event: Event,
        now: datetime,
        outcome: Outcome,
    ) -> None:
        """Step one pupil of a job within a savepoint: what fails for one must not keep it from the rest."""
        part = Outcome()
        try:
            with session.begin_nested():
                self._due_event(session, school, row, number, pupil_id, event, now, part)
            outcome.add(part)
        except OperationalError:
            raise
        except Exception as error:
            _record_failure(session, school, now, type(event).__name__, type(error).__name__)
            check_in = session.get(CheckIn, UUID(event.check_in)) if isinstance(event, CheckInOpens) else None
            if check_in is not None:
                # It never left; it must not look like a pupil who did not answer.
                check_in.state = "undelivered"
                session.add(check_in)

    def _due_event(
        self,
        session: Session,
        school: SchoolFacts,
        row: Due,
        number: int,
        pupil_id: UUID,
        event: Event,
        now: datetime,
        outcome: Outcome,
    ) -> None:
        who = people.by_pupil(session, self._sealer, pupil_id)
        if who is None:
            return
        key = f"due:{row.id.hex}:{row.version}:{number}"
        context = Context(school, key, now, who.chat_id, who.pupil.language, self.name, pupil=who.pupil)
        self._step(session, context, who, event, outcome)

    def _due_failed(self, session: Session, school: SchoolFacts, row: Due, error: Exception, now: datetime) -> None:
        _record_failure(session, school, now, row.kind, type(error).__name__)
        session.refresh(row)
        tries.failed(row, error, now, known=row.kind in JOBS)
        session.add(row)


def _record_failure(session: Session, school: SchoolFacts, now: datetime, kind: str, error: str) -> None:
    log.error("failed", event_type=kind, error=error)
    session.add(Failure(school_id=school.id, at=now, event=kind, error=error))


def _state(who: Correspondent | None) -> tuple[State, str]:
    """Where the conversation stands, and "" or what kept its state from being read: then it starts again."""
    if who is None:
        return State(), ""
    if who.unreadable:
        return State(), "Unreadable"
    try:
        return State.from_json(who.state), ""
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return State(), type(error).__name__


def _only_looks_like_a_code(incoming: Incoming, who: Correspondent | None, found: Lookup) -> bool:
    """Whether words that happen to have a code's letters ("headache") are what a pupil who has joined wants to say."""
    joined = who is not None and who.pupil.status in ("active", "stopped")
    return joined and isinstance(incoming.event, Text) and found.outcome in ("unknown", "slow_down")


def _note_reachable(session: Session, who: Correspondent, incoming: Incoming, now: datetime) -> None:
    """A block is seen by staff; any word from the person ends it."""
    reachable = incoming.reachable if incoming.reachable is not None else True
    unreached.note_pupil(session, who.pupil, None if reachable else now, now)


def _is_anothers(who: Correspondent, invite: Invite) -> bool:
    """Whether a code is not that of the pupil who has joined here, and was not sent twice, which would mean it."""
    if who.pupil.id == invite.pupil_id or who.pupil.status not in ("active", "stopped"):
        return False
    state, _ = _state(who)
    return not may_be_given_on(state)


def _known_language(code: str | None, otherwise: str) -> str:
    language = (code or "").split("-")[0]
    return language if language in text.languages() else otherwise


def person_of(school: SchoolFacts, pupil: Pupil, now: datetime) -> Person:
    """Give what a step may know of a pupil."""
    return Person(
        band="young" if pupil.phase == "young" else "older",
        language=pupil.language,
        languages=text.languages(),
        nation=school.nation,
        status=pupil.status,  # type: ignore[arg-type]
        talk_when=next_in_school(school, now),
        held=pupil.held,
        hears=pupil.phase == "young" and pupil.language in reading_aloud.languages(),
    )
