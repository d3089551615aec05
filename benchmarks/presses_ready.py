"""What stands ready to be pressed: for each button, who presses it, and a value on which it does its real work.

Each subject (a nudge, a plan, a request, a whisper) is brought by the code itself to where its button stands on a card,
and most serve one press only: what was decided already would be answered without any work.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from PIL import Image
from sqlalchemy import delete, not_, or_
from sqlmodel import Session, col, select

from bot.slack import desk
from conversations.actions.groups import for_groups
from conversations.cards import ACTIONS, RECENT
from conversations.cards_gotos import WHOLE_SCHOOL
from conversations.model import AskForAdult
from conversations.staff_nudges import WHY
from conversations.whisper_cards import WHISPER_ACTIONS
from scheduling import away, cases, group_help, meetings, plans, rights, talking
from scheduling.briefing import latest_wave
from scheduling.school import SchoolFacts
from store import gotos
from store.care_tables import NudgeAsk
from store.plan_tables import Plan
from store.plans import of_flag
from store.rights_tables import Contest, CopyRequest
from store.sealing import Sealer
from store.tables import Flag, Outbox, Pupil, Request, Staff, TutorGroup
from store.whisper_desk import keep_readers, open_thread, reader_id
from store.whisper_lock import lock, new_recovery
from store.whisper_sealing import new_receipt
from store.whisper_store import WhisperStore
from store.whispers import Draft, add, start

# Whisper's desk is opened first; that who presses goes away, and what sets off much work elsewhere, comes last.
LAST = ("away_set", "away_other", "away_end", "goto_ask", "goto_ask_yes", "goto_stop", "school_show", "impact_show")
BUTTONS = (*WHISPER_ACTIONS, *(one for one in ACTIONS if one not in LAST), *LAST)
# Those that open a window each time; any other window says that a press came too late, or to the wrong person.
WINDOWS = frozenset(
    {
        *WHISPER_ACTIONS,
        *("nudge_who", "nudge_ideas", "nudge_figures", "nudge_pass", "plan_change", "plan_help", "plan_worried"),
        *("plan_words", "plan_ideas", "group_plan", "away_set", "away_other", "request_who", "asked_who"),
        *("goto_ask", "goto_nobody", "goto_many", "unanswered_show", "words_show", "copy_who"),
        *("contest_who", "school_show", "impact_show"),
    }
)


@dataclass(frozen=True)
class Ready:
    """One press: the member of staff who makes it, and the value of the button."""

    staff_id: UUID
    value: str


@dataclass(frozen=True)
class Place:
    """The school in which it is made ready, by one session, as at `now`; `lead` makes most presses."""

    session: Session
    sealer: Sealer
    facts: SchoolFacts
    now: datetime
    lead: Staff
    flags: Iterator[Flag]
    pupils: Iterator[Pupil]

    def act(self, staff: Staff, action: str, value: str) -> None:
        key = f"ready {action} {value}"
        desk.act(self.session, self.sealer, self.facts, staff, action, value, self.now, key)
        self.session.flush()


def ready(
    session: Session, sealer: Sealer, facts: SchoolFacts, now: datetime, times: int, whispers: WhisperStore
) -> dict[str, list[Ready]]:
    """Make everything ready for so many presses of each of BUTTONS; the caller commits."""
    staff = list(session.exec(select(Staff).where(Staff.school_id == facts.id).order_by(col(Staff.id))))
    lead = next(one for one in staff if "dsl" in one.roles)
    other = next(one for one in staff if one.id != lead.id and "tutor" in one.roles)
    place = Place(session, sealer, facts, now, lead, _flags(session, facts, now), _pupils(session, facts))
    makers = {**_nudges(place), **_plans(place, other), **_requests(place), **_asked(place), **_rights(place)}
    made = {name: [make() for _ in range(times)] for name, make in makers.items()}
    made |= {name: [one] * times for name, one in _standing(place, staff).items()}
    made |= _meetings(place, staff, times)
    made |= {name: [Ready(lead.id, value)] * times for name, value in _whispers(place, staff, whispers).items()}
    return made


def _flags(session: Session, facts: SchoolFacts, now: datetime) -> Iterator[Flag]:
    """Take nudges of the past, each of another pupil who has a go-to, and let each climb anew."""
    seen = set[UUID]()
    for flag in session.exec(select(Flag).where(Flag.school_id == facts.id).order_by(col(Flag.id))).all():
        pupil = session.get_one(Pupil, flag.pupil_id)
        if pupil.id not in seen and gotos.of_pupil(session, pupil):
            seen.add(pupil.id)
            flag.state, flag.owner_id, flag.decided_at = "new", None, None
            session.add(flag)
            session.flush()
            cases.begin(session, facts, flag, "nudge", now)
            yield flag


def _pupils(session: Session, facts: SchoolFacts) -> Iterator[Pupil]:
    """Take pupils from the end of the list: the requests of the history are of the first."""
    statement = select(Pupil).where(Pupil.school_id == facts.id).order_by(col(Pupil.id).desc())
    yield from session.exec(statement).all()


# --- nudges and plans -------------------------------------------------------------------------------------------------


def _nudge(place: Place, *before: str) -> Ready:
    flag = next(place.flags)
    for action in before:
        place.act(place.lead, action, flag.id.hex)
    return Ready(place.lead.id, flag.id.hex)


def _nudges(place: Place) -> dict[str, Callable[[], Ready]]:
    def passed() -> Ready:
        flag = next(place.flags)
        tutor = place.session.get_one(TutorGroup, flag.group_id).tutor_id
        return Ready(tutor or place.lead.id, flag.id.hex)

    nudge = partial(_nudge, place)
    alike = ("nudge_take", "nudge_snooze", "nudge_not_needed", "nudge_who", "nudge_ideas", "nudge_figures")
    return {
        **dict.fromkeys(alike, nudge),
        **{f"nudge_why_{why}": partial(nudge, "nudge_not_needed") for why in WHY},
        "nudge_pass": passed,
        "nudge_done": partial(nudge, "nudge_take"),
        "nudge_undo": partial(nudge, "nudge_take"),
    }


def _plans(place: Place, other: Staff) -> dict[str, Callable[[], Ready]]:
    session = place.session
    group = session.exec(select(TutorGroup).where(TutorGroup.school_id == place.facts.id)).first()
    assert group is not None  # noqa: S101 (the sample has groups)

    def plan(*before: str) -> Ready:
        flag = UUID(hex=_nudge(place, "nudge_take").value)
        made = of_flag(session, flag)
        assert made is not None  # noqa: S101 (taking makes one)
        for action in before:
            place.act(place.lead, action, made.id.hex)
        return Ready(place.lead.id, made.id.hex)

    def of_group(owner: Staff) -> Plan:
        action = for_groups()[0].id
        return plans.make_for_group(session, place.sealer, place.facts, group, owner, action, place.now)

    def helping() -> Ready:
        made = of_group(other)
        group_help.ask(session, place.sealer, place.facts, made, place.now)
        return Ready(place.lead.id, made.id.hex)

    done = ("plan_helped", "plan_no_change", "plan_worried", "plan_words")
    return {
        **dict.fromkeys(("plan_change", "plan_done", "plan_not_yet", "plan_help", "plan_ideas"), plan),
        **{name: partial(plan, "plan_done") for name in done},
        "plan_take": helping,
        "plan_undo": lambda: Ready(place.lead.id, of_group(place.lead).id.hex),
        "group_plan": lambda: Ready(place.lead.id, group.id.hex),
    }


# --- requests, and what is asked of go-tos ----------------------------------------------------------------------------


def _requests(place: Place) -> dict[str, Callable[[], Ready]]:
    def request(*before: str) -> Ready:
        pupil = next(place.pupils)
        talking.ask(place.session, pupil, AskForAdult(danger=False, adult=place.lead.id.hex), place.now)
        of_pupil = select(Request).where(Request.pupil_id == pupil.id).order_by(col(Request.asked_at).desc())
        row = place.session.exec(of_pupil).first()
        assert row is not None  # noqa: S101 (it was asked for just now)
        for action in before:
            place.act(place.lead, action, row.id.hex)
        return Ready(place.lead.id, row.id.hex)

    new = ("request_own", "request_today", "request_tomorrow", "request_cannot", "request_who")
    return {
        **dict.fromkeys(new, request),
        "request_done": partial(request, "request_today"),
        "request_back": partial(request, "request_own"),
        "request_undo": partial(request, "request_today", "request_done"),
    }


def _asked(place: Place) -> dict[str, Callable[[], Ready]]:
    def of_flag_and_adult() -> tuple[str, Staff]:
        flag = next(place.flags)
        adult = gotos.of_pupil(place.session, place.session.get_one(Pupil, flag.pupil_id))[0]
        return f"{flag.id.hex}:{adult.id.hex}", adult

    def asked() -> Ready:
        value, adult = of_flag_and_adult()
        place.act(place.lead, "nudge_goto", value)
        statement = select(NudgeAsk).where(NudgeAsk.flag_id == UUID(hex=value[:32]))
        return Ready(adult.id, place.session.exec(statement).one().id.hex)

    return {
        "nudge_goto": lambda: Ready(place.lead.id, of_flag_and_adult()[0]),
        **dict.fromkeys(("asked_yes", "asked_no", "asked_who"), asked),
    }


def _rights(place: Place) -> dict[str, Callable[[], Ready]]:
    session = place.session

    def copy() -> Ready:
        pupil = next(place.pupils)
        rights.ask_copy(session, place.facts, pupil, place.now)
        row = session.exec(select(CopyRequest).where(CopyRequest.pupil_id == pupil.id)).one()
        return Ready(place.lead.id, row.id.hex)

    def contest() -> Ready:
        flag = next(place.flags)
        rights.contest(session, place.sealer, place.facts, flag, "pupil", place.now, "benchmark")
        return Ready(place.lead.id, session.exec(select(Contest).where(Contest.flag_id == flag.id)).one().id.hex)

    return {
        **dict.fromkeys(("copy_send", "copy_decline", "copy_who"), copy),
        **dict.fromkeys(("contest_stands", "contest_withdraw", "contest_who"), contest),
    }


# --- what stands ------------------------------------------------------------------------------------------------------


def _standing(place: Place, staff: list[Staff]) -> dict[str, Ready]:
    """What may be pressed again and again on one value."""
    lead, head = place.lead, next(one for one in staff if "head" in one.roles)
    absent = next(one for one in reversed(staff) if one.id not in (lead.id, head.id))
    today = place.facts.calendar.local_date(place.now)
    away.set_away(place.session, place.facts, absent, today, today + timedelta(days=1), None, place.now)
    wave = latest_wave(place.session, place.facts.id)
    group = place.session.exec(select(TutorGroup).where(TutorGroup.school_id == place.facts.id)).first()
    assert wave is not None  # noqa: S101 (the history has waves)
    assert group is not None  # noqa: S101 (the sample has groups)
    school = ("goto_ask", "goto_ask_yes", "goto_stop", "goto_nobody", "goto_many", "goto_no", "goto_yes")
    return {
        **dict.fromkeys(school, Ready(lead.id, WHOLE_SCHOOL)),
        "home_page": Ready(lead.id, "1"),
        "away_set": Ready(lead.id, "me"),
        "away_other": Ready(lead.id, "other"),
        "away_end": Ready(lead.id, absent.id.hex),
        "unanswered_show": Ready(lead.id, f"{wave.id.hex}:{group.id.hex}"),
        "words_show": Ready(lead.id, RECENT),
        "school_show": Ready(head.id, RECENT),
        "impact_show": Ready(head.id, RECENT),
    }


def _meetings(place: Place, staff: list[Staff], times: int) -> dict[str, list[Ready]]:
    session, facts, now = place.session, place.facts, place.now
    meetings.start(session, place.sealer, facts, meetings.usual_leaders(staff), now)
    rows = iter(meetings.of_term(session, facts, meetings.term_of(facts, now)))
    # What is to be freed takes its time before others are looked for.
    taken = set[tuple[UUID, datetime]]()
    pressed: list[UUID] = []
    made: dict[str, list[Ready]] = {"meet_free": [], "meet_pick": [], "meet_more": []}
    for name, found in made.items():
        for row in (next(rows) for _ in range(times)):
            moment = meetings.times(session, facts, row, now)[0]
            while name == "meet_pick" and (row.leader_id, moment) in taken:
                # Of one leader's meetings each has a time of its own.
                meetings.turn(session, row)
                moment = meetings.times(session, facts, row, now)[0]
            taken.add((row.leader_id, moment))
            if name == "meet_free":
                meetings.pick(session, facts, row, moment, now)
            value = f"{row.id.hex}:{moment.isoformat()}" if name == "meet_pick" else row.id.hex
            found.append(Ready(row.staff_id, value))
            pressed.append(row.id)
    _send_no_others(session, pressed)
    return made


def _send_no_others(session: Session, meetings_: list[UUID]) -> None:
    """Let the bot send the cards of the meetings that are pressed alone.

    Those of all the others go to one leader, at Slack's one a second: the bot would be busy for a minute and a half
    before the first press, with what no press has to do with.
    """
    theirs = or_(*(col(Outbox.slot).startswith(f"meet:{one.hex}") for one in meetings_))
    session.exec(delete(Outbox).where(col(Outbox.slot).startswith("meet:"), not_(theirs)))


def _whispers(place: Place, staff: list[Staff], store: WhisperStore) -> dict[str, str]:
    """Let there be a whisper with a photo, behind a locked desk whose passphrase the lead has to choose."""
    readers = [one for one in staff if {"dsl", "deputy_dsl"} & set(one.roles)]
    keep_readers(store, [reader_id(place.sealer, one.id.hex) for one in readers])
    today = place.facts.calendar.local_date(place.now).isoformat()
    door = start(store, Draft(today, "bullying", "me"), new_receipt(), {"what": "words"}, b"they take my things")
    picture = io.BytesIO()
    Image.new("RGB", (1600, 1200), "grey").save(picture, "JPEG")
    add(store, door, {"what": "photo", "caption": ""}, picture.getvalue())
    report = door.report.hex()
    thread = open_thread(store, reader_id(place.sealer, place.lead.id.hex), report)
    photo = next(turn.id for turn in thread.turns if turn.what == "photo")
    lock(store, new_recovery())
    values = {"whisper_open": report, "whisper_photo": f"{report}:{photo}", "whisper_queue": "", "whisper_counts": ""}
    return {name: values[name] for name in WHISPER_ACTIONS}
