"""A copy from the tap to the file, and a parent's chat, over both networks."""

import json
from typing import Any

from sqlmodel import Session, select

from scheduling.school import facts
from store.erasure import erase_pupil
from store.invites import issue_to_guardian
from store.people import by_chat
from store.tables import Outbox, Pupil, School
from tests.end_to_end.rig import Phone, World, eventually
from tests.factories import make_guardian

Json = dict[str, Any]


def parents_code(earshot: World, child: Phone) -> tuple[str, str]:
    """Give a pupil a parent; gives the parent's code and the pupil's name."""
    with Session(earshot.engine) as session:
        school = facts(session.exec(select(School)).one())
        found = by_chat(session, earshot.sealer, school.id, child.person.id)
        assert found is not None
        guardian = make_guardian(session, earshot.sealer, school, found.pupil)
        code = issue_to_guardian(session, earshot.sealer, guardian, earshot.clock())
        name = str(earshot.sealer.read(found.pupil, "name"))
        session.commit()
    return code, name


def held(earshot: World) -> int:
    with Session(earshot.engine) as session:
        return len([one for one in session.exec(select(Pupil)).all() if one.held])


async def files(phone: Phone) -> list[Json]:
    return [one for one in await phone.messages() if "copy.html" in json.dumps(one)]


async def test_a_pupil_asks_for_a_copy_and_gets_the_file_after_a_yes(earshot: World):
    phone, tutor = earshot.other_pupil(), earshot.tutor()
    await phone.write("/mine")
    await phone.tap("Ask for a copy")
    await phone.tap("Ask for it")
    await phone.reads("Done. I have asked.")
    card = await tutor.reads("asks for a copy of what is kept")
    assert await files(phone) == []
    assert (await tutor.press(card, "Yes, send it"))["acked"] is True
    await phone.reads(f"Here is your copy. {tutor.person.name} said yes to it.")
    assert len(await files(phone)) == 1
    await tutor.reads(f"{tutor.person.name} said yes: it was sent.")


async def test_a_parent_joins_stops_and_starts_check_ins(earshot: World):
    child, (parent, _) = earshot.other_pupil(), earshot.new_pupil()
    code, name = parents_code(earshot, child)
    await parent.write(f"/start {code}")
    await parent.reads("You do not see the answers.")
    await parent.tap(f"Stop: {name}")
    await parent.reads(f"{name}: a parent or carer has stopped check-ins. None come.")
    assert held(earshot) == 1
    await child.write("/start")
    await child.reads("Check-ins are paused. Someone who looks after you asked us for that.")
    assert held(earshot) == 1
    await parent.tap(f"Start: {name}")
    await parent.reads(f"{name}: you have not stopped check-ins.")
    assert held(earshot) == 0


async def test_an_erased_pupils_chat_is_emptied_of_what_the_bot_wrote(earshot: World):
    phone, other = earshot.other_pupil(), earshot.near_pupil()
    for one in (phone, other):
        await one.write("/settings")
        await one.reads("Settings")
        await one.write("/help")
    await phone.tap("Talk to someone")
    await phone.reads("I’m in danger now")

    async def written_down() -> bool:
        with Session(earshot.engine) as session:
            return not session.exec(select(Outbox).where(Outbox.state == "waiting", Outbox.lane < 2)).all()

    await eventually(written_down, "all that was sent is written down as sent")
    kept = [message["message_id"] for message in await other.messages()]
    assert len(await phone.messages()) == 3
    with Session(earshot.engine) as session:
        school = session.exec(select(School)).one()
        found = by_chat(session, earshot.sealer, school.id, phone.person.id)
        assert found is not None
        erase_pupil(session, earshot.sealer, found.pupil, earshot.clock(), "command:person")
        session.commit()

    async def empty() -> bool:
        return await phone.messages() == []

    await eventually(empty, "a chat without a message of the bot's")
    assert [message["message_id"] for message in await other.messages()] == kept
