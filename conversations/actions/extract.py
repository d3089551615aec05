"""Hands the wording of the suggested actions to Babel, with what each text is for and the room there is for it.

Babel finds it as it finds `conversations.bank.extract`: through an alias in `locales/babel.cfg`. Sources are left out,
for a citation stays as it was published. Nothing of Babel is imported here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

ROOM: Mapping[str, int] = {"title": 8, "do": 45, "say": 25, "not_say": 20, "why": 35, "look_for": 25}
"""The most words that each text of an action may have, in the order in which a card shows them."""

IN_A_COPY = "its title, on a card and in a pupil’s own copy"
"""How a translator knows the texts that pupils may read: a copy of what is kept about them names what was planned."""

_ABOUT: Mapping[str, str] = {
    "title": IN_A_COPY,
    "do": "what the tutor does, in about ten minutes",
    "say": "an example of what to say to the pupil",
    "not_say": "what the tutor leaves unsaid",
    "why": "why it helps",
    "look_for": "what the tutor looks for afterwards",
}


def extract(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield (line, None, text, comments) for every text of the actions in `fileobj`, as Babel's extractors do.

    `keywords`, `comment_tags` and `options` are Babel's and have no bearing here. Lines count from 1.
    """
    source = fileobj.read().decode("utf-8")
    for row in tomllib.loads(source)["action"]:
        start = source.index(f'id = "{row["id"]}"')
        for name, room in ROOM.items():
            at = source.index(f'{name} = "{row[name]}"', start)
            comment = f"Action {row['id']}: {_ABOUT[name]}, at most {room} words in English."
            yield source.count("\n", 0, at) + 1, None, row[name], [comment]
