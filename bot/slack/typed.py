"""What staff type after /earshot: the same facts as the Home tab, for whoever would rather type. Knows no Slack.

An answer is a few cards, shown to the one who asked alone; what has no room in one is on the pages after it. Words are
read in English, as the list of them says.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from bot.slack import absence_desk
from bot.slack.press import Done, Press, not_found_card
from conversations.cards import Card, daily_card, quiet_card, response_cards
from conversations.cards_request import request_card
from conversations.staff_absence import others_card, own_card
from conversations.staff_commands import help_card, nothing_card, page_card
from scheduling import auditor, briefing, meetings
from scheduling.briefing import Kept
from store import absences, guards
from store.guards import SAFEGUARDING, NotFound
from store.tables import TutorGroup

WORD_LENGTH: Final = 30
# A message takes fifty blocks, and a card has four at most, but for one of six.
PAGE: Final = 10
_PAGE: Final = re.compile(r"(?:^|\s)page\s+([0-9]{1,2})$")


def typed(press: Press) -> tuple[tuple[Card, ...], Done]:
    """Do what was typed (the press's value); gives the cards of the answer, and what came of it."""
    word, _, rest = press.value.strip().lower().partition(" ")
    answer = ANSWERS.get(word or "help")
    if answer is None:
        return (help_card(word[:WORD_LENGTH]),), Done()
    rest, page = _page(rest.strip())
    try:
        kept, done = answer(press, rest)
    except NotFound:
        return (not_found_card(),), Done()
    # Nudges of other pages are not even written.
    return kept.shown(pages(kept.cards or (nothing_card(),), f"{word} {rest}".strip(), page)), done


def _page(rest: str) -> tuple[str, int]:
    """Part the number of a page, from 1, from what comes before it."""
    found = _PAGE.search(rest)
    return (rest[: found.start()].strip(), int(found[1])) if found else (rest, 1)


def pages(cards: tuple[Card, ...], typed: str, page: int) -> tuple[Card, ...]:
    """Give one page of an answer, the last for a number past it, and what to type for the next."""
    last = -(-len(cards) // PAGE)
    page = min(max(page, 1), last)
    if last == 1:
        return cards
    following = page + 1 if page < last else 1
    return (*cards[(page - 1) * PAGE : page * PAGE], page_card(typed, page, last, following))


Answer = tuple[Kept, Done]


def _help(_press: Press, _rest: str) -> Answer:
    return Kept((help_card(),)), Done()


def _home(press: Press, _rest: str) -> Answer:
    return briefing.home_kept(press.session, press.sealer, press.school, press.viewer, press.now), Done()


def _nudges(press: Press, _rest: str) -> Answer:
    groups = guards.groups_seen(press.session, press.viewer, press.now)
    flags = guards.flags_seen(press.session, press.viewer, [group.id for group in groups], press.now)
    return briefing.nudges_kept(press.session, press.sealer, press.school, flags), Done()


def _plans(press: Press, _rest: str) -> Answer:
    return Kept(briefing.plan_cards(press.session, press.sealer, press.viewer, press.now)), Done()


def _group(press: Press, rest: str) -> Answer:
    """The groups that are theirs, or the one that is named, if it is theirs to see."""
    groups = guards.groups_seen(press.session, press.viewer, press.now)
    if rest:
        groups = [group for group in groups if group.name.lower() == rest]
        if not groups:
            raise NotFound
    else:
        groups = [group for group in groups if group.tutor_id == press.viewer.id] or groups
    return Kept(_responses(press, groups)), Done()


def _responses(press: Press, groups: list[TutorGroup]) -> tuple[Card, ...]:
    wave = briefing.latest_wave(press.session, press.school.id)
    if wave is None:
        return (quiet_card(),)
    responses = briefing.responses(press.session, wave, groups)
    return response_cards(tuple(one for one in responses if one.asked))


def _waiting(press: Press, _rest: str) -> Answer:
    """The requests that are theirs to answer; for leads all of them, and how many cases there are."""
    rows = guards.requests_seen(press.session, press.viewer, press.now)
    requests = tuple(request_card(briefing.asked(press.session, press.sealer, press.school, one)) for one in rows)
    if not press.viewer.active or not SAFEGUARDING & set(press.viewer.roles):
        return Kept(requests), Done()
    standing = daily_card(auditor.standing(press.session, press.sealer, press.school, press.now), press.now)
    return Kept((standing, *requests)), Done()


def _away(press: Press, rest: str) -> Answer:
    """Say who is away; or, with "until" and a day, that they are."""
    _, until, day = rest.partition("until")
    if until or rest:
        done = absence_desk.set_for(press, press.viewer, {"last": _day(day.strip() or rest)})
        return Kept((done.modal,) if done.modal else ()), Done(done.letters)
    own = absences.own(press.session, press.viewer, press.now)
    card = own_card(briefing.away_of(press.session, press.sealer, own, press.now) if own else None)
    if not SAFEGUARDING & set(press.viewer.roles):
        return Kept((card,)), Done()
    others = briefing.away_listed(press.session, press.sealer, press.school.id, press.now)
    return Kept((card, others_card(others))), Done()


def _day(words: str) -> str:
    """Read a day as YYYY-MM-DD, or as this year's people write it (4/12/2026); what is neither stays as it is."""
    parts = words.split("/")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        try:
            return date(int(parts[2]), int(parts[1]), int(parts[0])).isoformat()
        except ValueError:
            return words
    return words


def _meet(press: Press, _rest: str) -> Answer:
    return Kept(meetings.listed(press.session, press.sealer, press.school, press.viewer, press.now)), Done()


def _back(press: Press, _rest: str) -> Answer:
    value = press.viewer.id.hex
    done = absence_desk.away_end(
        Press(press.session, press.sealer, press.school, press.viewer, value, press.now, press.key, press.lease_to)
    )
    return Kept((own_card(None),)), done


ANSWERS: Final[dict[str, Callable[[Press, str], Answer]]] = {
    "help": _help,
    "home": _home,
    "nudges": _nudges,
    "plans": _plans,
    "group": _group,
    "waiting": _waiting,
    "away": _away,
    "back": _back,
    "meet": _meet,
}
