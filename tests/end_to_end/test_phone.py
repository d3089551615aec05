"""What pupils do besides answering: commands, stopping, codes that do not work, and all that nobody asked for."""

from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from rehearsal.hub import TELEGRAM_TOKEN
from store.sealing import Sealer
from store.tables import Failure
from tests.end_to_end.rig import Phone, World, button, eventually, world

ATTACHMENTS = (
    *("photo", "document", "sticker", "voice", "audio", "video", "video_note", "animation"),
    *("location", "venue", "contact", "poll", "dice"),
)
WORDS = ("x" * 4096, "🙂" * 40, "\u202eمرحبا\u200b", "\u200b\u200d", "<b>&amp;</b>")
CHANNEL = {"id": -1_001_234_567_890, "type": "channel", "title": "Sample"}
SAMPLE = {"id": 6_000_000_009, "is_bot": False, "first_name": "Sample"}
POST = {"message_id": 7, "date": 1_795_000_000, "chat": CHANNEL, "text": "hello"}
IN_GROUP = {**POST, "chat": {"id": -200, "type": "group", "title": "Sample"}, "from": SAMPLE}
MEMBER = {"user": SAMPLE, "status": "member"}
CHANGE = {"chat": IN_GROUP["chat"], "from": SAMPLE, "date": 1, "old_chat_member": MEMBER, "new_chat_member": MEMBER}
POLL = {"id": "5", "question": "?", "options": [], "total_voter_count": 0}
DOCUMENTED: dict[str, dict[str, Any]] = {
    "message": IN_GROUP,
    "edited_message": IN_GROUP,
    "channel_post": POST,
    "edited_channel_post": POST,
    "business_connection": {"id": "b", "user": SAMPLE, "user_chat_id": 6_000_000_009, "date": 1, "is_enabled": True},
    "business_message": {**IN_GROUP, "business_connection_id": "b"},
    "edited_business_message": {**IN_GROUP, "business_connection_id": "b"},
    "deleted_business_messages": {"business_connection_id": "b", "chat": CHANNEL, "message_ids": [7]},
    "message_reaction": {"chat": CHANNEL, "message_id": 7, "date": 1, "old_reaction": [], "new_reaction": []},
    "message_reaction_count": {"chat": CHANNEL, "message_id": 7, "date": 1, "reactions": []},
    "inline_query": {"id": "1", "from": SAMPLE, "query": "", "offset": ""},
    "chosen_inline_result": {"result_id": "1", "from": SAMPLE, "query": ""},
    "callback_query": {"id": "1", "from": SAMPLE, "chat_instance": "1", "inline_message_id": "1", "data": "x"},
    "shipping_query": {"id": "1", "from": SAMPLE, "invoice_payload": "", "shipping_address": {}},
    "pre_checkout_query": {"id": "1", "from": SAMPLE, "currency": "GBP", "total_amount": 1, "invoice_payload": ""},
    "purchased_paid_media": {"from": SAMPLE, "paid_media_payload": ""},
    "poll": POLL,
    "poll_answer": {"poll_id": "5", "user": SAMPLE, "option_ids": []},
    "my_chat_member": CHANGE,
    "chat_member": CHANGE,
    "chat_join_request": {"chat": CHANNEL, "from": SAMPLE, "user_chat_id": 6_000_000_009, "date": 1},
    "chat_boost": {"chat": CHANNEL, "boost": {}},
    "removed_chat_boost": {"chat": CHANNEL, "boost_id": "1", "remove_date": 1, "source": {}},
    "guest_message": {**IN_GROUP, "guest_query_id": "g"},
    "managed_bot": {"user": SAMPLE, "bot": {**SAMPLE, "is_bot": True}},
    "subscription": {"user": SAMPLE, "invoice_payload": "x", "state": "active"},
}
# Nothing that Telegram would send, and still nothing may stop at it.
MALFORMED: list[dict[str, object]] = [
    {"kind_of_the_future": {"chat": CHANNEL}},
    {"message": {**POST, "chat": {"id": 6_000_000_009, "type": "private"}, "text": 7}},
    {"message": None},
    {"message": {"message_id": 8}},
    {"edited_message": {"chat": "?"}},
    {"callback_query": {"id": 1}},
    {"callback_query": {"id": "2", "from": SAMPLE, "message": {"chat": None}, "data": None}},
    {"my_chat_member": {"chat": {"id": 1, "type": "private"}, "new_chat_member": []}},
    {
        "message": {
            **IN_GROUP,
            "chat": {"id": 6_000_000_009, "type": "private"},
            "text": "a",
            "of_the_future": {"a": [1]},
        }
    },
    {},
]


