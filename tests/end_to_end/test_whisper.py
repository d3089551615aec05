"""Whisper over HTTP, through both stand-ins: a pupil writes, a lead answers, the pupil comes back."""

import asyncio
import json

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from bot.whisper.anonymity import needles, search, search_file
from bot.whisper.door import knock_at
from store import whisper_lock
from store.sealing import Sealer
from store.tables import Audit, Request
from store.whisper_desk import files_of, open_thread, queue, readers_of
from store.whisper_sealing import Cost, new_receipt
from store.whisper_tables import reader
from store.whispers import Draft, start
from tests.anonymity.test_traces import values_of
from tests.end_to_end.rig import WAYS, Desk, Phone, Way, World, pressed, words_of, world


async def begin(phone: Phone, kind: str = "Bullying") -> None:
    """From the command to the page to write under."""
    await phone.write("/whisper")
    await phone.tap("It is about me")
    await phone.tap(kind)
    if kind == "An adult in school":
        await phone.tap("None of these")
    await phone.reads("Write now, in as many messages as you like.")


async def finish(phone: Phone) -> list[str]:
    """From I have finished to the six words."""
    await phone.tap("I have finished")
    card = await phone.reads("Your six words")
    return [line.split(". ", 1)[1] for line in card["text"].split("\n\n") if line[:1].isdigit()]


async def keep(phone: Phone, words: list[str]) -> None:
    await phone.tap("I have kept them")
    await phone.reads("Which is word 2?")
    await phone.tap(words[1])
    await phone.reads("Which is word 5?")
    await phone.tap(words[4])
    await phone.reads("Good. You have them.")


async def modal(desk: Desk, *words: str) -> dict:
    """Wait for a window that holds some words."""
    for _ in range(600):
        view = await desk.get("view")
        if view and all(one in words_of(view["blocks"]) for one in words):
            return view
        await asyncio.sleep(0.05)
    raise AssertionError(f"no window with {words}")


async def test_whisper_from_the_first_word_to_the_answer(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    await begin(phone)
    await phone.write("Somebody takes my things every day")
    await phone.reads("Received and sealed.")
    words = await finish(phone)
    assert len(words) == 6
    await keep(phone, words)
    assert not any(words[0] in one["text"] for one in await phone.messages())

    # Cards go out at fixed times: 12:30 comes with the next school day's morning at the latest.
    assert await lead.cards("whisper") == []
    await earshot.next_school_day()
    earshot.service.whispers.rounds.wake()
    card = await lead.reads("A whisper is waiting", "Bullying")
    assert "things" not in str(card)
    await lead.send("home/open")
    await lead.sees_home("1 is open.")
    assert "things" not in str(await lead.get("home"))
    # What the Home tab shows of it can be typed for.
    await lead.send("command", command="/earshot", text="home")
    assert "things" not in str(await lead.reads("1 is open."))
    await lead.press(card, "Open")
    view = await modal(lead, "Somebody takes my things every day", "It is about the writer.")
    sent = await lead.send(
        "view/submit",
        view_id=view["id"],
        values={"words": {"words": "Thank you. Where does it happen?"}, "status": {"status": "acting"}},
    )
    assert sent["acked"] is True
    assert set(sent) == {"acked", "ms"}, sent
    await modal(lead, "Thank you. Where does it happen?", "being acted on")

    await phone.tap("See replies")
    await phone.reads("Being acted on.\n\nStaff: Thank you. Where does it happen?")
    await phone.tap("Write more")
    await phone.write("On the bus")
    await phone.reads("Received and sealed.")
    await phone.write("/done")
    await phone.reads("Your six words")
    await phone.write(" ".join(words).upper())
    await phone.reads("Staff: Thank you. Where does it happen?")


def rows(earshot: World) -> dict[str, list[str]]:
    """Every row of the main store, less the cursor, which alone moves: which updates have been read, and not whose."""
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name != "cursor"]
    with earshot.engine.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(table.select()))) for table in tables}


async def test_whisper_writes_nothing_to_the_main_store(earshot: World):
    phone = earshot.other_pupil()
    before = rows(earshot)
    await phone.write("I have something on my mind")
    await phone.reads("Would you like to whisper it?")
    await phone.tap("Whisper this")
    await phone.tap("It’s about someone else")
    await phone.tap("Worry about a friend")
    await phone.reads("Received and sealed.")
    await finish(phone)
    await phone.tap("See replies")
    await phone.reads("There is no reply yet.")
    assert rows(earshot) == before


