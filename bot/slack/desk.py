"""What staff do with the cards they get: the decisions behind the buttons, and opening the Home tab. Knows no Slack.

Each press is one function of one transaction: what it acts on is read through a guard, a decision is written with its
audit row, and the letters that show it are written beside it. A press that comes too late, twice, or from somebody who
may not, changes nothing and is answered with one kind sentence.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from bot.slack import goto_desk, request_desk
from bot.slack.press import Done, Press, id_of, not_found_card, note_act, sentence_card, show, show_who
from conversations.cards import RECENT, Card, Nudge, ideas_card, nudge_card, unanswered_card, words_card
from conversations.model import say
from scheduling import cases
from scheduling.briefing import WORDS_FOR, ideas, nudge, post_home
from scheduling.school import SchoolFacts
from store import guards
from store.due import set_due
from store.guards import SAFEGUARDING, NotFound
from store.sealing import Sealer
from store.tables import Flag, Pupil, Staff

SNOOZE = timedelta(weeks=1)


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
    note_act(press, f"nudge {state}", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_done(press: Press) -> Done:
    """They did what they took."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "taken" and flag.owner_id == press.viewer.id:
        flag.state, flag.decided_at, flag.version = "done", press.now, flag.version + 1
        session.add(flag)
        cases.close(session, flag)
        note_act(press, "nudge done", f"flag:{flag.id.hex}")
        return _show_nudge(press, flag)
    words = nudge(session, press.sealer, press.school, flag)
    return _show_nudge(press, flag, None if flag.state in ("new", "done") else decided_card(words))


def nudge_undo(press: Press) -> Done:
    """They take a decision back: their own, or anybody's if they are a safeguarding lead."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "new":
        return _show_nudge(press, flag)
    if flag.owner_id != press.viewer.id and not SAFEGUARDING & set(press.viewer.roles):
        owner = nudge(session, press.sealer, press.school, flag).owner
        return Done(modal=sentence_card(say("Only {owner} or a safeguarding lead can undo this.", owner=owner)))
    flag.state, flag.owner_id, flag.decided_at, flag.snoozed_until = "new", None, None, None
    flag.version += 1
    session.add(flag)
    cases.hand_back(session, press.school, flag, press.now)
    note_act(press, "nudge undone", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_who(press: Press) -> Done:
    """They ask which pupil a nudge is about: its card has initials, for history lasts."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "name")
    return show_who(press, flag.pupil_id)


def nudge_ideas(press: Press) -> Done:
    """They ask how to do what a nudge suggests."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    pupil = press.session.get_one(Pupil, flag.pupil_id)
    return Done(modal=ideas_card(ideas(press.sealer, flag, pupil)))


def unanswered_show(press: Press) -> Done:
    """They ask who did not answer; the value is the wave's id and the group's, with ":" between."""
    wave, _, group_id = press.value.partition(":")
    group, rows = guards.access_unanswered(press.session, press.viewer, id_of(wave), id_of(group_id), press.now)
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


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "nudge_take": nudge_take,
    "nudge_snooze": nudge_snooze,
    "nudge_not_needed": nudge_not_needed,
    "nudge_done": nudge_done,
    "nudge_undo": nudge_undo,
    "nudge_who": nudge_who,
    "nudge_ideas": nudge_ideas,
    "request_who": request_desk.who,
    "unanswered_show": unanswered_show,
    "words_show": words_show,
    "nudge_goto": goto_desk.ask_to_check_in,
    "asked_yes": goto_desk.will_check_in,
    "asked_no": goto_desk.cannot_check_in,
    "asked_who": goto_desk.who_to_check_in_with,
    "goto_ask": goto_desk.ask_every_pupil,
    "goto_ask_yes": goto_desk.ask_every_pupil_now,
    "goto_stop": goto_desk.stop_asking,
    "goto_nobody": goto_desk.nobody,
    "goto_many": goto_desk.named_by_many,
    "goto_no": goto_desk.refuse,
    "goto_yes": goto_desk.take_back_refusal,
    "request_own": request_desk.own,
    "request_today": request_desk.today,
    "request_tomorrow": request_desk.tomorrow,
    "request_cannot": request_desk.cannot,
    "request_done": request_desk.talked,
    "request_back": request_desk.cannot,
}


def _show_nudge(press: Press, flag: Flag, modal: Card | None = None) -> Done:
    card = nudge_card(nudge(press.session, press.sealer, press.school, flag))
    return show(press, f"nudge:{flag.id.hex}:", card, modal)


# --- the small cards --------------------------------------------------------------------------------------------------


def decided_card(nudge: Nudge) -> Card:
    """Say who has decided a nudge already."""
    if nudge.state == "taken":
        return sentence_card(say("{owner} has already taken this.", owner=nudge.owner))
    if nudge.state == "snoozed":
        return sentence_card(say("{owner} has already snoozed this.", owner=nudge.owner))
    if nudge.state == "done":
        return sentence_card(say("{owner} has already done this.", owner=nudge.owner))
    return sentence_card(say("{owner} has already said that nothing is needed.", owner=nudge.owner))


def old_button_card() -> Card:
    """Say that a button belongs to another version of this program."""
    return sentence_card(say("This button is from an earlier time. The Home tab shows what is open now."))


def trouble_card() -> Card:
    """Say that a press was not kept."""
    return sentence_card(say("Something went wrong and nothing was changed. Please try again in a minute."))
