"""What staff do with the cards they get: the decisions behind the buttons, and opening the Home tab. Knows no Slack.

Each press is one function of one transaction: what it acts on is read through a guard, a decision is written with its
audit row, and the letters that show it are written beside it. A press that comes too late, twice, or from somebody who
may not, changes nothing and is answered with one kind sentence.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from bot.slack import (
    absence_desk,
    goto_desk,
    meeting_desk,
    nudge_desk,
    plan_desk,
    request_desk,
    rights_desk,
    school_desk,
)
from bot.slack.press import Done as Done
from bot.slack.press import Press, home_again, id_of
from bot.slack.press import not_found_card as not_found_card
from bot.slack.press import old_button_card as old_button_card
from bot.slack.press import trouble_card as trouble_card
from conversations.cards import RECENT, unanswered_card, words_card
from scheduling.briefing import WORDS_FOR, post_home
from scheduling.school import SchoolFacts
from store import guards
from store.guards import NotFound
from store.people import UNNAMED, name_of
from store.sealing import Sealer
from store.tables import CheckIn, Staff


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
    letter = post_home(session, sealer, school, viewer, dedupe=f"slack:{key}:home", now=now, lease_to=lease_to, page=0)
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
    page: int | None = None,
) -> Done:
    """Do what a button says; `key` is one no other press has, `lease_to` the process that sends the letters at once.

    `page` is that of the Home tab on which it was pressed, from 0; None for any other place.

    Whatever the value holds, it never raises for it: what is not there or not theirs is answered alike.
    """
    press = Press(session, sealer, school, viewer, value, now, key, lease_to, page)
    do = DECISIONS.get(action)
    try:
        return do(press) if do else Done(modal=old_button_card())
    except NotFound:
        return Done(modal=not_found_card())


def submit(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    viewer: Staff,
    form: str,
    value: str,
    entered: Mapping[str, str],
    now: datetime,
    key: str,
    lease_to: str | None = None,
    page: int | None = None,
) -> Done:
    """Do what a form that was filled in says; as with `act`, it never raises for what it holds."""
    press = Press(session, sealer, school, viewer, value, now, key, lease_to, page)
    do = SUBMISSIONS.get(form)
    try:
        return do(press, entered) if do else Done(modal=old_button_card())
    except NotFound:
        return Done(modal=not_found_card())


def unanswered_show(press: Press) -> Done:
    """They ask who did not answer; the value is the wave's id and the group's, with ":" between."""
    wave, _, group_id = press.value.partition(":")
    group, rows = guards.access_unanswered(press.session, press.viewer, id_of(wave), id_of(group_id), press.now)
    names = sorted((name_of(press.sealer, pupil), state) for pupil, state in rows)
    return Done(modal=unanswered_card(group.name, tuple(names)))


def _words(press: Press, check_in: CheckIn) -> str:
    """What a pupil typed; that which does not open must not keep the others' from being read."""
    sealed = check_in.words_sealed
    words = press.sealer.open_if_whole("check_in", "words", check_in.id, sealed) if sealed else None
    return UNNAMED if words is None else str(words)


def words_show(press: Press) -> Done:
    """They ask for the words pupils added to check-ins in the last fortnight; safeguarding leads only."""
    if press.value != RECENT:
        raise NotFound
    rows = guards.access_words(press.session, press.viewer, press.now - WORDS_FOR, press.now)
    words = ((name_of(press.sealer, pupil), group.name, _words(press, check_in)) for check_in, pupil, group in rows)
    return Done(modal=words_card(tuple(words)))


def home_page(press: Press) -> Done:
    """They turn a page of their Home tab; the value is the page's number, from 0."""
    if not (press.value.isascii() and press.value.isdigit() and len(press.value) < 3):
        raise NotFound
    return Done(home_again(press, int(press.value)))


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    **nudge_desk.DECISIONS,
    **plan_desk.DECISIONS,
    **rights_desk.DECISIONS,
    **school_desk.DECISIONS,
    **absence_desk.DECISIONS,
    **meeting_desk.DECISIONS,
    "home_page": home_page,
    **request_desk.DECISIONS,
    **goto_desk.DECISIONS,
    "unanswered_show": unanswered_show,
    "words_show": words_show,
}
SUBMISSIONS: Final[dict[str, Callable[[Press, Mapping[str, str]], Done]]] = {
    **plan_desk.SUBMISSIONS,
    **absence_desk.SUBMISSIONS,
}