async def test_exchange_is_taken_out_of_the_chat_on_both_sides(earshot: World):
    phone = earshot.other_pupil()
    await begin(phone)
    await phone.write("Somebody takes my things every day")
    await phone.reads("Received and sealed.")
    await keep(phone, await finish(phone))
    await phone.tap("Remove from my chat")
    await phone.reads("Done.")
    told = await earshot.ask("GET", f"/phone/{phone.person.id}/messages")
    left = str(told["messages"])
    for words in ("takes my things", "Received and sealed", "Whisper", "You have them"):
        assert words not in left


async def test_words_of_danger_in_a_whisper_reach_the_leads_at_once_and_name_nobody(earshot: World):
    phone = earshot.other_pupil()
    await begin(phone, "Not safe at home")
    await phone.write("He hits me and I want to die")
    answer = await phone.reads("Received and sealed.")
    assert "Staff are told now that there is an urgent whisper, not who wrote it." in answer["text"]
    for lead in earshot.leads():
        await lead.reads("Urgent: a whisper is waiting", "Not safe at home")
        assert await lead.cards("may be in danger") == []
    with Session(earshot.engine) as session:
        assert session.exec(select(Request)).all() == []


async def test_lead_who_is_named_never_reads_it_and_gets_no_card(earshot: World):
    phone, leads = earshot.other_pupil(), earshot.leads()
    await phone.write("/whisper")
    await phone.tap("It is about me")
    await phone.tap("An adult in school")
    await phone.tap(leads[0].person.name)
    await phone.write("They hit me")
    await phone.reads("Received and sealed.")
    card = await leads[1].reads("Urgent: a whisper is waiting")
    assert await leads[0].cards("whisper") == []
    # What a forged press gets is what is not there.
    report = card["blocks"][-1]["elements"][0]["value"]
    await leads[1].press(card, "Open")
    await modal(leads[1], "They hit me")
    await leads[0].send("home/open")
    await leads[0].sees_home("Whispers")
    home = await leads[0].get("home")
    await leads[0].send(
        "click", view_id=home["id"], action_id="whisper_open", value=report, force=True, block_id="forged"
    )
    await modal(leads[0], "This is not there any more, or it is not yours to see.")


@pytest.mark.parametrize("way", WAYS[1:])
async def test_whisper_by_webhook_and_slack_over_http(engine: Engine, sealer: Sealer, way: Way):
    async with world(engine, sealer, way) as earshot:
        phone, lead = earshot.other_pupil(), earshot.leads()[0]
        await begin(phone, "Not safe at home")
        await phone.write("I am not safe at home")
        await phone.reads("Received and sealed.")
        card = await lead.reads("Urgent: a whisper is waiting")
        await lead.press(card, "Open")
        await modal(lead, "I am not safe at home")
        assert len(await finish(phone)) == 6


async def test_governors_counts_open_from_the_queue_for_leads_alone_and_are_recorded(earshot: World):
    lead, tutor, store = earshot.leads()[0], earshot.tutor(), earshot.service.whispers.store
    for _ in range(5):
        start(store, Draft("2026-11-24", "bullying", "me"), new_receipt(), {"what": "words"}, b"they take my things")
    await lead.send("home/open")
    await lead.sees_home("Whispers")
    home = await lead.get("home")
    await lead.send("click", view_id=home["id"], **pressed(home["blocks"], "Open the queue"))
    view = await modal(lead, "Bullying")
    await lead.send("click", view_id=view["id"], **pressed(view["blocks"], "Counts for governors"))
    counts = await modal(lead, "Bullying: 5", "These are the whispers you may read.")
    assert "things" not in str(counts)
    with Session(earshot.engine) as session:
        deeds = session.exec(select(Audit).where(Audit.action == "count whispers")).all()
        assert [(deed.subject, deed.actor.startswith("staff:")) for deed in deeds] == [("whisper:counts", True)]
    await tutor.send("home/open")
    await tutor.sees_home()
    home = await tutor.get("home")
    await tutor.send(
        "click", view_id=home["id"], action_id="whisper_counts", value="all", force=True, block_id="forged"
    )
    assert "Bullying" not in words_of((await modal(tutor, "not yours to see."))["blocks"])


async def test_six_words_that_open_nothing_are_answered_kindly(earshot: World):
    phone = earshot.other_pupil()
    await phone.write("abacus abdomen abide abacus abdomen abide")
    await phone.reads("No whisper opens with these words.")


@pytest.mark.parametrize("kind", ["voice", "sticker", "document"])
async def test_files_other_than_photos_are_refused_with_a_sentence(earshot: World, kind: str):
    phone = earshot.other_pupil()
    await begin(phone)
    await phone.send("attachment", kind=kind)
    await phone.reads("Please type it, or send a photo.")


