"""What staff read of a nudge and of a plan: why it came, what might help, who took it, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conversations.actions import Action, safeguarding_note
from conversations.card import Card, CardButton
from conversations.model import Phrase, say, verbatim

WHY: dict[str, Phrase] = {
    "known": say("Known and acted on."),
    "explained": say("There’s a simple reason."),
    "not_seen": say("Nothing shows in school."),
    "answers": say("The answers mislead."),
}
"""Why a nudge is not needed, as its card asks; each has an action of its own."""

NOTICED: dict[str, Phrase] = {
    "helped": say("It helped."),
    "no_change": say("No change yet."),
    "worried": say("I am worried."),
}
"""What was noticed after a plan was carried out; each has an action of its own."""


@dataclass(frozen=True)
class Planned:
    """What somebody means to do: the plan's id in hexadecimal, the action's title (None: something of their own).

    `asked` once its day has come and its owner was asked how it went; `noticed` is one of NOTICED, or "". `help_for`
    is who made a group's plan and asked for help with it.
    """

    plan: str
    action: Phrase | None
    owner: str
    due: datetime
    asked: bool = False
    noticed: str = ""
    words: bool = False
    help_for: str = ""


def plan_part(planned: Planned) -> Card:
    """A plan as a part of its card, and the question how it went once its day has come."""
    action = planned.action or say("Something of their own")
    title = say("How did it go?") if planned.asked else say("The plan")
    return Card(title, (say("{action} (by {due})", action=action, due=planned.due),))


def plan_buttons(planned: Planned, confirm: Phrase | None = None) -> tuple[CardButton, ...]:
    """What can be done with a plan that is open; `confirm` is what asking for help asks first."""
    done = CardButton("plan_done", planned.plan, say("Done"), "primary")
    need = CardButton("plan_help", planned.plan, say("Need help"), confirm=confirm)
    if planned.asked:
        return (done, CardButton("plan_not_yet", planned.plan, say("Not yet")), need)
    return (done, CardButton("plan_change", planned.plan, say("Change the plan")), need)


def noticed_part(planned: Planned) -> Card:
    """What was noticed, or the question."""
    action = planned.action or say("Something of their own")
    if not planned.noticed:
        return Card(say("What did you notice?"), (action,))
    kept = (say("A note is kept with it."),) if planned.words else ()
    return Card(action, (NOTICED[planned.noticed], *kept))


def noticed_buttons(planned: Planned) -> tuple[CardButton, ...]:
    """The second tap of two, which may be changed; words are for who wishes."""
    others = tuple((noticed, label) for noticed, label in NOTICED.items() if noticed != planned.noticed)
    words = CardButton("plan_words", planned.plan, say("Add a note"))
    return (*(CardButton(f"plan_{noticed}", planned.plan, label) for noticed, label in others), words)


def group_plan_card(planned: Planned, group: str, state: str) -> Card:
    """A plan for a whole tutor group, as its owner sees it; `state` is that of the plan."""
    title = say("{group}: a plan for the group", group=group)
    undo = CardButton("plan_undo", planned.plan, say("Undo"))
    how = CardButton("plan_ideas", planned.plan, say("How to"))
    if state == "help":
        asks = say("{owner} took this, and asks for help with it.", owner=planned.help_for)
        take = CardButton("plan_take", planned.plan, say("I’ll take this"), "primary")
        return Card(title, (asks,), None, (take, how, undo), (plan_part(planned),))
    # Who asked for help is to read who has it now.
    taken = (say("Taken by {owner}.", owner=planned.owner),) if planned.help_for else ()
    if state == "done":
        return Card(title, taken, None, (*noticed_buttons(planned), undo), (noticed_part(planned),))
    if state == "ended":
        return Card(title, (say("This plan was given up."),))
    return Card(title, taken, None, (*plan_buttons(planned), how, undo), (plan_part(planned),))


@dataclass(frozen=True)
class NudgeGoTo:
    """A go-to of a nudge's pupil (an id in hexadecimal, a name): `asked` is "", asked, yes or no."""

    staff: str
    name: str
    asked: str = ""


@dataclass(frozen=True)
class Nudge:
    """What a nudge card tells of a flag: ids in hexadecimal, the pupil by initials (or name, as the school chose).

    `ideas` are the titles of suggested actions, the best first; `why` one of WHY once it is said not to be needed;
    `plan` what its taker means to do; `help_for` whoever took it and asks for help. Of one that is new, `owner` is who
    passed it to the safeguarding leads.
    """

    flag: str
    pupil: str
    group: str
    reasons: tuple[Phrase, ...]
    ideas: tuple[Phrase, ...] = ()
    priority: bool = False
    state: Literal["new", "taken", "snoozed", "not_needed", "done"] = "new"
    owner: str = ""
    until: datetime | None = None
    contested: bool = False
    why: str = ""
    plan: Planned | None = None
    help_for: str = ""
    gotos: tuple[NudgeGoTo, ...] = ()


