"""What staff do about being away: say so for themselves, or, as a safeguarding lead, for anybody, and take it back."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from sqlmodel import select

from bot.slack.press import Done, Press, home_again, id_of, note, sentence
from conversations.cards import Card
from conversations.model import say
from conversations.staff_absence import AWAY, AWAY_OTHER, away_lines, form
from scheduling import away
from scheduling.briefing import away_of
from store.guards import SAFEGUARDING, NotFound
from store.people import name_of
from store.tables import Staff


def _leads(press: Press) -> bool:
    return bool(SAFEGUARDING & set(press.viewer.roles)) and press.viewer.active


def _form(press: Press, *, other: bool) -> Done:
    rows = press.session.exec(select(Staff).where(Staff.school_id == press.school.id, Staff.active)).all()
    names = sorted((name_of(press.sealer, row), row.id.hex) for row in rows)
    shown = tuple((id, name) for name, id in names if other or id != press.viewer.id.hex)
    today = press.school.calendar.local_date(press.now).isoformat()
    return Done(form=form(today, shown, other=other))


def away_set(press: Press) -> Done:
    """They wish to say that they are away."""
    if press.value != "me" or not press.viewer.active:
        raise NotFound
    return _form(press, other=False)


def away_other(press: Press) -> Done:
    """A safeguarding lead wishes to say that somebody else is."""
    if press.value != "other" or not _leads(press):
        raise NotFound
    return _form(press, other=True)


def away_end(press: Press) -> Done:
    """They are back, or will not be away after all; a safeguarding lead may say so for anybody."""
    staff = _staff(press, press.value)
    if staff.id != press.viewer.id and not _leads(press):
        raise NotFound
    if away.end(press.session, press.school, staff, press.now):
        note(press, "absence ended", f"staff:{staff.id.hex}")
    return Done(home_again(press))


def set_own(press: Press, entered: Mapping[str, str]) -> Done:
    """They filled in from when to when they are away."""
    return set_for(press, press.viewer, entered)


def other_away(press: Press, entered: Mapping[str, str]) -> Done:
    """A safeguarding lead filled in who is away, and from when to when."""
    if not _leads(press):
        raise NotFound
    return set_for(press, _staff(press, entered.get("who", "")), entered)


def set_for(press: Press, staff: Staff, entered: Mapping[str, str]) -> Done:
    """Set an absence from what was entered: "first", "last" (YYYY-MM-DD) and "cover" (an id), and say how it stands."""
    today = press.school.calendar.local_date(press.now)
    try:
        last = date.fromisoformat(entered.get("last", ""))
        first = date.fromisoformat(entered["first"]) if entered.get("first") else min(today, last)
    except ValueError:
        return Done(modal=sentence(say("A day is missing, or is no day. Nothing was changed.")))
    cover = _staff(press, entered["cover"]) if entered.get("cover") else None
    problem = away.problem_of(press.school, staff, first, last, cover, press.now)
    if problem is not None:
        return Done(modal=sentence(problem))
    row = away.set_away(press.session, press.school, staff, first, last, cover, press.now)
    note(press, "absence set", f"staff:{staff.id.hex}")
    warning = away.too_few_left(press.session, press.school, row)
    lines = away_lines(away_of(press.session, press.sealer, row, press.now))
    return Done(home_again(press), Card(say("Away"), (*lines, *((warning,) if warning else ()))))


def _staff(press: Press, value: str) -> Staff:
    staff = press.session.get(Staff, id_of(value))
    if staff is None or staff.school_id != press.school.id or not staff.active:
        raise NotFound
    return staff


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "away_set": away_set,
    "away_other": away_other,
    "away_end": away_end,
}
SUBMISSIONS: Final[dict[str, Callable[[Press, Mapping[str, str]], Done]]] = {AWAY: set_own, AWAY_OTHER: other_away}