async def test_photo_is_sealed_and_shown_to_a_lead_in_a_window_alone(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    await begin(phone)
    await phone.send("attachment", kind="photo")
    await phone.reads("Received and sealed.")
    await phone.write("I am not safe at home")
    card = await lead.reads("Urgent: a whisper is waiting")
    await lead.press(card, "Open")
    view = await modal(lead, "The writer sent a photo.")
    block = next(one for one in view["blocks"] if one.get("accessory"))
    await lead.send("click", view_id=view["id"], action_id="whisper_photo", block_id=block["block_id"])
    shown = await modal(lead, "It is removed from Slack in a minute.")
    assert shown["blocks"][0]["type"] == "image"
    store = earshot.service.whispers.store
    [line] = queue(store)
    assert len(files_of(store, line.id)) == 1
    await earshot.end()
    await earshot.begin()
    assert files_of(earshot.service.whispers.store, line.id) == []


async def test_danger_screen_names_nobody_until_yes(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    await phone.write("/whisper")
    await phone.tap("I’m in danger now")
    await phone.reads("Shall we tell staff who you are?")
    assert await lead.cards() == []
    await phone.tap("Yes, tell my name")
    await lead.reads("Urgent:", "may be in danger")


async def test_whisper_under_way_goes_on_after_a_restart(earshot: World):
    phone = earshot.other_pupil()
    await begin(phone)
    await phone.write("The first part")
    await phone.reads("Received and sealed.")
    await earshot.end()
    await earshot.begin()
    await phone.write("I want to kill myself")
    await phone.reads("That waits here, and is not kept yet.")
    with Session(earshot.engine) as session:
        assert session.exec(select(Request)).all() == []
    await phone.tap("I have finished")
    await phone.reads("Your six words")


async def test_staff_whisper_from_a_shortcut_and_come_back_with_six_words(earshot: World):
    desk = earshot.tutor()
    await desk.send("shortcut", callback_id="whisper")
    view = await modal(desk, "Emergency: ring 999.", "Slack knows it is you.")
    values = {"words": {"words": "A colleague worries me"}, "kind": {"kind": "adult"}}
    sent = await desk.send("view/submit", view_id=view["id"], values=values)
    assert sent["acked"] is True
    told = words_of((await modal(desk, "Sealed. These six words"))["blocks"])
    words = [line.split(". ", 1)[1] for line in told.split("\n") if line[:1].isdigit() and ". " in line]
    assert len(words) == 6
    await desk.send("view/close")
    await desk.send("shortcut", callback_id="whisper")
    view = await modal(desk, "Slack knows it is you.")
    await desk.send("view/submit", view_id=view["id"], values={"receipt": {"receipt": " ".join(words)}})
    await modal(desk, "Received. Nobody has opened it yet.", "There is no reply yet.")


async def test_staff_whisper_leaves_nothing_of_theirs_anywhere(earshot: World):
    desk, store = earshot.tutor(), earshot.service.whispers.store
    before = rows(earshot)
    await desk.send("shortcut", callback_id="whisper")
    view = await modal(desk, "Slack knows it is you.")
    await desk.send("view/submit", view_id=view["id"], values=_entered(words="A colleague worries me"))
    await modal(desk, "Sealed. These six words")
    assert rows(earshot) == before
    wanted = needles([desk.person.id, desk.person.name])
    assert search("whispers", values_of(store), wanted) == []
    assert store.path is not None
    assert search_file(store.path, wanted) == []
    # Who reads it is no better off: it says of nobody that they are staff.
    [line] = queue(store)
    [turn] = open_thread(store, min(readers_of(store, line.id)), line.id).turns
    assert (turn.by, line.kind) == ("reporter", "other")


async def test_staff_form_delivered_twice_is_sealed_once_and_answered_alike(earshot: World):
    slack, store = earshot.service.whispers.slack, earshot.service.whispers.store
    body = {"view": {"id": "V1", "state": {"values": {"words": {"words": {"value": "A colleague worries me"}}}}}}
    first, again = await asyncio.gather(slack._staff_sent(body), slack._staff_sent(body))
    assert "Sealed. These six words" in str(first.body)
    assert (await slack._staff_sent(body)).body == again.body == first.body
    assert len(queue(store)) == 1
    await slack._staff_sent({"view": {**body["view"], "id": "V2"}})
    assert len(queue(store)) == 2


async def test_reply_of_a_lead_delivered_twice_is_kept_once(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    await begin(phone, "Not safe at home")
    await phone.write("I am not safe at home")
    words = await finish(phone)
    card = await lead.reads("Urgent: a whisper is waiting")
    await lead.press(card, "Open")
    view = await modal(lead, "I am not safe at home")
    user = {"id": lead.person.id}
    sent = {**view, "state": {"values": {"words": {"words": {"value": "Thank you."}}}}}
    slack = earshot.service.whispers.slack
    answers = await asyncio.gather(*(slack._decided({"user": user, "view": sent}) for _ in range(2)))
    assert answers[0].body == answers[1].body
    await phone.write(" ".join(words))
    told = await phone.reads("Staff: Thank you.")
    assert told["text"].count("Thank you.") == 1
    # Other words from the same window are other words.
    await slack._decided({"user": user, "view": {**view, "state": {"values": {"words": {"words": {"value": "More"}}}}}})
    await phone.write(" ".join(words))
    await phone.reads("Staff: More")
    # Spaces are no answer: it is said where the words are due, and the window stays.
    blank = {"words": {"words": {"value": "  "}}, "status": {"status": {"selected_option": {"value": "acting"}}}}
    answer = await slack._decided({"user": user, "view": {**view, "state": {"values": blank}}})
    assert json.loads(answer.body)["errors"] == {"words": "Nothing was entered, so nothing was sent."}


async def test_member_of_staff_is_told_when_the_store_is_gone(earshot: World):
    desk, path = earshot.tutor(), earshot.service.whispers.store.path
    await desk.send("shortcut", callback_id="whisper")
    view = await modal(desk, "Slack knows it is you.")
    assert path is not None
    path.unlink()
    sent = await desk.send("view/submit", view_id=view["id"], values=_entered(words="A colleague worries me"))
    # Under what they wrote, which stays.
    assert "That was not received: nothing of it was kept." in str(sent)


async def test_store_that_is_gone_is_said_at_once(earshot: World):
    phone = earshot.other_pupil()
    await begin(phone)
    path = earshot.service.whispers.store.path
    assert path is not None
    path.unlink()
    await phone.write("Are you there")
    await phone.reads("That was not received: nothing of it was kept.")


async def test_locked_desk_asks_for_the_passphrase_before_it_shows_a_whisper(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    store = earshot.service.whispers.store
    # Three seconds are Slack's patience; what a passphrase costs is tested where the store is.
    store.passphrases = Cost(64, 1)
    whisper_lock.lock(store, whisper_lock.new_recovery())
    await begin(phone, "Not safe at home")
    await phone.write("I am not safe at home")
    card = await lead.reads("Urgent: a whisper is waiting")
    await lead.press(card, "Open")
    view = await modal(lead, "Choose a passphrase of four or five words.")
    assert "passes through Slack" in words_of(view["blocks"])
    assert "earshot whisper desk passphrase --lead" in words_of(view["blocks"])
    words = "correct horse battery staple"
    sent = await lead.send("view/submit", view_id=view["id"], values=_entered(passphrase=words, again="another"))
    assert "The two were not the same." in str(sent)
    sent = await lead.send("view/submit", view_id=view["id"], values=_entered(passphrase=words, again=words))
    await shown(lead, card, sent)
    await lead.send("view/close")
    for who in list(store._desks):
        store.close_desk(who)
    await lead.press(card, "Open")
    view = await modal(lead, "Your desk is locked.", "earshot whisper desk open --lead")
    sent = await lead.send("view/submit", view_id=view["id"], values=_entered(passphrase="wrong words altogether"))
    assert "That is not your passphrase." in str(sent)
    sent = await lead.send("view/submit", view_id=view["id"], values=_entered(passphrase=words))
    await shown(lead, card, sent)


async def test_desk_opened_at_the_machine_asks_for_nothing_in_slack(earshot: World):
    phone, lead = earshot.other_pupil(), earshot.leads()[0]
    store, words = earshot.service.whispers.store, "correct horse battery staple"
    store.passphrases = Cost(64, 1)
    whisper_lock.lock(store, whisper_lock.new_recovery())
    with store.read() as connection:
        who = [bytes(one) for one in connection.execute(reader.select().with_only_columns(reader.c.id)).scalars()]
    for one in who:
        # The recovery key, which is a reader too, has no desk.
        if whisper_lock.state_of(store, one) == "new" and one != b"the recovery key":
            whisper_lock.choose_passphrase(store, one, words)
            store.close_desk(one)
    await begin(phone, "Not safe at home")
    await phone.write("I am not safe at home")
    card = await lead.reads("Urgent: a whisper is waiting")
    assert store.path is not None
    door = store.path.with_name("desk.socket")
    assert door.stat().st_mode & 0o777 == 0o600
    assert await asyncio.to_thread(knock_at, door, who[0], "wrong words altogether") == "wrong"
    for one in who:
        await asyncio.to_thread(knock_at, door, one, words)
    await lead.press(card, "Open")
    await modal(lead, "I am not safe at home")


async def shown(lead: Desk, card: dict, sent: dict) -> None:
    """See the whisper; on a machine too slow for Slack's three seconds the desk is open all the same: open it again."""
    if not sent["acked"]:
        await lead.send("view/close")
        await lead.press(card, "Open")
    await modal(lead, "I am not safe at home")


def _entered(**values: str) -> dict:
    return {name: {name: value} for name, value in values.items()}
