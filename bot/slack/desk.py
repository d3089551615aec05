"""What staff do with the cards they get: the decisions behind the buttons, and opening the Home tab. Knows no Slack.

Each press is one function of one transaction: what it acts on is read through a guard, a decision is written with its
audit row, and the letters that show it are written beside it. A press that comes too late, twice, or from somebody who
may not, changes nothing and is answered with one kind sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from conversations.cards import (
    RECENT,
    Card,
    Nudge,
    ideas_card,
    nudge_card,
    request_card,
    unanswered_card,
    who_card,
    words_card,
)
from conversations.model import Phrase, say
from scheduling import cases, rights
from scheduling.briefing import WORDS_FOR, asked, ideas, nudge, post_home, update_copies
from scheduling.school import SchoolFacts
from store import audit, guards
from store.due import set_due
from store.guards import SAFEGUARDING, NotFound
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Flag, Pupil, Request, Staff, TutorGroup

SNOOZE = timedelta(weeks=1)


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
        return _uuid(self.value)


def opened_home(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    viewer: Staff,
    now: datetime,
    key: str,
    lease_to: str | None = None,
) -> Done:
    """Remember that they look at their Home tab, and show it as it stands; `key` is one no other opening has."""
    viewer.home_opened_at = now
    session.add(viewer)
    letter = post_home(session, sealer, school, viewer, dedupe=f"slack:{key}:home", now=now, lease_to=lease_to)
    return Done((letter,) if letter else ())


def act(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    viewer: Staff,
    action: str,
    value: str,
    now: datetime,
    key: str,
    lease_to: str | None = None,
) -> Done:
    """Do what a button says; `key` is one no other press has, `lease_to` the process that sends the letters at once.

    Whatever the value holds, it never raises for it: what is not there or not theirs is answered alike.
    """
    press = Press(session, sealer, school, viewer, value, now, key, lease_to)
    do = DECISIONS.get(action)
    try:
        return do(press) if do else Done(modal=old_button_card())
    except NotFound:
        return Done(modal=not_found_card())


def nudge_take(press: Press) -> Done:
    """They take it: from now on it is theirs."""
    return _decide(press, "taken")


def nudge_snooze(press: Press) -> Done:
    """They put it off for a week; it comes back unless somebody decides before."""
    return _decide(press, "snoozed", press.now + SNOOZE)


def nudge_not_needed(press: Press) -> Done:
    """They know that nothing is needed."""
    return _decide(press, "not_needed")


def _decide(press: Press, state: str, until: datetime | None = None) -> Done:
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.contested is not None:
        return _show_nudge(press, flag)
    if flag.state != "new":
        same = flag.state == state and flag.owner_id == press.viewer.id
        return _show_nudge(
            press, flag, None if same else decided_card(nudge(session, press.sealer, press.school, flag))
        )
    flag.state, flag.owner_id, flag.decided_at, flag.snoozed_until = state, press.viewer.id, press.now, until
    flag.version += 1
    session.add(flag)
    if until is not None:
        set_due(session, press.school.id, "flag.return", flag.id.hex, until, version=flag.version)
    if state == "taken":
        cases.own(session, press.school, flag, press.viewer, press.now)
    else:
        cases.close(session, flag)
    _audit(press, f"nudge {state}", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_done(press: Press) -> Done:
    """They did what they took."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "taken" and flag.owner_id == press.viewer.id:
        flag.state, flag.decided_at, flag.version = "done", press.now, flag.version + 1
        session.add(flag)
        cases.close(session, flag)
        _audit(press, "nudge done", f"flag:{flag.id.hex}")
        return _show_nudge(press, flag)
    words = nudge(session, press.sealer, press.school, flag)
    return _show_nudge(press, flag, None if flag.state in ("new", "done") else decided_card(words))


def nudge_undo(press: Press) -> Done:
    """They take a decision back: their own, or anybody's if they are a safeguarding lead."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "new" or flag.contested is not None:
        return _show_nudge(press, flag)
    if flag.owner_id != press.viewer.id and not SAFEGUARDING & set(press.viewer.roles):
        owner = nudge(session, press.sealer, press.school, flag).owner
        return Done(modal=_sentence(say("Only {owner} or a safeguarding lead can undo this.", owner=owner)))
    flag.state, flag.owner_id, flag.decided_at, flag.snoozed_until = "new", None, None, None
    flag.version += 1
    session.add(flag)
    cases.hand_back(session, press.school, flag, press.now)
    _audit(press, "nudge undone", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_who(press: Press) -> Done:
    """They ask which pupil a nudge is about: its card has initials, for history lasts."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "name")
    return _who(press, flag.pupil_id)


