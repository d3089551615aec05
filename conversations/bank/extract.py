"""Hands the wording of an item bank to Babel, with what each text is for and the room there is for it.

Babel finds it through a mapping file: an alias for `conversations.bank.extract:extract` under `[extractors]`, then
`[alias: conversations/bank/*.toml]`. Nothing of Babel is imported here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from conversations.bank import BANDS
from conversations.model import Band

_AGES: Mapping[Band, str] = {"young": "ages 8–11", "older": "ages 11–18"}
STEM_ROOM: Mapping[Band, int] = {"young": 90, "older": 120}
OPTION_ROOM: Mapping[Band, int] = {"young": 16, "older": 22}
"""The most characters that a stem, and an option on its button, may have."""


def extract(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield (line, None, text, comments) for every stem and option of the bank in `fileobj`, as Babel's extractors do.

    `keywords`, `comment_tags` and `options` are Babel's and have no bearing here. Lines count from 1.
    """
    source = fileobj.read().decode("utf-8")
    for row in tomllib.loads(source)["item"]:
        start = source.index(f'id = "{row["id"]}"')
        for text, comments in _texts(row):
            at = source.find(f'"{text}"', start)
            yield source.count("\n", 0, max(at, start)) + 1, None, text, comments


def _texts(row: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for band in BANDS:
        about = f"{row['id']}, {_AGES[band]}"
        stem, options = row[band]["stem"], row[band]["options"]
        yield stem, [f"{about}: question, at most {STEM_ROOM[band]} characters. {row['note']}"]
        for number, option in enumerate(options, start=1):
            place = f"option {number} of {len(options)}, at most {OPTION_ROOM[band]} characters"
            yield option, [f"{about}: {place}. Answers “{stem}”"]
