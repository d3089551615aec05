"""What staff do with a nudge: take it, put it off, say that it is not needed and why, take a decision back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.slack.press import Done, Press, acts_for, last_to_be_asked, note, sentence, show, who_is
from conversations.actions import safeguarding_note
from conversations.cards import Card, Nudge, ideas_card, nudge_card
from conversations.model import say
from conversations.reasons_figures import figures_card
from conversations.staff_nudges import WHY
from scheduling import cases
from scheduling import plans as going
from scheduling.briefing import ideas, nudge
from store import guards, plans
from store.due import set_due
from store.guards import SAFEGUARDING
from store.tables import Flag, Pupil

SNOOZE = timedelta(weeks=1)


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
        going.make(session, press.sealer, press.school, flag, press.viewer, press.now)
    else:
        cases.close(session, flag, press.now)
    note(press, f"nudge {state}", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_pass(press: Press) -> Done:
    """They pass it to the safeguarding leads, who are told at once with their name; anybody may take it still."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.contested is not None:
        return _show_nudge(press, flag)
    if flag.state != "new":
        return _show_nudge(press, flag, decided_card(nudge(session, press.sealer, press.school, flag)))
    if SAFEGUARDING & set(press.viewer.roles):
        return _show_nudge(press, flag, sentence(last_to_be_asked()))
    if flag.owner_id is None:
        # Of a nudge that is open it says who has passed it on.
        flag.owner_id, flag.version = press.viewer.id, flag.version + 1
        session.add(flag)
        cases.climb_to_leads(session, press.school, flag, press.now)
        note(press, "nudge passed", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag, sentence(safeguarding_note()))


def nudge_done(press: Press) -> Done:
    """They did what they took."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "taken" and acts_for(press, flag.owner_id):
        plan = plans.of_flag(session, flag.id)
        if plan is not None:
            going.done(session, plan, press.now)
        else:
            flag.state, flag.decided_at, flag.version = "done", press.now, flag.version + 1
            session.add(flag)
            cases.close(session, flag, press.now)
        note(press, "nudge done", f"flag:{flag.id.hex}")
        return _show_nudge(press, flag)
    words = nudge(session, press.sealer, press.school, flag)
    return _show_nudge(press, flag, None if flag.state in ("new", "done") else decided_card(words))


def nudge_why(press: Press, why: str) -> Done:
    """They say why it is not needed: one of WHY; said again, the last counts."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state != "not_needed":
        words = nudge(session, press.sealer, press.school, flag)
        return _show_nudge(press, flag, None if flag.state == "new" else decided_card(words))
    if plans.judgement(session, press.sealer, flag.id) != why:
        plans.judge(session, press.sealer, flag, why, press.now)
        note(press, "nudge judged", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_undo(press: Press) -> Done:
    """They take a decision back: their own, or anybody's if they are a safeguarding lead."""
    session, flag = press.session, guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.state == "new" or flag.contested is not None:
        return _show_nudge(press, flag)
    if flag.owner_id != press.viewer.id and not SAFEGUARDING & set(press.viewer.roles):
        owner = nudge(session, press.sealer, press.school, flag).owner
        return Done(modal=sentence(say("Only {owner} or a safeguarding lead can undo this.", owner=owner)))
    flag.state, flag.owner_id, flag.decided_at, flag.snoozed_until = "new", None, None, None
    flag.version += 1
    session.add(flag)
    plans.end_of_flag(session, flag.id, press.now)
    plans.unjudge(session, flag.id)
    cases.hand_back(session, press.school, flag, press.now)
    note(press, "nudge undone", f"flag:{flag.id.hex}")
    return _show_nudge(press, flag)


def nudge_who(press: Press) -> Done:
    """They ask which pupil a nudge is about: its card has initials, for history lasts."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "name")
    return who_is(press, flag.pupil_id)


def nudge_ideas(press: Press) -> Done:
    """They ask how to do what a nudge suggests."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    pupil = press.session.get_one(Pupil, flag.pupil_id)
    return Done(modal=ideas_card(ideas(press.session, press.sealer, flag, pupil)))


def nudge_figures(press: Press) -> Done:
    """They ask what figures stand behind a nudge's reasons."""
    flag = guards.access_flag(press.session, press.viewer, press.subject(), press.now, "nudge")
    if flag.contested is not None:
        return _show_nudge(press, flag)
    return Done(modal=figures_card(press.sealer.read(flag, "reasons"), flag.id.hex))


def _show_nudge(press: Press, flag: Flag, modal: Card | None = None) -> Done:
    card = nudge_card(nudge(press.session, press.sealer, press.school, flag))
    return show(press, f"nudge:{flag.id.hex}:", card, modal)


def decided_card(nudge: Nudge) -> Card:
    """Say who has decided a nudge already."""
    if nudge.state == "taken":
        return sentence(say("{owner} has already taken this.", owner=nudge.owner))
    if nudge.state == "snoozed":
        return sentence(say("{owner} has already snoozed this.", owner=nudge.owner))
    if nudge.state == "done":
        return sentence(say("{owner} has already done this.", owner=nudge.owner))
    return sentence(say("{owner} has already said that nothing is needed.", owner=nudge.owner))


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "nudge_take": nudge_take,
    "nudge_snooze": nudge_snooze,
    "nudge_not_needed": nudge_not_needed,
    **{f"nudge_why_{why}": partial(nudge_why, why=why) for why in WHY},
    "nudge_pass": nudge_pass,
    "nudge_done": nudge_done,
    "nudge_undo": nudge_undo,
    "nudge_who": nudge_who,
    "nudge_ideas": nudge_ideas,
    "nudge_figures": nudge_figures,
}
