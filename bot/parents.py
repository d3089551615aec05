"""The parent's chat, between the runner and its flow: whose chat it is, what a step asks for turned into rows.

The runner asks here about every chat that is no pupil's. Nothing is kept of a parent's chat but the tie itself.
"""

from dataclasses import replace
from uuid import UUID

from sqlmodel import Session

from bot import effects, text
from bot.effects import Context, Outcome
from conversations.flows import parent as flow
from conversations.flows.parent import Child, Parent, SetHeld
from conversations.model import CodeGiven, CodeOutcome, Event, Send, SetLanguage, Text
from scheduling.school import SchoolFacts
from store import consent, guardians, outbox
from store.invites import Lookup
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import LANES, Pupil


def took(
    session: Session,
    sealer: Sealer,
    context: Context,
    event: Event | None,
    found: Lookup | None,
    *,
    is_pupil: bool,
    outcome: Outcome,
) -> bool:
    """Answer what is a parent's: an event of their chat, or their code; False for what is not.

    `found` is what became of a code that came with it; `is_pupil` whether the chat is a pupil's.
    """
    if is_pupil:
        if found is None or found.guardian is None:
            return False
        effects.apply(session, sealer, context, (Send(flow.wrong_chat()),), outcome)
        return True
    if found is not None and found.guardian is not None:
        guardian = _joined(session, sealer, context, found, outcome)
        taken: Event | None = CodeGiven("valid")
    else:
        guardian = guardians.by_chat(session, sealer, context.school.id, context.chat_id)
        taken = _meant(event, found)
    if guardian is None:
        return _refused(session, sealer, context, found, outcome)
    if taken is None:
        return True
    _step(session, sealer, _of(context, guardian), guardian, taken, found, outcome)
    return True


def _meant(event: Event | None, found: Lookup | None) -> Event | None:
    """What came: a code, or words that only happen to have a code's letters."""
    if found is None or (isinstance(event, Text) and found.outcome in ("unknown", "slow_down")):
        return event
    return CodeGiven(found.outcome)


def _joined(session: Session, sealer: Sealer, context: Context, found: Lookup, outcome: Outcome) -> Guardian | None:
    assert found.guardian is not None  # noqa: S101 (only valid look-ups of a guardian's code come here)
    guardian = session.get_one(Guardian, found.guardian.guardian_id)
    if not guardian.active:
        return None
    former = guardians.bind(session, sealer, found.guardian, context.chat_id, context.now)
    if former is not None:
        # Nothing more of theirs may go to the old phone.
        outbox.withdraw(session, context.school.id, f"guardian:{guardian.id.hex}", context.now, lanes=LANES.values())
        # A code in the wrong hands must not go unseen.
        gone = replace(context, chat_id=former, key=f"{context.key}:former", language=_language(context, guardian))
        effects.apply(session, sealer, gone, (Send(flow.moved()),), outcome)
    outcome.parents_menus.append((context.chat_id, _language(context, guardian)))
    return guardian


def _refused(session: Session, sealer: Sealer, context: Context, found: Lookup | None, outcome: Outcome) -> bool:
    if found is None or not found.for_guardian:
        return False
    # Also of somebody no longer in the lists: a code that is right says nothing more than one too old.
    why: CodeOutcome = "used" if found.outcome == "used" else "expired"
    effects.apply(session, sealer, context, (Send(flow.refusal(why)),), outcome)
    return True


def _step(
    session: Session,
    sealer: Sealer,
    context: Context,
    guardian: Guardian,
    event: Event,
    found: Lookup | None,
    outcome: Outcome,
) -> None:
    parent = parent_of(session, sealer, context.school, guardian)
    childs = found is not None and found.invite is not None
    for number, effect in enumerate(flow.childs_code(parent) if childs else flow.step(event, parent)):
        if isinstance(effect, SetHeld):
            _hold(session, context, guardian, parent, effect)
        elif isinstance(effect, SetLanguage):
            guardian.language = effect.language
            session.add(guardian)
            context = _of(context, guardian)
            outcome.parents_menus.append((context.chat_id, context.language))
        else:
            effects.apply(session, sealer, replace(context, key=f"{context.key}:{number}"), (effect,), outcome)


def _hold(session: Session, context: Context, guardian: Guardian, parent: Parent, effect: SetHeld) -> None:
    """Stop or allow a child's check-ins; only of a child whom the flow was shown as theirs."""
    assert effect.child in {child.key for child in parent.children}  # noqa: S101 (the flow chooses among them)
    pupil = session.get_one(Pupil, UUID(effect.child), with_for_update=True)
    change = consent.hold if effect.held else consent.release
    change(session, pupil, context.now, f"guardian:{guardian.id.hex}")


def parent_of(session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian) -> Parent:
    """Give what the flow may know of a parent."""
    children = guardians.children_of(session, sealer, guardian)
    return Parent(
        language=guardian.language,
        languages=text.languages(),
        nation=school.nation,
        school=school.name,
        children=tuple(Child(pupil.id.hex, name, pupil.held) for pupil, name in children),
    )


def _of(context: Context, guardian: Guardian) -> Context:
    return replace(context, language=_language(context, guardian), recipient=f"guardian:{guardian.id.hex}")


def _language(context: Context, guardian: Guardian) -> str:
    return guardian.language if guardian.language in text.languages() else context.school.locale
