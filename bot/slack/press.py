"""A press: who pressed what, what came of it, and how every copy of a card is brought up to date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from conversations.cards import Card, who_card
from conversations.forms import Form
from conversations.model import Phrase, say
from scheduling.briefing import post_home, update_copies
from scheduling.school import SchoolFacts
from store import absences, audit
from store.guards import NotFound
from store.outbox import Letter
from store.people import name_of
from store.sealing import Sealer
from store.tables import Pupil, Staff, TutorGroup

# What takes longer than a press may: it is put together afterwards and comes as a message (`bot.slack.school`).
Errand = Literal["school", "impact"]


@dataclass(frozen=True)
class Done:
    """What came of it: letters this process is to send now, what to show in front of them, an errand to run."""

    letters: tuple[Letter, ...] = ()
    modal: Card | None = None
    form: Form | None = None
    errand: Errand | None = None


@dataclass(frozen=True)
class Press:
    """Somebody pressed a button: who, what its value says, when, and a key no other press has.

    `page` is the page of their Home tab on which they pressed it, from 0; None when it was not there.
    """

    session: Session
    sealer: Sealer
    school: SchoolFacts
    viewer: Staff
    value: str
    now: datetime
    key: str
    lease_to: str | None
    page: int | None = None

    def subject(self) -> UUID:
        """Read the value as one id in hexadecimal. Raises NotFound for anything else."""
        return id_of(self.value)


def show(press: Press, slot_prefix: str, card: Card, modal: Card | None = None) -> Done:
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
    return Done((*letters, *home_again(press)), modal)


def home_again(press: Press, page: int | None = None) -> tuple[Letter, ...]:
    """Write the Home tab of whoever pressed anew, at the page they were on, if they have ever looked at it."""
    if press.viewer.home_opened_at is None:
        return ()
    home = post_home(
        press.session,
        press.sealer,
        press.school,
        press.viewer,
        dedupe=f"slack:{press.key}:home",
        now=press.now,
        lease_to=press.lease_to,
        page=press.page if page is None else page,
    )
    return (home,) if home else ()


def acts_for(press: Press, owner_id: UUID | None) -> bool:
    """Say whether what is somebody's is theirs to deal with: their own, or that of whom they stand in for."""
    if owner_id is None or owner_id == press.viewer.id:
        return owner_id is not None
    away = absences.away(press.session, press.school.id, press.now)
    return absences.stand_in(away, owner_id) == press.viewer.id


def who_is(press: Press, pupil_id: UUID) -> Done:
    """Show which pupil a card is about, which was read through the card's guard already."""
    pupil = press.session.get_one(Pupil, pupil_id)
    group = press.session.get_one(TutorGroup, pupil.group_id)
    return Done(modal=who_card(name_of(press.sealer, pupil), group.name))


def note(press: Press, action: str, subject: str) -> None:
    """Write to the audit chain what they did."""
    actor = f"staff:{press.viewer.id.hex}"
    audit.record(press.session, press.school.id, press.now, actor=actor, action=action, subject=subject)


def id_of(value: str) -> UUID:
    """Read one id in hexadecimal. Raises NotFound for anything else."""
    try:
        return UUID(hex=value)
    except ValueError:
        raise NotFound from None


def not_found_card() -> Card:
    """Say that a thing is not there, or not theirs to see; nobody can tell which."""
    return sentence(say("This is not there any more, or it is not yours to see."))


def old_button_card() -> Card:
    """Say that a button belongs to another version of this program."""
    return sentence(say("This button is from an earlier time. The Home tab shows what is open now."))


def trouble_card() -> Card:
    """Say that a press was not kept."""
    return sentence(say("Something went wrong and nothing was changed. Please try again in a minute."))


def last_to_be_asked() -> Phrase:
    """Say to a lead that there is nobody to pass it to."""
    return say("It has come to the safeguarding leads, who are the last to be asked. It stays with all of you.")


def sentence(words: Phrase) -> Card:
    """Put one sentence into a window."""
    return Card(say("For your information"), (words,))
