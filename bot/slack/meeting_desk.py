"""What staff do with their one-to-one: choose a time, look at others, give one back. It is nobody's but the two's."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.slack.press import Done, Press, id_of, note, sentence
from conversations.model import say
from scheduling import meetings
from store.guards import NotFound
from store.plan_tables import OneToOne


def _row(press: Press, value: str) -> OneToOne:
    row = press.session.get(OneToOne, id_of(value), with_for_update=True)
    if row is None or press.viewer.id not in (row.staff_id, row.leader_id) or not press.viewer.active:
        raise NotFound
    return row


def _show(press: Press, row: OneToOne, done: Done | None = None) -> Done:
    letters = meetings.show(
        press.session, press.sealer, press.school, row, press.now, key=press.key, lease_to=press.lease_to
    )
    return Done(tuple(letters), done.modal if done else None)


def meet_pick(press: Press) -> Done:
    """They choose a time; the value is the id and the time, with ":" between."""
    id, _, when = press.value.partition(":")
    row = _row(press, id)
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise NotFound from None
    if moment.utcoffset() is None or press.viewer.id != row.staff_id:
        raise NotFound
    if row.meets_at is not None:
        return _show(press, row)
    if not meetings.pick(press.session, press.school, row, moment, press.now):
        return _show(press, row, Done(modal=sentence(say("That time is gone. Please choose another."))))
    note(press, "one-to-one set", f"one_to_one:{row.id.hex}")
    return _show(press, row)


def meet_more(press: Press) -> Done:
    """None of the times suits: they see others."""
    row = _row(press, press.value)
    if row.meets_at is None and press.viewer.id == row.staff_id:
        meetings.turn(press.session, row)
    return _show(press, row)


def meet_free(press: Press) -> Done:
    """The time does not suit after all: another is to be chosen, and both see so."""
    row = _row(press, press.value)
    if row.meets_at is not None and row.meets_at > press.now:
        meetings.free(press.session, press.school, row, press.now)
        note(press, "one-to-one freed", f"one_to_one:{row.id.hex}")
        shown = _show(press, row)
        meetings.tell_freed(press.session, press.sealer, press.school, row, press.viewer, press.now)
        return shown
    return _show(press, row)


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "meet_pick": meet_pick,
    "meet_more": meet_more,
    "meet_free": meet_free,
}
