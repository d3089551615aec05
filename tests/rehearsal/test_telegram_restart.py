"""A restart of the stand-in loses nothing."""

from __future__ import annotations

from pathlib import Path

from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup

from tests.rehearsal.telegram_rig import ROBIN, SASHA, Clock, serving
from tests.rehearsal.test_telegram_delivery import listening, write

KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])


async def test_people_chats_and_waiting_updates_are_there_after_a_restart(tmp_path: Path):
    state = tmp_path / "rehearsal.db"
    async with serving(state=state) as rig:
        await rig.start()
        sent = await rig.bot.send_message(ROBIN, "One", reply_markup=KEYS)
        await rig.bot.send_message(ROBIN, "Two")
        edited = await rig.bot.send_message(ROBIN, "Three")
        await rig.bot.edit_message_text("Four", ROBIN, edited.message_id)
        gone = await rig.bot.send_message(ROBIN, "Gone")
        await rig.bot.delete_message(ROBIN, gone.message_id)
        await rig.bot.set_my_commands([BotCommand("help", "Help")])
        tap = await rig.phone("POST", f"{ROBIN}/tap", {"message_id": sent.message_id, "data": "yes"})
        before = await rig.phone("GET", "people")
        waiting = [update.update_id for update in await rig.bot.get_updates(timeout=0)]
    async with serving(state=state) as rig:
        assert await rig.phone("GET", "people") == before
        assert [one["unread"] for one in before] == [3, 0]
        updates = await rig.bot.get_updates(timeout=0)
        assert [update.update_id for update in updates] == waiting
        assert await rig.bot.answer_callback_query(tap["callback_query_id"])
        shown = await rig.phone("GET", f"{ROBIN}/messages")
        assert [message["text"] for message in shown["messages"]] == ["/start", "One", "Two", "Four"]
        assert shown["commands"] == [{"command": "help", "description": "Help"}]
        new = await rig.bot.send_message(ROBIN, "Five")
        assert new.message_id > gone.message_id
        await write(rig, "six", user=SASHA)
        later = await rig.bot.get_updates(offset=waiting[-1] + 1, timeout=0)
        assert [update.update_id > waiting[-1] for update in later] == [True]


async def test_confirmed_updates_and_answered_taps_stay_done_after_a_restart(tmp_path: Path):
    state = tmp_path / "rehearsal.db"
    async with serving(state=state) as rig:
        await rig.start()
        tap = await rig.phone("POST", f"{ROBIN}/tap", {"message_id": 1, "data": "yes"})
        await rig.bot.answer_callback_query(tap["callback_query_id"])
        (update,) = await rig.bot.get_updates(timeout=0)
        await rig.bot.get_updates(offset=update.update_id + 1, timeout=0)
    async with serving(state=state) as rig:
        assert await rig.bot.get_updates(timeout=0) == ()
        described = await rig.refused("answerCallbackQuery", callback_query_id=tap["callback_query_id"])
        assert described == ("Bad Request: query is too old and response timeout expired or query ID is invalid")


async def test_kinds_asked_for_are_asked_for_after_a_restart(tmp_path: Path):
    state = tmp_path / "rehearsal.db"
    async with serving(state=state) as rig:
        await rig.bot.get_updates(timeout=0, allowed_updates=["callback_query"])
    async with serving(state=state) as rig:
        await write(rig, "unheard")
        assert await rig.bot.get_updates(timeout=0) == ()


async def test_files_are_there_after_a_restart(tmp_path: Path):
    state = tmp_path / "rehearsal.db"
    async with serving(state=state) as rig:
        await rig.start()
        sent = await rig.bot.send_document(ROBIN, b"a,b\n", filename="table.csv")
    async with serving(state=state) as rig:
        assert sent.document is not None
        file = await rig.bot.get_file(sent.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"a,b\n"


async def test_webhook_goes_on_after_a_restart_with_what_waited(tmp_path: Path):
    state = tmp_path / "rehearsal.db"
    clock = Clock()
    async with listening() as hook:
        port = int(hook.url.split(":")[2].split("/")[0])
    async with serving(state=state, clock=clock) as rig:
        await rig.bot.set_webhook(hook.url, secret_token="s")
        await write(rig, "waited")
    async with listening(port) as after, serving(state=state, clock=clock) as rig:
        await after.until(1)
        assert (after.texts(), after.secrets) == (["waited"], {"s"})
        await write(rig, "new")
        await after.until(2)
        assert (await rig.bot.get_webhook_info()).pending_update_count == 0