def nudge_ideas(press: Press) -> Done:
    """They ask how to do what a nudge suggests."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    pupil = press.session.get_one(Pupil, flag.pupil_id)
    return Done(modal=ideas_card(ideas(press.sealer, flag, pupil)))


def request_who(press: Press) -> Done:
    """They ask which pupil a request is from."""
    request = guards.access_request(press.session, press.viewer, press.subject(), press.now, "name")
    return _who(press, request.pupil_id)


def _who(press: Press, pupil_id: UUID) -> Done:
    # Read through the guard of the card already: this only finds the words.
    pupil = press.session.get_one(Pupil, pupil_id)
    group = press.session.get_one(TutorGroup, pupil.group_id)
    return Done(modal=who_card(str(press.sealer.read(pupil, "name")), group.name))


def unanswered_show(press: Press) -> Done:
    """They ask who did not answer; the value is the wave's id and the group's, with ":" between."""
    wave, _, group_id = press.value.partition(":")
    group, rows = guards.access_unanswered(press.session, press.viewer, _uuid(wave), _uuid(group_id), press.now)
    names = sorted((str(press.sealer.read(pupil, "name")), state) for pupil, state in rows)
    return Done(modal=unanswered_card(group.name, tuple(names)))


def words_show(press: Press) -> Done:
    """They ask for the words pupils added to check-ins in the last fortnight; safeguarding leads only."""
    if press.value != RECENT:
        raise NotFound
    rows = guards.access_words(press.session, press.viewer, press.now - WORDS_FOR, press.now)
    words = (
        (str(press.sealer.read(pupil, "name")), group.name, str(press.sealer.read(check_in, "words")))
        for check_in, pupil, group in rows
    )
    return Done(modal=words_card(tuple(words)))


def copy_send(press: Press) -> Done:
    """They say yes: the pupil's copy is sent."""
    return _decide_copy(press, yes=True)


def copy_decline(press: Press) -> Done:
    """They say not this way: the pupil reads a kind word."""
    return _decide_copy(press, yes=False)


def _decide_copy(press: Press, *, yes: bool) -> Done:
    session = press.session
    row = guards.access_copy(session, press.viewer, press.subject(), press.now, "copy asked for")
    if rights.decide_copy(session, press.school, row, press.viewer, press.now, yes=yes):
        _audit(press, "copy agreed to" if yes else "copy declined", f"copy:{row.id.hex}")
    card = rights.copy_words(session, press.sealer, press.school, row)
    return _show(press, f"copy:{row.id.hex}:", card, None)


def copy_who(press: Press) -> Done:
    """They ask which pupil a copy is of."""
    row = guards.access_copy(press.session, press.viewer, press.subject(), press.now, "name")
    return _who(press, row.pupil_id)


def contest_stands(press: Press) -> Done:
    """They have looked: the nudge stands."""
    return _answer_contest(press, stands=True)


def contest_withdraw(press: Press) -> Done:
    """They have looked: the nudge is withdrawn."""
    return _answer_contest(press, stands=False)


def _answer_contest(press: Press, *, stands: bool) -> Done:
    session = press.session
    row = guards.access_contest(session, press.viewer, press.subject(), press.now, "contest")
    if rights.answer(session, press.sealer, press.school, row, press.viewer, press.now, stands=stands):
        _audit(press, "contest stands" if stands else "nudge withdrawn", f"flag:{row.flag_id.hex}")
    card = rights.contest_words(session, press.sealer, press.school, row)
    return _show(press, f"contest:{row.id.hex}:", card, None)


def contest_who(press: Press) -> Done:
    """They ask which pupil a contested nudge is about."""
    row = guards.access_contest(press.session, press.viewer, press.subject(), press.now, "name")
    return _who(press, press.session.get_one(Flag, row.flag_id).pupil_id)


