"""My go-tos: the two adults whom a pupil would like to be asked first.

Rules
1. A pupil may name two adults, change them at any time, or name none. None is as good an answer as any.
2. Names are found by the first letter of the surname, page by page, or by typing part of a name. Names that are as
   like as one another are all shown; nobody is chosen without a tap on their name. A name may be typed as soon as the
   go-tos are shown, or another is asked for, unless a check-in is under way: it is for the place that is free.
3. The second may become the first: whoever is named for one place and stands in the other changes places.
4. The school asks everybody once in a round and reminds once, kindly, those who have nobody. Not now ends it.
5. When an adult can be somebody's go-to no more, the other still is, and the pupil is asked whom they would like.
6. When a go-to is away for long the pupil is told once, with the day they should be back. They stay the pupil's go-to;
   the other is asked first meanwhile, and the pupil may name one more adult for now, who is not away for long as well.
   Once they are back all is as before, and the pupil is told that too. For a day's absence nobody is told anything.
7. Typed names are not kept. Danger words come first, as everywhere.
8. An adult who was named is not told by whom; they hear a name only when the pupil, or their tutor, asks for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from conversations.adults import Adult, Adults, GoToAway, GoToBack, GoToGone, NameGoTo
from conversations.model import Button, Edit, Message, Person, Phrase, Send, State, Step, say, verbatim
from conversations.whisper_pages import whisper_button
from conversations.wording import Rows, answer, is_young, menu_button, talk_button, way_on

WAITING = "goto."
NAMES_ON_A_PAGE = 8
LETTERS_IN_A_ROW = 6
# So few need no letters to find them by.
FEW = 10
OTHER_LETTER = "#"
FOR_NOW = "3"
PLACES = ("1", "2", FOR_NOW)


def button() -> Button:
    return Button(say("My go-tos"), "goto")


def waits_for_a_name(state: State) -> bool:
    """Say whether typed words are part of an adult's name."""
    return state.awaiting.startswith(WAITING)


def left(state: State) -> State:
    """Leave the choosing: words typed from here on are no name."""
    return replace(state, awaiting="") if waits_for_a_name(state) else state


def shown(state: State, person: Person, *, tapped: bool) -> Step:
    """Show who the go-tos are; a name may be typed at once, for the place that is free."""
    place = "2" if person.adults.gotos[0] else "1"
    return Step(_waiting(state, place, person), (answer(_page(person, person.adults), tapped=tapped),))


def _waiting(state: State, place: str, person: Person) -> State:
    """Wait for a typed name, unless a check-in may be waiting for words of its own, or nobody can be chosen."""
    busy = state.check_in is not None or not person.adults.everyone
    return left(state) if busy else replace(state, awaiting=WAITING + place)


def tapped(state: State, data: str, person: Person) -> Step | None:
    """Take a tap on one of the pages; None for data that is not of this flow."""
    match data.split(":"):
        case ["goto", "later"]:
            words = say("That is fine. My go-tos is in the menu, whenever you like.")
            return Step(left(state), (Edit(Message((words,), rows=way_on())),))
        case ["goto", "3", *_] if not person.adults.misses_one():
            # Of a message from before they were back.
            return shown(left(state), person, tapped=True)
        case ["goto", ("1" | "2" | "3") as place]:
            return _choosing(state, place, Edit(_letters(place, person)))
        case ["goto", ("1" | "2" | "3") as place, "l", letter, page] if page.isascii() and page.isdigit():
            return _choosing(state, place, Edit(_names(place, letter, int(page), person)))
        case ["goto", ("1" | "2" | "3") as place, "a", adult]:
            return _named(state, place, adult, person)
    return None


def typed(state: State, person: Person) -> Step:
    """Show whose names are like the words typed."""
    place = state.awaiting.removeprefix(WAITING)
    if place not in PLACES or (place == FOR_NOW and not person.adults.misses_one()):
        return shown(left(state), person, tapped=False)
    if not person.adults.found:
        message = _letters(place, person)
        nobody = say("I found nobody of that name. You can try part of the last name.")
        # Whoever only looked at their go-tos may have typed something that is no name, to be told.
        rows = (*message.rows, (whisper_button(),))
        shown_again = replace(message, paragraphs=(nobody, *message.paragraphs), rows=rows)
        return _choosing(state, place, Send(shown_again))
    found = [one for one in person.adults.found if one in _offered(place, person.adults)]
    if not found:
        return _not_for_now(state, person.adults.found[0], person, Send)
    rows = (*_name_rows(place, found), (Button(say("Somebody else"), f"goto:{place}"),))
    words = say("Is it one of these? Tap the name, or type it again.")
    return _choosing(state, place, Send(Message((words,), _title(place), (*rows, _ways_out()))))


