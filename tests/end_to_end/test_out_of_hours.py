"""What the service itself sees to as letters leave: quiet hours, and phones that turn out to be out of reach."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from conversations.model import Message, say
from rehearsal.hub import TELEGRAM_TOKEN
from store import outbox
from store.ids import new_id
from store.people import by_chat
from store.tables import Outbox, Pupil, School
from tests.end_to_end.rig import Phone, World, eventually
from tests.factories import NOW

WORDS = "Check-ins are on."
EVENING = NOW.replace(hour=20, minute=5)
MORNING = NOW.replace(day=25, hour=7, minute=30)


def post(earshot: World, phone: Phone, lane: str, now: datetime) -> None:
    """Write a message to a pupil, as one that has waited since a while."""
    with Session(earshot.engine) as session:
        school = session.exec(select(School)).one()
        found = by_chat(session, earshot.sealer, school.id, phone.person.id)
        assert found is not None
        outbox.post(
            session,
            earshot.sealer,
            school_id=school.id,
            network="telegram",
            lane=lane,
            method="send",
            recipient=f"pupil:{found.pupil.id.hex}",
            payload={
                "message": Message((say(WORDS),)).to_json(),
                "chat": phone.person.id,
                "language": "en",
                "zone": school.zone,
            },
            dedupe=new_id().hex,
            now=now,
        )
        session.commit()


def waiting(earshot: World) -> list[tuple[str | None, datetime]]:
    with Session(earshot.engine) as session:
        rows = session.exec(select(Outbox).where(Outbox.state == "waiting", Outbox.network == "telegram")).all()
        return [(row.last_error, row.not_before) for row in rows]


async def test_bulk_that_is_late_is_kept_over_night_and_a_reply_is_not(earshot: World):
    phone, other = earshot.near_pupil(), earshot.other_pupil()
    await earshot.end()
    post(earshot, phone, "bulk", EVENING - timedelta(minutes=10))
    post(earshot, other, "reply", EVENING - timedelta(minutes=10))
    earshot.clock.move_to(EVENING)
    await earshot.begin()
    await other.reads(WORDS)

    async def held() -> bool:
        return waiting(earshot) == [("quiet hours", MORNING)]

    await eventually(held, "the letter put off to the morning")
    assert await phone.messages() == []
    earshot.clock.move_to(MORNING)
    earshot.service.telegram_delivery.look()
    await phone.reads(WORDS)


async def test_a_phone_that_turns_out_to_be_blocked_is_noted_and_the_others_are_asked(earshot: World):
    phone, other = earshot.near_pupil(), earshot.other_pupil()
    await earshot.end()
    await phone.send("block", blocked=True)
    # Another program reads the update that tells of it, so that only the sending finds out.
    base = f"/bot{TELEGRAM_TOKEN}/getUpdates"
    told = await earshot.ask("POST", base, {"timeout": 0})
    assert [set(one) for one in told["result"]] == [{"update_id", "my_chat_member"}]
    await earshot.ask("POST", base, {"timeout": 0, "offset": told["result"][-1]["update_id"] + 1})
    await earshot.begin()
    await earshot.open_wave()
    await other.question(1)

    async def noted() -> bool:
        with Session(earshot.engine) as session:
            out = session.exec(select(Pupil.id).where(Pupil.unreachable_since.is_not(None))).all()  # type: ignore[union-attr]
            school = session.exec(select(School.id)).one()
            found = by_chat(session, earshot.sealer, school, phone.person.id)
            return found is not None and list(out) == [found.pupil.id]

    await eventually(noted, "the pupil marked as out of reach")


async def test_the_page_is_told_how_many_messages_of_the_check_in_before_leave_first(earshot: World):
    assert (await earshot.wave_opened())["ahead"] == 0
    phone = earshot.near_pupil()
    await phone.question(1)
    # One chat takes a message a second.
    for _ in range(20):
        post(earshot, phone, "bulk", earshot.clock())
    told = await earshot.wave_opened()
    assert (told["opened"], told["replaced"]) == (8 - 1, True)
    assert 10 <= told["ahead"] <= 20 + 6
