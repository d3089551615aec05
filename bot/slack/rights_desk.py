"""What staff do about a pupil's rights: agree to a copy of what is kept, answer who contests a nudge."""

from collections.abc import Callable
from typing import Final

from bot.slack.press import Done, Press, note, show, who_is
from scheduling import rights
from store import guards
from store.tables import Flag


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
        note(press, "copy agreed to" if yes else "copy declined", f"copy:{row.id.hex}")
    return show(press, f"copy:{row.id.hex}:", rights.copy_words(session, press.sealer, press.school, row))


def copy_who(press: Press) -> Done:
    """They ask which pupil a copy is of."""
    row = guards.access_copy(press.session, press.viewer, press.subject(), press.now, "name")
    return who_is(press, row.pupil_id)


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
        note(press, "contest stands" if stands else "nudge withdrawn", f"flag:{row.flag_id.hex}")
    return show(press, f"contest:{row.id.hex}:", rights.contest_words(session, press.sealer, press.school, row))


def contest_who(press: Press) -> Done:
    """They ask which pupil a contested nudge is about."""
    row = guards.access_contest(press.session, press.viewer, press.subject(), press.now, "name")
    return who_is(press, press.session.get_one(Flag, row.flag_id).pupil_id)


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "copy_send": copy_send,
    "copy_decline": copy_decline,
    "copy_who": copy_who,
    "contest_stands": contest_stands,
    "contest_withdraw": contest_withdraw,
    "contest_who": contest_who,
}
