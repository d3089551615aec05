"""The main job, as a pupil and a tutor live it: join, check-in, flag, nudge, taken, the wave's card."""

import pytest
from sqlalchemy import Engine

from store.sealing import Sealer
from tests.end_to_end.rig import WAYS, Way, World, button, world


async def join(earshot: World) -> None:
    """A pupil joins with the code on their letter, reads the notice, and agrees."""
    phone, code = earshot.new_pupil()
    await phone.write(f"/start {code}")
    notice = await phone.reads("Before you start")
    assert [button(notice, "I’ve read this: start"), button(notice, "Not now")] == ["join:agree", "join:later"]
    await phone.tap("I’ve read this: start")
    menu = await phone.reads("Welcome! You are all set.")
    assert menu["message_id"] == notice["message_id"]
    assert button(menu, "Talk to someone") == "talk"


@pytest.mark.parametrize("way", WAYS)
async def test_main_path_from_join_to_the_tutors_card_works(engine: Engine, sealer: Sealer, way: Way):
    async with world(engine, sealer, way) as earshot:
        await join(earshot)
        assert await earshot.open_wave() == 8

        phone, tutor = earshot.near_pupil(), earshot.tutor()
        await phone.check_in(low=True)
        assert len(await phone.messages()) == 1

        card = await tutor.reads("a change in pattern", "have seemed hard")
        assert card["edited"] is False
        assert (await tutor.press(card, "I’ll take this"))["acked"] is True
        taken = await tutor.reads(f"Taken by {tutor.person.name}.")
        assert (taken["ts"], taken["edited"]) == (card["ts"], True)
        assert len(await tutor.cards()) == 1

        await earshot.near_pupil("5A").check_in(low=False)
        # It is open until the afternoon of the next school day.
        await earshot.next_school_day()
        await earshot.next_school_day()
        closed = await tutor.reads("9A: check-in closed", "1 of 4 answered.")
        await earshot.tutor("5A").reads("5A: check-in closed", "1 of 4 answered.")
        assert (await tutor.press(closed, "Who did not"))["acked"] is True
        listed = await tutor.modal()
        assert listed.count("no answer") == 3
        assert phone.person.last_name not in listed


async def test_home_of_the_tutor_who_looks_at_it_follows_the_wave(earshot: World):
    tutor, phone = earshot.tutor(), earshot.other_pupil()
    await tutor.home("9A", "Closed")
    await earshot.open_wave()
    await tutor.sees_home("9A", "0 of 4 answered.", "Open until")
    await phone.check_in(low=False)
    await tutor.sees_home("9A", "1 of 4 answered.", "Open until")