def nudge_card(nudge: Nudge) -> Card:
    """The card a tutor gets for a flag, and what it becomes once somebody decided."""
    title = (
        say("{pupil} ({group}): please look soon", pupil=nudge.pupil, group=nudge.group)
        if nudge.priority
        else say("{pupil} ({group}): a change in pattern", pupil=nudge.pupil, group=nudge.group)
    )
    advice = say("Advisory only: a pattern, not a diagnosis. You know this pupil; trust what you see.")
    who = CardButton("nudge_who", nudge.flag, say("Who is it"))
    if nudge.contested:
        line = say("The pupil or their family says that this is not right. A safeguarding lead answers them.")
        return Card(title, (line,), advice, (who,))
    how = CardButton("nudge_ideas", nudge.flag, say("How to"))
    figures = CardButton("nudge_figures", nudge.flag, say("Why"))
    buttons = (CardButton("nudge_undo", nudge.flag, say("Undo")), figures, who)
    if nudge.state == "taken":
        lines = (*nudge.reasons, say("Taken by {owner}.", owner=nudge.owner), *_gotos(nudge))
        more = (how, *buttons, *_asks(nudge))
        if nudge.plan is None:
            done = CardButton("nudge_done", nudge.flag, say("Done"), "primary")
            return Card(title, lines, advice, (done, *more), _ideas(nudge))
        # Those who are told hear of it at once; of a group's plan the asking has an Undo.
        confirm = say("It goes on to the next people now, and says that you ask for help.")
        return Card(title, lines, advice, (*plan_buttons(nudge.plan, confirm), *more), (plan_part(nudge.plan),))
    if nudge.state == "done":
        lines = (*nudge.reasons, say("Done by {owner}.", owner=nudge.owner))
        if nudge.plan is None:
            return Card(title, lines, advice, buttons)
        return Card(title, lines, advice, (*noticed_buttons(nudge.plan), *buttons), (noticed_part(nudge.plan),))
    if nudge.state == "snoozed" and nudge.until is not None:
        line = say("Snoozed by {owner} until {until}.", owner=nudge.owner, until=nudge.until)
        return Card(title, (*nudge.reasons, line), advice, buttons)
    if nudge.state == "not_needed":
        line = say("Not needed, says {owner}.", owner=nudge.owner)
        if nudge.why:
            return Card(title, (*nudge.reasons, line, WHY[nudge.why]), advice, buttons)
        asked = Card(say("Why not?"), (say("It helps to judge such nudges. You need not say."),))
        return Card(title, (*nudge.reasons, line), advice, (*_why_buttons(nudge.flag), *buttons), (asked,))
    helped = (say("{owner} took this, and asks for help with it.", owner=nudge.help_for),) if nudge.help_for else ()
    passed = (say("{owner} passes this to the safeguarding leads.", owner=nudge.owner),) if nudge.owner else ()
    pass_on = () if nudge.owner else (_pass_on(nudge.flag),)
    return Card(
        title,
        (*helped, *passed, *nudge.reasons, *_gotos(nudge)),
        advice,
        (
            CardButton("nudge_take", nudge.flag, say("I’ll take this"), "primary"),
            CardButton("nudge_snooze", nudge.flag, say("Snooze a week")),
            CardButton("nudge_not_needed", nudge.flag, say("Not needed")),
            *pass_on,
            how,
            figures,
            who,
            *_asks(nudge),
        ),
        _ideas(nudge),
    )


def _pass_on(flag: str) -> CardButton:
    confirm = say("It goes to the safeguarding leads now, and says that you pass it on.")
    return CardButton("nudge_pass", flag, say("Pass to safeguarding"), confirm=confirm)


def _why_buttons(flag: str) -> tuple[CardButton, ...]:
    return tuple(CardButton(f"nudge_why_{why}", flag, label) for why, label in WHY.items())


def _ideas(nudge: Nudge) -> tuple[Card, ...]:
    lines = tuple(
        say("{number}. {title}", number=number, title=idea) for number, idea in enumerate(nudge.ideas, start=1)
    )
    return (Card(say("Ten minutes to help"), lines),) if lines else ()


def _gotos(nudge: Nudge) -> tuple[Phrase, ...]:
    words = {
        "": lambda name: say("A go-to of theirs: {name}", name=name),
        "asked": lambda name: say("{name}, a go-to of theirs, was asked to check in.", name=name),
        "yes": lambda name: say("{name}, a go-to of theirs, will check in.", name=name),
        "no": lambda name: say("{name}, a go-to of theirs, cannot this time.", name=name),
    }
    return tuple(words[one.asked](one.name) for one in nudge.gotos)


def _asks(nudge: Nudge) -> tuple[CardButton, ...]:
    return tuple(
        CardButton("nudge_goto", f"{nudge.flag}:{one.staff}", say("Ask {name}", name=one.name))
        for one in nudge.gotos
        if not one.asked
    )


def ideas_card(actions: Sequence[Action]) -> Card:
    """How to do the suggested actions, each a part with parts of its own; shown in a modal, after the guard."""
    parts = tuple(
        Card(
            say("{number}. {title}", number=number, title=say(action.title)),
            note=say("Why: {why} ({source})", why=say(action.why), source=verbatim(action.source.short)),
            parts=(
                Card(say("What to do"), (say(action.do),)),
                Card(say("Say"), (say("“{words}”", words=say(action.say)),)),
                Card(say("Rather not"), (say("“{words}”", words=say(action.not_say)),)),
                Card(say("Afterwards"), (say(action.look_for),)),
            ),
        )
        for number, action in enumerate(actions, start=1)
    )
    return Card(say("Ten minutes to help"), (), safeguarding_note(), parts=parts)
