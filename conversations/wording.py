"""The few phrases and buttons that several flows share, so that each is written, and translated, once."""

from __future__ import annotations

from conversations.help_lines import HelpLines, help_lines
from conversations.model import Button, Edit, Message, Person, Phrase, Send, say

Rows = tuple[tuple[Button, ...], ...]


def has_words(text: str) -> bool:
    """Say whether there is anything to see in what was typed: spaces and invisible marks are nothing."""
    return any(mark.isprintable() and not mark.isspace() for mark in text)


def talk_button() -> Button:
    return Button(say("Talk to someone"), "talk")


def danger_button() -> Button:
    return Button(say("I’m in danger now"), "talk:danger")


def menu_button() -> Button:
    return Button(say("Menu"), "menu")


def way_on() -> Rows:
    """Give the two buttons that end almost every message: a person to talk to, and the menu."""
    return ((talk_button(), menu_button()),)


def answer(message: Message, *, tapped: bool) -> Send | Edit:
    """Put a message where the person looks: in place of the one tapped, or below what they typed."""
    return Edit(message) if tapped else Send(message)


def is_young(person: Person) -> bool:
    return person.band == "young"


def emergency_number(nation: str) -> str:
    return help_lines(nation).emergency[0]


def emergency_line(nation: str) -> Phrase:
    """Say whom to ring in an emergency."""
    numbers = help_lines(nation).emergency
    if len(numbers) == 1:
        return say("Emergency: ring {number}. It is free and always open.", number=numbers[0])
    return say(
        "Emergency: ring {number} or {other_number}. They are free and always open.",
        number=numbers[0],
        other_number=numbers[1],
    )


def help_line_phrases(nation: str) -> tuple[Phrase, ...]:
    """Give one line for each service of a nation that a young person may ring or text, the emergency number first."""
    return (emergency_line(nation), *_services(help_lines(nation)))


def help_line_phrases_for_strangers() -> tuple[Phrase, ...]:
    """Give the lines of both islands, for somebody whose school, and so whose nation, is not known."""
    return (
        emergency_line("ENG"),
        say("In the United Kingdom:"),
        *_services(help_lines("ENG")),
        say("In Ireland:"),
        *_services(help_lines("IE")),
    )


def _services(lines: HelpLines) -> tuple[Phrase, ...]:
    return (
        *(
            say("{service}: ring {number}. Free, day and night.", service=line.name, number=line.number)
            for line in lines.ring
        ),
        *(
            say(
                "{service}: text {word} to {number}. Free, day and night.",
                service=line.name,
                word=line.word,
                number=line.number,
            )
            for line in lines.text
        ),
    )