async def test_commands_are_answered(earshot: World):
    phone = earshot.other_pupil()
    await phone.write("/help")
    await phone.reads("Help")
    await phone.write("/menu")
    menu = await phone.reads("What would you like to do?")
    assert button(menu, "Settings") == "settings"
    await phone.write("/nonsense")
    await phone.reads("I do not know that one. Here is what I can do.")


async def test_language_is_changed_at_once_and_an_open_check_in_with_it(earshot: World):
    phone = earshot.other_pupil()
    await earshot.open_wave()
    before = await phone.question(1)
    await phone.write("/language")
    choice = await phone.tap("Cymraeg")
    assert button(choice, "English") == "lang:en"

    async def translated() -> bool:
        now = await phone.messages()
        return all("Cymraeg" in one["text"] or button(one, "Skip") is None for one in now) and len(now) == 2

    await eventually(translated, "the check-in in Welsh")
    after = (await phone.messages())[0]
    assert after["message_id"] == before["message_id"]
    assert [len(row) for row in after["keyboard"]] == [len(row) for row in before["keyboard"]]


async def test_pupil_who_stops_is_not_asked_until_they_start_again(earshot: World):
    phone = earshot.other_pupil()
    await phone.write("/stop")
    await phone.reads("Check-ins are stopped. That is fine.")
    assert await earshot.open_wave() == 6
    await earshot.near_pupil().question(1)
    await phone.tap("Start check-ins again")
    await phone.reads("Check-ins are on.")
    assert await earshot.open_wave() == 7
    await phone.question(1)


async def test_stopping_in_a_check_in_ends_it_there(earshot: World):
    phone = earshot.near_pupil()
    await earshot.open_wave()
    first = await phone.answer(1, low=True)
    await phone.question(2)
    await phone.write("/stop")
    over = await phone.reads("This check-in is over.")
    assert over["message_id"] == first["message_id"]
    await phone.tap_on(first, "Skip")
    await phone.toasted("That check-in is over.")


async def test_code_that_is_unknown_or_used_is_answered_plainly(earshot: World):
    phone, code = earshot.new_pupil()
    await phone.write("hello?")
    await phone.reads("To join, scan the code on your letter")
    await phone.write("WXY9-WXY9")
    await phone.reads("I do not know that code.")
    await phone.write(code.lower())
    await phone.reads("Before you start")
    other = earshot.other_pupil()
    await other.write(f"/start {code}")
    await other.reads("You have joined already, so you do not need a code.")


async def test_old_and_double_taps_change_nothing(earshot: World):
    phone = earshot.near_pupil()
    await earshot.open_wave()
    first = await phone.answer(1, low=True)
    second = await phone.question(2)
    await phone.tap_on(first, "Skip")
    await phone.toasted("You have passed that question.")
    await phone.tap_on(second, "Skip")
    await phone.tap_on(second, "Skip")
    third = await phone.question(3)
    await phone.toasted("You have passed that question.")
    assert third["message_id"] == first["message_id"]
    await phone.send("tap", message_id=third["message_id"], data="c:0123456789abcdef0123456789abcdef:2:0")
    await phone.toasted("That check-in is over.")
    await phone.send("tap", message_id=third["message_id"], data="made up")
    await phone.toasted("That button is an old one.")
    await phone.send("tap", message_id=99_999_999, data="menu")
    assert (await phone.question(3))["text"] == third["text"]
    # A button of somebody else's check-in.
    other = earshot.other_pupil()
    theirs = await other.question(1)
    await phone.send("tap", message_id=third["message_id"], data=button(theirs, "Skip"))
    await phone.toasted("That check-in is over.")
    assert (await other.question(1))["text"] == theirs["text"]


