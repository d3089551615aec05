"""What adults answer when a pupil asks for one: what the buttons of a request's card decide. Knows no Slack."""

from collections.abc import Callable
from typing import Final

from bot.slack.press import Done, Press, last_to_be_asked, note, sentence, show, who_is
from conversations.cards_request import request_card
from conversations.model import say
from scheduling import cases, talking
from scheduling.briefing import asked
from store import guards
from store.due import set_due
from store.guards import SAFEGUARDING
from store.tables import Request


def who(press: Press) -> Done:
    """They ask which pupil a request is from."""
    return who_is(press, _request(press, "name").pupil_id)


def own(press: Press) -> Done:
    """They own a request: the first wins, and the pupil is told."""
    session, request = press.session, _request(press)
    if _is_for_leads(press, request):
        return _urgent(press, request)
    if request.state == "open":
        request.state, request.owner_id, request.owned_at = "owned", press.viewer.id, press.now
        session.add(request)
        set_due(session, press.school.id, "request.owned", request.id.hex, press.now)
        cases.own(session, press.school, request, press.viewer, press.now)
        note(press, "request owned", f"request:{request.id.hex}")
    return _show(press, request)


def today(press: Press) -> Done:
    """They will find the pupil today."""
    return _promise(press, "today")


def tomorrow(press: Press) -> Done:
    """They will find the pupil on the next school day."""
    return _promise(press, "tomorrow")


def _promise(press: Press, said: talking.Promise) -> Done:
    request = _request(press)
    if request.danger:
        return own(press)
    if talking.promise(press.session, press.school, request, press.viewer, said, press.now):
        note(press, f"request promised {said}", f"request:{request.id.hex}")
    return _show(press, request)


def talked(press: Press) -> Done:
    """They have talked with the pupil."""
    request = _request(press)
    if _is_for_leads(press, request):
        return _urgent(press, request)
    if talking.talked(press.session, press.school, request, press.viewer, press.now):
        note(press, "request done", f"request:{request.id.hex}")
    return _show(press, request)


def not_talked(press: Press) -> Done:
    """They have not talked with the pupil after all."""
    request = _request(press)
    if _is_for_leads(press, request):
        return _urgent(press, request)
    if talking.not_talked(press.session, press.school, request, press.viewer, press.now):
        note(press, "request undone", f"request:{request.id.hex}")
    return _show(press, request)


def cannot(press: Press) -> Done:
    """They cannot find the pupil, or cannot after all: it goes on to somebody else."""
    session, request = press.session, _request(press)
    if _is_for_leads(press, request):
        return _urgent(press, request)
    if request.danger:
        return _hand_back(press, request)
    if request.state == "open" and not talking.is_in_line(session, request, press.viewer):
        return Done(modal=sentence(last_to_be_asked()))
    if talking.pass_on(session, press.school, request, press.viewer, press.now):
        note(press, "request passed on", f"request:{request.id.hex}")
    return _show(press, request)


def _hand_back(press: Press, request: Request) -> Done:
    """Danger goes to nobody else: it is everybody's again."""
    session = press.session
    if request.state == "owned" and request.owner_id == press.viewer.id:
        request.state, request.owner_id, request.owned_at = "open", None, None
        session.add(request)
        cases.hand_back(session, press.school, request, press.now)
        talking.tell_danger_again(session, press.school, request, press.now)
        note(press, "request handed back", f"request:{request.id.hex}")
    return _show(press, request)


def _is_for_leads(press: Press, request: Request) -> bool:
    """Whether it became danger since it was sent to somebody who is no lead; the head stands in where none is."""
    return request.danger and not (SAFEGUARDING | {"head"}) & set(press.viewer.roles)


def _urgent(press: Press, request: Request) -> Done:
    urgent = say("This has become urgent since. The safeguarding leads were told at once, and it is theirs now.")
    return Done(_show(press, request).letters, sentence(urgent))


def _request(press: Press, reason: str = "request") -> Request:
    return guards.access_request(press.session, press.viewer, press.subject(), press.now, reason)


def _show(press: Press, request: Request) -> Done:
    """Show a request as it stands; who finds that somebody else owns it is told so."""
    words = asked(press.session, press.sealer, press.school, request)
    modal = None
    if request.owner_id is not None and request.owner_id != press.viewer.id:
        modal = sentence(say("{owner} already owns this. The pupil has been told.", owner=words.owner))
    return show(press, f"request:{request.id.hex}:", request_card(words), modal)


DECISIONS: Final[dict[str, Callable[[Press], Done]]] = {
    "request_who": who,
    "request_own": own,
    "request_today": today,
    "request_tomorrow": tomorrow,
    "request_cannot": cannot,
    "request_done": talked,
    "request_undo": not_talked,
    "request_back": cannot,
}
