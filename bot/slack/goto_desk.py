"""What staff do about go-tos: ask every pupil, see who has nobody, say no to being one, ask one to check in."""

from collections.abc import Callable
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlmodel import select

from bot.slack.press import Done, Press, id_of, note, show, who_is
from conversations.cards import Card, nudge_card
from conversations.cards_gotos import (
    WHOLE_SCHOOL,
    ask_every_pupil_card,
    asking_card,
    check_in_ask_card,
    many_card,
    nobody_card,
)
from conversations.model import verbatim
from scheduling import campaigns
from scheduling.briefing import nudge, post_card, post_home, update_copies
from scheduling.campaigns import CampaignProblem
from scheduling.care_cards import check_in_ask, copies_of
from store import absences, gotos, guards
from store.care_tables import NudgeAsk
from store.guards import SAFEGUARDING, NotFound
from store.outbox import Letter
from store.people import name_of
from store.tables import Flag, Pupil, Staff


def ask_every_pupil(press: Press) -> Done:
    """They would like every pupil to be asked: first they read what that means."""
    _for_leads(press)
    stands = gotos.coverage(press.session, press.school.id)
    return Done(modal=ask_every_pupil_card(sum(year.one + year.nobody for year in stands.years)))


def ask_every_pupil_now(press: Press) -> Done:
    """They begin the round; pressed again it only goes on."""
    _for_leads(press)
    try:
        campaign, fresh = campaigns.start(press.session, press.school, press.now)
    except CampaignProblem as problem:
        return Done(modal=Card(verbatim("Earshot"), (verbatim(str(problem)),)))
    if not fresh:
        return _home(press)
    subject = f"campaign:{campaign.id.hex}"
    note(press, "go-tos asked for", subject)
    begun = post_card(
        press.session,
        press.sealer,
        press.school,
        press.viewer,
        asking_card(press.now),
        slot=None,
        dedupe=f"slack:{press.key}:begun",
        now=press.now,
        lease_to=press.lease_to,
    )
    return Done((*((begun,) if begun else ()), *_home(press).letters))


def stop_asking(press: Press) -> Done:
    """They end the round: nobody more is asked."""
    _for_leads(press)
    if campaigns.stop(press.session, press.school.id):
        note(press, "go-tos asked for no more", f"school:{press.school.id.hex}")
    return _home(press)


def nobody(press: Press) -> Done:
    """They ask which pupils have nobody."""
    _of_the_school(press)
    rows = guards.access_nobody_named(press.session, press.viewer, press.now)
    by_group = groupby(((group.name, name_of(press.sealer, pupil)) for pupil, group in rows), lambda row: row[0])
    return Done(modal=nobody_card([(group, sorted(name for _, name in names)) for group, names in by_group]))


def named_by_many(press: Press) -> Done:
    """They ask which adults are named by many."""
    _for_leads(press)
    stands = gotos.coverage(press.session, press.school.id)
    named = [
        (name_of(press.sealer, press.session.get_one(Staff, staff_id)), count, stands.years_of(staff_id))
        for staff_id, count in stands.named_by_many.items()
    ]
    return Done(modal=many_card(named, stands.many))


def refuse(press: Press) -> Done:
    """They cannot be a go-to now: from the next school morning their pupils are asked for somebody else."""
    _of_the_school(press)
    if gotos.refuse(press.session, press.viewer, press.now):
        note(press, "go-to refused", f"staff:{press.viewer.id.hex}")
    return _home(press)


def take_back_refusal(press: Press) -> Done:
    """They can be a go-to again."""
    _of_the_school(press)
    if gotos.take_back_refusal(press.session, press.viewer):
        note(press, "go-to again", f"staff:{press.viewer.id.hex}")
    return _home(press)


# --- asking a go-to to check in ---------------------------------------------------------------------------------------