async def test_what_nobody_asked_for_is_answered_kindly_and_the_next_tap_works(earshot: World):
    await earshot.open_wave()
    # Spread over the pupils, for an answer to each in one chat would wait its turn.
    phones = [Phone(earshot, person) for person in earshot.people.pupils if person.started]
    for number, kind in enumerate(ATTACHMENTS):
        await phones[number % len(phones)].send("attachment", kind=kind)
    for number, words in enumerate(WORDS):
        await phones[number % len(phones)].write(words)
    number = await phones[-1].write("words")
    await phones[-1].send("edit", message_id=number, text="other words")
    await phones[-1].reads("A message you change afterwards is not read again.")

    async def answered() -> bool:
        texts = [one["text"] for phone in phones for one in await phone.messages()]
        gently = sum(text.startswith("I cannot open that here") for text in texts)
        kindly = sum("Would you like to whisper it?" in text for text in texts)
        return (gently, kindly) == (len(ATTACHMENTS), len(WORDS) + 1)

    await eventually(answered, "an answer to each")
    for phone in phones:
        await phone.tap_on(await phone.question(1), "Skip")
        await phone.question(2)


async def test_updates_of_every_kind_by_polling_are_survived_and_the_next_tap_works(earshot: World):
    phone = earshot.near_pupil()
    await earshot.open_wave()
    await phone.question(1)
    await earshot.end()
    # As after another program has used this bot's token, and asked for more kinds than we do.
    asked = {"allowed_updates": list(DOCUMENTED), "timeout": 0}
    assert await earshot.ask("POST", f"/bot{TELEGRAM_TOKEN}/getUpdates", asked) == {"ok": True, "result": []}
    for update in [*({kind: content} for kind, content in DOCUMENTED.items()), *MALFORMED]:
        assert (await earshot.ask("POST", "/phone/update", update))["update_id"] is not None
    await earshot.begin()
    await phone.tap("Skip")
    await phone.question(2)
    assert failed(earshot) == []
    assert await is_well(earshot)


async def test_updates_of_every_kind_by_webhook_are_accepted_and_the_next_tap_works(engine: Engine, sealer: Sealer):
    secret = {"X-Telegram-Bot-Api-Secret-Token": sealer.blind("webhook", TELEGRAM_TOKEN).hex()}
    async with world(engine, sealer, "webhook and HTTP") as earshot:
        phone = earshot.near_pupil()
        await earshot.open_wave()
        address = f"{earshot.bot}/telegram/webhook"
        updates = [*({kind: content} for kind, content in DOCUMENTED.items()), *MALFORMED]
        for number, update in enumerate(updates, 9_000_001):
            async with earshot.http.post(address, json={"update_id": number, **update}, headers=secret) as answer:
                assert answer.status == 200
        async with earshot.http.post(address, json={"update_id": 1}) as answer:
            assert answer.status == 403
        async with earshot.http.post(address, data=b"{", headers=secret) as answer:
            assert answer.status == 400
        await phone.tap("Skip")
        await phone.question(2)
        assert failed(earshot) == []
        assert await is_well(earshot)


def failed(earshot: World) -> list[str]:
    """The kinds of events that could not be handled; none may have been, however odd."""
    with Session(earshot.engine) as session:
        return list(session.exec(select(Failure.event)).all())


async def is_well(earshot: World) -> bool:
    status, told = await earshot.ask_bot("GET", "/healthz")
    return status == 200 and bool(told["ok"]) and told["problems"] == []
