"""What a press in Slack is to the code behind the buttons, and what all of it answers with. Knows no Slack."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from conversations.cards import Card, who_card
from conversations.model import Phrase, say
from scheduling.briefing import post_home, update_copies
from scheduling.school import SchoolFacts
from store import audit
from store.guards import NotFound
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Pupil, Staff, TutorGroup


@dataclass(frozen=True)
class Done:
    """What came of it: the letters this process is to send now, and a card to show in front of the person, if any."""

    letters: tuple[Letter, ...] = ()
    modal: Card | None = None


@dataclass(frozen=True)
class Press:
    """Somebody pressed a button: who, what its value says, when, and a key no other press has."""

    session: Session
    sealer: Sealer
    school: SchoolFacts
    viewer: Staff
    value: str
    now: datetime
    key: str
    lease_to: str | None

    def subject(self) -> UUID:
        """Read the value as one id in hexadecimal. Raises NotFound for anything else."""
        return id_of(self.value)


def show(press: Press, slot_prefix: str, card: Card, modal: Card | None) -> Done:
    """Bring every copy of a card up to date, and the Home tab of whoever pressed.

    This is done after a press that changed nothing too: it may have come from a copy whose update was lost.
    """
    letters = update_copies(
        press.session,
        press.sealer,
        press.school,
        slot_prefix,
        card,
        dedupe=f"slack:{press.key}",
        now=press.now,
        lease_to=press.lease_to,
    )
    if press.viewer.home_opened_at is not None:
        home = post_home(
            press.session,
            press.sealer,
            press.school,
            press.viewer,
            dedupe=f"slack:{press.key}:home",
            now=press.now,
            lease_to=press.lease_to,
        )
        letters += [home] if home else []
    return Done(tuple(letters), modal)


def note_act(press: Press, action: str, subject: str) -> None:
    """Write what was decided to the audit chain."""
    actor = f"staff:{press.viewer.id.hex}"
    audit.record(press.session, press.school.id, press.now, actor=actor, action=action, subject=subject)


def id_of(value: str) -> UUID:
    """Read one id in hexadecimal. Raises NotFound for anything else."""
    try:
        return UUID(hex=value)
    except ValueError:
        raise NotFound from None


def show_who(press: Press, pupil_id: UUID) -> Done:
    """Show a pupil's name in full."""
    # Read through the guard of the card already: this only finds the words.
    pupil = press.session.get_one(Pupil, pupil_id)
    group = press.session.get_one(TutorGroup, pupil.group_id)
    return Done(modal=who_card(str(press.sealer.read(pupil, "name")), group.name))


def not_found_card() -> Card:
    """Say that a thing is not there, or not theirs to see; nobody can tell which."""
    return sentence_card(say("This is not there any more, or it is not yours to see."))


def sentence_card(sentence: Phrase) -> Card:
    """One kind sentence, to be read and closed."""
    return Card(say("For your information"), (sentence,))
