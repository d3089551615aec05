"""What staff do with plans: change them, say how they went, add a note, plan for a whole group, and take it back."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from bot.slack.forms import OPTIONS_IN_SIGHT
from bot.slack.press import Done, Press, acts_for, home_again, note, sentence, show
from conversations.actions import LATEST, Action, load, safeguarding_note
from conversations.actions.groups import for_groups
from conversations.forms import Field, Form
from conversations.model import Phrase, moment, say
from conversations.staff_nudges import NOTICED, ideas_card
from scheduling import group_help
from scheduling import plans as going
from scheduling.briefing import ideas, post_card
from store import guards, plans
from store.guards import NotFound
from store.plan_tables import Plan
from store.tables import Flag, Pupil

OWN: Final = "own"
CHANGE: Final = "desk_plan"
WORDS: Final = "desk_plan_words"
GROUP: Final = "desk_group_plan"


def _plan(press: Press) -> Plan:
    return guards.access_plan(press.session, press.viewer, press.subject(), press.now, "plan")


def _show_plan(press: Press, plan: Plan, modal: Phrase | None = None) -> Done:
    card = going.card_of(press.session, press.sealer, press.school, plan)
    return show(press, going.slots_of(plan), card, sentence(modal) if modal else None)


def _open(press: Press) -> tuple[Plan, Done | None]:
    """Find a plan that is open and theirs; else what to answer."""
    plan = _plan(press)
    if plan.state not in plans.OPEN:
        return plan, _show_plan(press, plan)
    if not acts_for(press, plan.owner_id):
        return plan, _show_plan(press, plan, say("Only who made this plan can say how it went."))
    return plan, None


def _note(press: Press, plan: Plan, action: str) -> None:
    note(press, action, f"plan:{plan.id.hex}")


def plan_done(press: Press) -> Done:
    """They did it; the card asks what they noticed."""
    plan, other = _open(press)
    if other is not None:
        return other
    going.done(press.session, plan, press.now)
    _note(press, plan, "plan done")
    return _show_plan(press, plan)


def plan_not_yet(press: Press) -> Done:
    """They have not done it: it moves by two school days, twice at most."""
    plan, other = _open(press)
    if other is not None:
        return other
    if not going.not_yet(press.session, press.sealer, press.school, plan, press.viewer, press.now):
        return _show_plan(press, plan, say("It was moved twice already. Ask for help with it, or take it back."))
    _note(press, plan, "plan moved")
    return _show_plan(press, plan)


def plan_help(press: Press) -> Done:
    """They need help: the nudge, or the group's plan, goes to the next people at once, with their name."""
    plan, other = _open(press)
    if other is not None:
        return other
    ask = group_help.ask if plan.flag_id is None else going.ask_help
    ask(press.session, press.sealer, press.school, plan, press.now)
    _note(press, plan, "plan help")
    return _show_plan(press, plan, say("It goes on to the next people now, and says that you ask for help."))


def plan_take(press: Press) -> Done:
    """They take a group's plan for which help is asked; who asked cannot take it from themselves."""
    plan = _plan(press)
    if plan.state != "help" or acts_for(press, plan.owner_id):
        return _show_plan(press, plan)
    group_help.take(press.session, press.sealer, press.school, plan, press.viewer, press.now)
    _note(press, plan, "plan taken")
    return _show_plan(press, plan)


def plan_noticed(press: Press, what: str) -> Done:
    """They say what they noticed; a worry is answered with what to do about one."""
    plan = _plan(press)
    if plan.state == "done" and acts_for(press, plan.owner_id):
        going.noticed(press.session, press.sealer, plan, what)
        _note(press, plan, "plan noticed")
        return _show_plan(press, plan, safeguarding_note() if what == "worried" else None)
    return _show_plan(press, plan)


def plan_undo(press: Press) -> Done:
    """They take back that a group's plan was done, or that they asked for help, or the plan itself."""
    plan = _plan(press)
    if plan.flag_id is None and acts_for(press, plan.owner_id):
        if plan.state in ("done", "help"):
            plans.change(press.session, press.sealer, plan, help=False)
            going.reopen(press.session, press.school, plan, press.now)
            _note(press, plan, "plan reopened")
        elif plan.state in plans.LIVE:
            plans.close(press.session, plan, "ended", press.now)
            _note(press, plan, "plan ended")
    return _show_plan(press, plan)


def plan_ideas(press: Press) -> Done:
    """They ask how to do what they planned."""
    plan = _plan(press)
    action = load(LATEST).actions.get(plans.content(press.sealer, plan)["action"])
    return Done(modal=ideas_card((action,))) if action else _show_plan(press, plan)


# --- windows ----------------------------------------------------------------------------------------------------------


