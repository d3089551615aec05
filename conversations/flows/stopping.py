"""Stop and start: a pupil may end check-ins at any time, and begin them again at any time.

Rules
1. /stop ends check-ins at once, without a question back, and says how to start again.
2. A check-in that is open ends there and then; what was answered is put away, and its message says that it is over.
3. Stopping is never asked about, never made to feel bad, and never counts as a sign of anything.
4. /start begins again at once; the next check-in comes with the next wave.
5. Talk to someone and help go on working.
6. Somebody who has not yet agreed to the notice has nothing to stop, and cannot start by this way round it.
7. Somebody who has left the school cannot start again.
8. What a guardian stopped the pupil alone cannot start: they are told so, plainly, and that they can talk to someone
   and whisper as before. That they wish to is kept.
"""

from __future__ import annotations

from conversations.flows import check_in
from conversations.model import Button, Effect, Message, Person, SetStatus, State, Step, say
from conversations.whisper_pages import whisper_button
from conversations.wording import answer, menu_button, talk_button, way_on


def start_button() -> Button:
    return Button(say("Start check-ins again"), "start")


def stop_button() -> Button:
    return Button(say("Stop check-ins"), "stop")


def stop(state: State, person: Person, *, tapped: bool) -> Step:
    """End check-ins at once."""
    if person.status == "invited":
        words = say("Nothing is sent to you now. You have not started, and you do not have to.")
        return Step(state, (answer(Message((words,), rows=way_on()), tapped=tapped),))
    if person.status == "left":
        return Step(state, (answer(_left(), tapped=tapped),))
    message = Message(
        (
            say("Check-ins are stopped. That is fine."),
            say("To start again, send /start. Talk to someone is still here."),
        ),
        rows=((start_button(),), (talk_button(), menu_button())),
    )
    if person.status == "stopped":
        return Step(state, (answer(message, tapped=tapped),))
    # Always put away as partial, even untouched: a check-in that a pupil stopped must not look like one they missed.
    after, ended = check_in.ended(state, "partial", check_in.is_over(), lane="reply")
    effects: tuple[Effect, ...] = (SetStatus("stopped"), *ended, answer(message, tapped=tapped))
    return Step(after, effects)


def start(state: State, person: Person, *, tapped: bool) -> Step:
    """Begin check-ins again."""
    if person.status == "left":
        return Step(state, (answer(_left(), tapped=tapped),))
    effects: tuple[Effect, ...] = (SetStatus("active"),) if person.status == "stopped" else ()
    if person.held:
        return Step(state, (*effects, answer(held(), tapped=tapped)))
    words = (say("Check-ins are on. The next one comes with everyone else’s."),)
    return Step(state, (*effects, answer(Message(words, rows=way_on()), tapped=tapped)))


def held() -> Message:
    """Say that a guardian has stopped the check-ins, without taking sides, and what is here all the same."""
    return Message(
        (
            say("Check-ins are paused. Someone who looks after you asked us for that."),
            say("If you would like them, you can talk to that person or to your tutor."),
            say("Talk to someone and Whisper are here for you."),
        ),
        rows=((talk_button(),), (whisper_button(),), (menu_button(),)),
    )


def _left() -> Message:
    return Message(
        (
            say("You are no longer on the school’s list, so no check-ins come."),
            say("If that is not right, please ask at the school office."),
        ),
        rows=way_on(),
    )
