"""Hypothesis strategies for phrases, messages, states, people and events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from conversations.adults import (
    Adult,
    AdultAnswered,
    Adults,
    Away,
    GoToAway,
    GoToBack,
    GoToGone,
    GoTosAsked,
    MetAsked,
    NobodyReached,
)
from conversations.model import (
    Answer,
    Attachment,
    Button,
    CheckInCloses,
    CheckInId,
    CheckInOpens,
    CheckInReminder,
    CodeGiven,
    Command,
    ContestAnswered,
    CopyDecided,
    Edited,
    Event,
    Message,
    OpenCheckIn,
    Person,
    Phrase,
    RequestOwned,
    State,
    Tap,
    Text,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)

times = st.timedeltas(timedelta(days=-30), timedelta(days=30)).map(lambda away: NOW + away)
check_in_ids = st.integers(0, 3).map(lambda number: CheckInId(f"{number:032x}"))
bank_versions = st.sampled_from(["2026-1", "2026-1", "2026-1", "1999-1"])
items = st.lists(st.sampled_from(["SD-IN-1", "SD-IN-2", "TO-OUT-3", "ST-BAG-1", "GONE-1"]), max_size=6).map(tuple)

_params = st.one_of(st.text(), st.integers(), times, st.builds(Phrase, st.text()))
phrases = st.builds(
    Phrase,
    st.text(),
    st.dictionaries(st.text(min_size=1), _params, max_size=3).map(lambda params: tuple(params.items())),
) | st.builds(Phrase, st.text(), st.just(()), st.text(), st.integers())
messages = st.builds(
    Message,
    st.lists(phrases, max_size=3).map(tuple),
    st.none() | phrases,
    st.lists(
        st.lists(st.builds(Button, phrases, st.text(), st.text(max_size=2)), max_size=3).map(tuple), max_size=3
    ).map(tuple),
)

answers = st.builds(Answer, st.text(), st.none() | st.integers(0, 4), st.integers(0, 3_600_000))
open_check_ins = st.builds(
    OpenCheckIn,
    check_in=check_in_ids,
    bank_version=bank_versions,
    items=items,
    closes_at=times,
    asked_at=times,
    position=st.integers(-1, 8),
    answers=st.lists(answers, max_size=4).map(tuple),
    started=st.booleans(),
)
states = st.builds(
    State,
    awaiting=st.sampled_from(["", "check_in.words", "goto.1", "goto.2", "goto.9", "from.another.version"]),
    check_in=st.none() | open_check_ins,
    version=st.integers(0, 10**6),
)

names = st.sampled_from(["Ms Alder", "Mr Birch", "Élodie Côté", "Ольга", "ß", "", " ", "O’Neill-Smith", "{name}", "Ng"])
ADULTS = tuple(Adult(f"{number:032x}", name) for number, name in enumerate(["Ms Alder", "Mr Birch", "", "Ms Gone"]))
some_adults = st.builds(Adult, st.integers(0, 40).map(lambda number: f"{number:032x}"), names)
adults = st.builds(
    Adults,
    gotos=st.tuples(st.none() | st.sampled_from(ADULTS[:3]), st.none() | st.sampled_from(ADULTS[:3])),
    tutor=st.none() | st.sampled_from(ADULTS[:2]),
    leads=st.booleans(),
    everyone=st.lists(st.sampled_from(ADULTS[:3]) | some_adults, max_size=30).map(tuple),
    found=st.lists(some_adults, max_size=8).map(tuple),
    for_now=st.none() | st.sampled_from(ADULTS[:3]),
    away=st.lists(st.builds(Away, st.sampled_from([one.id for one in ADULTS]), st.dates()), max_size=2).map(tuple),
)

people = st.builds(
    Person,
    band=st.sampled_from(["young", "older"]),
    language=st.sampled_from(["en", "cy"]),
    languages=st.sampled_from([(), ("en",), ("en", "cy"), ("en", "cy", "pl", "x-unheard-of")]),
    nation=st.sampled_from(["ENG", "WLS", "SCT", "NIR", "IE", "", "elsewhere"]),
    status=st.sampled_from(["invited", "active", "active", "stopped", "left"]),
    talk_when=st.none() | times,
    adults=adults,
)

_check_in_data = st.builds(
    lambda check_in, at, what: f"c:{check_in}:{at}:{what}",
    check_in_ids,
    st.one_of(st.integers(-1, 8), st.integers(), st.text(max_size=3)),
    st.one_of(st.integers(-1, 6), st.sampled_from(["skip", "keep", "back", "done", "go"]), st.text(max_size=3)),
)
_known_data = st.sampled_from(
    [
        "talk",
        "talk:ask",
        "talk:to:leads",
        f"talk:to:{ADULTS[0].id}",
        f"talk:to:{ADULTS[3].id}",
        "talk:at:leads:today",
        f"talk:at:{ADULTS[1].id}:week",
        f"talk:at:{ADULTS[3].id}:today",
        f"talk:met:{0:032x}:1:yes",
        f"talk:met:{0:032x}:2:no",
        "goto",
        "goto:later",
        "goto:1",
        "goto:2",
        "goto:1:l:A:0",
        "goto:2:l:#:9",
        f"goto:1:a:{ADULTS[1].id}",
        f"goto:2:a:{ADULTS[1].id}",
        "goto:2:a:nobody",
        "talk:danger",
        "talk:no",
        "menu",
        "settings",
        "help",
        "language",
        "lang:en",
        "lang:cy",
        "lang:",
        "stop",
        "start",
        "copy",
        "copy:ask",
        "copy:wrong",
        f"copy:note:{0:032x}",
        "join:agree",
        "join:later",
        f"c:{0:032x}:go",
        f"c:{1:032x}:go",
    ]
)
tap_data = st.one_of(_known_data, _check_in_data, st.text(st.characters(), max_size=64))
# Half of a surrogate pair can arrive as an escape in JSON, so the alphabet has them too.
typed = st.one_of(
    st.text(st.characters()),
    st.sampled_from(["hello", "i want to die", "\u200b", "ع" * 4096, "👍🏽", "\ud83d", "{name} {0} %s", "\x00"]),
)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Tap, tap_data),
    st.builds(Text, typed),
    st.builds(
        Command,
        st.sampled_from(["start", "menu", "help", "talk", "goto", "settings", "language", "stop", ""])
        | st.text(max_size=9),
    ),
    st.builds(CodeGiven, st.sampled_from(["valid", "unknown", "used", "expired", "slow_down"])),
    st.builds(Attachment, st.text(max_size=9), typed),
    st.builds(Edited, typed),
    st.builds(CheckInOpens, check_in_ids, bank_versions, items, times),
    st.builds(CheckInReminder, check_in_ids),
    st.builds(CheckInCloses, check_in_ids),
    st.builds(RequestOwned, st.text(max_size=20)),
    st.builds(CopyDecided, st.text(max_size=32), st.text(max_size=20), st.booleans()),
    st.builds(ContestAnswered, st.text(max_size=20), st.booleans()),
    st.builds(
        AdultAnswered,
        st.sampled_from(["today", "tomorrow", "later", "passed", "asked again", "unanswered"]),
        names,
        names,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(MetAsked, check_in_ids, st.integers(1, 99), names),
    st.builds(NobodyReached, st.booleans()),
    st.builds(GoTosAsked, st.booleans()),
    st.builds(GoToGone, st.sampled_from([1, 2]), names, names),
    st.builds(GoToAway, names, st.dates(), names),
    st.builds(GoToBack, names),
)
