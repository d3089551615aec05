"""Whether all is well, as whoever watches the machine is told."""

import asyncio

from tests.end_to_end.rig import World, eventually


async def test_health_is_ok_while_all_parts_run(earshot: World):
    assert await earshot.ask_bot("GET", "/healthz") == (200, {"ok": True, "problems": []})


async def test_health_names_the_part_that_has_ended(earshot: World):
    [ticker] = [task for task in asyncio.all_tasks() if task.get_name() == "ticker"]
    ticker.cancel()

    async def told() -> object:
        status, health = await earshot.ask_bot("GET", "/healthz")
        return (status, health) if status != 200 else None

    assert await eventually(told, "bad health") == (503, {"ok": False, "problems": ["ticker has ended"]})
