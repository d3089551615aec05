"""The runner: batches, savepoints, repeats, odd words, joining, phones that change, and pupils that fail alone."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import NoResultFound, OperationalError
from sqlmodel import Session, select

from bot import tries
from bot.effects import Outcome
from bot.runner import Incoming, Runner
from bot.telegram.updates import read_update
from bot.worker import Worker
from conversations.model import (
    Attachment,
    CodeGiven,
    Command,
    Edited,
    Event,
    RequestOwned,
    Tap,
    Text,
)
from scheduling.jobs import JOBS
from store import invites
from store.due import set_due
from store.people import by_chat, save_state
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Conversation, Due, Escalation, Failure, Outbox, Pupil, Request, Seen, Wave
from tests.bot.classroom import Classroom, classroom, plain
from tests.factories import NOW

ROBIN, SASHA, STRANGER = 7_000_000_001, 7_000_000_002, 7_000_000_003
SORRY = "Sorry, that did not work. Please try again, or send /menu."
MENU = "What would you like to do?"
NOT_KEPT = "Thanks for writing. Nobody reads what is typed here, and it was not kept."


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


# --- batches ----------------------------------------------------------------------------------------------------------


def broken(room: Classroom, chat_id: int) -> Pupil:
    """A pupil whose next event fails: their conversation names a check-in that cannot be one."""
    pupil = room.pupil(chat_id)
    who = by_chat(room.session, room.sealer, room.school.id, chat_id)
    assert who is not None
    check_in = {"id": "not-an-id", "bank": "2026-1", "items": ["a"], "at": 1, "answers": [], "started": True}
    times = {"closes": "2026-11-25T09:00:00+00:00", "asked": "2026-11-24T09:00:00+00:00"}
    state = {"awaiting": "check_in.words", "check_in": check_in | times, "version": 4}
    save_state(room.session, room.sealer, who, state, 4)
    room.session.commit()
    return pupil


def test_one_event_that_fails_is_recorded_answered_and_does_not_stop_the_batch(room: Classroom):
    first, last = room.pupil(ROBIN), room.pupil(STRANGER)
    failing = broken(room, SASHA)
    outcome = room.handle(
        room.incoming(ROBIN, Command("stop")),
        room.incoming(SASHA, Text("a secret that must not be kept anywhere")),
        room.incoming(STRANGER, Command("stop")),
    )
    assert room.failures() == [("Text", "ValueError")]
    assert [row.status for row in room.rows(Pupil) if row.id in (first.id, last.id)] == ["stopped", "stopped"]
    assert room.state(failing)["version"] == 4
    chats = [(letter.payload["chat"], letter.payload["message"]["paragraphs"][0]["t"]) for letter in outcome.letters]
    assert chats[1] == (SASHA, SORRY)
    assert [chat for chat, _ in chats] == [ROBIN, SASHA, STRANGER]
    # What the failing event had written before it failed is gone.
    assert [room.payload(row)["chat"] for row in room.outbox()] == [ROBIN, SASHA, STRANGER]


def test_a_tap_that_fails_is_answered_where_it_was_made(room: Classroom):
    broken(room, SASHA)
    outcome = room.say(SASHA, Tap("c:not-an-id:1:done"), message_id=5, callback_id="cb-1")
    assert [(callback, plain(phrase)) for callback, phrase, _ in outcome.toasts] == [("cb-1", SORRY)]
    assert outcome.letters == []
    assert room.failures() == [("Tap", "ValueError")]


class Clumsy(Sealer):
    """A sealer that fails for a reason nobody thought of."""

    def blind(self, purpose: str, value: str | int) -> bytes:
        raise ValueError


def test_a_block_that_cannot_be_noted_is_not_answered_to_the_chat_that_blocked(room: Classroom):
    runner = Runner(Clumsy(bytes(range(32))), room.clock, "test", bot="1")
    outcome = runner.handle(room.session, room.school, [room.incoming(ROBIN, None, reachable=False)])
    assert (outcome.letters, outcome.toasts) == ([], [])
    assert room.failures() == [("NoneType", "ValueError")]


async def test_a_store_that_is_full_in_the_midst_of_a_batch_keeps_nothing_of_it(engine: Engine, room: Classroom):
    room.pupil(ROBIN)
    room.pupil(SASHA)
    room.session.commit()
    before = everything(room)
    room.session.commit()
    batch = [room.incoming(chat, Command("stop")) for chat in (ROBIN, SASHA)]
    sealer = Filling(bytes(range(32)), room=3)
    runner, worker = Runner(sealer, room.clock, "test", bot="1"), Worker(engine)
    with pytest.raises(OperationalError):
        await worker.run(lambda session: runner.handle(session, room.school, batch, seen=True))
    assert len(sealer.sealed) == 3
    assert everything(room) == before
    room.session.commit()
    sealer.room = 99
    outcome = await worker.run(lambda session: runner.handle(session, room.school, batch, seen=True))
    assert [letter.payload["chat"] for letter in outcome.letters] == [ROBIN, SASHA]
    worker.close()


class Filling(Sealer):
    """A sealer under which so many writes find room, and the next meets a disk that is full."""

    def __init__(self, master: bytes, room: int) -> None:
        super().__init__(master)
        self.room = room
        self.sealed: list[str] = []

    def seal(self, table: str, column: str, row_id: UUID, value: object) -> bytes:
        if len(self.sealed) >= self.room:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        self.sealed.append(table)
        return super().seal(table, column, row_id, value)


# --- repeats ----------------------------------------------------------------------------------------------------------


def everything(room: Classroom) -> list[object]:
    """All that is kept, as plain values."""
    room.session.expire_all()
    tables = (Pupil, Binding, Conversation, CheckIn, Outbox, Due, Request, Seen, Failure)
    return [[row.model_dump() for row in room.session.exec(select(table)).all()] for table in tables]


@pytest.mark.parametrize(
    "event", [Command("stop"), Text("hello"), Text("i want to die"), Attachment("photo"), Edited("x")]
)
def test_a_repeated_update_by_webhook_changes_nothing(room: Classroom, event: Event):
    room.pupil(ROBIN)
    update = room.incoming(ROBIN, event)
    room.handle(update, seen=True)
    before = everything(room)
    again = room.handle(update, seen=True)
    assert (again.letters, again.toasts, again.due) == ([], [], False)
    assert everything(room) == before


def test_an_update_that_failed_is_not_tried_again_when_repeated(room: Classroom):
    broken(room, SASHA)
    update = room.incoming(SASHA, Text("words"))
    room.handle(update, seen=True)
    room.handle(update, seen=True)
    assert room.failures() == [("Text", "ValueError")]


def started(room: Classroom, chat_id: int = ROBIN) -> tuple[Pupil, CheckIn]:
    pupil = room.pupil(chat_id)
    check_in = room.check_in(pupil)
    room.say(chat_id, room.opens(check_in))
    return pupil, check_in


def test_a_double_tap_counts_once_and_both_taps_are_answered(room: Classroom):
    pupil, check_in = started(room)
    taps = [
        room.incoming(ROBIN, Tap(f"c:{check_in.id.hex}:0:1"), message_id=5, callback_id=f"cb-{number}")
        for number in (1, 2)
    ]
    outcome = room.handle(*taps)
    assert [answer[1] for answer in room.state(pupil)["check_in"]["answers"]] == [1]
    assert [(callback, plain(phrase)) for callback, phrase, _ in outcome.toasts] == [
        ("cb-1", None),
        ("cb-2", "You have passed that question. To change an answer, tap Back."),
    ]
    assert [letter.method for letter in outcome.letters] == ["edit"]


def test_a_finished_check_in_is_put_away_once_and_scored(room: Classroom):
    _pupil, check_in = started(room)
    for data in ("0:1", "1:1", "2:done", "2:done"):
        room.say(ROBIN, Tap(f"c:{check_in.id.hex}:{data}"), message_id=5, callback_id="cb")
    row = room.rows(CheckIn)[0]
    assert row.state == "answered"
    assert [answer[1] for answer in room.sealer.read(row, "answers")] == [1, 1]
    assert [(due.kind, due.subject) for due in room.rows(Due)] == [("score", check_in.id.hex)]


# --- taps from elsewhere ----------------------------------------------------------------------------------------------


def test_a_button_of_another_persons_check_in_changes_nothing(room: Classroom):
    pupil, check_in = started(room)
    other = room.pupil(SASHA)
    before = room.state(pupil)
    outcome = room.say(SASHA, Tap(f"c:{check_in.id.hex}:0:1"), message_id=5, callback_id="cb")
    assert room.state(pupil) == before
    assert room.state(other) == {}
    assert [plain(phrase) for _, phrase, _ in outcome.toasts] == [
        "That check-in is over. The next one comes another day."
    ]
    assert outcome.letters == []


@pytest.mark.parametrize(
    "data", ["", ":", "c:", "c:x:0:1", "c:{id}:99:1", "c:{id}:0:99", "c:{id}:0:1\x00", "lang:xx", "\ud800", "٣" * 30]
)
def test_tampered_data_is_answered_gently_and_changes_nothing(room: Classroom, data: str):
    pupil, check_in = started(room)
    before, sent = room.state(pupil), len(room.outbox())
    outcome = room.say(ROBIN, Tap(data.replace("{id}", check_in.id.hex)), message_id=5, callback_id="cb")
    assert room.state(pupil) == before
    assert len(room.outbox()) == sent
    assert [callback for callback, phrase, _ in outcome.toasts if phrase] == ["cb"]
    assert room.failures() == []


def test_a_button_whose_message_is_not_known_is_answered_below(room: Classroom):
    room.pupil(ROBIN)
    outcome = room.say(ROBIN, Tap("menu"), message_id=None, callback_id="cb")
    assert [(letter.method, letter.slot) for letter in outcome.letters] == [("send", None)]
    assert room.said() == [MENU]


# --- words ------------------------------------------------------------------------------------------------------------

ODD = {
    "4,096 characters": "é" * 4096,
    "emoji": "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿🙂",
    "right to left": "مرحبا ‮abc‬",
    "zero width between letters": "a\u200bb\u200cc\u2060",
    "a lone surrogate": "half \ud83d of it",
    "NUL": "before\x00after",
    "HTML": "<b>&amp;</i> {braces} %s",
}


@pytest.mark.parametrize("words", ODD.values(), ids=ODD.keys())
def test_odd_words_are_answered_where_nothing_waits_for_them(room: Classroom, words: str):
    room.pupil(ROBIN)
    room.say(ROBIN, Text(words))
    assert room.said() == [NOT_KEPT, "To tell someone, tap Talk to someone."]
    assert room.failures() == []


@pytest.mark.parametrize("words", ODD.values(), ids=ODD.keys())
def test_odd_words_are_kept_whole_with_a_check_in(room: Classroom, words: str):
    _pupil, check_in = started(room)
    for at in (0, 1):
        room.say(ROBIN, Tap(f"c:{check_in.id.hex}:{at}:0"), message_id=5, callback_id="cb")
    room.say(ROBIN, Text(words))
    row = room.rows(CheckIn)[0]
    assert row.state == "answered"
    assert room.sealer.read(row, "words") == words.replace("\ud83d", "?")
    assert room.failures() == []


def test_words_that_happen_to_have_a_codes_letters_are_words(room: Classroom):
    _pupil, check_in = started(room)
    for at in (0, 1):
        room.say(ROBIN, Tap(f"c:{check_in.id.hex}:{at}:0"), message_id=5, callback_id="cb")
    update = {
        "update_id": 900,
        "message": {"message_id": 9, "chat": {"id": ROBIN, "type": "private"}, "text": "Headache"},
    }
    incoming = read_update(update)
    assert incoming is not None
    room.handle(incoming)
    row = room.rows(CheckIn)[0]
    assert (row.state, room.sealer.read(row, "words")) == ("answered", "Headache")


def test_a_valid_code_typed_on_a_phone_that_has_joined_is_a_code(room: Classroom):
    room.pupil(ROBIN)
    younger = room.pupil(status="invited")
    code = issue(room, younger)
    for _ in ("asked whether the phone is theirs now", "it is"):
        room.handle(room.incoming(ROBIN, Text(code), code=code))
    assert [row.pupil_id for row in room.rows(Binding)] == [younger.id]


GIVES_ON = (
    "This phone has joined with another code. Is it your phone now? Then send your code once more. If not, nothing "
    "changes."
)


# --- joining ----------------------------------------------------------------------------------------------------------


def issue(room: Classroom, pupil: Pupil) -> str:
    code = invites.issue(room.session, room.sealer, pupil, room.clock())
    room.session.commit()
    return code


def give(room: Classroom, chat_id: int, code: str) -> list[str]:
    before = len(room.said())
    room.handle(room.incoming(chat_id, Command("start"), code=code))
    return room.said()[before:]


def test_a_valid_code_ties_the_chat_and_shows_the_notice_and_agreeing_starts(room: Classroom):
    pupil = room.pupil(status="invited")
    said = give(room, ROBIN, issue(room, pupil))
    assert said[0].startswith("Hello! About once a week, your school sends a short check-in here.")
    assert [row.pupil_id for row in room.rows(Binding)] == [pupil.id]
    assert [row.recipient for row in room.outbox()] == [f"pupil:{pupil.id.hex}"]
    room.say(ROBIN, Tap("join:agree"), message_id=1, callback_id="cb")
    assert [row.status for row in room.rows(Pupil)] == ["active"]


def test_an_unknown_code_is_answered_and_after_ten_the_chat_waits_ten_minutes(room: Classroom):
    pupil = room.pupil(status="invited")
    unknown = "I do not know that code. Please check each letter, or ask your tutor for a new one."
    assert [give(room, STRANGER, f"ACDE-346{last}") for last in "34679ACDEF"] == [[unknown]] * 10
    good = issue(room, pupil)
    slow = ["That was a few codes in a short time. Please wait some minutes, then try again."]
    assert give(room, STRANGER, good) == slow
    assert room.rows(Binding) == []
    room.clock.move(minutes=10)
    assert len(give(room, STRANGER, good)) > 1
    assert len(room.rows(Binding)) == 1


def test_a_used_and_an_expired_code_say_so(room: Classroom):
    first, second = room.pupil(status="invited"), room.pupil(status="invited")
    used, expired = issue(room, first), issue(room, second)
    give(room, ROBIN, used)
    assert give(room, STRANGER, used) == [
        "That code has been used. Each code works once; please ask your tutor for a new letter."
    ]
    room.clock.move(days=31)
    assert give(room, STRANGER, expired) == ["That code is too old to work. Please ask your tutor for a new letter."]
    assert [row.pupil_id for row in room.rows(Binding)] == [first.id]


def test_the_same_link_tapped_twice_is_answered_kindly(room: Classroom):
    pupil = room.pupil(status="invited")
    code = issue(room, pupil)
    give(room, ROBIN, code)
    room.say(ROBIN, Tap("join:agree"), message_id=1, callback_id="cb")
    assert give(room, ROBIN, code) == ["You have joined already, so you do not need a code."]


def test_a_classmates_code_does_nothing_until_it_is_sent_once_more(room: Classroom):
    pupil, check_in = started(room)
    other = room.pupil(status="invited")
    code = issue(room, other)
    assert give(room, ROBIN, code) == [GIVES_ON]
    assert [row.pupil_id for row in room.rows(Binding)] == [pupil.id]
    # They go on as before, and whoever tries another day is asked again.
    room.say(ROBIN, Tap(f"c:{check_in.id.hex}:0:1"), message_id=5, callback_id="cb")
    assert room.state(pupil)["check_in"]["at"] == 1
    assert give(room, ROBIN, code) == [GIVES_ON]
    assert [row.pupil_id for row in room.rows(Binding)] == [pupil.id]
    assert invites.look_up(room.session, room.sealer, pupil.school_id, b"", code, room.clock()).outcome == "valid"


def test_whose_phone_was_given_on_joins_again_with_another_code(room: Classroom):
    pupil, _check_in = started(room)
    code = issue(room, room.pupil(status="invited"))
    give(room, ROBIN, code)
    give(room, ROBIN, code)
    said = give(room, SASHA, issue(room, pupil))
    assert said[-1] == "Welcome back! You are all set here."
    assert pupil.id in [row.pupil_id for row in room.rows(Binding)]
    assert room.failures() == []


def test_a_code_given_again_before_agreeing_brings_the_notice_again(room: Classroom):
    code = issue(room, room.pupil(status="invited"))
    first = give(room, ROBIN, code)
    assert give(room, ROBIN, code) == first
    room.say(ROBIN, Tap("join:later"), message_id=1, callback_id="cb")
    assert give(room, ROBIN, code) == first


def test_a_second_phone_takes_over_and_nothing_more_goes_to_the_first(room: Classroom):
    pupil, check_in = started(room)
    waiting = room.outbox(slot=f"check-in:{check_in.id.hex}")
    assert [row.state for row in waiting] == ["waiting"]
    said = give(room, SASHA, issue(room, pupil))
    goodbye = "Your check-ins now come to another phone. If that was not you, please tell your tutor."
    assert said == [goodbye, "Welcome back! You are all set here."]
    assert [room.sealer.read(row, "chat") for row in room.rows(Binding)] == [SASHA]
    waiting = room.outbox(state="waiting")
    assert [(room.payload(row)["chat"], row.recipient) for row in waiting] == [
        (ROBIN, ""),
        (SASHA, f"pupil:{pupil.id.hex}"),
    ]
    room.say(ROBIN, Command("menu"))
    assert room.payload(room.outbox()[-1])["message"]["paragraphs"][0]["t"].startswith("Hello! To join")


def test_a_phone_given_on_to_another_pupil_gets_nothing_more_of_the_first(room: Classroom):
    pupil, _check_in = started(room)
    younger = room.pupil(status="invited")
    code = issue(room, younger)
    assert give(room, ROBIN, code) == [GIVES_ON]
    give(room, ROBIN, code)
    assert [row.pupil_id for row in room.rows(Binding)] == [younger.id]
    assert {row.state for row in room.outbox(recipient=f"pupil:{pupil.id.hex}")} == {"replaced"}
    assert [row.state for row in room.outbox(recipient=f"pupil:{younger.id.hex}")] == ["waiting"]


def test_a_phone_given_on_in_the_midst_of_a_batch_is_the_other_pupils_from_there_on(room: Classroom):
    elder, _check_in = started(room)
    younger = room.pupil(status="invited")
    code = issue(room, younger)
    room.handle(
        room.incoming(ROBIN, Command("menu")),
        room.incoming(ROBIN, Command("start"), code=code),
        room.incoming(ROBIN, Command("start"), code=code),
        room.incoming(ROBIN, Tap("join:agree")),
        room.incoming(ROBIN, Command("stop")),
    )
    assert {row.id: row.status for row in room.rows(Pupil)} == {elder.id: "active", younger.id: "stopped"}
    assert room.failures() == []


def test_events_of_one_chat_in_a_batch_each_go_on_from_the_one_before(room: Classroom):
    pupil, check_in = started(room)
    taps = [f"c:{check_in.id.hex}:{at}:1" for at in (0, 1)]
    batch = [room.incoming(ROBIN, Tap(data), message_id=7) for data in taps]
    room.handle(*batch, room.incoming(SASHA, Command("menu")))
    assert room.state(pupil)["check_in"]["at"] == 2
    assert room.failures() == []


def test_a_block_is_noted_and_any_word_ends_it(room: Classroom):
    pupil = room.pupil(ROBIN)
    outcome = room.handle(room.incoming(ROBIN, None, reachable=False))
    assert (outcome.letters, outcome.toasts) == ([], [])
    assert room.rows(Pupil)[0].unreachable_since == NOW
    room.clock.move(hours=1)
    room.handle(room.incoming(ROBIN, None, reachable=False))
    assert room.rows(Pupil)[0].unreachable_since == NOW
    room.handle(room.incoming(ROBIN, None, reachable=True))
    assert room.rows(Pupil)[0].unreachable_since is None
    room.handle(room.incoming(ROBIN, None, reachable=False))
    room.say(ROBIN, Text("hello"))
    assert room.rows(Pupil)[0].unreachable_since is None
    assert pupil.status == "active"


def test_a_stop_withdraws_what_waits_in_bulk_and_ends_the_check_in(room: Classroom):
    _pupil, check_in = started(room)
    room.say(ROBIN, Command("stop"))
    assert [row.state for row in room.outbox(lane=2)] == ["replaced"]
    assert room.rows(CheckIn)[0].state == "partial"
    assert [row.kind for row in room.rows(Due)] == []
    assert check_in.pupil_id == room.rows(Pupil)[0].id


# --- states that cannot be read ---------------------------------------------------------------------------------------


def damage(room: Classroom, pupil: Pupil) -> None:
    row = room.session.get_one(Conversation, pupil.id)
    row.data_sealed = row.data_sealed[:-1] + bytes([row.data_sealed[-1] ^ 1])
    room.session.add(row)
    room.session.commit()


def test_a_conversation_that_does_not_open_starts_again_and_is_recorded_once(room: Classroom):
    pupil, _check_in = started(room)
    damage(room, pupil)
    room.say(ROBIN, Command("menu"))
    room.say(ROBIN, Command("menu"))
    assert room.failures() == [("Command", "Unreadable")]
    assert room.said(lane=1) == [MENU, MENU]
    assert room.state(pupil) == {"awaiting": "", "check_in": None, "version": 0}


@pytest.mark.parametrize("state", [{"check_in": {"id": "x"}}, {"check_in": [1]}, {"check_in": 7}])
def test_a_conversation_of_a_shape_unknown_here_starts_again(room: Classroom, state: dict[str, object]):
    pupil = room.pupil(ROBIN)
    who = by_chat(room.session, room.sealer, room.school.id, ROBIN)
    assert who is not None
    save_state(room.session, room.sealer, who, state, 1)
    room.session.commit()
    room.say(ROBIN, Command("menu"))
    assert room.said() == [MENU]
    assert room.state(pupil)["check_in"] is None
    assert len(room.failures()) == 1


# --- jobs -------------------------------------------------------------------------------------------------------------


def open_for_all(room: Classroom) -> None:
    wave = Wave(
        school_id=room.school.id,
        day="2026-11-24",
        number=0,
        opens_at=room.clock(),
        closes_at=room.clock() + timedelta(days=1),
        bank_version="2026-1",
    )
    room.session.add(wave)
    room.session.flush()
    set_due(room.session, room.school.id, "wave.group.open", f"{wave.id.hex}:{room.group.id.hex}", room.clock())
    room.session.commit()


def test_a_pupil_who_fails_in_a_job_does_not_keep_the_others_from_theirs(room: Classroom):
    pupils = [room.pupil(number) for number in (11, 12, 13)]
    binding = room.session.get_one(Binding, pupils[1].id)
    binding.chat_sealed = b"\x01 not an envelope"
    room.session.add(binding)
    open_for_all(room)
    assert room.run_due() == 1
    assert room.failures() == [("CheckInOpens", "Unreadable")]
    assert [room.payload(row)["chat"] for row in room.outbox()] == [11, 13]
    states = {row.pupil_id: row.state for row in room.rows(CheckIn)}
    assert [states[pupil.id] for pupil in pupils] == ["open", "undelivered", "open"]
    assert room.rows(Due) == []


def test_a_conversation_that_does_not_open_gets_its_check_in_all_the_same(room: Classroom):
    pupil = room.pupil(ROBIN)
    room.say(ROBIN, Command("stop"))
    room.say(ROBIN, Command("start"))
    damage(room, pupil)
    open_for_all(room)
    room.run_due()
    assert room.failures() == [("CheckInOpens", "Unreadable")]
    assert [row.state for row in room.rows(CheckIn)] == ["open"]
    assert len(room.outbox(lane=2)) == 1


def test_a_job_that_fails_is_tried_five_times_and_then_stays_to_be_seen(room: Classroom):
    set_due(room.session, room.school.id, "wave.group.open", f"{UUID(int=5).hex}:{UUID(int=6).hex}", room.clock())
    room.session.commit()
    for _ in range(8):
        room.run_due()
        room.clock.move(minutes=10)
    assert [(row.state, row.attempts, row.last_error) for row in room.rows(Due)] == [("failed", 5, "NoResultFound")]
    assert room.failures() == [("wave.group.open", "NoResultFound")] * 5


@pytest.mark.parametrize("kind", ["care.daily", "tidy", "signals.night", "goto.daily", "wave.plan"])
def test_work_that_sets_the_next_of_its_kind_is_never_given_up(room: Classroom, kind: str):
    row = Due(school_id=room.school.id, kind=kind, subject="x", due_at=room.clock())
    for number in range(1, 8):
        tries.failed(row, NoResultFound(), room.clock())
        assert (row.state or "waiting", row.attempts) == ("waiting", number)
    assert row.due_at == room.clock() + timedelta(hours=1)


def test_what_is_there_and_fails_is_tried_each_hour_after_the_fifth_time(room: Classroom):
    set_due(room.session, room.school.id, "absence.begin", "no id at all", room.clock())
    room.session.commit()
    for _ in range(20):
        room.run_due()
        room.clock.move(minutes=6)
    (row,) = room.rows(Due)
    # Five at first, some minutes apart, then one an hour.
    assert (row.state, row.attempts) == ("waiting", 6)


def test_a_job_of_a_kind_unknown_here_fails_alone(room: Classroom):
    assert "no.such.kind" not in JOBS
    set_due(room.session, room.school.id, "no.such.kind", "x", room.clock())
    set_due(room.session, room.school.id, "tidy", "nightly", room.clock())
    room.session.commit()
    room.run_due()
    assert [(row.kind, row.state, row.attempts) for row in room.rows(Due)] == [
        ("no.such.kind", "waiting", 1),
        ("tidy", "waiting", 0),
    ]


def test_a_call_for_help_is_never_given_up(room: Classroom):
    room.pupil(ROBIN)
    room.say(ROBIN, Text("i want to die"))
    room.run_due()
    (case,) = room.rows(Escalation)
    kind, ladder = case.kind, case.ladder
    case.kind, case.ladder = "no such kind", {}
    room.session.add(case)
    room.session.commit()
    for _ in range(20):
        room.run_due()
        room.clock.move(minutes=5)
    (row,) = room.rows(Due, kind="case.step")
    assert (row.state, row.attempts) == ("waiting", 19)
    (case,) = room.rows(Escalation)
    case.kind, case.ladder = kind, ladder
    room.session.add(case)
    room.session.commit()
    room.run_due()
    assert len(room.outbox(network="slack")) == 2


def test_a_member_of_staff_who_owns_a_request_is_named_to_the_pupil(room: Classroom):
    room.pupil(ROBIN)
    outcome = Outcome()
    room.runner.handle(room.session, room.school, [room.incoming(ROBIN, RequestOwned("Ms Alder"))])
    assert outcome.letters == []
    assert room.said() == ["{name} has seen this and will find you."]
    assert [row.lane for row in room.outbox()] == [0]


def test_a_code_event_without_a_code_is_no_code(room: Classroom):
    room.pupil(ROBIN)
    room.say(ROBIN, CodeGiven("unknown"))
    assert room.rows(Seen) == []
    assert room.failures() == []


# --- several workers --------------------------------------------------------------------------------------------------


def test_two_workers_with_a_tap_of_one_pupil_each_take_turns(engine: Engine, room: Classroom):
    pupil, check_in = started(room)
    room.session.commit()
    barrier = threading.Barrier(2)
    errors: list[Exception] = []

    def work(number: int) -> None:
        tap = Tap(f"c:{check_in.id.hex}:0:{number}")
        incoming = Incoming(500 + number, ROBIN, tap, message_id=5, callback_id=f"cb-{number}")
        try:
            with Session(engine, expire_on_commit=False) as session:
                barrier.wait(timeout=10)
                room.runner.handle(session, room.school, [incoming])
                session.commit()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(room.state(pupil)["check_in"]["answers"]) == 1
    assert room.state(pupil)["version"] == 2
    assert len(room.outbox(method="edit")) == 1
