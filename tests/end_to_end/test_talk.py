"""A call for help, from the pupil's words to somebody who owns it, and back to the pupil."""

import asyncio
from datetime import timedelta

from tests.end_to_end.rig import Desk, World, button


async def test_pupil_who_asks_for_an_adult_hears_who_took_it(earshot: World):
    phone, leads = earshot.other_pupil(), earshot.leads()
    await phone.write("/menu")
    await phone.tap("Talk to someone")
    await phone.tap("A safeguarding lead")
    await phone.tap("Today")
    await phone.reads("They look on school days, and should see it today.")
    cards = await asyncio.gather(*(lead.reads("asks to talk to someone") for lead in leads))
    assert len(leads) == 3

    owner, other = leads[0], leads[1]
    assert (await owner.press(cards[0], "I’ll find them today"))["acked"] is True
    told = f"{owner.person.name} will find you today."
    await phone.reads(told)
    for lead in leads:
        await lead.reads(f"{owner.person.name} will find them by 15:30. The pupil has been told.")
        assert len(await lead.cards()) == 1

    # Their screen was a moment behind: the second to press is told who was first, and the pupil hears nothing more.
    assert (await other.press_as_it_was(cards[1], "I’ll find them today"))["acked"] is True
    assert f"{owner.person.name} already owns this." in await other.modal()
    await phone.write("/menu")
    await phone.reads("What would you like to do?")
    assert [one["text"] for one in await phone.messages()].count(told) == 1


async def test_words_of_danger_show_the_crisis_card_and_reach_every_lead(earshot: World):
    phone = earshot.other_pupil()
    await phone.write("I want to kill myself")
    card = await phone.reads("If you are in danger now")
    assert "I am telling the safeguarding leads at your school your name now." in card["text"]
    assert button(card, "Talk to someone") == "talk"
    for lead in earshot.leads():
        urgent = await lead.reads("Urgent:", "may be in danger")
        assert "kill" not in str(urgent)


async def test_danger_that_reaches_no_lead_because_their_accounts_are_closed_is_told_to_the_head(earshot: World):
    gone = {lead.person.id for lead in earshot.leads()}
    people = earshot.people.workspace_people()
    closed = [{**one, "deleted": True} if one["id"] in gone else one for one in people]
    await earshot.ask("PUT", "/workspace/people", closed)
    phone = earshot.other_pupil()
    await phone.write("I want to kill myself")
    await phone.reads("If you are in danger now")
    head = Desk(earshot, next(one for one in earshot.people.staff if one.title == "head"))
    await head.reads("No safeguarding lead can be reached in Slack")
    # The accounts were untied, so that one who has another is found by their address.
    await earshot.ask("PUT", "/workspace/people", people)
    earshot.clock.move_to(earshot.clock() + timedelta(minutes=5))
    await earshot.leads()[0].reads("Urgent:", "may be in danger")


async def test_words_of_danger_from_a_stranger_show_the_help_lines_and_reach_nobody(earshot: World):
    phone, _ = earshot.new_pupil()
    await phone.write("I want to kill myself")
    card = await phone.reads("If you need help now")
    assert "I do not know who you are yet" in card["text"]
    assert [await lead.cards() for lead in earshot.leads()] == [[], [], []]


async def test_button_for_danger_reaches_every_lead(earshot: World):
    phone = earshot.near_pupil("5A")
    await phone.write("/talk")
    await phone.tap("I’m in danger now")
    await phone.reads("If you are in danger now")
    for lead in earshot.leads():
        await lead.reads("Urgent:", "may be in danger")


async def test_go_to_named_by_typing_is_asked_answers_and_the_pupil_says_next_day_that_they_talked(earshot: World):
    phone, tutor = earshot.pupil_without_go_tos(), earshot.tutor("5A")
    surname = tutor.person.name.rpartition(" ")[2]
    await phone.write("/goto")
    await phone.tap("Choose the first")
    await phone.reads("My first go-to")
    await phone.write(f"mrs {surname[:-1]}")
    await phone.reads("Is it one of these?")
    await phone.tap(tutor.person.name)
    await phone.reads(f"{tutor.person.name} is your first go-to.")

    await phone.write("/talk")
    # The page of names is still on the screen above, with the same name on a button.
    await phone.tap_on(await phone.reads("Tap who you would like."), tutor.person.name)
    await phone.tap("Today")
    await phone.reads(f"Done. I have asked {tutor.person.name} to find you.")
    card = await tutor.reads("asks to talk to someone", f"They would like to talk to {tutor.person.name}.")
    assert [await lead.cards() for lead in earshot.leads()] == [[], [], []]
    assert (await tutor.press(card, "I’ll find them today"))["acked"] is True
    await phone.reads(f"{tutor.person.name} will find you today.")

    await earshot.next_school_day()
    await phone.reads(f"{tutor.person.name} was going to find you. Have you talked?")
    await phone.tap("Yes")
    await phone.reads("Thank you for telling me.")
    await tutor.reads(f"{tutor.person.name} has talked with them.")


async def test_who_cannot_hands_the_pupil_to_the_next_who_is_told_at_once(earshot: World):
    phone, tutor = earshot.pupil_without_go_tos(), earshot.tutor()
    await phone.write("/talk")
    await phone.tap(f"{tutor.person.name}, my tutor")
    await phone.tap("This week")
    card = await tutor.reads("asks to talk to someone")
    await tutor.press(card, "I can’t")
    await phone.reads(f"{tutor.person.name} cannot find you this time.")
    await phone.reads("I am asking the safeguarding leads at your school now.")
    for lead in earshot.leads():
        await lead.reads("asks to talk to someone", f"{tutor.person.name} cannot this time.")