def plan_change(press: Press) -> Done:
    """They wish to do something else, or on another day."""
    plan, other = _open(press)
    if other is not None:
        return other
    moments = going.choices(press.session, press.school, plan, press.now)
    due = plan.due_at if plan.due_at in moments else moments[-1]
    options = tuple((one.isoformat(), moment(one)) for one in moments)
    return Done(
        form=Form(
            CHANGE,
            plan.id.hex,
            say("The plan"),
            (
                _action_field(press, plan),
                Field("due", say("By when"), "one", options, due.isoformat()),
            ),
        )
    )


def _action_field(press: Press, plan: Plan) -> Field:
    chosen = plans.content(press.sealer, plan)["action"]
    actions = {one.id: one for one in _suggested(press, plan)}
    library = load(LATEST).actions
    if chosen in library:
        actions.setdefault(chosen, library[chosen])
    options = (*((id, say(one.title)) for id, one in actions.items()), (OWN, say("Something of my own")))
    if len(options) > OPTIONS_IN_SIGHT:
        return Field("action", say("What"), "pick", tuple(sorted(options, key=lambda one: one[1].text)), chosen or OWN)
    return Field("action", say("What"), "one", options, chosen or OWN)


def _suggested(press: Press, plan: Plan) -> tuple[Action, ...]:
    if plan.flag_id is None:
        return for_groups()
    flag = press.session.get_one(Flag, plan.flag_id)
    return ideas(press.session, press.sealer, flag, press.session.get_one(Pupil, flag.pupil_id))


def changed(press: Press, entered: Mapping[str, str]) -> Done:
    """They filled in what to do, and by when."""
    plan, other = _open(press)
    if other is not None:
        return other
    moments = {one.isoformat(): one for one in going.choices(press.session, press.school, plan, press.now)}
    action = entered.get("action", "")
    if entered.get("due") not in moments or (action != OWN and action not in load(LATEST).actions):
        return _show_plan(press, plan, say("That day has passed. Please open the plan again."))
    action = "" if action == OWN else action
    going.change(press.session, press.sealer, press.school, plan, action, moments[entered["due"]])
    _note(press, plan, "plan changed")
    return _show_plan(press, plan)


def plan_words(press: Press) -> Done:
    """They wish to add a note to what they noticed."""
    plan = _plan(press)
    if plan.state != "done" or not acts_for(press, plan.owner_id):
        return _show_plan(press, plan)
    words = plans.content(press.sealer, plan)["words"]
    field = Field("words", say("What you noticed"), "words", first=words, optional=True)
    line = say("It is sealed with the plan. A pupil may ask to see it.")
    return Done(form=Form(WORDS, plan.id.hex, say("A note"), (field,), (line,)))


def worded(press: Press, entered: Mapping[str, str]) -> Done:
    """They wrote a note; an empty one takes it away. One whose plan was taken back meanwhile waits until it is done."""
    plan = _plan(press)
    if acts_for(press, plan.owner_id):
        plans.change(press.session, press.sealer, plan, words=entered.get("words", "")[:1000])
        _note(press, plan, "plan noted")
    return _show_plan(press, plan)


def group_plan(press: Press) -> Done:
    """They wish to plan something for a whole tutor group."""
    group = guards.access_group(press.session, press.viewer, press.subject(), press.now)
    options = tuple((one.id, say(one.title)) for one in for_groups())
    field = Field("action", say("What"), "pick", tuple(sorted(options, key=lambda one: one[1].text)))
    line = say("{group}: something small for everybody, in about ten minutes.", group=group.name)
    return Done(form=Form(GROUP, group.id.hex, say("A plan for the group"), (field,), (line,)))


def group_planned(press: Press, entered: Mapping[str, str]) -> Done:
    """They chose something for a group: its card comes to them, and asks on its day."""
    group = guards.access_group(press.session, press.viewer, press.subject(), press.now)
    if entered.get("action") not in {one.id for one in for_groups()}:
        raise NotFound
    plan = going.make_for_group(
        press.session, press.sealer, press.school, group, press.viewer, entered["action"], press.now
    )
    _note(press, plan, "group plan made")
    card = going.card_of(press.session, press.sealer, press.school, plan)
    slot = f"{going.slots_of(plan)}{press.viewer.id.hex}:{plan.id.hex}:{plan.version}"
    letter = post_card(
        press.session,
        press.sealer,
        press.school,
        press.viewer,
        card,
        slot=slot,
        dedupe=slot,
        now=press.now,
        lease_to=press.lease_to,
    )
    return Done((*((letter,) if letter else ()), *home_again(press)))


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "plan_change": plan_change,
    "plan_done": plan_done,
    "plan_not_yet": plan_not_yet,
    "plan_help": plan_help,
    **{f"plan_{what}": partial(plan_noticed, what=what) for what in NOTICED},
    "plan_words": plan_words,
    "plan_undo": plan_undo,
    "plan_ideas": plan_ideas,
    "plan_take": plan_take,
    "group_plan": group_plan,
}
SUBMISSIONS: Final[dict[str, Callable[[Press, Mapping[str, str]], Done]]] = {
    CHANGE: changed,
    WORDS: worded,
    GROUP: group_planned,
}
