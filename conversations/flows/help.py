"""Help: what this is, who sees what, which commands there are, and whom to ring.

Rules
1. /help works for every pupil, also before agreeing and after stopping. A stranger gets the help lines (talk).
2. It says who sees what in the same words as the notice of joining: both come from `who_sees_what`.
3. It always ends with the help lines.
"""

from __future__ import annotations

from conversations.model import Message, Person, Phrase, State, Step, say
from conversations.wording import answer, emergency_number, help_line_phrases, is_young, way_on

COMMANDS: tuple[tuple[str, Phrase], ...] = (
    ("menu", say("see what you can do here")),
    ("talk", say("talk to someone")),
    ("whisper", say("tell staff without your name")),
    ("goto", say("choose my go-tos")),
    ("mine", say("see my check-ins")),
    ("help", say("what this is and who sees what")),
    ("language", say("change the language")),
    ("stop", say("stop check-ins")),
    ("start", say("start check-ins again")),
)
"""The commands in the order they are shown, with what each does; the Telegram edge sets its menu from it."""


def shown(state: State, person: Person, *, tapped: bool) -> Step:
    """Show the help page."""
    what = (
        say("I bring you a few short questions from school. You tap the answers. You can skip any of them.")
        if is_young(person)
        else say("I bring you a short check-in from your school. You tap the answers, and you can skip any of them.")
    )
    commands = tuple(say("/{command}: {what}", command=name, what=what_it_does) for name, what_it_does in COMMANDS)
    paragraphs = (what, *who_sees_what(person), *commands, *help_line_phrases(person.nation))
    return Step(state, (answer(Message(paragraphs, say("Help"), way_on()), tapped=tapped),))


def who_sees_what(person: Person) -> tuple[Phrase, ...]:
    """Say who sees what, when people look, and what danger words do, in the wording of the pupil's age."""
    number = emergency_number(person.nation)
    if is_young(person):
        return (
            say(
                "Your tutor and head of year can see if you answered. So can the adults who keep you safe. "
                "They see a short note if your answers change. No screen shows them what you tapped. "
                "They can read that only if a copy is made. "
                "The adults who keep you safe can read what you type in a check-in."
            ),
            say(
                "Adults look on school days. Nobody reads while you type. If you are in danger, ring {number}.",
                number=number,
            ),
            say(
                "If you type words that sound like danger, I show you who can help. "
                "I also tell the adults who keep pupils safe your name. This works in English and Welsh."
            ),
        )
    return (
        say(
            "Who sees what: your tutor, your head of year and the safeguarding leads see if you answered. "
            "They see a short note if your answers change. "
            "No screen shows them what you tapped: it can be read only if a copy is made. "
            "The safeguarding leads can read what you type in a check-in. The head sees only totals."
        ),
        say(
            "When people look: on school days, in school hours. Nobody reads messages as they come in. "
            "This is not an emergency service: in danger, ring {number}.",
            number=number,
        ),
        say(
            "If you type words that sound like danger, I show you the help lines. "
            "I also tell the safeguarding leads your name at once. This works in English and Welsh."
        ),
    )