def ask_to_check_in(press: Press) -> Done:
    """They ask a go-to of a nudge's pupil to check in; the value is the flag's id and the adult's, with ":" between."""
    flag_id, _, staff_id = press.value.partition(":")
    session = press.session
    flag = guards.access_flag(session, press.viewer, id_of(flag_id), press.now, "nudge")
    adult = session.get(Staff, id_of(staff_id))
    pupil = session.get_one(Pupil, flag.pupil_id)
    if adult is None or adult not in gotos.of_pupil(session, pupil):
        raise NotFound
    asked = session.exec(select(NudgeAsk).where(NudgeAsk.flag_id == flag.id, NudgeAsk.staff_id == adult.id)).first()
    letters: tuple[Letter, ...] = ()
    if asked is None and flag.state in ("new", "taken", "snoozed"):
        letters = _ask(press, flag, adult)
    shown = _show_nudge(press, flag.id)
    return Done((*letters, *shown.letters), shown.modal)


def _ask(press: Press, flag: Flag, adult: Staff) -> tuple[Letter, ...]:
    session = press.session
    is_away = adult.id in absences.away(session, press.school.id, press.now)
    ask = NudgeAsk(
        school_id=press.school.id,
        flag_id=flag.id,
        staff_id=adult.id,
        asked_by=press.viewer.id,
        asked_at=press.now,
        answer="no" if is_away else "",
    )
    session.add(ask)
    session.flush()
    note(press, "go-to asked to check in", f"flag:{flag.id.hex}")
    if is_away:
        # Whoever asks reads at once that they cannot, and thinks of somebody else.
        return ()
    slot = f"{copies_of(ask.id)}{adult.id.hex}"
    card = check_in_ask_card(check_in_ask(session, press.sealer, press.school, ask))
    letter = post_card(
        session,
        press.sealer,
        press.school,
        adult,
        card,
        slot=slot,
        dedupe=slot,
        now=press.now,
        lease_to=press.lease_to,
    )
    return (letter,) if letter else ()


def will_check_in(press: Press) -> Done:
    """They will check in with the pupil."""
    return _answer(press, "yes")


def cannot_check_in(press: Press) -> Done:
    """They cannot this time."""
    return _answer(press, "no")


def _answer(press: Press, answer: str) -> Done:
    ask = guards.access_asked(press.session, press.viewer, press.subject(), press.now, "ask to check in")
    if ask.answer != answer:
        ask.answer = answer
        press.session.add(ask)
        press.session.flush()
        note(press, f"asked to check in: {answer}", f"flag:{ask.flag_id.hex}")
    card = check_in_ask_card(check_in_ask(press.session, press.sealer, press.school, ask))
    # Their Home tab is written once, with the nudge.
    mine = update_copies(
        press.session,
        press.sealer,
        press.school,
        copies_of(ask.id),
        card,
        dedupe=f"slack:{press.key}",
        now=press.now,
        lease_to=press.lease_to,
    )
    return Done((*mine, *_show_nudge(press, ask.flag_id).letters))


def who_to_check_in_with(press: Press) -> Done:
    """They ask which pupil they were asked about."""
    ask = guards.access_asked(press.session, press.viewer, press.subject(), press.now, "name")
    return who_is(press, press.session.get_one(Flag, ask.flag_id).pupil_id)


def _show_nudge(press: Press, flag_id: UUID) -> Done:
    flag = press.session.get_one(Flag, flag_id)
    card = nudge_card(nudge(press.session, press.sealer, press.school, flag))
    return show(press, f"nudge:{flag.id.hex}:", card, None)


def _of_the_school(press: Press) -> None:
    if press.value != WHOLE_SCHOOL:
        raise NotFound


def _for_leads(press: Press) -> None:
    _of_the_school(press)
    if not press.viewer.active or not SAFEGUARDING & set(press.viewer.roles):
        raise NotFound


def _home(press: Press) -> Done:
    home = post_home(
        press.session,
        press.sealer,
        press.school,
        press.viewer,
        dedupe=f"slack:{press.key}:home",
        now=press.now,
        lease_to=press.lease_to,
        page=press.page,
    )
    return Done((home,) if home else ())


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "nudge_goto": ask_to_check_in,
    "asked_yes": will_check_in,
    "asked_no": cannot_check_in,
    "asked_who": who_to_check_in_with,
    "goto_ask": ask_every_pupil,
    "goto_ask_yes": ask_every_pupil_now,
    "goto_stop": stop_asking,
    "goto_nobody": nobody,
    "goto_many": named_by_many,
    "goto_no": refuse,
    "goto_yes": take_back_refusal,
}