def asked_for(state: State, person: Person, *, reminder: bool) -> Step:
    """Ask for two go-tos, when the school asks everybody, or remind of it once."""
    if person.status != "active" or all(person.adults.gotos):
        return Step(state)
    words: tuple[Phrase, ...]
    if reminder:
        words = (say("You have no go-to yet. That is fine. If you like, you can choose one now."),)
    elif is_young(person):
        words = (
            say("You can choose two adults at school. They are your go-tos."),
            say("If you ask to talk, I ask them first. You can change them any time."),
            _who_knows(person),
        )
    else:
        words = (
            say("You can name two adults at school as your go-tos. When you ask to talk, they are asked first."),
            say("You can change them at any time, and you do not have to name anyone."),
            _who_knows(person),
        )
    place = 2 if person.adults.gotos[0] else 1
    rows = ((Button(say("Choose now"), f"goto:{place}"), Button(say("Not now"), "goto:later")), (talk_button(),))
    return Step(state, (Send(Message(words, say("My go-tos"), rows), lane="bulk"),))


def gone(state: State, event: GoToGone, person: Person) -> Step:
    """Say that an adult can be a go-to no more, and ask kindly for another."""
    if person.status == "left":
        return Step(state)
    words = [say("{name} cannot be your go-to any more.", name=event.name)]
    if event.other:
        words.append(say("{name} still is.", name=event.other))
    words.append(say("Would you like to choose someone else?"))
    rows = ((Button(say("Choose now"), f"goto:{event.place}"), Button(say("Not now"), "goto:later")), (talk_button(),))
    return Step(state, (Send(Message(tuple(words), rows=rows), lane="bulk"),))


def away(state: State, event: GoToAway, person: Person) -> Step:
    """Say that a go-to is away for long, who is asked meanwhile, and ask whether to name one more for now."""
    if person.status == "left":
        return Step(state)
    words = [say("{name} is away until about {day}.", name=event.name, day=event.back)]
    if event.other:
        words.append(say("Until then I ask {name} first when you want to talk.", name=event.other))
    words.append(say("You keep your go-tos. Would you like to choose one more adult for now?"))
    choose = Button(say("Choose for now"), f"goto:{FOR_NOW}")
    rows = ((choose, Button(say("Leave as it is"), "goto:later")), (talk_button(),))
    return Step(state, (Send(Message(tuple(words), rows=rows), lane="bulk"),))


def back(state: State, event: GoToBack, person: Person) -> Step:
    """Say that a go-to who was away for long is here again."""
    if person.status == "left":
        return Step(state)
    words = (say("{name} is back. Your go-tos are as they were before.", name=event.name),)
    return Step(state, (Send(Message(words, rows=((button(), talk_button()),)), lane="bulk"),))


def _who_knows(person: Person) -> Phrase:
    if is_young(person):
        return say("They are not told. Your tutor and the adults who keep you safe can see who they are.")
    return say("They are not told. Your tutor and the safeguarding leads can see who they are.")


def _page(person: Person, adults: Adults) -> Message:
    first, second = adults.gotos
    words = (
        say("Your go-tos are the adults I ask first when you want to talk."),
        say("First: {name}", name=first.name) if first else say("First: nobody yet"),
        say("Second: {name}", name=second.name) if second else say("Second: nobody yet"),
        *_for_now(adults),
        _who_knows(person),
    )
    for_now = ((Button(say("Choose for now"), f"goto:{FOR_NOW}"),),) if adults.misses_one() else ()
    rows = (
        (Button(say("Change the first") if first else say("Choose the first"), "goto:1"),),
        (Button(say("Change the second") if second else say("Choose the second"), "goto:2"),),
        *for_now,
        (talk_button(), menu_button()),
    )
    return Message(words, say("My go-tos"), rows)


def _for_now(adults: Adults) -> tuple[Phrase, ...]:
    """Say who is away until when, and whom the pupil named until then."""
    names = {one.id: one.name for one in adults.gotos if one is not None}
    lines = [
        say("{name} is away until about {day}.", name=names[one.id], day=one.back)
        for one in adults.away
        if one.id in names
    ]
    if adults.for_now is not None:
        lines.append(say("For now: {name}", name=adults.for_now.name))
    return tuple(lines)


def _choosing(state: State, place: str, effect: Send | Edit) -> Step:
    return Step(replace(state, awaiting=WAITING + place), (effect,))


def _title(place: str) -> Phrase:
    if place == FOR_NOW:
        return say("For now")
    return say("My first go-to") if place == "1" else say("My second go-to")


def _ways_out() -> tuple[Button, ...]:
    return (Button(say("Back"), "goto"), talk_button())


def _offered(place: str, adults: Adults) -> tuple[Adult, ...]:
    """Those whose names are shown for a place."""
    return adults.for_now_of() if place == FOR_NOW else adults.everyone


