"""A counsellor whom the school's ladder names: told, they open the nudge, take it, and have its plan and their Home."""

from dataclasses import replace

from sqlmodel import Session

from bot.slack.desk import act, not_found_card
from scheduling.briefing import home
from store import outbox
from store.sealing import Sealer
from store.tables import LANES, Flag, Staff
from tests.bot.classroom import Classroom, classroom
from tests.bot.test_own_rights import flag_of
from tests.factories import make_staff

LADDER = {
    "rungs": [{"after": 0, "tell": ["counsellor"]}, {"after": 60, "tell": ["dsl", "deputy_dsl"]}],
    "every": 60,
    "lapse": 0,
    "clock": "always",
}


def told(room: Classroom) -> Flag:
    """A nudge that has climbed, its card sent."""
    flag = flag_of(room, room.pupil(7_000_000_001))
    later = {"network": "slack", "now": room.clock(), "worker": "test", "lanes": LANES.values(), "limit": 99}
    for number, letter in enumerate(outbox.claim(room.session, room.sealer, **later)):  # type: ignore[arg-type]
        ref = {"channel": f"D{number}", "ts": f"{number}.1"}
        outbox.sent(room.session, room.sealer, letter, room.clock(), ref)
    room.session.commit()
    return flag


def press(room: Classroom, staff: Staff, action: str, value: str) -> object:
    room.number += 1
    done = act(room.session, room.sealer, room.school, staff, action, value, room.clock(), f"key{room.number}")
    room.session.commit()
    return done.modal


def test_a_counsellor_takes_a_nudge_that_the_ladder_told_them_of(session: Session, sealer: Sealer) -> None:
    room = classroom(session, sealer, escalation={"nudge": LADDER})
    counsellor, another = (make_staff(session, sealer, room.school, "counsellor", "tutor") for _ in range(2))
    flag = told(room)
    assert press(room, counsellor, "nudge_who", flag.id.hex) != not_found_card()
    shown = repr(home(session, sealer, room.school, counsellor, room.clock()))
    assert flag.id.hex in shown
    press(room, counsellor, "nudge_take", flag.id.hex)
    assert [(one.state, one.owner_id) for one in room.rows(Flag)] == [("taken", counsellor.id)]
    # Nobody else's now: the other counsellor had the card as well.
    assert press(room, another, "nudge_who", flag.id.hex) == not_found_card()
    assert press(room, counsellor, "nudge_done", flag.id.hex) is None
    assert [one.state for one in room.rows(Flag)] == ["done"]


def test_a_counsellor_whom_no_ladder_names_opens_nothing(session: Session, sealer: Sealer) -> None:
    room = classroom(session, sealer)
    counsellor = make_staff(session, sealer, room.school, "counsellor")
    flag = told(replace(room))
    assert press(room, counsellor, "nudge_who", flag.id.hex) == not_found_card()
    assert flag.id.hex not in repr(home(session, sealer, room.school, counsellor, room.clock()))