def request_own(press: Press) -> Done:
    """They own a request to talk: the first wins, and the pupil is told."""
    session = press.session
    request = guards.access_request(session, press.viewer, press.subject(), press.now, "request")
    owned_before = request.state != "open"
    if not owned_before:
        request.state, request.owner_id, request.owned_at = "owned", press.viewer.id, press.now
        session.add(request)
        set_due(session, press.school.id, "request.owned", request.id.hex, press.now)
        cases.own(session, press.school, request, press.viewer, press.now)
        _audit(press, "request owned", f"request:{request.id.hex}")
    return _show_request(press, request)


def request_done(press: Press) -> Done:
    """They have talked with the pupil."""
    session = press.session
    request = guards.access_request(session, press.viewer, press.subject(), press.now, "request")
    if request.state == "owned" and request.owner_id == press.viewer.id:
        request.state = "done"
        session.add(request)
        cases.close(session, request)
        _audit(press, "request done", f"request:{request.id.hex}")
    return _show_request(press, request)


def request_back(press: Press) -> Done:
    """They cannot do it after all: it is open again, and climbs on."""
    session = press.session
    request = guards.access_request(session, press.viewer, press.subject(), press.now, "request")
    if request.state == "owned" and request.owner_id == press.viewer.id:
        request.state, request.owner_id, request.owned_at = "open", None, None
        session.add(request)
        cases.hand_back(session, press.school, request, press.now)
        _audit(press, "request handed back", f"request:{request.id.hex}")
    return _show_request(press, request)


def _show_request(press: Press, request: Request) -> Done:
    """Show a request as it stands; who finds that somebody else owns it is told so."""
    words = asked(press.session, press.sealer, press.school, request)
    modal = None
    if request.owner_id is not None and request.owner_id != press.viewer.id:
        modal = _sentence(say("{owner} already owns this. The pupil has been told.", owner=words.owner))
    return _show(press, f"request:{request.id.hex}:", request_card(words), modal)


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "nudge_take": nudge_take,
    "nudge_snooze": nudge_snooze,
    "nudge_not_needed": nudge_not_needed,
    "nudge_done": nudge_done,
    "nudge_undo": nudge_undo,
    "nudge_who": nudge_who,
    "nudge_ideas": nudge_ideas,
    "request_who": request_who,
    "unanswered_show": unanswered_show,
    "words_show": words_show,
    "request_own": request_own,
    "request_done": request_done,
    "request_back": request_back,
    "copy_send": copy_send,
    "copy_decline": copy_decline,
    "copy_who": copy_who,
    "contest_stands": contest_stands,
    "contest_withdraw": contest_withdraw,
    "contest_who": contest_who,
}


def _show_nudge(press: Press, flag: Flag, modal: Card | None = None) -> Done:
    card = nudge_card(nudge(press.session, press.sealer, press.school, flag))
    return _show(press, f"nudge:{flag.id.hex}:", card, modal)


def _show(press: Press, slot_prefix: str, card: Card, modal: Card | None) -> Done:
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


def _audit(press: Press, action: str, subject: str) -> None:
    actor = f"staff:{press.viewer.id.hex}"
    audit.record(press.session, press.school.id, press.now, actor=actor, action=action, subject=subject)


def _uuid(value: str) -> UUID:
    try:
        return UUID(hex=value)
    except ValueError:
        raise NotFound from None


# --- the small cards --------------------------------------------------------------------------------------------------


def decided_card(nudge: Nudge) -> Card:
    """Say who has decided a nudge already."""
    if nudge.state == "taken":
        return _sentence(say("{owner} has already taken this.", owner=nudge.owner))
    if nudge.state == "snoozed":
        return _sentence(say("{owner} has already snoozed this.", owner=nudge.owner))
    if nudge.state == "done":
        return _sentence(say("{owner} has already done this.", owner=nudge.owner))
    return _sentence(say("{owner} has already said that nothing is needed.", owner=nudge.owner))


def not_found_card() -> Card:
    """Say that a thing is not there, or not theirs to see; nobody can tell which."""
    return _sentence(say("This is not there any more, or it is not yours to see."))


def old_button_card() -> Card:
    """Say that a button belongs to another version of this program."""
    return _sentence(say("This button is from an earlier time. The Home tab shows what is open now."))


def trouble_card() -> Card:
    """Say that a press was not kept."""
    return _sentence(say("Something went wrong and nothing was changed. Please try again in a minute."))


def _sentence(sentence: Phrase) -> Card:
    return Card(say("For your information"), (sentence,))