def _letters(place: str, person: Person) -> Message:
    adults = _offered(place, person.adults)
    if not adults:
        words = say("There is nobody to choose from yet. Please try again another day.")
        return Message((words,), _title(place), (_ways_out(),))
    if len(adults) <= FEW:
        words = say("Tap a name, or type part of it.")
        return Message((words,), _title(place), (*_name_rows(place, adults), _ways_out()))
    letters = sorted({letter_of(one.name) for one in adults})
    buttons = [Button(verbatim(letter), f"goto:{place}:l:{letter}:0") for letter in letters]
    rows = tuple(tuple(buttons[at : at + LETTERS_IN_A_ROW]) for at in range(0, len(buttons), LETTERS_IN_A_ROW))
    words = say("Tap the first letter of the last name, or type part of the name.")
    return Message((words,), _title(place), (*rows, _ways_out()))


def _names(place: str, letter: str, page: int, person: Person) -> Message:
    adults = [one for one in _offered(place, person.adults) if letter_of(one.name) == letter]
    part = adults[page * NAMES_ON_A_PAGE : (page + 1) * NAMES_ON_A_PAGE]
    if not part:
        # The last of that letter has gone meanwhile.
        return _letters(place, person)
    rows = _name_rows(place, part)
    if len(adults) > (page + 1) * NAMES_ON_A_PAGE:
        rows = (*rows, (Button(say("More"), f"goto:{place}:l:{letter}:{page + 1}"),))
    words = say("Tap a name, or type part of it.")
    return Message((words,), _title(place), (*rows, (Button(say("Other letters"), f"goto:{place}"), talk_button())))


def _name_rows(place: str, adults: Sequence[Adult]) -> Rows:
    return tuple((Button(verbatim(one.name), f"goto:{place}:a:{one.id}"),) for one in adults)


def _named(state: State, place: str, adult: str, person: Person) -> Step:
    found = next((one for one in person.adults.everyone if one.id == adult), None)
    if found is None:
        return _choosing(state, place, Edit(_letters_after(_cannot_be_chosen(), place, person)))
    if place == FOR_NOW:
        return _named_for_now(state, found, person)
    gotos = _with(person.adults.gotos, place, found)
    chosen = (
        say("{name} is your first go-to.", name=found.name)
        if place == "1"
        else say("{name} is your second go-to.", name=found.name)
    )
    shown_page = _page(person, replace(person.adults, gotos=gotos))
    if all(gotos):
        message = replace(shown_page, paragraphs=(chosen, *shown_page.paragraphs[1:]))
        after = left(state)
    else:
        missing = 2 if gotos[0] else 1
        rows = ((Button(say("Yes"), f"goto:{missing}"), Button(say("Not now"), "goto:later")), (talk_button(),))
        message = Message((chosen, say("Would you like to name another?")), _title(place), rows)
        after = _waiting(state, str(missing), person)
    return Step(after, (NameGoTo(int(place), found.id), Edit(message)))


def _named_for_now(state: State, found: Adult, person: Person) -> Step:
    adults = person.adults
    if found not in adults.for_now_of():
        return _not_for_now(state, found, person, Edit)
    page = _page(person, replace(adults, for_now=found))
    chosen = say("Until your go-to is back I ask {name} too.", name=found.name)
    message = replace(page, paragraphs=(chosen, *page.paragraphs[1:]))
    return Step(left(state), (NameGoTo(int(FOR_NOW), found.id), Edit(message)))


def _not_for_now(state: State, found: Adult, person: Person, how: type[Send] | type[Edit]) -> Step:
    """Say why somebody is not offered for now; of an absence that is not of their own go-to the pupil is not told."""
    already = say("{name} is one of your go-tos already.", name=found.name)
    words = already if person.adults.is_goto(found) else _cannot_be_chosen()
    return _choosing(state, FOR_NOW, how(_letters_after(words, FOR_NOW, person)))


def _cannot_be_chosen() -> Phrase:
    return say("That adult cannot be chosen just now.")


def _letters_after(words: Phrase, place: str, person: Person) -> Message:
    page = _letters(place, person)
    return replace(page, paragraphs=(words, *page.paragraphs))


def _with(gotos: tuple[Adult | None, Adult | None], place: str, adult: Adult) -> tuple[Adult | None, Adult | None]:
    """The go-tos once this adult has this place; who stood in the other changes places."""
    first, second = gotos
    if place == "1":
        return adult, first if second == adult else second
    return second if first == adult else first, adult


def letter_of(name: str) -> str:
    """Give the letter a name is found under: of its last word, a capital without its accent."""
    words = name.split()
    first = unicodedata.normalize("NFKD", words[-1])[:1].upper() if words else ""
    return first if first.isalpha() and len(first) == 1 else OTHER_LETTER
