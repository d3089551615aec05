"""Whether all is well, as whoever watches the machine is told."""

import asyncio

from sqlmodel import Session, select

from bot.opening import anchor_path
from store import anchor, audit
from store.tables import School
from tests.end_to_end.rig import World, eventually
from tests.factories import NOW

SEATS = ["auditor", "delivery", "intake"]


async def test_health_is_ok_while_all_parts_run(earshot: World):
    assert await earshot.ask_bot("GET", "/healthz") == (200, {"ok": True, "problems": [], "seats": SEATS})


async def test_health_names_the_part_that_has_ended(earshot: World):
    [ticker] = [task for task in asyncio.all_tasks() if task.get_name() == "ticker"]
    ticker.cancel()

    async def told() -> object:
        status, health = await earshot.ask_bot("GET", "/healthz")
        return (status, health) if status != 200 else None

    assert await eventually(told, "bad health") == (
        503,
        {"ok": False, "problems": ["ticker has ended"], "seats": SEATS},
    )


async def test_the_end_of_the_audit_chain_is_kept_outside_the_database(earshot: World):
    with Session(earshot.engine) as session:
        school_id = session.exec(select(School.id)).one()
        audit.record(session, school_id, NOW, actor="staff:1", action="read nudge", subject="pupil:1")
        session.commit()
    await earshot.end()
    with Session(earshot.engine) as session:
        heads = anchor.heads(session)
        assert heads[school_id][0] == 1
        assert anchor.read(anchor_path(earshot.settings), [earshot.sealer]) == heads
    await earshot.begin()


async def test_numbers_are_there_to_be_read(earshot: World):
    async with earshot.http.get(f"{earshot.bot}/metrics") as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")
        assert 'earshot_cases{state="overdue"} 0.0' in (await answer.text()).splitlines()
